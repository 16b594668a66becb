import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { S3Client } from 'bun';
import S3rver from 's3rver';
import { readConfig } from '../src/config.ts';
import { asOwner } from '../src/context.ts';
import { sweepMedia } from '../src/media/jobs.ts';
import { mediaItems } from '../src/media/media.ts';
import { openFolder } from '../src/stores/files.ts';
import { openS3 } from '../src/stores/s3.ts';
import { type Account, openTest, type Test } from './harness.ts';
import { recordingOf } from './recordings.ts';

/** A real S3 API over a folder. It does not check signatures: what they are worth is not tested here. */
const folder = mkdtempSync(join(tmpdir(), 'outpost-s3-'));
const s3 = new S3rver({
  port: 0,
  address: '127.0.0.1',
  silent: true,
  directory: folder,
  configureBuckets: [{ name: 'media' }],
});
const account = {
  endpoint: '',
  bucket: 'media',
  region: 'us-east-1',
  accessKeyId: 'S3RVER',
  secretAccessKey: 'S3RVER',
};

let it: Test;
let owner: Account;
let bucket: S3Client;

beforeAll(async () => {
  const { port } = await s3.run();
  account.endpoint = `http://127.0.0.1:${port}`;
  bucket = new S3Client(account);
  it = await openTest(
    { registration: 'open', mediaBytesMost: 8 * 1024 * 1024, durations: { uploadKept: 60_000 } },
    { files: await openS3(account) },
  );
  owner = await it.register();
});
afterAll(async () => {
  await it.close();
  await s3.close();
  rmSync(folder, { recursive: true, force: true });
});

async function keys(): Promise<string[]> {
  return ((await bucket.list()).contents ?? []).map(({ key }) => key).sort();
}

function upload(bytes: Uint8Array, as?: string) {
  const form = new FormData();
  if (as !== undefined) form.append('as', as);
  form.append('file', new File([new Uint8Array(bytes)], 'clip.mp4'));
  return it.request('POST', '/v1/media', { body: form, cookie: owner.cookie });
}

function open(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return Promise.resolve(it.app.fetch(new Request(url, { headers })));
}

function announce(input: object, as: Account = owner) {
  return it.request('POST', '/v1/media/uploads', { body: input, cookie: as.cookie });
}

function complete(id: string, as: Account = owner) {
  return it.request('POST', `/v1/media/uploads/${id}/complete`, { cookie: as.cookie });
}

async function put(url: string, bytes: Uint8Array): Promise<number> {
  return (await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) })).status;
}

describe('media in a bucket', () => {
  test('are uploaded, opened in parts, handed to networks and deleted', async () => {
    // Large enough to go up in several parts.
    const video = Buffer.concat([await recordingOf('mp4'), freeBox(7 * 1024 * 1024)]);
    const { status, body } = await upload(video);
    expect([status, body]).toMatchObject([201, { kind: 'video', size: video.length, duration: 2 }]);
    expect(await (await open(body.url)).bytes()).toEqual(new Uint8Array(video));
    const part = await open(body.url, { range: 'bytes=6000000-6000009' });
    expect([part.status, (await part.bytes()).length]).toEqual([206, 10]);

    const [item] = await asOwner(it.ctx, (tx) => mediaItems(it.ctx, tx, owner.workspaceId, [body.id]));
    const file = await item?.open();
    expect(file?.size).toBe(video.length);
    const hash = new Bun.CryptoHasher('sha256').update(await new Response(file?.stream()).bytes());
    expect(hash.digest('hex')).toBe(item?.sha256 ?? '');

    expect((await keys()).length).toBe(1);
    expect((await it.request('DELETE', `/v1/media/${body.id}`, { cookie: owner.cookie })).status).toBe(204);
    expect(await keys()).toEqual([]);
    expect((await open(body.url)).status).toBe(404);
    expect(await item?.open().catch((error: Error) => error.message)).toBe('the file is not in the store');
  });

  test('leave nothing when they are refused or break off', async () => {
    expect((await upload(Buffer.concat([Buffer.from('%PDF-1.7')], 9 * 1024 * 1024))).status).toBe(413);
    expect((await upload(await recordingOf('mp4'), 'voice')).status).toBe(422);
    const broken = it.ctx.files.writeStream(
      `${owner.workspaceId}/broken.bin`,
      (async function* () {
        for (let part = 0; part < 200; part += 1) yield new Uint8Array(65_536);
        throw new Error('the sender is gone');
      })(),
    );
    expect(await broken.catch((error: Error) => error.message)).toBe('the sender is gone');
    expect(await keys()).toEqual([]);
  });

  test('are swept when they are old and nobody names them; what is not ours stays', async () => {
    const { body } = await upload(await recordingOf('mp4'));
    const ours = await keys();
    await it.ctx.files.write(`${owner.workspaceId}/orphan.png`, new Uint8Array(3));
    await bucket.write('backup/of-somebody-else.tar', 'x');
    const all = await Array.fromAsync(it.ctx.files.older(new Date(Date.now() + 60_000)));
    expect(all.sort()).toEqual([...ours, `${owner.workspaceId}/orphan.png`].sort());
    expect(await Array.fromAsync(it.ctx.files.older(new Date(Date.now() - 60_000)))).toEqual([]);
    for (const key of await keys()) if (!ours.includes(key)) await bucket.delete(key);
    await it.request('DELETE', `/v1/media/${body.id}`, { cookie: owner.cookie });
  });

  test('have no keys outside their workspace folder', async () => {
    for (const key of ['../x', '/x', 'a/../../x', 'a b', '']) {
      await expect(it.ctx.files.write(key, new Uint8Array(1))).rejects.toThrow('not a file key');
      expect(() => it.ctx.files.uploadUrl(key, 1_000)).toThrow('not a file key');
    }
  });
});

describe('an upload straight into the bucket', () => {
  test('becomes media under its own id when it is complete, however often that is asked', async () => {
    const video = await recordingOf('mp4');
    const { status, body } = await announce({ size: video.length, name: '../Мой клип.mov', alt: 'A clip' });
    expect(status).toBe(201);
    expect(Date.parse(body.expires_at) - Date.now()).toBeLessThanOrEqual(15 * 60_000);
    expect(new URL(body.upload_url).searchParams.get('X-Amz-Expires')).toBe('900');

    const early = await complete(body.id);
    expect([early.status, early.body.code]).toEqual([409, 'wrong_state']);
    expect(await put(body.upload_url, video)).toBe(200);
    const [staged = ''] = await keys();
    const done = await complete(body.id);
    expect([done.status, done.body]).toMatchObject([
      200,
      { id: body.id, kind: 'video', size: video.length, alt: 'A clip', name: 'Мой клип.mp4' },
    ]);
    expect(await (await open(done.body.url)).bytes()).toEqual(video);
    // The address may still be open: what is put there now reaches nobody.
    expect(await keys()).not.toContain(staged);
    expect(await put(body.upload_url, await recordingOf('webm'))).toBe(200);
    expect((await complete(body.id)).body).toMatchObject({ id: body.id, kind: 'video', mime: 'video/mp4' });
    expect(await (await open(done.body.url)).bytes()).toEqual(video);
    await bucket.delete(staged);
  });

  test('that is completed twice at once becomes one', async () => {
    const before = (await keys()).length;
    const video = await recordingOf('mp4');
    const { body } = await announce({ size: video.length, name: 'a.mp4' });
    await put(body.upload_url, video);
    const answers = await Promise.all([complete(body.id), complete(body.id), complete(body.id)]);
    expect(answers.map((answer) => [answer.status, answer.body.id])).toEqual(Array(3).fill([200, body.id]));
    expect((await keys()).length).toBe(before + 1);
  });

  test('of a picture is made anew like any other', async () => {
    const { default: sharp } = await import('sharp');
    const photo = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#123' } })
      .jpeg()
      .withExifMerge({ IFD0: { Artist: 'CANARY' } })
      .toBuffer();
    const { body } = await announce({ size: photo.length, name: 'a.jpg' });
    await put(body.upload_url, photo);
    const done = await complete(body.id);
    expect(done.body).toMatchObject({ kind: 'image', width: 9 });
    const kept = Buffer.from(await (await open(done.body.url)).arrayBuffer());
    expect([photo.includes('CANARY'), kept.includes('CANARY')]).toEqual([true, false]);
  });

  test('of another size or a kind that is not taken is removed', async () => {
    const before = await keys();
    const video = await recordingOf('mp4');
    const page = Buffer.from('<!doctype html><script>alert(1)</script>');
    const wrong: [Uint8Array, object, string][] = [
      [video, { size: video.length - 1 }, '/size'],
      [page, { size: page.length }, '/file'],
      [page, { size: page.length, as: 'document' }, '/file'],
      [video, { size: video.length, as: 'image' }, '/as'],
    ];
    for (const [bytes, input, path] of wrong) {
      const { body } = await announce({ name: 'a.mp4', ...input });
      await put(body.upload_url, bytes);
      const refused = await complete(body.id);
      expect([refused.status, refused.body.errors?.[0]?.path]).toEqual([422, path]);
      expect((await complete(body.id)).status).toBe(404);
    }
    expect(await keys()).toEqual(before);
    for (const size of [0, -1, 1.5, '7']) expect((await announce({ size, name: 'a' })).status).toBe(422);
    expect((await announce({ size: 9 * 1024 * 1024, name: 'a' })).status).toBe(413);
  });

  test("of another workspace looks like one that is not there, and its raw file is nobody's media", async () => {
    const stranger = await it.register();
    const video = await recordingOf('mp4');
    const { body } = await announce({ size: video.length, name: 'a.mp4' });
    await put(body.upload_url, video);
    expect((await complete(body.id, stranger)).status).toBe(404);
    expect((await it.request('GET', `/v1/media/${body.id}`, { cookie: owner.cookie })).status).toBe(404);
    expect((await complete(body.id)).status).toBe(200);
  });

  test('that nobody completes is swept after its time', async () => {
    const video = await recordingOf('mp4');
    const [old, fresh] = [
      await announce({ size: video.length, name: 'old.mp4' }),
      await announce({ size: video.length, name: 'new.mp4' }),
    ];
    const before = (await keys()).length;
    await put(old.body.upload_url, video);
    await put(fresh.body.upload_url, video);
    await it.ctx
      .sql`update media_uploads set created_at = now() - interval '2 minutes' where id = ${old.body.id}`;
    await sweepMedia(it.ctx);
    expect((await keys()).length).toBe(before + 1);
    expect((await complete(old.body.id)).status).toBe(404);
    expect((await complete(fresh.body.id)).status).toBe(200);
  });

  test('under an Idempotency-Key is announced once, and the address is shown once', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const ask = () =>
      it.request('POST', '/v1/media/uploads', {
        body: { size: 5, name: 'a' },
        cookie: owner.cookie,
        headers,
      });
    const first = await ask();
    expect((await ask()).body).toEqual({ ...first.body, upload_url: null });
  });

  test('is not to be had where media lie in a folder', async () => {
    await using other = await openTest();
    const person = await other.register();
    const refused = await other.request('POST', '/v1/media/uploads', {
      body: { size: 5, name: 'a' },
      cookie: person.cookie,
    });
    expect([refused.status, refused.body.code]).toEqual([409, 'wrong_state']);
    expect(refused.body.detail).toContain('POST /v1/media');
    expect((await openFolder(other.ctx.config.mediaDir)).uploadUrl('a/b', 1_000)).toBe(null);
  });
});

describe('the settings', () => {
  const all = {
    S3_ENDPOINT: 'https://s3.example.org/',
    S3_BUCKET: 'b',
    S3_REGION: 'r',
    S3_ACCESS_KEY_ID: 'k',
    S3_SECRET_ACCESS_KEY: 's',
  };

  test('are all five or none, and never beside a folder', () => {
    expect(readConfig({}).s3).toBe(null);
    expect(readConfig(all).s3).toEqual({
      endpoint: 'https://s3.example.org',
      bucket: 'b',
      region: 'r',
      accessKeyId: 'k',
      secretAccessKey: 's',
    });
    for (const name of Object.keys(all)) {
      expect(() => readConfig({ ...all, [name]: '' })).toThrow(`${name} is missing`);
    }
    expect(() => readConfig({ S3_BUCKET: 'b' })).toThrow('S3_ENDPOINT, S3_REGION');
    expect(() => readConfig({ ...all, MEDIA_DIR: '/srv/media' })).toThrow('MEDIA_DIR and the S3_');
    const apart = {
      OUTPOST_ROLE: 'worker',
      CLICKHOUSE_URL: 'http://db.example.org',
      DATABASE_URL: 'postgres://db.example.org/x',
      OUTPOST_SECRET: 'x'.repeat(32),
    };
    expect(() => readConfig(apart)).toThrow('MEDIA_DIR');
    expect(readConfig({ ...apart, ...all }).role).toBe('worker');
  });

  test('that are wrong stop the start with what is wrong, and without the secret', async () => {
    const wrong: [object, RegExp][] = [
      [{ bucket: 'none' }, /has no bucket none/],
      [{ accessKeyId: 'WRONG' }, /does not know this S3_ACCESS_KEY_ID/],
      [{ endpoint: 'http://127.0.0.1:1' }, /cannot be reached \(ConnectionRefused\)/],
      [{ endpoint: 'http://nowhere.invalid' }, /cannot be reached/],
    ];
    for (const [part, message] of wrong) {
      const error = await openS3({ ...account, secretAccessKey: 'CANARY', ...part }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toMatchObject({ name: 'StartError', message: expect.stringMatching(message) });
      expect(String(error)).not.toContain('CANARY');
    }
    expect((await keys()).filter((key) => key.startsWith('probe-'))).toEqual([]);
  });
});

/** Bytes that an MP4 may carry and nobody reads. */
function freeBox(size: number): Buffer {
  const box = Buffer.alloc(size);
  box.writeUInt32BE(size);
  box.write('free', 4);
  return box;
}

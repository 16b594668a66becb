import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdir, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { asOwner } from '../src/context.ts';
import { AppError } from '../src/errors.ts';
import { sweepMedia } from '../src/media/jobs.ts';
import { insertMedia, mediaFaults, mediaItems } from '../src/media/media.ts';
import { ifIdle, inTurn } from '../src/media/turn.ts';
import { type Account, openTest, type Test } from './harness.ts';

const noise = (width = 120, height = 80) =>
  sharp({
    create: {
      width,
      height,
      channels: 3,
      background: '#c33',
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  });

function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, sum]);
}

/** A PNG whose header may promise more than its few bytes hold. */
function png(width: number, height: number, before: Buffer[] = []): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const start = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const pixels = chunk('IDAT', deflateSync(Buffer.alloc(310)));
  return Buffer.concat([start, chunk('IHDR', header), ...before, pixels, chunk('IEND', Buffer.alloc(0))]);
}

let it: Test;
let owner: Account;
let stranger: Account;

beforeAll(async () => {
  it = await openTest({ registration: 'open' });
  owner = await it.register();
  stranger = await it.register();
});
afterAll(() => it.close());

function upload(
  bytes: Uint8Array | string,
  options: { name?: string; type?: string; alt?: string; as?: Account } = {},
) {
  const form = new FormData();
  const type = options.type ?? 'image/jpeg';
  const part = typeof bytes === 'string' ? bytes : new Uint8Array(bytes);
  form.append('file', new File([part], options.name ?? 'photo.jpg', { type }));
  if (options.alt !== undefined) form.append('alt', options.alt);
  return it.request('POST', '/v1/media', { body: form, cookie: (options.as ?? owner).cookie });
}

async function keyOf(test: Test, id: string): Promise<string> {
  const [row] = await test.ctx.sql<{ file_key: string }[]>`select file_key from media where id = ${id}`;
  return row?.file_key ?? '';
}

/** The bytes behind an address, as a browser without credentials gets them. */
function open(url: string): Promise<Response> {
  return Promise.resolve(it.app.fetch(new Request(url)));
}

async function files(): Promise<string[]> {
  const entries = await readdir(it.ctx.config.mediaDir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

/** A draft that uses the images, written as the posts of a workspace are. */
async function postWith(account: Account, mediaIds: string[]): Promise<string> {
  const id = Bun.randomUUIDv7();
  await it.ctx.sql`
    insert into posts (id, workspace_id, author_id, text) values (${id}, ${account.workspaceId}, ${account.userId}, 'text')`;
  for (const [position, mediaId] of mediaIds.entries()) {
    await it.ctx.sql`
      insert into post_media (workspace_id, post_id, position, media_id)
      values (${account.workspaceId}, ${id}, ${position}, ${mediaId})`;
  }
  return id;
}

describe('uploading', () => {
  test('a photo is turned upright and loses its place, its maker and everything else but pixels', async () => {
    const photo = await noise()
      .jpeg()
      .withMetadata({ orientation: 6 })
      .withExifMerge({
        IFD0: { Artist: 'CANARY-ARTIST' },
        IFD3: { GPSLatitude: '55/1 45/1 0/1', GPSLatitudeRef: 'N' },
      })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/">CANARY-XMP</x:xmpmeta>')
      .toBuffer();
    const sent = await sharp(photo).metadata();
    expect([sent.orientation, photo.includes('CANARY-ARTIST'), photo.includes('CANARY-XMP')]).toEqual([
      6,
      true,
      true,
    ]);

    const answer = await upload(Buffer.concat([photo, Buffer.from('<script>CANARY-TAIL</script>')]), {
      alt: ' A wall ',
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      kind: 'image',
      mime: 'image/jpeg',
      width: 80,
      height: 120,
      alt: 'A wall',
    });

    const file = await it.ctx.files.open(await keyOf(it, answer.body.id));
    const kept = Buffer.from(await new Response(file?.stream()).arrayBuffer());
    const about = await sharp(kept).metadata();
    expect([about.exif, about.xmp, about.icc, about.iptc, about.orientation]).toEqual(
      Array(5).fill(undefined),
    );
    expect(kept.includes('CANARY')).toBe(false);
    expect(kept.length).toBe(answer.body.size);
  });

  test('the bytes decide the type, never the name or the declared type', async () => {
    const answer = await upload(await noise().png().toBuffer(), {
      name: '../../evil.html',
      type: 'text/html',
    });
    expect(answer.status).toBe(201);
    expect(answer.body.mime).toBe('image/png');
    expect((await files()).includes('evil.html')).toBe(false);
  });

  test('WebP becomes JPEG, or PNG where it is transparent; a still GIF becomes PNG', async () => {
    const [webp, clear, gif] = await Promise.all([
      noise().webp().toBuffer(),
      noise().ensureAlpha(0.5).webp().toBuffer(),
      noise().gif().toBuffer(),
    ]);
    expect((await upload(webp)).body.mime).toBe('image/jpeg');
    const transparent = await upload(clear);
    expect(transparent.body.mime).toBe('image/png');
    const bytes = await (await open(transparent.body.url)).arrayBuffer();
    expect((await sharp(bytes).metadata()).hasAlpha).toBe(true);
    expect((await upload(gif)).body.mime).toBe('image/png');
  });

  test('colours of a wide profile and of CMYK are brought into sRGB', async () => {
    const red = sharp({ create: { width: 20, height: 20, channels: 3, background: '#f00' } });
    const wide = await red.clone().png().withIccProfile('p3').toBuffer();
    const print = await red.clone().toColourspace('cmyk').jpeg().toBuffer();
    for (const bytes of [wide, print]) {
      const answer = await upload(bytes);
      const shown = await sharp(await (await open(answer.body.url)).arrayBuffer())
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect(shown.info.channels).toBe(3);
      const [r = 0, g = 255, b = 255] = shown.data;
      // Of the wide profile's own numbers, (234, 51, 35), neither green nor blue would pass.
      const most = bytes === wide ? 10 : 60;
      expect([r > 225, g < most, b < most]).toEqual([true, true, true]);
    }
  });

  test('what may not be published is refused in plain words, whatever it calls itself', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)" width="9" height="9"/>';
    const refused = [
      '<!doctype html><script>alert(1)</script>',
      svg,
      `<?xml version="1.0"?>${svg}`,
      'GIF89a/*<svg/onload=alert(1)>*/=1;',
      '#EXTM3U\nfile:///etc/passwd',
      await noise().tiff().toBuffer(),
    ];
    for (const bytes of refused) {
      const answer = await upload(bytes, { name: 'photo.png', type: 'image/png' });
      expect(answer.status).toBe(422);
      expect(answer.body.errors[0].path).toBe('/file');
      expect(answer.body.detail).toMatch(/not taken|damaged|do not show image.tiff/);
    }
    expect((await upload('', { name: 'empty.png' })).body.detail).toBe('The file is empty.');
  });

  test('of animated images only a GIF is taken, and it is said what to do with the others', async () => {
    const frames = await Promise.all([noise().png().toBuffer(), noise().negate().png().toBuffer()]);
    const gif = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    const control = Buffer.alloc(8);
    control.writeUInt32BE(2);
    const animated = [
      await sharp(gif, { animated: true }).webp().toBuffer(),
      png(10, 10, [chunk('acTL', control)]),
    ];
    for (const bytes of animated) {
      const answer = await upload(bytes);
      expect(answer.status).toBe(422);
      expect(answer.body.detail).toStartWith('Of animated images only GIF');
    }
    expect((await upload(gif)).body.kind).toBe('animation');
  });

  test('an image that is cut off is refused', async () => {
    for (const format of ['jpeg', 'png', 'webp', 'gif'] as const) {
      const whole = await noise().toFormat(format).toBuffer();
      expect((await upload(whole)).status).toBe(201);
      const answer = await upload(whole.subarray(0, Math.floor(whole.length * 0.6)));
      expect(answer.status).toBe(422);
      expect(answer.body.detail).toContain('damaged or cut off');
    }
  });

  test('a few bytes that promise 3,600 megapixels are refused by their header', async () => {
    const bomb = png(60_000, 60_000);
    expect(bomb.length).toBeLessThan(500);
    const started = performance.now();
    const answer = await upload(bomb);
    expect(answer.status).toBe(413);
    expect(answer.body.detail).toContain('3600 megapixels');
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test('more than 20 MB is refused', async () => {
    const start = await noise().jpeg().toBuffer();
    for (const size of [20 * 1024 * 1024 + 1, 22 * 1024 * 1024]) {
      const answer = await upload(Buffer.concat([start], size));
      expect(answer.status).toBe(413);
      expect(answer.body.detail).toContain('20 MB');
    }
  });

  test('several at once are worked on one after the other and all arrive', async () => {
    const photo = await noise(1_500, 1_000).jpeg().toBuffer();
    const answers = await Promise.all(Array.from({ length: 5 }, () => upload(photo)));
    expect(answers.map((answer) => answer.status)).toEqual(Array(5).fill(201));
  });

  test('workspaces take turns, too many of one are asked to come back, and what can be left out is', async () => {
    const order: string[] = [];
    const [busy, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const work = (name: string) => async () => {
      order.push(name);
      if (order.length === 1) {
        busy.resolve();
        await end.promise;
      }
      if (name === 'fault') throw new Error('fault');
    };
    const first = inTurn('a', work('a0'));
    await busy.promise;
    const of = (workspace: string, names: string[]) => names.map((name) => inTurn(workspace, work(name)));
    const many = Promise.allSettled(
      of('a', ['fault', ...Array.from({ length: 11 }, (_, index) => `a${index + 1}`)]),
    );
    const others = [...of('b', ['b0', 'b1']), ...of('c', ['c0'])];
    expect(await ifIdle(work('left out'))).toBe(null);
    end.resolve();
    await Promise.all([first, ...others]);
    const reasons = (await many).flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(reasons).toMatchObject([
      { message: 'fault' },
      { code: 'unavailable', retryAfter: 5 },
      { code: 'unavailable', retryAfter: 5 },
    ]);
    expect(order.slice(0, 7)).toEqual(['a0', 'fault', 'b0', 'c0', 'a1', 'b1', 'a2']);
    expect(await ifIdle(async () => 'done')).toBe('done');
  });

  test('a file that the database refuses is removed; one of which nothing is known stays for the sweep', async () => {
    const who = { ...owner, kind: 'user', keyId: null, scopes: new Set<string>() } as const;
    const key = `${owner.workspaceId}/refused.mp4`;
    const medium = {
      ...({ kind: 'video', mime: 'video/mp4', size: 3, width: 2 ** 40, height: 9, duration: null } as const),
      ...{ sha256: 'x', name: null, key },
    };
    const insert = (claim: () => Promise<boolean>) =>
      insertMedia(it.ctx, who, Bun.randomUUIDv7(), medium, null, claim);
    await it.ctx.files.write(key, new Uint8Array(3));
    const lost = insert(async () => {
      throw Object.assign(new Error('write CONNECTION_CLOSED'), { code: 'CONNECTION_CLOSED' });
    });
    expect(await lost.catch((error: Error) => error.message)).toBe('write CONNECTION_CLOSED');
    expect(await it.ctx.files.exists(key)).toBe(true);
    expect(await insert(async () => true).catch((error) => error.code)).toBe('22003');
    expect(await it.ctx.files.exists(key)).toBe(false);
  });

  test('a form without a file, with an unknown field or with a long description is refused', async () => {
    const send = (form: FormData) => it.request('POST', '/v1/media', { body: form, cookie: owner.cookie });
    const nothing = new FormData();
    nothing.append('alt', 'text');
    expect((await send(nothing)).body.errors[0].path).toBe('/file');
    const text = new FormData();
    text.append('file', 'a text');
    expect((await send(text)).status).toBe(422);
    const more = new FormData();
    more.append('file', new File([new Uint8Array(await noise().png().toBuffer())], 'a.png'));
    more.append('width', '3');
    expect((await send(more)).body.errors[0].path).toBe('/width');
    const long = await upload(await noise().png().toBuffer(), { alt: 'x'.repeat(1_001) });
    expect(long.body.errors[0]).toMatchObject({ path: '/alt' });
    expect(
      (await it.request('POST', '/v1/media', { body: { file: 'x' }, cookie: owner.cookie })).status,
    ).toBe(415);
  });
});

describe('keeping', () => {
  test('images are listed newest first, described and deleted', async () => {
    const account = await it.register();
    const picture = await noise().png().toBuffer();
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) ids.unshift((await upload(picture, { as: account })).body.id);
    const { cookie } = account;
    const first = await it.request('GET', '/v1/media?limit=2', { cookie });
    expect(first.body.data.map((item: { id: string }) => item.id)).toEqual(ids.slice(0, 2));
    const rest = await it.request('GET', `/v1/media?limit=2&cursor=${first.body.next_cursor}`, { cookie });
    expect(rest.body).toMatchObject({ data: [{ id: ids[2] }], next_cursor: null });

    const path = `/v1/media/${ids[0]}`;
    expect((await it.request('PATCH', path, { cookie, body: { alt: 'A tree' } })).body.alt).toBe('A tree');
    expect((await it.request('PATCH', path, { cookie, body: { alt: null } })).body.alt).toBe(null);
    const file = basename(await keyOf(it, ids[0] ?? ''));
    expect(await files()).toContain(file);
    expect((await it.request('DELETE', path, { cookie })).status).toBe(204);
    expect((await it.request('GET', path, { cookie })).status).toBe(404);
    expect(await files()).not.toContain(file);
  });

  test('an image that a post uses is not deleted', async () => {
    const { id } = (await upload(await noise().png().toBuffer())).body;
    const post = await postWith(owner, [id]);
    const refused = await it.request('DELETE', `/v1/media/${id}`, { cookie: owner.cookie });
    expect([refused.status, refused.body.code]).toEqual([409, 'media_in_use']);
    const using = async (file: string) =>
      (await it.request('GET', `/v1/posts?media_id=${file}`, { cookie: owner.cookie })).body.data.map(
        (one: { id: string }) => one.id,
      );
    expect([await using(id), await using(post)]).toEqual([[post], []]);
    await it.ctx.sql`delete from posts where id = ${post}`;
    expect((await it.request('DELETE', `/v1/media/${id}`, { cookie: owner.cookie })).status).toBe(204);
  });

  test('files are found by a part of their name or description, and by nothing else', async () => {
    const form = new FormData();
    form.append('file', new File([new Uint8Array(await noise().png().toBuffer())], 'Гавань 100%.png'));
    form.append('alt', 'A boat at dawn');
    const { id } = (await it.request('POST', '/v1/media', { cookie: owner.cookie, body: form })).body;
    const find = async (q: string, cookie = owner.cookie) =>
      (await it.request('GET', `/v1/media?q=${encodeURIComponent(q)}`, { cookie })).body.data.map(
        (file: { id: string }) => file.id,
      );
    expect([await find('гавань'), await find('00%'), await find('BOAT')]).toEqual([[id], [id], [id]]);
    expect([await find('%'), await find('boats'), await find('boat', stranger.cookie)]).toEqual([
      [id],
      [],
      [],
    ]);
  });

  test("another workspace's image looks like one that is not there", async () => {
    const { id } = (await upload(await noise().png().toBuffer())).body;
    const { cookie } = stranger;
    for (const method of ['GET', 'DELETE']) {
      expect((await it.request(method, `/v1/media/${id}`, { cookie })).status).toBe(404);
    }
    const changed = await it.request('PATCH', `/v1/media/${id}`, { cookie, body: { alt: 'mine' } });
    expect(changed.status).toBe(404);
    expect((await it.request('GET', '/v1/media', { cookie })).body.data).toEqual([]);
    const faults = await asOwner(it.ctx, (tx) => mediaFaults(tx, stranger.workspaceId, [id]));
    expect(faults).toEqual([{ path: '/media_ids/0', message: expect.stringContaining('no file') }]);
  });

  test('a network gets the images in the order of the post, with their bytes', async () => {
    const one = (await upload(await noise().png().toBuffer())).body;
    const two = (await upload(await noise().jpeg().toBuffer(), { alt: 'two' })).body;
    const items = await asOwner(it.ctx, (tx) => mediaItems(it.ctx, tx, owner.workspaceId, [two.id, one.id]));
    expect(items.map(({ id, mime, alt }) => ({ id, mime, alt }))).toEqual([
      { id: two.id, mime: 'image/jpeg', alt: 'two' },
      { id: one.id, mime: 'image/png', alt: null },
    ]);
    const file = await items[0]?.open();
    expect(file?.size).toBe(two.size);
    const body = await new Response(file?.stream()).bytes();
    expect(new Bun.CryptoHasher('sha256').update(body).digest('hex')).toBe(items[0]?.sha256 ?? '');

    const missing = Bun.randomUUIDv7();
    const gone = asOwner(it.ctx, (tx) => mediaItems(it.ctx, tx, owner.workspaceId, [one.id, missing]));
    const error = await gone.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'invalid', errors: [{ path: '/media_ids/1' }] });
  });

  test('a key needs media:write to upload and posts:read to look', async () => {
    const reader = await it.apiKey(owner, ['posts:read']);
    expect((await it.request('GET', '/v1/media', { key: reader })).status).toBe(200);
    const form = new FormData();
    form.append('file', new File([new Uint8Array(await noise().png().toBuffer())], 'a.png'));
    expect((await it.request('POST', '/v1/media', { key: reader, body: form })).status).toBe(403);
    expect((await it.request('GET', '/v1/media')).status).toBe(401);
  });
});

describe('signed addresses', () => {
  test('an address opens its image for a quarter of an hour, as an image and nothing else', async () => {
    const { body } = await upload(await noise().jpeg().toBuffer());
    const left = Date.parse(body.url_expires_at) - Date.now();
    expect(left).toBeGreaterThan(9 * 60_000);
    expect(left).toBeLessThanOrEqual(15 * 60_000);
    const answer = await open(body.url);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'content-length': String(body.size),
      'content-disposition': `inline; filename="${body.id}.jpg"`,
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': expect.stringMatching(/^private, max-age=\d+$/),
    });
    expect((await answer.arrayBuffer()).byteLength).toBe(body.size);
  });

  test('a changed, missing or borrowed signature opens nothing', async () => {
    const one = (await upload(await noise().jpeg().toBuffer())).body;
    const two = (await upload(await noise().jpeg().toBuffer())).body;
    const url = new URL(one.url);
    const expires = url.searchParams.get('expires') ?? '';
    const signature = url.searchParams.get('signature') ?? '';
    const other = signature.startsWith('A') ? 'B' : 'A';
    const wrong = [
      `/media/${one.id}`,
      `/media/${one.id}?expires=${expires}`,
      `/media/${one.id}?expires=${Number(expires) + 60_000}&signature=${signature}`,
      `/media/${one.id}?expires=0${expires}&signature=${signature}`,
      `/media/${one.id}?expires=${expires}&signature=${other}${signature.slice(1)}`,
      `/media/${one.id}?expires=${expires}&signature=`,
      `/media/${two.id}?expires=${expires}&signature=${signature}`,
      `/avatars/${one.id}?expires=${expires}&signature=${signature}`,
    ];
    for (const path of wrong) expect([path, (await it.request('GET', path)).status]).toEqual([path, 404]);
    await it.request('DELETE', `/v1/media/${one.id}`, { cookie: owner.cookie });
    expect((await open(one.url)).status).toBe(404);
  });

  test('an address of yesterday says that it has expired', async () => {
    await using quick = await openTest({ durations: { mediaUrl: 300 } });
    const account = await quick.register();
    const form = new FormData();
    form.append('file', new File([new Uint8Array(await noise().png().toBuffer())], 'a.png'));
    const { body } = await quick.request('POST', '/v1/media', { body: form, cookie: account.cookie });
    const { pathname, search } = new URL(body.url);
    await Bun.sleep(320);
    const late = await quick.request('GET', pathname + search);
    expect([late.status, late.body.code]).toEqual([410, 'expired']);
    // Another installation's signature is worth nothing here.
    expect((await it.request('GET', pathname + search)).status).toBe(404);
  });
});

test('the sweep removes old images that no post uses, and old files that no row names, and nothing else', async () => {
  await using test = await openTest();
  const account = await test.register();
  const add = async () => {
    const form = new FormData();
    form.append('file', new File([new Uint8Array(await noise().png().toBuffer())], 'a.png'));
    return (await test.request('POST', '/v1/media', { body: form, cookie: account.cookie })).body
      .id as string;
  };
  const [used, unused, fresh] = [await add(), await add(), await add()];
  const post = Bun.randomUUIDv7();
  await test.ctx.sql`
    insert into posts (id, workspace_id, author_id, text) values (${post}, ${account.workspaceId}, ${account.userId}, '')`;
  await test.ctx.sql`
    insert into post_media (workspace_id, post_id, position, media_id) values (${account.workspaceId}, ${post}, 0, ${used})`;
  await test.ctx
    .sql`update media set created_at = now() - interval '91 days' where id = any(${[used, unused]}::uuid[])`;

  const folder = join(test.ctx.config.mediaDir, account.workspaceId);
  const [usedFile = '', unusedFile = '', freshFile = ''] = await Promise.all(
    [used, unused, fresh].map(async (id) => basename(await keyOf(test, id))),
  );
  const strays: [string, number][] = [
    ['orphan.png', 8],
    ['orphan.png.0000.part', 8],
    ['just-written.png', 0],
  ];
  for (const [name] of strays) {
    await test.ctx.files.write(`${account.workspaceId}/${name}`, new Uint8Array(3));
  }
  for (const [name, days] of [...strays, [usedFile, 91] as const, [unusedFile, 91] as const]) {
    const at = new Date(Date.now() - days * 86_400_000);
    await utimes(join(folder, name), at, at);
  }
  await sweepMedia(test.ctx);
  expect((await readdir(folder)).sort()).toEqual([usedFile, freshFile, 'just-written.png'].sort());
  const rows = await test.ctx.sql<{ id: string }[]>`select id from media order by id`;
  expect(rows.map((row) => row.id)).toEqual([used, fresh].sort());
});

test('a workspace is erased with its files, also those that its posts use', async () => {
  await using test = await openTest();
  const account = await test.register();
  const form = new FormData();
  form.append('file', new File([new Uint8Array(await noise().png().toBuffer())], 'a.png'));
  const { cookie, workspaceId } = account;
  const file = (await test.request('POST', '/v1/media', { body: form, cookie })).body.id;
  const body = { text: 'with a picture', media_ids: [file] };
  expect((await test.request('POST', '/v1/posts', { body, cookie })).status).toBe(201);
  await test.ctx.sql`delete from workspaces where id = ${workspaceId}`;
  const [left] = await test.ctx.sql`
    select (select count(*)::int from media) as media, (select count(*)::int from post_media) as used`;
  expect(left).toEqual({ media: 0, used: 0 });
});

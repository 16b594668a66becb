import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { ALL_FORMATS, BufferSource, Input } from 'mediabunny';
import sharp from 'sharp';
import { steady } from '../src/media/flow.ts';
import { safeName } from '../src/media/name.ts';
import { type RecordingMime, readRecording } from '../src/media/recording/recording.ts';
import { type Account, openTest, type Test } from './harness.ts';
import { until } from './process.ts';
import { type RecordingName, recordingOf } from './recordings.ts';

let it: Test;
let owner: Account;
let key: string;
let server: Bun.Server<undefined>;

beforeAll(async () => {
  it = await openTest({ mediaBytesMost: 8 * 1024 * 1024 });
  owner = await it.register();
  key = await it.apiKey(owner);
  server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    maxRequestBodySize: 64 * 1024 * 1024,
    fetch: (request, from) => it.app.fetch(request, from),
  });
});
afterAll(async () => {
  await server.stop(true);
  await it.close();
});

interface Sent {
  name?: string;
  as?: string;
  headers?: Record<string, string>;
}

/** Over a real connection. */
async function upload(bytes: Uint8Array | string, { name = 'file', as, headers }: Sent = {}) {
  const form = new FormData();
  if (as !== undefined) form.append('as', as);
  form.append('file', new File([typeof bytes === 'string' ? bytes : new Uint8Array(bytes)], name));
  return post(form, headers);
}

async function post(body: BodyInit, headers: Record<string, string> = {}) {
  const answer = await fetch(`${server.url}v1/media`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, ...headers },
    body,
  });
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers as they come
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as any };
}

/** The address of a file, at the server under test. */
function open(url: string, headers: Record<string, string> = {}): Promise<Response> {
  const { pathname, search } = new URL(url);
  return fetch(new URL(pathname + search, server.url), { headers });
}

async function stored(): Promise<string[]> {
  const entries = await readdir(it.ctx.config.mediaDir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

const noise = (width = 60, height = 40) =>
  sharp({
    create: {
      width,
      height,
      channels: 3,
      background: '#c33',
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  });

async function gif(frames: number, width = 60, height = 40): Promise<Buffer> {
  const pictures = await Promise.all(
    Array.from({ length: frames }, () => noise(width, height).png().toBuffer()),
  );
  return sharp(pictures, { join: { animated: true } })
    .gif({ delay: Array(frames).fill(100) })
    .toBuffer();
}

const pdf = Buffer.from('%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n');
const zip = Buffer.concat([Buffer.from('PK\u0005\u0006'), Buffer.alloc(18)]);

describe('a file of each kind', () => {
  const recordings: [RecordingName, Parameters<typeof recordingOf>[1] & { as?: string }, object][] = [
    ['mp4', {}, { kind: 'video', mime: 'video/mp4', width: 320, height: 180, duration: 2 }],
    ['mp4', { rotation: 90 }, { kind: 'video', width: 180, height: 320 }],
    ['mp4', { silent: true }, { kind: 'video' }],
    ['mp4', { silent: true, as: 'animation' }, { kind: 'animation', mime: 'video/mp4', duration: 2 }],
    ['mp4', { fragmented: true }, { kind: 'video', width: 320, duration: null }],
    ['mp4', { as: 'document' }, { kind: 'document', mime: 'video/mp4', width: null, name: 'file.mp4' }],
    ['mov', {}, { kind: 'video', mime: 'video/quicktime', width: 320, height: 180, duration: 2 }],
    ['webm', {}, { kind: 'video', mime: 'video/webm', width: 320, height: 180, duration: 2 }],
    ['m4a', {}, { kind: 'audio', mime: 'audio/mp4', width: null, height: null, duration: 2 }],
    ['m4a', { as: 'voice' }, { kind: 'voice', mime: 'audio/mp4' }],
    ['mp3', {}, { kind: 'audio', mime: 'audio/mpeg' }],
    ['mp3', { as: 'voice' }, { kind: 'voice', mime: 'audio/mpeg' }],
    ['ogg', {}, { kind: 'voice', mime: 'audio/ogg', duration: 2 }],
    ['ogg', { as: 'audio' }, { kind: 'audio', mime: 'audio/ogg' }],
  ];
  for (const [name, { as, ...options }, expected] of recordings) {
    const how = Object.keys(options).join(', ');
    test(`${name}${how && `, ${how}`}${as ? ` as ${as}` : ''} is kept byte by byte`, async () => {
      const bytes = await recordingOf(name, options);
      const answer = await upload(bytes, { as });
      expect(answer.body).toMatchObject({ size: bytes.length, ...expected });
      expect(answer.status).toBe(201);
      const opened = await open(answer.body.url);
      expect(await opened.bytes()).toEqual(bytes);
      const document = answer.body.kind === 'document';
      expect(opened.headers.get('content-type')).toBe(
        document ? 'application/octet-stream' : answer.body.mime,
      );
      const shown = await it.request('GET', `/v1/media/${answer.body.id}`, { key });
      expect(shown.body).toMatchObject(expected);
    });
  }

  test('an animated GIF stays one, encoded anew', async () => {
    const sent = Buffer.concat([await gif(3), Buffer.from('CANARY')]);
    const { status, body } = await upload(sent, { name: 'dance.gif' });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      kind: 'animation',
      mime: 'image/gif',
      width: 60,
      height: 40,
      duration: 0.3,
    });
    const kept = Buffer.from(await (await open(body.url)).arrayBuffer());
    expect(kept.includes('CANARY')).toBe(false);
    expect((await sharp(kept, { animated: true }).metadata()).pages).toBe(3);
  });

  test('documents keep their names and are only saved, never shown', async () => {
    const files: [string, Uint8Array | string, object][] = [
      ['Отчёт за март.pdf', pdf, { mime: 'application/pdf', name: 'Отчёт за март.pdf' }],
      ['archive.zip', zip, { mime: 'application/zip', name: 'archive.zip' }],
      ['plan', 'Monday: nothing', { mime: 'text/plain', name: 'plan.txt' }],
      ['sums.csv', 'a;b\n1;2\n', { mime: 'text/plain', name: 'sums.csv' }],
      ['windows.csv', Buffer.from([0xcf, 0xf0, 0xe8, 0x3b, 0x31, 0x0d, 0x0a]), { name: 'windows.csv' }],
      ['page.html', 'No page at all', { mime: 'text/plain', name: 'page.html.txt' }],
    ];
    for (const [name, bytes, expected] of files) {
      const { status, body } = await upload(bytes, { name });
      expect([status, body]).toMatchObject([201, { kind: 'document', duration: null, ...expected }]);
      const opened = await open(body.url);
      expect(Object.fromEntries(opened.headers)).toMatchObject({
        'content-type': 'application/octet-stream',
        'content-disposition': expect.stringMatching(/^attachment; filename="/),
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; sandbox",
      });
      expect(await opened.bytes()).toEqual(new Uint8Array(Buffer.from(bytes)));
    }
    const [russian] = (await it.request('GET', '/v1/media', { key })).body.data.filter(
      (item: { name: string }) => item.name.startsWith('Отчёт'),
    );
    const field = (await open(russian.url)).headers.get('content-disposition') ?? '';
    expect(decodeURIComponent(field.split("UTF-8''")[1] ?? '')).toBe('Отчёт за март.pdf');
  });

  test('a picture as a document is not touched', async () => {
    const photo = await noise()
      .jpeg()
      .withExifMerge({ IFD0: { Artist: 'Somebody' } })
      .toBuffer();
    const large = Buffer.concat([photo], 7 * 1024 * 1024);
    for (const bytes of [photo, large]) {
      const { body } = await upload(bytes, { name: 'photo.jpeg', as: 'document' });
      expect(body).toMatchObject({ kind: 'document', mime: 'image/jpeg', name: 'photo.jpeg', width: null });
      expect(Buffer.from(await (await open(body.url)).arrayBuffer()).equals(bytes)).toBe(true);
    }
    // The order of the fields does not matter for a picture of usual size.
    const form = new FormData();
    form.append('file', new File([new Uint8Array(photo)], 'photo.jpeg'));
    form.append('as', 'document');
    expect((await post(form)).body).toMatchObject({ kind: 'document', size: photo.length });
  });
});

describe('what is refused', () => {
  const kinds = async () =>
    [
      ['a video as an image', await recordingOf('mp4'), 'image'],
      ['a video with sound as an animation', await recordingOf('mp4'), 'animation'],
      ['a WebM as an animation', await recordingOf('webm', { silent: true }), 'animation'],
      ['a sound as a video', await recordingOf('mp3'), 'video'],
      ['a video as voice', await recordingOf('mp4'), 'voice'],
      ['a picture as a video', await noise().png().toBuffer(), 'video'],
      ['a still picture as an animation', await noise().gif().toBuffer(), 'animation'],
      ['a moving picture as an image', await gif(2), 'image'],
      ['a PDF as a video', pdf, 'video'],
      ['anything as nonsense', pdf, 'nonsense'],
    ] as const;

  test('a file as something that it is not; nothing is left of it', async () => {
    const before = await stored();
    for (const [what, bytes, as] of await kinds()) {
      const { status, body } = await upload(bytes, { as });
      expect([what, status, body.errors?.[0]?.path]).toEqual([what, 422, '/as']);
    }
    expect(await stored()).toEqual(before);
  });

  test('pages, SVG, scripts, programs and what nobody knows, whatever they are called and sent as', async () => {
    const wide = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>';
    const bad: (string | Buffer)[] = [
      '<!doctype html><script>alert(1)</script>',
      ' \n\t<HTML onload=alert(1)>',
      '\ufeff<html>',
      wide('<html><script>alert(1)</script>'),
      svg,
      `<?xml version="1.0"?>${svg}`,
      `<!-- a comment -->${svg}`,
      '#!/bin/sh\nrm -rf ~',
      '@echo off\r\ndel *.*',
      '#EXTM3U\nfile:///etc/passwd',
      Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200, 1)]),
      Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]), Buffer.alloc(200)]),
      Buffer.from([0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 65, 0, 0]),
      Buffer.from([0, 1, 2, 3, 4, 5, 6, 7]),
      '',
    ];
    const before = await stored();
    for (const bytes of bad) {
      for (const as of [undefined, 'document', 'image']) {
        const { status, body } = await upload(bytes, { name: 'photo.png', as });
        expect([bytes.slice(0, 12), as, status, body.errors?.[0]?.path]).toEqual([
          bytes.slice(0, 12),
          as,
          422,
          '/file',
        ]);
      }
    }
    expect(await stored()).toEqual(before);
  });

  test('a video or a sound that is damaged, cut off, or kept in another file', async () => {
    const whole = await recordingOf('mp4', { seconds: 20 });
    const elsewhere = Buffer.from(await recordingOf('mp4'));
    // The flag that says: the content is in this file.
    elsewhere.writeUInt32BE(0, elsewhere.indexOf('url ') + 4);
    const bad: [string, Uint8Array][] = [
      ['cut', whole.subarray(0, Math.floor(whole.length / 2))],
      ['cut in the middle of the headers', whole.subarray(0, 60)],
      ['elsewhere', elsewhere],
      ['webm', (await recordingOf('webm')).subarray(0, 100)],
      ['ogg', (await recordingOf('ogg')).subarray(0, 30)],
      ['mp3', Buffer.concat([Buffer.from('ID3\u0004\0\0\0\0\u0010\0'), Buffer.alloc(5_000)])],
    ];
    const before = await stored();
    for (const [what, bytes] of bad) {
      const { status, body } = await upload(bytes);
      expect([what, status, body.errors?.[0]?.path]).toEqual([what, 422, '/file']);
    }
    expect(await stored()).toEqual(before);
  });

  test('sizes and times that no recording has; nothing is left of it', async () => {
    const before = await stored();
    expect((await upload(webmOf(65_535))).body).toMatchObject({ kind: 'video', width: 65_535, height: 90 });
    const long = Buffer.from(await recordingOf('mp4'));
    // One tick in a second, and thousands of millions of them.
    long.writeUInt32BE(1, long.indexOf('mvhd') + 16);
    long.writeUInt32BE(0xffff_fff0, long.indexOf('mvhd') + 20);
    for (const bytes of [webmOf(65_536), webmOf(2 ** 40), long]) {
      const { status, body } = await upload(bytes);
      expect([status, body.errors?.[0]?.path]).toEqual([422, '/file']);
      expect((await upload(bytes, { as: 'document' })).status).toBe(201);
    }
    expect((await stored()).length).toBe(before.length + 4);
  });

  test('counts in the headers cost nothing: a table of four thousand million entries is not believed', async () => {
    const bomb = Buffer.from(await recordingOf('mp4'));
    const at = bomb.indexOf('stsz');
    // stz2 with fields of no bits: as many samples as one likes in no bytes.
    bomb.write('stz2', at);
    bomb.writeUInt32BE(0, at + 8);
    bomb.writeUInt32BE(0xffff_ffff, at + 12);
    const [started, memory] = [performance.now(), process.memoryUsage.rss()];
    expect((await upload(bomb)).body).toMatchObject({ kind: 'video', width: 320 });
    expect(performance.now() - started).toBeLessThan(1_000);
    expect(process.memoryUsage.rss() - memory).toBeLessThan(100e6);
  });

  test('an animation that is larger than its bytes, or has too many frames', async () => {
    const bomb = Buffer.from(await gif(40));
    // The screen says 2,000 × 2,000; the frames are as small as they were.
    bomb.writeUInt16LE(2_000, 6);
    bomb.writeUInt16LE(2_000, 8);
    const large = await upload(bomb);
    expect([large.status, large.body.detail]).toEqual([413, expect.stringContaining('2000 × 2000')]);
    const long = await upload(await gif(601, 8, 8));
    expect([long.status, long.body.detail]).toEqual([413, expect.stringContaining('601 frames')]);
  });

  test('more bytes than are allowed, declared or not; nothing is left of them', async () => {
    const before = await stored();
    const large = Buffer.concat([pdf], 9 * 1024 * 1024);
    expect((await upload(large)).status).toBe(413);
    const boundary = 'b0undary';
    const open = (size: number) =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(
            Buffer.from(
              `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n`,
            ),
          );
          controller.enqueue(pdf);
          for (let sent = 0; sent < size; sent += 65_536) controller.enqueue(new Uint8Array(65_536));
          controller.enqueue(Buffer.from(`\r\n--${boundary}--\r\n`));
          controller.close();
        },
      });
    const type = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    const refused = await post(open(8 * 1024 * 1024), type);
    expect([refused.status, refused.body.detail]).toEqual([413, 'The file is larger than 8 MB.']);
    expect(await stored()).toEqual(before);
    expect((await post(open(1024 * 1024), type)).status).toBe(201);
    // The other routes keep their limit.
    const text = await fetch(`${server.url}v1/posts`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'x'.repeat(1_100_000) }),
    });
    expect(text.status).toBe(413);
  });

  test('a form with a second file, another field, or no file; nothing is left of it', async () => {
    const before = await stored();
    const file = () => new File([new Uint8Array(pdf)], 'a.pdf');
    const forms: [string, (form: FormData) => void][] = [
      ['/file', (form) => form.append('alt', 'x')],
      ['/file', (form) => [form.append('file', file()), form.append('file', file())]],
      ['/photo', (form) => [form.append('file', file()), form.append('photo', file())]],
      ['/width', (form) => [form.append('file', file()), form.append('width', '3')]],
      ['/width', (form) => [form.append('width', '3'), form.append('file', file())]],
      ['/alt', (form) => [form.append('file', file()), form.append('alt', 'a'), form.append('alt', 'b')]],
      ['/alt', (form) => [form.append('file', file()), form.append('alt', 'x'.repeat(1_001))]],
      ['/file', (form) => form.append('file', 'a text')],
      ['/alt', (form) => [form.append('file', file()), form.append('alt', file())]],
    ];
    for (const [path, fill] of forms) {
      const form = new FormData();
      fill(form);
      const { status, body } = await post(form);
      expect([path, status, body.errors?.[0]?.path]).toEqual([path, 422, path]);
    }
    const type = { 'content-type': 'multipart/form-data; boundary=x' };
    for (const body of [
      '',
      'no form',
      '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nPK',
    ]) {
      const answer = await post(body, type);
      expect([body, answer.status]).toEqual([body, 400]);
    }
    expect((await post('x', { 'content-type': 'multipart/form-data' })).status).toBe(415);
    expect(await stored()).toEqual(before);
  });

  test('an upload that breaks off leaves nothing; also a picture lies in the store while it comes', async () => {
    const before = await stored();
    const picture = await noise().png().toBuffer();
    for (const start of [pdf, picture]) {
      const socket = begin(server, key);
      socket.write(start);
      socket.write(new Uint8Array(1_000_000));
      await until('a draft lies in the store', async () => (await stored()).length > before.length);
      socket.destroy();
      await until('it is gone', async () => (await stored()).length === before.length);
    }
    expect(await stored()).toEqual(before);
  });

  test('a sender that stops is waited for no longer than its time', async () => {
    await using quick = await openTest({ durations: { uploadPace: 400 } });
    const quickKey = await quick.apiKey(await quick.register());
    const quickServer = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request, from) => quick.app.fetch(request, from),
    });
    try {
      const socket = begin(quickServer, quickKey);
      const answer = Promise.withResolvers<string>();
      socket.once('data', (data) => answer.resolve(String(data)));
      socket.write(await noise().png().toBuffer());
      socket.write(new Uint8Array(300_000));
      const text = await answer.promise;
      expect(text).toStartWith('HTTP/1.1 400');
      expect(text).toContain('came too slowly');
      socket.destroy();
      const left = await readdir(quick.ctx.config.mediaDir, { recursive: true, withFileTypes: true });
      expect(left.filter((entry) => entry.isFile())).toEqual([]);
    } finally {
      await quickServer.stop(true);
    }
  });

  test('slow but steady is taken, by drops is not, and the time of the store does not count', async () => {
    const taken = async (pieces: number, size: number, every: number, work: number) => {
      const chunks = (async function* () {
        for (let piece = 0; piece < pieces; piece += 1) {
          await Bun.sleep(every);
          yield new Uint8Array(size);
        }
      })();
      let bytes = 0;
      for await (const chunk of steady(chunks, 200)) {
        bytes += chunk.length;
        await Bun.sleep(work);
      }
      return bytes;
    };
    expect(await taken(6, 300_000, 90, 0)).toBe(1_800_000);
    expect(await taken(3, 10, 10, 300)).toBe(30);
    await expect(taken(100, 1_000, 10, 0)).rejects.toMatchObject({ code: 'malformed' });
  });
});

/** A form whose file begins to come over a connection of its own. */
function begin(to: Bun.Server<undefined>, apiKey: string) {
  const socket = connect(to.port ?? 0, '127.0.0.1');
  const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
  socket.write(
    `POST /v1/media HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${apiKey}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n${head}`,
  );
  return socket;
}

/** One EBML element. */
function element(id: number[], content: Uint8Array | Uint8Array[]): Buffer {
  const bytes = Buffer.concat(Array.isArray(content) ? content : [content]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(bytes.length));
  size.writeUInt8(1);
  return Buffer.concat([Buffer.from(id), size, bytes]);
}

/** A WebM of nothing but headers, whose picture is as wide as one likes. */
function webmOf(width: number): Buffer {
  const wide = Buffer.alloc(8);
  wide.writeBigUInt64BE(BigInt(width));
  const picture = element([0xe0], [element([0xb0], wide), element([0xba], Buffer.from([90]))]);
  const track = element([0xae], [element([0x83], Buffer.from([1])), picture]);
  return Buffer.concat([
    element([0x1a, 0x45, 0xdf, 0xa3], element([0x42, 0x82], Buffer.from('webm'))),
    element([0x18, 0x53, 0x80, 0x67], element([0x16, 0x54, 0xae, 0x6b], track)),
  ]);
}

describe('the headers of a recording', () => {
  const ranged = (bytes: Uint8Array) => ({
    size: bytes.length,
    stream: (start: number, end: number) => new Blob([new Uint8Array(bytes.subarray(start, end))]).stream(),
  });

  test('are read as another reader reads them', async () => {
    const files: [RecordingName, RecordingMime][] = [
      ['mp4', 'video/mp4'],
      ['mov', 'video/quicktime'],
      ['webm', 'video/webm'],
      ['m4a', 'audio/mp4'],
      ['ogg', 'audio/ogg'],
      ['mp3', 'audio/mpeg'],
    ];
    for (const [name, mime] of files) {
      for (const seconds of [1, 37]) {
        const bytes = await recordingOf(name, { seconds, rotation: seconds === 1 ? 90 : 0 });
        const input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS });
        const picture = await input.getPrimaryVideoTrack();
        const ours = await readRecording(ranged(bytes), mime);
        expect(ours.video).toEqual(
          picture && { width: await picture.getDisplayWidth(), height: await picture.getDisplayHeight() },
        );
        expect(ours.audio === null).toBe((await input.getPrimaryAudioTrack()) === null);
        expect(Math.abs((ours.duration ?? 0) - (await input.computeDuration()))).toBeLessThan(0.1);
        input.dispose();
      }
    }
  });

  test('an MP3 without a header of its own is as long as its bit rate says', async () => {
    const frame = Buffer.alloc(417);
    frame.set([0xff, 0xfb, 0x90, 0xc4]);
    const tag = Buffer.concat([Buffer.from('ID3\u0004\0\0\0\0\u0001\0'), Buffer.alloc(128)]);
    const bytes = Buffer.concat([tag, ...Array<Buffer>(200).fill(frame)]);
    const { duration } = await readRecording(ranged(bytes), 'audio/mpeg');
    expect(duration).toBeCloseTo((200 * 1_152) / 44_100, 1);
  });

  test('that were changed anywhere are read or refused, and nothing else happens', async () => {
    const random = generator(7);
    for (const [name, mime] of [
      ['mp4', 'video/mp4'],
      ['webm', 'video/webm'],
      ['ogg', 'audio/ogg'],
      ['mp3', 'audio/mpeg'],
    ] as const) {
      const whole = await recordingOf(name);
      for (let round = 0; round < 300; round += 1) {
        const bytes = whole.slice(0, 20 + random(whole.length - 20));
        for (let change = random(12); change > 0; change -= 1) {
          bytes[random(Math.min(bytes.length, 900))] = random(256);
        }
        const outcome = await readRecording(ranged(bytes), mime).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'invalid' });
      }
    }
  });
});

test('names lose paths, control characters and tricks, and end as their kind does', async () => {
  const names: [string, string, string | null][] = [
    ['../../etc/passwd', 'pdf', 'passwd.pdf'],
    ['..\\..\\windows\\system.ini', 'txt', 'system.ini.txt'],
    ['/absolute/a.pdf', 'pdf', 'a.pdf'],
    ['..%2f..%2fx', 'pdf', '%2f..%2fx.pdf'],
    ['a\u0000b\r\nSet-Cookie: x=1.pdf', 'pdf', 'abSet-Cookie_ x=1.pdf'],
    ['invoice\u202efdp.exe', 'pdf', 'invoicefdp.exe.pdf'],
    ['clip.MOV', 'mp4', 'clip.mp4'],
    ['IMG_1.JPEG', 'jpg', 'IMG_1.JPEG'],
    ['.htaccess', 'txt', 'htaccess.txt'],
    ['a"b<c>|d?.pdf', 'pdf', 'a_b_c__d_.pdf'],
    ['...', 'pdf', null],
    ['', 'pdf', null],
  ];
  for (const [given, extension, expected] of names) {
    expect([given, safeName(given, extension)]).toEqual([given, expected]);
  }
  const started = performance.now();
  expect(safeName(`a${'. '.repeat(200_000)}a.pdf`, 'pdf')).toEndWith('.pdf');
  expect(performance.now() - started).toBeLessThan(200);
  const long = safeName(`${'😀'.repeat(300)}.pdf`, 'pdf') ?? '';
  expect([...long].length).toBe(120);
  expect(long.isWellFormed() && long.endsWith('.pdf')).toBe(true);
  const { body } = await upload(pdf, { name: '../../../evil.pdf' });
  expect(body.name).toBe('evil.pdf');
  expect((await stored()).some((name) => name.includes('evil'))).toBe(false);
});

test('a part of a file is answered where one is asked for', async () => {
  const bytes = await recordingOf('mp4');
  const { size, url } = (await upload(bytes)).body;
  const ask = async (range: string, more: Record<string, string> = {}) => {
    const answer = await open(url, { range, ...more });
    return { status: answer.status, range: answer.headers.get('content-range'), bytes: await answer.bytes() };
  };
  const parts: [string, number, number][] = [
    ['bytes=0-0', 0, 1],
    ['bytes=10-99', 10, 100],
    ['bytes=100-', 100, size],
    ['bytes=-7', size - 7, size],
    [`bytes=5-${size + 100}`, 5, size],
    [`bytes=-${size + 100}`, 0, size],
  ];
  for (const [range, start, end] of parts) {
    const answer = await ask(range);
    expect([range, answer.status, answer.range]).toEqual([range, 206, `bytes ${start}-${end - 1}/${size}`]);
    expect(answer.bytes).toEqual(bytes.subarray(start, end));
  }
  for (const range of ['bytes=1-2,5-6', 'items=0-1', 'bytes=9-3', 'bytes=-', 'bytes=a-b']) {
    expect((await ask(range)).status).toBe(200);
  }
  expect((await ask('bytes=0-1', { 'if-range': '"x"' })).status).toBe(200);
  for (const range of [`bytes=${size}-`, 'bytes=-0']) expect((await ask(range)).status).toBe(416);
  const { pathname, search } = new URL(url);
  const declared = await it.request('GET', pathname + search, { headers: { range: 'bytes=0-3' } });
  expect([declared.status, declared.headers.get('content-length')]).toEqual([206, '4']);
  expect((await it.request('GET', pathname + search, { headers: { range: 'bytes=-0' } })).status).toBe(416);
});

describe('an upload under an Idempotency-Key', () => {
  const count = async () => Number((await it.ctx.sql`select count(*) as n from media`)[0]?.n);

  test('is made once, however its form is written', async () => {
    const video = await recordingOf('mp4', { seconds: 3 });
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const first = await upload(video, { headers });
    const made = await count();
    const files = (await stored()).length;
    // FormData takes another boundary each time.
    const again = await upload(video, { headers });
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    for (const [bytes, other] of [
      [video, { as: 'document' }],
      [video, { name: 'another' }],
      [await recordingOf('mp4', { seconds: 4 }), {}],
    ] as const) {
      const refused = await upload(bytes, { headers, ...other });
      expect([refused.status, refused.body.code]).toEqual([422, 'idempotency_mismatch']);
    }
    expect([await count(), (await stored()).length]).toEqual([made, files]);
  });

  test('that broke off or was refused early may be made again under it', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const form = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7';
    const broken = await post(form, { ...headers, 'content-type': 'multipart/form-data; boundary=b' });
    expect(broken.status).toBe(400);
    expect((await upload(pdf, { headers })).status).toBe(201);
  });

  test('is refused while the first one still arrives', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const release = Promise.withResolvers<void>();
    const type = { 'content-type': 'multipart/form-data; boundary=b' };
    const slow = post(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(
            Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'),
          );
          controller.enqueue(pdf);
          await release.promise;
          controller.enqueue(Buffer.from('\r\n--b--\r\n'));
          controller.close();
        },
      }),
      { ...headers, ...type },
    );
    await until('the first has the key', async () => {
      const rows = await it.ctx.sql`select 1 from idempotency_keys where key = ${headers['idempotency-key']}`;
      return rows.length === 1;
    });
    const second = await upload(pdf, { headers });
    expect([second.status, second.body.code]).toEqual([409, 'idempotency_in_progress']);
    release.resolve();
    expect((await slow).status).toBe(201);
  });
});

/** Repeatable chance: whole numbers below `most`. */
function generator(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

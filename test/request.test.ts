import { describe, expect, test } from 'bun:test';
import type { MediaItem } from '../src/networks/message.ts';
import { bytesOf, download, fileBody, fileName, formBody, post, reachable } from '../src/networks/request.ts';
import { failureOf, listen } from './ways.ts';

describe('a request', () => {
  const body = () => formBody({ a: '1' });

  test('that never got a safe connection is not sent', async () => {
    const silent = await listen(() => {});
    const closing = await listen((socket) => socket.destroy());
    const short = { timeout: 2000, connect: 200 };
    const failed = (url: string) => failureOf(post(url, body(), short), 'SECRET');
    expect(await failed(`https://127.0.0.1:${silent.port}/SECRET`)).toMatchObject({
      kind: 'not_sent',
      code: 'ETIMEDOUT',
    });
    expect(await failed(`https://127.0.0.1:${closing.port}/SECRET`)).toMatchObject({ kind: 'not_sent' });
    const plain = await listen((socket) =>
      socket.on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
    );
    expect(await failed(`https://127.0.0.1:${plain.port}/SECRET`)).toMatchObject({ kind: 'not_sent' });
    await Promise.all([silent.close(), closing.close(), plain.close()]);
  });

  test('whose answer is lost, endless or late is unknown', async () => {
    const servers = await Promise.all([
      listen(() => {}),
      listen((socket) => socket.on('data', () => socket.resetAndDestroy())),
      listen((socket) => socket.on('data', () => socket.end('no HTTP at all\r\n\r\n'))),
      listen((socket) =>
        socket.on('data', () => socket.end(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1_100_000)}`)),
      ),
    ]);
    for (const { port } of servers) {
      const failed = await failureOf(
        post(`http://127.0.0.1:${port}/SECRET`, body(), { timeout: 300 }),
        'SECRET',
      );
      expect(failed.kind).toBe('unknown');
      expect(await reachable(`http://127.0.0.1:${port}/`, 300)).toBe(false);
    }
    await Promise.all(servers.map((server) => server.close()));
  });

  test('that is redirected goes nowhere else', async () => {
    let followed = 0;
    const target = await listen(() => {
      followed += 1;
    });
    for (const status of [302, 307]) {
      const headers = { location: `http://127.0.0.1:${target.port}/` };
      const server = Bun.serve({
        port: 0,
        hostname: '127.0.0.1',
        fetch: () => new Response('', { status, headers }),
      });
      const url = `http://127.0.0.1:${server.port}/`;
      expect((await post(url, body(), { timeout: 500 })).status).toBe(status);
      expect((await download(url, 100, { timeout: 500 })).status).toBe(status);
      await server.stop(true);
    }
    expect(followed).toBe(0);
    await target.close();
  });

  test('is stopped by its caller', async () => {
    const silent = await listen(() => {});
    const url = `http://127.0.0.1:${silent.port}/`;
    const before = await failureOf(post(url, body(), { timeout: 2000, signal: AbortSignal.abort() }));
    expect(before).toMatchObject({ kind: 'not_sent', code: 'ABORTED' });
    const during = await failureOf(post(url, body(), { timeout: 2000, signal: AbortSignal.timeout(100) }));
    expect(during).toMatchObject({ kind: 'unknown', code: 'ABORTED' });
    await silent.close();
  });

  test('goes out on a connection of its own', async () => {
    let connections = 0;
    const server = await listen((socket) => {
      connections += 1;
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    });
    for (let index = 0; index < 3; index += 1) {
      await post(`http://127.0.0.1:${server.port}/`, body(), { timeout: 1000 });
    }
    expect(connections).toBe(3);
    await server.close();
  });

  test('for a file ends at its size limit', async () => {
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('x'.repeat(2000)) });
    const url = `http://127.0.0.1:${server.port}/SECRET`;
    expect((await download(url, 2000, { timeout: 1000 })).bytes).toHaveLength(2000);
    expect((await failureOf(download(url, 1999, { timeout: 1000 }), 'SECRET')).code).toBe('answer_too_large');
    await server.stop(true);
  });
});

describe('a file in a request', () => {
  const bytes = crypto.getRandomValues(new Uint8Array(300_000));
  const item = (change: Partial<MediaItem> = {}): MediaItem => ({
    id: 'x',
    kind: 'document',
    mime: 'application/pdf',
    size: bytes.length,
    width: null,
    height: null,
    duration: null,
    sha256: '',
    name: 'Отчёт "1".pdf',
    alt: null,
    open: async () => ({ size: bytes.length, stream: () => new Blob([bytes]).stream() }),
    ...change,
  });

  test('arrives whole, under its field and its name, with its length told before', async () => {
    await using server = Bun.serve({
      port: 0,
      async fetch(request) {
        const length = Number(request.headers.get('content-length'));
        const whole = await request.bytes();
        const type = request.headers.get('content-type') ?? '';
        const form = await new Response(whole, { headers: { 'content-type': type } }).formData();
        const file = form.get('photo');
        if (!(file instanceof File)) return new Response('no file');
        const same = Buffer.from(await file.arrayBuffer()).equals(bytes);
        return Response.json([length === whole.length, file.name, file.type, same]);
      },
    });
    const body = await fileBody('photo', item());
    const { text } = await post(server.url.href, body, { timeout: 5_000 });
    expect(JSON.parse(text)).toEqual([true, expect.stringContaining('Отчёт'), 'application/pdf', true]);
  });

  test('has its own name where people see it, and else one that says its kind', () => {
    expect(fileName(item())).toBe('Отчёт "1".pdf');
    expect(fileName(item({ kind: 'video', mime: 'video/mp4', name: 'secret.mp4' }))).toBe('video.mp4');
    expect(fileName(item({ kind: 'image', mime: 'image/jpeg' }))).toBe('image.jpg');
    expect(fileName(item({ kind: 'voice', mime: 'audio/ogg', name: null }))).toBe('voice.ogg');
    expect(fileName(item({ name: null }))).toBe('document.bin');
  });

  test('that is lost or has another size stops the request before it starts', async () => {
    const lost = item({ open: async () => Promise.reject(new Error('gone: /srv/media/x')) });
    for (const one of [lost, item({ size: bytes.length + 1 })]) {
      const failed = await failureOf(
        bytesOf(one).then(() => ({ status: 0, text: '' })),
        '/srv',
      );
      expect(failed).toMatchObject({ kind: 'rejected', code: 'media_missing' });
      await expect(fileBody('photo', one)).rejects.toMatchObject({ code: 'media_missing' });
    }
  });
});

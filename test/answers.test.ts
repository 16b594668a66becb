import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createApp } from '../src/http/app.ts';
import { type Account, concrete, openTest, operationsOf, someId, type Test } from './harness.ts';

let outpost: Test;
let person: Account;
let key: string;

beforeAll(async () => {
  outpost = await openTest();
  person = await outpost.register();
  key = await outpost.apiKey(person);
});
afterAll(() => outpost.close());

describe('every answer', () => {
  const expected = {
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy':
      'accelerometer=(), autoplay=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };

  test('carries the security headers, errors included, and says nothing about the server', async () => {
    const asked: [string, string][] = [
      ['GET', '/v1/nothing'],
      ['PUT', '/v1/me'],
      ['OPTIONS', '/v1/me'],
      ['HEAD', '/v1/me'],
      ['GET', '/%'],
      ['GET', '/%00'],
    ];
    for (const { method, path } of await operationsOf(outpost)) asked.push([method, concrete(path)]);
    for (const [method, path] of asked) {
      for (const credentials of [{}, { key }]) {
        // Not signed out in the middle, and a key has no session to end.
        const answer = await outpost.request(method, path, credentials);
        const html = answer.headers.get('content-type')?.startsWith('text/html');
        for (const [name, value] of Object.entries(expected)) {
          if (html && name === 'content-security-policy') {
            expect(answer.headers.get(name)).toMatch(
              /default-src 'none'.*script-src 'self';.*base-uri 'none'/,
            );
            expect(answer.headers.get(name)).not.toContain('unsafe');
          } else if (path === '/service-worker.js' && name === 'content-security-policy') {
            // It fetches for the pages, under a policy of its own.
            const policy = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'";
            expect(answer.headers.get(name)).toBe(policy);
          } else expect(answer.headers.get(name), `${method} ${path} ${name}`).toBe(value);
        }
        expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
        expect(answer.headers.get('strict-transport-security')).toBeNull();
        for (const name of ['server', 'x-powered-by', 'access-control-allow-origin']) {
          expect(answer.headers.get(name)).toBeNull();
        }
        if (path.startsWith('/v1/')) expect(answer.headers.get('cache-control'), path).not.toBeNull();
      }
    }
    expect((await outpost.request('GET', '/v1/me', { key })).headers.get('cache-control')).toBe('no-store');
  });

  test('asks for https for a year where the installation has it', async () => {
    await using own = await openTest({ publicUrl: 'https://outpost.example.org' });
    const answer = await own.request('GET', '/v1/nothing');
    expect(answer.headers.get('strict-transport-security')).toBe('max-age=31536000');
  });

  test('carries a sane request id of the caller, never one that could forge a log line', async () => {
    const ask = async (id: string) =>
      (await outpost.request('GET', '/healthz', { headers: { 'X-Request-Id': id } })).headers.get(
        'x-request-id',
      );
    expect(await ask('abcd-1234')).toBe('abcd-1234');
    expect(await ask('a'.repeat(65))).not.toContain('aaa');
    expect(await ask('x" evil="1"')).not.toContain('evil');
  });

  test('is logged by pattern: method, route, status, time, id and nothing of the request', async () => {
    const canary = 'canary-in-query';
    const answer = await outpost.request('GET', `/v1/api-keys/${someId}?token=${canary}`, {
      key,
      headers: { 'User-Agent': canary },
    });
    const line =
      outpost.logs.find((entry) => entry.includes(answer.headers.get('x-request-id') ?? '-')) ?? '{}';
    const { time, ms, request_id, ...rest } = JSON.parse(line);
    expect(rest).toEqual({
      level: 'info',
      method: 'GET',
      route: '/v1/api-keys/:id',
      status: 404,
      msg: 'request',
    });
    expect(typeof ms).toBe('number');
    expect(outpost.logs.join('')).not.toContain(canary);
  });
});

describe('a body that is too large', () => {
  test('is refused by its declared length before a byte is read', async () => {
    const body = new ReadableStream({
      pull() {
        throw new Error('read');
      },
    });
    const answer = await outpost.request('POST', '/v1/api-keys', {
      key,
      body,
      headers: { 'Content-Type': 'application/json', 'Content-Length': '1000001' },
    });
    expect(answer.body).toMatchObject({ status: 413, code: 'too_large' });
  });

  test('is refused while it comes in chunks, soon after the limit', async () => {
    let given = 0;
    const chunk = new Uint8Array(16_384).fill(32);
    const body = new ReadableStream({
      pull(controller) {
        given += chunk.byteLength;
        if (given > 100_000_000) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const answer = await outpost.request('POST', '/v1/api-keys', {
      key,
      body,
      headers: { 'Content-Type': 'application/json' },
    });
    expect(answer.status).toBe(413);
    expect(given).toBeLessThan(1_000_000 + 65_536);
  });

  test('is refused over a real connection, chunked and without a length', async () => {
    using server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request, at) => outpost.app.fetch(request, at),
    });
    const chunk = '0'.repeat(65_536);
    const answered = Promise.withResolvers<string>();
    let sent = 0;
    let over = false;
    const socket = await Bun.connect({
      hostname: '127.0.0.1',
      port: server.port ?? 0,
      socket: {
        data: (_socket, data) => {
          over = true;
          answered.resolve(data.toString());
        },
        close: () => answered.resolve('closed'),
        error: () => answered.resolve('failed'),
      },
    });
    socket.write(
      `POST /v1/api-keys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    while (!over && sent < 100_000_000) {
      const framed = `10000\r\n${chunk}\r\n`;
      let at = 0;
      while (at < framed.length && !over) {
        const wrote = socket.write(framed.slice(at));
        if (wrote < 0) break;
        at += wrote;
        if (wrote === 0) await Bun.sleep(1);
      }
      sent += chunk.length;
      await Bun.sleep(0);
    }
    expect(await answered.promise).toStartWith('HTTP/1.1 413');
    expect(sent).toBeLessThan(20_000_000);
    socket.end();
  });
});

describe('operations', () => {
  test('metrics answer this machine alone, and never through a proxy', async () => {
    const ask = (address: string, headers: Record<string, string> = {}) =>
      outpost.request('GET', '/metrics', { address, headers });
    const local = await ask('127.0.0.1');
    expect(local.body).toContain('outpost_http_request_duration_seconds_bucket');
    expect(local.body).toContain('process_resident_memory_bytes');
    expect(local.body).toContain('route="/v1/api-keys/:id"');
    expect(local.body).not.toContain(someId);
    expect((await ask('::1')).status).toBe(200);
    expect((await ask('203.0.113.9')).status).toBe(403);
    expect((await ask('127.0.0.1', { 'X-Forwarded-For': '127.0.0.1' })).status).toBe(403);
  });

  test('metrics with a token ask everybody for it', async () => {
    const metricsToken = 'a-token-for-the-metrics';
    await using own = await openTest({ metricsToken });
    expect((await own.request('GET', '/metrics', { address: '127.0.0.1' })).status).toBe(401);
    expect((await own.request('GET', '/metrics', { key: metricsToken })).status).toBe(200);
    expect((await own.request('GET', '/metrics', { key: `${metricsToken}x` })).status).toBe(401);
  });

  test('a process that drains says that it is not ready, and lives', async () => {
    const app = createApp(outpost.ctx, { ready: () => false });
    const ask = async (path: string) => (await app.fetch(new Request(`http://localhost:3000${path}`))).status;
    expect(await ask('/readyz')).toBe(503);
    expect(await ask('/healthz')).toBe(200);
    expect((await outpost.request('GET', '/readyz')).status).toBe(200);
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { inspect } from 'node:util';
import { brotliCompressSync, createGzip, deflateSync, gzipSync } from 'node:zlib';
import { readConfig } from '../src/config.ts';
import { fetchOutside, OutsideError, type OutsideLimits } from '../src/outside.ts';

/** A page at 127.0.0.1 that the operator permits, and at the same port of 127.0.0.2 what nobody may touch. */
let port: number;
let page: http.Server;
let canary: net.Server;
let touched = 0;
let answer: http.RequestListener;
let asked: { url: string; headers: http.IncomingHttpHeaders }[] = [];

const mine = ['127.0.0.1/32'];

beforeAll(async () => {
  page = http.createServer((request, response) => {
    asked.push({ url: request.url ?? '', headers: request.headers });
    answer(request, response);
  });
  port = await listening(page, 0, '127.0.0.1');
  canary = net.createServer((socket) => {
    touched += 1;
    socket.on('error', () => {});
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret');
  });
  await listening(canary, port, '127.0.0.2');
});
afterAll(() => {
  page.closeAllConnections();
  page.close();
  canary.close();
});
beforeEach(() => {
  asked = [];
  answer = (_request, response) => response.end('hello');
});

function listening(server: net.Server, at: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, host, () => resolve((server.address() as net.AddressInfo).port));
  });
}

const limits = (change: Partial<OutsideLimits> = {}): OutsideLimits => ({
  timeout: 2_000,
  bytes: 100_000,
  redirects: 3,
  allow: mine,
  ...change,
});

/** Answers every name with the same addresses. */
const saying =
  (...addresses: string[]) =>
  async () =>
    addresses;

/** The code of the refusal, or the body of what was fetched. */
async function tried(url: string, change: Partial<OutsideLimits> = {}): Promise<string> {
  try {
    const { bytes } = await fetchOutside(url, limits(change));
    return `fetched: ${new TextDecoder().decode(bytes)}`;
  } catch (error) {
    if (!(error instanceof OutsideError)) throw error;
    return error.code;
  }
}

describe('what is not public', () => {
  test('can be reached by nothing but the canary’s own owner', async () => {
    const allow = ['127.0.0.0/8'];
    expect(await tried(`http://127.0.0.2:${port}/`, { allow })).toBe('fetched: secret');
    expect(touched).toBe(1);
  });

  test.each([
    '127.0.0.2',
    '0',
    '0.0.0.0',
    '127.2',
    '2130706434',
    '0x7f000002',
    '0x7f.2',
    '0177.0.0.2',
    '127.0.0.2.',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.2]',
    '[::ffff:10.0.0.1]',
    '[::127.0.0.2]',
    '[64:ff9b::127.0.0.2]',
    '[64:ff9b::a00:1]',
    '[64:ff9b:1::a00:1]',
    '[2002:7f00:2::]',
    '[2002:808:808::1]',
    '[2001:0:4136:e378:8000:63bf:3fff:fdd2]',
    '[2001:db8::1]',
    '[2001:2::1]',
    '[100::1]',
    '[4000::1]',
    '[fd00::1]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '100.64.0.1',
    '169.254.169.254',
    '192.0.0.8',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '127。0。0。2',
    '127．0．0．2',
    '①②⑦.⓪.⓪.②',
    '%31%32%37.0.0.2',
  ])('is refused as %s', async (host) => {
    expect(await tried(`http://${host}:${port}/`)).toBe('not_public');
    expect(await tried(`https://${host}/`)).toBe('not_public');
  });

  test.each(['localhost', 'metadata.google.internal', 'instance-data', 'a.example'])(
    'is refused behind the name %s',
    async (name) => {
      expect(await tried(`http://${name}:${port}/`, { resolve: saying('127.0.0.2') })).toBe('not_public');
      expect(await tried(`http://${name}/`, { resolve: saying('169.254.169.254') })).toBe('not_public');
    },
  );

  test('is refused behind localhost as this machine knows it', async () => {
    expect(await tried(`http://localhost:${port}/`, { allow: [] })).toBe('not_public');
  });

  test.each([
    [['93.184.216.34', '127.0.0.2']],
    [['93.184.216.34', '::1']],
    [['2606:2800:220:1:248:1893:25c8:1946', '10.0.0.1']],
    [['2606:2800:220:1:248:1893:25c8:1946', '::ffff:127.0.0.2']],
    [['127.0.0.1', '127.0.0.2']],
    [['127.0.0.1', 'not an address']],
  ])('is refused when it is one of several answers: %j', async (answers) => {
    expect(await tried(`http://two.example:${port}/`, { resolve: saying(...answers) })).toBe('not_public');
    expect(asked).toEqual([]);
  });

  test.each([
    [`http://127.0.0.2:1/`, 'not_public'],
    ['//127.0.0.2/', 'not_public'],
    ['http://[::1]/', 'not_public'],
    ['http://inner.example/', 'not_public'],
    ['http://me@93.184.216.34/', 'bad_address'],
    ['gopher://127.0.0.2/', 'bad_address'],
    ['file:///etc/passwd', 'bad_address'],
    ['http://93.184.216.34:5432/', 'bad_address'],
  ])('is refused when a redirect leads to %s', async (location, code) => {
    const there = location.replace(':1/', `:${port}/`);
    answer = (_request, response) => response.writeHead(302, { location: there }).end();
    const resolve = async (name: string) => (name === 'a.example' ? ['127.0.0.1'] : ['10.0.0.1']);
    expect(await tried(`http://a.example:${port}/`, { resolve })).toBe(code);
    expect(asked).toHaveLength(1);
  });

  test('is never reached by a name that changes its answer', async () => {
    let calls = 0;
    const resolve = async () => (++calls % 2 === 1 ? ['127.0.0.1'] : ['127.0.0.2']);
    const seen = new Map<string, number>();
    for (let round = 0; round < 50; round += 1) {
      const batch = Array.from({ length: 20 }, () => tried(`http://turning.example:${port}/`, { resolve }));
      for (const what of await Promise.all(batch)) seen.set(what, (seen.get(what) ?? 0) + 1);
    }
    expect(Object.fromEntries(seen)).toEqual({ 'fetched: hello': 500, not_public: 500 });
    // One question for each: a second one could have had another answer.
    expect([calls, asked.length]).toEqual([1_000, 500]);
  }, 20_000);

  test('was touched by nobody else in all of this', () => {
    expect(touched).toBe(1);
  });
});

test('the connection goes to the checked address, whatever the system calls the name', async () => {
  let away = 0;
  const elsewhere = net.createServer((socket) => {
    away += 1;
    socket.destroy();
  });
  const there = http.createServer((request, response) => response.end(request.headers.host));
  const free = await listening(elsewhere, 0, '127.0.0.1');
  await listening(there, free, '127.0.0.2');
  const change = { allow: ['127.0.0.2/32'], resolve: saying('127.0.0.2') };
  for (const name of ['localhost', 'no-such-name.invalid']) {
    expect(await tried(`http://${name}:${free}/`, change)).toBe(`fetched: ${name}:${free}`);
  }
  expect(away).toBe(0);
  elsewhere.close();
  there.close();
});

describe('an address', () => {
  test.each([
    ['a name and a password', `http://me:word@127.0.0.1:PORT/`],
    ['a name alone', `http://127.0.0.1:PORT@127.0.0.2:PORT/`],
    ['another scheme', 'gopher://127.0.0.1:PORT/'],
    ['ftp', 'ftp://127.0.0.1:PORT/'],
    ['a file', 'file:///etc/passwd'],
    ['data', 'data:text/html,hello'],
    ['no scheme', '127.0.0.1:PORT/'],
    ['a line break', 'http://127.0.0.1:PORT/\r\nX-Injected: 1'],
    ['a line break in the host', 'http://127.0.0.1\r\n.example/'],
    ['a tab', 'http://127.0.\t0.1:PORT/'],
    ['a backslash', 'http://127.0.0.1:PORT\\@a.example/'],
    ['no host', 'http://'],
    ['a broken host', 'http://[::1/'],
    ['a port that is none', 'http://127.0.0.1:99999/'],
    ['too many characters', `http://127.0.0.1:PORT/${'x'.repeat(2_048)}`],
  ])('with %s is refused before anything is asked', async (_what, url) => {
    const resolve = () => Promise.reject(new Error('asked'));
    expect(await tried(url.replaceAll('PORT', String(port)), { resolve })).toBe('bad_address');
    expect(asked).toEqual([]);
  });

  test.each([5432, 22, 8080, 3000, 6379, 1])('at port %d is refused where it is public', async (other) => {
    const change = { resolve: saying('93.184.216.34') };
    expect(await tried(`http://a.example:${other}/`, change)).toBe('bad_address');
    expect(await tried(`https://93.184.216.34:${other}/`)).toBe('bad_address');
  });

  test('whose # hides a name leads where it says, and the rest is not sent', async () => {
    const { url } = await fetchOutside(`http://127.0.0.1:${port}/a?b#@127.0.0.2/`, limits());
    expect([url, asked[0]?.url]).toEqual([`http://127.0.0.1:${port}/a?b`, '/a?b']);
  });

  test.each([
    ['has no answer', []],
    ['does not exist', null],
  ])('whose name %s is not found', async (_what, answers) => {
    const gone = Object.assign(new Error('no'), { code: 'ENOTFOUND' });
    const resolve = async () => answers ?? Promise.reject(gone);
    expect(await tried('https://a.example/', { resolve })).toBe('not_found_name');
  });

  test('whose name cannot be looked up is told from one that is not there', async () => {
    const resolve = () => Promise.reject(Object.assign(new Error('no'), { code: 'ESERVFAIL' }));
    expect(await tried('https://a.example/', { resolve })).toBe('unreachable');
    expect(await tried('https://no-such-name.invalid/')).toBe('not_found_name');
  });
});

describe('an answer', () => {
  test('comes with its status, its kind and where it was found in the end', async () => {
    answer = ({ url }, response) => {
      if (url === '/') response.writeHead(301, { location: '/b?c' }).end('moved');
      else if (url === '/b?c') response.writeHead(307, { location: `//b.example:${port}/d#e` }).end();
      else response.writeHead(404, { 'content-type': 'Text/HTML; charset=utf-8' }).end('gone');
    };
    const found = await fetchOutside(`http://a.example:${port}/`, limits({ resolve: saying('127.0.0.1') }));
    expect({ ...found, bytes: String(found.bytes) }).toEqual({
      status: 404,
      url: `http://b.example:${port}/d`,
      mime: 'text/html',
      bytes: 'gone',
    });
    expect(asked.map(({ headers }) => headers.host)).toEqual([
      `a.example:${port}`,
      `a.example:${port}`,
      `b.example:${port}`,
    ]);
  });

  test('is asked for plainly, without cookies', async () => {
    answer = ({ url }, response) => {
      response.setHeader('set-cookie', 'a=b; Path=/');
      if (url === '/') response.writeHead(302, { location: '/next' });
      response.end();
    };
    await fetchOutside(`http://127.0.0.1:${port}/`, limits());
    await fetchOutside(`http://127.0.0.1:${port}/`, limits());
    expect(asked).toHaveLength(4);
    for (const { headers } of asked) {
      expect(headers).toMatchObject({
        'user-agent': 'Outpost (+link preview)',
        'accept-encoding': 'identity',
      });
      expect(Object.keys(headers).sort()).toEqual(['accept', 'accept-encoding', 'host', 'user-agent']);
    }
  });

  test('that leads on and on is left', async () => {
    answer = ({ url }, response) => response.writeHead(302, { location: `${url}x` }).end();
    expect(await tried(`http://127.0.0.1:${port}/`)).toBe('too_many_redirects');
    expect(asked).toHaveLength(4);
    expect(await tried(`http://127.0.0.1:${port}/`, { redirects: 0 })).toBe('too_many_redirects');
    expect(asked).toHaveLength(5);
  });

  test.each([302, 304])('of status %d without a further address is the answer', async (status) => {
    answer = (_request, response) => response.writeHead(status).end();
    expect((await fetchOutside(`http://127.0.0.1:${port}/`, limits())).status).toBe(status);
  });

  test('may be as long as the limit, and no longer', async () => {
    const url = `http://127.0.0.1:${port}/`;
    for (const chunked of [false, true]) {
      answer = (_request, response) => {
        if (!chunked) response.setHeader('content-length', 5_000);
        response.write('x'.repeat(2_000));
        response.end('x'.repeat(3_000));
      };
      expect(await tried(url, { bytes: 5_000 })).toBe(`fetched: ${'x'.repeat(5_000)}`);
      expect(await tried(url, { bytes: 4_999 })).toBe('too_large');
      expect(await tried(url, { bytes: 1_234, over: 'cut' })).toBe(`fetched: ${'x'.repeat(1_234)}`);
    }
  });

  test('without an end is left at the limit', async () => {
    let closed = 0;
    answer = (_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more).on('close', () => {
        closed += 1;
      });
      more();
    };
    expect(await tried(`http://127.0.0.1:${port}/`)).toBe('too_large');
    expect(await tried(`http://127.0.0.1:${port}/`, { over: 'cut' })).toHaveLength(
      100_000 + 'fetched: '.length,
    );
    for (let wait = 0; closed < 2 && wait < 100; wait += 1) await Bun.sleep(20);
    expect(closed).toBe(2);
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('that is packed all the same (%s) is unpacked up to the limit', async (coding, pack) => {
    const send = (bytes: Uint8Array) => {
      answer = (_request, response) => response.writeHead(200, { 'content-encoding': coding }).end(bytes);
    };
    send(pack(Buffer.from('<title>small</title>')));
    expect(await tried(`http://127.0.0.1:${port}/`)).toBe('fetched: <title>small</title>');
    const bomb = pack(Buffer.alloc(50_000_000, 'x'));
    expect(bomb.length).toBeLessThan(100_000);
    send(bomb);
    expect(await tried(`http://127.0.0.1:${port}/`)).toBe('too_large');
    expect(await tried(`http://127.0.0.1:${port}/`, { over: 'cut' })).toBe(`fetched: ${'x'.repeat(100_000)}`);
    send(bomb.subarray(0, 10));
    expect(await tried(`http://127.0.0.1:${port}/`)).toBe('unreachable');
  });

  test('that unpacks without an end is left', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      const packer = createGzip();
      const zeros = Buffer.alloc(1_000_000);
      const more = () => {
        while (!response.destroyed && packer.write(zeros));
      };
      packer.on('drain', more).pipe(response);
      response.on('close', () => packer.destroy());
      more();
    };
    expect(await tried(`http://127.0.0.1:${port}/`)).toBe('too_large');
  });

  test('packed in a way that is not known cannot be read', async () => {
    answer = (_request, response) => response.writeHead(200, { 'content-encoding': 'zstd' }).end('?');
    expect(await tried(`http://127.0.0.1:${port}/`)).toBe('unreachable');
  });

  test('that comes too slowly ends the whole, wherever the time went', async () => {
    const slow: http.RequestListener[] = [
      () => {},
      (_request, response) => {
        const drip = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(drip));
      },
      ({ url }, response) => {
        setTimeout(() => response.writeHead(302, { location: `${url}x` }).end(), 150);
      },
    ];
    for (const one of slow) {
      answer = one;
      const begun = performance.now();
      expect(await tried(`http://127.0.0.1:${port}/`, { timeout: 300, redirects: 9 })).toBe('too_slow');
      expect(performance.now() - begun).toBeLessThan(1_500);
    }
    const never = () => new Promise<string[]>(() => {});
    expect(await tried('http://a.example/', { timeout: 100, resolve: never })).toBe('too_slow');
  });

  test('that breaks off, or is none, cannot be read', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('x', () => response.destroy());
    };
    expect(await tried(`http://127.0.0.1:${port}/`)).toBe('unreachable');
    answer = ({ socket }) => socket.destroy();
    expect(await tried(`http://127.0.0.1:${port}/`)).toBe('unreachable');
    answer = ({ socket }) => socket.end('SSH-2.0-secret\r\n');
    expect(await tried(`http://127.0.0.1:${port}/`)).toBe('unreachable');
  });

  test('is never quoted in a refusal, and neither is the address', async () => {
    const answers: http.RequestListener[] = [
      (_request, response) => response.writeHead(302, { location: 'http://10.0.0.1/canary-word' }).end(),
      (_request, response) => response.writeHead(302, { location: 'canary-word://x' }).end(),
      (_request, response) => response.end('canary-word'.repeat(20_000)),
      ({ socket }) => socket.end('canary-word\r\n\r\n'),
    ];
    for (const one of answers) {
      answer = one;
      const error = await fetchOutside(`http://127.0.0.1:${port}/canary-word`, limits()).catch((it) => it);
      expect(error).toBeInstanceOf(OutsideError);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary-word');
      expect(error.message).toMatch(/^[A-Z].*\.$/);
    }
  });

  test('of the second address is taken where the first gives none', async () => {
    const change = { allow: ['127.0.0.0/8'], resolve: saying('127.0.0.3', '127.0.0.1') };
    expect(await tried(`http://a.example:${port}/`, change)).toBe('fetched: hello');
  });
});

/** Made for page.invalid alone, good until 2120. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/BLWySPU4lUjp6S3
TDXQ84SG7VF9nWWvgHNVd8l/tK6hRANCAAR1TOAnMn+6i49B+RkBUUtHvs3E/fiz
mPKzrE3pGGTWbyAnwNFUllUr2YYDrdltx0SvB4FKZ8ENUNFIxEnmU9iH
-----END PRIVATE KEY-----
`;
const cert = `-----BEGIN CERTIFICATE-----
MIIBajCCARCgAwIBAgIBATAKBggqhkjOPQQDAjAXMRUwEwYDVQQDDAxwYWdlLmlu
dmFsaWQwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBcxFTATBgNV
BAMMDHBhZ2UuaW52YWxpZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHVM4Ccy
f7qLj0H5GQFRS0e+zcT9+LOY8rOsTekYZNZvICfA0VSWVSvZhgOt2W3HRK8HgUpn
wQ1Q0UjESeZT2IejSzBJMBcGA1UdEQQQMA6CDHBhZ2UuaW52YWxpZDAPBgNVHRMB
Af8EBTADAQH/MB0GA1UdDgQWBBTRXvHDW0B4955ld7qQWuhdfzVW7jAKBggqhkjO
PQQDAgNIADBFAiBlBqGoA/atPmtzg13H83s59gPnRcl5kQLz+GITkK6nOAIhAL0L
j53liZhzzqJ2KNVXuRrc83OzcuCx7PP2vxcYCCoF
-----END CERTIFICATE-----
`;

test('over https the certificate is that of the name, though the connection goes to an address', async () => {
  const names: unknown[] = [];
  const heads: string[] = [];
  const server = tls.createServer({ key, cert }, (socket) => {
    names.push((socket as tls.TLSSocket & { servername?: unknown }).servername);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      heads.push(String(data));
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    });
  });
  const at = await listening(server, 0, '127.0.0.1');
  const folder = await mkdtemp(join(tmpdir(), 'outpost-outside-'));
  await Bun.write(join(folder, 'cert.pem'), cert);
  const script = `
    import { fetchOutside } from ${JSON.stringify(join(import.meta.dir, '../src/outside.ts'))};
    const limits = { timeout: 3000, bytes: 99, redirects: 0, allow: ['127.0.0.1/32'], resolve: async () => ['127.0.0.1'] };
    const codes = [];
    for (const host of ['page.invalid', 'page.invalid.', 'other.invalid', '127.0.0.1']) {
      codes.push(await fetchOutside('https://' + host + ':${at}/x', limits).then(({ status }) => status, ({ code }) => code));
    }
    console.log(JSON.stringify(codes));`;
  const trusting = Bun.spawn([process.execPath, '-e', script], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') },
    stdout: 'pipe',
  });
  expect(JSON.parse(await new Response(trusting.stdout).text())).toEqual([
    200,
    200,
    'unreachable',
    'unreachable',
  ]);
  expect(names).toEqual(['page.invalid', 'page.invalid']);
  expect(heads[0]).toMatch(new RegExp(`^GET /x HTTP/1.1\r\n[^]*host: page.invalid:${at}\r\n`, 'i'));
  // This process does not know the certificate.
  expect(await tried(`https://page.invalid:${at}/`, { resolve: saying('127.0.0.1') })).toBe('unreachable');
  server.close();
  await rm(folder, { recursive: true });
});

describe('OUTPOST_OUTSIDE_ALLOW', () => {
  test('is a list of networks, empty by default', () => {
    expect(readConfig({}).outsideAllow).toEqual([]);
    const OUTPOST_OUTSIDE_ALLOW = '10.1.0.0/16, fd00::/8';
    expect(readConfig({ OUTPOST_OUTSIDE_ALLOW }).outsideAllow).toEqual(['10.1.0.0/16', 'fd00::/8']);
  });

  test.each(['0.0.0.0/0', '10.0.0.0/7', '::/0', '10.0.0.1', 'localhost', '10.0.0.0/16,', '10.0.0.0/33'])(
    'as %j stops the start',
    (OUTPOST_OUTSIDE_ALLOW) => {
      expect(() => readConfig({ OUTPOST_OUTSIDE_ALLOW })).toThrow(/^OUTPOST_OUTSIDE_ALLOW must be networks/);
    },
  );
});

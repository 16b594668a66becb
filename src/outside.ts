import { lookup } from 'node:dns/promises';
import { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import ipaddr from 'ipaddr.js';

export type OutsideCode =
  | 'bad_address'
  | 'not_public'
  | 'unreachable'
  | 'too_slow'
  | 'too_large'
  | 'too_many_redirects'
  | 'not_found_name';

/** Why an address was not fetched, in plain words; they hold neither the address nor anything of an answer. */
export class OutsideError extends Error {
  override readonly name = 'OutsideError';

  constructor(
    readonly code: OutsideCode,
    message: string,
  ) {
    super(message);
  }
}

export interface OutsideLimits {
  /** Milliseconds for everything together: names, connections, redirects and the body. */
  timeout: number;
  /** Most bytes of the body, after it is unpacked. */
  bytes: number;
  /** What is done with a longer body; `cut` answers its beginning. Default: refuse. */
  over?: 'refuse' | 'cut';
  /** How many redirects are followed. */
  redirects: number;
  /** CIDRs that may be reached although they are not public, on any port: the operator's, never a user's. */
  allow: readonly string[];
  /** Every address of a name; rejects or answers none where there is none. Default: the system's. */
  resolve?: (name: string) => Promise<readonly string[]>;
}

export interface OutsideAnswer {
  /** Any HTTP status. */
  status: number;
  /** Where the last redirect led, without its fragment. */
  url: string;
  /** Without parameters, in lower case; '' when the answer names none. */
  mime: string;
  bytes: Uint8Array;
}

type Ip = ReturnType<typeof ipaddr.parse>;

const longest = 2048;
/** Connections that are tried for one address with several answers. */
const tries = 2;
/** '' is the one of the scheme. */
const ports = ['', '443', '80'];
const redirecting = new Set([301, 302, 303, 307, 308]);
const globalV6: [Ip, number] = [ipaddr.parse('2000::'), 3];
const nat64: [Ip, number] = [ipaddr.parse('64:ff9b::'), 96];

/**
 * Gets an address that somebody named; the only way to fetch one. Its name is resolved once, every answer must be public
 * (or permitted by the operator), and the connection goes to the answer that was checked: asking the name again could
 * lead elsewhere. The same holds for each redirect. No cookies, no credentials, no reuse of connections.
 * Throws {@link OutsideError}.
 */
export async function fetchOutside(address: string, limits: OutsideLimits): Promise<OutsideAnswer> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), limits.timeout);
  const late = new Promise<never>((_, reject) => {
    abort.signal.addEventListener('abort', () => {
      reject(new OutsideError('too_slow', 'It did not answer in time.'));
    });
  });
  try {
    return await Promise.race([follow(address, limits, abort.signal), late]);
  } finally {
    clearTimeout(timer);
    // Whatever still runs, a name server or a body that was cut, ends with it.
    abort.abort();
  }
}

async function follow(address: string, limits: OutsideLimits, signal: AbortSignal): Promise<OutsideAnswer> {
  let url = addressOf(address);
  for (let followed = 0; ; followed += 1) {
    const response = await ask(url, await placesOf(url, limits), signal);
    const location = response.headers.get('location');
    if (!redirecting.has(response.status) || location === null) {
      const mime = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
      const bytes = await bodyOf(response, limits);
      return { status: response.status, url: url.href, mime: mime.trim().toLowerCase(), bytes };
    }
    await response.body?.cancel();
    if (followed >= limits.redirects) {
      throw new OutsideError('too_many_redirects', 'It leads from one address to the next without an end.');
    }
    url = addressOf(location, url);
  }
}

function addressOf(text: string, base?: URL): URL {
  const bad = (message: string) => new OutsideError('bad_address', message);
  // The parser drops line breaks and turns a backslash round: then it reads another address than a person does.
  if (text.length > longest || /[\s\p{Cc}\p{Cs}\\]/u.test(text)) {
    throw bad('This is no address of the web: it is too long, or has characters that no address has.');
  }
  let url: URL;
  try {
    url = new URL(text, base);
  } catch {
    throw bad('This is no address of the web.');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw bad('An address must start with https:// or http://.');
  }
  if (url.username !== '' || url.password !== '') throw bad('An address may not hold a name or a password.');
  url.hash = '';
  return url;
}

/** The addresses that a connection may go to. Throws where one answer of several is not public: it is a trap, or none. */
async function placesOf(url: URL, { allow, resolve = resolved }: OutsideLimits): Promise<Ip[]> {
  const name = nameOf(url);
  const answers = ipaddr.isValid(name)
    ? [name]
    : await resolve(name).catch((error: { code?: unknown } | null): readonly string[] => {
        if (error?.code !== 'ENOTFOUND' && error?.code !== 'ENODATA') {
          throw unreachable('Its name cannot be looked up at this moment.');
        }
        return [];
      });
  if (answers.length === 0) throw new OutsideError('not_found_name', 'There is no such name.');
  const places = answers.map((answer) => {
    const ip = ipaddr.isValid(answer) ? ipaddr.process(answer) : null;
    const permitted = ip !== null && allow.some((cidr) => within(ip, ipaddr.parseCIDR(cidr)));
    if (ip === null || !(permitted || isPublic(ip))) {
      throw new OutsideError('not_public', 'It is not an address of the public internet.');
    }
    return { ip, permitted };
  });
  if (!ports.includes(url.port) && !places.every(({ permitted }) => permitted)) {
    throw new OutsideError('bad_address', 'An address may use the ports 443 and 80 only.');
  }
  // Machines without IPv6 still get such answers.
  return places.map(({ ip }) => ip).sort((a, b) => Number(a.kind() === 'ipv6') - Number(b.kind() === 'ipv6'));
}

async function resolved(name: string): Promise<string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

/** The host without brackets and without the dot of the root. */
function nameOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

/** Whether the whole internet reaches it. What carries an IPv4 address inside is judged by that one. */
function isPublic(ip: Ip): boolean {
  if (ip.kind() === 'ipv6' && within(ip, nat64)) {
    return isPublic(ipaddr.fromByteArray(ip.toByteArray().slice(12)));
  }
  // 6to4 and Teredo have ranges of their own and are refused whole; nothing outside of 2000::/3 is handed out.
  return ip.range() === 'unicast' && (ip.kind() === 'ipv4' || within(ip, globalV6));
}

function within(ip: Ip, cidr: [Ip, number]): boolean {
  return ip.kind() === cidr[0].kind() && ip.match(cidr);
}

async function ask(url: URL, places: readonly Ip[], signal: AbortSignal): Promise<Response> {
  const name = nameOf(url);
  for (const place of places.slice(0, tries)) {
    const host = place.kind() === 'ipv6' ? `[${place}]` : `${place}`;
    const port = url.port === '' ? '' : `:${url.port}`;
    try {
      // Written anew: to set the host of a URL may fail without a word, and the name would be asked again.
      return await fetch(`${url.protocol}//${host}${port}${url.pathname}${url.search}`, {
        headers: {
          host: url.host,
          'user-agent': 'Outpost (+link preview)',
          'accept-encoding': 'identity',
        },
        redirect: 'manual',
        keepalive: false,
        // Unpacked by us, so that the limit counts what comes out.
        decompress: false,
        ...(url.protocol === 'https:' && !ipaddr.isValid(name) && { tls: { serverName: name } }),
        signal,
      });
    } catch {
      // Bun's error holds the address; the next one of the name may be better.
    }
  }
  throw unreachable('No connection to it could be made.');
}

const unpackers: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

async function bodyOf(response: Response, { bytes, over = 'refuse' }: OutsideLimits): Promise<Uint8Array> {
  const coding = (response.headers.get('content-encoding') ?? '').trim().toLowerCase() || 'identity';
  const parts: Uint8Array[] = [];
  let left = bytes;
  try {
    for await (const part of unpacked(response, coding)) {
      parts.push(part.subarray(0, left));
      left -= part.length;
      if (left < 0) break;
    }
  } catch (error) {
    throw error instanceof OutsideError ? error : unreachable('Its answer broke off or cannot be read.');
  }
  if (left < 0 && over === 'refuse') throw new OutsideError('too_large', 'What it answers is too large.');
  return Buffer.concat(parts);
}

/** Some servers pack what was asked for plain. Unpacked as it is read: what a small answer holds may be endless. */
function unpacked(response: Response, coding: string): AsyncIterable<Uint8Array> {
  const body = response.body ?? new ReadableStream<Uint8Array>({ start: (empty) => empty.close() });
  if (coding === 'identity') return body;
  const unpack = Object.hasOwn(unpackers, coding) ? unpackers[coding] : undefined;
  if (!unpack) throw unreachable('Its answer is packed in a way that nobody asked for.');
  const stream = unpack();
  const packed = Readable.from(body);
  packed.on('error', (error) => stream.destroy(error));
  return packed.pipe(stream);
}

function unreachable(message: string): OutsideError {
  return new OutsideError('unreachable', message);
}

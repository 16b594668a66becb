import { NetworkError } from './error.ts';
import type { MediaItem } from './message.ts';
import type { Access } from './network.ts';

/** Bytes of an answer that are read; the APIs answer in a few kilobytes. */
const answerMost = 1_048_576;

/** Where the deadlines of a request come from. */
export type Deadlines = Pick<Access<unknown>, 'timeout' | 'connect' | 'signal'>;

export interface Body {
  contentType: string;
  /** Bytes; null: not known, the body is sent in chunks. */
  length: number | null;
  chunks: AsyncIterable<Uint8Array>;
}

export interface Answer {
  /** Any HTTP status; redirects are not followed. */
  status: number;
  text: string;
}

/**
 * The one place where a write leaves: one request on a fresh connection, no retry, no redirect, the answer read to its
 * end (at most 1 MB) under the same deadline. Throws {@link NetworkError}: `not_sent` when no byte of the body was
 * handed to a connection, else `unknown`. No message holds the address, since a bot token stands in its path.
 */
export async function post(url: string, body: Body, deadlines: Deadlines): Promise<Answer> {
  const { status, bytes } = await exchange(url, deadlines, answerMost, body);
  return { status, text: new TextDecoder().decode(bytes) };
}

/** Reads a file of at most `most` bytes. Throws {@link NetworkError}. */
export async function download(
  url: string,
  most: number,
  deadlines: Deadlines,
): Promise<{ status: number; bytes: Uint8Array; mime: string }> {
  return exchange(url, deadlines, most);
}

/** Whether anything answers at `url` and is not in trouble itself (below 500). Never throws. */
export async function reachable(url: string, timeout: number): Promise<boolean> {
  try {
    return (await exchange(url, { timeout }, answerMost)).status < 500;
  } catch {
    return false;
  }
}

/** A form as VK and most others take it. */
export function formBody(fields: Readonly<Record<string, string>>): Body {
  const bytes = new TextEncoder().encode(new URLSearchParams(fields).toString());
  return {
    contentType: 'application/x-www-form-urlencoded',
    length: bytes.length,
    chunks: (async function* () {
      yield bytes;
    })(),
  };
}

/** One file in one multipart field, opened now and read while it is sent. Throws what {@link bytesOf} throws. */
export async function fileBody(field: string, item: MediaItem): Promise<Body> {
  const boundary = `outpost${crypto.randomUUID()}`;
  const bytes = await bytesOf(item);
  const head = new TextEncoder().encode(
    `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${quoted(fileName(item))}"\r\n` +
      `Content-Type: ${item.mime}\r\n\r\n`,
  );
  const tail = new TextEncoder().encode(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length: head.length + bytes.size + tail.length,
    chunks: (async function* () {
      yield head;
      yield* bytes.stream();
      yield tail;
    })(),
  };
}

/**
 * The bytes of an item, looked for before a send starts: a file that is lost or has another size than was kept throws
 * {@link NetworkError} `rejected` with `media_missing`. Each `stream()` reads from the start.
 */
export async function bytesOf(
  item: MediaItem,
): Promise<{ size: number; stream(): ReadableStream<Uint8Array> }> {
  const bytes = await item.open().catch(() => null);
  if (bytes === null || bytes.size !== item.size) {
    throw new NetworkError('rejected', {
      code: 'media_missing',
      message: 'A file of this post cannot be read from the storage.',
      nextStep: 'Upload the file again and put it into the post.',
    });
  }
  return bytes;
}

const extensions: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'video/mp4': 'mp4',
  'video/quicktime': 'mov',
  'video/webm': 'webm',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/ogg': 'ogg',
};

/** What the network is told as the file's name: the owner's own where people see it, else `<kind>.<extension>`. */
export function fileName(item: MediaItem): string {
  const shown = item.kind === 'document' || item.kind === 'audio';
  return (shown && item.name) || `${item.kind}.${extensions[item.mime] ?? 'bin'}`;
}

/** As browsers write a file name into a form. */
function quoted(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

async function exchange(url: string, deadlines: Deadlines, most: number, body?: Body) {
  const abort = new AbortController();
  let ended: 'deadline' | 'connect' | 'caller' | null = null;
  const end = (why: 'deadline' | 'connect' | 'caller') => {
    ended ??= why;
    abort.abort();
  };
  const onCaller = () => end('caller');
  const whole = setTimeout(() => end('deadline'), deadlines.timeout);
  const connect = setTimeout(() => end('connect'), deadlines.connect ?? deadlines.timeout);
  deadlines.signal?.addEventListener('abort', onCaller);
  if (deadlines.signal?.aborted) onCaller();
  // A GET has no body to watch: its failure is told by the error's name alone.
  const sending = { begun: body === undefined };
  if (body === undefined) clearTimeout(connect);
  try {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      ...(body && {
        headers: {
          'content-type': body.contentType,
          ...(body.length !== null && { 'content-length': String(body.length) }),
        },
        body: watched(body.chunks, () => {
          // After the end nothing may leave any more: what is called not sent stays not sent.
          if (ended !== null) throw new Error('too late');
          sending.begun = true;
          clearTimeout(connect);
        }),
      }),
      redirect: 'manual',
      keepalive: false,
      signal: abort.signal,
    });
    const mime = (response.headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
    return { status: response.status, mime, bytes: await readAtMost(response, most) };
  } catch (error) {
    throw error instanceof NetworkError ? error : failure(error, sending.begun, body === undefined, ended);
  } finally {
    clearTimeout(whole);
    clearTimeout(connect);
    deadlines.signal?.removeEventListener('abort', onCaller);
  }
}

/**
 * Bun takes the first chunk of a stream only when the connection stands and TLS is verified. With nothing buffered
 * ahead, "never asked for a chunk" is proof that no request can have arrived.
 */
function watched(chunks: AsyncIterable<Uint8Array>, onFirst: () => void): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let first = true;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (first) onFirst();
        first = false;
        const next = await iterator.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

async function readAtMost(response: Response, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > most) {
      throw new NetworkError('unknown', {
        code: 'answer_too_large',
        message: 'The network answered with far more than expected.',
        httpStatus: response.status,
      });
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}

const unresolved = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'ENODATA', 'ESERVFAIL', 'ETIMEOUT']);
const unconnected = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL']);
const untrusted = /CERT|TLS|SSL|EPROTO|SIGNATURE/;

/** Names a failed request without keeping the error: Bun's carry the address. */
function failure(
  error: unknown,
  begun: boolean,
  read: boolean,
  ended: 'deadline' | 'connect' | 'caller' | null,
): NetworkError {
  const named = (error as { code?: unknown } | null)?.code;
  const code =
    ended === 'caller'
      ? 'ABORTED'
      : ended !== null
        ? 'ETIMEDOUT'
        : typeof named === 'string' && /^[A-Z_]{2,60}$/.test(named)
          ? named
          : 'FAILED';
  const provable = unresolved.has(code) || unconnected.has(code) || untrusted.test(code);
  if (!begun || (read && provable)) {
    const message = unresolved.has(code)
      ? 'The address of the network could not be found.'
      : untrusted.test(code)
        ? 'No safe connection to the network could be made: its certificate or TLS answer is wrong.'
        : 'No connection to the network could be made.';
    return new NetworkError('not_sent', { code, message });
  }
  return new NetworkError('unknown', {
    code,
    message:
      ended !== null
        ? 'The network did not answer in time.'
        : 'The connection to the network broke before an answer came.',
  });
}

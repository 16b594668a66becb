import { hkdfSync } from 'node:crypto';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { equalInConstantTime, hmacSha256 } from '../crypto.ts';
import { AppError } from '../errors.ts';

/** The query of a signed address. Anything may stand there: what is not ours is answered as not there. */
export const SignedQuery = v.looseObject({
  expires: v.optional(v.string()),
  signature: v.optional(v.string()),
});
export type SignedQuery = v.InferOutput<typeof SignedQuery>;

/** An address that opens one file for a short while, for whoever holds it: what an `<img>` needs. */
export interface SignedUrl {
  url: string;
  expiresAt: Date;
}

/**
 * Signs a path of ours (`/media/<id>`) for `durations.mediaUrl` at most. The moment is rounded down to thirds of that,
 * so that a list that is asked twice names the same addresses and a browser need not load them again.
 */
export function signedUrl(ctx: Pick<Context, 'config' | 'masterKey'>, path: string): SignedUrl {
  const life = ctx.config.durations.mediaUrl;
  const step = Math.max(1, Math.floor(life / 3));
  const expires = Math.floor(Date.now() / step) * step + life;
  const query = `expires=${expires}&signature=${signature(ctx, path, String(expires))}`;
  return { url: `${ctx.config.publicUrl}${path}?${query}`, expiresAt: new Date(expires) };
}

/**
 * Lets pass what {@link signedUrl} signed. Throws `not_found` for anything else, `expired` when its time is over;
 * answers the milliseconds that are left.
 */
export function checkSignature(
  ctx: Pick<Context, 'config' | 'masterKey'>,
  path: string,
  query: SignedQuery,
): number {
  const { expires = '', signature: given = '' } = query;
  if (!/^\d{1,16}$/.test(expires) || !equalInConstantTime(given, signature(ctx, path, expires))) {
    throw new AppError('not_found', 'There is nothing at this address.');
  }
  const left = Number(expires) - Date.now();
  if (left <= 0)
    throw new AppError('expired', 'This address has expired: ask for the file again to get a new one.');
  return left;
}

/**
 * The signed address of a file for a network to fetch; null when this installation cannot be reached from outside, so
 * that nobody is sent to a door that is not there.
 */
export function publicMediaUrl(ctx: Pick<Context, 'config' | 'masterKey'>, id: string): string | null {
  return isOutside(ctx.config.publicUrl) ? signedUrl(ctx, `/media/${id}`).url : null;
}

/** Whether a network may be expected to reach this address: https, and no name or number of an inner network. */
export function isOutside(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  const inside =
    /^(localhost|.*\.(local|internal|lan|test)|127\..*|10\..*|192\.168\..*|172\.(1[6-9]|2\d|3[01])\..*|\[.*\])$/.test(
      hostname,
    );
  return protocol === 'https:' && !inside;
}

/** A file behind a signed address. */
export interface Served {
  /** Its key in the store. */
  key: string;
  /** As a browser would save it. */
  name: string;
  /** null: it is only to be saved, never shown. */
  mime: string | null;
  /** Milliseconds that its address still holds. */
  left: number;
}

/**
 * The answer that carries a file of ours, or the one part of it that the request's `Range` asks for. Throws `not_found`
 * when it is not in the store, `range_not_satisfiable` for a part that it does not have.
 */
export async function fileAnswer(
  ctx: Pick<Context, 'files'>,
  served: Served,
  request: Headers,
): Promise<Response> {
  const file = await ctx.files.open(served.key);
  if (!file) throw new AppError('not_found', 'There is no such file.');
  const part = rangeOf(request, file.size);
  const { start, end } = part ?? { start: 0, end: file.size };
  return new Response(file.stream(start, end), {
    status: part ? 206 : 200,
    headers: {
      'content-type': served.mime ?? 'application/octet-stream',
      'content-length': String(end - start),
      ...(part && { 'content-range': `bytes ${start}-${end - 1}/${file.size}` }),
      'accept-ranges': 'bytes',
      'content-disposition': `${served.mime === null ? 'attachment' : 'inline'}; ${fileNameField(served.name)}`,
      'cache-control': `private, max-age=${Math.floor(served.left / 1_000)}`,
      'x-content-type-options': 'nosniff',
      // Opened by itself it is a document of our origin: one that may do nothing.
      'content-security-policy': "default-src 'none'; sandbox",
    },
  });
}

/** null: the whole. Several parts, another unit and what cannot be read count as nothing asked, as RFC 9110 has it. */
function rangeOf(request: Headers, size: number): { start: number; end: number } | null {
  // Nothing here has a validator, so a condition on one is never met.
  if (request.has('if-range')) return null;
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(request.get('range') ?? '') ?? [];
  if (first === '' && last === '') return null;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(Number(last) + 1, size);
  if (first !== '' && last !== '' && Number(last) < start) return null;
  if (start >= end) {
    throw new AppError(
      'range_not_satisfiable',
      `The file has ${size} bytes, and none of the part asked for.`,
    );
  }
  return { start, end };
}

function fileNameField(name: string): string {
  if (/^[\w. -]+$/.test(name)) return `filename="${name}"`;
  const plain = name.replace(/[^\w. -]/g, '_');
  // RFC 8187; what encodeURIComponent leaves and the grammar does not.
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
  return `filename="${plain}"; filename*=UTF-8''${encoded}`;
}

function signature(ctx: Pick<Context, 'masterKey'>, path: string, expires: string): string {
  const key = new Uint8Array(hkdfSync('sha256', ctx.masterKey.bytes, 'outpost', 'file address v1', 32));
  return hmacSha256(key, `${path}\n${expires}`).toString('base64url');
}

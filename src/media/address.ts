import { hkdfSync } from 'node:crypto';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { equalInConstantTime, hmacSha256 } from '../crypto.ts';
import { AppError } from '../errors.ts';
import type { Image } from './image.ts';

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
    throw new AppError('expired', 'This address has expired: ask for the image again to get a new one.');
  return left;
}

/** The answer that carries an image of ours; `left` are the milliseconds that its address still holds. */
export function imageAnswer(body: Blob, name: string, mime: Image['mime'], left: number): Response {
  return new Response(body, {
    headers: {
      'content-type': mime,
      'content-length': String(body.size),
      'content-disposition': `inline; filename="${name}"`,
      'cache-control': `private, max-age=${Math.floor(left / 1_000)}`,
      'x-content-type-options': 'nosniff',
      // Opened by itself it is a document of our origin: one that may do nothing.
      'content-security-policy': "default-src 'none'; sandbox",
    },
  });
}

function signature(ctx: Pick<Context, 'masterKey'>, path: string, expires: string): string {
  const key = new Uint8Array(hkdfSync('sha256', ctx.masterKey.bytes, 'outpost', 'file address v1', 32));
  return hmacSha256(key, `${path}\n${expires}`).toString('base64url');
}

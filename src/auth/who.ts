import type { Context, Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { firstWorkspace, isMember } from '../workspaces/workspace.ts';
import { keyOwner } from './api-key.ts';
import { readSession, sessionCookieOf } from './session.ts';

/**
 * Finds out who asks: `Authorization: Bearer sk_…` first, else the session cookie, with the workspace of the header
 * `Outpost-Workspace` (default: the person's first). `asClickHouse`: a key may also come as ClickHouse's clients send
 * passwords. null: nobody. Throws `unauthenticated` for a key that is no key and `not_found` for a workspace that is not
 * there or not theirs.
 */
export async function identify(ctx: Context, headers: Headers, asClickHouse = false): Promise<Who | null> {
  const asked = headers.get('outpost-workspace');
  const noWorkspace = () => new AppError('not_found', 'There is no such workspace.');

  // Another scheme than Bearer belongs to a proxy in front of us.
  const bearer =
    /^Bearer\s+(.*)$/i.exec(headers.get('authorization') ?? '')?.[1] ??
    (asClickHouse ? keyOfClickHouse(headers) : undefined);
  if (bearer !== undefined) {
    const owner = await keyOwner(ctx, bearer.trim());
    if (!owner)
      throw new AppError('unauthenticated', 'This API key is not valid, has expired or was revoked.');
    if (asked !== null && asked !== owner.workspaceId) throw noWorkspace();
    return owner;
  }

  const cookie = sessionCookieOf(ctx.config, headers);
  const session = cookie === null ? null : await readSession(ctx, cookie);
  if (!session) return null;
  const workspaceId =
    asked === null
      ? await firstWorkspace(ctx, session.userId)
      : (await isMember(ctx, asked, session.userId))
        ? asked
        : null;
  if (workspaceId === null) throw noWorkspace();
  return { kind: 'user', userId: session.userId, workspaceId, keyId: null, scopes: new Set(['*']) };
}

/** `X-ClickHouse-Key`, or the password of Basic credentials (of any user) where it looks like a key of ours. */
function keyOfClickHouse(headers: Headers): string | undefined {
  const key = headers.get('x-clickhouse-key');
  if (key) return key;
  const basic = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(headers.get('authorization') ?? '')?.[1];
  return /:(sk_[\s\S]*)$/.exec(Buffer.from(basic ?? '', 'base64').toString())?.[1];
}

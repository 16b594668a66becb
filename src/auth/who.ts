import type { Context, Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { firstWorkspace, isMember } from '../workspaces/workspace.ts';
import { keyOwner } from './api-key.ts';
import { readSession, sessionCookieOf } from './session.ts';

/**
 * Finds out who asks: `Authorization: Bearer sk_…` first, else the session cookie, with the workspace of the header
 * `Outpost-Workspace` (default: the person's first). null: nobody. Throws `unauthenticated` for a key that is no key
 * and `not_found` for a workspace that is not there or not theirs.
 */
export async function identify(ctx: Context, headers: Headers): Promise<Who | null> {
  const asked = headers.get('outpost-workspace');
  const noWorkspace = () => new AppError('not_found', 'There is no such workspace.');

  // Another scheme than Bearer belongs to a proxy in front of us.
  const bearer = /^Bearer\s+(.*)$/i.exec(headers.get('authorization') ?? '')?.[1];
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

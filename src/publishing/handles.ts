import type { Context } from '../context.ts';
import { sha256 } from '../crypto.ts';
import type { Message } from '../networks/message.ts';
import type { Staged } from '../networks/network.ts';
import type { Tx } from '../stores/postgres.ts';
import type { Claimed } from './claim.ts';

/** Under this key a send looks for the handle of its poll, beside those of media under their ids. */
export const pollKey = 'poll';

/** Under this one it is kept: a poll that was edited since is another poll. */
function keptAs(key: string, message: Message): string {
  return key === pollKey
    ? `${pollKey} ${sha256(JSON.stringify(Object.entries(message.poll ?? {}).sort()))}`
    : key;
}

/** Keeps what a network gave for a file or a poll that was uploaded ahead of the send. */
export async function keepHandle(
  ctx: Context,
  claimed: Pick<Claimed, 'id' | 'workspaceId'>,
  key: string,
  message: Message,
  { handle, expiresAt }: Staged,
): Promise<void> {
  await ctx.sql`
    insert into staged_media (workspace_id, publication_id, media_id, handle, expires_at)
    values (${claimed.workspaceId}, ${claimed.id}, ${keptAs(key, message)}, ${handle},
      ${expiresAt === null ? null : new Date(expiresAt)})
    on conflict (publication_id, media_id) do update
      set handle = excluded.handle, expires_at = excluded.expires_at, staged_at = now()`;
}

/** Handles of this publication's own staging, and those that an earlier send with the same credential left. */
export async function keptHandles(
  ctx: Context,
  publicationId: string,
  message: Message,
  scope: string,
): Promise<Map<string, string>> {
  if (message.media.length === 0 && message.poll === null) return new Map();
  const rows = await ctx.sql<{ media_id: string; handle: string }[]>`
    select media_id::text, handle from media_handles
    where scope = ${scope} and media_id = any(${message.media.map((item) => item.id)}::uuid[])
    union all
    select media_id, handle from staged_media
    where publication_id = ${publicationId}
      and (expires_at is null or expires_at > clock_timestamp() + interval '2 minutes')`;
  const poll = keptAs(pollKey, message);
  return new Map(rows.map((row) => [row.media_id === poll ? pollKey : row.media_id, row.handle]));
}

/** Handles that the network does not take any more: forgotten, so that the next try sends the bytes. */
export async function forgetHandles(tx: Tx, publicationId: string): Promise<void> {
  await tx`delete from staged_media where publication_id = ${publicationId}`;
  await tx`
    delete from media_handles h using publications p, post_media m
    where p.id = ${publicationId} and m.post_id = p.post_id and h.media_id = m.media_id`;
}

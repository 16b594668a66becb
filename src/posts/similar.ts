import { sha256 } from '../crypto.ts';
import type { Remark } from '../networks/message.ts';
import type { Tx } from '../stores/postgres.ts';

/** How long a text counts as said already, in days. */
const remembered = 30;

/** Of the words alone: case, blanks and punctuation do not tell two texts apart. null: there are no words. */
export function textHash(text: string): string | null {
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu);
  return words === null ? null : sha256(words.join(' '));
}

/** Warns where the same text goes, or went, to the same community within 30 days. By community id. */
export async function repetitions(
  tx: Tx,
  workspaceId: string,
  post: { id: string | null; text: string; at: Date; communityIds: readonly string[] },
): Promise<Map<string, Remark>> {
  const hash = textHash(post.text);
  if (hash === null || post.communityIds.length === 0) return new Map();
  const rows = await tx<{ community_id: string; due_at: Date }[]>`
    select distinct on (pub.community_id) pub.community_id, pub.due_at
    from posts p join publications pub on pub.post_id = p.id and pub.part = 1
    where p.workspace_id = ${workspaceId} and p.text_hash = ${hash} and (${post.id}::uuid is null or p.id <> ${post.id}::uuid)
      and pub.community_id = any(${post.communityIds as string[]}::uuid[])
      and pub.state not in ('cancelled', 'failed') and pub.removed_at is null
      and pub.due_at between ${post.at}::timestamptz - ${remembered} * interval '1 day'
                         and ${post.at}::timestamptz + ${remembered} * interval '1 day'
    order by pub.community_id, abs(extract(epoch from pub.due_at - ${post.at}::timestamptz))`;
  return new Map(
    rows.map((row) => [
      row.community_id,
      {
        path: '/text',
        code: 'said_already',
        message: `The same text ${row.due_at.getTime() <= Date.now() ? 'went' : 'goes'} to this community on ${row.due_at.toISOString().slice(0, 10)}.`,
      },
    ]),
  );
}

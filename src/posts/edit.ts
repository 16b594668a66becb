import type { Context, Who } from '../context.ts';
import { networkNamed } from '../networks/index.ts';
import type { Live, Remark } from '../networks/message.ts';
import { piecesOf } from '../publishing/message.ts';
import type { Tx } from '../stores/postgres.ts';
import { composeFor, placeOf, refuseProblems } from './content.ts';
import type { Checked } from './publications.ts';
import { replan } from './publications.ts';

interface LiveRow {
  id: string;
  community_id: string;
  part: number;
  remote_id: string | null;
  remote_ids: string[];
  live: Live | null;
  removed_at: Date | null;
}

/**
 * Brings a post that is public in at least one community in line with its new content: what is public is edited there,
 * as an act of its own; what is still planned gets the new content. Throws `invalid` when a network cannot turn what is
 * there into the new content.
 */
export async function editPublished(
  ctx: Context,
  tx: Tx,
  who: Who,
  postId: string,
  checked: Checked,
): Promise<Date | null> {
  const rows = await tx<LiveRow[]>`
    select id, community_id, part, remote_id, remote_ids, live, removed_at from publications
    where post_id = ${postId} and workspace_id = ${who.workspaceId} and state = 'published' order by id`;
  const standing = rows.filter((row) => row.removed_at === null);
  const faults: { target: Checked['targets'][number]; problems: Remark[] }[] = [];
  for (const target of checked.targets) {
    const network = networkNamed(target.network);
    const pieces = piecesOf(checked.content, { network, communityId: target.id }, checked.files);
    const here = standing.filter((row) => row.community_id === target.id);
    const problems: Remark[] = here.flatMap((row) => {
      const message = pieces[row.part - 1]?.message;
      if (!message) {
        return {
          path: '/parts',
          code: 'part_is_public',
          message: 'A part that is public already cannot be left out: delete it at the network first.',
        };
      }
      if (row.remote_id === null || row.live === null || !network.edit) {
        return {
          path: '/text',
          code: 'cannot_edit',
          message:
            row.remote_id === null
              ? 'It is public, but the network gave no id of it: edit it there.'
              : `${network.title} does not let a published post be edited.`,
        };
      }
      const there = { remoteId: row.remote_id, remoteIds: row.remote_ids, live: row.live };
      const composed = network.compose(message, placeOf(target));
      return [...composed.problems, ...(network.editProblems?.(there, message, placeOf(target)) ?? [])];
    });
    if (problems.length > 0) faults.push({ target, problems });
    // A further part would never get its turn: the one before it is public, and nobody frees it again.
    if (here.length > 0 && rows.filter((row) => row.community_id === target.id).length < pieces.length) {
      const planned = await tx`
        select from publications where post_id = ${postId} and community_id = ${target.id} and part <= ${pieces.length}`;
      if (planned.length < pieces.length) {
        faults.push({
          target,
          problems: [
            {
              path: '/parts',
              code: 'part_is_public',
              message: 'The post is public: no part can be added any more.',
            },
          ],
        });
      }
    }
  }
  refuseProblems(faults);
  const unpublished = checked.targets.filter((target) => !rows.some((row) => row.community_id === target.id));
  refuseProblems(composeFor(checked.content, checked.files, unpublished));
  if (standing.length > 0) await planEdits(ctx, tx, who, standing);
  return replan(ctx, tx, who, postId, checked, { retimed: false, toDraft: false });
}

async function planEdits(ctx: Context, tx: Tx, who: Who, rows: readonly LiveRow[]): Promise<void> {
  const acts = rows.map((row) => ({ id: Bun.randomUUIDv7(), publication_id: row.id }));
  // One that waits already carries the new content along: it reads it when it runs.
  await tx`
    insert into publication_acts (id, workspace_id, publication_id, network, kind, payload, due_at, next_try_at, created_by)
    select a.id, p.workspace_id, p.id, p.network, 'edit', jsonb_build_object('content_version', posts.content_version),
      clock_timestamp(), clock_timestamp(), ${who.userId}
    from jsonb_to_recordset(${tx.json(acts)}) as a(id uuid, publication_id uuid)
    join publications p on p.id = a.publication_id join posts on posts.id = p.post_id
    where p.workspace_id = ${who.workspaceId}
    on conflict (publication_id, kind) where kind <> 'comment' and state in ('scheduled', 'sending', 'confirming')
      do update set payload = excluded.payload, next_try_at = excluded.next_try_at, tries = 0`;
  await ctx.queue.enqueue(tx, 'posts.act', [{ payload: {}, at: new Date() }]);
}

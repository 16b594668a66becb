import type { Context, Who } from '../context.ts';
import { networkNamed } from '../networks/index.ts';
import type { Live, Remark } from '../networks/message.ts';
import { type Piece, type PostContent, piecesOf } from '../publishing/message.ts';
import type { Tx } from '../stores/postgres.ts';
import { composeFor, pathIn, placeOf, refuseProblems, type TargetCommunity } from './content.ts';
import type { Checked } from './publications.ts';
import { replan } from './publications.ts';

interface Row {
  id: string;
  community_id: string;
  part: number;
  state: string;
  remote_id: string | null;
  remote_ids: string[];
  live: Live | null;
  removed_at: Date | null;
}

/** A post that is public somewhere, with what it said until now; `files` are those of both. */
export interface Edited extends Checked {
  before: PostContent;
}

/**
 * Brings a post that is public in at least one community in line with its new content: what is public is edited there,
 * as an act of its own, and so is only what says something else than before; what is still planned gets the new content.
 * Throws `invalid` when a network cannot turn what is there into the new content.
 */
export async function editPublished(
  ctx: Context,
  tx: Tx,
  who: Who,
  postId: string,
  edited: Edited,
): Promise<Date | null> {
  const rows = await tx<Row[]>`
    select id, community_id, part, state, remote_id, remote_ids, live, removed_at from publications
    where post_id = ${postId} and workspace_id = ${who.workspaceId} order by id`;
  const faults: { target: TargetCommunity; problems: Remark[] }[] = [];
  const changed: string[] = [];
  for (const target of edited.targets) {
    const here = rows.filter((row) => row.community_id === target.id);
    const [before, after] = [edited.before, edited.content].map((content) =>
      piecesOf(content, { network: networkNamed(target.network), communityId: target.id }, edited.files),
    );
    if (!before || !after) continue;
    if (here.some((row) => row.state === 'published')) {
      const differs = here.filter(
        ({ part, state, removed_at }) =>
          state !== 'cancelled' && removed_at === null && !same(before[part - 1], after[part - 1]),
      );
      changed.push(...differs.filter(({ state }) => state === 'published').map(({ id }) => id));
      const problems = differs.flatMap((row) =>
        problemsOf(edited.content, target, row, before[row.part - 1], after[row.part - 1]),
      );
      // A further part would never get its turn: the one before it is public, and nobody frees it again.
      const added = after.find((_, index) => !here.some((row) => row.part === index + 1));
      if (added) problems.push(addedProblem(edited.content, target, added));
      faults.push({ target, problems });
    } else if (
      (here.length === 0 || here.some((row) => row.state !== 'cancelled')) &&
      (before.length !== after.length || after.some((piece, index) => !same(before[index], piece)))
    ) {
      faults.push(...composeFor(ctx, edited.content, edited.files, [target]));
    }
  }
  refuseProblems(faults);
  if (changed.length > 0) await planEdits(ctx, tx, who, changed);
  return replan(ctx, tx, who, postId, edited, { retimed: false, toDraft: false });
}

/** By what its reader gets, however it is written down. */
function same(a: Piece | undefined, b: Piece | undefined): boolean {
  return a !== undefined && b !== undefined && Bun.deepEquals(said(a), said(b));
}

function said({ message: { media, after, ...rest } }: Piece) {
  return { ...rest, media: media.map(({ id }) => id), after: after?.kind ?? null };
}

/** Why `after` cannot take the place of what is planned or public; paths lead into the post's body. */
function problemsOf(
  content: PostContent,
  target: TargetCommunity,
  row: Row,
  before: Piece | undefined,
  after: Piece | undefined,
): Remark[] {
  const network = networkNamed(target.network);
  const composed = after ? network.compose(after.message, placeOf(target)).problems : [];
  const lead = (remark: Remark) => ({
    ...remark,
    path: pathIn(content, target, after?.part ?? 0, remark.path),
  });
  if (row.state !== 'published') return composed.map(lead);
  if (!Bun.deepEquals(before?.message.poll ?? null, after?.message.poll ?? null)) {
    const path = pathIn(content, target, (after ?? before)?.part ?? 0, '/poll');
    return [{ path, code: 'poll_is_public', message: 'A poll that is public cannot be changed any more.' }];
  }
  if (!after) {
    const message = 'A part that is public already cannot be left out: delete it at the network first.';
    return [{ path: '/parts', code: 'part_is_public', message }];
  }
  if (row.remote_id === null || row.live === null || !network.edit) {
    const message =
      row.remote_id === null
        ? 'It is public, but the network gave no id of it: edit it there.'
        : `${network.title} does not let a published post be edited.`;
    return [lead({ path: '/text', code: 'cannot_edit', message })];
  }
  const there = { remoteId: row.remote_id, remoteIds: row.remote_ids, live: row.live };
  const further = network.editProblems?.(there, after.message, placeOf(target)) ?? [];
  return [...composed, ...further].map(lead);
}

function addedProblem(content: PostContent, target: TargetCommunity, { part, message }: Piece): Remark {
  return message.poll === null
    ? {
        path: '/parts',
        code: 'part_is_public',
        message: 'The post is public: no part can be added any more.',
      }
    : {
        path: pathIn(content, target, part, '/poll'),
        code: 'poll_is_public',
        message: 'The post is public: no poll can be added any more.',
      };
}

async function planEdits(ctx: Context, tx: Tx, who: Who, ids: readonly string[]): Promise<void> {
  const acts = ids.map((publication_id) => ({ id: Bun.randomUUIDv7(), publication_id }));
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

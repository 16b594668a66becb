import type { Context, Who } from '../context.ts';
import { networkNamed } from '../networks/index.ts';
import type { MediaItem } from '../networks/message.ts';
import { mediaUses, type PostContent, piecesOf } from '../publishing/message.ts';
import { planJobs } from '../publishing/plan.ts';
import type { Tx } from '../stores/postgres.ts';
import type { TargetCommunity } from './content.ts';

/** A post with what it names, checked. */
export interface Checked {
  content: PostContent;
  files: ReadonlyMap<string, MediaItem>;
  targets: readonly TargetCommunity[];
}

/** Keeps which files a post names, so that none of them is removed under it. */
export async function keepMedia(tx: Tx, who: Who, postId: string, content: PostContent): Promise<void> {
  const rows = mediaUses(content).flatMap(({ used_in, ids }) =>
    ids.map((media_id, position) => ({
      workspace_id: who.workspaceId,
      post_id: postId,
      used_in,
      position,
      media_id,
    })),
  );
  if (rows.length > 0) await tx`insert into post_media ${tx(rows)}`;
}

/**
 * One publication per community and message that has none yet, at the post's time; near ones get their jobs in this
 * commit. A later message waits for the one before it.
 */
export async function schedulePublications(
  ctx: Context,
  tx: Tx,
  who: Who,
  postId: string,
  { content, files, targets }: Checked,
): Promise<Date | null> {
  const rows = targets.flatMap((target) =>
    piecesOf(content, { network: networkNamed(target.network), communityId: target.id }, files).map(
      (_piece, index) => ({
        id: Bun.randomUUIDv7(),
        community_id: target.id,
        network: target.network,
        part: index + 1,
      }),
    ),
  );
  const made = await tx<{ id: string; state: string }[]>`
    insert into publications (id, workspace_id, post_id, community_id, network, part, state, hold_reason, note, due_at,
      next_try_at, late_at, content_version)
    select t.id, p.workspace_id, p.id, t.community_id, t.network, t.part,
      case when t.part = 1 then 'scheduled' else 'held' end, case when t.part > 1 then 'previous_part' end,
      case when t.part > 1 then 'waits for the part before it' end, p.scheduled_at, p.scheduled_at,
      p.scheduled_at + ${lateAfter(ctx, tx)}, p.content_version
    from posts p, jsonb_to_recordset(${tx.json(rows)}) as t(id uuid, community_id uuid, network text, part smallint)
    where p.id = ${postId} and p.workspace_id = ${who.workspaceId}
      -- What would wait for a part that was cancelled never gets its turn.
      and not exists (
        select from publications earlier where earlier.post_id = p.id and earlier.community_id = t.community_id
          and earlier.part < t.part and earlier.state = 'cancelled')
    on conflict (post_id, community_id, part) do nothing
    returning id, state`;
  return planJobs(
    ctx,
    tx,
    made.map((row) => row.id),
  );
}

/** How long after its time a post may still go out unasked; reads `time_sensitive` of the row `p`. */
function lateAfter(ctx: Context, tx: Tx) {
  const { lateInOrder, latePaced } = ctx.config.durations;
  return tx`(case when p.time_sensitive then ${lateInOrder}::float8 else ${latePaced}::float8 end * interval '1 millisecond')`;
}

/** Brings the publications in line with an edited post. All of them are locked and none is on its way. */
export async function replan(
  ctx: Context,
  tx: Tx,
  who: Who,
  id: string,
  checked: Checked,
  to: { retimed: boolean; toDraft: boolean },
): Promise<Date | null> {
  const keep = to.toDraft
    ? []
    : checked.targets.map((target) => {
        const at = { network: networkNamed(target.network), communityId: target.id };
        return { community_id: target.id, parts: piecesOf(checked.content, at, checked.files).length };
      });
  await tx`
    delete from publications
    where post_id = ${id} and workspace_id = ${who.workspaceId} and not ${mayBePublic(tx)}
      and not exists (
        select from jsonb_to_recordset(${tx.json(keep)}) as k(community_id uuid, parts int)
        where k.community_id = publications.community_id and publications.part <= k.parts)`;
  if (to.toDraft) return null;
  // The fence is raised: a worker that was preparing the old content has lost its lease.
  const moved = await tx<{ id: string }[]>`
    update publications pub
    set content_version = p.content_version, fence = fence + 1, lease_owner = null, lease_until = null,
      late_at = ${to.retimed ? tx`p.scheduled_at` : tx`pub.due_at`} + ${lateAfter(ctx, tx)}
      ${
        to.retimed
          ? tx`, due_at = p.scheduled_at, next_try_at = p.scheduled_at,
                 queued_for = null, slot_at = null, limited_tries = 0, unsent_tries = 0, error = null, note = 'rescheduled', dismissed_at = null,
                 state = case when pub.state in ('failed', 'held') and not coalesce(pub.hold_reason in ('disconnected', 'reauth', 'previous_part'), false)
                              then 'scheduled' else pub.state end,
                 hold_reason = case when pub.hold_reason in ('disconnected', 'reauth', 'previous_part') then pub.hold_reason end`
          : tx``
      }
    from posts p
    where p.id = pub.post_id and pub.post_id = ${id} and pub.workspace_id = ${who.workspaceId}
      and pub.state in ('scheduled', 'held', 'failed')
    returning pub.id`;
  const [post] = await tx<
    { timed: boolean }[]
  >`select scheduled_at is not null as timed from posts where id = ${id}`;
  if (!post?.timed) return null;
  const planned = await planJobs(
    ctx,
    tx,
    moved.map((row) => row.id),
  );
  const added = await schedulePublications(ctx, tx, who, id, checked);
  return earliest(planned, added);
}

/** A send of this publication is, or may be, public: its row is evidence and stays. */
export function mayBePublic(tx: Tx) {
  return tx`exists (
    select from publication_attempts a where a.publication_id = publications.id and a.kind = 'send'
      and (a.outcome is null or a.outcome in ('accepted', 'unknown')))`;
}

function earliest(a: Date | null, b: Date | null): Date | null {
  if (!a || !b) return a ?? b;
  return a < b ? a : b;
}

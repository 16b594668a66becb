import { asWorkspace, type Context, type Who } from '../context.ts';
import { sha256 } from '../crypto.ts';
import { AppError, invalid } from '../errors.ts';
import type { MediaItem } from '../networks/network.ts';
import { planJobs } from '../publishing/plan.ts';
import type { Tx } from '../stores/postgres.ts';
import {
  type Content,
  composeFor,
  type PostChange,
  type PostInput,
  picturesOf,
  refuseProblems,
  type Schedule,
  scheduleOf,
  type TargetCommunity,
  targetsOf,
} from './content.ts';
import { type Post, type PostRow, postColumns, publicationsOf, showPost } from './show.ts';
import type { TimeNote } from './when.ts';

/**
 * Keeps a post, and when it has a time its publications and their jobs, in one transaction. `idempotencyKey` is kept
 * with it: when the process dies between this commit and its answer, the repeated request gets this post, not a second.
 */
export async function createPost(
  ctx: Context,
  who: Who,
  input: PostInput,
  idempotencyKey: string | null = null,
): Promise<Post> {
  const requestKey = idempotencyKey === null ? null : sha256(`${who.keyId ?? who.userId}|${idempotencyKey}`);
  const { post, first } = await asWorkspace(ctx, who, async (tx) => {
    const kept = requestKey === null ? null : await postOfRequest(ctx, tx, who, requestKey);
    if (kept) return { post: await postById(tx, who, kept), first: null };
    const { media, targets, schedule } = await check(ctx, tx, who, input, input);
    const id = Bun.randomUUIDv7();
    await tx`
      insert into posts (id, workspace_id, author_id, text, overrides, community_ids, scheduled_at, local_time, timezone,
        time_sensitive, request_key)
      values (${id}, ${who.workspaceId}, ${who.userId}, ${input.text}, ${tx.json(input.overrides)},
        ${input.community_ids}::uuid[], ${schedule?.at ?? null}, ${schedule?.localTime ?? null},
        ${schedule?.timezone ?? null}, ${input.time_sensitive}, ${requestKey})`;
    await keepMedia(tx, who, id, media);
    const first = schedule ? await schedulePublications(ctx, tx, who, id, targets) : null;
    const post = await postById(tx, who, id, schedule?.note ?? null);
    await ctx.reached('before_schedule_commit');
    return { post, first };
  });
  await ctx.reached('after_schedule_commit');
  if (first) ctx.planned.changed(first);
  return post;
}

async function postOfRequest(ctx: Context, tx: Tx, who: Who, requestKey: string): Promise<string | null> {
  const [row] = await tx<{ id: string }[]>`
    select id from posts
    where workspace_id = ${who.workspaceId} and request_key = ${requestKey}
      and created_at > clock_timestamp() - ${ctx.config.durations.idempotency} * interval '1 millisecond'`;
  return row?.id ?? null;
}

/** Everything that can be wrong with a post, found before anything is written. A draft may still be incomplete. */
async function check(
  ctx: Context,
  tx: Tx,
  who: Who,
  content: Pick<PostInput, 'text' | 'media_ids' | 'community_ids' | 'overrides'>,
  time: Pick<PostInput, 'scheduled_at' | 'local_time' | 'timezone' | 'publish_now'>,
): Promise<{ media: MediaItem[]; targets: TargetCommunity[]; schedule: Schedule | null }> {
  const targets = await targetsOf(tx, who.workspaceId, content.community_ids);
  const media = await picturesOf(ctx, tx, who.workspaceId, content.media_ids);
  const [workspace] = await tx<
    { timezone: string }[]
  >`select timezone from workspaces where id = ${who.workspaceId}`;
  const schedule = scheduleOf(ctx, time, {
    communities: targets.map((target) => target.timezone),
    workspace: workspace?.timezone ?? 'UTC',
  });
  if (schedule) {
    if (targets.length === 0) {
      throw invalid({ path: '/community_ids', message: 'Choose at least one community to publish to.' });
    }
    refuseProblems(composeFor(asContent(content), media, targets));
  }
  return { media, targets, schedule };
}

function asContent(input: Pick<PostInput, 'text' | 'media_ids' | 'overrides'>): Content {
  return { text: input.text, mediaIds: input.media_ids, overrides: input.overrides };
}

async function keepMedia(tx: Tx, who: Who, postId: string, media: readonly MediaItem[]): Promise<void> {
  if (media.length === 0) return;
  await tx`
    insert into post_media ${tx(
      media.map((item, index) => ({
        workspace_id: who.workspaceId,
        post_id: postId,
        position: index,
        media_id: item.id,
      })),
    )}`;
}

/** One publication per community that has none yet, at the post's time; near ones get their jobs in this commit. */
async function schedulePublications(
  ctx: Context,
  tx: Tx,
  who: Who,
  postId: string,
  targets: readonly TargetCommunity[],
): Promise<Date | null> {
  const rows = targets.map((target) => ({
    id: Bun.randomUUIDv7(),
    community_id: target.id,
    network: target.network,
  }));
  const made = await tx<{ id: string }[]>`
    insert into publications (id, workspace_id, post_id, community_id, network, due_at, next_try_at, late_at, content_version)
    select t.id, p.workspace_id, p.id, t.community_id, t.network, p.scheduled_at, p.scheduled_at,
      p.scheduled_at + ${lateAfter(ctx, tx)}, p.content_version
    from posts p, jsonb_to_recordset(${tx.json(rows)}) as t(id uuid, community_id uuid, network text)
    where p.id = ${postId} and p.workspace_id = ${who.workspaceId}
    on conflict (post_id, community_id, part) do nothing
    returning id`;
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

async function postById(tx: Tx, who: Who, id: string, note: TimeNote | null = null): Promise<Post> {
  const [row] = await tx<PostRow[]>`
    select ${postColumns(tx)} from posts p where p.id = ${id} and p.workspace_id = ${who.workspaceId}`;
  if (!row) throw new AppError('not_found', 'There is no such post.');
  return showPost(row, await publicationsOf(tx, who.workspaceId, [id]), note);
}

export function getPost(ctx: Context, who: Who, id: string): Promise<Post> {
  return asWorkspace(ctx, who, (tx) => postById(tx, who, id));
}

/**
 * Changes content, places or time of a post that is not on its way yet. The new content gets a new version: a send
 * that was being prepared notices at its barrier.
 */
export async function updatePost(ctx: Context, who: Who, id: string, change: PostChange): Promise<Post> {
  const { post, first } = await asWorkspace(ctx, who, async (tx) => {
    const states = await lockPublications(tx, who, id);
    const [kept] = await tx<PostRow[]>`
      select ${postColumns(tx)} from posts p where p.id = ${id} and p.workspace_id = ${who.workspaceId}`;
    if (!kept) throw new AppError('not_found', 'There is no such post.');
    refuseInFlight(states, 'edited');
    if (states.includes('published')) {
      throw new AppError(
        'wrong_state',
        'This post is public already in at least one community: duplicate it instead.',
      );
    }
    if (kept.status === 'cancelled') {
      throw new AppError('wrong_state', 'This post is cancelled: duplicate it to use it again.');
    }
    const content = {
      text: change.text ?? kept.text,
      media_ids: change.media_ids ?? kept.media_ids,
      community_ids: change.community_ids ?? kept.community_ids,
      overrides: change.overrides ?? kept.overrides,
    };
    const timed = change.scheduled_at || change.local_time !== undefined || change.publish_now;
    const toDraft = change.scheduled_at === null && !timed;
    const stays = !timed && !toDraft && kept.status !== 'draft';
    const { media, targets, schedule } = await check(
      ctx,
      tx,
      who,
      content,
      timed || change.timezone !== undefined ? change : {},
    );
    if (stays) {
      if (targets.length === 0)
        throw invalid({ path: '/community_ids', message: 'Choose at least one community.' });
      refuseProblems(composeFor(asContent(content), media, targets));
    }

    await tx`
      update posts set text = ${content.text}, overrides = ${tx.json(content.overrides)},
        community_ids = ${content.community_ids}::uuid[], time_sensitive = ${change.time_sensitive ?? kept.time_sensitive},
        content_version = content_version + 1, updated_at = clock_timestamp()
        ${toDraft ? tx`, scheduled_at = null, local_time = null, timezone = null` : tx``}
        ${
          schedule
            ? tx`, scheduled_at = ${schedule.at}, local_time = ${schedule.localTime}, timezone = ${schedule.timezone}`
            : tx``
        }
      where id = ${id} and workspace_id = ${who.workspaceId}`;
    if (change.media_ids) {
      await tx`delete from post_media where post_id = ${id} and workspace_id = ${who.workspaceId}`;
      await keepMedia(tx, who, id, media);
    }
    const first = await replan(ctx, tx, who, id, { targets, retimed: schedule !== null, toDraft });
    return { post: await postById(tx, who, id, schedule?.note ?? null), first };
  });
  if (first) ctx.planned.changed(first);
  return post;
}

/** Brings the publications in line with an edited post. All of them are locked and none is on its way. */
async function replan(
  ctx: Context,
  tx: Tx,
  who: Who,
  id: string,
  to: { targets: readonly TargetCommunity[]; retimed: boolean; toDraft: boolean },
): Promise<Date | null> {
  const keep = to.toDraft ? [] : to.targets.map((target) => target.id);
  await tx`
    delete from publications
    where post_id = ${id} and workspace_id = ${who.workspaceId} and not community_id = any(${keep}::uuid[])
      and not ${mayBePublic(tx)}`;
  if (to.toDraft) return null;
  // The fence is raised: a worker that was preparing the old content has lost its lease.
  const moved = await tx<{ id: string }[]>`
    update publications pub
    set content_version = p.content_version, fence = fence + 1, lease_owner = null, lease_until = null,
      late_at = ${to.retimed ? tx`p.scheduled_at` : tx`pub.due_at`} + ${lateAfter(ctx, tx)}
      ${
        to.retimed
          ? tx`, due_at = p.scheduled_at, next_try_at = p.scheduled_at,
                 queued_for = null, slot_at = null, limited_tries = 0, unsent_tries = 0, error = null, note = 'rescheduled',
                 state = case when pub.state in ('failed', 'held') and not coalesce(pub.hold_reason in ('disconnected', 'reauth'), false)
                              then 'scheduled' else pub.state end,
                 hold_reason = case when pub.hold_reason in ('disconnected', 'reauth') then pub.hold_reason end`
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
  const added = await schedulePublications(ctx, tx, who, id, to.targets);
  return earliest(planned, added);
}

/** A send of this publication is, or may be, public: its row is evidence and stays. */
function mayBePublic(tx: Tx) {
  return tx`exists (
    select from publication_attempts a where a.publication_id = publications.id and a.kind = 'send'
      and (a.outcome is null or a.outcome in ('accepted', 'unknown')))`;
}

function earliest(a: Date | null, b: Date | null): Date | null {
  if (!a || !b) return a ?? b;
  return a < b ? a : b;
}

/**
 * Locks the post, then its publications in one order: of two requests at once the second sees what the first planned.
 * The machine locks publications too, and never a post. Throws `not_found`.
 */
export async function lockPublications(tx: Tx, who: Who, postId: string): Promise<string[]> {
  const [posts, rows] = await Promise.all([
    tx`select from posts where id = ${postId} and workspace_id = ${who.workspaceId} for update`,
    tx<{ state: string }[]>`
      select state from publications where post_id = ${postId} and workspace_id = ${who.workspaceId}
      order by id for update`,
  ]);
  if (posts.length === 0) throw new AppError('not_found', 'There is no such post.');
  return rows.map((row) => row.state);
}

function refuseInFlight(states: readonly string[], act: string): void {
  if (states.some((state) => state === 'sending' || state === 'confirming' || state === 'unconfirmed')) {
    throw new AppError('publication_in_flight', `This post is on its way and cannot be ${act} any more.`);
  }
}

/** Sends it now: a draft, or a scheduled post before its time. */
export function publishNow(ctx: Context, who: Who, id: string): Promise<Post> {
  return updatePost(ctx, who, id, { publish_now: true });
}

/** Cancels every publication that is not on its way; 409 when there is none left to cancel. */
export function cancelPost(ctx: Context, who: Who, id: string): Promise<Post> {
  return asWorkspace(ctx, who, async (tx) => {
    const states = await lockPublications(tx, who, id);
    const cancelled = await tx`
      update publications
      set state = 'cancelled', hold_reason = null, note = 'cancelled by a person', fence = fence + 1, lease_owner = null,
          lease_until = null
      where post_id = ${id} and workspace_id = ${who.workspaceId} and state in ('scheduled', 'held') returning id`;
    const post = await postById(tx, who, id);
    if (cancelled.length > 0) return post;
    refuseInFlight(states, 'cancelled');
    throw new AppError(
      'wrong_state',
      `This post is ${post.status.replace('_', ' ')}: there is nothing to cancel.`,
    );
  });
}

/** Removes a post that never went out. */
export function deletePost(ctx: Context, who: Who, id: string): Promise<void> {
  return asWorkspace(ctx, who, async (tx) => {
    const states = await lockPublications(tx, who, id);
    refuseInFlight(states, 'deleted');
    if (states.some((state) => state === 'published')) {
      throw new AppError('wrong_state', 'This post is public: its history stays.');
    }
    if (states.some((state) => state === 'scheduled' || state === 'held')) {
      throw new AppError('wrong_state', 'This post is planned: cancel it first.');
    }
    const evidence = await tx`
      select from publications where post_id = ${id} and workspace_id = ${who.workspaceId} and ${mayBePublic(tx)}`;
    if (evidence.length > 0) {
      throw new AppError('wrong_state', 'A send of this post had an unknown outcome: its history stays.');
    }
    await tx`delete from posts where id = ${id} and workspace_id = ${who.workspaceId}`;
  });
}

/** A draft with the same content and places. */
export async function duplicatePost(ctx: Context, who: Who, id: string): Promise<Post> {
  const post = await getPost(ctx, who, id);
  return createPost(ctx, who, {
    text: post.text,
    media_ids: post.media_ids,
    community_ids: post.community_ids,
    overrides: post.overrides,
    time_sensitive: post.time_sensitive,
  });
}

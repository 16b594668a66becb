import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError, invalid } from '../errors.ts';
import type { PostContent } from '../publishing/message.ts';
import { estimatesFor } from '../slots/evidence.ts';
import type { Tx } from '../stores/postgres.ts';
import type { TimeNote } from '../timezone.ts';
import { composeFor, filesOf, refuseOptions, refuseProblems, targetsOf } from './content.ts';
import { editPublished } from './edit.ts';
import { type PostChange, PostInput, readContent } from './input.ts';
import { type Checked, keepMedia, mayBePublic, replan, schedulePublications } from './publications.ts';
import { requestKeyOf } from './request.ts';
import { type GivenTime, type Schedule, scheduleOf } from './schedule.ts';
import { contentOf, type Post, type PostRow, postColumns, publicationsOf, showPost } from './show.ts';
import { textHash } from './similar.ts';

/** Keeps a post, and when it has a time its publications and their jobs, in one transaction. */
export async function createPost(
  ctx: Context,
  who: Who,
  input: PostInput,
  idempotencyKey: string | null = null,
): Promise<Post> {
  const requestKey = requestKeyOf(who, idempotencyKey);
  const estimates = await estimatesFor(ctx, who, [input]);
  const { post, first } = await asWorkspace(ctx, who, async (tx) => {
    const kept = requestKey === null ? null : await postOfRequest(ctx, tx, who, requestKey);
    if (kept) return { post: await postById(tx, who, kept), first: null };
    return insertPost(ctx, tx, who, { ...input, estimates }, requestKey);
  });
  await ctx.reached('after_schedule_commit');
  if (first) ctx.planned.changed(first);
  return post;
}

/** The occurrence of a series that a post is made for. Its time is the series', and may be past when it is caught up. */
export interface Origin {
  /** Id of the post. */
  id: string;
  schedule: Schedule;
  /** `postId`: which of the series' posts it was made from. */
  series: { id: string; occurrence: string; postId: string };
}

/** The same in the caller's transaction; after its commit call `ctx.planned.changed(first)`. */
export async function insertPost(
  ctx: Context,
  tx: Tx,
  who: Who,
  input: PostInput & GivenTime,
  requestKey: string | null = null,
  origin: Origin | null = null,
): Promise<{ post: Post; first: Date | null }> {
  const content = readContent(input);
  const time = origin?.schedule ?? input;
  const { files, targets, schedule } = await checkPost(ctx, tx, who, content, input.community_ids, time);
  const id = origin?.id ?? Bun.randomUUIDv7();
  const series = origin?.series;
  await tx`
    insert into posts (id, workspace_id, author_id, text, entities, poll, parts, first_comment, overrides, text_hash,
      community_ids, scheduled_at, local_time, timezone, time_choice, time_sensitive, request_key, series_id, occurrence, series_post_id)
    values (${id}, ${who.workspaceId}, ${who.userId}, ${content.text}, ${tx.json(content.entities as never)},
      ${content.poll && tx.json(content.poll as never)}, ${tx.json(content.parts as never)},
      ${content.first_comment && tx.json(content.first_comment as never)}, ${tx.json(content.overrides as never)},
      ${textHash(content.text)}, ${input.community_ids}::uuid[], ${schedule?.at ?? null}, ${schedule?.localTime ?? null},
      ${schedule?.timezone ?? null}, ${schedule?.choice ? tx.json(schedule.choice) : null}, ${input.time_sensitive}, ${requestKey}, ${series?.id ?? null},
      ${series?.occurrence ?? null}, ${series?.postId ?? null})`;
  await keepMedia(tx, who, id, content);
  const first = schedule ? await schedulePublications(ctx, tx, who, id, { content, files, targets }) : null;
  const post = await postById(tx, who, id, schedule?.note ?? null);
  await ctx.reached('before_schedule_commit');
  return { post, first };
}

async function postOfRequest(ctx: Context, tx: Tx, who: Who, requestKey: string): Promise<string | null> {
  const [row] = await tx<{ id: string }[]>`
    select id from posts
    where workspace_id = ${who.workspaceId} and request_key = ${requestKey}
      and created_at > clock_timestamp() - ${ctx.config.durations.idempotency} * interval '1 millisecond'`;
  return row?.id ?? null;
}

/**
 * Everything that can be wrong with a post, found before anything is written. A draft may still be incomplete. A
 * {@link Schedule} is taken as it is. `moved`: the post that gets the time, where it exists already.
 */
export async function checkPost(
  ctx: Context,
  tx: Tx,
  who: Who,
  content: PostContent,
  communityIds: readonly string[],
  time: GivenTime | Schedule,
  moved: string | null = null,
): Promise<Checked & { schedule: Schedule | null }> {
  const targets = await targetsOf(tx, who.workspaceId, communityIds);
  refuseOptions(content, targets);
  const files = await filesOf(ctx, tx, who.workspaceId, content);
  const schedule = 'localTime' in time ? time : await scheduleOf(ctx, tx, who, time, targets, moved);
  if (schedule) {
    if (targets.length === 0) {
      throw invalid({ path: '/community_ids', message: 'Choose at least one community to publish to.' });
    }
    refuseProblems(composeFor(ctx, content, files, targets));
  }
  return { content, files, targets, schedule };
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
 * Changes content, places or time of a post. The new content gets a new version: a send that was being prepared notices
 * at its barrier. Where the post is public already, the content is edited there too, as an act of its own; its time and
 * its communities are then fixed.
 */
export async function updatePost(ctx: Context, who: Who, id: string, change: PostChange): Promise<Post> {
  const estimates = await estimatesFor(ctx, who, [change], id);
  const { post, first } = await asWorkspace(ctx, who, (tx) =>
    changePost(ctx, tx, who, id, { ...change, estimates }),
  );
  if (first) ctx.planned.changed(first);
  return post;
}

/** The same in the caller's transaction; after its commit call `ctx.planned.changed(first)`. */
export async function changePost(
  ctx: Context,
  tx: Tx,
  who: Who,
  id: string,
  change: PostChange & GivenTime,
): Promise<{ post: Post; first: Date | null }> {
  const states = await lockPublications(tx, who, id);
  const [kept] = await tx<PostRow[]>`
    select ${postColumns(tx)} from posts p where p.id = ${id} and p.workspace_id = ${who.workspaceId}`;
  if (!kept) throw new AppError('not_found', 'There is no such post.');
  refuseChanged(kept, change.expected);
  refuseInFlight(states, 'edited');
  if (kept.status === 'cancelled') {
    throw new AppError('wrong_state', 'This post is cancelled: duplicate it to use it again.');
  }
  const communityIds = change.community_ids ?? kept.community_ids;
  const timed =
    change.at !== undefined || change.scheduled_at || change.local_time !== undefined || change.publish_now;
  const toDraft = change.scheduled_at === null && !timed;
  const isPublic = states.includes('published');
  if (isPublic && (timed || toDraft || !sameSet(communityIds, kept.community_ids))) {
    throw new AppError(
      'wrong_state',
      'This post is public already in at least one community: its time and its communities are fixed. Its content can be edited, or duplicate it.',
    );
  }
  if (isPublic && (await nowhere(tx, id))) {
    throw new AppError(
      'wrong_state',
      'This post is not at any network any more: duplicate it to use it again.',
    );
  }
  const stays = !timed && !toDraft && kept.status !== 'draft';
  const checked = await checkPost(
    ctx,
    tx,
    who,
    readContent(change, contentOf(kept)),
    communityIds,
    timed || change.timezone !== undefined ? change : {},
    id,
  );
  const { content, schedule } = checked;
  if (stays) {
    if (checked.targets.length === 0)
      throw invalid({ path: '/community_ids', message: 'Choose at least one community.' });
    if (!isPublic) refuseProblems(composeFor(ctx, content, checked.files, checked.targets));
  }

  await tx`
    update posts set text = ${content.text}, entities = ${tx.json(content.entities as never)},
      poll = ${content.poll && tx.json(content.poll as never)}, parts = ${tx.json(content.parts as never)},
      first_comment = ${content.first_comment && tx.json(content.first_comment as never)},
      overrides = ${tx.json(content.overrides as never)}, text_hash = ${textHash(content.text)},
      community_ids = ${communityIds as string[]}::uuid[],
      time_sensitive = ${change.time_sensitive ?? kept.time_sensitive},
      content_version = content_version + 1, updated_at = clock_timestamp(), detached = series_id is not null
      ${toDraft ? tx`, scheduled_at = null, local_time = null, timezone = null, time_choice = null` : tx``}
      ${
        schedule
          ? tx`, scheduled_at = ${schedule.at}, local_time = ${schedule.localTime}, timezone = ${schedule.timezone},
              time_choice = ${schedule.choice ? tx.json(schedule.choice) : null}`
          : tx``
      }
    where id = ${id} and workspace_id = ${who.workspaceId}`;
  await tx`delete from post_media where post_id = ${id} and workspace_id = ${who.workspaceId}`;
  await keepMedia(tx, who, id, content);
  const first = isPublic
    ? await editPublished(ctx, tx, who, id, { ...checked, ...(await beforeOf(ctx, tx, who, kept, checked)) })
    : await replan(ctx, tx, who, id, checked, { retimed: schedule !== null, toDraft });
  return { post: await postById(tx, who, id, schedule?.note ?? null), first };
}

function refuseChanged({ updated_at, status }: PostRow, expected: PostChange['expected']): void {
  if (expected === undefined) return;
  if (updated_at.toISOString() === expected.updated_at && status === expected.status) return;
  throw new AppError('conflict', 'This post was changed meanwhile: look at it again.');
}

/** What the post said until now, and the files of both. */
async function beforeOf(ctx: Context, tx: Tx, who: Who, kept: PostRow, { files }: Checked) {
  const before = contentOf(kept);
  return { before, files: new Map([...(await filesOf(ctx, tx, who.workspaceId, before)), ...files]) };
}

/** Whether all that was published of it is gone, and nothing is planned any more. */
async function nowhere(tx: Tx, id: string): Promise<boolean> {
  const standing = await tx`
    select from publications where post_id = ${id} and (state <> 'published' or removed_at is null)
      and state <> 'cancelled' limit 1`;
  return standing.length === 0;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one) => b.includes(one));
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
export async function duplicatePost(
  ctx: Context,
  who: Who,
  id: string,
  idempotencyKey: string | null = null,
): Promise<Post> {
  const { text, entities, media_ids, poll, parts, first_comment, overrides, community_ids, time_sensitive } =
    await getPost(ctx, who, id);
  const content = { text, entities, media_ids, poll, parts, first_comment, overrides };
  const copy = v.parse(PostInput, { ...content, community_ids, time_sensitive });
  return createPost(ctx, who, copy, idempotencyKey);
}

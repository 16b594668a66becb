import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { sha256 } from '../crypto.ts';
import { AppError, type InputFault, invalid } from '../errors.ts';
import { decodeCursor, type ListQuery, type Page, pageOf } from '../page.ts';
import { readContent } from '../posts/input.ts';
import { checkPost } from '../posts/post.ts';
import { mediaUses } from '../publishing/message.ts';
import type { Tx } from '../stores/postgres.ts';
import { resolveLocalTime } from '../timezone.ts';
import { fill, makeOccurrence, unmake, untouched } from './fill.ts';
import type { NewSeries, Series, SeriesChange, SeriesPostInput, SeriesPreview, SeriesRule } from './input.ts';
import { checkRecurrence, type Occurrence, occurrences } from './recurrence.ts';
import {
  keepException,
  lockSeries,
  readSeries,
  type SeriesContent,
  type SeriesRow,
  seriesColumns,
  seriesPosts,
} from './row.ts';
import { showSeries } from './show.ts';

const shownNext = 10;
const year = 366 * 86_400_000;
/** Of a preview: an hourly rule would take half a second for a year. */
const lookedAt = 1_000;

/**
 * Keeps a series and makes its first posts, in one transaction. A post that could not go out now is refused here, with
 * its place in the body; what goes wrong later is told in `problems`. `idempotencyKey` is kept as with a post.
 */
export function createSeries(
  ctx: Context,
  who: Who,
  input: NewSeries,
  idempotencyKey: string | null = null,
): Promise<Series> {
  const now = new Date();
  const requestKey = idempotencyKey === null ? null : sha256(`${who.keyId ?? who.userId}|${idempotencyKey}`);
  return acting(ctx, who, async (tx) => {
    const kept = requestKey === null ? null : await seriesOfRequest(ctx, tx, who, requestKey);
    if (kept) return { id: kept, first: null };
    const { name, rrule, starts, ends, skip_dates, min_distance_days, posts } = input;
    const timezone = input.timezone ?? (await homeOf(tx, who));
    checkRecurrence({ rrule, starts, timezone, ends, skip_dates }, now);
    const id = Bun.randomUUIDv7();
    await tx`
      insert into series (id, workspace_id, author_id, name, rrule, starts, timezone, ends, skip_dates,
        min_distance_days, made_until, request_key)
      values (${id}, ${who.workspaceId}, ${who.userId}, ${name}, ${rrule}, ${starts}, ${timezone}, ${ends},
        ${skip_dates}, ${min_distance_days}, ${now}, ${requestKey})`;
    const row = await lockSeries(tx, who.workspaceId, id);
    await keepSet(ctx, tx, who, row, posts);
    return { id, first: await fill(ctx, tx, row, now) };
  });
}

async function seriesOfRequest(ctx: Context, tx: Tx, who: Who, requestKey: string): Promise<string | null> {
  const [row] = await tx<{ id: string }[]>`
    select id from series
    where workspace_id = ${who.workspaceId} and request_key = ${requestKey} and deleted_at is null
      and created_at > clock_timestamp() - ${ctx.config.durations.idempotency} * interval '1 millisecond'`;
  return row?.id ?? null;
}

/** What a rule would do from now on. Nothing is kept. Throws `invalid` for a rule that a series may not have. */
export async function previewSeries(ctx: Context, who: Who, rule: SeriesRule): Promise<SeriesPreview> {
  const now = new Date();
  const timezone = rule.timezone ?? (await asWorkspace(ctx, who, (tx) => homeOf(tx, who)));
  const recurrence = { ...rule, timezone };
  checkRecurrence(recurrence, now);
  const next = occurrences(recurrence, now, new Date(now.getTime() + 30 * year), shownNext);
  const soon = occurrences(recurrence, now, new Date(now.getTime() + year), lookedAt);
  const moved = soon.find(({ note }) => note !== null);
  const shown = ({ key, at, note }: Occurrence) => ({ occurrence: key, at: at.toISOString(), note });
  return {
    timezone,
    next: next.map(shown),
    moved: moved ? shown(moved) : null,
  };
}

/** The zone of the workspace. */
async function homeOf(tx: Tx, who: Who): Promise<string> {
  const [workspace] = await tx<{ timezone: string }[]>`
    select timezone from workspaces where id = ${who.workspaceId}`;
  return workspace?.timezone ?? 'UTC';
}

/** One act in one transaction; answers the series as it is then. */
async function acting(
  ctx: Context,
  who: Who,
  act: (tx: Tx) => Promise<{ id: string; first: Date | null }>,
): Promise<Series> {
  const { shown, first } = await asWorkspace(ctx, who, async (tx) => {
    const { id, first } = await act(tx);
    return { shown: await shownById(tx, who, id), first };
  });
  if (first) ctx.planned.changed(first);
  return shown;
}

async function shownById(tx: Tx, who: Who, id: string): Promise<Series> {
  const [shown] = await showSeries(tx, who, [await readSeries(tx, who.workspaceId, id)], shownNext);
  if (!shown) throw new AppError('not_found', 'There is no such series.');
  return shown;
}

export function getSeries(ctx: Context, who: Who, id: string): Promise<Series> {
  return asWorkspace(ctx, who, (tx) => shownById(tx, who, id));
}

/** Newest first, each with its next three occurrences. */
export function listSeries(ctx: Context, who: Who, query: ListQuery): Promise<Page<Series>> {
  const before = decodeCursor(v.strictObject({ id: v.pipe(v.string(), v.uuid()) }), query.cursor);
  return asWorkspace(ctx, who, async (tx) => {
    const rows = await tx<SeriesRow[]>`
      select ${seriesColumns(tx)} from series s
      where s.workspace_id = ${who.workspaceId} and s.deleted_at is null ${before ? tx`and s.id < ${before.id}` : tx``}
      order by s.id desc limit ${query.limit + 1}`;
    const page = pageOf(
      rows,
      query.limit,
      ({ id }) => ({ id }),
      (row) => row,
    );
    return { ...page, data: await showSeries(tx, who, page.data, 3) };
  });
}

/**
 * Changes a series. What lies ahead and is untouched follows: its posts are made anew, and keep their ids where the
 * occurrence stays. Posts that a person changed or that are on their way stay as they are. Throws `not_found`, and
 * `conflict` when it is not as `expected` any more.
 */
export function changeSeries(ctx: Context, who: Who, id: string, change: SeriesChange): Promise<Series> {
  const now = new Date();
  return acting(ctx, who, async (tx) => {
    const kept = await lockSeries(tx, who.workspaceId, id);
    const { name, posts, expected, ...more } = change;
    if (expected && expected.updated_at !== kept.updated_at.toISOString()) {
      throw new AppError('conflict', 'This series was changed meanwhile: look at it again.');
    }
    const series: SeriesRow = { ...kept, name: name ?? kept.name, ...defined(more) };
    const { rrule, starts, timezone, ends, skip_dates, min_distance_days } = series;
    if (
      [change.rrule, change.starts, change.timezone, change.ends, change.skip_dates].some(
        (part) => part !== undefined,
      )
    ) {
      checkRecurrence(series, now);
    }
    await tx`
      update series
      set name = ${series.name}, rrule = ${rrule}, starts = ${starts}, timezone = ${timezone}, ends = ${ends},
        skip_dates = ${skip_dates as string[]}, min_distance_days = ${min_distance_days}, updated_at = clock_timestamp()
      where workspace_id = ${who.workspaceId} and id = ${kept.id}`;
    if (posts) await keepSet(ctx, tx, who, series, posts);
    // A new name alone makes nothing anew.
    if (!posts && Object.keys(more).length === 0) return { id: kept.id, first: null };
    return { id: kept.id, first: await remake(ctx, tx, series, now) };
  });
}

function defined<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}

/** Makes everything untouched that lies ahead anew, by the series as it is now. */
async function remake(ctx: Context, tx: Tx, series: SeriesRow, now: Date): Promise<Date | null> {
  const old = await untouched(tx, series, now);
  await unmake(tx, series, old);
  await tx`
    delete from series_exceptions
    where workspace_id = ${series.workspace_id} and series_id = ${series.id} and at > ${now}
      and cause in ('distance', 'refused')`;
  const ids = new Map(old.map(({ id, occurrence }) => [occurrence, id]));
  return fill(ctx, tx, { ...series, made_until: now }, now, ids);
}

/** Stops it: what lies ahead and is untouched is taken away until it is resumed. */
export function pauseSeries(ctx: Context, who: Who, id: string): Promise<Series> {
  return acting(ctx, who, async (tx) => {
    const series = await lockSeries(tx, who.workspaceId, id);
    if (!series.paused) {
      await unmake(tx, series, await untouched(tx, series, new Date()));
      await tx`
        update series set paused = true, updated_at = clock_timestamp()
        where workspace_id = ${who.workspaceId} and id = ${series.id}`;
    }
    return { id: series.id, first: null };
  });
}

/** Goes on with the first occurrence from now; those of the pause are not caught up. */
export function resumeSeries(ctx: Context, who: Who, id: string): Promise<Series> {
  return acting(ctx, who, async (tx) => {
    const series = await lockSeries(tx, who.workspaceId, id);
    if (!series.paused) return { id: series.id, first: null };
    await tx`
      update series set paused = false, updated_at = clock_timestamp()
      where workspace_id = ${who.workspaceId} and id = ${series.id}`;
    return { id: series.id, first: await remake(ctx, tx, { ...series, paused: false }, new Date()) };
  });
}

/** Ends it: what lies ahead and is untouched is cancelled; posts and history stay. */
export function deleteSeries(ctx: Context, who: Who, id: string): Promise<void> {
  return asWorkspace(ctx, who, async (tx) => {
    const series = await lockSeries(tx, who.workspaceId, id);
    const posts = await untouched(tx, series, new Date());
    await tx`
      update publications
      set state = 'cancelled', hold_reason = null, note = 'its series was deleted', fence = fence + 1, lease_owner = null,
        lease_until = null
      where workspace_id = ${who.workspaceId} and post_id = any(${posts.map((post) => post.id)}::uuid[])
        and state in ('scheduled', 'held')`;
    await tx`
      update series set deleted_at = clock_timestamp() where workspace_id = ${who.workspaceId} and id = ${series.id}`;
  });
}

/** Leaves one coming occurrence out; its post is taken away. Throws `wrong_state` for one that a person changed. */
export function skipOccurrence(ctx: Context, who: Who, id: string, key: string): Promise<Series> {
  const now = new Date();
  return acting(ctx, who, async (tx) => {
    const series = await lockSeries(tx, who.workspaceId, id);
    const occurrence = comingOne(series, key, now);
    const free = await untouched(tx, series, now, key);
    const [post] = await tx`
      select from posts where workspace_id = ${who.workspaceId} and series_id = ${series.id} and occurrence = ${key}`;
    if (post && free.length === 0) {
      throw new AppError(
        'wrong_state',
        'The post of this occurrence was changed, or is on its way: cancel that post.',
      );
    }
    await unmake(tx, series, free);
    await keepException(tx, series, [occurrence], 'skipped', 'skipped by a person');
    return { id: series.id, first: null };
  });
}

/** Takes one coming occurrence in again, also one that was refused or found no post. Throws `wrong_state`. */
export function unskipOccurrence(ctx: Context, who: Who, id: string, key: string): Promise<Series> {
  const now = new Date();
  return acting(ctx, who, async (tx) => {
    const series = await lockSeries(tx, who.workspaceId, id);
    const occurrence = comingOne(series, key, now);
    const [gone] = await tx`
      delete from series_exceptions
      where workspace_id = ${who.workspaceId} and series_id = ${series.id} and occurrence = ${key} returning 1 as one`;
    if (!gone) throw new AppError('wrong_state', 'This occurrence is not skipped.');
    // One that is farther away is made in its turn.
    if (series.paused || occurrence.at > series.made_until) return { id: series.id, first: null };
    const set = await seriesPosts(tx, who.workspaceId, [series.id]);
    return { id: series.id, first: (await makeOccurrence(ctx, tx, series, set, occurrence)).at };
  });
}

/** The occurrence of that name, if it lies ahead. Throws `invalid`. */
function comingOne(series: SeriesRow, key: string, now: Date): Occurrence {
  let at: number | null = null;
  try {
    at = resolveLocalTime(key, series.timezone).at.getTime();
  } catch {
    // Told below: a time that does not exist is no occurrence either.
  }
  const found =
    at === null ? [] : occurrences(series, new Date(Math.max(at - 1, now.getTime())), new Date(at));
  const occurrence = found.find((one) => one.key === key);
  if (!occurrence) {
    throw invalid({
      path: '/occurrence',
      message: 'This is no coming occurrence of the series: see its `next`.',
    });
  }
  return occurrence;
}

/** Keeps the set in its order. Throws `invalid` with the place in the body of whatever could not go out. */
async function keepSet(
  ctx: Context,
  tx: Tx,
  who: Who,
  series: SeriesRow,
  posts: readonly (SeriesPostInput & { id?: string | undefined })[],
): Promise<void> {
  const known = new Set((await seriesPosts(tx, who.workspaceId, [series.id])).map(({ id }) => id));
  const faults: InputFault[] = [];
  const rows: { id: string; position: number; content: SeriesContent; media: string[] }[] = [];
  const schedule = { at: new Date(), localTime: null, timezone: series.timezone, note: null };
  for (const [position, { id = Bun.randomUUIDv7(), ...post }] of posts.entries()) {
    if (posts[position]?.id !== undefined && !known.has(id)) {
      faults.push({ path: `/posts/${position}/id`, message: 'There is no such post in this series.' });
      continue;
    }
    try {
      const content = readContent(post);
      await checkPost(ctx, tx, who, content, post.community_ids, schedule);
      const { community_ids, time_sensitive } = post;
      const media = [...new Set(mediaUses(content).flatMap(({ ids }) => ids))];
      rows.push({ id, position, content: { ...content, community_ids, time_sensitive }, media });
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'invalid')) throw error;
      faults.push(...error.errors.map((fault) => ({ ...fault, path: `/posts/${position}${fault.path}` })));
    }
  }
  if (faults.length > 0) throw invalid(faults);
  await tx`
    delete from series_posts
    where workspace_id = ${who.workspaceId} and series_id = ${series.id} and not id = any(${rows.map(({ id }) => id)}::uuid[])`;
  await tx`
    insert into series_posts (id, workspace_id, series_id, position, content)
    select r.id, ${who.workspaceId}, ${series.id}, r.position, r.content
    from jsonb_to_recordset(${tx.json(rows as never)}) as r(id uuid, position smallint, content jsonb)
    on conflict (id) do update set position = excluded.position, content = excluded.content`;
  await tx`
    delete from series_media
    where workspace_id = ${who.workspaceId} and series_post_id = any(${rows.map(({ id }) => id)}::uuid[])`;
  await tx`
    insert into series_media (workspace_id, series_post_id, media_id)
    select ${who.workspaceId}, r.id, m.id::uuid
    from jsonb_to_recordset(${tx.json(rows as never)}) as r(id uuid, media jsonb), jsonb_array_elements_text(r.media) m(id)`;
}

import { Temporal } from 'temporal-polyfill';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { PostInput } from '../posts/input.ts';
import { insertPost } from '../posts/post.ts';
import { mayBePublic } from '../posts/publications.ts';
import type { Tx } from '../stores/postgres.ts';
import { resolveLocalTime } from '../timezone.ts';
import { nextOccurrence, type Occurrence, occurrences } from './recurrence.ts';
import { actorOf, keepException, type SeriesPost, type SeriesRow, seriesPosts } from './row.ts';

/** The most posts that a series has planned at a time. */
const mostPlanned = 100;
const day = 86_400_000;
/** Occurrences that were missed longer ago are not written down one by one. */
const remembered = 366 * day;

/**
 * Brings a locked series up to date, in the transaction of the lock: every occurrence up to `durations.seriesAhead` from
 * `now` becomes a scheduled post, at most {@link mostPlanned} at a time; one that cannot be made leaves an exception and
 * the next ones go on. Of those whose time passed unmade the last alone is made, due at its time: it goes out late, or
 * waits for a decision, as any late post does. `ids` names posts that are made anew and keep their ids, by occurrence.
 * Answers the earliest moment that came near, for `ctx.planned.changed` after the commit.
 */
export async function fill(
  ctx: Context,
  tx: Tx,
  series: SeriesRow,
  now: Date,
  ids: ReadonlyMap<string, string> = new Map(),
): Promise<Date | null> {
  if (series.paused) return null;
  const set = await seriesPosts(tx, series.workspace_id, [series.id]);
  const madeUntil = series.made_until.getTime();
  const ahead = Math.min(ctx.config.durations.seriesAhead, ctx.config.horizonDays * day);
  const end = new Date(Math.max(now.getTime() + ahead, madeUntil));
  const missed = occurrences(series, new Date(Math.max(madeUntil, now.getTime() - remembered)), now);
  // More than can be made: some may be settled already.
  const coming = occurrences(series, new Date(Math.max(madeUntil, now.getTime())), end, mostPlanned * 20);
  const refused = await refusedBefore(tx, series, now);
  const settled = await settledAmong(tx, series, [...missed, ...coming]);
  let planned = await countPlanned(tx, series, now);
  let first: Date | null = null;
  const make = async (occurrence: Occurrence): Promise<void> => {
    const { made, at } = await makeOccurrence(ctx, tx, series, set, occurrence, ids.get(occurrence.key));
    if (made) planned += 1;
    if (at && (!first || at < first)) first = at;
  };

  const open = missed.filter(({ key }) => !settled.has(key));
  const late = open.pop();
  await keepException(
    tx,
    series,
    open,
    'missed',
    'nothing ran at its time: only the last one missed is caught up',
  );
  if (late) await make(late);
  for (const occurrence of refused) if (planned < mostPlanned) await make(occurrence);
  let until = coming.length < mostPlanned * 20 ? end : (coming.at(-1)?.at ?? end);
  let last = new Date(Math.max(madeUntil, now.getTime()));
  for (const occurrence of coming) {
    if (!settled.has(occurrence.key)) {
      if (planned >= mostPlanned) {
        until = last;
        break;
      }
      await make(occurrence);
    }
    last = occurrence.at;
  }
  await tx`
    update series set made_until = ${until}, next_at = ${nextOccurrence(series, until)?.at ?? null}
    where workspace_id = ${series.workspace_id} and id = ${series.id}`;
  return first;
}

/** Refused ones are tried again until their time: what was wrong, as a lost connection, may be mended by then. */
async function refusedBefore(tx: Tx, series: SeriesRow, now: Date): Promise<Occurrence[]> {
  const rows = await tx<{ key: string }[]>`
    select occurrence as key from series_exceptions
    where workspace_id = ${series.workspace_id} and series_id = ${series.id} and cause = 'refused'
      and at > ${now} and at <= ${series.made_until}
    order by at limit ${mostPlanned}`;
  return rows.map(({ key }) => ({ key, ...resolveLocalTime(key, series.timezone) }));
}

async function settledAmong(
  tx: Tx,
  series: SeriesRow,
  found: readonly Occurrence[],
): Promise<ReadonlySet<string>> {
  if (found.length === 0) return new Set();
  const keys = found.map(({ key }) => key);
  const rows = await tx<{ key: string }[]>`
    select occurrence as key from posts where series_id = ${series.id} and occurrence = any(${keys})
    union all
    select occurrence from series_exceptions where series_id = ${series.id} and occurrence = any(${keys})`;
  return new Set(rows.map(({ key }) => key));
}

async function countPlanned(tx: Tx, series: SeriesRow, now: Date): Promise<number> {
  const [row] = await tx<{ n: number }[]>`
    select count(*)::int as n from posts
    where workspace_id = ${series.workspace_id} and series_id = ${series.id} and scheduled_at > ${now}`;
  return row?.n ?? 0;
}

/** Makes the post of one occurrence, or writes down why there is none. */
export async function makeOccurrence(
  ctx: Context,
  tx: Tx,
  series: SeriesRow,
  set: readonly SeriesPost[],
  occurrence: Occurrence,
  id: string = Bun.randomUUIDv7(),
): Promise<{ made: boolean; at: Date | null }> {
  const chosen = await choose(tx, series, set, occurrence);
  if (!chosen) {
    const note = `no post of the set is ${series.min_distance_days} days away from its last time`;
    await keepException(tx, series, [occurrence], 'distance', note);
    return { made: false, at: null };
  }
  await tx`savepoint occurrence`;
  try {
    const { key, at, note } = occurrence;
    const { first } = await insertPost(ctx, tx, actorOf(series), v.parse(PostInput, chosen.content), null, {
      id,
      schedule: { at, localTime: key, timezone: series.timezone, note },
      series: { id: series.id, occurrence: key, postId: chosen.id },
    });
    await tx`delete from series_exceptions where series_id = ${series.id} and occurrence = ${key}`;
    await tx`release savepoint occurrence`;
    return { made: true, at: first };
  } catch (error) {
    // After an error of the database itself the transaction fails as a whole when it ends, whatever is done here.
    await tx`rollback to savepoint occurrence`;
    if (!(error instanceof AppError))
      ctx.log.error({ err: error, series: series.id }, 'an occurrence could not be made');
    await keepException(tx, series, [occurrence], 'refused', reasonOf(error), chosen.id);
    return { made: false, at: null };
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof AppError)) return 'Outpost itself failed at it: see its log.';
  const told = error.errors.length > 0 ? error.errors.map(({ message }) => message) : [error.message];
  return [...new Set(told)].join(' ').slice(0, 1_000);
}

/** The least recently used post of the set that is far enough from its other uses; null: there is none. */
async function choose(
  tx: Tx,
  series: SeriesRow,
  set: readonly SeriesPost[],
  { at }: Occurrence,
): Promise<SeriesPost | null> {
  if (set.length === 1 && series.min_distance_days === null) return set[0] ?? null;
  // What was cancelled or failed everywhere was no use of it.
  const used = tx`exists (
    select from publications pub where pub.post_id = p.id and pub.state not in ('cancelled', 'failed'))`;
  const uses = await tx<{ id: string; before: Date | null; after: Date | null }[]>`
    select id, before, after from (
      select sp.id, sp.position,
      (select p.scheduled_at from posts p where p.series_post_id = sp.id and p.scheduled_at <= ${at} and ${used}
       order by p.scheduled_at desc limit 1) as before,
      (select p.scheduled_at from posts p where p.series_post_id = sp.id and p.scheduled_at > ${at} and ${used}
       order by p.scheduled_at limit 1) as after,
      -- One that is refused has had its turn, too: else it would be the next for ever.
      (select max(e.at) from series_exceptions e
       where e.series_id = sp.series_id and e.series_post_id = sp.id and e.cause = 'refused' and e.at < ${at}) as refused
      from series_posts sp
      where sp.workspace_id = ${series.workspace_id} and sp.series_id = ${series.id}) uses
    order by greatest(before, refused) nulls first, position`;
  const distance = series.min_distance_days ?? 0;
  const dateOf = (time: Date) =>
    Temporal.Instant.fromEpochMilliseconds(time.getTime()).toZonedDateTimeISO(series.timezone).toPlainDate();
  // Days of the calendar: a week is a week, also when the clocks change in it.
  const far = (time: Date | null) =>
    time === null || Math.abs(dateOf(time).until(dateOf(at), { largestUnit: 'days' }).days) >= distance;
  const found = uses.find(({ before, after }) => far(before) && far(after));
  return set.find(({ id }) => id === found?.id) ?? null;
}

/**
 * The posts of a locked series that lie ahead and that nobody and nothing has touched: planned, changed by no person,
 * nothing of them sent. Locked, with their publications, in the order of people's acts.
 */
export async function untouched(
  tx: Tx,
  series: Pick<SeriesRow, 'id' | 'workspace_id'>,
  now: Date,
  occurrence: string | null = null,
): Promise<{ id: string; occurrence: string }[]> {
  const rows = await tx<{ id: string; occurrence: string }[]>`
    select id, occurrence from posts
    where workspace_id = ${series.workspace_id} and series_id = ${series.id} and not detached and scheduled_at > ${now}
      and (${occurrence}::text is null or occurrence = ${occurrence})
    order by id for update`;
  const ids = rows.map(({ id }) => id);
  const publications = await tx<{ post_id: string; free: boolean }[]>`
    select post_id, state in ('scheduled', 'held', 'failed') and not ${mayBePublic(tx)} as free from publications
    where workspace_id = ${series.workspace_id} and post_id = any(${ids}::uuid[]) order by id for update`;
  const touched = new Set(publications.filter(({ free }) => !free).map(({ post_id }) => post_id));
  return rows.filter(({ id }) => !touched.has(id));
}

/** Takes untouched posts away again, so that they can be made anew. */
export async function unmake(
  tx: Tx,
  series: Pick<SeriesRow, 'workspace_id'>,
  posts: readonly { id: string }[],
): Promise<void> {
  const ids = posts.map(({ id }) => id);
  // Loosed first: the deletion of an occurrence's post counts as a wish not to have it.
  await tx`
    update posts set series_id = null, occurrence = null
    where workspace_id = ${series.workspace_id} and id = any(${ids}::uuid[])`;
  await tx`delete from posts where workspace_id = ${series.workspace_id} and id = any(${ids}::uuid[])`;
}

import { Temporal } from 'temporal-polyfill';
import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError, invalid } from '../errors.ts';
import type { Tx } from '../stores/postgres.ts';
import { resolveLocalTime, weekdays } from '../timezone.ts';

const WeeklySlot = v.strictObject({
  weekday: v.picklist(weekdays, `must be one of: ${weekdays.join(', ')}`),
  time: v.pipe(
    v.string(),
    v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, as 09:30'),
    v.description('On the community’s clock.'),
  ),
});
export type WeeklySlot = v.InferOutput<typeof WeeklySlot>;

export const SlotsInput = v.strictObject({
  weekly: v.pipe(
    v.array(WeeklySlot),
    v.maxLength(200, 'has more than 200 slots'),
    v.check(
      (slots) => new Set(slots.map(({ weekday, time }) => `${weekday} ${time}`)).size === slots.length,
      'has a slot twice',
    ),
  ),
});

export const Slots = v.pipe(
  v.strictObject({
    timezone: v.string(),
    weekly: v.array(WeeklySlot),
    next: v.pipe(
      v.array(
        v.strictObject({
          at: v.pipe(v.string(), v.isoTimestamp()),
          local_time: v.string(),
          timezone: v.string(),
        }),
      ),
      v.description('The next free ones.'),
    ),
  }),
  v.metadata({ ref: 'Slots' }),
);
export type Slots = v.InferOutput<typeof Slots>;

const minute = 60_000;
const day = 86_400_000;

/** The weekly slots of a community and the next `limit` free ones. Throws `not_found`. */
export function getSlots(ctx: Context, who: Who, id: string, limit: number): Promise<Slots> {
  return asWorkspace(ctx, who, (tx) => read(ctx, tx, who.workspaceId, id, limit));
}

/** Replaces the weekly slots. What is planned stays where it is. Throws `not_found`. */
export function setSlots(
  ctx: Context,
  who: Who,
  id: string,
  { weekly }: v.InferOutput<typeof SlotsInput>,
): Promise<Slots> {
  return asWorkspace(ctx, who, async (tx) => {
    await lockSlots(tx, [id]);
    await tx`delete from slots where workspace_id = ${who.workspaceId} and community_id = ${id}`;
    if (weekly.length > 0) {
      // Of a community that is not there, nothing is written.
      await tx`
        insert into slots (workspace_id, community_id, weekday, minute)
        select c.workspace_id, c.id, s.weekday, s.minute
        from communities c, jsonb_to_recordset(${tx.json(
          weekly.map(({ weekday, time }) => ({
            weekday: weekdays.indexOf(weekday) + 1,
            minute: Number(time.slice(0, 2)) * 60 + Number(time.slice(3)),
          })),
        )}) as s(weekday smallint, minute smallint)
        where c.workspace_id = ${who.workspaceId} and c.id = ${id}`;
    }
    return read(ctx, tx, who.workspaceId, id, 5);
  });
}

async function read(ctx: Context, tx: Tx, workspaceId: string, id: string, limit: number): Promise<Slots> {
  const [community] = await tx<{ timezone: string }[]>`
    select timezone from communities where workspace_id = ${workspaceId} and id = ${id}`;
  if (!community) throw new AppError('not_found', 'There is no such community.');
  const { timezone } = community;
  const weekly = (await weeklyOf(tx, workspaceId, [id])).map(({ weekday, minute }) => ({
    weekday: weekdays[weekday - 1] ?? 'mon',
    time: clock(minute),
  }));
  const free = await freeSlots(ctx, tx, workspaceId, [{ id, timezone }], limit, null);
  return {
    timezone,
    weekly,
    next: free.map((at) => ({ at: at.toISOString(), local_time: localTime(at, timezone), timezone })),
  };
}

/**
 * The earliest moment that is a free slot of every one of these communities, held until the end of the transaction:
 * of two requests at once the second gets the next one. `exceptPost` is the post that is being moved: its own place
 * counts as free. Throws `invalid` at `/at` when there is none within the horizon.
 */
export async function takeNextSlot(
  ctx: Context,
  tx: Tx,
  workspaceId: string,
  communities: readonly { id: string; title: string; timezone: string }[],
  exceptPost: string | null,
): Promise<{ at: Date; localTime: string | null; timezone: string | null }> {
  if (communities.length === 0) {
    throw invalid({
      path: '/community_ids',
      message: 'Choose at least one community: the slot is one of its own.',
    });
  }
  const ids = communities.map(({ id }) => id);
  await lockSlots(tx, ids);
  const [at] = await freeSlots(ctx, tx, workspaceId, communities, 1, exceptPost);
  if (!at) {
    const able = new Set((await weeklyOf(tx, workspaceId, ids)).map((row) => row.community_id));
    const without = communities.filter(({ id }) => !able.has(id)).map(({ title }) => `«${title}»`);
    const { horizonDays } = ctx.config;
    const message =
      without.length > 0
        ? `${without.slice(0, 5).join(', ')} ${without.length > 1 ? 'have' : 'has'} no slots: give some at PUT /v1/communities/{id}/slots, or choose a time.`
        : communities.length === 1
          ? `Every slot of the next ${horizonDays} days is taken: give the community more of them, or choose a time.`
          : `These communities share no free slot in the next ${horizonDays} days: give each a slot at the same moment, make a post for each, or choose a time.`;
    throw invalid({ path: '/at', message });
  }
  const [shared, ...others] = new Set(communities.map(({ timezone }) => timezone));
  const timezone = shared !== undefined && others.length === 0 ? shared : null;
  return { at, localTime: timezone === null ? null : localTime(at, timezone), timezone };
}

/** Nobody else takes a slot of these communities until the end of the transaction. */
async function lockSlots(tx: Tx, communityIds: readonly string[]): Promise<void> {
  if (communityIds.length === 0) return;
  // By id, so that two requests for the same communities never wait for each other crosswise.
  await tx`
    select pg_advisory_xact_lock(hashtextextended('slots ' || id, 0))
    from (select id::text from unnest(${communityIds as string[]}::uuid[]) id order by id) communities`;
}

/**
 * The next moments, `most` at most, that are a free slot of every one of these communities, up to the horizon. A slot
 * is free when nothing of the community that is planned or out lies within a minute of it; `exceptPost` does not count.
 */
async function freeSlots(
  ctx: Context,
  tx: Tx,
  workspaceId: string,
  communities: readonly { id: string; timezone: string }[],
  most: number,
  exceptPost: string | null,
): Promise<Date[]> {
  const ids = communities.map(({ id }) => id);
  const rows = await weeklyOf(tx, workspaceId, ids);
  const patterns = patternsOf(communities, rows);
  if (patterns.some(({ minutes }) => minutes.size === 0)) return [];

  const now = Date.now();
  const end = now + ctx.config.horizonDays * day;
  const free: Date[] = [];
  const width = 28 * day;
  for (let from = now; from < end && free.length < most; from += width) {
    const to = Math.min(from + width, end);
    const moments = sharedMoments(patterns, from, to);
    if (moments.length === 0) continue;
    const taken = await tx<{ at: Date }[]>`
      select distinct due_at as at from publications
      where workspace_id = ${workspaceId} and community_id = any(${ids}::uuid[])
        and state not in ('cancelled', 'failed') and (${exceptPost}::uuid is null or post_id <> ${exceptPost}::uuid)
        and due_at between ${new Date(from - minute)} and ${new Date(to + minute)}
      order by due_at`;
    const times = taken.map(({ at }) => at.getTime());
    for (const at of moments) {
      if (!times.some((time) => Math.abs(time - at) <= minute)) free.push(new Date(at));
    }
  }
  return free.slice(0, most);
}

interface Weekly {
  community_id: string;
  /** 1 is Monday. */
  weekday: number;
  /** Since midnight. */
  minute: number;
}

function weeklyOf(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<Weekly[]> {
  return tx<Weekly[]>`
    select community_id, weekday, minute from slots
    where workspace_id = ${workspaceId} and community_id = any(${ids as string[]}::uuid[])
    order by community_id, weekday, minute`.then((rows) => [...rows]);
}

/** Minutes since Monday 00:00 at which every community of one zone has a slot. */
interface Pattern {
  timezone: string;
  minutes: ReadonlySet<number>;
}

function patternsOf(
  communities: readonly { id: string; timezone: string }[],
  rows: readonly Weekly[],
): Pattern[] {
  const byZone = new Map<string, Set<number>>();
  for (const { id, timezone } of communities) {
    const own = new Set(
      rows.filter((row) => row.community_id === id).map((row) => (row.weekday - 1) * 1_440 + row.minute),
    );
    byZone.set(timezone, byZone.get(timezone)?.intersection(own) ?? own);
  }
  return [...byZone].map(([timezone, minutes]) => ({ timezone, minutes }));
}

/** The moments after `from` up to `to` at which each pattern has a slot, in order. */
function sharedMoments(patterns: readonly Pattern[], from: number, to: number): number[] {
  const [first, ...others] = patterns;
  if (!first) return [];
  let shared = momentsOf(first, from, to);
  for (const pattern of others) {
    if (shared.size === 0) return [];
    shared = shared.intersection(momentsOf(pattern, from, to));
  }
  return [...shared].sort((a, b) => a - b);
}

function momentsOf({ timezone, minutes }: Pattern, from: number, to: number): Set<number> {
  const moments = new Set<number>();
  const last = new Date(to + 2 * day).toISOString().slice(0, 10);
  let date = Temporal.PlainDate.from(new Date(from - 2 * day).toISOString().slice(0, 10));
  for (; date.toString() <= last; date = date.add({ days: 1 })) {
    const start = (date.dayOfWeek - 1) * 1_440;
    for (const minute of minutes) {
      if (minute < start || minute >= start + 1_440) continue;
      const at = resolveLocalTime(`${date}T${clock(minute - start)}`, timezone).at.getTime();
      if (at > from && at <= to) moments.add(at);
    }
  }
  return moments;
}

/** What the community's clock shows then. */
function localTime(at: Date, timezone: string): string {
  const shown = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timezone);
  return shown.toPlainDateTime().toString({ smallestUnit: 'minute' });
}

function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

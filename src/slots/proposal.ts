import { slotLeast, waking } from '../analytics/best-time.ts';
import type { Hours } from '../analytics/hours.ts';
import type { Tx } from '../stores/postgres.ts';
import { type Community, type Planned, plannedOf, type Weekly, weeklyOf } from './calendar.ts';
import { hoursBetween, minuteOfWeek } from './moment.ts';

/** What is known of the hours of communities, by their id. null: ClickHouse does not answer. */
export type Estimates = ReadonlyMap<string, Hours | null>;

/** A moment that is free at every one of some communities. */
export interface Moment {
  at: number;
  /** Which hour of the week it is on the clock of each of them, in their order: 0 is Monday 0:00. */
  hours: readonly number[];
  /** How many of them have a weekly slot at this very minute. */
  onSlot: number;
}

/** The days ahead of some communities: what is free, and what they tried so far. */
export interface Ahead {
  moments: readonly Moment[];
  /** What is known of each, in their order. */
  known: readonly (Hours | null)[];
  /** Posts of each in each hour of the week: measured ones, else those of the last four weeks, and the planned ones. */
  tries: readonly (readonly number[])[];
  /** Posts of each that are planned on each weekday. */
  load: readonly (readonly number[])[];
}

export interface Best extends Moment {
  /** Mean over the communities, each in its own hour, as a difference of logarithms: 0 is as usual. */
  lift: number;
}

const minute = 60_000;
/** Two posts of a community that are nearer than this take readers from each other. */
export const apart = 30 * minute;
/** A proposal should still stand when the person who reads it has decided. */
const lead = 10 * minute;
const lookBack = 28 * 86_400_000;
const usualHours = 3;
const week = 7 * 24;

/**
 * Every free hour until then: at its full hour, or at the minutes of the weekly slots in it. Free is what lies at least
 * half an hour from anything of these communities that is planned or out; `exceptPost` does not count.
 */
export async function lookAhead(
  tx: Tx,
  workspaceId: string,
  communities: readonly Community[],
  estimates: Estimates,
  { now, until, exceptPost }: { now: number; until: number; exceptPost: string | null },
): Promise<Ahead> {
  const ids = communities.map(({ id }) => id);
  const weekly = await weeklyOf(tx, workspaceId, ids);
  const planned = await plannedOf(tx, workspaceId, ids, now - lookBack, until + apart, exceptPost);
  const known = communities.map(({ id }) => estimates.get(id) ?? null);
  const past = countsOf(communities, planned, (at) => at <= now);
  const coming = countsOf(communities, planned, (at) => at > now);
  return {
    moments: freeHours(communities, weekly, planned, now + lead, until),
    known,
    tries: coming.map((hours, index) =>
      hours.map((n, hour) => n + Math.max(known[index]?.tried[hour] ?? 0, past[index]?.[hour] ?? 0)),
    ),
    load: coming.map((hours) =>
      Array.from({ length: 7 }, (_, weekday) => sumOf(hours.slice(weekday * 24, weekday * 24 + 24))),
    ),
  };
}

function freeHours(
  communities: readonly Community[],
  weekly: readonly Weekly[],
  planned: readonly Planned[],
  from: number,
  to: number,
): Moment[] {
  const slots = communities.map(({ id }) => slotsOf(id, weekly));
  const zones = [...new Set(communities.map(({ timezone }) => timezone))];
  const found = new Set<number>();
  for (const zone of zones) {
    const here = slots.filter((_, index) => communities[index]?.timezone === zone).flatMap((own) => [...own]);
    const minutesAt = (hour: number) => {
      const own = here.filter((slot) => Math.floor(slot / 60) === hour).map((slot) => slot % 60);
      return own.length > 0 ? [...new Set(own)] : [0];
    };
    for (const at of hoursBetween(zone, minutesAt, from, to)) found.add(at);
  }
  const taken = planned.map(({ at }) => at.getTime()).filter((at) => at > from - apart);
  return [...found]
    .filter((at) => taken.every((time) => Math.abs(time - at) >= apart))
    .sort((a, b) => a - b)
    .map((at) => {
      const clocks = new Map(zones.map((zone) => [zone, minuteOfWeek(at, zone)]));
      const shown = communities.map(({ timezone }) => clocks.get(timezone) ?? 0);
      return {
        at,
        hours: shown.map((minutes) => Math.floor(minutes / 60)),
        onSlot: shown.filter((minutes, index) => slots[index]?.has(minutes)).length,
      };
    });
}

/** Minutes since Monday 0:00. */
function slotsOf(communityId: string, weekly: readonly Weekly[]): ReadonlySet<number> {
  const own = weekly.filter((row) => row.community_id === communityId);
  return new Set(own.map((row) => (row.weekday - 1) * 1_440 + row.minute));
}

function countsOf(
  communities: readonly Community[],
  planned: readonly Planned[],
  counts: (at: number) => boolean,
): number[][] {
  const byCommunity = Map.groupBy(planned, ({ community_id }) => community_id);
  return communities.map(({ id, timezone }) => {
    const hours = new Array<number>(week).fill(0);
    for (const { at } of byCommunity.get(id) ?? []) {
      if (counts(at.getTime())) raise(hours, Math.floor(minuteOfWeek(at.getTime(), timezone) / 60));
    }
    return hours;
  });
}

/**
 * The moments that evidence speaks for, the best first: in a reliable hour of at least one of the communities, and better
 * than usual on average over all of them. Where nothing is known of a community, its posts are taken to do as usual.
 */
export function bestMoments({ moments, known }: Ahead): Best[] {
  return moments
    .filter(({ hours }) => hours.some((hour, index) => known[index]?.slots[hour]?.reliable))
    .map((moment) => ({ ...moment, lift: liftAt(moment, known) }))
    .filter(({ lift }) => lift > 0)
    .sort((a, b) => b.lift - a.lift || b.onSlot - a.onSlot || a.at - b.at);
}

/**
 * `most` moments at most, in the order in which an experiment takes them: hours that are hardly tested at every one of the
 * communities, by day, or at night where it publishes then anyway. The hour of the day that was tried least goes first, so
 * that none comes twice before the others had their turn; of those the weekday with the least on it, then the most
 * promising.
 */
export function untestedMoments({ moments, known, ...ahead }: Ahead, most: number): Moment[] {
  const tries = ahead.tries.map((hours) => [...hours]);
  const load = ahead.load.map((days) => [...days]);
  const turns = tries.map(byHour);
  const awake = turns.map((hours) =>
    hours.map((n, hour) => (hour >= waking.from && hour <= waking.to) || n >= slotLeast),
  );
  let open = moments.filter(({ hours }) => hours.every((hour, index) => awake[index]?.[hour % 24]));
  const chosen: Moment[] = [];
  while (chosen.length < most) {
    open = open.filter(({ hours }) => hours.every((hour, index) => (tries[index]?.[hour] ?? 0) < slotLeast));
    const ranked = open.map((moment) => ({
      moment,
      by: [
        sumOf(moment.hours.map((hour, index) => turns[index]?.[hour % 24] ?? 0)),
        sumOf(moment.hours.map((hour, index) => load[index]?.[Math.floor(hour / 24)] ?? 0)),
        -liftAt(moment, known),
        -moment.onSlot,
        moment.at,
      ],
    }));
    const next = ranked.reduce<(typeof ranked)[number] | null>(
      (least, one) => (least && compare(least.by, one.by) <= 0 ? least : one),
      null,
    )?.moment;
    if (!next) break;
    chosen.push(next);
    open = open.filter(({ at }) => Math.abs(at - next.at) >= apart);
    for (const [index, hour] of next.hours.entries()) {
      raise(tries[index], hour);
      raise(turns[index], hour % 24);
      raise(load[index], Math.floor(hour / 24));
    }
  }
  return chosen;
}

/** Moments at the few hours of the day at which the first community publishes most; nothing says that these are good. */
export function usualMoments({ moments, tries: [tries = []] }: Ahead): Moment[] {
  const usual = byHour(tries)
    .map((n, hour) => ({ n, hour }))
    .filter(({ n }) => n > 0)
    .sort((a, b) => b.n - a.n || a.hour - b.hour)
    .slice(0, usualHours)
    .map(({ hour }) => hour);
  return moments.filter(({ hours }) => usual.includes((hours[0] ?? 0) % 24));
}

function liftAt({ hours }: Moment, known: Ahead['known']): number {
  return sumOf(hours.map((hour, index) => known[index]?.slots[hour]?.effect ?? 0)) / hours.length;
}

/** Of each hour of the day the sum over the weekdays. */
function byHour(hours: readonly number[]): number[] {
  return Array.from({ length: 24 }, (_, hour) => sumOf(hours.filter((_n, index) => index % 24 === hour)));
}

function raise(counts: number[] | undefined, index: number): void {
  if (counts) counts[index] = (counts[index] ?? 0) + 1;
}

/** By the first number that differs. */
function compare(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((value, index) => value !== b[index]);
  return differs < 0 ? 0 : (a[differs] ?? 0) - (b[differs] ?? 0);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

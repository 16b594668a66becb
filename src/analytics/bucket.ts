import { Temporal } from 'temporal-polyfill';
import * as v from 'valibot';
import { invalid } from '../errors.ts';

export const Grain = v.picklist(['hour', 'day', 'week', 'month'], 'must be hour, day, week or month');
export type Grain = v.InferOutput<typeof Grain>;

/** A span of time on a clock: weeks begin on Monday, and a day has 23 or 25 hours when the clocks change. */
export interface Bucket {
  /** As {@link bucketSql} names it: the second that it begins with, since 1970. */
  key: number;
  at: Date;
}

const bucketsMost = 1_000;
const yearsMost = 10;

/**
 * The bucket of a time in SQL, as {@link bucketsOf} has it as `key`, by the parameter `starts`: {@link startsOf} them. The
 * engine is not asked about zones: it knows fewer of them than JavaScript.
 */
export function bucketSql(time: string): string {
  return `roundDown(toUInt32(${time}), {starts:Array(UInt32)})`;
}

export function startsOf(buckets: readonly Bucket[]): number[] {
  return buckets.map(({ key }) => key);
}

/** Every bucket that begins before `to`, from the one that `from` lies in. Throws `invalid` when they are too many. */
export function bucketsOf(grain: Grain, from: Date, to: Date, zone: string): Bucket[] {
  const first = startOf(grain, from, zone);
  if (first.add({ years: yearsMost, weeks: 1 }).epochMilliseconds < to.getTime()) {
    throw invalid({ path: 'query/from', message: `A period has ${yearsMost} years at the most.` });
  }
  const found = walk(grain, first, to, bucketsMost);
  if (found) return found;
  throw invalid({
    path: 'query/grain',
    message: `These are more than ${bucketsMost} points: ask for a shorter time or a coarser grain.`,
  });
}

/** Every day of the buckets, which are at least as long as days: what is counted from midnight on adds up by days alone. */
export function daysOf(buckets: readonly Bucket[], to: Date, zone: string): Bucket[] {
  const [first] = buckets;
  return (first && walk('day', startOf('day', first.at, zone), to, Number.POSITIVE_INFINITY)) ?? [];
}

/** null: more than `most`. */
function walk(grain: Grain, first: Temporal.ZonedDateTime, to: Date, most: number): Bucket[] | null {
  const found: Bucket[] = [];
  for (let at = first; at.epochMilliseconds < to.getTime(); at = next(grain, at)) {
    if (found.length === most) return null;
    found.push({ key: at.epochMilliseconds / 1_000, at: new Date(at.epochMilliseconds) });
  }
  return found;
}

function startOf(grain: Grain, from: Date, zone: string): Temporal.ZonedDateTime {
  const at = Temporal.Instant.fromEpochMilliseconds(from.getTime()).toZonedDateTimeISO(zone);
  if (grain === 'hour') return at.round({ smallestUnit: 'hour', roundingMode: 'floor' });
  const day = at.startOfDay();
  if (grain === 'day') return day;
  return (grain === 'week' ? day.subtract({ days: day.dayOfWeek - 1 }) : day.with({ day: 1 })).startOfDay();
}

function next(grain: Grain, at: Temporal.ZonedDateTime): Temporal.ZonedDateTime {
  switch (grain) {
    case 'hour':
      return at.add({ hours: 1 });
    case 'day':
      return at.add({ days: 1 }).startOfDay();
    case 'week':
      return at.add({ days: 7 }).startOfDay();
    case 'month':
      return at.add({ months: 1 }).startOfDay();
  }
}

import { Temporal } from 'temporal-polyfill';
import * as v from 'valibot';
import { invalid } from '../errors.ts';

export const Grain = v.picklist(['hour', 'day', 'week', 'month'], 'must be hour, day, week or month');
export type Grain = v.InferOutput<typeof Grain>;

/** A span of time on a clock: weeks begin on Monday, and a day has 23 or 25 hours when the clocks change. */
export interface Bucket {
  /** As {@link bucketSql} names it: a date, or for hours the instant. */
  key: string;
  at: Date;
}

const bucketsMost = 1_000;

/** The bucket of a time in SQL, in the zone of the parameter `zone`. Answers text that {@link bucketsOf} has as `key`. */
export function bucketSql(grain: Grain, column: string): string {
  const day = `toDate(${column}, {zone:String})`;
  switch (grain) {
    case 'hour':
      return `toString(toUnixTimestamp(toStartOfHour(toTimeZone(${column}, {zone:String}))))`;
    case 'day':
      return `toString(${day})`;
    case 'week':
      return `toString(toMonday(${day}))`;
    case 'month':
      return `toString(toStartOfMonth(${day}))`;
  }
}

/** Every bucket that begins before `to`, from the one that `from` lies in. Throws `invalid` when they are too many. */
export function bucketsOf(grain: Grain, from: Date, to: Date, zone: string): Bucket[] {
  const found: Bucket[] = [];
  let at = startOf(grain, from, zone);
  while (at.epochMilliseconds < to.getTime()) {
    if (found.length === bucketsMost) {
      throw invalid({
        path: 'query/grain',
        message: `These are more than ${bucketsMost} points: ask for a shorter time or a coarser grain.`,
      });
    }
    const key =
      grain === 'hour' ? String(Math.floor(at.epochMilliseconds / 1_000)) : at.toPlainDate().toString();
    found.push({ key, at: new Date(at.epochMilliseconds) });
    at = next(grain, at);
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

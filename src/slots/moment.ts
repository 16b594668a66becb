import { Temporal } from 'temporal-polyfill';
import { resolveLocalTime } from '../timezone.ts';

/** Minutes since Monday 00:00 at which every community of one zone has a slot. */
export interface Pattern {
  timezone: string;
  minutes: ReadonlySet<number>;
}

const day = 86_400_000;

/** The moments after `from` up to `to` at which each pattern has a slot, in order. */
export function sharedMoments(patterns: readonly Pattern[], from: number, to: number): number[] {
  const [first, ...others] = patterns;
  if (!first) return [];
  let shared = momentsOf(first, from, to);
  for (const pattern of others) {
    if (shared.size === 0) return [];
    shared = shared.intersection(momentsOf(pattern, from, to));
  }
  return [...shared].sort((a, b) => a - b);
}

/** One that the clocks skip moves forward, as every time that was chosen by a person does. */
function momentsOf({ timezone, minutes }: Pattern, from: number, to: number): Set<number> {
  const moments = new Set<number>();
  for (const date of datesAround(from, to)) {
    const start = (date.dayOfWeek - 1) * 1_440;
    for (const minute of minutes) {
      if (minute < start || minute >= start + 1_440) continue;
      const at = resolveLocalTime(`${date}T${clock(minute - start)}`, timezone).at.getTime();
      if (at > from && at <= to) moments.add(at);
    }
  }
  return moments;
}

/**
 * Every hour of the zone's clock after `from` up to `to`, at the minutes of the hour that `minutesAt` answers for it
 * (0 is Monday 0:00, 167 Sunday 23:00). An hour that the clocks skip is left out, one that comes twice is the first.
 */
export function hoursBetween(
  timezone: string,
  minutesAt: (hour: number) => readonly number[],
  from: number,
  to: number,
): number[] {
  const moments: number[] = [];
  for (const date of datesAround(from, to)) {
    for (let hour = 0; hour < 24; hour += 1) {
      for (const minute of minutesAt((date.dayOfWeek - 1) * 24 + hour)) {
        const { at, note } = resolveLocalTime(`${date}T${clock(hour * 60 + minute)}`, timezone);
        if (note?.kind !== 'gap' && at.getTime() > from && at.getTime() <= to) moments.push(at.getTime());
      }
    }
  }
  return moments;
}

/** Dates that any clock on earth may show meanwhile. */
function* datesAround(from: number, to: number): Generator<Temporal.PlainDate> {
  const last = new Date(to + 2 * day).toISOString().slice(0, 10);
  let date = Temporal.PlainDate.from(new Date(from - 2 * day).toISOString().slice(0, 10));
  for (; date.toString() <= last; date = date.add({ days: 1 })) yield date;
}

/** What a clock shows then, in minutes since Monday 0:00. */
export function minuteOfWeek(at: number, timezone: string): number {
  const shown = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone);
  return (shown.dayOfWeek - 1) * 1_440 + shown.hour * 60 + shown.minute;
}

/** What the community's clock shows then. */
export function localTime(at: Date, timezone: string): string {
  const shown = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timezone);
  return shown.toPlainDateTime().toString({ smallestUnit: 'minute' });
}

/** Minutes since midnight as a time of day. */
export function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

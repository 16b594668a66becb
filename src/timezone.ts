import { Temporal } from 'temporal-polyfill';
import * as v from 'valibot';

/** True for an IANA time zone name or link (`Europe/Moscow`, `Europe/Kiev`, `UTC`), false for an offset (`+03:00`). */
export function isTimeZone(name: string): boolean {
  // The engine takes offsets and any letter case as well; names that people chose must read like names.
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(name)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions();
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

/** As the API names them, Monday first. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** An IANA time zone name, as a person chose it (links are kept as they are). */
export const TimeZone = v.pipe(
  v.string(),
  v.maxLength(64),
  v.check(isTimeZone, 'This is not an IANA time zone name, such as Europe/Moscow.'),
  v.description('IANA time zone name'),
);

/** What daylight saving did to a local time, once, when it was resolved. */
export interface TimeNote {
  kind: 'gap' | 'overlap';
  message: string;
}

export interface Moment {
  at: Date;
  note: TimeNote | null;
}

/**
 * Local time + IANA zone → instant. The only place where this is done: PostgreSQL and JavaScript disagree about the
 * hour that repeats. A time that the clocks skip moves forward by the gap; one that comes twice is the first.
 *
 * @param localTime `YYYY-MM-DDTHH:MM` with optional seconds
 * @throws RangeError when the text is no local time
 */
export function resolveLocalTime(localTime: string, zone: string): Moment {
  const plain = Temporal.PlainDateTime.from(localTime, { overflow: 'reject' });
  const earlier = plain.toZonedDateTime(zone, { disambiguation: 'earlier' });
  const later = plain.toZonedDateTime(zone, { disambiguation: 'later' });
  if (earlier.epochMilliseconds === later.epochMilliseconds)
    return { at: new Date(earlier.epochMilliseconds), note: null };

  // In a gap «later» reads the clock before the change (the wall time moves forward), «earlier» the one after it.
  const inGap = !earlier.toPlainDateTime().equals(plain);
  const chosen = inGap ? later : earlier;
  return {
    at: new Date(chosen.epochMilliseconds),
    note: inGap
      ? {
          kind: 'gap',
          message: `${clock(plain)} does not exist on ${plain.toPlainDate()} in ${zone}, the clocks skip it: moved to ${clock(chosen.toPlainDateTime())}.`,
        }
      : {
          kind: 'overlap',
          message: `${clock(plain)} comes twice on ${plain.toPlainDate()} in ${zone}: the first one (${chosen.offset}) is taken.`,
        },
  };
}

/** The calendar day of a moment in a zone, from its first moment to that of the next day. */
export function dayOf(at: Date, zone: string): { date: string; from: Date; to: Date } {
  const day = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(zone).toPlainDate();
  const start = (date: Temporal.PlainDate) => new Date(date.toZonedDateTime(zone).epochMilliseconds);
  return { date: day.toString(), from: start(day), to: start(day.add({ days: 1 })) };
}

/** A time with an offset; null for one that does not exist. `Date` would read the 31st of February as the 3rd of March. */
export function readInstant(text: string): Date | null {
  try {
    return new Date(Temporal.Instant.from(text).epochMilliseconds);
  } catch {
    return null;
  }
}

function clock(time: Temporal.PlainDateTime): string {
  return time.toPlainTime().toString({ smallestUnit: 'minute' });
}

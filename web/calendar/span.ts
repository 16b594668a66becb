import { Temporal } from 'temporal-polyfill';

export const views = ['month', 'week', 'day', 'list'] as const;
export type View = (typeof views)[number];

/** The days that a view shows; the month with the days around it that complete its weeks. Weeks begin on Monday. */
export function daysOf(view: View, day: Temporal.PlainDate): Temporal.PlainDate[] {
  if (view === 'day') return [day];
  const first =
    view === 'week'
      ? mondayOf(day)
      : view === 'month'
        ? mondayOf(day.with({ day: 1 }))
        : day.with({ day: 1 });
  const last =
    view === 'week'
      ? first.add({ days: 6 })
      : view === 'month'
        ? mondayOf(day.with({ day: day.daysInMonth })).add({ days: 6 })
        : day.with({ day: day.daysInMonth });
  return Array.from({ length: first.until(last).days + 1 }, (_, index) => first.add({ days: index }));
}

function mondayOf(day: Temporal.PlainDate): Temporal.PlainDate {
  return day.subtract({ days: day.dayOfWeek - 1 });
}

/** The view before or after. */
export function step(view: View, day: Temporal.PlainDate, direction: 1 | -1): Temporal.PlainDate {
  if (view === 'day') return day.add({ days: direction });
  if (view === 'week') return day.add({ weeks: direction });
  return day.with({ day: 1 }).add({ months: direction });
}

/** The moments at which the days begin and end on the clock of a zone; a day has 23 or 25 hours when clocks change. */
export function boundsOf(days: readonly Temporal.PlainDate[], zone: string): { from: string; to: string } {
  const [first, last] = [days[0], days.at(-1)];
  if (!first || !last) throw new Error('a view has days');
  return {
    from: first.toZonedDateTime(zone).toInstant().toString(),
    to: last.add({ days: 1 }).toZonedDateTime(zone).toInstant().toString(),
  };
}

export function today(zone: string): Temporal.PlainDate {
  return Temporal.Now.plainDateISO(zone);
}

/** A moment on the clock of a zone. */
export function wallOf(at: string, zone: string): Temporal.PlainDateTime {
  return Temporal.Instant.from(at).toZonedDateTimeISO(zone).toPlainDateTime();
}

/** The moment of a wall time; one that the clocks skip is the one after the gap. */
export function momentOf(wall: Temporal.PlainDateTime, zone: string): string {
  return wall.toZonedDateTime(zone).toInstant().toString();
}

export function isPast(at: string): boolean {
  return Temporal.Instant.compare(at, Temporal.Now.instant()) <= 0;
}

/** What PATCH takes to move a post: its own zone stays the one it was chosen in. */
export function newTime(at: string, timezone: string | null) {
  if (timezone === null) return { scheduled_at: at };
  return { local_time: wallOf(at, timezone).toString({ smallestUnit: 'second' }), timezone };
}

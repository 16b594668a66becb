import { Temporal } from 'temporal-polyfill';
import { dayOf, resolveLocalTime } from '../timezone.ts';

export const everies = ['week', 'month'] as const;
export type Every = (typeof everies)[number];

export interface Period {
  from: Date;
  to: Date;
}

/** When a schedule sends, on the clock of its zone: on Mondays, or on the first of a month. */
const morning = '08:00';

/** A day on which a schedule sends what ended with the day before. */
export interface Morning {
  /** `YYYY-MM-DD`, local. */
  date: string;
  at: Date;
}

/** The last morning of a schedule that is not after `now`. */
export function lastMorning(every: Every, zone: string, now: Date): Morning {
  const day = firstDay(every, Temporal.PlainDate.from(dayOf(now, zone).date));
  const found = morningOf(day, zone);
  return found.at <= now ? found : morningOf(day.subtract(step(every)), zone);
}

/** The first morning after `now`, and after the local day `done`: what ended before that day was sent. */
export function nextMorning(every: Every, zone: string, now: Date, done: string | null): Morning {
  let day = firstDay(every, Temporal.PlainDate.from(dayOf(now, zone).date));
  for (;;) {
    const found = morningOf(day, zone);
    if (found.at > now && (done === null || found.date > done)) return found;
    day = day.add(step(every));
  }
}

/** The whole week or month that ended when the day of a morning began. */
export function periodBefore(every: Every, zone: string, date: string): Period {
  const end = Temporal.PlainDate.from(date);
  return { from: startOf(end.subtract(step(every)), zone), to: startOf(end, zone) };
}

/** So many local days up to `now`, the day of `now` included. */
export function lastDays(days: number, zone: string, now: Date): Period {
  const today = Temporal.PlainDate.from(dayOf(now, zone).date);
  return { from: startOf(today.subtract({ days: days - 1 }), zone), to: now };
}

function firstDay(every: Every, day: Temporal.PlainDate): Temporal.PlainDate {
  return every === 'week' ? day.subtract({ days: day.dayOfWeek - 1 }) : day.with({ day: 1 });
}

function step(every: Every): Temporal.DurationLike {
  return every === 'week' ? { days: 7 } : { months: 1 };
}

function morningOf(day: Temporal.PlainDate, zone: string): Morning {
  const date = day.toString();
  return { date, at: resolveLocalTime(`${date}T${morning}`, zone).at };
}

function startOf(day: Temporal.PlainDate, zone: string): Date {
  return new Date(day.toZonedDateTime(zone).epochMilliseconds);
}

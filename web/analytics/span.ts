import { Temporal } from 'temporal-polyfill';
import type { Trend } from './queries.ts';

export interface Span {
  from: string;
  to: string;
}

/**
 * The buckets of the last so many days on the clock of a zone, the one that is under way included, and as many before
 * them. Weeks begin on Monday.
 */
export function spansOf(
  days: number,
  grain: Trend['grain'],
  zone: string,
  now = Temporal.Now.zonedDateTimeISO(zone),
): { current: Span; previous: Span } {
  const [first, length] = bucketsOf(days, grain, now);
  const from = first.subtract(length);
  return {
    current: { from: text(first), to: text(first.add(length)) },
    previous: { from: text(from), to: text(first) },
  };
}

function bucketsOf(days: number, grain: Trend['grain'], now: Temporal.ZonedDateTime) {
  const today = now.startOfDay();
  switch (grain) {
    case 'hour':
      return [today.subtract({ days: days - 1 }), { days }] as const;
    case 'day':
      return [today.subtract({ days: days - 1 }), { days }] as const;
    case 'week': {
      const weeks = Math.ceil(days / 7);
      return [today.subtract({ days: today.dayOfWeek - 1, weeks: weeks - 1 }), { weeks }] as const;
    }
    case 'month': {
      const months = Math.max(1, Math.round(days / 30));
      return [today.with({ day: 1 }).subtract({ months: months - 1 }), { months }] as const;
    }
  }
}

function text(at: Temporal.ZonedDateTime): string {
  return at.toInstant().toString();
}

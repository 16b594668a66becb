import { useTranslation } from 'react-i18next';
import { Temporal } from 'temporal-polyfill';

/** As the API names them. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** An hour of the week on the clock of a community. */
export interface WeekHour {
  weekday: Weekday;
  hour: number;
}

export function clock(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}

/** How the days of the week are called. */
export function useWeek() {
  const { i18n } = useTranslation();
  const named = (weekday: 'long' | 'short') => {
    const format = new Intl.DateTimeFormat(i18n.language, { weekday, timeZone: 'UTC' });
    // 5 January 2026 was a Monday.
    return (day: Weekday) => format.format(Date.UTC(2026, 0, 5 + weekdays.indexOf(day)));
  };
  const [long, short] = [named('long'), named('short')];
  return {
    long,
    short,
    /** «Thursday 18:00». */
    moment: ({ weekday, hour }: WeekHour) => `${long(weekday)} ${clock(hour)}`,
  };
}

/** Somebody who reads a proposal needs some time to write. */
const leadMinutes = 10;

/** When this hour of the week begins next on the clock of a zone: `2026-11-20T18:00`. */
export function nextAt({ weekday, hour }: WeekHour, zone: string): string {
  const now = Temporal.Now.plainDateTimeISO(zone);
  const days = (weekdays.indexOf(weekday) + 8 - now.dayOfWeek) % 7;
  const at = now.toPlainDate().add({ days }).toPlainDateTime({ hour });
  const soonest = now.add({ minutes: leadMinutes });
  const next = Temporal.PlainDateTime.compare(at, soonest) < 0 ? at.add({ days: 7 }) : at;
  return next.toString({ smallestUnit: 'minute' });
}

/** Where a post is written for that hour. */
export function planAddress(at: WeekHour, zone: string, communityId: string): string {
  return `/posts/new?${new URLSearchParams({ at: nextAt(at, zone), zone, community: communityId })}`;
}

/** As the API names them, and iCalendar, Monday first. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];
const codes = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;

/** Which of a month; -1: the last one. */
export const places = [1, 2, 3, 4, -1] as const;
export type Place = (typeof places)[number];

/** What people ask for, as far as it can be chosen without writing a rule: the rest is a rule's text. */
export type Rule = { interval: number; count: number | null } & (
  | { every: 'day' }
  /** Without a day: that of the first one. */
  | { every: 'week'; weekdays: readonly Weekday[] }
  /** 1 to 31, -1 is the last day; without one: that of the first one. */
  | { every: 'month'; days: readonly number[] }
  | { every: 'month'; place: Place; weekday: Weekday }
);

/** The rule as the API takes it. */
export function textOf(rule: Rule): string {
  const { every, interval, count } = rule;
  const parts = [`FREQ=${{ day: 'DAILY', week: 'WEEKLY', month: 'MONTHLY' }[every]}`];
  if (interval > 1) parts.push(`INTERVAL=${interval}`);
  if ('weekdays' in rule && rule.weekdays.length > 0) {
    parts.push(`BYDAY=${inOrder(rule.weekdays).map(codeOf).join(',')}`);
  }
  if ('days' in rule && rule.days.length > 0) parts.push(`BYMONTHDAY=${rule.days.join(',')}`);
  if ('place' in rule) parts.push(`BYDAY=${rule.place}${codeOf(rule.weekday)}`);
  if (count !== null) parts.push(`COUNT=${count}`);
  return parts.join(';');
}

/** What can be chosen, read from a rule's text; null: it says more than that. */
export function readRule(text: string): Rule | null {
  const parts = new Map<string, string>();
  for (const part of text
    .trim()
    .toUpperCase()
    .replace(/^RRULE:/, '')
    .split(';')) {
    const [name = '', value = ''] = part.split('=');
    parts.set(name, value);
  }
  const take = (name: string) => {
    const value = parts.get(name);
    parts.delete(name);
    return value;
  };
  const whole = (value: string | undefined) => (value === undefined ? null : Number(value));
  const every = take('FREQ');
  const interval = whole(take('INTERVAL')) ?? 1;
  const count = whole(take('COUNT'));
  const byDay = take('BYDAY')?.split(',') ?? [];
  const byMonthDay = take('BYMONTHDAY')?.split(',').map(Number) ?? [];
  // It matters only where several weeks lie between; Monday is the usual one.
  if (parts.get('WKST') === 'MO') parts.delete('WKST');
  if (parts.size > 0 || Number.isNaN(interval) || Number.isNaN(count)) return null;
  const common = { interval, count };
  if (every === 'DAILY' && byDay.length + byMonthDay.length === 0) return { every: 'day', ...common };
  if (every === 'WEEKLY' && byMonthDay.length === 0) {
    const days = byDay.map(weekdayOf);
    return days.every((day) => day !== undefined)
      ? { every: 'week', weekdays: inOrder(days), ...common }
      : null;
  }
  if (every !== 'MONTHLY' || (byDay.length > 0 && byMonthDay.length > 0)) return null;
  if (byDay.length === 0) {
    const fits = byMonthDay.every((day) => day === -1 || (day >= 1 && day <= 31));
    return fits ? { every: 'month', days: byMonthDay, ...common } : null;
  }
  const [, place, code = ''] = /^([+-]?\d+)([A-Z]{2})$/.exec(byDay[0] ?? '') ?? [];
  const weekday = weekdayOf(code);
  const found = places.find((one) => one === Number(place));
  return byDay.length === 1 && weekday && found ? { every: 'month', place: found, weekday, ...common } : null;
}

function inOrder(days: readonly Weekday[]): Weekday[] {
  return weekdays.filter((day) => days.includes(day));
}

const codeOf = (day: Weekday) => codes[weekdays.indexOf(day)] ?? 'MO';
const weekdayOf = (code: string) => weekdays[(codes as readonly string[]).indexOf(code)];

/** Of a local date or time, `2026-11-23…`. */
export function weekdayOn(local: string): Weekday {
  return weekdays[(new Date(`${local.slice(0, 10)}T00:00Z`).getUTCDay() + 6) % 7] ?? 'mon';
}

export const dayOn = (local: string) => Number(local.slice(8, 10)) || 1;

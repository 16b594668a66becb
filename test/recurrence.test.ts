import { afterAll, describe, expect, test } from 'bun:test';
import { Temporal } from 'temporal-polyfill';
import { AppError } from '../src/errors.ts';
import { checkRecurrence, nextOccurrence, occurrences, type Recurrence } from '../src/series/recurrence.ts';
import { resolveLocalTime } from '../src/timezone.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const [from, to] = [Date.UTC(2025, 0, 1), Date.UTC(2036, 0, 1)];

interface Change {
  /** The first instant of the new offset. */
  at: number;
  /** Offsets from UTC in milliseconds. */
  before: number;
  after: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const zones = Intl.supportedValuesOf('timeZone');
const changesOf = new Map(zones.map((zone) => [zone, changes(zone)]));
/** Zones whose clocks do the same in these years, by one of them. */
const groups = new Map(
  zones.map((zone) => [JSON.stringify([offset(zone, from), changesOf.get(zone)]), zone] as const),
);

let checks = 0;
const wrong: string[] = [];
function check(is: unknown, shouldBe: unknown, where: () => string): void {
  checks += 1;
  if (is !== shouldBe) wrong.push(`${where()}: ${is} instead of ${shouldBe}`);
}
afterAll(() => {
  console.log(`${checks} checks, ${wrong.length} wrong: ${zones.length} zones, ${groups.size} kinds of them`);
});

test('every local time around every change of the clocks of every zone, 2025 to 2035, is the instant it should be', () => {
  let seen = 0;
  for (const [zone, list] of changesOf) {
    for (const change of list) {
      seen += 1;
      for (const wall of wallsAround(change)) {
        const { at, note } = resolveLocalTime(textOf(wall), zone);
        const right = expected(zone, wall);
        check(at.getTime(), right.at, () => `${textOf(wall)} in ${zone}`);
        check(note?.kind ?? 'plain', right.kind, () => `${textOf(wall)} in ${zone}`);
      }
    }
    // Far from any change, and in the zones that have none.
    for (let month = 0; month < 132; month += 5) {
      const wall = Date.UTC(2025, month, 11, 12, 30);
      check(
        resolveLocalTime(textOf(wall), zone).at.getTime(),
        expected(zone, wall).at,
        () => `${textOf(wall)} in ${zone}`,
      );
    }
  }
  expect(seen).toBeGreaterThan(2_000);
  expect(wrong.slice(0, 10)).toEqual([]);
}, 30_000);

describe('around every change of the clocks of every kind of zone, 2025 to 2035,', () => {
  /** A rule by the local time of one of its occurrences; its wall times computed by plain calendar arithmetic. */
  const rules: [string, (wall: number) => { rrule: string; walls: number[] }][] = [
    ['daily', (wall) => ({ rrule: 'FREQ=DAILY', walls: steps(-3, 4, (n) => wall + n * day) })],
    [
      'every other day',
      (wall) => ({ rrule: 'FREQ=DAILY;INTERVAL=2', walls: steps(-2, 2, (n) => wall + 2 * n * day) }),
    ],
    [
      'weekly',
      (wall) => ({
        rrule: `FREQ=WEEKLY;BYDAY=${['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'][new Date(wall).getUTCDay()]}`,
        walls: steps(-2, 3, (n) => wall + 7 * n * day),
      }),
    ],
    [
      'monthly',
      (wall) => ({
        rrule: `FREQ=MONTHLY;BYMONTHDAY=${new Date(wall).getUTCDate()}`,
        walls: steps(-2, 3, (n) => inMonth(wall, n)).filter(
          (one) => new Date(one).getUTCDate() === new Date(wall).getUTCDate(),
        ),
      }),
    ],
    ['hourly', (wall) => ({ rrule: 'FREQ=HOURLY', walls: steps(-30, 30, (n) => wall + n * hour) })],
  ];
  for (const [name, ruleOf] of rules) {
    test(`a ${name} series keeps its wall time, loses none and doubles none`, () => {
      for (const zone of groups.values()) {
        for (const change of changesOf.get(zone) ?? []) {
          for (const wall of wallsAround(change)) {
            const { rrule, walls } = ruleOf(wall);
            const [first = 0, last = 0] = [walls[0], walls.at(-1)];
            const recurrence = recurring(rrule, textOf(first), zone, { ends: textOf(last).slice(0, 10) });
            const where = () => `${rrule} from ${textOf(first)} in ${zone}`;
            const found = occurrences(recurrence, new Date(first - 2 * day), new Date(last + 2 * day)).filter(
              ({ key }) => key <= textOf(last),
            );
            const right = instantsOf(zone, walls);
            check(
              JSON.stringify(found.map(({ key }) => key)),
              JSON.stringify(right.map(({ key }) => key)),
              where,
            );
            for (const [index, one] of found.entries()) {
              check(one.at.getTime(), right[index]?.at, where);
              if (index > 0) check(one.at.getTime() > (found[index - 1]?.at.getTime() ?? 0), true, where);
            }
            // Asked for in two pieces, from one to the next, it is the same.
            const middle = new Date(change.at + 17 * minute);
            const pieces = [
              ...occurrences(recurrence, new Date(first - 2 * day), middle),
              ...occurrences(recurrence, middle, new Date(last + 2 * day)),
            ].filter(({ key }) => key <= textOf(last));
            check(JSON.stringify(pieces), JSON.stringify(found), where);
          }
        }
      }
      expect(wrong.slice(0, 10)).toEqual([]);
    }, 30_000);
  }
});

describe('a rule', () => {
  const now = new Date('2026-11-21T00:00:00Z');
  const keys = (rrule: string, more: Partial<Recurrence> = {}, most = 4) => {
    const recurrence = recurring(rrule, '2026-11-23T09:00', 'Europe/Berlin', more);
    checkRecurrence(recurrence, now);
    return occurrences(recurrence, now, new Date('2060-01-01T00:00:00Z'), most).map(({ key }) => key);
  };

  // biome-ignore format: a table, one case a line
  const taken: [string, Partial<Recurrence>, string[]][] = [
    ['FREQ=WEEKLY;BYDAY=MO,WE', {}, ['2026-11-23T09:00', '2026-11-25T09:00', '2026-11-30T09:00', '2026-12-02T09:00']],
    ['rrule:freq=weekly;byday=mo', {}, ['2026-11-23T09:00', '2026-11-30T09:00', '2026-12-07T09:00', '2026-12-14T09:00']],
    ['FREQ=MONTHLY;BYDAY=-1FR', {}, ['2026-11-27T09:00', '2026-12-25T09:00', '2027-01-29T09:00', '2027-02-26T09:00']],
    ['FREQ=MONTHLY;BYMONTHDAY=31', {}, ['2026-12-31T09:00', '2027-01-31T09:00', '2027-03-31T09:00', '2027-05-31T09:00']],
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29', {}, ['2028-02-29T09:00', '2032-02-29T09:00', '2036-02-29T09:00', '2040-02-29T09:00']],
    ['FREQ=YEARLY;BYWEEKNO=20', {}, ['2027-05-17T09:00', '2028-05-15T09:00', '2029-05-14T09:00', '2030-05-13T09:00']],
    ['FREQ=DAILY;BYHOUR=9,18', {}, ['2026-11-23T09:00', '2026-11-23T18:00', '2026-11-24T09:00', '2026-11-24T18:00']],
    ['FREQ=WEEKLY;COUNT=2', {}, ['2026-11-23T09:00', '2026-11-30T09:00']],
    ['FREQ=DAILY', { ends: '2026-11-24' }, ['2026-11-23T09:00', '2026-11-24T09:00']],
    ['FREQ=DAILY', { skip_dates: ['2026-11-24', '2026-11-25'] }, ['2026-11-23T09:00', '2026-11-26T09:00', '2026-11-27T09:00', '2026-11-28T09:00']],
    ['FREQ=DAILY;UNTIL=20261124', {}, ['2026-11-23T09:00', '2026-11-24T09:00']],
    // An hour ahead of UTC: with a Z it is an instant.
    ['FREQ=DAILY;UNTIL=20261124T080000Z', {}, ['2026-11-23T09:00', '2026-11-24T09:00']],
    ['FREQ=DAILY;UNTIL=20261124T075959Z', {}, ['2026-11-23T09:00']],
    ['FREQ=DAILY;UNTIL=20261124T090000', {}, ['2026-11-23T09:00', '2026-11-24T09:00']],
  ];
  for (const [rrule, more, right] of taken) {
    test(`fires as it says: ${rrule}${Object.keys(more).length > 0 ? ` ${JSON.stringify(more)}` : ''}`, () => {
      expect(keys(rrule, more)).toEqual(right);
    });
  }

  test('that began long ago counts from there', () => {
    const recurrence = recurring('FREQ=WEEKLY;COUNT=153', '2024-01-01T09:00', 'Europe/Berlin');
    // The 152nd Monday since then is the 23rd of November 2026.
    expect(occurrences(recurrence, now, new Date('2030-01-01T00:00:00Z')).map(({ key }) => key)).toEqual([
      '2026-11-23T09:00',
      '2026-11-30T09:00',
    ]);
  });

  // biome-ignore format: a table, one case a line
  const refused: [string, Partial<Recurrence>, string, RegExp][] = [
    ['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', {}, '/rrule', /never fires/],
    ['FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30', {}, '/rrule', /never fires/],
    ['FREQ=MONTHLY;BYDAY=5MO;BYSETPOS=2', {}, '/rrule', /never fires/],
    ['FREQ=DAILY;INTERVAL=7;BYDAY=TU', {}, '/rrule', /never fires/],
    ['FREQ=DAILY;COUNT=5', { starts: '2026-11-01T09:00' }, '/rrule', /never fires/],
    ['FREQ=DAILY', { ends: '2026-11-20' }, '/rrule', /never fires/],
    ['FREQ=MINUTELY', {}, '/rrule', /once an hour at most/],
    ['FREQ=SECONDLY;INTERVAL=7200', {}, '/rrule', /once an hour at most/],
    ['FREQ=HOURLY;BYMINUTE=0,30', {}, '/rrule', /once an hour at most/],
    ['FREQ=DAILY;BYMINUTE=0,59', {}, '/rrule', /once an hour at most/],
    ['FREQ=DAILY;BYSECOND=0,30', {}, '/rrule', /once an hour at most/],
    ['', {}, '/rrule', /NAME=VALUE/],
    ['every Monday', {}, '/rrule', /NAME=VALUE/],
    ['BYDAY=MO', {}, '/rrule', /needs FREQ/],
    ['FREQ=WEEKLY;FREQ=DAILY', {}, '/rrule', /FREQ stands twice/],
    ['FREQ=FORTNIGHTLY', {}, '/rrule', /FREQ must be HOURLY/],
    ['FREQ=DAILY;BYHOUR=25', {}, '/rrule', /BYHOUR must be hours from 0 to 23/],
    ['FREQ=DAILY;INTERVAL=0', {}, '/rrule', /INTERVAL must be/],
    ['FREQ=DAILY;COUNT=5001', {}, '/rrule', /COUNT must be/],
    ['FREQ=DAILY;COUNT=5;UNTIL=20270101', {}, '/rrule', /not both/],
    ['FREQ=DAILY;UNTIL=20270231', {}, '/rrule', /does not exist/],
    ['FREQ=WEEKLY;BYDAY=XX', {}, '/rrule', /BYDAY must be/],
    ['FREQ=WEEKLY;BYDAY=2MO', {}, '/rrule', /cannot be read: BYDAY/],
    ['FREQ=YEARLY;BYWEEKNO=3;BYMONTHDAY=5', {}, '/rrule', /contradict/],
    ['FREQ=DAILY;RSCALE=CHINESE', {}, '/rrule', /RSCALE is no part/],
    ['FREQ=DAILY;CONSTRUCTOR=1', {}, '/rrule', /CONSTRUCTOR is no part/],
    ['FREQ=DAILY', { starts: '2026-02-30T09:00' }, '/starts', /does not exist/],
    ['FREQ=DAILY', { starts: '1970-01-01T09:00' }, '/starts', /between the year 2000/],
    ['FREQ=DAILY', { starts: '2099-01-01T09:00' }, '/starts', /between the year 2000/],
    ['FREQ=DAILY', { ends: '2026-02-30' }, '/ends', /does not exist/],
    ['FREQ=DAILY', { skip_dates: ['2026-11-24', '2026-02-30'] }, '/skip_dates/1', /does not exist/],
  ];
  for (const [rrule, more, path, words] of refused) {
    test(`is refused in plain words: ${rrule} ${JSON.stringify(more)}`, () => {
      const started = performance.now();
      let told: unknown = null;
      try {
        keys(rrule, more);
      } catch (error) {
        told = error;
      }
      expect(told).toBeInstanceOf(AppError);
      const [fault] = told instanceof AppError ? told.errors : [];
      expect(fault).toEqual({ path, message: expect.stringMatching(words) });
      expect(performance.now() - started).toBeLessThan(500);
    });
  }

  test('never costs much, whatever it is', () => {
    const hostile = [
      `FREQ=YEARLY;BYMONTHDAY=${range(1, 31)};BYMONTH=${range(1, 12)};BYHOUR=${range(0, 23)};BYSETPOS=366,-366`,
      `FREQ=YEARLY;BYYEARDAY=${range(1, 366)};BYHOUR=${range(0, 23)};BYSETPOS=-1`,
      `FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYHOUR=3;INTERVAL=997`,
      'FREQ=YEARLY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU',
      `FREQ=MONTHLY;BYDAY=${['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']};BYHOUR=${range(0, 23)};BYSETPOS=${range(1, 366)}`,
      'FREQ=HOURLY;COUNT=5000;BYMONTH=2;BYMONTHDAY=29;BYHOUR=4',
      'FREQ=DAILY;COUNT=5000;BYDAY=MO;BYMONTHDAY=13;BYMONTH=2',
    ];
    for (const rrule of hostile) {
      for (const starts of ['2000-01-01T00:00', '2026-11-23T09:00', '2036-01-01T00:00']) {
        for (const after of [now, new Date('2050-01-01T00:00:00Z')]) {
          const started = performance.now();
          const recurrence = recurring(rrule, starts, 'America/New_York');
          try {
            checkRecurrence(recurrence, now);
            nextOccurrence(recurrence, after);
            occurrences(recurrence, after, new Date(after.getTime() + 60 * day), 100);
          } catch (error) {
            expect(error).toBeInstanceOf(AppError);
          }
          expect([rrule, performance.now() - started < 2_000]).toEqual([rrule, true]);
        }
      }
    }
  }, 20_000);
});

function recurring(
  rrule: string,
  starts: string,
  timezone: string,
  more: Partial<Recurrence> = {},
): Recurrence {
  return { rrule, starts, timezone, ends: null, skip_dates: [], ...more };
}

function range(low: number, high: number): string {
  return steps(low, high, (n) => n).join();
}

function steps(low: number, high: number, at: (n: number) => number): number[] {
  return Array.from({ length: high - low + 1 }, (_, index) => at(low + index));
}

/** The same day and time, `n` months on; another day of the month where it has no such day. */
function inMonth(wall: number, n: number): number {
  const date = new Date(wall);
  date.setUTCMonth(date.getUTCMonth() + n);
  return date.getTime();
}

/** Just before, at the start, in the middle, at the last minute of and just after what the clocks skip or repeat. */
function wallsAround({ at, before, after }: Change): number[] {
  const [low, high] = [at + Math.min(before, after), at + Math.max(before, after)];
  const middle = low + Math.floor((high - low) / 2 / minute) * minute;
  return [low - minute, low, middle, high - minute, high];
}

/** What a wall time means, by asking the engine's formatter what the clocks show at each instant that it could be. */
function expected(zone: string, wall: number): { at: number; kind: string } {
  const offsets = [offset(zone, wall - 26 * hour), offset(zone, wall + 26 * hour)];
  const [before = 0] = offsets;
  const candidates = [...new Set(offsets.map((one) => wall - one))].sort((a, b) => a - b);
  const [first, ...others] = candidates.filter((at) => asUtc(wallTime(zone, at)) === wall);
  if (first === undefined) return { at: wall - before, kind: 'gap' };
  return { at: first, kind: others.length > 0 ? 'overlap' : 'plain' };
}

/** In order; of two at one instant only the one that the clocks show there. */
function instantsOf(zone: string, walls: readonly number[]): { key: string; at: number }[] {
  const all = walls.map((wall) => ({ key: textOf(wall), ...expected(zone, wall) }));
  return all
    .filter((one) => one.kind !== 'gap' || !all.some((other) => other.at === one.at && other.kind !== 'gap'))
    .sort((a, b) => a.at - b.at);
}

function changes(zone: string): Change[] {
  const found: Change[] = [];
  let at: Temporal.ZonedDateTime | null =
    Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone);
  for (;;) {
    at = at.getTimeZoneTransition('next');
    if (at === null || at.epochMilliseconds >= to) return found;
    const before = offset(zone, at.epochMilliseconds - 1_000);
    const after = offset(zone, at.epochMilliseconds);
    if (before !== after) found.push({ at: at.epochMilliseconds, before, after });
  }
}

function textOf(wall: number): string {
  return new Date(wall).toISOString().slice(0, 16);
}

function offset(zone: string, at: number): number {
  return asUtc(wallTime(zone, at)) - at;
}

function asUtc(wall: string): number {
  return Date.parse(`${wall}Z`);
}

/** What a clock on the wall shows, by the engine's own calendar: independent of what is tested. */
function wallTime(zone: string, at: number): string {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
    formats.set(zone, format);
  }
  return format.format(at).replace(' ', 'T');
}

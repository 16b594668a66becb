import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { isTimeZone, readInstant, resolveLocalTime } from '../src/timezone.ts';

const zones = Intl.supportedValuesOf('timeZone');

describe('a local time', () => {
  const known: [string, string, string, 'gap' | 'overlap' | null][] = [
    // Clocks go forward: 02:00 → 03:00 at 01:00 UTC, and back: 03:00 → 02:00.
    ['2026-03-29T01:59', 'Europe/Berlin', '2026-03-29T00:59:00Z', null],
    ['2026-03-29T02:30', 'Europe/Berlin', '2026-03-29T01:30:00Z', 'gap'],
    ['2026-03-29T03:00', 'Europe/Berlin', '2026-03-29T01:00:00Z', null],
    ['2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T00:30:00Z', 'overlap'],
    ['2026-10-25T03:00', 'Europe/Berlin', '2026-10-25T02:00:00Z', null],
    ['2026-03-08T02:00', 'America/New_York', '2026-03-08T07:00:00Z', 'gap'],
    ['2026-03-08T02:59:59', 'America/New_York', '2026-03-08T07:59:59Z', 'gap'],
    ['2026-11-01T01:30', 'America/New_York', '2026-11-01T05:30:00Z', 'overlap'],
    ['2026-11-01T02:00', 'America/New_York', '2026-11-01T07:00:00Z', null],
    // Half an hour only.
    ['2026-10-04T02:15', 'Australia/Lord_Howe', '2026-10-03T15:45:00Z', 'gap'],
    ['2026-04-05T01:45', 'Australia/Lord_Howe', '2026-04-04T14:45:00Z', 'overlap'],
    // A whole day that the country left out.
    ['2011-12-30T12:00', 'Pacific/Apia', '2011-12-30T22:00:00Z', 'gap'],
    // Clocks that change at midnight.
    ['2026-09-06T00:30', 'America/Santiago', '2026-09-06T04:30:00Z', 'gap'],
    // No daylight saving, and offsets of a quarter.
    ['2026-07-01T12:00', 'Europe/Moscow', '2026-07-01T09:00:00Z', null],
    ['2026-03-29T02:30', 'UTC', '2026-03-29T02:30:00Z', null],
    ['2026-03-29T02:30', 'Asia/Kathmandu', '2026-03-28T20:45:00Z', null],
    ['2026-03-29T02:30', 'Asia/Tokyo', '2026-03-28T17:30:00Z', null],
  ];
  for (const [local, zone, instant, kind] of known) {
    test(`${local} in ${zone} is ${instant}${kind ? ` (${kind})` : ''}`, () => {
      const { at, note } = resolveLocalTime(local, zone);
      expect([at.toISOString(), note?.kind ?? null]).toEqual([new Date(instant).toISOString(), kind]);
    });
  }

  test('that the clocks skip or repeat says so in words that a person can check', () => {
    expect(resolveLocalTime('2026-03-29T02:30', 'Europe/Berlin').note?.message).toBe(
      '02:30 does not exist on 2026-03-29 in Europe/Berlin, the clocks skip it: moved to 03:30.',
    );
    expect(resolveLocalTime('2026-10-25T02:30', 'Europe/Berlin').note?.message).toBe(
      '02:30 comes twice on 2026-10-25 in Europe/Berlin: the first one (+02:00) is taken.',
    );
  });

  test('that is no time is refused', () => {
    for (const text of [
      '2026-02-30T10:00',
      '2026-13-01T10:00',
      '2026-01-01T24:30',
      '2026-01-01T10:60',
      'soon',
    ])
      expect(() => resolveLocalTime(text, 'UTC')).toThrow(RangeError);
  });
});

describe('over all zones from 2025 to 2035', () => {
  const [from, to] = [Date.UTC(2025, 0, 1), Date.UTC(2035, 11, 31)];
  const moment = fc.record({
    zone: fc.constantFrom(...zones),
    second: fc.integer({ min: from / 1_000, max: to / 1_000 }),
  });

  const jumps = changes(from, to);

  test('the wall time of an instant leads back to it, or to the first of the two that read alike', () => {
    let overlaps = 0;
    const check = (zone: string, at: number) => {
      const wall = wallTime(zone, at);
      const { at: resolved, note } = resolveLocalTime(wall, zone);
      expect(wallTime(zone, resolved.getTime())).toBe(wall);
      if (resolved.getTime() === at) {
        // The earlier of two, or the only one.
        expect(note?.kind ?? 'overlap').toBe('overlap');
      } else {
        overlaps += 1;
        expect(resolved.getTime()).toBeLessThan(at);
        expect(note?.kind).toBe('overlap');
      }
    };
    fc.assert(
      fc.property(moment, ({ zone, second }) => check(zone, second * 1_000)),
      { numRuns: 3_000 },
    );
    // Random instants hardly ever hit a repeated hour: every one of these years is looked at, too.
    for (const { zone, at, change } of jumps) {
      if (change > 0) continue;
      check(zone, at);
      check(zone, at - 1_000);
      check(zone, at - change - 1_000);
      check(zone, at - change);
    }
    expect(overlaps).toBeGreaterThan(1_000);
  });

  test('a time that the clocks skip moves forward by exactly what they skip', () => {
    let gaps = 0;
    for (const { zone, at, change } of jumps) {
      if (change < 0) continue;
      gaps += 1;
      // The first wall second that is skipped, one in the middle, and the last.
      const before = asUtc(wallTime(zone, at - 1_000)) + 1_000;
      for (const into of [0, change / 2, change - 1_000]) {
        const wall = new Date(before + into).toISOString().slice(0, 19);
        const { at: resolved, note } = resolveLocalTime(wall, zone);
        expect([zone, wall, note?.kind]).toEqual([zone, wall, 'gap']);
        expect(resolved.getTime()).toBe(at + into);
        expect(asUtc(wallTime(zone, resolved.getTime()))).toBe(before + into + change);
      }
    }
    expect(gaps).toBeGreaterThan(1_000);
  });

  test('every zone that the engine knows is accepted by name and can be resolved in', () => {
    for (const zone of zones) {
      expect([zone, isTimeZone(zone)]).toEqual([zone, true]);
      expect(resolveLocalTime('2026-06-15T12:00', zone).note).toBe(null);
    }
    for (const name of ['+03:00', 'GMT+3', 'Europe/Nowhere', '', 'Europe/Berlin ', '03:00', 'Z'])
      expect([name, isTimeZone(name)]).toEqual([name, false]);
  });
});

test('an instant is read by the calendar: a day that does not exist is no time', () => {
  expect(readInstant('2026-02-28T10:00:00+03:00')?.toISOString()).toBe('2026-02-28T07:00:00.000Z');
  expect(readInstant('2028-02-29T10:00:00Z')?.toISOString()).toBe('2028-02-29T10:00:00.000Z');
  for (const text of ['2026-02-29T10:00:00Z', '2026-04-31T10:00:00Z', '2026-02-31T10:00:00+03:00', 'soon'])
    expect([text, readInstant(text)]).toEqual([text, null]);
});

const formats = new Map<string, Intl.DateTimeFormat>();

/** What a clock on the wall shows, by the engine's own calendar: independent of what is tested. */
function wallTime(zone: string, at: number): string {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}`;
}

function asUtc(wall: string): number {
  return Date.parse(`${wall}Z`);
}

function offset(zone: string, at: number): number {
  return asUtc(wallTime(zone, at)) - at;
}

/** The changes of the clocks in every zone: the instant, and by how many milliseconds the clock jumps. */
function changes(from: number, to: number): { zone: string; at: number; change: number }[] {
  return zones.flatMap((zone) => {
    const found: { zone: string; at: number; change: number }[] = [];
    const step = 14 * 86_400_000;
    for (let low = from; low < to; low += step) {
      const before = offset(zone, low);
      if (before === offset(zone, low + step)) continue;
      let [left, right] = [low, low + step];
      while (right - left > 1_000) {
        const middle = Math.floor((left + right) / 2_000) * 1_000;
        if (offset(zone, middle) === before) left = middle;
        else right = middle;
      }
      found.push({ zone, at: right, change: offset(zone, right) - before });
    }
    return found;
  });
}

import { describe, expect, test } from 'bun:test';
import { experiment, findBestTimes, type Response } from '../src/analytics/best-time.ts';

const day = 86_400_000;
/** A Monday. */
const monday = Date.UTC(2026, 0, 5);
const hours = [9, 12, 15, 19, 21];

/** mulberry32: the same seed gives the same posts. */
function chance(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    of: <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}

type Effect = (weekday: number, hour: number) => number;

function posts(seed: number, days: number, perDay: number, effect: Effect): Response[] {
  const random = chance(seed);
  return Array.from({ length: days * perDay }, (_, index) => {
    const date = Math.floor(index / perDay);
    const weekday = date % 7;
    const hour = random.of(hours);
    return {
      at: new Date(monday + date * day + hour * 3_600_000),
      weekday,
      hour,
      lift: effect(weekday, hour) + 0.5 * random.normal(),
    };
  }).sort((a, b) => a.at.getTime() - b.at.getTime());
}

const thursdayEvening: Effect = (weekday, hour) => (weekday === 3 && hour === 19 ? Math.log(2.2) : 0);

describe('best times', () => {
  test('a planted slot, and no other, is found in at least 95 of 100 communities with enough posts', async () => {
    let found = 0;
    // Communities in which it lends its evidence to another hour.
    let lent = 0;
    for (let seed = 1; seed <= 100; seed += 1) {
      const { best, slots } = await findBestTimes(posts(seed, 180, 3, thursdayEvening));
      if (best?.weekday === 3 && best.hour === 19) found += 1;
      if (slots.some((slot) => slot.reliable && (slot.weekday !== 3 || slot.hour !== 19))) lent += 1;
    }
    expect(found).toBeGreaterThanOrEqual(95);
    expect(lent).toBeLessThanOrEqual(5);
  });

  test('where nothing is planted, at least 90 of 100 communities are told so, with many posts and with few', async () => {
    for (const [days, perDay] of [
      [180, 3],
      [90, 1],
      [30, 1],
    ] as const) {
      let none = 0;
      for (let seed = 1; seed <= 100; seed += 1) {
        const { best } = await findBestTimes(posts(seed, days, perDay, () => 0));
        if (best === null) none += 1;
      }
      expect([days, none >= 90, none]).toEqual([days, true, none]);
    }
  });

  test('the 90 % intervals hold about nine of ten true effects', async () => {
    let [held, all] = [0, 0];
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = chance(1_000 + seed);
      const list = (size: number, spread: number) =>
        Array.from({ length: size }, () => spread * random.normal());
      const [days, clock, cells] = [list(7, 0.15), list(24, 0.25), list(168, 0.2)];
      const effect: Effect = (weekday, hour) =>
        (days[weekday] ?? 0) + (clock[hour] ?? 0) + (cells[weekday * 24 + hour] ?? 0);
      const made = posts(seed, 180, 3, effect);
      const mean = made.reduce((sum, post) => sum + effect(post.weekday, post.hour), 0) / made.length;
      for (const slot of (await findBestTimes(made)).slots.filter(({ n }) => n > 0)) {
        const truth = effect(slot.weekday, slot.hour) - mean;
        all += 1;
        if (slot.low <= truth && truth <= slot.high) held += 1;
      }
    }
    expect(held / all).toBeGreaterThan(0.85);
    expect(held / all).toBeLessThan(0.95);
  });

  test('one post that went round the world makes no good hour', async () => {
    const made = posts(3, 90, 2, () => 0).map((post, index) => (index === 40 ? { ...post, lift: 9 } : post));
    const { best, slots } = await findBestTimes(made);
    expect(best).toBeNull();
    expect(Math.max(...slots.map(({ effect }) => effect))).toBeLessThan(0.3);
  });

  test('few posts are believed less than many', async () => {
    const steady = posts(5, 120, 3, (weekday, hour) => (weekday === 1 && hour === 12 ? 0.8 : 0));
    const rare = { weekday: 5, hour: 3 };
    const odd = [20, 50].map((date) => ({ at: new Date(monday + date * day), ...rare, lift: 0.8 }));
    const { slots } = await findBestTimes(
      [...steady, ...odd].sort((a, b) => a.at.getTime() - b.at.getTime()),
    );
    const [many, few] = [slots[24 + 12], slots[5 * 24 + 3]];
    expect(many?.n).toBeGreaterThan(5);
    expect(few?.n).toBe(2);
    expect(few?.reliable).toBe(false);
    expect(many?.effect ?? 0).toBeGreaterThan(2 * (few?.effect ?? 0));
  });

  test('the back-test is better than «as usual» where there is an effect, and names what it learnt from', async () => {
    const strong = await findBestTimes(posts(7, 180, 3, (_, hour) => (hour === 19 ? 1 : 0)));
    expect(strong.backTest?.learnt).toBe(posts(7, 180, 3, () => 0).length - (strong.backTest?.posts ?? 0));
    expect(strong.backTest?.posts).toBeGreaterThan(80);
    expect(strong.backTest?.error ?? 1).toBeLessThan(strong.backTest?.errorWithout ?? 0);
    expect(strong.backTest?.correlation ?? 0).toBeGreaterThan(0.4);
    expect((await findBestTimes(posts(7, 25, 1, () => 0))).backTest).toBeNull();
  });

  test('the same posts get the same answer, and others get their turn meanwhile', async () => {
    const made = posts(11, 180, 4, thursdayEvening);
    let pauses = 0;
    const pause = async () => {
      pauses += 1;
    };
    expect(await findBestTimes(made, pause)).toEqual(await findBestTimes(made));
    expect(pauses).toBeGreaterThan(0);
  });

  test('an experiment names hours that were hardly tried, each weekday and hour once', async () => {
    const { slots } = await findBestTimes(posts(13, 60, 2, () => 0));
    const next = experiment(slots);
    expect(next).toHaveLength(5);
    expect(new Set(next.map(({ weekday }) => weekday)).size).toBe(5);
    expect(new Set(next.map(({ hour }) => hour)).size).toBe(5);
    for (const { hour, n } of next) {
      expect(n).toBeLessThan(3);
      expect(hour).toBeWithin(8, 23);
    }
  });
});

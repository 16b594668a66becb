import { afterAll, beforeAll, expect, test } from 'bun:test';
import { defaultDurations } from '../src/durations.ts';
import type { PaceRule } from '../src/networks/network.ts';
import { blockPace, sweepPace, takePace } from '../src/publishing/pace.ts';
import { openPostgres, type Sql } from '../src/stores/postgres.ts';
import { openTest, type Test } from './harness.ts';

const { sendPermit } = defaultDurations;
let it: Test;
beforeAll(async () => {
  it = await openTest();
});
afterAll(() => it.close());

let names = 0;
/** A bucket of its own. */
function bucket(rate: number, per: number, burst: number, key?: string): PaceRule {
  names += 1;
  return { key: key ?? `bucket ${names}`, rate, per, burst };
}

const sql = (): Sql => it.ctx.sql;

async function rows(...rules: PaceRule[]) {
  return sql()<{ key: string; tat: string; blocked_until: string }[]>`
    select key, tat::text, blocked_until::text from pace_buckets where key = any(${rules.map(({ key }) => key)})
    order by key`;
}

/** The database's clock, in milliseconds. */
async function now(): Promise<number> {
  const [row] = await sql()<{ at: number }[]>`
    select extract(epoch from clock_timestamp())::float8 * 1000 as at`;
  return row?.at ?? 0;
}

interface Reserved {
  at: number;
  key: string;
}

/** One call: the granted moment in milliseconds with a fraction, and the bucket that is held for it, if it is far. */
async function call(
  rules: readonly PaceRule[],
  options: { reserved?: Reserved; mostWait?: number; on?: Sql } = {},
): Promise<{ slot: number; held: string | null }> {
  const { reserved = null, mostWait = 1_000_000, on = sql() } = options;
  const asked = rules.map(({ key, rate, per, burst }) => ({ key, every: per / rate, burst }));
  const [row] = await on<{ slot: number; held: string | null }[]>`
    select extract(epoch from slot)::float8 * 1000 as slot, held
    from pace_reserve(${on.json(asked)}, to_timestamp(${reserved === null ? null : reserved.at / 1_000}::float8),
      ${reserved?.key ?? null}, ${mostWait})`;
  if (!row) throw new Error('nothing was answered');
  return row;
}

/** Granted moments, in the order of asking; each with all its permits, however far away. */
async function reserve(times: number, rules: readonly PaceRule[], on: Sql = sql()): Promise<number[]> {
  const slots: number[] = [];
  for (let i = 0; i < times; i += 1) slots.push((await call(rules, { on })).slot);
  return slots;
}

/** No window of time holds more permits than the burst and what has grown meanwhile. */
function expectRate(slots: readonly number[], { rate, per, burst }: PaceRule): void {
  const sorted = [...slots].sort((a, b) => a - b);
  for (const [first, start] of sorted.entries()) {
    for (let last = first + burst; last < sorted.length; last += 1) {
      const end = sorted[last] ?? 0;
      const allowed = burst + ((end - start) * rate) / per;
      // Hundredths of a millisecond are lost on the way through floating point.
      if (last - first + 1 > allowed + 0.01) {
        throw new Error(`${last - first + 1} permits within ${end - start} ms, ${allowed} allowed`);
      }
    }
  }
}

test('a bucket gives its burst at once and then one permit after the other at its rate', async () => {
  const rule = bucket(5, 1_000, 3);
  const start = await now();
  const slots = await reserve(7, [rule]);
  const end = await now();
  for (const slot of slots.slice(0, 3)) {
    expect(slot).toBeGreaterThanOrEqual(start);
    expect(slot).toBeLessThanOrEqual(end);
  }
  const first = slots[0] ?? 0;
  for (const [index, slot] of slots.slice(3).entries()) {
    expect(Math.abs(slot - (first + 200 * (index + 1)))).toBeLessThan(0.1);
  }
});

test('what was not used comes back up to the burst and no further', async () => {
  const rule = bucket(20, 1_000, 4);
  await reserve(4, [rule]);
  // Time for ten permits: four may be kept.
  await Bun.sleep(500);
  const before = await now();
  // In one statement: on a busy machine a permit more could grow between two of them.
  const slots = (
    await sql()<{ slot: number }[]>`
      select extract(epoch from slot)::float8 * 1000 as slot from generate_series(1, 6) n
      cross join lateral pace_reserve(${sql().json([{ key: rule.key, every: 50, burst: 4 }])}, null, null, 1000 + n)
      order by slot`
  ).map(({ slot }) => slot);
  const after = await now();
  expect(slots.slice(0, 4).every((slot) => slot >= before && slot <= after)).toBe(true);
  expect(Math.abs((slots[4] ?? 0) - (slots[0] ?? 0) - 50)).toBeLessThan(0.1);
  expect(Math.abs((slots[5] ?? 0) - (slots[0] ?? 0) - 100)).toBeLessThan(0.1);
});

test('two buckets are taken together, at the moment of the slower one', async () => {
  const [wide, narrow] = [bucket(100, 1_000, 100), bucket(1, 1_000, 1)];
  const [first = 0, second = 0] = await reserve(2, [wide, narrow]);
  expect(Math.abs(second - first - 1_000)).toBeLessThan(0.1);
  const [third = 0] = await reserve(1, [narrow]);
  expect(Math.abs(third - first - 2_000)).toBeLessThan(0.1);
  expect(await rows(wide, narrow)).toHaveLength(2);
});

test('a reservation that is rolled back leaves every bucket as it was', async () => {
  const [one, two] = [bucket(10, 1_000, 1), bucket(5, 1_000, 1)];
  await reserve(1, [one, two]);
  const before = await rows(one, two);
  await sql()
    .begin(async (tx) => {
      await reserve(3, [one, two], tx as unknown as Sql);
      throw new Error('no');
    })
    .catch(() => {});
  expect(await rows(one, two)).toEqual(before);
});

test('many workers at once never get more than the rate, in any window', async () => {
  const [bot, one, two] = [bucket(50, 1_000, 10), bucket(10, 1_000, 3), bucket(10, 1_000, 3)];
  const pools = Array.from({ length: 8 }, () => openPostgres(it.address, 1));
  try {
    const granted = await Promise.all(
      pools.map(async (pool, index) => {
        const own = index % 2 === 0 ? one : two;
        // Half of them name the buckets in the other order: nobody may wait for another in a ring.
        return { own, slots: await reserve(25, index % 4 < 2 ? [bot, own] : [own, bot], pool) };
      }),
    );
    const slotsOf = (rule: PaceRule) =>
      granted.filter(({ own }) => own === rule).flatMap(({ slots }) => slots);
    const all = granted.flatMap(({ slots }) => slots);
    expect(all).toHaveLength(200);
    expectRate(all, bot);
    expectRate(slotsOf(one), one);
    expectRate(slotsOf(two), two);
    // And they got what there was: a hundred permits at ten a second last as long as they must, and no longer.
    const last = Math.max(...slotsOf(one));
    expect(last - Math.min(...slotsOf(one))).toBeLessThan(12_000);
    expect(() => expectRate([0, 1, 2, 3, 4], bucket(10, 1_000, 3))).toThrow('permits within');
  } finally {
    await Promise.all(pools.map((pool) => pool.end({ timeout: 1 })));
  }
});

test('a place that is full keeps nobody else of the same bot waiting for longer than a short wait', async () => {
  const bot = bucket(25, 1_000, 5);
  const place = () => [bot, bucket(1, 1_000, 1), bucket(15, 60_000, 5)];
  const busy = place();
  const slots: number[] = [];
  for (let n = 0; n < 20; n += 1) slots.push((await call(busy, { mostWait: sendPermit })).slot);
  expect((slots.at(-1) ?? 0) - (slots[0] ?? 0)).toBeGreaterThan(15_000);
  for (let n = 0; n < 5; n += 1) {
    const taken = await takePace(sql(), place(), null, sendPermit);
    const wait = 'wait' in taken ? taken.wait : taken.slot.at.getTime() - (await now());
    expect(wait).toBeLessThan(sendPermit + 500);
  }
});

test('a far moment is held in the bucket that causes it, and in no other', async () => {
  const [wide, narrow] = [bucket(100, 1_000, 1), bucket(1, 1_000, 1)];
  await call([wide, narrow]);
  const before = await rows(wide, narrow);
  const far = await call([wide, narrow], { mostWait: 100 });
  expect(far.held).toBe(narrow.key);
  const after = await rows(wide, narrow);
  expect(after.map(({ key, tat }) => [key, tat === before.find((one) => one.key === key)?.tat])).toEqual(
    [wide.key, narrow.key].sort().map((key) => [key, key === wide.key]),
  );
  // The next in line gets the moment after it, not the same one.
  const next = await call([wide, narrow], { mostWait: 100 });
  expect(Math.abs(next.slot - far.slot - 1_000)).toBeLessThan(0.1);
});

test('a bucket that the network blocked holds everybody, and each other bucket of the same send', async () => {
  const [bot, chat, other] = [bucket(30, 1_000, 30), bucket(1, 1_000, 1), bucket(1, 1_000, 1)];
  await takePace(sql(), [bot, other], null, sendPermit);
  const start = await now();
  await blockPace(sql(), bot.key, 5_000);
  for (const rules of [[bot, chat], [bot, other], [bot]]) {
    const taken = await takePace(sql(), rules, null, sendPermit);
    if (!('slot' in taken)) throw new Error(`not held: ${JSON.stringify(taken)}`);
    expect(taken.slot.key).toBe(bot.key);
    expect(taken.slot.at.getTime()).toBeGreaterThanOrEqual(Math.floor(start + 5_000));
  }
  expect(await takePace(sql(), [bucket(1, 1_000, 1)], null, sendPermit)).toEqual({ wait: 0 });
  // A shorter block that is told later does not shorten it.
  const before = await rows(bot);
  await blockPace(sql(), bot.key, 100);
  expect((await rows(bot))[0]?.blocked_until).toBe(before[0]?.blocked_until ?? '');
});

test('a moment that was held and waited for is honoured and costs its bucket nothing more', async () => {
  const [other, narrow] = [bucket(10, 1_000, 1), bucket(2, 1_000, 1)];
  await call([other, narrow]);
  const { slot: at, held: key } = await call([other, narrow], { mostWait: 100 });
  expect(key).toBe(narrow.key);
  const reserved = { at, key: narrow.key };
  // Too early: a moment in the future is no permit yet.
  const early = await call([other, narrow], { reserved, mostWait: 100 });
  expect([early.held, early.slot > at]).toEqual([narrow.key, true]);
  await Bun.sleep(Math.max(0, at - (await now())) + 5);
  const [before] = await rows(narrow);
  const used = await call([other, narrow], { reserved, mostWait: 100 });
  expect([used.held, used.slot - (await now()) <= 0]).toEqual([null, true]);
  expect((await rows(narrow))[0]).toEqual(before);
  // The other bucket was not charged before: it is now.
  const [charged] = await rows(other);
  expect(Date.parse(charged?.tat ?? '')).toBeGreaterThan(used.slot - 1);
  // Without the moment the caller would have to wait behind whoever came meanwhile.
  expect((await call([other, narrow], { mostWait: 100 })).slot).toBeGreaterThan(used.slot + 400);
});

test('a held moment counts no more after ten seconds, for another bucket, or while its bucket is blocked', async () => {
  const rule = bucket(1, 10_000, 1);
  await call([rule]);
  const held = async (ago: number, key = rule.key) => {
    const { slot } = await call([rule], { reserved: { at: (await now()) - ago, key } });
    return slot - (await now());
  };
  expect(await held(1_000)).toBeLessThanOrEqual(0);
  expect(await held(11_000)).toBeGreaterThan(9_000);
  expect(await held(1_000, bucket(1, 1, 1).key)).toBeGreaterThan(19_000);
  await blockPace(sql(), rule.key, 60_000);
  expect(await held(1_000)).toBeGreaterThan(59_000);
});

test('buckets that hold nothing back any more are forgotten, and no others', async () => {
  const [idle, blocked, used] = [bucket(1, 1_000, 1), bucket(1, 1_000, 1), bucket(1, 1_000, 1)];
  for (const rule of [idle, blocked, used]) await call([rule]);
  await sql()`update pace_buckets set tat = now() - interval '2 days' where key in (${idle.key}, ${blocked.key})`;
  await blockPace(sql(), blocked.key, 60_000);
  await sweepPace(sql());
  expect((await rows(idle, blocked, used)).map(({ key }) => key)).toEqual([blocked.key, used.key].sort());
});

import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { CrashPoint } from '../../src/context.ts';
import { allEnded, crashPoints, killAt } from './kill.ts';
import { openRound, type Round, type Seeded, schedule, seed, states } from './round.ts';

let round: Round;
let seeded: Seeded;
// One installation is killed again and again, and its books must be right after each time.
beforeAll(async () => {
  round = await openRound();
  seeded = await seed(round, await round.child(), { vkUserToken: true });
}, 30_000);
afterAll(() => round.close(), 30_000);

for (const point of crashPoints) {
  test(`a kill ${point.replaceAll('_', ' ')} neither doubles nor loses a post`, async () => {
    const { ends, violations, signal } = await killAt(round, seeded, point);
    expect(signal).toBe('SIGKILL');
    expect(violations).toEqual([]);
    expect(endsOf(point)).toContainEqual(ends);
  }, 60_000);
}

/**
 * Before the barrier nothing can be public, so both go out. After it VK is read; for Telegram a person is asked,
 * unless it was the other one that had come so far.
 */
function endsOf(point: CrashPoint): string[][] {
  const both = ['published', 'published'];
  const oneAsks = ['published', 'unconfirmed'];
  if (point === 'during_confirming') return [oneAsks];
  return point === 'after_barrier_commit' || point === 'after_answer' || point === 'after_settle'
    ? [both, oneAsks]
    : [both];
}

test('a kill after bytes were sent that the network never took neither doubles nor loses a post', async () => {
  const doomed = await round.child();
  await doomed.killAt('after_answer');
  const toTelegram = () =>
    round.sandbox.fault({ network: 'telegram', method: 'sendMessage', action: { kind: 'drop_before' } });
  toTelegram();
  round.sandbox.fault({ network: 'vk', method: 'wall.post', action: { kind: 'drop_before' } });
  const { ids } = await schedule(doomed, seeded, 'never taken', new Date(Date.now() + 1_500));
  await doomed.process.exited;
  // Whoever was slower may have died before its bytes left. VK's second send is to arrive all the same: of two that
  // were lost a person is asked.
  const untouched = round.sandbox.faults().some(({ network }) => network === 'telegram');
  round.sandbox.clearFaults();
  if (untouched) toTelegram();
  await round.child();
  await round.until('every publication ends', 20_000, () => allEnded(round));
  // One that had passed its barrier is not sent, and would leave its fault to the next test.
  round.sandbox.clearFaults();
  expect(await round.violations(ids, seeded.secrets)).toEqual([]);
  // VK is read, found absent, and sent once more; for Telegram a person is asked.
  expect(Object.values(await states(round, ids)).sort()).toEqual(['published', 'unconfirmed']);
}, 60_000);

test('a publication whose job was lost goes out all the same', async () => {
  const child = await round.child();
  const { ids } = await schedule(child, seeded, 'job lost', new Date(Date.now() + 1_500), { picture: true });
  const lost =
    await round.sql()`delete from pgboss.job where name in ('posts.publish', 'posts.prepare') returning id`;
  expect(lost.length).toBeGreaterThan(0);
  await round.until('both are published', 10_000, async () =>
    Object.values(await states(round, ids)).every((state) => state === 'published'),
  );
  expect(await round.violations(ids, seeded.secrets)).toEqual([]);
}, 40_000);

test('what came due while nothing ran is held when it is too late, and goes out when it is not', async () => {
  const latePaced = 4_500;
  const first = await round.spawn({ durations: { latePaced, lateInOrder: 500 } });
  const long = Date.now() + 1_500;
  const due = new Date(long + latePaced);
  const old = await schedule(first, seeded, 'too late', new Date(long), { communities: [seeded.telegram] });
  const fresh = await schedule(first, seeded, 'late but fine', due, { communities: [seeded.telegram] });
  const urgent = await schedule(first, seeded, 'only on time', due, {
    communities: [seeded.vk],
    timeSensitive: true,
  });
  first.process.kill('SIGKILL');
  await first.process.exited;
  // From now on the old one is too late, and the fresh one when a start takes more than four seconds.
  await Bun.sleep(due.getTime() + 300 - Date.now());
  await round.child();
  await round.until('every publication ends', 10_000, () => allEnded(round));
  const ends = await states(round);
  expect([old, fresh, urgent].map((post) => ends[post.ids[0] ?? ''])).toEqual(['held', 'published', 'held']);
  expect(await round.violations([...old.ids, ...fresh.ids, ...urgent.ids], seeded.secrets)).toEqual([]);
}, 40_000);

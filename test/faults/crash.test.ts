import { afterEach, expect, test } from 'bun:test';
import type { CrashPoint } from '../../src/context.ts';
import { allEnded, crashPoints, killAt } from './kill.ts';
import { openRound, type Round, schedule, seed, states } from './round.ts';

let round: Round;
afterEach(() => round.close(), 30_000);

for (const point of crashPoints) {
  test(`a kill ${point.replaceAll('_', ' ')} neither doubles nor loses a post`, async () => {
    round = await openRound();
    const { ends, violations, signal } = await killAt(round, point);
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
  round = await openRound();
  const first = await round.spawn();
  const seeded = await seed(round, first, { vkUserToken: true });
  first.process.kill('SIGTERM');
  await first.process.exited;
  const doomed = await round.spawn({ killAt: { point: 'after_answer', nth: 1 } });
  round.sandbox.fault({ network: 'telegram', method: 'sendMessage', action: { kind: 'drop_before' } });
  round.sandbox.fault({ network: 'vk', method: 'wall.post', action: { kind: 'drop_before' } });
  const { ids } = await schedule(doomed, seeded, 'never taken', new Date(Date.now() + 500));
  await doomed.process.exited;
  await round.spawn();
  await round.until('every publication ends', 20_000, () => allEnded(round));
  expect(await round.violations(ids, seeded.secrets)).toEqual([]);
  // VK is read, found absent, and sent once more; for Telegram a person is asked.
  expect(Object.values(await states(round)).sort()).toEqual(['published', 'unconfirmed']);
}, 60_000);

test('a publication whose job was lost goes out all the same', async () => {
  round = await openRound();
  const child = await round.spawn();
  const seeded = await seed(round, child, { vkUserToken: true });
  const { ids } = await schedule(child, seeded, 'job lost', new Date(Date.now() + 1_500), { picture: true });
  const lost =
    await round.sql()`delete from pgboss.job where name in ('posts.publish', 'posts.prepare') returning id`;
  expect(lost.length).toBeGreaterThan(0);
  await round.until('both are published', 10_000, async () =>
    Object.values(await states(round)).every((state) => state === 'published'),
  );
  expect(await round.violations(ids, seeded.secrets)).toEqual([]);
}, 40_000);

test('what came due while nothing ran is held when it is too late, and goes out when it is not', async () => {
  round = await openRound();
  const late = { durations: { latePaced: 3_000, lateInOrder: 500 } };
  const first = await round.spawn(late);
  const seeded = await seed(round, first, { vkUserToken: true });
  const old = await schedule(first, seeded, 'too late', new Date(Date.now() + 400), {
    communities: [seeded.telegram],
  });
  const fresh = await schedule(first, seeded, 'late but fine', new Date(Date.now() + 3_500), {
    communities: [seeded.telegram],
  });
  const urgent = await schedule(first, seeded, 'only on time', new Date(Date.now() + 3_500), {
    communities: [seeded.vk],
    timeSensitive: true,
  });
  first.process.kill('SIGKILL');
  await first.process.exited;
  await Bun.sleep(4_300);
  await round.spawn(late);
  await round.until('every publication ends', 10_000, () => allEnded(round));
  const now = await states(round);
  expect([old, fresh, urgent].map((post) => now[post.ids[0] ?? ''])).toEqual(['held', 'published', 'held']);
  expect(await round.violations([...old.ids, ...fresh.ids, ...urgent.ids], seeded.secrets)).toEqual([]);
}, 40_000);

import { afterEach, expect, test } from 'bun:test';
import type { CrashPoint } from '../../src/context.ts';
import { openRound, type Round, schedule, seed, states } from './round.ts';

let round: Round;
afterEach(() => round.close(), 30_000);

const settled = new Set(['published', 'unconfirmed', 'failed', 'held', 'cancelled']);

/** Kills the child at a point, starts another on the same data, and lets the checker judge the whole round. */
async function killedAt(point: CrashPoint, options: { vkUserToken?: boolean; loseAnswer?: boolean } = {}) {
  round = await openRound();
  const first = await round.spawn();
  const seeded = await seed(round, first, { vkUserToken: options.vkUserToken ?? true });
  first.process.kill('SIGTERM');
  await first.process.exited;

  const doomed = await round.spawn({ killAt: { point, nth: 1 } });
  if (options.loseAnswer) {
    round.sandbox.fault({ network: 'telegram', method: 'sendPhoto', action: { kind: 'drop_after' } });
    round.sandbox.fault({ network: 'vk', method: 'wall.post', action: { kind: 'drop_after' } });
  }
  // A client whose answer is lost repeats with the same Idempotency-Key.
  // A post that was not kept is asked for again after the restart, and its time must still be ahead then.
  const at = new Date(Date.now() + (point === 'before_schedule_commit' ? 6_000 : 1_200));
  const asked = await schedule(doomed, seeded, `crash ${point}`, at, { picture: true }).catch(() => null);
  await doomed.process.exited;
  expect(doomed.process.signalCode).toBe('SIGKILL');

  const second = await round.spawn();
  const created =
    asked ?? (await repeated(() => schedule(second, seeded, `crash ${point}`, at, { picture: true })));
  await round.until('every publication ends', 15_000, async () =>
    Object.values(await states(round)).every((state) => settled.has(state)),
  );
  expect(await round.violations(created.ids, seeded.secrets)).toEqual([]);
  return Object.values(await states(round)).sort();
}

/** 409 while the key of the request that died counts as running; its time may have passed meanwhile. */
async function repeated<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries > 100 || !String(error).includes('409')) throw error;
      await Bun.sleep(100);
    }
  }
}

const points: CrashPoint[] = [
  'before_schedule_commit',
  'after_schedule_commit',
  'after_claim',
  'during_staging',
  'before_barrier_commit',
  'after_barrier_commit',
  'after_answer',
  'after_settle',
];

for (const point of points) {
  test(`a kill ${point.replaceAll('_', ' ')} neither doubles nor loses a post`, async () => {
    const ends = await killedAt(point);
    // Before the barrier nothing can be public: both go out. After it Telegram may have to ask.
    if (
      [
        'before_schedule_commit',
        'after_schedule_commit',
        'after_claim',
        'during_staging',
        'before_barrier_commit',
      ].includes(point)
    ) {
      expect(ends).toEqual(['published', 'published']);
    }
  }, 40_000);
}

test('a kill during confirming neither doubles nor loses a post', async () => {
  expect(await killedAt('during_confirming', { loseAnswer: true })).toEqual(['published', 'unconfirmed']);
}, 40_000);

import type { CrashPoint } from '../../src/context.ts';
import { type Round, type Seeded, schedule, states } from './round.ts';

/** The crash points that a worker can be killed at by itself; the rest are made with the sandbox's faults. */
export const crashPoints: readonly CrashPoint[] = [
  'before_schedule_commit',
  'after_schedule_commit',
  'after_claim',
  'during_staging',
  'before_barrier_commit',
  'after_barrier_commit',
  'after_answer',
  'after_settle',
  'during_confirming',
];

const ended = new Set(['published', 'unconfirmed', 'failed', 'held', 'cancelled']);

/** True when every publication has come to an end, or waits for a person. */
export async function allEnded(round: Round): Promise<boolean> {
  return Object.values(await states(round)).every((state) => ended.has(state));
}

export interface Killed {
  /** End states, sorted. */
  ends: string[];
  violations: string[];
  /** How the doomed process ended. */
  signal: string;
  /** Milliseconds from the kill to the first change of state that the next process made; null when there was none. */
  takenOverAfter: number | null;
}

/**
 * A post with a picture for both networks, a process that kills itself at `point`, another on the same data.
 * `within`: milliseconds until every publication must have ended.
 */
export async function killAt(
  round: Round,
  seeded: Seeded,
  point: CrashPoint,
  within = 15_000,
): Promise<Killed> {
  const doomed = await round.child();
  await doomed.killAt(point);
  round.sandbox.clearFaults();
  if (point === 'during_confirming') {
    round.sandbox.fault({ network: 'telegram', method: 'sendPhoto', action: { kind: 'drop_after' } });
    round.sandbox.fault({ network: 'vk', method: 'wall.post', action: { kind: 'drop_after' } });
  }
  const text = `killed ${point}`;
  // A post that was not kept is asked for again after the restart, and its time must still be ahead then.
  const at = new Date(Date.now() + (point === 'before_schedule_commit' ? within / 2 : 1_200));
  const asked = await schedule(doomed, seeded, text, at, { picture: true }).catch(() => null);
  await doomed.process.exited;
  const killedAt = Date.now();

  const second = await round.child();
  // A client whose answer was lost repeats with the same Idempotency-Key.
  const created = asked ?? (await repeated(() => schedule(second, seeded, text, at, { picture: true })));
  await round.until('every publication ends', within, () => allEnded(round));
  const [next] = await round.sql()<{ at: Date | null }[]>`
    select min(at) as at from publication_events where at > ${new Date(killedAt)} and from_state is not null`;
  return {
    ends: Object.values(await states(round, created.ids)).sort(),
    violations: await round.violations(created.ids, seeded.secrets),
    signal: String(doomed.process.signalCode),
    takenOverAfter: next?.at ? next.at.getTime() - killedAt : null,
  };
}

/** 409 while the key of the request that died counts as running. */
async function repeated<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries > 400 || !String(error).includes('409')) throw error;
      await Bun.sleep(100);
    }
  }
}

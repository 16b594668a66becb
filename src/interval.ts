import type { Log } from './log.ts';

/**
 * A database connection that breaks at the wrong moment can leave a query pending for ever. What was asked then ends
 * in an error after this long, and the next round asks anew; nothing of ours takes as long otherwise. Milliseconds.
 */
export const stuckAfter = 60_000;

/** Like `work`, but rejects after so many milliseconds. The work itself is not stopped. */
export async function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timeout: Timer | undefined;
  const stuck = new Promise<never>((_, reject) => {
    timeout = setTimeout(() => reject(new Error('there was no answer in time')), milliseconds);
  });
  return Promise.race([work, stuck]).finally(() => clearTimeout(timeout));
}

/** Runs `act` now and then `interval` milliseconds after each end, never twice at once. Answers what stops it. */
export function repeat(log: Log, name: string, interval: number, act: () => Promise<unknown>): () => void {
  let stopped = false;
  let timeout: Timer | null = null;
  const round = async (): Promise<void> => {
    try {
      await within(act(), stuckAfter);
    } catch (error) {
      if (!stopped) log.error({ err: error }, `${name} failed`);
    }
    if (!stopped) timeout = setTimeout(round, interval);
  };
  void round();
  return () => {
    stopped = true;
    if (timeout) clearTimeout(timeout);
  };
}

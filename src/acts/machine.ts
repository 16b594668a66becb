import type { Context } from '../context.ts';
import { repeat } from '../interval.ts';
import { carryAct } from './act.ts';
import { type ClaimedAct, claimActs, prolongActs, takeOverActs } from './claim.ts';

/** Acts that one process carries at once: few, so that they never stand in the way of a publication. */
const mostActs = 16;

export interface Acts {
  /** Takes what is due. Returns when it is taken, not when it is done. */
  ring(): Promise<void>;
  /** Claims nothing more and waits for what is in flight. Answers how many were left when the time ran out. */
  drain(milliseconds: number): Promise<number>;
}

/** Carries what is done with published posts: edits, deletions, pins, comments. */
export function startActs(ctx: Context): Acts {
  const { durations } = ctx.config;
  const inFlight = new Map<ClaimedAct, Promise<void>>();
  let draining = false;
  let ringing: Promise<void> | null = null;
  let again = false;

  async function take(): Promise<void> {
    do {
      again = false;
      const room = mostActs - inFlight.size;
      if (room <= 0 || draining) return;
      const claimed = await claimActs(ctx, room);
      for (const act of claimed) run(act);
      again ||= claimed.length === room;
    } while (again);
  }

  function run(act: ClaimedAct): void {
    const work = carryAct(ctx, act)
      // Our own fault (a store went away): the lease runs out, and it is taken up again.
      .catch((error: unknown) => ctx.log.error({ err: error, act: act.id }, 'act was dropped'))
      .finally(() => {
        inFlight.delete(act);
        if (!draining) ring().catch((error: unknown) => ctx.log.error({ err: error }, 'acts not taken'));
      });
    inFlight.set(act, work);
  }

  function ring(): Promise<void> {
    if (draining) return Promise.resolve();
    again = true;
    ringing ??= take().finally(() => {
      ringing = null;
    });
    return ringing;
  }

  const stopSweep = repeat(ctx.log, 'acts', durations.sweep, async () => {
    await takeOverActs(ctx);
    await ring();
  });
  const stopHeartbeat = repeat(ctx.log, 'act heartbeat', durations.heartbeat, () =>
    prolongActs(ctx, [...inFlight.keys()]),
  );

  return {
    ring,
    async drain(milliseconds) {
      draining = true;
      stopSweep();
      const deadline = Date.now() + milliseconds;
      await Promise.race([ringing?.catch(() => {}), Bun.sleep(milliseconds)]);
      while (inFlight.size > 0 && Date.now() < deadline) {
        await Promise.race([...inFlight.values(), Bun.sleep(Math.max(deadline - Date.now(), 0))]);
      }
      stopHeartbeat();
      return inFlight.size;
    },
  };
}

import type { Context } from '../context.ts';
import { repeat } from '../interval.ts';
import { checkDrift } from './drift.ts';
import { startActs } from './machine.ts';

/** Binds what is done with posts that are public: acts that were asked for, and reads that they still stand there. */
export async function startAfterwards(
  ctx: Context,
): Promise<{ drain(milliseconds: number): Promise<number> }> {
  const acts = startActs(ctx);
  const stopDrift = repeat(ctx.log, 'drift', ctx.config.durations.drift, () => checkDrift(ctx));
  await ctx.queue.work('posts.act', { batch: 100, workers: 1 }, () => acts.ring());
  return {
    drain(milliseconds) {
      stopDrift();
      return acts.drain(milliseconds);
    },
  };
}

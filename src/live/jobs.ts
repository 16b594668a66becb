import type { Context } from '../context.ts';
import { sweepChanges } from './changes.ts';

/** Binds the queue that forgets old changes. */
export async function startLive(ctx: Context): Promise<void> {
  await ctx.queue.work('live.sweep', { batch: 1, workers: 1 }, async () => {
    await sweepChanges(ctx);
  });
}

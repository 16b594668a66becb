import type { Context } from '../context.ts';
import { sweepJobs } from './job.ts';

/** Binds the queue of jobs themselves. */
export async function startWork(ctx: Context): Promise<void> {
  await ctx.queue.work('work.sweep', { batch: 1, workers: 1 }, async () => {
    await sweepJobs(ctx);
  });
}

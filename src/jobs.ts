import { startShipping } from './analytics/jobs.ts';
import { sweepAuth } from './auth/jobs.ts';
import type { Context } from './context.ts';
import { sweepMedia } from './media/jobs.ts';
import { startPublishing } from './publishing/jobs.ts';

/** Starts every handler of queues.ts and the cron. `drain` answers how many sends were left without an answer. */
export async function startJobs(ctx: Context): Promise<{ drain(milliseconds: number): Promise<number> }> {
  const machine = await startPublishing(ctx);
  await ctx.queue.work('media.sweep', { batch: 1, workers: 1 }, async () => {
    await sweepMedia(ctx);
  });
  await ctx.queue.work('auth.sweep', { batch: 1, workers: 1 }, async () => {
    await sweepAuth(ctx);
  });
  await ctx.queue.startCron();
  const stopShipping = startShipping(ctx);
  return {
    drain(milliseconds) {
      stopShipping();
      return machine.drain(milliseconds);
    },
  };
}

import type { Context } from '../context.ts';
import { lookWhereDue } from './look.ts';

/** Binds the queue of insights. Answers what stops a look that is under way after the workspace that it is at. */
export async function startInsights(ctx: Context): Promise<() => void> {
  let stopped = false;
  // Bells of one moment are one run.
  await ctx.queue.work('insights.find', { batch: 100, workers: 1 }, async () => {
    await lookWhereDue(ctx, () => stopped);
  });
  return () => {
    stopped = true;
  };
}

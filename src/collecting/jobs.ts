import type { Context } from '../context.ts';
import { repeat } from '../interval.ts';
import { collectDue } from './collect.ts';
import { shipPublicationEvents } from './delivery.ts';
import { erasePurged, shipMetrics, sweepMetrics, watchOutbox } from './outbox.ts';
import { runRefresh } from './refresh.ts';

/** Binds the queues of figures, and keeps ClickHouse up with what happened. Answers what stops that. */
export async function startCollecting(ctx: Context): Promise<() => void> {
  let stopped = false;
  // Bells of one moment are one run.
  await ctx.queue.work('analytics.collect', { batch: 100, workers: 1 }, async () => {
    await collectDue(ctx, () => stopped);
  });
  await ctx.queue.work('analytics.refresh', { batch: 1, workers: 1 }, async (jobs) => {
    for (const { job_id } of jobs) await runRefresh(ctx, job_id);
  });
  await ctx.queue.work('analytics.sweep', { batch: 1, workers: 1 }, async () => {
    await sweepMetrics(ctx);
  });
  const stopShipping = repeat(ctx.log, 'ship', ctx.config.durations.ship, async () => {
    await watchOutbox(ctx);
    await shipPublicationEvents(ctx);
    await shipMetrics(ctx);
    await erasePurged(ctx);
  });
  return () => {
    stopped = true;
    stopShipping();
  };
}

import { asOwner, type Context } from '../context.ts';
import { makeReport, resumeLost, sweepReports } from './make.ts';
import { reportDue } from './schedule.ts';

/**
 * Binds the queues of reports, and looks at once at what was interrupted and what fell due while nothing ran. Answers
 * what stops it.
 */
export async function startReports(ctx: Context): Promise<() => void> {
  const stop = new AbortController();
  for (const queue of ['reports.make', 'reports.export'] as const) {
    await ctx.queue.work(queue, { batch: 1, workers: 1 }, async ([job]) => {
      if (job) await makeReport(ctx, job.job_id, stop.signal);
    });
  }
  await ctx.queue.work('reports.schedule', { batch: 1, workers: 1 }, async () => {
    await reportDue(ctx);
    if ((await resumeLost(ctx)) > 0) {
      ctx.queue.wake('reports.make');
      ctx.queue.wake('reports.export');
    }
  });
  await ctx.queue.work('reports.sweep', { batch: 1, workers: 1 }, async () => {
    const removed = await sweepReports(ctx);
    if (removed > 0) ctx.log.info({ removed }, 'reports swept');
  });
  // Before old jobs are swept: after a long outage they would count as given up.
  await resumeLost(ctx);
  await asOwner(ctx, (tx) => ctx.queue.enqueue(tx, 'reports.schedule', [{ payload: {} }]));
  for (const queue of ['reports.schedule', 'reports.make', 'reports.export'] as const) ctx.queue.wake(queue);
  return () => stop.abort();
}

import type { Context } from '../context.ts';
import { sweepConnections } from './connection.ts';
import { checkDue } from './health.ts';
import { checkPlaces } from './invitation.ts';
import { refreshDue } from './renewal.ts';

/** Binds the queues of communities. */
export async function startCommunityJobs(ctx: Context): Promise<void> {
  await ctx.queue.work('communities.refresh', { batch: 1, workers: 1 }, async () => {
    await refreshDue(ctx);
    await sweepConnections(ctx);
  });
  // Bells of one moment are one run.
  await ctx.queue.work('communities.health', { batch: 100, workers: 1 }, async () => {
    await checkDue(ctx);
  });
  await ctx.queue.work('communities.places', { batch: 10, workers: 1 }, async (jobs) => {
    for (const id of new Set(jobs.map((job) => job.connection_id))) await checkPlaces(ctx, id);
  });
}

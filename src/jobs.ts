import { startAfterwards } from './acts/jobs.ts';
import { sweepAuth } from './auth/jobs.ts';
import { startCollecting } from './collecting/jobs.ts';
import { startCommunityJobs } from './communities/jobs.ts';
import type { Context } from './context.ts';
import { startInbound } from './inbound/jobs.ts';
import { startInsights } from './insights/jobs.ts';
import { startLive } from './live/jobs.ts';
import { sweepMedia } from './media/jobs.ts';
import { startPublishing } from './publishing/jobs.ts';
import { startReports } from './reports/jobs.ts';
import { startSeries } from './series/jobs.ts';
import { startWork } from './work/jobs.ts';

/** Starts every handler of queues.ts and the cron. `drain` answers how many sends were left without an answer. */
export async function startJobs(ctx: Context): Promise<{ drain(milliseconds: number): Promise<number> }> {
  const machine = await startPublishing(ctx);
  const afterwards = await startAfterwards(ctx);
  await startCommunityJobs(ctx);
  const inbound = await startInbound(ctx);
  await ctx.queue.work('media.sweep', { batch: 1, workers: 1 }, async () => {
    await sweepMedia(ctx);
  });
  await ctx.queue.work('auth.sweep', { batch: 1, workers: 1 }, async () => {
    await sweepAuth(ctx);
  });
  const stopSeries = await startSeries(ctx);
  const stopCollecting = await startCollecting(ctx);
  const stopInsights = await startInsights(ctx);
  const stopReports = await startReports(ctx);
  await startWork(ctx);
  await startLive(ctx);
  await ctx.queue.startCron();
  return {
    async drain(milliseconds) {
      stopCollecting();
      stopInsights();
      stopReports();
      stopSeries();
      const silent = Promise.race([inbound.stop(), Bun.sleep(milliseconds)]);
      const left = await Promise.all([machine.drain(milliseconds), afterwards.drain(milliseconds)]);
      await silent;
      return left.reduce((sum, one) => sum + one, 0);
    },
  };
}

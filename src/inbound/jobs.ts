import { checkCommunity } from '../communities/check.ts';
import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { startListening } from './listen.ts';
import { modeOf } from './source.ts';

/** Binds the queues of updates, and hears the networks where this installation wants that. Answers what stops it. */
export async function startInbound(ctx: Context): Promise<{ stop(): Promise<void> }> {
  const mode = modeOf(ctx.config);
  const listener = mode === 'off' ? null : startListening(ctx, mode);
  // Bells of one moment are one look.
  await ctx.queue.work('inbound.sources', { batch: 100, workers: 1 }, async () => {
    await listener?.changed();
  });
  await ctx.queue.work('inbound.check', { batch: 10, workers: 1 }, async (jobs) => {
    const named = new Map(jobs.map((job) => [job.community_id, job.workspace_id]));
    for (const [id, workspaceId] of named) {
      await checkCommunity(ctx, { workspaceId }, id).catch((error: unknown) => {
        // A refusal stands as a warning, and what was disconnected meanwhile needs no check.
        if (!(error instanceof AppError) || error.code === 'internal') throw error;
      });
    }
  });
  await ctx.queue.work('inbound.sweep', { batch: 1, workers: 1 }, async () => {
    await ctx.sql`
      delete from inbound_events where at < now() - ${ctx.config.durations.inboundKept} * interval '1 millisecond'`;
  });
  return { stop: async () => listener?.stop() };
}

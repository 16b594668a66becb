import { asOwner, type Context } from '../context.ts';
import { repeat } from '../interval.ts';
import { catchUp, extendAll } from './extend.ts';

/** Extends series now and by cron, and catches up after an outage. Answers what stops it. */
export async function startSeries(ctx: Context): Promise<() => void> {
  await ctx.queue.work('series.extend', { batch: 1, workers: 1 }, () => extendAll(ctx));
  await asOwner(ctx, (tx) => ctx.queue.enqueue(tx, 'series.extend', [{ payload: {} }]));
  ctx.queue.wake('series.extend');
  return repeat(ctx.log, 'series', ctx.config.durations.sweep, () => catchUp(ctx));
}

import type { Context } from '../context.ts';
import { type Machine, startMachine } from './machine.ts';
import { sweepPace } from './pace.ts';

/** Binds the posts queues to the publishing machine. Answers the machine, which the stop drains. */
export async function startPublishing(ctx: Context): Promise<Machine> {
  const machine = await startMachine(ctx);
  await ctx.queue.work('posts.publish', { batch: 100, workers: 2 }, () => machine.ring());
  await ctx.queue.work('posts.prepare', { batch: 50, workers: 1 }, (jobs) =>
    machine.prepare(jobs.map((job) => job.publication_id)),
  );
  await ctx.queue.work('posts.sweep', { batch: 1, workers: 1 }, () => sweepPace(ctx.sql));
  return machine;
}

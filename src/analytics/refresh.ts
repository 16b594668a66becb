import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { NetworkError } from '../networks/error.ts';
import type { Tx } from '../stores/postgres.ts';
import { readCommunity, readPosts } from './collect.ts';
import { Busy, openReading, type ReadCommunity } from './reading.ts';

export const jobStates = ['pending', 'running', 'completed', 'failed'] as const;

/** What takes longer than a request, as the API shows it. */
export const JobSchema = v.pipe(
  v.strictObject({
    id: v.pipe(v.string(), v.uuid()),
    kind: v.picklist(['refresh_analytics']),
    state: v.picklist(jobStates),
    progress: v.pipe(v.number(), v.minValue(0), v.maxValue(1), v.description('0 to 1.')),
    error: v.pipe(v.nullable(v.string()), v.description('Why it failed, in plain words.')),
  }),
  v.metadata({ ref: 'Job' }),
);
export type Job = v.InferOutput<typeof JobSchema>;

/** Posts of a community that are read anew, the newest. */
const postsMost = 1_000;
/** A person waits: a gap between publications is waited for longer. Milliseconds. */
const patience = 20_000;
/** A job that was not heard of for so long has lost its worker. Minutes. */
const lostAfter = 15;

const columns = (tx: Tx) =>
  tx`j.id, j.kind, j.state, round(j.progress::numeric, 3)::float8 as progress, j.error`;

/**
 * Has the figures of a community and of its posts read now; asked again while that is under way, it is the same job.
 * Throws `not_found`, and `wrong_state` when it is not connected.
 */
export async function refreshAnalytics(ctx: Context, who: Who, id: string): Promise<Job> {
  const job = await asWorkspace(ctx, who, async (tx) => {
    const [community] = await tx<{ status: string }[]>`
      select status from communities where workspace_id = ${who.workspaceId} and id = ${id}`;
    if (!community) throw new AppError('not_found', 'There is no such community.');
    if (community.status !== 'active') {
      throw new AppError('wrong_state', 'This community is not connected: connect it again first.');
    }
    const made = await tx<{ id: string }[]>`
      insert into jobs (id, workspace_id, kind, community_id)
      values (${Bun.randomUUIDv7()}, ${who.workspaceId}, 'refresh_analytics', ${id})
      on conflict do nothing returning id`;
    await ctx.queue.enqueue(
      tx,
      'analytics.refresh',
      made.map((one) => ({ payload: { job_id: one.id } })),
    );
    const [row] = await tx<Job[]>`
      select ${columns(tx)} from jobs j
      where j.workspace_id = ${who.workspaceId} and j.community_id = ${id} order by j.id desc limit 1`;
    if (!row) throw new Error('the job is not there');
    return row;
  });
  ctx.queue.wake('analytics.refresh');
  return job;
}

/** How far a job has come. Throws `not_found`. */
export async function getJob(ctx: Context, who: Who, id: string): Promise<Job> {
  const [job] = await asWorkspace(
    ctx,
    who,
    (tx) => tx<Job[]>`
      select ${columns(tx)} from jobs j where j.workspace_id = ${who.workspaceId} and j.id = ${id}`,
  );
  if (!job) throw new AppError('not_found', 'There is no such job.');
  return job;
}

/** Does the work of a job; a second time it begins anew. What fails stands in the job. */
export async function runRefresh(ctx: Context, jobId: string): Promise<void> {
  const [community] = await ctx.sql<ReadCommunity[]>`
    update jobs j set state = 'running', progress = 0, changed_at = now()
    from communities c
    where j.id = ${jobId} and j.state in ('pending', 'running') and c.id = j.community_id
    returning c.id, c.workspace_id, c.network, c.external_id, c.capabilities, c.details, c.settings`;
  if (!community) return;
  const told = async (share: number) => {
    await ctx.sql`
      update jobs set progress = ${Math.min(0.1 + 0.9 * share, 1)}, changed_at = now()
      where id = ${jobId} and state = 'running'`;
  };
  try {
    await readCommunity(ctx, community, await openReading(ctx, community, patience));
    await told(0);
    const { collectPosts: ages } = ctx.config.durations;
    const posts = await ctx.sql<{ post_key: string }[]>`
      select post_key from metric_due
      where community_id = ${community.id} and enrolled
        and published_at > clock_timestamp() - ${ages.at(-1) ?? 0} * interval '1 millisecond'
      order by published_at desc limit ${postsMost}`;
    const keys = posts.map(({ post_key }) => post_key);
    await readPosts(ctx, community, keys, { patience, told });
    await ctx.sql`
      update jobs set state = 'completed', progress = 1, changed_at = now() where id = ${jobId} and state = 'running'`;
  } catch (error) {
    await ctx.sql`
      update jobs set state = 'failed', error = ${wordsOf(error)}, changed_at = now()
      where id = ${jobId} and state = 'running'`;
    if (!isTold(error)) throw error;
  }
}

/** Jobs whose worker is gone are over: the next request makes a new one. */
export async function failLostJobs(ctx: Context): Promise<void> {
  await ctx.sql`
    update jobs set state = 'failed', error = 'It was interrupted. Try again.', changed_at = now()
    where state in ('pending', 'running') and changed_at < now() - ${lostAfter} * interval '1 minute'`;
}

/** Forgets jobs that ended long ago. */
export async function sweepJobs(ctx: Context): Promise<void> {
  await ctx.sql`
    delete from jobs
    where state in ('completed', 'failed') and changed_at < now() - ${ctx.config.durations.jobsKept} * interval '1 millisecond'`;
}

function isTold(error: unknown): error is Error {
  return error instanceof NetworkError || error instanceof AppError || error instanceof Busy;
}

function wordsOf(error: unknown): string {
  if (error instanceof Busy)
    return 'Posts are being published at this moment, and they go first. Try again later.';
  return isTold(error) ? error.message : 'Something went wrong here. Try again.';
}

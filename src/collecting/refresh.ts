import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { NetworkError } from '../networks/error.ts';
import { addJob, type Job, JobFailed, jobUnderWay, runJob } from '../work/job.ts';
import { readCommunity, readPosts } from './collect.ts';
import { Busy, openReading, type ReadCommunity } from './reading.ts';

/** Posts of a community that are read anew, the newest. */
const postsMost = 1_000;
/** A person waits: a gap between publications is waited for longer. Milliseconds. */
const patience = 20_000;

/**
 * Has the figures of a community and of its posts read now; asked again while that is under way, it is the same job.
 * Throws `not_found`, and `wrong_state` when it is not connected.
 */
export async function refreshAnalytics(ctx: Context, who: Who, id: string): Promise<Job> {
  const job = await asWorkspace(ctx, who, async (tx) => {
    // Locked, so that two requests at once make one job.
    const [community] = await tx<{ status: string }[]>`
      select status from communities where workspace_id = ${who.workspaceId} and id = ${id} for update`;
    if (!community) throw new AppError('not_found', 'There is no such community.');
    if (community.status !== 'active') {
      throw new AppError('wrong_state', 'This community is not connected: connect it again first.');
    }
    const wanted = { workspaceId: who.workspaceId, kind: 'refresh_analytics', communityId: id } as const;
    const before = await jobUnderWay(tx, wanted);
    if (before) return before;
    const made = await addJob(tx, wanted);
    await ctx.queue.enqueue(tx, 'analytics.refresh', [{ payload: { job_id: made.id } }]);
    return made;
  });
  ctx.queue.wake('analytics.refresh');
  return job;
}

/** Does the work of such a job; a second time it begins anew. */
export function runRefresh(ctx: Context, jobId: string): Promise<void> {
  return runJob(ctx, jobId, async ({ communityId, told }) => {
    const [community] = await ctx.sql<ReadCommunity[]>`
      select id, workspace_id, network, external_id, capabilities, details, settings
      from communities where id = ${communityId}`;
    if (!community) return null;
    try {
      await readCommunity(ctx, community, await openReading(ctx, community, patience));
      await told(0.1);
      const { collectPosts: ages } = ctx.config.durations;
      const posts = await ctx.sql<{ post_key: string }[]>`
        select post_key from metric_due
        where community_id = ${community.id} and enrolled
          and published_at > clock_timestamp() - ${ages.at(-1) ?? 0} * interval '1 millisecond'
        order by published_at desc limit ${postsMost}`;
      const keys = posts.map(({ post_key }) => post_key);
      await readPosts(ctx, community, keys, { patience, told: (share) => told(0.1 + 0.9 * share) });
      return null;
    } catch (error) {
      if (error instanceof Busy) {
        throw new JobFailed('Posts are being published at this moment, and they go first. Try again later.');
      }
      throw error instanceof NetworkError ? new JobFailed(error.message) : error;
    }
  });
}

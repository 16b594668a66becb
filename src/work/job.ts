import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import type { Tx } from '../stores/postgres.ts';

export const jobKinds = ['refresh_analytics', 'report', 'export'] as const;
export type JobKind = (typeof jobKinds)[number];
export const jobStates = ['pending', 'running', 'completed', 'failed'] as const;

/** What takes longer than a request, as the API shows it. */
export const JobSchema = v.pipe(
  v.strictObject({
    id: v.pipe(v.string(), v.uuid()),
    kind: v.picklist(jobKinds),
    state: v.picklist(jobStates),
    progress: v.pipe(v.number(), v.minValue(0), v.maxValue(1), v.description('0 to 1.')),
    error: v.pipe(v.nullable(v.string()), v.description('Why it failed, in plain words.')),
    result: v.pipe(v.nullable(v.string()), v.description('Path of what it made, when it is completed.')),
  }),
  v.metadata({ ref: 'Job' }),
);
export type Job = v.InferOutput<typeof JobSchema>;

/** A job that was not heard of for so long has lost its worker. Minutes. */
const lostAfter = 15;

const columns = (tx: Tx) =>
  tx`j.id, j.kind, j.state, round(j.progress::numeric, 3)::float8 as progress, j.error, j.result`;

/** Why a job could not do its work, in words for the person who asked for it. */
export class JobFailed extends Error {}

/** Work that ends with the process: its job stays as it is, for whoever takes it up again. */
export class JobLeft extends Error {}

/** Writes a job in the caller's transaction, which also enqueues it. */
export async function addJob(
  tx: Tx,
  job: { workspaceId: string; kind: JobKind; communityId?: string },
): Promise<Job> {
  const [made] = await tx<Job[]>`
    insert into jobs as j (id, workspace_id, kind, community_id)
    values (${Bun.randomUUIDv7()}, ${job.workspaceId}, ${job.kind}, ${job.communityId ?? null})
    returning ${columns(tx)}`;
  if (!made) throw new Error('the job is not there');
  return made;
}

/** The job of this kind that is under way for a community; null: there is none. */
export async function jobUnderWay(
  tx: Tx,
  job: { workspaceId: string; kind: JobKind; communityId: string },
): Promise<Job | null> {
  const [found] = await tx<Job[]>`
    select ${columns(tx)} from jobs j
    where j.workspace_id = ${job.workspaceId} and j.community_id = ${job.communityId} and j.kind = ${job.kind}
      and j.state in ('pending', 'running')
    order by j.id desc limit 1`;
  return found ?? null;
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

export interface RunningJob {
  id: string;
  workspaceId: string;
  communityId: string | null;
  /** Hears the share that is done, 0 to 1. */
  told(share: number): Promise<void>;
}

/**
 * Does the work of a job, which answers the path of what it made or null; a second time it begins anew. What fails
 * stands in the job: {@link JobFailed} in its own words, anything else as a fault of ours, and is thrown on. After
 * {@link JobLeft} it stands as running.
 */
export async function runJob(
  ctx: Context,
  id: string,
  work: (job: RunningJob) => Promise<string | null>,
): Promise<void> {
  const [job] = await ctx.sql<{ workspace_id: string; community_id: string | null }[]>`
    update jobs set state = 'running', progress = 0, changed_at = now()
    where id = ${id} and state in ('pending', 'running') returning workspace_id, community_id`;
  if (!job) return;
  const told = async (share: number) => {
    await ctx.sql`
      update jobs set progress = ${Math.min(Math.max(share, 0), 1)}, changed_at = now()
      where id = ${id} and state = 'running'`;
  };
  try {
    const result = await work({ id, workspaceId: job.workspace_id, communityId: job.community_id, told });
    await ctx.sql`
      update jobs set state = 'completed', progress = 1, result = ${result}, changed_at = now()
      where id = ${id} and state = 'running'`;
  } catch (error) {
    if (error instanceof JobLeft) return;
    const known = error instanceof JobFailed || error instanceof AppError;
    await ctx.sql`
      update jobs set state = 'failed', error = ${known ? error.message : 'Something went wrong here. Try again.'},
        changed_at = now()
      where id = ${id} and state = 'running'`;
    if (!known) throw error;
  }
}

/** Jobs whose worker is gone are over, so that a new request makes a new one; those that ended long ago are forgotten. */
export async function sweepJobs(ctx: Context): Promise<void> {
  await ctx.sql`
    update jobs set state = 'failed', error = 'It was interrupted. Try again.', changed_at = now()
    where state in ('pending', 'running') and changed_at < now() - ${lostAfter} * interval '1 minute'`;
  await ctx.sql`
    delete from jobs
    where state in ('completed', 'failed')
      and changed_at < now() - ${ctx.config.durations.jobsKept} * interval '1 millisecond'`;
}

import { asOwner, type Context, type Who } from '../context.ts';
import { JobFailed, JobLeft, type RunningJob, runJob } from '../work/job.ts';
import { draw } from './draw.ts';
import { writeExport } from './export/export.ts';
import { gather } from './gather.ts';
import { extensionOf, type ReportRow } from './report.ts';

type Row = Omit<ReportRow, 'state' | 'error' | 'file_key' | 'size' | 'made_at'> & { runs: number };

/** What kills the process whenever it is made is not made for ever. */
const runsMost = 3;

/**
 * Does the work of a job `report` or `export`. The file stands under its key when it is whole, and not before; a second
 * run begins anew and replaces it. A job that another worker is doing is left to it. Once `stop` is aborted, because the
 * process ends, nothing is begun and nothing is called failed: {@link resumeLost} takes it up again.
 */
export async function makeReport(ctx: Context, jobId: string, stop: AbortSignal): Promise<void> {
  const { reportLost } = ctx.config.durations;
  const [busy] = await ctx.sql`
    select 1 as one from jobs
    where id = ${jobId} and state = 'running' and changed_at > clock_timestamp() - ${reportLost} * interval '1 millisecond'`;
  if (busy || stop.aborted) return;
  await runJob(ctx, jobId, async (job) => {
    try {
      return await beating(ctx, job, stop, (told) => make(ctx, job, told));
    } catch (error) {
      // The stores close under it.
      throw stop.aborted ? new JobLeft('the process ends', { cause: error }) : error;
    }
  });
}

type Told = RunningJob['told'];

/** A sign of life now and then, however long a single step takes; progress is not written more often than anyone looks. */
async function beating<T>(
  ctx: Context,
  job: RunningJob,
  stop: AbortSignal,
  work: (told: Told) => Promise<T>,
): Promise<T> {
  let share = 0;
  let written = 0;
  const write = async () => {
    written = Date.now();
    await job.told(share);
  };
  const beat = setInterval(
    () => {
      // One that is lost is made up for by the next.
      write().catch((error: unknown) => ctx.log.warn({ err: error }, 'progress of a report not written'));
    },
    Math.max(ctx.config.durations.reportLost / 6, 50),
  );
  try {
    return await work(async (reached) => {
      stop.throwIfAborted();
      share = reached;
      if (Date.now() - written > 1_000) await write();
    });
  } finally {
    clearInterval(beat);
  }
}

async function make(ctx: Context, job: RunningJob, told: Told): Promise<string> {
  const [row] = await ctx.sql<Row[]>`
    update reports set runs = runs + 1 where workspace_id = ${job.workspaceId} and job_id = ${job.id}
    returning id, workspace_id, schedule_id, job_id, created_by, kind, format, title, language, timezone,
      community_ids, period_from, period_to, with_media, created_at, runs`;
  if (!row) throw new JobFailed('It was deleted before it was made.');
  if (row.runs > runsMost) throw new JobFailed('It was interrupted again and again, and is given up.');
  const key = `${row.workspace_id}/${row.kind}-${row.id}.${extensionOf(row.format)}`;
  const size =
    row.format === 'zip'
      ? await writeExport(ctx, { workspaceId: row.workspace_id, withMedia: row.with_media, key, told })
      : await writeReport(ctx, row, row.format, key, told);
  const [kept] = await ctx.sql`
    update reports set file_key = ${key}, size = ${size}, made_at = clock_timestamp()
    where workspace_id = ${row.workspace_id} and id = ${row.id} returning 1 as one`;
  if (!kept) {
    await ctx.files.remove(key);
    throw new JobFailed('It was deleted while it was being made.');
  }
  return `/v1/${row.kind}s/${row.id}`;
}

async function writeReport(
  ctx: Context,
  row: Row,
  format: 'csv' | 'xlsx' | 'pdf',
  key: string,
  told: Told,
): Promise<number> {
  const { period_from: from, period_to: to, title, language, timezone } = row;
  if (!from || !to) throw new Error('a report has a period');
  // Whoever asked for it, or set up its schedule; what a report tells is what they may read.
  const who: Who = {
    kind: 'user',
    userId: row.created_by,
    workspaceId: row.workspace_id,
    keyId: null,
    scopes: new Set(['analytics:read']),
  };
  const wanted = { title, language, timezone, communityIds: row.community_ids, from, to };
  const data = await gather(ctx, who, wanted, (share) => told(0.8 * share));
  if (row.community_ids.length > 0 && data.communities.length === 0) {
    throw new JobFailed('None of its communities is there any more.');
  }
  await told(0.8);
  const bytes = await draw({ format, data }, ctx.config.durations.reportDraw);
  await ctx.files.write(key, bytes);
  return bytes.length;
}

/**
 * Jobs whose worker is gone are made again, and those that wait for their turn are kept from counting as lost. Answers
 * how many were rung for.
 */
export async function resumeLost(ctx: Context): Promise<number> {
  return asOwner(ctx, async (tx) => {
    const lost = await tx<{ id: string; kind: 'report' | 'export' }[]>`
      update jobs set state = 'pending', progress = 0, changed_at = clock_timestamp()
      where id in (
        select j.id from jobs j join reports r on r.job_id = j.id
        where j.kind in ('report', 'export') and j.state in ('pending', 'running')
          and j.changed_at < clock_timestamp() - ${ctx.config.durations.reportLost} * interval '1 millisecond'
        for update of j skip locked
      )
      returning id, kind`;
    for (const { id, kind } of lost) {
      const queue = kind === 'export' ? 'reports.export' : 'reports.make';
      await ctx.queue.enqueue(tx, queue, [{ payload: { job_id: id } }]);
    }
    return lost.length;
  });
}

/** Removes what is older than it is kept, row first, then file. Answers how many went. */
export async function sweepReports(ctx: Context): Promise<number> {
  const { reportsKept, exportsKept } = ctx.config.durations;
  const batch = 200;
  let removed = 0;
  for (;;) {
    const gone = await ctx.sql<{ file_key: string | null }[]>`
      delete from reports where id in (
        select id from reports
        where created_at < clock_timestamp()
          - case kind when 'export' then ${exportsKept}::float8 else ${reportsKept}::float8 end * interval '1 millisecond'
        order by created_at limit ${batch} for update skip locked
      ) returning file_key`;
    for (const { file_key } of gone) if (file_key !== null) await ctx.files.remove(file_key);
    removed += gone.length;
    if (gone.length < batch) return removed;
  }
}

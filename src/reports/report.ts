import * as v from 'valibot';
import { asOwner, asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { checkSignature, type Served, type SignedQuery, signedUrl } from '../media/address.ts';
import { safeName } from '../media/name.ts';
import { decodeCursor, ListQuery, type Page, pageOf } from '../page.ts';
import type { Tx } from '../stores/postgres.ts';
import { addJob, type Job, jobStates } from '../work/job.ts';
import { localDate } from './format.ts';
import { checkCommunities, type Format, FormatShape, type NewReport, zoneOf } from './input.ts';
import { lastDays, type Period } from './period.ts';
import { type Language, languages, words } from './words.ts';

const Timestamp = v.pipe(v.string(), v.isoTimestamp());
const Id = v.pipe(v.string(), v.uuid());

const file = {
  state: v.picklist(jobStates),
  error: v.pipe(v.nullable(v.string()), v.description('Why it failed, in plain words.')),
  job_id: v.pipe(Id, v.description('GET /v1/jobs/{id} tells how far it has come.')),
  size: v.pipe(v.nullable(v.number()), v.description('Bytes; null: not made yet.')),
  url: v.pipe(
    v.nullable(v.string()),
    v.description('Saves the file without credentials until `url_expires_at`. null: not made yet.'),
  ),
  url_expires_at: v.nullable(Timestamp),
  created_at: Timestamp,
  made_at: v.nullable(Timestamp),
};

export const ReportSchema = v.pipe(
  v.strictObject({
    id: Id,
    schedule_id: v.pipe(v.nullable(Id), v.description('null: asked for once.')),
    format: FormatShape,
    title: v.string(),
    language: v.picklist(languages),
    timezone: v.string(),
    community_ids: v.pipe(v.array(Id), v.description('Empty: all.')),
    from: Timestamp,
    to: Timestamp,
    ...file,
  }),
  v.metadata({ ref: 'Report' }),
);
export type Report = v.InferOutput<typeof ReportSchema>;

export const ExportSchema = v.pipe(
  v.strictObject({
    id: Id,
    media: v.pipe(v.boolean(), v.description('Whether the files of the library are in it.')),
    ...file,
  }),
  v.metadata({ ref: 'Export' }),
);
export type Export = v.InferOutput<typeof ExportSchema>;

export type Kind = 'report' | 'export';

/** A report or an export, as the database has it. */
export interface ReportRow {
  id: string;
  workspace_id: string;
  schedule_id: string | null;
  job_id: string;
  created_by: string;
  kind: Kind;
  format: Format | 'zip';
  title: string;
  language: Language;
  timezone: string;
  community_ids: string[];
  period_from: Date | null;
  period_to: Date | null;
  with_media: boolean;
  file_key: string | null;
  size: number | null;
  made_at: Date | null;
  created_at: Date;
  state: Job['state'];
  error: string | null;
}

/** More of one workspace do not wait side by side. */
const waitingMost = 20;

export const ReportQuery = v.strictObject({
  ...ListQuery.entries,
  schedule_id: v.optional(v.pipe(v.string(), v.uuid('This is not an id.'))),
});

const columns = (tx: Tx) => tx`
  r.id, r.workspace_id, r.schedule_id, r.job_id, r.created_by, r.kind, r.format, r.title, r.language, r.timezone,
  r.community_ids, r.period_from, r.period_to, r.with_media, r.file_key, r.size::float8 as size, r.made_at, r.created_at,
  -- Jobs are forgotten earlier than what they made.
  case when r.file_key is not null then 'completed' else coalesce(j.state, 'failed') end as state,
  case when r.file_key is not null then null when j.id is null then 'It was not made.' else j.error end as error`;

/** Has a report made. Throws `invalid`, and `too_many_requests` while many are being made. */
export async function createReport(
  ctx: Context,
  who: Who,
  input: NewReport,
): Promise<{ job: Job; report: Report }> {
  const now = new Date();
  const made = await asWorkspace(ctx, who, async (tx) => {
    await checkCommunities(tx, who.workspaceId, input.community_ids);
    const [waiting] = await tx<{ n: number }[]>`
      select count(*)::int as n from jobs
      where workspace_id = ${who.workspaceId} and kind = 'report' and state in ('pending', 'running')`;
    if ((waiting?.n ?? 0) >= waitingMost) {
      throw new AppError('too_many_requests', `${waitingMost} reports are being made: wait for them.`, {
        retryAfter: 30,
      });
    }
    const timezone = input.timezone ?? (await zoneOf(tx, who.workspaceId));
    const { job, id } = await insertReport(ctx, tx, {
      workspaceId: who.workspaceId,
      scheduleId: null,
      createdBy: who.userId,
      kind: 'report',
      format: input.format,
      title: input.title ?? words[input.language].titles.once,
      language: input.language,
      timezone,
      communityIds: input.community_ids,
      period: periodOf(input, timezone, now),
    });
    return { job, report: shown(ctx, await readRow(tx, who.workspaceId, 'report', id)) };
  });
  ctx.queue.wake('reports.make');
  return made;
}

function periodOf({ from, to, days }: NewReport, timezone: string, now: Date): Period {
  if (from === undefined && to === undefined) return lastDays(days ?? 30, timezone, now);
  // What has not happened is in no report.
  const end = to === undefined || to > now ? now : to;
  return { from: from ?? new Date(end.getTime() - 30 * 86_400_000), to: end };
}

/** Writes a report with the job that makes it, in the caller's transaction. */
export async function insertReport(
  ctx: Context,
  tx: Tx,
  row: {
    workspaceId: string;
    scheduleId: string | null;
    createdBy: string;
    kind: Kind;
    format: Format | 'zip';
    title: string;
    language: Language;
    timezone: string;
    communityIds: readonly string[];
    /** null: of everything. */
    period: Period | null;
    /** Of an export. Default: true. */
    withMedia?: boolean;
  },
): Promise<{ id: string; job: Job }> {
  const id = Bun.randomUUIDv7();
  const job = await addJob(tx, { workspaceId: row.workspaceId, kind: row.kind });
  await tx`
    insert into reports (id, workspace_id, schedule_id, job_id, created_by, kind, format, title, language, timezone,
      community_ids, period_from, period_to, with_media)
    values (${id}, ${row.workspaceId}, ${row.scheduleId}, ${job.id}, ${row.createdBy}, ${row.kind}, ${row.format},
      ${row.title}, ${row.language}, ${row.timezone}, ${row.communityIds as string[]}::uuid[],
      ${row.period?.from ?? null}, ${row.period?.to ?? null},
      ${row.withMedia ?? true})`;
  await ctx.queue.enqueue(tx, row.kind === 'export' ? 'reports.export' : 'reports.make', [
    { payload: { job_id: job.id } },
  ]);
  return { id, job };
}

/** One row. Throws `not_found`. */
export async function readRow(tx: Tx, workspaceId: string, kind: Kind, id: string): Promise<ReportRow> {
  const [row] = await tx<ReportRow[]>`
    select ${columns(tx)} from reports r left join jobs j on j.id = r.job_id
    where r.workspace_id = ${workspaceId} and r.kind = ${kind} and r.id = ${id}`;
  if (!row) throw new AppError('not_found', `There is no such ${kind}.`);
  return row;
}

/** A page of rows, newest first. */
export function listRows(
  ctx: Context,
  who: Who,
  kind: Kind,
  query: v.InferOutput<typeof ReportQuery>,
): Promise<Page<ReportRow>> {
  const before = decodeCursor(v.strictObject({ id: Id }), query.cursor);
  return asWorkspace(ctx, who, async (tx) => {
    const rows = await tx<ReportRow[]>`
      select ${columns(tx)} from reports r left join jobs j on j.id = r.job_id
      where r.workspace_id = ${who.workspaceId} and r.kind = ${kind}
        ${before ? tx`and r.id < ${before.id}` : tx``}
        ${query.schedule_id ? tx`and r.schedule_id = ${query.schedule_id}` : tx``}
      order by r.id desc limit ${query.limit + 1}`;
    return pageOf(
      rows,
      query.limit,
      ({ id }) => ({ id }),
      (row) => row,
    );
  });
}

/** Newest first. */
export async function listReports(
  ctx: Context,
  who: Who,
  query: v.InferOutput<typeof ReportQuery>,
): Promise<Page<Report>> {
  const page = await listRows(ctx, who, 'report', query);
  return { ...page, data: page.data.map((row) => shown(ctx, row)) };
}

/** Throws `not_found`. */
export function getReport(ctx: Context, who: Who, id: string): Promise<Report> {
  return asWorkspace(ctx, who, async (tx) => shown(ctx, await readRow(tx, who.workspaceId, 'report', id)));
}

/** Removes a report or an export with its file; one that is being made is given up. Throws `not_found`. */
export async function deleteReport(ctx: Context, who: Who, kind: Kind, id: string): Promise<void> {
  const [gone] = await asWorkspace(
    ctx,
    who,
    (tx) => tx<{ file_key: string | null }[]>`
      delete from reports where workspace_id = ${who.workspaceId} and kind = ${kind} and id = ${id}
      returning file_key`,
  );
  if (!gone) throw new AppError('not_found', `There is no such ${kind}.`);
  if (gone.file_key !== null) await ctx.files.remove(gone.file_key);
}

/** The file behind a signed address. The signature is the right to it: nobody is signed in here. */
export async function openReport(ctx: Context, id: string, query: SignedQuery): Promise<Served> {
  const left = checkSignature(ctx, pathOf(id), query);
  const row = await asOwner(ctx, async (tx) => {
    const [found] = await tx<ReportRow[]>`
      select ${columns(tx)} from reports r left join jobs j on j.id = r.job_id where r.id = ${id}`;
    return found;
  });
  if (row?.file_key == null) throw new AppError('not_found', 'There is no such file.');
  return { key: row.file_key, name: nameOf(row), mime: null, left };
}

/** The ending of a file by its format: several CSVs come as one ZIP. */
export function extensionOf(format: ReportRow['format']): string {
  return format === 'csv' ? 'zip' : format;
}

function nameOf({ id, title, format, period_from, period_to, timezone, created_at }: ReportRow): string {
  const extension = extensionOf(format);
  const day = (at: number) => localDate(new Date(at).toISOString(), timezone);
  const days =
    period_from && period_to
      ? `${day(period_from.getTime())}_${day(period_to.getTime() - 1)}`
      : day(created_at.getTime());
  return safeName(`${days} ${title}.${extension}`, extension) ?? `${id}.${extension}`;
}

function pathOf(id: string): string {
  return `/reports/${id}/file`;
}

/** What the API shows of a file, whatever is in it. */
export function fileShown(ctx: Context, row: ReportRow): Pick<Export, keyof typeof file> {
  const signed = row.file_key === null ? null : signedUrl(ctx, pathOf(row.id));
  return {
    state: row.state,
    error: row.error,
    job_id: row.job_id,
    size: row.size,
    url: signed?.url ?? null,
    url_expires_at: signed?.expiresAt.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    made_at: row.made_at?.toISOString() ?? null,
  };
}

function shown(ctx: Context, row: ReportRow): Report {
  const { id, schedule_id, format, title, language, timezone, community_ids, period_from, period_to } = row;
  if (format === 'zip' || !period_from || !period_to) throw new Error('an export is no report');
  return {
    id,
    schedule_id,
    format,
    title,
    language,
    timezone,
    community_ids,
    from: period_from.toISOString(),
    to: period_to.toISOString(),
    ...fileShown(ctx, row),
  };
}

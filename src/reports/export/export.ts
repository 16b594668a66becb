import { asWorkspace, type Context, type Who } from '../../context.ts';
import type { ListQuery, Page } from '../../page.ts';
import type { Job } from '../../work/job.ts';
import { getJob } from '../../work/job.ts';
import { type NewExport, zoneOf } from '../input.ts';
import { type Export, fileShown, insertReport, listRows, type ReportRow, readRow } from '../report.ts';
import { type Zip, zipped } from '../zip.ts';
import { csvOf, metricTables } from './metrics.ts';
import { exported, linesOf, memberLines } from './tables.ts';

/** Has everything of a workspace put into one archive; asked again while that is under way, it is the same job. */
export async function createExport(
  ctx: Context,
  who: Who,
  { media }: NewExport,
): Promise<{ job: Job; export: Export }> {
  const row = await asWorkspace(ctx, who, async (tx) => {
    // Locked, so that two requests at once make one export.
    await tx`select from workspaces where id = ${who.workspaceId} for update`;
    const [before] = await tx<{ id: string }[]>`
      select r.id from reports r join jobs j on j.id = r.job_id
      where r.workspace_id = ${who.workspaceId} and r.kind = 'export' and r.with_media = ${media}
        and j.state in ('pending', 'running')
      order by r.id desc limit 1`;
    const { id } =
      before ??
      (await insertReport(ctx, tx, {
        workspaceId: who.workspaceId,
        scheduleId: null,
        createdBy: who.userId,
        kind: 'export',
        format: 'zip',
        title: 'Outpost export',
        language: 'en',
        timezone: await zoneOf(tx, who.workspaceId),
        communityIds: [],
        period: null,
        withMedia: media,
      }));
    return readRow(tx, who.workspaceId, 'export', id);
  });
  ctx.queue.wake('reports.export');
  return { job: await getJob(ctx, who, row.job_id), export: shown(ctx, row) };
}

/** Newest first. */
export async function listExports(ctx: Context, who: Who, query: ListQuery): Promise<Page<Export>> {
  const page = await listRows(ctx, who, 'export', query);
  return { ...page, data: page.data.map((row) => shown(ctx, row)) };
}

/** Throws `not_found`. */
export function getExport(ctx: Context, who: Who, id: string): Promise<Export> {
  return asWorkspace(ctx, who, async (tx) => shown(ctx, await readRow(tx, who.workspaceId, 'export', id)));
}

function shown(ctx: Context, row: ReportRow): Export {
  return { id: row.id, media: row.with_media, ...fileShown(ctx, row) };
}

interface Order {
  workspaceId: string;
  withMedia: boolean;
  /** Where the archive goes. */
  key: string;
  /** Hears the share that is done. */
  told(share: number): Promise<void>;
}

interface Line {
  file: string;
  about: string;
}

/**
 * Writes the archive of a workspace into the store, table by table and file by file, and answers its size in bytes. No
 * more of it is in memory than one page of a table or one piece of a file.
 */
export function writeExport(ctx: Context, { workspaceId, withMedia, key, told }: Order): Promise<number> {
  const made = new Date();
  return ctx.files.writeStream(
    key,
    zipped(async (zip) => {
      const lines: Line[] = [];
      await zip.text('members.jsonl', memberLines(ctx, workspaceId));
      lines.push({ file: 'members.jsonl', about: 'people of the workspace' });
      for (const [index, one] of exported.entries()) {
        const file = `${one.file}.jsonl`;
        await zip.text(file, linesOf(ctx, workspaceId, one));
        lines.push({ file, about: one.about });
        await told((0.2 * (index + 1)) / exported.length);
      }
      const tables = await metricTables(ctx);
      for (const [index, table] of tables.entries()) {
        await zip.text(`metrics/${table.name}.csv`, csvOf(ctx, workspaceId, table));
        await told(0.2 + (0.3 * (index + 1)) / tables.length);
      }
      lines.push({
        file: 'metrics/',
        about: 'figures as they were read, and what is summed up of them',
      });
      let missing: string[] = [];
      if (withMedia) {
        missing = await writeMedia(ctx, workspaceId, zip, (share) => told(0.5 + 0.5 * share));
        lines.push({ file: 'media/', about: 'the files themselves' });
      }
      await zip.text('README.txt', readme(made, lines, missing));
    }),
  );
}

const page = 100;

/** Every file of the library, by its name in the store. Answers those that the store does not have. */
async function writeMedia(
  ctx: Context,
  workspaceId: string,
  zip: Zip,
  told: (share: number) => Promise<void>,
): Promise<string[]> {
  const read = <T>(fn: Parameters<typeof asWorkspace<T>>[2]) => asWorkspace(ctx, { workspaceId }, fn);
  const [sum] = await read(
    (tx) => tx<{ size: number }[]>`
      select coalesce(sum(size), 0)::float8 as size from media where workspace_id = ${workspaceId}`,
  );
  const whole = Math.max(sum?.size ?? 0, 1);
  const missing: string[] = [];
  let done = 0;
  let after: string | null = null;
  for (;;) {
    const rows: readonly { id: string; file_key: string; size: number }[] = await read(
      (tx) => tx<{ id: string; file_key: string; size: number }[]>`
        select id, file_key, size::float8 as size from media
        where workspace_id = ${workspaceId} and (${after}::uuid is null or id > ${after}::uuid)
        order by id limit ${page}`,
    );
    for (const { id, file_key, size } of rows) {
      const file = await ctx.files.open(file_key);
      const name = `media/${file_key.slice(file_key.lastIndexOf('/') + 1)}`;
      if (file) await zip.stored(name, file.stream(), file.size);
      else missing.push(name);
      done += size;
      after = id;
      await told(Math.min(done / whole, 1));
    }
    if (rows.length < page) return missing;
  }
}

function readme(made: Date, lines: readonly Line[], missing: readonly string[]): string {
  const width = Math.max(...lines.map(({ file }) => file.length)) + 2;
  return `Everything that a workspace of Outpost owns, as of ${made.toISOString()}.

Files ending in .jsonl have one JSON object per line (UTF-8). Times are ISO 8601; what is unknown is null. Ids lead from
one file to another: post_id in publications.jsonl is id in posts.jsonl. Tables were read one after the other: what was
changed meanwhile may be in one and not yet in another.

${lines.map(({ file, about }) => `${file.padEnd(width)}${about}`).join('\n')}

Files in metrics/ are CSV with a header, one per table of figures. Times are UTC; an empty cell is not known, which is not
zero; lists are JSON. raw_… are single readings, …_per_hour and …_per_day the last one of each hour and day (UTC),
post_latest the last one of each post. publication_id is all zeros for posts that were not made by Outpost. Text that a
spreadsheet would take for a formula has an apostrophe before it.

Left out: passwords, tokens and keys of every kind, the files of earlier reports, and what Outpost keeps for its own work
(queues, locks, handles of uploads).
${missing.length === 0 ? '' : `\nThe storage no longer has these files:\n${missing.join('\n')}\n`}`;
}

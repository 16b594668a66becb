import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError, type InputFault, invalid } from '../errors.ts';
import type { PostContent } from '../publishing/message.ts';
import { choices } from '../slots/choice.ts';
import { estimatesFor } from '../slots/evidence.ts';
import type { Estimates } from '../slots/proposal.ts';
import type { Tx } from '../stores/postgres.ts';
import { toHtml } from '../text/formatted.ts';
import { columns, type PlanRow, readPlan, rowsMost, writePlan } from './csv.ts';
import { PostInput } from './input.ts';
import { insertPost } from './post.ts';
import { requestKeyOf } from './request.ts';
import { contentOf, type PostRow, postColumns } from './show.ts';
import { repetitions } from './similar.ts';

/** A plan to be taken over: lines of CSV, or posts as `POST /v1/posts` takes them. */
export const PlanInput = v.pipe(
  v.strictObject({
    csv: v.optional(
      v.pipe(
        v.string(),
        v.description(
          `A header and a line per post. Columns: ${columns.join(', ')}, and options as telegram.silent. \`communities\` by title, @name, network:name or id, with ; between several; \`local_time\` may be ${choices.join(', ')}.`,
        ),
      ),
    ),
    posts: v.optional(v.pipe(v.array(v.looseObject({})), v.maxLength(rowsMost, 'has more than 1,000 posts'))),
  }),
  v.check(
    ({ csv, posts }) => (csv === undefined) !== (posts === undefined),
    'Give the plan as csv or as posts, one of them.',
  ),
);

const Fault = v.strictObject({ path: v.string(), message: v.string() });
export const PlanReport = v.strictObject({
  imported: v.pipe(v.number(), v.description('Posts that were kept: all of them or none.')),
  rows: v.array(
    v.strictObject({
      row: v.pipe(v.number(), v.description('1 is the first line below the header.')),
      post_id: v.nullable(v.string()),
      scheduled_at: v.nullable(v.string()),
      errors: v.array(Fault),
      warnings: v.array(v.string()),
    }),
  ),
});
export type PlanReport = v.InferOutput<typeof PlanReport>;

/** Thrown to leave the transaction without a trace, with the report that it leaves behind. */
class Undone extends Error {
  constructor(readonly report: PlanReport) {
    super('nothing is kept');
  }
}

/**
 * Takes over a plan, whole or not at all: every line is checked by the code that makes a post, in one transaction, and a
 * single fault undoes it. With `dryRun` nothing is kept and the report tells all. A repeated request gets the report on
 * what it kept before. Throws `invalid` with paths as `/rows/3/text`.
 */
export async function importPlan(
  ctx: Context,
  who: Who,
  input: v.InferOutput<typeof PlanInput>,
  dryRun: boolean,
  idempotencyKey: string | null = null,
): Promise<PlanReport> {
  const requestKey = requestKeyOf(who, idempotencyKey);
  const lines =
    input.posts?.map((body): Line => ({ body })) ??
    (await asWorkspace(ctx, who, (tx) => linesOf(tx, who, input.csv ?? '')));
  const estimates = await estimatesFor(ctx, who, lines.flatMap(choosing));
  let first: Date | null = null;
  let report: PlanReport;
  try {
    report = await asWorkspace(ctx, who, async (tx) => {
      const kept = requestKey === null || dryRun ? null : await keptPlan(ctx, tx, who, requestKey);
      if (kept) return kept;
      const taken = await takeOver(ctx, tx, who, { lines, estimates }, requestKey);
      first = taken.first;
      const whole = taken.report.rows.every((row) => row.errors.length === 0);
      if (dryRun || !whole) throw new Undone(taken.report);
      return taken.report;
    });
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
    if (dryRun) return { imported: 0, rows: error.report.rows.map((row) => ({ ...row, post_id: null })) };
    throw invalid(
      error.report.rows.flatMap((row) =>
        row.errors.map((fault) => ({ ...fault, path: `/rows/${row.row}${fault.path}` })),
      ),
    );
  }
  if (first) ctx.planned.changed(first);
  return report;
}

type ReportRow = PlanReport['rows'][number];

/** A line of a plan: what a post is made of, or why none can be. */
type Line = { body: unknown } | { faults: InputFault[] };

/** As much of a post as leaves its time to Outpost. */
const Choosing = v.object({ at: v.picklist(choices), community_ids: v.array(v.pipe(v.string(), v.uuid())) });

function choosing(line: Line): v.InferOutput<typeof Choosing>[] {
  const read = v.safeParse(Choosing, 'body' in line ? line.body : null);
  return read.success ? [read.output] : [];
}

async function takeOver(
  ctx: Context,
  tx: Tx,
  who: Who,
  { lines, estimates }: { lines: readonly Line[]; estimates: Estimates },
  requestKey: string | null,
): Promise<{ report: PlanReport; first: Date | null }> {
  let first: Date | null = null;
  const rows: ReportRow[] = [];
  for (const [index, line] of lines.entries()) {
    const row = index + 1;
    try {
      if ('faults' in line) throw invalid(line.faults);
      const made = await insertPost(
        ctx,
        tx,
        who,
        { ...read(line.body), estimates },
        requestKey && `${requestKey} ${row}`,
      );
      if (made.first && (first === null || made.first < first)) first = made.first;
      rows.push(await reportOn(tx, who, row, made.post));
    } catch (error) {
      // What is refused is refused before anything of it is written.
      if (!(error instanceof AppError) || error.code !== 'invalid') throw error;
      rows.push({ row, post_id: null, scheduled_at: null, errors: error.errors, warnings: [] });
    }
  }
  const whole = rows.every((row) => row.errors.length === 0);
  return { report: { imported: whole ? rows.length : 0, rows }, first };
}

async function reportOn(
  tx: Tx,
  who: Who,
  row: number,
  post: { id: string; text: string; scheduled_at: string | null; community_ids: readonly string[] },
): Promise<ReportRow> {
  const { id, text, scheduled_at } = post;
  const at = new Date(scheduled_at ?? Date.now());
  const said = await repetitions(tx, who.workspaceId, { id, text, at, communityIds: post.community_ids });
  const warnings = [...said.values()].map((remark) => remark.message);
  return { row, post_id: id, scheduled_at, errors: [], warnings };
}

/** The report on what an earlier request with this key kept; each of its posts carries the key and its line. */
async function keptPlan(ctx: Context, tx: Tx, who: Who, requestKey: string): Promise<PlanReport | null> {
  const keys = Array.from({ length: rowsMost }, (_, index) => `${requestKey} ${index + 1}`);
  const posts = await tx<
    { id: string; text: string; scheduled_at: Date | null; community_ids: string[]; row: number }[]
  >`
    select id, text, scheduled_at, community_ids, split_part(request_key, ' ', 2)::int as row from posts
    where workspace_id = ${who.workspaceId} and request_key = any(${keys})
      and created_at > clock_timestamp() - ${ctx.config.durations.idempotency} * interval '1 millisecond'
    order by row`;
  if (posts.length === 0) return null;
  const rows: ReportRow[] = [];
  for (const { scheduled_at, row, ...post } of posts) {
    const at = scheduled_at?.toISOString() ?? null;
    rows.push(await reportOn(tx, who, row, { ...post, scheduled_at: at }));
  }
  return { imported: rows.length, rows };
}

function read(body: unknown): PostInput {
  const parsed = v.safeParse(PostInput, body);
  if (parsed.success) return parsed.output;
  throw invalid(
    parsed.issues.map((issue) => ({
      path: `/${(issue.path ?? []).map((step) => String(step.key)).join('/')}`,
      message:
        issue.expected === 'never'
          ? 'This field is not known here.'
          : issue.message.startsWith('Invalid ')
            ? 'This value is not valid here.'
            : issue.message,
    })),
  );
}

/** Communities by what people call them: id, @handle, `network:external id`, title. An unclear name leads to several. */
async function communityNames(tx: Tx, who: Who): Promise<Map<string, Set<string>>> {
  const rows = await tx<
    { id: string; network: string; external_id: string; title: string; handle: string | null }[]
  >`
    select id, network, external_id, title, handle from communities
    where workspace_id = ${who.workspaceId} and status <> 'disconnected'`;
  const names = new Map<string, Set<string>>();
  for (const { id, network, external_id, title, handle } of rows) {
    const plain = handle?.replace(/^@/, '');
    const called = [
      id,
      `${network}:${external_id}`,
      title,
      ...(plain ? [plain, `@${plain}`, `${network}:${plain}`, `${network}:@${plain}`] : []),
    ];
    for (const name of called) {
      const key = name.trim().toLowerCase();
      names.set(key, (names.get(key) ?? new Set()).add(id));
    }
  }
  return names;
}

async function linesOf(tx: Tx, who: Who, csv: string): Promise<Line[]> {
  const names = await communityNames(tx, who);
  return readPlan(csv).map((row) => lineFrom(row, names));
}

/** A spreadsheet that takes a cell for a date saves it as its country writes dates: 05.12.2026 14:00. */
const dotted = /^(\d{1,2})\.(\d{1,2})\.(\d{4})[ ,T]+(\d{1,2})([:.]\d{2}(?::\d{2})?)$/;

function isoTime(cell: string | undefined): string | undefined {
  const [, day, month, year, hour = '', rest = ''] = dotted.exec(cell ?? '') ?? [];
  if (!day || !month || !year) return cell?.replace(' ', 'T');
  const two = (digits: string) => digits.padStart(2, '0');
  return `${year}-${two(month)}-${two(day)}T${two(hour)}${rest.replace('.', ':')}`;
}

function lineFrom(row: PlanRow, names: ReadonlyMap<string, ReadonlySet<string>>): Line {
  const { cells, options } = row;
  const faults: InputFault[] = [];
  const listed = (cell: string | undefined) =>
    (cell ?? '')
      .split(';')
      .map((one) => one.trim())
      .filter((one) => one !== '');
  const community_ids = listed(cells.communities).flatMap((name) => {
    const found = [...(names.get(name.toLowerCase()) ?? [])];
    if (found.length === 1) return found;
    faults.push({
      path: '/communities',
      message:
        found.length === 0
          ? `There is no connected community «${name.slice(0, 80)}»: give its @name, title or id.`
          : `«${name.slice(0, 80)}» is the name of several communities: give network:name, as telegram:my_channel, or the id.`,
    });
    return [];
  });
  const sensitive = cells.time_sensitive?.trim().toLowerCase() ?? '';
  if (!['', 'true', 'false', 'yes', 'no', '1', '0'].includes(sensitive)) {
    faults.push({ path: '/time_sensitive', message: 'must be true or false' });
  }
  if (faults.length > 0) return { faults };
  const given = (cell: string | undefined) => (cell?.trim() ? cell.trim() : undefined);
  const local = isoTime(given(cells.local_time));
  const body = {
    community_ids: [...new Set(community_ids)],
    text: cells.text ?? '',
    ...(given(cells.format) && { format: given(cells.format) }),
    ...(choices.some((one) => one === local) ? { at: local } : local && { local_time: local }),
    ...(given(cells.timezone) && { timezone: given(cells.timezone) }),
    ...(given(cells.scheduled_at) && { scheduled_at: given(cells.scheduled_at) }),
    ...(given(cells.media_ids) && { media_ids: listed(cells.media_ids) }),
    ...(given(cells.first_comment) && { first_comment: { text: given(cells.first_comment) } }),
    ...(['true', 'yes', '1'].includes(sensitive) && { time_sensitive: true }),
    ...(Object.keys(options).length > 0 && {
      overrides: Object.fromEntries(Object.entries(options).map(([name, one]) => [name, { options: one }])),
    }),
  };
  return { body };
}

/** Most posts of one export. */
const exportMost = 10_000;

/** Which posts an export holds: those that are scheduled within the bounds; without bounds drafts, too. */
export interface Bounds {
  from?: string | undefined;
  to?: string | undefined;
}

/** The plan as posts that {@link importPlan} takes: everything that a post has, but its history. */
export function exportPosts(ctx: Context, who: Who, bounds: Bounds): Promise<{ posts: unknown[] }> {
  return asWorkspace(ctx, who, async (tx) => ({
    posts: (await planned(tx, who, bounds)).map((row) => ({
      ...contentOf(row),
      community_ids: row.community_ids,
      time_sensitive: row.time_sensitive,
      ...timeOf(row),
    })),
  }));
}

/** The plan as CSV that {@link importPlan} reads: one line per post, its polls and further parts left out. */
export function exportCsv(ctx: Context, who: Who, bounds: Bounds): Promise<string> {
  return asWorkspace(ctx, who, async (tx) => {
    const rows = await planned(tx, who, bounds);
    const names = await tx<{ id: string; network: string; external_id: string; handle: string | null }[]>`
      select id, network, external_id, handle from communities where workspace_id = ${who.workspaceId}`;
    const called = new Map(
      names.map((row) => [row.id, `${row.network}:${row.handle?.replace(/^@/, '') || row.external_id}`]),
    );
    return writePlan(rows.map((row) => lineOf(row, called)));
  });
}

async function planned(tx: Tx, who: Who, { from, to }: Bounds): Promise<PostRow[]> {
  const rows = await tx<PostRow[]>`
    select * from (select ${postColumns(tx)} from posts p
    where p.workspace_id = ${who.workspaceId} and (p.series_id is null or p.detached) ${from ? tx`and p.scheduled_at >= ${from}` : tx``}
      ${to ? tx`and p.scheduled_at < ${to}` : tx``}
    ) plan
    -- What is over, or was cancelled, is no plan any more.
    where status in ('draft', 'scheduled')
    order by scheduled_at nulls last, id limit ${exportMost}`;
  return [...rows];
}

function timeOf(row: PostRow): Record<string, string> {
  if (row.local_time !== null && row.timezone !== null) {
    return { local_time: row.local_time, timezone: row.timezone };
  }
  return row.scheduled_at ? { scheduled_at: row.scheduled_at.toISOString() } : {};
}

/** What a line cannot hold; an import passes it over. */
function leftOut(content: PostContent): string {
  const parts = content.parts.length;
  const missing = [
    ...(content.poll ? ['the poll'] : []),
    ...(parts > 0 ? [`${parts} further ${parts === 1 ? 'part' : 'parts'}`] : []),
    ...(Object.values(content.overrides).some((one) => Object.keys(one).some((key) => key !== 'options'))
      ? ['what differs by network']
      : []),
  ];
  return missing.length === 0 ? '' : `left out: ${missing.join(', ')} (format=json holds it)`;
}

function lineOf(row: PostRow, called: ReadonlyMap<string, string>): PlanRow {
  const content = contentOf(row);
  const formatted = content.entities.length > 0;
  return {
    cells: {
      communities: row.community_ids.map((id) => called.get(id) ?? id).join('; '),
      text: formatted ? toHtml(content) : content.text,
      format: formatted ? 'html' : '',
      ...timeOf(row),
      media_ids: content.media_ids.join('; '),
      first_comment: content.first_comment?.text ?? '',
      time_sensitive: row.time_sensitive ? 'true' : '',
      note: leftOut(content),
    },
    options: Object.fromEntries(
      Object.entries(content.overrides).flatMap(([name, { options }]) => (options ? [[name, options]] : [])),
    ),
  };
}

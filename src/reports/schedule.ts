import * as v from 'valibot';
import { asOwner, asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { decodeCursor, type ListQuery, type Page, pageOf } from '../page.ts';
import type { Tx } from '../stores/postgres.ts';
import {
  checkCommunities,
  EveryShape,
  FormatShape,
  type NewSchedule,
  type ScheduleChange,
  zoneOf,
} from './input.ts';
import { lastMorning, nextMorning, periodBefore } from './period.ts';
import { insertReport } from './report.ts';
import { languages, words } from './words.ts';

const Timestamp = v.pipe(v.string(), v.isoTimestamp());
const Id = v.pipe(v.string(), v.uuid());

export const ScheduleSchema = v.pipe(
  v.strictObject({
    id: Id,
    every: EveryShape,
    format: FormatShape,
    title: v.string(),
    language: v.picklist(languages),
    timezone: v.string(),
    community_ids: v.pipe(v.array(Id), v.description('Empty: all that there are when one is made.')),
    next_at: v.pipe(Timestamp, v.description('When the next report is made.')),
    created_at: Timestamp,
  }),
  v.metadata({ ref: 'ReportSchedule' }),
);
export type Schedule = v.InferOutput<typeof ScheduleSchema>;

interface Row extends Omit<Schedule, 'next_at' | 'created_at'> {
  workspace_id: string;
  created_by: string;
  next_at: Date;
  /** `YYYY-MM-DD` */
  done_until: string | null;
  created_at: Date;
}

const columns = (tx: Tx) => tx`
  s.id, s.workspace_id, s.created_by, s.every, s.format, s.title, s.language, s.timezone, s.community_ids, s.next_at,
  to_char(s.done_until, 'YYYY-MM-DD') as done_until, s.created_at`;

/** Keeps a schedule; its first report is made on the next morning that it names. Throws `invalid`. */
export function createSchedule(ctx: Context, who: Who, input: NewSchedule): Promise<Schedule> {
  return asWorkspace(ctx, who, async (tx) => {
    await checkCommunities(tx, who.workspaceId, input.community_ids);
    const timezone = input.timezone ?? (await zoneOf(tx, who.workspaceId));
    const { at } = nextMorning(input.every, timezone, new Date(), null);
    const [row] = await tx<Row[]>`
      insert into report_schedules as s (id, workspace_id, created_by, every, format, title, language, timezone,
        community_ids, next_at)
      values (${Bun.randomUUIDv7()}, ${who.workspaceId}, ${who.userId}, ${input.every}, ${input.format},
        ${input.title ?? words[input.language].titles[input.every]}, ${input.language}, ${timezone},
        ${input.community_ids}::uuid[], ${at})
      returning ${columns(tx)}`;
    return shown(row);
  });
}

/** Newest first. */
export function listSchedules(ctx: Context, who: Who, query: ListQuery): Promise<Page<Schedule>> {
  const before = decodeCursor(v.strictObject({ id: Id }), query.cursor);
  return asWorkspace(ctx, who, async (tx) => {
    const rows = await tx<Row[]>`
      select ${columns(tx)} from report_schedules s
      where s.workspace_id = ${who.workspaceId} ${before ? tx`and s.id < ${before.id}` : tx``}
      order by s.id desc limit ${query.limit + 1}`;
    return pageOf(rows, query.limit, ({ id }) => ({ id }), shown);
  });
}

/** Throws `not_found`. */
export function getSchedule(ctx: Context, who: Who, id: string): Promise<Schedule> {
  return asWorkspace(ctx, who, async (tx) => {
    const [row] = await tx<Row[]>`
      select ${columns(tx)} from report_schedules s where s.workspace_id = ${who.workspaceId} and s.id = ${id}`;
    return shown(row);
  });
}

/** Changes what is given. Another rhythm or zone names another morning; what was reported does not come again. */
export function changeSchedule(
  ctx: Context,
  who: Who,
  id: string,
  change: ScheduleChange,
): Promise<Schedule> {
  return asWorkspace(ctx, who, async (tx) => {
    const [kept] = await tx<Row[]>`
      select ${columns(tx)} from report_schedules s
      where s.workspace_id = ${who.workspaceId} and s.id = ${id} for update`;
    if (!kept) throw notThere();
    if (change.community_ids) await checkCommunities(tx, who.workspaceId, change.community_ids);
    const { every = kept.every, timezone = kept.timezone } = change;
    const moved = every !== kept.every || timezone !== kept.timezone;
    const { at } = moved ? nextMorning(every, timezone, new Date(), kept.done_until) : { at: kept.next_at };
    const [row] = await tx<Row[]>`
      update report_schedules as s
      set every = ${every}, timezone = ${timezone}, next_at = ${at}, format = ${change.format ?? kept.format},
        title = ${change.title ?? kept.title}, language = ${change.language ?? kept.language},
        community_ids = ${change.community_ids ?? kept.community_ids}::uuid[]
      where s.workspace_id = ${who.workspaceId} and s.id = ${id}
      returning ${columns(tx)}`;
    return shown(row);
  });
}

/** Ends it; its reports stay. Throws `not_found`. */
export async function deleteSchedule(ctx: Context, who: Who, id: string): Promise<void> {
  const gone = await asWorkspace(
    ctx,
    who,
    (tx) => tx`
      delete from report_schedules where workspace_id = ${who.workspaceId} and id = ${id} returning 1 as one`,
  );
  if (gone.length === 0) throw notThere();
}

const batch = 20;

/**
 * Writes the reports of every schedule whose morning has come, each with its job, and moves the schedule on in the same
 * transaction: two workers, a crash or an outage make no second one. Mornings that were missed are not caught up one by
 * one: the period that ended last is reported.
 */
export async function reportDue(ctx: Context): Promise<void> {
  for (;;) {
    const due = await asOwner(ctx, async (tx) => {
      const rows = await tx<(Row & { now: Date })[]>`
        select ${columns(tx)}, clock_timestamp() as now from report_schedules s
        where s.next_at <= clock_timestamp() order by s.next_at limit ${batch} for update skip locked`;
      for (const row of rows) await reportOne(ctx, tx, row);
      return rows.length;
    });
    if (due > 0) ctx.queue.wake('reports.make');
    if (due < batch) return;
  }
}

async function reportOne(ctx: Context, tx: Tx, row: Row & { now: Date }): Promise<void> {
  const { date } = lastMorning(row.every, row.timezone, row.now);
  const isNew = row.done_until === null || row.done_until < date;
  if (isNew) {
    await insertReport(ctx, tx, {
      workspaceId: row.workspace_id,
      scheduleId: row.id,
      createdBy: row.created_by,
      kind: 'report',
      format: row.format,
      title: row.title,
      language: row.language,
      timezone: row.timezone,
      communityIds: row.community_ids,
      period: periodBefore(row.every, row.timezone, date),
    });
  }
  const done = isNew ? date : row.done_until;
  const { at } = nextMorning(row.every, row.timezone, row.now, done);
  await tx`update report_schedules set next_at = ${at}, done_until = ${done}::date where id = ${row.id}`;
}

function notThere(): AppError {
  return new AppError('not_found', 'There is no such schedule.');
}

function shown(row: Row | undefined): Schedule {
  if (!row) throw notThere();
  const { id, every, format, title, language, timezone, community_ids, next_at, created_at } = row;
  return {
    id,
    every,
    format,
    title,
    language,
    timezone,
    community_ids,
    next_at: next_at.toISOString(),
    created_at: created_at.toISOString(),
  };
}

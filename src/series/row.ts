import type { Who } from '../context.ts';
import { AppError } from '../errors.ts';
import type { PostInput } from '../posts/input.ts';
import type { PostContent } from '../publishing/message.ts';
import type { Tx } from '../stores/postgres.ts';
import type { Recurrence } from './recurrence.ts';

/** A series as it is kept. */
export interface SeriesRow extends Recurrence {
  id: string;
  workspace_id: string;
  author_id: string;
  name: string;
  min_distance_days: number | null;
  paused: boolean;
  /** Every occurrence up to here is settled: it has a post, or an exception that says why not. */
  made_until: Date;
  /** The first occurrence after that; null: there is none. */
  next_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

/** What a post of a series is kept as: what the API takes, its texts plain with entities. */
export type SeriesContent = PostContent & Pick<PostInput, 'community_ids' | 'time_sensitive'>;

export interface SeriesPost {
  id: string;
  series_id: string;
  content: SeriesContent;
}

export const seriesColumns = (tx: Tx) => tx`
  s.id, s.workspace_id, s.author_id, s.name, s.rrule, s.starts, s.timezone, s.ends, s.skip_dates, s.min_distance_days,
  s.paused, s.made_until, s.next_at, s.created_at, s.updated_at`;

/** One act on a series at a time, until the end of the transaction. Throws `not_found`. */
export async function lockSeries(tx: Tx, workspaceId: string, id: string): Promise<SeriesRow> {
  await tx`select pg_advisory_xact_lock(hashtextextended('series ' || ${id.toLowerCase()}::text, 0))`;
  return readSeries(tx, workspaceId, id);
}

/** The same for a job: null when somebody else is at it, or it is gone. */
export async function tryLockSeries(tx: Tx, workspaceId: string, id: string): Promise<SeriesRow | null> {
  const [lock] = await tx<{ mine: boolean }[]>`
    select pg_try_advisory_xact_lock(hashtextextended('series ' || ${id}::text, 0)) as mine`;
  return lock?.mine ? find(tx, workspaceId, id) : null;
}

export async function readSeries(tx: Tx, workspaceId: string, id: string): Promise<SeriesRow> {
  const row = await find(tx, workspaceId, id);
  if (!row) throw new AppError('not_found', 'There is no such series.');
  return row;
}

async function find(tx: Tx, workspaceId: string, id: string): Promise<SeriesRow | null> {
  const [row] = await tx<SeriesRow[]>`
    select ${seriesColumns(tx)} from series s
    where s.workspace_id = ${workspaceId} and s.id = ${id} and s.deleted_at is null`;
  return row ?? null;
}

/** The sets of these series, in their order. */
export async function seriesPosts(
  tx: Tx,
  workspaceId: string,
  seriesIds: readonly string[],
): Promise<SeriesPost[]> {
  const rows = await tx<SeriesPost[]>`
    select id, series_id, content from series_posts
    where workspace_id = ${workspaceId} and series_id = any(${seriesIds as string[]}::uuid[])
    order by series_id, position`;
  return [...rows];
}

export type Cause = 'skipped' | 'deleted' | 'missed' | 'distance' | 'refused';

/** Writes down that an occurrence has no post, and why. */
export async function keepException(
  tx: Tx,
  series: Pick<SeriesRow, 'id' | 'workspace_id'>,
  occurrences: readonly { key: string; at: Date }[],
  cause: Cause,
  note: string,
  seriesPostId: string | null = null,
): Promise<void> {
  if (occurrences.length === 0) return;
  await tx`
    insert into series_exceptions (workspace_id, series_id, occurrence, at, cause, note, series_post_id)
    select ${series.workspace_id}, ${series.id}, o.key, o.at, ${cause}, ${note}, ${seriesPostId}::uuid
    from jsonb_to_recordset(${tx.json(
      occurrences.map(({ key, at }) => ({ key, at: at.toISOString() })),
    )}) as o(key text, at timestamptz)
    on conflict (series_id, occurrence) do update
      set at = excluded.at, cause = excluded.cause, note = excluded.note, series_post_id = excluded.series_post_id,
        created_at = clock_timestamp()`;
}

/** Who a series acts as: its author, in its workspace and with no credentials. */
export function actorOf(series: Pick<SeriesRow, 'workspace_id' | 'author_id'>): Who {
  return {
    kind: 'user',
    userId: series.author_id,
    workspaceId: series.workspace_id,
    keyId: null,
    scopes: new Set(),
  };
}

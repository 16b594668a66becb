import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import type { Tx } from '../stores/postgres.ts';

/** What a change can be about; the dashboard's query keys begin with the same words. */
export const changeKinds = [
  'posts',
  'communities',
  'media',
  'series',
  'jobs',
  'reports',
  'insights',
  'analytics',
  'connections',
  'saved-queries',
] as const;

/** That something changed, and never what is in it. */
export const ChangeSchema = v.strictObject({
  kind: v.picklist(changeKinds),
  id: v.pipe(v.string(), v.uuid()),
});
export type Change = v.InferOutput<typeof ChangeSchema>;

/** More changes than these in one go are told as one: everything. */
export const changesMost = 200;

export interface Reading<Told> {
  /**
   * Up to where it was read: `<seconds since the epoch>.<snapshot>`. A snapshot knows which transactions it has seen,
   * so that one that began early and commits late is neither missed nor waited for.
   */
  place: string;
  changes: Told;
}

const placeNow = (tx: Tx) =>
  tx`floor(extract(epoch from clock_timestamp()))::text || '.' || pg_current_snapshot()::text`;

const isAfter = (tx: Tx, snapshot: string) => tx`
  xid >= pg_snapshot_xmin(${snapshot}::pg_snapshot) and not pg_visible_in_snapshot(xid, ${snapshot}::pg_snapshot)
  -- Out of a restored dump come transactions that have not been here yet.
  and xid < pg_snapshot_xmax(pg_current_snapshot())`;

/** The present place. */
export async function presentPlace(sql: Tx): Promise<string> {
  const [row] = await sql<{ place: string }[]>`select ${placeNow(sql)} as place`;
  if (!row) throw new Error('the database has no present');
  return row.place;
}

/** What changed in all workspaces since a place of ours, each thing once. */
export async function readChanges(
  { sql }: Pick<Context, 'sql'>,
  since: string,
): Promise<Reading<Map<string, Change[]>>> {
  const [row] = await sql<{ place: string; changes: (Change & { workspace_id: string })[] }[]>`
    select ${placeNow(sql)} as place, coalesce(
      (select jsonb_agg(distinct jsonb_build_object('workspace_id', workspace_id, 'kind', kind, 'id', subject_id))
       from changes where ${isAfter(sql, snapshotOf(since) ?? '')}), '[]') as changes`;
  if (!row) throw new Error('the changes cannot be read');
  const changes = new Map<string, Change[]>();
  for (const { workspace_id, kind, id } of row.changes) {
    const told = changes.get(workspace_id) ?? [];
    told.push({ kind, id });
    changes.set(workspace_id, told);
  }
  return { place: row.place, changes };
}

/** What changed in the asker's workspace since a place; null: that is not known any more, or it is very much. */
export async function changesSince(
  ctx: Pick<Context, 'sql' | 'config'>,
  who: Pick<Who, 'workspaceId'>,
  since: string,
): Promise<Reading<Change[] | null>> {
  const snapshot = snapshotOf(since);
  const seconds = Number.parseInt(since, 10);
  const isKept = seconds * 1_000 > Date.now() - ctx.config.durations.changesKept;
  if (snapshot === null || !isKept) return { place: await presentPlace(ctx.sql), changes: null };
  return asWorkspace(ctx, who, async (tx) => {
    const [row] = await tx<{ place: string; ours: boolean; changes: Change[] }[]>`
      select ${placeNow(tx)} as place,
        pg_snapshot_xmax(${snapshot}::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()) as ours,
        coalesce((select jsonb_agg(jsonb_build_object('kind', kind, 'id', subject_id)) from (
          select distinct kind, subject_id from changes
          where workspace_id = ${who.workspaceId} and ${isAfter(tx, snapshot)}
          limit ${changesMost + 1}) known), '[]') as changes`;
    if (!row) throw new Error('the changes cannot be read');
    const isTold = row.ours && row.changes.length <= changesMost;
    return { place: row.place, changes: isTold ? row.changes : null };
  });
}

/** Forgets changes that nobody can resume from any more. */
export async function sweepChanges({ sql, config }: Pick<Context, 'sql' | 'config'>): Promise<void> {
  // Longer than they are told: a place is as old as its second.
  await sql`
    delete from changes
    where at < clock_timestamp() - ${config.durations.changesKept + 60_000} * interval '1 millisecond'`;
}

/** The snapshot of a place, or null when the text is none: it comes back from outside. */
function snapshotOf(place: string): string | null {
  const found = /^\d{1,12}\.((\d{1,18}):(\d{1,18}):((?:\d{1,18}(?:,\d{1,18})*)?))$/.exec(place);
  if (!found) return null;
  const [, snapshot = '', least = '', end = '', running = ''] = found;
  const ids = running === '' ? [] : running.split(',').map(BigInt);
  const bounds = [BigInt(least), ...ids, BigInt(end)];
  const isOrdered = bounds.every((id, index) => index === 0 || id >= (bounds[index - 1] ?? 0n));
  const isInside = ids.every((id) => id < BigInt(end));
  return BigInt(least) > 0n && isOrdered && isInside ? snapshot : null;
}

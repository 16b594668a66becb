import { asOwner, type Context } from '../context.ts';
import { redact } from '../log.ts';
import { outboxAge, outboxRows, quarantinedRows } from '../metrics.ts';
import type { CommunityStats, PostStats } from '../networks/stats.ts';
import type { Tx } from '../stores/postgres.ts';
import type { About } from './about.ts';

/** A row of ClickHouse on its way there; times are ISO 8601. */
export type Outgoing =
  | { kind: 'community'; data: CommunityStats & { ts: string; network: string } }
  | { kind: 'post'; data: PostStats & { ts: string } & PostKey }
  | { kind: 'about'; data: About & { seen_at: string; network: string } & PostKey };

export interface PostKey {
  post_key: string;
  publication_id: string;
  published_at: string;
}

const tables = {
  community: 'raw_community_metrics_v1',
  post: 'raw_post_metrics_v1',
  about: 'posts_v1',
} as const;
/** Every table of ClickHouse that has rows of communities. */
const ofCommunities = [
  ...Object.values(tables),
  'community_per_hour_v1',
  'community_per_day_v1',
  'post_latest_v1',
  'post_per_day_v1',
  'post_at_24h_v1',
  'publication_events_v1',
] as const;

const batch = 5_000;
/** One delivery may take so long, in milliseconds; after a long absence the next one goes on. */
const runMost = 20_000;
/** More rows than this are not counted. */
const countMost = 100_000;
const quarantinedFor = 90;
const purgesMost = 100;
/** Of our own choice: "metrics" as a number. One process at a time delivers and erases, so that neither overtakes. */
const lockKey = '30804693396775795';

interface Row {
  id: string;
  workspace_id: string;
  community_id: string;
  kind: keyof typeof tables;
  data: object;
  alive: boolean;
}

/** Puts rows on their way in the caller's transaction: they arrive if and only if it commits. */
export async function putOut(
  tx: Tx,
  community: { id: string; workspace_id: string },
  rows: readonly Outgoing[],
): Promise<void> {
  if (rows.length === 0) return;
  await tx`
    insert into metrics_outbox (workspace_id, community_id, kind, data)
    select ${community.workspace_id}, ${community.id}, e ->> 'kind', e -> 'data'
    from jsonb_array_elements(${tx.json(rows as never)}) e`;
}

/**
 * Moves what waits in the outbox to ClickHouse, oldest first, in batches, and deletes it in the transaction that read
 * it. When ClickHouse does not answer everything stays; a batch that arrived but was not deleted comes again with the
 * same keys and merges with itself. Rows that it refuses by themselves are set aside in `metrics_quarantine`. Answers
 * how many rows left the outbox.
 */
export async function shipMetrics(ctx: Context): Promise<number> {
  const end = performance.now() + runMost;
  let total = 0;
  // Those that were deleted are still in the index for a while: a batch does not walk over them.
  let after = '0';
  while (performance.now() < end) {
    const moved = await alone(ctx, async (tx) => {
      const rows = await tx<Row[]>`
        select o.id, o.workspace_id, o.community_id, o.kind, o.data, c.id is not null as alive
        from metrics_outbox o left join communities c on c.id = o.community_id
        where o.id > ${after} order by o.id limit ${batch}`;
      const known = Map.groupBy(
        rows.filter(({ alive }) => alive),
        ({ kind }) => kind,
      );
      for (const [kind, some] of known) {
        const refused = await deliver(ctx.ch, tables[kind], some);
        if (refused.length === 0) continue;
        await setAside(tx, refused);
        ctx.log.warn({ kind, rows: refused.length }, 'ClickHouse refused rows: see metrics_quarantine');
      }
      const ids = rows.map(({ id }) => id);
      if (ids.length > 0) await tx`delete from metrics_outbox where id = any(${ids}::bigint[])`;
      after = ids.at(-1) ?? after;
      return rows.length;
    });
    total += moved;
    if (moved < batch) break;
  }
  return total;
}

interface Refused {
  row: Row;
  reason: ClickHouseError;
}

/**
 * Inserts rows, and where ClickHouse refuses them finds by halves which ones it is about; the others arrive. Throws when
 * the fault is not theirs.
 */
async function deliver(ch: Context['ch'], table: string, rows: readonly Row[]): Promise<Refused[]> {
  const refused: Refused[] = [];
  const halve = async (some: readonly Row[]): Promise<void> => {
    try {
      await ch.insert(
        table,
        some.map(({ workspace_id, community_id, data }) => ({ workspace_id, community_id, ...data })),
      );
    } catch (reason) {
      const [row] = some;
      if (!row || !isRefusal(reason)) throw reason;
      if (some.length === 1) {
        refused.push({ row, reason });
        return;
      }
      const half = Math.ceil(some.length / 2);
      await halve(some.slice(0, half));
      await halve(some.slice(half));
    }
  };
  await halve(rows);
  return refused;
}

interface ClickHouseError extends Error {
  type: string;
}

const ofRows =
  /^(CANNOT_PARSE_|CANNOT_READ_ALL_DATA|CANNOT_CONVERT_TYPE|INCORRECT_DATA|TYPE_MISMATCH|VALUE_IS_OUT_OF_RANGE|ARGUMENT_OUT_OF_BOUND|DECIMAL_OVERFLOW|TOO_LARGE_STRING_SIZE)/;

/**
 * Whether the engine answered that it cannot read what it was given. Everything else (no answer, no memory, no disk, too
 * many parts, a table that is not there) is a fault of its own, and passes.
 */
function isRefusal(error: unknown): error is ClickHouseError {
  return error instanceof Error && 'type' in error && ofRows.test(String(error.type));
}

async function setAside(tx: Tx, refused: readonly Refused[]): Promise<void> {
  for (const { row, reason } of refused) {
    const said = redact(`${reason.type}: ${reason.message.split('\n')[0]}`)
      .slice(0, 500)
      .toWellFormed();
    await tx`
      insert into metrics_quarantine (id, workspace_id, community_id, kind, data, reason)
      values (${row.id}, ${row.workspace_id}, ${row.community_id}, ${row.kind}, ${tx.json(row.data as never)}, ${said})`;
  }
}

/** Tells the metrics of the process what waits, for how long, and what was set aside. */
export async function watchOutbox({ sql }: Pick<Context, 'sql'>): Promise<void> {
  const [row] = await sql<{ rows: number; seconds: number; refused: number }[]>`
    select (select count(*) from (select from metrics_outbox limit ${countMost}) counted)::int as rows,
      coalesce((select extract(epoch from clock_timestamp() - at) from metrics_outbox order by id limit 1), 0)::float8
        as seconds,
      (select count(*) from metrics_quarantine)::int as refused`;
  outboxRows.set(row?.rows ?? 0);
  outboxAge.set(Math.max(row?.seconds ?? 0, 0));
  quarantinedRows.set(row?.refused ?? 0);
}

/** Erases the rows of communities that were erased. Answers how many communities. */
export async function erasePurged(ctx: Context): Promise<number> {
  return alone(ctx, async (tx) => {
    const rows = await tx<{ community_id: string; workspace_id: string }[]>`
      select community_id, workspace_id from metrics_purges order by at limit ${purgesMost}`;
    if (rows.length === 0) return 0;
    const communities = rows.map(({ community_id }) => community_id);
    const workspaces = [...new Set(rows.map(({ workspace_id }) => workspace_id))];
    for (const table of ofCommunities) {
      await ctx.ch.command(
        `delete from ${table}
         where workspace_id in {workspaces:Array(UUID)} and community_id in {communities:Array(UUID)}`,
        { workspaces, communities },
      );
    }
    await tx`delete from metrics_quarantine where community_id = any(${communities}::uuid[])`;
    await tx`delete from metrics_purges where community_id = any(${communities}::uuid[])`;
    return rows.length;
  });
}

/**
 * Erases single figures that are older than their workspace keeps them; what is summed up of them stays. Forgets posts
 * that have long had their last reading, and rows that were long set aside.
 */
export async function sweepMetrics(ctx: Context): Promise<void> {
  const last = ctx.config.durations.collectPosts.at(-1) ?? 0;
  await ctx.sql`
    delete from metric_due
    where due_at is null and published_at < now() - ${2 * last} * interval '1 millisecond'`;
  await ctx.sql`delete from metrics_quarantine where at < now() - ${quarantinedFor} * interval '1 day'`;
  const terms = await ctx.sql<{ days: number; workspaces: string[] }[]>`
    select metrics_days as days, array_agg(id::text) as workspaces from workspaces group by metrics_days`;
  for (const { days, workspaces } of terms) {
    for (const table of [tables.community, tables.post]) {
      const where = `workspace_id in {workspaces:Array(UUID)} and ts < now64(3) - toIntervalDay({days:UInt16})`;
      const params = { workspaces, days };
      // Erasing rewrites parts, found or not: asked first.
      const [old] = await ctx.ch.query(`select 1 from ${table} where ${where} limit 1`, params);
      if (old) await ctx.ch.command(`delete from ${table} where ${where}`, params);
    }
  }
}

/** One transaction under the lock; 0 while another process has it. */
function alone(ctx: Context, act: (tx: Tx) => Promise<number>): Promise<number> {
  return asOwner(ctx, async (tx) => {
    const [row] = await tx<{ mine: boolean }[]>`select pg_try_advisory_xact_lock(${lockKey}::bigint) as mine`;
    return row?.mine ? act(tx) : 0;
  });
}

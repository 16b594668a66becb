import { asOwner, type Context } from '../context.ts';
import type { CommunityStats, PostStats } from '../networks/network.ts';
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
  'post_latest_v1',
  'publication_events_v1',
] as const;

const batch = 5_000;
const purgesMost = 100;
/** Of our own choice: "metrics" as a number. One process at a time delivers and erases, so that neither overtakes. */
const lockKey = '30804693396775795';

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
 * same keys and merges with itself. Answers how many rows left the outbox.
 */
export async function shipMetrics(ctx: Context): Promise<number> {
  let total = 0;
  for (;;) {
    const moved = await alone(ctx, async (tx) => {
      const rows = await tx<
        {
          id: string;
          workspace_id: string;
          community_id: string;
          kind: keyof typeof tables;
          data: object;
          alive: boolean;
        }[]
      >`
        select o.id, o.workspace_id, o.community_id, o.kind, o.data, c.id is not null as alive
        from metrics_outbox o left join communities c on c.id = o.community_id
        order by o.id limit ${batch}`;
      if (rows.length === 0) return 0;
      const known = Map.groupBy(
        rows.filter(({ alive }) => alive),
        ({ kind }) => kind,
      );
      for (const [kind, some] of known) {
        await ctx.ch.insert(
          tables[kind],
          some.map(({ workspace_id, community_id, data }) => ({ workspace_id, community_id, ...data })),
        );
      }
      await tx`delete from metrics_outbox where id = any(${rows.map(({ id }) => id)}::bigint[])`;
      return rows.length;
    });
    total += moved;
    if (moved < batch) return total;
  }
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
    await tx`delete from metrics_purges where community_id = any(${communities}::uuid[])`;
    return rows.length;
  });
}

/**
 * Erases single figures that are older than their workspace keeps them; what is summed up of them stays. Forgets posts
 * that have long had their last reading.
 */
export async function sweepMetrics(ctx: Context): Promise<void> {
  const last = ctx.config.durations.collectPosts.at(-1) ?? 0;
  await ctx.sql`
    delete from metric_due
    where due_at is null and published_at < now() - ${2 * last} * interval '1 millisecond'`;
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

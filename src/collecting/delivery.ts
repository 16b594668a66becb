import { asOwner, type Context } from '../context.ts';

const batch = 5_000;

interface EventRow {
  event_id: string;
  ts: string;
  workspace_id: string;
  community_id: string;
  post_id: string;
  publication_id: string;
  network: string;
  from_state: string;
  event: string;
  due_at: string;
  lag_ms: number;
}

/**
 * Copies publication events that ClickHouse does not have yet, oldest first, and marks them in the same transaction
 * that read them. When ClickHouse does not answer nothing is marked and publishing goes on; a batch that was inserted
 * but not marked comes again and merges with itself. Answers how many were copied.
 */
export async function shipPublicationEvents(ctx: Context): Promise<number> {
  let total = 0;
  for (;;) {
    const shipped = await asOwner(ctx, async (tx) => {
      const rows = await tx<EventRow[]>`
        select e.id as event_id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') as ts, e.workspace_id,
          p.community_id, p.post_id, e.publication_id, p.network, coalesce(e.from_state, '') as from_state,
          e.to_state as event, to_char(p.due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS') as due_at,
          round(extract(epoch from e.at - p.due_at) * 1000)::float8 as lag_ms
        from publication_events e join publications p on p.id = e.publication_id
        where not e.shipped order by e.id limit ${batch}
        for update of e skip locked`;
      if (rows.length === 0) return 0;
      await ctx.ch.insert('publication_events_v1', rows);
      await tx`
        update publication_events set shipped = true where id = any(${rows.map((row) => row.event_id)}::bigint[])`;
      return rows.length;
    });
    total += shipped;
    if (shipped < batch) return total;
  }
}

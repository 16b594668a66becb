import { asWorkspace, type Context } from '../context.ts';
import { fill } from './fill.ts';
import { type SeriesRow, tryLockSeries } from './row.ts';

type Named = Pick<SeriesRow, 'id' | 'workspace_id'>;

/** Makes the posts of every series that has come nearer than `durations.seriesAhead`. One that fails stops no other. */
export async function extendAll(ctx: Context): Promise<void> {
  const page = 500;
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const due = await ctx.sql<Named[]>`
      select s.id, s.workspace_id from series s
      where s.id > ${after}::uuid and not s.paused and s.deleted_at is null
        and (s.next_at <= statement_timestamp() + ${ctx.config.durations.seriesAhead} * interval '1 millisecond'
          or exists (select from series_exceptions e
            where e.series_id = s.id and e.cause = 'refused' and e.at > statement_timestamp()))
      order by s.id limit ${page}`;
    for (const series of due) await extend(ctx, series);
    after = due.at(-1)?.id ?? after;
    if (due.length < page) return;
  }
}

/**
 * After an outage each series goes on with one occurrence at most. A series that is behind, with a time that passed
 * while nothing made its posts, gets the last missed one of them. And of what was made and not sent (the process, the
 * network or the connection was away), everything gives way to a later occurrence that is due at the same community:
 * it is cancelled, and says why. What is left is late by the ordinary rule: it goes out, or waits for a decision.
 *
 * Meanwhile nothing overtaken can go out: the claim asks `waits_for_series` of each publication.
 */
export async function catchUp(ctx: Context): Promise<void> {
  const behind = await ctx.sql<Named[]>`
    select id, workspace_id from series
    where not paused and deleted_at is null and next_at <= statement_timestamp() order by next_at limit 500`;
  for (const series of behind) await extend(ctx, series);
  const { latePaced } = ctx.config.durations;
  const cancelled = await ctx.sql`
    update publications
    set state = 'cancelled', hold_reason = null, fence = fence + 1, lease_owner = null, lease_until = null,
      note = 'a later occurrence of its series is due: only the last one missed is caught up'
    where id in (
      select p.id from publications p
      where ((p.state = 'scheduled' and p.late_at <= statement_timestamp() + ${latePaced} * interval '1 millisecond')
          or p.state = 'held')
        and p.due_at <= statement_timestamp() and overtaken(p)
      order by p.id for update of p skip locked)
    returning id`;
  if (cancelled.length > 0) {
    ctx.log.warn({ cancelled: cancelled.length }, 'missed occurrences of series gave way to later ones');
  }
}

async function extend(ctx: Context, { id, workspace_id }: Named): Promise<void> {
  try {
    const first = await asWorkspace(ctx, { workspaceId: workspace_id }, async (tx) => {
      const series = await tryLockSeries(tx, workspace_id, id);
      return series ? fill(ctx, tx, series, new Date()) : null;
    });
    if (first) ctx.planned.changed(first);
  } catch (error) {
    ctx.log.error({ err: error, series: id }, 'a series could not be extended');
  }
}

import type { Context } from '../context.ts';
import { asOwner } from '../context.ts';
import { networkNamed } from '../networks/index.ts';
import type { Tx } from '../stores/postgres.ts';

/**
 * The plan is `publications.next_try_at`; only what is due within `durations.reach` has a job in the queue.
 * A million far-future jobs would make each fetch of the queue a hundred times slower; a million rows cost nothing.
 */
interface Planned {
  id: string;
  network: string;
  next_try_at: Date;
  state: string;
  has_stage: boolean;
}

/**
 * Gives the named publications their jobs, in the caller's transaction, where they are near enough; the promoter does
 * the rest. After the commit call `ctx.planned.changed(at)` with the earliest moment, which is answered (null: none near).
 */
export async function planJobs(ctx: Context, tx: Tx, ids: readonly string[]): Promise<Date | null> {
  if (ids.length === 0) return null;
  const rows = await tx<Planned[]>`
    update publications p set queued_for = next_try_at
    where id = any(${ids as string[]}::uuid[]) and state in ('scheduled', 'confirming')
      and next_try_at < statement_timestamp() + ${ctx.config.durations.reach} * interval '1 millisecond'
    returning id, network, next_try_at, state,
      ${stagedBefore(tx)} as has_stage`;
  return enqueue(ctx, tx, rows);
}

/** Whether the publication `p` may have something to upload, or a poll to make, before its time. */
function stagedBefore(tx: Tx) {
  return tx`(exists (select from post_media m where m.post_id = p.post_id)
    or exists (select from posts where posts.id = p.post_id and (posts.poll is not null or posts.parts <> '[]'
      or posts.overrides <> '{}')))`;
}

async function enqueue(ctx: Context, tx: Tx, rows: readonly Planned[]): Promise<Date | null> {
  if (rows.length === 0) return null;
  await ctx.queue.enqueue(
    tx,
    'posts.publish',
    rows.map((row) => ({ payload: { publication_id: row.id }, at: row.next_try_at })),
  );
  await ctx.queue.enqueue(
    tx,
    'posts.prepare',
    rows
      .filter((row) => row.has_stage && row.state === 'scheduled' && networkNamed(row.network).stage)
      .map((row) => ({
        payload: { publication_id: row.id },
        at: new Date(row.next_try_at.getTime() - ctx.config.durations.prepare),
      })),
  );
  return new Date(Math.min(...rows.map((row) => row.next_try_at.getTime())));
}

/** Moves what has come into reach from the plan into the queue; one worker at a time. Answers how many. */
export async function promote(ctx: Context): Promise<number> {
  const batch = 2_000;
  let total = 0;
  for (;;) {
    const moved = await asOwner(ctx, async (tx) => {
      const [lock] = await tx<
        { mine: boolean }[]
      >`select pg_try_advisory_xact_lock(hashtext('outpost promoter')) as mine`;
      if (!lock?.mine) return 0;
      const rows = await tx<Planned[]>`
        update publications p set queued_for = next_try_at
        where id in (
          select id from publications
          where state in ('scheduled', 'confirming') and queued_for is distinct from next_try_at
            and next_try_at < statement_timestamp() + ${ctx.config.durations.reach} * interval '1 millisecond'
          order by next_try_at limit ${batch}
          for update skip locked)
        returning id, network, next_try_at, state,
          ${stagedBefore(tx)} as has_stage`;
      await enqueue(ctx, tx, rows);
      return rows.length;
    });
    total += moved;
    if (moved < batch) break;
  }
  // Stale statistics of the job table make the queue ten times slower, and autovacuum may come too late.
  if (total >= 1_000) await ctx.sql`analyze pgboss.job_common`;
  return total;
}

/** The next moment at which anything is due, by the database's clock, and that clock itself. */
export async function nextDue(ctx: Context): Promise<{ at: Date | null; now: Date }> {
  const [row] = await ctx.sql<{ at: Date | null; now: Date }[]>`
    select (select min(next_try_at) from publications
            where state in ('scheduled', 'confirming') and next_try_at > statement_timestamp()) as at,
           clock_timestamp() as now`;
  return row ?? { at: null, now: new Date() };
}

import { asOwner, type Context } from '../context.ts';
import { networkNamed } from '../networks/index.ts';
import type { ListedPost } from '../networks/stats.ts';
import { keepListed, putOld } from './listed.ts';
import { communityColumns, openReading, placeOf, type ReadCommunity, waitAfter } from './reading.ts';

interface Due extends ReadCommunity {
  history_cursor: string | null;
  history_posts: number;
  history_from: Date | null;
}

/**
 * Reads one more page of the posts from before a community was connected, of the community that has waited longest: back
 * to `durations.collectHistory`, or to as many as its network says. Where it has come to stands in the community, so
 * that a page is read again at most. Whether there was one to be read.
 */
export async function readHistory(ctx: Context): Promise<boolean> {
  const { collectRetry } = ctx.config.durations;
  // Moved on first, as with figures: that is the lock.
  const [due] = await ctx.sql<Due[]>`
    update communities c set history_at = clock_timestamp() + ${collectRetry} * interval '1 millisecond'
    where c.id = (
      select id from communities where status = 'active' and history_at <= clock_timestamp()
      order by history_at limit 1 for update skip locked)
    returning ${communityColumns(ctx.sql)}, c.history_cursor, c.history_posts, c.history_from`;
  if (!due) return false;
  try {
    await readPage(ctx, due);
  } catch (error) {
    const wait = waitAfter(ctx, due, error);
    await ctx.sql`
      update communities set history_at = clock_timestamp() + ${wait} * interval '1 millisecond'
      where id = ${due.id} and history_at is not null`;
  }
  return true;
}

async function readPage(ctx: Context, due: Due): Promise<void> {
  const listing = networkNamed(due.network).stats?.listing;
  const place = placeOf(due);
  if (!listing?.may(place)) {
    // Asked for again when the connection is checked or changed.
    await ctx.sql`update communities set history_at = null where id = ${due.id}`;
    return;
  }
  const reading = await openReading(ctx, due, ctx.config.durations.collectPatience);
  if (!reading) return;
  const { posts, next } = await listing.page(reading.access, reading.place, due.history_cursor);
  const earliest = Date.now() - ctx.config.durations.collectHistory;
  const wanted = posts.filter(({ at }) => at >= earliest);
  const { count, from } = progress(due, wanted);
  // What is pinned stands first, whatever its age: the last one tells how far back the page goes.
  // A page may hold no post at all, and lead on.
  const reached = posts.at(-1)?.at ?? Number.POSITIVE_INFINITY;
  const done = next === null || reached < earliest || count >= listing.most(place);
  const moment = await asOwner(ctx, async (tx) => {
    // The community last: whoever has locked its publications may be waiting for it.
    const kept = await keepListed(ctx, tx, due, wanted);
    await putOld(ctx, tx, due, wanted);
    await tx`
      update communities
      set history_cursor = ${next}, history_posts = ${count}, history_from = ${from},
          history_read_at = ${done ? tx`clock_timestamp()` : null},
          history_at = ${done ? null : tx`clock_timestamp()`}
      where id = ${due.id} and history_read_at is null and history_cursor is not distinct from ${due.history_cursor}`;
    return kept.due;
  });
  if (moment) ctx.planned.changed(moment);
}

/** Pages overlap: only what is older than the pages before counts. */
function progress(
  { history_posts, history_from }: Due,
  wanted: readonly ListedPost[],
): { count: number; from: Date | null } {
  const before = history_from?.getTime() ?? Number.POSITIVE_INFINITY;
  const older = wanted.filter(({ at }) => at < before);
  const last = older.at(-1);
  return { count: history_posts + older.length, from: last ? new Date(last.at) : history_from };
}

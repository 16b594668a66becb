import type { Who } from '../context.ts';
import type { Post } from '../posts/show.ts';
import type { Tx } from '../stores/postgres.ts';
import type { Series } from './input.ts';
import { type Occurrence, occurrences } from './recurrence.ts';
import { type Cause, type SeriesPost, type SeriesRow, seriesPosts } from './row.ts';

const day = 86_400_000;

interface MadePost {
  series_id: string;
  id: string;
  occurrence: string;
  scheduled_at: Date | null;
  detached: boolean;
  status: Post['status'];
}

interface Exception {
  series_id: string;
  occurrence: string;
  at: Date;
  cause: Cause;
  note: string;
}

/** Series as the API shows them, each with its next `most` occurrences. */
export async function showSeries(
  tx: Tx,
  who: Who,
  rows: readonly SeriesRow[],
  most: number,
): Promise<Series[]> {
  const now = new Date();
  const coming = new Map(
    rows.map((row) => {
      // Once the last one is made, nothing needs to be looked for beyond it.
      const until = row.next_at === null ? row.made_until : new Date(now.getTime() + 30 * 366 * day);
      return [row.id, occurrences(row, now, until, most)];
    }),
  );
  const ids = rows.map(({ id }) => id);
  const keys = [...new Set([...coming.values()].flat().map(({ key }) => key))];
  const sets = await seriesPosts(tx, who.workspaceId, ids);
  const posts = await tx<MadePost[]>`
    select p.series_id, p.id, p.occurrence, p.scheduled_at, p.detached,
      post_status(coalesce((select array_agg(distinct pub.state) from publications pub where pub.post_id = p.id), '{}'))
        as status
    from posts p
    where p.workspace_id = ${who.workspaceId} and p.series_id = any(${ids}::uuid[]) and p.occurrence = any(${keys})`;
  const exceptions = await tx<Exception[]>`
    select series_id, occurrence, at, cause, note from series_exceptions
    where workspace_id = ${who.workspaceId} and series_id = any(${ids}::uuid[])
      and (occurrence = any(${keys}) or (cause = 'refused' and at > ${new Date(now.getTime() - 30 * day)}))
    order by at desc`;
  return rows.map((row) => {
    const of = <T extends { series_id: string }>(all: readonly T[]) =>
      all.filter(({ series_id }) => series_id === row.id);
    const next = (coming.get(row.id) ?? []).map((one) => showOccurrence(one, of(posts), of(exceptions)));
    return showOne(row, of(sets), next, of(exceptions));
  });
}

function showOne(
  row: SeriesRow,
  set: readonly SeriesPost[],
  next: Series['next'],
  exceptions: readonly Exception[],
): Series {
  const { id, name, rrule, starts, timezone, ends, skip_dates, min_distance_days } = row;
  return {
    id,
    name,
    rrule,
    starts,
    timezone,
    ends,
    skip_dates: [...skip_dates],
    min_distance_days,
    state: row.paused ? 'paused' : next.length > 0 ? 'active' : 'ended',
    posts: set.map((post) => ({ id: post.id, ...(post.content as Omit<Series['posts'][number], 'id'>) })),
    next,
    problems: exceptions
      .filter(({ cause }) => cause === 'refused')
      .slice(0, 20)
      .map(({ occurrence, at, note }) => ({ occurrence, at: at.toISOString(), message: note })),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

function showOccurrence(
  { key, at, note }: Occurrence,
  posts: readonly MadePost[],
  exceptions: readonly Exception[],
): Series['next'][number] {
  const post = posts.find(({ occurrence }) => occurrence === key);
  const exception = exceptions.find(({ occurrence }) => occurrence === key);
  const shown = { occurrence: key, at: at.toISOString(), post_id: null, edited: false };
  if (post) {
    const state = post.status === 'cancelled' || post.status === 'failed' ? post.status : 'planned';
    return {
      ...shown,
      at: (post.scheduled_at ?? at).toISOString(),
      state,
      post_id: post.id,
      edited: post.detached,
      note: note?.message ?? null,
    };
  }
  if (exception) {
    return { ...shown, state: exception.cause === 'refused' ? 'failed' : 'skipped', note: exception.note };
  }
  return { ...shown, state: 'expected', note: note?.message ?? null };
}

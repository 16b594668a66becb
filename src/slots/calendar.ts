import type { Context } from '../context.ts';
import type { Tx } from '../stores/postgres.ts';
import { type Pattern, sharedMoments } from './moment.ts';

/** A community as far as its calendar goes. */
export interface Community {
  id: string;
  title: string;
  timezone: string;
}

export interface Weekly {
  community_id: string;
  /** 1 is Monday. */
  weekday: number;
  /** Since midnight. */
  minute: number;
}

export interface Planned {
  community_id: string;
  at: Date;
}

const minute = 60_000;
const day = 86_400_000;

/** Nobody else takes a slot of these communities until the end of the transaction. */
export async function lockSlots(tx: Tx, communityIds: readonly string[]): Promise<void> {
  if (communityIds.length === 0) return;
  // By id, so that two requests for the same communities never wait for each other crosswise.
  await tx`
    select pg_advisory_xact_lock(hashtextextended('slots ' || id, 0))
    from (select id::text from unnest(${communityIds as string[]}::uuid[]) id order by id) communities`;
}

export async function weeklyOf(tx: Tx, workspaceId: string, ids: readonly string[]): Promise<Weekly[]> {
  return [
    ...(await tx<Weekly[]>`
      select community_id, weekday, minute from slots
      where workspace_id = ${workspaceId} and community_id = any(${ids as string[]}::uuid[])
      order by community_id, weekday, minute`),
  ];
}

/** What is planned or out at these communities in [from, to], each moment once; `exceptPost` does not count. */
export async function plannedOf(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
  from: number,
  to: number,
  exceptPost: string | null,
): Promise<Planned[]> {
  return [
    ...(await tx<Planned[]>`
      select distinct community_id, due_at as at from publications
      where workspace_id = ${workspaceId} and community_id = any(${ids as string[]}::uuid[])
        and state not in ('cancelled', 'failed') and (${exceptPost}::uuid is null or post_id <> ${exceptPost}::uuid)
        and due_at between ${new Date(from)} and ${new Date(to)}
      order by due_at`),
  ];
}

/** When planning ends: so many days from now, and never past the horizon. */
export function endOf(ctx: Context, now: number, days: number): number {
  return now + Math.min(days, ctx.config.horizonDays) * day;
}

/**
 * The next moments, `most` at most and `until` at the latest, that are a free slot of every one of these communities. A
 * slot is free when nothing of the community that is planned or out lies within a minute of it; `exceptPost` does not
 * count.
 */
export async function freeSlots(
  tx: Tx,
  workspaceId: string,
  communities: readonly Pick<Community, 'id' | 'timezone'>[],
  { most, until, exceptPost }: { most: number; until: number; exceptPost: string | null },
): Promise<Date[]> {
  const ids = communities.map(({ id }) => id);
  const rows = await weeklyOf(tx, workspaceId, ids);
  const patterns = patternsOf(communities, rows);
  if (patterns.some(({ minutes }) => minutes.size === 0)) return [];

  const now = Date.now();
  const free: Date[] = [];
  const width = 28 * day;
  for (let from = now; from < until && free.length < most; from += width) {
    const to = Math.min(from + width, until);
    const moments = sharedMoments(patterns, from, to);
    if (moments.length === 0) continue;
    const taken = await plannedOf(tx, workspaceId, ids, from - minute, to + minute, exceptPost);
    const times = taken.map(({ at }) => at.getTime());
    for (const at of moments) {
      if (!times.some((time) => Math.abs(time - at) <= minute)) free.push(new Date(at));
    }
  }
  return free.slice(0, most);
}

function patternsOf(
  communities: readonly Pick<Community, 'id' | 'timezone'>[],
  rows: readonly Weekly[],
): Pattern[] {
  const byZone = new Map<string, Set<number>>();
  for (const { id, timezone } of communities) {
    const own = new Set(
      rows.filter((row) => row.community_id === id).map((row) => (row.weekday - 1) * 1_440 + row.minute),
    );
    byZone.set(timezone, byZone.get(timezone)?.intersection(own) ?? own);
  }
  return [...byZone].map(([timezone, minutes]) => ({ timezone, minutes }));
}

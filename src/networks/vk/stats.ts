import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import type { Place } from '../network.ts';
import type { CommunityStats, DayStats, PostStats, Stats } from '../stats.ts';
import { callVk, detailsOf, type VkAccess, type VkCredentials, wallOf } from './call.ts';
import { Counters, countersOf, mayListVk, pageVk, told } from './listing.ts';

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const Groups = v.object({ groups: v.array(v.object({ members_count: told })) });
const Day = v.object({
  period_from: v.fallback(
    v.nullable(v.pipe(v.union([v.number(), v.string()]), v.transform(Number), Count)),
    null,
  ),
  visitors: v.fallback(v.nullable(v.object({ views: told, visitors: told })), null),
  reach: v.fallback(v.nullable(v.object({ reach: told })), null),
  activity: v.fallback(v.nullable(v.object({ subscribed: told, unsubscribed: told })), null),
});
const Posts = v.object({
  items: v.array(v.object({ id: Count, is_deleted: v.optional(v.boolean(), false), ...Counters.entries })),
});
const Reaches = v.array(v.object({ post_id: Count, reach_total: told, links: told }));

/** Posts that one `stats.getPostReach` takes. */
const reachMost = 30;

/**
 * Counters of the wall as its readers see them; reach, visitors and clicks on links only to the user token of an
 * administrator with the right stats.
 */
export const vkStats: Stats<VkCredentials> = {
  communityStats,
  postStats,
  // Nobody says how many days one answer may have; a year in four calls is little enough.
  days: { timezone: 'Europe/Moscow', most: 100, read: daysOf },
  listing: { may: mayListVk, most: () => 1_000, page: pageVk },
};

async function communityStats(access: VkAccess, place: Place): Promise<CommunityStats> {
  const kind = access.credentials.community_token === undefined ? 'user' : 'community';
  const asked = { group_id: place.externalId, fields: 'members_count' };
  const { groups } = await callVk(access, kind, 'groups.getById', asked, Groups);
  return { members: groups[0]?.members_count ?? null, ...figuresOf(await dayOf(access, place)) };
}

function figuresOf(day: v.InferOutput<typeof Day> | null): Omit<DayStats, 'at'> {
  return {
    reach: day?.reach?.reach ?? null,
    visitors: day?.visitors?.visitors ?? null,
    views: day?.visitors?.views ?? null,
    joins: day?.activity?.subscribed ?? null,
    leaves: day?.activity?.unsubscribed ?? null,
  };
}

/** The day so far, of Moscow time. */
async function dayOf(access: VkAccess, place: Place): Promise<v.InferOutput<typeof Day> | null> {
  if (!place.capabilities.statistics.available) return null;
  const asked = {
    group_id: place.externalId,
    interval: 'day',
    intervals_count: 1,
    timestamp_to: Math.floor(Date.now() / 1000),
    stats_groups: 'visitors,reach,activity',
    extended: 0,
  };
  const days = await orNothing(callVk(access, 'user', 'stats.get', asked, v.array(Day)));
  return days?.[0] ?? null;
}

async function daysOf(access: VkAccess, place: Place, from: number, to: number): Promise<DayStats[] | null> {
  if (!place.capabilities.statistics.available) return null;
  const asked = {
    group_id: place.externalId,
    interval: 'day',
    timestamp_from: from / 1_000,
    timestamp_to: to / 1_000 - 1,
    stats_groups: 'visitors,reach,activity',
    extended: 0,
  };
  const days = await callVk(access, 'user', 'stats.get', asked, v.array(Day));
  return days.flatMap((day) =>
    day.period_from === null ? [] : [{ at: day.period_from * 1_000, ...figuresOf(day) }],
  );
}

async function postStats(
  access: VkAccess,
  place: Place,
  remoteIds: readonly string[],
): Promise<Map<string, PostStats | null>> {
  // Only posts: comments have no counters of their own here.
  const numbers = remoteIds.filter((id) => /^\d+$/.test(id));
  if (detailsOf(place).reads_with === null || numbers.length === 0) return new Map();
  const wall = wallOf(place);
  const posts = numbers.map((number) => `${wall}_${number}`).join();
  const { items } = await callVk(access, 'user', 'wall.getById', { posts }, Posts);
  const found = new Map(items.filter(({ is_deleted }) => !is_deleted).map((item) => [String(item.id), item]));
  const reaches = await reachesOf(access, place, [...found.keys()]);
  return new Map(
    numbers.map((number) => {
      const item = found.get(number);
      if (item === undefined) return [number, null];
      const reach = reaches.get(number);
      return [
        number,
        {
          ...countersOf(item),
          reach: reach?.reach_total ?? null,
          clicks: reach?.links ?? null,
        },
      ];
    }),
  );
}

async function reachesOf(
  access: VkAccess,
  place: Place,
  numbers: readonly string[],
): Promise<Map<string, v.InferOutput<typeof Reaches>[number]>> {
  const reaches = new Map<string, v.InferOutput<typeof Reaches>[number]>();
  if (!place.capabilities.statistics.available) return reaches;
  for (let from = 0; from < numbers.length; from += reachMost) {
    const asked = { owner_id: wallOf(place), post_ids: numbers.slice(from, from + reachMost).join() };
    const some = await orNothing(callVk(access, 'user', 'stats.getPostReach', asked, Reaches));
    // VK gives the reach of the last 300 posts alone; without it the other figures stand.
    if (some === null) break;
    for (const reach of some) reaches.set(String(reach.post_id), reach);
  }
  return reaches;
}

/** Statistics that VK does not give leave the figures that it gave. */
async function orNothing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof NetworkError) return null;
    throw error;
  }
}

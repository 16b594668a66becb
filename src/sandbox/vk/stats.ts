import { unixSeconds } from '../core.ts';
import type { Community, VkPost } from '../state.ts';
import type { VkCall } from './call.ts';
import { communityOf, isAdmin, numberOf, param, requireScope, SCOPES, VkRefusal, wallOf } from './call.ts';
import { isPublic } from './objects.ts';
import type { DayFigures } from './records.ts';

const DAY = 86_400;
/** VK's days are Moscow days. */
const MOSCOW = 3 * 3600;
/** Periods in one answer. */
const PERIODS = 365;
/** Posts in one call, and how many of the newest have their reach told. */
const REACH_POSTS = 30;
const REACH_KNOWN = 300;

export function statsGet(call: VkCall): unknown {
  const { params, token } = call;
  requireScope(token, SCOPES.stats);
  if (!params.group_id) throw param('group_id is undefined');
  const community = communityOf(call, params.group_id);
  call.record.place = String(-community.id);
  if (!isAdmin(token, community.id)) throw new VkRefusal(7, 'you are no administrator of this community');
  if ((params.interval ?? 'day') !== 'day') throw param('the sandbox knows days alone');
  const now = unixSeconds(call.record.at);
  const to = numberOf(params.timestamp_to, now);
  const periods = numberOf(params.intervals_count, 0);
  const from = periods > 0 ? to - (periods - 1) * DAY : numberOf(params.timestamp_from, to);
  if (from > to) throw param('timestamp_from is after timestamp_to');
  // Nothing is told of days that have not begun.
  const answer: unknown[] = [];
  for (let day = startOfDay(Math.min(to, now)); day + DAY > from && answer.length < PERIODS; day -= DAY)
    answer.push(period(call, community, day));
  return answer;
}

function period({ core, params }: VkCall, community: Community, day: number): unknown {
  const posts = [...(core.state.vkPosts.get(-community.id)?.values() ?? [])].filter(
    (post) => !post.deleted && post.at >= day * 1000 && post.at < (day + DAY) * 1000,
  );
  const sum = (figure: (post: VkPost) => number) => posts.reduce((total, post) => total + figure(post), 0);
  const views = sum((post) => post.counters.views);
  const given: Partial<DayFigures> = community.days?.[dateOf(day)] ?? {};
  const figures = { views, visitors: views, reach: views, subscribed: 0, unsubscribed: 0, ...given };
  const groups = params.stats_groups?.split(',') ?? ['visitors', 'reach', 'activity'];
  return {
    period_from: day,
    period_to: day + DAY - 1,
    ...(groups.includes('visitors') && {
      visitors: { views: figures.views, visitors: figures.visitors, mobile_views: figures.views },
    }),
    ...(groups.includes('reach') && {
      reach: {
        reach: figures.reach,
        reach_subscribers: Math.min(figures.reach, community.members),
        mobile_reach: figures.reach,
      },
    }),
    ...(groups.includes('activity') && {
      activity: {
        likes: sum((post) => post.counters.likes),
        comments: sum((post) => post.comments.length),
        copies: sum((post) => post.counters.reposts),
        subscribed: figures.subscribed,
        unsubscribed: figures.unsubscribed,
      },
    }),
  };
}

export function statsGetPostReach(call: VkCall): unknown {
  const { params, token, core } = call;
  requireScope(token, SCOPES.stats);
  const ownerId = Number(params.owner_id);
  const community = wallOf(call, ownerId);
  if (!community || !isAdmin(token, community.id))
    throw new VkRefusal(7, 'you are no administrator of this community');
  const ids = (params.post_ids ?? '').split(',');
  if (ids.length > REACH_POSTS) throw param(`post_ids has more than ${REACH_POSTS} items`);
  const posts = [...(core.state.vkPosts.get(ownerId)?.values() ?? [])].filter(isPublic);
  const known = new Set(posts.toSorted((a, b) => b.at - a.at).slice(0, REACH_KNOWN));
  return ids.flatMap((id) => {
    const post = core.state.vkPosts.get(ownerId)?.get(Number(id));
    if (!post || !known.has(post)) return [];
    const { views, reposts } = post.counters;
    const subscribers = Math.min(views, community.members);
    return [
      {
        post_id: post.id,
        reach_subscribers: subscribers,
        reach_total: views,
        reach_viral: views - subscribers,
        reach_ads: 0,
        links: 0,
        to_group: reposts,
        join_group: 0,
        report: 0,
        hide: 0,
        unsubscribe: 0,
        sex_age: [],
      },
    ];
  });
}

/** Counts who came or went today. */
export function countPerson(community: Community, what: 'subscribed' | 'unsubscribed'): void {
  const date = dateOf(unixSeconds(Date.now()));
  const day = community.days?.[date] ?? {};
  community.days = { ...community.days, [date]: { ...day, [what]: (day[what] ?? 0) + 1 } };
}

function startOfDay(seconds: number): number {
  return Math.floor((seconds + MOSCOW) / DAY) * DAY - MOSCOW;
}

/** `YYYY-MM-DD` in Moscow. */
function dateOf(seconds: number): string {
  return new Date((seconds + MOSCOW) * 1000).toISOString().slice(0, 10);
}

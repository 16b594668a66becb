import { unixSeconds } from '../core.ts';
import type { VkPost } from '../state.ts';
import { findCommunity } from '../state.ts';
import { photoObject } from './attachments.ts';
import type { VkCall } from './call.ts';
import {
  actsAsPerson,
  communityOf,
  flag,
  isAdmin,
  numberOf,
  param,
  requireScope,
  SCOPES,
  VkRefusal,
  wallOf,
} from './call.ts';
import { groupObject, isPublic, postObject } from './objects.ts';

const DAY = 86_400;

export function wallGet(call: VkCall): unknown {
  const { params, token } = call;
  const named = params.domain ? findCommunity(call.core.state, params.domain) : undefined;
  if (params.domain && !named && !params.owner_id) throw param('domain is invalid');
  const ownerId = numberOf(params.owner_id, named ? -named.id : token.user_id);
  wallOf(call, ownerId);
  const filter = params.filter ?? 'all';
  const hidden = filter === 'postponed' || filter === 'suggests';
  if (hidden && (!actsAsPerson(token) || !isAdmin(token, -ownerId)))
    throw new VkRefusal(15, `no access to ${filter === 'postponed' ? 'postponed' : 'suggested'} posts`);
  const all = [...(call.core.state.vkPosts.get(ownerId)?.values() ?? [])].filter((post) => {
    if (filter === 'postponed') return !post.deleted && post.postponed > 0;
    if (filter === 'suggests') return !post.deleted && post.post_type === 'suggest';
    if (!isPublic(post) || filter === 'archived') return false;
    if (filter === 'donut') return post.donut_paid_duration !== 0;
    if (filter === 'owner') return post.from_id === ownerId;
    return filter !== 'others' || post.from_id !== ownerId;
  });
  all.sort((a, b) => Number(b.pinned) - Number(a.pinned) || b.at - a.at || b.id - a.id);
  const offset = numberOf(params.offset, 0);
  const items = all.slice(offset, offset + Math.min(numberOf(params.count, 20), 100));
  const answer = { count: all.length, items: items.map((post) => postObject(call.core, post, token)) };
  return flag(params.extended) ? { ...answer, ...namesOf(call, [ownerId]) } : answer;
}

export function wallGetById(call: VkCall): unknown {
  const wanted = (call.params.posts ?? '').split(',');
  if (wanted.length > 100) throw param('posts has more than 100 items');
  const found: VkPost[] = [];
  for (const one of wanted) {
    const [owner, id] = one.trim().split('_');
    const post = call.core.state.vkPosts.get(Number(owner))?.get(Number(id));
    if (post && isPublic(post)) found.push(post);
  }
  call.record.place = String(found[0]?.owner_id ?? '');
  const items = found.map((post) => postObject(call.core, post, call.token));
  const owners = found.map((post) => post.owner_id);
  return flag(call.params.extended) ? { items, ...namesOf(call, owners) } : { items };
}

/** Who stands behind ids, for the answers that name them. */
export function namesOf(call: VkCall, ids: number[]): { profiles: unknown[]; groups: unknown[] } {
  const { core, token } = call;
  const profiles: unknown[] = [];
  const groups: unknown[] = [];
  for (const id of new Set(ids)) {
    const community = core.state.communities.get(-id);
    if (community) groups.push(groupObject(core, community, token, []));
    else if (id > 0) profiles.push(userObject(call, id));
  }
  return { profiles, groups };
}

export function photosGetById(call: VkCall): unknown {
  const { core, params } = call;
  return (params.photos ?? '').split(',').flatMap((one) => {
    const [owner, id] = one.trim().split('_');
    const media = core.state.vkMedia.get(`photo${owner}_${id}`);
    return media ? [photoObject(core, media)] : [];
  });
}

function userObject({ core }: Pick<VkCall, 'core'>, id: number): Record<string, unknown> {
  const person = core.state.vkPeople.get(id);
  return {
    id,
    first_name: person?.first_name ?? 'User',
    last_name: person?.last_name ?? String(id),
    can_access_closed: true,
    is_closed: false,
  };
}

export function usersGet(call: VkCall): unknown {
  const { params, token } = call;
  const own = token.kind === 'user' || token.kind === 'vkid_user' ? String(token.user_id) : '';
  const ids = (params.user_ids || own).split(',').map(Number);
  return ids.filter((id) => Number.isInteger(id) && id > 0).map((id) => userObject(call, id));
}

export function utilsResolveScreenName(call: VkCall): unknown {
  const community = findCommunity(call.core.state, call.params.screen_name);
  if (!community) throw new VkRefusal(104);
  return { type: 'page', object_id: community.id, group_id: community.id };
}

export function statsGet(call: VkCall): unknown {
  const { params, token, core } = call;
  requireScope(token, SCOPES.stats);
  if (!params.group_id) throw param('group_id is undefined');
  const community = communityOf(call, params.group_id);
  call.record.place = String(-community.id);
  if (!isAdmin(token, community.id)) throw new VkRefusal(7, 'you are no administrator of this community');
  const now = unixSeconds(call.record.at);
  const to = numberOf(params.timestamp_to, now);
  const periods = numberOf(params.intervals_count, 0);
  const from = periods > 0 ? to - (periods - 1) * DAY : numberOf(params.timestamp_from, to);
  const posts = [...(core.state.vkPosts.get(-community.id)?.values() ?? [])].filter((post) => !post.deleted);
  const answer: unknown[] = [];
  for (let day = startOfDay(to); day + DAY > from && answer.length < 365; day -= DAY) {
    const made = posts.filter((post) => post.at >= day * 1000 && post.at < (day + DAY) * 1000);
    const sum = (figure: (post: VkPost) => number) => made.reduce((total, post) => total + figure(post), 0);
    const views = sum((post) => post.counters.views);
    answer.push({
      period_from: day,
      period_to: day + DAY - 1,
      visitors: { views, visitors: views, mobile_views: views },
      reach: { reach: views, reach_subscribers: Math.min(views, community.members), mobile_reach: views },
      activity: {
        likes: sum((post) => post.counters.likes),
        comments: sum((post) => post.comments.length),
        copies: sum((post) => post.counters.reposts),
        subscribed: 0,
        unsubscribed: 0,
      },
    });
  }
  return answer;
}

export function statsGetPostReach(call: VkCall): unknown {
  const { params, token, core } = call;
  requireScope(token, SCOPES.stats);
  const ownerId = Number(params.owner_id);
  const community = wallOf(call, ownerId);
  if (!community || !isAdmin(token, community.id))
    throw new VkRefusal(7, 'you are no administrator of this community');
  return (params.post_ids ?? '').split(',').flatMap((id) => {
    const post = core.state.vkPosts.get(ownerId)?.get(Number(id));
    if (!post || !isPublic(post)) return [];
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

/** VK's days are Moscow days. */
function startOfDay(seconds: number): number {
  const offset = 3 * 3600;
  return Math.floor((seconds + offset) / DAY) * DAY - offset;
}

import { unixSeconds } from '../core.ts';
import type { Community, VkPost } from '../state.ts';
import { findCommunity } from '../state.ts';
import type { VkCall } from './call.ts';
import {
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
import { docObject, photoObject } from './uploads.ts';
import { mediaNamed } from './wall.ts';

const DAY = 86_400;

export function wallGet(call: VkCall): unknown {
  const { params, token } = call;
  const named = params.domain ? findCommunity(call.core.state, params.domain) : undefined;
  if (params.domain && !named && !params.owner_id) throw param('domain is invalid');
  const ownerId = numberOf(params.owner_id, named ? -named.id : token.user_id);
  wallOf(call, ownerId);
  const filter = params.filter ?? 'all';
  if (filter === 'postponed' && (token.kind !== 'user' || !isAdmin(token, -ownerId)))
    throw new VkRefusal(15, 'no access to postponed posts');
  const all = [...(call.core.state.vkPosts.get(ownerId)?.values() ?? [])].filter(
    (post) =>
      !post.deleted &&
      (filter === 'postponed') === post.postponed > 0 &&
      (filter !== 'owner' || post.from_id === ownerId) &&
      (filter !== 'others' || post.from_id !== ownerId),
  );
  all.sort((a, b) => Number(b.pinned) - Number(a.pinned) || b.at - a.at || b.id - a.id);
  const offset = numberOf(params.offset, 0);
  const items = all.slice(offset, offset + Math.min(numberOf(params.count, 20), 100));
  const answer = { count: all.length, items: items.map((post) => postObject(call, post)) };
  return flag(params.extended) ? { ...answer, ...namesOf(call, [ownerId]) } : answer;
}

export function wallGetById(call: VkCall): unknown {
  const wanted = (call.params.posts ?? '').split(',');
  if (wanted.length > 100) throw param('posts has more than 100 items');
  const found: VkPost[] = [];
  for (const one of wanted) {
    const [owner, id] = one.trim().split('_');
    const post = call.core.state.vkPosts.get(Number(owner))?.get(Number(id));
    if (post && !post.deleted && post.postponed === 0) found.push(post);
  }
  call.record.place = String(found[0]?.owner_id ?? '');
  const items = found.map((post) => postObject(call, post));
  return flag(call.params.extended)
    ? {
        items,
        ...namesOf(
          call,
          found.map((post) => post.owner_id),
        ),
      }
    : { items };
}

function namesOf(call: VkCall, owners: number[]): { profiles: unknown[]; groups: unknown[] } {
  const groups = [...new Set(owners)].flatMap((owner) => {
    const community = call.core.state.communities.get(-owner);
    return community ? [groupObject(call, community, [])] : [];
  });
  return { profiles: [], groups };
}

function postObject(call: VkCall, post: VkPost): Record<string, unknown> {
  const admin = isAdmin(call.token, -post.owner_id);
  return {
    inner_type: 'wall_wallpost',
    type: 'post',
    post_type: post.postponed > 0 ? 'postpone' : 'post',
    id: post.id,
    owner_id: post.owner_id,
    from_id: post.from_id,
    date: post.postponed > 0 ? post.postponed : unixSeconds(post.at),
    ...(post.edited > 0 ? { edited: post.edited } : {}),
    ...(admin && call.token.user_id ? { created_by: call.token.user_id, can_edit: 1, can_delete: 1 } : {}),
    ...(post.pinned ? { is_pinned: 1 } : {}),
    text: post.text,
    attachments: post.attachments.map((one) => attachmentObject(call, one)),
    comments: { can_post: 1, can_view: 1, count: post.comments.length, groups_can_post: true },
    likes: { can_like: 1, can_publish: 1, count: post.counters.likes, user_likes: 0 },
    reposts: { count: post.counters.reposts, user_reposted: 0 },
    views: { count: post.counters.views },
    post_source: { type: 'api' },
  };
}

function attachmentObject(call: VkCall, attachment: string): Record<string, unknown> {
  const media = mediaNamed(call, attachment);
  if (media?.kind === 'photo') return { type: 'photo', photo: photoObject(call.core, media) };
  if (media) return { type: 'doc', doc: docObject(call.core, media) };
  return { type: 'link', link: { url: attachment, title: attachment, description: '' } };
}

function groupObject(call: VkCall, community: Community, fields: string[]): Record<string, unknown> {
  const picture = `${call.core.url}/files/community.png`;
  const admin = isAdmin(call.token, community.id);
  const optional: Record<string, unknown> = {
    members_count: community.members,
    description: '',
    status: '',
    verified: 0,
    can_post: admin ? 1 : 0,
    activity: '',
  };
  return {
    id: community.id,
    name: community.name,
    screen_name: community.screen_name,
    is_closed: 0,
    type: 'page',
    ...(call.token.kind === 'user'
      ? { is_admin: admin ? 1 : 0, is_member: admin ? 1 : 0, is_advertiser: 0 }
      : {}),
    ...(call.token.kind === 'user' && admin ? { admin_level: 3 } : {}),
    photo_50: picture,
    photo_100: picture,
    photo_200: picture,
    ...Object.fromEntries(
      fields.filter((field) => field in optional).map((field) => [field, optional[field]]),
    ),
  };
}

export function groupsGetById(call: VkCall): unknown {
  const { params, token } = call;
  const asked =
    params.group_ids || params.group_id || (token.kind === 'community' ? String(token.group_id) : '');
  if (!asked) throw param('group_ids is undefined');
  const communities = asked.split(',').map((id) => communityOf(call, id.trim()));
  call.record.place = String(-(communities[0]?.id ?? 0));
  const fields = (params.fields ?? '').split(',').map((field) => field.trim());
  return { groups: communities.map((community) => groupObject(call, community, fields)), profiles: [] };
}

export function groupsGetTokenPermissions(call: VkCall): unknown {
  const names = ['stories', 'photos', 'app_widget', 'messages', 'wall', 'docs', 'manage'] as const;
  const bits: Record<(typeof names)[number], number> = {
    stories: 1,
    photos: SCOPES.photos,
    app_widget: 64,
    messages: 4096,
    wall: SCOPES.wall,
    docs: SCOPES.docs,
    manage: SCOPES.manage,
  };
  const granted = names.filter((name) => (call.token.scopes & bits[name]) !== 0);
  return {
    mask: call.token.scopes,
    permissions: granted.map((name) => ({ name, setting: bits[name] })),
  };
}

export function groupsGetMembers(call: VkCall): unknown {
  const { params, token } = call;
  const id = params.group_id || (token.kind === 'community' ? String(token.group_id) : '');
  if (!id) throw param('group_id is undefined');
  const community = communityOf(call, id);
  call.record.place = String(-community.id);
  const offset = numberOf(params.offset, 0);
  const length = Math.max(0, Math.min(numberOf(params.count, 1000), community.members - offset));
  return { count: community.members, items: Array.from({ length }, (_, i) => offset + i + 1) };
}

export function usersGet(call: VkCall): unknown {
  const { params, token } = call;
  const own = token.kind === 'user' || token.kind === 'vkid_user' ? String(token.user_id) : '';
  const ids = (params.user_ids || own).split(',').map(Number);
  return ids
    .filter((id) => Number.isInteger(id) && id > 0)
    .map((id) => ({
      id,
      first_name: 'User',
      last_name: String(id),
      can_access_closed: true,
      is_closed: false,
    }));
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

/** VK's days are Moscow days. */
function startOfDay(seconds: number): number {
  const offset = 3 * 3600;
  return Math.floor((seconds + offset) / DAY) * DAY - offset;
}

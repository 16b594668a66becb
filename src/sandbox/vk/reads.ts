import type { VkPost } from '../state.ts';
import { findCommunity } from '../state.ts';
import { photoObject } from './attachments.ts';
import type { VkCall } from './call.ts';
import { actsAsPerson, flag, isAdmin, numberOf, param, VkRefusal, wallOf } from './call.ts';
import { groupObject, isPublic, postObject } from './objects.ts';

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

import type { Core } from '../core.ts';
import { unixSeconds } from '../core.ts';
import type { Community, VkComment, VkPost, VkToken } from '../state.ts';
import { attachmentObject } from './attachments.ts';
import { actsAsPerson, isAdmin } from './call.ts';

export function isPublic(post: VkPost): boolean {
  return !post.deleted && post.postponed === 0 && post.post_type === 'post';
}

/** A post as the API shows it to the bearer of a token, or to nobody in particular. */
export function postObject(core: Core, post: VkPost, viewer?: VkToken): Record<string, unknown> {
  const admin = viewer !== undefined && isAdmin(viewer, -post.owner_id);
  const origin = post.copy_of === '' ? undefined : postNamed(core, post.copy_of);
  const flag = (name: string, set: boolean) => (set ? { [name]: 1 } : {});
  return {
    inner_type: 'wall_wallpost',
    type: 'post',
    post_type: post.postponed > 0 ? 'postpone' : post.post_type,
    id: post.id,
    owner_id: post.owner_id,
    from_id: post.from_id,
    date: post.postponed > 0 ? post.postponed : unixSeconds(post.at),
    ...(post.edited > 0 ? { edited: post.edited } : {}),
    ...(post.signer_id > 0 ? { signer_id: post.signer_id } : {}),
    ...(post.created_by > 0 && (admin || !viewer) ? { created_by: post.created_by } : {}),
    ...(admin ? { can_edit: 1, can_delete: 1, can_pin: 1 } : {}),
    ...flag('is_pinned', post.pinned),
    marked_as_ads: post.ads ? 1 : 0,
    text: post.text,
    attachments: post.attachments.flatMap((one) => attachmentObject(core, one, post)),
    ...(post.attachments_mode === 'carousel' ? { carousel_offset: 0 } : {}),
    ...(post.copyright === '' ? {} : { copyright: sourceObject(post.copyright) }),
    ...(post.geo === '' ? {} : { geo: { type: 'point', coordinates: post.geo, showmap: 0 } }),
    ...(post.topic_id > 0 ? { topic_id: post.topic_id } : {}),
    ...(post.donut_paid_duration === 0
      ? {}
      : { donut: { is_donut: true, paid_duration: post.donut_paid_duration } }),
    ...(origin ? { copy_history: [postObject(core, origin)] } : {}),
    comments: {
      can_post: post.comments_closed ? 0 : 1,
      can_view: 1,
      ...flag(post.comments_closed ? 'can_open' : 'can_close', admin),
      count: post.comments.filter((comment) => !comment.deleted).length,
      groups_can_post: !post.comments_closed,
    },
    likes: { can_like: 1, can_publish: 1, count: post.counters.likes, user_likes: 0 },
    reposts: { count: post.counters.reposts, user_reposted: 0 },
    views: { count: post.counters.views },
    post_source: { type: post.token_id === '' ? 'vk' : 'api' },
  };
}

function sourceObject(link: string): Record<string, unknown> {
  return { link, name: URL.canParse(link) ? new URL(link).hostname : link, type: 'link' };
}

/** The public post behind `wall-1_2`. */
export function postNamed(core: Core, name: string): VkPost | undefined {
  const [, owner, id] = /^wall(-?\d+)_(\d+)$/.exec(name) ?? [];
  const post = core.state.vkPosts.get(Number(owner))?.get(Number(id));
  return post && isPublic(post) ? post : undefined;
}

export function commentObject(core: Core, post: VkPost, comment: VkComment): Record<string, unknown> {
  const above = post.comments.find((other) => other.id === comment.reply_to);
  return {
    id: comment.id,
    from_id: comment.from_id,
    date: unixSeconds(comment.at),
    text: comment.text,
    post_id: post.id,
    owner_id: post.owner_id,
    parents_stack: comment.parents,
    ...(comment.reply_to > 0 ? { reply_to_comment: comment.reply_to } : {}),
    ...(above ? { reply_to_user: above.from_id } : {}),
    ...(comment.attachments.length > 0
      ? { attachments: comment.attachments.flatMap((one) => attachmentObject(core, one)) }
      : {}),
    is_from_post_author: comment.from_id === post.from_id,
  };
}

export function groupObject(
  core: Core,
  community: Community,
  viewer: VkToken,
  fields: string[],
): Record<string, unknown> {
  const picture = `${core.url}/files/community.png`;
  const admin = isAdmin(viewer, community.id);
  const optional: Record<string, unknown> = {
    members_count: community.members,
    description: community.description,
    status: '',
    verified: 0,
    can_post: admin ? 1 : 0,
    can_suggest: 1,
    wall: 1,
    activity: '',
  };
  return {
    id: community.id,
    name: community.name,
    screen_name: community.screen_name,
    is_closed: 0,
    type: 'page',
    ...(actsAsPerson(viewer) ? { is_admin: admin ? 1 : 0, is_member: admin ? 1 : 0, is_advertiser: 0 } : {}),
    ...(actsAsPerson(viewer) && admin ? { admin_level: adminLevel(community, viewer.user_id) } : {}),
    photo_50: picture,
    photo_100: picture,
    photo_200: picture,
    ...Object.fromEntries(
      fields.filter((field) => field in optional).map((field) => [field, optional[field]]),
    ),
  };
}

function adminLevel(community: Community, userId: number): number {
  const role = community.managers[String(userId)];
  return role === 'moderator' ? 1 : role === 'editor' ? 2 : 3;
}

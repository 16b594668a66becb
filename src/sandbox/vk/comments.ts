import type { Core } from '../core.ts';
import { note } from '../core.ts';
import type { VkComment, VkPost } from '../state.ts';
import { checkContent, listed } from './attachments.ts';
import type { VkCall } from './call.ts';
import {
  actsAsPerson,
  flag,
  isAdmin,
  numberOf,
  ownerOf,
  param,
  postOf,
  requireAdmin,
  requireScope,
  SCOPES,
  VkRefusal,
  wallOf,
} from './call.ts';
import type { Events } from './events.ts';
import { commentObject } from './objects.ts';
import { namesOf } from './reads.ts';
import { nextPostId } from './wall.ts';

export function wallCreateComment(call: VkCall): unknown {
  const { core, token, params, record } = call;
  const text = params.message ?? '';
  record.text = text;
  if (params.guid) record.guid = params.guid;
  const ownerId = ownerOf(call);
  const community = wallOf(call, ownerId);
  if (actsAsPerson(token)) requireScope(token, SCOPES.wall);
  if (token.kind === 'community') requireAdmin(token, -ownerId);
  const post = postOf(call, ownerId, Number(params.post_id));
  if (post.comments_closed) throw new VkRefusal(213);
  const attachments = listed(params.attachments);
  if (text.trim() === '' && attachments.length === 0) throw param('message is undefined');
  record.media = checkContent(call, { text, attachments }, community);
  const fromGroup = numberOf(params.from_group, 0);
  if (fromGroup > 0 && !isAdmin(token, fromGroup)) throw new VkRefusal(213);
  const twin = params.guid ? post.comments.find((comment) => comment.guid === params.guid) : undefined;
  if (twin && core.settings.guidMode === 'same_post_id')
    return { comment_id: twin.id, parents_stack: twin.parents };
  if (twin && core.settings.guidMode === 'error')
    throw new VkRefusal(213, 'a comment with this guid was added before');
  const replyTo = numberOf(params.reply_to_comment, 0);
  if (replyTo > 0 && !liveComment(post, replyTo)) throw param('reply_to_comment is invalid');
  const comment = addComment(call, post, {
    from_id: token.kind === 'community' ? ownerId : fromGroup > 0 ? -fromGroup : token.user_id,
    text,
    at: record.at,
    guid: params.guid ?? '',
    attachments,
    reply_to: replyTo,
  });
  record.remote_id = String(comment.id);
  note(core, record, 'accepted', 'accepted');
  return { comment_id: comment.id, parents_stack: comment.parents };
}

function liveComment(post: VkPost, id: number): VkComment | undefined {
  return post.comments.find((comment) => comment.id === id && !comment.deleted);
}

/** Puts a comment under a post and tells the community. */
export function addComment(
  { core, events }: { core: Core; events: Events },
  post: VkPost,
  parts: Omit<VkComment, 'id' | 'parents' | 'deleted'>,
): VkComment {
  const above = post.comments.find((comment) => comment.id === parts.reply_to);
  // Threads have one level: an answer to an answer stands beside it.
  const parents = above ? [above.parents[0] ?? above.id] : [];
  const comment: VkComment = { ...parts, id: nextPostId(core, post.owner_id), parents, deleted: false };
  post.comments.push(comment);
  core.state.save('vk_post', post);
  if (post.owner_id < 0)
    events.emit(-post.owner_id, 'wall_reply_new', {
      ...commentObject(core, post, comment),
      post_owner_id: post.owner_id,
    });
  return comment;
}

/** Takes a comment away and tells the community who did it. */
export function dropComment(
  { core, events }: { core: Core; events: Events },
  post: VkPost,
  comment: VkComment,
  deleter: number,
): void {
  comment.deleted = true;
  core.state.save('vk_post', post);
  if (post.owner_id < 0)
    events.emit(-post.owner_id, 'wall_reply_delete', {
      owner_id: post.owner_id,
      id: comment.id,
      deleter_id: deleter,
      post_id: post.id,
    });
}

/** The post of a wall that a living comment stands under. */
export function commented(
  core: Core,
  ownerId: number,
  id: number,
): { post: VkPost; comment: VkComment } | undefined {
  for (const post of core.state.vkPosts.get(ownerId)?.values() ?? []) {
    const comment = post.deleted ? undefined : liveComment(post, id);
    if (comment) return { post, comment };
  }
  return undefined;
}

export function wallDeleteComment(call: VkCall): unknown {
  const { core, token, params, record } = call;
  const ownerId = ownerOf(call);
  const community = wallOf(call, ownerId);
  requireScope(token, SCOPES.wall);
  const found = commented(core, ownerId, Number(params.comment_id));
  if (!found) throw new VkRefusal(104, 'comment not found');
  const own = found.comment.from_id === token.user_id || ownerId === token.user_id;
  if (!own && !(community && isAdmin(token, community.id))) throw new VkRefusal(211);
  record.text = found.comment.text;
  record.remote_id = String(found.comment.id);
  dropComment(call, found.post, found.comment, token.user_id);
  note(core, record, 'deleted', 'deleted');
  return 1;
}

export function wallGetComments(call: VkCall): unknown {
  const { core, params } = call;
  const ownerId = ownerOf(call);
  wallOf(call, ownerId);
  const top = numberOf(params.comment_id, 0);
  const post = top > 0 ? commented(core, ownerId, top)?.post : postOf(call, ownerId, Number(params.post_id));
  if (!post) throw new VkRefusal(104, 'comment not found');
  const living = post.comments.filter((comment) => !comment.deleted);
  const answers = (id: number) => living.filter((comment) => comment.parents[0] === id);
  const threads = numberOf(params.thread_items_count, 0);
  const level = top > 0 ? answers(top) : living.filter((comment) => comment.parents.length === 0);
  level.sort((a, b) => (params.sort === 'desc' ? b.id - a.id : a.id - b.id));
  const offset = numberOf(params.offset, 0);
  const can_post = !post.comments_closed;
  const shown = (comment: VkComment) => ({
    ...commentObject(core, post, comment),
    ...(flag(params.need_likes) ? { likes: { can_like: 1, count: 0, user_likes: 0 } } : {}),
  });
  const items = level.slice(offset, offset + Math.min(numberOf(params.count, 10), 100)).map((comment) => {
    if (top > 0) return shown(comment);
    const below = answers(comment.id);
    const thread = {
      count: below.length,
      items: below.slice(0, threads).map(shown),
      can_post,
      show_reply_button: can_post,
      groups_can_post: can_post,
    };
    return { ...shown(comment), thread };
  });
  const answer = {
    count: top > 0 ? level.length : living.length,
    items,
    current_level_count: level.length,
    can_post,
    show_reply_button: can_post,
    groups_can_post: can_post,
  };
  return flag(params.extended)
    ? { ...answer, ...namesOf(call, [ownerId, ...level.map((comment) => comment.from_id)]) }
    : answer;
}

/** Opens or closes the comments of a post, or of all by a community token too. */
export function wallSetComments(call: VkCall, open: boolean): unknown {
  const { core, token, params } = call;
  const ownerId = ownerOf(call);
  const community = wallOf(call, ownerId);
  if (actsAsPerson(token)) requireScope(token, SCOPES.wall);
  if (community) requireAdmin(token, community.id);
  const post = postOf(call, ownerId, Number(params.post_id));
  post.comments_closed = !open;
  core.state.save('vk_post', post);
  return 1;
}

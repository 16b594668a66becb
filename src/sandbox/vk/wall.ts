import { mediaOf, note, unixSeconds } from '../core.ts';
import type { VkMedia, VkPost, VkToken } from '../state.ts';
import { lastVkId } from '../state.ts';
import type { VkCall } from './call.ts';
import { flag, isAdmin, numberOf, param, postOf, requireScope, SCOPES, VkRefusal, wallOf } from './call.ts';

/** No official figure exists; UTF-16 units. */
const TEXT_LIMIT = 15_895;
const MEDIA_LIMIT = 10;
const LONGEST_TIMER = 2_147_483_647;
const DAY = 86_400_000;

export function wallPost(call: VkCall): unknown {
  const { core, token, params, record } = call;
  record.text = params.message ?? '';
  if (params.guid) record.guid = params.guid;
  const ownerId = numberOf(params.owner_id, token.kind === 'community' ? -token.group_id : token.user_id);
  const community = wallOf(call, ownerId);
  if (token.kind === 'user') requireScope(token, SCOPES.wall);
  const asCommunity = token.kind === 'community' || flag(params.from_group);
  if (token.kind === 'community' && -ownerId !== token.group_id)
    throw new VkRefusal(15, 'the token belongs to another community');
  if (community && asCommunity && !isAdmin(token, community.id))
    throw new VkRefusal(214, 'you can not post on behalf of this community');
  if (!community && ownerId !== token.user_id) throw new VkRefusal(214, 'access to the wall is denied');

  if (params.post_id) return { post_id: publishNow(call, postOf(call, ownerId, Number(params.post_id))).id };
  const attachments = listed(params.attachments);
  if (record.text.trim() === '' && attachments.length === 0)
    throw param('post is empty, either text or attachments are required');
  if (record.text.length > TEXT_LIMIT) throw param('message is too long');
  checkAttachments(call, attachments);

  const posts = core.state.vkPosts.get(ownerId) ?? new Map<number, VkPost>();
  const twin = params.guid && core.settings.guidMode !== 'ignored' && findByGuid(posts, token, params.guid);
  if (twin) {
    record.remote_id = String(twin.id);
    if (core.settings.guidMode === 'same_post_id') return { post_id: twin.id };
    throw new VkRefusal(214, 'a post with this guid was added before');
  }
  if (community && community.posts_per_day > 0 && postsOfDay(posts, record.at) >= community.posts_per_day)
    throw new VkRefusal(214, `you can only add ${community.posts_per_day} posts a day`);
  const postponed = numberOf(params.publish_date, 0);
  if (postponed > 0) checkDate(posts, postponed, record.at);

  const post: VkPost = {
    owner_id: ownerId,
    id: core.state.nextId(`post ${ownerId}`, () => lastVkId(core.state, ownerId)),
    at: record.at,
    from_id: asCommunity ? ownerId : token.user_id,
    text: record.text,
    attachments,
    guid: params.guid ?? '',
    pinned: false,
    deleted: false,
    edited: 0,
    postponed,
    token_id: token.label,
    counters: { likes: 0, reposts: 0, views: 0 },
    comments: [],
  };
  core.state.save('vk_post', post);
  record.remote_id = String(post.id);
  if (postponed > 0) publishLater(call, post);
  else note(core, record, 'accepted', 'accepted');
  return { post_id: post.id };
}

function findByGuid(posts: Map<number, VkPost>, token: VkToken, guid: string): VkPost | undefined {
  for (const post of posts.values()) if (post.guid === guid && post.token_id === token.label) return post;
  return undefined;
}

function postsOfDay(posts: Map<number, VkPost>, at: number): number {
  let made = 0;
  for (const post of posts.values()) if (post.at > at - DAY) made += 1;
  return made;
}

function checkDate(posts: Map<number, VkPost>, date: number, at: number): void {
  if (date <= unixSeconds(at)) throw new VkRefusal(214, 'invalid publish_date');
  for (const post of posts.values())
    if (!post.deleted && post.postponed > 0 && Math.floor(post.postponed / 60) === Math.floor(date / 60))
      throw new VkRefusal(214, 'a post is already scheduled for this time');
}

function publishLater(call: VkCall, post: VkPost): void {
  const wait = post.postponed * 1000 - Date.now();
  if (wait > LONGEST_TIMER) return;
  setTimeout(() => {
    const current = call.core.state.vkPosts.get(post.owner_id)?.get(post.id);
    if (current === post && !post.deleted && post.postponed > 0) publishNow(call, post);
  }, wait).unref();
}

/** A postponed post gets a new id when it goes out. */
function publishNow(call: VkCall, waiting: VkPost): VkPost {
  if (waiting.postponed === 0) throw param('post_id is not a postponed post');
  const { core } = call;
  const at = Date.now();
  const id = core.state.nextId(`post ${waiting.owner_id}`, () => lastVkId(core.state, waiting.owner_id));
  const post: VkPost = { ...waiting, id, at, postponed: 0 };
  waiting.deleted = true;
  core.state.save('vk_post', waiting);
  core.state.save('vk_post', post);
  note(core, { ...call.record, at, text: post.text, remote_id: String(id) }, 'accepted', 'accepted');
  return post;
}

/** Splits `photo1_2,doc-3_4,https://…`; a comma inside a link stays. */
export function listed(attachments: string | undefined): string[] {
  if (!attachments) return [];
  return attachments
    .split(/,(?=\s*(?:[a-z_]+-?\d+_\d+|https?:\/\/))/)
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** The stored photo or document that an attachment names. */
export function mediaNamed(call: Pick<VkCall, 'core'>, attachment: string): VkMedia | undefined {
  const name = /^((?:photo|doc)-?\d+_\d+)/.exec(attachment)?.[1];
  return name === undefined ? undefined : call.core.state.vkMedia.get(name);
}

function checkAttachments(call: VkCall, attachments: string[]): void {
  const { core, token, record } = call;
  const links = attachments.filter((one) => /^https?:\/\//.test(one));
  const docs = attachments.filter((one) => one.startsWith('doc'));
  if (attachments.length - links.length > MEDIA_LIMIT) throw param(`attachments: more than ${MEDIA_LIMIT}`);
  if (links.length > 1) throw param('attachments: only one link is allowed');
  if (docs.length > 1) throw param('attachments: only one document is allowed');
  if (docs.length > 0 && token.refuse_docs) throw new VkRefusal(15, 'no access to attach documents');
  record.media = [];
  for (const attachment of attachments) {
    if (links.includes(attachment)) continue;
    const media = mediaNamed(call, attachment);
    const file = media && core.state.files.get(media.file);
    if (!media || !file) throw param(`attachments: no such media ${attachment.slice(0, 40)}`);
    record.media.push(mediaOf(media.kind, file));
  }
}

/** The post that an administrator's call is about. */
function managed(call: VkCall): VkPost {
  const ownerId = numberOf(call.params.owner_id, call.token.user_id);
  const community = wallOf(call, ownerId);
  requireScope(call.token, SCOPES.wall);
  if (community ? !isAdmin(call.token, community.id) : ownerId !== call.token.user_id)
    throw new VkRefusal(15, 'you are no administrator of this community');
  return postOf(call, ownerId, Number(call.params.post_id));
}

export function wallEdit(call: VkCall): unknown {
  const post = managed(call);
  const attachments = listed(call.params.attachments);
  const text = call.params.message ?? '';
  call.record.text = text;
  if (text.trim() === '' && attachments.length === 0)
    throw param('post is empty, either text or attachments are required');
  if (text.length > TEXT_LIMIT) throw param('message is too long');
  checkAttachments(call, attachments);
  post.text = text;
  post.attachments = attachments;
  post.edited = unixSeconds(call.record.at);
  call.core.state.save('vk_post', post);
  note(call.core, call.record, 'edited', 'edited');
  return { post_id: post.id };
}

export function wallDelete(call: VkCall): unknown {
  const post = managed(call);
  post.deleted = true;
  call.core.state.save('vk_post', post);
  call.record.text = post.text;
  note(call.core, call.record, 'deleted', 'deleted');
  return 1;
}

export function wallPin(call: VkCall, pinned: boolean): unknown {
  const post = managed(call);
  for (const other of call.core.state.vkPosts.get(post.owner_id)?.values() ?? []) {
    if (!other.pinned || other === post) continue;
    other.pinned = !pinned;
    call.core.state.save('vk_post', other);
  }
  post.pinned = pinned;
  call.core.state.save('vk_post', post);
  return 1;
}

export function wallCreateComment(call: VkCall): unknown {
  const { core, token, params, record } = call;
  record.text = params.message ?? '';
  if (params.guid) record.guid = params.guid;
  const ownerId = numberOf(params.owner_id, token.kind === 'community' ? -token.group_id : token.user_id);
  const community = wallOf(call, ownerId);
  if (token.kind === 'user') requireScope(token, SCOPES.wall);
  if (token.kind === 'community' && -ownerId !== token.group_id)
    throw new VkRefusal(15, 'the token belongs to another community');
  const post = postOf(call, ownerId, Number(params.post_id));
  const attachments = listed(params.attachments);
  if (record.text.trim() === '' && attachments.length === 0) throw param('message is undefined');
  checkAttachments(call, attachments);
  const fromGroup = numberOf(params.from_group, 0);
  if (fromGroup > 0 && !isAdmin(token, fromGroup)) throw new VkRefusal(213);
  const twin = params.guid ? post.comments.find((comment) => comment.guid === params.guid) : undefined;
  if (twin && core.settings.guidMode === 'same_post_id') return { comment_id: twin.id, parents_stack: [] };
  if (twin && core.settings.guidMode === 'error')
    throw new VkRefusal(213, 'a comment with this guid was added before');
  const id = core.state.nextId(`post ${ownerId}`, () => lastVkId(core.state, ownerId));
  const from =
    token.kind === 'community' && community ? -community.id : fromGroup > 0 ? -fromGroup : token.user_id;
  post.comments.push({ id, from_id: from, text: record.text, at: record.at, guid: params.guid ?? '' });
  core.state.save('vk_post', post);
  record.remote_id = String(id);
  note(core, record, 'accepted', 'accepted');
  return { comment_id: id, parents_stack: [] };
}

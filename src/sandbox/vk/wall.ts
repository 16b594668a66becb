import type { Core } from '../core.ts';
import { note, unixSeconds } from '../core.ts';
import type { Community, VkPost, VkToken } from '../state.ts';
import { lastVkId } from '../state.ts';
import { checkContent, listed } from './attachments.ts';
import type { VkCall } from './call.ts';
import {
  actsAsPerson,
  flag,
  isAdmin,
  managedPost,
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
import { postNamed, postObject } from './objects.ts';
import { postOfParts } from './records.ts';

/** No official figure exists; UTF-16 units. */
const TEXT_LIMIT = 15_895;
const LONGEST_TIMER = 2_147_483_647;
const DAY = 86_400_000;
const YEAR = 365 * 86_400;

type Machine = Pick<VkCall, 'core' | 'events'>;

export function wallPost(call: VkCall): unknown {
  const { core, token, params, record } = call;
  record.text = params.message ?? '';
  if (params.guid) record.guid = params.guid;
  const ownerId = ownerOf(call);
  const community = wallOf(call, ownerId);
  if (actsAsPerson(token)) requireScope(token, SCOPES.wall);
  const asCommunity = token.kind === 'community' || flag(params.from_group);
  if (community && token.kind === 'community') requireAdmin(token, community.id);
  if (community && asCommunity && !isAdmin(token, community.id))
    throw new VkRefusal(214, 'you can not post on behalf of this community');
  if (!community && ownerId !== token.user_id) throw new VkRefusal(214, 'access to the wall is denied');

  if (params.post_id) return { post_id: publishWaiting(call, postOf(call, ownerId, Number(params.post_id))) };
  const content = contentOf(call, community);

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

  const post = postOfParts({
    ...content,
    ...optionsOf(call, community, asCommunity),
    owner_id: ownerId,
    id: nextPostId(core, ownerId),
    at: record.at,
    from_id: asCommunity && community ? ownerId : token.user_id,
    created_by: token.user_id,
    guid: params.guid ?? '',
    postponed,
    token_id: token.label,
  });
  core.state.save('vk_post', post);
  record.remote_id = String(post.id);
  if (postponed > 0) {
    events(call, post, 'wall_schedule_post_new');
    publishLater(call, post);
  } else {
    note(core, record, 'accepted', 'accepted');
    announce(call, post);
  }
  return { post_id: post.id };
}

export function nextPostId(core: Core, ownerId: number): number {
  return core.state.nextId(`post ${ownerId}`, () => lastVkId(core.state, ownerId));
}

/** Text and attachments of a call, checked and noted in its ledger row. */
function contentOf(call: VkCall, community: Community | undefined): Pick<VkPost, 'text' | 'attachments'> {
  const text = call.params.message ?? '';
  const attachments = listed(call.params.attachments);
  if (text.length > TEXT_LIMIT) throw param('message is too long');
  call.record.text = text;
  call.record.media = checkContent(call, { text, attachments }, community);
  return { text, attachments };
}

/** What may be said of a post beside its content; a call that leaves one out turns it off. */
function optionsOf(
  { params, token }: VkCall,
  community: Community | undefined,
  asCommunity: boolean,
): Partial<VkPost> {
  const paid = numberOf(params.donut_paid_duration, 0);
  if (paid !== 0 && !community?.donut) throw new VkRefusal(225);
  const { lat, long } = params;
  const mode = params.primary_attachments_mode;
  const copyright = params.copyright ?? '';
  // VK also takes the address of one of its own pages, without a scheme.
  if (copyright !== '' && !/^(https?:\/\/)?[^\s/]+\.[^\s/]+/i.test(copyright))
    throw param('copyright is invalid');
  return {
    signer_id: community && asCommunity && flag(params.signed) ? token.user_id : 0,
    ads: flag(params.mark_as_ads),
    muted: flag(params.mute_notifications),
    comments_closed: flag(params.close_comments),
    copyright,
    attachments_mode: mode === 'grid' || mode === 'carousel' ? mode : '',
    donut_paid_duration: paid,
    link_title: params.link_title ?? '',
    link_photo: params.link_photo_id ?? '',
    geo: lat !== undefined && long !== undefined ? `${lat} ${long}` : '',
    topic_id: numberOf(params.topic_id, 0),
  };
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

function checkDate(posts: Map<number, VkPost>, date: number, at: number, own = 0): void {
  const now = unixSeconds(at);
  if (date <= now || date > now + YEAR) throw new VkRefusal(214, 'invalid publish_date');
  for (const post of posts.values())
    if (
      !post.deleted &&
      post.id !== own &&
      post.postponed > 0 &&
      Math.floor(post.postponed / 60) === Math.floor(date / 60)
    )
      throw new VkRefusal(214, 'a post is already scheduled for this time');
}

/** Sets the clock of every postponed post again, after a start. */
export function resumePostponed(machine: Machine): void {
  for (const posts of machine.core.state.vkPosts.values())
    for (const post of posts.values()) if (post.postponed > 0 && !post.deleted) publishLater(machine, post);
}

function publishLater(machine: Machine, post: VkPost): void {
  const date = post.postponed;
  const wait = date * 1000 - Date.now();
  if (wait > LONGEST_TIMER) return;
  setTimeout(() => {
    const current = machine.core.state.vkPosts.get(post.owner_id)?.get(post.id);
    if (current === post && !post.deleted && post.postponed === date) publishNow(machine, post, post.from_id);
  }, wait).unref();
}

/** Publishes a postponed post ahead of its time, or a suggested one in the name of the community. */
function publishWaiting(call: VkCall, waiting: VkPost): number {
  if (waiting.postponed === 0 && waiting.post_type !== 'suggest')
    throw param('post_id is no postponed or suggested post');
  const from = waiting.post_type === 'suggest' ? waiting.owner_id : waiting.from_id;
  return publishNow(call, waiting, from).id;
}

/** A waiting post gets a new id when it goes out. */
function publishNow(machine: Machine, waiting: VkPost, from: number): VkPost {
  const { core } = machine;
  const at = Date.now();
  const id = nextPostId(core, waiting.owner_id);
  const postponed_id = waiting.postponed > 0 ? waiting.id : 0;
  const post: VkPost = { ...waiting, id, at, from_id: from, post_type: 'post', postponed: 0, postponed_id };
  waiting.deleted = true;
  core.state.save('vk_post', waiting);
  core.state.save('vk_post', post);
  core.ledger.append({
    at,
    event: 'accepted',
    network: 'vk',
    method: 'wall.post',
    token_id: post.token_id,
    place: String(post.owner_id),
    text: post.text,
    remote_id: String(id),
    ...(post.guid === '' ? {} : { guid: post.guid }),
    outcome: 'accepted',
  });
  announce(machine, post);
  return post;
}

/** Tells who listens to the community of a new post on its wall. */
export function announce({ core, events }: { core: Core; events: Events }, post: VkPost): void {
  if (post.owner_id > 0) return;
  events.emit(-post.owner_id, 'wall_post_new', {
    ...postObject(core, post),
    ...(post.postponed_id > 0 ? { postponed_id: post.postponed_id } : {}),
  });
}

function events(
  call: Machine,
  post: VkPost,
  type: 'wall_schedule_post_new' | 'wall_schedule_post_delete',
): void {
  if (post.owner_id < 0)
    call.events.emit(-post.owner_id, type, { schedule_time: post.postponed, id: post.id });
}

export function wallEdit(call: VkCall): unknown {
  const post = managedPost(call);
  const { core, params, record } = call;
  const community = wallOf(call, post.owner_id);
  const content = contentOf(call, community);
  const options = optionsOf(call, community, post.from_id === post.owner_id);
  const date = numberOf(params.publish_date, 0);
  if (post.postponed === 0 && date > 0) throw new VkRefusal(214, 'the post is published already');
  if (date > 0) checkDate(core.state.vkPosts.get(post.owner_id) ?? new Map(), date, record.at, post.id);
  if (post.postponed > 0) events(call, post, 'wall_schedule_post_delete');
  Object.assign(post, content, options);
  if (post.postponed > 0) {
    // Without its date a postponed post goes out at once.
    if (date === 0) return { post_id: publishNow(call, post, post.from_id).id };
    post.postponed = date;
    events(call, post, 'wall_schedule_post_new');
    publishLater(call, post);
  } else post.edited = unixSeconds(record.at);
  core.state.save('vk_post', post);
  note(core, record, 'edited', 'edited');
  return { post_id: post.id };
}

export function wallDelete(call: VkCall): unknown {
  const post = managedPost(call);
  post.deleted = true;
  call.core.state.save('vk_post', post);
  call.record.text = post.text;
  note(call.core, call.record, 'deleted', 'deleted');
  if (post.postponed > 0) events(call, post, 'wall_schedule_post_delete');
  return 1;
}

export function wallRestore(call: VkCall): unknown {
  const { core, token, params } = call;
  const ownerId = ownerOf(call);
  const community = wallOf(call, ownerId);
  requireScope(token, SCOPES.wall);
  if (community) requireAdmin(token, community.id);
  const post = core.state.vkPosts.get(ownerId)?.get(Number(params.post_id));
  if (!post?.deleted) throw new VkRefusal(104, 'post not found');
  post.deleted = false;
  core.state.save('vk_post', post);
  return 1;
}

export function wallPin(call: VkCall, pinned: boolean): unknown {
  const post = managedPost(call);
  if (post.postponed > 0 || post.post_type !== 'post') throw param('post_id is not a published post');
  pin(call.core, post, pinned);
  return 1;
}

/** At most one post of a wall is pinned. */
export function pin(core: Core, post: VkPost, pinned: boolean): void {
  for (const other of core.state.vkPosts.get(post.owner_id)?.values() ?? []) {
    if (!other.pinned || other === post) continue;
    other.pinned = !pinned;
    core.state.save('vk_post', other);
  }
  post.pinned = pinned;
  core.state.save('vk_post', post);
}

export function wallRepost(call: VkCall): unknown {
  const { core, token, params, record } = call;
  requireScope(token, SCOPES.wall);
  const origin = postNamed(core, params.object ?? '');
  if (!origin) throw new VkRefusal(104, 'post not found');
  const group = numberOf(params.group_id, 0);
  if (group > 0 && !isAdmin(token, group))
    throw new VkRefusal(214, 'you can not post on behalf of this community');
  const ownerId = group > 0 ? -group : token.user_id;
  wallOf(call, ownerId);
  record.text = params.message ?? '';
  const post = shareOf(call, origin, {
    owner_id: ownerId,
    from_id: ownerId,
    text: record.text,
    created_by: token.user_id,
    ads: flag(params.mark_as_ads),
    token_id: token.label,
  });
  record.remote_id = String(post.id);
  note(core, record, 'accepted', 'accepted');
  announce(call, post);
  return {
    success: 1,
    post_id: post.id,
    reposts_count: origin.counters.reposts,
    likes_count: origin.counters.likes,
  };
}

/** Puts a share of a post on a wall and tells the community that wrote it. */
export function shareOf(
  { core, events }: Machine,
  origin: VkPost,
  parts: Pick<VkPost, 'owner_id' | 'from_id' | 'text'> & Partial<VkPost>,
): VkPost {
  const post = postOfParts({
    ...parts,
    id: nextPostId(core, parts.owner_id),
    at: Date.now(),
    copy_of: `wall${origin.owner_id}_${origin.id}`,
  });
  origin.counters.reposts += 1;
  core.state.save('vk_post', origin);
  core.state.save('vk_post', post);
  if (origin.owner_id < 0) events.emit(-origin.owner_id, 'wall_repost', postObject(core, post));
  return post;
}

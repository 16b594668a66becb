import * as v from 'valibot';
import type { Core } from '../core.ts';
import { preciseNow } from '../ledger.ts';
import type { Community, VkPost } from '../state.ts';
import type { AccessActs } from './access.ts';
import { communityNamed, createAccessActs, group, newCode } from './access.ts';
import { mediaNamed, pollNamed, videoState } from './attachments.ts';
import type { CallbackDelivery } from './callbacks.ts';
import { addComment, commented, dropComment } from './comments.ts';
import type { Events } from './events.ts';
import { isPublic } from './objects.ts';
import { postOfParts } from './records.ts';
import { countPerson } from './stats.ts';
import type { Uploads } from './uploads.ts';
import type { VkPostView } from './view.ts';
import { viewOf } from './view.ts';
import { announce, nextPostId, pin, shareOf } from './wall.ts';

const post_id = v.union([v.number(), v.string()]);
/** Whoever it is unless told. */
const user_id = v.optional(v.number(), 500);
const attachments = v.array(v.string());
const onPost = v.strictObject({ group, post_id });
const inGroup = v.strictObject({ group });
const asPerson = v.strictObject({ group, user_id });

const postInput = v.strictObject({
  group,
  text: v.string(),
  attachments: v.optional(attachments, []),
  /** Who writes under his own name; without it a manager writes as the community. */
  user_id: v.optional(v.number()),
  /** Waits for a manager's decision. */
  suggested: v.optional(v.boolean(), false),
  ads: v.optional(v.boolean(), false),
  /** When it was made, in epoch ms; now unless told. */
  at: v.optional(v.number()),
});
const editInput = v.strictObject({
  group,
  post_id,
  text: v.optional(v.string()),
  attachments: v.optional(attachments),
});
const cutInput = v.strictObject({
  group,
  post_id,
  /** UTF-16 units that are left of the text. */
  text: v.optional(v.number()),
  /** How many attachments are left. */
  attachments: v.optional(v.number()),
});
const pinInput = v.strictObject({ group, post_id, pinned: v.optional(v.boolean(), true) });
const likeInput = v.strictObject({
  group,
  post_id,
  user_id,
  comment_id: v.optional(v.number(), 0),
  remove: v.optional(v.boolean(), false),
});
const commentInput = v.strictObject({
  group,
  post_id,
  text: v.string(),
  user_id,
  reply_to: v.optional(v.number(), 0),
});
const uncommentInput = v.strictObject({ group, comment_id: v.number(), user_id });
const repostInput = v.strictObject({ group, post_id, user_id, text: v.optional(v.string(), '') });
const voteInput = v.strictObject({
  /** `poll-1_2`. */
  poll: v.string(),
  answer_id: v.number(),
  votes: v.optional(v.number(), 1),
});
const viewsInput = v.strictObject({ group, post_id, views: v.number() });
const many = v.exactOptional(v.number());
const dayInput = v.strictObject({
  group,
  /** In Moscow. */
  date: v.pipe(v.string(), v.isoDate()),
  views: many,
  visitors: many,
  reach: many,
  subscribed: many,
  unsubscribed: many,
});
const failVideoInput = v.strictObject({
  /** `video-1_2`; without it the next one that is uploaded. */
  video: v.optional(v.string()),
  how: v.optional(v.picklist(['restricted', 'gone']), 'restricted'),
});
const planInput = v.strictObject({
  group,
  act: v.picklist(['twice', 'delay', 'drop']),
  type: v.optional(v.string(), ''),
  ms: v.optional(v.number(), 1000),
  times: v.optional(v.number(), 1),
});
const failPollInput = v.strictObject({ group, failed: v.picklist([1, 2, 3]) });

type Given<Schema extends v.GenericSchema> = v.InferInput<Schema>;

/** What people do in VK behind the API's back. `group` is a community by id or short name. */
export interface VkActs extends AccessActs {
  /** A post that nobody made through the API; listeners hear of it. Returns its id. */
  personPostsOnWall(input: Given<typeof postInput>): string;
  editByPerson(input: Given<typeof editInput>): void;
  deleteByPerson(input: Given<typeof onPost>): void;
  pinByPerson(input: Given<typeof pinInput>): void;
  /** Leaves a part of a post, without a word, as if VK had not taken it all. */
  truncatePost(input: Given<typeof cutInput>): void;
  like(input: Given<typeof likeInput>): void;
  /** Returns the comment's id. */
  comment(input: Given<typeof commentInput>): number;
  deleteComment(input: Given<typeof uncommentInput>): void;
  /** Somebody shares a post on his own wall. */
  repost(input: Given<typeof repostInput>): void;
  vote(input: Given<typeof voteInput>): void;
  setViews(input: Given<typeof viewsInput>): void;
  /** What statistics tell of one day; only the given figures change. */
  setDay(input: Given<typeof dayInput>): void;
  join(input: Given<typeof asPerson>): void;
  leave(input: Given<typeof asPerson>): void;
  /** Lets the processing of a video fail: it stays as a restricted one, or is gone. */
  failVideo(input: Given<typeof failVideoInput>): void;
  /** VK changes the code that addresses answer; returns the new one. */
  changeConfirmationCode(input: Given<typeof inGroup>): string;
  /** Delivers the next events twice, late, or not at all. */
  planCallback(input: Given<typeof planInput>): void;
  /** Every POST to the addresses of a community, in order. */
  callbackDeliveries(input: Given<typeof inGroup>): CallbackDelivery[];
  /** Makes the next question of a long poll fail: 1 = history lost, 2 = key expired, 3 = both. */
  failLongPoll(input: Given<typeof failPollInput>): void;
  /** A post with everything about it, deleted and waiting ones too; null when there never was one. */
  readPost(input: Given<typeof onPost>): VkPostView | null;
}

export function createVkActs(core: Core, events: Events, uploads: Uploads): VkActs {
  const { state } = core;
  const machine = { core, events };

  function found(given: { group: string | number; post_id: string | number }): {
    community: Community;
    post: VkPost;
  } {
    const community = communityNamed(core, given.group);
    const post = state.vkPosts.get(-community.id)?.get(Number(given.post_id));
    if (!post || post.deleted) throw new Error(`no such post: ${given.post_id}`);
    return { community, post };
  }

  function checked(names: string[]): string[] {
    const stranger = names.find(
      (one) => !/^https?:/.test(one) && !mediaNamed({ core }, one) && !pollNamed({ core }, one),
    );
    if (stranger !== undefined) throw new Error(`no such media: ${stranger}`);
    return names;
  }

  return {
    ...createAccessActs(core, events),
    personPostsOnWall(given) {
      const input = v.parse(postInput, given);
      const community = communityNamed(core, input.group);
      const owner_id = -community.id;
      const post = postOfParts({
        owner_id,
        id: nextPostId(core, owner_id),
        at: input.at ?? preciseNow(),
        from_id: input.user_id ?? owner_id,
        created_by: input.user_id ?? community.creator_id,
        post_type: input.suggested ? 'suggest' : 'post',
        text: input.text,
        attachments: checked(input.attachments),
        ads: input.ads,
      });
      state.save('vk_post', post);
      announce(machine, post);
      return String(post.id);
    },
    editByPerson(given) {
      const input = v.parse(editInput, given);
      const { post } = found(input);
      post.text = input.text ?? post.text;
      post.attachments = checked(input.attachments ?? post.attachments);
      post.edited = Math.floor(Date.now() / 1000);
      state.save('vk_post', post);
    },
    deleteByPerson(given) {
      const { post } = found(v.parse(onPost, given));
      state.save('vk_post', Object.assign(post, { deleted: true }));
      if (post.postponed > 0)
        events.emit(-post.owner_id, 'wall_schedule_post_delete', {
          schedule_time: post.postponed,
          id: post.id,
        });
    },
    pinByPerson(given) {
      const input = v.parse(pinInput, given);
      pin(core, found(input).post, input.pinned);
    },
    truncatePost(given) {
      const input = v.parse(cutInput, given);
      const { post } = found(input);
      post.text = post.text.slice(0, input.text ?? post.text.length);
      post.attachments = post.attachments.slice(0, input.attachments ?? post.attachments.length);
      state.save('vk_post', post);
    },
    like(given) {
      const input = v.parse(likeInput, given);
      const { community, post } = found(input);
      const onComment = input.comment_id > 0;
      if (!onComment) {
        post.counters.likes = Math.max(0, post.counters.likes + (input.remove ? -1 : 1));
        state.save('vk_post', post);
      }
      events.emit(community.id, input.remove ? 'like_remove' : 'like_add', {
        liker_id: input.user_id,
        object_type: onComment ? 'comment' : 'post',
        object_owner_id: post.owner_id,
        object_id: onComment ? input.comment_id : post.id,
        // Names the post of a comment, and nothing else.
        post_id: onComment ? post.id : 0,
      });
    },
    comment(given) {
      const input = v.parse(commentInput, given);
      const { post } = found(input);
      const parts = { from_id: input.user_id, text: input.text, reply_to: input.reply_to };
      return addComment(machine, post, { ...parts, at: preciseNow(), guid: '', attachments: [] }).id;
    },
    deleteComment(given) {
      const input = v.parse(uncommentInput, given);
      const place = commented(core, -communityNamed(core, input.group).id, input.comment_id);
      if (!place) throw new Error(`no such comment: ${input.comment_id}`);
      dropComment(machine, place.post, place.comment, input.user_id);
    },
    repost(given) {
      const input = v.parse(repostInput, given);
      const { post } = found(input);
      const parts = { owner_id: input.user_id, from_id: input.user_id, text: input.text };
      if (isPublic(post)) shareOf(machine, post, parts);
    },
    vote(given) {
      const input = v.parse(voteInput, given);
      const poll = pollNamed({ core }, input.poll);
      const answer = poll?.answers.find((one) => one.id === input.answer_id);
      if (!poll || !answer) throw new Error('no such poll or answer');
      answer.votes += input.votes;
      state.save('vk_poll', poll);
    },
    setViews(given) {
      const input = v.parse(viewsInput, given);
      const { post } = found(input);
      post.counters.views = input.views;
      state.save('vk_post', post);
    },
    setDay(given) {
      const { group: name, date, ...figures } = v.parse(dayInput, given);
      const community = communityNamed(core, name);
      community.days = { ...community.days, [date]: { ...community.days?.[date], ...figures } };
      state.save('community', community);
    },
    join(given) {
      const input = v.parse(asPerson, given);
      const community = communityNamed(core, input.group);
      countPerson(community, 'subscribed');
      state.save('community', Object.assign(community, { members: community.members + 1 }));
      events.emit(community.id, 'group_join', { user_id: input.user_id, join_type: 'join' });
    },
    leave(given) {
      const input = v.parse(asPerson, given);
      const community = communityNamed(core, input.group);
      countPerson(community, 'unsubscribed');
      state.save('community', Object.assign(community, { members: Math.max(0, community.members - 1) }));
      events.emit(community.id, 'group_leave', { user_id: input.user_id, self: 1 });
    },
    failVideo(given) {
      const input = v.parse(failVideoInput, given);
      if (input.video === undefined) return uploads.failNext(input.how);
      const media = mediaNamed({ core }, input.video);
      if (media?.kind !== 'video') throw new Error(`no such video: ${input.video}`);
      media.failure = input.how;
      if (videoState(media) !== 'empty') media.ready_at = Math.min(media.ready_at, Date.now());
      state.save('vk_media', media);
    },
    changeConfirmationCode(given) {
      const community = communityNamed(core, v.parse(inGroup, given).group);
      community.confirmation_code = newCode();
      state.save('community', community);
      return community.confirmation_code;
    },
    planCallback(given) {
      const { group: named, ...plan } = v.parse(planInput, given);
      events.callbacks.plan({ ...plan, group_id: communityNamed(core, named).id });
    },
    callbackDeliveries: (given) =>
      events.callbacks.deliveries(communityNamed(core, v.parse(inGroup, given).group).id),
    failLongPoll(given) {
      const input = v.parse(failPollInput, given);
      events.longPoll.fail(communityNamed(core, input.group).id, input.failed);
    },
    readPost(given) {
      const input = v.parse(onPost, given);
      const post = state.vkPosts.get(-communityNamed(core, input.group).id)?.get(Number(input.post_id));
      return post ? viewOf(core, post) : null;
    },
  };
}

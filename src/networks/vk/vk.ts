import type { Network, PaceRule, Place } from '../network.ts';
import { reachable } from '../request.ts';
import { commentVk, editProblemsVk, editVk, pinVk, publishVk, removeVk } from './acts.ts';
import { addressOf, detailsOf, type TokenKind, VkCredentials } from './call.ts';
import { cardVk } from './card.ts';
import { afterwardsVk, composeVk, liveVk } from './compose.ts';
import { connectVk } from './connect.ts';
import { findVk, findVkComment, readVk } from './find.ts';
import { wallReads } from './listing.ts';
import { refreshVk, vkSignIn } from './oauth.ts';
import { settingsOf, VkOptions, VkSettings, vkLimits } from './options.ts';
import { stageVk, stageVkPoll } from './stage.ts';
import { vkStats } from './stats.ts';
import { vkInbound } from './updates.ts';

export const vk: Network<VkCredentials> = {
  name: 'vk',
  onePin: true,
  title: 'VK',
  limits: vkLimits,
  credentials: VkCredentials,
  options: VkOptions,
  settings: VkSettings,
  externalIdHelp: 'The id, the short name or the vk.com link of the community.',
  connect: connectVk,
  pace(_credentials, place) {
    const { user, community } = bucketsOf(place);
    const bucket = detailsOf(place).writes_with === 'user' ? user : community;
    return {
      send: [bucket],
      credential: bucket,
      reads: { user, community, [wallReads]: wallBucketOf(user) },
    };
  },
  compose: composeVk,
  card: cardVk,
  perDay: (place) => ({
    posts: settingsOf(place).posts_per_day,
    timezone: 'Europe/Moscow',
    setting: 'posts_per_day',
  }),
  live: (message) => liveVk(message),
  afterwards: afterwardsVk,
  // Photos and documents take two, videos and polls one.
  stageCalls: 2,
  stages(place) {
    const { image_mode, documents_with, video } = detailsOf(place);
    return image_mode === 'photo' || documents_with !== null || video;
  },
  stage: stageVk,
  stagePoll: stageVkPoll,
  publish: publishVk,
  find: findVk,
  editProblems: editProblemsVk,
  edit: editVk,
  remove: removeVk,
  pin: (access, place, target, pinned) => pinVk(access, place, target, pinned !== false),
  comment: (access, place, target, comment, _thread, clientKey) =>
    commentVk(access, place, target, comment, clientKey),
  findComment: findVkComment,
  read: readVk,
  stats: vkStats,
  remoteIdOf(place, url) {
    const [, group, post, reply, short] =
      /^https?:\/\/(?:www\.|m\.)?vk\.(?:com|ru)\/(?:[^#]*[/=?])?wall-(\d+)_(\d+)(?:\?(?:[^#]*&)?reply=(\d+)|_r(\d+))?(?![\d_])/.exec(
        url.trim(),
      ) ?? [];
    if (group !== place.externalId || post === undefined) return null;
    const comment = reply ?? short;
    return comment === undefined ? post : `${post}?reply=${comment}`;
  },
  echoes: (place) => place.capabilities.updates.available,
  urlOf: addressOf,
  inbound: vkInbound,
  // Without a token VK answers with an error document: enough to know that it answers.
  probe: (root, timeout) => reachable(`${root}/utils.getServerTime`, timeout),
  expiresAt: ({ user_oauth }) => user_oauth?.expires_at ?? null,
  refresh: refreshVk,
  rotating: ['user_oauth'],
  // VK tells of a community by servers that are set up for it, one set for all of its tokens.
  sourceKey: (_credentials, externalId) => (externalId === null ? null : `vk:group:${externalId}`),
  signIn: vkSignIn,
};

/**
 * VK allows 3 calls a second of a person, 20 of a community. Below that, because an upload takes two permits at once and
 * makes its second call when the picture is through.
 */
function bucketsOf(place: Place): Record<TokenKind, PaceRule> {
  const { user_id } = detailsOf(place);
  return {
    user: { key: `vk:user:${user_id ?? `of:${place.externalId}`}`, rate: 2, per: 1000, burst: 1 },
    community: { key: `vk:group:${place.externalId}`, rate: 10, per: 1000, burst: 5 },
  };
}

/** VK lists walls to a person 5,000 times a day: looking for a post whose answer was lost shall find most of it left. */
function wallBucketOf({ key }: PaceRule): PaceRule {
  return { key: `${key}:wall`, rate: 2_000, per: 86_400_000, burst: 100 };
}

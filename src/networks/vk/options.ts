import * as v from 'valibot';
import { isLink } from '../../text/formatted.ts';
import type { Message, Remark } from '../message.ts';
import type { Limits, Place } from '../network.ts';

/** VK publishes no figure; this is the length that its own editor takes. */
const textMost = 15_895;
/** Photos and videos together. */
export const attachedMost = 10;
const megabyte = 1_048_576;
const none = { most: 0, bytes: 0, mimes: null };
export const imageMimes = ['image/jpeg', 'image/png', 'image/gif'];

export const vkLimits: Limits = {
  text: { most: textMost, unit: 'utf16_code_units' },
  caption: { most: textMost, unit: 'utf16_code_units' },
  // Photos and videos, and one file beside them.
  media: attachedMost + 1,
  images: { most: attachedMost, bytes: 50 * megabyte, mimes: imageMimes },
  // VK names no greatest size; this is far above what can be uploaded here.
  video: { most: attachedMost, bytes: 256 * 1024 * megabyte, mimes: null },
  animation: { most: 1, bytes: 2048 * megabyte, mimes: ['image/gif', 'video/mp4'] },
  audio: none,
  voice: none,
  document: { most: 1, bytes: 2048 * megabyte, mimes: null },
  // VK names no length of a question; this one is ours.
  poll: { question: 255, option: 100, least: 1, most: 10 },
};

/**
 * What one post may ask of VK. Left out: posts for paying supporters, since `wall.post` takes their
 * `donut_paid_duration` only where VK Donut is switched on, and no call tells which levels there are.
 */
export const VkOptions = v.strictObject({
  signed: flag(false, 'Show the author under the post.'),
  from_group: flag(true, 'Post as the community, not as the person.'),
  mute_notifications: flag(false, 'Notify no followers.'),
  close_comments: flag(false, 'Let nobody comment.'),
  copyright: address('Address of the source, which VK shows under the post.'),
  mark_as_ads: flag(false, 'Mark the post as advertising.'),
  attachments_mode: v.optional(
    v.nullable(
      v.pipe(
        v.picklist(['grid', 'carousel'], 'must be grid or carousel'),
        v.description('How VK shows several photos; null: as VK likes.'),
      ),
    ),
    null,
  ),
  pin: flag(false, 'Pin the post once it is public.'),
  delete_after_hours: v.optional(
    v.nullable(
      v.pipe(
        v.number(),
        v.check((hours) => hours > 0 && hours <= 8760, 'must be more than 0 and at most 8760 hours'),
        v.description('Deletes it after so many hours.'),
      ),
    ),
    null,
  ),
  link: address('Address that VK shows as a card under the post.'),
});
export type VkOptions = v.InferOutput<typeof VkOptions>;

/** What the owner of a community chooses. */
export const VkSettings = v.strictObject({
  photos_as_documents: flag(
    false,
    'Send an image as a document where the access token cannot upload photos.',
  ),
  text_limit: figure(
    textMost,
    100_000,
    'Greatest length of a text, in UTF-16 code units. VK publishes no figure.',
  ),
  posts_per_day: figure(50, 10_000, 'Posts in one day of Moscow. Sources name 50 and 500.'),
  callback: flag(true, 'Let VK tell this installation of new posts, comments, likes and followers.'),
});
export type VkSettings = v.InferOutput<typeof VkSettings>;

function flag(otherwise: boolean, says: string) {
  return v.optional(v.pipe(v.boolean(), v.description(says)), otherwise);
}

function figure(otherwise: number, most: number, says: string) {
  return v.optional(
    v.pipe(
      v.number(),
      v.integer('must be a whole number'),
      v.minValue(1),
      v.maxValue(most),
      v.description(says),
    ),
    otherwise,
  );
}

function address(says: string) {
  const web = v.check(
    (url: string) => isLink(url) && /^https?:/i.test(url),
    'must be an address that starts with https:// or http://',
  );
  return v.optional(v.nullable(v.pipe(v.string(), web, v.description(says))), null);
}

/** What a message asks of VK; `problem` where that cannot be read, as with an option that is kept but no longer known. */
export function optionsOf({ options }: Pick<Message, 'options'>): {
  options: VkOptions;
  problem: Remark | null;
} {
  const parsed = v.safeParse(VkOptions, options);
  if (parsed.success) return { options: parsed.output, problem: null };
  const [issue] = parsed.issues;
  const path = (issue.path ?? []).map(({ key }) => `/${String(key)}`).join('');
  const message =
    issue.expected === 'never' ? 'VK has no such option. Leave it out.' : `This option ${issue.message}.`;
  return {
    options: v.parse(VkOptions, {}),
    problem: { path: `/options${path}`, code: 'wrong_option', message },
  };
}

export function settingsOf(place: Pick<Place, 'settings'>): VkSettings {
  return v.parse(VkSettings, place.settings);
}

import * as v from 'valibot';
import { fit } from './fit.ts';
import {
  type Composition,
  type Found,
  type Json,
  type Message,
  type Network,
  NetworkError,
  type PaceRule,
  type Place,
  type Remark,
  type Sent,
  type Sought,
} from './network.ts';
import { reachable } from './request.ts';
import { callVk, stageVk, type TokenKind, type VkAccess, VkCredentials, VkDetails } from './vk-call.ts';
import { connectVk } from './vk-connect.ts';

const limits = {
  // VK publishes no figure; this is the length that its own editor takes.
  text: { most: 15_895, unit: 'utf16_code_units' },
  caption: { most: 15_895, unit: 'utf16_code_units' },
  images: { most: 10, bytes: 52_428_800, mimes: ['image/jpeg', 'image/png', 'image/gif'] },
} as const;

const PostId = v.object({ post_id: v.pipe(v.number(), v.safeInteger(), v.minValue(1)) });
const WallItem = v.object({
  id: v.pipe(v.number(), v.safeInteger()),
  date: v.number(),
  text: v.optional(v.string(), ''),
  attachments: v.optional(v.array(v.object({ type: v.string() })), []),
  is_pinned: v.optional(v.number(), 0),
  is_deleted: v.optional(v.boolean(), false),
});
const Wall = v.object({ count: v.number(), items: v.array(WallItem) });

/** How much earlier than our clock VK's may say that a post was made. */
const clockSlack = 60_000;
const pageSize = 100;
const pagesMost = 5;

export const vk: Network<VkCredentials> = {
  name: 'vk',
  title: 'VK',
  limits,
  credentials: VkCredentials,
  externalIdHelp: 'The id, the short name or the vk.com link of the community.',
  connect: connectVk,
  pace(_credentials, place) {
    const bucket = bucketOf(place, v.parse(VkDetails, place.details).writes_with);
    return { send: [bucket], credential: bucket };
  },
  compose,
  stageCalls: 2,
  stage: stageVk,
  publish,
  find,
  remoteIdOf(place, url) {
    const [, group, post] =
      /^https?:\/\/(?:www\.|m\.)?vk\.(?:com|ru)\/(?:[^#]*[/=?])?wall-(\d+)_(\d+)\b/.exec(url.trim()) ?? [];
    return group === place.externalId && post !== undefined ? post : null;
  },
  // Without a token VK answers with an error document: enough to know that it answers.
  probe: (root, timeout) => reachable(`${root}/utils.getServerTime`, timeout),
};

/**
 * VK allows 3 calls a second of a person, 20 of a community. Below that, because an upload takes two permits at once and
 * makes its second call when the picture is through.
 */
function bucketOf(place: Place, kind: TokenKind): PaceRule {
  const { user_id } = v.parse(VkDetails, place.details);
  return kind === 'user'
    ? { key: `vk:user:${user_id ?? `of:${place.externalId}`}`, rate: 2, per: 1000, burst: 1 }
    : { key: `vk:group:${place.externalId}`, rate: 10, per: 1000, burst: 5 };
}

function compose(message: Message, place: Place): Composition {
  const { text, media } = message;
  const asDocument = v.parse(VkDetails, place.details).image_mode === 'document';
  const { length, problems } = fit(message, {
    title: 'VK',
    text: limits.text.most,
    tooLong: 'Shorten it.',
    tooMany: asDocument
      ? 'With this access token an image is sent as a document, and VK takes one document. Remove the others, or add a user token of an administrator with the rights wall and photos.'
      : 'Remove some.',
    images: asDocument
      ? { ...limits.images, most: 1, mimes: [...limits.images.mimes, 'image/webp'] }
      : limits.images,
    sides: 14_000,
    ratio: 20,
  });
  const warnings: Remark[] = [];
  const { images } = place.capabilities;
  if (media.length > 0 && !images.available) {
    problems.push({
      path: '/media_ids',
      code: 'images_unavailable',
      message: [images.detail, images.next_step].join(' ').trim(),
    });
  } else if (media.length > 0 && asDocument) {
    warnings.push({
      path: '/media_ids',
      code: 'image_as_document',
      message: 'VK will show the image as a document: this access token cannot upload photos.',
    });
  }
  const params: Record<string, Json> = {
    owner_id: -Number(place.externalId),
    from_group: 1,
    ...(text === '' ? {} : { message: text }),
    ...(media.length === 0 ? {} : { attachments: media.map((item) => ({ $media: item.id })) }),
    guid: { $client_key: true },
  };
  return { request: { method: 'wall.post', params }, length, problems, warnings };
}

async function publish(
  access: VkAccess,
  place: Place,
  message: Message,
  staged: ReadonlyMap<string, string>,
  clientKey: string,
): Promise<Sent> {
  const { request, problems } = compose(message, place);
  const [problem] = problems;
  if (problem) throw new NetworkError('rejected', { code: problem.code, message: problem.message });
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.params)) {
    if (name === 'attachments')
      params[name] = message.media.map((item) => handleOf(staged, item.id)).join(',');
    else params[name] = name === 'guid' ? clientKey : String(value);
  }
  const { writes_with } = v.parse(VkDetails, place.details);
  const { post_id } = await callVk(access, writes_with, request.method, params, PostId);
  return { remoteId: String(post_id), remoteUrl: addressFor(place, post_id) };
}

function handleOf(staged: ReadonlyMap<string, string>, id: string): string {
  const handle = staged.get(id);
  if (handle !== undefined) return handle;
  throw new NetworkError('not_sent', { code: 'not_staged', message: 'An image is not uploaded to VK yet.' });
}

/** Looks for the post on the wall, newest first, back to the time of the send. */
async function find(access: VkAccess, place: Place, sought: Sought): Promise<Found> {
  const { reads_with, image_mode } = v.parse(VkDetails, place.details);
  const since = sought.sentAt - clockSlack;
  const kind = image_mode === 'document' ? 'doc' : 'photo';
  const text = comparable(sought.message.text);
  const hits = new Set<string>();
  for (let page = 0; ; page += 1) {
    if (page === pagesMost) {
      // Not seen to the end: nothing may be said about absence.
      throw new NetworkError('unknown', {
        code: 'wall_too_long',
        message: 'Too many posts appeared on the wall since the send.',
      });
    }
    const params = {
      owner_id: -Number(place.externalId),
      count: pageSize,
      offset: page * pageSize,
      filter: 'owner',
    };
    const { items } = await callVk(access, reads_with ?? 'user', 'wall.get', params, Wall);
    for (const item of items) {
      const id = String(item.id);
      const files = item.attachments.filter(({ type }) => type === 'photo' || type === 'doc');
      const same =
        !item.is_deleted &&
        item.date * 1000 >= since &&
        comparable(item.text) === text &&
        files.length === sought.message.media.length &&
        files.every(({ type }) => type === kind);
      if (same && !sought.taken.has(id)) hits.add(id);
    }
    // A pinned post stands first, whatever its age.
    const reachedBack = items.some((item) => item.is_pinned !== 1 && item.date * 1000 < since);
    if (reachedBack || items.length < pageSize) break;
  }
  const [first] = hits;
  if (first === undefined) return { kind: 'absent' };
  if (hits.size > 1) return { kind: 'ambiguous', remoteIds: [...hits] };
  return { kind: 'found', remoteId: first, remoteUrl: addressFor(place, first) };
}

/** VK trims, joins blanks and gives some characters back as entities. */
function comparable(text: string): string {
  return text
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&')
    .normalize('NFC')
    .replace(/\s+/g, ' ')
    .trim();
}

function addressFor(place: Place, postId: number | string): string {
  return `https://vk.com/wall-${place.externalId}_${postId}`;
}

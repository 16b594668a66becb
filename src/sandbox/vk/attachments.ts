import type { Core } from '../core.ts';
import { mediaOf } from '../core.ts';
import type { LedgerMedia } from '../ledger.ts';
import type { Community, VkMedia, VkPoll, VkPost } from '../state.ts';
import type { VkCall } from './call.ts';
import { param, VkRefusal } from './call.ts';

const MEDIA_LIMIT = 10;
const AUDIO_LIMIT = 10;
const NAMED = /^(photo|video|doc|poll|audio)(-?\d+)_(\d+)(?:_[\w-]+)?$/;
const LINK_IN_TEXT = /\bhttps?:\/\/\S/i;
const WALL_ALBUM = -14;

type Named = Pick<VkCall, 'core'>;

export function isLink(attachment: string): boolean {
  return /^https?:\/\//i.test(attachment);
}

/** Splits `photo1_2,doc-3_4,https://…`; a comma inside a link stays. */
export function listed(attachments: string | undefined): string[] {
  if (!attachments) return [];
  return attachments
    .split(/,(?=\s*(?:[a-z_]+-?\d+_\d+|https?:\/\/))/)
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** The stored photo, video or document that an attachment names. */
export function mediaNamed({ core }: Named, attachment: string): VkMedia | undefined {
  const [, kind, owner, id] = NAMED.exec(attachment) ?? [];
  return kind === undefined ? undefined : core.state.vkMedia.get(`${kind}${owner}_${id}`);
}

export function pollNamed({ core }: Named, attachment: string): VkPoll | undefined {
  const [, kind, owner, id] = NAMED.exec(attachment) ?? [];
  return kind === 'poll' ? core.state.vkPolls.get(`poll${owner}_${id}`) : undefined;
}

/** Whether a video is still worked on, ready, or lost. */
export function videoState(media: VkMedia): 'empty' | 'processing' | 'ready' | 'restricted' | 'gone' {
  if (media.ready_at === 0) return 'empty';
  if (Date.now() < media.ready_at) return 'processing';
  return media.failure || 'ready';
}

export interface Content {
  text: string;
  attachments: string[];
}

/** Refuses what VK does not take on a wall; returns the files for the ledger. */
export function checkContent(
  call: VkCall,
  { text, attachments }: Content,
  community: Community | undefined,
): LedgerMedia[] {
  const kinds = new Map<string, string[]>();
  for (const one of attachments) {
    const kind = isLink(one) ? 'link' : NAMED.exec(one)?.[1];
    if (kind === undefined) throw param(`attachments: unknown attachment ${one.slice(0, 40)}`);
    kinds.set(kind, [...(kinds.get(kind) ?? []), one]);
  }
  const count = (kind: string) => kinds.get(kind)?.length ?? 0;
  if (text.trim() === '' && attachments.length === count('poll'))
    throw param('post is empty, either text or attachments are required');
  if (count('photo') + count('video') > MEDIA_LIMIT)
    throw param(`attachments: more than ${MEDIA_LIMIT} photos and videos`);
  if (count('audio') > AUDIO_LIMIT) throw param(`attachments: more than ${AUDIO_LIMIT} audio files`);
  if (count('link') > 1) throw param('attachments: only one link is allowed');
  if (count('doc') > 1) throw param('attachments: only one document is allowed');
  if (count('poll') > 1) throw param('attachments: only one poll is allowed');
  if (count('doc') > 0 && call.token.refuse_docs) throw new VkRefusal(15, 'no access to attach documents');
  if (community?.forbid_links && (count('link') > 0 || LINK_IN_TEXT.test(text))) throw new VkRefusal(222);
  return attachments.flatMap((one) => fileOf(call, one));
}

function fileOf({ core }: VkCall, attachment: string): LedgerMedia[] {
  if (isLink(attachment) || attachment.startsWith('audio')) return [];
  if (pollNamed({ core }, attachment)) return [];
  const media = mediaNamed({ core }, attachment);
  const file = media && core.state.files.get(media.file);
  const lost = media?.kind === 'video' && ['empty', 'gone'].includes(videoState(media));
  if (!media || lost || (!file && media.kind !== 'video'))
    throw param(`attachments: no such media ${attachment.slice(0, 40)}`);
  return file ? [mediaOf(media.kind, file)] : [];
}

/** An attachment as the API shows it; nothing when it is gone. */
export function attachmentObject(
  core: Core,
  attachment: string,
  post?: Pick<VkPost, 'link_title' | 'link_photo'>,
): Record<string, unknown>[] {
  const poll = pollNamed({ core }, attachment);
  if (poll) return [{ type: 'poll', poll: pollObject(poll) }];
  const media = mediaNamed({ core }, attachment);
  if (media?.kind === 'photo') return [{ type: 'photo', photo: photoObject(core, media) }];
  if (media?.kind === 'doc') return [{ type: 'doc', doc: docObject(core, media) }];
  if (media) return videoState(media) === 'gone' ? [] : [{ type: 'video', video: videoObject(core, media) }];
  const [, kind, owner, id] = NAMED.exec(attachment) ?? [];
  if (kind === 'audio') {
    const audio = {
      id: Number(id),
      owner_id: Number(owner),
      artist: 'Artist',
      title: 'Track',
      duration: 180,
    };
    return [{ type: 'audio', audio }];
  }
  return isLink(attachment) ? [{ type: 'link', link: linkObject(core, attachment, post) }] : [];
}

/** A link card; VK takes title and picture from the page unless they were given. */
function linkObject(
  core: Core,
  url: string,
  post: Pick<VkPost, 'link_title' | 'link_photo'> | undefined,
): Record<string, unknown> {
  const host = URL.canParse(url) ? new URL(url).hostname : url;
  const photo = post?.link_photo ? mediaNamed({ core }, `photo${post.link_photo}`) : undefined;
  return {
    url,
    title: post?.link_title || host,
    caption: host,
    description: '',
    is_favorite: false,
    ...(photo ? { photo: photoObject(core, photo) } : {}),
  };
}

/** Type and longer side of each size that VK keeps. */
const PHOTO_SIDES: [string, number][] = [
  ['s', 75],
  ['m', 130],
  ['x', 604],
  ['y', 807],
  ['z', 1080],
  ['w', 2560],
];

export function photoObject(core: Core, media: VkMedia): Record<string, unknown> {
  const file = core.state.files.get(media.file);
  const width = file?.width ?? 1;
  const height = file?.height ?? 1;
  const longer = Math.max(width, height);
  const url = `${core.url}/files/${media.file}`;
  const sizes = PHOTO_SIDES.filter((_, i) => i === 0 || (PHOTO_SIDES[i - 1]?.[1] ?? 0) < longer).map(
    ([type, side]) => {
      const scale = Math.min(1, side / longer);
      return {
        type,
        url,
        width: Math.max(1, Math.round(width * scale)),
        height: Math.max(1, Math.round(height * scale)),
      };
    },
  );
  return {
    album_id: WALL_ALBUM,
    date: media.date,
    id: media.id,
    owner_id: media.owner_id,
    access_key: media.access_key,
    sizes,
    text: media.title,
    has_tags: false,
  };
}

export function docObject(core: Core, media: VkMedia): Record<string, unknown> {
  const file = core.state.files.get(media.file);
  const ext =
    /\.([a-z0-9]{1,10})$/i.exec(media.title)?.[1] ?? /\.([a-z0-9]{1,10})$/i.exec(file?.name ?? '')?.[1];
  const picture = (file?.width ?? 0) > 0;
  return {
    id: media.id,
    owner_id: media.owner_id,
    title: media.title,
    size: file?.size ?? 0,
    ext: ext?.toLowerCase() ?? 'bin',
    url: `${core.url}/files/${media.file}`,
    date: media.date,
    type: picture ? (file?.mime === 'image/gif' ? 3 : 4) : 1,
    access_key: media.access_key,
  };
}

export function videoObject(core: Core, media: VkMedia): Record<string, unknown> {
  const state = videoState(media);
  const shown = {
    id: media.id,
    owner_id: media.owner_id,
    access_key: media.access_key,
    title: media.title,
    description: media.description,
    date: media.date,
    adding_date: media.date,
    duration: 0,
    views: 0,
    comments: 0,
    type: 'video',
  };
  if (state === 'restricted')
    return {
      ...shown,
      content_restricted: 1,
      content_restricted_message: 'The video could not be processed',
    };
  if (state !== 'ready') return { ...shown, processing: 1 };
  const image = [{ url: `${core.url}/files/community.png`, width: 320, height: 240, with_padding: 1 }];
  return { ...shown, image, player: `${core.url}/files/${media.file}` };
}

export function pollObject(poll: VkPoll): Record<string, unknown> {
  const votes = poll.answers.reduce((total, answer) => total + answer.votes, 0);
  const closed = poll.end_date > 0 && poll.end_date * 1000 <= Date.now();
  return {
    id: poll.id,
    owner_id: poll.owner_id,
    author_id: poll.author_id,
    question: poll.question,
    created: poll.created,
    end_date: poll.end_date,
    votes,
    answers: poll.answers.map((answer) => ({
      ...answer,
      rate: votes === 0 ? 0 : Math.round((answer.votes / votes) * 10_000) / 100,
    })),
    anonymous: poll.anonymous,
    multiple: poll.multiple,
    disable_unvote: poll.disable_unvote,
    closed,
    is_board: false,
    can_edit: false,
    can_vote: !closed,
    can_report: false,
    can_share: true,
    embed_hash: '',
    ...(poll.background_id > 0
      ? { background: { id: poll.background_id, type: 'gradient', angle: 225, color: '6a9e3e', points: [] } }
      : {}),
  };
}

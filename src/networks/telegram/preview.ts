import { Parser } from 'htmlparser2';
import { NetworkError } from '../error.ts';
import type { Place } from '../network.ts';
import { download } from '../request.ts';
import { detailsOf, settingsOf, type TelegramAccess } from './place.ts';

/** Bytes of a page that are read; a real one has some hundred kilobytes. */
const pageMost = 4_194_304;
const defaultRoot = 'https://t.me';

/** A post as the public page of a channel shows it. */
export interface PreviewPost {
  /** Every message of it, in order; several for an album. */
  ids: number[];
  /** Milliseconds since the epoch; null: the page does not tell. */
  at: number | null;
  text: string;
  photos: number;
  videos: number;
  /** Documents, music and voice messages. */
  files: number;
  /** Something that the page does not show. */
  unsupported: boolean;
  poll: { question: string; options: string[] } | null;
  /** As the page rounds them (`1.2K` is 1200); absent: it tells none. */
  views?: number;
}

/** Whether this place has a public page: that of a public channel, which may be turned off all the same. */
export function isPublic(place: Place): boolean {
  const { chat_type, username } = detailsOf(place);
  return chat_type === 'channel' && username !== null;
}

/** Whether the newest posts of this place may be read from its public page. */
export function hasPreview(place: Place): boolean {
  return isPublic(place) && settingsOf(place.settings).preview_page;
}

/** About 20 posts, the newest or those below the id `before`, oldest first; null: the page cannot be read. */
export async function previewPosts(
  access: TelegramAccess,
  place: Place,
  before?: number,
): Promise<PreviewPost[] | null> {
  try {
    return await readPreview(access, place, before);
  } catch {
    return null;
  }
}

/** The same, and says why it cannot be read: throws {@link NetworkError}. */
export async function readPreview(
  access: TelegramAccess,
  place: Place,
  before?: number,
): Promise<PreviewPost[]> {
  const { username } = detailsOf(place);
  if (username !== null) {
    const root = access.roots?.preview ?? defaultRoot;
    const query = before === undefined ? '' : `?before=${before}`;
    const page = await download(`${root}/s/${username}${query}`, pageMost, access);
    if (page.status === 200 && page.mime === 'text/html') {
      return parsePreview(new TextDecoder().decode(page.bytes), username);
    }
    if (page.status === 429 || page.status >= 500) {
      throw new NetworkError('limited', {
        code: String(page.status),
        message: 'Telegram does not show public pages at the moment.',
      });
    }
  }
  // A channel without such a page is sent elsewhere.
  throw new NetworkError('rejected', {
    code: 'no_preview',
    message: 'This channel has no public page that shows its posts.',
  });
}

/** What is written down until the element ends that began it. */
interface Capture {
  depth: number;
  put(text: string): void;
}

const counted = [
  ['tgme_widget_message_photo_wrap', 'photos'],
  ['tgme_widget_message_video_player', 'videos'],
  ['tgme_widget_message_roundvideo_player', 'videos'],
  ['tgme_widget_message_document_wrap', 'files'],
  ['tgme_widget_message_voice_player', 'files'],
] as const;

/**
 * Reads the page without trust in it: nobody promised its form. What does not look like a post of this channel is left
 * out.
 */
export function parsePreview(html: string, username: string): PreviewPost[] {
  const posts: PreviewPost[] = [];
  const mine = new RegExp(`(?:^|/)${username}/(\\d{1,15})(?:[?#]|$)`, 'i');
  const idIn = (address: string | undefined) => Number(mine.exec(address ?? '')?.[1] ?? 0);
  let depth = 0;
  let post: { at: number; seen: PreviewPost } | null = null;
  /** Depth of the quoted message or link preview that the parser is in: not the post's own content. */
  let foreign: number | null = null;
  let capture: Capture | null = null;

  const parser = new Parser({
    onopentag(name, attributes) {
      depth += 1;
      const classes = new Set((attributes.class ?? '').split(/\s+/));
      const id = idIn(attributes['data-post']);
      if (post === null) {
        if (id === 0 || !classes.has('tgme_widget_message') || classes.has('service_message')) return;
        post = {
          at: depth,
          seen: {
            ids: [id],
            at: null,
            text: '',
            photos: 0,
            videos: 0,
            files: 0,
            unsupported: false,
            poll: null,
          },
        };
        return;
      }
      const { seen } = post;
      if (foreign !== null) return;
      if (classes.has('tgme_widget_message_reply') || classes.has('tgme_widget_message_link_preview')) {
        foreign = depth;
        return;
      }
      if (capture !== null) {
        if (name === 'br') capture.put('\n');
        return;
      }
      for (const [className, kind] of counted) {
        if (!classes.has(className)) continue;
        seen[kind] += 1;
        const item = idIn(attributes.href);
        if (item > 0 && !seen.ids.includes(item)) seen.ids.push(item);
      }
      if (classes.has('message_media_not_supported')) seen.unsupported = true;
      const at = Date.parse(attributes.datetime ?? '');
      if (name === 'time' && Number.isFinite(at)) seen.at = at;
      if (classes.has('tgme_widget_message_views')) {
        let shown = '';
        capture = {
          depth,
          put: (text) => {
            shown += text;
            const views = unrounded(shown);
            if (views !== null) seen.views = views;
          },
        };
      } else if (classes.has('js-message_text')) {
        capture = {
          depth,
          put: (text) => {
            seen.text += text;
          },
        };
      } else if (classes.has('tgme_widget_message_poll_question')) {
        const poll = { question: '', options: [] as string[] };
        seen.poll = poll;
        capture = {
          depth,
          put: (text) => {
            poll.question += text;
          },
        };
      } else if (classes.has('tgme_widget_message_poll_option_text')) {
        const options = seen.poll?.options ?? [];
        const index = options.push('') - 1;
        capture = {
          depth,
          put: (text) => {
            options[index] += text;
          },
        };
      }
    },
    ontext(text) {
      if (foreign === null) capture?.put(text);
    },
    onclosetag() {
      if (capture?.depth === depth) capture = null;
      if (foreign === depth) foreign = null;
      if (post?.at === depth) {
        post.seen.ids.sort((a, b) => a - b);
        posts.push(post.seen);
        post = null;
        foreign = null;
        capture = null;
      }
      depth -= 1;
    },
  });
  parser.end(html);
  return posts;
}

function unrounded(shown: string): number | null {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([KM]?)$/.exec(shown.trim()) ?? [];
  return digits === undefined ? null : Math.round(Number(digits) * ({ K: 1e3, M: 1e6 }[unit] ?? 1));
}

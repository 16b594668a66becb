import type { Core } from './core.ts';
import { text } from './core.ts';
import type { SandboxNetwork } from './ledger.ts';
import type { Chat, Community, StoredFile, StoredMessage, VkPost } from './state.ts';
import { mediaNamed } from './vk/wall.ts';

export interface PublicMedia {
  kind: string;
  sha256: string;
  size: number;
  width: number;
  height: number;
  name: string;
  /** Address of the bytes. */
  url: string;
}

/** What a visitor of the channel or community sees now. An album is one post. */
export interface PublicPost {
  network: SandboxNetwork;
  place: string;
  remote_id: string;
  remote_ids: string[];
  /** Epoch ms with fraction. */
  at: number;
  edited: boolean;
  pinned: boolean;
  text: string;
  /** Bot API entities over `text`. */
  entities: { type: string; offset: number; length: number; url?: string }[];
  media: PublicMedia[];
  links: string[];
  /** Rows of button captions with their addresses. */
  buttons: { text: string; url: string }[][];
  counters: { likes: number; reposts: number; views: number; comments: number } | null;
  comments: { id: string; text: string; at: number }[];
}

export interface PublicPlace {
  network: SandboxNetwork;
  place: string;
  title: string;
  /** Public name, without @; empty if there is none. */
  name: string;
  members: number;
  /** Path of its wall. */
  path: string;
  /** Newest first. */
  posts: PublicPost[];
}

export function publicPlaces(core: Core): PublicPlace[] {
  const chats = [...core.state.chats.values()].map((chat) => telegramPlace(core, chat));
  return [...chats, ...[...core.state.communities.values()].map((community) => vkPlace(core, community))];
}

export function telegramPlace(core: Core, chat: Chat): PublicPlace {
  const posts: PublicPost[] = [];
  const albums = new Map<unknown, PublicPost>();
  for (const message of core.state.messages.get(chat.id)?.values() ?? []) {
    if (message.deleted || message.kind === 'service') continue;
    const media = message.files.flatMap((id) => publicMedia(core, message.kind, core.state.files.get(id)));
    const album = message.body.media_group_id;
    const begun = album === undefined ? undefined : albums.get(album);
    if (begun) {
      begun.media.push(...media);
      begun.remote_ids.push(String(message.id));
      begun.edited ||= message.body.edit_date !== undefined;
      continue;
    }
    const post = telegramPost(message, media);
    posts.push(post);
    if (album !== undefined) albums.set(album, post);
  }
  return {
    network: 'telegram',
    place: String(chat.id),
    title: chat.title,
    name: chat.username,
    members: chat.members,
    path: `/t/${encodeURIComponent(chat.username || String(chat.id))}`,
    posts: posts.reverse(),
  };
}

function telegramPost(message: StoredMessage, media: PublicMedia[]): PublicPost {
  const { body } = message;
  const markup = body.reply_markup as { inline_keyboard: { text: string; url?: string }[][] } | undefined;
  return {
    network: 'telegram',
    place: String(message.chat),
    remote_id: String(message.id),
    remote_ids: [String(message.id)],
    at: message.at,
    edited: body.edit_date !== undefined,
    pinned: message.pinned,
    text: text(body.text ?? body.caption),
    entities: (body.entities ?? body.caption_entities ?? []) as PublicPost['entities'],
    media,
    links: [],
    buttons: (markup?.inline_keyboard ?? []).map((row) =>
      row.map((b) => ({ text: b.text, url: b.url ?? '' })),
    ),
    counters: null,
    comments: [],
  };
}

export function vkPlace(core: Core, community: Community): PublicPlace {
  const posts = [...(core.state.vkPosts.get(-community.id)?.values() ?? [])]
    .filter((post) => !post.deleted && post.postponed === 0)
    .map((post) => vkPost(core, post));
  return {
    network: 'vk',
    place: String(-community.id),
    title: community.name,
    name: community.screen_name,
    members: community.members,
    path: `/c/${encodeURIComponent(community.screen_name)}`,
    posts: posts.sort((a, b) => b.at - a.at),
  };
}

function vkPost(core: Core, post: VkPost): PublicPost {
  return {
    network: 'vk',
    place: String(post.owner_id),
    remote_id: String(post.id),
    remote_ids: [String(post.id)],
    at: post.at,
    edited: post.edited > 0,
    pinned: post.pinned,
    text: post.text,
    entities: [],
    media: post.attachments.flatMap((attachment) => {
      const media = mediaNamed({ core }, attachment);
      return media ? publicMedia(core, media.kind, core.state.files.get(media.file)) : [];
    }),
    links: post.attachments.filter((attachment) => /^https?:\/\//.test(attachment)),
    buttons: [],
    counters: { ...post.counters, comments: post.comments.length },
    comments: post.comments.map(({ id, text, at }) => ({ id: String(id), text, at })),
  };
}

function publicMedia(core: Core, kind: string, file: StoredFile | undefined): PublicMedia[] {
  if (!file) return [];
  const { sha256, size, width, height, name } = file;
  return [{ kind, sha256, size, width, height, name, url: `${core.url}/files/${file.id}` }];
}

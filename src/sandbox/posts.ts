import type { Core } from './core.ts';
import type { SandboxNetwork } from './ledger.ts';
import type { Chat, Community, StoredFile, StoredMessage, VkPost } from './state.ts';
import type { TelegramPostView } from './telegram/view.ts';
import { viewOf } from './telegram/view.ts';
import { isPublic } from './vk/objects.ts';
import type { VkAttachmentView } from './vk/view.ts';
import { attachmentView, livingComments, pollOf } from './vk/view.ts';

export interface PublicMedia {
  kind: string;
  sha256: string;
  size: number;
  width: number;
  height: number;
  name: string;
  /** Address of the bytes. */
  url: string;
  /** What a visitor is told instead of the content, such as `processing`. */
  note?: string;
}

/** Something that is shown as a small card: a link, a track. */
export interface PublicCard {
  kind: string;
  title: string;
  detail: string;
  /** Empty when it leads nowhere. */
  url: string;
}

export interface PublicPoll {
  question: string;
  answers: { text: string; votes: number }[];
  closed: boolean;
  /** Kinds, such as `anonymous`. */
  marks: string[];
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
  cards: PublicCard[];
  poll: PublicPoll | null;
  /** Words that stand under the post, such as `ad`. */
  marks: string[];
  /** Rows of button captions with their addresses. */
  buttons: { text: string; url: string }[][];
  counters: { likes: number; reposts: number; views: number; comments: number } | null;
  comments: { id: string; text: string; at: number; author: string }[];
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
    const media = message.files.flatMap((id) => {
      const file = core.state.files.get(id);
      return publicMedia(core, message.kind, file).map((one) => ({ ...one, note: playedFor(file) }));
    });
    const album = message.body.media_group_id;
    const begun = album === undefined ? undefined : albums.get(album);
    if (begun) {
      begun.media.push(...media);
      begun.remote_ids.push(String(message.id));
      begun.edited ||= message.body.edit_date !== undefined;
      begun.pinned ||= message.pinned;
      continue;
    }
    const post = telegramPost(core, chat, message, media);
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

function telegramPost(core: Core, chat: Chat, message: StoredMessage, media: PublicMedia[]): PublicPost {
  const { views, forwards, reactions } = message;
  const view = viewOf(core, message);
  const known = views !== undefined || reactions !== undefined || message.discussion !== undefined;
  const likes = Object.values(reactions ?? {}).reduce((sum, total) => sum + total, 0);
  return {
    network: 'telegram',
    place: String(message.chat),
    remote_id: String(message.id),
    remote_ids: [String(message.id)],
    at: message.at,
    edited: view.edited,
    pinned: message.pinned,
    text: view.text,
    entities: view.entities,
    media,
    links: [],
    cards: linkCards(view),
    poll: telegramPoll(view),
    marks: telegramMarks(chat, view),
    buttons: view.buttons.map((row) => row.map((b) => ({ text: b.text, url: b.url ?? '' }))),
    counters: known
      ? { likes, reposts: forwards ?? 0, views: views ?? 0, comments: view.comments.length }
      : null,
    comments: view.comments.map(({ message_id, text, at, author }) => ({
      id: String(message_id),
      text: text || 'a file',
      at,
      author,
    })),
  };
}

function playedFor(file: StoredFile | undefined): string {
  return file?.duration ? `${file.duration} s` : '';
}

/** The page that a text's preview shows. */
function linkCards({ link_preview, kind, text, entities }: TelegramPostView): PublicCard[] {
  if (kind !== 'text' || link_preview?.is_disabled === true) return [];
  const found = entities.find((entity) => entity.type === 'url' || entity.type === 'text_link');
  const covered = found ? (found.url ?? text.slice(found.offset, found.offset + found.length)) : '';
  const url = String(link_preview?.url || covered);
  if (!/^https?:/i.test(url) || !URL.canParse(url)) return [];
  const size = link_preview?.prefer_large_media === true ? 'large link preview' : 'link preview';
  const place = link_preview?.show_above_text === true ? ' above the text' : '';
  return [{ kind: 'link', title: new URL(url).hostname, detail: size + place, url }];
}

function telegramPoll({ poll }: TelegramPostView): PublicPoll | null {
  if (!poll) return null;
  const options = poll.options as { text: string; voter_count: number }[];
  const right = (poll.correct_option_ids ?? []) as number[];
  const marks = [poll.is_anonymous === true ? 'anonymous' : 'public', String(poll.type)];
  if (poll.allows_multiple_answers === true) marks.push('several answers');
  return {
    question: String(poll.question),
    answers: options.map(({ text, voter_count }, index) => ({
      text: right.includes(index) ? `✓ ${text}` : text,
      votes: voter_count,
    })),
    closed: poll.is_closed === true,
    marks,
  };
}

function telegramMarks(chat: Chat, view: TelegramPostView): string[] {
  const { body, forward_origin: origin, thread, reply_to } = view;
  const marks: string[] = [];
  const from = body.from as { first_name: string } | undefined;
  if (from && chat.type !== 'channel') marks.push(`by ${from.first_name}`);
  if (body.author_signature) marks.push(`signed ${String(body.author_signature)}`);
  if (origin) marks.push(`forwarded from ${nameIn(origin)}`);
  const topic = chat.topics?.[String(thread)];
  if (topic) marks.push(`topic ${topic.name}`);
  if (reply_to !== null && reply_to !== thread) marks.push(`reply to #${reply_to}`);
  if (view.silent) marks.push('silent');
  if (view.protected) marks.push('protected');
  if (view.spoiler) marks.push('spoiler');
  return marks;
}

function nameIn(origin: Record<string, unknown>): string {
  const chat = (origin.chat ?? origin.sender_chat) as { title?: string } | undefined;
  const person = origin.sender_user as { first_name?: string } | undefined;
  return chat?.title ?? person?.first_name ?? 'somebody';
}

export function vkPlace(core: Core, community: Community): PublicPlace {
  const posts = [...(core.state.vkPosts.get(-community.id)?.values() ?? [])]
    .filter(isPublic)
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
  const attachments = post.attachments.map((one) => attachmentView(core, one));
  const comments = livingComments(post);
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
    media: attachments.flatMap((one) =>
      publicMedia(core, one.kind, core.state.files.get(one.file)).map((media) => ({
        ...media,
        // Visitors see the title that a video or document was given, not the name of its file.
        name: one.kind === 'photo' ? media.name : one.title,
        ...(one.state === '' || one.state === 'ready' ? {} : { note: one.state }),
      })),
    ),
    links: attachments.flatMap((one) => (one.kind === 'link' ? [one.id] : [])),
    cards: attachments.flatMap((one) => vkCard(post, one)),
    poll: vkPoll(core, post),
    marks: vkMarks(core, post),
    buttons: [],
    counters: { ...post.counters, comments: comments.length },
    comments: comments.map(({ id, text, at, from_id }) => ({
      id: String(id),
      text,
      at,
      author: vkName(core, from_id),
    })),
  };
}

function vkName({ state }: Core, id: number): string {
  const person = state.vkPeople.get(id);
  return (
    state.communities.get(-id)?.name ?? (person ? `${person.first_name} ${person.last_name}` : `User ${id}`)
  );
}

function vkCard(post: VkPost, { kind, id, title, file, state }: VkAttachmentView): PublicCard[] {
  if (kind === 'link') {
    const host = URL.canParse(id) ? new URL(id).hostname : id;
    return [{ kind, title: post.link_title || host, detail: id, url: id }];
  }
  // A video from elsewhere has no file here, a track never has.
  if (kind === 'audio' || (kind === 'video' && file === ''))
    return [{ kind, title, detail: kind === 'audio' ? 'track' : `video, ${state}`, url: '' }];
  return [];
}

function vkPoll(core: Core, post: VkPost): PublicPoll | null {
  const poll = pollOf(core, post);
  if (!poll) return null;
  const marks = [poll.anonymous ? 'anonymous' : 'public', ...(poll.multiple ? ['several answers'] : [])];
  return {
    question: poll.question,
    answers: poll.answers.map(({ text, votes }) => ({ text, votes })),
    closed: poll.end_date > 0 && poll.end_date * 1000 <= Date.now(),
    marks,
  };
}

function vkMarks(core: Core, post: VkPost): string[] {
  const marks: string[] = [];
  if (post.ads) marks.push('ad');
  if (post.signer_id > 0) marks.push(`signed by ${vkName(core, post.signer_id)}`);
  if (post.from_id !== post.owner_id) marks.push(`by ${vkName(core, post.from_id)}`);
  if (post.copyright !== '') marks.push(`source: ${post.copyright}`);
  if (post.copy_of !== '') marks.push(`share of ${post.copy_of}`);
  if (post.attachments_mode !== '') marks.push(post.attachments_mode);
  if (post.muted) marks.push('without notifications');
  if (post.donut_paid_duration !== 0) marks.push('for supporters');
  if (post.comments_closed) marks.push('comments off');
  return marks;
}

function publicMedia(core: Core, kind: string, file: StoredFile | undefined): PublicMedia[] {
  if (!file) return [];
  const { sha256, size, width, height, name } = file;
  return [{ kind, sha256, size, width, height, name, url: `${core.url}/files/${file.id}` }];
}

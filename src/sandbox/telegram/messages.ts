import { unixSeconds } from '../core.ts';
import type { Bot, Chat, Person, StoredMessage } from '../state.ts';
import type { Hall } from './call.ts';
import { botObject, chatObject, personObject } from './call.ts';

/** Fields of a Message that are what it says, not where it stands. */
const CONTENT = [
  'text',
  'entities',
  'link_preview_options',
  'photo',
  'video',
  'animation',
  'document',
  'audio',
  'voice',
  'poll',
  'caption',
  'caption_entities',
  'show_caption_above_media',
  'has_media_spoiler',
];

/** The account that Telegram itself speaks with. */
const TELEGRAM = { id: 777000, is_bot: false, first_name: 'Telegram' };

export interface Draft {
  kind: StoredMessage['kind'];
  files: string[];
  body: Record<string, unknown>;
}

export interface Author {
  bot?: Bot;
  person?: Person;
  /** Shown under a channel's post. */
  signature?: string;
}

export interface Sending {
  at: number;
  silent?: boolean;
  /** In a private chat: the bot that it is with. */
  dialog?: number;
}

export function contentOf(body: Record<string, unknown>): Record<string, unknown> {
  return pick(body, CONTENT);
}

export function pick(body: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)));
}

export function without(body: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)));
}

/** A message as it stands inside another one. */
export function quotedBody(message: StoredMessage): Record<string, unknown> {
  return without(message.body, ['reply_to_message', 'external_reply', 'pinned_message']);
}

export function messagesIn({ core }: Hall, chat: Chat): StoredMessage[] {
  return [...(core.state.messages.get(chat.id)?.values() ?? [])];
}

/**
 * Puts messages into a chat: from here on they are public, and every bot that may is told. Posts of a channel with a
 * discussion group are copied there, as Telegram does. Without an author the body must name one.
 */
export function addMessages(
  hall: Hall,
  chat: Chat,
  author: Author | undefined,
  drafts: Draft[],
  sending: Sending,
): StoredMessage[] {
  const { state } = hall.core;
  const made = drafts.map((draft) => {
    const id = nextMessageId(hall, chat);
    const message: StoredMessage = {
      chat: chat.id,
      id,
      at: sending.at,
      bot: author?.bot?.id ?? 0,
      deleted: false,
      pinned: false,
      kind: draft.kind,
      files: draft.files,
      body: {
        message_id: id,
        ...(author ? authorPart(chat, author) : {}),
        chat: chatObject(chat),
        date: unixSeconds(sending.at),
        ...draft.body,
        ...(chat.protect_content ? { has_protected_content: true } : {}),
      },
      ...(sending.silent ? { silent: true } : {}),
      ...(sending.dialog === undefined ? {} : { dialog: sending.dialog }),
    };
    state.save('message', message);
    return message;
  });
  for (const message of made) announce(hall, chat, message);
  discuss(hall, chat, made);
  return made;
}

/** A note of Telegram's own in the chat, such as a pin or a new topic. */
export function addService(
  hall: Hall,
  chat: Chat,
  author: Author,
  body: Record<string, unknown>,
  at: number,
): StoredMessage | undefined {
  return addMessages(hall, chat, author, [{ kind: 'service', files: [], body }], { at })[0];
}

function nextMessageId(hall: Hall, chat: Chat): number {
  // Deleted messages stay on the shelf and ids grow by one, so its size is the greatest id.
  const { state } = hall.core;
  return state.nextId(`message ${chat.id}`, () => state.messages.get(chat.id)?.size ?? 0);
}

function authorPart(chat: Chat, { bot, person, signature }: Author): Record<string, unknown> {
  if (chat.type === 'channel')
    return { sender_chat: chatObject(chat), ...(signature ? { author_signature: signature } : {}) };
  return { from: bot ? botObject(bot) : personObject(person ?? chat.owner) };
}

/** Gives a message other content, tells the bots, and keeps its copy in the discussion group the same. */
export function changeMessage(
  hall: Hall,
  message: StoredMessage,
  content: Record<string, unknown>,
  media: Partial<Pick<StoredMessage, 'kind' | 'files'>> = {},
): void {
  const chat = hall.core.state.chats.get(message.chat);
  if (!chat) return;
  Object.assign(message, media);
  message.body = { ...without(message.body, [...CONTENT, 'reply_markup', 'edit_date']), ...content };
  hall.core.state.save('message', message);
  if (content.edit_date !== undefined) announce(hall, chat, message, true);
  const copy = copyOf(hall, message);
  if (copy) changeMessage(hall, copy, without(content, ['reply_markup']), media);
}

/** Takes a message away for everybody, with its copy in the discussion group. No bot is told. */
export function removeMessage(hall: Hall, message: StoredMessage): void {
  message.deleted = true;
  message.pinned = false;
  hall.core.state.save('message', message);
  const copy = copyOf(hall, message);
  if (copy) removeMessage(hall, copy);
}

function copyOf({ core }: Hall, { discussion }: StoredMessage): StoredMessage | undefined {
  const copy = discussion && core.state.messages.get(discussion.chat)?.get(discussion.id);
  return copy && !copy.deleted ? copy : undefined;
}

/** Who the message was from, for those who forward it. */
export function originOf(chat: Chat, message: StoredMessage): Record<string, unknown> {
  const { date, author_signature, sender_chat, from, forward_origin } = message.body;
  // A forward of a forward keeps the first origin.
  if (forward_origin) return forward_origin as Record<string, unknown>;
  const signature = author_signature === undefined ? {} : { author_signature };
  if (chat.type === 'channel')
    return { type: 'channel', date, chat: chatObject(chat), message_id: message.id, ...signature };
  return sender_chat
    ? { type: 'chat', date, sender_chat, ...signature }
    : { type: 'user', date, sender_user: from };
}

function discuss(hall: Hall, channel: Chat, posts: StoredMessage[]): void {
  const { state } = hall.core;
  const group =
    channel.type === 'channel' && channel.linked_chat_id !== null
      ? state.chats.get(channel.linked_chat_id)
      : undefined;
  const seen = posts.filter((post) => post.kind !== 'service');
  if (group?.type !== 'supergroup' || seen.length === 0) return;
  const album = seen[0]?.body.media_group_id === undefined ? {} : { media_group_id: nextGroupId(hall) };
  for (const post of seen) {
    const body = {
      from: TELEGRAM,
      sender_chat: chatObject(channel),
      is_automatic_forward: true,
      forward_origin: originOf(channel, post),
      ...album,
      ...contentOf(post.body),
    };
    const draft = { kind: post.kind, files: post.files, body };
    const [copy] = addMessages(hall, group, undefined, [draft], { at: post.at, silent: true });
    if (!copy) continue;
    copy.pinned = true;
    state.save('message', copy);
    post.discussion = { chat: group.id, id: copy.id };
    state.save('message', post);
  }
}

/** A new `media_group_id`. */
export function nextGroupId({ core }: Hall): string {
  return String(core.state.nextId('media group', () => Date.now() * 1000));
}

/** Tells a new or changed message to every bot that gets it. */
export function announce(hall: Hall, chat: Chat, message: StoredMessage, edited = false): void {
  const what = chat.type === 'channel' ? 'channel_post' : 'message';
  for (const bot of hall.core.state.bots.values())
    if (hears(chat, bot, message)) hall.updates.push(bot, edited ? `edited_${what}` : what, message.body);
}

function hears(chat: Chat, bot: Bot, message: StoredMessage): boolean {
  const status = chat.bots[String(bot.id)]?.status;
  // Nobody hears himself.
  if (bot.revoked || message.bot === bot.id || (status !== 'administrator' && status !== 'member'))
    return false;
  if (chat.type === 'private') return message.dialog === bot.id;
  if (chat.type === 'channel') return status === 'administrator' && !(message.bot !== 0 && bot.deaf);
  // In groups bots never see each other.
  if (message.bot !== 0) return false;
  return (
    status === 'administrator' ||
    bot.reads_groups === true ||
    message.kind === 'service' ||
    isMeantFor(bot, message.body)
  );
}

/** Whether privacy mode lets a message of a group through: a command, a mention, a reply. */
function isMeantFor(bot: Bot, body: Record<string, unknown>): boolean {
  const words = String(body.text ?? body.caption ?? '');
  const command = /^\/\w+(@\w+)?/.exec(words);
  if (command) return command[1] === undefined || command[1] === `@${bot.username}`;
  if (words.includes(`@${bot.username}`)) return true;
  const replied = body.reply_to_message as { from?: { id?: number } } | undefined;
  return replied?.from?.id === bot.id;
}

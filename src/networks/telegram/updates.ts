import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import { type Fetched, type Inbound, type InboundEvent, storable, type Told } from '../inbound.ts';
import type { MediaKind } from '../message.ts';
import { call } from './call.ts';
import type { TelegramCredentials } from './place.ts';

/** In full: what is left out is not sent, and without the list an older one would hold. */
export const telegramUpdates = [
  'channel_post',
  'edited_channel_post',
  'message',
  'my_chat_member',
  'chat_member',
  'message_reaction',
  'message_reaction_count',
  'poll',
  'callback_query',
] as const;

/** Updates that one call fetches at most. */
const batch = 100;

const Id = v.pipe(v.number(), v.safeInteger());
const Text = v.pipe(v.string(), v.transform(storable));
const maybe = <Schema extends v.GenericSchema>(schema: Schema) => v.fallback(v.optional(schema), undefined);
const there = maybe(v.unknown());

const User = v.object({
  id: Id,
  is_bot: maybe(v.boolean()),
  first_name: maybe(Text),
  last_name: maybe(Text),
});
const Chat = v.object({ id: Id, type: v.string(), title: maybe(Text), username: maybe(Text) });
const Origin = v.object({ type: v.literal('channel'), chat: Chat, message_id: Id, date: v.number() });
const TopicName = maybe(v.object({ name: maybe(Text) }));
const content = {
  message_id: Id,
  text: maybe(Text),
  caption: maybe(Text),
  photo: there,
  video: there,
  video_note: there,
  animation: there,
  document: there,
  audio: there,
  voice: there,
  sticker: there,
  poll: maybe(v.object({ question: Text })),
  media_group_id: maybe(v.string()),
  is_automatic_forward: maybe(v.boolean()),
  forward_origin: maybe(Origin),
  forum_topic_created: TopicName,
  forum_topic_edited: TopicName,
};
const Message = v.object({
  ...content,
  chat: Chat,
  date: v.number(),
  edit_date: maybe(v.number()),
  from: maybe(User),
  sender_chat: maybe(Chat),
  message_thread_id: maybe(Id),
  is_topic_message: maybe(v.boolean()),
  reply_to_message: maybe(v.object({ ...content, date: maybe(v.number()) })),
});
type Message = v.InferOutput<typeof Message>;
const Member = v.object({
  status: v.string(),
  is_member: maybe(v.boolean()),
  can_post_messages: maybe(v.boolean()),
  can_send_messages: maybe(v.boolean()),
});
const MyMember = v.object({ chat: Chat, from: maybe(User), new_chat_member: Member });
const ReactionType = v.object({
  type: v.string(),
  emoji: maybe(Text),
  custom_emoji_id: maybe(Text),
});
type ReactionType = v.InferOutput<typeof ReactionType>;
const ReactionCount = v.object({
  chat: Chat,
  message_id: Id,
  reactions: v.array(v.object({ type: ReactionType, total_count: v.pipe(v.number(), v.integer()) })),
});
const Reaction = v.object({
  chat: Chat,
  message_id: Id,
  old_reaction: v.array(ReactionType),
  new_reaction: v.array(ReactionType),
});
const Update = v.object({
  update_id: Id,
  channel_post: maybe(Message),
  edited_channel_post: maybe(Message),
  message: maybe(Message),
  my_chat_member: maybe(MyMember),
  message_reaction_count: maybe(ReactionCount),
  message_reaction: maybe(Reaction),
});

/** Reads one update of the Bot API. What is not known is passed over; null: it is no update at all. Never throws. */
export function telegramEvents(update: unknown): Told | null {
  const parsed = v.safeParse(Update, update);
  if (!parsed.success) return null;
  const { update_id, ...told } = parsed.output;
  const events: InboundEvent[] = [];
  if (told.channel_post) events.push(...ofPost(told.channel_post));
  if (told.edited_channel_post) events.push(...ofEdit(told.edited_channel_post));
  if (told.message) events.push(...ofMessage(told.message));
  if (told.my_chat_member) events.push(...ofStanding(told.my_chat_member));
  if (told.message_reaction_count) {
    const { chat, message_id, reactions } = told.message_reaction_count;
    const counts = sum(reactions.map(({ type, total_count }) => [type, total_count]));
    events.push({ kind: 'reactions', ...at(chat.id, message_id), counts, mode: 'total' });
  }
  if (told.message_reaction) {
    const { chat, message_id, old_reaction, new_reaction } = told.message_reaction;
    const counts = sum([
      ...new_reaction.map((type): [ReactionType, number] => [type, 1]),
      ...old_reaction.map((type): [ReactionType, number] => [type, -1]),
    ]);
    events.push({ kind: 'reactions', ...at(chat.id, message_id), counts, mode: 'change' });
  }
  return { id: String(update_id), events };
}

function at(chat: number, message: number): { place: string; remoteId: string } {
  return { place: String(chat), remoteId: String(message) };
}

function sum(given: readonly (readonly [ReactionType, number])[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [{ type, emoji, custom_emoji_id }, count] of given) {
    const name = type === 'paid' ? '⭐' : (emoji ?? (custom_emoji_id && `custom:${custom_emoji_id}`));
    if (name) counts[name] = (counts[name] ?? 0) + count;
  }
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

type Content = Pick<Message, keyof typeof content>;

/**
 * What a message says; null: nothing that a person would call a post, as notes of Telegram itself, and the code of a
 * connection, which somebody put into the wrong chat and which is not to be kept.
 */
function said(message: Content): { text: string; media: MediaKind[] } | null {
  const media = mediaOf(message);
  const text = message.text ?? message.caption ?? message.poll?.question ?? null;
  if (text !== null && codeIn(text) !== null) return null;
  return text === null && media.length === 0 ? null : { text: text ?? '', media };
}

function mediaOf(message: Content): MediaKind[] {
  if (message.photo ?? message.sticker) return ['image'];
  if (message.video ?? message.video_note) return ['video'];
  // An animation comes with a document beside it.
  if (message.animation) return ['animation'];
  if (message.audio) return ['audio'];
  if (message.voice) return ['voice'];
  return message.document ? ['document'] : [];
}

function ofPost(message: Message): InboundEvent[] {
  const content = said(message);
  if (content === null) return [];
  return [
    {
      kind: 'post',
      ...at(message.chat.id, message.message_id),
      album: message.media_group_id ?? null,
      at: message.date * 1_000,
      ...content,
      copied: false,
    },
  ];
}

function ofEdit(message: Message): InboundEvent[] {
  const content = said(message);
  if (content === null) return [];
  return [
    {
      kind: 'post_edited',
      ...at(message.chat.id, message.message_id),
      postedAt: message.date * 1_000,
      at: (message.edit_date ?? message.date) * 1_000,
      ...content,
      album: message.media_group_id ?? null,
    },
  ];
}

function ofMessage(message: Message): InboundEvent[] {
  const { chat } = message;
  if (chat.type === 'private') return codeFrom(message);
  if (message.is_automatic_forward) return ofCopy(message);
  const events = [...ofTopic(message), ...ofComment(message)];
  // What members say to each other is nobody's post; what the group says as itself is.
  if (events.every(({ kind }) => kind !== 'comment') && message.sender_chat?.id === chat.id) {
    events.push(...ofPost(message));
  }
  return events;
}

/** A post of a channel as it comes into the discussion group: the post itself, and where its comments are. */
function ofCopy(message: Message): InboundEvent[] {
  const { chat, forward_origin: origin } = message;
  if (origin === undefined) return [];
  const post = at(origin.chat.id, origin.message_id);
  const content = said(message);
  const seen: InboundEvent[] =
    content === null
      ? []
      : [
          {
            kind: 'post',
            ...post,
            album: message.media_group_id === undefined ? null : `${chat.id}:${message.media_group_id}`,
            at: origin.date * 1_000,
            ...content,
            copied: true,
          },
        ];
  return [...seen, { kind: 'thread', ...post, thread: `${chat.id}:${message.message_id}` }];
}

function ofTopic({ chat, message_thread_id: thread, ...message }: Message): InboundEvent[] {
  if (!message.is_topic_message || thread === undefined) return [];
  const opening = message.reply_to_message?.forum_topic_created;
  const name = message.forum_topic_edited?.name ?? message.forum_topic_created?.name ?? opening?.name ?? null;
  return [{ kind: 'topic', place: String(chat.id), topicId: String(thread), name }];
}

function ofComment(message: Message): InboundEvent[] {
  const { chat, message_thread_id: thread, reply_to_message: replied, is_topic_message: topic } = message;
  if (said(message) === null || message.from?.is_bot === true) return [];
  // In a topic every message hangs on its opening: only an answer to another one is a comment.
  const root = topic
    ? replied?.message_id === thread
      ? undefined
      : replied?.message_id
    : (thread ?? replied?.message_id);
  if (root === undefined) return [];
  const origin = replied?.is_automatic_forward ? replied.forward_origin : undefined;
  return [
    {
      kind: 'comment',
      post: origin ? at(origin.chat.id, origin.message_id) : at(chat.id, root),
      thread: `${chat.id}:${root}`,
      commentId: `${chat.id}:${message.message_id}`,
      removed: false,
    },
  ];
}

const groups = new Set(['group', 'supergroup']);

function ofStanding({ chat, from, new_chat_member: member }: v.InferOutput<typeof MyMember>): InboundEvent[] {
  if (chat.type !== 'channel' && !groups.has(chat.type)) return [];
  const { status } = member;
  const mayPost =
    status === 'creator' ||
    (chat.type === 'channel'
      ? status === 'administrator' && member.can_post_messages === true
      : status === 'administrator' ||
        status === 'member' ||
        (status === 'restricted' && member.is_member === true && member.can_send_messages !== false));
  return [
    {
      kind: 'standing',
      place: String(chat.id),
      status,
      mayPost,
      chat: { title: chat.title ?? String(chat.id), type: chat.type, username: chat.username ?? null },
      by: from === undefined ? null : String(from.id),
    },
  ];
}

/**
 * `/start <code>` in the chat with the bot, or the code alone. Only there is the sender who proves themselves: what stands
 * in a channel comes into its discussion group as a message of Telegram's own account.
 */
function codeFrom({ text, from }: Message): InboundEvent[] {
  if (text === undefined || from === undefined || from.is_bot) return [];
  const code = codeIn(text);
  if (code === null) return [];
  const name = [from.first_name, from.last_name].filter(Boolean).join(' ') || String(from.id);
  return [{ kind: 'code', code, person: { id: String(from.id), name } }];
}

/** Codes of connections have 43 characters, and so has nothing that people write. */
function codeIn(text: string): string | null {
  return /^(?:\/start(?:@\w+)?\s+)?([A-Za-z0-9_-]{43})$/.exec(text.trim())?.[1] ?? null;
}

const Webhook = v.object({ url: v.string() });
const True = v.literal(true);

/** Updates of a bot: posted to our address, or fetched. A bot has one of the two, and one listener at a time. */
export const telegramInbound: Inbound<TelegramCredentials> = {
  read: telegramEvents,
  taken: 'ok',
  // Calls about updates do not count against sends.
  paced: false,
  proofOf: (headers) => headers.get('x-telegram-bot-api-secret-token'),

  async listen(access, _place, { url, secret }) {
    const params = {
      url,
      secret_token: secret,
      allowed_updates: [...telegramUpdates],
      drop_pending_updates: false,
      // One after another: a right that was taken and given back must not arrive the other way round.
      max_connections: 1,
    };
    await call(access, 'setWebhook', params, True);
  },

  async unlisten(access, _place, ours) {
    const { url } = await call(access, 'getWebhookInfo', {}, Webhook);
    if (!url.startsWith(ours)) return false;
    await call(access, 'deleteWebhook', { drop_pending_updates: false }, True);
    return true;
  },

  async fetch(access, _place, { cursor }, wait): Promise<Fetched> {
    const params = {
      ...(cursor === null ? {} : { offset: Number(cursor) }),
      limit: batch,
      timeout: Math.max(1, Math.floor(wait / 1_000)),
      allowed_updates: [...telegramUpdates],
    };
    const updates = await call(access, 'getUpdates', params, v.array(v.unknown()));
    const newest = updates.reduce<number>((most, update) => {
      const { update_id } = (update ?? {}) as { update_id?: unknown };
      return Number.isSafeInteger(update_id) ? Math.max(most, Number(update_id)) : most;
    }, -1);
    // Nothing waits behind an empty answer. After a quiet week Telegram may count from a smaller number on, and an old
    // offset would then confirm what nobody has seen.
    const next = updates.length === 0 ? null : newest < 0 ? cursor : String(newest + 1);
    return { updates, cursor: next, session: null, lost: false };
  },

  async tell(access, personId, text) {
    try {
      await call(access, 'sendMessage', { chat_id: Number(personId), text }, v.unknown());
    } catch (error) {
      // A person who has blocked the bot since misses the answer, and nothing more.
      if (!(error instanceof NetworkError)) throw error;
    }
  },
};

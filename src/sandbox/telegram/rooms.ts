import * as v from 'valibot';
import type { Core } from '../core.ts';
import { preciseNow } from '../ledger.ts';
import type { Chat, Topic } from '../state.ts';
import type { Hall } from './call.ts';
import { mimeOf } from './media.ts';
import { addService, messagesIn, quotedBody } from './messages.ts';
import { chatNamed, idOrName, personNamed, whoInput } from './named.ts';
import type { TelegramPostView } from './view.ts';
import { viewOf } from './view.ts';

type Given<T extends v.GenericSchema> = v.InferInput<T>;

/** What a chat may be told to be beside its kind and title. */
export const roomEntries = {
  is_forum: v.optional(v.boolean()),
  /** What members of a group may do; what is not named stays. */
  permissions: v.optional(v.record(v.string(), v.boolean())),
  /** Seconds between messages of one member. */
  slow_mode_delay: v.optional(v.number()),
  /** Whether a public channel has its page on the web. */
  preview: v.optional(v.boolean()),
  /** A picture as Base64. */
  photo: v.optional(v.string()),
};
const chatInput = v.strictObject({
  chat: idOrName,
  title: v.optional(v.string()),
  username: v.optional(v.string()),
  description: v.optional(v.string()),
  protect_content: v.optional(v.boolean()),
  linked_chat_id: v.optional(v.nullable(v.number())),
  ...roomEntries,
});
const topicInput = v.strictObject({
  chat: idOrName,
  name: v.string(),
  icon_color: v.optional(v.number(), 0x6fb9f0),
  by: v.optional(whoInput),
});
const changedTopicInput = v.strictObject({
  chat: idOrName,
  thread: v.number(),
  name: v.optional(v.string()),
  closed: v.optional(v.boolean()),
  deleted: v.optional(v.boolean(), false),
});
const addressInput = v.strictObject({
  url: v.pipe(v.string(), v.url()),
  base64: v.string(),
  mime: v.optional(v.string(), ''),
});
const onMessage = v.strictObject({ chat: idOrName, message_id: v.number() });
const inChat = v.strictObject({ chat: idOrName });

export interface RoomActs {
  /** Changes what is named; linking a discussion group changes both chats. */
  setChat(input: Given<typeof chatInput>): Chat;
  /** Makes a topic in a forum; returns its thread id. */
  createTopic(input: Given<typeof topicInput>): number;
  /** Renames, closes, opens or deletes a topic; 1 is the general one. */
  setTopic(input: Given<typeof changedTopicInput>): void;
  /** Puts a file at a web address, from where sends may fetch it. */
  registerUrl(input: Given<typeof addressInput>): void;
  /** A message with everything about it, deleted ones too; null when there never was one. */
  readPost(input: Given<typeof onMessage>): TelegramPostView | null;
  /** All messages of a chat in order, deleted and service ones too. */
  readChat(input: Given<typeof inChat>): TelegramPostView[];
}

export function createRoomActs(hall: Hall): RoomActs {
  const { core } = hall;
  const { state } = core;

  function service(chat: Chat, thread: number | undefined, body: Record<string, unknown>): number {
    const opening = thread === undefined ? undefined : state.messages.get(chat.id)?.get(thread);
    const place =
      thread === undefined
        ? {}
        : {
            message_thread_id: thread,
            is_topic_message: true,
            ...(opening ? { reply_to_message: quotedBody(opening) } : {}),
          };
    const made = addService(hall, chat, { person: chat.owner }, { ...place, ...body }, preciseNow());
    return made?.id ?? 0;
  }

  return {
    setChat(given) {
      const { chat: name, photo, username, ...rest } = v.parse(chatInput, given);
      const chat = chatNamed(core, name);
      const { permissions, linked_chat_id, ...plain } = rest;
      for (const [key, value] of Object.entries(plain))
        if (value !== undefined) Object.assign(chat, { [key]: value });
      if (username !== undefined) chat.username = username.replace(/^@/, '');
      if (permissions) chat.permissions = { ...chat.permissions, ...permissions };
      if (photo !== undefined) chat.photo = keepPhoto(core, photo);
      state.save('chat', chat);
      if (linked_chat_id !== undefined) linkChats(core, chat, linked_chat_id);
      return chat;
    },
    createTopic(given) {
      const input = v.parse(topicInput, given);
      const chat = chatNamed(core, input.chat);
      if (!chat.is_forum) throw new Error('the chat has no topics');
      const { name, icon_color } = input;
      const who = input.by === undefined ? chat.owner : personNamed(core, input.by);
      // A group begins with a note, so that no topic has the number of the general one.
      if (messagesIn(hall, chat).length === 0)
        addService(hall, chat, { person: who }, { new_chat_title: chat.title }, preciseNow());
      const thread = (state.messages.get(chat.id)?.size ?? 0) + 1;
      const body = {
        message_thread_id: thread,
        is_topic_message: true,
        forum_topic_created: { name, icon_color },
      };
      chat.topics = { ...chat.topics, [String(thread)]: { name, icon_color, closed: false } };
      state.save('chat', chat);
      addService(hall, chat, { person: who }, body, preciseNow());
      return thread;
    },
    setTopic(given) {
      const input = v.parse(changedTopicInput, given);
      const chat = chatNamed(core, input.chat);
      const key = String(input.thread);
      const general: Topic = { name: 'General', icon_color: 0x6fb9f0, closed: false };
      const topic = chat.topics?.[key] ?? (input.thread === 1 ? general : undefined);
      if (!topic) throw new Error(`no such topic: ${input.thread}`);
      const { [key]: _, ...others } = chat.topics ?? {};
      const next = { ...topic, name: input.name ?? topic.name, closed: input.closed ?? topic.closed };
      chat.topics = input.deleted ? others : { ...others, [key]: next };
      state.save('chat', chat);
      if (input.deleted) return;
      const thread = input.thread === 1 ? undefined : input.thread;
      if (next.name !== topic.name) service(chat, thread, { forum_topic_edited: { name: next.name } });
      if (next.closed !== topic.closed)
        service(chat, thread, next.closed ? { forum_topic_closed: {} } : { forum_topic_reopened: {} });
    },
    registerUrl(given) {
      const { url, base64, mime } = v.parse(addressInput, given);
      state.addresses.set(url, { bytes: Buffer.from(base64, 'base64'), mime });
    },
    readPost(given) {
      const { chat, message_id } = v.parse(onMessage, given);
      const message = state.messages.get(chatNamed(core, chat).id)?.get(message_id);
      return message ? viewOf(core, message) : null;
    },
    readChat: (given) =>
      messagesIn(hall, chatNamed(core, v.parse(inChat, given).chat)).map((message) => viewOf(core, message)),
  };
}

/** Keeps a chat's picture; returns the id of its file. */
export function keepPhoto({ state }: Core, base64: string): string {
  const about = { mime: mimeOf('', 'chat.jpg'), name: 'chat.jpg', width: 640, height: 640 };
  return state.keepFile(Buffer.from(base64, 'base64'), about).id;
}

/** Makes a channel and its discussion group know each other, or parts them. */
export function linkChats({ state }: Core, chat: Chat, other: number | null): void {
  const old = chat.linked_chat_id === null ? undefined : state.chats.get(chat.linked_chat_id);
  if (old && old.id !== other) state.save('chat', Object.assign(old, { linked_chat_id: null }));
  chat.linked_chat_id = other;
  state.save('chat', chat);
  const next = other === null ? undefined : state.chats.get(other);
  if (next) state.save('chat', Object.assign(next, { linked_chat_id: chat.id }));
}

import type { CallRecord, Core, Reply } from '../core.ts';
import type { UploadedFile } from '../multipart.ts';
import type { Bot, Chat, Membership, Person, StoredMessage } from '../state.ts';
import { findChat } from '../state.ts';
import type { Updates } from './updates.ts';

/** A refusal in the Bot API's form. */
export class Refusal extends Error {
  constructor(
    readonly code: number,
    readonly description: string,
    readonly parameters?: Record<string, unknown>,
  ) {
    super(description);
  }
}

/** What acts on chats need, whoever acts. */
export interface Hall {
  core: Core;
  updates: Updates;
}

export interface TelegramCall extends Hall {
  bot: Bot;
  params: Record<string, unknown>;
  files: ReadonlyMap<string, UploadedFile>;
  record: CallRecord;
}

export type Right =
  | 'can_post_messages'
  | 'can_edit_messages'
  | 'can_delete_messages'
  | 'can_pin_messages'
  | 'can_manage_topics'
  | 'can_invite_users';

/** What may be sent: how a refusal names it, and the permission that members of a group need. */
const SENDS = {
  text: ['text messages', 'can_send_messages'],
  photo: ['photos', 'can_send_photos'],
  video: ['videos', 'can_send_videos'],
  animation: ['animations', 'can_send_other_messages'],
  document: ['documents', 'can_send_documents'],
  audio: ['audios', 'can_send_audios'],
  voice: ['voice notes', 'can_send_voice_notes'],
  poll: ['polls', 'can_send_polls'],
} as const;

export type SendKind = keyof typeof SENDS;

export function bad(description: string): Refusal {
  return new Refusal(400, `Bad Request: ${description}`);
}

export function unsupported(what: string): Refusal {
  return new Refusal(501, `not supported by the sandbox: ${what}`);
}

export function membershipOf(chat: Chat, bot: Bot): Membership | undefined {
  return chat.bots[String(bot.id)];
}

/** The chat that a parameter names, if the bot may know of it; notes it in the ledger row. */
export function chatOf(call: TelegramCall, id: unknown): Chat {
  if (id === undefined || id === '') throw bad('chat_id is empty');
  const { state } = call.core;
  const chat = findChat(state, id);
  const unknown = !chat || (!membershipOf(chat, call.bot) && (!chat.username || chat.type === 'private'));
  if (unknown && state.people.has(Number(id)))
    throw new Refusal(403, "Forbidden: bot can't initiate conversation with a user");
  // A person cannot be named by @username.
  if (unknown || (chat.type === 'private' && typeof id === 'string' && id.startsWith('@')))
    throw bad('chat not found');
  call.record.place = String(chat.id);
  if (chat.migrated_to !== null)
    throw new Refusal(400, 'Bad Request: group chat was upgraded to a supergroup chat', {
      migrate_to_chat_id: chat.migrated_to,
    });
  return chat;
}

/** As chatOf, and the bot is in it. Throws the refusal of a bot that was removed or was never a member. */
export function joinedChatOf(call: TelegramCall, id: unknown): { chat: Chat; member: Membership } {
  const chat = chatOf(call, id);
  const member = membershipOf(chat, call.bot);
  if (member?.status === 'kicked')
    throw new Refusal(
      403,
      chat.type === 'private'
        ? 'Forbidden: bot was blocked by the user'
        : `Forbidden: bot was kicked from the ${chat.type} chat`,
    );
  if (!member || member.status === 'left')
    throw new Refusal(403, `Forbidden: bot is not a member of the ${chat.type} chat`);
  return { chat, member };
}

/** As joinedChatOf, and the bot may send all of these there. */
export function postableChatOf(call: TelegramCall, ...kinds: SendKind[]): Chat {
  const { chat, member } = joinedChatOf(call, call.params.chat_id);
  if (chat.type === 'channel' && member.status !== 'administrator')
    throw new Refusal(403, 'Forbidden: need administrator rights in the channel chat');
  for (const kind of kinds) {
    const [words, permission] = SENDS[kind];
    const may =
      chat.type === 'channel'
        ? member.rights.can_post_messages === true
        : member.status === 'administrator' || chat.permissions?.[permission] !== false;
    if (!may) throw bad(`not enough rights to send ${words} to the chat`);
  }
  return chat;
}

export function has(member: Membership, right: Right): boolean {
  return member.status === 'administrator' && member.rights[right] === true;
}

export function messageOf(call: TelegramCall, chat: Chat, id: unknown): StoredMessage | undefined {
  const found = call.core.state.messages.get(chat.id)?.get(Number(id));
  if (!found || found.deleted) return undefined;
  // Every bot has a private chat of its own with the same person.
  return found.dialog === undefined || found.dialog === call.bot.id ? found : undefined;
}

export function chatObject(chat: Chat): Record<string, unknown> {
  const named = chat.username ? { username: chat.username } : {};
  if (chat.type === 'private') {
    const { first_name, last_name } = chat.owner;
    return {
      id: chat.id,
      type: chat.type,
      first_name: chat.title || first_name,
      ...(last_name ? { last_name } : {}),
      ...named,
    };
  }
  return {
    id: chat.id,
    type: chat.type,
    title: chat.title,
    ...named,
    ...(chat.is_forum ? { is_forum: true } : {}),
  };
}

export function botObject(bot: Bot): Record<string, unknown> {
  return { id: bot.id, is_bot: true, first_name: bot.first_name, username: bot.username };
}

export function personObject(person: Person): Record<string, unknown> {
  const told = Object.entries(person).filter(([, value]) => value !== undefined);
  return { is_bot: false, ...Object.fromEntries(told) };
}

/**
 * An object as one bot may see it: file ids that are good for this bot alone, and no answer of a quiz that is open and
 * somebody else's. A copy, so that it stays as it is when the message changes.
 */
export function shownTo(bot: Bot, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => shownTo(bot, item));
  if (typeof value !== 'object' || value === null) return value;
  const shown: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    if (name.endsWith('file_id') && typeof inner === 'string') shown[name] = `${inner}-${bot.id}`;
    else shown[name] = shownTo(bot, inner);
  }
  const hidden = Array.isArray(shown.correct_option_ids) && shown.is_closed === false;
  if (hidden && pollOwner(String(shown.id)) !== bot.id) delete shown.correct_option_ids;
  return shown;
}

const POLL_DIGITS = 6;

/** An id for a poll that tells whose it is. */
export function pollId(owner: number, number: number): string {
  return `${owner}${String(number).padStart(POLL_DIGITS, '0')}`;
}

export function pollOwner(id: string): number {
  return Number(id.slice(0, -POLL_DIGITS));
}

/** A refusal as the Bot API sends it. */
export function refusalReply(refusal: Refusal): Reply {
  const { code, description, parameters } = refusal;
  return json(code, { ok: false, error_code: code, description, ...(parameters ? { parameters } : {}) });
}

/** An answer of the Bot API. */
export function json(status: number, value: unknown): Reply {
  return { status, type: 'application/json', body: JSON.stringify(value), outcome: String(status) };
}

import type { CallRecord, Core, Reply } from '../core.ts';
import type { UploadedFile } from '../request.ts';
import type { Bot, Chat, Membership, Person, StoredMessage } from '../state.ts';
import { findChat } from '../state.ts';

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

export interface TelegramCall {
  core: Core;
  bot: Bot;
  params: Record<string, unknown>;
  files: ReadonlyMap<string, UploadedFile>;
  record: CallRecord;
}

export type Right = 'can_post_messages' | 'can_edit_messages' | 'can_delete_messages' | 'can_pin_messages';

export function bad(description: string): Refusal {
  return new Refusal(400, `Bad Request: ${description}`);
}

export function membershipOf(chat: Chat, bot: Bot): Membership | undefined {
  return chat.bots[String(bot.id)];
}

/** The chat that a parameter names, if the bot may know of it; notes it in the ledger row. */
export function chatOf(call: TelegramCall, id: unknown): Chat {
  if (id === undefined || id === '') throw bad('chat_id is empty');
  const chat = findChat(call.core.state, id);
  if (!chat || (!chat.username && !membershipOf(chat, call.bot))) throw bad('chat not found');
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
    throw new Refusal(403, `Forbidden: bot was kicked from the ${chat.type} chat`);
  if (!member || member.status === 'left')
    throw new Refusal(403, `Forbidden: bot is not a member of the ${chat.type} chat`);
  return { chat, member };
}

/** As joinedChatOf, and the bot may post there. `what` is named in the refusal, such as "text messages". */
export function postableChatOf(call: TelegramCall, what: string): Chat {
  const { chat, member } = joinedChatOf(call, call.params.chat_id);
  if (chat.type !== 'channel') return chat;
  if (member.status !== 'administrator')
    throw new Refusal(403, 'Forbidden: need administrator rights in the channel chat');
  if (!member.rights.can_post_messages) throw bad(`not enough rights to send ${what} to the chat`);
  return chat;
}

export function has(member: Membership, right: Right): boolean {
  return member.status === 'administrator' && member.rights[right] === true;
}

export function messageOf(call: TelegramCall, chat: Chat, id: unknown): StoredMessage | undefined {
  const found = call.core.state.messages.get(chat.id)?.get(Number(id));
  return found && !found.deleted ? found : undefined;
}

export function chatObject(chat: Chat): Record<string, unknown> {
  const named = chat.username ? { username: chat.username } : {};
  if (chat.type === 'private') return { id: chat.id, type: chat.type, first_name: chat.title, ...named };
  return { id: chat.id, type: chat.type, title: chat.title, ...named };
}

export function botObject(bot: Bot): Record<string, unknown> {
  return { id: bot.id, is_bot: true, first_name: bot.first_name, username: bot.username };
}

export function personObject(person: Person): Record<string, unknown> {
  return { is_bot: false, ...person };
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

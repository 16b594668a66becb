import { mediaOf, note, text } from '../core.ts';
import type { Chat, Membership, StoredMessage } from '../state.ts';
import type { TelegramCall } from './call.ts';
import { bad, has, joinedChatOf, messageOf, postableChatOf, Refusal, unsupported } from './call.ts';
import type { FloodGuard } from './flood.ts';
import type { MediaKind } from './media.ts';
import { attach, mediaKindOf } from './media.ts';
import type { Draft } from './messages.ts';
import { addMessages, messagesIn, nextGroupId } from './messages.ts';
import {
  captionPart,
  entitiesPart,
  formattedCaption,
  formattedText,
  previewPart,
  sendingPart,
} from './options.ts';

export function sendMessage(call: TelegramCall, flood: FloodGuard): unknown {
  call.record.text = text(call.params.text);
  const chat = postableChatOf(call, 'text');
  const formatted = formattedText(call);
  const body = {
    text: formatted.text,
    ...entitiesPart('entities', formatted),
    ...previewPart(call),
    ...sendingPart(call, chat),
  };
  return post(call, chat, [{ kind: 'text', files: [], body }], flood)[0]?.body;
}

export async function sendOneMedia(call: TelegramCall, flood: FloodGuard, kind: MediaKind): Promise<unknown> {
  call.record.text = text(call.params.caption);
  const chat = postableChatOf(call, kind);
  const caption = formattedCaption(call, call.params);
  const shared = sendingPart(call, chat);
  const attached = await attach(call, kind, text(call.params[kind]), call.params);
  call.record.text = caption.text;
  call.record.media = [mediaOf(attached.kind, attached.file)];
  const body = { ...attached.shown, ...captionPart(call.params, caption), ...shared };
  return post(call, chat, [{ kind: attached.kind, files: [attached.file.id], body }], flood)[0]?.body;
}

export async function sendMediaGroup(call: TelegramCall, flood: FloodGuard): Promise<unknown> {
  const items = Array.isArray(call.params.media) ? (call.params.media as Record<string, unknown>[]) : [];
  call.record.text = text(items[0]?.caption);
  const kinds = [...new Set(items.map((item) => mediaKindOf(item.type)))];
  const chat = postableChatOf(call, ...kinds);
  if (items.length < 2 || items.length > 10)
    throw bad(
      items.length < 2 ? 'strictly 2-10 media are required' : 'too many messages to send as an album',
    );
  const alone = kinds.find((kind) => kind === 'document' || kind === 'audio');
  if (alone && kinds.length > 1) throw bad(`${alone} can't be mixed with other media types`);
  const shared = sendingPart(call, chat);
  const drafts: Draft[] = [];
  const group = nextGroupId(call);
  for (const item of items) {
    const kind = mediaKindOf(item.type);
    const caption = formattedCaption(call, item);
    const attached = await attach(call, kind, text(item.media), item, true);
    call.record.media.push(mediaOf(kind, attached.file));
    const body = { media_group_id: group, ...attached.shown, ...captionPart(item, caption), ...shared };
    drafts.push({ kind, files: [attached.file.id], body });
  }
  call.record.text = text(drafts[0]?.body.caption);
  return post(call, chat, drafts, flood).map((message) => message.body);
}

/** Counts the sending and puts the messages into the chat: from here on they are public. */
export function post(call: TelegramCall, chat: Chat, drafts: Draft[], flood: FloodGuard): StoredMessage[] {
  const { core, bot, record } = call;
  checkSlowMode(call, chat);
  if (core.settings.floodLimits) flood.count(bot.id, chat.id);
  const made = addMessages(call, chat, { bot }, drafts, {
    at: record.at,
    silent: call.params.disable_notification === true,
    ...(chat.type === 'private' ? { dialog: bot.id } : {}),
  });
  record.place = String(chat.id);
  record.remote_id = String(made[0]?.id ?? '');
  if (made.length > 1) record.remote_ids = made.map((message) => String(message.id));
  if (drafts[0]?.kind === 'text') record.text = text(drafts[0].body.text);
  note(core, record, 'accepted', 'accepted');
  return made;
}

function checkSlowMode(call: TelegramCall, chat: Chat): void {
  const member = chat.bots[String(call.bot.id)];
  if (!chat.slow_mode_delay || member?.status === 'administrator') return;
  const last = messagesIn(call, chat).findLast((message) => message.bot === call.bot.id);
  const wait = last ? Math.ceil(last.at / 1000 + chat.slow_mode_delay - call.record.at / 1000) : 0;
  if (wait > 0) throw new Refusal(429, `Too Many Requests: retry after ${wait}`, { retry_after: wait });
}

/** The message that a call is to change, if the bot may. */
export function editableOf(
  call: TelegramCall,
  missing = 'message to edit not found',
): { chat: Chat; member: Membership; message: StoredMessage } {
  if (call.params.inline_message_id !== undefined) throw unsupported('inline messages');
  if (call.params.business_connection_id !== undefined) throw bad('business connection not found');
  const { chat, member } = joinedChatOf(call, call.params.chat_id);
  const message = messageOf(call, chat, call.params.message_id);
  if (!message || message.kind === 'service') throw bad(missing);
  const own = message.bot === call.bot.id;
  const may =
    chat.type === 'channel'
      ? has(member, 'can_edit_messages') || (own && has(member, 'can_post_messages'))
      : own;
  // A forward is somebody else's words.
  if (!may || message.body.forward_origin !== undefined) throw bad("message can't be edited");
  call.record.remote_id = String(message.id);
  return { chat, member, message };
}

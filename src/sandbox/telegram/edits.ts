import { mediaOf, note, text, unixSeconds } from '../core.ts';
import type { Chat, Membership, StoredMessage } from '../state.ts';
import type { TelegramCall } from './call.ts';
import { bad, has, joinedChatOf, messageOf, unsupported } from './call.ts';
import type { MediaKind } from './media.ts';
import { attach, MEDIA_KINDS, mediaKindOf } from './media.ts';
import {
  addService,
  changeMessage,
  contentOf,
  messagesIn,
  pick,
  quotedBody,
  removeMessage,
} from './messages.ts';
import {
  captionPart,
  entitiesPart,
  formattedCaption,
  formattedText,
  markupPart,
  previewPart,
} from './options.ts';
import { editableOf } from './send.ts';

const DELETABLE_MS = 48 * 3_600_000;
/** Kinds whose caption may stand above them. */
const PICTURES = ['photo', 'video', 'animation'];

export function editMessageText(call: TelegramCall): unknown {
  call.record.text = text(call.params.text);
  if (call.params.rich_message !== undefined) throw unsupported('rich messages');
  const { message } = editableOf(call);
  if (message.kind !== 'text') throw bad('there is no text in the message to edit');
  const formatted = formattedText(call);
  call.record.text = formatted.text;
  const content = { text: formatted.text, ...entitiesPart('entities', formatted), ...previewPart(call) };
  return change(call, message, content);
}

export function editMessageCaption(call: TelegramCall): unknown {
  call.record.text = text(call.params.caption);
  const { message } = editableOf(call);
  if (message.files.length === 0) throw bad('there is no caption in the message to edit');
  const caption = formattedCaption(call, call.params);
  call.record.text = caption.text;
  const kept = pick(message.body, [...MEDIA_KINDS, 'has_media_spoiler']);
  const above = PICTURES.includes(message.kind) && call.params.show_caption_above_media === true;
  return change(call, message, {
    ...kept,
    ...captionPart({ show_caption_above_media: above }, caption),
  });
}

export async function editMessageMedia(call: TelegramCall): Promise<unknown> {
  const { message } = editableOf(call);
  const media = call.params.media as Record<string, unknown>;
  const kind = mediaKindOf(media.type);
  if (message.kind === 'poll' || message.kind === 'voice') throw bad("message can't be edited");
  if (message.body.media_group_id !== undefined && albumOf(kind) !== albumOf(message.kind))
    throw bad("message content type can't be changed in an album");
  const caption = formattedCaption(call, media);
  const attached = await attach(call, kind, text(media.media), media, true);
  call.record.text = caption.text;
  call.record.media = [mediaOf(kind, attached.file)];
  const content = { ...attached.shown, ...captionPart(media, caption) };
  return change(call, message, content, { kind, files: [attached.file.id] });
}

/** Photos and videos may stand in one album; documents and audio among themselves. */
function albumOf(kind: StoredMessage['kind'] | MediaKind): string {
  return kind === 'photo' || kind === 'video' ? 'picture' : kind;
}

export function editMessageReplyMarkup(call: TelegramCall): unknown {
  const { message } = editableOf(call);
  call.record.text = text(message.body.text ?? message.body.caption);
  return change(call, message, contentOf(message.body));
}

function change(
  call: TelegramCall,
  message: StoredMessage,
  content: Record<string, unknown>,
  media: Partial<Pick<StoredMessage, 'kind' | 'files'>> = {},
): unknown {
  const chat = call.core.state.chats.get(message.chat);
  const before = { ...contentOf(message.body), ...pick(message.body, ['reply_markup']) };
  const after = { ...content, ...(chat ? markupPart(call, chat) : {}) };
  if (Bun.deepEquals(before, after))
    throw bad(
      'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message',
    );
  changeMessage(call, message, { edit_date: unixSeconds(call.record.at), ...after }, media);
  note(call.core, call.record, 'edited', 'edited');
  return message.body;
}

export function deleteMessage(call: TelegramCall): unknown {
  const { chat, member } = joinedChatOf(call, call.params.chat_id);
  const message = messageOf(call, chat, call.params.message_id);
  if (!message) throw bad('message to delete not found');
  if (!mayDelete(call, chat, member, message)) throw bad("message can't be deleted for everyone");
  remove(call, message);
  return true;
}

export function deleteMessages(call: TelegramCall): unknown {
  const { chat, member } = joinedChatOf(call, call.params.chat_id);
  const ids = Array.isArray(call.params.message_ids) ? call.params.message_ids : [];
  if (ids.length < 1 || ids.length > 100) throw bad('message identifiers must be 1-100');
  const found = ids.map((id) => messageOf(call, chat, id)).filter((message) => message !== undefined);
  for (const message of found)
    if (!mayDelete(call, chat, member, message)) throw bad("message can't be deleted for everyone");
  for (const message of found) remove(call, message);
  return true;
}

function mayDelete(call: TelegramCall, chat: Chat, member: Membership, message: StoredMessage): boolean {
  if (has(member, 'can_delete_messages')) return true;
  const own = message.bot === call.bot.id;
  const young = call.record.at - message.at < DELETABLE_MS;
  if (chat.type === 'private') return young;
  return own && young && (chat.type !== 'channel' || has(member, 'can_post_messages'));
}

function remove(call: TelegramCall, message: StoredMessage): void {
  removeMessage(call, message);
  call.record.remote_id = String(message.id);
  call.record.text = text(message.body.text ?? message.body.caption);
  note(call.core, call.record, 'deleted', 'deleted');
}

export function pinChatMessage(call: TelegramCall): unknown {
  const { chat, message } = pinnable(call);
  if (!message || message.kind === 'service') throw bad('message to pin not found');
  if (message.pinned) return true;
  message.pinned = true;
  call.core.state.save('message', message);
  // Pinning leaves a service message, which takes an id of its own.
  addService(call, chat, { bot: call.bot }, { pinned_message: quotedBody(message) }, call.record.at);
  return true;
}

export function unpinChatMessage(call: TelegramCall): unknown {
  const { chat, message } = pinnable(call);
  const target =
    call.params.message_id === undefined
      ? messagesIn(call, chat).findLast((m) => m.pinned && !m.deleted)
      : message;
  if (!target) throw bad('message to unpin not found');
  target.pinned = false;
  call.core.state.save('message', target);
  return true;
}

function pinnable(call: TelegramCall): { chat: Chat; message: StoredMessage | undefined } {
  const { chat, member } = joinedChatOf(call, call.params.chat_id);
  const may =
    chat.type === 'private' ||
    has(member, chat.type === 'channel' ? 'can_edit_messages' : 'can_pin_messages') ||
    (chat.type !== 'channel' && member.status === 'member' && chat.permissions?.can_pin_messages === true);
  if (!may) throw bad('not enough rights to manage pinned messages in the chat');
  call.record.remote_id = call.params.message_id === undefined ? '' : String(call.params.message_id);
  return { chat, message: messageOf(call, chat, call.params.message_id) };
}

import { mediaOf, note, text, unixSeconds } from '../core.ts';
import type { Chat, Membership, StoredMessage } from '../state.ts';
import type { TelegramCall } from './call.ts';
import { bad, chatObject, has, joinedChatOf, messageOf, postableChatOf, Refusal } from './call.ts';
import type { FloodGuard } from './flood.ts';
import {
  attach,
  captionPart,
  count,
  entitiesPart,
  formattedCaption,
  formattedText,
  markupPart,
  mediaKindOf,
  nextMessageId,
  post,
} from './send.ts';

const CONTENT = [
  'text',
  'entities',
  'link_preview_options',
  'photo',
  'video',
  'animation',
  'document',
  'caption',
  'caption_entities',
  'show_caption_above_media',
  'has_media_spoiler',
];

export function editMessageText(call: TelegramCall): unknown {
  call.record.text = text(call.params.text);
  const message = editable(call);
  if (message.kind !== 'text') throw bad('there is no text in the message to edit');
  const formatted = formattedText(call);
  call.record.text = formatted.text;
  const options = call.params.link_preview_options;
  const preview = typeof options === 'object' ? { link_preview_options: options } : {};
  return change(call, message, { text: formatted.text, ...entitiesPart('entities', formatted), ...preview });
}

export function editMessageCaption(call: TelegramCall): unknown {
  call.record.text = text(call.params.caption);
  const message = editable(call);
  if (message.kind === 'text') throw bad('there is no caption in the message to edit');
  const caption = formattedCaption(call.params);
  call.record.text = caption.text;
  const kept = pick(message.body, ['photo', 'video', 'animation', 'document']);
  return change(call, message, { ...kept, ...captionPart(call.params, caption) });
}

export async function editMessageMedia(call: TelegramCall): Promise<unknown> {
  const message = editable(call);
  const media = call.params.media as Record<string, unknown>;
  const kind = mediaKindOf(media.type);
  const inAlbum = message.body.media_group_id !== undefined;
  if (inAlbum && (kind === 'document') !== (message.kind === 'document'))
    throw bad("message content type can't be changed in an album");
  const caption = formattedCaption(media);
  const attached = await attach(call, kind, text(media.media));
  call.record.text = caption.text;
  call.record.media = [mediaOf(kind, attached.file)];
  const content = { ...attached.shown, ...captionPart(media, caption) };
  return change(call, message, content, { kind, files: [attached.file.id] });
}

export function editMessageReplyMarkup(call: TelegramCall): unknown {
  const message = editable(call);
  call.record.text = text(message.body.text ?? message.body.caption);
  return change(call, message, pick(message.body, CONTENT));
}

function editable(call: TelegramCall): StoredMessage {
  if (call.params.inline_message_id !== undefined)
    throw new Refusal(501, 'not supported by the sandbox: inline messages');
  const { chat, member } = joinedChatOf(call, call.params.chat_id);
  const message = messageOf(call, chat, call.params.message_id);
  if (!message || message.kind === 'service') throw bad('message to edit not found');
  const own = message.bot === call.bot.id;
  const may =
    chat.type === 'channel'
      ? has(member, 'can_edit_messages') || (own && has(member, 'can_post_messages'))
      : own;
  if (!may) throw bad("message can't be edited");
  call.record.remote_id = String(message.id);
  return message;
}

function change(
  call: TelegramCall,
  message: StoredMessage,
  content: Record<string, unknown>,
  media: Partial<Pick<StoredMessage, 'kind' | 'files'>> = {},
): unknown {
  const before = { ...pick(message.body, CONTENT), ...pick(message.body, ['reply_markup']) };
  const after = { ...content, ...markupPart(call) };
  if (Bun.deepEquals(before, after))
    throw bad(
      'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message',
    );
  const kept = Object.fromEntries(
    Object.entries(message.body).filter(([name]) => name !== 'reply_markup' && !CONTENT.includes(name)),
  );
  Object.assign(message, media);
  message.body = { ...kept, edit_date: unixSeconds(call.record.at), ...after };
  call.core.state.save('message', message);
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
  return own && (chat.type !== 'channel' || has(member, 'can_post_messages'));
}

function remove(call: TelegramCall, message: StoredMessage): void {
  message.deleted = true;
  call.core.state.save('message', message);
  call.record.remote_id = String(message.id);
  call.record.text = text(message.body.text ?? message.body.caption);
  note(call.core, call.record, 'deleted', 'deleted');
}

export function pinChatMessage(call: TelegramCall): unknown {
  const { chat, message } = pinnable(call);
  if (!message) throw bad('message to pin not found');
  if (message.pinned) return true;
  message.pinned = true;
  call.core.state.save('message', message);
  // Pinning leaves a service message, which takes an id of its own.
  const id = nextMessageId(call, chat);
  const date = unixSeconds(call.record.at);
  call.core.state.save('message', {
    chat: chat.id,
    id,
    at: call.record.at,
    bot: call.bot.id,
    deleted: false,
    pinned: false,
    kind: 'service',
    files: [],
    body: { message_id: id, date, chat: chatObject(chat), pinned_message: message.body },
  });
  return true;
}

export function unpinChatMessage(call: TelegramCall): unknown {
  const { chat, message } = pinnable(call);
  const all = [...(call.core.state.messages.get(chat.id)?.values() ?? [])];
  const target = call.params.message_id === undefined ? all.findLast((m) => m.pinned) : message;
  if (!target) throw bad('message to unpin not found');
  target.pinned = false;
  call.core.state.save('message', target);
  return true;
}

function pinnable(call: TelegramCall): { chat: Chat; message: StoredMessage | undefined } {
  const { chat, member } = joinedChatOf(call, call.params.chat_id);
  const may =
    chat.type === 'private' ||
    has(member, chat.type === 'channel' ? 'can_edit_messages' : 'can_pin_messages');
  if (!may) throw bad('not enough rights to manage pinned messages in the chat');
  call.record.remote_id = call.params.message_id === undefined ? '' : String(call.params.message_id);
  return { chat, message: messageOf(call, chat, call.params.message_id) };
}

export function forwardMessage(call: TelegramCall, flood: FloodGuard): unknown {
  const { from, source } = sourceOf(call, 'forward');
  const chat = postableChatOf(call, 'messages');
  count(call, chat, flood);
  const origin =
    from.type === 'channel'
      ? { type: 'channel', date: source.body.date, chat: chatObject(from), message_id: source.id }
      : { type: 'user', date: source.body.date, sender_user: source.body.from };
  // A forward of a forward keeps the first origin.
  const body = { forward_origin: source.body.forward_origin ?? origin, ...pick(source.body, CONTENT) };
  return post(call, chat, [{ kind: source.kind, files: source.files, body }])[0];
}

export function copyMessage(call: TelegramCall, flood: FloodGuard): unknown {
  const { source } = sourceOf(call, 'copy');
  const chat = postableChatOf(call, 'messages');
  const content = pick(source.body, CONTENT);
  const caption =
    call.params.caption !== undefined && source.kind !== 'text'
      ? {
          caption: undefined,
          caption_entities: undefined,
          ...captionPart(call.params, formattedCaption(call.params)),
        }
      : {};
  count(call, chat, flood);
  const body = { ...content, ...caption, ...markupPart(call) };
  return { message_id: post(call, chat, [{ kind: source.kind, files: source.files, body }])[0]?.message_id };
}

function sourceOf(call: TelegramCall, verb: 'forward' | 'copy'): { from: Chat; source: StoredMessage } {
  const from = joinedChatOf(call, call.params.from_chat_id).chat;
  const source = messageOf(call, from, call.params.message_id);
  if (!source) throw bad(`message to ${verb} not found`);
  if (source.kind === 'service' || from.protect_content || source.body.has_protected_content === true)
    throw bad(verb === 'copy' ? "message can't be copied" : "message can't be forwarded");
  call.record.text = text(source.body.text ?? source.body.caption);
  call.record.media = source.files.flatMap((id) => {
    const file = call.core.state.files.get(id);
    return file ? [mediaOf(source.kind, file)] : [];
  });
  return { from, source };
}

function pick(body: Record<string, unknown>, names: string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)));
}

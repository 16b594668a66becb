import { mediaOf, note, text, unixSeconds } from '../core.ts';
import { isTooNarrow, readPicture } from '../picture.ts';
import type { Chat, StoredFile, StoredMessage } from '../state.ts';
import type { TelegramCall } from './call.ts';
import { bad, botObject, chatObject, messageOf, postableChatOf, Refusal } from './call.ts';
import type { FloodGuard } from './flood.ts';
import type { FormattedText } from './text.ts';
import { formatText, TextRefused } from './text.ts';

export const TEXT_LIMIT = 4096;
export const CAPTION_LIMIT = 1024;
const PHOTO_BYTES = 10 * 1024 * 1024;
const URL_PHOTO_BYTES = 5 * 1024 * 1024;
const FILE_BYTES = 50 * 1024 * 1024;

export type MediaKind = 'photo' | 'video' | 'animation' | 'document';

export interface Attached {
  kind: MediaKind;
  file: StoredFile;
  /** The part of a Message that shows it. */
  shown: Record<string, unknown>;
}

export async function sendMessage(call: TelegramCall, flood: FloodGuard): Promise<unknown> {
  call.record.text = text(call.params.text);
  const chat = postableChatOf(call, 'text messages');
  const formatted = formattedText(call);
  const reply = replyPart(call, chat);
  count(call, chat, flood);
  const body = {
    text: formatted.text,
    ...entitiesPart('entities', formatted),
    ...previewPart(call),
    ...reply,
  };
  return post(call, chat, [{ kind: 'text', files: [], body: { ...body, ...markupPart(call) } }])[0];
}

export async function sendOneMedia(call: TelegramCall, flood: FloodGuard, kind: MediaKind): Promise<unknown> {
  call.record.text = text(call.params.caption);
  const chat = postableChatOf(call, kind === 'photo' ? 'photos' : `${kind}s`);
  const caption = formattedCaption(call.params);
  const attached = await attach(call, kind, text(call.params[kind]));
  const reply = replyPart(call, chat);
  count(call, chat, flood);
  call.record.text = caption.text;
  call.record.media = [mediaOf(kind, attached.file)];
  const body = { ...attached.shown, ...captionPart(call.params, caption), ...reply, ...markupPart(call) };
  return post(call, chat, [{ kind, files: [attached.file.id], body }])[0];
}

export async function sendMediaGroup(call: TelegramCall, flood: FloodGuard): Promise<unknown> {
  const items = Array.isArray(call.params.media) ? (call.params.media as Record<string, unknown>[]) : [];
  call.record.text = text(items[0]?.caption);
  const chat = postableChatOf(call, 'media messages');
  if (items.length < 2 || items.length > 10)
    throw bad(
      items.length < 2 ? 'strictly 2-10 media are required' : 'too many messages to send as an album',
    );
  const kinds = new Set(items.map((item) => text(item.type)));
  if (kinds.has('document') && kinds.size > 1) throw bad("document can't be mixed with other media types");
  const drafts: Draft[] = [];
  const group = String(call.core.state.nextId('media group', () => Date.now() * 1000));
  for (const item of items) {
    const kind = mediaKindOf(item.type);
    const caption = formattedCaption(item);
    const attached = await attach(call, kind, text(item.media));
    call.record.media.push(mediaOf(kind, attached.file));
    const body = { media_group_id: group, ...attached.shown, ...captionPart(item, caption) };
    drafts.push({ kind, files: [attached.file.id], body });
  }
  const reply = replyPart(call, chat);
  count(call, chat, flood);
  call.record.text = text(drafts[0]?.body.caption);
  return post(
    call,
    chat,
    drafts.map((draft) => ({ ...draft, body: { ...draft.body, ...reply } })),
  );
}

export interface Draft {
  kind: StoredMessage['kind'];
  files: string[];
  body: Record<string, unknown>;
}

/** Puts messages into the chat: from here on they are public. Returns them as the API shows them. */
export function post(call: TelegramCall, chat: Chat, drafts: Draft[]): Record<string, unknown>[] {
  const { state } = call.core;
  const made = drafts.map((draft) => {
    const id = nextMessageId(call, chat);
    const author =
      chat.type === 'channel' ? { sender_chat: chatObject(chat) } : { from: botObject(call.bot) };
    const { reply_to, ...rest } = draft.body;
    const replied = typeof reply_to === 'number' ? messageOf(call, chat, reply_to)?.body : undefined;
    const body: Record<string, unknown> = {
      message_id: id,
      ...author,
      chat: chatObject(chat),
      date: unixSeconds(call.record.at),
      ...rest,
    };
    if (replied) body.reply_to_message = { ...replied, reply_to_message: undefined };
    if (chat.protect_content || call.params.protect_content === true) body.has_protected_content = true;
    state.save('message', {
      chat: chat.id,
      id,
      at: call.record.at,
      bot: call.bot.id,
      deleted: false,
      pinned: false,
      kind: draft.kind,
      files: draft.files,
      body,
    });
    return body;
  });
  call.record.place = String(chat.id);
  call.record.remote_id = String(made[0]?.message_id ?? '');
  if (made.length > 1) call.record.remote_ids = made.map((message) => String(message.message_id));
  if (drafts[0]?.kind === 'text') call.record.text = text(drafts[0].body.text);
  note(call.core, call.record, 'accepted', 'accepted');
  return made;
}

export function nextMessageId(call: TelegramCall, chat: Chat): number {
  // Deleted messages stay on the shelf and ids grow by one, so its size is the greatest id.
  return call.core.state.nextId(`message ${chat.id}`, () => call.core.state.messages.get(chat.id)?.size ?? 0);
}

export function count(call: TelegramCall, chat: Chat, flood: FloodGuard): void {
  if (call.core.settings.floodLimits) flood.count(call.bot.id, chat.id);
}

export function formattedText(call: TelegramCall): FormattedText {
  const formatted = format(text(call.params.text), call.params.parse_mode, call.params.entities);
  if (formatted.text === '') throw bad('message text is empty');
  if (formatted.text.length > TEXT_LIMIT) throw bad('message is too long');
  return formatted;
}

export function formattedCaption(params: Record<string, unknown>): FormattedText {
  const formatted = format(text(params.caption), params.parse_mode, params.caption_entities);
  if (formatted.text.length > CAPTION_LIMIT) throw bad('message caption is too long');
  return formatted;
}

function format(raw: string, parseMode: unknown, entities: unknown): FormattedText {
  try {
    return formatText(raw, parseMode, entities);
  } catch (error) {
    if (error instanceof TextRefused) throw bad(error.message);
    throw error;
  }
}

export function entitiesPart(name: string, formatted: FormattedText): Record<string, unknown> {
  return formatted.entities.length > 0 ? { [name]: formatted.entities } : {};
}

export function captionPart(
  params: Record<string, unknown>,
  caption: FormattedText,
): Record<string, unknown> {
  const part = caption.text ? { caption: caption.text, ...entitiesPart('caption_entities', caption) } : {};
  return {
    ...part,
    ...(params.show_caption_above_media === true ? { show_caption_above_media: true } : {}),
    ...(params.has_spoiler === true ? { has_media_spoiler: true } : {}),
  };
}

export function markupPart(call: TelegramCall): Record<string, unknown> {
  const markup = call.params.reply_markup;
  return typeof markup === 'object' && markup !== null && 'inline_keyboard' in markup
    ? { reply_markup: markup }
    : {};
}

function previewPart(call: TelegramCall): Record<string, unknown> {
  const options = call.params.link_preview_options;
  return typeof options === 'object' && options !== null ? { link_preview_options: options } : {};
}

function replyPart(call: TelegramCall, chat: Chat): Record<string, unknown> {
  const wanted = call.params.reply_parameters as Record<string, unknown> | undefined;
  if (!wanted) return {};
  if (messageOf(call, chat, wanted.message_id)) return { reply_to: Number(wanted.message_id) };
  if (wanted.allow_sending_without_reply === true) return {};
  throw bad('message to be replied not found');
}

export function mediaKindOf(type: unknown): MediaKind {
  if (type === 'photo' || type === 'video' || type === 'animation' || type === 'document') return type;
  throw new Refusal(501, `not supported by the sandbox: media of type ${String(type)}`);
}

/** Finds the bytes that a media parameter means: an attached file, a known file_id, or an address to fetch. */
export async function attach(call: TelegramCall, kind: MediaKind, value: string): Promise<Attached> {
  const { state } = call.core;
  let bytes: Uint8Array | undefined;
  let name = `${kind}.bin`;
  let mime = 'application/octet-stream';
  if (value.startsWith('attach://')) {
    const upload = call.files.get(value.slice('attach://'.length));
    if (!upload || upload.bytes.length === 0) throw bad('file must be non-empty');
    bytes = upload.bytes;
    name = upload.name || name;
    mime = upload.type || mime;
  } else if (/^https?:\/\//i.test(value)) {
    bytes = await download(value, kind);
  } else {
    const known = state.files.get(value.split('-', 1)[0] ?? '');
    if (!known) throw bad('wrong file identifier/HTTP URL specified');
    if (kind === 'photo' && known.width === 0) throw bad("can't use file of type Document as Photo");
    return { kind, file: known, shown: shownAs(kind, known) };
  }
  if (kind === 'photo' && bytes.length > PHOTO_BYTES)
    throw bad(
      `file of size ${bytes.length} bytes is too big for a photo; the maximum size is ${PHOTO_BYTES} bytes`,
    );
  if (bytes.length > FILE_BYTES) throw new Refusal(413, 'Request Entity Too Large');
  const picture = kind === 'photo' || mime.startsWith('image/') ? await readPicture(bytes) : undefined;
  if (kind === 'photo') {
    if (!picture) throw bad('IMAGE_PROCESS_FAILED');
    if (picture.width + picture.height > 10_000 || isTooNarrow(picture, 20))
      throw bad('PHOTO_INVALID_DIMENSIONS');
  }
  const file = state.keepFile(bytes, picture ? { ...picture, name } : { mime, name });
  return { kind, file, shown: shownAs(kind, file) };
}

async function download(address: string, kind: MediaKind): Promise<Uint8Array> {
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error('not found');
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (kind === 'photo' && (bytes.length > URL_PHOTO_BYTES || !(await readPicture(bytes))))
      throw bad('wrong type of the web page content');
    return bytes;
  } catch (error) {
    throw error instanceof Refusal ? error : bad('failed to get HTTP URL content');
  }
}

const PHOTO_SIDES: [string, number][] = [
  ['s', 90],
  ['m', 320],
  ['x', 800],
  ['y', 1280],
];

function shownAs(kind: MediaKind, file: StoredFile): Record<string, unknown> {
  const id = (letter: string) => ({
    file_id: `${file.id}-${letter}`,
    file_unique_id: `${file.id.slice(0, 12)}${letter}`,
  });
  if (kind === 'photo') {
    const longer = Math.max(file.width, file.height);
    const sizes = PHOTO_SIDES.filter(
      ([letter, side]) => letter === 's' || side < longer || side / 2.5 < longer,
    );
    return {
      photo: sizes.map(([letter, side]) => {
        const scale = Math.min(1, side / longer);
        return {
          ...id(letter),
          width: Math.max(1, Math.round(file.width * scale)),
          height: Math.max(1, Math.round(file.height * scale)),
          file_size: Math.max(1, Math.round(file.size * scale * scale)),
        };
      }),
    };
  }
  const plain = { ...id('d'), file_name: file.name, mime_type: file.mime, file_size: file.size };
  const moving = { ...plain, width: file.width || 640, height: file.height || 360, duration: 1 };
  if (kind === 'video') return { video: moving };
  // An animation is shown as a document as well, for old clients.
  if (kind === 'animation') return { animation: moving, document: plain };
  return { document: plain };
}

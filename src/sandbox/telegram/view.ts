import type { Core } from '../core.ts';
import { text } from '../core.ts';
import type { StoredFile, StoredMessage } from '../state.ts';
import type { Entity } from './entities.ts';

type Fields = Record<string, unknown>;

export interface TelegramFileView {
  kind: string;
  /** Of the bytes as they were sent, hex. */
  sha256: string;
  size: number;
  name: string;
  mime: string;
  width: number;
  height: number;
  /** Seconds; 0 = not told. */
  duration: number;
}

export interface TelegramCommentView {
  chat: number;
  message_id: number;
  /** Epoch ms with fraction. */
  at: number;
  from: number;
  author: string;
  text: string;
}

/** A message with everything about it. */
export interface TelegramPostView {
  chat: number;
  message_id: number;
  /** Epoch ms with fraction. */
  at: number;
  kind: StoredMessage['kind'];
  /** Text or caption. */
  text: string;
  entities: Entity[];
  /** Rows of the inline keyboard. */
  buttons: { text: string; url?: string; callback_data?: string }[][];
  files: TelegramFileView[];
  /** `media_group_id`; empty for a message by itself. */
  album: string;
  /** Id of the bot that sent it; 0 = a person. */
  bot: number;
  /** Id of the person that wrote it in a group or to a bot; 0 = nobody that is seen. */
  from: number;
  deleted: boolean;
  edited: boolean;
  pinned: boolean;
  protected: boolean;
  silent: boolean;
  spoiler: boolean;
  caption_above: boolean;
  reply_to: number | null;
  /** Topic, or root of a thread of comments. */
  thread: number | null;
  link_preview: Fields | null;
  poll: Fields | null;
  forward_origin: Fields | null;
  /** Null = nobody knows. */
  views: number | null;
  forwards: number | null;
  reactions: Record<string, number>;
  comments: TelegramCommentView[];
  /** As the Bot API shows it, with file ids of no bot. */
  body: Fields;
}

export function viewOf(core: Core, message: StoredMessage): TelegramPostView {
  const { body } = message;
  const markup = body.reply_markup as { inline_keyboard: TelegramPostView['buttons'] } | undefined;
  const replied = body.reply_to_message as { message_id: number } | undefined;
  const from = body.from as { id: number; is_bot: boolean } | undefined;
  return {
    chat: message.chat,
    message_id: message.id,
    at: message.at,
    kind: message.kind,
    text: text(body.text ?? body.caption),
    entities: (body.entities ?? body.caption_entities ?? []) as Entity[],
    buttons: markup?.inline_keyboard ?? [],
    files: message.files.flatMap((id) => fileView(message.kind, core.state.files.get(id))),
    album: text(body.media_group_id),
    bot: message.bot,
    from: from && !from.is_bot ? from.id : 0,
    deleted: message.deleted,
    edited: body.edit_date !== undefined,
    pinned: message.pinned,
    protected: body.has_protected_content === true,
    silent: message.silent === true,
    spoiler: body.has_media_spoiler === true,
    caption_above: body.show_caption_above_media === true,
    reply_to: replied?.message_id ?? null,
    thread: typeof body.message_thread_id === 'number' ? body.message_thread_id : null,
    link_preview: (body.link_preview_options as Fields | undefined) ?? null,
    poll: (body.poll as Fields | undefined) ?? null,
    forward_origin: (body.forward_origin as Fields | undefined) ?? null,
    views: message.views ?? null,
    forwards: message.forwards ?? null,
    reactions: message.reactions ?? {},
    comments: commentsOn(core, message),
    body,
  };
}

function fileView(kind: string, file: StoredFile | undefined): TelegramFileView[] {
  if (!file) return [];
  const { sha256, size, name, mime, width, height, duration } = file;
  return [{ kind, sha256, size, name, mime, width, height, duration: duration ?? 0 }];
}

/** What hangs on the copy of a channel's post in the discussion group. */
export function commentsOn(core: Core, { discussion }: StoredMessage): TelegramCommentView[] {
  if (!discussion) return [];
  const thread = [...(core.state.messages.get(discussion.chat)?.values() ?? [])];
  return thread
    .filter(({ deleted, body }) => !deleted && body.message_thread_id === discussion.id)
    .map(({ chat, id, at, body }) => {
      const from = body.from as { id: number; first_name: string } | undefined;
      return {
        chat,
        message_id: id,
        at,
        from: from?.id ?? 0,
        author: from?.first_name ?? '',
        text: text(body.text ?? body.caption),
      };
    });
}

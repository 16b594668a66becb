import type { Chat } from '../state.ts';
import type { TelegramCall } from './call.ts';
import { bad, has, membershipOf, messageOf, unsupported } from './call.ts';
import type { Entity } from './entities.ts';
import { checkedUrl, TextRefused } from './entities.ts';
import { quotedBody } from './messages.ts';
import type { FormattedText } from './text.ts';
import { formatText } from './text.ts';

const TEXT_LIMIT = 4096;
const CAPTION_LIMIT = 1024;
const BUTTONS_IN_ROW = 8;
const BUTTONS = 100;
const BUTTON_ACTIONS = [
  'url',
  'callback_data',
  'web_app',
  'login_url',
  'switch_inline_query',
  'switch_inline_query_current_chat',
  'switch_inline_query_chosen_chat',
  'copy_text',
  'callback_game',
  'pay',
];
const BUTTON_STYLES = ['danger', 'success', 'primary'];
/** Forum messages without a topic of their own. */
const GENERAL_TOPIC = 1;

type Fields = Record<string, unknown>;

/** The fields that every kind of sending shares: topic, reply, buttons, protection. Throws the refusal. */
export function sendingPart(call: TelegramCall, chat: Chat): Fields {
  checkAudience(call, chat);
  const reply = replyPart(call, chat);
  const thread = threadPart(call, chat, reply.message_thread_id);
  return {
    ...thread,
    ...reply,
    ...markupPart(call, chat),
    ...(call.params.protect_content === true ? { has_protected_content: true } : {}),
  };
}

function checkAudience({ params }: TelegramCall, chat: Chat): void {
  if (params.business_connection_id !== undefined) throw bad('business connection not found');
  if (params.direct_messages_topic_id !== undefined || params.suggested_post_parameters !== undefined)
    throw bad('chat is not a direct messages chat');
  if (params.message_effect_id !== undefined && chat.type !== 'private') throw bad('EFFECT_ID_INVALID');
}

function replyPart(call: TelegramCall, chat: Chat): Fields {
  const wanted = call.params.reply_parameters as Fields | undefined;
  if (!wanted) return {};
  if (wanted.chat_id !== undefined && String(wanted.chat_id) !== String(chat.id))
    throw unsupported('replies to another chat');
  const replied = messageOf(call, chat, wanted.message_id);
  if (!replied) {
    if (wanted.allow_sending_without_reply === true) return {};
    throw bad('message to be replied not found');
  }
  const { message_thread_id: thread, is_topic_message: topic } = replied.body;
  // A reply in a group opens a thread under what is replied to.
  const root = thread ?? (chat.type === 'supergroup' && !chat.is_forum ? replied.id : undefined);
  return {
    ...(root === undefined ? {} : { message_thread_id: root }),
    ...(topic === undefined ? {} : { is_topic_message: topic }),
    reply_to_message: quotedBody(replied),
    ...quotePart(wanted, String(replied.body.text ?? replied.body.caption ?? '')),
  };
}

function quotePart(wanted: Fields, words: string): Fields {
  if (typeof wanted.quote !== 'string' || wanted.quote === '') return {};
  const quote = format(wanted.quote, wanted.quote_parse_mode, wanted.quote_entities, false);
  const position = words.indexOf(quote.text);
  if (position < 0) throw bad('QUOTE_TEXT_INVALID');
  return { quote: { text: quote.text, ...entitiesPart('entities', quote), position, is_manual: true } };
}

function threadPart(call: TelegramCall, chat: Chat, replied: unknown): Fields {
  const thread = call.params.message_thread_id ?? (chat.is_forum ? replied : undefined);
  if (thread === undefined) {
    if (chat.is_forum) checkOpen(call, chat, GENERAL_TOPIC);
    return {};
  }
  if (chat.is_forum) {
    // The first topic has no thread to a bot: it is written to without one.
    if (thread === GENERAL_TOPIC || !chat.topics?.[String(thread)]) throw bad('message thread not found');
    checkOpen(call, chat, Number(thread));
    const opening = messageOf(call, chat, thread);
    return {
      message_thread_id: thread,
      is_topic_message: true,
      ...(opening ? { reply_to_message: quotedBody(opening) } : {}),
    };
  }
  const root = chat.type === 'supergroup' ? messageOf(call, chat, thread) : undefined;
  if (root?.body.is_automatic_forward !== true) throw bad('message thread not found');
  return { message_thread_id: thread };
}

function checkOpen(call: TelegramCall, chat: Chat, thread: number): void {
  const member = membershipOf(chat, call.bot);
  const closed = chat.topics?.[String(thread)]?.closed === true;
  if (closed && !(member && has(member, 'can_manage_topics'))) throw bad('TOPIC_CLOSED');
}

/** The inline keyboard as the server keeps it; other keyboards are not part of a message. */
export function markupPart(call: TelegramCall, chat: Chat): Fields {
  const markup = call.params.reply_markup;
  if (typeof markup !== 'object' || markup === null || !('inline_keyboard' in markup)) return {};
  const rows = (markup.inline_keyboard as Fields[][]).filter((row) => row.length > 0);
  if (rows.length === 0) return {};
  const all = rows.flat();
  if (all.length > BUTTONS || rows.some((row) => row.length > BUTTONS_IN_ROW)) throw bad('BUTTONS_TOO_MUCH');
  return {
    reply_markup: { inline_keyboard: rows.map((row) => row.map((button) => checkedButton(button, chat))) },
  };
}

function checkedButton(button: Fields, chat: Chat): Fields {
  const words = String(button.text).trim();
  if (words === '') throw bad('inline keyboard button text must be non-empty');
  const actions = BUTTON_ACTIONS.filter((name) => button[name] !== undefined);
  if (actions.length === 0) throw bad('text buttons are unallowed in the inline keyboard');
  if (actions.length > 1) throw bad("can't parse inline keyboard button: too many fields");
  if (button.style !== undefined && !BUTTON_STYLES.includes(String(button.style)))
    throw bad('invalid button style specified');
  if (button.url !== undefined) {
    const url = checkedUrl(String(button.url));
    if (url === undefined) throw bad(`inline keyboard button URL '${button.url}' is invalid: Wrong HTTP URL`);
    return { ...button, text: words, url };
  }
  if (button.callback_data !== undefined) {
    const size = Buffer.byteLength(String(button.callback_data));
    if (size < 1 || size > 64) throw bad('BUTTON_DATA_INVALID');
  }
  if (button.web_app !== undefined && chat.type !== 'private') throw bad('BUTTON_TYPE_INVALID');
  return { ...button, text: words };
}

/** Options of a text's link preview as the message shows them. */
export function previewPart({ params }: TelegramCall): Fields {
  const options = params.link_preview_options as Fields | undefined;
  if (typeof options !== 'object' || options === null || Object.keys(options).length === 0) return {};
  if (options.is_disabled === true) return { link_preview_options: { is_disabled: true } };
  if (options.url !== undefined && options.url !== '' && checkedUrl(String(options.url)) === undefined)
    throw bad('WEBPAGE_URL_INVALID');
  return { link_preview_options: options };
}

export function formattedText(call: TelegramCall): FormattedText {
  const { text, parse_mode, entities } = call.params;
  const formatted = format(text, parse_mode, entities, call.bot.custom_emoji === true);
  if (formatted.text === '') throw bad('message text is empty');
  if (formatted.text.length > TEXT_LIMIT) throw bad('message is too long');
  return formatted;
}

export function formattedCaption(call: TelegramCall, params: Fields): FormattedText {
  const { caption, parse_mode, caption_entities } = params;
  const formatted = format(caption, parse_mode, caption_entities, call.bot.custom_emoji === true);
  if (formatted.text.length > CAPTION_LIMIT) throw bad('message caption is too long');
  return formatted;
}

/** Text with its entities; a refusal in the Bot API's form when it cannot be used. */
export function format(
  raw: unknown,
  parseMode: unknown,
  entities: unknown,
  customEmoji: boolean,
): FormattedText {
  try {
    return formatText(typeof raw === 'string' ? raw : '', parseMode, entities, { customEmoji });
  } catch (error) {
    if (error instanceof TextRefused) throw bad(error.message);
    throw error;
  }
}

export function entitiesPart(name: string, formatted: { entities: Entity[] }): Fields {
  return formatted.entities.length > 0 ? { [name]: formatted.entities } : {};
}

/** Caption, and how the medium is shown with it. */
export function captionPart(params: Fields, caption: FormattedText): Fields {
  return {
    ...(caption.text ? { caption: caption.text, ...entitiesPart('caption_entities', caption) } : {}),
    ...(params.show_caption_above_media === true ? { show_caption_above_media: true } : {}),
    ...(params.has_spoiler === true ? { has_media_spoiler: true } : {}),
  };
}

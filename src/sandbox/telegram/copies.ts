import { mediaOf, text } from '../core.ts';
import type { Chat, StoredMessage } from '../state.ts';
import type { SendKind, TelegramCall } from './call.ts';
import { bad, joinedChatOf, messageOf, pollOwner, postableChatOf } from './call.ts';
import type { FloodGuard } from './flood.ts';
import type { Draft } from './messages.ts';
import { contentOf, nextGroupId, originOf } from './messages.ts';
import { captionPart, formattedCaption, sendingPart } from './options.ts';
import { nextPollId } from './polls.ts';
import { post } from './send.ts';

type Fields = Record<string, unknown>;

export function forwardMessage(call: TelegramCall, flood: FloodGuard): unknown {
  const { from, source } = sourceOf(call, 'forward');
  const chat = postableChatOf(call, kindOf(source));
  return post(call, chat, [forwarded(from, source, sendingPart(call, chat))], flood)[0]?.body;
}

export function copyMessage(call: TelegramCall, flood: FloodGuard): unknown {
  const { source } = sourceOf(call, 'copy');
  const chat = postableChatOf(call, kindOf(source));
  const draft = copied(call, source, sendingPart(call, chat));
  if (call.params.caption !== undefined && source.files.length > 0) {
    const { caption: _, caption_entities: __, show_caption_above_media: ___, ...rest } = draft.body;
    draft.body = { ...rest, ...captionPart(call.params, formattedCaption(call, call.params)) };
  }
  return { message_id: post(call, chat, [draft], flood)[0]?.id };
}

export function forwardMessages(call: TelegramCall, flood: FloodGuard): unknown {
  const { from, sources } = sourcesOf(call, 'forward');
  const chat = postableChatOf(call, ...kindsOf(sources));
  const shared = sendingPart(call, chat);
  const drafts = sources.map((source) => forwarded(from, source, shared));
  return idsOf(post(call, chat, inAlbums(call, sources, drafts), flood));
}

export function copyMessages(call: TelegramCall, flood: FloodGuard): unknown {
  const { sources } = sourcesOf(call, 'copy');
  const chat = postableChatOf(call, ...kindsOf(sources));
  const shared = sendingPart(call, chat);
  const drafts = sources.map((source) => {
    const draft = copied(call, source, shared);
    if (call.params.remove_caption !== true) return draft;
    const { caption: _, caption_entities: __, ...body } = draft.body;
    return { ...draft, body };
  });
  return idsOf(post(call, chat, inAlbums(call, sources, drafts), flood));
}

function forwarded(from: Chat, source: StoredMessage, shared: Fields): Draft {
  const body = {
    ...shared,
    forward_origin: originOf(from, source),
    ...contentOf(source.body),
    ...linkButtons(source),
  };
  return { kind: source.kind, files: source.files, body };
}

/** A forward keeps its buttons when all of them are links. */
function linkButtons({ body }: StoredMessage): Fields {
  const markup = body.reply_markup as { inline_keyboard: Fields[][] } | undefined;
  return markup?.inline_keyboard.flat().every((button) => button.url !== undefined)
    ? { reply_markup: markup }
    : {};
}

function copied(call: TelegramCall, source: StoredMessage, shared: Fields): Draft {
  const content = contentOf(source.body);
  const poll = content.poll as (Fields & { id: string; options: Fields[] }) | undefined;
  if (poll)
    content.poll = {
      ...poll,
      id: nextPollId(call),
      options: poll.options.map((option) => ({ ...option, voter_count: 0 })),
      total_voter_count: 0,
      is_closed: false,
    };
  return { kind: source.kind, files: source.files, body: { ...content, ...shared } };
}

/** Items of one album stay together under a new group id. */
function inAlbums(call: TelegramCall, sources: StoredMessage[], drafts: Draft[]): Draft[] {
  const groups = new Map<unknown, string>();
  return drafts.map((draft, index) => {
    const old = sources[index]?.body.media_group_id;
    if (old === undefined) return draft;
    const group = groups.get(old) ?? nextGroupId(call);
    groups.set(old, group);
    return { ...draft, body: { ...draft.body, media_group_id: group } };
  });
}

function idsOf(messages: StoredMessage[]): unknown {
  return messages.map((message) => ({ message_id: message.id }));
}

function kindOf(source: StoredMessage): SendKind {
  return source.kind === 'service' ? 'text' : source.kind;
}

function kindsOf(sources: StoredMessage[]): SendKind[] {
  return [...new Set(sources.map(kindOf))];
}

function sourceOf(call: TelegramCall, verb: 'forward' | 'copy'): { from: Chat; source: StoredMessage } {
  const from = joinedChatOf(call, call.params.from_chat_id).chat;
  const source = messageOf(call, from, call.params.message_id);
  if (!source || source.kind === 'service') throw bad(`message to ${verb} not found`);
  if (!isFree(call, from, source, verb))
    throw bad(verb === 'copy' ? "message can't be copied" : "message can't be forwarded");
  remember(call, [source]);
  return { from, source };
}

function sourcesOf(call: TelegramCall, verb: 'forward' | 'copy'): { from: Chat; sources: StoredMessage[] } {
  const ids = Array.isArray(call.params.message_ids) ? call.params.message_ids.map(Number) : [];
  if (ids.length < 1 || ids.length > 100) throw bad('message identifiers must be 1-100');
  if (ids.some((id, index) => index > 0 && id <= (ids[index - 1] ?? 0)))
    throw bad('message identifiers must be in a strictly increasing order');
  const from = joinedChatOf(call, call.params.from_chat_id).chat;
  // What is missing or protected is left out.
  const sources = ids
    .map((id) => messageOf(call, from, id))
    .filter((source) => source !== undefined)
    .filter((source) => isFree(call, from, source, verb));
  if (sources.length === 0) throw bad(`there are no messages to ${verb}`);
  remember(call, sources);
  return { from, sources };
}

function isFree(call: TelegramCall, from: Chat, source: StoredMessage, verb: 'forward' | 'copy'): boolean {
  if (source.kind === 'service' || from.protect_content || source.body.has_protected_content === true)
    return false;
  const poll = source.body.poll as Fields | undefined;
  // The answer of somebody else's open quiz is not known to the bot.
  const secret =
    poll?.type === 'quiz' && poll.is_closed !== true && pollOwner(String(poll.id)) !== call.bot.id;
  return verb === 'forward' || !secret;
}

function remember(call: TelegramCall, sources: StoredMessage[]): void {
  const body = sources[0]?.body;
  call.record.text = text(body?.text ?? body?.caption);
  call.record.media = sources.flatMap((source) =>
    source.files.flatMap((id) => {
      const file = call.core.state.files.get(id);
      return file ? [mediaOf(source.kind, file)] : [];
    }),
  );
}

import * as v from 'valibot';
import type { Entity } from '../../text/formatted.ts';
import { NetworkError } from '../error.ts';
import type { Json, MediaItem, Message, Remark } from '../message.ts';
import type { Place, Sent, Target } from '../network.ts';
import { call, type Files, filesFor } from './call.ts';
import { pinAdvice } from './capabilities.ts';
import { compose } from './compose.ts';
import { entitiesFor } from './entities.ts';
import type { TelegramRefusal } from './errors.ts';
import { albumGroup, fileParams, methods } from './media.ts';
import { optionsOf } from './options.ts';
import { addressFor, detailsOf, messageAt, refusal, settingsOf, type TelegramAccess } from './place.ts';
import { resolved, SentMessage } from './send.ts';

type Params = { [key: string]: Json };

/** Why Telegram cannot make `after` of what is public: kinds of messages do not change at will. */
export function editProblems(target: Target, after: Message, place: Place): Remark[] {
  const { live } = target;
  const problems = [...compose(after, place).problems];
  const add = (path: string, code: string, message: string) => problems.push({ path, code, message });
  if (live.poll || after.poll !== null) {
    add(
      '/poll',
      'poll_is_final',
      live.poll
        ? 'A poll cannot be changed at Telegram. Delete it and publish a new one.'
        : 'A published message cannot become a poll. Publish the poll as a post of its own.',
    );
    return problems;
  }
  const before = live.media;
  const asText = compose(after, place).request.method === 'sendMessage';
  if (before.length === 0) {
    if (after.media.length > 1) {
      add(
        '/media_ids',
        'album_from_text',
        'A published text can get one file, not an album. Delete it and publish a new post.',
      );
    } else if (!asText && after.media[0]?.kind === 'voice') {
      add('/media_ids/0', 'voice_is_final', 'A published message cannot become a voice message.');
    }
    return problems;
  }
  if (asText) {
    add(
      '/media_ids',
      'file_needed',
      'A published file cannot become a text alone: keep a file, or delete the post and publish a new one.',
    );
    return problems;
  }
  if (before.length !== after.media.length) {
    add(
      '/media_ids',
      'count_is_final',
      before.length > 1
        ? `A published album keeps its ${before.length} files: each can be replaced, none added or taken out.`
        : 'A published file can be replaced by one other, not by an album.',
    );
    return problems;
  }
  for (const [index, item] of after.media.entries()) {
    const old = before[index];
    if (!old || old.id === item.id) continue;
    const path = `/media_ids/${index}`;
    if (before.length > 1 && albumGroup(old.kind) !== albumGroup(item.kind)) {
      add(
        path,
        'other_kind',
        'In an album a file can only be replaced by one of its kind: images and videos by each other, documents by documents, audio by audio.',
      );
    } else if (old.kind === 'voice' || item.kind === 'voice') {
      add(path, 'voice_is_final', 'A voice message cannot be replaced at Telegram, only its text.');
    }
    if (before.length > 1 && target.remoteIds.length !== before.length) {
      add(path, 'ids_unknown', 'Telegram did not tell the numbers of all files of this album.');
    }
  }
  return problems;
}

/** Brings text, formatting, buttons and files of a published message up to `after`. */
export async function edit(
  access: TelegramAccess,
  place: Place,
  target: Target,
  after: Message,
  staged: ReadonlyMap<string, string>,
): Promise<void> {
  const [problem] = editProblems(target, after, place);
  if (problem) throw refusal(problem.code, problem.message, null);
  const { method, params } = compose(after, place).request;
  const keyboard = given({ reply_markup: params.reply_markup });
  if (method === 'sendMessage') {
    const { text, entities, link_preview_options } = resolved(params, access);
    const words = given({ text, entities, link_preview_options });
    return change(access, place, target.remoteId, 'editMessageText', { ...words, ...keyboard });
  }
  const { options } = optionsOf(after);
  const before = target.live.media;
  const swapped = after.media.filter((item, index) => before[index]?.id !== item.id);
  const files = await filesFor(swapped, staged);
  const entities = entitiesFor(after.entities);
  const caption: Params = { caption: after.text, ...(entities.length > 0 && { caption_entities: entities }) };
  for (const [index, item] of after.media.entries()) {
    const id = index === 0 ? target.remoteId : target.remoteIds[index];
    if (id === undefined) continue;
    const words = index === 0 ? caption : {};
    if (swapped.includes(item)) {
      const media = inputMedia(item, words, fileParams(item, options));
      await change(access, place, id, 'editMessageMedia', { media, ...keyboard }, files);
    } else if (index === 0) {
      const above = fileParams(item, { caption_above: options.caption_above ?? false });
      await change(access, place, id, 'editMessageCaption', {
        ...words,
        ...given({ show_caption_above_media: above.show_caption_above_media }),
        ...keyboard,
      });
    }
  }
}

function inputMedia(item: MediaItem, caption: Params, about: Params): Params {
  return { type: methods[item.kind].field, media: { $media: item.id }, ...caption, ...about };
}

function given(params: Record<string, Json | undefined>): Params {
  return Object.fromEntries(
    Object.entries(params).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );
}

async function change(
  access: TelegramAccess,
  place: Place,
  remoteId: string,
  method: string,
  params: Params,
  files?: Files,
): Promise<void> {
  const { chat, id } = messageAt(place, remoteId);
  const about = { chat_id: chat, message_id: id, ...params };
  await settled(['not_modified'], () => call(access, method, about, v.unknown(), files));
}

/** Removes it with every message that it stands under. */
export async function remove(access: TelegramAccess, place: Place, target: Target): Promise<void> {
  const { chat, id } = messageAt(place, target.remoteId);
  const ids = [...new Set([id, ...target.remoteIds.map((remoteId) => messageAt(place, remoteId).id)])];
  if (ids.length > 1) {
    await call(access, 'deleteMessages', { chat_id: chat, message_ids: ids }, v.literal(true));
    return;
  }
  await settled(['message_gone'], () =>
    call(access, 'deleteMessage', { chat_id: chat, message_id: id }, v.literal(true)),
  );
}

export async function pin(
  access: TelegramAccess,
  place: Place,
  target: Target,
  pinned: boolean | 'silent',
): Promise<void> {
  const { chat, id } = messageAt(place, target.remoteId);
  const params: Params = { chat_id: chat, message_id: id };
  if (pinned === 'silent') params.disable_notification = true;
  try {
    // A message that is gone is pinned no more.
    await settled(pinned === false ? ['not_modified', 'message_gone'] : ['not_modified'], () =>
      call(access, pinned === false ? 'unpinChatMessage' : 'pinChatMessage', params, v.literal(true)),
    );
  } catch (error) {
    if (!(error instanceof NetworkError) || error.code !== 'no_pin_right') throw error;
    throw refusal(error.code, error.message, pinAdvice(detailsOf(place).chat_type));
  }
}

/**
 * Comments under a post: in the linked group of a channel as an answer to its copy there, in a group as an answer to the
 * message itself.
 */
export async function comment(
  access: TelegramAccess,
  place: Place,
  target: Target,
  { text, entities }: { text: string; entities: readonly Entity[] },
  thread: string | null,
): Promise<Sent> {
  const inChannel = detailsOf(place).chat_type === 'channel';
  if (inChannel && !settingsOf(place.settings).comments_in_linked_group) {
    throw refusal(
      'comments_off',
      'Comments in the linked group are turned off for this channel.',
      'Turn them on in the settings of the channel.',
    );
  }
  const at = inChannel ? thread : target.remoteId;
  if (at === null || (inChannel && !/^-?\d+:\d+$/.test(at))) {
    throw refusal(
      'no_thread',
      'It is not known under which message of the linked group comments of this post stand.',
      'Let the bot be a member of the linked group and receive updates, then try again.',
    );
  }
  const message: Message = { text, entities, media: [], poll: null, options: {}, after: null };
  const { chat, id } = messageAt(place, at);
  const [problem] = compose(message, place).problems;
  if (problem) throw refusal(problem.code, problem.message, null);
  const formatted = entitiesFor(entities);
  const params: Params = {
    chat_id: chat,
    text,
    ...(formatted.length > 0 && { entities: formatted }),
    // The post may be gone: a comment by itself would be nonsense.
    reply_parameters: { message_id: id },
  };
  const sent = await call(access, 'sendMessage', params, SentMessage);
  if (sent.message_id === 0) return { remoteId: null, remoteUrl: null };
  if (!inChannel) {
    return { remoteId: String(sent.message_id), remoteUrl: addressFor(place, sent.message_id) };
  }
  const post = addressFor(place, target.remoteId);
  return {
    remoteId: `${chat}:${sent.message_id}`,
    remoteUrl: post === null ? null : `${post}?comment=${sent.message_id}`,
  };
}

/** Lets those refusals pass that say that nothing is left to do. */
async function settled(done: readonly TelegramRefusal[], act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const over = error instanceof NetworkError && done.some((code) => code === error.code);
    if (!over) throw error;
  }
}

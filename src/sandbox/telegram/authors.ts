import sharp from 'sharp';
import * as v from 'valibot';
import { unixSeconds } from '../core.ts';
import { preciseNow } from '../ledger.ts';
import { readPicture } from '../picture.ts';
import type { Chat, StoredFile, StoredMessage } from '../state.ts';
import type { Hall } from './call.ts';
import type { Entity } from './entities.ts';
import { MEDIA_KINDS, mimeOf, shownAs } from './media.ts';
import type { Author, Draft } from './messages.ts';
import {
  addMessages,
  addService,
  changeMessage,
  contentOf,
  nextGroupId,
  originOf,
  pick,
  quotedBody,
  removeMessage,
  without,
} from './messages.ts';
import { botNamed, chatNamed, idOrName, messageNamed, personNamed, whoInput } from './named.ts';
import { privateChat } from './people.ts';
import { formatText } from './text.ts';

type Given<T extends v.GenericSchema> = v.InferInput<T>;

const message_id = v.number();
const entities = v.array(v.looseObject({ type: v.string(), offset: v.number(), length: v.number() }));
const media = v.strictObject({
  kind: v.picklist(MEDIA_KINDS),
  name: v.optional(v.string()),
  mime: v.optional(v.string()),
  /** The bytes; without them a photo is a plain picture, and any other file a few bytes. */
  base64: v.optional(v.string()),
  width: v.optional(v.number(), 0),
  height: v.optional(v.number(), 0),
  duration: v.optional(v.number()),
  spoiler: v.optional(v.boolean(), false),
});
const words = {
  /** Text, or caption of the first file. */
  text: v.optional(v.string(), ''),
  entities: v.optional(entities),
  /** Several become an album. */
  media: v.optional(v.array(media), []),
  /** Id of the message that this one answers. */
  reply_to: v.optional(v.number()),
};
const postInput = v.strictObject({
  chat: idOrName,
  /** The owner unless told; in a channel nobody sees who it was. */
  person: v.optional(whoInput),
  ...words,
  /** Topic of a forum. */
  thread: v.optional(v.number()),
  /** The author's name under a channel's post. */
  signature: v.optional(v.string()),
  silent: v.optional(v.boolean(), false),
  protect: v.optional(v.boolean(), false),
  forward: v.optional(v.strictObject({ chat: idOrName, message_id })),
});
const privateInput = v.strictObject({ bot: idOrName, person: whoInput, ...words });
const commentInput = v.strictObject({ chat: idOrName, message_id, person: v.optional(whoInput), ...words });
const editInput = v.strictObject({
  chat: idOrName,
  message_id,
  text: v.string(),
  entities: v.optional(entities),
});
const onMessage = v.strictObject({ chat: idOrName, message_id });
const pinInput = v.strictObject({ chat: idOrName, message_id, pinned: v.optional(v.boolean(), true) });
const cutInput = v.strictObject({
  chat: idOrName,
  message_id,
  /** UTF-16 units that are left. */
  length: v.number(),
});
const ageInput = v.strictObject({ chat: idOrName, message_id, seconds: v.number() });

export interface Written {
  chat: number;
  message_ids: number[];
}

export interface AuthorActs {
  /** A person's own post in a channel, or message in a group; several files are an album. */
  personPosts(input: Given<typeof postInput>): Promise<Written>;
  /** As personPosts, in a group. */
  personWritesIn(input: Given<typeof postInput>): Promise<Written>;
  /** A person writes to a bot, such as `/start <payload>`: from then on the bot may write to the person. */
  personWrites(input: Given<typeof privateInput>): Promise<Written>;
  /** A comment in the discussion group, under the copy of a channel's post. */
  addComment(input: Given<typeof commentInput>): Promise<Written>;
  editByPerson(input: Given<typeof editInput>): void;
  /** No bot is told. */
  deleteByPerson(input: Given<typeof onMessage>): void;
  pinByPerson(input: Given<typeof pinInput>): void;
  /** Leaves a part of a text, without a word to anybody. */
  truncatePost(input: Given<typeof cutInput>): void;
  /** Moves a message into the past. */
  agePost(input: Given<typeof ageInput>): void;
}

export function createAuthorActs(hall: Hall): AuthorActs {
  const { core } = hall;
  const { state } = core;

  function replyPart(chat: Chat, reply_to: number | undefined): Record<string, unknown> {
    if (reply_to === undefined) return {};
    const replied = messageNamed(core, chat.id, reply_to);
    const { message_thread_id: thread, is_topic_message: topic } = replied.body;
    const root = thread ?? (chat.type === 'supergroup' && !chat.is_forum ? replied.id : undefined);
    return {
      ...(root === undefined ? {} : { message_thread_id: root }),
      ...(topic === undefined ? {} : { is_topic_message: topic }),
      reply_to_message: quotedBody(replied),
    };
  }

  function threadPart(chat: Chat, thread: number | undefined): Record<string, unknown> {
    if (thread === undefined) return {};
    const opening = quotedBody(messageNamed(core, chat.id, thread));
    return { message_thread_id: thread, is_topic_message: true, reply_to_message: opening };
  }

  async function draftsOf(
    { text, entities, media }: Pick<v.InferOutput<typeof postInput>, 'text' | 'entities' | 'media'>,
    shared: Record<string, unknown>,
  ): Promise<Draft[]> {
    const formatted = formatText(text, undefined, entities as Entity[] | undefined, { customEmoji: true });
    if (media.length === 0) {
      if (formatted.text === '') throw new Error('a message needs text or files');
      const body = { text: formatted.text, ...entitiesPart('entities', formatted.entities), ...shared };
      return [{ kind: 'text', files: [], body }];
    }
    const album = media.length > 1 ? { media_group_id: nextGroupId(hall) } : {};
    const drafts: Draft[] = [];
    for (const [index, item] of media.entries()) {
      const file = await fileOf(item);
      const caption =
        index === 0 && formatted.text
          ? { caption: formatted.text, ...entitiesPart('caption_entities', formatted.entities) }
          : {};
      const spoiler = item.spoiler ? { has_media_spoiler: true } : {};
      const body = { ...album, ...shownAs(item.kind, file), ...caption, ...spoiler, ...shared };
      drafts.push({ kind: item.kind, files: [file.id], body });
    }
    return drafts;
  }

  async function fileOf(item: v.InferOutput<typeof media>): Promise<StoredFile> {
    const bytes = item.base64 === undefined ? await madeUp(item) : Buffer.from(item.base64, 'base64');
    const picture = item.kind === 'photo' ? await readPicture(bytes) : undefined;
    if (item.kind === 'photo' && !picture) throw new Error('these bytes are no picture');
    const { kind, width, height, duration } = item;
    const name = item.name ?? `${kind}.${ENDINGS[kind]}`;
    return state.keepFile(bytes, {
      width,
      height,
      ...(picture ?? { mime: mimeOf(item.mime ?? '', name) }),
      name,
      kind,
      ...(duration === undefined ? {} : { duration }),
    });
  }

  function write(
    chat: Chat,
    author: Author,
    drafts: Draft[],
    how: { silent?: boolean; dialog?: number } = {},
  ): Written {
    const made = addMessages(hall, chat, author, drafts, { at: preciseNow(), ...how });
    return { chat: chat.id, message_ids: made.map((message) => message.id) };
  }

  async function post(given: Given<typeof postInput>): Promise<Written> {
    const input = v.parse(postInput, given);
    const chat = chatNamed(core, input.chat);
    const person = input.person === undefined ? chat.owner : personNamed(core, input.person);
    const shared = {
      ...threadPart(chat, input.thread),
      ...replyPart(chat, input.reply_to),
      ...(input.protect ? { has_protected_content: true } : {}),
    };
    const author = { person, ...(input.signature ? { signature: input.signature } : {}) };
    if (!input.forward) return write(chat, author, await draftsOf(input, shared), { silent: input.silent });
    const source = messageNamed(core, input.forward.chat, input.forward.message_id);
    const origin = originOf(chatNamed(core, input.forward.chat), source);
    const body = { ...shared, forward_origin: origin, ...contentOf(source.body) };
    const draft = { kind: source.kind, files: source.files, body };
    return write(chat, author, [draft], { silent: input.silent });
  }

  return {
    personPosts: post,
    personWritesIn: post,
    async personWrites(given) {
      const input = v.parse(privateInput, given);
      const bot = botNamed(core, input.bot);
      const person = personNamed(core, input.person);
      const chat = privateChat(hall, person);
      const drafts = await draftsOf(input, replyPart(chat, input.reply_to));
      // Whoever writes to a bot again has unblocked it.
      chat.bots[String(bot.id)] = { status: 'member', rights: {} };
      state.save('chat', chat);
      return write(chat, { person }, drafts, { dialog: bot.id });
    },
    async addComment(given) {
      const input = v.parse(commentInput, given);
      const post = messageNamed(core, input.chat, input.message_id);
      if (!post.discussion) throw new Error('the post has no copy in a discussion group');
      const group = chatNamed(core, post.discussion.chat);
      const person = input.person === undefined ? group.owner : personNamed(core, input.person);
      const root = { message_thread_id: post.discussion.id };
      const shared = { ...replyPart(group, input.reply_to ?? post.discussion.id), ...root };
      return write(group, { person }, await draftsOf(input, shared));
    },
    editByPerson(given) {
      const input = v.parse(editInput, given);
      const message = messageNamed(core, input.chat, input.message_id);
      setWords(message, input.text, input.entities as Entity[] | undefined, {
        edit_date: unixSeconds(Date.now()),
      });
    },
    deleteByPerson(given) {
      const input = v.parse(onMessage, given);
      removeMessage(hall, messageNamed(core, input.chat, input.message_id));
    },
    pinByPerson(given) {
      const input = v.parse(pinInput, given);
      const chat = chatNamed(core, input.chat);
      const message = messageNamed(core, input.chat, input.message_id);
      const fresh = input.pinned && !message.pinned;
      message.pinned = input.pinned;
      state.save('message', message);
      const body = { pinned_message: quotedBody(message) };
      if (fresh) addService(hall, chat, { person: chat.owner }, body, preciseNow());
    },
    truncatePost(given) {
      const input = v.parse(cutInput, given);
      const message = messageNamed(core, input.chat, input.message_id);
      const { text, caption, entities, caption_entities, edit_date } = message.body;
      const old = String(text ?? caption ?? '');
      const left = ((entities ?? caption_entities ?? []) as Entity[]).flatMap((entity) => {
        const length = Math.min(entity.length, input.length - entity.offset);
        return length > 0 ? [{ ...entity, length }] : [];
      });
      const when = edit_date === undefined ? {} : { edit_date };
      setWords(message, old.slice(0, input.length), left, when, true);
    },
    agePost(given) {
      const input = v.parse(ageInput, given);
      const message = messageNamed(core, input.chat, input.message_id);
      message.at -= input.seconds * 1000;
      message.body = { ...message.body, date: unixSeconds(message.at) };
      state.save('message', message);
    },
  };

  function setWords(
    message: StoredMessage,
    raw: string,
    given: Entity[] | undefined,
    rest: Record<string, unknown>,
    quiet = false,
  ): void {
    const formatted = formatText(raw, undefined, given, { customEmoji: true });
    const [name, names] = message.kind === 'text' ? ['text', 'entities'] : ['caption', 'caption_entities'];
    const { [name]: _, [names]: __, ...kept } = contentOf(message.body);
    const content = {
      ...rest,
      ...kept,
      ...pick(message.body, ['reply_markup']),
      ...(formatted.text ? { [name]: formatted.text, ...entitiesPart(names, formatted.entities) } : {}),
    };
    if (!quiet) {
      changeMessage(hall, message, content);
      return;
    }
    // As changeMessage, but nobody hears of it.
    message.body = { ...without(message.body, [name, names]), ...content };
    state.save('message', message);
  }
}

const ENDINGS = {
  photo: 'jpg',
  video: 'mp4',
  animation: 'mp4',
  document: 'txt',
  audio: 'mp3',
  voice: 'ogg',
} as const;

function entitiesPart(name: string, entities: Entity[]): Record<string, unknown> {
  return entities.length > 0 ? { [name]: entities } : {};
}

/** Bytes that no other file has: a picture of one colour, or a line of text. */
function madeUp({ kind, width, height }: v.InferOutput<typeof media>): Promise<Buffer> {
  const number = Math.floor(Math.random() * 0xffffff);
  if (kind !== 'photo') return Promise.resolve(Buffer.from(`${kind} ${number}`));
  const background = { r: number >> 16, g: (number >> 8) & 255, b: number & 255 };
  return sharp({ create: { width: width || 800, height: height || 600, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

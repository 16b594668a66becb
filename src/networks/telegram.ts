import { Api, type ApiClientOptions, HttpError, InputFile } from 'grammy';
import * as v from 'valibot';
import { fit } from './fit.ts';
import {
  type Access,
  type Capability,
  type Composition,
  type Connection,
  type Json,
  type MediaItem,
  type Message,
  type Network,
  NetworkError,
  type Place,
  type Sent,
} from './network.ts';
import { blobOf, download, fileName, post, reachable } from './request.ts';
import { telegramResult } from './telegram-errors.ts';

const Credentials = v.strictObject({
  bot_token: v.pipe(
    v.string(),
    v.trim(),
    // The token becomes a part of the path of every request.
    v.regex(
      /^\d{3,20}:[A-Za-z0-9_-]{20,100}$/,
      'must be a bot token as @BotFather shows it: digits, a colon, letters',
    ),
  ),
});
export type TelegramCredentials = v.InferOutput<typeof Credentials>;
type TelegramAccess = Access<TelegramCredentials>;

const ChatType = v.picklist(['channel', 'supergroup', 'group']);
const Details = v.object({
  chat_type: v.fallback(ChatType, 'channel'),
  username: v.fallback(v.nullable(v.string()), null),
});

const Bot = v.object({ id: v.pipe(v.number(), v.safeInteger()), username: v.string() });
const Permissions = v.object({
  can_send_messages: v.optional(v.boolean()),
  can_send_photos: v.optional(v.boolean()),
});
const Chat = v.object({
  id: v.pipe(v.number(), v.safeInteger()),
  type: v.string(),
  title: v.optional(v.string()),
  username: v.optional(v.string()),
  permissions: v.optional(Permissions),
  photo: v.optional(v.object({ big_file_id: v.string() })),
});
const Member = v.object({
  ...Permissions.entries,
  status: v.string(),
  is_member: v.optional(v.boolean()),
  can_post_messages: v.optional(v.boolean()),
});
const MessageId = v.object({ message_id: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) });
const Album = v.pipe(v.array(MessageId), v.minLength(1));
const FilePath = v.object({ file_path: v.pipe(v.string(), v.regex(/^[\w./-]+$/)) });

const limits = {
  text: { most: 4096, unit: 'utf16_code_units' },
  caption: { most: 1024, unit: 'utf16_code_units' },
  images: { most: 10, bytes: 10_485_760, mimes: ['image/jpeg', 'image/png', 'image/webp'] },
} as const;
const avatarMost = 5_242_880;

const available = (detail: string) => ({ available: true, detail, next_step: null });

export const telegram: Network<TelegramCredentials> = {
  name: 'telegram',
  title: 'Telegram',
  limits,
  credentials: Credentials,
  externalIdHelp:
    'The @name or t.me link of the channel or group, or its numeric id (it starts with -100). The bot must be an administrator of the channel.',
  connect,
  // Rate and burst together stay within what is allowed in any second or minute: 30, 1 and 20.
  pace({ bot_token }, place) {
    const bot = { key: `telegram:bot:${botIdOf(bot_token)}`, rate: 25, per: 1000, burst: 5 };
    const chat = `telegram:chat:${place.externalId}`;
    return {
      send: [
        bot,
        { key: `${chat}:second`, rate: 1, per: 1000, burst: 1 },
        { key: `${chat}:minute`, rate: 15, per: 60_000, burst: 5 },
      ],
      credential: bot,
    };
  },
  compose,
  publish,
  remoteIdOf(place, url) {
    const address = addressOf(url);
    if (!address?.post) return null;
    const { username } = v.parse(Details, place.details);
    const here =
      address.chat === place.externalId || address.chat.toLowerCase() === `@${username ?? ''}`.toLowerCase();
    return here ? address.post : null;
  },
  probe: (root, timeout) => reachable(`${root}/`, timeout),
};

async function connect(access: TelegramAccess, externalId: string): Promise<Connection> {
  const address = addressOf(externalId);
  if (address === null) {
    throw refusal(
      'bad_address',
      'This is not an address of a Telegram channel or group.',
      'Enter its @name, its t.me link or its numeric id. An invitation link does not name a channel: use the numeric id.',
    );
  }
  const bot = await call(access, Bot, (api) => api.getMe());
  const chat = await call(access, Chat, (api) => api.getChat(address.chat));
  const type = v.safeParse(ChatType, chat.type);
  if (!type.success) {
    throw refusal('not_a_channel', 'This is a private chat.', 'Enter the address of a channel or a group.');
  }
  const member = await call(access, Member, (api) => api.getChatMember(chat.id, bot.id));
  const images = rightsOf(type.output, chat.permissions, member, bot.username);
  const username = chat.username ?? null;
  return {
    externalId: String(chat.id),
    title: chat.title ?? username ?? String(chat.id),
    handle: username === null ? null : `@${username}`,
    url: username === null ? null : `https://t.me/${username}`,
    members: await optional(() => call(access, v.number(), (api) => api.getChatMemberCount(chat.id))),
    avatar: chat.photo ? await avatarOf(access, chat.photo.big_file_id) : null,
    credentialHint: `${bot.id}…${access.credentials.bot_token.slice(-4)}`,
    capabilities: {
      text: available('Texts of up to 4096 characters.'),
      images,
      find: {
        available: false,
        detail:
          'Telegram does not let a bot read what it posted. If it stays unknown whether a post went out, Outpost asks you.',
        next_step: null,
      },
    },
    details: { chat_type: type.output, username, bot_id: bot.id, bot_username: bot.username },
  };
}

/** Whether images may be sent; throws when not even a text may. */
function rightsOf(
  type: v.InferOutput<typeof ChatType>,
  permissions: v.InferOutput<typeof Permissions> | undefined,
  member: v.InferOutput<typeof Member>,
  username: string,
): Capability {
  const images = available('One image, or an album of up to 10, with up to 1024 characters of text.');
  const owns = member.status === 'creator';
  if (type === 'channel') {
    if (owns || (member.status === 'administrator' && member.can_post_messages === true)) return images;
    throw refusal(
      'no_right',
      member.status === 'administrator'
        ? `The bot @${username} is an administrator of this channel, but may not post messages.`
        : `The bot @${username} is not an administrator of this channel.`,
      'Open the channel in Telegram, go to Administrators, add the bot and allow “Post messages”. Then connect again.',
    );
  }
  if (owns || member.status === 'administrator') return images;
  const inside = member.status === 'member' || (member.status === 'restricted' && member.is_member === true);
  if (!inside) {
    throw refusal(
      'not_a_member',
      `The bot @${username} is not in this group.`,
      'Add the bot to the group, then connect again.',
    );
  }
  const rights = member.status === 'restricted' ? member : (permissions ?? {});
  if (rights.can_send_messages === false) {
    throw refusal(
      'no_right',
      'Members of this group may not send messages, and the bot is one of them.',
      'Make the bot an administrator of the group, then connect again.',
    );
  }
  return rights.can_send_photos === false
    ? {
        available: false,
        detail: 'Members of this group may not send images, and the bot is one of them.',
        next_step: 'Make the bot an administrator of the group, or allow photos in its permissions.',
      }
    : images;
}

/** The picture of the chat; whatever goes wrong with it is no reason to refuse a connection. */
async function avatarOf(access: TelegramAccess, fileId: string): Promise<Connection['avatar']> {
  return optional(async () => {
    const { file_path } = await call(access, FilePath, (api) => api.getFile(fileId));
    const { status, bytes } = await download(
      `${access.root}/file/bot${access.credentials.bot_token}/${file_path}`,
      avatarMost,
      access,
    );
    // Telegram serves files as octet-stream; chat photos are always JPEG.
    return status === 200 && bytes.length > 0 ? { bytes, mime: 'image/jpeg' } : null;
  });
}

function compose(message: Message, place: Place): Composition {
  const { text, media } = message;
  const { length, problems } = fit(message, {
    title: 'Telegram',
    text: media.length > 0 ? limits.caption.most : limits.text.most,
    tooLong: media.length > 0 ? 'Shorten it, or drop the images: a text alone may have 4096.' : 'Shorten it.',
    tooMany: 'Remove some.',
    images: limits.images,
    sides: 10_000,
    ratio: 20,
  });
  if (media.length > 0 && !place.capabilities.images.available) {
    const { detail, next_step } = place.capabilities.images;
    problems.push({
      path: '/media_ids',
      code: 'images_unavailable',
      message: [detail, next_step].join(' ').trim(),
    });
  }
  return { request: requestOf(text, media, Number(place.externalId)), length, problems, warnings: [] };
}

/** No parse_mode: the text is sent as it is, so nothing in it can be taken for markup. */
function requestOf(text: string, media: readonly MediaItem[], chatId: number): Composition['request'] {
  const [first] = media;
  if (first === undefined) return { method: 'sendMessage', params: { chat_id: chatId, text } };
  const caption: { [key: string]: Json } = text === '' ? {} : { caption: text };
  if (media.length === 1) {
    return { method: 'sendPhoto', params: { chat_id: chatId, photo: { $media: first.id }, ...caption } };
  }
  // Only the first item's caption is shown as the album's.
  const items = media.map((item, index) => ({
    type: 'photo',
    media: { $media: item.id },
    ...(index === 0 ? caption : {}),
  }));
  return { method: 'sendMediaGroup', params: { chat_id: chatId, media: items } };
}

async function publish(access: TelegramAccess, place: Place, message: Message): Promise<Sent> {
  const { request, problems } = compose(message, place);
  const [problem] = problems;
  if (problem) throw refusal(problem.code, problem.message, null);
  const files = new Map(message.media.map((item) => [item.id, fileOf(item)]));
  const payload = filled(request.params, files);
  const result = await call(access, v.unknown(), (api) => {
    // The composed request is sent as it is: what the preview showed is what goes out.
    const methods = api.raw as unknown as Record<string, (payload: unknown) => Promise<unknown>>;
    const send = methods[request.method];
    if (send === undefined) throw new TypeError(`no method ${request.method}`);
    return send(payload);
  });
  const sent = v.safeParse(request.method === 'sendMediaGroup' ? Album : MessageId, result);
  const first = sent.success ? (Array.isArray(sent.output) ? sent.output[0] : sent.output) : undefined;
  if (first === undefined) throw unusable();
  // 0: Telegram took the message and sends it later; the id is not known yet.
  if (first.message_id === 0) return { remoteId: null, remoteUrl: null };
  return { remoteId: String(first.message_id), remoteUrl: addressFor(place, first.message_id) };
}

function addressFor(place: Place, messageId: number): string | null {
  const { username } = v.parse(Details, place.details);
  if (username !== null) return `https://t.me/${username}/${messageId}`;
  const [, inside] = /^-100(\d+)$/.exec(place.externalId) ?? [];
  // A basic group has no addresses of messages.
  return inside === undefined ? null : `https://t.me/c/${inside}/${messageId}`;
}

function fileOf(item: MediaItem): InputFile {
  const blob = blobOf(item);
  return new InputFile(async function* () {
    yield* blob.stream();
  }, fileName(item));
}

/** The parameters with files in place of `{ $media }`. */
function filled(value: Json, files: ReadonlyMap<string, InputFile>): unknown {
  if (Array.isArray(value)) return value.map((entry) => filled(entry, files));
  if (typeof value !== 'object' || value === null) return value;
  if (typeof value.$media === 'string') return files.get(value.$media);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, filled(entry, files)]));
}

/** One request through grammY, carried by our own fetch; throws nothing but {@link NetworkError}. */
async function call<T>(
  access: TelegramAccess,
  schema: v.GenericSchema<unknown, T>,
  act: (api: Api) => Promise<unknown>,
): Promise<T> {
  await access.pace?.();
  const api = new Api(access.credentials.bot_token, {
    apiRoot: access.root,
    // Ours comes first; grammY's own would leave an error without a class.
    timeoutSeconds: access.timeout / 1000 + 5,
    fetch: carrier(access) as unknown as ApiClientOptions['fetch'],
  });
  let result: unknown;
  try {
    result = await act(api);
  } catch (error) {
    // grammY's own errors hold the address with the token and the content: they end here.
    if (error instanceof HttpError && error.error instanceof NetworkError) throw error.error;
    if (error instanceof NetworkError) throw error;
    throw unusable();
  }
  const parsed = v.safeParse(schema, result);
  if (!parsed.success) throw unusable();
  return parsed.output;
}

function carrier(access: TelegramAccess) {
  return async (
    url: string,
    init: { headers: Record<string, string>; body: string | AsyncIterable<Uint8Array>; signal: AbortSignal },
  ) => {
    const { body } = init;
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : null;
    const answer = await post(
      url,
      {
        contentType: init.headers['content-type'] ?? 'application/json',
        length: bytes?.length ?? null,
        chunks: bytes === null ? (body as AsyncIterable<Uint8Array>) : once(bytes),
      },
      { ...access, signal: AbortSignal.any([init.signal, ...(access.signal ? [access.signal] : [])]) },
    );
    const result = telegramResult(answer);
    return { json: async () => ({ ok: true, result }) };
  };
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

async function optional<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch {
    return null;
  }
}

function unusable(): NetworkError {
  return new NetworkError('unknown', { code: 'unusable', message: 'Telegram gave no usable answer.' });
}

function refusal(code: string, message: string, nextStep: string | null): NetworkError {
  return new NetworkError('rejected', { code, message, nextStep });
}

function botIdOf(token: string): string {
  return token.slice(0, token.indexOf(':'));
}

/** What an address names: `chat` as the Bot API takes it, and the post in it, if it is one's address. */
function addressOf(text: string): { chat: string; post: string | null } | null {
  const address = text.trim();
  if (/^-?\d{1,16}$/.test(address)) return { chat: address, post: null };
  const [, name] = /^@?([A-Za-z]\w{3,31})$/.exec(address) ?? [];
  if (name !== undefined) return { chat: `@${name}`, post: null };
  const link =
    /^(?:https?:\/\/)?(?:www\.)?(?:t|telegram)\.me\/(?:s\/)?(?:c\/(\d+)|([A-Za-z]\w{3,31}))((?:\/\d+)*)\/?(?:[?#].*)?$/;
  const [whole, inside, place, path] = link.exec(address) ?? [];
  if (whole === undefined || place === 'joinchat') return null;
  const post = path?.split('/').at(-1) || null;
  return { chat: inside === undefined ? `@${place}` : `-100${inside}`, post };
}

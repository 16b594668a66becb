import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import type { Access, Place } from '../network.ts';

const Token = v.pipe(
  v.string(),
  v.trim(),
  // The token becomes a part of the path of every request.
  v.regex(
    /^\d{3,20}:[A-Za-z0-9_-]{20,100}$/,
    'must be a bot token as @BotFather shows it: digits, a colon, letters',
  ),
);

export const TelegramCredentials = v.strictObject({
  bot_token: v.pipe(Token, v.description('The token of the bot that posts.')),
  witness_token: v.exactOptional(
    v.pipe(
      Token,
      v.description(
        'The token of a second bot that is an administrator of the same channel: it hears what the first one posts.',
      ),
    ),
  ),
  user_session: v.exactOptional(
    v.pipe(
      v.string(),
      v.trim(),
      v.regex(/^[A-Za-z0-9_-]{350,700}={0,2}$/, 'must be a session as `bun run telegram-session` prints it'),
      v.description(
        'A user session of an account that sees the channel, for its figures: views, forwards, reactions, comments, and the posts from before it was connected, also of a private channel. It gives Outpost that whole account with all its chats, and Telegram may lock accounts that programs use: give one that you can do without. It only reads, and never publishes. Give it alone to add or replace it, null to take it away. Only where the operator has set TELEGRAM_API_ID and TELEGRAM_API_HASH.',
      ),
    ),
  ),
});
export type TelegramCredentials = v.InferOutput<typeof TelegramCredentials>;
export type TelegramAccess = Access<TelegramCredentials>;

export const ChatType = v.picklist(['channel', 'supergroup', 'group']);
export type ChatType = v.InferOutput<typeof ChatType>;

/** Bytes of a file that the Bot API takes: at Telegram's own server, and at one of the owner's. */
export const filesMost = { cloud: 52_428_800, local: 2_097_152_000 } as const;

/** What the bot may do in the chat. A `type`, since the details of a place are JSON. */
export type Rights = {
  text: boolean;
  image: boolean;
  video: boolean;
  animation: boolean;
  audio: boolean;
  voice: boolean;
  document: boolean;
  poll: boolean;
  delete: boolean;
  pin: boolean;
};

/** What a user session was found to be: whose, and how its account names the channel. No secret of its own. */
const Session = v.object({
  user: v.string(),
  name: v.string(),
  channel: v.object({ id: v.string(), accessHash: v.string(), reactions: v.boolean() }),
  /** Milliseconds since the epoch. */
  found_at: v.number(),
});
/** A `type`, since the details of a place are JSON. */
export type Session = v.InferOutput<typeof Session>;

const allowed = v.fallback(v.boolean(), true);
const Details = v.object({
  chat_type: v.fallback(ChatType, 'channel'),
  username: v.fallback(v.nullable(v.string()), null),
  bot_id: v.fallback(v.nullable(v.number()), null),
  linked_chat_id: v.fallback(v.nullable(v.number()), null),
  is_forum: v.fallback(v.nullable(v.boolean()), null),
  protect_content: v.fallback(v.boolean(), false),
  files_most: v.fallback(v.number(), filesMost.cloud),
  service_chat_ready: v.fallback(v.nullable(v.boolean()), null),
  witness_ready: v.fallback(v.nullable(v.boolean()), null),
  rights: v.fallback(
    v.nullable(
      v.object({
        image: allowed,
        video: allowed,
        animation: allowed,
        audio: allowed,
        voice: allowed,
        document: allowed,
        poll: allowed,
      }),
    ),
    null,
  ),
  session: v.fallback(v.nullable(Session), null),
  unusable: v.fallback(v.array(v.string()), []),
});

/** The notes that `connect` left; what an older connection lacks is filled in. */
export function detailsOf(place: Pick<Place, 'details'>): v.InferOutput<typeof Details> {
  return v.parse(Details, place.details);
}

const flag = (preset: boolean, what: string) => v.optional(v.pipe(v.boolean(), v.description(what)), preset);

export const TelegramSettings = v.strictObject({
  service_chat: v.optional(
    v.nullable(
      v.pipe(
        v.number('must be the numeric id of a chat'),
        v.safeInteger('must be the numeric id of a chat'),
        v.description(
          'Numeric id of a private group or channel where the bot may write. Files are uploaded there before they are due, and copies are looked at there; all of it is deleted at once.',
        ),
      ),
    ),
    null,
  ),
  forward_probe: flag(
    false,
    'After an unclear send, look for the post by forwarding the newest messages into the service chat. Raises their forward counters by one.',
  ),
  preview_page: flag(true, 'Read the public page t.me/s/… of a public channel to see which posts are there.'),
  preview_statistics: flag(
    false,
    'Read views of posts from the public page t.me/s/… of a public channel, rounded as it shows them, and once the posts from before it was connected.',
  ),
  resend_when_absent: flag(
    false,
    'Send again by itself when an unclear send was searched for in every message and is not there.',
  ),
  comments_in_linked_group: flag(true, 'Write first comments in the discussion group of the channel.'),
});
export type TelegramSettings = v.InferOutput<typeof TelegramSettings>;

/** The user session that figures of this place are read with; null: none, or it has died. */
export function sessionOf(place: Pick<Place, 'details'>): Session | null {
  const { session, unusable } = detailsOf(place);
  return unusable.includes('user_session') ? null : session;
}

/** What the owner chose; what is not readable any more counts as the default. */
export function settingsOf(settings: Readonly<Record<string, unknown>>): TelegramSettings {
  const parsed = v.safeParse(TelegramSettings, settings);
  return parsed.success ? parsed.output : v.parse(TelegramSettings, {});
}

/** The private chat for uploads and copies; null: none is set, or the last check found that it cannot be used. */
export function serviceChatOf(place: Pick<Place, 'details' | 'settings'>): number | null {
  return detailsOf(place).service_chat_ready === false ? null : settingsOf(place.settings).service_chat;
}

export function botIdOf(token: string): string {
  return token.slice(0, token.indexOf(':'));
}

/** What an address names: `chat` as the Bot API takes it, and the post in it, if it is one's address. */
export function addressOf(text: string): { chat: string; post: string | null } | null {
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

/** The id in the address of a post of this place; null for any other address. */
export function remoteIdOf(place: Place, url: string): string | null {
  const address = addressOf(url);
  if (!address?.post) return null;
  const { username } = detailsOf(place);
  const here =
    address.chat === place.externalId || address.chat.toLowerCase() === `@${username ?? ''}`.toLowerCase();
  return here ? address.post : null;
}

/** The address of a message; null: the chat has none, as basic groups. */
export function addressFor(place: Place, messageId: number | string): string | null {
  const { username } = detailsOf(place);
  if (username !== null) return `https://t.me/${username}/${messageId}`;
  const [, inside] = /^-100(\d+)$/.exec(place.externalId) ?? [];
  return inside === undefined ? null : `https://t.me/c/${inside}/${messageId}`;
}

/** A comment in the linked group is known by the group's id and its own: ids of the channel would clash with it. */
export function messageAt(place: Place, remoteId: string): { chat: number; id: number } {
  const [, chat, id] = /^(-?\d+):(\d+)$/.exec(remoteId) ?? [];
  return chat === undefined
    ? { chat: Number(place.externalId), id: Number(remoteId) }
    : { chat: Number(chat), id: Number(id) };
}

export function refusal(code: string, message: string, nextStep: string | null): NetworkError {
  return new NetworkError('rejected', { code, message, nextStep });
}

import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import type { Json } from '../message.ts';
import type { Connection } from '../network.ts';
import { download } from '../request.ts';
import { call } from './call.ts';
import { capabilitiesFrom, type Findings } from './capabilities.ts';
import {
  addressOf,
  botIdOf,
  ChatType,
  filesMost,
  type Rights,
  refusal,
  settingsOf,
  type TelegramAccess,
} from './place.ts';
import { appIdOf } from './session/ask.ts';
import { lookWithSession } from './session/look.ts';

const avatarMost = 5_242_880;

const Bot = v.object({ id: v.pipe(v.number(), v.safeInteger()), username: v.string() });
const permission = v.optional(v.boolean());
const Permissions = v.object({
  can_send_messages: permission,
  can_send_photos: permission,
  can_send_videos: permission,
  can_send_audios: permission,
  can_send_voice_notes: permission,
  can_send_documents: permission,
  can_send_polls: permission,
  can_send_other_messages: permission,
  can_pin_messages: permission,
});
type Permissions = v.InferOutput<typeof Permissions>;
const Chat = v.object({
  id: v.pipe(v.number(), v.safeInteger()),
  type: v.string(),
  title: v.optional(v.string()),
  username: v.optional(v.string()),
  is_forum: v.optional(v.boolean(), false),
  permissions: v.optional(Permissions),
  photo: v.optional(v.object({ big_file_id: v.string() })),
  linked_chat_id: v.optional(v.pipe(v.number(), v.safeInteger())),
  has_protected_content: v.optional(v.boolean(), false),
});
type Chat = v.InferOutput<typeof Chat>;
const Member = v.object({
  ...Permissions.entries,
  status: v.string(),
  is_member: permission,
  can_post_messages: permission,
  can_edit_messages: permission,
  can_delete_messages: permission,
});
type Member = v.InferOutput<typeof Member>;
const FilePath = v.object({ file_path: v.pipe(v.string(), v.regex(/^[\w./-]+$/)) });

/** Resolves a chat and finds out what the bot can do there. Reads only. */
export async function connect(
  access: TelegramAccess,
  externalId: string,
  given: Readonly<Record<string, Json>>,
  before?: Readonly<Record<string, Json>>,
): Promise<Connection> {
  const address = addressOf(externalId);
  if (address === null) {
    throw refusal(
      'bad_address',
      'This is not an address of a Telegram channel or group.',
      'Enter its @name, its t.me link or its numeric id. An invitation link does not name a channel: use the numeric id.',
    );
  }
  const settings = settingsOf(given);
  const bot = await call(access, 'getMe', {}, Bot);
  const chat = await chatOf(access, address.chat);
  const type = v.safeParse(ChatType, chat.type);
  if (!type.success) {
    throw refusal('not_a_channel', 'This is a private chat.', 'Enter the address of a channel or a group.');
  }
  const member = await memberOf(access, chat.id, bot.id);
  const rights = rightsOf(type.output, chat.permissions, member);
  if (!rights.text) throw shutOut(type.output, member, bot.username);
  const username = chat.username ?? null;
  const session = await lookWithSession(access, { id: chat.id, type: type.output, username }, before);
  const findings: Findings = {
    type: type.output,
    username,
    protectContent: chat.has_protected_content,
    rights,
    admin: member.status === 'administrator' || member.status === 'creator',
    settings,
    linked: type.output === 'channel' ? await linkedOf(access, chat, bot.id) : null,
    service:
      settings.service_chat === null ? null : await serviceOf(access, settings.service_chat, chat, bot.id),
    witness: await witnessOf(access, chat, bot.id),
    session:
      session &&
      (session.found
        ? { ready: true, name: session.found.name }
        : { ready: false, problem: session.problem }),
    sessions: appIdOf(access) !== null,
  };
  return {
    externalId: String(chat.id),
    title: chat.title ?? username ?? String(chat.id),
    handle: username === null ? null : `@${username}`,
    url: username === null ? null : `https://t.me/${username}`,
    members: await optional(() => call(access, 'getChatMemberCount', { chat_id: chat.id }, v.number())),
    avatar: chat.photo ? await avatarOf(access, chat.photo.big_file_id) : null,
    credentialHint: `${bot.id}…${access.credentials.bot_token.slice(-4)}`,
    capabilities: capabilitiesFrom(findings),
    details: {
      chat_type: type.output,
      username,
      bot_id: bot.id,
      bot_username: bot.username,
      linked_chat_id: type.output === 'channel' ? (chat.linked_chat_id ?? null) : null,
      is_forum: chat.is_forum,
      protect_content: chat.has_protected_content,
      rights,
      files_most: access.roots?.local === 'true' ? filesMost.local : filesMost.cloud,
      service_chat_ready: findings.service?.ready ?? null,
      witness_ready: findings.witness?.ready ?? null,
      witness_source: witnessSource(access, bot.id),
      session: session?.found ?? null,
    },
    ...(session && !session.found
      ? { unusable: [{ field: 'user_session', message: session.problem, nextStep: session.nextStep }] }
      : {}),
  };
}

function chatOf(access: TelegramAccess, id: string | number): Promise<Chat> {
  return call(access, 'getChat', { chat_id: id }, Chat);
}

function memberOf(access: TelegramAccess, chat: number, user: number): Promise<Member> {
  return call(access, 'getChatMember', { chat_id: chat, user_id: user }, Member);
}

/** What the bot may do; a right that Telegram does not speak of is there. */
function rightsOf(type: ChatType, permissions: Permissions | undefined, member: Member): Rights {
  const owns = member.status === 'creator';
  const admin = owns || member.status === 'administrator';
  if (type === 'channel') {
    const posts = owns || (admin && member.can_post_messages === true);
    return {
      ...allKinds(posts),
      delete: owns || (admin && member.can_delete_messages === true),
      pin: owns || (admin && member.can_edit_messages === true),
    };
  }
  if (admin) {
    return {
      ...allKinds(true),
      delete: owns || member.can_delete_messages === true,
      pin: owns || member.can_pin_messages === true,
    };
  }
  const inside = member.status === 'member' || (member.status === 'restricted' && member.is_member === true);
  const may = member.status === 'restricted' ? member : (permissions ?? {});
  const text = inside && may.can_send_messages !== false;
  return {
    text,
    image: text && may.can_send_photos !== false,
    video: text && may.can_send_videos !== false,
    animation: text && may.can_send_other_messages !== false,
    audio: text && may.can_send_audios !== false,
    voice: text && may.can_send_voice_notes !== false,
    document: text && may.can_send_documents !== false,
    poll: text && may.can_send_polls !== false,
    delete: false,
    pin: inside && may.can_pin_messages === true,
  };
}

function allKinds(allowed: boolean) {
  return {
    text: allowed,
    image: allowed,
    video: allowed,
    animation: allowed,
    audio: allowed,
    voice: allowed,
    document: allowed,
    poll: allowed,
  };
}

function shutOut(type: ChatType, member: Member, username: string): NetworkError {
  if (type === 'channel') {
    return refusal(
      'no_right',
      member.status === 'administrator'
        ? `The bot @${username} is an administrator of this channel, but may not post messages.`
        : `The bot @${username} is not an administrator of this channel.`,
      'Open the channel in Telegram, go to Administrators, add the bot and allow “Post messages”. Then connect again.',
    );
  }
  if (member.status !== 'member' && !(member.status === 'restricted' && member.is_member === true)) {
    return refusal(
      'not_a_member',
      `The bot @${username} is not in this group.`,
      'Add the bot to the group, then connect again.',
    );
  }
  return refusal(
    'no_right',
    'Members of this group may not send messages, and the bot is one of them.',
    'Make the bot an administrator of the group, then connect again.',
  );
}

/** The discussion group of a channel, and whether the bot may write there. */
async function linkedOf(access: TelegramAccess, chat: Chat, bot: number): Promise<Findings['linked']> {
  const id = chat.linked_chat_id;
  if (id === undefined) return null;
  const linked = await unlessRefused(() => chatOf(access, id));
  const member = linked && (await unlessRefused(() => memberOf(access, id, bot)));
  return {
    title: linked?.title ?? String(id),
    writes: linked !== null && member !== null && rightsOf('supergroup', linked.permissions, member).text,
  };
}

/** Whether the service chat may hold uploads for a moment: where nobody but the owner's people sees them. */
async function serviceOf(
  access: TelegramAccess,
  id: number,
  place: Chat,
  bot: number,
): Promise<NonNullable<Findings['service']>> {
  const not = (problem: string) => ({ ready: false, problem });
  if (id === place.id) return not('The service_chat must be another chat than this one.');
  const chat = await unlessRefused(() => chatOf(access, id));
  if (chat === null) return not('The service_chat is not found: add the bot there, or set another one.');
  if (chat.username !== undefined && chat.type !== 'private') {
    return not('The service_chat is public: everybody would see what is uploaded. Set a private one.');
  }
  if (chat.type !== 'private') {
    const type = chat.type === 'channel' ? 'channel' : 'supergroup';
    const member = await unlessRefused(() => memberOf(access, id, bot));
    if (member === null || !rightsOf(type, chat.permissions, member).document) {
      return not('The bot may not write in the service_chat: make it an administrator there.');
    }
  }
  return { ready: true, problem: '' };
}

/** Whose updates the second bot hears. */
function witnessSource({ credentials }: TelegramAccess, bot: number): string | null {
  const { witness_token } = credentials;
  const id = witness_token === undefined ? null : botIdOf(witness_token);
  return id === null || id === String(bot) ? null : `telegram:bot:${id}`;
}

async function witnessOf(access: TelegramAccess, chat: Chat, bot: number): Promise<Findings['witness']> {
  const { witness_token } = access.credentials;
  if (witness_token === undefined) return null;
  const not = (problem: string) => ({ ready: false, problem });
  const second = { ...access, credentials: { bot_token: witness_token } };
  const witness = await unlessRefused(() => call(second, 'getMe', {}, Bot));
  if (witness === null)
    return not('Telegram does not accept the token of the second bot: give its current one.');
  if (witness.id === bot) return not('The second bot is the same as the first: it hears nothing of itself.');
  if (chat.type !== 'channel')
    return not('In a group bots do not hear each other: a second bot does not help.');
  const member = await unlessRefused(() => memberOf(second, chat.id, witness.id));
  return member?.status === 'administrator'
    ? { ready: true, problem: '' }
    : not(`The second bot @${witness.username} hears nothing: make it an administrator of the channel.`);
}

/** The picture of the chat; whatever goes wrong with it is no reason to refuse a connection. */
async function avatarOf(access: TelegramAccess, fileId: string): Promise<Connection['avatar']> {
  return optional(async () => {
    const { file_path } = await call(access, 'getFile', { file_id: fileId }, FilePath);
    const { status, bytes } = await download(
      `${access.root}/file/bot${access.credentials.bot_token}/${file_path}`,
      avatarMost,
      access,
    );
    // Telegram serves files as octet-stream; chat photos are always JPEG.
    return status === 200 && bytes.length > 0 ? { bytes, mime: 'image/jpeg' } : null;
  });
}

/** null when Telegram refuses it for good; what may be otherwise in a moment is thrown. */
async function unlessRefused<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof NetworkError && (error.kind === 'rejected' || error.kind === 'auth')) return null;
    throw error;
  }
}

async function optional<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch {
    return null;
  }
}

import { unixSeconds } from '../core.ts';
import type { Bot, Chat, Membership, Participant, Person } from '../state.ts';
import type { TelegramCall } from './call.ts';
import { bad, botObject, chatObject, chatOf, has, joinedChatOf, membershipOf, personObject } from './call.ts';
import { fileOf } from './media.ts';
import { messagesIn, quotedBody } from './messages.ts';

const GET_FILE_BYTES = 20 * 1024 * 1024;

const RIGHTS = [
  'can_manage_chat',
  'can_delete_messages',
  'can_manage_video_chats',
  'can_restrict_members',
  'can_promote_members',
  'can_change_info',
  'can_invite_users',
  'can_post_stories',
  'can_edit_stories',
  'can_delete_stories',
] as const;

export function getMe(call: TelegramCall): unknown {
  return {
    ...botObject(call.bot),
    can_join_groups: true,
    can_read_all_group_messages: call.bot.reads_groups === true,
    supports_inline_queries: false,
    can_connect_to_business: false,
    has_main_web_app: false,
  };
}

/** What members of a new group may do. */
const PERMISSIONS = {
  can_send_messages: true,
  can_send_audios: true,
  can_send_documents: true,
  can_send_photos: true,
  can_send_videos: true,
  can_send_video_notes: true,
  can_send_voice_notes: true,
  can_send_polls: true,
  can_send_other_messages: true,
  can_add_web_page_previews: true,
  can_change_info: false,
  can_invite_users: true,
  can_pin_messages: false,
  can_manage_topics: false,
};

export function getChat(call: TelegramCall): unknown {
  const chat = readableChatOf(call);
  const pinned = messagesIn(call, chat).findLast((message) => message.pinned && !message.deleted);
  const grouped = chat.type === 'group' || chat.type === 'supergroup';
  return {
    ...chatObject(chat),
    accent_color_id: chat.type === 'private' ? 0 : Math.abs(chat.id) % 7,
    max_reaction_count: 11,
    accepted_gift_types: {
      unlimited_gifts: false,
      limited_gifts: false,
      unique_gifts: false,
      premium_subscription: false,
      gifts_from_channels: false,
    },
    ...(chat.photo ? { photo: photoOf(chat.photo) } : {}),
    ...(chat.username ? { active_usernames: [chat.username] } : {}),
    ...(chat.description ? { description: chat.description } : {}),
    ...(grouped ? { permissions: { ...PERMISSIONS, ...chat.permissions } } : {}),
    ...(chat.slow_mode_delay ? { slow_mode_delay: chat.slow_mode_delay } : {}),
    ...(chat.protect_content ? { has_protected_content: true } : {}),
    ...(chat.linked_chat_id === null ? {} : { linked_chat_id: chat.linked_chat_id }),
    ...(pinned ? { pinned_message: quotedBody(pinned) } : {}),
  };
}

function photoOf(file: string): Record<string, string> {
  return {
    small_file_id: `${file}-a`,
    small_file_unique_id: `${file.slice(0, 12)}a`,
    big_file_id: `${file}-b`,
    big_file_unique_id: `${file.slice(0, 12)}b`,
  };
}

export function getChatMember(call: TelegramCall): unknown {
  const chat = readableChatOf(call);
  const id = Number(call.params.user_id);
  if (id === chat.owner.id) return ownerObject(chat);
  const bot = botById(call, id);
  if (bot) return memberObject(chat, bot);
  const person = call.core.state.people.get(id);
  const participant = chat.people?.[String(id)];
  if (!person && !participant) throw bad('user not found');
  return participantObject(chat, participant ?? { person: person as Person, status: 'left', rights: {} });
}

export function getChatMemberCount(call: TelegramCall): unknown {
  return readableChatOf(call).members;
}

export function getChatAdministrators(call: TelegramCall): unknown {
  const chat = readableChatOf(call);
  if (chat.type === 'private') throw bad('there are no administrators in the private chat');
  // Other bots are left out, as the method does.
  const self = membershipOf(chat, call.bot)?.status === 'administrator' ? [memberObject(chat, call.bot)] : [];
  const people = Object.values(chat.people ?? {}).filter((one) => one.status === 'administrator');
  return [ownerObject(chat), ...people.map((one) => participantObject(chat, one)), ...self];
}

/** How the API shows a bot's place in a chat. */
export function memberObject(chat: Chat, bot: Bot): Record<string, unknown> {
  return placeObject(chat, botObject(bot), membershipOf(chat, bot) ?? { status: 'left', rights: {} });
}

/** How the API shows a person's place in a chat. */
export function participantObject(chat: Chat, participant: Participant): Record<string, unknown> {
  return placeObject(chat, personObject(participant.person), participant);
}

function placeObject(
  chat: Chat,
  user: Record<string, unknown>,
  { status, rights }: Pick<Membership, 'status' | 'rights'>,
): Record<string, unknown> {
  switch (status) {
    case 'administrator': {
      const own =
        chat.type === 'channel'
          ? ['can_post_messages', 'can_edit_messages']
          : ['can_pin_messages', 'can_manage_topics'];
      const shown: Record<string, boolean> = {};
      for (const name of [...RIGHTS, ...own]) shown[name] = rights[name] === true;
      return { status, user, can_be_edited: false, is_anonymous: false, ...shown };
    }
    case 'kicked':
      return { status, user, until_date: 0 };
    default:
      return { status, user };
  }
}

function ownerObject(chat: Chat): Record<string, unknown> {
  return { status: 'creator', user: personObject(chat.owner), is_anonymous: false };
}

/** A public chat is open to any bot; others only to their members. */
function readableChatOf(call: TelegramCall): Chat {
  const chat = chatOf(call, call.params.chat_id);
  return chat.username ? chat : joinedChatOf(call, call.params.chat_id).chat;
}

export function botById(call: TelegramCall, id: number): Bot | undefined {
  for (const bot of call.core.state.bots.values()) if (bot.id === id) return bot;
  return undefined;
}

export function getFile(call: TelegramCall): unknown {
  const id = String(call.params.file_id);
  const file = fileOf(call, id);
  if (!call.core.telegramLocal && file.size > GET_FILE_BYTES) throw bad('file is too big');
  if (!call.core.state.bytesOf(file)) throw bad('wrong file_id or the file is temporarily unavailable');
  const folder = file.width > 0 ? 'photos' : 'documents';
  return {
    file_id: `${file.id}-${id.at(33) ?? 'd'}`,
    file_unique_id: `${file.id.slice(0, 12)}${id.at(33) ?? 'd'}`,
    file_size: file.size,
    file_path: `${folder}/${file.id}.${file.mime.split('/')[1]?.replace('jpeg', 'jpg').replace(/\W.*/, '') ?? 'bin'}`,
  };
}

export function leaveChat(call: TelegramCall): unknown {
  const { chat } = joinedChatOf(call, call.params.chat_id);
  const before = memberObject(chat, call.bot);
  chat.bots[String(call.bot.id)] = { status: 'left', rights: {} };
  call.core.state.save('chat', chat);
  call.updates.push(call.bot, 'my_chat_member', {
    chat: chatObject(chat),
    from: botObject(call.bot),
    date: unixSeconds(call.record.at),
    old_chat_member: before,
    new_chat_member: memberObject(chat, call.bot),
  });
  return true;
}

/** Who presses the button sees the answer; here it stands in the ledger. */
export function answerCallbackQuery(call: TelegramCall): unknown {
  const { text, callback_query_id } = call.params;
  if (typeof text === 'string' && text.length > 200) throw bad('MESSAGE_TOO_LONG');
  if (!call.core.state.pressed.delete(String(callback_query_id)))
    throw bad('query is too old and response timeout expired or query ID is invalid');
  call.record.text = typeof text === 'string' ? text : '';
  call.record.remote_id = String(callback_query_id);
  return true;
}

export function sendChatAction(call: TelegramCall): unknown {
  if (joinedChatOf(call, call.params.chat_id).chat.type === 'channel')
    throw bad("chat actions can't be sent to channel chats");
  return true;
}

/** Invitation links are made up; nobody joins by them. */
export function createChatInviteLink(call: TelegramCall): unknown {
  const { chat, member } = joinedChatOf(call, call.params.chat_id);
  if (!has(member, 'can_invite_users')) throw bad('not enough rights to manage chat invite link');
  const { name, expire_date, member_limit, creates_join_request } = call.params;
  return {
    invite_link: `https://t.me/+${Buffer.from(`${chat.id}/${call.record.at}`).toString('base64url').slice(0, 16)}`,
    creator: botObject(call.bot),
    creates_join_request: creates_join_request === true,
    is_primary: false,
    is_revoked: false,
    ...(name === undefined ? {} : { name }),
    ...(expire_date === undefined ? {} : { expire_date }),
    ...(member_limit === undefined ? {} : { member_limit }),
  };
}

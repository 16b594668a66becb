import type { Bot, Chat } from '../state.ts';
import type { TelegramCall } from './call.ts';
import {
  bad,
  botObject,
  chatObject,
  chatOf,
  joinedChatOf,
  membershipOf,
  personObject,
  Refusal,
} from './call.ts';

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
    can_read_all_group_messages: false,
    supports_inline_queries: false,
    can_connect_to_business: false,
    has_main_web_app: false,
  };
}

export function getChat(call: TelegramCall): unknown {
  const chat = readableChatOf(call);
  const pinned = [...(call.core.state.messages.get(chat.id)?.values() ?? [])].filter(
    (m) => m.pinned && !m.deleted,
  );
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
    ...(chat.username ? { active_usernames: [chat.username] } : {}),
    ...(chat.description ? { description: chat.description } : {}),
    ...(chat.protect_content ? { has_protected_content: true } : {}),
    ...(chat.linked_chat_id === null ? {} : { linked_chat_id: chat.linked_chat_id }),
    ...(pinned.at(-1) ? { pinned_message: pinned.at(-1)?.body } : {}),
  };
}

export function getChatMember(call: TelegramCall): unknown {
  const chat = readableChatOf(call);
  const id = Number(call.params.user_id);
  if (id === chat.owner.id) return ownerObject(chat);
  const bot = botById(call, id);
  if (!bot) throw bad('user not found');
  return memberObject(chat, bot);
}

export function getChatMemberCount(call: TelegramCall): unknown {
  return readableChatOf(call).members;
}

export function getChatAdministrators(call: TelegramCall): unknown {
  const chat = readableChatOf(call);
  if (chat.type === 'private') throw bad('there are no administrators in the private chat');
  // Other bots are left out, as the method does.
  const self = membershipOf(chat, call.bot)?.status === 'administrator' ? [memberObject(chat, call.bot)] : [];
  return [ownerObject(chat), ...self];
}

/** How the API shows a bot's place in a chat. */
export function memberObject(chat: Chat, bot: Bot): Record<string, unknown> {
  const member = membershipOf(chat, bot) ?? { status: 'left', rights: {} };
  const user = botObject(bot);
  switch (member.status) {
    case 'administrator': {
      const own =
        chat.type === 'channel'
          ? ['can_post_messages', 'can_edit_messages']
          : ['can_pin_messages', 'can_manage_topics'];
      const rights: Record<string, boolean> = {};
      for (const name of [...RIGHTS, ...own]) rights[name] = member.rights[name] === true;
      return { status: 'administrator', user, can_be_edited: false, is_anonymous: false, ...rights };
    }
    case 'kicked':
      return { status: 'kicked', user, until_date: 0 };
    default:
      return { status: member.status, user };
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
  const file = call.core.state.files.get(id.split('-', 1)[0] ?? '');
  if (!file) throw bad('wrong file_id or the file is temporarily unavailable');
  if (file.size > 20 * 1024 * 1024) throw new Refusal(400, 'Bad Request: file is too big');
  const folder = file.width > 0 ? 'photos' : 'documents';
  return {
    file_id: id,
    file_unique_id: `${file.id.slice(0, 12)}${id.slice(-1)}`,
    file_size: file.size,
    file_path: `${folder}/${file.id}.${file.mime.split('/')[1]?.replace('jpeg', 'jpg').replace(/\W.*/, '') ?? 'bin'}`,
  };
}

import { randomBytes, randomInt } from 'node:crypto';
import * as v from 'valibot';
import type { Core } from './core.ts';
import { unixSeconds } from './core.ts';
import { preciseNow } from './ledger.ts';
import type { Bot, Chat, Community, Membership, StoredMessage, VkPost, VkToken } from './state.ts';
import { findChat, findCommunity, lastVkId } from './state.ts';
import { isTelegramToken } from './telegram/api.ts';
import { chatObject, personObject } from './telegram/call.ts';
import { memberObject } from './telegram/chats.ts';
import type { Updates } from './telegram/updates.ts';
import { SCOPES } from './vk/call.ts';

const idOrName = v.union([v.number(), v.string()]);
const rights = v.record(v.string(), v.boolean());

const right = v.optional(v.boolean());
const adminRights = {
  can_manage_chat: right,
  can_post_messages: right,
  can_edit_messages: right,
  can_delete_messages: right,
  can_pin_messages: right,
  can_manage_topics: right,
  can_invite_users: right,
};

export const botInput = v.strictObject({
  token: v.optional(v.string()),
  username: v.optional(v.string()),
  first_name: v.optional(v.string()),
});

export const chatInput = v.strictObject({
  id: v.optional(v.number()),
  type: v.optional(v.picklist(['private', 'group', 'supergroup', 'channel']), 'channel'),
  title: v.string(),
  username: v.optional(v.string(), ''),
  description: v.optional(v.string(), ''),
  members: v.optional(v.number(), 1),
  protect_content: v.optional(v.boolean(), false),
  linked_chat_id: v.optional(v.nullable(v.number()), null),
  owner: v.optional(v.object({ id: v.number(), first_name: v.string(), username: v.optional(v.string()) })),
  /** Bots by id or username. Rights default to posting, editing, deleting and inviting. */
  admins: v.optional(v.array(v.strictObject({ bot: idOrName, ...adminRights })), []),
});

export const rightsInput = v.strictObject({
  chat: idOrName,
  bot: idOrName,
  status: v.optional(v.picklist(['administrator', 'member', 'left', 'kicked']), 'administrator'),
  rights: v.optional(rights, {}),
});

export const communityInput = v.strictObject({
  id: v.optional(v.number()),
  screen_name: v.string(),
  name: v.string(),
  members: v.optional(v.number(), 1),
  posts_per_day: v.optional(v.number(), 0),
});

export const vkTokenInput = v.strictObject({
  token: v.optional(v.string()),
  /** Shown in the ledger instead of the token. */
  label: v.optional(v.string()),
  kind: v.picklist(['community', 'user', 'vkid_user', 'service']),
  group_id: v.optional(v.number(), 0),
  user_id: v.optional(v.number()),
  /** Bit mask or names of rights. */
  scopes: v.optional(
    v.union([
      v.number(),
      v.array(v.picklist(['photos', 'video', 'wall', 'offline', 'docs', 'groups', 'manage', 'stats'])),
    ]),
  ),
  admin_of: v.optional(v.array(v.number()), []),
  refuse_docs: v.optional(v.boolean(), false),
});

export const personPostInput = v.strictObject({
  network: v.picklist(['telegram', 'vk']),
  place: idOrName,
  text: v.string(),
});

export const countersInput = v.strictObject({
  /** Owner id of a VK wall, or chat of Telegram (then `likes` become 👍 reactions). */
  network: v.picklist(['telegram', 'vk']),
  place: idOrName,
  remote_id: idOrName,
  likes: v.optional(v.number()),
  reposts: v.optional(v.number()),
  views: v.optional(v.number()),
});

export const membersInput = v.strictObject({
  network: v.picklist(['telegram', 'vk']),
  place: idOrName,
  members: v.number(),
});

function onlySet(rights: Record<string, boolean | undefined>): Record<string, boolean> {
  const set: Record<string, boolean> = {};
  for (const [name, value] of Object.entries(rights)) if (value !== undefined) set[name] = value;
  return set;
}

const DEFAULT_RIGHTS = {
  can_manage_chat: true,
  can_post_messages: true,
  can_edit_messages: true,
  can_delete_messages: true,
  can_pin_messages: true,
  can_invite_users: true,
};

const USER_SCOPES = SCOPES.photos | SCOPES.wall | SCOPES.offline | SCOPES.docs | SCOPES.groups | SCOPES.stats;
const COMMUNITY_SCOPES = SCOPES.photos | SCOPES.wall | SCOPES.docs | SCOPES.manage;

/** Everything a test or the demo may do to the networks behind the API's back. */
export interface Setup {
  /** Without a token one of the right form is made up. */
  addBot(input?: v.InferInput<typeof botInput>): Bot;
  addChat(input: v.InferInput<typeof chatInput>): Chat;
  setRights(input: v.InferInput<typeof rightsInput>): Chat;
  /** Makes a Telegram or VK token invalid at once. */
  revoke(token: string): void;
  /** Turns a group into a supergroup with a new id; the old id answers `migrate_to_chat_id`. */
  migrateChat(chat: string | number): Chat;
  addCommunity(input: v.InferInput<typeof communityInput>): Community;
  addVkToken(input: v.InferInput<typeof vkTokenInput>): VkToken;
  /** A person's own post: bots get `channel_post`. Returns the remote id. Not in the ledger's `accepted` rows. */
  postAsPerson(input: v.InferInput<typeof personPostInput>): string;
  /** What readers did to a post; only the given figures change. */
  setCounters(input: v.InferInput<typeof countersInput>): void;
  setMembers(input: v.InferInput<typeof membersInput>): void;
}

export function createSetup(core: Core, updates: Updates): Setup {
  const { state } = core;

  function botNamed(name: string | number): Bot {
    for (const bot of state.bots.values())
      if (bot.id === Number(name) || bot.username === String(name).replace(/^@/, '')) return bot;
    throw new Error(`no such bot: ${name}`);
  }

  function chatNamed(id: string | number): Chat {
    const chat = findChat(state, id);
    if (!chat) throw new Error(`no such chat: ${id}`);
    return chat;
  }

  function communityNamed(id: string | number): Community {
    const community = findCommunity(state, id);
    if (!community) throw new Error(`no such community: ${id}`);
    return community;
  }

  const setup: Setup = {
    addBot(given = {}) {
      const input = v.parse(botInput, given);
      const token =
        input.token ??
        `${randomInt(100_000_000, 999_999_999)}:${randomBytes(26).toString('base64url').slice(0, 35)}`;
      if (!isTelegramToken(token)) throw new Error('a bot token is <bot id>:<30 or more characters>');
      const id = Number(token.split(':', 1)[0]);
      const username = input.username ?? `sandbox_${id}_bot`;
      const bot: Bot = {
        id,
        token,
        username,
        first_name: input.first_name ?? username,
        revoked: false,
        webhook: null,
        allowed_updates: [],
      };
      state.save('bot', bot);
      return bot;
    },
    addChat(given) {
      const { admins, owner, ...input } = v.parse(chatInput, given);
      const number = state.nextId('chat', () => state.chats.size);
      const id =
        input.id ??
        (input.type === 'private'
          ? 5000 + number
          : input.type === 'group'
            ? -(4000 + number)
            : -(1_001_000_000_000 + number));
      const bots: Record<string, Membership> = {};
      for (const { bot, ...given } of admins)
        bots[String(botNamed(bot).id)] =
          input.type === 'private'
            ? { status: 'member', rights: {} }
            : { status: 'administrator', rights: { ...DEFAULT_RIGHTS, ...onlySet(given) } };
      const chat: Chat = {
        ...input,
        id,
        username: input.username.replace(/^@/, ''),
        owner: owner ?? { id: 1000 + number, first_name: 'Owner' },
        migrated_to: null,
        bots,
      };
      state.save('chat', chat);
      return chat;
    },
    setRights(given) {
      const input = v.parse(rightsInput, given);
      const chat = chatNamed(input.chat);
      const bot = botNamed(input.bot);
      const before = memberObject(chat, bot);
      const kept = chat.bots[String(bot.id)]?.rights ?? DEFAULT_RIGHTS;
      chat.bots[String(bot.id)] = { status: input.status, rights: { ...kept, ...input.rights } };
      state.save('chat', chat);
      updates.push(bot, 'my_chat_member', {
        chat: chatObject(chat),
        from: personObject(chat.owner),
        date: unixSeconds(Date.now()),
        old_chat_member: before,
        new_chat_member: memberObject(chat, bot),
      });
      return chat;
    },
    revoke(token) {
      const bot = state.bots.get(token);
      const vkToken = state.vkTokens.get(token);
      if (!bot && !vkToken) throw new Error('no such token');
      if (bot) state.save('bot', Object.assign(bot, { revoked: true }));
      if (vkToken) state.save('vk_token', Object.assign(vkToken, { revoked: true }));
    },
    migrateChat(id) {
      const old = chatNamed(id);
      const next: Chat = {
        ...structuredClone(old),
        id: -(1_001_000_000_000 + state.nextId('chat', () => state.chats.size)),
        type: 'supergroup',
        migrated_to: null,
      };
      old.migrated_to = next.id;
      state.save('chat', old);
      state.save('chat', next);
      return next;
    },
    addCommunity(given) {
      const input = v.parse(communityInput, given);
      const community: Community = {
        ...input,
        id: input.id ?? 220_000_000 + state.nextId('community', () => state.communities.size),
      };
      state.save('community', community);
      return community;
    },
    addVkToken(given) {
      const input = v.parse(vkTokenInput, given);
      if (input.kind === 'community' && !state.communities.has(input.group_id))
        throw new Error('a community token needs the group_id of a community');
      const number = state.nextId('vk token', () => state.vkTokens.size);
      const prefix = input.kind === 'vkid_user' ? 'vk2.a.' : 'vk1.a.';
      const scopes = Array.isArray(input.scopes)
        ? input.scopes.reduce((mask, name) => mask | SCOPES[name], 0)
        : (input.scopes ??
          (input.kind === 'community' ? COMMUNITY_SCOPES : input.kind === 'user' ? USER_SCOPES : 0));
      const person = input.kind === 'user' || input.kind === 'vkid_user';
      const token: VkToken = {
        ...input,
        token: input.token ?? prefix + randomBytes(48).toString('base64url'),
        label: input.label ?? `${input.kind}:${input.kind === 'community' ? input.group_id : number}`,
        user_id: person ? (input.user_id ?? 7000 + number) : 0,
        scopes,
        revoked: false,
      };
      state.save('vk_token', token);
      return token;
    },
    postAsPerson(given) {
      const input = v.parse(personPostInput, given);
      return input.network === 'telegram'
        ? telegramPersonPost(chatNamed(input.place), input.text)
        : vkPersonPost(communityNamed(input.place), input.text);
    },
    setCounters(given) {
      const { network, place, remote_id, ...figures } = v.parse(countersInput, given);
      if (network === 'telegram') {
        react(chatNamed(place), Number(remote_id), figures.likes ?? 0);
        return;
      }
      const post = state.vkPosts.get(-communityNamed(place).id)?.get(Number(remote_id));
      if (!post) throw new Error(`no such post: ${remote_id}`);
      Object.assign(post.counters, figures);
      state.save('vk_post', post);
    },
    setMembers(given) {
      const { network, place, members } = v.parse(membersInput, given);
      if (network === 'telegram') state.save('chat', Object.assign(chatNamed(place), { members }));
      else state.save('community', Object.assign(communityNamed(place), { members }));
    },
  };

  function telegramPersonPost(chat: Chat, text: string): string {
    const at = preciseNow();
    const id = state.nextId(`message ${chat.id}`, () => state.messages.get(chat.id)?.size ?? 0);
    const author =
      chat.type === 'channel' ? { sender_chat: chatObject(chat) } : { from: personObject(chat.owner) };
    const body = { message_id: id, ...author, chat: chatObject(chat), date: unixSeconds(at), text };
    const message: StoredMessage = {
      chat: chat.id,
      id,
      at,
      bot: 0,
      deleted: false,
      pinned: false,
      kind: 'text',
      files: [],
      body,
    };
    state.save('message', message);
    updates.pushToAdmins(chat, chat.type === 'channel' ? 'channel_post' : 'message', body);
    return String(id);
  }

  function vkPersonPost(community: Community, text: string): string {
    const owner_id = -community.id;
    const post: VkPost = {
      owner_id,
      id: state.nextId(`post ${owner_id}`, () => lastVkId(state, owner_id)),
      at: preciseNow(),
      from_id: owner_id,
      text,
      attachments: [],
      guid: '',
      pinned: false,
      deleted: false,
      edited: 0,
      postponed: 0,
      token_id: '',
      counters: { likes: 0, reposts: 0, views: 0 },
      comments: [],
    };
    state.save('vk_post', post);
    return String(post.id);
  }

  function react(chat: Chat, messageId: number, total: number): void {
    if (!state.messages.get(chat.id)?.has(messageId)) throw new Error(`no such message: ${messageId}`);
    updates.pushToAdmins(chat, 'message_reaction_count', {
      chat: chatObject(chat),
      message_id: messageId,
      date: unixSeconds(Date.now()),
      reactions: [{ type: { type: 'emoji', emoji: '👍' }, total_count: total }],
    });
  }

  return setup;
}

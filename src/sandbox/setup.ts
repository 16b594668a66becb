import { randomBytes, randomInt } from 'node:crypto';
import * as v from 'valibot';
import { unixSeconds } from './core.ts';
import { preciseNow } from './ledger.ts';
import type { Bot, Chat, Community, Membership, VkToken } from './state.ts';
import type { TelegramActs } from './telegram/acts.ts';
import { isTelegramToken } from './telegram/api.ts';
import type { Hall } from './telegram/call.ts';
import { chatObject, personObject } from './telegram/call.ts';
import { memberObject } from './telegram/chats.ts';
import { addMessages, addService } from './telegram/messages.ts';
import { botNamed, chatNamed } from './telegram/named.ts';
import { ADMIN_RIGHTS } from './telegram/people.ts';
import { keepPhoto, linkChats, roomEntries } from './telegram/rooms.ts';
import { formatText } from './telegram/text.ts';
import type { communityInput, vkTokenInput } from './vk/access.ts';
import { addCommunity, addVkToken, communityNamed } from './vk/access.ts';
import type { VkActs } from './vk/acts.ts';

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
  /** Privacy mode off. */
  reads_groups: v.optional(v.boolean(), false),
  custom_emoji: v.optional(v.boolean(), false),
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
  ...roomEntries,
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

export const personPostInput = v.strictObject({
  network: v.picklist(['telegram', 'vk']),
  place: idOrName,
  text: v.string(),
  /** When it was made, in epoch ms; now unless told. */
  at: v.optional(v.number()),
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

/** Without the fields that are undefined. */
function definedOnly<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

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

export function createSetup(hall: Hall, telegram: TelegramActs, vk: VkActs): Setup {
  const { core, updates } = hall;
  const { state } = core;

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
        reads_groups: input.reads_groups,
        custom_emoji: input.custom_emoji,
      };
      state.save('bot', bot);
      return bot;
    },
    addChat(given) {
      const { admins, owner, photo, linked_chat_id, ...input } = v.parse(chatInput, given);
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
        bots[String(botNamed(core, bot).id)] =
          input.type === 'private'
            ? { status: 'member', rights: {} }
            : { status: 'administrator', rights: { ...ADMIN_RIGHTS, ...definedOnly(given) } };
      const chat: Chat = {
        ...definedOnly(input),
        id,
        linked_chat_id: null,
        username: input.username.replace(/^@/, ''),
        owner: owner ?? { id: 1000 + number, first_name: 'Owner' },
        migrated_to: null,
        bots,
        ...(photo === undefined ? {} : { photo: keepPhoto(core, photo) }),
      };
      state.save('chat', chat);
      state.save('person', chat.owner);
      if (linked_chat_id !== null) linkChats(core, chat, linked_chat_id);
      return chat;
    },
    setRights(given) {
      const input = v.parse(rightsInput, given);
      const chat = chatNamed(core, input.chat);
      const bot = botNamed(core, input.bot);
      const before = memberObject(chat, bot);
      const kept = chat.bots[String(bot.id)]?.rights ?? ADMIN_RIGHTS;
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
      const old = chatNamed(core, id);
      const next: Chat = {
        ...structuredClone(old),
        id: -(1_001_000_000_000 + state.nextId('chat', () => state.chats.size)),
        type: 'supergroup',
        migrated_to: null,
      };
      old.migrated_to = next.id;
      state.save('chat', next);
      const at = preciseNow();
      addService(hall, old, { person: old.owner }, { migrate_to_chat_id: next.id }, at);
      state.save('chat', old);
      addService(hall, next, { person: next.owner }, { migrate_from_chat_id: old.id }, at);
      return next;
    },
    addCommunity: (given) => addCommunity(core, given),
    addVkToken: (given) => addVkToken(core, given),
    postAsPerson(given) {
      const input = v.parse(personPostInput, given);
      return input.network === 'telegram'
        ? telegramPersonPost(chatNamed(core, input.place), input.text, input.at ?? preciseNow())
        : vk.personPostsOnWall({ group: input.place, text: input.text, at: input.at });
    },
    setCounters(given) {
      const { network, place, remote_id, ...figures } = v.parse(countersInput, given);
      if (network === 'telegram') {
        const at = { chat: place, message_id: Number(remote_id) };
        if (figures.likes !== undefined) telegram.setReactions({ ...at, reactions: { '👍': figures.likes } });
        if (figures.views !== undefined)
          telegram.setViews({
            ...at,
            views: figures.views,
            ...(figures.reposts === undefined ? {} : { forwards: figures.reposts }),
          });
        return;
      }
      const post = state.vkPosts.get(-communityNamed(core, place).id)?.get(Number(remote_id));
      if (!post) throw new Error(`no such post: ${remote_id}`);
      Object.assign(post.counters, figures);
      state.save('vk_post', post);
    },
    setMembers(given) {
      const { network, place, members } = v.parse(membersInput, given);
      if (network === 'telegram') state.save('chat', Object.assign(chatNamed(core, place), { members }));
      else state.save('community', Object.assign(communityNamed(core, place), { members }));
    },
  };

  function telegramPersonPost(chat: Chat, words: string, at: number): string {
    const { text, entities } = formatText(words, undefined, undefined);
    const body = { text, ...(entities.length > 0 ? { entities } : {}) };
    const draft = { kind: 'text', files: [], body } as const;
    const [made] = addMessages(hall, chat, { person: chat.owner }, [{ ...draft, files: [] }], { at });
    return String(made?.id);
  }

  return setup;
}

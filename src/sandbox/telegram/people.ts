import * as v from 'valibot';
import { unixSeconds } from '../core.ts';
import { preciseNow } from '../ledger.ts';
import type { AdminRights, Bot, Chat, Membership, Participant, Person } from '../state.ts';
import type { Hall } from './call.ts';
import { botObject, chatObject, personObject } from './call.ts';
import { memberObject, participantObject } from './chats.ts';
import { addService } from './messages.ts';
import { botNamed, chatNamed, idOrName, personInput, personNamed, whoInput } from './named.ts';

type Given<T extends v.GenericSchema> = v.InferInput<T>;

const rights = v.record(v.string(), v.boolean());
const by = v.optional(whoInput);

const botInChat = v.strictObject({
  chat: idOrName,
  bot: idOrName,
  /** Who does it; the owner unless told. */
  by,
  status: v.optional(v.picklist(['administrator', 'member']), 'administrator'),
  rights: v.optional(rights, {}),
});
const botRights = v.strictObject({ chat: idOrName, bot: idOrName, by, rights });
const botAway = v.strictObject({
  chat: idOrName,
  bot: idOrName,
  by,
  status: v.optional(v.picklist(['left', 'kicked']), 'kicked'),
});
const adminInput = v.strictObject({
  chat: idOrName,
  person: whoInput,
  by,
  rights: v.optional(rights, {}),
});
const memberInput = v.strictObject({
  chat: idOrName,
  person: whoInput,
  by,
  status: v.optional(v.picklist(['member', 'left', 'kicked']), 'member'),
});
const blockInput = v.strictObject({
  bot: idOrName,
  person: whoInput,
  blocked: v.optional(v.boolean(), true),
});
const silenceInput = v.strictObject({ bot: idOrName, silent: v.optional(v.boolean(), true) });
const botInput = v.strictObject({
  bot: idOrName,
  /** Privacy mode off: it gets every message of its groups. */
  reads_groups: v.optional(v.boolean()),
  /** Whether custom emoji stay in what it sends. */
  custom_emoji: v.optional(v.boolean()),
});
const ofBot = v.strictObject({ bot: idOrName });

/** What an administrator may do unless told: all that a publisher needs. */
export const ADMIN_RIGHTS: AdminRights = {
  can_manage_chat: true,
  can_post_messages: true,
  can_edit_messages: true,
  can_delete_messages: true,
  can_pin_messages: true,
  can_invite_users: true,
};

export interface PeopleActs {
  addPerson(input: Given<typeof personInput>): Person;
  /** Somebody adds the bot to a chat: `my_chat_member` with `from`. */
  addBotTo(input: Given<typeof botInChat>): Chat;
  /** Changes the named rights of a bot. */
  setBotRights(input: Given<typeof botRights>): Chat;
  removeBotFrom(input: Given<typeof botAway>): Chat;
  makeAdmin(input: Given<typeof adminInput>): Chat;
  /** Somebody joins, leaves, is banned, or is an administrator no longer. */
  setMember(input: Given<typeof memberInput>): Chat;
  /** Somebody blocks the bot in their private chat, or lets it write again. */
  blockBot(input: Given<typeof blockInput>): void;
  /** The bot gets no posts of other bots any more, or gets them again. */
  silenceWitness(input: Given<typeof silenceInput>): void;
  setBot(input: Given<typeof botInput>): void;
  /** Loses the updates that wait for a bot, as Telegram does after a day. */
  forgetUpdates(input: Given<typeof ofBot>): void;
}

export function createPeopleActs(hall: Hall): PeopleActs {
  const { core, updates } = hall;
  const { state } = core;

  function place(chat: Chat, bot: Bot, next: Membership, who: Person): Chat {
    const before = memberObject(chat, bot);
    chat.bots[String(bot.id)] = next;
    state.save('chat', chat);
    updates.push(bot, 'my_chat_member', change(chat, who, before, memberObject(chat, bot)));
    return chat;
  }

  function change(chat: Chat, who: Person, before: unknown, after: unknown): Record<string, unknown> {
    return {
      chat: chatObject(chat),
      from: personObject(who),
      date: unixSeconds(Date.now()),
      old_chat_member: before,
      new_chat_member: after,
    };
  }

  function actor(chat: Chat, given: v.InferOutput<typeof by>): Person {
    return given === undefined ? chat.owner : personNamed(core, given);
  }

  function settle(chat: Chat, next: Participant, who: Person): Chat {
    const key = String(next.person.id);
    const old = chat.people?.[key] ?? { person: next.person, status: 'left', rights: {} };
    chat.people = { ...chat.people, [key]: next };
    chat.members += Number(isIn(next.status)) - Number(isIn(old.status));
    state.save('chat', chat);
    const told = change(chat, who, participantObject(chat, old), participantObject(chat, next));
    updates.pushToAdmins(chat, 'chat_member', told);
    return chat;
  }

  return {
    addPerson: (given) => personNamed(core, v.parse(personInput, given)),
    addBotTo(given) {
      const input = v.parse(botInChat, given);
      const chat = chatNamed(core, input.chat);
      const bot = botNamed(core, input.bot);
      const who = actor(chat, input.by);
      const admin = input.status === 'administrator';
      const next = { status: input.status, rights: admin ? { ...ADMIN_RIGHTS, ...input.rights } : {} };
      place(chat, bot, next, who);
      if (chat.type !== 'channel')
        addService(hall, chat, { person: who }, { new_chat_members: [botObject(bot)] }, preciseNow());
      return chat;
    },
    setBotRights(given) {
      const input = v.parse(botRights, given);
      const chat = chatNamed(core, input.chat);
      const bot = botNamed(core, input.bot);
      const kept = chat.bots[String(bot.id)]?.rights ?? ADMIN_RIGHTS;
      const next: Membership = { status: 'administrator', rights: { ...kept, ...input.rights } };
      return place(chat, bot, next, actor(chat, input.by));
    },
    removeBotFrom(given) {
      const input = v.parse(botAway, given);
      const chat = chatNamed(core, input.chat);
      const bot = botNamed(core, input.bot);
      const who = actor(chat, input.by);
      place(chat, bot, { status: input.status, rights: {} }, who);
      if (chat.type !== 'channel')
        addService(hall, chat, { person: who }, { left_chat_member: botObject(bot) }, preciseNow());
      return chat;
    },
    makeAdmin(given) {
      const input = v.parse(adminInput, given);
      const chat = chatNamed(core, input.chat);
      const person = personNamed(core, input.person);
      const next: Participant = {
        person,
        status: 'administrator',
        rights: { ...ADMIN_RIGHTS, ...input.rights },
      };
      return settle(chat, next, actor(chat, input.by));
    },
    setMember(given) {
      const input = v.parse(memberInput, given);
      const chat = chatNamed(core, input.chat);
      const person = personNamed(core, input.person);
      const who = input.by === undefined ? person : personNamed(core, input.by);
      return settle(chat, { person, status: input.status, rights: {} }, who);
    },
    blockBot(given) {
      const input = v.parse(blockInput, given);
      const bot = botNamed(core, input.bot);
      const person = personNamed(core, input.person);
      const status = input.blocked ? 'kicked' : 'member';
      place(privateChat(hall, person), bot, { status, rights: {} }, person);
    },
    silenceWitness(given) {
      const input = v.parse(silenceInput, given);
      state.save('bot', Object.assign(botNamed(core, input.bot), { deaf: input.silent }));
    },
    setBot(given) {
      const { bot, ...settings } = v.parse(botInput, given);
      state.save('bot', Object.assign(botNamed(core, bot), settings));
    },
    forgetUpdates: (given) => updates.forget(botNamed(core, v.parse(ofBot, given).bot)),
  };
}

function isIn(status: Participant['status']): boolean {
  return status === 'administrator' || status === 'member';
}

/** The chat that a person has with bots; each bot is in it for itself. */
export function privateChat({ core }: Hall, person: Person): Chat {
  const known = core.state.chats.get(person.id);
  if (known) return known;
  const chat: Chat = {
    id: person.id,
    type: 'private',
    title: person.first_name,
    username: person.username ?? '',
    description: '',
    members: 2,
    protect_content: false,
    owner: person,
    linked_chat_id: null,
    migrated_to: null,
    bots: {},
  };
  core.state.save('chat', chat);
  return chat;
}

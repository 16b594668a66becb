import * as v from 'valibot';
import type { Core } from '../core.ts';
import type { Bot, Chat, Person, StoredMessage } from '../state.ts';
import { findChat } from '../state.ts';

export const idOrName = v.union([v.number(), v.string()]);

export const personInput = v.strictObject({
  /** Any that is free unless told. */
  id: v.optional(v.number()),
  first_name: v.string(),
  last_name: v.optional(v.string()),
  username: v.optional(v.string()),
  language_code: v.optional(v.string()),
});

/** Somebody known by id or username, or told here. */
export const whoInput = v.union([idOrName, personInput]);

export type Who = v.InferInput<typeof whoInput>;

const FIRST_PERSON = 700_000;

export function botNamed({ state }: Core, name: string | number): Bot {
  for (const bot of state.bots.values())
    if (bot.id === Number(name) || bot.username === String(name).replace(/^@/, '')) return bot;
  throw new Error(`no such bot: ${name}`);
}

export function chatNamed({ state }: Core, id: string | number): Chat {
  const chat = findChat(state, id);
  if (!chat) throw new Error(`no such chat: ${id}`);
  return chat;
}

export function messageNamed(core: Core, chat: string | number, id: number): StoredMessage {
  const message = core.state.messages.get(chatNamed(core, chat).id)?.get(id);
  if (!message) throw new Error(`no such message: ${id}`);
  return message;
}

/** The person that is meant; one that is told for the first time is known from then on. */
export function personNamed({ state }: Core, who: Who): Person {
  if (typeof who === 'object') {
    const id = who.id ?? FIRST_PERSON + state.nextId('person', () => state.people.size);
    const person: Person = { ...who, id };
    state.save('person', person);
    return person;
  }
  const name = String(who).replace(/^@/, '');
  for (const person of state.people.values())
    if (person.id === Number(who) || person.username === name) return person;
  throw new Error(`no such person: ${who}`);
}

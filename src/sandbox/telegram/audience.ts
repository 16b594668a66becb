import { randomInt } from 'node:crypto';
import * as v from 'valibot';
import { unixSeconds } from '../core.ts';
import type { Hall } from './call.ts';
import { chatObject, personObject } from './call.ts';
import { botNamed, chatNamed, idOrName, messageNamed, personNamed, whoInput } from './named.ts';
import { changePoll } from './polls.ts';

type Given<T extends v.GenericSchema> = v.InferInput<T>;

const message_id = v.number();
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const reactionsInput = v.strictObject({
  chat: idOrName,
  message_id,
  /** Totals by emoji; what is not named is gone. */
  reactions: v.record(v.string(), count),
});
const reactInput = v.strictObject({
  chat: idOrName,
  message_id,
  person: whoInput,
  /** All that the person has on the message from now on. */
  reactions: v.array(v.string()),
  /** What the person had before. */
  old: v.optional(v.array(v.string()), []),
});
const viewsInput = v.strictObject({
  chat: idOrName,
  message_id,
  views: count,
  forwards: v.optional(count),
});
const votesInput = v.strictObject({
  chat: idOrName,
  message_id,
  /** Totals by option, in order. */
  votes: v.array(count),
  /** Distinct voters; the sum unless told. */
  voters: v.optional(count),
});
const pressInput = v.strictObject({
  chat: idOrName,
  message_id,
  person: v.optional(whoInput),
  /** Its words or its data. */
  button: v.string(),
});

export interface Pressed {
  /** Where a link button leads; empty for others. */
  url: string;
  /** Of the query that the bot got; empty for link buttons. */
  callback_query_id: string;
}

export interface AudienceActs {
  /** Totals of reactions to a channel's post: `message_reaction_count`. */
  setReactions(input: Given<typeof reactionsInput>): void;
  /** A person reacts in a group: `message_reaction`. */
  react(input: Given<typeof reactInput>): void;
  /** Shown on the public page; no bot is told. */
  setViews(input: Given<typeof viewsInput>): void;
  setVotes(input: Given<typeof votesInput>): void;
  pressButton(input: Given<typeof pressInput>): Pressed;
}

export function createAudienceActs(hall: Hall): AudienceActs {
  const { core, updates } = hall;
  const { state } = core;
  return {
    setReactions(given) {
      const input = v.parse(reactionsInput, given);
      const chat = chatNamed(core, input.chat);
      const message = messageNamed(core, input.chat, input.message_id);
      message.reactions = input.reactions;
      state.save('message', message);
      updates.pushToAdmins(chat, 'message_reaction_count', {
        chat: chatObject(chat),
        message_id: message.id,
        date: unixSeconds(Date.now()),
        reactions: Object.entries(input.reactions)
          .filter(([, total]) => total > 0)
          .map(([emoji, total]) => ({ type: reaction(emoji), total_count: total })),
      });
    },
    react(given) {
      const input = v.parse(reactInput, given);
      const chat = chatNamed(core, input.chat);
      const message = messageNamed(core, input.chat, input.message_id);
      const totals: Record<string, number> = { ...message.reactions };
      for (const emoji of input.old) totals[emoji] = Math.max(0, (totals[emoji] ?? 0) - 1);
      for (const emoji of input.reactions) totals[emoji] = (totals[emoji] ?? 0) + 1;
      message.reactions = totals;
      state.save('message', message);
      updates.pushToAdmins(chat, 'message_reaction', {
        chat: chatObject(chat),
        message_id: message.id,
        user: personObject(personNamed(core, input.person)),
        date: unixSeconds(Date.now()),
        old_reaction: input.old.map(reaction),
        new_reaction: input.reactions.map(reaction),
      });
    },
    setViews(given) {
      const input = v.parse(viewsInput, given);
      const message = messageNamed(core, input.chat, input.message_id);
      message.views = input.views;
      if (input.forwards !== undefined) message.forwards = input.forwards;
      state.save('message', message);
    },
    setVotes(given) {
      const input = v.parse(votesInput, given);
      const { poll } = messageNamed(core, input.chat, input.message_id).body;
      if (typeof poll !== 'object' || poll === null) throw new Error('the message is no poll');
      changePoll(hall, String((poll as { id: string }).id), (old) => ({
        ...old,
        options: old.options.map((option, index) => ({ ...option, voter_count: input.votes[index] ?? 0 })),
        total_voter_count: input.voters ?? input.votes.reduce((sum, votes) => sum + votes, 0),
      }));
    },
    pressButton(given) {
      const input = v.parse(pressInput, given);
      const chat = chatNamed(core, input.chat);
      const message = messageNamed(core, input.chat, input.message_id);
      const markup = message.body.reply_markup as
        | { inline_keyboard: { text: string; url?: string; callback_data?: string }[][] }
        | undefined;
      const buttons = markup?.inline_keyboard.flat() ?? [];
      const button = buttons.find((one) => one.text === input.button || one.callback_data === input.button);
      if (!button) throw new Error(`no such button: ${input.button}`);
      if (button.callback_data === undefined) return { url: button.url ?? '', callback_query_id: '' };
      const id = String(randomInt(1, 2 ** 47));
      state.pressed.add(id);
      updates.push(botNamed(core, message.bot), 'callback_query', {
        id,
        from: personObject(input.person === undefined ? chat.owner : personNamed(core, input.person)),
        message: message.body,
        chat_instance: String(Math.abs(chat.id)),
        data: button.callback_data,
      });
      return { url: '', callback_query_id: id };
    },
  };
}

function reaction(emoji: string): { type: string; emoji: string } {
  return { type: 'emoji', emoji };
}

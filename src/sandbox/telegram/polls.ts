import { text, unixSeconds } from '../core.ts';
import type { Chat, StoredMessage } from '../state.ts';
import type { Hall, TelegramCall } from './call.ts';
import { bad, messageOf, pollId, pollOwner, postableChatOf, unsupported } from './call.ts';
import type { FloodGuard } from './flood.ts';
import { changeMessage, contentOf } from './messages.ts';
import { entitiesPart, format, markupPart, sendingPart } from './options.ts';
import { editableOf, post } from './send.ts';

const QUESTION_LIMIT = 300;
const OPTION_LIMIT = 100;
const OPTIONS = 12;
const EXPLANATION_LIMIT = 200;
const DESCRIPTION_LIMIT = 1024;
const SHORTEST_SECONDS = 5;
const LONGEST_SECONDS = 2_628_000;
/** Timers cannot wait longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

type Fields = Record<string, unknown>;

interface PollBody extends Fields {
  id: string;
  options: { text: string; voter_count: number }[];
  is_closed: boolean;
}

export function sendPoll(call: TelegramCall, flood: FloodGuard): unknown {
  call.record.text = text(call.params.question);
  const chat = postableChatOf(call, 'poll');
  const poll = pollOf(call, chat);
  const body = { poll, ...sendingPart(call, chat) };
  const [made] = post(call, chat, [{ kind: 'poll', files: [], body }], flood);
  if (typeof poll.close_date === 'number') closeAt(call, poll.id, poll.close_date);
  return made?.body;
}

/** Closes a poll of the bot's own. */
export function stopPoll(call: TelegramCall): unknown {
  const { chat, message } = editableOf(call, 'message with poll to stop not found');
  const poll = message.body.poll as PollBody | undefined;
  if (!poll) throw bad('message is not a poll');
  if (message.bot !== call.bot.id || pollOwner(poll.id) !== call.bot.id) throw bad("poll can't be stopped");
  if (poll.is_closed) throw bad('poll has already been closed');
  changeMessage(call, message, { ...contentOf(message.body), ...markupPart(call, chat) });
  changePoll(call, poll.id, (old) => ({ ...old, is_closed: true }));
  return messageOf(call, chat, message.id)?.body.poll;
}

function pollOf(call: TelegramCall, chat: Chat): PollBody {
  const { params } = call;
  const emoji = call.bot.custom_emoji === true;
  if (params.media !== undefined || params.explanation_media !== undefined)
    throw unsupported('media of polls');
  const question = format(params.question, params.question_parse_mode, params.question_entities, emoji);
  if (question.text === '') throw bad('poll question must be non-empty');
  if (question.text.length > QUESTION_LIMIT)
    throw bad(`poll question length must not exceed ${QUESTION_LIMIT}`);
  const given = Array.isArray(params.options) ? (params.options as Fields[]) : [];
  if (given.length < 1) throw bad('poll must have at least 1 option');
  if (given.length > OPTIONS) throw bad(`poll can't have more than ${OPTIONS} options`);
  const options = given.map((option, index) => {
    if (option.media !== undefined) throw unsupported('media of poll options');
    const words = format(option.text, option.text_parse_mode, option.text_entities, emoji);
    if (words.text === '') throw bad('poll options must be non-empty');
    if (words.text.length > OPTION_LIMIT) throw bad(`poll options length must not exceed ${OPTION_LIMIT}`);
    const entities = words.entities.filter((entity) => entity.type === 'custom_emoji');
    return {
      persistent_id: String(index),
      text: words.text,
      ...entitiesPart('text_entities', { entities }),
      voter_count: 0,
    };
  });
  const type = params.type === undefined || params.type === '' ? 'regular' : text(params.type);
  if (type !== 'regular' && type !== 'quiz') throw bad('unsupported poll type specified');
  checkAudience(params, chat);
  return {
    id: nextPollId(call),
    question: question.text,
    options,
    total_voter_count: 0,
    is_closed: params.is_closed === true,
    is_anonymous: params.is_anonymous !== false,
    type,
    allows_multiple_answers: params.allows_multiple_answers === true,
    allows_revoting:
      params.allows_revoting === undefined ? type === 'regular' : params.allows_revoting === true,
    members_only: params.members_only === true,
    ...(Array.isArray(params.country_codes) ? { country_codes: params.country_codes } : {}),
    ...(type === 'quiz' ? quizPart(params, options.length) : {}),
    ...descriptionPart(params),
    ...closingPart(call),
  };
}

function checkAudience(params: Fields, chat: Chat): void {
  const anonymous = params.is_anonymous !== false;
  if (chat.type === 'channel' && !anonymous) throw bad("non-anonymous polls can't be sent to channel chats");
  if (chat.type !== 'channel' && (params.members_only === true || params.country_codes !== undefined))
    throw bad('voting can be limited in channel chats only');
  if (params.allow_adding_options === true && (anonymous || params.type === 'quiz'))
    throw bad("options can't be added to anonymous polls and quizzes");
  const countries = params.country_codes;
  if (
    Array.isArray(countries) &&
    (countries.length > 12 || countries.some((code) => !/^[A-Z]{2}$/.test(code)))
  )
    throw bad('invalid country code specified');
}

function quizPart(params: Fields, options: number): Fields {
  const right = Array.isArray(params.correct_option_ids) ? params.correct_option_ids.map(Number) : [];
  const rising = right.every((id, index) => id >= 0 && id < options && id > (right[index - 1] ?? -1));
  if (right.length === 0 || !rising) throw bad('wrong correct option ID specified');
  const explanation = format(
    params.explanation,
    params.explanation_parse_mode,
    params.explanation_entities,
    false,
  );
  if (explanation.text.length > EXPLANATION_LIMIT || explanation.text.split('\n').length > 3)
    throw bad('poll explanation is too long');
  return {
    correct_option_ids: right,
    ...(explanation.text
      ? { explanation: explanation.text, ...entitiesPart('explanation_entities', explanation) }
      : {}),
  };
}

function descriptionPart(params: Fields): Fields {
  if (params.description === undefined) return {};
  const words = format(params.description, params.description_parse_mode, params.description_entities, false);
  if (words.text.length > DESCRIPTION_LIMIT) throw bad('poll description is too long');
  return words.text ? { description: words.text, ...entitiesPart('description_entities', words) } : {};
}

function closingPart({ params, record }: TelegramCall): Fields {
  const { open_period: period, close_date: date } = params;
  if (period !== undefined && date !== undefined)
    throw bad('only one of the parameters "open_period" and "close_date" can be specified');
  if (period === undefined && date === undefined) return {};
  const now = unixSeconds(record.at);
  const seconds = period === undefined ? Number(date) - now : Number(period);
  if (seconds < SHORTEST_SECONDS || seconds > LONGEST_SECONDS)
    throw bad(`poll close date must be in ${SHORTEST_SECONDS}-${LONGEST_SECONDS} seconds`);
  return { ...(period === undefined ? {} : { open_period: period }), close_date: now + seconds };
}

/** An id for a new poll of the bot. */
export function nextPollId(call: TelegramCall): string {
  return pollId(
    call.bot.id,
    call.core.state.nextId('poll', () => countPolls(call)),
  );
}

function countPolls({ core }: Hall): number {
  let polls = 0;
  for (const shelf of core.state.messages.values())
    for (const message of shelf.values()) if (message.kind === 'poll') polls += 1;
  return polls;
}

function closeAt(hall: Hall, id: string, date: number): void {
  const wait = date * 1000 - Date.now();
  if (wait > LONGEST_TIMER_MS) return;
  const timer = setTimeout(() => changePoll(hall, id, (old) => ({ ...old, is_closed: true })), wait);
  timer.unref();
}

/** Changes a poll wherever it is shown, and tells the bot that sent it. */
export function changePoll(hall: Hall, id: string, change: (old: PollBody) => PollBody): void {
  const { state } = hall.core;
  let last: PollBody | undefined;
  for (const message of pollMessages(hall, id)) {
    last = change(message.body.poll as PollBody);
    message.body = { ...message.body, poll: last };
    state.save('message', message);
  }
  for (const bot of state.bots.values())
    if (last && bot.id === pollOwner(id) && !bot.revoked) hall.updates.push(bot, 'poll', plainPoll(last));
}

/** Description and its kin stand inside a Message only. */
function plainPoll({ description: _, description_entities: __, ...poll }: PollBody): Fields {
  return poll;
}

function pollMessages({ core }: Hall, id: string): StoredMessage[] {
  return [...core.state.messages.values()].flatMap((shelf) =>
    [...shelf.values()].filter((message) => (message.body.poll as PollBody | undefined)?.id === id),
  );
}

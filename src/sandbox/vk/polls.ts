import { unixSeconds } from '../core.ts';
import { pollObject } from './attachments.ts';
import type { VkCall } from './call.ts';
import { flag, numberOf, param, requireAdmin, VkRefusal } from './call.ts';
import type { VkPoll } from './records.ts';

const ANSWERS_LIMIT = 10;
const ANSWER_LENGTH = 100;

export function pollsCreate(call: VkCall): unknown {
  const { core, params, token, record } = call;
  const ownerId = numberOf(params.owner_id, token.user_id);
  record.place = String(ownerId);
  if (ownerId < 0) requireAdmin(token, -ownerId);
  else if (ownerId !== token.user_id) throw new VkRefusal(250);
  const question = (params.question ?? '').trim();
  if (question === '') throw param('question is undefined');
  const answers = answersOf(params.add_answers);
  const end = numberOf(params.end_date, 0);
  if (end > 0 && end <= unixSeconds(record.at)) throw param('end_date is in the past');
  const id = core.state.nextId('vk poll', () => 600_000_000 + core.state.vkPolls.size);
  const poll: VkPoll = {
    owner_id: ownerId,
    id,
    author_id: token.user_id,
    question,
    answers: answers.map((text, i) => ({ id: id * 16 + i, text, votes: 0 })),
    anonymous: flag(params.is_anonymous),
    multiple: flag(params.is_multiple),
    disable_unvote: flag(params.disable_unvote),
    end_date: end,
    created: unixSeconds(record.at),
    background_id: numberOf(params.background_id, 0),
    photo_id: numberOf(params.photo_id, 0),
  };
  core.state.save('vk_poll', poll);
  return pollObject(poll);
}

function answersOf(given: string | undefined): string[] {
  let answers: unknown;
  try {
    answers = JSON.parse(given ?? '');
  } catch {
    throw param('add_answers should be a JSON array');
  }
  if (!Array.isArray(answers) || !answers.every((one): one is string => typeof one === 'string'))
    throw param('add_answers should be a JSON array of strings');
  const texts = answers.map((one) => one.trim());
  if (texts.length === 0 || texts.length > ANSWERS_LIMIT)
    throw param(`add_answers should hold 1 to ${ANSWERS_LIMIT} answers`);
  if (texts.some((one) => one === '' || one.length > ANSWER_LENGTH)) throw param('add_answers: bad answer');
  return texts;
}

export function pollsGetById(call: VkCall): unknown {
  const { core, params, token } = call;
  const ownerId = numberOf(params.owner_id, token.user_id);
  const poll = core.state.vkPolls.get(`poll${ownerId}_${params.poll_id}`);
  if (!poll) throw new VkRefusal(251);
  return pollObject(poll);
}

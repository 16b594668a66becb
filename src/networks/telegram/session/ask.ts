import { NetworkError } from '../../error.ts';
import type { TelegramAccess } from '../place.ts';
import type { Answers, Order, Question, Reply } from './question.ts';
import { onThread } from './thread.ts';

/** Under this name what is read with a user session takes its permit. */
export const sessionReads = 'session';

/** Milliseconds that Telegram has for each request: less than sending has, since nothing is lost with a read. */
const answerMost = 15_000;
/** Milliseconds in which nothing is read with an account to which Telegram gave no answer. */
const away = 300_000;

/** The operator's application at Telegram, which every session needs; null: none is set, and there are no sessions. */
export function appIdOf({ roots }: TelegramAccess): number | null {
  return roots?.app_id === undefined ? null : Number(roots.app_id);
}

/**
 * Asks Telegram one thing with the user session: connects, asks, closes, on a thread of its own. Reads only. Throws
 * nothing but {@link NetworkError}, and what `access.pace`, `access.alone` and `access.held` throw.
 */
export async function askSession<K extends Question['kind']>(
  access: TelegramAccess,
  question: Extract<Question, { kind: K }>,
): Promise<Answers[K]> {
  const { user_session: session } = access.credentials;
  const appId = appIdOf(access);
  if (session === undefined || appId === null) throw notThere();
  const order: Order = {
    session,
    appId,
    server: access.roots?.mtproto ?? null,
    timeout: Math.min(access.timeout, answerMost),
    question,
  };
  await access.pace?.(sessionReads);
  const { alone = (_name, act) => act() } = access;
  // Telegram ends a session that is used from two addresses at the same time.
  const reply = await alone(`telegram:session:${Bun.hash(session)}`, () => onThread(order, access.signal));
  if ('answer' in reply) return reply.answer as Answers[K];
  if (reply.failed === 'limited') await access.held?.(sessionReads, reply.wait ?? 60_000);
  // Otherwise each community of the account would wait as long for nothing.
  else if (reply.broken && reply.failed !== 'auth') await access.held?.(sessionReads, away);
  throw failureOf(reply);
}

function notThere(): NetworkError {
  return new NetworkError('rejected', {
    code: 'no_session',
    message: 'This installation takes no user sessions of Telegram.',
    nextStep: 'Its operator sets TELEGRAM_API_ID and TELEGRAM_API_HASH first.',
  });
}

const newOne = 'Make a new one with `bun run telegram-session`, and give it as user_session.';

/** What went wrong, in words of ours: code and wait are all that the thread tells. */
function failureOf({ failed, code, wait }: Exclude<Reply, { answer: unknown }>): NetworkError {
  const [message, nextStep] = wordsOf(failed, code);
  return new NetworkError(failed, { code, message, nextStep, retryAfter: wait });
}

function wordsOf(failed: NetworkError['kind'], code: string): [message: string, nextStep: string | null] {
  switch (failed) {
    case 'auth':
      return [`Telegram does not accept the user session any more (${code}).`, newOne];
    case 'limited':
      return ['Telegram has the account of the user session wait.', null];
    case 'not_sent':
    case 'unknown':
      return ['Telegram gave no answer to the user session.', null];
    case 'rejected':
      break;
  }
  switch (code) {
    case 'bad_session':
      return ['This is no session of Telegram that can be used here.', newOne];
    case 'bot_session':
      return ['This is the session of a bot: Telegram tells bots no figures.', newOne];
    case 'not_seen':
    case 'CHANNEL_PRIVATE':
    case 'CHANNEL_INVALID':
      return [
        'The account of the user session does not see this channel.',
        'Add that account to the channel, or give the session of one that is there.',
      ];
    default:
      return [`Telegram refused the user session (${code}).`, null];
  }
}

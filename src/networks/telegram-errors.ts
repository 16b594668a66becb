import * as v from 'valibot';
import { NetworkError } from './network.ts';
import type { Answer } from './request.ts';

const Refusal = v.object({
  ok: v.literal(false),
  error_code: v.optional(v.number()),
  description: v.optional(v.string()),
  // A nonsense beside a clear refusal does not make the refusal unclear.
  parameters: v.fallback(
    v.optional(
      v.object({ retry_after: v.optional(v.unknown()), migrate_to_chat_id: v.optional(v.unknown()) }),
    ),
    undefined,
  ),
});
const Acceptance = v.object({ ok: v.literal(true), result: v.unknown() });
const Envelope = v.variant('ok', [Refusal, Acceptance]);

/** Longest wait that is believed, in seconds; beyond it the value is nonsense. */
const retryMost = 86_400;

const mayPost =
  'Open the channel or group in Telegram and make the bot an administrator that may post messages, then check the connection.';

/** What the common refusals of a 400 mean. The wording of Telegram is no contract: no match is a plain refusal. */
const texts: readonly [RegExp, string, string | null][] = [
  [
    /chat not found|PEER_ID_INVALID/i,
    'Telegram does not find this channel or group for the bot.',
    'Check the address, and that the bot was added there as an administrator.',
  ],
  [
    /not a member|member list is inaccessible|PARTICIPANT_ID_INVALID|user not found/i,
    'The bot is not in this channel or group.',
    mayPost,
  ],
  [/message is too long|CAPTION_TOO_LONG/i, 'Telegram says that the text is too long.', 'Shorten the text.'],
  [
    /text is empty|must be non-empty|MESSAGE_EMPTY/i,
    'Telegram says that the post is empty.',
    'Write a text or add an image.',
  ],
  [
    /PHOTO_INVALID_DIMENSIONS/i,
    'Telegram refuses the measures of an image.',
    'Use an image of at most 10000 pixels for width and height together, not narrower than 1 to 20.',
  ],
  [
    /IMAGE_PROCESS_FAILED|wrong file|PHOTO_EXT_INVALID|file must be non-empty|PHOTO_SAVE_FILE_INVALID/i,
    'Telegram could not read an image.',
    'Save the image again as JPEG or PNG and replace it in the post.',
  ],
  [/too big|too large/i, 'Telegram says that an image is too big.', 'Use an image of at most 10 MB.'],
  [
    /not enough rights to send (photos|media)/i,
    'The bot may not send images here.',
    'Make the bot an administrator that may post messages, or allow images in the permissions of the group.',
  ],
  [
    /not enough rights|no rights|RIGHT_FORBIDDEN|WRITE_FORBIDDEN|ADMIN_REQUIRED|administrator rights/i,
    'The bot may not post here.',
    mayPost,
  ],
  [/TOPIC_CLOSED/i, 'The topic of this group is closed.', 'Open the topic again in Telegram.'],
];

/**
 * The `result` of a Bot API answer, or the {@link NetworkError} it means. Anything that is not a whole Bot API answer
 * is `unknown`: a proxy may have spoken after the message was taken.
 */
export function telegramResult(answer: Answer): unknown {
  const { status } = answer;
  if (status >= 500 || (status >= 300 && status < 400)) throw noAnswer(status);
  const envelope = v.safeParse(Envelope, parse(answer.text));
  if (!envelope.success) {
    // The one refusal that a proxy makes on its own before anything reaches the Bot API.
    if (status === 413) throw refused(413, '', status);
    throw noAnswer(status);
  }
  if (envelope.output.ok) {
    if (status >= 400) throw noAnswer(status);
    return envelope.output.result;
  }
  const { error_code: code = status, description = '', parameters } = envelope.output;
  if (code === 429) {
    throw new NetworkError('limited', {
      code: '429',
      httpStatus: status,
      message: 'Telegram asks the bot to wait.',
      retryAfter: waitOf(parameters?.retry_after),
    });
  }
  const moved = parameters?.migrate_to_chat_id;
  if (code === 400 && Number.isSafeInteger(moved)) {
    throw new NetworkError('rejected', {
      code: '400',
      httpStatus: status,
      message: 'The group became a supergroup and has a new id.',
      movedTo: String(moved),
    });
  }
  throw refused(code, description, status);
}

function refused(code: number, description: string, httpStatus: number): NetworkError {
  const about = { code: String(code), httpStatus };
  switch (code) {
    case 400: {
      const [, message, nextStep] = texts.find(([pattern]) => pattern.test(description)) ?? [];
      return new NetworkError('rejected', {
        ...about,
        message: message ?? `Telegram refused the request${quoted(description)}.`,
        nextStep: nextStep ?? 'Check the post and the connection, then try again.',
      });
    }
    case 401:
    case 404:
      return new NetworkError('auth', {
        ...about,
        message: 'Telegram does not accept the bot token: it was revoked or mistyped.',
        nextStep: 'Take the current token from @BotFather and connect the community again.',
      });
    case 403:
      return new NetworkError('rejected', {
        ...about,
        message: /kicked|not a member|blocked/i.test(description)
          ? 'The bot is not in this channel or group.'
          : 'The bot may not post here.',
        nextStep: mayPost,
      });
    case 409:
      return new NetworkError('rejected', {
        ...about,
        message: 'Another program uses the same bot in a way that Telegram does not allow at the same time.',
        nextStep: 'Use a bot of its own for Outpost.',
      });
    case 413:
      return new NetworkError('rejected', {
        ...about,
        message: 'Telegram says that the images are too big.',
        nextStep: 'Use fewer or smaller images.',
      });
    default:
      return noAnswer(httpStatus, String(code));
  }
}

function noAnswer(httpStatus: number, code = `http_${httpStatus}`): NetworkError {
  return new NetworkError('unknown', {
    code,
    httpStatus,
    message: 'Telegram gave no usable answer.',
  });
}

function waitOf(seconds: unknown): number | null {
  return Number.isInteger(seconds) && Number(seconds) > 0 && Number(seconds) <= retryMost
    ? Number(seconds) * 1000
    : null;
}

/** Only what cannot hold content of the post: short, without quotes, digits or addresses. */
function quoted(description: string): string {
  const plain = description.replace(/^Bad Request:\s*/, '');
  return /^[A-Za-z_ ,'-]{3,100}$/.test(plain) ? ` (“${plain}”)` : '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import type { Answer } from '../request.ts';

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

interface Meaning {
  says: RegExp;
  /** Where an act decides by it; else the number that Telegram gave. */
  code?: TelegramRefusal;
  message: string;
  nextStep: string | null;
}

/** Refusals that acts and look-ups tell apart. */
export type TelegramRefusal =
  | 'message_gone'
  | 'not_modified'
  | 'not_forwardable'
  | 'not_deletable'
  | 'not_editable'
  | 'no_pin_right'
  | 'handle_refused';

/** What the common refusals of a 400 mean. The wording of Telegram is no contract: no match is a plain refusal. */
const meanings: readonly Meaning[] = [
  {
    says: /chat not found|PEER_ID_INVALID/i,
    message: 'Telegram does not find this channel or group for the bot.',
    nextStep: 'Check the address, and that the bot was added there as an administrator.',
  },
  {
    says: /not a member|member list is inaccessible|PARTICIPANT_ID_INVALID|user not found/i,
    message: 'The bot is not in this channel or group.',
    nextStep: mayPost,
  },
  {
    says: /message is not modified|MESSAGE_NOT_MODIFIED|CHAT_NOT_MODIFIED/i,
    code: 'not_modified',
    message: 'It is so already at Telegram.',
    nextStep: null,
  },
  {
    says: /message to [a-z ]+ not found|message_id_invalid|message not found|message with the specified identifier/i,
    code: 'message_gone',
    message: 'The message is not there any more: somebody deleted it at Telegram.',
    nextStep: null,
  },
  {
    says: /can't be (forwarded|copied)|FORWARDS_RESTRICTED|protected content/i,
    code: 'not_forwardable',
    message: 'Telegram does not let this message be forwarded.',
    nextStep: null,
  },
  {
    says: /can't be deleted|DELETE_FORBIDDEN/i,
    code: 'not_deletable',
    message:
      'Telegram refuses to delete it: a bot may delete a message for 48 hours, and after that only with the right to delete messages, if at all.',
    nextStep:
      'Give the bot the right “Delete messages” in the settings of the channel or group, or delete the message yourself.',
  },
  {
    says: /can't be edited|there is no (text|caption|media) in the message|EDIT_TIME_EXPIRED|AUTHOR_REQUIRED/i,
    code: 'not_editable',
    message: 'Telegram does not let the bot edit this message.',
    nextStep: 'Edit it yourself in Telegram, or delete it and publish the post again.',
  },
  {
    says: /manage pinned|rights to (un)?pin|PIN_RESTRICTED/i,
    code: 'no_pin_right',
    message: 'The bot may not pin messages here.',
    nextStep: null,
  },
  {
    says: /wrong (remote )?file[_ ]id|wrong file identifier|can't use file of type|FILE_REFERENCE|FILE_ID_INVALID/i,
    code: 'handle_refused',
    message: 'Telegram does not know a file any more that was uploaded before.',
    nextStep: 'Try again: the file is uploaded anew.',
  },
  {
    says: /message is too long|CAPTION_TOO_LONG|caption is too long/i,
    message: 'Telegram says that the text is too long.',
    nextStep: 'Shorten the text.',
  },
  {
    says: /text is empty|must be non-empty|MESSAGE_EMPTY/i,
    message: 'Telegram says that the post is empty.',
    nextStep: 'Write a text or add an image or another file.',
  },
  {
    says: /PHOTO_INVALID_DIMENSIONS/i,
    message: 'Telegram refuses the measures of an image.',
    nextStep:
      'Use an image of at most 10000 pixels for width and height together, not narrower than 1 to 20.',
  },
  {
    says: /IMAGE_PROCESS_FAILED|PHOTO_EXT_INVALID|PHOTO_SAVE_FILE_INVALID/i,
    message: 'Telegram could not read an image.',
    nextStep: 'Save the image again as JPEG or PNG and replace it in the post.',
  },
  {
    says: /wrong file|file must be non-empty|(VIDEO|AUDIO|VOICE|MEDIA|DOCUMENT)_\w*INVALID/i,
    message: 'Telegram could not read a file.',
    nextStep: 'Save the file again in a format that Telegram plays and replace it in the post.',
  },
  {
    says: /too big|too large/i,
    message: 'Telegram says that a file is too big.',
    nextStep: 'Use an image of at most 10 MB, or another file of at most 50 MB.',
  },
  {
    says: /VOICE_MESSAGES_FORBIDDEN|not enough rights to send (photo|media|video|animation|audio|voice|document)/i,
    message: 'The bot may not send files of this kind here.',
    nextStep:
      'Make the bot an administrator that may post messages, or allow them in the permissions of the group.',
  },
  {
    says: /not enough rights to send poll/i,
    message: 'The bot may not send polls here.',
    nextStep:
      'Make the bot an administrator that may post messages, or allow polls in the permissions of the group.',
  },
  {
    says: /not enough rights|no rights|RIGHT_FORBIDDEN|WRITE_FORBIDDEN|ADMIN_REQUIRED|administrator rights/i,
    message: 'The bot may not post here.',
    nextStep: mayPost,
  },
  {
    says: /TOPIC_CLOSED/i,
    message: 'The topic of this group is closed.',
    nextStep: 'Open the topic again in Telegram.',
  },
  {
    says: /message thread not found|TOPIC_(ID_INVALID|DELETED)/i,
    message: 'The topic is not there any more.',
    nextStep: 'Choose another topic, or none.',
  },
  {
    says: /BUTTON_|inline keyboard|reply_markup/i,
    message: 'Telegram does not accept a button.',
    nextStep: 'Check the text and the address of each button.',
  },
  {
    says: /POLL_|poll (question|option|must)|quiz/i,
    message: 'Telegram does not accept the poll.',
    nextStep: 'Check its question, its answers and its kind.',
  },
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
      const meant = meanings.find(({ says }) => says.test(description));
      return new NetworkError('rejected', {
        ...about,
        code: meant?.code ?? about.code,
        message: meant?.message ?? `Telegram refused the request${quoted(description)}.`,
        nextStep: meant ? meant.nextStep : 'Check the post and the connection, then try again.',
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
        message: 'Telegram says that the files are too big.',
        nextStep: 'Use fewer or smaller files.',
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

import { fit, unavailable } from '../fit.ts';
import type { Composition, Json, Live, Message, Poll, Remark } from '../message.ts';
import type { Place } from '../network.ts';
import { entitiesFor, entityWarnings } from './entities.ts';
import { fileParams, isPicture, mediaProblems, mediaRules, methods, telegramLimits } from './media.ts';
import { keyboardOf, optionsOf, type TelegramOptions } from './options.ts';
import { detailsOf, remoteIdOf } from './place.ts';

type Params = { [key: string]: Json };

const { text: textLimit, caption: captionLimit } = telegramLimits;
const explanationMost = 200;
/** Hours for which a bot may delete its own posts without further rights. */
const deletableHours = 48;

/** How a message goes out. */
type Form = 'text' | 'preview' | 'file' | 'album' | 'poll';

function formOf({ text, media, poll }: Message, options: TelegramOptions): Form {
  const [first] = media;
  if (first === undefined) return poll === null ? 'text' : 'poll';
  const asPreview = options.long_caption === 'preview' && text.length > captionLimit.most;
  if (asPreview && media.length === 1 && first.kind === 'image') return 'preview';
  return media.length === 1 ? 'file' : 'album';
}

/**
 * A poll stands alone, so a text or files with it go before it; with `long_caption: separate` a text that is too long for
 * a caption goes after its files. What is asked for goes with the part that it is about.
 */
export function split(message: Message): Message[] {
  const { options } = optionsOf(message);
  const { text, entities, media, poll } = message;
  const none = { text: '', entities: [], media: [], poll: null };
  const apart = options.long_caption === 'separate' && media.length > 0 && text.length > captionLimit.most;
  const parts: Pick<Message, 'text' | 'entities' | 'media' | 'poll'>[] = apart
    ? [
        { ...none, media },
        { ...none, text, entities },
      ]
    : media.length > 0 || text.trim() !== ''
      ? [{ ...none, text, entities, media }]
      : [];
  if (poll !== null) parts.push({ ...none, poll });
  if (parts.length < 2) return [message];
  const buttoned = parts.filter((part) => part.media.length < 2);
  const carrier = buttoned.find((part) => part.text !== '') ?? buttoned[0];
  return parts.map((part, index) => {
    const { buttons, link_preview, spoiler, caption_above, long_caption: _, ...common } = message.options;
    const wanted: Record<string, Json | undefined> = {
      ...common,
      ...(part === carrier && message.after?.kind !== 'thread' && { buttons }),
      ...(part.text !== '' && part.media.length === 0 && { link_preview }),
      ...(part.media.length > 0 && { spoiler, caption_above }),
    };
    return {
      ...part,
      options: Object.fromEntries(
        Object.entries(wanted).filter((entry): entry is [string, Json] => entry[1] !== undefined),
      ),
      after:
        index === 0
          ? message.after
          : { kind: 'split' as const, first: message.after?.first ?? null, previous: null },
    };
  });
}

/** What becomes public. A link preview is no file of the message. */
export function live(message: Message): Live {
  const form = formOf(message, optionsOf(message).options);
  return {
    text: message.text.trim(),
    media: form === 'preview' ? [] : message.media.map(({ id, kind }) => ({ id, kind })),
    poll: form === 'poll',
    comments: null,
  };
}

export function compose(message: Message, place: Place): Composition {
  const { options, problem } = optionsOf(message);
  const form = formOf(message, options);
  const beside = form === 'file' || form === 'album';
  const { length, problems } = fit(message, {
    title: 'Telegram',
    text: beside ? captionLimit.most : textLimit.most,
    tooLong: beside ? longCaption(message, options) : 'Shorten it, or put the rest into a further part.',
    ...mediaRules(place),
    poll: telegramLimits.poll,
  });
  problems.push(
    ...(problem === null ? [] : [problem]),
    ...unavailable(message, place.capabilities),
    ...mediaProblems(message, place, form === 'album'),
    ...pollProblems(message, place),
    ...optionProblems(options, form, message, place),
  );
  return {
    request: requestOf(message, options, form, place),
    length,
    problems,
    warnings: [...entityWarnings(message.entities), ...optionWarnings(options, message, place)],
  };
}

function longCaption({ media, text }: Message, { long_caption }: TelegramOptions): string {
  if (text.length > textLimit.most) {
    return `Shorten it: a text without files may have ${textLimit.most}.`;
  }
  if (long_caption === 'preview' && (media.length !== 1 || media[0]?.kind !== 'image')) {
    return 'A large preview shows exactly one image. Shorten the text, or set long_caption to “separate”: the files first, then the text as a message of its own.';
  }
  return `Shorten it, or choose what to do with long_caption: “separate” sends the files first and the text as a message of its own (up to ${textLimit.most}), “preview” shows one image as the large link preview of the text.`;
}

function pollProblems({ poll, text, media }: Message, place: Place): Remark[] {
  if (poll === null) return [];
  const problems: Remark[] = [];
  const add = (path: string, code: string, message: string) => problems.push({ path, code, message });
  if (text.trim() !== '' || media.length > 0) {
    add('/poll', 'poll_stands_alone', 'A poll stands alone here: send the text and the files before it.');
  }
  if (!poll.anonymous && detailsOf(place).chat_type === 'channel') {
    add(
      '/poll/anonymous',
      'poll_not_anonymous',
      'Polls in a channel are anonymous. Make it anonymous, or post it in a group.',
    );
  }
  if (poll.quiz === null) return problems;
  if (poll.multiple) {
    add('/poll/multiple', 'quiz_multiple', 'A quiz has one right answer: turn off several answers.');
  }
  const { explanation } = poll.quiz;
  if (explanation !== null && explanation.length > explanationMost) {
    add(
      '/poll/quiz/explanation',
      'too_long',
      `The explanation has ${explanation.length} characters; Telegram takes ${explanationMost}. Shorten it.`,
    );
  }
  if (explanation !== null && explanation.split('\n').length > 3) {
    add(
      '/poll/quiz/explanation',
      'too_many_lines',
      'Telegram takes three lines of explanation: join some of them.',
    );
  }
  return problems;
}

function optionProblems(options: TelegramOptions, form: Form, message: Message, place: Place): Remark[] {
  const problems: Remark[] = [];
  const { buttons = [], topic, reply_to } = options;
  if (form === 'album' && buttons.length > 0 && message.after?.kind !== 'thread') {
    problems.push({
      path: '/options/buttons',
      code: 'album_buttons',
      message:
        'An album takes no buttons. Post one file, or put the buttons under a text: with long_caption “separate” a long text stands by itself.',
    });
  }
  if (topic !== undefined && detailsOf(place).is_forum === false) {
    problems.push({
      path: '/options/topic',
      code: 'no_topics',
      message: 'There are no topics here: leave the topic out for it.',
    });
  }
  if (reply_to !== undefined && repliedTo(reply_to, place) === null) {
    problems.push({
      path: '/options/reply_to',
      code: 'reply_elsewhere',
      message: 'This is not a message of this channel or group. Take the link of one that is there.',
    });
  }
  return problems;
}

function optionWarnings(options: TelegramOptions, message: Message, place: Place): Remark[] {
  const warnings: Remark[] = [];
  const warn = (option: keyof TelegramOptions, code: string, text: string) =>
    warnings.push({ path: `/options/${option}`, code, message: text });
  const { delete_after_hours: hours, pin = false } = options;
  const { delete: deleting, pin: pinning } = place.capabilities;
  if (hours !== undefined && hours > deletableHours) {
    warn(
      'delete_after_hours',
      'late_delete',
      `After ${deletableHours} hours Telegram lets the bot delete a post only with the right to delete messages, and not always then.`,
    );
  }
  if (hours !== undefined && !deleting.available) {
    warn('delete_after_hours', 'delete_unavailable', [deleting.detail, deleting.next_step].join(' ').trim());
  }
  if (pin !== false && message.after === null && !pinning.available) {
    warn('pin', 'pin_unavailable', [pinning.detail, pinning.next_step].join(' ').trim());
  }
  for (const option of ['spoiler', 'caption_above'] as const) {
    if (options[option] === true && !message.media.some(({ kind }) => isPicture(kind))) {
      warn(option, 'no_effect', 'This shows only with images and videos.');
    }
  }
  if (options.link_preview !== undefined && (message.media.length > 0 || message.poll !== null)) {
    warn('link_preview', 'no_effect', 'Only a text without files and poll has a link preview.');
  } else if (options.link_preview?.size !== undefined && options.link_preview.url === undefined) {
    warn('link_preview', 'no_effect', 'Telegram changes the size only of a link that is named in `url`.');
  }
  return warnings;
}

function repliedTo(target: string | number, place: Place): number | null {
  const text = String(target);
  const id = /^\d{1,15}$/.test(text) ? text : remoteIdOf(place, text);
  return id === null || Number(id) < 1 ? null : Number(id);
}

function requestOf(
  message: Message,
  options: TelegramOptions,
  form: Form,
  place: Place,
): Composition['request'] {
  const { text, media, poll } = message;
  const entities = entitiesFor(message.entities);
  const about: Params = {
    chat_id: Number(place.externalId),
    // The first topic is written to without a number.
    ...(options.topic !== undefined && options.topic !== 1 && { message_thread_id: options.topic }),
  };
  const rest: Params = {
    ...(options.silent === true && { disable_notification: true }),
    ...(options.protect === true && { protect_content: true }),
    ...replyOf(message, options, place),
    ...(form !== 'album' && message.after?.kind !== 'thread' && keyboardOf(options.buttons)),
  };
  const caption: Params =
    text === '' ? {} : { caption: text, ...(entities.length > 0 && { caption_entities: entities }) };
  const [first] = media;
  if (form === 'poll' && poll !== null) {
    return { method: 'sendPoll', params: { ...about, ...pollParams(poll), ...rest } };
  }
  if (form === 'file' && first !== undefined) {
    const { method, field } = methods[first.kind];
    const file = { [field]: { $media: first.id }, ...caption, ...fileParams(first, options) };
    return { method, params: { ...about, ...file, ...rest } };
  }
  if (form === 'album') {
    // Only the first item's caption is shown as the album's.
    const items = media.map((item, index) => ({
      type: methods[item.kind].field,
      media: { $media: item.id },
      ...(index === 0 ? caption : {}),
      ...fileParams(item, options),
    }));
    return { method: 'sendMediaGroup', params: { ...about, media: items, ...rest } };
  }
  const preview = form === 'preview' && first ? imagePreview(first.id) : linkPreview(options);
  const words: Params = { text, ...(entities.length > 0 && { entities }), ...preview };
  return { method: 'sendMessage', params: { ...about, ...words, ...rest } };
}

function replyOf({ after }: Message, { reply_to }: TelegramOptions, place: Place): Params {
  const about =
    after?.kind === 'thread'
      ? after.previous === null
        ? { $part: 'previous' }
        : Number(after.previous)
      : after === null && reply_to !== undefined
        ? repliedTo(reply_to, place)
        : null;
  if (about === null) return {};
  return { reply_parameters: { message_id: about, allow_sending_without_reply: true } };
}

function pollParams({ question, options, anonymous, multiple, quiz }: Poll): Params {
  return {
    question,
    options: options.map((text) => ({ text })),
    is_anonymous: anonymous,
    type: quiz === null ? 'regular' : 'quiz',
    ...(quiz === null
      ? { allows_multiple_answers: multiple }
      : {
          correct_option_ids: [quiz.correct],
          ...(quiz.explanation !== null && { explanation: quiz.explanation }),
        }),
  };
}

function imagePreview(mediaId: string): Params {
  return {
    link_preview_options: { url: { $media_url: mediaId }, prefer_large_media: true, show_above_text: true },
  };
}

export function linkPreview({ link_preview }: TelegramOptions): Params {
  if (link_preview === undefined) return {};
  const { disabled, url, size, above } = link_preview;
  const wanted: Params = {
    ...(disabled === true && { is_disabled: true }),
    ...(url !== undefined && { url }),
    ...(size === 'small' && { prefer_small_media: true }),
    ...(size === 'large' && { prefer_large_media: true }),
    ...(above === true && { show_above_text: true }),
  };
  return Object.keys(wanted).length === 0 ? {} : { link_preview_options: wanted };
}

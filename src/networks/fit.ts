import type { Composition, MediaItem, MediaKind, Message, Remark } from './message.ts';
import type { Capabilities, CapabilityName, FileLimits, Limits } from './network.ts';

/** What one message must keep to at one place; the caller picks the limits that apply there. */
export interface Fit {
  /** The network's name in the texts. */
  title: string;
  /** UTF-16 code units. */
  text: number;
  /** How to get out of a text that is too long; said after the figures. */
  tooLong: string;
  /** Items of all kinds together. */
  media: number;
  /** How to get out of too many items. */
  tooMany: string;
  files: Readonly<Record<MediaKind, FileFit>>;
  /** Greatest width + height of an image in pixels. */
  sides: number;
  /** Greatest relation of the longer to the shorter side of an image. */
  ratio: number;
  /** null: the network has no polls. */
  poll: Limits['poll'];
}

/** `most` is 0 where the network takes none of the kind. */
export interface FileFit extends FileLimits {
  /** What to do with a file of another type; absent: to save it as one of `mimes`. */
  otherType?: string;
  /** What to do with a file that is too big; said after the figures. */
  tooBig?: string;
}

const named: Readonly<Record<string, string>> = {
  'image/jpeg': 'JPEG',
  'image/png': 'PNG',
  'image/gif': 'GIF',
  'image/webp': 'WebP',
  'video/mp4': 'MP4',
  'video/quicktime': 'QuickTime',
  'video/webm': 'WebM',
  'audio/mpeg': 'MP3',
  'audio/mp4': 'M4A',
  'audio/ogg': 'OGG',
};

const nouns: Readonly<Record<MediaKind, readonly [one: string, many: string]>> = {
  image: ['image', 'images'],
  video: ['video', 'videos'],
  animation: ['animation', 'animations'],
  audio: ['audio file', 'audio files'],
  voice: ['voice message', 'voice messages'],
  document: ['document', 'documents'],
};

/** Judges text, media and poll against the limits of a place. Pure; lengths are `string.length`. */
export function fit(message: Message, rules: Fit): Pick<Composition, 'length' | 'problems'> {
  return {
    length: { count: message.text.length, limit: rules.text, unit: 'utf16_code_units' },
    problems: [
      ...textProblems(message, rules),
      ...countProblems(message, rules),
      ...message.media.flatMap((item, index) => fileProblems(item, index, message.media, rules)),
      ...pollProblems(message, rules),
    ],
  };
}

/** The capability that a kind of file needs. */
export const capabilityOf: Readonly<Record<MediaKind, CapabilityName>> = {
  image: 'images',
  video: 'video',
  animation: 'video',
  audio: 'audio',
  voice: 'audio',
  document: 'documents',
};

/** A problem for each kind of content that this connection cannot send, in the words of its capability. */
export function unavailable(message: Message, capabilities: Capabilities): Remark[] {
  const names = new Set(message.media.map(({ kind }) => capabilityOf[kind]));
  if (message.poll !== null) names.add('polls');
  return [...names]
    .filter((name) => !capabilities[name].available)
    .map((name) => ({
      path: name === 'polls' ? '/poll' : '/media_ids',
      code: `${name}_unavailable`,
      message: [capabilities[name].detail, capabilities[name].next_step].join(' ').trim(),
    }));
}

/** Limits by kind of file; kinds that are not named are not taken. */
export function filesOf(kinds: Partial<Record<MediaKind, FileFit>>): Record<MediaKind, FileFit> {
  const none: FileFit = { most: 0, bytes: 0, mimes: null };
  return { image: none, video: none, animation: none, audio: none, voice: none, document: none, ...kinds };
}

function textProblems(message: Message, rules: Fit): Remark[] {
  const problems: Remark[] = [];
  const { text } = message;
  if (text.trim() === '' && message.media.length === 0 && message.poll === null) {
    problems.push({ path: '/text', code: 'empty', message: 'Write a text or add an image or another file.' });
  }
  if (text.length > rules.text) {
    problems.push({
      path: '/text',
      code: 'too_long',
      message: `${rules.title} takes ${rules.text} characters here, the text has ${text.length}. ${rules.tooLong}`,
    });
  }
  if (!text.isWellFormed()) {
    problems.push({
      path: '/text',
      code: 'broken_characters',
      message: 'The text holds half of a character, as when an emoji was cut in two. Type that place again.',
    });
  }
  return problems;
}

/** The kinds that are too many; else all together. */
function countProblems({ media }: Message, rules: Fit): Remark[] {
  const problems: Remark[] = [];
  for (const kind of new Set(media.map((item) => item.kind))) {
    const { most } = rules.files[kind];
    const places = [...media.keys()].filter((index) => media[index]?.kind === kind);
    if (places.length <= most) continue;
    const [one, many] = nouns[kind];
    problems.push({
      path: `/media_ids/${places[most]}`,
      ...(most === 0
        ? { code: 'wrong_kind', message: `${rules.title} takes no ${many} here. Take them out.` }
        : {
            code: `too_many_${many.replace(' ', '_')}`,
            message: `${rules.title} takes ${most === 1 ? `1 ${one}` : `${most} ${many}`} here, the post has ${places.length}. ${rules.tooMany}`,
          }),
    });
  }
  if (problems.length === 0 && media.length > rules.media) {
    problems.push({
      path: `/media_ids/${rules.media}`,
      code: 'too_many_files',
      message: `${rules.title} takes ${rules.media === 1 ? '1 file' : `${rules.media} files`} here, the post has ${media.length}. ${rules.tooMany}`,
    });
  }
  return problems;
}

function fileProblems(item: MediaItem, index: number, media: readonly MediaItem[], rules: Fit): Remark[] {
  const { most, bytes, mimes, otherType, tooBig } = rules.files[item.kind];
  // That it is not taken at all is said by the count.
  if (most === 0) return [];
  const problems: Remark[] = [];
  const path = `/media_ids/${index}`;
  const [noun] = nouns[item.kind];
  const alike = media.every(({ kind }) => kind === item.kind);
  const which =
    media.length === 1
      ? `The ${noun}`
      : alike
        ? `${noun.charAt(0).toUpperCase()}${noun.slice(1)} ${index + 1}`
        : `File ${index + 1}`;
  if (mimes !== null && !mimes.includes(item.mime)) {
    const takes = mimes.map((mime) => named[mime] ?? mime).join(', ');
    problems.push({
      path,
      code: 'wrong_type',
      message: `${which} is ${named[item.mime] ?? 'of another kind'}; ${rules.title} takes ${takes}. ${otherType ?? 'Save it as one of these.'}`,
    });
  }
  if (item.size > bytes) {
    problems.push({
      path,
      code: 'too_big',
      message: [
        `${which} has ${megabytes(item.size)} MB; ${rules.title} takes ${megabytes(bytes)} MB.`,
        tooBig ?? '',
      ]
        .join(' ')
        .trim(),
    });
  }
  if (item.kind === 'image') problems.push(...sideProblems(item, path, which, rules));
  return problems;
}

function sideProblems({ width, height }: MediaItem, path: string, which: string, rules: Fit): Remark[] {
  if (width === null || height === null) return [];
  const problems: Remark[] = [];
  if (width + height > rules.sides) {
    problems.push({
      path,
      code: 'too_large_sides',
      message: `${which} measures ${width} × ${height}; ${rules.title} takes at most ${rules.sides} pixels for width and height together.`,
    });
  }
  const shorter = Math.min(width, height);
  if (shorter > 0 && Math.max(width, height) / shorter > rules.ratio) {
    problems.push({
      path,
      code: 'too_narrow',
      message: `${which} is too narrow: one side may be at most ${rules.ratio} times the other for ${rules.title}.`,
    });
  }
  return problems;
}

function pollProblems({ poll }: Message, { title, poll: rules }: Fit): Remark[] {
  if (poll === null) return [];
  if (rules === null) {
    return [
      {
        path: '/poll',
        code: 'polls_unavailable',
        message: `${title} has no polls. Take the poll out for it.`,
      },
    ];
  }
  const problems: Remark[] = [];
  const judge = (path: string, what: string, text: string, most: number) => {
    if (text.trim() === '') problems.push({ path, code: 'empty', message: `${what} is empty: write it.` });
    if (text.length > most) {
      problems.push({
        path,
        code: 'too_long',
        message: `${what} has ${text.length} characters; ${title} takes ${most}. Shorten it.`,
      });
    }
    if (!text.isWellFormed()) {
      problems.push({
        path,
        code: 'broken_characters',
        message: `${what} holds half of a character, as when an emoji was cut in two. Type that place again.`,
      });
    }
  };
  judge('/poll/question', 'The question', poll.question, rules.question);
  for (const [index, option] of poll.options.entries()) {
    judge(`/poll/options/${index}`, `Answer ${index + 1}`, option, rules.option);
  }
  const { length } = poll.options;
  if (length < rules.least || length > rules.most) {
    problems.push({
      path: length > rules.most ? `/poll/options/${rules.most}` : '/poll/options',
      code: length > rules.most ? 'too_many_answers' : 'too_few_answers',
      message: `${title} takes ${rules.least} to ${rules.most} answers, the poll has ${length}.`,
    });
  }
  if (poll.quiz !== null && !(poll.quiz.correct >= 0 && poll.quiz.correct < length)) {
    problems.push({
      path: '/poll/quiz/correct',
      code: 'no_such_answer',
      message: 'The right answer of the quiz is none of its answers. The first is 0.',
    });
  }
  return problems;
}

function megabytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1).replace(/\.0$/, '');
}

import type { Composition, Limits, Message, Remark } from './network.ts';

/** What one message must keep to at one place; the caller picks the text limit that applies. */
export interface Fit {
  /** The network's name in the texts. */
  title: string;
  /** UTF-16 code units. */
  text: number;
  /** How to get out of a text that is too long; said after the figures. */
  tooLong: string;
  /** How to get out of too many images. */
  tooMany: string;
  images: Limits['images'];
  /** Greatest width + height in pixels. */
  sides: number;
  /** Greatest relation of the longer to the shorter side. */
  ratio: number;
}

const named: Readonly<Record<string, string>> = {
  'image/jpeg': 'JPEG',
  'image/png': 'PNG',
  'image/gif': 'GIF',
  'image/webp': 'WebP',
};

/** Judges text and images against the limits of a place. Pure; lengths are `string.length`. */
export function fit(message: Message, rules: Fit): Pick<Composition, 'length' | 'problems'> {
  return {
    length: { count: message.text.length, limit: rules.text, unit: 'utf16_code_units' },
    problems: [...textProblems(message, rules), ...imageProblems(message, rules)],
  };
}

function textProblems(message: Message, rules: Fit): Remark[] {
  const problems: Remark[] = [];
  const { text } = message;
  if (text.trim() === '' && message.media.length === 0) {
    problems.push({ path: '/text', code: 'empty', message: 'Write a text or add an image.' });
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

function imageProblems({ media }: Message, rules: Fit): Remark[] {
  const problems: Remark[] = [];
  if (media.length > rules.images.most) {
    const most = rules.images.most === 1 ? '1 image' : `${rules.images.most} images`;
    problems.push({
      path: `/media_ids/${rules.images.most}`,
      code: 'too_many_images',
      message: `${rules.title} takes ${most} here, the post has ${media.length}. ${rules.tooMany}`,
    });
  }
  for (const [index, item] of media.entries()) {
    const path = `/media_ids/${index}`;
    const which = media.length === 1 ? 'The image' : `Image ${index + 1}`;
    if (!rules.images.mimes.includes(item.mime)) {
      const takes = rules.images.mimes.map((mime) => named[mime] ?? mime).join(', ');
      const is = named[item.mime] ?? 'of another kind';
      problems.push({
        path,
        code: 'wrong_type',
        message: `${which} is ${is}; ${rules.title} takes ${takes}. Save it as one of these.`,
      });
    }
    if (item.size > rules.images.bytes) {
      problems.push({
        path,
        code: 'too_big',
        message: `${which} has ${megabytes(item.size)} MB; ${rules.title} takes ${megabytes(rules.images.bytes)} MB.`,
      });
    }
    const longer = Math.max(item.width, item.height);
    const shorter = Math.min(item.width, item.height);
    if (item.width + item.height > rules.sides) {
      problems.push({
        path,
        code: 'too_large_sides',
        message: `${which} measures ${item.width} × ${item.height}; ${rules.title} takes at most ${rules.sides} pixels for width and height together.`,
      });
    }
    if (shorter > 0 && longer / shorter > rules.ratio) {
      problems.push({
        path,
        code: 'too_narrow',
        message: `${which} is too narrow: one side may be at most ${rules.ratio} times the other for ${rules.title}.`,
      });
    }
  }
  return problems;
}

function megabytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(1).replace(/\.0$/, '');
}

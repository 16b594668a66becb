import * as v from 'valibot';
import type { Json, Message, Remark } from '../message.ts';

const flag = (what: string) => v.exactOptional(v.pipe(v.boolean(), v.description(what)));

const buttonsMost = 100;

const Button = v.strictObject({
  text: v.pipe(
    v.string(),
    v.trim(),
    v.minLength(1, 'needs a text'),
    v.maxLength(64, 'is longer than 64 characters'),
    v.check((text) => text.isWellFormed(), 'holds half of a character'),
  ),
  url: v.pipe(
    v.string(),
    v.trim(),
    v.maxLength(2048, 'is longer than 2048 characters'),
    v.check(isButtonUrl, 'must be an address that starts with https://, http:// or tg://'),
  ),
});

const WebUrl = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(2048, 'is longer than 2048 characters'),
  v.check(
    (url) => /^https?:\/\/[^/]/i.test(url) && URL.canParse(url),
    'must be an address that starts with https:// or http://',
  ),
);

/** What one post may ask of Telegram. */
export const TelegramOptions = v.strictObject({
  silent: flag('Readers get it without a sound.'),
  protect: flag('Readers cannot forward or save it.'),
  topic: v.exactOptional(
    v.pipe(
      v.number(),
      v.safeInteger('must be the number of a topic'),
      v.minValue(1, 'must be the number of a topic'),
      v.description('Number of the topic in a group with topics.'),
    ),
  ),
  reply_to: v.exactOptional(
    v.pipe(
      v.union(
        [
          v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
          v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(200)),
        ],
        'must be the number or the t.me link of a message',
      ),
      v.description('The message of the same channel or group that it answers: its number or its t.me link.'),
    ),
  ),
  pin: v.exactOptional(
    v.pipe(
      v.union([v.boolean(), v.literal('silent')], 'must be true, false or "silent"'),
      v.description('Pins it once it is there; "silent": without a notification.'),
    ),
  ),
  delete_after_hours: v.exactOptional(
    v.pipe(
      v.number(),
      v.check((hours) => hours > 0 && hours <= 8760, 'must be more than 0 and at most 8760 hours'),
      v.description('Deletes it after so many hours.'),
    ),
  ),
  buttons: v.exactOptional(
    v.pipe(
      v.array(
        v.pipe(
          v.array(Button),
          v.minLength(1, 'has no button'),
          v.maxLength(8, 'has more than eight buttons'),
        ),
      ),
      v.check(
        (rows) => rows.flat().length <= buttonsMost,
        `Telegram takes at most ${buttonsMost} buttons in all`,
      ),
      v.description('Rows of buttons under it, each of which opens an address.'),
    ),
  ),
  link_preview: v.exactOptional(
    v.strictObject({
      disabled: flag('Shows no preview of a link.'),
      url: v.exactOptional(
        v.pipe(WebUrl, v.description('The link to show; without it the first one in the text.')),
      ),
      size: v.exactOptional(v.picklist(['small', 'large'])),
      above: flag('Shows the preview above the text.'),
    }),
  ),
  spoiler: flag('Covers images and videos until a reader taps.'),
  caption_above: flag('Shows the text above images and videos.'),
  long_caption: v.exactOptional(
    v.pipe(
      v.picklist(['refuse', 'separate', 'preview']),
      v.description(
        'What to do with more than 1024 characters beside files. separate: the files first, the text as a message of its own. preview: one image as the large link preview of a text.',
      ),
    ),
  ),
});
export type TelegramOptions = v.InferOutput<typeof TelegramOptions>;

/** What a message asks of Telegram; `problem` where it cannot be read. */
export function optionsOf(message: Pick<Message, 'options'>): {
  options: TelegramOptions;
  problem: Remark | null;
} {
  const parsed = v.safeParse(TelegramOptions, message.options);
  if (parsed.success) return { options: parsed.output, problem: null };
  const [issue] = parsed.issues;
  const path = (issue.path ?? []).map((step) => `/${String(step.key)}`).join('');
  return {
    options: {},
    problem: { path: `/options${path}`, code: 'wrong_option', message: `This option ${issue.message}.` },
  };
}

/** Acts that follow the publication. Only the first message of a post is pinned. */
export function afterwards(message: Message): { pin: boolean | 'silent'; deleteAfter: number | null } {
  const { pin = false, delete_after_hours: hours } = optionsOf(message).options;
  return {
    pin: message.after === null && pin,
    deleteAfter: hours === undefined ? null : Math.round(hours * 3_600_000),
  };
}

export function keyboardOf(buttons: TelegramOptions['buttons']): { [key: string]: Json } {
  if (buttons === undefined || buttons.length === 0) return {};
  return { reply_markup: { inline_keyboard: buttons.map((row) => row.map((button) => ({ ...button }))) } };
}

function isButtonUrl(url: string): boolean {
  return /^(https?:\/\/[^/]|tg:\/\/.)/i.test(url) && URL.canParse(url) && !/\s/.test(url);
}

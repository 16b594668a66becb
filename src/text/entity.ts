import * as v from 'valibot';

/**
 * Every kind of formatting, in the order of nesting: where two cover the same characters, the one that stands
 * first here is the outer one.
 */
export const entityTypes = [
  'blockquote',
  'expandable_blockquote',
  'text_link',
  'mention',
  'bold',
  'italic',
  'underline',
  'strikethrough',
  'spoiler',
  'code',
  'pre',
  'custom_emoji',
] as const;
export type EntityType = (typeof entityTypes)[number];

/** Formatting of a stretch of text. Offset and length are UTF-16 code units, as Telegram counts. */
export interface Entity {
  type: EntityType;
  offset: number;
  length: number;
  /** text_link: an address of http, https, tg or mailto. */
  url?: string | undefined;
  /** pre: the programming language. */
  language?: string | undefined;
  /** mention: the network that the person or community belongs to. */
  network?: string | undefined;
  /** mention: `id123` or `club45` at vk, a user's number at telegram. */
  id?: string | undefined;
  /** custom_emoji: Telegram's number of the picture; the text keeps an ordinary emoji. */
  custom_emoji_id?: string | undefined;
}

/** An entity without its place. */
export type Kind = Omit<Entity, 'offset' | 'length'>;

/** A text and its formatting; what is no entity is literal, whatever characters it has. */
export interface FormattedText {
  text: string;
  entities: readonly Entity[];
}

export const languagePattern = /^[A-Za-z0-9+#._-]{1,64}$/;
export const emojiIdPattern = /^\d{1,20}$/;
const networkPattern = /^[a-z][a-z0-9_]{0,31}$/;
const memberPatterns: Readonly<Record<string, RegExp>> = {
  vk: /^(id|club)\d{1,19}$/,
  telegram: /^\d{1,19}$/,
};
const memberPattern = /^[\w.:@/-]{1,255}$/;

export const linkRule = 'must start with https://, http://, tg:// or mailto:, and lead somewhere';

/** Whether an address may be linked to: anything that could run or leave the web's ordinary schemes may not. */
export function isLink(url: string): boolean {
  return (
    url.length <= 2048 &&
    /^(https?:\/\/[^/\\]|tg:\/\/|mailto:.)/i.test(url) &&
    // White space and control characters hide where an address leads.
    !/[\s\p{Cc}\p{Cs}]/u.test(url) &&
    URL.canParse(url)
  );
}

/** Whether a mention names somebody of a network by an id of the shape that the network gives. */
export function isMember(network: string, id: string): boolean {
  return networkPattern.test(network) && (memberPatterns[network] ?? memberPattern).test(id);
}

const place = {
  offset: v.pipe(v.number(), v.safeInteger('must be a whole number'), v.minValue(0, 'must be 0 or more')),
  length: v.pipe(v.number(), v.safeInteger('must be a whole number'), v.minValue(1, 'must be 1 or more')),
};

/** An entity as it comes in. Whether it suits its text is for `faultsOf` to say. */
export const EntitySchema = v.variant(
  'type',
  [
    v.strictObject({
      type: v.picklist([
        'bold',
        'italic',
        'underline',
        'strikethrough',
        'spoiler',
        'blockquote',
        'expandable_blockquote',
        'code',
      ]),
      ...place,
    }),
    v.strictObject({
      type: v.literal('pre'),
      ...place,
      language: v.optional(
        v.pipe(
          v.string(),
          v.regex(languagePattern, 'must be a name as python or c++: up to 64 letters, digits and + # . _ -'),
        ),
      ),
    }),
    v.strictObject({
      type: v.literal('text_link'),
      ...place,
      url: v.pipe(v.string(), v.check(isLink, linkRule)),
    }),
    v.pipe(
      v.strictObject({
        type: v.literal('mention'),
        ...place,
        network: v.pipe(v.string(), v.regex(networkPattern, 'must be the name of a network, as vk')),
        id: v.pipe(v.string(), v.regex(memberPattern, 'must be an id without spaces')),
      }),
      v.forward(
        v.check(
          ({ network, id }) => isMember(network, id),
          'must be an id as the network writes it: id123 or club45 at vk, the number of the user at telegram',
        ),
        ['id'],
      ),
    ),
    v.strictObject({
      type: v.literal('custom_emoji'),
      ...place,
      custom_emoji_id: v.pipe(
        v.string(),
        v.regex(emojiIdPattern, 'must be the number of an emoji, in quotes'),
      ),
    }),
  ],
  `must be one of ${entityTypes.join(', ')}`,
);

import * as v from 'valibot';
import type { Entity } from '../../text/formatted.ts';
import type { Json, Remark } from '../message.ts';

/** Telegram keeps the first of them and drops the rest without a word. */
const entitiesMost = 100;

/**
 * Formatting as the Bot API takes it; never a `parse_mode`, so that nothing in a text can be taken for markup. A mention
 * goes as the documented link to a user: an entity of its own would need a whole user. Mentions of other networks stay
 * plain text.
 */
export function entitiesFor(entities: readonly Entity[]): { [key: string]: Json }[] {
  return entities.flatMap((entity): { [key: string]: Json }[] => {
    const { type, offset, length, url, language, network, id, custom_emoji_id } = entity;
    const at = { offset, length };
    switch (type) {
      case 'text_link':
        return url === undefined || isMail(url) ? [] : [{ type, ...at, url }];
      case 'mention':
        return network === 'telegram' && id !== undefined
          ? [{ type: 'text_link', ...at, url: `tg://user?id=${id}` }]
          : [];
      case 'pre':
        return [{ type, ...at, ...(language === undefined ? {} : { language }) }];
      case 'custom_emoji':
        return custom_emoji_id === undefined ? [] : [{ type, ...at, custom_emoji_id }];
      default:
        return [{ type, ...at }];
    }
  });
}

/** What of the formatting will not be seen at Telegram. */
export function entityWarnings(entities: readonly Entity[]): Remark[] {
  const warnings: Remark[] = [];
  const warn = (code: string, message: string) => warnings.push({ path: '/entities', code, message });
  if (entities.some(({ type, url }) => type === 'text_link' && isMail(url ?? ''))) {
    warn('mail_link', 'Telegram links no mail addresses: the link is left out, its text stays.');
  }
  if (entities.some(({ type }) => type === 'custom_emoji')) {
    warn(
      'custom_emoji',
      'Telegram shows custom emoji only of bots with a bought username; else the ordinary emoji is seen.',
    );
  }
  if (entities.length > entitiesMost) {
    warn(
      'too_many_entities',
      `Telegram keeps ${entitiesMost} pieces of formatting, the text has ${entities.length}: the last ones are dropped.`,
    );
  }
  return warnings;
}

function isMail(url: string): boolean {
  return /^mailto:/i.test(url);
}

export const MessageEntities = v.fallback(
  v.array(
    v.object({
      type: v.string(),
      offset: v.number(),
      length: v.number(),
      url: v.optional(v.string()),
      language: v.optional(v.string()),
      user: v.optional(v.object({ id: v.number() })),
    }),
  ),
  [],
);
export type MessageEntities = v.InferOutput<typeof MessageEntities>;

/** Kinds that Telegram adds by itself, or leaves out where the bot may not have them. */
const unasked = new Set([
  'mention',
  'hashtag',
  'cashtag',
  'bot_command',
  'url',
  'email',
  'phone_number',
  'date_time',
  'custom_emoji',
]);

/**
 * The words of a text, and which of its visible characters carry what: equal for two messages that look alike. Telegram
 * trims, cuts entities in pieces that touch, completes addresses and marks links by itself.
 */
export function looks(text: string, entities: MessageEntities): { words: string; styles: string } {
  const styles = Array.from({ length: text.length }, () => new Set<string>());
  for (const { type, offset, length, url, language, user } of entities) {
    if (unasked.has(type)) continue;
    const [, id = user?.id] = /^tg:\/\/user\?id=(\d+)$/i.exec(url ?? '') ?? [];
    const about = id ?? (url === undefined ? language : hrefOf(url));
    const key = `${id === undefined ? type : 'user'} ${about ?? ''}`;
    for (const at of styles.slice(Math.max(0, offset), offset + length)) at.add(key);
  }
  const seen = styles.filter((_, index) => !/\s/.test(text[index] ?? ''));
  return { words: wordsOf(text), styles: seen.map((keys) => [...keys].sort().join(',')).join('\n') };
}

/** A text without what networks change about blanks. */
export function wordsOf(text: string): string {
  return text.normalize('NFC').replace(/\s+/g, ' ').trim();
}

function hrefOf(url: string): string {
  return URL.canParse(url) ? new URL(url).href : url;
}

import type { Entity } from './entities.ts';
import { givenEntities, nestedEntities, sorted, TextRefused, withFoundEntities } from './entities.ts';

export interface FormattedText {
  text: string;
  entities: Entity[];
}

/**
 * The text a message ends up with: markup parsed, blanks at both ends cut, links, hashtags and mentions marked.
 * Offsets and lengths are UTF-16 units. Throws TextRefused with the Bot API's description.
 */
export function formatText(
  raw: string,
  parseMode: unknown,
  given: unknown,
  options: { customEmoji?: boolean } = {},
): FormattedText {
  const parsed = parseMarkup(raw, parseMode, Array.isArray(given) ? given : [], options.customEmoji === true);
  const { text, entities } = trim(parsed);
  return { text, entities: nestedEntities(text, withFoundEntities(text, entities)) };
}

function parseMarkup(raw: string, parseMode: unknown, given: Entity[], customEmoji: boolean): FormattedText {
  // Given entities count only without a parse mode, as at the real server.
  if (typeof parseMode !== 'string' || parseMode === '')
    return { text: raw, entities: givenEntities(raw, given, customEmoji) };
  const { text, entities } =
    parseMode.toLowerCase() === 'html' ? parseHtml(raw) : parseMarkdown(raw, parseMode);
  return { text, entities: givenEntities(text, entities, customEmoji) };
}

const TAGS: Record<string, string> = {
  b: 'bold',
  strong: 'bold',
  i: 'italic',
  em: 'italic',
  u: 'underline',
  ins: 'underline',
  s: 'strikethrough',
  strike: 'strikethrough',
  del: 'strikethrough',
  span: 'spoiler',
  'tg-spoiler': 'spoiler',
  a: 'text_link',
  code: 'code',
  pre: 'pre',
  blockquote: 'blockquote',
  'tg-emoji': 'custom_emoji',
};

const NAMED: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"' };

function unescapeHtml(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (decimal) return String.fromCodePoint(Number(decimal));
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    return NAMED[String(name)] ?? whole;
  });
}

function parseHtml(raw: string): FormattedText {
  const entities: Entity[] = [];
  const open: { tag: string; entity: Entity }[] = [];
  let text = '';
  let at = 0;
  for (const match of raw.matchAll(/<(\/?)([^\s>/]*)([^>]*)>/g)) {
    text += unescapeHtml(raw.slice(at, match.index));
    at = match.index + match[0].length;
    const tag = (match[2] ?? '').toLowerCase();
    const type = TAGS[tag];
    if (!type)
      throw new TextRefused(
        `can't parse entities: Unsupported start tag "${tag}" at byte offset ${match.index}`,
      );
    if (match[1]) {
      const last = open.pop();
      if (last?.tag !== tag)
        throw new TextRefused(`can't parse entities: Unexpected end tag at byte offset ${match.index}`);
      last.entity.length = text.length - last.entity.offset;
      if (last.entity.length > 0) entities.push(last.entity);
    } else {
      const entity: Entity = { type, offset: text.length, length: 0 };
      const language = /class\s*=\s*["']language-([^"']+)["']/.exec(match[3] ?? '')?.[1];
      const outer = open.at(-1)?.entity;
      // `<pre><code class="language-…">` is one entity.
      if (language && outer?.type === 'pre') outer.language = language;
      const emoji = /emoji-id\s*=\s*["'](\d+)["']/.exec(match[3] ?? '')?.[1];
      if (emoji) entity.custom_emoji_id = emoji;
      const href = /href\s*=\s*(?:"([^"]*)"|'([^']*)')/.exec(match[3] ?? '');
      if (type === 'text_link') entity.url = unescapeHtml(href?.[1] ?? href?.[2] ?? '');
      if (type === 'blockquote' && /\bexpandable\b/.test(match[3] ?? ''))
        entity.type = 'expandable_blockquote';
      open.push({ tag, entity });
    }
  }
  const rest = raw.slice(at);
  if (rest.includes('<')) throw new TextRefused("can't parse entities: Unclosed start tag");
  const unclosed = open.pop();
  if (unclosed)
    throw new TextRefused(
      `can't parse entities: Can't find end tag corresponding to start tag "${unclosed.tag}"`,
    );
  return { text: text + unescapeHtml(rest), entities: sorted(entities) };
}

const MARKS: [string, string][] = [
  ['||', 'spoiler'],
  ['__', 'underline'],
  ['*', 'bold'],
  ['_', 'italic'],
  ['~', 'strikethrough'],
];

function parseMarkdown(raw: string, parseMode: string): FormattedText {
  if (parseMode.toLowerCase() !== 'markdownv2') throw new TextRefused('unsupported parse_mode');
  const entities: Entity[] = [];
  const open: { mark: string; entity: Entity }[] = [];
  let text = '';
  let i = 0;
  const close = (entity: Entity) => {
    entity.length = text.length - entity.offset;
    if (entity.length > 0) entities.push(entity);
  };
  while (i < raw.length) {
    const char = raw[i] ?? '';
    if (char === '\\' && i + 1 < raw.length) {
      text += raw[i + 1];
      i += 2;
      continue;
    }
    if (char === '`') {
      const fence = raw.startsWith('```', i) ? '```' : '`';
      const end = raw.indexOf(fence, i + fence.length);
      if (end < 0)
        throw new TextRefused(
          `can't parse entities: Can't find end of the entity starting at byte offset ${i}`,
        );
      const inside = raw.slice(i + fence.length, end).replace(/\\([`\\])/g, '$1');
      const language = fence.length === 3 ? /^([\w+-]+)\n/.exec(inside)?.[1] : undefined;
      const code = fence.length === 3 ? inside.slice(language ? language.length + 1 : 0) : inside;
      const entity: Entity = { type: fence.length === 3 ? 'pre' : 'code', offset: text.length, length: 0 };
      if (language) entity.language = language;
      text += code;
      close(entity);
      i = end + fence.length;
      continue;
    }
    if (char === '[') {
      open.push({ mark: '[', entity: { type: 'text_link', offset: text.length, length: 0 } });
      i += 1;
      continue;
    }
    if (char === ']' && open.at(-1)?.mark === '[') {
      const link = open.pop();
      const address = /^\]\(((?:\\.|[^)\\])*)\)/.exec(raw.slice(i));
      if (!link || !address) throw new TextRefused("can't parse entities: Can't find end of a URL");
      link.entity.url = (address[1] ?? '').replace(/\\(.)/g, '$1');
      close(link.entity);
      i += address[0].length;
      continue;
    }
    if (char === '>' && (text === '' || text.endsWith('\n'))) {
      const end = raw.indexOf('\n', i);
      open.unshift({
        mark: end < 0 ? 'end' : '\n',
        entity: { type: 'blockquote', offset: text.length, length: 0 },
      });
      i += 1;
      continue;
    }
    const mark = MARKS.find(([sign]) => raw.startsWith(sign, i));
    if (mark) {
      const last = open.at(-1);
      if (last?.mark === mark[0]) {
        open.pop();
        close(last.entity);
      } else open.push({ mark: mark[0], entity: { type: mark[1], offset: text.length, length: 0 } });
      i += mark[0].length;
      continue;
    }
    if ('[]()>#+-=|{}.!'.includes(char))
      throw new TextRefused(
        `can't parse entities: Character '${char}' is reserved and must be escaped with the preceding '\\'`,
      );
    if (char === '\n' && open[0]?.mark === '\n') {
      const quote = open.shift();
      if (quote) close(quote.entity);
    }
    text += char;
    i += 1;
  }
  if (open[0]?.mark === 'end' || open[0]?.mark === '\n') {
    const quote = open.shift();
    if (quote) close(quote.entity);
  }
  if (open.length > 0) throw new TextRefused("can't parse entities: Can't find end of an entity");
  return { text, entities: sorted(entities) };
}

function trim(formatted: FormattedText): FormattedText {
  const text = formatted.text.trim();
  if (text.length === formatted.text.length) return formatted;
  const cut = formatted.text.length - formatted.text.trimStart().length;
  const entities: Entity[] = [];
  for (const entity of formatted.entities) {
    const start = Math.max(0, entity.offset - cut);
    const end = Math.min(text.length, entity.offset + entity.length - cut);
    if (end > start) entities.push({ ...entity, offset: start, length: end - start });
  }
  return { text, entities };
}

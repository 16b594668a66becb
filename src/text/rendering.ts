import { type Entity, type FormattedText, isLink } from './entity.ts';
import { normalised } from './normal.ts';

/** Text that takes the place of `[at, end)`. */
interface Edit {
  at: number;
  end: number;
  put: string;
}

/** What a network without formatting offers instead. */
export interface PlainOptions {
  /** How it writes a mention; null leaves the shown text. */
  mention?: (entity: Entity, shown: string) => string | null;
}

/**
 * The text for a network without formatting. Links keep their address, as `text (https://…)`, unless it is what
 * the text shows; quotes and blocks of code stand on lines of their own; of the rest the bare text is left.
 */
export function plainText(formatted: FormattedText, { mention }: PlainOptions = {}): string {
  const { text, entities } = normalised(formatted);
  const edits: Edit[] = [];
  const lines = new Set<number>();
  for (const entity of entities) {
    const { type, offset } = entity;
    const end = offset + entity.length;
    const shown = text.slice(offset, end);
    if (type === 'text_link') {
      const at = offset + shown.trimEnd().length;
      const address = entity.url ?? '';
      if (!shows(shown.trim(), address)) edits.push({ at, end: at, put: ` (${bare(address)})` });
    } else if (type === 'mention') {
      const put = mention?.(entity, shown) ?? null;
      if (put !== null) edits.push({ at: offset, end, put });
    } else if (type === 'blockquote' || type === 'expandable_blockquote' || type === 'pre') {
      for (const at of [offset, end]) {
        const between = at > 0 && at < text.length && text[at - 1] !== '\n' && text[at] !== '\n';
        if (between) lines.add(at);
      }
    }
  }
  // Sorting is stable: at one place the address of a link comes before the end of its line.
  edits.push(...[...lines].map((at) => ({ at, end: at, put: '\n' })));
  let plain = '';
  let done = 0;
  for (const { at, end, put } of edits.sort((a, b) => a.at - b.at || a.end - b.end)) {
    if (at < done) continue;
    plain += text.slice(done, at) + put;
    done = end;
  }
  return plain + text.slice(done);
}

const bare = (address: string) => address.replace(/^mailto:/i, '');

/** Whether a text shows an address by itself, with or without its scheme and the slash at its end. */
function shows(shown: string, address: string): boolean {
  if (shown === '' || /\s/.test(shown)) return false;
  const scheme = /^(mailto:|[a-z]+:\/\/)/i.exec(address)?.[0] ?? '';
  const same = (one: string, other: string) => ending(one) === ending(other);
  const parsed = (given: string) => URL.parse(given)?.href ?? given;
  return [shown, scheme + shown].some((full) => same(full, address) || same(parsed(full), parsed(address)));
}

const ending = (address: string) => address.replace(/\/$/, '');

/**
 * Safe HTML that `fromHtml` reads back to the same normalised value, and that a browser can show. Everything is
 * escaped; the only elements are the ones that `fromHtml` takes.
 */
export function toHtml(formatted: FormattedText): string {
  const { text, entities } = normalised(formatted);
  const open: Entity[] = [];
  let html = '';
  let done = 0;
  const upTo = (at: number) => {
    const part = escaped(text.slice(done, at));
    html += open.at(-1)?.type === 'pre' ? part : part.replaceAll('\n', '<br>');
    done = at;
  };
  const close = (at: number) => {
    for (let entity = open.at(-1); entity && entity.offset + entity.length <= at; entity = open.at(-1)) {
      upTo(entity.offset + entity.length);
      html += tagsOf(entity)[1];
      open.pop();
    }
  };
  for (const entity of entities) {
    close(entity.offset);
    upTo(entity.offset);
    html += tagsOf(entity)[0];
    open.push(entity);
  }
  close(text.length);
  upTo(text.length);
  return html;
}

function tagsOf(entity: Entity): [string, string] {
  switch (entity.type) {
    case 'bold':
      return ['<b>', '</b>'];
    case 'italic':
      return ['<i>', '</i>'];
    case 'underline':
      return ['<u>', '</u>'];
    case 'strikethrough':
      return ['<s>', '</s>'];
    case 'spoiler':
      return ['<tg-spoiler>', '</tg-spoiler>'];
    case 'blockquote':
      return ['<blockquote>', '</blockquote>'];
    case 'expandable_blockquote':
      return ['<blockquote expandable>', '</blockquote>'];
    case 'code':
      return ['<code>', '</code>'];
    case 'pre':
      if (!entity.language) return ['<pre>', '</pre>'];
      return [`<pre><code class="language-${escaped(entity.language)}">`, '</code></pre>'];
    case 'text_link':
      // An address that got past the schema is not made to work.
      if (!isLink(entity.url ?? '')) return ['', ''];
      return [`<a href="${escaped(entity.url ?? '')}">`, '</a>'];
    case 'mention':
      return mentionTags(entity.network ?? '', entity.id ?? '');
    case 'custom_emoji':
      return [`<tg-emoji emoji-id="${escaped(entity.custom_emoji_id ?? '')}">`, '</tg-emoji>'];
  }
}

/** Telegram has an address for a user; elsewhere an address would be read back as a link. */
function mentionTags(network: string, id: string): [string, string] {
  if (network === 'telegram') return [`<a href="tg://user?id=${escaped(id)}">`, '</a>'];
  return [`<span class="mention" data-network="${escaped(network)}" data-id="${escaped(id)}">`, '</span>'];
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  // As itself it would be read as the end of a line.
  '\r': '&#13;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"'\r]/g, (character) => escapes[character] ?? '');
}

import type { FormattedText } from './entity.ts';

/** White space, quotes and what else ends an address in running text. */
const address = /https?:\/\/[^\s<>"“”«»`{}|\\^]+/giu;

/**
 * The first address of the web in a text, be it written out or behind words; null: there is none. What is formatted as
 * code is no link.
 */
export function firstLink({ text, entities }: FormattedText): string | null {
  const links = entities.flatMap(({ type, offset, url = '' }) =>
    type === 'text_link' && /^https?:/i.test(url) ? [{ at: offset, url }] : [],
  );
  // Under a link the words may be another address; only where they lead counts.
  const covered = entities.filter(({ type }) => type === 'text_link' || type === 'code' || type === 'pre');
  for (const { 0: found, index: at } of text.matchAll(address)) {
    if (covered.some(({ offset, length }) => at >= offset && at < offset + length)) continue;
    const url = trimmed(found);
    if (!URL.canParse(url)) continue;
    links.push({ at, url });
    break;
  }
  return links.sort((a, b) => a.at - b.at)[0]?.url ?? null;
}

/** Without the punctuation of the sentence around it; a closing bracket stays where it was opened. */
function trimmed(found: string): string {
  const count = (sign: string) => found.split(sign).length;
  const unopened = new Map([
    [')', count(')') - count('(')],
    [']', count(']') - count('[')],
  ]);
  let end = found.length;
  for (; end > 0; end -= 1) {
    const last = found.charAt(end - 1);
    const closes = unopened.get(last) ?? 0;
    if (closes > 0) unopened.set(last, closes - 1);
    else if (!/[.,:;!?'’…]/u.test(last)) break;
  }
  return found.slice(0, end);
}

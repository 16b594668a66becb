import type { Entity, FormattedText } from './entity.ts';
import { nesting, normalised } from './normal.ts';

export {
  type Entity,
  EntitySchema,
  type EntityType,
  entityTypes,
  type FormattedText,
  isLink,
  isMember,
} from './entity.ts';
export { normalised } from './normal.ts';
export { plainText, toHtml } from './rendering.ts';
export { FormatError } from './source.ts';

/** What is wrong and where: `path` is a JSON Pointer, as `/entities/3/length`. */
export interface EntityFault {
  path: string;
  message: string;
}

interface Frame {
  index: number;
  end: number;
  leaf: boolean;
  /** Index of the quote that this is, or lies in. */
  quote: number | null;
  /** Index of the link or mention that this is, or lies in. */
  link: number | null;
}

/**
 * What of the entities does not suit the text, in words that say what to do; empty where all is well.
 * Entities may nest, but not overlap in part; a quote holds no quote, a link no link, and code, pre and
 * custom_emoji hold nothing. At most one fault per entity, in the order given.
 */
export function faultsOf(text: string, entities: readonly Entity[]): EntityFault[] {
  const faults: (EntityFault | undefined)[] = entities.map((entity, index) =>
    faultOfPlace(text, entity, index),
  );
  const order = entities
    .map((entity, index) => ({ entity, index, rank: nesting(entity) }))
    .filter(({ index }) => !faults[index])
    .sort(
      (a, b) => a.entity.offset - b.entity.offset || b.entity.length - a.entity.length || a.rank - b.rank,
    );
  const open: Frame[] = [];
  for (const { entity, index } of order) {
    while (open.length > 0 && (open.at(-1)?.end ?? 0) <= entity.offset) open.pop();
    const outer = open.at(-1);
    const message = outer && faultOfNesting(entity, outer, entities);
    // What is at fault is not entered, so that one mistake is told once.
    if (message) faults[index] = { path: `/entities/${index}`, message };
    else open.push(frameOf(entity, index, outer));
  }
  return faults.filter((fault) => fault !== undefined);
}

function faultOfPlace(text: string, { offset, length }: Entity, index: number): EntityFault | undefined {
  const end = offset + length;
  const fault = (field: 'offset' | 'length', message: string) => ({
    path: `/entities/${index}/${field}`,
    message,
  });
  if (!(offset >= 0 && offset < text.length)) {
    return fault(
      'offset',
      `The text has ${text.length} UTF-16 units, so that nothing can start at ${offset}: count again.`,
    );
  }
  if (!(length >= 1 && end <= text.length)) {
    return fault(
      'length',
      `From ${offset} on the text has ${text.length - offset} UTF-16 units, not ${length}: count again.`,
    );
  }
  if (cutsPair(text, offset)) {
    return fault(
      'offset',
      `${offset} lies inside a character that takes two UTF-16 units, as emoji do: start one earlier or later.`,
    );
  }
  if (cutsPair(text, end)) {
    return fault(
      'length',
      `${end} lies inside a character that takes two UTF-16 units, as emoji do: make it one longer or shorter.`,
    );
  }
}

function faultOfNesting(entity: Entity, outer: Frame, entities: readonly Entity[]): string | undefined {
  const named = (index: number) => `entity ${index} (${entities[index]?.type})`;
  if (entity.offset + entity.length > outer.end) {
    return `It begins inside ${named(outer.index)} and ends after it: end it at ${outer.end}, or cut it in two there.`;
  }
  if (outer.leaf) {
    return `It lies inside ${named(outer.index)}, which takes no other formatting: take one of the two out.`;
  }
  if (outer.quote !== null && isQuote(entity)) {
    return `It lies inside ${named(outer.quote)}, and a quote holds no other quote: take one of the two out.`;
  }
  if (outer.link !== null && isLinked(entity)) {
    return `It lies inside ${named(outer.link)}, and a link holds no other link or mention: take one of the two out.`;
  }
}

function frameOf(entity: Entity, index: number, outer: Frame | undefined): Frame {
  return {
    index,
    end: entity.offset + entity.length,
    leaf: entity.type === 'code' || entity.type === 'pre' || entity.type === 'custom_emoji',
    quote: isQuote(entity) ? index : (outer?.quote ?? null),
    link: isLinked(entity) ? index : (outer?.link ?? null),
  };
}

const isQuote = ({ type }: Entity) => type === 'blockquote' || type === 'expandable_blockquote';
const isLinked = ({ type }: Entity) => type === 'text_link' || type === 'mention';

function cutsPair(text: string, at: number): boolean {
  return /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(text.slice(Math.max(0, at - 1), at + 1));
}

/** Without white space at both ends, as networks strip it themselves. */
export function trimmed(formatted: FormattedText): FormattedText {
  const start = formatted.text.length - formatted.text.trimStart().length;
  return sliced(formatted, start, Math.max(start, formatted.text.trimEnd().length));
}

/**
 * The part from `start` up to `end` (UTF-16 units, kept within the text), its entities clipped and moved.
 * A custom emoji that is cut loses its picture and stays text: half of one is nothing.
 */
export function sliced({ text, entities }: FormattedText, start: number, end: number): FormattedText {
  const from = Math.min(Math.max(0, start), text.length);
  const to = Math.min(Math.max(from, end), text.length);
  const parts = entities.flatMap((entity) => {
    const first = Math.max(entity.offset, from);
    const last = Math.min(entity.offset + entity.length, to);
    const cut = last - first < entity.length;
    if (last <= first || (cut && entity.type === 'custom_emoji')) return [];
    return [{ ...entity, offset: first - from, length: last - first }];
  });
  return normalised({ text: text.slice(from, to), entities: parts });
}

import type { JSONContent } from '@tiptap/core';
import type { Entity, FormattedText, Kind } from '../../src/text/entity.ts';

/**
 * Between the text of a post with its entities and the editor's document. Lines are paragraphs; quotes and code of whole
 * lines are blocks; what the editor has no sign for (mentions, custom emoji, quotes in the middle of a line) is carried
 * along by the mark `kept`, so that opening a post loses nothing.
 */

/** The editor's marks by our types; the other way round it is the same list. */
const markOf = {
  bold: 'bold',
  italic: 'italic',
  underline: 'underline',
  strikethrough: 'strike',
  spoiler: 'spoiler',
  code: 'code',
} as const;
const typeOf = Object.fromEntries(Object.entries(markOf).map(([type, mark]) => [mark, type])) as Record<
  string,
  keyof typeof markOf
>;
type Mark = NonNullable<JSONContent['marks']>[number];

const isQuote = ({ type }: Kind) => type === 'blockquote' || type === 'expandable_blockquote';
const isStyle = ({ type }: Kind) => type in markOf && type !== 'code';

/** The editor's document of a text. */
export function documentOf({ text, entities }: FormattedText): JSONContent {
  const blocks: Run[] = [];
  const inline: Run[] = [];
  for (const run of entities.map(runOf).sort(byPlace)) {
    const block = isQuote(run.kind) || run.kind.type === 'pre' ? wholeLines(text, run, entities) : null;
    const before = blocks.at(-1);
    if (block && (!before || before.end < block.start)) blocks.push(block);
    else inline.push(run);
  }
  const content: JSONContent[] = [];
  let at = 0;
  const paragraphs = (end: number) => {
    const lines = text.slice(at, end).split('\n');
    return lines.map((line): JSONContent => {
      const inside = inlineOf(text, at, at + line.length, inline);
      at += line.length + 1;
      return { type: 'paragraph', ...(inside.length > 0 && { content: inside }) };
    });
  };
  for (const { kind, start, end } of blocks) {
    if (start > at) content.push(...paragraphs(start - 1));
    if (kind.type === 'pre') {
      content.push({
        type: 'codeBlock',
        attrs: { language: kind.language ?? null },
        content: [{ type: 'text', text: text.slice(start, end) }],
      });
      at = end + 1;
    } else {
      const expandable = kind.type === 'expandable_blockquote';
      content.push({ type: 'blockquote', attrs: { expandable }, content: paragraphs(end) });
    }
  }
  if (at <= text.length) content.push(...paragraphs(text.length));
  return { type: 'doc', content };
}

interface Run {
  kind: Kind;
  start: number;
  end: number;
}

function runOf({ offset, length, ...kind }: Entity): Run {
  return { kind, start: offset, end: offset + length };
}

const isCode = ({ kind }: Run) => Number(kind.type === 'code');
/** Outer ones first. Code holds nothing, so that it goes inside of whatever begins with it. */
const byPlace = (a: Run, b: Run) =>
  a.start - b.start || isCode(a) - isCode(b) || b.end - a.end || tier(a) - tier(b);

/** The lines that a quote or a code covers; null where it begins or ends within one, or lies within a link. */
function wholeLines(text: string, { kind, start, end }: Run, entities: readonly Entity[]): Run | null {
  const endsLine = (at: number) => at === text.length || text[at] === '\n';
  // One that takes the line break along ends before it.
  const last = !endsLine(end) && text[end - 1] === '\n' ? end - 1 : end;
  const starts = start === 0 || text[start - 1] === '\n';
  const ends = endsLine(last);
  const linked = entities.some(
    ({ type, offset, length }) =>
      (type === 'text_link' || type === 'mention' || (kind.type === 'pre' && type.includes('blockquote'))) &&
      offset < last &&
      offset + length > start &&
      (kind.type === 'pre' || offset < start || offset + length > last),
  );
  return starts && ends && !linked && start < last ? { kind, start, end: last } : null;
}

function inlineOf(text: string, from: number, to: number, runs: readonly Run[]): JSONContent[] {
  const here = runs
    .map((run, n) => ({ ...run, n }))
    .filter(({ start, end }) => Math.max(start, from) < Math.min(end, to));
  const edges = new Set([from, to]);
  for (const { start, end } of here) edges.add(Math.max(start, from)).add(Math.min(end, to));
  const places = [...edges].sort((a, b) => a - b);
  return places.slice(0, -1).map((start, index) => {
    const end = places[index + 1] ?? to;
    const over = here.filter((run) => run.start <= start && run.end >= end);
    const code = over.some(({ kind }) => kind.type === 'code');
    const marks = over
      .filter(({ kind }) => !(code && isStyle(kind)))
      .map(({ kind, n }): Mark => {
        if (kind.type in markOf) return { type: markOf[kind.type as keyof typeof markOf] };
        if (kind.type === 'text_link') return { type: 'link', attrs: { href: kind.url } };
        return { type: 'kept', attrs: { kind, n } };
      });
    return { type: 'text', text: text.slice(start, end), ...(marks.length > 0 && { marks }) };
  });
}

/** A stretch of one line, or the break after it, with all that covers it. */
interface Stretch {
  start: number;
  end: number;
  isBreak: boolean;
  /** By what makes two of them the same. */
  kinds: Map<string, Kind>;
}

/** The text and the formatting of the editor's document. The entities nest, as the API wants them. */
export function formattedOf(document: JSONContent): { text: string; entities: Entity[] } {
  let text = '';
  const runs: Run[] = [];
  let stretches: Stretch[] = [];
  const say = (words: string, kinds: Map<string, Kind>, isBreak = false) => {
    stretches.push({ start: text.length, end: text.length + words.length, isBreak, kinds });
    text += words;
  };
  const closeLines = () => {
    runs.push(...runsOf(stretches));
    stretches = [];
  };
  const paragraph = (node: JSONContent, quoted: boolean) => {
    for (const child of node.content ?? []) {
      if (child.type === 'hardBreak') say('\n', new Map(), true);
      else say(child.text ?? '', kindsOf(child.marks ?? [], quoted));
    }
  };
  for (const [index, block] of (document.content ?? []).entries()) {
    if (index > 0) say('\n', new Map(), true);
    if (block.type === 'paragraph') {
      paragraph(block, false);
      continue;
    }
    closeLines();
    const start = text.length;
    if (block.type === 'codeBlock') {
      text += block.content?.map((child) => child.text ?? '').join('') ?? '';
      const language = block.attrs?.language as string | null;
      runs.push({ kind: { type: 'pre', ...(language && { language }) }, start, end: text.length });
    } else {
      for (const [line, child] of (block.content ?? []).entries()) {
        if (line > 0) say('\n', new Map(), true);
        paragraph(child, true);
      }
      closeLines();
      const type = block.attrs?.expandable ? 'expandable_blockquote' : 'blockquote';
      runs.push({ kind: { type }, start, end: text.length });
    }
  }
  closeLines();
  const entities = nested(runs.filter(({ start, end }) => start < end)).map(
    ({ kind, start, end }) => ({ ...kind, offset: start, length: end - start }) as Entity,
  );
  return { text, entities };
}

function kindsOf(marks: readonly Mark[], quoted: boolean): Map<string, Kind> {
  const kinds = new Map<string, Kind>();
  for (const { type, attrs } of marks) {
    const known = typeOf[type];
    if (known) kinds.set(known, { type: known });
    else if (type === 'link') kinds.set(`link ${attrs?.href}`, { type: 'text_link', url: attrs?.href });
    else if (type === 'kept') kinds.set(`kept ${attrs?.n}`, attrs?.kind as Kind);
  }
  // What cannot lie inside of one another, however it came to.
  const has = (type: Kind['type']) => [...kinds.values()].some((kind) => kind.type === type);
  const [mention, pre, emoji, code] = [has('mention'), has('pre'), has('custom_emoji'), has('code')];
  for (const [key, kind] of kinds) {
    const out =
      (mention && kind.type === 'text_link') ||
      (quoted && isQuote(kind)) ||
      ((pre || code) && (isStyle(kind) || (kind.type === 'custom_emoji' && !pre))) ||
      (pre && (kind.type === 'custom_emoji' || kind.type === 'code')) ||
      (emoji && !code && kind.type === 'code');
    if (out) kinds.delete(key);
  }
  return kinds;
}

/** Formatting as far as it goes; a line break carries what both of its sides have. */
function runsOf(stretches: readonly Stretch[]): Run[] {
  const said = stretches.filter(({ isBreak }) => !isBreak);
  let next = 0;
  for (const stretch of stretches) {
    if (!stretch.isBreak) {
      next += 1;
      continue;
    }
    const [before, after] = [said[next - 1], said[next]];
    for (const [key, kind] of before?.kinds ?? []) if (after?.kinds.has(key)) stretch.kinds.set(key, kind);
  }
  const open = new Map<string, Run>();
  const runs: Run[] = [];
  for (const { start, end, kinds } of stretches) {
    for (const [key, kind] of kinds) {
      const run = open.get(key);
      if (run?.end === start) run.end = end;
      else {
        const fresh = { kind, start, end };
        open.set(key, fresh);
        runs.push(fresh);
      }
    }
  }
  return runs;
}

/** What is cut where two overlap in part, the higher first; among equals the higher lies inside. */
function tier({ kind }: Run): number {
  const order: Kind['type'][] = ['blockquote', 'expandable_blockquote', 'text_link', 'mention'];
  const outer = order.indexOf(kind.type);
  if (outer >= 0) return outer;
  return kind.type === 'custom_emoji' || kind.type === 'pre' ? 20 : kind.type === 'code' ? 19 : 10;
}

/** The same formatting, cut so that one lies inside of the other or beside it. */
function nested(runs: readonly Run[]): Run[] {
  const queue = runs.map((run) => ({ ...run })).sort(byPlace);
  const done: Run[] = [];
  const open: Run[] = [];
  const wait = (run: Run) => {
    const place = queue.findIndex((other) => byPlace(run, other) < 0);
    queue.splice(place < 0 ? queue.length : place, 0, run);
  };
  for (let run = queue.shift(); run; run = queue.shift()) {
    const { start } = run;
    while ((open.at(-1)?.end ?? Number.POSITIVE_INFINITY) <= start) open.pop();
    let outer = open.at(-1);
    let cut = false;
    while (outer && !cut && (run.end > outer.end || isCode(outer))) {
      if (!isCode(outer) && (tier(run) >= tier(outer) || outer.start === start)) {
        wait({ ...run, start: outer.end });
        run.end = outer.end;
        cut = true;
      } else {
        wait({ ...outer, start });
        outer.end = start;
        open.pop();
        outer = open.at(-1);
      }
    }
    done.push(run);
    open.push(run);
  }
  return done.sort(byPlace);
}

import { fromMarkdown as parseMarkdown } from 'mdast-util-from-markdown';
import { gfmStrikethroughFromMarkdown } from 'mdast-util-gfm-strikethrough';
import { gfmStrikethrough } from 'micromark-extension-gfm-strikethrough';
import {
  type Entity,
  type EntityType,
  type FormattedText,
  isLink,
  type Kind,
  languagePattern,
  linkRule,
} from './entity.ts';
import { normalised } from './normal.ts';
import { FormatError, read } from './source.ts';

type Options = Exclude<Parameters<typeof parseMarkdown>[1], string | null | undefined>;
type Node = ReturnType<typeof parseMarkdown>['children'][number];
type List = Extract<Node, { type: 'list' }>;
type Html = Extract<Node, { type: 'html' }>;

/** A sign that may stand at the beginning or the end of what it formats. */
interface Sign {
  name: string;
  opens: boolean;
  closes: boolean;
}

interface Pair {
  type: EntityType;
  opener: Node;
}

const longest = 100_000;
const mostMarks = 5_000;
const deepest = 50;
/** A line that opens more quotes and lists than may be inside of each other. */
const containers = /^[ \t]*(?:(?:>|(?:[-+*]|\d{1,9}[.)])[ \t])[ \t]*){51}/m;
const bar = '|'.charCodeAt(0);

const options: Options = {
  extensions: [
    gfmStrikethrough({ singleTilde: false }),
    {
      // People indent lines and write `[1]: …` without thinking of Markdown; HTML is met inside of lines alone.
      disable: { null: ['codeIndented', 'definition', 'htmlFlow'] },
      text: {
        [bar]: {
          name: 'spoiler',
          // Told as HTML, which no `||` can be, so that it becomes a node of its own and not text.
          tokenize: (effects, ok, nok) => (first) => {
            effects.enter('htmlText');
            effects.enter('htmlTextData');
            effects.consume(first);
            return (second) => {
              if (second !== bar) return nok(second);
              effects.consume(second);
              effects.exit('htmlTextData');
              effects.exit('htmlText');
              return ok;
            };
          },
        },
      },
    },
  ],
  mdastExtensions: [gfmStrikethroughFromMarkdown()],
};

/**
 * Reads Markdown as people of messengers write it: CommonMark with `~~struck~~` and `||spoiler||`, where
 * `__two underscores__` underline (CommonMark says strong; `**two stars**` do that). Headings become bold lines,
 * lists lines with `• ` or `1. `, a rule `———`; links in `<…>` stay plain text. `![👍](tg://emoji?id=…)` is a
 * custom emoji. Of HTML `<u>` and `<tg-spoiler>` are taken; other images and tags are refused.
 * @throws FormatError
 */
export function fromMarkdown(source: string): FormattedText {
  return read(source, parse);
}

function parse(source: string): FormattedText {
  refuseCostly(source);
  const reader = readerOf(source);
  reader.blocks(parseMarkdown(source, options).children, '\n\n');
  return normalised(reader.formatted());
}

/** The parser's time grows with the square of some constructs, which no text for people needs so many of. */
function refuseCostly(source: string): void {
  if (source.length > longest) {
    throw new FormatError(
      'Longer than 100,000 characters, more than any network takes: shorten it.',
      longest,
    );
  }
  let marks = 0;
  for (const { index } of source.matchAll(/[*_~]/g)) {
    marks += 1;
    if (marks > mostMarks) {
      throw new FormatError(
        `More than ${mostMarks} of the signs * _ ~: send a part of it as entities.`,
        index,
      );
    }
  }
  const deep = source.search(containers);
  if (deep >= 0) {
    throw new FormatError(
      'Quotes and lists are too deep inside of each other here: take some signs out.',
      deep,
    );
  }
}

function readerOf(source: string) {
  let text = '';
  const entities: Entity[] = [];
  let depth = 0;
  let quoted = false;
  // The parser leaves a byte order mark out of its count.
  const shift = source.startsWith('\uFEFF') ? 1 : 0;
  const startOf = (node: Node) => (node.position?.start.offset ?? 0) + shift;
  const endOf = (node: Node) => (node.position?.end.offset ?? 0) + shift;

  function deeper(node: Node | undefined): void {
    depth += 1;
    if (depth > deepest && node) {
      throw new FormatError(
        `More than ${deepest} quotes, lists and styles inside of each other: take some out.`,
        startOf(node),
      );
    }
  }

  /** Makes what `write` writes an entity. */
  function within(kind: Kind, write: () => void): void {
    const offset = text.length;
    write();
    if (text.length > offset) entities.push({ ...kind, offset, length: text.length - offset });
  }

  function blocks(nodes: readonly Node[], gap: string, nested = 0): void {
    const first = text.length;
    for (const node of nodes) {
      const before = text;
      if (text.length > first) text += gap;
      const start = text.length;
      block(node, nested);
      if (text.length === start) text = before;
    }
  }

  function block(node: Node, nested: number): void {
    deeper(node);
    switch (node.type) {
      case 'heading':
        within({ type: 'bold' }, () => inline(node.children));
        break;
      case 'blockquote':
        if (quoted) {
          throw new FormatError(
            'A quote inside of a quote: networks show one level, take one > out.',
            startOf(node),
          );
        }
        quoted = true;
        within({ type: 'blockquote' }, () => blocks(node.children, '\n\n'));
        quoted = false;
        break;
      case 'list':
        list(node, nested);
        break;
      case 'code': {
        const language = node.lang && languagePattern.test(node.lang) ? { language: node.lang } : {};
        within({ type: 'pre', ...language }, () => {
          text += node.value;
        });
        break;
      }
      case 'thematicBreak':
        text += '———';
        break;
      case 'paragraph':
        inline(node.children);
        break;
      default:
        inline([node]);
    }
    depth -= 1;
  }

  function list(node: List, nested: number): void {
    for (const [index, item] of node.children.entries()) {
      if (index > 0) text += '\n';
      text += '  '.repeat(nested) + (node.ordered ? `${(node.start ?? 1) + index}. ` : '• ');
      blocks(item.children, '\n', nested + 1);
    }
  }

  function inline(nodes: readonly Node[]): void {
    deeper(nodes[0]);
    const pairs = pairsOf(nodes);
    const starts = new Map<Node, number>();
    for (const node of nodes) {
      const pair = pairs.get(node);
      if (!pair) phrase(node);
      else if (pair.opener === node) starts.set(node, text.length);
      else {
        const offset = starts.get(pair.opener) ?? text.length;
        if (text.length > offset) entities.push({ type: pair.type, offset, length: text.length - offset });
      }
    }
    depth -= 1;
  }

  function phrase(node: Node): void {
    switch (node.type) {
      case 'text':
        text += node.value;
        break;
      case 'html':
        // Bars that have no partner.
        text += node.value;
        break;
      case 'break':
        text += '\n';
        break;
      case 'strong': {
        const type = source[startOf(node)] === '_' ? 'underline' : 'bold';
        within({ type }, () => inline(node.children));
        break;
      }
      case 'emphasis':
        within({ type: 'italic' }, () => inline(node.children));
        break;
      case 'delete':
        within({ type: 'strikethrough' }, () => inline(node.children));
        break;
      case 'inlineCode':
        within({ type: 'code' }, () => {
          text += node.value;
        });
        break;
      case 'link':
        if (source[startOf(node)] === '<') inline(node.children);
        else if (isLink(node.url)) within({ type: 'text_link', url: node.url }, () => inline(node.children));
        else throw new FormatError(`The address of a link ${linkRule}.`, startOf(node));
        break;
      case 'image': {
        const id = /^tg:\/\/emoji\?id=(\d{1,20})$/.exec(node.url)?.[1];
        const alt = node.alt ?? '';
        if (id === undefined || alt === '') {
          throw new FormatError(
            'Pictures are added to the post as media, not in its text; ![👍](tg://emoji?id=…) is a custom emoji.',
            startOf(node),
          );
        }
        within({ type: 'custom_emoji', custom_emoji_id: id }, () => {
          text += alt;
        });
        break;
      }
      default:
        throw new FormatError(
          'This kind of Markdown is not taken here: write it as plain text.',
          startOf(node),
        );
    }
  }

  /** The signs that belong together among the parts of one element, each with the one that opens. */
  function pairsOf(nodes: readonly Node[]): Map<Node, Pair> {
    const pairs = new Map<Node, Pair>();
    const open = new Map<string, Html>();
    for (const node of nodes) {
      if (node.type !== 'html') continue;
      const { name, opens, closes } = node.value === '||' ? bars(node) : tagOf(node);
      const opener = open.get(name);
      const type = name === 'u' ? 'underline' : 'spoiler';
      if (closes && opener) {
        pairs.set(opener, { type, opener });
        pairs.set(node, { type, opener });
        open.delete(name);
      } else if (opens && !opener) open.set(name, node);
      else if (name !== '||') {
        const message = opener
          ? `<${name}> inside of <${name}>: close the first one.`
          : `</${name}> closes nothing.`;
        throw new FormatError(message, startOf(node));
      }
    }
    for (const [name, node] of open) {
      if (name !== '||') {
        throw new FormatError(
          `<${name}> is not closed: add </${name}> in the same paragraph.`,
          startOf(node),
        );
      }
    }
    return pairs;
  }

  /** As with other signs of Markdown, bars open before a word and close after one: `a || b` is no spoiler. */
  function bars(node: Html): Sign {
    const word = (character: string | undefined) => character !== undefined && !/[\s|]/.test(character);
    return { name: '||', opens: word(source[endOf(node)]), closes: word(source[startOf(node) - 1]) };
  }

  function tagOf(node: Html): Sign {
    const [, slash, name = ''] = /^<(\/?)(u|tg-spoiler)\s*>$/i.exec(node.value) ?? [];
    if (name !== '') return { name: name.toLowerCase(), opens: slash === '', closes: slash !== '' };
    throw new FormatError(
      'HTML is not taken in Markdown, but for <u> and <tg-spoiler>. Use **, *, __, ~~, ||, `, > and [text](address), ' +
        'put \\ before a < that is meant as a sign, or send the whole text as HTML.',
      startOf(node),
    );
  }

  return { blocks, formatted: (): FormattedText => ({ text, entities }) };
}

import { QuoteType, Tokenizer } from 'htmlparser2';
import {
  type Entity,
  emojiIdPattern,
  type FormattedText,
  isLink,
  isMember,
  type Kind,
  languagePattern,
  linkRule,
} from './entity.ts';
import { normalised } from './normal.ts';
import { FormatError, read } from './source.ts';

/** An open element. */
interface Frame {
  tag: string;
  /** Where its tag stands in the source. */
  at: number;
  kind: Kind | null;
  /** Where its text begins; null until there is some. */
  start: number | null;
  /** For pre: whether its content was in a `<code>`. */
  filled: boolean;
}

interface Tag {
  name: string;
  at: number;
  attributes: Map<string, string>;
}

const deepest = 50;
const taken =
  'Use b, i, u, s, code, pre, a, blockquote, tg-spoiler, span class="tg-spoiler", tg-emoji, br and p only.';

/** Elements that are an entity, whatever stands in their tag; the others are for {@link kindOf}. */
const styles: Readonly<Record<string, Kind['type']>> = {
  b: 'bold',
  strong: 'bold',
  i: 'italic',
  em: 'italic',
  u: 'underline',
  ins: 'underline',
  s: 'strikethrough',
  strike: 'strikethrough',
  del: 'strikethrough',
  'tg-spoiler': 'spoiler',
};
const attributesOf = new Map<string, readonly string[]>([
  ...Object.keys(styles).map((tag) => [tag, []] as const),
  ['p', []],
  ['br', []],
  ['pre', []],
  ['code', ['class']],
  ['a', ['href']],
  ['blockquote', ['expandable']],
  ['span', ['class', 'data-network', 'data-id']],
  ['tg-emoji', ['emoji-id']],
]);

/**
 * Reads safe HTML, as Telegram takes it, and `<p>`, `<br>` and
 * `<span class="mention" data-network="vk" data-id="id123">`. White space counts as it is written, but around
 * the tags of paragraphs. Whatever else is in the source, it is refused whole: nothing is dropped in silence.
 * @throws FormatError
 */
export function fromHtml(source: string): FormattedText {
  return read(source, parse);
}

function parse(source: string): FormattedText {
  const written = writer();
  /** Up to here every character of the source has been told of. */
  let told = 0;
  let tag: Tag = { name: '', at: 0, attributes: new Map() };
  let attribute = { name: '', at: 0, value: '' };

  const follow = (start: number, end: number) => {
    // The tokenizer drops unfinished and empty tags without a word.
    if (start !== told)
      throw new FormatError('This tag is not finished. For the sign itself write &lt;.', told);
    told = end;
  };
  const refuseMarkup = () => {
    throw new FormatError('Comments and declarations are not taken: leave this out.', told);
  };

  const tokenizer = new Tokenizer(
    { decodeEntities: true },
    {
      ontext(start, end) {
        follow(start, end);
        written.write(source.slice(start, end), start);
      },
      ontextentity(codePoint, end) {
        written.write(String.fromCodePoint(codePoint), told);
        told = end;
      },
      onopentagname(start, end) {
        follow(start - 1, end);
        tag = { name: source.slice(start, end).toLowerCase(), at: start - 1, attributes: new Map() };
        if (!attributesOf.has(tag.name)) {
          throw new FormatError(`The tag <${short(tag.name)}> is not taken. ${taken}`, tag.at);
        }
      },
      onattribname(start, end) {
        attribute = { name: source.slice(start, end).toLowerCase(), at: start, value: '' };
      },
      onattribdata(start, end) {
        attribute.value += source.slice(start, end);
      },
      onattribentity(codePoint) {
        attribute.value += String.fromCodePoint(codePoint);
      },
      onattribend(quote) {
        const { name, at, value } = attribute;
        if (!attributesOf.get(tag.name)?.includes(name)) {
          throw new FormatError(`<${tag.name}> takes no ${short(name)}: leave that out.`, at);
        }
        if (tag.attributes.has(name)) throw new FormatError(`<${tag.name}> has ${name} twice.`, at);
        if (quote === QuoteType.NoValue && tag.name !== 'blockquote') {
          throw new FormatError(`Give ${name} of <${tag.name}> a value, as ${name}="…".`, at);
        }
        tag.attributes.set(name, value);
      },
      onopentagend(index) {
        told = index + 1;
        if (tag.name === 'br') written.write('\n', tag.at);
        else written.open(tag);
      },
      onselfclosingtag(index) {
        told = index + 1;
        if (tag.name !== 'br') {
          throw new FormatError(`Close <${tag.name}> with </${tag.name}> after its text.`, tag.at);
        }
        written.write('\n', tag.at);
      },
      onclosetag(start, end) {
        follow(start - 2, end);
        const rest = /^\s*>/.exec(source.slice(end, source.indexOf('>', end) + 1));
        if (!rest) throw new FormatError('This closing tag is not finished.', start - 2);
        told = end + rest[0].length;
        written.close(source.slice(start, end).toLowerCase(), start - 2);
      },
      oncdata: refuseMarkup,
      oncomment: refuseMarkup,
      ondeclaration: refuseMarkup,
      onprocessinginstruction: refuseMarkup,
      onend() {
        follow(source.length, source.length);
      },
    },
  );
  tokenizer.write(source);
  tokenizer.end();
  return normalised(written.finish());
}

/** Puts text and entities together as elements open and close. */
function writer() {
  let text = '';
  const entities: Entity[] = [];
  const open: Frame[] = [];
  /** Whether a paragraph has begun or ended, and no text has come since. */
  let edge = false;

  const isCode = (frame: Frame | undefined) => frame?.tag === 'code' || frame?.tag === 'pre';

  /** White space before the tag of a paragraph is how the source is laid out. */
  const meetParagraph = () => {
    let end = text.length;
    while (end > 0 && ' \t\n'.includes(text.charAt(end - 1))) end -= 1;
    text = text.slice(0, end);
    // Entities come in the order of their ends, so that the last few are all there are to clip.
    for (let index = entities.length - 1; index >= 0; index -= 1) {
      const entity = entities[index];
      if (!entity || entity.offset + entity.length <= end) break;
      entity.offset = Math.min(entity.offset, end);
      entity.length = end - entity.offset;
    }
    for (const frame of open) if (frame.start !== null && frame.start >= end) frame.start = null;
    edge = true;
  };

  return {
    write(data: string, at: number): void {
      const top = open.at(-1);
      let part = data;
      if (edge && !isCode(top)) part = part.replace(/^[ \t\n]+/, '');
      if (top?.filled) {
        if (part.trim() !== '')
          throw new FormatError('Put all of <pre> into its <code>, or take <code> out.', at);
        part = '';
      }
      if (top?.tag === 'tg-emoji' && part.includes('\n')) {
        throw new FormatError('Between <tg-emoji> and </tg-emoji> put one ordinary emoji only.', at);
      }
      if (part === '') return;
      if (edge && text !== '') text += '\n\n';
      edge = false;
      for (let index = open.length - 1; index >= 0; index -= 1) {
        const frame = open[index];
        if (!frame || frame.start !== null) break;
        frame.start = text.length;
      }
      text += part;
    },

    open({ name, at, attributes }: Tag): void {
      const outer = open.at(-1);
      const inPre = name === 'code' && outer?.tag === 'pre';
      const kind = inPre ? codeOfPre(outer, attributes, at) : kindOf(name, attributes, at);
      if (!inPre && (isCode(outer) || outer?.tag === 'tg-emoji')) {
        throw new FormatError(`<${outer?.tag}> holds plain text only: take <${name}> out of it.`, at);
      }
      for (const again of ['p', 'a', 'blockquote']) {
        if (name === again && open.some(({ tag }) => tag === again)) {
          throw new FormatError(`<${again}> inside of <${again}>: close the first one before.`, at);
        }
      }
      const linked = (one: Kind | null) => one?.type === 'text_link' || one?.type === 'mention';
      if (linked(kind) && open.some((frame) => linked(frame.kind))) {
        throw new FormatError('A link holds no other link or mention: close the first one before.', at);
      }
      if (open.length >= deepest) {
        throw new FormatError(`More than ${deepest} tags inside of each other: close some.`, at);
      }
      if (name === 'p') meetParagraph();
      open.push({ tag: name, at, kind, start: null, filled: false });
    },

    close(name: string, at: number): void {
      const frame = open.at(-1);
      if (frame?.tag !== name) {
        const message = frame
          ? `</${short(name)}> where <${frame.tag}> is open: close <${frame.tag}> first.`
          : `</${short(name)}> closes nothing: take it out.`;
        throw new FormatError(message, at);
      }
      if (name === 'p') meetParagraph();
      open.pop();
      if (frame.kind && frame.start !== null) {
        entities.push({ ...frame.kind, offset: frame.start, length: text.length - frame.start });
      }
    },

    finish(): FormattedText {
      const frame = open.at(-1);
      if (frame) throw new FormatError(`<${frame.tag}> is not closed: add </${frame.tag}>.`, frame.at);
      return { text, entities };
    },
  };
}

/** What the tag of an element says; null for what is no entity. */
function kindOf(name: string, attributes: ReadonlyMap<string, string>, at: number): Kind | null {
  const style = styles[name];
  if (style) return { type: style };
  switch (name) {
    case 'code':
      if (!attributes.has('class')) return { type: 'code' };
      throw new FormatError('Only the <code> right inside of a <pre> may name a language.', at);
    case 'pre':
      return { type: 'pre' };
    case 'a':
      return linkOf(attributes.get('href'), at);
    case 'blockquote':
      return quoteOf(attributes.get('expandable'), at);
    case 'span':
      return spanOf(attributes, at);
    case 'tg-emoji': {
      const id = attributes.get('emoji-id') ?? '';
      if (emojiIdPattern.test(id)) return { type: 'custom_emoji', custom_emoji_id: id };
      throw new FormatError(
        'Give <tg-emoji> the number of its emoji, as emoji-id="5368324170671202286".',
        at,
      );
    }
    default:
      return null;
  }
}

/** A link to a user of Telegram becomes a mention when the whole is normalised. */
function linkOf(url: string | undefined, at: number): Kind {
  if (url === undefined) throw new FormatError('Give <a> an address, as href="https://…".', at);
  if (!isLink(url)) throw new FormatError(`The address of <a> ${linkRule}.`, at);
  return { type: 'text_link', url };
}

function quoteOf(expandable: string | undefined, at: number): Kind {
  if (expandable === undefined) return { type: 'blockquote' };
  if (expandable === '' || expandable.toLowerCase() === 'expandable')
    return { type: 'expandable_blockquote' };
  throw new FormatError('Write <blockquote expandable>, without a value.', at);
}

function spanOf(attributes: ReadonlyMap<string, string>, at: number): Kind {
  const name = attributes.get('class');
  const network = attributes.get('data-network');
  const id = attributes.get('data-id');
  if (name === 'tg-spoiler' && network === undefined && id === undefined) return { type: 'spoiler' };
  if (name === 'mention' && network !== undefined && id !== undefined && isMember(network, id)) {
    return { type: 'mention', network, id };
  }
  throw new FormatError(
    'Of <span> only class="tg-spoiler" and class="mention" data-network="vk" data-id="id123" are taken.',
    at,
  );
}

/** The `<code>` in a `<pre>` is no entity of its own: it may name the language. */
function codeOfPre(pre: Frame, attributes: ReadonlyMap<string, string>, at: number): null {
  if (pre.start !== null || pre.filled) {
    throw new FormatError('Put all of <pre> into one <code>, or take <code> out.', at);
  }
  pre.filled = true;
  const name = attributes.get('class');
  if (name === undefined) return null;
  const language = name.startsWith('language-') ? name.slice('language-'.length) : '';
  if (!languagePattern.test(language)) {
    throw new FormatError('Name the language of <code> as class="language-python", or leave class out.', at);
  }
  pre.kind = { type: 'pre', language };
  return null;
}

const short = (name: string) => (name.length > 40 ? `${name.slice(0, 40)}…` : name);

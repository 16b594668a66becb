import { type Extensions, Mark, mergeAttributes } from '@tiptap/core';
import { Blockquote } from '@tiptap/extension-blockquote';
import { Bold } from '@tiptap/extension-bold';
import { Code } from '@tiptap/extension-code';
import { CodeBlock } from '@tiptap/extension-code-block';
import { Document } from '@tiptap/extension-document';
import { HardBreak } from '@tiptap/extension-hard-break';
import { Italic } from '@tiptap/extension-italic';
import { Link } from '@tiptap/extension-link';
import { Paragraph } from '@tiptap/extension-paragraph';
import { Strike } from '@tiptap/extension-strike';
import { Text } from '@tiptap/extension-text';
import { Underline } from '@tiptap/extension-underline';
import { Placeholder, UndoRedo } from '@tiptap/extensions';

declare module '@tiptap/core' {
  interface Commands<ReturnType> {
    spoiler: { toggleSpoiler: () => ReturnType };
  }
}

const Spoiler = Mark.create({
  name: 'spoiler',
  parseHTML: () => [{ tag: 'tg-spoiler' }, { tag: 'span[data-spoiler]' }],
  renderHTML: ({ HTMLAttributes }) => ['span', mergeAttributes(HTMLAttributes, { 'data-spoiler': '' }), 0],
  addCommands() {
    return {
      toggleSpoiler:
        () =>
        ({ commands }) =>
          commands.toggleMark(this.name),
    };
  },
  addKeyboardShortcuts() {
    return { 'Mod-Shift-p': () => this.editor.commands.toggleSpoiler() };
  },
});

/** Formatting that cannot be made here but was there: it stays on the words that it was on. */
const Kept = Mark.create({
  name: 'kept',
  excludes: '',
  inclusive: false,
  addAttributes: () => ({
    kind: { default: null, rendered: false },
    n: { default: 0, rendered: false },
  }),
  renderHTML: () => ['span', { 'data-kept': '' }, 0],
});

/** Everything that a text can have; what else is pasted loses its looks and keeps its words. */
export function extensionsFor(placeholder: () => string): Extensions {
  return [
    Document,
    Text,
    Paragraph,
    HardBreak,
    Bold.extend({
      parseHTML: () => [
        { tag: 'strong' },
        looking('b', (look) => !/weight:\s*(normal|[1-4]00)/.test(look)),
        looked(/weight:\s*(bold|[6-9]00)/),
      ],
    }),
    Italic.extend({ parseHTML: () => [{ tag: 'i' }, { tag: 'em' }, looked(/style:\s*italic/)] }),
    Underline.extend({ parseHTML: () => [{ tag: 'u' }, { tag: 'ins' }, looked(/decoration[^;]*underline/)] }),
    Strike.extend({
      parseHTML: () => [
        { tag: 's' },
        { tag: 'del' },
        { tag: 'strike' },
        looked(/decoration[^;]*line-through/),
      ],
    }),
    Spoiler,
    Kept,
    // Networks format nothing within code.
    Code.extend({ excludes: 'bold italic underline strike spoiler' }),
    CodeBlock,
    Blockquote.extend({
      content: 'paragraph+',
      addAttributes: () => ({
        expandable: {
          default: false,
          parseHTML: (element) => element.hasAttribute('expandable'),
          renderHTML: ({ expandable }) => (expandable ? { expandable: '' } : {}),
        },
      }),
    }),
    Link.configure({
      autolink: false,
      openOnClick: false,
      linkOnPaste: true,
      HTMLAttributes: { rel: null, target: null },
      isAllowedUri: isLink,
    }),
    UndoRedo,
    Placeholder.configure({ placeholder }),
  ];
}

/**
 * Pasted HTML whose styles stand aside, in an attribute of ours: the page's policy lets none of others be applied, and
 * says so aloud for each that is read.
 */
export function withoutStyles(html: string): string {
  return html
    .replace(/<style\b[\s\S]*?<\/style>/gi, '')
    .replace(/(<[a-z][^<>]*?\s)style(\s*=\s*(?:"[^"]*"|'[^']*'))/gi, '$1data-look$2');
}

const lookOf = (element: HTMLElement) => element.getAttribute('data-look') ?? '';

function looking(tag: string, fits: (look: string) => boolean) {
  return { tag, getAttrs: (element: HTMLElement) => (fits(lookOf(element)) ? null : false) };
}

/** What office programs make of `<span style>`; links are underlined anyway. */
function looked(pattern: RegExp) {
  return {
    tag: '[data-look]',
    consuming: false,
    getAttrs: (element: HTMLElement) =>
      pattern.test(lookOf(element)) && !element.closest('a') && !/^h\d$/i.test(element.tagName)
        ? null
        : false,
  };
}

/** What the API takes for a link, as far as a person can mend it. */
export function isLink(url: string): boolean {
  return /^(https?:\/\/[^/\\\s]|tg:\/\/|mailto:.)\S*$/i.test(url) && URL.canParse(url);
}

/** An address as people write them; null when it is none. */
export function linkFrom(written: string): string | null {
  const url = written.trim();
  if (isLink(url)) return url;
  if (/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/.test(url)) return `mailto:${url}`;
  return /^[^\s/:]+\.[^\s/:]+/.test(url) && isLink(`https://${url}`) ? `https://${url}` : null;
}

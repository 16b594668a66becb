import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import * as v from 'valibot';
import {
  type Entity,
  EntitySchema,
  entityTypes,
  FormatError,
  type FormattedText,
  faultsOf,
  normalised,
  plainText,
  sliced,
  toHtml,
  trimmed,
} from '../src/text/formatted.ts';
import { fromHtml } from '../src/text/html.ts';
import { fromMarkdown } from '../src/text/markdown.ts';

type Kind = Omit<Entity, 'offset' | 'length'>;
type Tree = string | { kind: Kind; parts: readonly Tree[] };

const at = (type: Entity['type'], offset: number, length: number, more: Partial<Entity> = {}): Entity => ({
  type,
  offset,
  length,
  ...more,
});
const link = (offset: number, length: number, url: string) => at('text_link', offset, length, { url });

/** What a person sees as one character, and what HTML and Markdown are made of. */
const units = [
  ...[
    'a',
    'b',
    'я',
    ' ',
    '\n',
    '\t',
    '\r',
    '\u00A0',
    '\uFEFF',
    '<',
    '>',
    '&',
    '"',
    "'",
    '&amp;',
    '<b>',
    '|',
    '*',
  ],
  ...['👍', '👨‍👩‍👧‍👦', '🏳️‍🌈', '🇷🇺', '👋🏽', 'e\u0301', 'и\u0306', 'שׁ', 'سلام', '\u202Eabc\u202C', '𝒜', '一'],
];
const emoji = fc.constantFrom('👍', '👨‍👩‍👧‍👦', '🏳️‍🌈', '🇷🇺', '👋🏽');
const words = fc.array(fc.constantFrom(...units), { maxLength: 5 }).map((parts) => parts.join(''));
const style = fc.constantFrom<Kind>(
  { type: 'bold' },
  { type: 'italic' },
  { type: 'underline' },
  { type: 'strikethrough' },
  { type: 'spoiler' },
);
const quote = fc.constantFrom<Kind>({ type: 'blockquote' }, { type: 'expandable_blockquote' });
const linked = fc.constantFrom<Kind>(
  { type: 'text_link', url: 'https://example.com/?a=1&b="2"\'<3>' },
  { type: 'text_link', url: 'mailto:a@example.com' },
  { type: 'text_link', url: 'tg://resolve?domain=durov' },
  { type: 'text_link', url: 'tg://user?id=777' },
  { type: 'mention', network: 'telegram', id: '777' },
  { type: 'mention', network: 'vk', id: 'id123' },
  { type: 'mention', network: 'vk', id: 'club45' },
);
const leaf = fc.constantFrom<Kind>({ type: 'code' }, { type: 'pre' }, { type: 'pre', language: 'c++' });

function trees(depth: number, quotes: boolean, links: boolean): fc.Arbitrary<Tree> {
  const plain = words as fc.Arbitrary<Tree>;
  if (depth === 0) return plain;
  const element = (kind: fc.Arbitrary<Kind>, part: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> =>
    fc.record({ kind, parts: fc.array(part, { maxLength: 4 }) });
  return fc.oneof(
    plain,
    element(style, trees(depth - 1, quotes, links)),
    element(style, trees(depth - 1, quotes, links)),
    element(leaf, plain),
    fc.record({
      kind: fc.constantFrom<Kind>({ type: 'custom_emoji', custom_emoji_id: '5368324170671202286' }),
      parts: emoji.map((one) => [one]),
    }),
    ...(quotes ? [element(quote, trees(depth - 1, false, links))] : []),
    ...(links ? [element(linked, trees(depth - 1, quotes, false))] : []),
  );
}

/** Any valid formatted text: it is built as a tree, so that nesting is right without asking the code. */
const formattedText: fc.Arbitrary<FormattedText> = fc
  .array(trees(4, true, true), { maxLength: 6 })
  .chain((parts) => {
    const entities: Entity[] = [];
    const written = (tree: Tree, offset: number): string => {
      if (typeof tree === 'string') return tree;
      let text = '';
      for (const part of tree.parts) text += written(part, offset + text.length);
      if (text !== '') entities.push({ ...tree.kind, offset, length: text.length });
      return text;
    };
    let text = '';
    for (const part of parts) text += written(part, text.length);
    return fc
      .shuffledSubarray(entities, { minLength: entities.length })
      .map((shuffled) => ({ text, entities: shuffled }));
  });

/** Styles, code and a link that overlap and leave the text as they like. */
const anyEntities: fc.Arbitrary<FormattedText> = fc.record({
  text: fc.nat(14).map((length) => 'x'.repeat(length)),
  entities: fc.array(
    fc
      .tuple(
        fc.oneof(
          style,
          fc.constantFrom<Kind>({ type: 'code' }, { type: 'text_link', url: 'https://example.com' }),
        ),
        fc.nat(12),
        fc.integer({ min: 1, max: 9 }),
      )
      .map(([kind, offset, length]) => ({ ...kind, offset, length })),
    { maxLength: 8 },
  ),
});

/** What applies to each UTF-16 unit, whatever entities say so. */
function coverage({ text, entities }: FormattedText): string[] {
  return Array.from({ length: text.length }, (_, unit) => {
    const kinds = entities
      .filter(({ offset, length }) => offset <= unit && unit < offset + length)
      .map(({ offset: _offset, length: _length, ...kind }) =>
        kind.url === 'tg://user?id=777' ? 'mention,telegram,777' : Object.values(kind).join(),
      );
    return [...new Set(kinds)].sort().join(' ');
  });
}

function refusal(act: () => unknown): FormatError | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}

describe('an entity', () => {
  const accepts = (entity: unknown) => v.safeParse(EntitySchema, entity).success;

  test('of each type is taken', () => {
    const more: Partial<Record<string, Partial<Entity>>> = {
      text_link: { url: 'https://example.com' },
      mention: { network: 'vk', id: 'club45' },
      custom_emoji: { custom_emoji_id: '1' },
    };
    for (const type of entityTypes) expect([type, accepts(at(type, 0, 1, more[type]))]).toEqual([type, true]);
    expect(accepts(at('pre', 0, 1, { language: 'objective-c' }))).toBe(true);
  });

  test.each([
    ['an unknown type', { type: 'blink', offset: 0, length: 1 }],
    ['an unknown field', { type: 'bold', offset: 0, length: 1, colour: 'red' }],
    ["another type's field", { type: 'bold', offset: 0, length: 1, url: 'https://example.com' }],
    ['an offset below 0', { type: 'bold', offset: -1, length: 1 }],
    ['a broken offset', { type: 'bold', offset: 0.5, length: 1 }],
    ['no length', { type: 'bold', offset: 0, length: 0 }],
    ['a link without an address', { type: 'text_link', offset: 0, length: 1 }],
    ...[
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      ' https://example.com',
      'https://exa mple.com',
      'https://example.com/a b',
      'https://example.com/\u0007',
      'data:text/html,x',
      '//example.com',
      '/here',
      'http:example.com',
      'https://',
      'java\nscript:x',
      'file:///etc/passwd',
    ].map((url) => [`a link to ${JSON.stringify(url)}`, link(0, 1, url)] as [string, unknown]),
    ['a mention of nobody at vk', at('mention', 0, 1, { network: 'vk', id: 'durov' })],
    ['a mention by name at telegram', at('mention', 0, 1, { network: 'telegram', id: 'durov' })],
    ['a mention without a network', at('mention', 0, 1, { id: 'id1' })],
    ['a language with a quote', at('pre', 0, 1, { language: '"x' })],
    ['an emoji without a number', at('custom_emoji', 0, 1, { custom_emoji_id: 'x' })],
  ] as [string, unknown][])('with %s is refused', (_, entity) => {
    expect(accepts(entity)).toBe(false);
  });
});

describe('faults', () => {
  const family = '👨‍👩‍👧‍👦';
  test.each([
    ['past the end of the text', 'abc', [at('bold', 3, 1)], ['/entities/0/offset']],
    ['longer than the text', 'abc', [at('bold', 1, 3)], ['/entities/0/length']],
    ['from inside a pair', '👍a', [at('bold', 1, 2)], ['/entities/0/offset']],
    ['into a pair', 'a👍', [at('bold', 0, 2)], ['/entities/0/length']],
    ['inside a family', `${family}`, [at('bold', 0, 1)], ['/entities/0/length']],
    ['that overlap in part', 'abcdef', [at('bold', 0, 4), at('italic', 2, 4)], ['/entities/1']],
    [
      'that overlap in part, the later first',
      'abcdef',
      [at('italic', 2, 4), at('bold', 0, 4)],
      ['/entities/0'],
    ],
    [
      'of a quote in a quote',
      'abc',
      [at('blockquote', 0, 3), at('expandable_blockquote', 1, 1)],
      ['/entities/1'],
    ],
    [
      'of a quote in a bold in a quote',
      'abc',
      [at('blockquote', 0, 3), at('bold', 0, 2), at('blockquote', 1, 1)],
      ['/entities/2'],
    ],
    ['of bold in code', 'abc', [at('code', 0, 3), at('bold', 1, 1)], ['/entities/1']],
    ['of a link in pre', 'abc', [at('pre', 0, 3), link(0, 1, 'https://example.com')], ['/entities/1']],
    ['of code in code', 'abc', [at('code', 0, 3), at('code', 0, 3)], ['/entities/1']],
    [
      'of a mention in a link',
      'abc',
      [link(0, 3, 'https://example.com'), at('mention', 0, 1, { network: 'vk', id: 'id1' })],
      ['/entities/1'],
    ],
    [
      'in several, each where it is',
      'abc',
      [at('bold', 9, 1), at('bold', 0, 2), at('italic', 1, 2), at('code', 2, 7)],
      ['/entities/0/offset', '/entities/2', '/entities/3/length'],
    ],
  ] as [string, string, Entity[], string[]][])('are told of entities %s', (_, text, entities, paths) => {
    const faults = faultsOf(text, entities);
    expect(faults.map(({ path }) => path)).toEqual(paths);
    for (const { message } of faults) expect(message).toMatch(/^[A-Z0-9].{20,}\.$/);
  });

  test('are told once per mistake', () => {
    const chain = [at('bold', 0, 3), at('italic', 2, 4), at('underline', 4, 4)];
    expect(faultsOf('abcdefgh', chain).map(({ path }) => path)).toEqual(['/entities/1']);
  });

  test('say in words what to do', () => {
    expect(faultsOf('abcdef', [at('bold', 0, 4), at('italic', 2, 4)])).toEqual([
      {
        path: '/entities/1',
        message: 'It begins inside entity 0 (bold) and ends after it: end it at 4, or cut it in two there.',
      },
    ]);
  });

  test('are not told of entities that nest', () => {
    const nested = [
      at('blockquote', 0, 6),
      at('bold', 0, 6),
      at('italic', 2, 2),
      at('code', 2, 2),
      at('blockquote', 6, 1),
    ];
    expect(faultsOf('abcdefg', nested)).toEqual([]);
  });

  test('are not told of anything built as a tree', () => {
    fc.assert(
      fc.property(formattedText, ({ text, entities }) => expect(faultsOf(text, entities)).toEqual([])),
      { numRuns: 500 },
    );
  });

  test('are told exactly when two styles overlap in part', () => {
    const stretch = fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(stretch, stretch, ([a, m], [b, n]) => {
        const overlap = Math.max(a, b) < Math.min(a + m, b + n);
        const nested = (a <= b && b + n <= a + m) || (b <= a && a + m <= b + n);
        const faults = faultsOf('x'.repeat(18), [at('bold', a, m), at('italic', b, n)]);
        expect(faults.length).toBe(overlap && !nested ? 1 : 0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a normalised text', () => {
  const entitiesOf = (text: string, entities: Entity[]) => normalised({ text, entities }).entities;

  test('has its entities sorted, merged where equal ones touch or overlap, and once', () => {
    expect(
      entitiesOf('abcdefgh', [
        at('italic', 6, 2),
        at('bold', 2, 2),
        at('bold', 0, 2),
        at('bold', 3, 3),
        at('italic', 6, 2),
      ]),
    ).toEqual([at('bold', 0, 6), at('italic', 6, 2)]);
  });

  test('keeps apart what is whole by itself: quotes, pre and emoji', () => {
    const emojis = [
      at('custom_emoji', 0, 2, { custom_emoji_id: '1' }),
      at('custom_emoji', 2, 2, { custom_emoji_id: '1' }),
    ];
    expect(entitiesOf('👍👍', emojis)).toEqual(emojis);
    expect(entitiesOf('ab', [at('blockquote', 0, 1), at('blockquote', 1, 1)])).toHaveLength(2);
    expect(entitiesOf('ab', [at('pre', 0, 1), at('pre', 1, 1)])).toHaveLength(2);
  });

  test('keeps whole what nests', () => {
    const nested = [
      at('bold', 0, 4),
      link(0, 2, 'https://example.com'),
      at('italic', 0, 1),
      at('code', 2, 2),
    ];
    expect(entitiesOf('abcd', nested)).toEqual(nested);
  });

  test('keeps links to two addresses apart', () => {
    const links = [link(0, 1, 'https://one.example'), link(1, 1, 'https://two.example')];
    expect(entitiesOf('ab', links)).toEqual(links);
  });

  test('cuts a style where merging would make it overlap a link in part', () => {
    const url = 'https://example.com';
    expect(entitiesOf('abcdefgh', [link(2, 4, url), at('bold', 4, 2), at('bold', 6, 2)])).toEqual([
      link(2, 4, url),
      at('bold', 4, 2),
      at('bold', 6, 2),
    ]);
    expect(entitiesOf('abcdef', [at('bold', 0, 2), at('bold', 2, 2), link(2, 4, url)])).toEqual([
      at('bold', 0, 2),
      link(2, 4, url),
      at('bold', 2, 2),
    ]);
  });

  test('never puts a style inside of code', () => {
    expect(entitiesOf('abcd', [at('bold', 0, 2), at('code', 0, 2), at('code', 2, 2)])).toEqual([
      at('bold', 0, 2),
      at('code', 0, 2),
      at('code', 2, 2),
    ]);
  });

  test('has a mention where a link leads to a user of Telegram', () => {
    expect(entitiesOf('ab', [link(0, 2, 'tg://user?id=5')])).toEqual([
      at('mention', 0, 2, { network: 'telegram', id: '5' }),
    ]);
  });

  test('keeps text and formatting, is valid, sorted, and stays as it is', () => {
    fc.assert(
      fc.property(formattedText, (given) => {
        const once = normalised(given);
        expect(once.text).toBe(given.text);
        expect(coverage(once)).toEqual(coverage(given));
        expect(faultsOf(once.text, once.entities)).toEqual([]);
        expect(normalised(once)).toEqual(once);
        const places = once.entities.map(({ offset, length }) => offset * 1e6 - length);
        expect(places).toEqual([...places].sort((a, b) => a - b));
      }),
      { numRuns: 1000 },
    );
  });

  test('is the same from whatever equal stretches it is put together', () => {
    const cut = ({ text, entities }: FormattedText): FormattedText => ({
      text,
      entities: entities.flatMap((entity) =>
        ['bold', 'italic', 'text_link', 'mention'].includes(entity.type) && entity.length > 1
          ? [
              { ...entity, length: 1 },
              { ...entity, offset: entity.offset + 1, length: entity.length - 1 },
            ]
          : [entity],
      ),
    });
    fc.assert(
      fc.property(formattedText, (given) => expect(normalised(cut(given))).toEqual(normalised(given))),
      { numRuns: 500 },
    );
  });

  test('nests within the text, whatever overlapped', () => {
    fc.assert(
      fc.property(anyEntities, (given) => {
        const once = normalised(given);
        expect(coverage(once)).toEqual(coverage(given));
        expect(faultsOf(once.text, once.entities)).toEqual([]);
        expect(normalised(once)).toEqual(once);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a part of a text', () => {
  test('has its entities clipped and moved, and no half of an emoji', () => {
    const given = {
      text: 'ab👍cd',
      entities: [at('bold', 0, 5), at('custom_emoji', 2, 2, { custom_emoji_id: '1' })],
    };
    expect(sliced(given, 1, 5)).toEqual({
      text: 'b👍c',
      entities: [at('bold', 0, 4), at('custom_emoji', 1, 2, { custom_emoji_id: '1' })],
    });
    expect(sliced(given, 0, 3).entities).toEqual([at('bold', 0, 3)]);
    expect(sliced(given, -5, 99)).toEqual(normalised(given));
    expect(sliced(given, 4, 2)).toEqual({ text: '', entities: [] });
  });

  test('and the others make up the whole', () => {
    const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });
    fc.assert(
      fc.property(formattedText, fc.array(fc.nat(60), { maxLength: 5 }), (given, picks) => {
        // Where a custom emoji lies its edges are edges of graphemes only if it does not join its neighbours.
        const emojis = given.entities.filter(({ type }) => type === 'custom_emoji');
        const edges = [...graphemes.segment(given.text)]
          .map(({ index }) => index)
          .filter((edge) => !emojis.some((one) => one.offset < edge && edge < one.offset + one.length));
        const cuts = [
          0,
          ...picks.map((pick) => edges[pick % Math.max(1, edges.length)] ?? 0),
          given.text.length,
        ];
        cuts.sort((a, b) => a - b);
        const pieces = cuts.slice(1).map((end, index) => sliced(given, cuts[index] ?? 0, end));
        expect(pieces.map(({ text }) => text).join('')).toBe(given.text);
        expect(pieces.flatMap(coverage)).toEqual(coverage(given));
        for (const { text, entities } of pieces) expect(faultsOf(text, entities)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('without white space at its ends has its entities moved', () => {
    const given = {
      text: ' \n ab \u00A0',
      entities: [at('bold', 0, 4), at('italic', 4, 3), at('code', 5, 1)],
    };
    expect(trimmed(given)).toEqual({ text: 'ab', entities: [at('bold', 0, 1), at('italic', 1, 1)] });
    expect(trimmed({ text: ' \n', entities: [at('bold', 0, 2)] })).toEqual({ text: '', entities: [] });
    fc.assert(
      fc.property(formattedText, (whole) => expect(trimmed(whole).text).toBe(whole.text.trim())),
      { numRuns: 200 },
    );
  });
});

describe('plain text', () => {
  const plain = (text: string, entities: Entity[]) => plainText({ text, entities });

  test('keeps the address of a link behind its text', () => {
    const text = 'Read this now';
    expect(plain(text, [link(5, 4, 'https://example.com/a')])).toBe('Read this (https://example.com/a) now');
    expect(plain(text, [link(5, 5, 'https://example.com/a')])).toBe('Read this (https://example.com/a) now');
    expect(plain(text, [link(0, 4, 'mailto:a@b.example'), link(10, 3, 'tg://resolve?domain=x')])).toBe(
      'Read (a@b.example) this now (tg://resolve?domain=x)',
    );
  });

  test.each([
    ['https://example.com/a', 'https://example.com/a'],
    ['example.com/a', 'https://example.com/a'],
    ['example.com', 'https://example.com/'],
    ['example.com/', 'http://example.com'],
    ['Example.com', 'https://example.com'],
    ['пример.рф', 'https://xn--e1afmkfd.xn--p1ai'],
    ['a@example.com', 'mailto:a@example.com'],
  ])('does not say twice that %s leads to %s', (shown, url) => {
    expect(plain(shown, [link(0, shown.length, url)])).toBe(shown);
  });

  test.each([
    ['example.com', 'https://example.org'],
    ['example.com/A', 'https://example.com/a'],
    ['example.com', 'https://example.com/a'],
    ['https://bank.example', 'https://thief.example'],
    ['example com', 'https://example.com'],
  ])('says where %s leads when that is %s', (shown, url) => {
    expect(plain(shown, [link(0, shown.length, url)])).toBe(`${shown} (${url})`);
  });

  test('writes mentions as the network does', () => {
    const given = {
      text: 'Hi Ann and Bob',
      entities: [
        at('mention', 3, 3, { network: 'vk', id: 'id123' }),
        at('mention', 11, 3, { network: 'telegram', id: '5' }),
        at('bold', 0, 14),
      ],
    };
    const mention = ({ network, id }: Entity, shown: string) =>
      network === 'vk' ? `[${id}|${shown}]` : null;
    expect(plainText(given, { mention })).toBe('Hi [id123|Ann] and Bob');
    expect(plainText(given)).toBe('Hi Ann and Bob');
    const quoted = [at('mention', 0, 4, { network: 'vk', id: 'id1' }), at('blockquote', 1, 2)];
    expect(plainText({ text: 'abcd!', entities: quoted }, { mention })).toBe('[id1|abcd]!');
  });

  test('keeps quotes and code on lines of their own, and the rest bare', () => {
    expect(plain('a said b then', [at('blockquote', 2, 4)])).toBe('a \nsaid\n b then');
    expect(plain('a\nb\nc', [at('blockquote', 2, 1)])).toBe('a\nb\nc');
    expect(plain('ab', [at('blockquote', 0, 1), at('pre', 1, 1)])).toBe('a\nb');
    expect(plain('ab', [at('blockquote', 0, 1), link(0, 1, 'https://x.example')])).toBe(
      'a (https://x.example)\nb',
    );
    const emojis = [at('custom_emoji', 0, 2, { custom_emoji_id: '1' }), at('spoiler', 0, 3)];
    expect(plain('👍!', emojis)).toBe('👍!');
  });

  test('of text without links and blocks is that text', () => {
    const styled = formattedText.map(({ text, entities }) => ({
      text,
      entities: entities.filter(({ type }) => !/link|quote|pre/.test(type)),
    }));
    fc.assert(
      fc.property(styled, (given) => expect(plainText(given)).toBe(given.text)),
      { numRuns: 200 },
    );
  });
});

describe('HTML', () => {
  test('of a formatted text says the same when it is read back', () => {
    let formatted = 0;
    fc.assert(
      fc.property(formattedText, (given) => {
        formatted += Number(given.entities.length > 2);
        expect(fromHtml(toHtml(given))).toEqual(normalised(given));
      }),
      { numRuns: 1500 },
    );
    expect(formatted).toBeGreaterThan(300);
  });

  test('is written with everything escaped', () => {
    const text = '<b>"&\'\r\n👍';
    const url = 'https://example.com/?a="b"&c=<d>';
    expect(toHtml({ text, entities: [link(0, 3, url), at('bold', 8, 2)] })).toBe(
      '<a href="https://example.com/?a=&quot;b&quot;&amp;c=&lt;d&gt;">&lt;b&gt;</a>&quot;&amp;&#39;&#13;<br><b>👍</b>',
    );
    expect(toHtml({ text: 'x', entities: [link(0, 1, 'javascript:alert(1)')] })).toBe('x');
  });

  test.each([
    ['<b>a</b><strong>b</strong> <i>c</i><em>d</em>', 'ab cd', [at('bold', 0, 2), at('italic', 3, 2)]],
    [
      '<u>a</u><ins>b</ins><s>c</s><strike>d</strike><del>e</del>',
      'abcde',
      [at('underline', 0, 2), at('strikethrough', 2, 3)],
    ],
    ['<tg-spoiler>a</tg-spoiler><span class="tg-spoiler">b</span>', 'ab', [at('spoiler', 0, 2)]],
    ['<PRE>a\n b</PRE>', 'a\n b', [at('pre', 0, 4)]],
    ['<pre><code class="language-c++">a</code></pre>', 'a', [at('pre', 0, 1, { language: 'c++' })]],
    ['<pre><code>a</code>\n</pre>', 'a', [at('pre', 0, 1)]],
    ['<blockquote expandable>a</blockquote>', 'a', [at('expandable_blockquote', 0, 1)]],
    ['<tg-emoji emoji-id="5">👍</tg-emoji>!', '👍!', [at('custom_emoji', 0, 2, { custom_emoji_id: '5' })]],
    ['<a href="tg://user?id=5">A</a>', 'A', [at('mention', 0, 1, { network: 'telegram', id: '5' })]],
    ["<a href='https://vk.com/id5'>A</a>", 'A', [link(0, 1, 'https://vk.com/id5')]],
    ['<a href=https://e.example/?a&#61;1&amp;b>A</a>', 'A', [link(0, 1, 'https://e.example/?a=1&b')]],
    ['a<br>b<br/>c\r\nd\re', 'a\nb\nc\nd\ne', []],
    ['&lt;b&gt; &amp;amp; &nbsp;&#128077;&#x1F44D; &unknown;', '<b> &amp; \u00A0👍👍 &unknown;', []],
    ['a < b && c > d', 'a < b && c > d', []],
    ['<p>a</p>\n  <p>b</p>', 'a\n\nb', []],
    ['a <p>\n b <b>c </b></p> d', 'a\n\nb c\n\nd', [at('bold', 5, 1)]],
    ['<b><p>a </p><p>b</p></b>', 'a\n\nb', [at('bold', 0, 4)]],
    [
      '<p>a</p><blockquote>b</blockquote><pre> c</pre>',
      'a\n\nb c',
      [at('blockquote', 3, 1), at('pre', 4, 2)],
    ],
    ['<p>a</p><pre> b</pre>', 'a\n\n b', [at('pre', 3, 2)]],
    ['<p><b><i> x </i></b></p><p></p><i> </i>', 'x', [at('bold', 0, 1), at('italic', 0, 1)]],
    ['<b></b>', '', []],
  ] as [string, string, Entity[]][])('%j is read', (source, text, entities) => {
    expect(fromHtml(source)).toEqual({ text, entities });
  });

  const script = 'alert(1)';
  test.each([
    `<script>${script}</script>`,
    `<SCRIPT SRC=//evil.example/x.js></SCRIPT>`,
    `<scr<script>ipt>${script}</script>`,
    `<<script>${script}//<</script>`,
    `<img src=x onerror=${script}>`,
    `<img/src="x"/onerror=${script}>`,
    `<svg onload=${script}>`,
    `<svg><script>${script}</script></svg>`,
    `<math><mtext></mtext></math>`,
    `<iframe src="javascript:${script}"></iframe>`,
    `<style>*{background:url(javascript:${script})}</style>`,
    `<link rel=stylesheet href=//evil.example>`,
    `<meta http-equiv=refresh content=0>`,
    `<base href=//evil.example>`,
    `<object data=x></object>`,
    `<form action=//evil.example><input name=x></form>`,
    `<template><b>x</b></template>`,
    `<b onclick="${script}">x</b>`,
    `<b style="position:fixed">x</b>`,
    `<b/onmouseover=${script}>x</b>`,
    `<a href="javascript:${script}">x</a>`,
    `<a href="JaVaScRiPt:${script}">x</a>`,
    `<a href="&#106;avascript&colon;${script}">x</a>`,
    `<a href="java&Tab;script:${script}">x</a>`,
    `<a href="java\nscript:${script}">x</a>`,
    `<a href=" javascript:${script}">x</a>`,
    `<a href="data:text/html,<script>${script}</script>">x</a>`,
    `<a href="vbscript:msgbox(1)">x</a>`,
    `<a href="//evil.example">x</a>`,
    `<a href="https://a.example" href="javascript:${script}">x</a>`,
    `<a href="javascript:${script}" href="https://a.example">x</a>`,
    `<a href="https://a.example/a b">x</a>`,
    `<a href="https://a.example" onclick=${script}>x</a>`,
    `<a href="https://a.example" target=_blank>x</a>`,
    `<a>x</a>`,
    `<a href>x</a>`,
    `<a href="https://a.example"><a href="https://b.example">x</a></a>`,
    `<a href="https://a.example"><span class="mention" data-network="vk" data-id="id1">x</span></a>`,
    `${'<b>'.repeat(60)}x${'</b>'.repeat(60)}`,
    `<!--<img src=x>-->`,
    `<!-- x --!><b>x</b>`,
    `<!DOCTYPE html>`,
    `<![CDATA[<script>${script}</script>]]>`,
    `<?xml version="1.0"?>`,
    `<title><b title="</title><img src=x onerror=${script}>"></title>`,
    `<textarea></textarea><script>${script}</script>`,
    `<noscript><p title="</noscript><img src=x onerror=${script}>"></noscript>`,
    `<plaintext>x`,
    `<b>x`,
    `<b>x</i>`,
    `<b><i>x</b></i>`,
    `x</b>`,
    `<b>x</b onclick=${script}>`,
    `<b>x</b`,
    `<b`,
    `<b "`,
    `<b/>`,
    `</>`,
    `</ b>`,
    `</p>`,
    `<p>x<p>y`,
    `<span>x</span>`,
    `<span class="x">x</span>`,
    `<span class="mention" data-network="vk" data-id="1&quot;">x</span>`,
    `<code class="language-x">x</code>`,
    `<pre><code class="language-&quot;">x</code></pre>`,
    `<pre>a<code>x</code></pre>`,
    `<pre><code>x</code>y</pre>`,
    `<code><b>x</b></code>`,
    `<pre><p>x</p></pre>`,
    `<blockquote><b><blockquote>x</blockquote></b></blockquote>`,
    `<blockquote expandable="no">x</blockquote>`,
    `<tg-emoji emoji-id="x">👍</tg-emoji>`,
    `<tg-emoji emoji-id="1"><b>👍</b></tg-emoji>`,
    `<constructor>x</constructor>`,
    `<b __proto__=x>x</b>`,
    `x\0y`,
    `x\uD800y`,
  ])('%j is refused', (source) => {
    const error = refusal(() => fromHtml(source));
    expect(error?.message).toMatch(/^\S.{10,}\.$/);
    expect(error?.at).toBeWithin(0, source.length + 1);
  });

  test.each([
    `&lt;script&gt;${script}&lt;/script&gt;`,
    `&#60;img src=x onerror=${script}&#62;`,
    `&lt;a href="javascript:${script}"&gt;x`,
    `javascript:${script}`,
    `< script>${script}`,
    `"><`,
    `' onmouseover=${script} '`,
    `<`,
    `</`,
    `&`,
    `{{constructor.constructor('${script}')()}}`,
  ])('%j is text alone', (source) => {
    const formatted = fromHtml(source);
    expect(formatted.entities).toEqual([]);
    expect(toHtml(formatted)).not.toMatch(/[<>"']/);
  });

  test('is refused with the place in the source', () => {
    const places = ['ab<img>', '<b>a<u x=1>', '<b>\r\n\r\n<i>', 'a\r\n</b>', '<p>a</p\n'].map(
      (source) => refusal(() => fromHtml(source))?.at,
    );
    expect(places).toEqual([2, 7, 7, 3, 4]);
  });
});

describe('Markdown', () => {
  test.each([
    [
      '**a** *b* _c_ ~~d~~ `e`',
      'a b c d e',
      [at('bold', 0, 1), at('italic', 2, 1), at('italic', 4, 1), at('strikethrough', 6, 1), at('code', 8, 1)],
    ],
    ['__a__ **b**', 'a b', [at('underline', 0, 1), at('bold', 2, 1)]],
    ['___a___', 'a', [at('italic', 0, 1), at('underline', 0, 1)]],
    ['\uFEFF__a__', 'a', [at('underline', 0, 1)]],
    ['**👨‍👩‍👧‍👦** שׁ __e\u0301__', '👨‍👩‍👧‍👦 שׁ e\u0301', [at('bold', 0, 11), at('underline', 15, 2)]],
    ['||a **b**|| c', 'a b c', [at('spoiler', 0, 3), at('bold', 2, 1)]],
    ['||a\nb||', 'a\nb', [at('spoiler', 0, 3)]],
    ['a || b || c, || d', 'a || b || c, || d', []],
    ['\\||a|| `||b||` ||||', '||a|| ||b|| ||||', [at('code', 6, 5)]],
    ['||a', '||a', []],
    ['**||a**||', '||a||', [at('bold', 0, 3)]],
    ['<u>a</u> <tg-spoiler>b</tg-spoiler>', 'a b', [at('underline', 0, 1), at('spoiler', 2, 1)]],
    ['||a <u>b|| c</u>', 'a b c', [at('spoiler', 0, 3), at('underline', 2, 1), at('underline', 3, 2)]],
    ['```ts\na < b\n\n  c\n```', 'a < b\n\n  c', [at('pre', 0, 10, { language: 'ts' })]],
    ['```"x\na\n```', 'a', [at('pre', 0, 1)]],
    ['> a\n> b\n\nc', 'a\nb\n\nc', [at('blockquote', 0, 3)]],
    ['> a\n\n> b', 'a\n\nb', [at('blockquote', 0, 1), at('blockquote', 3, 1)]],
    [
      '[a **b**](https://e.example/?q=1&r "title")',
      'a b',
      [link(0, 3, 'https://e.example/?q=1&r'), at('bold', 2, 1)],
    ],
    ['[a](tg://user?id=5)', 'a', [at('mention', 0, 1, { network: 'telegram', id: '5' })]],
    [
      '<https://e.example/a_b_c> and https://e.example/a_b_c',
      'https://e.example/a_b_c and https://e.example/a_b_c',
      [],
    ],
    ['![👍](tg://emoji?id=5)!', '👍!', [at('custom_emoji', 0, 2, { custom_emoji_id: '5' })]],
    ['# a *b*\n\nc\nd', 'a b\n\nc\nd', [at('bold', 0, 3), at('italic', 2, 1)]],
    ['a\n- b\n- c\n  - d\n\n\n\ne', 'a\n\n• b\n• c\n  • d\n\ne', []],
    ['3. a\n4. b\n\n   c', '3. a\n4. b\nc', []],
    ['a  \nb\\\nc\r\nd', 'a\nb\nc\nd', []],
    ['a\n\n---\n\nb', 'a\n\n———\n\nb', []],
    ['#\n\na\n\n```\n```\n\nb', 'a\n\nb', []],
    ['    indented\n\n[1]: https://e.example', 'indented\n\n[1]: https://e.example', []],
    [
      'a < b, 1 <3 &lt;b&gt; \\<b> 2*2*2 snake_case_name',
      'a < b, 1 <3 <b> <b> 222 snake_case_name',
      [at('italic', 21, 1)],
    ],
    ['', '', []],
  ] as [string, string, Entity[]][])('%j is read', (source, text, entities) => {
    const formatted = fromMarkdown(source);
    expect(formatted).toEqual({ text, entities });
    expect(faultsOf(text, entities)).toEqual([]);
  });

  test.each(
    [
      ['a <b>b</b>', 2, '**'],
      ['<div>\na\n</div>', 0, 'HTML'],
      ['<!-- a -->', 0, 'HTML'],
      ['<script>alert(1)</script>', 0, 'HTML'],
      ['<u onclick=x>a</u>', 0, 'HTML'],
      ['a\r\nb <u>c', 5, '</u>'],
      ['a</u>', 1, 'closes nothing'],
      ['<u>a<u>b</u></u>', 4, 'inside'],
      ['**<u>a**</u>', 8, 'closes nothing'],
      ['a ![b](https://e.example/b.png)', 2, 'media'],
      ['![](tg://emoji?id=5)', 0, 'emoji'],
      ['[a](javascript:alert(1))', 0, 'https://'],
      ['[a](<java&Tab;script:alert(1)>)', 0, 'https://'],
      ['a [b](/c)', 2, 'https://'],
      ['[a]()', 0, 'https://'],
      ['> > a', 2, 'quote'],
      ['> - > a', 4, 'quote'],
      [`${'> '.repeat(60)}a`, 0, 'too deep'],
      ['a\0', 1, 'NUL'],
      ['a\uDC00', 1, 'half'],
      ['a'.repeat(100_001), 100_000, 'shorten'],
      ['*_'.repeat(2501), 5000, 'signs'],
    ].map(([source, place, word]) => [JSON.stringify(source).slice(0, 40), place, word, source]) as [
      string,
      number,
      string,
      string,
    ][],
  )('%s is refused at %d: %s', (_, place, word, source) => {
    const error = refusal(() => fromMarkdown(source));
    expect([error?.at, error?.message]).toEqual([place, expect.stringContaining(word)]);
  });

  test('that is too deep is refused, however it got there', () => {
    const lists = Array.from({ length: 60 }, (_, depth) => `${'  '.repeat(depth)}- a`).join('\n');
    expect(refusal(() => fromMarkdown(lists))?.message).toContain('inside of each other');
    const styles = `${'*a ~~b '.repeat(60)}c${' d~~ d*'.repeat(60)}`;
    expect(refusal(() => fromMarkdown(styles))?.message).toContain('inside of each other');
  });
});

describe('whatever people send', () => {
  const pieces = [
    ...[
      '**',
      '*',
      '__',
      '_',
      '~~',
      '`',
      '```',
      '||',
      '> ',
      '- ',
      '1. ',
      '# ',
      '[',
      '](',
      ')',
      '![',
      '\\',
      '---',
      '    ',
    ],
    ...[
      '<u>',
      '</u>',
      '<b>',
      '</b>',
      '<b',
      '>',
      '<',
      '</',
      '<p>',
      '</p>',
      '<br>',
      '<pre>',
      '</pre>',
      '<code>',
      '</code>',
    ],
    ...[
      '<a href="https://e.example">',
      '</a>',
      '<blockquote>',
      '</blockquote>',
      '<i ',
      'x="',
      '"',
      '=',
      '<!--',
      '-->',
      '&',
    ],
    ...[
      '&lt;',
      '&#x1F44D;',
      '&#0;',
      '&#xD83D;',
      'https://e.example',
      'tg://emoji?id=5',
      '<tg-emoji emoji-id="5">',
      '</tg-emoji>',
    ],
    ...[
      '\r\n',
      '\n',
      '\n\n',
      '\t',
      ' ',
      'a',
      'é',
      '👍',
      '👨‍👩‍👧‍👦',
      'שׁ',
      '\u0301',
      '\uFEFF',
      '\uD83D',
      '\uDC4D',
      '\0',
    ],
  ];
  type Pairs = readonly (readonly [string, string])[];
  const htmlPairs: Pairs = [
    ['<b>', '</b>'],
    ['<i>', '</i>'],
    ['<p>', '</p>'],
    ['<blockquote>', '</blockquote>'],
    ['<pre><code class="language-ts">', '</code></pre>'],
    ['<a href="https://e.example">', '</a>'],
  ];
  const markdownPairs: Pairs = [
    ['**', '**'],
    ['__', '__'],
    ['||', '||'],
    ['`', '`'],
    ['> ', '\n\n'],
    ['- ', '\n'],
    ['# ', '\n'],
    ['[', '](https://e.example)'],
  ];
  const matched = (pairs: Pairs) =>
    fc.letrec<{ part: string; pair: string; parts: string }>((tie) => ({
      part: fc.oneof({ maxDepth: 4 }, fc.constantFrom('a', ' ', '\n', '👍', 'שׁ', '&lt;', 'b c'), tie('pair')),
      pair: fc
        .tuple(fc.constantFrom(...pairs), tie('parts'))
        .map(([[before, after], inner]) => before + inner + after),
      parts: fc.array(tie('part'), { maxLength: 4 }).map((parts) => parts.join('')),
    })).parts;
  const wild = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    // The halves and NUL alone would refuse most sources before they are read.
    fc.array(fc.constantFrom(...pieces.slice(0, -3)), { maxLength: 25 }).map((parts) => parts.join('')),
    fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((parts) => parts.join('')),
  );

  for (const [name, from, pairs] of [
    ['Markdown', fromMarkdown, markdownPairs],
    ['HTML', fromHtml, htmlPairs],
  ] as const) {
    test(`as ${name} is refused with its place, or becomes a valid text that survives HTML`, () => {
      let taken = 0;
      fc.assert(
        fc.property(fc.oneof(wild, matched(pairs)), (given) => {
          let formatted: FormattedText | undefined;
          const error = refusal(() => {
            formatted = from(given);
          });
          expect(error === null || (error.at >= 0 && error.at <= given.length)).toBe(true);
          if (!formatted) return;
          taken += Number(formatted.entities.length > 0);
          const { text, entities } = formatted;
          for (const { offset, length } of entities)
            expect(offset >= 0 && offset + length <= text.length).toBe(true);
          expect(faultsOf(text, entities)).toEqual([]);
          for (const entity of entities) v.parse(EntitySchema, entity);
          expect(fromHtml(toHtml(formatted))).toEqual(formatted);
        }),
        { numRuns: 3000 },
      );
      expect(taken).toBeGreaterThan(100);
    });
  }

  test.each([
    '*_',
    '**a',
    '~~a',
    '[',
    '![',
    '[a](',
    '`a``b',
    '||a ',
    '> ',
    '>',
    '1. ',
    '- a\n',
    'a\n',
    '<a ',
    '&',
    '*a ',
  ])('as %j again and again is answered soon', (piece) => {
    // By the work, not by the clock: a busy machine must not count.
    const began = process.cpuUsage();
    refusal(() => fromMarkdown(piece.repeat(Math.floor(100_000 / piece.length))));
    refusal(() => fromMarkdown(piece.repeat(Math.floor(4_900 / piece.length))));
    refusal(() => fromHtml(piece.repeat(Math.floor(100_000 / piece.length))));
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1000).toBeLessThan(5000);
  });
});

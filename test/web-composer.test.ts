import { describe, expect, test } from 'bun:test';
import type { JSONContent } from '@tiptap/core';
import fc from 'fast-check';
import { type Entity, entityTypes, type FormattedText, faultsOf, normalised } from '../src/text/formatted.ts';
import { ApiError } from '../web/api.ts';
import { albumOf } from '../web/composer/album.ts';
import { Autosave, type Kept, type Known, type SaveState } from '../web/composer/autosave.ts';
import {
  type Content,
  changeOf,
  differsAgain,
  emptyContent,
  type Poll,
  putBack,
  readyOf,
  replaced,
  reset,
  seenFrom,
  withOption,
  written,
} from '../web/composer/content.ts';
import { documentOf, formattedOf } from '../web/composer/formatted.ts';
import { sendOnce, type Wish } from '../web/composer/once.ts';
import { UploadQueue } from '../web/composer/uploads.ts';
import { isPast, timeOf, whenOf, zoneOf } from '../web/composer/when.ts';
import { until } from './process.ts';

describe('text and the editor’s document', () => {
  const styles = ['bold', 'italic', 'underline', 'strike', 'spoiler'];
  const words = fc.string({ unit: fc.constantFrom('a', 'Я', ' ', '🎉'), minLength: 1, maxLength: 5 });
  const link = fc.constantFrom('https://a.example/', 'https://b.example/');
  const marks: fc.Arbitrary<NonNullable<JSONContent['marks']>> = fc.oneof(
    fc.constant<NonNullable<JSONContent['marks']>>([{ type: 'code' }]),
    fc
      .tuple(fc.subarray(styles), fc.option(link))
      .map(([names, href]) => [
        ...names.map((type) => ({ type })),
        ...(href ? [{ type: 'link', attrs: { href } }] : []),
      ]),
  );
  const inline: fc.Arbitrary<JSONContent> = fc.oneof(
    { weight: 8, arbitrary: fc.record({ type: fc.constant('text'), text: words, marks }) },
    { weight: 1, arbitrary: fc.constant({ type: 'hardBreak' }) },
  );
  const line = fc.record({ type: fc.constant('paragraph'), content: fc.array(inline, { maxLength: 4 }) });
  const quote = fc.record({
    type: fc.constant('blockquote'),
    attrs: fc.record({ expandable: fc.boolean() }),
    content: fc.array(line, { minLength: 1, maxLength: 3 }),
  });
  const code = fc.record({
    type: fc.constant('codeBlock'),
    attrs: fc.record({ language: fc.constantFrom(null, 'c++') }),
    content: fc
      .string({ unit: fc.constantFrom('x', ' ', '\n'), minLength: 1, maxLength: 6 })
      .map((text) => [{ type: 'text', text }]),
  });
  const document: fc.Arbitrary<JSONContent> = fc.record({
    type: fc.constant('doc'),
    content: fc.array(fc.oneof(line, line, quote, code), { minLength: 1, maxLength: 5 }),
  });
  /** What each character looks like; a line break looks like nothing. */
  const looks = ({ text, entities }: FormattedText) =>
    Array.from({ length: text.length }, (_, index) => {
      if (text[index] === '\n') return '';
      const over = entities.filter(({ offset, length }) => offset <= index && offset + length > index);
      const isCode = over.some(({ type }) => type === 'code' || type === 'pre');
      return over
        .filter(({ type }) => !isCode || !(styles.includes(type) || type === 'strikethrough'))
        .map(({ offset: _, length: __, ...kind }) => JSON.stringify(kind))
        .sort()
        .join();
    });

  test('what is written gives entities that the API takes, and comes back as it was', () => {
    fc.assert(
      fc.property(document, (written) => {
        const formatted = formattedOf(written);
        expect(faultsOf(formatted.text, formatted.entities)).toEqual([]);
        const again = formattedOf(documentOf(formatted));
        expect(again.text).toBe(formatted.text);
        expect(looks(again)).toEqual(looks(formatted));
        // The server spells it in its own way, and sends it back so.
        const kept = normalised(formatted);
        expect(looks(formattedOf(documentOf(kept)))).toEqual(looks(formatted));
      }),
      { numRuns: 400 },
    );
  });

  const formatted = fc
    .string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '🎉'), minLength: 1, maxLength: 14 })
    .chain((text) => {
      const entity = fc.record({
        type: fc.constantFrom(...entityTypes),
        offset: fc.nat({ max: text.length - 1 }),
        length: fc.integer({ min: 1, max: text.length }),
      });
      return fc.array(entity, { maxLength: 6 }).map((list) =>
        normalised({
          text,
          entities: list.map(
            ({ type, offset, length }): Entity => ({
              type,
              offset,
              length: Math.min(length, text.length - offset),
              ...(type === 'text_link' && { url: 'https://a.example/' }),
              ...(type === 'mention' && { network: 'vk', id: 'id1' }),
              ...(type === 'custom_emoji' && { custom_emoji_id: '5' }),
            }),
          ),
        }),
      );
    })
    .filter(({ text, entities }) => faultsOf(text, entities).length === 0);

  test('whatever a post holds survives being opened: mentions, custom emoji, quotes within a line', () => {
    fc.assert(
      fc.property(formatted, (post) => {
        const again = formattedOf(documentOf(post));
        expect(again.text).toBe(post.text);
        expect(faultsOf(again.text, again.entities)).toEqual([]);
        expect(looks(again)).toEqual(looks(post));
      }),
      { numRuns: 400 },
    );
  });

  test('lines, quotes and code are what they look like', () => {
    const post = {
      text: 'one two\nquoted\nquoted too\nlet x = 1\nlast',
      entities: [
        { type: 'bold', offset: 0, length: 3 },
        { type: 'expandable_blockquote', offset: 8, length: 17 },
        { type: 'pre', offset: 26, length: 9, language: 'js' },
      ] satisfies Entity[],
    };
    const { content } = documentOf(post);
    expect(content?.map(({ type }) => type)).toEqual(['paragraph', 'blockquote', 'codeBlock', 'paragraph']);
    expect(content?.[1]?.attrs).toEqual({ expandable: true });
    expect(content?.[2]).toMatchObject({ attrs: { language: 'js' }, content: [{ text: 'let x = 1' }] });
    expect(formattedOf(documentOf(post))).toEqual(post);
  });
});

describe('what differs', () => {
  const content: Content = { ...emptyContent, text: 'for all', media_ids: ['a'] };

  test('a tab shows what is nearest to it, and takes over the rest', () => {
    const network = written(content, 'vk', { text: 'for VK', entities: [] });
    const both = written(network, 'id-1', { media_ids: [] });
    expect(seenFrom(both, ['id-1', 'vk'])).toMatchObject({ text: 'for VK', media_ids: [] });
    expect(seenFrom(both, ['vk'])).toMatchObject({ text: 'for VK', media_ids: ['a'] });
    expect(seenFrom(both, [])).toMatchObject({ text: 'for all', media_ids: ['a'] });
    expect(reset(reset(both, 'vk', 'text'), 'id-1', 'media_ids')).toEqual(content);
  });

  test('options come and go without a trace, and what is gone is said to the API', () => {
    const silent = withOption(content, 'telegram', 'silent', true);
    expect(silent.overrides).toEqual({ telegram: { options: { silent: true } } });
    expect(withOption(silent, 'telegram', 'silent', undefined)).toEqual(content);
    expect(changeOf(content, ['telegram']).overrides).toEqual({ telegram: null });
  });

  test('a poll and buttons that are not finished are not sent; the right answer stays the right one', () => {
    const poll: Poll = {
      question: 'Which?',
      options: ['', 'one', 'two'],
      multiple: false,
      anonymous: true,
      quiz: { correct: 2, explanation: null },
    };
    const buttons = [
      [
        { text: 'Open', url: 'https://a.example' },
        { text: '', url: '' },
      ],
      [{ text: '', url: '' }],
    ];
    const unfinished = withOption({ ...content, poll }, 'telegram', 'buttons', buttons);
    const ready = readyOf(unfinished);
    expect(ready.poll).toEqual({ ...poll, options: ['one', 'two'], quiz: { correct: 1, explanation: null } });
    expect(ready.overrides).toEqual({ telegram: { options: { buttons: [[buttons[0]?.[0]]] } } });
    expect(readyOf({ ...content, poll: { ...poll, question: ' ' } }).poll).toBeNull();
    expect(readyOf(content)).toBe(content);
  });

  test('a cropped picture takes the place of the whole one everywhere', () => {
    const parts = [{ text: '', entities: [], media_ids: ['b', 'a'], poll: null }];
    const wide = written({ ...content, parts }, 'vk', { media_ids: ['a', 'c'], parts });
    const cropped = replaced(wide, 'a', 'new');
    expect(cropped.media_ids).toEqual(['new']);
    expect(cropped.parts[0]?.media_ids).toEqual(['b', 'new']);
    expect(cropped.overrides.vk?.media_ids).toEqual(['new', 'c']);
    expect(cropped.overrides.vk?.parts?.[0]?.media_ids).toEqual(['b', 'new']);
  });
});

describe('what is taken back', () => {
  test('comes back to its place and leaves alone what came since', () => {
    expect(putBack(['a', 'c', 'd'], 'b', 1)).toEqual(['a', 'b', 'c', 'd']);
    expect(putBack(['b', 'a'], 'b', 1)).toEqual(['b', 'a']);
    const before = written(written(emptyContent, 'vk', { text: 'own', entities: [] }), 'vk', { poll: null });
    const since = written(reset(before, 'vk', 'text'), 'vk', { media_ids: ['new'] });
    expect(differsAgain(since, 'vk', 'text', before).overrides.vk).toEqual({
      text: 'own',
      entities: [],
      poll: null,
      media_ids: ['new'],
    });
    const again = written(since, 'vk', { text: 'newer', entities: [] });
    expect(differsAgain(again, 'vk', 'text', before)).toBe(again);
  });
});

describe('times', () => {
  test('are read in the zone that the communities share, else in the workspace’s', () => {
    expect(zoneOf(['Asia/Omsk', 'Asia/Omsk'], 'UTC')).toBe('Asia/Omsk');
    expect(zoneOf(['Asia/Omsk', 'Europe/Moscow'], 'UTC')).toBe('UTC');
    expect(zoneOf([], 'UTC')).toBe('UTC');
  });

  test('are sent as they were chosen, and not while half of them is typed', () => {
    const at = (local: string) => timeOf({ kind: 'at', local, zone: null }, 'Europe/Moscow');
    expect(at('2030-03-01T10:00')).toEqual({ local_time: '2030-03-01T10:00', timezone: 'Europe/Moscow' });
    expect([at('2030-03-01T'), at('T10:00'), at('2030-02-30T10:00')]).toEqual([{}, {}, {}]);
    expect(timeOf({ kind: 'now' }, 'UTC')).toEqual({ publish_now: true });
    expect(isPast('2020-01-01T00:00', 'UTC')).toBe(true);
    expect(isPast('2120-01-01T00:00', 'UTC')).toBe(false);
  });

  test('of a planned post are shown on the clock that they were chosen on', () => {
    const planned = { status: 'scheduled', scheduled_at: '2030-06-01T07:00:00.000Z' } as const;
    expect(whenOf({ ...planned, local_time: null, timezone: null }, 'Europe/Moscow')).toEqual({
      kind: 'at',
      local: '2030-06-01T10:00',
      zone: 'Europe/Moscow',
    });
    const chosen = { ...planned, local_time: '2030-06-01T13:00:00', timezone: 'Asia/Omsk' };
    expect(whenOf(chosen, 'Europe/Moscow')).toEqual({
      kind: 'at',
      local: '2030-06-01T13:00',
      zone: 'Asia/Omsk',
    });
  });
});

describe('saving as one types', () => {
  interface Text {
    text: string;
  }
  const known = (n: number, status = 'draft'): Known => ({
    id: 'post',
    updated_at: `version ${n}`,
    status,
    overrides: [],
  });
  const offline = () => new ApiError(0, 'offline', 'nobody answers');

  /** A server that keeps what it gets; `fail` makes the next answers fail. */
  function server(start: Known | null = null) {
    const said: string[] = [];
    const states: SaveState['kind'][] = [];
    const failures: (() => Error)[] = [];
    const posts = new Map<string, string>();
    let kept: Kept<Text> | null = null;
    let version = 0;
    const answer = async (what: string): Promise<Known> => {
      said.push(what);
      await Bun.sleep(1);
      const failure = failures.shift();
      if (failure) throw failure();
      version += 1;
      return known(version);
    };
    const autosave = new Autosave<Text>(
      {
        key: () => `key ${posts.size}`,
        create: ({ text }, key) => {
          posts.set(key, text);
          return answer(`create ${text}`);
        },
        update: ({ updated_at }, { text }) => answer(`${text} over ${updated_at}`),
        keep: (next) => {
          kept = next;
        },
        told: ({ kind }) => states.push(kind),
      },
      start,
      { typing: 15, again: 30 },
    );
    return { autosave, said, states, failures, posts, kept: () => kept };
  }

  test('one post is made after a pause, then changed; nothing is kept once the server has it', async () => {
    const { autosave, said, states, kept } = server();
    autosave.change({ text: 'a' });
    autosave.change({ text: 'ab' });
    expect(kept()).toEqual({ content: { text: 'ab' }, base: null, creating: null });
    await until('it was saved', () => states.at(-1) === 'saved');
    expect([said, kept()]).toEqual([['create ab'], null]);
    autosave.change({ text: 'abc' });
    await until('it was saved', () => states.at(-1) === 'saved');
    expect(said).toEqual(['create ab', 'abc over version 1']);
  });

  test('what is typed while a request is under way is sent after it', async () => {
    const { autosave, said, states } = server();
    autosave.change({ text: 'first' });
    await until('it is under way', () => said.length === 1);
    autosave.change({ text: 'second' });
    await until('it was saved', () => states.at(-1) === 'saved' && said.length === 2);
    expect(said).toEqual(['create first', 'second over version 1']);
  });

  test('a creation whose answer was lost is sent again as it was, under its key, before what came since', async () => {
    const { autosave, said, states, failures, posts, kept } = server();
    failures.push(offline);
    autosave.change({ text: 'one' });
    await until('it is told', () => states.at(-1) === 'offline');
    expect(kept()).toEqual({
      content: { text: 'one' },
      base: null,
      creating: { key: 'key 0', content: { text: 'one' } },
    });
    autosave.change({ text: 'two' });
    await until('it was saved', () => states.at(-1) === 'saved');
    expect(said).toEqual(['create one', 'create one', 'two over version 1']);
    expect([...posts]).toEqual([['key 0', 'one']]);
  });

  test('a creation that is still at work when it is sent again is waited for, and is no conflict', async () => {
    const { autosave, said, states, failures, posts } = server();
    failures.push(() => new ApiError(409, 'idempotency_in_progress', 'still running'));
    const content = { text: 'x' };
    autosave.resume({ content, base: null, creating: { key: 'old', content } });
    await until('it was saved', () => states.at(-1) === 'saved');
    expect([said, states.includes('conflict')]).toEqual([['create x', 'create x'], false]);
    expect([...posts.keys()]).toEqual(['old']);
  });

  test('what was kept is taken up again by another visit, with its key', async () => {
    const { autosave, said, states, posts } = server();
    autosave.resume({
      content: { text: 'later' },
      base: null,
      creating: { key: 'old', content: { text: 'sent' } },
    });
    await until('it was saved', () => states.at(-1) === 'saved');
    expect(said).toEqual(['create sent', 'later over version 1']);
    expect([...posts.keys()]).toEqual(['old']);
  });

  test('somebody else’s change is never written over', async () => {
    const { autosave, said, states, failures, kept } = server(known(7));
    failures.push(() => new ApiError(409, 'conflict', 'changed'));
    autosave.change({ text: 'mine' });
    await until('it is told', () => states.at(-1) === 'conflict');
    autosave.change({ text: 'mine still' });
    await Bun.sleep(40);
    expect(said).toEqual(['mine over version 7']);
    expect(kept()?.content).toEqual({ text: 'mine still' });
  });

  test('what is planned waits for a person’s word', async () => {
    const { autosave, said, states, kept } = server(known(3, 'scheduled'));
    autosave.change({ text: 'better' });
    await Bun.sleep(40);
    expect([said, states]).toEqual([[], ['local']]);
    expect(kept()).toEqual({ content: { text: 'better' }, base: 'version 3', creating: null });
    const sent = { text: 'better' };
    await autosave.act(sent, async ({ updated_at }) => {
      said.push(`act on ${updated_at}`);
      return { known: known(4, 'scheduled'), sent };
    });
    expect([said, kept(), states.at(-1)]).toEqual([['act on version 3'], null, 'saved']);
  });

  test('what is written while a wish is under way stays', async () => {
    const { autosave, states, kept } = server(known(3, 'scheduled'));
    const sent = { text: 'better' };
    await autosave.act(sent, async () => {
      autosave.change({ text: 'better still' });
      return { known: known(4, 'scheduled'), sent };
    });
    expect(kept()).toEqual({ content: { text: 'better still' }, base: 'version 4', creating: null });
    expect(states.at(-1)).toBe('local');
  });

  test('says whether the server has it all, and is given up only when the server has heard of it', async () => {
    const { autosave, said, failures, kept } = server();
    failures.push(offline);
    autosave.change({ text: 'one' });
    expect(await autosave.flush()).toBe(false);
    // Nobody knows whether that made a post: it is not given up without an answer.
    failures.push(offline);
    const gone = () => autosave.drop(async ({ id }) => said.push(`delete ${id}`));
    expect(await gone().catch((error) => error.code)).toBe('offline');
    expect(kept()?.content).toEqual({ text: 'one' });
    expect(await autosave.flush()).toBe(true);
    await gone();
    expect([said.at(-1), kept()]).toEqual(['delete post', null]);
  });

  test('two who want to save at once do it one after the other', async () => {
    const { autosave, said } = server();
    autosave.change({ text: 'one' });
    const first = autosave.flush();
    autosave.change({ text: 'two' });
    await Promise.all([first, autosave.flush(), autosave.flush()]);
    expect(said).toEqual(['create one', 'two over version 1']);
  });

  test('a wish for a new post makes a draft first, and fails with what the server said', async () => {
    const { autosave, said, failures, kept } = server();
    failures.push(() => new ApiError(422, 'invalid', 'no'));
    const sent = { text: 'now' };
    const wish = () =>
      autosave.act(sent, async ({ id }) => {
        said.push(`publish ${id}`);
        return { known: known(9, 'publishing'), sent };
      });
    expect(await wish().catch((error) => error.code)).toBe('invalid');
    expect([said, kept()?.content]).toEqual([['create now'], { text: 'now' }]);
    await wish();
    expect([said, kept()]).toEqual([['create now', 'create now', 'publish post'], null]);
  });
});

describe('what is asked for', () => {
  test('has its key for as long as it is the same and not answered; what was refused is asked for anew', async () => {
    const sent: string[] = [];
    const answers: (Error | null)[] = [];
    let kept: Wish<string> | null = null;
    let keys = 0;
    const press = (body: string) =>
      sendOnce(body, kept, {
        key: () => `key ${keys++}`,
        keep: (wish) => {
          kept = wish;
        },
        async send(body, key) {
          sent.push(`${body} ${key}`);
          const failure = answers.shift();
          if (failure) throw failure;
          return 'done';
        },
      }).catch((error) => error.code);
    answers.push(
      new ApiError(0, 'offline', 'lost'),
      new ApiError(503, 'unavailable', 'later'),
      new ApiError(409, 'idempotency_in_progress', 'still running'),
      new ApiError(422, 'invalid', 'no'),
      null,
    );
    const said = [];
    for (const body of ['a', 'a', 'a', 'a', 'a', 'b']) said.push(await press(body));
    expect(said).toEqual(['offline', 'unavailable', 'idempotency_in_progress', 'invalid', 'done', 'done']);
    expect(sent).toEqual(['a key 0', 'a key 0', 'a key 0', 'a key 0', 'a key 1', 'b key 2']);
  });
});

describe('an album', () => {
  const shape = fc.double({ min: 0.3, max: 4, noNaN: true });

  test('covers its whole without gaps, whatever the shapes of its pictures', () => {
    fc.assert(
      fc.property(fc.array(shape, { minLength: 2, maxLength: 10 }), (ratios) => {
        const { ratio, tiles } = albumOf(ratios);
        const near = (value: number, wanted: number) => Math.abs(value - wanted) < 1e-6;
        const area = tiles.reduce((sum, { width, height }) => sum + width * height, 0);
        const inside = tiles.every(
          ({ left, top, width, height }) =>
            width > 0 && height > 0 && left + width < 100 + 1e-6 && top + height < 100 + 1e-6,
        );
        expect([tiles.length, ratio > 0, inside, near(area, 10_000)]).toEqual([
          ratios.length,
          true,
          true,
          true,
        ]);
      }),
    );
  });

  test('has a wide first picture above the others and a tall one beside them', () => {
    const places = (ratios: number[]) => albumOf(ratios).tiles.map(({ left, top }) => [left > 0, top > 0]);
    expect(places([1.8, 0.7, 1])).toEqual([
      [false, false],
      [false, true],
      [true, true],
    ]);
    expect(places([0.6, 1.2, 1])).toEqual([
      [false, false],
      [true, false],
      [true, true],
    ]);
  });
});

describe('uploads', () => {
  const file = (name: string) => new File(['x'], name);

  /** Uploads that end when they are told to. */
  function queue(most: number) {
    const under = new Map<string, PromiseWithResolvers<string>>();
    const aborted: string[] = [];
    const arrived: string[] = [];
    const uploads = new UploadQueue<string>(
      ({ file: { name } }, progress, signal) => {
        const answer = Promise.withResolvers<string>();
        under.set(name, answer);
        progress(0.5);
        signal.addEventListener('abort', () => aborted.push(name));
        return answer.promise;
      },
      ({ place }, medium) => arrived.push(`${place}: ${medium}`),
      most,
    );
    const shown = () => uploads.all().map(({ file: { name }, state }) => `${name} ${state}`);
    return { uploads, under, aborted, arrived, shown };
  }

  test('run a few at a time and are handed on in the order of their place', async () => {
    const { uploads, under, arrived, shown } = queue(2);
    uploads.add([file('a'), file('b'), file('c')], 'post');
    expect(shown()).toEqual(['a sending', 'b sending', 'c waiting']);
    expect(uploads.all()[0]?.progress).toBe(0.5);
    under.get('b')?.resolve('b');
    await until('the next began', () => under.has('c'));
    expect([shown(), arrived]).toEqual([['a sending', 'b arrived', 'c sending'], []]);
    under.get('a')?.resolve('a');
    await until('both are there', () => arrived.length === 2);
    expect([arrived, shown()]).toEqual([['post: a', 'post: b'], ['c sending']]);
  });

  test('one that fails holds nobody up and can be tried again; one that is given up is stopped', async () => {
    const { uploads, under, aborted, arrived, shown } = queue(3);
    uploads.add([file('bad'), file('slow'), file('good')], 'post');
    under.get('bad')?.reject(new Error('refused'));
    under.get('good')?.resolve('good');
    await until('it failed', () => shown()[0] === 'bad failed');
    uploads.cancel(uploads.all().find((one) => one.file.name === 'slow')?.id ?? 0);
    await until('the good one is there', () => arrived.length === 1);
    expect([aborted, shown()]).toEqual([['slow'], ['bad failed']]);
    uploads.retry(uploads.all()[0]?.id ?? 0);
    under.get('bad')?.resolve('bad after all');
    await until('it is there', () => arrived.length === 2);
    expect(arrived).toEqual(['post: good', 'post: bad after all']);
  });
});

import type { InferRequestType, InferResponseType } from 'hono/client';
import type { client } from '../api.ts';

export type Post = InferResponseType<(typeof client.v1.posts)[':id']['$get'], 200>;
export type Entity = Post['entities'][number];
export type Poll = NonNullable<Post['poll']>;
export type PostBody = InferRequestType<typeof client.v1.posts.$post>['json'];
export type ChangeBody = InferRequestType<(typeof client.v1.posts)[':id']['$patch']>['json'];

export interface Words {
  text: string;
  entities: Entity[];
}
export interface Part extends Words {
  media_ids: string[];
  poll: Poll | null;
}
export type Options = Record<string, unknown>;
export type Override = Partial<Part> & { parts?: Part[]; options?: Options };

/** What a person writes: the content of a post as the API takes it, and where it goes. */
export interface Content extends Part {
  parts: Part[];
  first_comment: Words | null;
  overrides: Record<string, Override>;
  community_ids: string[];
  time_sensitive: boolean;
}

/** Where a change belongs: to the whole post, or to what differs at a network or in a community. */
export type Tab = 'all' | (string & {});
/** What a tab can have of its own. Text and its formatting are one. */
export type Field = (typeof fields)[number];
export const fields = ['text', 'media_ids', 'poll', 'parts'] as const;

export const emptyPart: Part = { text: '', entities: [], media_ids: [], poll: null };
export const emptyContent: Content = {
  ...emptyPart,
  parts: [],
  first_comment: null,
  overrides: {},
  community_ids: [],
  time_sensitive: false,
};
export const emptyPoll: Poll = {
  question: '',
  options: ['', ''],
  multiple: false,
  anonymous: true,
  quiz: null,
};

export function contentOf(post: Post): Content {
  const { text, entities, media_ids, poll, parts, first_comment, community_ids, time_sensitive } = post;
  const overrides = post.overrides as Content['overrides'];
  return { text, entities, media_ids, poll, parts, first_comment, overrides, community_ids, time_sensitive };
}

/** Whose overrides hold for a tab, the nearest first. */
export function ownersOf(tab: Tab, networkOf: (id: string) => string | undefined): string[] {
  if (tab === 'all') return [];
  const network = networkOf(tab);
  return network === undefined ? [tab] : [tab, network];
}

/** What a tab shows: its own where it differs, else what it takes over. */
export function seenFrom(content: Content, owners: readonly string[]): Part & { parts: Part[] } {
  const { text, entities, media_ids, poll, parts } = content;
  const whole = { text, entities, media_ids, poll, parts };
  for (const owner of owners.toReversed()) {
    const { options: _, ...own } = content.overrides[owner] ?? {};
    Object.assign(whole, own);
  }
  return whole;
}

export function differs(content: Content, tab: Tab, field: Field): boolean {
  return content.overrides[tab]?.[field] !== undefined;
}

/** The content with something else in a tab. */
export function written(content: Content, tab: Tab, change: Partial<Part> & { parts?: Part[] }): Content {
  if (tab === 'all') return { ...content, ...change };
  return withOverride(content, tab, { ...content.overrides[tab], ...change });
}

/** The tab takes a field over again. */
export function reset(content: Content, tab: Tab, field: Field): Content {
  const own = { ...content.overrides[tab] };
  delete own[field];
  if (field === 'text') delete own.entities;
  return withOverride(content, tab, own);
}

/** A field of a tab as it was in `before`, unless it differs again by now. */
export function differsAgain(content: Content, tab: Tab, field: Field, before: Content): Content {
  const { [field]: own, entities } = before.overrides[tab] ?? {};
  if (own === undefined || differs(content, tab, field)) return content;
  return written(content, tab, { [field]: own, ...(field === 'text' && entities && { entities }) });
}

/** A list with something back in its place; the list itself where it is there. */
export function putBack<T>(all: readonly T[], one: T, index: number): T[] {
  return all.includes(one) ? [...all] : all.toSpliced(index, 0, one);
}

/** `undefined` takes an option away. */
export function withOption(content: Content, owner: string, name: string, value: unknown): Content {
  const { options: before, ...own } = content.overrides[owner] ?? {};
  const options = { ...before, [name]: value };
  if (value === undefined) delete options[name];
  return withOverride(content, owner, Object.keys(options).length > 0 ? { ...own, options } : own);
}

function withOverride(content: Content, owner: string, own: Override): Content {
  const overrides = { ...content.overrides, [owner]: own };
  if (Object.keys(own).length === 0) delete overrides[owner];
  return { ...content, overrides };
}

/** Every file that the content names. */
export function filesOf(content: Content): string[] {
  const overrides = Object.values(content.overrides);
  return [content, ...content.parts, ...overrides, ...overrides.flatMap(({ parts }) => parts ?? [])].flatMap(
    ({ media_ids }) => media_ids ?? [],
  );
}

/** One file in the place of another, wherever it stands. */
export function replaced(content: Content, old: string, fresh: string): Content {
  const swap = <T extends { media_ids?: string[] }>(part: T): T =>
    part.media_ids?.includes(old)
      ? { ...part, media_ids: part.media_ids.map((id) => (id === old ? fresh : id)) }
      : part;
  return {
    ...swap(content),
    parts: content.parts.map(swap),
    overrides: Object.fromEntries(
      Object.entries(content.overrides).map(([owner, own]) => [
        owner,
        swap(own.parts ? { ...own, parts: own.parts.map(swap) } : own),
      ]),
    ),
  };
}

/** A poll as the API takes it; null while it has no question or no answer. */
function readyPoll(poll: Poll | null): Poll | null {
  if (poll === null) return null;
  const options = poll.options.filter((option) => option.trim() !== '');
  const right = poll.quiz && poll.options[poll.quiz.correct];
  if (poll.question.trim() === '' || options.length === 0) return null;
  const correct = right ? options.indexOf(right) : -1;
  return { ...poll, options, quiz: poll.quiz && correct >= 0 ? { ...poll.quiz, correct } : null };
}

function readyOptions(options: Options): Options {
  const { buttons, ...rest } = options;
  if (!Array.isArray(buttons)) return options;
  const rows = (buttons as Buttons).map((row) => row.filter(({ text, url }) => text.trim() && url.trim()));
  const full = rows.filter((row) => row.length > 0);
  return full.length > 0 ? { ...rest, buttons: full } : rest;
}

export type Buttons = { text: string; url: string }[][];

/**
 * What of it the API takes while it is written: a poll without a question and a button without an address are not there
 * yet. The same object where nothing is left out.
 */
export function readyOf(content: Content): Content {
  const part = <T extends Partial<Part>>(one: T): T =>
    one.poll ? { ...one, poll: readyPoll(one.poll) } : one;
  const ready: Content = {
    ...part(content),
    parts: content.parts.map(part),
    overrides: Object.fromEntries(
      Object.entries(content.overrides).map(([owner, own]) => [
        owner,
        {
          ...part(own),
          ...(own.parts && { parts: own.parts.map(part) }),
          ...(own.options && { options: readyOptions(own.options) }),
        },
      ]),
    ),
  };
  return same(ready, content) ? content : ready;
}

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The body of an edit: names of `known` that are gone are taken away. */
export function changeOf(content: Content, known: readonly string[]): ChangeBody {
  const gone = known.filter((name) => content.overrides[name] === undefined);
  const overrides = { ...content.overrides, ...Object.fromEntries(gone.map((name) => [name, null])) };
  return { ...content, overrides };
}

export function isEmpty(content: Content): boolean {
  const { community_ids: _, ...rest } = content;
  const { community_ids: __, ...empty } = emptyContent;
  return same(rest, empty);
}

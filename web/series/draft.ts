import type { Content, Post } from '../composer/content.ts';
import { contentOf, readyOf, same } from '../composer/content.ts';
import type { Wish } from '../composer/once.ts';
import { localOf, soon } from '../composer/when.ts';
import type { ChangeBody, Series, SeriesBody } from './queries.ts';
import { type Rule, readRule, textOf, weekdayOn } from './rule.ts';

/** A post of the set while it is written. */
export interface Written {
  /** For the page: new ones have no id. */
  key: string;
  /** null: it is new. */
  id: string | null;
  content: Content;
}

/** How a form begins. */
export interface Start {
  draft: Draft;
  /** null: a new one. */
  series: Series | null;
  /** The post whose content is repeated. */
  source: Post | null;
  /** It was written here before and not saved. */
  restored: boolean;
  /** Where this browser keeps what is written, and what it is a change of. */
  slot: string;
  base: string | null;
  /** What was sent of it before and not answered. */
  wish: Wish<ChangeBody> | null;
}

/** A series while it is written. */
export interface Draft {
  name: string;
  zone: string;
  /** Local day and time of the first one; either may be missing while it is typed. */
  date: string;
  clock: string;
  rule: Rule;
  /** The rule in its own words; null: it is chosen. */
  own: string | null;
  /** The last local day, empty while it is typed; null: it goes on. */
  ends: string | null;
  skipDates: readonly string[];
  /** Days; empty: none. Counts where several posts take turns. */
  distance: string;
  posts: readonly Written[];
}

export const written = (content: Content, id: string | null = null): Written => ({
  key: id ?? crypto.randomUUID(),
  id,
  content,
});

/** What is there already. */
export function draftOf(series: Series): Draft {
  const rule = readRule(series.rrule);
  return {
    name: series.name,
    zone: series.timezone,
    date: series.starts.slice(0, 10),
    clock: series.starts.slice(11, 16),
    rule: rule ?? { every: 'week', weekdays: [], interval: 1, count: null },
    own: rule ? null : series.rrule,
    ends: series.ends,
    skipDates: series.skip_dates,
    distance: series.min_distance_days === null ? '' : String(series.min_distance_days),
    posts: series.posts.map((post) => written(contentOf(post as unknown as Post), post.id)),
  };
}

/** A new one: weekly, on the day and at the time of the post that it repeats. */
export function newDraft(content: Content, zone: string, like: Post | null): Draft {
  const starts = like?.scheduled_at ? repeated(like, zone) : soon(zone);
  const rule: Rule = { every: 'week', weekdays: [weekdayOn(starts)], interval: 1, count: null };
  const [date = '', clock = ''] = starts.split('T');
  return {
    name: content.text.trim().split('\n')[0]?.slice(0, 60) ?? '',
    zone,
    date,
    clock,
    rule,
    own: null,
    ends: null,
    skipDates: [],
    distance: '',
    posts: [written(content)],
  };
}

/** A week after the post, or as many weeks as lead into the future: the post itself stays what it is. */
function repeated(post: Post, zone: string): string {
  const local = post.local_time?.slice(0, 16) ?? localOf(post.scheduled_at ?? '', zone);
  const at = new Date(`${local}:00Z`);
  do at.setUTCDate(at.getUTCDate() + 7);
  while (at.getTime() < Date.now() + 86_400_000);
  return at.toISOString().slice(0, 16);
}

/** When it fires, as the API takes it; null while it is not complete. */
export function whenOf(draft: Draft) {
  const starts = `${draft.date}T${draft.clock}`;
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(starts) || draft.ends === '') return null;
  return {
    rrule: draft.own ?? textOf(draft.rule),
    starts,
    timezone: draft.zone,
    ends: draft.ends,
    skip_dates: [...draft.skipDates],
  };
}

/**
 * What was written over a series, put onto it as it is now: a post that was taken out of it meanwhile is a new one. null:
 * it is gone.
 */
export function onto(series: Series | null, draft: Draft): Draft {
  const known = new Set(series?.posts.map(({ id }) => id));
  return {
    ...draft,
    posts: draft.posts.map((post) => (post.id === null || known.has(post.id) ? post : { ...post, id: null })),
  };
}

export function bodyOf(draft: Draft, when: NonNullable<ReturnType<typeof whenOf>>): SeriesBody {
  const turns = draft.posts.length > 1 && draft.distance !== '';
  return {
    name: draft.name.trim(),
    ...when,
    min_distance_days: turns ? Number(draft.distance) : null,
    posts: draft.posts.map(({ id, content }) => ({ ...(id && { id }), ...readyOf(content) })),
  };
}

/** Whether two say the same, whatever their posts are called. */
export function saySame(a: Draft, b: Draft): boolean {
  const said = ({ posts, ...rest }: Draft) => ({
    ...rest,
    posts: posts.map(({ content }) => readyOf(content)),
  });
  return same(said(a), said(b));
}

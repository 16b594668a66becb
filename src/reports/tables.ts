import { weekdays } from '../timezone.ts';
import { type CommunityPart, figureNames, type ReportData } from './gather.ts';
import type { Head, Words } from './words.ts';

/** How a column is written: percent is that of a hundred, an instant is ISO 8601, a date `YYYY-MM-DD`. */
export type Kind = 'text' | 'integer' | 'number' | 'percent' | 'milliseconds' | 'date' | 'instant';
export type Cell = string | number | null;

export interface Column {
  key: string;
  word: Head;
  /** The figure that this is something of. */
  of?: Head;
  kind: Kind;
}

/** One question, one table: a row per thing, a column per fact. `word` is what people read, `key` what programs do. */
export interface Table {
  /** The file in a ZIP of CSVs. */
  key: string;
  sheet: keyof Words['sheets'];
  columns: readonly Column[];
  rows: Cell[][];
}

const text = (key: string, word = key as Head) => ({ key, word, kind: 'text' as const });
const integer = (key: string, word = key as Head) => ({ key, word, kind: 'integer' as const });
const percent = (key: string, word = key as Head) => ({ key, word, kind: 'percent' as const });
const place = [text('network'), text('community')];

/** The tables of a report. Without `words` what is chosen from a list stays as the API has it, for programs. */
export function tablesOf(data: ReportData, words: Words | null): Table[] {
  const named = <Key extends string>(of: Readonly<Record<Key, string>> | undefined, key: Key): string =>
    of?.[key] ?? key;
  const network = (name: string) => named(words?.networks, name);
  const of = (one: CommunityPart) => [network(one.network), one.title];
  return [
    {
      key: 'overview',
      sheet: 'summary',
      columns: [
        text('scope'),
        ...place,
        ...figureNames.flatMap((name): Column[] => [
          integer(name),
          { key: `${name}_before`, word: 'previous', of: name, kind: 'integer' },
          { key: `${name}_change`, word: 'change', of: name, kind: 'integer' },
          { key: `${name}_change_percent`, word: 'change_percent', of: name, kind: 'percent' },
        ]),
        text('community_id'),
      ],
      rows: [
        { figures: data.all, cells: [words?.communities ?? 'all', null, null], id: null },
        ...data.communities.map((one) => ({
          figures: one.figures,
          cells: [words?.heads.community ?? 'community', ...of(one)],
          id: one.id,
        })),
      ].map(({ figures, cells, id }) => [
        ...cells,
        ...figureNames.flatMap((name) => {
          const { value, previous, change, change_percent } = figures[name];
          return [value, previous, change, change_percent];
        }),
        id,
      ]),
    },
    {
      key: 'days',
      sheet: 'days',
      columns: [
        ...place,
        { key: 'date', word: 'date', kind: 'date' },
        integer('members'),
        integer('change'),
        integer('joins'),
        integer('leaves'),
        integer('visitors'),
        integer('reach'),
        integer('community_views'),
        integer('posts'),
        integer('post_views'),
        text('timezone'),
        text('community_id'),
      ],
      rows: data.communities.flatMap((one) =>
        one.days.map((day) => [
          ...of(one),
          day.date,
          day.members,
          day.change,
          day.joins,
          day.leaves,
          day.visitors,
          day.reach,
          day.community_views,
          day.posts,
          day.post_views,
          one.timezone,
          one.id,
        ]),
      ),
    },
    {
      key: 'top_posts',
      sheet: 'posts',
      columns: [
        ...place,
        integer('rank'),
        { key: 'published_at', word: 'published', kind: 'instant' },
        text('text'),
        integer('views'),
        integer('reach'),
        integer('reactions'),
        integer('comments'),
        integer('shares'),
        integer('clicks'),
        percent('lift_percent'),
        text('url'),
        text('post_id'),
        text('post_key'),
        text('community_id'),
      ],
      rows: data.communities.flatMap((one) =>
        one.top.posts.map((post, index) => [
          ...of(one),
          index + 1,
          post.published_at,
          post.text,
          post.views,
          post.reach,
          post.reactions,
          post.comments,
          post.shares,
          post.clicks,
          post.lift_percent,
          post.url,
          post.post_id,
          post.post_key,
          one.id,
        ]),
      ),
    },
    {
      key: 'best_times',
      sheet: 'times',
      columns: [
        ...place,
        text('status'),
        text('weekday'),
        integer('hour'),
        percent('lift_percent'),
        percent('from_percent'),
        percent('to_percent'),
        { key: 'p', word: 'p', kind: 'number' },
        integer('posts'),
        integer('usable_posts', 'usable'),
        integer('missing_posts', 'missing'),
        text('measure'),
        integer('back_test_posts'),
        percent('back_test_error_percent', 'back_test_error'),
        percent('back_test_error_without_percent', 'back_test_error_without'),
        text('timezone'),
        text('community_id'),
      ],
      rows: data.communities.map((one) => {
        const { status, best, posts, measure, back_test: test, timezone } = one.bestTimes;
        return [
          ...of(one),
          named(words?.status, status),
          best ? named(words?.weekdays, best.weekday) : null,
          best?.hour ?? null,
          best?.lift_percent ?? null,
          best?.from_percent ?? null,
          best?.to_percent ?? null,
          best?.p ?? null,
          best?.posts ?? null,
          posts.usable,
          posts.missing,
          named(words?.measure, measure),
          test?.posts ?? null,
          test?.error_percent ?? null,
          test?.error_without_percent ?? null,
          timezone,
          one.id,
        ];
      }),
    },
    {
      key: 'hours_of_the_week',
      sheet: 'hours',
      columns: [
        ...place,
        text('weekday'),
        integer('hour'),
        integer('posts'),
        percent('lift_percent'),
        percent('from_percent'),
        percent('to_percent'),
        { key: 'p', word: 'p', kind: 'number' },
        text('reliable'),
        text('community_id'),
      ],
      rows: data.communities.flatMap((one) =>
        one.bestTimes.slots
          .toSorted((a, b) => weekdays.indexOf(a.weekday) - weekdays.indexOf(b.weekday) || a.hour - b.hour)
          .map((slot) => [
            ...of(one),
            named(words?.weekdays, slot.weekday),
            slot.hour,
            slot.posts,
            slot.lift_percent,
            slot.from_percent,
            slot.to_percent,
            slot.p,
            words ? (slot.reliable ? words.yes : words.no) : String(slot.reliable),
            one.id,
          ]),
      ),
    },
    {
      key: 'delivery',
      sheet: 'delivery',
      columns: [
        text('scope'),
        ...place,
        integer('publications'),
        integer('published', 'out'),
        integer('failed'),
        integer('unconfirmed'),
        integer('held'),
        integer('cancelled'),
        integer('waiting'),
        integer('retried'),
        integer('delays_of'),
        { key: 'delay_p50_ms', word: 'p50', kind: 'milliseconds' },
        { key: 'delay_p95_ms', word: 'p95', kind: 'milliseconds' },
        { key: 'delay_p99_ms', word: 'p99', kind: 'milliseconds' },
        text('community_id'),
      ],
      rows: [
        { cells: [words?.allNetworks ?? 'all', null, null], it: data.delivery.all, id: null },
        ...data.delivery.networks.map((one) => ({
          cells: [words?.heads.network ?? 'network', network(one.network), null],
          it: one,
          id: null,
        })),
        ...data.communities.map((one) => ({
          cells: [words?.heads.community ?? 'community', ...of(one)],
          it: one.delivery,
          id: one.id,
        })),
      ].map(({ cells, it, id }) => [
        ...cells,
        it.publications,
        it.published,
        it.failed,
        it.unconfirmed,
        it.held,
        it.cancelled,
        it.waiting,
        it.retried,
        it.delay_ms.publications,
        it.delay_ms.p50,
        it.delay_ms.p95,
        it.delay_ms.p99,
        id,
      ]),
    },
  ];
}

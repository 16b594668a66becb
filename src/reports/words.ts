import type { weekdays } from '../timezone.ts';
import { en } from './words-en.ts';
import { ru } from './words-ru.ts';

export const languages = ['en', 'ru'] as const;
export type Language = (typeof languages)[number];

type Weekday = (typeof weekdays)[number];

/** Everything that a report says, in one language. Numbers come formatted. */
export interface Words {
  locale: string;
  titles: { once: string; week: string; month: string };
  networks: Readonly<Record<string, string>>;
  weekdays: Readonly<Record<Weekday, string>>;
  sheets: {
    summary: string;
    days: string;
    posts: string;
    times: string;
    hours: string;
    delivery: string;
    charts: string;
    about: string;
  };
  /** Heads of tables and names of figures. */
  heads: Readonly<Record<Head, string>>;
  period: (dates: string, zone: string) => string;
  compared: (dates: string) => string;
  made: (at: string) => string;
  page: (number: number, of: number) => string;
  clock: (zone: string) => string;
  before: string;
  noChange: string;
  unknown: string;
  untitled: string;
  overview: string;
  communities: string;
  delivery: string;
  allNetworks: string;
  nothingDue: string;
  delays: (publications: string, p50: string, p95: string, p99: string) => string;
  noDelays: string;
  outcomes: (published: string, due: string, others: string) => string;
  seconds: (value: string) => string;
  minutes: (value: string) => string;
  hours: (value: string) => string;
  membersByDay: string;
  viewsByDay: string;
  viewsByWeek: string;
  postsByDay: string;
  postsByWeek: string;
  nothingKnown: string;
  topPosts: (by: string) => string;
  noPosts: string;
  noText: string;
  bestTimes: string;
  notEnough: (usable: number, missing: number) => string;
  noDifference: (usable: number) => string;
  reliable: (best: {
    weekday: string;
    hour: string;
    lift: string;
    from: string;
    to: string;
    posts: number;
  }) => string;
  basis: (measure: 'views' | 'interactions', days: number) => string;
  backTest: (better: boolean, posts: number) => string;
  legend: { less: string; more: string; none: string; count: string; best: string };
  notes: readonly string[];
  status: Readonly<Record<'not_enough_data' | 'no_reliable_difference' | 'reliable', string>>;
  measure: Readonly<Record<'views' | 'interactions', string>>;
  yes: string;
  no: string;
}

export type Head =
  | 'community'
  | 'network'
  | 'previous'
  | 'change'
  | 'change_percent'
  | 'date'
  | 'timezone'
  | 'members'
  | 'joins'
  | 'leaves'
  | 'visitors'
  | 'reach'
  | 'community_views'
  | 'posts'
  | 'post_views'
  | 'rank'
  | 'published'
  | 'text'
  | 'url'
  | 'views'
  | 'reactions'
  | 'comments'
  | 'shares'
  | 'clicks'
  | 'lift_percent'
  | 'status'
  | 'measure'
  | 'usable'
  | 'missing'
  | 'weekday'
  | 'hour'
  | 'from_percent'
  | 'to_percent'
  | 'p'
  | 'reliable'
  | 'back_test_posts'
  | 'back_test_error'
  | 'back_test_error_without'
  | 'scope'
  | 'publications'
  | 'out'
  | 'failed'
  | 'unconfirmed'
  | 'held'
  | 'cancelled'
  | 'waiting'
  | 'retried'
  | 'delays_of'
  | 'p50'
  | 'p95'
  | 'p99'
  | 'name'
  | 'community_id'
  | 'post_id'
  | 'post_key';

export const words: Readonly<Record<Language, Words>> = { en, ru };

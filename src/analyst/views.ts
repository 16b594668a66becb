/** A column as the page for analysts and `GET /v1/analytics/sql/schema` tell of it. */
export interface ViewColumn {
  name: string;
  /** As ClickHouse writes it. */
  type: string;
  about: string;
  /** What null says; absent where there is none. */
  unknown?: string;
}

export interface View {
  name: string;
  about: string;
  /** Values that are given in the call: `analyst.name(parameter = value)`; none: a plain view. */
  parameters: readonly { name: string; type: string; about: string }[];
  columns: readonly ViewColumn[];
}

const silent = 'the network does not tell it';
const time = "DateTime64(3, 'UTC')";
const community: ViewColumn = {
  name: 'community_id',
  type: 'UUID',
  about: 'The community, as `GET /v1/communities` names it.',
};
const network: ViewColumn = {
  name: 'network',
  type: 'LowCardinality(String)',
  about: '`telegram` or `vk`.',
};
const postKey: ViewColumn = {
  name: 'post_key',
  type: 'String',
  about: 'The network’s id of the post within its community.',
};
const publication: ViewColumn = {
  name: 'publication_id',
  type: 'Nullable(UUID)',
  about: 'The publication of Outpost that it came from.',
  unknown: 'not made by Outpost',
};
const published: ViewColumn = {
  name: 'published_at',
  type: time,
  about: 'When the network published it, in UTC.',
};
const count = (name: string, about: string): ViewColumn => ({
  name,
  type: 'Nullable(Int64)',
  about,
  unknown: silent,
});
const ofPosts = [
  count('views', 'Views of the post until then.'),
  count('reach', 'People who saw it until then.'),
  count('reactions', 'Likes and reactions until then.'),
  count('comments', 'Comments until then.'),
  count('shares', 'Shares and forwards until then.'),
  count('clicks', 'Clicks on its links until then.'),
];
const ofCommunities = (until: string) => [
  count('members', `Members, subscribers or followers at ${until}.`),
  count('reach', `People reached on the network’s day so far, at ${until}.`),
  count('visitors', `Visitors of its page on the network’s day so far, at ${until}.`),
  count('views', `Views on the network’s day so far, at ${until}.`),
  count('joins', `People who came on the network’s day so far, at ${until}.`),
  count('leaves', `People who left on the network’s day so far, at ${until}.`),
];
const ofCommunity = { name: 'community_id', type: 'UUID', about: 'One community.' };
const span = [
  { name: 'from', type: time, about: 'Posts published at or after it.' },
  { name: 'to', type: time, about: 'Posts published before it.' },
];
const figures = {
  name: 'figures',
  type: 'Array(String)',
  about: 'What a post is judged by: `views`, `reactions`, `comments`, `shares`; their sum.',
};
const zone = {
  name: 'zone',
  type: 'String',
  about: 'An IANA time zone, `Europe/Moscow`: its clock is used.',
};

/** What analysts may read, in the order of the page. */
export const views: readonly View[] = [
  {
    name: 'posts_v1',
    about: 'Posts and what they are made of, the last state known; one row for each.',
    parameters: [],
    columns: [
      community,
      network,
      postKey,
      publication,
      published,
      {
        name: 'kind',
        type: 'LowCardinality(String)',
        about: '`text`, `image`, `album`, `video`, `animation`, `audio`, `voice`, `document` or `poll`.',
      },
      { name: 'length', type: 'UInt32', about: 'Length of the text in UTF-16 code units.' },
      { name: 'media', type: 'UInt8', about: 'Number of media.' },
      { name: 'hashtags', type: 'Array(LowCardinality(String))', about: 'Hashtags, without #.' },
      { name: 'links', type: 'UInt8', about: 'Number of links.' },
      {
        name: 'source',
        type: 'LowCardinality(String)',
        about: '`ours`: published by Outpost; `elsewhere`: seen in the community.',
      },
    ],
  },
  {
    name: 'post_snapshots_v1',
    about: 'What posts had at a moment; one row for each reading.',
    parameters: [],
    columns: [
      community,
      postKey,
      publication,
      published,
      { name: 'ts', type: time, about: 'When it was read, in UTC.' },
      { name: 'age_hours', type: 'Float64', about: 'Hours from `published_at` to `ts`.' },
      ...ofPosts,
    ],
  },
  {
    name: 'post_latest_v1',
    about: 'Of each figure of a post the last one that was told; one row for each post.',
    parameters: [],
    columns: [
      community,
      postKey,
      publication,
      published,
      { name: 'ts', type: time, about: 'The last reading, in UTC.' },
      ...ofPosts,
    ],
  },
  {
    name: 'community_snapshots_v1',
    about: 'What communities had at a moment; one row for each reading.',
    parameters: [],
    columns: [
      community,
      network,
      { name: 'ts', type: time, about: 'When it was read, in UTC.' },
      ...ofCommunities('`ts`'),
    ],
  },
  {
    name: 'community_hours_v1',
    about: 'Of each figure of a community the last one told in each hour; kept longer than single readings.',
    parameters: [],
    columns: [
      community,
      { name: 'hour', type: "DateTime('UTC')", about: 'When the hour begins, in UTC.' },
      ...ofCommunities('the last reading of the hour'),
    ],
  },
  {
    name: 'community_days_v1',
    about:
      'The same for days on a clock. The last number of a day is that of the day; days add up, people who came on two of them count twice.',
    parameters: [zone],
    columns: [
      community,
      { name: 'day', type: 'Date', about: 'The day in `zone`.' },
      ...ofCommunities('the last reading of the day'),
    ],
  },
  {
    name: 'publications_v1',
    about: 'The delivery ledger: one row for each change of state of a publication of Outpost.',
    parameters: [],
    columns: [
      { name: 'event_id', type: 'UInt64', about: 'Its number; grows.' },
      { name: 'ts', type: time, about: 'When it happened, in UTC.' },
      community,
      network,
      { name: 'post_id', type: 'UUID', about: 'The post of Outpost.' },
      { name: 'publication_id', type: 'UUID', about: 'The publication of it in this community.' },
      {
        name: 'from_state',
        type: 'LowCardinality(String)',
        about: 'The state before; empty where there was none.',
      },
      {
        name: 'event',
        type: 'LowCardinality(String)',
        about: 'What happened, e.g. `published`, `failed`.',
      },
      { name: 'due_at', type: time, about: 'When it was due, in UTC.' },
      {
        name: 'lag_ms',
        type: 'Int64',
        about: 'Milliseconds from `due_at` to `ts`; negative before the due time.',
      },
    ],
  },
  {
    name: 'post_day_v1',
    about:
      'What each post had at an age of 24 hours, one row for each figure; read on a straight line between the readings on both sides within 18 to 36 hours.',
    parameters: [ofCommunity, ...span],
    columns: [
      published,
      postKey,
      publication,
      { name: 'figure', type: 'String', about: '`views`, `reactions`, `comments` or `shares`.' },
      {
        name: 'value',
        type: 'Nullable(Float64)',
        about: 'What it had.',
        unknown: 'not told, or no readings on both sides of the day',
      },
    ],
  },
  {
    name: 'post_lift_v1',
    about:
      'How far each post went over its community’s own baseline. Posts without all of `figures` are left out.',
    parameters: [ofCommunity, ...span, figures],
    columns: [
      published,
      postKey,
      publication,
      { name: 'response', type: 'Float64', about: 'ln(1 + the sum of `figures` at an age of 24 hours).' },
      {
        name: 'earlier_posts',
        type: 'UInt64',
        about: 'Posts before it that it is compared with, 20 at most.',
      },
      {
        name: 'baseline',
        type: 'Nullable(Float64)',
        about: 'Median response of the 20 posts before it.',
        unknown: 'fewer than 5 posts before it',
      },
      {
        name: 'lift',
        type: 'Nullable(Float64)',
        about: 'response − baseline: 0 is as usual, 0.69 twice as much (`exp(lift)` times).',
        unknown: 'no baseline',
      },
    ],
  },
  {
    name: 'slots_v1',
    about:
      'The hours of the week with posts: plain means of the lifts of their posts. What of that is worth believing `GET /v1/analytics/communities/{id}/best-times` tells.',
    parameters: [ofCommunity, ...span, figures, zone],
    columns: [
      { name: 'weekday', type: 'UInt8', about: '1 is Monday, 7 is Sunday, in `zone`.' },
      { name: 'hour', type: 'UInt8', about: '0 to 23, in `zone`.' },
      { name: 'posts', type: 'UInt64', about: 'Posts in this hour that have a lift.' },
      { name: 'lift', type: 'Float64', about: 'Mean of their lifts: a difference of logarithms.' },
      {
        name: 'lift_stddev',
        type: 'Nullable(Float64)',
        about: 'Standard deviation of their lifts.',
        unknown: 'a single post',
      },
    ],
  },
];

/** What stands where a client writes `system.<name>`. */
export const systemViews: Readonly<Record<string, string>> = {
  databases: 'system_databases_v1',
  tables: 'system_tables_v1',
  columns: 'system_columns_v1',
  settings: 'system_settings_v1',
  functions: 'system_functions_v1',
  data_type_families: 'system_data_type_families_v1',
  one: 'system_one_v1',
};

/** Every view that a question may name. */
export const viewNames: ReadonlySet<string> = new Set([
  ...views.map(({ name }) => name),
  ...Object.values(systemViews),
]);

-- What communities and posts had at a moment: snapshots as the networks gave them. null: the network did not tell.
-- `ts` was written with the row: one that arrives twice has the same key, and merges with itself. Read with FINAL.
create table if not exists raw_community_metrics_v1 (
  ts DateTime64(3, 'UTC') codec (Delta, ZSTD),
  workspace_id UUID,
  community_id UUID,
  network LowCardinality(String),
  members Nullable(Int64) codec (Delta, ZSTD),
  -- Of the day so far, as the network counts days; null where it does not tell.
  reach Nullable(Int64) codec (T64, ZSTD),
  visitors Nullable(Int64) codec (T64, ZSTD),
  views Nullable(Int64) codec (T64, ZSTD),
  joins Nullable(Int64) codec (T64, ZSTD),
  leaves Nullable(Int64) codec (T64, ZSTD)
)
engine = ReplacingMergeTree
partition by toYYYYMM(ts)
order by (workspace_id, community_id, ts);

create table if not exists raw_post_metrics_v1 (
  ts DateTime64(3, 'UTC') codec (Delta, ZSTD),
  workspace_id UUID,
  community_id UUID,
  -- The network's id of the post within its community.
  post_key String,
  -- Zeros: not made by Outpost.
  publication_id UUID,
  published_at DateTime64(3, 'UTC') codec (Delta, ZSTD),
  views Nullable(Int64) codec (T64, ZSTD),
  reach Nullable(Int64) codec (T64, ZSTD),
  reactions Nullable(Int64) codec (T64, ZSTD),
  comments Nullable(Int64) codec (T64, ZSTD),
  shares Nullable(Int64) codec (T64, ZSTD),
  clicks Nullable(Int64) codec (T64, ZSTD)
)
engine = ReplacingMergeTree
partition by toYYYYMM(published_at)
order by (workspace_id, community_id, published_at, post_key, ts);

-- What a post is, for the questions about content. The last row counts.
create table if not exists posts_v1 (
  workspace_id UUID,
  community_id UUID,
  post_key String,
  publication_id UUID,
  published_at DateTime64(3, 'UTC') codec (Delta, ZSTD),
  network LowCardinality(String),
  -- text, image, album, video, animation, audio, voice, document, poll.
  kind LowCardinality(String),
  -- UTF-16 code units.
  length UInt32,
  media UInt8,
  hashtags Array(LowCardinality(String)),
  links UInt8,
  -- ours, elsewhere.
  source LowCardinality(String),
  seen_at DateTime64(3, 'UTC') codec (Delta, ZSTD)
)
engine = ReplacingMergeTree(seen_at)
partition by toYYYYMM(published_at)
order by (workspace_id, community_id, published_at, post_key);

-- What communities had in each hour, which serves every time zone: of each figure the last one that was told. Read with
-- argMaxMerge; rows that arrived twice change nothing. Kept when single figures are not any more.
create table if not exists community_per_hour_v1 (
  workspace_id UUID,
  community_id UUID,
  hour DateTime('UTC') codec (Delta, ZSTD),
  members AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')),
  reach AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')),
  visitors AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')),
  views AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')),
  joins AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')),
  leaves AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC'))
)
engine = AggregatingMergeTree
partition by toYYYYMM(hour)
order by (workspace_id, community_id, hour);

create materialized view if not exists community_per_hour_v1_fill to community_per_hour_v1 as
select workspace_id, community_id, toStartOfHour(ts) as hour,
  argMaxState(members, ts) as members, argMaxState(reach, ts) as reach, argMaxState(visitors, ts) as visitors,
  argMaxState(views, ts) as views, argMaxState(joins, ts) as joins, argMaxState(leaves, ts) as leaves
from raw_community_metrics_v1 group by workspace_id, community_id, hour;

-- Of each figure of a post the last one that was told.
create table if not exists post_latest_v1 (
  workspace_id UUID,
  community_id UUID,
  published_at DateTime64(3, 'UTC') codec (Delta, ZSTD),
  post_key String,
  publication_id SimpleAggregateFunction(max, UUID),
  ts SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
  views AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')),
  reach AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')),
  reactions AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')),
  comments AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')),
  shares AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')),
  clicks AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC'))
)
engine = AggregatingMergeTree
partition by toYYYYMM(published_at)
order by (workspace_id, community_id, published_at, post_key);

create materialized view if not exists post_latest_v1_fill to post_latest_v1 as
select workspace_id, community_id, published_at, post_key, max(publication_id) as publication_id, max(ts) as ts,
  argMaxState(views, raw.ts) as views, argMaxState(reach, raw.ts) as reach, argMaxState(reactions, raw.ts) as reactions,
  argMaxState(comments, raw.ts) as comments, argMaxState(shares, raw.ts) as shares, argMaxState(clicks, raw.ts) as clicks
from raw_post_metrics_v1 as raw group by workspace_id, community_id, published_at, post_key;

-- The latest figures of posts, by partitions of a year as the other rollups are: a question about half a year opens one
-- part where it opened seven. Columns, types and meaning stay. Every statement bears a second run: states merge with themselves.
-- Built under a name of its own: what a run that was killed leaves behind is dropped by the next.
drop table if exists post_latest_v1_next sync;

create table post_latest_v1_next (
  workspace_id UUID,
  community_id UUID,
  published_at DateTime64(3, 'UTC') codec (Delta, ZSTD),
  post_key String codec (ZSTD),
  publication_id SimpleAggregateFunction(max, UUID) codec (ZSTD),
  ts SimpleAggregateFunction(max, DateTime64(3, 'UTC')) codec (Delta, ZSTD),
  views AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  reach AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  reactions AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  comments AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  shares AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  clicks AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD)
)
engine = AggregatingMergeTree
partition by toYear(published_at)
order by (workspace_id, community_id, published_at, post_key)
-- Small blocks: a question takes a few hundred rows of millions.
settings index_granularity = 256, min_compress_block_size = 8192;

insert into post_latest_v1_next
select workspace_id, community_id, published_at, post_key, publication_id, ts,
  views, reach, reactions, comments, shares, clicks
from post_latest_v1;

exchange tables post_latest_v1 and post_latest_v1_next;

drop table post_latest_v1_next sync;

-- What another process put into the old one while it was copied.
insert into post_latest_v1
select workspace_id, community_id, published_at, post_key, max(publication_id) as publication_id, max(raw.ts) as ts,
  argMaxState(views, raw.ts) as views, argMaxState(reach, raw.ts) as reach, argMaxState(reactions, raw.ts) as reactions,
  argMaxState(comments, raw.ts) as comments, argMaxState(shares, raw.ts) as shares, argMaxState(clicks, raw.ts) as clicks
from raw_post_metrics_v1 as raw where raw.ts >= now() - toIntervalHour(6)
group by workspace_id, community_id, published_at, post_key;

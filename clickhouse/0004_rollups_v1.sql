-- What is kept when single figures are not any more. Partitions of a year: a question over a year that reads thirteen
-- parts spends most of its time in opening them. Every statement bears a second run: states merge with themselves.

-- As it was, but for its partitions and the finer index: a day of twenty communities is read in as many places.
create or replace table community_per_hour_v1 (
  workspace_id UUID,
  community_id UUID,
  hour DateTime('UTC') codec (Delta, ZSTD),
  members AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  reach AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  visitors AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  views AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  joins AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  leaves AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD)
)
engine = AggregatingMergeTree
partition by toYear(hour)
order by (workspace_id, community_id, hour)
settings index_granularity = 256
as select workspace_id, community_id, hour, members, reach, visitors, views, joins, leaves from community_per_hour_v1;

-- What another process put into the old one while it was copied.
insert into community_per_hour_v1
select workspace_id, community_id, toStartOfHour(ts) as hour,
  argMaxState(members, ts) as members, argMaxState(reach, ts) as reach, argMaxState(visitors, ts) as visitors,
  argMaxState(views, ts) as views, argMaxState(joins, ts) as joins, argMaxState(leaves, ts) as leaves
from raw_community_metrics_v1 where ts >= now() - toIntervalHour(6) group by workspace_id, community_id, hour;

-- What communities had on each day of UTC: for clocks whose days are these, and for what was last known before a time.
create table if not exists community_per_day_v1 (
  workspace_id UUID,
  community_id UUID,
  day Date codec (Delta, ZSTD),
  members AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  reach AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  visitors AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  views AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  joins AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD),
  leaves AggregateFunction(argMax, Nullable(Int64), DateTime64(3, 'UTC')) codec (ZSTD)
)
engine = AggregatingMergeTree
partition by toYear(day)
order by (workspace_id, community_id, day)
settings index_granularity = 1024;

create materialized view if not exists community_per_day_v1_fill to community_per_day_v1 as
select workspace_id, community_id, toDate(ts) as day,
  argMaxState(members, ts) as members, argMaxState(reach, ts) as reach, argMaxState(visitors, ts) as visitors,
  argMaxState(views, ts) as views, argMaxState(joins, ts) as joins, argMaxState(leaves, ts) as leaves
from raw_community_metrics_v1 group by workspace_id, community_id, day;

insert into community_per_day_v1
select workspace_id, community_id, toDate(hour) as day, members, reach, visitors, views, joins, leaves
from community_per_hour_v1;

-- What a post had on each day of UTC: of each figure the most that was told, which is the last but for what was taken back
-- on the same day.
create table if not exists post_per_day_v1 (
  workspace_id UUID,
  community_id UUID,
  published_at DateTime64(3, 'UTC') codec (Delta, ZSTD),
  post_key String codec (ZSTD),
  day Date codec (Delta, ZSTD),
  views SimpleAggregateFunction(max, Nullable(Int64)) codec (T64, ZSTD),
  reach SimpleAggregateFunction(max, Nullable(Int64)) codec (T64, ZSTD),
  reactions SimpleAggregateFunction(max, Nullable(Int64)) codec (T64, ZSTD),
  comments SimpleAggregateFunction(max, Nullable(Int64)) codec (T64, ZSTD),
  shares SimpleAggregateFunction(max, Nullable(Int64)) codec (T64, ZSTD),
  clicks SimpleAggregateFunction(max, Nullable(Int64)) codec (T64, ZSTD)
)
engine = AggregatingMergeTree
partition by toYear(published_at)
order by (workspace_id, community_id, published_at, post_key, day)
settings index_granularity = 1024;

create materialized view if not exists post_per_day_v1_fill to post_per_day_v1 as
select workspace_id, community_id, published_at, post_key, toDate(ts) as day, views, reach, reactions, comments, shares, clicks
from raw_post_metrics_v1;

insert into post_per_day_v1
select workspace_id, community_id, published_at, post_key, toDate(ts) as day, views, reach, reactions, comments, shares, clicks
from raw_post_metrics_v1;

-- Of each figure the two snapshots around the 24th hour of a post: its age in milliseconds, and what was told then.
-- before: the last one from 18 to 24 hours, (0, 0) for none; after: the first one from 24 to 36 hours, (4294967295, 0)
-- for none. What was not told in these hours is not here.
create table if not exists post_at_24h_v1 (
  workspace_id UUID,
  community_id UUID,
  published_at DateTime64(3, 'UTC') codec (Delta, ZSTD),
  post_key String codec (ZSTD),
  -- views, reactions, comments, shares.
  figure LowCardinality(String),
  publication_id SimpleAggregateFunction(max, UUID) codec (ZSTD),
  before SimpleAggregateFunction(max, Tuple(age UInt32, value Int64)) codec (ZSTD),
  after SimpleAggregateFunction(min, Tuple(age UInt32, value Int64)) codec (ZSTD)
)
engine = AggregatingMergeTree
partition by toYear(published_at)
order by (workspace_id, community_id, published_at, post_key, figure)
settings index_granularity = 1024;

create materialized view if not exists post_at_24h_v1_fill to post_at_24h_v1 as
select workspace_id, community_id, published_at, post_key, figure, publication_id,
  if(age <= 24 * 3600000, (age, value), (0, 0)) as before,
  if(age >= 24 * 3600000, (age, value), (4294967295, 0)) as after
from (
  select workspace_id, community_id, published_at, post_key, figure, publication_id,
    dateDiff('millisecond', published_at, ts) as age, assumeNotNull(told) as value
  from raw_post_metrics_v1
  array join ['views', 'reactions', 'comments', 'shares'] as figure, [views, reactions, comments, shares] as told
  where age between 18 * 3600000 and 36 * 3600000 and isNotNull(told)
);

insert into post_at_24h_v1
select workspace_id, community_id, published_at, post_key, figure, publication_id,
  if(age <= 24 * 3600000, (age, value), (0, 0)) as before,
  if(age >= 24 * 3600000, (age, value), (4294967295, 0)) as after
from (
  select workspace_id, community_id, published_at, post_key, figure, publication_id,
    dateDiff('millisecond', published_at, ts) as age, assumeNotNull(told) as value
  from raw_post_metrics_v1
  array join ['views', 'reactions', 'comments', 'shares'] as figure, [views, reactions, comments, shares] as told
  where age between 18 * 3600000 and 36 * 3600000 and isNotNull(told)
);

-- What each post published in [from, to) had at an age of 24 hours, one row for each figure that was told around then.
-- Read on a straight line between the snapshots on both sides within 18 to 36 hours; a single one within half an hour
-- of 24 hours stands for itself. value: null when there are none.
create view if not exists post_day_v2 as
with 24 * 3600000 as day, 1800000 as near
select published_at, post_key, publication_id, figure,
  multiIf(
    earlier.1 > 0 and later.1 < 4294967295 and earlier.1 < later.1,
      earlier.2 + (later.2 - earlier.2) * (day - earlier.1) / (later.1 - earlier.1),
    later.1 <= day + near, toFloat64(later.2),
    earlier.1 >= day - near, toFloat64(earlier.2),
    null) as value
from (
  select published_at, post_key, max(publication_id) as publication_id, figure, max(before) as earlier, min(after) as later
  from post_at_24h_v1
  where workspace_id = {workspace_id:UUID} and community_id = {community_id:UUID}
    and published_at >= {from:DateTime64(3, 'UTC')} and published_at < {to:DateTime64(3, 'UTC')}
  group by published_at, post_key, figure
);

-- How far each post went over its community's own baseline. response: ln(1 + the sum of `figures` at 24 hours);
-- baseline: the median of the 20 posts before it, null with fewer than 5; lift: their difference, 0 is as usual.
-- Posts without all of `figures` are left out.
create view if not exists post_lift_v2 as
select published_at, post_key, publication_id, response,
  count() over earlier as earlier_posts,
  if(earlier_posts >= 5, median(response) over earlier, null) as baseline,
  response - baseline as lift
from (
  select published_at, post_key, max(publication_id) as publication_id, log(1 + sum(assumeNotNull(value))) as response
  from post_day_v2(workspace_id = {workspace_id:UUID}, community_id = {community_id:UUID},
    from = {from:DateTime64(3, 'UTC')}, to = {to:DateTime64(3, 'UTC')})
  where has({figures:Array(String)}, figure)
  group by published_at, post_key
  having count(value) = length({figures:Array(String)})
)
window earlier as (order by published_at, post_key rows between 20 preceding and 1 preceding);

-- They read single figures, which are gone after a while.
drop view if exists post_lift_v1;
drop view if exists post_day_v1;

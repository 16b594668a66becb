-- Where every community stands: its last 7, 30 and 90 days (`days`) and as many before those, for setting it beside
-- others without reading what each of them ever had. Made anew by the view below, four times an hour.
create table if not exists community_standing_v1 (
  workspace_id UUID,
  days UInt8,
  community_id UUID,
  network LowCardinality(String),
  -- The moment at which the period ends.
  as_of DateTime64(3, 'UTC'),
  -- The last number known at the end of the period, at its begin, and at the begin of the one before. null: nobody
  -- looked in the month before that.
  members Nullable(Int64),
  members_before Nullable(Int64),
  members_earlier Nullable(Int64),
  -- Published in the period, and in the one before.
  posts UInt32,
  posts_before UInt32,
  -- Medians over those posts at an age of 24 hours. null: none was told of.
  views Nullable(Float64),
  views_before Nullable(Float64),
  -- Reactions, comments and shares together, as far as the network tells them.
  interactions Nullable(Float64),
  interactions_before Nullable(Float64),
  -- Interactions by 100 views, of the posts of which both are known.
  interaction_percent Nullable(Float64),
  interaction_percent_before Nullable(Float64),
  -- What size does not make: of the members at the end of each period. null: something of it is unknown, or zero.
  growth_percent Nullable(Float64) materialized 100 * (members - members_before) / nullIf(members_before, 0),
  growth_percent_before Nullable(Float64)
    materialized 100 * (members_before - members_earlier) / nullIf(members_earlier, 0),
  views_per_1000 Nullable(Float64) materialized 1000 * views / nullIf(members, 0),
  views_per_1000_before Nullable(Float64) materialized 1000 * views_before / nullIf(members_before, 0),
  interactions_per_1000 Nullable(Float64) materialized 1000 * interactions / nullIf(members, 0),
  interactions_per_1000_before Nullable(Float64)
    materialized 1000 * interactions_before / nullIf(members_before, 0)
)
engine = ReplacingMergeTree(as_of)
partition by days
order by (workspace_id, days, community_id);

create materialized view if not exists community_standing_v1_fill refresh every 15 minute offset 7 minute to community_standing_v1 as
with now64(3) as moment
select workspace_id, toUInt8(period) as days, community_id, max(told_by) as network, moment as as_of,
  max(at_end) as members, max(at_begin) as members_before, max(at_earlier) as members_earlier,
  toUInt32(max(of_new)) as posts, toUInt32(max(of_old)) as posts_before,
  max(new_views) as views, max(old_views) as views_before,
  max(new_interactions) as interactions, max(old_interactions) as interactions_before,
  max(new_percent) as interaction_percent, max(old_percent) as interaction_percent_before
from (
  select workspace_id, community_id, span.1 as period, '' as told_by,
    span.2 as at_end, span.3 as at_begin, span.4 as at_earlier, 0 as of_new, 0 as of_old,
    null as new_views, null as old_views, null as new_interactions, null as old_interactions,
    null as new_percent, null as old_percent
  from (
    select workspace_id, community_id,
      argMaxMergeIf(members, hour >= moment - toIntervalDay(30)) as before_0,
      argMaxMergeIf(members, hour >= moment - toIntervalDay(37) and hour < moment - toIntervalDay(7)) as before_7,
      argMaxMergeIf(members, hour >= moment - toIntervalDay(44) and hour < moment - toIntervalDay(14)) as before_14,
      argMaxMergeIf(members, hour >= moment - toIntervalDay(60) and hour < moment - toIntervalDay(30)) as before_30,
      argMaxMergeIf(members, hour >= moment - toIntervalDay(90) and hour < moment - toIntervalDay(60)) as before_60,
      argMaxMergeIf(members, hour >= moment - toIntervalDay(120) and hour < moment - toIntervalDay(90)) as before_90,
      argMaxMergeIf(members, hour >= moment - toIntervalDay(210) and hour < moment - toIntervalDay(180)) as before_180
    from community_per_hour_v1 where hour >= moment - toIntervalDay(210)
    group by workspace_id, community_id
  )
  array join [(7, before_0, before_7, before_14), (30, before_0, before_30, before_60),
    (90, before_0, before_90, before_180)] as span
  union all
  -- The network stands with what was told; one of a community is as good as any.
  select workspace_id, community_id, period, any(network), null, null, null, 0, 0, null, null, null, null, null, null
  from raw_community_metrics_v1 array join [7, 30, 90] as period
  where ts >= moment - toIntervalDay(30)
  group by workspace_id, community_id, period
  union all
  -- Posts of which no network tells anything are posts all the same.
  select workspace_id, community_id, period, '', null, null, null, uniqIf(post_key, not before), uniqIf(post_key, before),
    null, null, null, null, null, null
  from (
    select workspace_id, community_id, post_key, published_at from posts_v1
    where published_at >= moment - toIntervalDay(180)
    union all
    select workspace_id, community_id, post_key, published_at from post_latest_v1
    where published_at >= moment - toIntervalDay(180)
  )
  array join [7, 30, 90] as period
  where published_at >= moment - toIntervalDay(2 * period) and published_at < moment
    and (published_at < moment - toIntervalDay(period) as before) in (0, 1)
  group by workspace_id, community_id, period
  union all
  select workspace_id, community_id, period, '', null, null, null, 0, 0,
    quantileExactInclusiveIf(0.5)(views, not before), quantileExactInclusiveIf(0.5)(views, before),
    quantileExactInclusiveIf(0.5)(interactions, not before), quantileExactInclusiveIf(0.5)(interactions, before),
    if(views_of_new > 0, 100 * sumIf(interactions, both and not before) / (sumIf(views, both and not before) as views_of_new), null),
    if(views_of_old > 0, 100 * sumIf(interactions, both and before) / (sumIf(views, both and before) as views_of_old), null)
  from (
    select any(told.workspace_id) as workspace_id, any(told.community_id) as community_id,
      any(told.published_at) as published_at,
      sumIf(value, figure = 'views') as views, sumIf(value, figure != 'views') as interactions,
      isNotNull(views) and isNotNull(interactions) as both
    from (
      -- As post_day_v2 reads it, for all communities at once.
      select workspace_id, community_id, published_at, post_key, figure, 24 * 3600000 as day, 1800000 as near,
        multiIf(
          before.1 > 0 and after.1 < 4294967295 and before.1 < after.1,
            before.2 + (after.2 - before.2) * (day - before.1) / (after.1 - before.1),
          after.1 <= day + near, toFloat64(after.2),
          before.1 >= day - near, toFloat64(before.2),
          null) as value
      from post_at_24h_v1 final
      where published_at >= moment - toIntervalDay(180)
    ) as told
    where isNotNull(value)
    -- Half the time and memory of grouping by the long keys themselves.
    group by sipHash64(told.workspace_id, told.community_id, told.published_at, told.post_key)
  )
  array join [7, 30, 90] as period
  where published_at >= moment - toIntervalDay(2 * period)
    and (published_at < moment - toIntervalDay(period) as before) in (0, 1)
  group by workspace_id, community_id, period
)
group by period, workspace_id, community_id
settings max_threads = 1, max_memory_usage = 536870912, max_bytes_before_external_group_by = 268435456;

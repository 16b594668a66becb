-- What analysts may read, in a database of its own. Each view shows the rows of one workspace: the one that the
-- connection carries a pass for. Without a pass, or with one that is not signed, it shows none. Changed meanings get new
-- names (…_v2); docs/analysts.md says what every column is.

-- What passes are signed with, made by Outpost when it first gives one. The least counts.
create table if not exists analyst_secrets_v1 (
  made_at DateTime64(3, 'UTC'),
  secret String
)
engine = MergeTree
order by made_at;

-- The workspace of the connection's pass, «<workspace>.<SHA-256 of workspace and secret>» in the setting log_comment.
-- null: no pass. A setting alone would not do: a subquery may change it, even when the connection is read-only.
create view if not exists analyst_workspace_v1 as
select if(
    secret != '' and lower(hex(SHA256(concat(substring(pass, 1, 36), secret)))) = substring(pass, 38),
    toUUIDOrNull(substring(pass, 1, 36)),
    null) as workspace_id
from (select getSetting('log_comment') as pass, min(secret) as secret from analyst_secrets_v1);

create database if not exists analyst engine = Atomic;

create view if not exists analyst.posts_v1 definer = current_user sql security definer as
select community_id, network, post_key, nullIf(publication_id, toUUIDOrZero('')) as publication_id, published_at,
  kind, length, media, hashtags, links, source
from posts_v1 final
where workspace_id = (select workspace_id from analyst_workspace_v1);

create view if not exists analyst.post_snapshots_v1 definer = current_user sql security definer as
select community_id, post_key, nullIf(publication_id, toUUIDOrZero('')) as publication_id, published_at, ts,
  dateDiff('millisecond', published_at, ts) / 3600000 as age_hours,
  views, reach, reactions, comments, shares, clicks
from raw_post_metrics_v1 final
where workspace_id = (select workspace_id from analyst_workspace_v1);

create view if not exists analyst.post_latest_v1 definer = current_user sql security definer as
select community_id, post_key, nullIf(max(cast(publication_id as UUID)), toUUIDOrZero('')) as publication_id,
  published_at, max(cast(ts as DateTime64(3, 'UTC'))) as ts,
  argMaxMerge(views) as views, argMaxMerge(reach) as reach, argMaxMerge(reactions) as reactions,
  argMaxMerge(comments) as comments, argMaxMerge(shares) as shares, argMaxMerge(clicks) as clicks
from post_latest_v1
where workspace_id = (select workspace_id from analyst_workspace_v1)
group by community_id, published_at, post_key;

create view if not exists analyst.community_snapshots_v1 definer = current_user sql security definer as
select community_id, network, ts, members, reach, visitors, views, joins, leaves
from raw_community_metrics_v1 final
where workspace_id = (select workspace_id from analyst_workspace_v1);

create view if not exists analyst.community_hours_v1 definer = current_user sql security definer as
select community_id, hour,
  argMaxMerge(members) as members, argMaxMerge(reach) as reach, argMaxMerge(visitors) as visitors,
  argMaxMerge(views) as views, argMaxMerge(joins) as joins, argMaxMerge(leaves) as leaves
from community_per_hour_v1
where workspace_id = (select workspace_id from analyst_workspace_v1)
group by community_id, hour;

-- Networks count reach, views and the like from midnight on: the last number of a day is that of the day.
create view if not exists analyst.community_days_v1 definer = current_user sql security definer as
select community_id, toDate(hour, {zone:String}) as day,
  argMaxMerge(members) as members, argMaxMerge(reach) as reach, argMaxMerge(visitors) as visitors,
  argMaxMerge(views) as views, argMaxMerge(joins) as joins, argMaxMerge(leaves) as leaves
from community_per_hour_v1
where workspace_id = (select workspace_id from analyst_workspace_v1)
group by community_id, day;

create view if not exists analyst.publications_v1 definer = current_user sql security definer as
select event_id, ts, community_id, network, post_id, publication_id, from_state, event, due_at, lag_ms
from publication_events_v1 final
where workspace_id = (select workspace_id from analyst_workspace_v1);

-- As post_day_v1 and post_lift_v1 of Outpost itself, which take the workspace from whoever asks.
create view if not exists analyst.post_day_v1 definer = current_user sql security definer as
with
  24 * 3600000 as day,
  maxIf((age, amount), known and age between 18 * 3600000 and day) as earlier,
  minIf((age, amount), known and age between day and 36 * 3600000) as later,
  minIf((abs(age - day), amount), known and abs(age - day) <= 1800000) as nearest
select published_at, post_key, nullIf(max(publication), toUUIDOrZero('')) as publication_id,
  figure,
  multiIf(
    earlier.1 > 0 and later.1 > earlier.1,
      earlier.2 + (later.2 - earlier.2) * (day - earlier.1) / (later.1 - earlier.1),
    earlier.1 > 0 and later.1 > 0, toFloat64(later.2),
    countIf(known and abs(age - day) <= 1800000) > 0, toFloat64(nearest.2),
    null) as value
from (
  select published_at, post_key, publication_id as publication, figure,
    dateDiff('millisecond', published_at, ts) as age, isNotNull(told) as known, ifNull(told, 0) as amount
  from raw_post_metrics_v1
  array join ['views', 'reactions', 'comments', 'shares'] as figure, [views, reactions, comments, shares] as told
  where workspace_id = (select workspace_id from analyst_workspace_v1)
    and community_id = {community_id:UUID}
    and published_at >= {from:DateTime64(3, 'UTC')} and published_at < {to:DateTime64(3, 'UTC')}
)
group by published_at, post_key, figure;

create view if not exists analyst.post_lift_v1 definer = current_user sql security definer as
select published_at, post_key, publication_id, response,
  count() over earlier as earlier_posts,
  if(earlier_posts >= 5, median(response) over earlier, null) as baseline,
  response - baseline as lift
from (
  select published_at, post_key, max(publication_id) as publication_id, log(1 + sum(assumeNotNull(value))) as response
  from analyst.post_day_v1(community_id = {community_id:UUID},
    from = {from:DateTime64(3, 'UTC')}, to = {to:DateTime64(3, 'UTC')})
  where has({figures:Array(String)}, figure)
  group by published_at, post_key
  having count(value) = length({figures:Array(String)})
)
window earlier as (order by published_at, post_key rows between 20 preceding and 1 preceding);

-- The hours of the week of a community, in a zone. Plain means: what is worth believing is another question.
create view if not exists analyst.slots_v1 definer = current_user sql security definer as
select toDayOfWeek(local) as weekday, toHour(local) as hour, count() as posts, avg(of_post) as lift,
  if(posts > 1, stddevSamp(of_post), null) as lift_stddev
from (
  select toTimeZone(published_at, {zone:String}) as local, assumeNotNull(lift) as of_post
  from analyst.post_lift_v1(community_id = {community_id:UUID}, from = {from:DateTime64(3, 'UTC')},
    to = {to:DateTime64(3, 'UTC')}, figures = {figures:Array(String)})
  where isNotNull(lift)
)
group by weekday, hour;

-- What clients ask about the schema: these stand where they write system.databases, and so on.
create view if not exists analyst.system_databases_v1 definer = current_user sql security definer as
select name, engine, '' as data_path, '' as metadata_path, uuid, comment from system.databases where name = 'analyst';

create view if not exists analyst.system_tables_v1 definer = current_user sql security definer as
select database, name, uuid, engine, false as is_temporary, emptyArrayString() as data_paths, '' as metadata_path,
  metadata_modification_time, emptyArrayString() as dependencies_database, emptyArrayString() as dependencies_table,
  '' as create_table_query, engine as engine_full, '' as as_select, '' as partition_key, '' as sorting_key,
  '' as primary_key, '' as sampling_key, '' as storage_policy, cast(null as Nullable(UInt64)) as total_rows,
  cast(null as Nullable(UInt64)) as total_bytes, comment, false as has_own_data
from system.tables where database = 'analyst' and not startsWith(name, 'system_');

create view if not exists analyst.system_columns_v1 definer = current_user sql security definer as
select database, table, name, type, position, '' as default_kind, '' as default_expression,
  toUInt64(0) as data_compressed_bytes, toUInt64(0) as data_uncompressed_bytes, toUInt64(0) as marks_bytes, comment,
  toUInt8(0) as is_in_partition_key, toUInt8(0) as is_in_sorting_key, toUInt8(0) as is_in_primary_key,
  toUInt8(0) as is_in_sampling_key, '' as compression_codec, character_octet_length, numeric_precision,
  numeric_precision_radix, numeric_scale, datetime_precision
from system.columns where database = 'analyst' and not startsWith(table, 'system_');

create view if not exists analyst.system_settings_v1 definer = current_user sql security definer as
select name, value, changed, description, min, max, toUInt8(0) as readonly, type, default from system.settings
where name in ('max_execution_time', 'max_result_rows', 'result_overflow_mode', 'session_timezone',
  'date_time_output_format', 'output_format_json_quote_64bit_integers', 'output_format_json_quote_64bit_floats',
  'output_format_json_quote_decimals', 'output_format_json_quote_denormals',
  'output_format_json_named_tuples_as_objects', 'join_use_nulls', 'extremes');

create view if not exists analyst.system_functions_v1 definer = current_user sql security definer as
select name, is_aggregate, case_insensitive, alias_to, description, 'System' as origin from system.functions;

create view if not exists analyst.system_data_type_families_v1 definer = current_user sql security definer as
select name, case_insensitive, alias_to from system.data_type_families;

create view if not exists analyst.system_one_v1 definer = current_user sql security definer as
select toUInt8(0) as dummy;

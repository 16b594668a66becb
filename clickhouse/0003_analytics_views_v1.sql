-- Questions that an analyst asks with values of his own: select … from post_day_v1(workspace_id = …, community_id = …,
-- from = …, to = …). Posts are compared at equal age, 24 hours, for a post that is out for longer has more of everything.

-- What each post published in [from, to) had at an age of 24 hours, one row for each figure. Read on a straight line
-- between the snapshots on both sides within 18 to 36 hours; a single one within half an hour of 24 hours stands for
-- itself. value: null when there are none, or the network did not tell.
create view if not exists post_day_v1 as
with
  24 * 3600000 as day,
  maxIf((age, amount), known and age between 18 * 3600000 and day) as earlier,
  minIf((age, amount), known and age between day and 36 * 3600000) as later,
  minIf((abs(age - day), amount), known and abs(age - day) <= 1800000) as nearest
select published_at, post_key, max(publication) as publication_id, figure,
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
  where workspace_id = {workspace_id:UUID} and community_id = {community_id:UUID}
    and published_at >= {from:DateTime64(3, 'UTC')} and published_at < {to:DateTime64(3, 'UTC')}
)
group by published_at, post_key, figure;

-- How far each post went over its community's own baseline. response: ln(1 + the sum of `figures` at 24 hours);
-- baseline: the median of the 20 posts before it, null with fewer than 5; lift: their difference, 0 is as usual.
-- Posts without all of `figures` are left out.
create view if not exists post_lift_v1 as
select published_at, post_key, publication_id, response,
  count() over earlier as earlier_posts,
  if(earlier_posts >= 5, median(response) over earlier, null) as baseline,
  response - baseline as lift
from (
  select published_at, post_key, max(publication_id) as publication_id, log(1 + sum(assumeNotNull(value))) as response
  from post_day_v1(workspace_id = {workspace_id:UUID}, community_id = {community_id:UUID},
    from = {from:DateTime64(3, 'UTC')}, to = {to:DateTime64(3, 'UTC')})
  where has({figures:Array(String)}, figure)
  group by published_at, post_key
  having count(value) = length({figures:Array(String)})
)
window earlier as (order by published_at, post_key rows between 20 preceding and 1 preceding);

/** A query that is ready to be run: the page for analysts and the schema browser show it, and a test runs it. */
export interface ReadyQuery {
  name: string;
  title: string;
  sql: string;
  /** Given as `param_<name>`: what it is, with an example. */
  parameters: Readonly<Record<string, string>>;
}

const community = 'id of a community';
const zone = 'IANA time zone, `Europe/Moscow`';
const days = 'how many days back, `30`';

/** Ten questions that are asked of every community. */
export const queries: readonly ReadyQuery[] = [
  {
    name: 'members_by_day',
    title: 'Members at the end of each day, and what changed since the day before',
    parameters: { community, zone, days },
    sql: `select day, members,
  members - lagInFrame(members) over (order by day rows between 1 preceding and current row) as change
from analyst.community_days_v1(zone = {zone:String})
where community_id = {community:UUID} and day >= today() - {days:UInt16} and members is not null
order by day`,
  },
  {
    name: 'top_posts',
    title: 'The posts with the most views',
    parameters: { days },
    sql: `select community_id, post_key, published_at, views, reactions, comments, shares
from analyst.post_latest_v1
where published_at >= now() - interval {days:UInt16} day and views is not null
order by views desc, post_key
limit 20`,
  },
  {
    name: 'kinds',
    title: 'What kinds of posts get: medians, and interactions for 100 views',
    parameters: { community, days },
    sql: `select kind, count() as posts, median(latest.views) as views,
  round(100 * sum(ifNull(reactions, 0) + ifNull(comments, 0) + ifNull(shares, 0)) / sum(latest.views), 2)
    as interactions_percent
from analyst.posts_v1 as post
join analyst.post_latest_v1 as latest
  on latest.community_id = post.community_id and latest.post_key = post.post_key
where post.community_id = {community:UUID} and post.published_at >= now() - interval {days:UInt16} day
  and latest.views is not null
group by kind
order by posts desc, kind`,
  },
  {
    name: 'hashtags',
    title: 'Hashtags of at least three posts',
    parameters: { community, days },
    sql: `select hashtag, count() as posts, median(views) as views
from (
  select post_key, arrayJoin(hashtags) as hashtag
  from analyst.posts_v1
  where community_id = {community:UUID} and published_at >= now() - interval {days:UInt16} day
) as tagged
join (select post_key, views from analyst.post_latest_v1 where community_id = {community:UUID}) as latest
  using (post_key)
group by hashtag
having posts >= 3
order by views desc, hashtag`,
  },
  {
    name: 'lengths',
    title: 'Short texts and long ones',
    parameters: { community, days },
    sql: `select multiIf(length = 0, 'none', length < 200, 'under 200', length < 1000, 'under 1000', 'longer') as text,
  count() as posts, median(views) as views
from analyst.posts_v1 as post
join analyst.post_latest_v1 as latest
  on latest.community_id = post.community_id and latest.post_key = post.post_key
where post.community_id = {community:UUID} and post.published_at >= now() - interval {days:UInt16} day
group by text
order by min(length)`,
  },
  {
    name: 'first_week',
    title: 'How fast views come: the share of a week’s views that is there after so many hours',
    parameters: { community, days },
    sql: `select after_hours, count() as posts, round(100 * avg(at_age / at_week), 1) as percent
from (
  select post_key, arrayJoin([1, 6, 24, 72]) as after_hours,
    maxIf(views, age_hours <= after_hours) as at_age, maxIf(views, age_hours <= 168) as at_week
  from analyst.post_snapshots_v1
  where community_id = {community:UUID} and published_at >= now() - interval {days:UInt16} day
    and published_at < now() - interval 7 day
  group by post_key, after_hours
)
where at_age > 0 and at_week > 0
group by after_hours
order by after_hours`,
  },
  {
    name: 'best_hours',
    title: 'Hours of the week by the lift of their posts, with a rough error of it',
    parameters: { community, zone, days },
    sql: `select weekday, hour, posts, round(100 * (exp(lift) - 1), 1) as lift_percent,
  round(100 * lift_stddev / sqrt(posts), 1) as error_percent
from analyst.slots_v1(community_id = {community:UUID}, from = now() - interval {days:UInt16} day, to = now(),
  figures = ['views'], zone = {zone:String})
where posts >= 3
order by lift desc`,
  },
  {
    name: 'outstanding_posts',
    title: 'Posts that went at least half as far again as usual, and those that stayed that far behind',
    parameters: { community, days },
    sql: `select published_at, post_key, round(exp(lift), 2) as times_usual
from analyst.post_lift_v1(community_id = {community:UUID}, from = now() - interval {days:UInt16} day, to = now(),
  figures = ['views'])
where abs(lift) > log(1.5)
order by lift desc`,
  },
  {
    name: 'punctuality',
    title: 'How punctual publications are: seconds after the due time, and what failed',
    parameters: { days },
    sql: `select toDate(due_at) as day, countIf(event = 'published') as published, countIf(event = 'failed') as failed,
  round(quantileExactIf(0.5)(lag_ms, event = 'published') / 1000, 1) as median_s,
  round(quantileExactIf(0.95)(lag_ms, event = 'published') / 1000, 1) as p95_s
from analyst.publications_v1
where due_at >= now() - interval {days:UInt16} day and event in ('published', 'failed')
group by day
order by day`,
  },
  {
    name: 'weeks',
    title: 'Posts of each week and what they got',
    parameters: { community, zone },
    sql: `select toMonday(toTimeZone(published_at, {zone:String})) as week, count() as posts, sum(views) as views,
  sum(reactions) as reactions, sum(comments) as comments, sum(shares) as shares
from analyst.post_latest_v1
where community_id = {community:UUID} and published_at >= now() - interval 26 week
group by week
order by week`,
  },
];

import { getBenchmark } from '../../src/analytics/benchmark.ts';
import { getBestTimes } from '../../src/analytics/best-times.ts';
import { getGrowth } from '../../src/analytics/growth.ts';
import { liftsOf } from '../../src/analytics/lift.ts';
import { getOverview } from '../../src/analytics/overview.ts';
import { getTopPosts } from '../../src/analytics/top.ts';
import { getTrend } from '../../src/analytics/trends.ts';
import type { Context, Who } from '../../src/context.ts';
import type { Sql } from '../../src/stores/postgres.ts';
import { communityId, now, workspaceId } from './analytics-data.ts';

export interface Question {
  name: string;
  /** Milliseconds that 95 of 100 answers must keep to; null: none was set. */
  goal: number | null;
  ask(ctx: Context, community: number): Promise<unknown>;
  /** The same of PostgreSQL, by a statement alone: without what the product asks besides. */
  askPostgres?(sql: Sql, community: number): Promise<unknown>;
}

const day = 86_400_000;
const zone = 'Europe/Moscow';
const whoOf = (community: number): Who => ({
  kind: 'user',
  userId: communityId(0),
  workspaceId: workspaceId(community),
  keyId: null,
  scopes: new Set(),
});
const ago = (days: number) => new Date(now - days * day);
const to = new Date(now);

const lift = (sql: Sql, community: number, days: number) => sql`
  with sides as (
    select published_at, post_key,
      max(array[extract(epoch from ts - published_at), views]) filter (where ts <= published_at + interval '24 hours') as before,
      min(array[extract(epoch from ts - published_at), views]) filter (where ts >= published_at + interval '24 hours') as after
    from bench.post_metrics
    where workspace_id = ${workspaceId(community)} and community_id = ${communityId(community)}
      and published_at >= ${ago(days + 90)} and published_at < ${to}
      and ts between published_at + interval '18 hours' and published_at + interval '36 hours'
    group by published_at, post_key
  ), responses as (
    select published_at, post_key, row_number() over (order by published_at, post_key) as n,
      ln(1 + before[2] + (after[2] - before[2]) * (86400 - before[1]) / (after[1] - before[1])) as response
    from sides where before[1] < after[1]
  )
  select one.published_at, one.post_key, one.response - (
      select percentile_cont(0.5) within group (order by other.response) from responses other
      where other.n between one.n - 20 and one.n - 1) as lift
  from responses one where one.published_at >= ${ago(days)} order by 1, 2`;

export const questions: readonly Question[] = [
  {
    name: 'heat map: lift of each post, 90 days',
    goal: 30,
    ask: (ctx, community) =>
      liftsOf(ctx, {
        workspaceId: workspaceId(community),
        communityId: communityId(community),
        from: ago(90),
        to,
      }),
    askPostgres: (sql, community) => lift(sql, community, 90),
  },
  {
    name: 'heat map: lift of each post, 180 days',
    goal: 30,
    ask: (ctx, community) =>
      liftsOf(ctx, {
        workspaceId: workspaceId(community),
        communityId: communityId(community),
        from: ago(180),
        to,
      }),
    askPostgres: (sql, community) => lift(sql, community, 180),
  },
  {
    name: 'best times with their permutations, 90 days',
    goal: null,
    ask: (ctx, community) => getBestTimes(ctx, whoOf(community), communityId(community), 90),
  },
  {
    name: 'growth by the day, 365 days',
    goal: 20,
    ask: (ctx, community) =>
      getGrowth(ctx, whoOf(community), communityId(community), { days: 365, grain: 'day', to }),
    askPostgres: (sql, community) => sql`
      select distinct on (1) date_trunc('day', ts at time zone ${zone}) as day, members, joins, leaves, visitors, reach, views
      from bench.community_metrics
      where workspace_id = ${workspaceId(community)} and community_id = ${communityId(community)}
        and ts >= ${ago(365)} and ts < ${to}
      order by 1, ts desc`,
  },
  {
    name: 'views of posts by the day, 90 days',
    goal: null,
    ask: (ctx, community) =>
      getTrend(ctx, whoOf(community), communityId(community), {
        metric: 'views',
        grain: 'day',
        from: ago(90),
        to,
      }),
    askPostgres: (sql, community) => sql`
      select date_trunc('day', published_at at time zone ${zone}) as day, count(*), sum(views)
      from (
        select distinct on (published_at, post_key) published_at, views from bench.post_metrics
        where workspace_id = ${workspaceId(community)} and community_id = ${communityId(community)}
          and published_at >= ${ago(90)} and published_at < ${to}
        order by published_at, post_key, ts desc
      ) as latest
      group by 1`,
  },
  {
    name: 'top 10 posts with their lift, 30 days',
    goal: 10,
    ask: (ctx, community) =>
      getTopPosts(ctx, whoOf(community), communityId(community), {
        metric: 'views',
        days: 30,
        limit: 10,
        to,
      }),
    askPostgres: async (sql, community) =>
      Promise.all([
        sql`
          select * from (
            select distinct on (published_at, post_key) published_at, post_key, views, reach, reactions, comments, shares, clicks
            from bench.post_metrics
            where workspace_id = ${workspaceId(community)} and community_id = ${communityId(community)}
              and published_at >= ${ago(30)} and published_at < ${to}
            order by published_at, post_key, ts desc
          ) as latest
          order by views desc limit 10`,
        lift(sql, community, 30),
      ]),
  },
  {
    name: 'dashboard of a workspace, 30 days and the 30 before',
    goal: 10,
    ask: (ctx, community) => getOverview(ctx, whoOf(community), 30, to),
    askPostgres: async (sql, community) =>
      Promise.all([
        sql`
          select c.id, (
              select members from bench.community_metrics m
              where m.workspace_id = c.workspace_id and m.community_id = c.id and ts < ${to} order by ts desc limit 1),
            (select members from bench.community_metrics m
              where m.workspace_id = c.workspace_id and m.community_id = c.id and ts < ${ago(30)} order by ts desc limit 1)
          from communities c where c.workspace_id = ${workspaceId(community)}`,
        sql`
          select community_id, published_at >= ${ago(30)} as current, count(*), sum(views), sum(reactions), sum(comments),
            sum(shares)
          from (
            select distinct on (community_id, published_at, post_key) * from bench.post_metrics
            where workspace_id = ${workspaceId(community)} and published_at >= ${ago(60)} and published_at < ${to}
              and ts < case when published_at >= ${ago(30)} then ${to}::timestamptz else ${ago(30)}::timestamptz end
            order by community_id, published_at, post_key, ts desc
          ) as latest
          group by 1, 2`,
      ]),
  },
  {
    name: 'benchmark among all communities, counted before',
    goal: 10,
    ask: (ctx, community) => getBenchmark(ctx, whoOf(community), communityId(community)),
    askPostgres: (sql) => sql`
      select percentile_cont(array[0.25, 0.5, 0.75]) within group (order by middle)
      from (
        select community_id, percentile_cont(0.5) within group (order by views) as middle
        from bench.post_metrics
        where published_at >= ${ago(30)} and ts between published_at + interval '22 hours' and published_at + interval '30 hours'
        group by community_id
      ) as communities`,
  },
];

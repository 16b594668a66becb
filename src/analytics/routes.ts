import * as v from 'valibot';
import { IdParams, operation, params, query, routes } from '../http/route.ts';
import { ListQuery } from '../page.ts';
import { readInstant } from '../timezone.ts';
import { Benchmark, getBenchmark } from './benchmark.ts';
import { BestTimes, getBestTimes } from './best-times.ts';
import { Grain } from './bucket.ts';
import { CompareMetric, Comparison, getComparison } from './compare.ts';
import { Content, getContent } from './content.ts';
import { DeliveryDays, getDeliveryDays } from './delivery-days.ts';
import { DeliveryReport, getDelivery } from './delivery-report.ts';
import { Growth, getGrowth } from './growth.ts';
import { getOverview, Overview } from './overview.ts';
import { getPostAnalytics, PostAnalytics } from './snapshots.ts';
import { getTopPosts, TopMetric, TopPosts } from './top.ts';
import { getTrend, Trend, TrendMetric } from './trends.ts';

const tag = 'Analytics';
const scope = 'analytics:read';
const daysMost = 730;

const whole = (name: string, most: number) =>
  v.pipe(
    v.string(),
    v.regex(/^[1-9]\d{0,3}$/, `${name} is a whole number.`),
    v.transform(Number),
    v.maxValue(most, `${name} is ${most} at most.`),
  );
const days = whole('days', daysMost);
const Days = v.strictObject({ days: v.optional(days, '30') });
const GrowthQuery = v.strictObject({ days: v.optional(days, '30'), grain: v.optional(Grain, 'day') });
const Instant = v.pipe(
  v.string(),
  v.check((text) => readInstant(text) !== null, 'must be a time with an offset, as 2026-03-01T00:00:00Z'),
  v.transform((text) => readInstant(text) ?? new Date(0)),
  // Outside of these the engine has no days.
  v.minValue(new Date('2000-01-01T00:00:00Z'), 'must not be before the year 2000'),
  v.maxValue(new Date('2100-01-01T00:00:00Z'), 'must not be after the year 2099'),
);
const TrendQuery = v.strictObject({
  metric: v.optional(TrendMetric, 'views'),
  grain: v.optional(Grain, 'day'),
  from: v.optional(v.pipe(Instant, v.description('Default: 30 days before `to`.'))),
  to: v.optional(v.pipe(Instant, v.description('Default: now.'))),
});
const TopQuery = v.strictObject({
  metric: v.optional(
    v.pipe(TopMetric, v.description('lift: over the community’s own baseline, at an age of 24 hours.')),
    'views',
  ),
  days: v.optional(days, '30'),
  limit: v.optional(whole('limit', 100), '10'),
});
const LearntQuery = v.strictObject({
  days: v.optional(
    v.pipe(v.picklist(['30', '90', '180'], 'days is 30, 90 or 180.'), v.transform(Number)),
    '90',
  ),
});
const CompareQuery = v.strictObject({
  ...ListQuery.entries,
  days: v.optional(v.pipe(v.picklist(['7', '30', '90'], 'days is 7, 30 or 90.'), v.transform(Number)), '30'),
  metric: v.optional(v.pipe(CompareMetric, v.description('What they are ranked by.')), 'views_per_1000'),
});

export const analyticsRoutes = routes()
  .get(
    '/v1/analytics/overview',
    operation({
      id: 'getOverview',
      tag,
      summary: 'Members, posts and what they got, beside the period before',
      scope,
      answers: { 200: Overview },
    }),
    query(Days),
    async (c) => c.json(await getOverview(c.var.ctx, c.var.who, c.req.valid('query').days), 200),
  )
  .get(
    '/v1/analytics/delivery',
    operation({
      id: 'getDelivery',
      tag,
      summary: 'How punctually posts went out, and what became of them, by network',
      scope,
      answers: { 200: DeliveryReport },
    }),
    query(Days),
    async (c) => c.json(await getDelivery(c.var.ctx, c.var.who, c.req.valid('query').days), 200),
  )
  .get(
    '/v1/analytics/delivery/days',
    operation({
      id: 'getDeliveryDays',
      tag,
      summary: 'What became of the posts of each day, by network',
      scope,
      answers: { 200: DeliveryDays },
    }),
    query(Days),
    async (c) => c.json(await getDeliveryDays(c.var.ctx, c.var.who, c.req.valid('query').days), 200),
  )
  .get(
    '/v1/analytics/compare',
    operation({
      id: 'compareCommunities',
      tag,
      summary: 'The communities of the workspace beside each other',
      description:
        'Figures by 1,000 members, at equal age of posts, with ranks and quartiles, and each beside the period before. ' +
        'They are counted four times an hour.',
      scope,
      answers: { 200: Comparison },
    }),
    query(CompareQuery),
    async (c) => c.json(await getComparison(c.var.ctx, c.var.who, c.req.valid('query')), 200),
  )
  .get(
    '/v1/analytics/communities/:id/growth',
    operation({
      id: 'getGrowth',
      tag,
      summary: 'Members of a community over time',
      scope,
      answers: { 200: Growth },
    }),
    params(IdParams),
    query(GrowthQuery),
    async (c) =>
      c.json(await getGrowth(c.var.ctx, c.var.who, c.req.valid('param').id, c.req.valid('query')), 200),
  )
  .get(
    '/v1/analytics/communities/:id/trends',
    operation({
      id: 'getTrend',
      tag,
      summary: 'One figure of a community over time',
      scope,
      answers: { 200: Trend },
    }),
    params(IdParams),
    query(TrendQuery),
    async (c) => {
      const { to = new Date(), ...asked } = c.req.valid('query');
      const from = asked.from ?? new Date(to.getTime() - 30 * 86_400_000);
      const { id } = c.req.valid('param');
      return c.json(await getTrend(c.var.ctx, c.var.who, id, { ...asked, from, to }), 200);
    },
  )
  .get(
    '/v1/analytics/communities/:id/top-posts',
    operation({
      id: 'getTopPosts',
      tag,
      summary: 'The posts of a community that did best',
      scope,
      answers: { 200: TopPosts },
    }),
    params(IdParams),
    query(TopQuery),
    async (c) =>
      c.json(await getTopPosts(c.var.ctx, c.var.who, c.req.valid('param').id, c.req.valid('query')), 200),
  )
  .get(
    '/v1/analytics/communities/:id/best-times',
    operation({
      id: 'getBestTimes',
      tag,
      summary: 'When posts of a community do better than its others',
      description:
        'Each post is compared with the 20 before it, at an age of 24 hours. That no hour makes a reliable difference is ' +
        'an answer too.',
      scope,
      answers: { 200: BestTimes },
    }),
    params(IdParams),
    query(LearntQuery),
    async (c) =>
      c.json(
        await getBestTimes(c.var.ctx, c.var.who, c.req.valid('param').id, c.req.valid('query').days),
        200,
      ),
  )
  .get(
    '/v1/analytics/communities/:id/content',
    operation({
      id: 'getContent',
      tag,
      summary: 'Which kinds of posts do better than the others',
      description:
        'By length, kind of media, hashtag, links and weekday; each post is compared with the 20 before it, at an age ' +
        'of 24 hours, and what the hour of the week explains is taken off. What is found goes along with better ' +
        'figures, and need not be their cause. That nothing makes a reliable difference is an answer too.',
      scope,
      answers: { 200: Content },
    }),
    params(IdParams),
    query(LearntQuery),
    async (c) =>
      c.json(await getContent(c.var.ctx, c.var.who, c.req.valid('param').id, c.req.valid('query').days), 200),
  )
  .get(
    '/v1/analytics/communities/:id/benchmark',
    operation({
      id: 'getBenchmark',
      tag,
      summary: 'Where a community stands among those of its network and size in this installation',
      description:
        'Percentiles over the last 30 days, told only where at least ten other workspaces have such a community: the ' +
        'numbers of others are never told.',
      scope,
      answers: { 200: Benchmark },
    }),
    params(IdParams),
    async (c) => c.json(await getBenchmark(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .get(
    '/v1/analytics/posts/:id',
    operation({
      id: 'getPostAnalytics',
      tag,
      summary: 'What a post got in each community, snapshot by snapshot',
      scope,
      answers: { 200: PostAnalytics },
    }),
    params(IdParams),
    async (c) => c.json(await getPostAnalytics(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  );

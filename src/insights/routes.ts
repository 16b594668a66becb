import * as v from 'valibot';
import { IdParams, operation, params, query, routes } from '../http/route.ts';
import { ListQuery, listOf } from '../page.ts';
import { dismissInsight, Insight, listInsights, restoreInsight } from './insight.ts';

const tag = 'Analytics';
const scope = 'analytics:read';
const InsightsQuery = v.strictObject({
  ...ListQuery.entries,
  community_id: v.optional(v.pipe(v.string(), v.uuid('This is not an id.'))),
});

export const insightRoutes = routes()
  .get(
    '/v1/insights',
    operation({
      id: 'listInsights',
      tag,
      summary: 'What changed, with the numbers it rests on',
      description:
        'Outpost looks once a day, in the morning of the workspace, and tells five things at most: a break in growth, a ' +
        'post far outside of what is usual, an hour that is used and does not work, trouble with deliveries. On most ' +
        'days there is nothing to tell. A finding is told once, not every day.',
      scope,
      answers: { 200: listOf(Insight) },
    }),
    query(InsightsQuery),
    async (c) => c.json(await listInsights(c.var.ctx, c.var.who, c.req.valid('query')), 200),
  )
  .post(
    '/v1/insights/:id/dismiss',
    operation({
      id: 'dismissInsight',
      tag,
      summary: 'Take an insight out of the list',
      scope,
      answers: { 204: null },
    }),
    params(IdParams),
    async (c) => {
      await dismissInsight(c.var.ctx, c.var.who, c.req.valid('param').id);
      return c.body(null, 204);
    },
  )
  .post(
    '/v1/insights/:id/restore',
    operation({
      id: 'restoreInsight',
      tag,
      summary: 'Put a dismissed insight back into the list',
      scope,
      answers: { 204: null },
    }),
    params(IdParams),
    async (c) => {
      await restoreInsight(c.var.ctx, c.var.who, c.req.valid('param').id);
      return c.body(null, 204);
    },
  );

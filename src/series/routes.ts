import { IdParams, jsonBody, operation, params, query, routes } from '../http/route.ts';
import { ListQuery, listOf } from '../page.ts';
import { NewSeries, OccurrenceInput, Series, SeriesChange, SeriesPreview, SeriesRule } from './input.ts';
import {
  changeSeries,
  createSeries,
  deleteSeries,
  getSeries,
  listSeries,
  pauseSeries,
  previewSeries,
  resumeSeries,
  skipOccurrence,
  unskipOccurrence,
} from './series.ts';

const tag = 'Series';

export const seriesRoutes = routes()
  .post(
    '/v1/series',
    operation({
      id: 'createSeries',
      tag,
      summary: 'Publish again and again by a rule',
      description:
        'Each occurrence becomes a post of its own, made up to 60 days ahead: it can be seen, edited and cancelled like ' +
        'any other. The rule fires in local time; a time that the clocks skip moves forward by the gap, one that comes ' +
        'twice is the first. Several posts are an evergreen set: the least recently used goes next. After an outage the ' +
        'last one missed alone is caught up, by the rule for late posts; the ones before it are cancelled or skipped.',
      scope: 'posts:write',
      answers: { 201: Series },
    }),
    jsonBody(NewSeries),
    async (c) => {
      const key = c.req.header('idempotency-key') ?? null;
      return c.json(await createSeries(c.var.ctx, c.var.who, c.req.valid('json'), key), 201);
    },
  )
  .post(
    '/v1/series/preview',
    operation({
      id: 'previewSeries',
      tag,
      summary: 'When a rule would publish',
      description: 'The next occurrences of a rule, as a series with it would have them. Nothing is stored.',
      scope: 'posts:read',
      answers: { 200: SeriesPreview },
    }),
    jsonBody(SeriesRule),
    async (c) => c.json(await previewSeries(c.var.ctx, c.var.who, c.req.valid('json')), 200),
  )
  .get(
    '/v1/series',
    operation({
      id: 'listSeries',
      tag,
      summary: 'List series, newest first',
      scope: 'posts:read',
      answers: { 200: listOf(Series) },
    }),
    query(ListQuery),
    async (c) => c.json(await listSeries(c.var.ctx, c.var.who, c.req.valid('query')), 200),
  )
  .get(
    '/v1/series/:id',
    operation({
      id: 'getSeries',
      tag,
      summary: 'One series, with its next occurrences and its problems',
      scope: 'posts:read',
      answers: { 200: Series },
    }),
    params(IdParams),
    async (c) => c.json(await getSeries(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .patch(
    '/v1/series/:id',
    operation({
      id: 'changeSeries',
      tag,
      summary: 'Change a series',
      description:
        'What is absent stays. Posts that lie ahead follow; those that a person changed stay as they are. `posts` ' +
        'replaces the set: give the `id` of those that it keeps.',
      scope: 'posts:write',
      answers: { 200: Series },
      refusals: ['conflict'],
    }),
    params(IdParams),
    jsonBody(SeriesChange),
    async (c) =>
      c.json(await changeSeries(c.var.ctx, c.var.who, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .delete(
    '/v1/series/:id',
    operation({
      id: 'deleteSeries',
      tag,
      summary: 'End a series',
      description: 'Posts that lie ahead are cancelled, but for those that a person changed. History stays.',
      scope: 'posts:write',
      answers: { 204: null },
    }),
    params(IdParams),
    async (c) => {
      await deleteSeries(c.var.ctx, c.var.who, c.req.valid('param').id);
      return c.body(null, 204);
    },
  )
  .post(
    '/v1/series/:id/pause',
    act(
      'pauseSeries',
      'Stop a series for a while',
      'Posts that lie ahead are taken away until it is resumed.',
    ),
    params(IdParams),
    async (c) => c.json(await pauseSeries(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .post(
    '/v1/series/:id/resume',
    act('resumeSeries', 'Go on with a series', 'What fell into the pause is not caught up.'),
    params(IdParams),
    async (c) => c.json(await resumeSeries(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .post(
    '/v1/series/:id/skip',
    act('skipOccurrence', 'Leave one occurrence out', 'Its post is taken away.', 'wrong_state'),
    params(IdParams),
    jsonBody(OccurrenceInput),
    async (c) => {
      const { occurrence } = c.req.valid('json');
      return c.json(await skipOccurrence(c.var.ctx, c.var.who, c.req.valid('param').id, occurrence), 200);
    },
  )
  .post(
    '/v1/series/:id/unskip',
    act(
      'unskipOccurrence',
      'Take one occurrence in again',
      'Also one whose post could not be made.',
      'wrong_state',
    ),
    params(IdParams),
    jsonBody(OccurrenceInput),
    async (c) => {
      const { occurrence } = c.req.valid('json');
      return c.json(await unskipOccurrence(c.var.ctx, c.var.who, c.req.valid('param').id, occurrence), 200);
    },
  );

function act(id: string, summary: string, description: string, ...refusals: 'wrong_state'[]) {
  return operation({
    id,
    tag,
    summary,
    description,
    scope: 'posts:write',
    answers: { 200: Series },
    refusals,
  });
}

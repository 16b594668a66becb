import * as v from 'valibot';
import { IdParams, operation, params, query, routes } from '../http/route.ts';
import { ListQuery, listOf } from '../page.ts';
import { listObserved, ObservedSchema } from './observed.ts';
import { takePosted } from './webhook.ts';

const AddressParams = v.strictObject({ network: v.string(), path: v.string() });

export const inboundRoutes = routes()
  .get(
    '/v1/communities/:id/observed',
    operation({
      id: 'listObservedPosts',
      tag: 'Communities',
      summary: 'Posts that were seen at a community, newest first',
      description:
        'As the network told of them: those made by hand, and our own where it tells of these. Reactions and comments are what came since the community is connected.',
      scope: 'posts:read',
      answers: { 200: listOf(ObservedSchema) },
    }),
    params(IdParams),
    query(ListQuery),
    async (c) =>
      c.json(await listObserved(c.var.ctx, c.var.who, c.req.valid('param').id, c.req.valid('query')), 200),
  )
  .post(
    '/v1/inbound/:network/:path',
    operation({
      id: 'takeUpdate',
      tag: 'Communities',
      summary: 'Where a network posts what happened',
      description:
        'For networks alone. The address is told to nobody else, and each request must prove that it comes from there.',
      scope: 'public',
      answers: { 200: { files: ['text/plain'] } },
      refusals: ['forbidden', 'not_found', 'unavailable'],
    }),
    params(AddressParams),
    async (c) => {
      const { network, path } = c.req.valid('param');
      const body = await c.req.arrayBuffer();
      const answer = await takePosted(c.var.ctx, { network, path, headers: c.req.raw.headers, body });
      return c.text(answer, 200);
    },
  );

import * as v from 'valibot';
import { IdParams, jsonBody, operation, params, query, routes } from '../http/route.ts';
import { getSlots, Slots, SlotsInput, setSlots } from './slot.ts';

const tag = 'Slots';

const SlotQuery = v.strictObject({
  limit: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^([1-9]|[1-4]\d|50)$/, 'limit is a whole number from 1 to 50.'),
      v.description('How many free ones at most, 1 to 50.'),
      v.transform(Number),
    ),
    '5',
  ),
});

export const slotRoutes = routes()
  .get(
    '/v1/communities/:id/slots',
    operation({
      id: 'getSlots',
      tag,
      summary: 'Weekly slots of a community, and the next free ones',
      description: 'A post is put into the next free slot by `"at": "next_slot"`.',
      scope: 'communities:read',
      answers: { 200: Slots },
    }),
    params(IdParams),
    query(SlotQuery),
    async (c) => {
      const { id } = c.req.valid('param');
      return c.json(await getSlots(c.var.ctx, c.var.who, id, c.req.valid('query').limit), 200);
    },
  )
  .put(
    '/v1/communities/:id/slots',
    operation({
      id: 'setSlots',
      tag,
      summary: 'Replace the weekly slots of a community',
      description: 'Posts that are planned already stay where they are.',
      scope: 'communities:write',
      answers: { 200: Slots },
    }),
    params(IdParams),
    jsonBody(SlotsInput),
    async (c) =>
      c.json(await setSlots(c.var.ctx, c.var.who, c.req.valid('param').id, c.req.valid('json')), 200),
  );

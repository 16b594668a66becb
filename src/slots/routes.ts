import * as v from 'valibot';
import { IdParams, jsonBody, operation, params, query, routes } from '../http/route.ts';
import { getSlots, Slots, SlotsInput, setSlots, Ways } from './slot.ts';

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
  by: v.optional(
    v.pipe(
      Ways,
      v.description(
        'next: weekly slots. best: hours that reliably do better, the best first, then the community’s own slots, or without any the hours at which it usually publishes. experiment: hours that are hardly tested, spread over day and week, in the order in which `"at": "experiment"` takes them.',
      ),
    ),
    'next',
  ),
  days: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^([1-9]|[12]\d|30)$/, 'days is a whole number from 1 to 30.'),
      v.description('How far ahead; default: 7, and for next as far as can be planned.'),
      v.transform(Number),
    ),
  ),
});

export const slotRoutes = routes()
  .get(
    '/v1/communities/:id/slots',
    operation({
      id: 'getSlots',
      tag,
      summary: 'Weekly slots of a community, and free moments with their evidence',
      description:
        'A post is put into the first of these by `"at"`: `next_slot`, `best` or `experiment`. Every proposal says what ' +
        'speaks for its hour, and where nothing does, why. Without ClickHouse the slots are told all the same.',
      scope: 'communities:read',
      answers: { 200: Slots },
    }),
    params(IdParams),
    query(SlotQuery),
    async (c) => {
      const { id } = c.req.valid('param');
      return c.json(await getSlots(c.var.ctx, c.var.who, id, c.req.valid('query')), 200);
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

import * as v from 'valibot';
import { allows } from '../auth/scope.ts';
import { identify } from '../auth/who.ts';
import { operation, query, routes } from '../http/route.ts';
import { changeKinds, presentPlace } from './changes.ts';
import { openStream } from './stream.ts';

const scope = 'posts:read';
const placeMost = 4_000;

/**
 * Stands before the routes of accounts. The dashboard asks who it is before anything else: whatever it reads later is
 * newer than this place, and what changes after that is told from here.
 */
export const placeRoutes = routes().use('/v1/me', async (c, next) => {
  await next();
  if (c.req.method === 'GET' && c.res.ok)
    c.res.headers.set('Outpost-Place', await presentPlace(c.var.ctx.sql));
});

export const liveRoutes = routes().get(
  '/v1/events/stream',
  operation({
    id: 'streamEvents',
    tag: 'Live',
    summary: 'What changes, as server-sent events',
    description:
      `Each \`change\` names a thing: \`{"kind": "posts", "id": "…"}\`. Kinds: ${changeKinds.join(', ')}; changes of ` +
      'publications name their post, those of slots and of figures (`analytics`: some have arrived) their community. `reset`: more has changed than can be told, read everything again. `ready` comes ' +
      'first. Send the last id that came as `Last-Event-ID`, and what changed meanwhile is told; for a day. Before there ' +
      'is one: the header `Outpost-Place` of `GET /v1/me`, and nothing that changes after that answer is missed.',
    scope,
    answers: { 200: { files: ['text/event-stream'] } },
    refusals: ['too_many_requests'],
  }),
  query(
    v.strictObject({
      last_event_id: v.optional(
        v.pipe(
          v.string(),
          v.maxLength(placeMost, 'This is no id of an event.'),
          v.description('For those who cannot send `Last-Event-ID`, which goes before it.'),
        ),
      ),
    }),
  ),
  async (c) => {
    const { ctx, who, closing } = c.var;
    const headers = {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // For nginx: every event at once.
      'X-Accel-Buffering': 'no',
    };
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    const request = c.req.raw;
    const given = c.req.header('last-event-id') || c.req.valid('query').last_event_id;
    const stream = await openStream(ctx, who, {
      since: given ? given.slice(0, placeMost) : null,
      closing,
      async mayGoOn() {
        const now = await identify(ctx, request.headers);
        return now !== null && now.workspaceId === who.workspaceId && allows(now.scopes, scope);
      },
    });
    // Bun would cut what is silent for a minute.
    c.env.timeout?.(request, 0);
    return c.body(stream, 200, headers);
  },
);

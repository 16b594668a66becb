import * as v from 'valibot';
import { IdParams, jsonBody, jsonOrCsvBody, operation, params, query, routes } from '../http/route.ts';
import { ListQuery, listOf } from '../page.ts';
import { decideAct, getAct, planAct } from './act.ts';
import { Calendar, CalendarQuery, getCalendar } from './calendar.ts';
import { CommentInput, Instant, PostChange, PostInput, PreviewInput, readComment } from './input.ts';
import { listPosts } from './list.ts';
import { exportCsv, exportPosts, importPlan, PlanInput, PlanReport } from './plan.ts';
import {
  cancelPost,
  createPost,
  deletePost,
  duplicatePost,
  getPost,
  publishNow,
  updatePost,
} from './post.ts';
import { Preview, previewPost } from './preview.ts';
import {
  cancelPublication,
  confirmPublication,
  declareAbsent,
  discardPublication,
  dismissPublication,
  publicationDetails,
  releasePublication,
  retryPublication,
} from './publication.ts';
import { Act, Post, PostStatus, Publication, PublicationDetail } from './show.ts';

const PostQuery = v.strictObject({
  ...ListQuery.entries,
  status: v.optional(PostStatus),
  community_id: v.optional(v.pipe(v.string(), v.uuid('must be an id'))),
  from: v.optional(v.pipe(Instant, v.description('Scheduled at or after this time.'))),
  to: v.optional(v.pipe(Instant, v.description('Scheduled before this time.'))),
  needs_attention: v.optional(
    v.pipe(
      v.picklist(['true', 'false'], 'must be true or false'),
      v.description('Only posts of which something waits for a person: unconfirmed, failed or held.'),
      v.transform((text) => text === 'true'),
    ),
  ),
  q: v.optional(v.pipe(v.string(), v.maxLength(200), v.description('Searched in the text.'))),
  media_id: v.optional(
    v.pipe(v.string(), v.uuid('must be an id'), v.description('Only posts that use this file, in any part.')),
  ),
});

const tag = 'Posts';
const acts = 'Publications';

export const postRoutes = routes()
  .post(
    '/v1/posts',
    operation({
      id: 'createPost',
      tag,
      summary: 'Schedule a post, publish it now, or keep a draft',
      description:
        'Give `scheduled_at`, or `local_time` with a `timezone`, or `at` (`next_slot`, `best`, `experiment`), or ' +
        '`publish_now`; with none of them it is a draft. ' +
        'A post that a network would refuse is refused here, with what to do.',
      scope: 'posts:write',
      answers: { 201: Post },
    }),
    jsonBody(PostInput),
    async (c) => c.json(await createPost(c.var.ctx, c.var.who, c.req.valid('json'), keyOf(c)), 201),
  )
  .post(
    '/v1/posts/preview',
    operation({
      id: 'previewPost',
      tag,
      summary: 'The exact request that each network would get',
      description:
        'Made by the code that publishes. Nothing is stored. `warnings` also tell of links that make no card (the first ' +
        'three are looked at), small images, access that ends before and days that are full; they hinder nothing.',
      scope: 'posts:read',
      answers: { 200: Preview },
    }),
    jsonBody(PreviewInput),
    async (c) => c.json(await previewPost(c.var.ctx, c.var.who, c.req.valid('json')), 200),
  )
  .get(
    '/v1/posts',
    operation({
      id: 'listPosts',
      tag,
      summary: 'List posts, newest first',
      scope: 'posts:read',
      answers: { 200: listOf(Post) },
    }),
    query(PostQuery),
    async (c) => c.json(await listPosts(c.var.ctx, c.var.who, c.req.valid('query')), 200),
  )
  .get(
    '/v1/calendar',
    operation({
      id: 'getCalendar',
      tag,
      summary: 'Every post of a span of time, in short',
      scope: 'posts:read',
      answers: { 200: Calendar },
    }),
    query(CalendarQuery),
    async (c) => c.json(await getCalendar(c.var.ctx, c.var.who, c.req.valid('query')), 200),
  )
  .post(
    '/v1/posts/import',
    operation({
      id: 'importPlan',
      tag,
      summary: 'Take over a plan from CSV or JSON, whole or not at all',
      description:
        'Send `text/csv`, or JSON with `csv` or `posts`. One fault anywhere keeps everything out: the refusal names each, ' +
        'as `/rows/3/text`. `dry_run=true` reports on every line and keeps nothing.',
      scope: 'posts:write',
      answers: { 200: PlanReport },
      bodyLimit: 10_000_000,
    }),
    query(
      v.strictObject({
        dry_run: v.optional(
          v.pipe(
            v.picklist(['true', 'false'], 'must be true or false'),
            v.transform((text) => text === 'true'),
          ),
          'false',
        ),
      }),
    ),
    jsonOrCsvBody(PlanInput),
    async (c) => {
      const { dry_run } = c.req.valid('query');
      return c.json(await importPlan(c.var.ctx, c.var.who, c.req.valid('json'), dry_run, keyOf(c)), 200);
    },
  )
  .get(
    '/v1/posts/export',
    operation({
      id: 'exportPlan',
      tag,
      summary: 'The plan as a file that can be imported again',
      scope: 'posts:read',
      answers: { 200: { files: ['text/csv', 'application/json'] } },
    }),
    query(
      v.strictObject({
        format: v.optional(v.picklist(['csv', 'json'], 'must be csv or json'), 'csv'),
        from: v.optional(v.pipe(Instant, v.description('Scheduled at or after this time.'))),
        to: v.optional(v.pipe(Instant, v.description('Scheduled before this time.'))),
      }),
    ),
    async (c) => {
      const { format, ...bounds } = c.req.valid('query');
      c.header('content-disposition', `attachment; filename="plan.${format}"`);
      if (format === 'json') return c.json(await exportPosts(c.var.ctx, c.var.who, bounds), 200);
      c.header('content-type', 'text/csv; charset=utf-8');
      return c.body(await exportCsv(c.var.ctx, c.var.who, bounds), 200);
    },
  )
  .get(
    '/v1/posts/:id',
    operation({ id: 'getPost', tag, summary: 'One post', scope: 'posts:read', answers: { 200: Post } }),
    params(IdParams),
    async (c) => c.json(await getPost(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .patch(
    '/v1/posts/:id',
    operation({
      id: 'updatePost',
      tag,
      summary: 'Edit or reschedule a post; what is public is edited at the networks',
      description: 'What is absent stays. `scheduled_at: null` makes a draft of it again.',
      scope: 'posts:write',
      answers: { 200: Post },
      refusals: ['publication_in_flight', 'conflict'],
    }),
    params(IdParams),
    jsonBody(PostChange),
    async (c) =>
      c.json(await updatePost(c.var.ctx, c.var.who, c.req.valid('param').id, c.req.valid('json')), 200),
  )
  .delete(
    '/v1/posts/:id',
    operation({
      id: 'deletePost',
      tag,
      summary: 'Remove a post that never went out',
      scope: 'posts:write',
      answers: { 204: null },
      refusals: ['wrong_state'],
    }),
    params(IdParams),
    async (c) => {
      await deletePost(c.var.ctx, c.var.who, c.req.valid('param').id);
      return c.body(null, 204);
    },
  )
  .post(
    '/v1/posts/:id/publish',
    operation({
      id: 'publishPost',
      tag,
      summary: 'Publish a draft or a scheduled post now',
      scope: 'posts:write',
      answers: { 200: Post },
      refusals: ['publication_in_flight'],
    }),
    params(IdParams),
    async (c) => c.json(await publishNow(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .post(
    '/v1/posts/:id/cancel',
    operation({
      id: 'cancelPost',
      tag,
      summary: 'Cancel what is not on its way yet',
      scope: 'posts:write',
      answers: { 200: Post },
      refusals: ['publication_in_flight'],
    }),
    params(IdParams),
    async (c) => c.json(await cancelPost(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .post(
    '/v1/posts/:id/duplicate',
    operation({
      id: 'duplicatePost',
      tag,
      summary: 'A draft with the same content',
      scope: 'posts:write',
      answers: { 201: Post },
    }),
    params(IdParams),
    async (c) => c.json(await duplicatePost(c.var.ctx, c.var.who, c.req.valid('param').id, keyOf(c)), 201),
  )
  .get(
    '/v1/posts/:id/publications',
    operation({
      id: 'listPublications',
      tag: acts,
      summary: 'What became of a post in each community, with history and evidence',
      scope: 'posts:read',
      answers: { 200: v.strictObject({ data: v.array(PublicationDetail) }) },
    }),
    params(IdParams),
    async (c) =>
      c.json({ data: await publicationDetails(c.var.ctx, c.var.who, c.req.valid('param').id) }, 200),
  )
  .post(
    '/v1/publications/:id/retry',
    act('retryPublication', 'Try a failed publication again'),
    params(IdParams),
    async (c) => c.json(await retryPublication(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .post(
    '/v1/publications/:id/release',
    act('releasePublication', 'Publish one that is held for being late'),
    params(IdParams),
    async (c) => c.json(await releasePublication(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .post(
    '/v1/publications/:id/confirm',
    act('confirmPublication', 'Unconfirmed: it is there'),
    params(IdParams),
    jsonBody(
      v.strictObject({
        remote_url: v.optional(v.pipe(v.string(), v.url('must be an address'), v.maxLength(500))),
      }),
    ),
    async (c) =>
      c.json(
        await confirmPublication(c.var.ctx, c.var.who, c.req.valid('param').id, c.req.valid('json')),
        200,
      ),
  )
  .post(
    '/v1/publications/:id/absent',
    act('declarePublicationAbsent', 'Unconfirmed: not there, send again'),
    params(IdParams),
    async (c) => c.json(await declareAbsent(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .post(
    '/v1/publications/:id/discard',
    act('discardPublication', 'Drop one that is held or unconfirmed'),
    params(IdParams),
    async (c) => c.json(await discardPublication(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .post(
    '/v1/publications/:id/dismiss',
    act('dismissPublication', 'A failed one needs no attention any more; it stays failed'),
    params(IdParams),
    async (c) => c.json(await dismissPublication(c.var.ctx, c.var.who, c.req.valid('param').id, true), 200),
  )
  .post(
    '/v1/publications/:id/restore',
    act('restorePublication', 'Takes that back: it needs attention again'),
    params(IdParams),
    async (c) => c.json(await dismissPublication(c.var.ctx, c.var.who, c.req.valid('param').id, false), 200),
  )
  .post(
    '/v1/publications/:id/cancel',
    act('cancelPublication', 'Cancel one that is scheduled or held'),
    params(IdParams),
    async (c) => c.json(await cancelPublication(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .post(
    '/v1/publications/:id/delete',
    wish('deletePublished', 'Delete it from the network'),
    params(IdParams),
    async (c) =>
      c.json(await planAct(c.var.ctx, c.var.who, c.req.valid('param').id, { kind: 'delete' }), 202),
  )
  .post(
    '/v1/publications/:id/pin',
    wish('pinPublished', 'Pin it at the network'),
    params(IdParams),
    async (c) => c.json(await planAct(c.var.ctx, c.var.who, c.req.valid('param').id, { kind: 'pin' }), 202),
  )
  .post(
    '/v1/publications/:id/unpin',
    wish('unpinPublished', 'Unpin it at the network'),
    params(IdParams),
    async (c) => c.json(await planAct(c.var.ctx, c.var.who, c.req.valid('param').id, { kind: 'unpin' }), 202),
  )
  .post(
    '/v1/publications/:id/comment',
    wish('commentPublished', 'Comment under it as the community'),
    params(IdParams),
    jsonBody(CommentInput),
    async (c) => {
      const comment = readComment(c.req.valid('json'));
      const { id } = c.req.valid('param');
      return c.json(await planAct(c.var.ctx, c.var.who, id, { kind: 'comment', comment }, keyOf(c)), 202);
    },
  )
  .get(
    '/v1/acts/:id',
    operation({
      id: 'getAct',
      tag: acts,
      summary: 'What became of an edit, a deletion, a pin or a comment',
      scope: 'posts:read',
      answers: { 200: Act },
    }),
    params(IdParams),
    async (c) => c.json(await getAct(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .post(
    '/v1/acts/:id/cancel',
    decision('cancelAct', 'Cancel it before it is done'),
    params(IdParams),
    async (c) => c.json(await decideAct(c.var.ctx, c.var.who, c.req.valid('param').id, 'cancel'), 200),
  )
  .post('/v1/acts/:id/retry', decision('retryAct', 'Try a failed one again'), params(IdParams), async (c) =>
    c.json(await decideAct(c.var.ctx, c.var.who, c.req.valid('param').id, 'retry'), 200),
  )
  .post(
    '/v1/acts/:id/confirm',
    decision('confirmAct', 'Unconfirmed comment: it is there'),
    params(IdParams),
    async (c) => c.json(await decideAct(c.var.ctx, c.var.who, c.req.valid('param').id, 'confirm'), 200),
  )
  .post(
    '/v1/acts/:id/absent',
    decision('declareActAbsent', 'Unconfirmed comment: not there, send again'),
    params(IdParams),
    async (c) => c.json(await decideAct(c.var.ctx, c.var.who, c.req.valid('param').id, 'absent'), 200),
  )
  .post(
    '/v1/acts/:id/discard',
    decision('discardAct', 'Drop a failed act or an unconfirmed comment'),
    params(IdParams),
    async (c) => c.json(await decideAct(c.var.ctx, c.var.who, c.req.valid('param').id, 'discard'), 200),
  );

function keyOf({ req }: { req: { header(name: string): string | undefined } }): string | null {
  return req.header('idempotency-key') ?? null;
}

function decision(id: string, summary: string) {
  return operation({
    id,
    tag: acts,
    summary,
    scope: 'posts:write',
    answers: { 200: Act },
    refusals: ['wrong_state', 'publication_in_flight'],
  });
}

function wish(id: string, summary: string) {
  return operation({
    id,
    tag: acts,
    summary,
    description: 'Planned at once and done in the background: follow it at `GET /v1/acts/{id}`.',
    scope: 'posts:write',
    answers: { 202: Act },
    refusals: ['wrong_state', 'publication_in_flight'],
  });
}

function act(id: string, summary: string) {
  return operation({
    id,
    tag: acts,
    summary,
    scope: 'posts:write',
    answers: { 200: Publication },
    refusals: ['wrong_state', 'publication_in_flight'],
  });
}

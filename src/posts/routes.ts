import * as v from 'valibot';
import { IdParams, jsonBody, operation, params, query, routes } from '../http/route.ts';
import { ListQuery, listOf } from '../page.ts';
import { Instant, PostChange, PostInput } from './content.ts';
import { listPosts } from './list.ts';
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
  publicationDetails,
  releasePublication,
  retryPublication,
} from './publication.ts';
import { Post, PostStatus, Publication, PublicationDetail } from './show.ts';

const PostQuery = v.strictObject({
  ...ListQuery.entries,
  status: v.optional(PostStatus),
  community_id: v.optional(v.pipe(v.string(), v.uuid('must be an id'))),
  from: v.optional(v.pipe(Instant, v.description('Scheduled at or after this time.'))),
  to: v.optional(v.pipe(Instant, v.description('Scheduled before this time.'))),
  needs_attention: v.optional(
    v.pipe(
      v.picklist(['true', 'false'], 'must be true or false'),
      v.description('Only posts that wait for a person: unconfirmed, failed or held.'),
      v.transform((text) => text === 'true'),
    ),
  ),
  q: v.optional(v.pipe(v.string(), v.maxLength(200), v.description('Searched in the text.'))),
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
        'Give `scheduled_at`, or `local_time` with a `timezone`, or `publish_now`; with none of them it is a draft. ' +
        'A post that a network would refuse is refused here, with what to do.',
      scope: 'posts:write',
      answers: { 201: Post },
    }),
    jsonBody(PostInput),
    async (c) => {
      const key = c.req.header('idempotency-key') ?? null;
      return c.json(await createPost(c.var.ctx, c.var.who, c.req.valid('json'), key), 201);
    },
  )
  .post(
    '/v1/posts/preview',
    operation({
      id: 'previewPost',
      tag,
      summary: 'The exact request that each network would get',
      description: 'Made by the code that publishes. Nothing is stored.',
      scope: 'posts:read',
      answers: { 200: Preview },
    }),
    jsonBody(PostInput),
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
      summary: 'Edit or reschedule a post that is not on its way yet',
      description: 'What is absent stays. `scheduled_at: null` makes a draft of it again.',
      scope: 'posts:write',
      answers: { 200: Post },
      refusals: ['publication_in_flight'],
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
    async (c) => c.json(await duplicatePost(c.var.ctx, c.var.who, c.req.valid('param').id), 201),
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
    '/v1/publications/:id/cancel',
    act('cancelPublication', 'Cancel one that is scheduled or held'),
    params(IdParams),
    async (c) => c.json(await cancelPublication(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  );

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

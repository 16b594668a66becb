import * as v from 'valibot';
import { IdParams, jsonBody, multipartBody, operation, params, query, routes } from '../http/route.ts';
import { ListQuery, listOf } from '../page.ts';
import { imageAnswer, SignedQuery } from './address.ts';
import { imageBytesMost } from './image.ts';
import {
  Alt,
  deleteMedia,
  describeMedia,
  getMedia,
  listMedia,
  MediaSchema,
  openMedia,
  uploadMedia,
} from './media.ts';

const Upload = v.strictObject({ file: v.file('Give an image as a file.'), alt: v.optional(Alt) });
const Description = v.strictObject({ alt: v.nullable(Alt) });

export const mediaRoutes = routes()
  .post(
    '/v1/media',
    operation({
      id: 'uploadMedia',
      tag: 'Media',
      summary: 'Upload an image',
      description:
        'JPEG, PNG, WebP or still GIF, 20 MB and 50 megapixels at most. The bytes decide the type. It is encoded anew: upright, in sRGB, as JPEG or PNG, without EXIF, GPS or other metadata.',
      scope: 'media:write',
      answers: { 201: MediaSchema },
      refusals: ['too_large', 'unavailable'],
      // The form around the file takes a little, too.
      bodyLimit: imageBytesMost + 64 * 1024,
    }),
    multipartBody(Upload),
    async (c) => {
      const { file, alt = null } = c.req.valid('form');
      const bytes = new Uint8Array(await file.arrayBuffer());
      return c.json(await uploadMedia(c.var.ctx, c.var.who, { bytes, alt }), 201);
    },
  )
  .get(
    '/v1/media',
    operation({
      id: 'listMedia',
      tag: 'Media',
      summary: 'Images of the workspace, newest first',
      scope: 'posts:read',
      answers: { 200: listOf(MediaSchema) },
    }),
    query(ListQuery),
    async (c) => c.json(await listMedia(c.var.ctx, c.var.who, c.req.valid('query')), 200),
  )
  .get(
    '/v1/media/:id',
    operation({
      id: 'getMedia',
      tag: 'Media',
      summary: 'One image',
      scope: 'posts:read',
      answers: { 200: MediaSchema },
    }),
    params(IdParams),
    async (c) => c.json(await getMedia(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .patch(
    '/v1/media/:id',
    operation({
      id: 'describeMedia',
      tag: 'Media',
      summary: 'Change the description of an image',
      scope: 'media:write',
      answers: { 200: MediaSchema },
    }),
    params(IdParams),
    jsonBody(Description),
    async (c) => {
      const input = { id: c.req.valid('param').id, alt: c.req.valid('json').alt };
      return c.json(await describeMedia(c.var.ctx, c.var.who, input), 200);
    },
  )
  .delete(
    '/v1/media/:id',
    operation({
      id: 'deleteMedia',
      tag: 'Media',
      summary: 'Delete an image that no post uses',
      scope: 'media:write',
      answers: { 204: null },
      refusals: ['media_in_use'],
    }),
    params(IdParams),
    async (c) => {
      await deleteMedia(c.var.ctx, c.var.who, c.req.valid('param').id);
      return c.body(null, 204);
    },
  )
  .get(
    '/media/:id',
    operation({
      id: 'openMedia',
      tag: 'Media',
      summary: 'The image behind a signed address',
      description: 'The address comes from `url` of an image. 404 for any other, 410 when its time is over.',
      scope: 'public',
      answers: { 200: { files: ['image/jpeg', 'image/png'] } },
      refusals: ['not_found', 'expired'],
    }),
    params(IdParams),
    query(SignedQuery),
    async (c) => {
      const { body, name, mime, left } = await openMedia(
        c.var.ctx,
        c.req.valid('param').id,
        c.req.valid('query'),
      );
      return imageAnswer(body, name, mime, left);
    },
  );

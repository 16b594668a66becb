import * as v from 'valibot';
import { formBody, IdParams, jsonBody, operation, params, query, routes } from '../http/route.ts';
import { mediaKinds } from '../networks/message.ts';
import { listOf } from '../page.ts';
import { fileAnswer, SignedQuery } from './address.ts';
import { receive } from './arrival.ts';
import { steady } from './flow.ts';
import {
  Alt,
  deleteMedia,
  describeMedia,
  getMedia,
  keepMedia,
  listMedia,
  MediaQuery,
  MediaSchema,
  openMedia,
} from './media.ts';
import { announceUpload, completeUpload, UploadSchema } from './upload.ts';

const As = v.pipe(
  v.picklist(mediaKinds, `One of ${mediaKinds.join(', ')}.`),
  v.description(
    'What it is to be, where it is not what the bytes say: `document` keeps a picture or a video untouched, `animation` takes an MP4 without sound, `voice` an MP3 or M4A.',
  ),
);
const Upload = v.strictObject({
  as: v.optional(As),
  alt: v.optional(Alt),
  file: v.file('Give a file.'),
});
const Announcement = v.strictObject({
  size: v.pipe(
    v.number(),
    v.integer(),
    v.minValue(1, 'The file is empty.'),
    v.description('Bytes, exactly.'),
  ),
  name: v.pipe(v.string(), v.maxLength(1_000)),
  as: v.optional(As),
  alt: v.optional(Alt),
});
const Description = v.strictObject({ alt: v.nullable(Alt) });

/** What {@link openMedia} answers with; documents come as bytes to be saved. */
const shownTypes = [
  'image/jpeg',
  'image/png',
  'image/gif',
  'video/mp4',
  'video/quicktime',
  'video/webm',
  'audio/mpeg',
  'audio/mp4',
  'audio/ogg',
  'application/octet-stream',
];

export const mediaRoutes = routes()
  .post(
    '/v1/media',
    operation({
      id: 'uploadMedia',
      tag: 'Media',
      summary: 'Upload a file',
      description:
        'The bytes decide what it is, never its name.\n\n- image: JPEG, PNG, WebP or still GIF, 20 MB and 50 megapixels at most. It is encoded anew: upright, in sRGB, as JPEG or PNG, without EXIF, GPS or other metadata.\n- animation: an animated GIF of 20 MB at most, encoded anew; or, with `as`, an MP4 without sound.\n- video: MP4, QuickTime or WebM.\n- audio: MP3, M4A or OGG; voice: OGG with Opus, or what `as` says.\n- document: PDF, ZIP and other archives, Office, text; with `as` also any picture, video or sound.\n\nAll but images are kept byte by byte, with the metadata that are in them, and may have 2,000 MB. Web pages, SVG, scripts and programs are refused. Put `as` before `file`: a picture may have 20 MB otherwise, also as a document. An upload that brings less than 256 KB in 30 seconds is given up.',
      scope: 'media:write',
      answers: { 201: MediaSchema },
      refusals: ['too_large', 'unavailable'],
      // The form around the file takes a little, too.
      form: (config) => config.mediaBytesMost + 64 * 1024,
    }),
    formBody(Upload),
    async (c) => {
      const { ctx, who, form } = c.var;
      const { uploadPace } = ctx.config.durations;
      const { fields, kept } = await form.read(Upload, (file, before) =>
        receive(ctx, who, { ...file, chunks: steady(file.chunks, uploadPace) }, before.as ?? null),
      );
      // Nothing more comes from there, and what is left to do may take longer than a silent connection lives.
      c.env.timeout?.(c.req.raw, 0);
      const input = { as: fields.as ?? null, alt: fields.alt ?? null };
      return c.json(await keepMedia(ctx, who, kept, input), 201);
    },
  )
  .post(
    '/v1/media/uploads',
    operation({
      id: 'announceUpload',
      tag: 'Media',
      summary: 'Get an address to put a file straight into the storage',
      description:
        'Only where media are kept in S3; elsewhere 409 `wrong_state`. Send the bytes to `upload_url` by PUT, then complete the upload: it is checked then.',
      scope: 'media:write',
      answers: { 201: UploadSchema },
      refusals: ['wrong_state', 'too_large'],
      // The address is a right to write.
      secrets: ['upload_url'],
    }),
    jsonBody(Announcement),
    async (c) => {
      const { as = null, alt = null, ...input } = c.req.valid('json');
      return c.json(await announceUpload(c.var.ctx, c.var.who, { ...input, as, alt }), 201);
    },
  )
  .post(
    '/v1/media/uploads/:id/complete',
    operation({
      id: 'completeUpload',
      tag: 'Media',
      summary: 'Check what was put into the storage and take it into the library',
      description:
        'The same rules as for `POST /v1/media`, and the size must be the announced one; what breaks them is removed. May be repeated.',
      scope: 'media:write',
      answers: { 200: MediaSchema },
      refusals: ['invalid', 'wrong_state', 'too_large', 'unavailable'],
    }),
    params(IdParams),
    async (c) => {
      // All of it is read once more, from the storage.
      c.env.timeout?.(c.req.raw, 0);
      return c.json(await completeUpload(c.var.ctx, c.var.who, c.req.valid('param').id), 200);
    },
  )
  .get(
    '/v1/media',
    operation({
      id: 'listMedia',
      tag: 'Media',
      summary: 'Files of the workspace, newest first',
      scope: 'posts:read',
      answers: { 200: listOf(MediaSchema) },
    }),
    query(MediaQuery),
    async (c) => c.json(await listMedia(c.var.ctx, c.var.who, c.req.valid('query')), 200),
  )
  .get(
    '/v1/media/:id',
    operation({
      id: 'getMedia',
      tag: 'Media',
      summary: 'One file',
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
      summary: 'Change the description of a file',
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
      summary: 'Delete a file that no post uses',
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
      summary: 'The file behind a signed address',
      description:
        'The address comes from `url` of a file. 404 for any other, 410 when its time is over. `Range` with one part is understood. Documents come as `application/octet-stream`, to be saved.',
      scope: 'public',
      answers: { 200: { files: shownTypes }, 206: { files: shownTypes } },
      refusals: ['not_found', 'expired', 'range_not_satisfiable'],
    }),
    params(IdParams),
    query(SignedQuery),
    async (c) => {
      const served = await openMedia(c.var.ctx, c.req.valid('param').id, c.req.valid('query'));
      return fileAnswer(c.var.ctx, served, c.req.raw.headers);
    },
  );

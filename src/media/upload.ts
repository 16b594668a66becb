import * as v from 'valibot';
import { asOwner, asWorkspace, type Context, type Who } from '../context.ts';
import { AppError, invalid } from '../errors.ts';
import type { MediaKind } from '../networks/message.ts';
import { receive, settle } from './arrival.ts';
import { findMedia, insertMedia, type Media } from './media.ts';
import { tooManyBytes } from './sort.ts';

const Timestamp = v.pipe(v.string(), v.isoTimestamp());

/** Where a file may be put, as the API shows it. */
export const UploadSchema = v.pipe(
  v.strictObject({
    id: v.pipe(v.string(), v.uuid(), v.description('Of the upload; the media get the same id.')),
    upload_url: v.pipe(
      v.nullable(v.string()),
      v.description('Takes the bytes by PUT, without credentials. Shown once: null in a repeated answer.'),
    ),
    expires_at: v.pipe(Timestamp, v.description('Until then the PUT must have begun.')),
  }),
  v.metadata({ ref: 'Upload' }),
);
export type Upload = v.InferOutput<typeof UploadSchema>;

interface UploadRow {
  size: number;
  name: string;
  as_kind: MediaKind | null;
  alt: string | null;
  file_key: string;
}

/**
 * Announces a file that its owner puts straight into the storage. Throws `wrong_state` where the storage is a folder,
 * `too_large`.
 */
export async function announceUpload(
  ctx: Context,
  who: Who,
  input: { size: number; name: string; as: MediaKind | null; alt: string | null },
): Promise<Upload> {
  const { uploadUrl } = ctx.config.durations;
  if (input.size > ctx.config.mediaBytesMost) throw tooManyBytes(ctx.config.mediaBytesMost);
  const id = Bun.randomUUIDv7();
  // The address binds neither size nor type, and its key must not be guessed: what arrives there is only raw material.
  const key = `${who.workspaceId}/${crypto.randomUUID()}.upload`;
  const expiresAt = new Date(Date.now() + uploadUrl);
  const url = ctx.files.uploadUrl(key, uploadUrl);
  if (url === null) {
    throw new AppError(
      'wrong_state',
      'This installation keeps media in a folder, which takes no direct uploads: send the file to POST /v1/media.',
    );
  }
  await asWorkspace(
    ctx,
    who,
    (tx) => tx`
      insert into media_uploads (id, workspace_id, size, name, as_kind, alt, file_key)
      values (${id}, ${who.workspaceId}, ${input.size}, ${input.name}, ${input.as}, ${input.alt}, ${key})`,
  );
  return { id, upload_url: url, expires_at: expiresAt.toISOString() };
}

/**
 * Makes media of what was put at the address, checked like any upload. The bytes are copied while they are checked: the
 * address may still be open, and what is put there later changes nothing. May be repeated.
 * Throws `not_found`, `wrong_state` while nothing is there, and `invalid` or `too_large` for what is not taken: then the
 * upload is over.
 */
export async function completeUpload(ctx: Context, who: Who, id: string): Promise<Media> {
  const row = await asWorkspace(ctx, who, async (tx) => {
    const [found] = await tx<UploadRow[]>`
      select size::float8 as size, name, as_kind, alt, file_key from media_uploads
      where workspace_id = ${who.workspaceId} and id = ${id}`;
    return found;
  });
  if (!row) return completed(ctx, who, id);
  const staged = await ctx.files.open(row.file_key);
  try {
    if (!staged) {
      const message = 'Nothing has arrived yet: send the file to `upload_url` by PUT first.';
      throw new AppError('wrong_state', message);
    }
    const chunks = exactly(row.size, staged);
    const arrival = await receive(ctx, who, { name: row.name, chunks }, row.as_kind);
    const medium = await settle(ctx, who, arrival, row.as_kind);
    const media = await insertMedia(ctx, who, id, medium, row.alt, async (tx) => {
      const [gone] = await tx`
        delete from media_uploads where workspace_id = ${who.workspaceId} and id = ${id} returning id`;
      return gone !== undefined;
    });
    // Whoever was first has made it of the same bytes.
    if (!media) return await completed(ctx, who, id);
    await ctx.files.remove(row.file_key);
    return media;
  } catch (error) {
    // Somebody else completed it meanwhile, and the bytes are gone under our hands.
    const media = await findMedia(ctx, who, id);
    if (media) return media;
    if (error instanceof AppError && (error.code === 'invalid' || error.code === 'too_large')) {
      await asWorkspace(
        ctx,
        who,
        (tx) => tx`delete from media_uploads where workspace_id = ${who.workspaceId} and id = ${id}`,
      );
      await ctx.files.remove(row.file_key);
    }
    throw error;
  }
}

/** The bytes of a file that must have this size, also while they are read: another one may be put in its place. */
async function* exactly(
  size: number,
  staged: NonNullable<Awaited<ReturnType<Context['files']['open']>>>,
): AsyncGenerator<Uint8Array> {
  const fault = (found: number) =>
    invalid({
      path: '/size',
      message: `The file has ${found} bytes, but ${size} were announced: announce it anew.`,
    });
  if (staged.size !== size) throw fault(staged.size);
  let read = 0;
  for await (const chunk of staged.stream()) {
    read += chunk.length;
    yield chunk;
  }
  if (read !== size) throw fault(read);
}

async function completed(ctx: Context, who: Who, id: string): Promise<Media> {
  const media = await findMedia(ctx, who, id);
  if (!media) throw new AppError('not_found', 'There is no such upload.');
  return media;
}

/** Removes uploads that were not completed within `durations.uploadKept`, row first. Answers how many. */
export async function removeUnfinished(ctx: Context): Promise<number> {
  const before = new Date(Date.now() - ctx.config.durations.uploadKept);
  const keys = await asOwner(ctx, async (tx) => {
    const gone = await tx<{ file_key: string }[]>`
      delete from media_uploads where created_at < ${before} returning file_key`;
    return gone.map((row) => row.file_key);
  });
  for (const key of keys) await ctx.files.remove(key);
  return keys.length;
}

import * as v from 'valibot';
import { asOwner, asWorkspace, type Context, type Who } from '../context.ts';
import { sha256 } from '../crypto.ts';
import { AppError, type InputFault, invalid } from '../errors.ts';
import type { MediaItem } from '../networks/network.ts';
import { decodeCursor, type ListQuery, type Page, pageOf } from '../page.ts';
import type { Tx } from '../stores/postgres.ts';
import { checkSignature, type SignedQuery, type SignedUrl, signedUrl } from './address.ts';
import { readImage } from './image.ts';

const Timestamp = v.pipe(v.string(), v.isoTimestamp());

/** An image as the API shows it. */
export const MediaSchema = v.pipe(
  v.strictObject({
    id: v.pipe(v.string(), v.uuid()),
    kind: v.picklist(['image']),
    mime: v.picklist(['image/jpeg', 'image/png']),
    size: v.pipe(v.number(), v.description('Bytes.')),
    width: v.number(),
    height: v.number(),
    alt: v.nullable(v.string()),
    url: v.pipe(v.string(), v.description('Opens the image without credentials until `url_expires_at`.')),
    url_expires_at: Timestamp,
    created_at: Timestamp,
  }),
  v.metadata({ ref: 'Media' }),
);

export type Media = v.InferOutput<typeof MediaSchema>;

/** The description of an image; an empty one is none. */
export const Alt = v.pipe(
  v.string(),
  v.trim(),
  v.maxLength(1_000, 'A description may have 1,000 characters at most.'),
  v.transform((text) => text || null),
);

interface MediaRow extends Omit<Media, 'url' | 'url_expires_at' | 'created_at'> {
  created_at: Date;
  sha256: string;
  file_key: string;
}

const columns = (tx: Tx) =>
  tx`id, kind, mime, size::float8 as size, width, height, alt, sha256, file_key, created_at`;

/** Keeps an uploaded image, made anew by {@link readImage}, whose errors it throws. */
export async function uploadMedia(
  ctx: Context,
  who: Who,
  input: { bytes: Uint8Array; alt: string | null },
): Promise<Media> {
  const image = await readImage(input.bytes, ctx.config.durations.imageWork);
  const id = Bun.randomUUIDv7();
  const key = `${who.workspaceId}/${id}.${image.extension}`;
  // The file first: a crash in between leaves a file without a row, which the sweep removes, never a row without one.
  await ctx.files.write(key, image.bytes);
  return asWorkspace(ctx, who, async (tx) => {
    const [row] = await tx<MediaRow[]>`
      insert into media (id, workspace_id, kind, mime, size, width, height, sha256, alt, file_key)
      values (${id}, ${who.workspaceId}, 'image', ${image.mime}, ${image.bytes.length}, ${image.width},
        ${image.height}, ${sha256(image.bytes)}, ${input.alt}, ${key})
      returning ${columns(tx)}`;
    return shown(ctx, row);
  });
}

/** A page of the workspace's images, newest first. */
export async function listMedia(ctx: Context, who: Who, query: ListQuery): Promise<Page<Media>> {
  const after = decodeCursor(v.pipe(v.string(), v.uuid()), query.cursor) ?? null;
  const rows = await asWorkspace(
    ctx,
    who,
    (tx) => tx<MediaRow[]>`
      select ${columns(tx)} from media
      where workspace_id = ${who.workspaceId} and (${after}::uuid is null or id < ${after}::uuid)
      order by id desc limit ${query.limit + 1}`,
  );
  return pageOf(
    rows,
    query.limit,
    (row) => row.id,
    (row) => shown(ctx, row),
  );
}

/** One image. Throws `not_found`. */
export function getMedia(ctx: Context, who: Who, id: string): Promise<Media> {
  return asWorkspace(ctx, who, async (tx) => {
    const [row] = await tx<MediaRow[]>`
      select ${columns(tx)} from media where workspace_id = ${who.workspaceId} and id = ${id}`;
    return shown(ctx, row);
  });
}

/** Changes the description for people who do not see the image. Throws `not_found`. */
export function describeMedia(
  ctx: Context,
  who: Who,
  input: { id: string; alt: string | null },
): Promise<Media> {
  return asWorkspace(ctx, who, async (tx) => {
    const [row] = await tx<MediaRow[]>`
      update media set alt = ${input.alt} where workspace_id = ${who.workspaceId} and id = ${input.id}
      returning ${columns(tx)}`;
    return shown(ctx, row);
  });
}

/** Removes an image that no post uses. Throws `not_found`, `media_in_use`. */
export async function deleteMedia(ctx: Context, who: Who, id: string): Promise<void> {
  const key = await asWorkspace(ctx, who, async (tx) => {
    // Locked first: a post that is just taking the image either got it before, and is seen, or waits and finds it gone.
    const [row] = await tx<{ file_key: string }[]>`
      select file_key from media where workspace_id = ${who.workspaceId} and id = ${id} for update`;
    if (!row) throw notThere();
    const gone = await tx`
      delete from media m where workspace_id = ${who.workspaceId} and id = ${id}
        and not exists (select from post_media p where p.media_id = m.id)
      returning id`;
    if (gone.length === 0) {
      throw new AppError('media_in_use', 'A post uses this image: remove it from the post first.');
    }
    return row.file_key;
  });
  await ctx.files.remove(key);
}

/** The file behind a signed address. The signature is the right to it: nobody is signed in here. */
export async function openMedia(
  ctx: Context,
  id: string,
  query: SignedQuery,
): Promise<{ body: Blob; name: string; mime: Media['mime']; left: number }> {
  const left = checkSignature(ctx, mediaPath(id), query);
  const row = await asOwner(ctx, async (tx) => {
    const [found] = await tx<{ file_key: string; mime: Media['mime'] }[]>`
      select file_key, mime from media where id = ${id}`;
    return found;
  });
  if (!row || !(await ctx.files.exists(row.file_key))) throw notThere();
  return { body: ctx.files.read(row.file_key), name: fileName(row.file_key), mime: row.mime, left };
}

/**
 * Images as networks take them, in the order of `ids`; bytes are read when they are sent.
 * Throws `invalid` with `/media_ids/<n>` for one that is not there.
 */
export async function mediaItems(
  ctx: Pick<Context, 'files'>,
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
): Promise<MediaItem[]> {
  if (ids.length === 0) return [];
  const rows = await tx<MediaRow[]>`
    select ${columns(tx)} from media
    where workspace_id = ${workspaceId} and id = any(${ids as string[]}::uuid[])`;
  const byId = new Map(rows.map((row) => [row.id, row]));
  const faults = faultsOf(ids, byId);
  if (faults.length > 0) throw invalid(faults);
  return ids.flatMap((id) => {
    const row = byId.get(id);
    if (!row) return [];
    const { kind, mime, size, width, height, alt, file_key } = row;
    return [
      { id, kind, mime, size, width, height, sha256: row.sha256, alt, body: () => ctx.files.read(file_key) },
    ];
  });
}

/**
 * Says which of `ids` are not images of this workspace, each at `/media_ids/<n>`. Those that are there cannot be
 * removed before the caller's transaction ends.
 */
export async function mediaFaults(
  tx: Tx,
  workspaceId: string,
  ids: readonly string[],
): Promise<InputFault[]> {
  if (ids.length === 0) return [];
  const rows = await tx<{ id: string }[]>`
    select id from media where workspace_id = ${workspaceId} and id = any(${ids as string[]}::uuid[])
    order by id for key share`;
  return faultsOf(ids, new Map(rows.map((row) => [row.id, row])));
}

/**
 * Removes what nobody needs: images that no post uses and that are older than `durations.mediaUnreferenced` (counted
 * from the upload), row first, then file; and files of that age that no row names, which a crash leaves behind.
 * Answers how many files went.
 */
export async function removeUnneeded(ctx: Context): Promise<number> {
  const before = new Date(Date.now() - ctx.config.durations.mediaUnreferenced);
  const batch = 200;
  let removed = 0;
  for (;;) {
    const keys = await asOwner(ctx, async (tx) => {
      const old = await tx<{ id: string }[]>`
        select id from media m
        where created_at < ${before} and not exists (select from post_media p where p.media_id = m.id)
        order by id limit ${batch} for update skip locked`;
      // Asked again now that the rows are locked: a post may have taken one in between.
      const gone = await tx<{ file_key: string }[]>`
        delete from media m where id = any(${old.map((row) => row.id)}::uuid[])
          and not exists (select from post_media p where p.media_id = m.id)
        returning file_key`;
      return gone.map((row) => row.file_key);
    });
    for (const key of keys) await ctx.files.remove(key);
    removed += keys.length;
    if (keys.length < batch) break;
  }

  let candidates: string[] = [];
  const removeOrphans = async () => {
    // Avatars of communities lie in the same store.
    const kept = await ctx.sql<{ key: string }[]>`
      select file_key as key from media where file_key = any(${candidates})
      union all select avatar_key from communities where avatar_key = any(${candidates})`;
    const named = new Set(kept.map((row) => row.key));
    for (const key of candidates) {
      if (named.has(key)) continue;
      await ctx.files.remove(key);
      removed += 1;
    }
    candidates = [];
  };
  for await (const key of ctx.files.older(before)) {
    candidates.push(key);
    if (candidates.length === 1_000) await removeOrphans();
  }
  if (candidates.length > 0) await removeOrphans();
  return removed;
}

/** Signs the address of an image for whoever may see it. */
export function mediaUrl(ctx: Pick<Context, 'config' | 'masterKey'>, id: string): SignedUrl {
  return signedUrl(ctx, mediaPath(id));
}

function mediaPath(id: string): string {
  return `/media/${id}`;
}

function fileName(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

function faultsOf(ids: readonly string[], there: ReadonlyMap<string, unknown>): InputFault[] {
  return ids.flatMap((id, index) =>
    there.has(id)
      ? []
      : [{ path: `/media_ids/${index}`, message: 'There is no image with this id: upload it first.' }],
  );
}

function notThere(): AppError {
  return new AppError('not_found', 'There is no such image.');
}

function shown(ctx: Context, row: MediaRow | undefined): Media {
  if (!row) throw notThere();
  const { id, kind, mime, size, width, height, alt, created_at } = row;
  const { url, expiresAt } = mediaUrl(ctx, id);
  return {
    id,
    kind,
    mime,
    size,
    width,
    height,
    alt,
    url,
    url_expires_at: expiresAt.toISOString(),
    created_at: created_at.toISOString(),
  };
}

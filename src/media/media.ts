import * as v from 'valibot';
import { asOwner, asWorkspace, type Context, type Who } from '../context.ts';
import { AppError, type InputFault, invalid } from '../errors.ts';
import { type MediaItem, type MediaKind, mediaKinds } from '../networks/message.ts';
import { decodeCursor, ListQuery, type Page, pageOf } from '../page.ts';
import type { Tx } from '../stores/postgres.ts';
import { checkSignature, type Served, type SignedQuery, type SignedUrl, signedUrl } from './address.ts';
import { type Arrival, type Medium, settle } from './arrival.ts';

const Timestamp = v.pipe(v.string(), v.isoTimestamp());

export const MediaQuery = v.strictObject({
  ...ListQuery.entries,
  q: v.optional(
    v.pipe(v.string(), v.maxLength(200), v.description('Searched in the name and the description.')),
  ),
});
export type MediaQuery = v.InferOutput<typeof MediaQuery>;

/** A file of the library as the API shows it. */
export const MediaSchema = v.pipe(
  v.strictObject({
    id: v.pipe(v.string(), v.uuid()),
    kind: v.picklist(mediaKinds),
    mime: v.pipe(v.string(), v.description('By the bytes of the file.')),
    size: v.pipe(v.number(), v.description('Bytes.')),
    width: v.pipe(v.nullable(v.number()), v.description('Pixels; null where there are none.')),
    height: v.pipe(v.nullable(v.number()), v.description('Pixels; null where there are none.')),
    duration: v.pipe(
      v.nullable(v.number()),
      v.description('Seconds; null where there are none, or where the file does not tell.'),
    ),
    name: v.pipe(v.nullable(v.string()), v.description('As its owner called the file, made safe.')),
    alt: v.nullable(v.string()),
    url: v.pipe(v.string(), v.description('Opens the file without credentials until `url_expires_at`.')),
    url_expires_at: Timestamp,
    created_at: Timestamp,
  }),
  v.metadata({ ref: 'Media' }),
);

export type Media = v.InferOutput<typeof MediaSchema>;

/** The description of a file for people who do not see it; an empty one is none. */
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
  tx`id, kind, mime, size::float8 as size, width, height, duration, name, alt, sha256, file_key, created_at`;

/** Puts what has arrived into the library; `as` is what its owner wants it to be. Throws what {@link settle} throws. */
export async function keepMedia(
  ctx: Context,
  who: Who,
  arrival: Arrival,
  input: { as: MediaKind | null; alt: string | null },
): Promise<Media> {
  const medium = await settle(ctx, who, arrival, input.as);
  const media = await insertMedia(ctx, who, Bun.randomUUIDv7(), medium, input.alt, async () => true);
  if (!media) throw new Error('nothing stands against new media');
  return media;
}

/**
 * Writes the row of a file that is in the store, in one transaction with `claim`; where that answers false there is no
 * row, the file goes, and the answer is null.
 */
export async function insertMedia(
  ctx: Context,
  who: Who,
  id: string,
  medium: Medium,
  alt: string | null,
  claim: (tx: Tx) => Promise<boolean>,
): Promise<Media | null> {
  // The file came first: a crash in between leaves a file without a row, which the sweep removes, never the other way.
  const media = await asWorkspace(ctx, who, async (tx) => {
    if (!(await claim(tx))) return null;
    const { kind, mime, size, width, height, duration, name, sha256, key } = medium;
    const [row] = await tx<MediaRow[]>`
      insert into media (id, workspace_id, kind, mime, size, width, height, duration, name, sha256, alt, file_key)
      values (${id}, ${who.workspaceId}, ${kind}, ${mime}, ${size}, ${width}, ${height}, ${duration}, ${name},
        ${sha256}, ${alt}, ${key})
      returning ${columns(tx)}`;
    return shown(ctx, row);
  }).catch(async (error: unknown) => {
    // After a lost connection the row may be there all the same: then the file stays, and the sweep judges.
    if (wasRefused(error)) await ctx.files.remove(medium.key);
    throw error;
  });
  if (!media) await ctx.files.remove(medium.key);
  return media;
}

/** A page of the workspace's files, newest first. */
export async function listMedia(ctx: Context, who: Who, query: MediaQuery): Promise<Page<Media>> {
  const after = decodeCursor(v.pipe(v.string(), v.uuid()), query.cursor) ?? null;
  const rows = await asWorkspace(
    ctx,
    who,
    (tx) => tx<MediaRow[]>`
      select ${columns(tx)} from media
      where workspace_id = ${who.workspaceId} and (${after}::uuid is null or id < ${after}::uuid)
        ${query.q ? tx`and strpos(lower(concat_ws(' ', name, alt)), lower(${query.q})) > 0` : tx``}
      order by id desc limit ${query.limit + 1}`,
  );
  return pageOf(
    rows,
    query.limit,
    (row) => row.id,
    (row) => shown(ctx, row),
  );
}

/** One file. Throws `not_found`. */
export async function getMedia(ctx: Context, who: Who, id: string): Promise<Media> {
  const found = await findMedia(ctx, who, id);
  if (!found) throw notThere();
  return found;
}

/** One file; null where there is none. */
export function findMedia(ctx: Context, who: Who, id: string): Promise<Media | null> {
  return asWorkspace(ctx, who, async (tx) => {
    const [row] = await tx<MediaRow[]>`
      select ${columns(tx)} from media where workspace_id = ${who.workspaceId} and id = ${id}`;
    return row ? shown(ctx, row) : null;
  });
}

/** Changes the description for people who do not see it. Throws `not_found`. */
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

/** Removes a file that no post uses. Throws `not_found`, `media_in_use`. */
export async function deleteMedia(ctx: Context, who: Who, id: string): Promise<void> {
  const key = await asWorkspace(ctx, who, async (tx) => {
    // Locked first: a post that is just taking the file either got it before, and is seen, or waits and finds it gone.
    const [row] = await tx<{ file_key: string }[]>`
      select file_key from media where workspace_id = ${who.workspaceId} and id = ${id} for update`;
    if (!row) throw notThere();
    const gone = await tx`
      delete from media m where workspace_id = ${who.workspaceId} and id = ${id}
        and not exists (select from post_media p where p.media_id = m.id)
        and not exists (select from series_media s where s.media_id = m.id)
      returning id`;
    if (gone.length === 0) {
      throw new AppError('media_in_use', 'A post uses this file: remove it from the post first.');
    }
    return row.file_key;
  });
  await ctx.files.remove(key);
}

/** The file behind a signed address. The signature is the right to it: nobody is signed in here. */
export async function openMedia(ctx: Context, id: string, query: SignedQuery): Promise<Served> {
  const left = checkSignature(ctx, mediaPath(id), query);
  const row = await asOwner(ctx, async (tx) => {
    const [found] = await tx<Pick<MediaRow, 'file_key' | 'kind' | 'mime' | 'name'>[]>`
      select file_key, kind, mime, name from media where id = ${id}`;
    return found;
  });
  if (!row) throw notThere();
  const { file_key: key, kind, mime, name } = row;
  const extension = key.slice(key.lastIndexOf('.'));
  return kind === 'document'
    ? { key, name: name ?? `${id}${extension}`, mime: null, left }
    : { key, name: `${id}${extension}`, mime, left };
}

/**
 * Files as networks take them, in the order of `ids`; bytes are read when they are sent.
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
  return ids.flatMap((id): MediaItem[] => {
    const row = byId.get(id);
    if (!row) return [];
    const { kind, mime, size, width, height, duration, name, alt, file_key } = row;
    const open = async () => {
      const file = await ctx.files.open(file_key);
      if (!file) throw new Error('the file is not in the store');
      return file;
    };
    return [{ id, kind, mime, size, width, height, duration, sha256: row.sha256, name, alt, open }];
  });
}

/**
 * Says which of `ids` are not files of this workspace, each at `/media_ids/<n>`. Those that are there cannot be
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
 * Removes what nobody needs: files that no post uses and that are older than `durations.mediaUnreferenced` (counted
 * from the upload), row first, then file; and files older than `durations.mediaStray` that no row names, which a crash
 * leaves behind.
 * Answers how many files went.
 */
export async function removeUnneeded(ctx: Context): Promise<number> {
  const { mediaUnreferenced, mediaStray } = ctx.config.durations;
  const before = new Date(Date.now() - mediaUnreferenced);
  const batch = 200;
  let removed = 0;
  for (;;) {
    const keys = await asOwner(ctx, async (tx) => {
      const old = await tx<{ id: string }[]>`
        select id from media m
        where created_at < ${before} and not exists (select from post_media p where p.media_id = m.id)
          and not exists (select from series_media s where s.media_id = m.id)
        order by id limit ${batch} for update skip locked`;
      // Asked again now that the rows are locked: a post may have taken one in between.
      const gone = await tx<{ file_key: string }[]>`
        delete from media m where id = any(${old.map((row) => row.id)}::uuid[])
          and not exists (select from post_media p where p.media_id = m.id)
          and not exists (select from series_media s where s.media_id = m.id)
        returning file_key`;
      return gone.map((row) => row.file_key);
    });
    for (const key of keys) await ctx.files.remove(key);
    removed += keys.length;
    if (keys.length < batch) break;
  }

  let candidates: string[] = [];
  const removeOrphans = async () => {
    // Avatars of communities, reports and uploads that are not complete lie in the same store.
    const kept = await ctx.sql<{ key: string }[]>`
      select file_key as key from media where file_key = any(${candidates})
      union all select avatar_key from communities where avatar_key = any(${candidates})
      union all select file_key from media_uploads where file_key = any(${candidates})
      union all select file_key from reports where file_key = any(${candidates})`;
    const named = new Set(kept.map((row) => row.key));
    for (const key of candidates) {
      if (named.has(key)) continue;
      await ctx.files.remove(key);
      removed += 1;
    }
    candidates = [];
  };
  for await (const key of ctx.files.older(new Date(Date.now() - mediaStray))) {
    candidates.push(key);
    if (candidates.length === 1_000) await removeOrphans();
  }
  if (candidates.length > 0) await removeOrphans();
  return removed;
}

/** Signs the address of a file for whoever may see it. */
export function mediaUrl(ctx: Pick<Context, 'config' | 'masterKey'>, id: string): SignedUrl {
  return signedUrl(ctx, mediaPath(id));
}

/** Whether the database itself said no (SQLSTATE: data, integrity, rights, resources), so that nothing was committed. */
function wasRefused(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && /^(2[1-8]|4[0-4]|53|54|P0)...$/.test(String(error.code))
  );
}

function mediaPath(id: string): string {
  return `/media/${id}`;
}

function faultsOf(ids: readonly string[], there: ReadonlyMap<string, unknown>): InputFault[] {
  return ids.flatMap((id, index) =>
    there.has(id)
      ? []
      : [{ path: `/media_ids/${index}`, message: 'There is no file with this id: upload it first.' }],
  );
}

function notThere(): AppError {
  return new AppError('not_found', 'There is no such file.');
}

function shown(ctx: Context, row: MediaRow | undefined): Media {
  if (!row) throw notThere();
  const { id, kind, mime, size, width, height, duration, name, alt, created_at } = row;
  const { url, expiresAt } = mediaUrl(ctx, id);
  return {
    id,
    kind,
    mime,
    size,
    width,
    height,
    duration,
    name,
    alt,
    url,
    url_expires_at: expiresAt.toISOString(),
    created_at: created_at.toISOString(),
  };
}

import type { Context, Who } from '../context.ts';
import { sha256 } from '../crypto.ts';
import type { MediaKind } from '../networks/message.ts';
import { imageBytesMost, isAnimated, readAnimation, readImage } from './image.ts';
import { safeName } from './name.ts';
import { isRecording, readRecording } from './recording/recording.ts';
import {
  documentKind,
  headSize,
  pictureKind,
  recordingKind,
  recordingSort,
  type Sort,
  sortOf,
  tooManyBytes,
} from './sort.ts';

/** A file that has arrived and belongs to nobody yet: a picture in memory, anything else in the store. */
export interface Arrival {
  sort: Sort;
  /** As the sender calls it. */
  givenName: string | null;
  content: { bytes: Uint8Array } | { key: string; size: number; sha256: string };
  /** Removes what is in the store. */
  drop(): Promise<void>;
}

/** What goes into the library. */
export interface Medium {
  kind: MediaKind;
  mime: string;
  size: number;
  width: number | null;
  height: number | null;
  duration: number | null;
  sha256: string;
  name: string | null;
  key: string;
}

/**
 * Takes in the bytes of a file while they come. What is a picture is held, to be made anew; all else goes into the store
 * piece by piece. Throws `invalid` for a kind that is not taken, as soon as its first bytes are there, and `too_large`;
 * nothing is left then.
 */
export async function receive(
  ctx: Pick<Context, 'files' | 'config'>,
  who: Pick<Who, 'workspaceId'>,
  file: { name: string | null; chunks: AsyncIterable<Uint8Array> },
  as: MediaKind | null,
): Promise<Arrival> {
  const source = file.chunks[Symbol.asyncIterator]();
  try {
    return await receiveFrom(ctx, who, file.name, source, as);
  } catch (error) {
    // What is not read any more is let go of.
    await source.return?.();
    throw error;
  }
}

async function receiveFrom(
  ctx: Pick<Context, 'files' | 'config'>,
  who: Pick<Who, 'workspaceId'>,
  givenName: string | null,
  source: AsyncIterator<Uint8Array>,
  as: MediaKind | null,
): Promise<Arrival> {
  const begun = await take(source, headSize);
  const sort = await sortOf(begun.subarray(0, headSize));
  if (sort.family === 'picture' && as !== 'document') {
    const rest = await take(source, imageBytesMost + 1 - begun.length);
    const bytes = Buffer.concat([begun, rest]);
    if (bytes.length > imageBytesMost) throw tooManyBytes(imageBytesMost);
    return { sort, givenName, content: { bytes }, drop: async () => {} };
  }
  const key = newKey(who, sort.extension);
  const hash = new Bun.CryptoHasher('sha256');
  const most = ctx.config.mediaBytesMost;
  let size = 0;
  const watched = async function* () {
    for (let chunk: Uint8Array | undefined = begun; chunk; chunk = await next(source)) {
      size += chunk.length;
      if (size > most) throw tooManyBytes(most);
      hash.update(chunk);
      yield chunk;
    }
  };
  await ctx.files.writeStream(key, watched());
  return {
    sort,
    givenName,
    content: { key, size, sha256: hash.digest('hex') },
    drop: () => ctx.files.remove(key),
  };
}

/**
 * Finds out what has arrived, and makes a picture anew. What it answers lies in the store under its key; when it throws,
 * nothing does.
 */
export async function settle(
  ctx: Pick<Context, 'files' | 'config'>,
  who: Pick<Who, 'workspaceId'>,
  arrival: Arrival,
  as: MediaKind | null,
): Promise<Medium> {
  try {
    return 'bytes' in arrival.content
      ? await settlePicture(ctx, who, arrival, arrival.content.bytes, as)
      : await settleStored(ctx, arrival, arrival.content, as);
  } catch (error) {
    await arrival.drop();
    throw error;
  }
}

async function settlePicture(
  ctx: Pick<Context, 'files' | 'config'>,
  who: Pick<Who, 'workspaceId'>,
  { sort, givenName }: Arrival,
  bytes: Uint8Array,
  as: MediaKind | null,
): Promise<Medium> {
  const kind = pictureKind(await isAnimated(bytes), sort.mime, as);
  const keep = async (
    made: { bytes: Uint8Array; mime: string; extension: string; width: number | null; height: number | null },
    duration: number | null,
  ): Promise<Medium> => {
    const { mime, width, height } = made;
    const key = newKey(who, made.extension);
    await ctx.files.write(key, made.bytes);
    const name = nameOf(kind, givenName, made.extension);
    return {
      kind,
      mime,
      size: made.bytes.length,
      width,
      height,
      duration,
      sha256: sha256(made.bytes),
      name,
      key,
    };
  };
  if (kind === 'document') return keep({ ...sort, bytes, width: null, height: null }, null);
  const milliseconds = ctx.config.durations.imageWork;
  if (kind === 'image') return keep(await readImage(bytes, milliseconds), null);
  const animation = await readAnimation(bytes, milliseconds);
  return keep(animation, animation.duration || null);
}

async function settleStored(
  ctx: Pick<Context, 'files'>,
  { sort, givenName }: Arrival,
  { key, size, sha256 }: { key: string; size: number; sha256: string },
  as: MediaKind | null,
): Promise<Medium> {
  if (sort.family !== 'recording' || as === 'document' || !isRecording(sort.mime)) {
    const kind = sort.family === 'picture' ? 'document' : documentKind(sort, as);
    const name = nameOf(kind, givenName, sort.extension);
    return { kind, mime: sort.mime, size, width: null, height: null, duration: null, sha256, name, key };
  }
  const stored = await ctx.files.open(key);
  if (!stored) throw new Error('what was just written is not there');
  const recording = await readRecording(stored, sort.mime);
  const { mime, extension } = recordingSort(sort, recording);
  const kind = recordingKind(recording, mime, as);
  const { width = null, height = null } = recording.video ?? {};
  const name = nameOf(kind, givenName, extension);
  return { kind, mime, size, width, height, duration: recording.duration, sha256, name, key };
}

/** People see the name of a document, so it has one in any case. */
function nameOf(kind: MediaKind, given: string | null, extension: string): string | null {
  return safeName(given, extension) ?? (kind === 'document' ? `document.${extension}` : null);
}

function newKey(who: Pick<Who, 'workspaceId'>, extension: string): string {
  return `${who.workspaceId}/${Bun.randomUUIDv7()}.${extension}`;
}

/** At least `least` bytes, or all that there are. */
async function take(source: AsyncIterator<Uint8Array>, least: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0;
  while (size < least) {
    const part = await next(source);
    if (!part) break;
    parts.push(part);
    size += part.length;
  }
  return Buffer.concat(parts);
}

async function next(source: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  const step = await source.next();
  return step.done ? undefined : step.value;
}

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
import { inTurn } from './turn.ts';

/** A file that has arrived in the store and belongs to nobody yet. */
export interface Arrival {
  sort: Sort;
  /** As the sender calls it. */
  givenName: string | null;
  key: string;
  size: number;
  sha256: string;
  /** Removes it. */
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
 * Takes in the bytes of a file while they come, and puts them into the store piece by piece: however many senders there
 * are and however slow, memory holds a piece of each. Throws `invalid` for a kind that is not taken, as soon as its first
 * bytes are there, and `too_large`; nothing is left then.
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
  const key = newKey(who, sort.extension);
  const hash = new Bun.CryptoHasher('sha256');
  const { mediaBytesMost } = ctx.config;
  const most = isPicture(sort, as) ? Math.min(imageBytesMost, mediaBytesMost) : mediaBytesMost;
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
  return { sort, givenName, key, size, sha256: hash.digest('hex'), drop: () => ctx.files.remove(key) };
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
    if (!isPicture(arrival.sort, as)) return await settleStored(ctx, arrival, as);
    const medium = await inTurn(who.workspaceId, () => makeAnew(ctx, who, arrival, as));
    await arrival.drop();
    return medium;
  } catch (error) {
    await arrival.drop();
    throw error;
  }
}

/** Whether it is made anew, and not kept as it came. */
function isPicture(sort: Sort, as: MediaKind | null): boolean {
  return sort.family === 'picture' && as !== 'document';
}

/** Only in its turn is a picture in memory, before and after: that bounds how many are. */
async function makeAnew(
  ctx: Pick<Context, 'files' | 'config'>,
  who: Pick<Who, 'workspaceId'>,
  { sort, givenName, key: rawKey }: Arrival,
  as: MediaKind | null,
): Promise<Medium> {
  const raw = await ctx.files.open(rawKey);
  if (!raw) throw new Error('what was just written is not there');
  const bytes = await new Response(raw.stream()).bytes();
  const kind = pictureKind(await isAnimated(bytes), sort.mime, as);
  const { imageWork } = ctx.config.durations;
  const made =
    kind === 'animation'
      ? await readAnimation(bytes, imageWork)
      : { ...(await readImage(bytes, imageWork)), duration: 0 };
  const { mime, extension, width, height } = made;
  const key = newKey(who, extension);
  await ctx.files.write(key, made.bytes);
  return {
    kind,
    mime,
    size: made.bytes.length,
    width,
    height,
    duration: made.duration || null,
    sha256: sha256(made.bytes),
    name: nameOf(kind, givenName, extension),
    key,
  };
}

async function settleStored(
  ctx: Pick<Context, 'files'>,
  { sort, givenName, key, size, sha256 }: Arrival,
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

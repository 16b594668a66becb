import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Core } from '../core.ts';
import { text } from '../core.ts';
import type { UploadedFile } from '../multipart.ts';
import { isTooNarrow, readPicture } from '../picture.ts';
import type { FileAbout, StoredFile } from '../state.ts';
import type { TelegramCall } from './call.ts';
import { bad, Refusal, unsupported } from './call.ts';

const MEGABYTE = 1024 * 1024;
const PHOTO_BYTES = 10 * MEGABYTE;
const FILE_BYTES = 50 * MEGABYTE;
const LOCAL_FILE_BYTES = 2000 * MEGABYTE;
const URL_PHOTO_BYTES = 5 * MEGABYTE;
const URL_FILE_BYTES = 20 * MEGABYTE;
const THUMBNAIL_BYTES = 200 * 1024;
const WRONG_FILE = 'wrong file identifier/HTTP URL specified';

export const MEDIA_KINDS = ['photo', 'video', 'animation', 'document', 'audio', 'voice'] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];

const TYPE_NAMES: Record<MediaKind, string> = {
  photo: 'Photo',
  video: 'Video',
  animation: 'Animation',
  document: 'Document',
  audio: 'Audio',
  voice: 'VoiceNote',
};

export interface Attached {
  /** What the server made of it, which may be another kind than was asked for. */
  kind: MediaKind;
  file: StoredFile;
  /** The part of a Message that shows it. */
  shown: Record<string, unknown>;
}

type Fields = Record<string, unknown>;

interface Arrived {
  name: string;
  type: string;
  size: number;
  bytes(): Uint8Array;
  keep(about: FileAbout): StoredFile;
}

export function mediaKindOf(type: unknown): MediaKind {
  const kind = MEDIA_KINDS.find((known) => known === type);
  if (!kind) throw unsupported(`media of type ${String(type)}`);
  return kind;
}

/**
 * Finds the bytes that a media parameter means: an attached file, a file_id of this bot, an address that a control made
 * known or, in local mode, a path. `told` are the parameters beside it. `exact` keeps the kind whatever the file is.
 */
export async function attach(
  call: TelegramCall,
  asked: MediaKind,
  value: string,
  told: Fields,
  exact = false,
): Promise<Attached> {
  const extras = await extrasOf(call, asked, told);
  if (!/^(attach|https?|file):\/\//i.test(value)) {
    const file = fileOf(call, value);
    const kind = mediaKindOf(file.kind ?? (file.width > 0 ? 'photo' : 'document'));
    if (kind !== asked) throw bad(`can't use file of type ${TYPE_NAMES[kind]} as ${TYPE_NAMES[asked]}`);
    return { kind, file, shown: shownAs(kind, file, thumbnailOf(call.core, file), extras.beside) };
  }
  const arrived = await arrive(call, asked, value);
  if (arrived.size === 0) throw bad('file must be non-empty');
  if (asked === 'photo' && arrived.size > PHOTO_BYTES)
    throw bad(
      `file of size ${arrived.size} bytes is too big for a photo; the maximum size is ${PHOTO_BYTES} bytes`,
    );
  if (arrived.size > (call.core.telegramLocal ? LOCAL_FILE_BYTES : FILE_BYTES))
    throw new Refusal(413, 'Request Entity Too Large');
  const mime = mimeOf(arrived.type, arrived.name);
  const kind = exact || told.disable_content_type_detection === true ? asked : kindOf(asked, mime);
  const image = asked === 'photo' || (mime.startsWith('image/') && arrived.size <= PHOTO_BYTES);
  const picture = image ? await readPicture(arrived.bytes()) : undefined;
  if (asked === 'photo') {
    if (!picture) throw bad('IMAGE_PROCESS_FAILED');
    if (picture.width + picture.height > 10_000 || isTooNarrow(picture, 20))
      throw bad('PHOTO_INVALID_DIMENSIONS');
  }
  const file = arrived.keep({
    mime: picture?.mime ?? mime,
    name: arrived.name,
    width: picture?.width ?? numberIn(told.width),
    height: picture?.height ?? numberIn(told.height),
    kind,
    ...(told.duration === undefined ? {} : { duration: numberIn(told.duration) }),
    ...(told.performer === undefined ? {} : { performer: text(told.performer) }),
    ...(told.title === undefined ? {} : { title: text(told.title) }),
    ...(extras.thumbnail ? { thumbnail: extras.thumbnail.id } : {}),
  });
  return { kind, file, shown: shownAs(kind, file, thumbnailOf(call.core, file), extras.beside) };
}

/** The file that an id of this bot means. */
export function fileOf(call: TelegramCall, id: string): StoredFile {
  const [, key, owner] = /^([0-9a-f]{32})-[a-z]-(\d+)$/.exec(id) ?? [];
  const file = key && owner === String(call.bot.id) ? call.core.state.files.get(key) : undefined;
  if (!file) throw bad(WRONG_FILE);
  return file;
}

/** Bytes for a control, from Base64. */
export function bytesFrom(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}

async function arrive(call: TelegramCall, kind: MediaKind, value: string): Promise<Arrived> {
  const { state } = call.core;
  if (value.startsWith('attach://')) {
    const upload = call.files.get(value.slice('attach://'.length));
    if (!upload) throw bad(WRONG_FILE);
    return uploaded(call.core, upload, kind);
  }
  if (/^file:/i.test(value)) return local(call.core, value);
  const found = state.addresses.get(value);
  const most = kind === 'photo' ? URL_PHOTO_BYTES : URL_FILE_BYTES;
  if (!found || found.bytes.length > most) throw bad('failed to get HTTP URL content');
  if (kind === 'photo' && !(await readPicture(found.bytes))) throw bad('wrong type of the web page content');
  return {
    name: decodeURIComponent(new URL(value).pathname.split('/').at(-1) ?? '') || `${kind}.bin`,
    type: found.mime,
    size: found.bytes.length,
    bytes: () => found.bytes,
    keep: (about) => state.keepFile(found.bytes, about),
  };
}

function uploaded({ state }: Core, upload: UploadedFile, kind: MediaKind): Arrived {
  return {
    name: upload.name || `${kind}.bin`,
    type: upload.type,
    size: upload.size,
    bytes: () => upload.bytes,
    keep: (about) => state.keepUpload(upload, about),
  };
}

async function local({ state, telegramLocal }: Core, value: string): Promise<Arrived> {
  if (!telegramLocal) throw bad(WRONG_FILE);
  try {
    const path = fileURLToPath(value);
    if (!isAbsolute(path)) throw new Error('not absolute');
    const hash = createHash('sha256');
    let size = 0;
    for await (const piece of createReadStream(path)) {
      hash.update(piece);
      size += piece.length;
    }
    const sha256 = hash.digest('hex');
    const upload = { name: path.split('/').at(-1) ?? '', type: '', size, sha256 };
    const bytes = () => Buffer.from('');
    if (size > URL_FILE_BYTES) return { ...upload, bytes, keep: (about) => state.keepSeen(upload, about) };
    const whole = Buffer.from(await Bun.file(path).arrayBuffer());
    return { ...upload, bytes: () => whole, keep: (about) => state.keepFile(whole, about) };
  } catch {
    throw bad(WRONG_FILE);
  }
}

/** Thumbnail and cover, which are pictures of their own beside the file. */
async function extrasOf(
  call: TelegramCall,
  kind: MediaKind,
  told: Fields,
): Promise<{ thumbnail?: StoredFile; beside: Fields }> {
  const extras: { thumbnail?: StoredFile; beside: Fields } = { beside: {} };
  if (typeof told.thumbnail === 'string' && told.thumbnail.startsWith('attach://')) {
    const upload = call.files.get(told.thumbnail.slice('attach://'.length));
    const picture = upload && upload.size <= THUMBNAIL_BYTES ? await readPicture(upload.bytes) : undefined;
    // A thumbnail that does not fit is left out without a word.
    if (upload && picture && Math.max(picture.width, picture.height) <= 320)
      extras.thumbnail = call.core.state.keepUpload(upload, { ...picture, name: upload.name, kind: 'photo' });
  }
  if (kind === 'video' && typeof told.cover === 'string')
    extras.beside.cover = (await attach(call, 'photo', told.cover, {})).shown.photo;
  if (kind === 'video' && told.start_timestamp !== undefined)
    extras.beside.start_timestamp = told.start_timestamp;
  return extras;
}

function numberIn(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0;
}

const MIMES: Record<string, string> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  mp4: 'video/mp4',
  m4v: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  mkv: 'video/x-matroska',
  avi: 'video/x-msvideo',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  ogg: 'audio/ogg',
  oga: 'audio/ogg',
  opus: 'audio/ogg',
  wav: 'audio/x-wav',
  flac: 'audio/flac',
  pdf: 'application/pdf',
  txt: 'text/plain',
  zip: 'application/zip',
};
const UNKNOWN = 'application/octet-stream';

/** The server goes by the name where the sender says nothing of the type. */
export function mimeOf(given: string, name: string): string {
  if (given && given !== UNKNOWN) return given;
  return MIMES[/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? ''] ?? UNKNOWN;
}

const FITTING: Record<MediaKind, readonly string[]> = {
  photo: [],
  video: ['video/mp4', 'video/quicktime'],
  animation: ['video/mp4', 'image/gif'],
  document: [],
  audio: ['audio/mpeg', 'audio/mp4', 'audio/x-m4a', 'audio/ogg'],
  voice: ['audio/ogg', 'audio/mpeg', 'audio/mp4', 'audio/x-m4a'],
};
/** What a document turns into unless detection is disabled. */
const DETECTED: Record<string, MediaKind> = {
  'image/gif': 'animation',
  'video/mp4': 'video',
  'audio/mpeg': 'audio',
  'audio/mp4': 'audio',
};

/** Files that a kind cannot play are shown as documents, and documents that play are shown as what they are. */
function kindOf(asked: MediaKind, mime: string): MediaKind {
  if (asked === 'photo' || mime === UNKNOWN) return asked;
  if (asked === 'document') return DETECTED[mime] ?? asked;
  return FITTING[asked].includes(mime) ? asked : 'document';
}

const PHOTO_SIDES: [string, number][] = [
  ['s', 90],
  ['m', 320],
  ['x', 800],
  ['y', 1280],
];

function thumbnailOf(core: Core, file: StoredFile): StoredFile | undefined {
  return file.thumbnail ? core.state.files.get(file.thumbnail) : undefined;
}

/** The field of a Message that shows a file. File ids are those of no bot. */
export function shownAs(
  kind: MediaKind,
  file: StoredFile,
  thumbnail?: StoredFile,
  ofVideo: Fields = {},
): Fields {
  if (kind === 'photo') return { photo: photoSizes(file) };
  const plain = {
    ...idOf(file, 'd'),
    ...(kind === 'voice' ? {} : { file_name: file.name }),
    mime_type: file.mime,
    file_size: file.size,
    ...(thumbnail && kind !== 'voice' ? { thumbnail: photoSizes(thumbnail).at(-1) } : {}),
  };
  const heard = { ...plain, duration: file.duration ?? 1 };
  if (kind === 'voice') return { voice: heard };
  if (kind === 'audio') {
    const { performer, title } = file;
    return { audio: { ...heard, ...(performer ? { performer } : {}), ...(title ? { title } : {}) } };
  }
  const moving = { ...heard, width: file.width || 640, height: file.height || 360 };
  if (kind === 'video') return { video: { ...moving, ...ofVideo } };
  // An animation is shown as a document as well, for old clients.
  if (kind === 'animation') return { animation: moving, document: plain };
  return { document: plain };
}

function idOf(file: StoredFile, letter: string): { file_id: string; file_unique_id: string } {
  return { file_id: `${file.id}-${letter}`, file_unique_id: `${file.id.slice(0, 12)}${letter}` };
}

export function photoSizes(file: StoredFile): Fields[] {
  const longer = Math.max(file.width, file.height);
  const sizes = PHOTO_SIDES.filter(
    ([letter, side]) => letter === 's' || side < longer || side / 2.5 < longer,
  );
  return sizes.map(([letter, side]) => {
    const scale = Math.min(1, side / longer);
    return {
      ...idOf(file, letter),
      width: Math.max(1, Math.round(file.width * scale)),
      height: Math.max(1, Math.round(file.height * scale)),
      file_size: Math.max(1, Math.round(file.size * scale * scale)),
    };
  });
}

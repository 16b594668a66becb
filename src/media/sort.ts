import { fileTypeFromBuffer } from 'file-type';
import { AppError, invalid } from '../errors.ts';
import type { MediaKind } from '../networks/message.ts';
import { isRecording, type Recording } from './recording/recording.ts';

/** Bytes from the start of a file that decide what it is. */
export const headSize = 64 * 1024;

/** What a file is by its first bytes, never by its name or what the sender says. */
export interface Sort {
  mime: string;
  /** Without a dot. */
  extension: string;
  /**
   * `picture`: made anew. `recording`: a video or a sound that is kept as it came. `document`: goes as a file.
   * `other`: a picture, video or sound of a form that goes only as a file, and only when that is asked for.
   */
  family: 'picture' | 'recording' | 'document' | 'other';
}

const pictures: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/apng': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
};
const recordings: Readonly<Record<string, string>> = {
  'video/mp4': 'mp4',
  'video/quicktime': 'mov',
  'video/webm': 'webm',
  'audio/mp4': 'm4a',
  'audio/mpeg': 'mp3',
  'audio/ogg': 'ogg',
};
/** Two names of one thing. */
const sameAs: Readonly<Record<string, string>> = {
  'video/x-m4v': 'video/mp4',
  'audio/x-m4a': 'audio/mp4',
};
/** What may go as a file besides text, pictures, videos and sounds. Nothing that runs, and nothing with macros. */
const documents = new Set([
  'application/pdf',
  'application/rtf',
  'application/zip',
  'application/x-tar',
  'application/gzip',
  'application/x-bzip2',
  'application/x-xz',
  'application/zstd',
  'application/x-7z-compressed',
  'application/x-rar-compressed',
  'application/epub+zip',
  'application/x-mobipocket-ebook',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.openxmlformats-officedocument.presentationml.slideshow',
  'application/vnd.oasis.opendocument.text',
  'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.presentation',
  'application/vnd.oasis.opendocument.graphics',
  'application/vnd.apple.keynote',
  'application/vnd.apple.numbers',
  'application/vnd.apple.pages',
  'text/calendar',
  'text/vcard',
  'text/vtt',
]);

/**
 * Names what begins with these bytes ({@link headSize} of them, or all). Throws `invalid` for what is never taken:
 * web pages, SVG and other markup, scripts, programs, and what nobody knows.
 */
export async function sortOf(head: Uint8Array): Promise<Sort> {
  if (head.length === 0) throw fault('The file is empty.');
  const found = await fileTypeFromBuffer(head).catch(() => undefined);
  if (!found) return textSort(head);
  const bare = found.mime.split(';', 1)[0] ?? '';
  const mime = sameAs[bare] ?? bare;
  const picture = pictures[mime];
  if (picture) return { mime, extension: picture, family: 'picture' };
  const recording = recordings[mime];
  if (recording) return { mime, extension: recording, family: 'recording' };
  if (documents.has(mime)) return { mime, extension: found.ext, family: 'document' };
  if (/^(image|video|audio)\//.test(mime)) return { mime, extension: found.ext, family: 'other' };
  if (mime === 'application/xml') throw markup();
  throw fault(
    'This kind of file is not taken: send pictures, videos, audio, PDF, Office, text, or a ZIP of anything else.',
  );
}

/** What file-type does not know is text, or nothing that we take. */
function textSort(head: Uint8Array): Sort {
  const wide =
    head[0] === 0xff && head[1] === 0xfe
      ? 'utf-16le'
      : head[0] === 0xfe && head[1] === 0xff
        ? 'utf-16be'
        : null;
  // Other encodings differ in letters only; what decides here is the same in all of them.
  const text = new TextDecoder(wide ?? 'latin1').decode(head).replace(/^(\ufeff|ï»¿)/, '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what tells text from other bytes
  if (/[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text)) {
    throw fault(
      'This kind of file is not known: send pictures, videos, audio, PDF, Office, text, or a ZIP of anything else.',
    );
  }
  const start = text.trimStart();
  if (/^<[!?/a-z]/i.test(start)) throw markup();
  if (/^(#!|#EXTM3U|@echo\b)/i.test(start)) {
    throw fault('Scripts and playlists are not taken: put it into a ZIP.');
  }
  return { mime: 'text/plain', extension: 'txt', family: 'document' };
}

/** What a picture becomes; `animated` is what its bytes say. Throws `invalid` when that cannot be had. */
export function pictureKind(
  animated: boolean,
  mime: string,
  as: MediaKind | null,
): 'image' | 'animation' | 'document' {
  if (as === 'document') return 'document';
  const kind = animated && mime === 'image/gif' ? 'animation' : 'image';
  if (as === null || as === kind) return kind;
  if (as === 'animation') throw wrongKind('This picture does not move: send it without `as`.');
  throw wrongKind(
    kind === 'animation'
      ? 'This picture moves: send it as an animation, without `as`.'
      : `A picture cannot go as ${as}.`,
  );
}

/** What a video or a sound becomes. Throws `invalid` when that cannot be had. */
export function recordingKind({ video, audio }: Recording, mime: string, as: MediaKind | null): MediaKind {
  if (as === 'document') return as;
  if (video) {
    if (as === null || as === 'video') return 'video';
    if (as !== 'animation') throw wrongKind(`A video cannot go as ${as}.`);
    if (audio !== null || !isMp4(mime)) throw wrongKind('An animation is a GIF or an MP4 without sound.');
    return as;
  }
  if (as === 'audio' || as === 'voice') {
    if (as === 'voice' && audio === 'vorbis') {
      throw wrongKind('A voice message is OGG with Opus, MP3 or M4A.');
    }
    return as;
  }
  if (as !== null) throw wrongKind(`A sound cannot go as ${as}.`);
  return audio === 'opus' ? 'voice' : 'audio';
}

/** Everything else goes as a document. Throws `invalid` when something else is asked for, or would be expected. */
export function documentKind({ family, mime }: Sort, as: MediaKind | null): 'document' {
  if (as === 'document' || (as === null && family === 'document')) return 'document';
  throw as === null
    ? fault(
        `Networks do not show ${mime}: save it as JPEG, PNG, WebP, GIF, MP4, WebM, MP3, M4A or OGG, or send it with as=document.`,
      )
    : wrongKind(`A file of this kind (${mime}) cannot go as ${as}, only as document.`);
}

/** The type of a recording as its content shows it: an MP4 without a picture is a sound. */
export function recordingSort(sort: Sort, { video }: Recording): Sort {
  if (sort.mime === 'video/mp4' && !video) return { ...sort, mime: 'audio/mp4', extension: 'm4a' };
  if (sort.mime === 'audio/mp4' && video) return { ...sort, mime: 'video/mp4', extension: 'mp4' };
  return sort;
}

export function tooManyBytes(most: number): AppError {
  return new AppError(
    'too_large',
    `The file is larger than ${(most / 1024 / 1024).toLocaleString('en')} MB.`,
  );
}

function isMp4(mime: string): boolean {
  return isRecording(mime) && mime.endsWith('/mp4');
}

function fault(message: string): AppError {
  return invalid({ path: '/file', message });
}

function wrongKind(message: string): AppError {
  return invalid({ path: '/as', message });
}

function markup(): AppError {
  return fault(
    'Web pages, SVG and other markup are not taken, since they can carry programs: put it into a ZIP.',
  );
}

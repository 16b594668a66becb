import { invalid } from '../../errors.ts';
import { readMp3 } from './mp3.ts';
import { readMp4 } from './mp4.ts';
import { readOgg } from './ogg.ts';
import { readWebm } from './webm.ts';
import { openWindow, type Ranged, Unreadable } from './window.ts';

/** What the headers of a video or a sound tell. */
export interface Recording {
  /** Pixels as shown, turned upright; null: it has no picture. */
  video: { width: number; height: number } | null;
  /** The codec as the container names it (`mp4a`, `opus`, `mp3`); null: it is silent. */
  audio: string | null;
  /** Seconds; null: the headers do not tell. */
  duration: number | null;
}

/** No network shows more pixels in a row, and no database column should have to hold what a header may claim. */
const pixelsMost = 65_535;
/** Seconds: a thousand hours. */
const durationMost = 3_600_000;

const readers = {
  'video/mp4': readMp4,
  'audio/mp4': readMp4,
  'video/quicktime': readMp4,
  'video/webm': readWebm,
  'audio/ogg': readOgg,
  'audio/mpeg': readMp3,
} as const;
export type RecordingMime = keyof typeof readers;

export function isRecording(mime: string): mime is RecordingMime {
  return Object.hasOwn(readers, mime);
}

/**
 * Reads the headers, never the content: a few small reads, bounded in number, without trust in any count that stands in
 * the file. General demuxers build tables as long as the file asks for; one of 900 bytes can ask for gigabytes.
 * Throws `invalid` in plain words.
 */
export async function readRecording(file: Ranged, mime: RecordingMime): Promise<Recording> {
  let recording: Recording;
  try {
    recording = believable(await readers[mime](openWindow(file)));
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    throw invalid({
      path: '/file',
      message:
        'The file is damaged, cut off or in a form that cannot be read: save it anew as MP4, WebM, MP3, M4A or OGG, or send it with as=document.',
    });
  }
  const { video, audio, duration } = recording;
  if (video === null && audio === null) {
    throw invalid({ path: '/file', message: 'The file has neither picture nor sound.' });
  }
  const sound = duration !== null && Number.isFinite(duration) && duration > 0;
  return { video, audio, duration: sound ? Math.round(duration * 1_000) / 1_000 : null };
}

/** A header may claim anything. Throws {@link Unreadable} for sizes and times that no recording has. */
function believable(recording: Recording): Recording {
  const { width, height } = recording.video ?? { width: 0, height: 0 };
  if (!(width <= pixelsMost && height <= pixelsMost)) throw new Unreadable('no such picture');
  if (!((recording.duration ?? 0) <= durationMost)) throw new Unreadable('no such duration');
  return recording;
}

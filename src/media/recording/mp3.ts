import type { Recording } from './recording.ts';
import { letters, Unreadable, type Window } from './window.ts';

/** Kilobits per second of layer III: MPEG 1, then MPEG 2 and 2.5. */
const bitrates = [
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const;
const rates = [44_100, 48_000, 32_000] as const;
/** Bytes after the tags in which the first frame must begin. */
const searched = 32 * 1024;

interface Frame {
  /** Bytes, header included. */
  length: number;
  samples: number;
  rate: number;
  /** Bits per second. */
  bitrate: number;
  /** Bytes from the frame's start to a Xing header. */
  xing: number;
}

/** MP3: its first frame, and its length by the Xing or VBRI header or else by the bit rate. Throws {@link Unreadable}. */
export async function readMp3(window: Window): Promise<Recording> {
  let start = 0;
  // Several tags may stand one after the other.
  for (let tags = 0; tags < 8; tags += 1) {
    const head = await window.at(start, 10);
    if (letters(head, 0, 3) !== 'ID3') break;
    const size = [6, 7, 8, 9].reduce((sum, at) => sum * 128 + (head.getUint8(at) & 0x7f), 0);
    start += 10 + size + (head.getUint8(5) & 0x10 ? 10 : 0);
  }
  const length = Math.min(searched, window.size - start);
  if (length < 4) throw new Unreadable('nothing after the tags');
  const view = await window.at(start, length);
  for (let at = 0; at + 4 <= length; at += 1) {
    const frame = frameAt(view, at);
    if (!frame) continue;
    // Eleven bits are easily met by chance: the next frame must follow, or the file end.
    const next = at + frame.length;
    if (next + 4 <= length ? !frameAt(view, next) : start + next > window.size) continue;
    const frames = framesToldBy(view, at, frame);
    const duration = frames
      ? (frames * frame.samples) / frame.rate
      : ((window.size - start - at) * 8) / frame.bitrate;
    return { video: null, audio: 'mp3', duration };
  }
  throw new Unreadable('no frame');
}

function frameAt(view: DataView, at: number): Frame | null {
  const bits = view.getUint32(at);
  const version = (bits >>> 19) & 3;
  const layer = (bits >>> 17) & 3;
  if (bits >>> 21 !== 0x7ff || version === 1 || layer !== 1) return null;
  const first = version === 3;
  const bitrate = (bitrates[first ? 0 : 1][(bits >>> 12) & 15] ?? 0) * 1_000;
  const rate = (rates[(bits >>> 10) & 3] ?? 0) / (first ? 1 : version === 2 ? 2 : 4);
  if (bitrate === 0 || rate === 0) return null;
  const samples = first ? 1_152 : 576;
  const mono = ((bits >>> 6) & 3) === 3;
  return {
    length: Math.floor(((samples / 8) * bitrate) / rate) + ((bits >>> 9) & 1),
    samples,
    rate,
    bitrate,
    xing: 4 + (first ? (mono ? 17 : 32) : mono ? 9 : 17),
  };
}

function framesToldBy(view: DataView, at: number, frame: Frame): number | null {
  const xing = at + frame.xing;
  if (xing + 12 <= view.byteLength && ['Xing', 'Info'].includes(letters(view, xing))) {
    return view.getUint32(xing + 4) & 1 ? view.getUint32(xing + 8) : null;
  }
  const vbri = at + 36;
  if (vbri + 18 <= view.byteLength && letters(view, vbri) === 'VBRI') return view.getUint32(vbri + 14);
  return null;
}

import type { Recording } from './recording.ts';
import { letters, Unreadable, type Window } from './window.ts';

/** A page is 65,307 bytes at most: the last one begins in here. */
const tail = 65_307;

/** OGG with Opus or Vorbis: the head of its first stream, and where its last page says that it ends. Throws {@link Unreadable}. */
export async function readOgg(window: Window): Promise<Recording> {
  const page = await window.at(0, 28);
  if (letters(page, 0) !== 'OggS') throw new Unreadable('no page');
  const serial = page.getUint32(14, true);
  const start = 27 + page.getUint8(26);
  const head = await window.at(start, 19);
  const opus = letters(head, 0, 8) === 'OpusHead';
  if (!opus && letters(head, 0, 7) !== '\u0001vorbis') throw new Unreadable('another codec');
  // Opus always counts in 48 kHz, and begins with some samples that are not heard.
  const rate = opus ? 48_000 : head.getUint32(12, true);
  const skipped = opus ? head.getUint16(10, true) : 0;

  const length = Math.min(tail, window.size);
  const end = await window.at(window.size - length, length);
  const bytes = Buffer.from(end.buffer);
  let duration: number | null = null;
  for (let at = bytes.lastIndexOf('OggS'); at >= 0; at = at > 0 ? bytes.lastIndexOf('OggS', at - 1) : -1) {
    if (at + 18 > length || end.getUint32(at + 14, true) !== serial) continue;
    const position = end.getBigInt64(at + 6, true);
    // A page on which no packet ends has no position.
    if (position < 0n || rate === 0) continue;
    duration = (Number(position) - skipped) / rate;
    break;
  }
  return { video: null, audio: opus ? 'opus' : 'vorbis', duration };
}

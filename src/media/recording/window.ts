const block = 64 * 1024;
/** Blocks that one file may cost: 8 MB, whatever its headers say. */
const blocksMost = 128;

/** A file that lies about itself or ends too early. Nothing of it reaches a person: {@link readRecording} says it plainly. */
export class Unreadable extends Error {}

/** A file of known size that can be read in parts; `end` is not in the part. */
export interface Ranged {
  size: number;
  stream(start: number, end: number): ReadableStream<Uint8Array>;
}

/** Looks into a stored file here and there. */
export interface Window {
  /** Bytes of the whole file. */
  size: number;
  /** `length` bytes (64 KB at most) at `start`. Throws {@link Unreadable} when they are not all there. */
  at(start: number, length: number): Promise<DataView>;
}

/**
 * Reads in blocks and keeps them, so that neighbouring looks cost one read. How much is read in all is bounded: the
 * headers of a file are a stranger's word, and the time and memory they may cost are ours to say.
 */
export function openWindow(file: Ranged): Window {
  const blocks = new Map<number, Promise<Uint8Array>>();
  const load = (index: number): Promise<Uint8Array> => {
    const known = blocks.get(index);
    if (known) return known;
    if (blocks.size >= blocksMost) throw new Unreadable('too much to read');
    const start = index * block;
    const loading = new Response(file.stream(start, Math.min(start + block, file.size))).bytes();
    blocks.set(index, loading);
    return loading;
  };
  return {
    size: file.size,
    async at(start, length) {
      if (!(start >= 0 && length >= 0 && length <= block && start + length <= file.size)) {
        throw new Unreadable('outside the file');
      }
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const position = start + done;
        const from = position % block;
        const part = (await load(Math.floor(position / block))).subarray(from, from + length - done);
        if (part.length === 0) throw new Unreadable('the file ends too early');
        bytes.set(part, done);
        done += part.length;
      }
      return new DataView(bytes.buffer);
    },
  };
}

/** Four letters, or `length` of them. */
export function letters(view: DataView, at: number, length = 4): string {
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + at, length));
}

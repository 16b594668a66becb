import { configure, ZipWriter } from '@zip.js/zip.js';

// Its workers would outlive the job; compression is native and leaves this thread by itself.
configure({ useWebWorkers: false });

export interface Zip {
  /** Text and tables: compressed. */
  text(name: string, chunks: AsyncIterable<string> | string): Promise<void>;
  /** What is compressed already, of a known size: kept as it is. */
  stored(name: string, bytes: ReadableStream<Uint8Array>, size: number): Promise<void>;
}

/** From this size on an entry needs the 64-bit fields, and so does one of which nobody knows. */
const large = 0xffff_0000;

/**
 * A ZIP as it comes into being: `fill` adds one entry after another, each is passed on while it is read, and no more is
 * read than is taken. What `fill` throws comes out here.
 */
export async function* zipped(fill: (zip: Zip) => Promise<void>): AsyncGenerator<Uint8Array> {
  let fail: (error: unknown) => void = () => {};
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => {
      fail = (error) => controller.error(error);
    },
  });
  const writer = new ZipWriter(writable, { keepOrder: true });
  const zip: Zip = {
    async text(name, chunks) {
      const from = typeof chunks === 'string' ? one(chunks) : chunks;
      await writer.add(name, streamOf(from), { zip64: typeof chunks !== 'string', level: 6 });
    },
    async stored(name, bytes, size) {
      await writer.add(name, bytes, { zip64: size > large, level: 0 });
    },
  };
  const filled = (async () => {
    await fill(zip);
    await writer.close();
  })();
  filled.catch(fail);
  yield* readable;
  await filled;
}

/** Asked for the next piece only when the one before it is taken. */
function streamOf(chunks: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

async function* one(text: string) {
  yield text;
}

import { AppError } from '../errors.ts';

/** Bytes that each window of time must bring. */
const least = 256 * 1024;

type Step = IteratorResult<Uint8Array, unknown>;

/**
 * The same bytes, as long as they keep coming: throws `malformed` when `milliseconds` of waiting have brought less than
 * 256 KB. Only waiting for the sender counts, not what is done with the bytes meanwhile.
 */
export function steady(chunks: AsyncIterable<Uint8Array>, milliseconds: number): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const source = chunks[Symbol.asyncIterator]();
      let waited = 0;
      let bytes = 0;
      const windowOver = () => {
        if (bytes < least) throw tooSlow();
        waited = 0;
        bytes = 0;
      };
      return {
        async next(): Promise<Step> {
          const coming = source.next();
          for (;;) {
            const began = performance.now();
            const step = await within(coming, milliseconds - waited);
            waited += performance.now() - began;
            bytes += step && !step.done ? step.value.length : 0;
            if (step === null || (waited >= milliseconds && !step.done)) windowOver();
            if (step !== null) return step;
          }
        },
        async return(): Promise<Step> {
          // Not waited for: a source that is silent ends only when its stream is torn down.
          Promise.resolve(source.return?.()).catch(() => {});
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** null: the time is over. */
function within(coming: Promise<Step>, milliseconds: number): Promise<Step | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), Math.max(milliseconds, 1));
    coming.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function tooSlow(): AppError {
  return new AppError('malformed', 'The file came too slowly, or stopped coming: send it again.');
}

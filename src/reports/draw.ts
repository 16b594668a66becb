import { Worker } from 'node:worker_threads';
import type { Order } from './drawing/worker.ts';

/**
 * The bytes of a report, drawn on a thread of its own: fonts and sheets take seconds in a row, in which nothing else
 * would be published. Throws when it fails, or takes longer than `most` milliseconds.
 */
export async function draw(order: Order, most: number): Promise<Uint8Array> {
  const worker = new Worker(new URL('./drawing/worker.ts', import.meta.url));
  let late: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the drawing thread ended without an answer')));
      late = setTimeout(() => reject(new Error('drawing a report took too long')), most);
      worker.postMessage(order);
    });
  } finally {
    clearTimeout(late);
    await worker.terminate();
  }
}

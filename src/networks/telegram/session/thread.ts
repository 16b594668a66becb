import { Worker } from 'node:worker_threads';
import type { Order, Reply } from './question.ts';

/**
 * The thread with the library, which takes 45 MB and a fifth of a second in a row, in which nothing else would be
 * published. It begins with a question, and ends when none came for a moment: they come in runs.
 */
interface Thread {
  worker: Worker;
  waiting: Map<number, (reply: Reply) => void>;
  idle: ReturnType<typeof setTimeout> | undefined;
}

/** Milliseconds that it stays without a question. */
const linger = 2_000;
/** Milliseconds beside that of one request that an answer may take: some twenty requests at most, and the loading. */
const answerMost = 60_000;
const silence: Reply = { failed: 'unknown', code: 'no_answer', wait: null, broken: true };

let thread: Thread | null = null;
let last = 0;

/**
 * Never throws. A thread with an order that was given up is asked no more, so that no connection of it is left; what
 * others have asked it is answered still.
 */
export async function onThread(order: Order, signal: AbortSignal | undefined): Promise<Reply> {
  if (signal?.aborted) return silence;
  try {
    thread ??= begin();
    return await answerOf(thread, order, signal);
  } catch {
    // There is no thread to be had, or it takes no order.
    if (thread !== null) retire(thread);
    return silence;
  }
}

async function answerOf(mine: Thread, order: Order, signal: AbortSignal | undefined): Promise<Reply> {
  clearTimeout(mine.idle);
  last += 1;
  const id = last;
  const { promise, resolve } = Promise.withResolvers<Reply>();
  mine.waiting.set(id, resolve);
  const giveUp = () => resolve(silence);
  const late = setTimeout(giveUp, order.timeout + answerMost);
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    mine.worker.postMessage({ id, order });
    const reply = await promise;
    if ('failed' in reply && reply.broken) retire(mine);
    return reply;
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', giveUp);
    mine.waiting.delete(id);
    if (mine.waiting.size === 0) {
      clearTimeout(mine.idle);
      mine.idle = setTimeout(() => end(mine), mine === thread ? linger : 0);
      mine.idle.unref();
    }
  }
}

function begin(): Thread {
  const worker = new Worker(new URL('./worker.ts', import.meta.url));
  const begun: Thread = { worker, waiting: new Map(), idle: undefined };
  worker.on('message', ({ id, reply }: { id: number; reply: Reply }) => begun.waiting.get(id)?.(reply));
  // Each time: an error that nobody listens for would end the process.
  worker.on('error', () => end(begun));
  worker.once('exit', () => end(begun));
  // It keeps no process from ending.
  worker.unref();
  return begun;
}

/** It is asked no more, and ends with its last answer. */
function retire(one: Thread): void {
  if (thread === one) thread = null;
}

function end(one: Thread): void {
  retire(one);
  clearTimeout(one.idle);
  for (const resolve of one.waiting.values()) resolve(silence);
  one.worker.terminate().catch(() => {});
}

import type { Context, Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { liveStreams } from '../metrics.ts';
import type { Sql } from '../stores/postgres.ts';
import { type Change, changesMost, changesSince } from './changes.ts';
import { watchChanges } from './feed.ts';

/** Streams that one person may have open in one process. */
const streamsMost = 20;
/** Bytes that wait for one who reads slowly; with more the stream is cut, and can be resumed. */
const waitingMost = 64 * 1024;
/** After how many milliseconds a browser shall come back. */
const retry = 1_000;

const streamsOf = new WeakMap<Sql, Map<string, number>>();
const encoder = new TextEncoder();

export interface StreamOptions {
  /** The last id that was heard; null: from now on. */
  since: string | null;
  /** Asked at each ping: false ends the stream. */
  mayGoOn(): Promise<boolean>;
  /** Aborted when the process drains. */
  closing: AbortSignal;
}

/**
 * What changes in the asker's workspace, as server-sent events: `ready` first, `change` for each thing, and `reset` where
 * everything may have changed. The ids are places to resume from. Throws `too_many_requests`.
 */
export async function openStream(
  ctx: Context,
  who: Who,
  { since, mayGoOn, closing }: StreamOptions,
): Promise<ReadableStream<Uint8Array>> {
  const giveBack = takeStream(ctx.sql, who.userId);
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  let pinging: Timer | null = null;
  let ended = false;
  let leave = () => {};

  /** `how`: the rest is sent and then nothing, or the connection is cut with what waits in it. */
  function end(how: 'close' | 'cut' | 'gone'): void {
    if (ended) return;
    ended = true;
    if (pinging) clearInterval(pinging);
    closing.removeEventListener('abort', onClosing);
    leave();
    giveBack();
    if (how === 'close') controller?.close();
    // An AbortError is what Bun does not complain of.
    if (how === 'cut') controller?.error(new DOMException('the reader is too slow', 'AbortError'));
  }
  function onClosing(): void {
    end('close');
  }
  function write(text: string): void {
    if (ended || !controller || text === '') return;
    if ((controller.desiredSize ?? 0) <= 0) end('cut');
    else controller.enqueue(encoder.encode(text));
  }

  /** Told before what was missed: it must wait, or its id would skip that. */
  let early: { changes: readonly Change[]; place: string }[] | null = [];
  const tell = (changes: readonly Change[], place: string) => {
    if (early) early.push({ changes, place });
    else write(eventsOf(changes, place));
  };
  try {
    const watching = await watchChanges(ctx, {
      workspaceId: who.workspaceId,
      tell,
      lost: () => end('close'),
    });
    leave = watching.leave;
    const begun = watching.place();
    const missed = since === null ? null : await changesSince(ctx, who, since);
    if (ended || closing.aborted) throw new AppError('unavailable', 'Try again.', { retryAfter: 1 });

    closing.addEventListener('abort', onClosing);
    return new ReadableStream<Uint8Array>(
      {
        start(made) {
          controller = made;
          const place = missed?.place ?? begun;
          write(`retry: ${retry}\nevent: ready\nid: ${place}\ndata: {}\n\n`);
          if (missed) write(eventsOf(missed.changes, place));
          for (const told of early ?? []) write(eventsOf(told.changes, told.place));
          early = null;
          pinging = setInterval(async () => {
            const may = await mayGoOn().catch(() => false);
            // Without data it is no event, but a place to resume from.
            if (may) write(`: ping\nid: ${watching.place()}\n\n`);
            else end('close');
          }, ctx.config.durations.changesPing);
        },
        cancel: () => end('gone'),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: waitingMost }),
    );
  } catch (error) {
    end('gone');
    throw error;
  }
}

/** `changes` null, or too many to be told one by one: everything. The id is on the last, so that half of them is none. */
function eventsOf(changes: readonly Change[] | null, place: string): string {
  const events =
    changes === null || changes.length > changesMost
      ? ['event: reset\ndata: {}\n']
      : changes.map(({ kind, id }) => `event: change\ndata: ${JSON.stringify({ kind, id })}\n`);
  return events
    .map((event, index) => (index === events.length - 1 ? `id: ${place}\n${event}\n` : `${event}\n`))
    .join('');
}

/** Counts a stream of a person; the answer gives its place back. */
function takeStream(sql: Sql, userId: string): () => void {
  const streams = streamsOf.get(sql) ?? new Map<string, number>();
  streamsOf.set(sql, streams);
  const open = streams.get(userId) ?? 0;
  if (open >= streamsMost) {
    throw new AppError('too_many_requests', `Only ${streamsMost} streams of one person can be open.`, {
      retryAfter: 10,
    });
  }
  streams.set(userId, open + 1);
  liveStreams.inc();
  return () => {
    liveStreams.dec();
    const left = (streams.get(userId) ?? 1) - 1;
    if (left > 0) streams.set(userId, left);
    else streams.delete(userId);
  };
}

import { ApiError, client, send } from '../api.ts';

/** What the server tells about, `id` of that kind. */
export interface Change {
  kind: string;
  id: string;
}

export interface Hearing {
  /** Connected. `again`: after it was lost, or could not be had at first. */
  live(again: boolean): void;
  change(change: Change): void;
  /** Everything may have changed. */
  reset(): void;
  lost(): void;
  /** The session is over: there will be no other try. */
  refused(): void;
}

/** Signs of life come every 15 s; without them the connection is dead, whatever the browser thinks. Milliseconds. */
const silenceMost = 40_000;
/** First wait before another try, doubled each time up to the second. */
const waitFirst = 500;
const waitMost = 10_000;
/** A page that nobody sees gives its connection back: a browser has six for one address, for all of its tabs. */
const hiddenMost = 30_000;

/**
 * Listens to what changes after `since` (null: from now on) until the answer is called; comes back by itself, and then
 * hears what it missed.
 */
export function listen(hearing: Hearing, since: string | null): () => void {
  const over = new AbortController();
  let last = since;
  let tries = 0;
  let opened = false;
  let cut = () => {};
  let wake = () => {};

  function hear(block: string): void {
    const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/, 2) as [string, string]));
    last = fields.get('id') ?? last;
    const event = fields.get('event');
    if (event === 'ready') {
      hearing.live(opened || tries > 0);
      opened = true;
      tries = 0;
    } else if (event === 'reset') hearing.reset();
    else if (event === 'change') hearing.change(JSON.parse(fields.get('data') ?? ''));
  }

  /** Resolves when the connection is gone, or there was none. */
  async function connect(): Promise<void> {
    const attempt = new AbortController();
    cut = () => attempt.abort();
    let silence = setTimeout(cut, silenceMost);
    try {
      const query = last === null ? {} : { last_event_id: last };
      const answer = await send(
        client.v1.events.stream.$get({ query }, { init: { signal: attempt.signal } }),
      );
      if (!answer.body) return;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(cut, silenceMost);
        const blocks = (text + value).split('\n\n');
        text = blocks.pop() ?? '';
        blocks.forEach(hear);
      }
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        over.abort();
        hearing.refused();
      } else if (
        !(error instanceof ApiError || error instanceof TypeError || error instanceof DOMException)
      ) {
        // Not: nothing answered, or it was cut.
        throw error;
      }
    } finally {
      clearTimeout(silence);
      hearing.lost();
    }
  }

  async function go(): Promise<void> {
    while (!over.signal.aborted) {
      await connect();
      const wait = Math.min(waitMost, waitFirst * 2 ** tries) * (0.5 + Math.random() / 2);
      tries += 1;
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (!document.hidden) setTimeout(resolve, wait);
      });
    }
  }

  let hiding: ReturnType<typeof setTimeout> | undefined;
  function look(): void {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(() => cut(), hiddenMost);
    else wake();
  }
  const { signal } = over;
  look();
  document.addEventListener('visibilitychange', look, { signal });
  // What was connected over the network that went may never be told so.
  addEventListener('offline', () => cut(), { signal });
  addEventListener('online', () => wake(), { signal });
  void go();
  return () => {
    over.abort();
    clearTimeout(hiding);
    cut();
    wake();
  };
}

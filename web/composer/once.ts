import { isPassing } from './autosave.ts';
import { same } from './content.ts';

/** What was sent. For as long as nothing answered it, it may have been done. */
export interface Wish<Body> {
  key: string;
  body: Body;
}

export interface Sending<Body, Answer> {
  send(body: Body, key: string): Promise<Answer>;
  /** null: nothing is left open. */
  keep(wish: Wish<Body> | null): void;
  key(): string;
}

/** Sends something under the key of the time before, where it is the same. Throws what the server says. */
export async function sendOnce<Body, Answer>(
  body: Body,
  before: Wish<Body> | null,
  { send, keep, key }: Sending<Body, Answer>,
): Promise<Answer> {
  const wish = before && same(before.body, body) ? before : { key: key(), body };
  keep(wish);
  try {
    return await send(wish.body, wish.key);
  } catch (error) {
    // It did nothing, and its key would give the same refusal again.
    if (!isPassing(error)) keep(null);
    throw error;
  }
}

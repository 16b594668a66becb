import { ApiError } from '../api.ts';
import { isPassing } from '../composer/autosave.ts';
import { same } from '../composer/content.ts';
import { type Sending, sendOnce, type Wish } from '../composer/once.ts';

/**
 * Makes a series, and only one: what was sent before and never answered is sent again as it was, and changed into what
 * is written now. Throws what the server says.
 */
export async function makeOnce<Body, Made>(
  body: Body,
  before: Wish<Body> | null,
  ports: Sending<Body, Made> & { change(made: Made, body: Body): Promise<Made> },
): Promise<Made> {
  if (before && !same(before.body, body)) {
    const made = await sendOnce(before.body, before, ports).catch(unlessRefused);
    const changed = made && (await ports.change(made, body).catch(unlessGone));
    if (changed) return changed;
  }
  return sendOnce(body, before, ports);
}

function unlessRefused(error: unknown): null {
  if (isPassing(error)) throw error;
  return null;
}

/** It stood, and somebody has deleted it since. */
function unlessGone(error: unknown): null {
  if (!(error instanceof ApiError && error.status === 404)) throw error;
  return null;
}

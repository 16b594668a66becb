import { AppError } from '../errors.ts';

/** Those of one workspace that may wait: a whole album at once. */
const waitersMost = 10;

/** Who waits, by workspace; the workspace that comes next is the first. */
const lines = new Map<string, (() => void)[]>();
let busy = false;

/**
 * Does work on a picture when its turn comes: one at a time in this process, since a decoded picture may be 200 MB.
 * Workspaces take turns, so that none waits for all that another has sent. What waits should hold no bytes yet.
 * Throws `unavailable` while too many of the same workspace wait.
 */
export async function inTurn<T>(workspaceId: string, work: () => Promise<T>): Promise<T> {
  if (busy) await turnOf(workspaceId);
  return begun(work);
}

/** Does it at once, or not at all (null) while anything else is worked on. */
export async function ifIdle<T>(work: () => Promise<T>): Promise<T | null> {
  return busy ? null : begun(work);
}

async function begun<T>(work: () => Promise<T>): Promise<T> {
  busy = true;
  try {
    return await work();
  } finally {
    handOn();
  }
}

function turnOf(workspaceId: string): Promise<void> {
  const line = lines.get(workspaceId) ?? [];
  if (line.length >= waitersMost) {
    throw new AppError('unavailable', 'Many images are being uploaded at this moment: try again shortly.', {
      retryAfter: 5,
    });
  }
  return new Promise((resolve) => {
    line.push(resolve);
    lines.set(workspaceId, line);
  });
}

/** It stays busy from one to the next: nobody who comes in between may overtake. */
function handOn(): void {
  const [first] = lines;
  if (!first) {
    busy = false;
    return;
  }
  const [workspaceId, [begin, ...rest]] = first;
  lines.delete(workspaceId);
  if (rest.length > 0) lines.set(workspaceId, rest);
  begin?.();
}

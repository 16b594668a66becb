/** Who may ask now: so many at once, so many of them for one workspace, the others wait for a moment in order. */
export interface Turns {
  /** Answers what ends the turn, or null when none came free within `wait` milliseconds or too many wait already. */
  take(workspaceId: string, wait: number, signal: AbortSignal): Promise<(() => void) | null>;
}

const waitingMost = 16;

export function openTurns(most: number, mostEach: number): Turns {
  const running = new Map<string, number>();
  const waiting: { workspaceId: string; wake(): void }[] = [];
  let total = 0;

  const isFree = (workspaceId: string) => total < most && (running.get(workspaceId) ?? 0) < mostEach;
  function begin(workspaceId: string): () => void {
    total += 1;
    running.set(workspaceId, (running.get(workspaceId) ?? 0) + 1);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      total -= 1;
      const left = (running.get(workspaceId) ?? 1) - 1;
      if (left === 0) running.delete(workspaceId);
      else running.set(workspaceId, left);
      waiting.find((one) => isFree(one.workspaceId))?.wake();
    };
  }
  return {
    take(workspaceId, wait, signal) {
      if (signal.aborted) return Promise.resolve(null);
      if (isFree(workspaceId)) return Promise.resolve(begin(workspaceId));
      if (waiting.length >= waitingMost) return Promise.resolve(null);
      return new Promise((resolve) => {
        const leave = (turn: (() => void) | null) => {
          clearTimeout(timer);
          signal.removeEventListener('abort', giveUp);
          waiting.splice(waiting.indexOf(one), 1);
          resolve(turn);
        };
        const giveUp = () => leave(null);
        const one = { workspaceId, wake: () => leave(begin(workspaceId)) };
        const timer = setTimeout(giveUp, wait);
        signal.addEventListener('abort', giveUp);
        waiting.push(one);
      });
    },
  };
}

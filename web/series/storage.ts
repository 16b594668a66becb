import type { Wish } from '../composer/once.ts';
import type { Draft } from './draft.ts';
import type { ChangeBody } from './queries.ts';

/** What this browser keeps of a series that is being written. */
export interface Stored {
  draft: Draft;
  /** `updated_at` of the series that it changes, or of the draft that it is made of; null: of neither. */
  base: string | null;
  /** What was sent of it and not answered. */
  wish: Wish<ChangeBody> | null;
}

const keyOf = (workspace: string, slot: string) => `outpost.series.${workspace}.${slot}`;

/**
 * Under which name it is kept: the series that is changed, the post that is repeated, or a new one. What was written over
 * a series that is gone keeps its name, and goes on as a new one.
 */
export function slotOf(id: string | null, post: string | null): string {
  return id ?? (post === null ? 'new' : `post.${post}`);
}

/** Null: nothing. `isOld`: what it began from has been changed since. */
export function readStored(
  workspace: string,
  slot: string,
  base: string | null,
): (Stored & { isOld: boolean }) | null {
  try {
    const stored: Stored | null = JSON.parse(localStorage.getItem(keyOf(workspace, slot)) ?? 'null');
    return stored && { ...stored, isOld: base !== null && stored.base !== base };
  } catch {
    return null;
  }
}

/** null: nothing is kept any more. A browser that keeps nothing must not stop anybody from writing. */
export function store(workspace: string, slot: string, stored: Stored | null): void {
  try {
    if (stored === null) localStorage.removeItem(keyOf(workspace, slot));
    else localStorage.setItem(keyOf(workspace, slot), JSON.stringify(stored));
  } catch {}
}

import type { Draft } from './draft.ts';

/** What this browser keeps of a series that is being written. */
interface Stored {
  draft: Draft;
  /** `updated_at` of the series that it changes; null: a new one. */
  base: string | null;
}

const keyOf = (workspace: string, id: string | null) => `outpost.series.${workspace}.${id ?? 'new'}`;

/** Null: nothing, or the series has been changed since. */
export function readStored(workspace: string, id: string | null, base: string | null): Draft | null {
  try {
    const stored: Stored | null = JSON.parse(localStorage.getItem(keyOf(workspace, id)) ?? 'null');
    return stored?.base === base ? stored.draft : null;
  } catch {
    return null;
  }
}

/** null: nothing is kept any more. A browser that keeps nothing must not stop anybody from writing. */
export function store(workspace: string, id: string | null, stored: Stored | null): void {
  try {
    if (stored === null) localStorage.removeItem(keyOf(workspace, id));
    else localStorage.setItem(keyOf(workspace, id), JSON.stringify(stored));
  } catch {}
}

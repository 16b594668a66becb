import type { Kept } from './autosave.ts';
import type { Content } from './content.ts';
import type { When } from './when.ts';

export interface Stored extends Kept<Content> {
  /** What was chosen and is not scheduled yet; null: nothing. */
  when: When | null;
}

const keyOf = (workspace: string, post: string) => `outpost.composer.${workspace}.${post}`;
const communitiesKey = (workspace: string) => `outpost.composer.${workspace}.communities`;

/** What this browser keeps of a post (`new`: of one that has no id yet). */
export function readStored(workspace: string, post: string): Stored | null {
  return read(keyOf(workspace, post));
}

/** null: nothing is kept any more. */
export function store(workspace: string, post: string, stored: Stored | null): void {
  write(keyOf(workspace, post), stored);
}

/** Where the last new post went. */
export function lastCommunities(workspace: string): string[] {
  return read(communitiesKey(workspace)) ?? [];
}

export function rememberCommunities(workspace: string, ids: readonly string[]): void {
  write(communitiesKey(workspace), ids);
}

function read<T>(key: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null');
  } catch {
    return null;
  }
}

/** A browser that is full or keeps nothing must not stop anybody from writing: the server has it a second later. */
function write(key: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {}
}

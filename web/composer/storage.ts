import { wishKey } from '../api.ts';
import type { Kept } from './autosave.ts';
import type { Content } from './content.ts';
import type { When } from './when.ts';

export interface Stored extends Kept<Content> {
  /** What was chosen and is not scheduled yet; null: nothing. */
  when: When | null;
}

const keyOf = (workspace: string, post: string) => `outpost.composer.${workspace}.${post}`;
/** Names of posts that have no id yet begin with it: there may be one for each address that makes a new one. */
const unsent = 'new';
const communitiesKey = (workspace: string) => `outpost.composer.${workspace}.communities`;

/** What a post is called here that has no id yet, by the query of its address. */
export function unsentName(search: string): string {
  return search === '' ? unsent : `${unsent}?${search}`;
}

/** Keeps what was written over a post as one of its own. Answers the query of the address that goes on with it. */
export function keepAsNew(workspace: string, { content, when }: Pick<Stored, 'content' | 'when'>): string {
  const search = `kept=${wishKey()}`;
  store(workspace, unsentName(search), { content, when, base: null, creating: null });
  return search;
}

/** What was written under an address that nobody opens again must not wait there for ever: it moves here. */
export function takeUnsent(workspace: string): Stored | null {
  const begin = keyOf(workspace, `${unsent}?`);
  const [key] = Object.keys(localStorage).filter((one) => one.startsWith(begin));
  if (key === undefined) return null;
  const found = read<Stored>(key);
  store(workspace, unsent, found);
  write(key, null);
  return found;
}

/** What this browser keeps of a post, by its id or {@link unsentName}. */
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

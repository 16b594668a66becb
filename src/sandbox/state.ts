import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { sha256 } from './ledger.ts';

export type AdminRights = Record<string, boolean>;

export interface Bot {
  id: number;
  token: string;
  username: string;
  first_name: string;
  revoked: boolean;
  webhook: { url: string; secret_token: string; allowed_updates: string[] } | null;
  allowed_updates: string[];
}

export interface Membership {
  status: 'administrator' | 'member' | 'left' | 'kicked';
  rights: AdminRights;
}

export interface Person {
  id: number;
  first_name: string;
  username?: string;
}

export interface Chat {
  id: number;
  type: 'private' | 'group' | 'supergroup' | 'channel';
  title: string;
  username: string;
  description: string;
  /** Number of people in it. */
  members: number;
  protect_content: boolean;
  owner: Person;
  linked_chat_id: number | null;
  migrated_to: number | null;
  /** By bot id; a bot that was never added is not in it. */
  bots: Record<string, Membership>;
}

/** A picture or file that somebody uploaded. The bytes are kept once per content. */
export interface StoredFile {
  id: string;
  sha256: string;
  mime: string;
  name: string;
  size: number;
  width: number;
  height: number;
}

/** A Telegram message as the API shows it, with what the API does not tell. */
export interface StoredMessage {
  chat: number;
  id: number;
  /** Epoch ms with fraction. */
  at: number;
  /** Bot id of the author; 0 = a person. */
  bot: number;
  deleted: boolean;
  pinned: boolean;
  kind: 'text' | 'photo' | 'video' | 'animation' | 'document' | 'service';
  files: string[];
  body: Record<string, unknown>;
}

export interface Community {
  id: number;
  screen_name: string;
  name: string;
  members: number;
  /** Posts a day before error 214; 0 = no limit. */
  posts_per_day: number;
}

export type VkTokenKind = 'community' | 'user' | 'vkid_user' | 'service';

export interface VkToken {
  token: string;
  label: string;
  kind: VkTokenKind;
  group_id: number;
  user_id: number;
  /** Bit mask of the granted rights. */
  scopes: number;
  admin_of: number[];
  refuse_docs: boolean;
  revoked: boolean;
}

export interface VkMedia {
  kind: 'photo' | 'doc';
  owner_id: number;
  id: number;
  access_key: string;
  file: string;
  title: string;
  date: number;
}

export interface VkComment {
  id: number;
  from_id: number;
  text: string;
  at: number;
  guid: string;
}

export interface VkPost {
  owner_id: number;
  id: number;
  at: number;
  from_id: number;
  text: string;
  /** As given: `photo1_2`, `doc-3_4`, a link. */
  attachments: string[];
  guid: string;
  pinned: boolean;
  deleted: boolean;
  edited: number;
  /** Unix seconds; 0 = published. */
  postponed: number;
  token_id: string;
  counters: { likes: number; reposts: number; views: number };
  comments: VkComment[];
}

interface Kept {
  bot: Bot;
  chat: Chat;
  message: StoredMessage;
  file: StoredFile;
  community: Community;
  vk_token: VkToken;
  vk_media: VkMedia;
  vk_post: VkPost;
}

export interface State {
  bots: Map<string, Bot>;
  chats: Map<number, Chat>;
  /** Per chat, by message id, in order. */
  messages: Map<number, Map<number, StoredMessage>>;
  files: Map<string, StoredFile>;
  communities: Map<number, Community>;
  vkTokens: Map<string, VkToken>;
  vkMedia: Map<string, VkMedia>;
  /** Per owner, by post id, in order. */
  vkPosts: Map<number, Map<number, VkPost>>;
  /** Takes over a new or changed thing; with a folder it is written before this returns. */
  save<K extends keyof Kept>(kind: K, value: Kept[K]): void;
  /** Keeps bytes once and returns the file's row. */
  keepFile(
    bytes: Uint8Array,
    about: { mime: string; name: string; width?: number; height?: number },
  ): StoredFile;
  bytesOf(file: StoredFile): Uint8Array | undefined;
  /** The next number under a name. `known` tells the greatest in use; it is asked once, after a start or reset. */
  nextId(name: string, known: () => number): number;
  reset(): void;
  close(): void;
}

/** Opens the sandbox's memory; with a folder, everything in it is shown again after a restart. */
export function openState(folder?: string): State {
  if (folder) mkdirSync(join(folder, 'files'), { recursive: true, mode: 0o700 });
  const path = folder ? join(folder, 'state.jsonl') : '';
  const bytes = new Map<string, Uint8Array>();
  const counters = new Map<string, number>();
  let out: number | undefined;

  const state: State = {
    bots: new Map(),
    chats: new Map(),
    messages: new Map(),
    files: new Map(),
    communities: new Map(),
    vkTokens: new Map(),
    vkMedia: new Map(),
    vkPosts: new Map(),
    save(kind, value) {
      adopt(state, { kind, value } as Line);
      if (out !== undefined) writeSync(out, `${JSON.stringify({ kind, value })}\n`);
    },
    keepFile(data, about) {
      const hash = sha256(data);
      const known = state.files.get(hash.slice(0, 32));
      if (known) return known;
      const file: StoredFile = {
        id: hash.slice(0, 32),
        sha256: hash,
        size: data.length,
        width: 0,
        height: 0,
        ...about,
      };
      bytes.set(file.id, data);
      if (folder) writeFileSync(join(folder, 'files', file.id), data);
      state.save('file', file);
      return file;
    },
    bytesOf(file) {
      const held = bytes.get(file.id);
      if (held || !folder || !existsSync(join(folder, 'files', file.id))) return held;
      const read = readFileSync(join(folder, 'files', file.id));
      bytes.set(file.id, read);
      return read;
    },
    nextId(name, known) {
      const next = (counters.get(name) ?? known()) + 1;
      counters.set(name, next);
      return next;
    },
    reset() {
      for (const map of [state.bots, state.chats, state.messages, state.files]) map.clear();
      for (const map of [state.communities, state.vkTokens, state.vkMedia, state.vkPosts]) map.clear();
      bytes.clear();
      counters.clear();
      if (out !== undefined) ftruncateSync(out, 0);
    },
    close() {
      if (out !== undefined) closeSync(out);
      out = undefined;
    },
  };

  if (path) {
    for (const line of existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []) {
      // A kill may leave half a line at the end.
      const parsed = line.endsWith('}') ? parseLine(line) : undefined;
      if (parsed) adopt(state, parsed);
    }
    out = openSync(path, 'a', 0o600);
    writeSync(out, '\n');
  }
  return state;
}

type Line = { [K in keyof Kept]: { kind: K; value: Kept[K] } }[keyof Kept];

function parseLine(line: string): Line | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function adopt(state: State, line: Line): void {
  switch (line.kind) {
    case 'bot':
      state.bots.set(line.value.token, line.value);
      break;
    case 'chat':
      state.chats.set(line.value.id, line.value);
      break;
    case 'message':
      shelf(state.messages, line.value.chat).set(line.value.id, line.value);
      break;
    case 'file':
      state.files.set(line.value.id, line.value);
      break;
    case 'community':
      state.communities.set(line.value.id, line.value);
      break;
    case 'vk_token':
      state.vkTokens.set(line.value.token, line.value);
      break;
    case 'vk_media':
      state.vkMedia.set(`${line.value.kind}${line.value.owner_id}_${line.value.id}`, line.value);
      break;
    case 'vk_post':
      shelf(state.vkPosts, line.value.owner_id).set(line.value.id, line.value);
      break;
  }
}

function shelf<T>(shelves: Map<number, Map<number, T>>, key: number): Map<number, T> {
  let found = shelves.get(key);
  if (!found) {
    found = new Map();
    shelves.set(key, found);
  }
  return found;
}

/** The greatest id on a VK wall: posts and comments are numbered together. */
export function lastVkId(state: State, ownerId: number): number {
  let last = 0;
  for (const post of state.vkPosts.get(ownerId)?.values() ?? [])
    last = Math.max(last, post.id, ...post.comments.map((comment) => comment.id));
  return last;
}

/** A Telegram chat by its numeric id (as number or text) or its @username. */
export function findChat(state: State, id: unknown): Chat | undefined {
  if (typeof id === 'string' && id.startsWith('@')) {
    const wanted = id.slice(1).toLowerCase();
    for (const chat of state.chats.values())
      if (chat.username && chat.username.toLowerCase() === wanted) return chat;
    return undefined;
  }
  return state.chats.get(Number(id));
}

/** A VK community by its id (as number or text) or screen name. */
export function findCommunity(state: State, id: unknown): Community | undefined {
  const number = Number(id);
  if (Number.isInteger(number)) return state.communities.get(Math.abs(number));
  for (const community of state.communities.values()) if (community.screen_name === id) return community;
  return undefined;
}

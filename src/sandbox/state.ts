import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from './ledger.ts';
import type { UploadedFile } from './multipart.ts';
import type { Bot, Chat, Person, StoredMessage, Update } from './telegram/records.ts';
import type {
  Community,
  VkApp,
  VkMedia,
  VkPerson,
  VkPoll,
  VkPost,
  VkRefreshToken,
  VkToken,
} from './vk/records.ts';

/** Bytes of larger files are dropped once they were counted. */
const KEPT_BYTES = 20 * 1024 * 1024;
/** Smaller ones stay in memory. */
const MEMORY_BYTES = 1024 * 1024;

/** A picture or file that somebody uploaded. The bytes are kept once per content. */
export interface StoredFile {
  id: string;
  sha256: string;
  mime: string;
  name: string;
  size: number;
  width: number;
  height: number;
  /** As what it was sent first; empty or missing when it was not sent as anything. */
  kind?: string;
  /** Seconds. */
  duration?: number;
  performer?: string;
  title?: string;
  /** Id of the file of its small picture. */
  thumbnail?: string;
}

/** What is told of a file beside its bytes. */
export type FileAbout = Pick<StoredFile, 'mime' | 'name'> &
  Partial<Pick<StoredFile, 'width' | 'height' | 'kind' | 'duration' | 'performer' | 'title' | 'thumbnail'>>;

export type {
  AdminRights,
  Bot,
  Chat,
  Membership,
  Participant,
  Person,
  StoredMessage,
  Topic,
  Update,
} from './telegram/records.ts';
export type {
  Community,
  VkApp,
  VkComment,
  VkMedia,
  VkPerson,
  VkPoll,
  VkPost,
  VkRefreshToken,
  VkToken,
  VkTokenKind,
} from './vk/records.ts';

interface Kept {
  bot: Bot;
  chat: Chat;
  message: StoredMessage;
  file: StoredFile;
  community: Community;
  vk_token: VkToken;
  vk_media: VkMedia;
  vk_post: VkPost;
  vk_poll: VkPoll;
  vk_app: VkApp;
  vk_person: VkPerson;
  vk_refresh: VkRefreshToken;
  person: Person;
  update: { bot: number; update: Update };
  /** All updates of the bot up to this id are done with. */
  confirmed: { bot: number; update_id: number };
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
  /** By `poll<owner>_<id>`. */
  vkPolls: Map<string, VkPoll>;
  vkApps: Map<number, VkApp>;
  vkPeople: Map<number, VkPerson>;
  vkRefreshTokens: Map<string, VkRefreshToken>;
  people: Map<number, Person>;
  /** What waits, per bot id. */
  updates: Map<number, { last: number; waiting: Update[] }>;
  /** What web addresses hold that files are fetched from; not kept over a restart. */
  addresses: Map<string, { bytes: Uint8Array; mime: string }>;
  /** Ids of pressed buttons that wait for an answer; not kept over a restart. */
  pressed: Set<string>;
  /** Takes over a new or changed thing; with a folder it is written before this returns. */
  save<K extends keyof Kept>(kind: K, value: Kept[K]): void;
  /** Keeps bytes once and returns the file's row. */
  keepFile(bytes: Uint8Array, about: FileAbout): StoredFile;
  /** As keepFile, for what a call brought; takes over its file on disk. Bytes of very large files are dropped. */
  keepUpload(upload: UploadedFile, about: FileAbout): StoredFile;
  /** A row for a file whose bytes are not kept. */
  keepSeen(content: { sha256: string; size: number }, about: FileAbout): StoredFile;
  /** Nothing when the bytes were dropped. */
  bytesOf(file: StoredFile): Uint8Array | undefined;
  /** A folder for files that arrive. */
  scratch(): string;
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
  let temporary = '';

  /** Where bytes lie that are not in memory. */
  function shelfOf(name: 'files' | 'scratch'): string {
    if (!folder && !temporary) temporary = mkdtempSync(join(tmpdir(), 'sandbox-files-'));
    const path = join(folder ?? temporary, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  function pathOf(content: string): string {
    return join(folder ?? temporary, 'files', content.slice(0, 32));
  }

  // The same bytes may have been sent under another name or as another kind, and are shown as they were sent.
  function rowOf(content: { sha256: string; size: number }, about: FileAbout): StoredFile {
    const first = content.sha256.slice(0, 32);
    const known = state.files.get(first);
    const told = { width: 0, height: 0, ...about };
    const row: StoredFile = { id: first, sha256: content.sha256, size: content.size, ...told };
    if (known && Bun.deepEquals(known, row)) return known;
    if (known) row.id = sha256(JSON.stringify([content.sha256, told])).slice(0, 32);
    const same = state.files.get(row.id);
    if (same) return same;
    state.save('file', row);
    return row;
  }

  const state: State = {
    bots: new Map(),
    chats: new Map(),
    messages: new Map(),
    files: new Map(),
    communities: new Map(),
    vkTokens: new Map(),
    vkMedia: new Map(),
    vkPosts: new Map(),
    vkPolls: new Map(),
    vkApps: new Map(),
    vkPeople: new Map(),
    vkRefreshTokens: new Map(),
    people: new Map(),
    updates: new Map(),
    addresses: new Map(),
    pressed: new Set(),
    save(kind, value) {
      adopt(state, { kind, value } as Line);
      if (out !== undefined) writeSync(out, `${JSON.stringify({ kind, value })}\n`);
    },
    keepFile(data, about) {
      const hash = sha256(data);
      const seen = bytes.has(hash) || ((folder || temporary) && existsSync(pathOf(hash)));
      if (!seen) {
        if (folder || data.length > MEMORY_BYTES)
          writeFileSync(join(shelfOf('files'), hash.slice(0, 32)), data);
        if (data.length <= MEMORY_BYTES) bytes.set(hash, data);
      }
      return rowOf({ sha256: hash, size: data.length }, about);
    },
    keepUpload(upload, about) {
      if (!upload.path) return state.keepFile(upload.bytes, about);
      const target = join(shelfOf('files'), upload.sha256.slice(0, 32));
      if (upload.size <= KEPT_BYTES && existsSync(upload.path)) renameSync(upload.path, target);
      return rowOf(upload, about);
    },
    keepSeen: rowOf,
    bytesOf(file) {
      const held = bytes.get(file.sha256);
      if (held || !(folder || temporary) || !existsSync(pathOf(file.sha256))) return held;
      const read = readFileSync(pathOf(file.sha256));
      if (read.length <= MEMORY_BYTES) bytes.set(file.sha256, read);
      return read;
    },
    scratch: () => shelfOf('scratch'),
    nextId(name, known) {
      const next = (counters.get(name) ?? known()) + 1;
      counters.set(name, next);
      return next;
    },
    reset() {
      for (const map of [state.bots, state.chats, state.messages, state.files]) map.clear();
      for (const map of [state.communities, state.vkTokens, state.vkMedia, state.vkPosts]) map.clear();
      for (const map of [state.vkPolls, state.vkApps, state.vkPeople, state.vkRefreshTokens]) map.clear();
      for (const map of [state.people, state.updates, state.addresses, state.pressed]) map.clear();
      bytes.clear();
      counters.clear();
      if (out !== undefined) ftruncateSync(out, 0);
    },
    close() {
      if (out !== undefined) closeSync(out);
      out = undefined;
      if (temporary) rmSync(temporary, { recursive: true, force: true });
      temporary = '';
    },
  };

  if (path) {
    rmSync(join(folder ?? '', 'scratch'), { recursive: true, force: true });
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
    case 'vk_poll':
      state.vkPolls.set(`poll${line.value.owner_id}_${line.value.id}`, line.value);
      break;
    case 'vk_app':
      state.vkApps.set(line.value.client_id, line.value);
      break;
    case 'vk_person':
      state.vkPeople.set(line.value.id, line.value);
      break;
    case 'vk_refresh':
      state.vkRefreshTokens.set(line.value.token, line.value);
      break;
    case 'person':
      state.people.set(line.value.id, line.value);
      break;
    case 'update': {
      const queue = queueOf(state, line.value.bot);
      queue.last = Math.max(queue.last, line.value.update.update_id);
      queue.waiting.push(line.value.update);
      break;
    }
    case 'confirmed': {
      const { bot, update_id } = line.value;
      const queue = queueOf(state, bot);
      queue.waiting = queue.waiting.filter((update) => update.update_id > update_id);
      break;
    }
  }
}

const FIRST_UPDATE = 1000;

/** What waits for a bot. */
export function queueOf(state: State, bot: number): { last: number; waiting: Update[] } {
  let queue = state.updates.get(bot);
  if (!queue) {
    queue = { last: FIRST_UPDATE, waiting: [] };
    state.updates.set(bot, queue);
  }
  return queue;
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

import type { GenericSchema } from 'valibot';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** An uploaded image as a network sees it. `body` is lazy: bytes are read when the request is written. */
export interface MediaItem {
  id: string;
  kind: 'image';
  mime: string;
  /** Bytes. */
  size: number;
  width: number;
  height: number;
  sha256: string;
  alt: string | null;
  body(): Blob;
}

export interface Message {
  text: string;
  media: readonly MediaItem[];
}

/** What a connection can do with the credentials it holds; found by asking the network, never assumed. */
export interface Capability {
  available: boolean;
  /** Plain words for the owner: what works, or why it does not. */
  detail: string;
  /** What to do to get it; null when it is available or cannot be had. */
  next_step: string | null;
}

export type CapabilityName = 'text' | 'images' | 'find';
export type Capabilities = Readonly<Record<CapabilityName, Capability>>;

/** Where a message goes: a connected community as the network sees it. */
export interface Place {
  /** Canonical id at the network (Telegram: numeric chat id; VK: positive group id). */
  externalId: string;
  capabilities: Capabilities;
  /** The network's own notes from `connect` (chat type, username, image mode …); no secrets. */
  details: Readonly<Record<string, Json>>;
}

/** What `connect` and `check` learn. */
export interface Connection extends Place {
  title: string;
  handle: string | null;
  url: string | null;
  /** null: the network did not tell. */
  members: number | null;
  avatar: { bytes: Uint8Array; mime: string } | null;
  /** A person's hint to the credential: bot id and last 4 characters. Never more. */
  credentialHint: string;
}

/** What a call to a network needs; handed in by the caller, so that networks/ knows neither config nor database. */
export interface Access<Credentials> {
  credentials: Credentials;
  /** API root, no trailing slash. */
  root: string;
  /** Milliseconds for each request, answer included. */
  timeout: number;
  /** Milliseconds until the connection must stand; without it `timeout` alone counts. */
  connect?: number;
  /** Called before each API call; resolves when it may go out. `token` says whose call it is where there are several. */
  pace?: (token?: string) => Promise<void>;
  signal?: AbortSignal;
}

/** A fault or a warning about content; `path` is a JSON Pointer into the post body (`/text`, `/media_ids/3`). */
export interface Remark {
  path: string;
  code: string;
  /** Plain words that say what to do. */
  message: string;
}

/** The exact request that `publish` sends. Media stand in `params` as `{ "$media": id }`. */
export interface Composition {
  request: { method: string; params: Record<string, Json> };
  length: { count: number; limit: number; unit: 'utf16_code_units' };
  /** Any problem means that the network refuses this: it is told at preview and at create. */
  problems: Remark[];
  warnings: Remark[];
}

/** A handle that `stage` got for one media item, kept until it expires. */
export interface Staged {
  handle: string;
  /** Milliseconds since the epoch; null: does not expire. */
  expiresAt: number | null;
}

export interface Sent {
  /** null: accepted, but the network gave no usable id yet. */
  remoteId: string | null;
  remoteUrl: string | null;
}

/** What a look-up searches for after an unknown outcome. */
export interface Sought {
  message: Message;
  /** Milliseconds since the epoch of the first byte of the send. */
  sentAt: number;
  /** Remote ids that belong to other publications of this community. */
  taken: ReadonlySet<string>;
}

/** `absent` may be said only where the read is authoritative. */
export type Found =
  | { kind: 'found'; remoteId: string; remoteUrl: string | null }
  | { kind: 'absent' }
  | { kind: 'ambiguous'; remoteIds: string[] };

/** One GCRA bucket: `rate` permits per `per` milliseconds, up to `burst` at once. */
export interface PaceRule {
  /** Unique over all networks; made of public ids only (`telegram:bot:123`). */
  key: string;
  rate: number;
  per: number;
  burst: number;
}

export interface Limits {
  text: { most: number; unit: 'utf16_code_units' };
  /** Longest text beside media, where it differs. */
  caption: { most: number; unit: 'utf16_code_units' };
  images: { most: number; bytes: number; mimes: readonly string[] };
}

/**
 * One social network. A capability is the presence of its method; where it depends on the token,
 * `connect` probes and stores what it found in `capabilities`.
 */
export interface Network<Credentials = unknown> {
  readonly name: string;
  readonly title: string;
  readonly limits: Limits;
  /** What is sealed; strict, unknown fields are refused. */
  readonly credentials: GenericSchema<unknown, Credentials>;
  /** What to type into `external_id`, in plain words. */
  readonly externalIdHelp: string;
  /** Resolves the place, checks the rights and probes the capabilities. Throws {@link NetworkError}. */
  connect(access: Access<Credentials>, externalId: string): Promise<Connection>;
  /** Buckets that one send takes, and the bucket that a staging call takes (`credential`). */
  pace(credentials: Credentials, place: Place): { send: PaceRule[]; credential: PaceRule };
  /** Pure: the same code serves preview, validation and sending. */
  compose(message: Message, place: Place): Composition;
  /** API calls that `stage` makes for one item, each after `access.pace()`; absent without `stage`. */
  readonly stageCalls?: number;
  /** Uploads one item; nothing becomes public. */
  stage?(access: Access<Credentials>, place: Place, item: MediaItem): Promise<Staged>;
  /** Sends once: exactly one request that makes something public, no retry, no redirect. Throws {@link NetworkError}. */
  publish(
    access: Access<Credentials>,
    place: Place,
    message: Message,
    /** Handles by media id; empty where the network has no `stage`. */
    staged: ReadonlyMap<string, string>,
    /** Stable per publication: the network's idempotency key where it has one. */
    clientKey: string,
  ): Promise<Sent>;
  /** Reads only. Present where the network can be read; whether this token may, says `capabilities.find`. */
  find?(access: Access<Credentials>, place: Place, sought: Sought): Promise<Found>;
  /** Remote id of a post address that a person pasted; null when it is not one of this place. */
  remoteIdOf(place: Place, url: string): string | null;
  /** A harmless read without credentials that shows whether the network answers at all. */
  probe(root: string, timeout: number): Promise<boolean>;
}

export type NetworkErrorKind = 'not_sent' | 'rejected' | 'limited' | 'auth' | 'unknown';

export interface NetworkErrorOptions {
  /** The network's own code (`403`, `vk:15`, `ECONNRESET`). */
  code: string;
  /** Plain words for a person: no token, no URL, no content. */
  message: string;
  /** What the person should do; null: nothing. */
  nextStep?: string | null;
  httpStatus?: number | null;
  /** Milliseconds, only with `limited`, where the network told it. */
  retryAfter?: number | null;
  /** `limited` only: which bucket the network holds. */
  scope?: 'credential' | 'place';
  /** `rejected` only: the network says that this content is there already. */
  duplicate?: boolean;
  /** `rejected` only: the place moved, the new id (Telegram group → supergroup). */
  movedTo?: string | null;
}

/**
 * How a call to a network ended when it did not end well. `kind` decides everything that follows:
 * - `not_sent`: provably no byte left; may be tried again at once
 * - `rejected`: the network definitely refused; nothing was made public
 * - `limited`: definitely refused for now; wait
 * - `auth`: definitely refused, the credential is dead
 * - `unknown`: nobody can tell; only reads may follow
 */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly code: string;
  readonly nextStep: string | null;
  readonly httpStatus: number | null;
  readonly retryAfter: number | null;
  readonly scope: 'credential' | 'place';
  readonly duplicate: boolean;
  readonly movedTo: string | null;

  constructor(
    readonly kind: NetworkErrorKind,
    options: NetworkErrorOptions,
  ) {
    super(options.message);
    this.code = options.code;
    this.nextStep = options.nextStep ?? null;
    this.httpStatus = options.httpStatus ?? null;
    this.retryAfter = options.retryAfter ?? null;
    this.scope = options.scope ?? 'credential';
    this.duplicate = options.duplicate ?? false;
    this.movedTo = options.movedTo ?? null;
  }
}

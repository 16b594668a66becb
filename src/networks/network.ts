import type { GenericSchema } from 'valibot';
import type { Entity } from '../text/formatted.ts';
import type { Inbound } from './inbound.ts';
import type { Composition, Json, LinkCard, Live, MediaItem, Message, Poll, Remark } from './message.ts';
import type { Stats } from './stats.ts';

/** What a connection can do with the credentials it holds; found by asking the network, never assumed. */
export interface Capability {
  available: boolean;
  /** Plain words for the owner: what works, or why it does not. */
  detail: string;
  /** What works all the same while it is missing; null when it is available. */
  without: string | null;
  /** What to do to get it; null when it is available or cannot be had. */
  next_step: string | null;
}

export const capabilityNames = [
  'text',
  'images',
  'video',
  'documents',
  'audio',
  'polls',
  'edit',
  'delete',
  'pin',
  'comments',
  'find',
  'updates',
  'statistics',
] as const;
export type CapabilityName = (typeof capabilityNames)[number];
export type Capabilities = Readonly<Record<CapabilityName, Capability>>;

/** Where a message goes: a connected community as the network sees it. */
export interface Place {
  /** Canonical id at the network (Telegram: numeric chat id; VK: positive group id). */
  externalId: string;
  capabilities: Capabilities;
  /** The network's own notes from `connect` (chat type, username, image mode …); no secrets. */
  details: Readonly<Record<string, Json>>;
  /** What the owner chose for this community, as `Network.settings` read it. */
  settings: Readonly<Record<string, Json>>;
}

/** What `connect` and `check` learn. */
export interface Connection extends Omit<Place, 'settings'> {
  title: string;
  handle: string | null;
  url: string | null;
  /** null: the network did not tell. */
  members: number | null;
  avatar: { bytes: Uint8Array; mime: string } | null;
  /** A person's hint to the credential: bot id and last 4 characters. Never more. */
  credentialHint: string;
  /** Credentials of `Network.besides` that do not work: whoever gives one is refused, a check warns of it. */
  unusable?: readonly { field: string; message: string; nextStep: string | null }[];
}

/** What a call to a network needs; handed in by the caller, so that networks/ knows neither config nor database. */
export interface Access<Credentials> {
  credentials: Credentials;
  /** API root, no trailing slash. */
  root: string;
  /** Other addresses of this network by name (`preview`, `oauth`), no trailing slash. */
  roots?: Readonly<Record<string, string>>;
  /** Milliseconds for each request, answer included. */
  timeout: number;
  /** Milliseconds until the connection must stand; without it `timeout` alone counts. */
  connect?: number;
  /** Milliseconds of a second as the network counts calls; 1000 where it is not given. */
  second?: number;
  /** Called before each API call; resolves when it may go out. `whose` says which token's call it is where there are several. */
  pace?: (whose?: string) => Promise<void>;
  /** Told when the network wants nothing of what is read under this name for so many milliseconds. */
  held?: (whose: string, wait: number) => Promise<void>;
  /** Told when a credential of `Network.besides` has died while the others live; `message` says it to a person. */
  lost?: (field: string, message: string) => Promise<void>;
  /** Runs `act` while nothing else runs under that name in the whole installation. */
  alone?: <T>(name: string, act: () => Promise<T>) => Promise<T>;
  /** The public address of an item for the network to fetch; null when this installation cannot be reached from outside. */
  mediaUrl?: (id: string) => string | null;
  signal?: AbortSignal;
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
  /** Every id that it stands under, where there are several (an album); the first is `remoteId`. */
  remoteIds?: readonly string[];
  /** Handles by media id that later sends with the same credential may use instead of the bytes. */
  handles?: ReadonlyMap<string, string>;
}

/** What a look-up searches for after an unknown outcome. */
export interface Sought {
  message: Message;
  /** Milliseconds since the epoch of the first byte of the send. */
  sentAt: number;
  /** Remote ids that belong to other publications of this community. */
  taken: ReadonlySet<string>;
  /** The newest id known from before the send; null: none is known. */
  newest: string | null;
}

/**
 * `absent` may be said only where the read is authoritative; `unseen` where it was not found, but nothing follows from
 * that. `by` names the way in plain words (`the public preview page`).
 */
export type Found =
  | { kind: 'found'; remoteId: string; remoteUrl: string | null; remoteIds?: readonly string[]; by?: string }
  | { kind: 'absent'; by?: string }
  | { kind: 'unseen'; by: string }
  | { kind: 'ambiguous'; remoteIds: string[] };

/** A published post, as acts on it need it. */
export interface Target {
  remoteId: string;
  /** Every id of it; at least `remoteId`. */
  remoteIds: readonly string[];
  /** What is public now. */
  live: Live;
}

/** What a read saw of a published post. `text` is null where the network does not give it back. */
export type Seen =
  | { kind: 'there'; text: string | null; media: number | null; pinned: boolean | null }
  | { kind: 'gone' };

/** One GCRA bucket: `rate` permits per `per` milliseconds, up to `burst` at once. */
export interface PaceRule {
  /** Unique over all networks; made of public ids only (`telegram:bot:123`). */
  key: string;
  rate: number;
  per: number;
  burst: number;
}

export interface FileLimits {
  /** Most of them in one message. */
  most: number;
  bytes: number;
  /** null: any. */
  mimes: readonly string[] | null;
}

/** At best; what a connection can do stands in its capabilities. */
export interface Limits {
  text: { most: number; unit: 'utf16_code_units' };
  /** Longest text beside media, where it differs. */
  caption: { most: number; unit: 'utf16_code_units' };
  /** Items of all kinds together. */
  media: number;
  images: FileLimits;
  video: FileLimits;
  animation: FileLimits;
  audio: FileLimits;
  voice: FileLimits;
  document: FileLimits;
  /** Characters of the question and of an answer, answers at least and at most; null: no polls. */
  poll: { question: number; option: number; least: number; most: number } | null;
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
  /** Fields of the credentials that can be done without: they are given alone, beside the kept ones, and taken away with null. */
  readonly besides?: readonly string[];
  /** What one post may ask of this network beyond its content (`silent`, `buttons` …); strict. */
  readonly options: GenericSchema<unknown, Record<string, Json>>;
  /** What the owner of a community may choose for it; strict, every field with a default. */
  readonly settings: GenericSchema<unknown, Record<string, Json>>;
  /** What to type into `external_id`, in plain words. */
  readonly externalIdHelp: string;
  /**
   * Resolves the place, checks the rights and probes the capabilities. `before`: the details of the last time with these
   * credentials, where this is only a check. Throws {@link NetworkError}.
   */
  connect(
    access: Access<Credentials>,
    externalId: string,
    settings: Readonly<Record<string, Json>>,
    before?: Readonly<Record<string, Json>>,
  ): Promise<Connection>;
  /**
   * Buckets that one send takes, and the bucket of everything else with this credential (staging, acts, reads).
   * `reads`: those that reads of figures take in its place, by the name that they give `access.pace`.
   */
  pace(
    credentials: Credentials,
    place: Place,
  ): { send: PaceRule[]; credential: PaceRule; reads?: Readonly<Record<string, PaceRule>> };
  /** Pure: one message as the messages that this network carries it as, in order; at least one. Absent: always one. */
  split?(message: Message): Message[];
  /** Pure: the same code serves preview, validation and sending. */
  compose(message: Message, place: Place): Composition;
  /** Pure: the link whose page the network would show with the message; null: none. */
  card?(message: Message): LinkCard | null;
  /**
   * Pure: how many posts the network takes of this place on one day of its own time zone, and the setting that says so.
   * Absent: as many as one likes.
   */
  perDay?(place: Place): { posts: number; timezone: string; setting: string };
  /** Pure: what `publish` makes public, as a drift check compares it. */
  live(message: Message, place: Place): Live;
  /** Pure: what the message's options ask to be done once it is public. `deleteAfter` in milliseconds. */
  afterwards?(message: Message): { pin: boolean | 'silent'; deleteAfter: number | null };
  /** API calls that `stage` makes for one item, each after `access.pace()`; absent without `stage`. */
  readonly stageCalls?: number;
  /** Whether this place has its media uploaded before the send. Absent: whenever there is `stage`. */
  stages?(place: Place): boolean;
  /** Uploads one item; nothing becomes public. */
  stage?(access: Access<Credentials>, place: Place, item: MediaItem): Promise<Staged>;
  /** Makes the poll of a message where the network wants it made before the send; its handle goes under `poll`. */
  stagePoll?(access: Access<Credentials>, place: Place, poll: Poll): Promise<Staged>;
  /** Sends once: exactly one request that makes something public, no retry, no redirect. Throws {@link NetworkError}. */
  publish(
    access: Access<Credentials>,
    place: Place,
    message: Message,
    /** Handles by media id (`poll` for the poll): of `stage`, and those that an earlier send with this credential left. */
    staged: ReadonlyMap<string, string>,
    /** Stable per publication: the network's idempotency key where it has one. */
    clientKey: string,
  ): Promise<Sent>;
  /** Reads only. Present where the network can be read; whether this token may, says `capabilities.find`. */
  find?(access: Access<Credentials>, place: Place, sought: Sought): Promise<Found>;
  /** Pure: why `after` cannot take the place of what is public. Empty: it can. */
  editProblems?(target: Target, after: Message, place: Place): Remark[];
  /** Replaces what is public. May be repeated: the second time changes nothing. */
  edit?(
    access: Access<Credentials>,
    place: Place,
    target: Target,
    after: Message,
    staged: ReadonlyMap<string, string>,
  ): Promise<void>;
  /** Removes it from the network; one that is gone already is removed. May be repeated. */
  remove?(access: Access<Credentials>, place: Place, target: Target): Promise<void>;
  /** Whether a place has one pinned post at most: pinning another unpins it. */
  readonly onePin?: boolean;
  /** Pins (`silent`: without a notification, where the network makes a difference) or unpins. May be repeated. */
  pin?(access: Access<Credentials>, place: Place, target: Target, pinned: boolean | 'silent'): Promise<void>;
  /**
   * Comments under it as the community, once: like `publish`. `thread` is where the network keeps comments of this post
   * (Telegram: chat and message in the linked group), learned from updates; null: not known.
   */
  comment?(
    access: Access<Credentials>,
    place: Place,
    target: Target,
    comment: { text: string; entities: readonly Entity[] },
    thread: string | null,
    clientKey: string,
  ): Promise<Sent>;
  /** Looks for a comment of unknown outcome. Present where comments can be read. */
  findComment?(
    access: Access<Credentials>,
    place: Place,
    target: Target,
    sought: { text: string; entities: readonly Entity[]; sentAt: number; taken: ReadonlySet<string> },
  ): Promise<Found>;
  /** Reads published posts back, in the order of `targets`; null: cannot be read with what this place allows. */
  read?(
    access: Access<Credentials>,
    place: Place,
    targets: readonly Target[],
  ): Promise<readonly (Seen | null)[]>;
  readonly stats?: Stats<Credentials>;
  /** Remote id of a post address that a person pasted; null when it is not one of this place. */
  remoteIdOf(place: Place, url: string): string | null;
  /** Whether its updates tell us of posts that we made ourselves: then an unknown outcome is settled by them, too. */
  echoes?(place: Place): boolean;
  /** The address of a post by its remote id; null where the network has none. */
  urlOf?(place: Place, remoteId: string): string | null;
  /** A harmless read without credentials that shows whether the network answers at all. */
  probe(root: string, timeout: number): Promise<boolean>;
  /** When the access of these credentials ends by itself, in milliseconds since the epoch; null: never. */
  expiresAt?(credentials: Credentials): number | null;
  /**
   * Gets fresh credentials where they rotate; what it answers must be kept before it is used. Is given the
   * {@link rotating} fields alone.
   */
  refresh?(access: Access<Credentials>): Promise<Credentials>;
  /** Top-level fields of the credentials that `refresh` replaces; absent: all of them. */
  readonly rotating?: readonly string[];
  /**
   * Pure: the account whose updates these credentials can hear (`telegram:bot:123`, `vk:group:45`); null: none.
   * `externalId` is null while no place is known.
   */
  sourceKey?(credentials: Credentials, externalId: string | null): string | null;
  /**
   * Pure: credentials of a further account that are among these, which hears what the first one publishes; null: there
   * are none. Whose updates they hear, `connect` notes as `details.witness_source`.
   */
  witness?(credentials: Credentials): Credentials | null;
  /** Hearing what happens at the network. */
  readonly inbound?: Inbound<Credentials>;
  /** How a person adds the account of these credentials to a place and proves who they are; `code` is their proof. */
  invite?(access: Access<Credentials>, code: string): Promise<Invitation>;
  /** Whether a person administers a place, by the network's own ids. */
  isAdmin?(access: Access<Credentials>, externalId: string, personId: string): Promise<boolean>;
  /** Host of somebody else's listener that gets this account's updates; null: none. `ours`: where this installation is. */
  foreignListener?(access: Access<Credentials>, ours: string): Promise<string | null>;
  /** Signing in at the network's own page, in place of pasting tokens. */
  readonly signIn?: SignIn<Credentials>;
}

/** The way in by adding a bot. */
export interface Invitation {
  /** A person's hint to the credential, as `Connection.credentialHint`. */
  hint: string;
  /** Opened by a person in the network's app; `prove` carries the code. */
  links: { add_to_channel: string; add_to_group: string; prove: string };
  /** What to do, one plain sentence each. */
  steps: string[];
}

/** Our application at a network, as its owner registered it. */
export interface Client {
  id: string;
  /** null: not set. */
  secret: string | null;
}

/** The way in by the network's own sign-in page (OAuth 2 with a code and PKCE). */
export interface SignIn<Credentials> {
  /** By name: whose access it gives, and what it needs. */
  readonly kinds: Readonly<Record<string, SignInKind>>;
  /** Pure: where the person goes. `verifier` stays with us until `finish`. */
  begin(kind: string, roots: Readonly<Record<string, string>>, request: SignInRequest): string;
  /** Takes what the browser came back with (`code`, `device_id` …) and gets the tokens. Throws {@link NetworkError}. */
  finish(
    kind: string,
    access: Omit<Access<null>, 'credentials' | 'root'> & { roots: Readonly<Record<string, string>> },
    request: SignInRequest,
    answer: Readonly<Record<string, string>>,
  ): Promise<SignedIn<Credentials>>;
}

export interface SignInKind {
  /** Plain words: what is got this way. */
  title: string;
  /** Whether our application's secret is needed. */
  secret: boolean;
  /** Whether the places must be named beforehand. */
  places: boolean;
}

export interface SignInRequest {
  client: Client;
  redirectUri: string;
  state: string;
  /** PKCE `code_verifier`: 43 to 128 characters of A-Z a-z 0-9 - _. */
  verifier: string;
  /** Ids of the places that access is asked for; empty where the kind needs none. */
  places: readonly string[];
}

export interface SignedIn<Credentials> {
  /** Fields of the credentials that hold for every place. */
  credentials: Partial<Credentials>;
  /** Fields by the id of the place that they hold for. */
  places: Readonly<Record<string, Partial<Credentials>>>;
  /** Who signed in; null: the network did not tell. */
  person: { id: string; name: string | null } | null;
}

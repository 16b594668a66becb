import type { MediaKind } from './message.ts';
import type { Access, Place } from './network.ts';

/**
 * What an update of a network tells, in words of no network. `place` and `remoteId` are those of a community and of its
 * posts, times are milliseconds since the epoch.
 */
export type InboundEvent =
  | PostSeen
  | {
      kind: 'post_edited';
      place: string;
      remoteId: string;
      /** When it was first posted. */
      postedAt: number;
      at: number;
      text: string;
      /** null: the network did not tell. */
      media: readonly MediaKind[] | null;
      album: string | null;
    }
  | {
      kind: 'reactions';
      place: string;
      remoteId: string;
      /** By emoji: all that there are now, or what came (and went, below zero). */
      counts: Readonly<Record<string, number>>;
      mode: 'total' | 'change';
    }
  | {
      kind: 'comment';
      /** The post that it stands under; null where the update names its thread alone. */
      post: { place: string; remoteId: string } | null;
      thread: string | null;
      commentId: string;
      removed: boolean;
    }
  /** Where comments of a post are kept, as `Network.comment` takes it. */
  | { kind: 'thread'; place: string; remoteId: string; thread: string }
  | {
      kind: 'standing';
      place: string;
      /** In the network's words. */
      status: string;
      /** Whether the listening account may post there now; null: the update does not tell, the network must be asked. */
      mayPost: boolean | null;
      /** null: no chat that could be connected. */
      chat: { title: string; type: string; username: string | null } | null;
      /** Id of the person who did it. */
      by: string | null;
    }
  /** A person showed a code to the listening account. */
  | { kind: 'code'; code: string; person: { id: string; name: string } }
  /** `name` is null where the update does not tell it. */
  | { kind: 'topic'; place: string; topicId: string; name: string | null };

export interface PostSeen {
  kind: 'post';
  place: string;
  remoteId: string;
  /** Several posts with one album are one; null: it stands alone. */
  album: string | null;
  at: number;
  text: string;
  media: readonly MediaKind[];
  /** Seen as a copy elsewhere: its album is the copy's. */
  copied: boolean;
}

/** One update, read. */
export interface Told {
  /** Unique among the updates of one account. */
  id: string;
  /** Whose update it says it is, as `Network.sourceKey` names it; absent: it does not say. */
  source?: string;
  events: readonly InboundEvent[];
}

/** Where fetching goes on. */
export interface Position {
  /** Kept over a restart; null: from what waits at the network. */
  cursor: string | null;
  /** What the network gave for fetching (it may hold a key: never kept, never shown); null: it is asked for first. */
  session: unknown;
}

export interface Fetched extends Position {
  updates: readonly unknown[];
  /** The network has forgotten updates that were never fetched. */
  lost: boolean;
}

/**
 * How the updates of an account are heard: posted by the network to an address of ours, or fetched. `place` is null for
 * an account that is known before any place is. Every method but the pure ones throws {@link NetworkError}.
 */
export interface Inbound<Credentials = unknown> {
  /** Whether its calls take permits of the account, as sends do. */
  readonly paced: boolean;
  /** Pure, never throws: what one update tells; null: it is none. */
  read(update: unknown): Told | null;
  /** Pure: what a request shows to prove that it is the network's own; null: nothing. To be compared in constant time. */
  proofOf(headers: Headers, body: unknown): string | null;
  /** Where the network asks whether the address is ours before it posts anything to it. */
  readonly challenge?: {
    /** Pure. */
    is(body: unknown): boolean;
    /** What it wants to be answered with: a secret to everybody else. */
    answer(access: Access<Credentials>, place: Place): Promise<string>;
  };
  /** What the network wants to be answered with when an update was taken. */
  readonly taken: string;
  /** Has updates posted to `url`; may be repeated, and takes the place of another listener. */
  listen(
    access: Access<Credentials>,
    place: Place | null,
    address: { url: string; secret: string },
  ): Promise<void>;
  /** Has them posted no more to addresses that begin with `ours`. Answers whether they were. */
  unlisten(access: Access<Credentials>, place: Place | null, ours: string): Promise<boolean>;
  /** Waits up to `wait` milliseconds for updates; `access.timeout` must be longer. Confirms those before `from`. */
  fetch(access: Access<Credentials>, place: Place | null, from: Position, wait: number): Promise<Fetched>;
  /** Writes to a person who has written to the account. Never throws for what the network says to it. */
  tell?(access: Access<Credentials>, personId: string, text: string): Promise<void>;
}

/** Text of a network is kept in the database, which takes no NUL. */
export function storable(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

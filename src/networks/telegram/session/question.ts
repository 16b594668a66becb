import type { NetworkErrorKind } from '../../error.ts';
import type { MediaKind } from '../../message.ts';
import type { PostStats } from '../../stats.ts';

/** A channel or supergroup as an account knows it: the hash is its own, and worth nothing to another account. */
export interface Channel {
  /** Without the `-100` that the Bot API puts before it. */
  id: string;
  accessHash: string;
  /** Whether reactions are allowed there: then a post that has none was given none. */
  reactions: boolean;
}

/** What is asked with a user session; each answers what {@link Answers} says under its name. */
export type Question =
  /** Who it is, and whether it sees the channel. `accessHash`: as it was found before; null: not yet. */
  | { kind: 'look'; id: string; username: string | null; accessHash: string | null }
  | { kind: 'members'; channel: Channel }
  /** Of up to 100 messages. */
  | { kind: 'figures'; channel: Channel; ids: number[] }
  /** Up to 100 messages below `before`, newest first; null: the newest. */
  | { kind: 'history'; channel: Channel; before: number | null };

export interface Answers {
  look: { user: string; name: string; channel: Channel };
  members: number | null;
  /** Figures by message, null where it is gone or hidden from the account. */
  figures: [id: number, figures: PostStats | null][];
  history: ReadMessage[];
}

/** A message as the history has it; an album is several of them. */
export interface ReadMessage {
  id: number;
  /** Milliseconds since the epoch; 0 where nothing is left of it. */
  at: number;
  text: string;
  media: MediaKind | null;
  poll: boolean;
  /** null: it stands alone. */
  album: string | null;
  /** No post: something that happened to the channel, or a message of which nothing is left. */
  service: boolean;
  figures: PostStats;
}

/** What the thread is asked. */
export interface Order {
  session: string;
  /** Number of the operator's application at Telegram. */
  appId: number;
  /** `host:port` in place of Telegram's own servers; null: those. */
  server: string | null;
  /** Milliseconds for each request. */
  timeout: number;
  question: Question;
}

/**
 * What it answers: plain values, nothing of a library's errors. `wait` in milliseconds. `broken`: the line broke, and what
 * is left of it goes on trying until the thread ends.
 */
export type Reply =
  | { answer: Answers[Question['kind']] }
  | { failed: NetworkErrorKind; code: string; wait: number | null; broken: boolean };

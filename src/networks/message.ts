import type { Entity } from '../text/formatted.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export const mediaKinds = ['image', 'video', 'animation', 'audio', 'voice', 'document'] as const;
export type MediaKind = (typeof mediaKinds)[number];

/** An uploaded file as a network sees it. */
export interface MediaItem {
  id: string;
  kind: MediaKind;
  mime: string;
  /** Bytes. */
  size: number;
  /** Pixels; null where the kind has none, or the file does not tell. */
  width: number | null;
  height: number | null;
  /** Seconds; null where the kind has none, or the file does not tell. */
  duration: number | null;
  sha256: string;
  /** As its owner called the file, made safe; null: has none. */
  name: string | null;
  alt: string | null;
  /** Opens the bytes; they are read while the request is written. Rejects when the file is lost. */
  open(): Promise<{ size: number; stream(): ReadableStream<Uint8Array> }>;
}

export interface Poll {
  question: string;
  options: readonly string[];
  multiple: boolean;
  anonymous: boolean;
  /** A quiz has one right answer, by its index. */
  quiz: { correct: number; explanation: string | null } | null;
}

/** One message as it goes to one place: content that is kept once, with what this network's own options add. */
export interface Message {
  text: string;
  entities: readonly Entity[];
  media: readonly MediaItem[];
  poll: Poll | null;
  /** What `Network.options` read; `{}` without any. */
  options: Readonly<Record<string, Json>>;
  /** null: it stands alone, or is the first of its parts. */
  after: After | null;
}

/** The parts that were published before this one; ids are null while nothing is published yet (preview). */
export interface After {
  /** `thread`: parts that a person wrote. `split`: one message that the network carries as two. */
  kind: 'thread' | 'split';
  first: string | null;
  previous: string | null;
}

/**
 * A fault or a warning about content; `path` is a JSON Pointer into one part (`/text`, `/media_ids/3`, `/poll/options/0`,
 * `/options/buttons`).
 */
export interface Remark {
  path: string;
  code: string;
  /** Plain words that say what to do. */
  message: string;
}

/** The exact request that `publish` sends. Media stand in `params` as `{ "$media": id }`. */
export interface Composition {
  request: { method: string; params: Record<string, Json> };
  /** Of the text as this network counts it, after rendering. */
  length: { count: number; limit: number; unit: 'utf16_code_units' };
  /** Any problem means that the network refuses this: it is told at preview and at create. */
  problems: Remark[];
  warnings: Remark[];
}

/** A link that a network shows as a card of its page. */
export interface LinkCard {
  url: string;
  /** JSON Pointer into the part: `/text` or an option. */
  path: string;
  /** Pixels of width that the network wants of the page's image to make a card; null: it makes one without an image. */
  imageWidth: number | null;
}

/** What of a message became public: kept with the publication, compared by drift checks, judged by edits. */
export interface Live {
  /** As rendered for the network. */
  text: string;
  media: readonly { id: string; kind: MediaKind }[];
  poll: boolean;
  /** Remote id of the post it comments; null: it is a post itself. */
  comments: string | null;
}

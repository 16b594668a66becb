import type { MediaKind } from './message.ts';
import type { Access, Place } from './network.ts';

/** What a community has; the last five are of the day so far, as the network counts days. null: it does not tell. */
export interface CommunityStats {
  members: number | null;
  reach: number | null;
  visitors: number | null;
  views: number | null;
  joins: number | null;
  leaves: number | null;
}

/** What a post has had until now. null: the network does not tell. */
export interface PostStats {
  views: number | null;
  reach: number | null;
  reactions: number | null;
  comments: number | null;
  shares: number | null;
  clicks: number | null;
}

/** What a community had on one whole day. null: the network does not tell. */
export interface DayStats extends Omit<CommunityStats, 'members'> {
  /** A moment of that day, in milliseconds since the epoch. */
  at: number;
}

/** A post as the network lists it, ours and those of others alike. */
export interface ListedPost {
  /** Every id that it stands under (an album has several), the one that it is known by first. */
  remoteIds: readonly string[];
  /** Milliseconds since the epoch. */
  at: number;
  text: string;
  media: readonly MediaKind[];
  poll: boolean;
  /** What it has had until now. */
  figures: PostStats;
}

/** Figures, read only. What this connection may not ask for is null. Whatever asks throws {@link NetworkError}. */
export interface Stats<Credentials> {
  communityStats(access: Access<Credentials>, place: Place): Promise<CommunityStats>;
  /**
   * Of up to 100 posts, by remote id: null where it is gone; missing where nothing can be read about it. What updates
   * tell (reactions and comments) is added by the caller.
   */
  postStats(
    access: Access<Credentials>,
    place: Place,
    remoteIds: readonly string[],
  ): Promise<ReadonlyMap<string, PostStats | null>>;
  /** Days that are over: present where the network tells of them afterwards. */
  readonly days?: {
    /** On whose clock they begin and end. */
    timezone: string;
    /** Days that one call is asked about. */
    most: number;
    /** Of the days from one midnight to another, in milliseconds; null: not with what this connection allows. */
    read(
      access: Access<Credentials>,
      place: Place,
      from: number,
      to: number,
    ): Promise<readonly DayStats[] | null>;
  };
  /** Posts of the place, also those that were not made here: present where the network lets them be listed. */
  readonly listing?: {
    /** Pure: whether what this connection allows is enough. */
    may(place: Place): boolean;
    /** Pure: how many posts are read back when a place is connected. */
    most(place: Place): number;
    /**
     * A page, newest first; `cursor` is the `next` of the page before, null at the start. Pages may overlap, and what is
     * pinned may stand first. `next` is null when there are no older ones.
     */
    page(
      access: Access<Credentials>,
      place: Place,
      cursor: string | null,
    ): Promise<{ posts: readonly ListedPost[]; next: string | null }>;
  };
}

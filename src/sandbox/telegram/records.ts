export type AdminRights = Record<string, boolean>;

export interface Bot {
  id: number;
  token: string;
  username: string;
  first_name: string;
  revoked: boolean;
  webhook: { url: string; secret_token: string; allowed_updates: string[] } | null;
  allowed_updates: string[];
  /** Gets all messages of its groups, not only commands and replies. */
  reads_groups?: boolean;
  /** May use custom emoji. */
  custom_emoji?: boolean;
  /** Gets no posts of other bots, as some owners of a second bot report. */
  deaf?: boolean;
}

/** What waits for a bot, or waited. */
export interface Update {
  update_id: number;
  [kind: string]: unknown;
}

export interface Membership {
  status: 'administrator' | 'member' | 'left' | 'kicked';
  rights: AdminRights;
}

export interface Person {
  id: number;
  first_name: string;
  last_name?: string | undefined;
  username?: string | undefined;
  language_code?: string | undefined;
}

/** A person in a chat. */
export interface Participant {
  person: Person;
  status: 'administrator' | 'member' | 'left' | 'kicked';
  rights: AdminRights;
}

export interface Topic {
  name: string;
  icon_color: number;
  closed: boolean;
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
  /** By person id, without the owner. */
  people?: Record<string, Participant>;
  is_forum?: boolean;
  /** By thread id. */
  topics?: Record<string, Topic>;
  /** Id of the file of its picture. */
  photo?: string;
  /** What members of a group may do; all that is not named. */
  permissions?: Record<string, boolean>;
  slow_mode_delay?: number;
  /** False when its public page is turned off. */
  preview?: boolean;
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
  kind: 'text' | 'photo' | 'video' | 'animation' | 'document' | 'audio' | 'voice' | 'poll' | 'service';
  files: string[];
  /** As the Bot API shows it, but with file ids of no bot: see `shownTo`. */
  body: Record<string, unknown>;
  /** In a private chat: the bot that it is with. */
  dialog?: number;
  silent?: boolean;
  /** Unknown unless set. */
  views?: number;
  forwards?: number;
  /** Totals by emoji. */
  reactions?: Record<string, number>;
  /** The copy in the discussion group that comments hang on. */
  discussion?: { chat: number; id: number };
}

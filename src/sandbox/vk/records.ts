/** A level of a community's manager; `creator` stands above all. */
export type ManagerRole = 'moderator' | 'editor' | 'administrator' | 'creator' | 'advertiser';

/** Moderators and advertisers do not write in the name of a community. */
export function runsCommunity(role: ManagerRole | undefined): boolean {
  return role === 'editor' || role === 'administrator' || role === 'creator';
}

/** An address that events of a community are posted to. */
export interface CallbackServer {
  id: number;
  title: string;
  creator_id: number;
  url: string;
  secret_key: string;
  /** `failed` = its confirmation failed, or too many events in a row were not taken. */
  status: 'unconfigured' | 'failed' | 'wait' | 'ok';
  api_version: string;
  /** Names of the events that it gets. */
  events: string[];
}

/** What is told of a community on one day. */
export interface DayFigures {
  views: number;
  visitors: number;
  reach: number;
  subscribed: number;
  unsubscribed: number;
}

export interface Community {
  id: number;
  screen_name: string;
  name: string;
  description: string;
  members: number;
  /** Posts a day before error 214; 0 = no limit. */
  posts_per_day: number;
  /** Links in texts and attachments are refused with error 222. */
  forbid_links: boolean;
  /** Whether posts for paying supporters are possible; else error 225. */
  donut: boolean;
  creator_id: number;
  /** By user id, with the creator. */
  managers: Record<string, ManagerRole>;
  confirmation_code: string;
  callback_servers: CallbackServer[];
  long_poll: { enabled: boolean; api_version: string; events: string[] };
  /** By Moscow date; what is not said of a day comes from its posts. */
  days?: Record<string, Partial<DayFigures>>;
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
  /** Epoch ms; 0 = never. */
  expires_at: number;
  /** A token of VK ID whose app was granted extra rights: error 1051 is over. */
  extended: boolean;
  /** App that it was issued to; 0 = none. */
  client_id: number;
  /** Tokens of one login; empty = of none. */
  family: string;
  /** The administrator who made a community token, which dies with his rights; 0 = nobody that matters. */
  issued_by: number;
}

/** A refresh token of VK ID: good for one use. */
export interface VkRefreshToken {
  token: string;
  family: string;
  client_id: number;
  user_id: number;
  device_id: string;
  /** Names of rights, as they were asked for. */
  scope: string;
  used: boolean;
  revoked: boolean;
}

export interface VkApp {
  client_id: number;
  client_secret: string;
  name: string;
  redirect_uris: string[];
  /** Bit mask of the extra rights that support granted to it. */
  rights: number;
}

/** Who may log in. */
export interface VkPerson {
  id: number;
  first_name: string;
  last_name: string;
  email: string;
}

export interface VkMedia {
  kind: 'photo' | 'doc' | 'video';
  owner_id: number;
  id: number;
  access_key: string;
  /** Id of the stored file; empty while a video was not uploaded. */
  file: string;
  title: string;
  description: string;
  /** Unix seconds. */
  date: number;
  /** Epoch ms when a video is processed. */
  ready_at: number;
  /** How processing a video ends: well, as a restricted one, or with the video gone. */
  failure: '' | 'restricted' | 'gone';
}

export interface VkPollAnswer {
  id: number;
  text: string;
  votes: number;
}

export interface VkPoll {
  owner_id: number;
  id: number;
  author_id: number;
  question: string;
  answers: VkPollAnswer[];
  anonymous: boolean;
  multiple: boolean;
  disable_unvote: boolean;
  /** Unix seconds; 0 = open for ever. */
  end_date: number;
  created: number;
  /** 0 = none. */
  background_id: number;
  photo_id: number;
}

export interface VkComment {
  id: number;
  from_id: number;
  text: string;
  /** Epoch ms with fraction. */
  at: number;
  guid: string;
  attachments: string[];
  /** Id of the comment that it answers; 0 = none. */
  reply_to: number;
  /** Ids of the comments above it, the topmost first. */
  parents: number[];
  deleted: boolean;
}

export interface VkPost {
  owner_id: number;
  id: number;
  at: number;
  from_id: number;
  /** The person who acted; 0 = unknown, as with a community token. */
  created_by: number;
  post_type: 'post' | 'suggest';
  text: string;
  /** As given: `photo1_2`, `doc-3_4`, a link. */
  attachments: string[];
  /** Title and picture that were given for the link card. */
  link_title: string;
  link_photo: string;
  guid: string;
  /** Whose name stands under the post; 0 = nobody's. */
  signer_id: number;
  ads: boolean;
  muted: boolean;
  comments_closed: boolean;
  /** Address of the source; empty = none. */
  copyright: string;
  attachments_mode: '' | 'grid' | 'carousel';
  /** Ms; 0 = for all, -1 = paid for ever. */
  donut_paid_duration: number;
  /** `latitude longitude`; empty = none. */
  geo: string;
  topic_id: number;
  pinned: boolean;
  deleted: boolean;
  edited: number;
  /** Unix seconds; 0 = published. */
  postponed: number;
  /** The id that it had while it was postponed; 0 = never. */
  postponed_id: number;
  /** `wall-1_2` of the post that this one shares; empty = none. */
  copy_of: string;
  token_id: string;
  counters: { likes: number; reposts: number; views: number };
  comments: VkComment[];
}

/** A whole post from what is told of it. */
export function postOfParts(
  parts: Pick<VkPost, 'owner_id' | 'id' | 'at' | 'from_id' | 'text'> & Partial<VkPost>,
): VkPost {
  return {
    created_by: 0,
    post_type: 'post',
    attachments: [],
    link_title: '',
    link_photo: '',
    guid: '',
    signer_id: 0,
    ads: false,
    muted: false,
    comments_closed: false,
    copyright: '',
    attachments_mode: '',
    donut_paid_duration: 0,
    geo: '',
    topic_id: 0,
    pinned: false,
    deleted: false,
    edited: 0,
    postponed: 0,
    postponed_id: 0,
    copy_of: '',
    token_id: '',
    counters: { likes: 0, reposts: 0, views: 0 },
    comments: [],
    ...parts,
  };
}

import { createHash, pbkdf2Sync, randomBytes } from 'node:crypto';
import { Long } from '@mtcute/bun';
import { writeStringSession } from '@mtcute/bun/utils.js';
import {
  type Answered,
  bigOf,
  type Called,
  hex,
  MtprotoServer,
  padded,
  power,
  prime,
  sha256,
  type Tl,
  trust,
} from './mtproto.ts';

/** A person's account at Telegram. */
export interface Account {
  id: number;
  name: string;
  key: Uint8Array;
  session: string;
  bot: boolean;
}

/** A channel as people see it. `id` is without the -100 of the Bot API. */
export interface PeopleChannel {
  id: number;
  title: string;
  username: string | null;
  members: number;
  /** Whether its settings allow reactions. */
  reactions: boolean;
  seenBy: Account[];
  /** By id; null: it was deleted. */
  messages: Map<number, Message | null>;
}

export interface Message {
  at: number;
  text: string;
  views?: number;
  forwards?: number;
  reactions?: Record<string, number>;
  comments?: number;
  photo?: boolean;
  album?: string;
  service?: boolean;
}

interface Fault {
  method: string;
  answer: Answered | 'silence' | 'hang_up';
  times: number;
}

/** Accounts and channels behind a {@link MtprotoServer}: what a user session sees of Telegram. */
export class Accounts {
  readonly accounts: Account[] = [];
  private readonly channels: PeopleChannel[] = [];
  private faults: Fault[] = [];
  private door: Door | null = null;

  private constructor(readonly server: MtprotoServer) {}

  static async start(): Promise<Accounts> {
    const answer = (called: Called) => made.answer(called);
    const made: Accounts = new Accounts(await MtprotoServer.start(answer));
    return made;
  }

  /** The session names an address of its own, which nobody is ever to connect to. */
  account(name: string, more: { bot?: boolean; testMode?: boolean; server?: number } = {}): Account {
    const id = 700_000_000 + this.accounts.length;
    const key = new Uint8Array(randomBytes(256));
    const main = {
      id: more.server ?? 2,
      ipAddress: '203.0.113.7',
      port: 443,
      testMode: more.testMode ?? false,
    };
    const session = writeStringSession({
      version: 3,
      primaryDcs: { main, media: main },
      self: { userId: id, isBot: false, isPremium: false, usernames: [] },
      authKey: key,
    });
    this.server.addKey(key);
    const account = { id, name, key, session, bot: more.bot ?? false };
    this.accounts.push(account);
    return account;
  }

  /** A person who is not signed in yet, and whom Telegram sends this code. */
  expect(account: Account, code: string, password: string): void {
    trust(this.server);
    this.door = new Door(account, code, password);
  }

  /** `id` as the Bot API has it. */
  channel(id: number, given: Partial<Omit<PeopleChannel, 'id' | 'messages'>>): PeopleChannel {
    const channel: PeopleChannel = {
      title: 'Channel',
      username: null,
      members: 10,
      reactions: true,
      seenBy: [],
      ...given,
      id: Number(String(id).slice(4)),
      messages: new Map(),
    };
    this.channels.push(channel);
    return channel;
  }

  /** The next calls of that method are answered so. */
  fault(method: string, answer: Fault['answer'], times = 1): void {
    this.faults.push({ method, answer, times });
  }

  clearFaults(): void {
    this.faults = [];
  }

  private answer(called: Called): Answered | 'silence' | 'hang_up' {
    const fault = this.faults.find(({ method, times }) => method === called.method && times > 0);
    if (fault) {
      fault.times -= 1;
      return fault.answer;
    }
    const me = this.accounts.find(({ key }) => called.key === hex(key));
    if (!me) return this.door?.answer(called) ?? { code: 401, error: 'AUTH_KEY_UNREGISTERED' };
    const { params } = called;
    switch (called.method) {
      case 'users.getUsers':
        return [userOf(me)];
      case 'contacts.resolveUsername': {
        const channel = this.channels.find(({ username }) => username === params.username);
        if (!channel) return { code: 400, error: 'USERNAME_NOT_OCCUPIED' };
        const peer = { _: 'peerChannel', channelId: channel.id };
        return { _: 'contacts.resolvedPeer', peer, chats: [chatOf(channel, me)], users: [] };
      }
      case 'messages.getDialogs':
        return this.dialogs(me, params);
      case 'channels.getFullChannel':
        return this.inside(me, params.channel as Tl, (channel) => fullOf(channel, me));
      case 'channels.getMessages':
        return this.inside(me, params.channel as Tl, (channel) => {
          const ids = (params.id as Tl[]).map(({ id }) => Number(id));
          return told(channel, me, ids);
        });
      case 'messages.getHistory':
        return this.inside(me, params.peer as Tl, (channel) => {
          const offset = Number(params.offsetId) || Number.POSITIVE_INFINITY;
          const ids = [...channel.messages].filter(([id]) => id < offset);
          const newest = ids.map(([id]) => id).sort((a, b) => b - a);
          return told(channel, me, newest.slice(0, Number(params.limit)));
        });
      default:
        return { code: 400, error: 'METHOD_INVALID' };
    }
  }

  private inside(me: Account, input: Tl, answer: (channel: PeopleChannel) => Tl): Answered {
    const channel = this.channels.find(({ id }) => id === input.channelId);
    if (!channel || !hashOf(channel, me).eq(input.accessHash as Long)) {
      return { code: 400, error: 'CHANNEL_INVALID' };
    }
    const sees = channel.username !== null || channel.seenBy.includes(me);
    return sees ? answer(channel) : { code: 400, error: 'CHANNEL_PRIVATE' };
  }

  /** A person has talked to many others before: their chats come first, a hundred on a page. */
  private dialogs(me: Account, { offsetId, limit, folderId }: Record<string, unknown>): Tl {
    const others = Array.from({ length: 150 }, (_, index) => 10_000 - index);
    const mine = this.channels.filter(({ seenBy }) => seenBy.includes(me));
    if (folderId === 1) return { _: 'messages.dialogs', dialogs: [], messages: [], chats: [], users: [] };
    const rest = others.filter((id) => Number(offsetId) === 0 || id < Number(offsetId));
    const page = rest.slice(0, Number(limit));
    const last = rest.length <= Number(limit);
    const peer = (id: number) => ({ _: 'peerUser', userId: 800_000_000 + id });
    const notifySettings = { _: 'peerNotifySettings' };
    const counts = { readInboxMaxId: 0, readOutboxMaxId: 0, unreadCount: 0, unreadMentionsCount: 0 };
    const dialogs: Tl[] = page.map((id) => ({
      _: 'dialog',
      peer: peer(id),
      topMessage: id,
      ...counts,
      unreadReactionsCount: 0,
      notifySettings,
    }));
    return {
      _: 'messages.dialogsSlice',
      count: others.length + mine.length,
      dialogs,
      messages: page.map((id) => ({
        _: 'message',
        id,
        peerId: peer(id),
        date: 1_700_000_000 + id,
        message: 'private',
      })),
      chats: last ? mine.map((channel) => chatOf(channel, me)) : [],
      users: page.map((id) => ({
        ...userOf({ ...me, id: 800_000_000 + id, name: 'Somebody' }),
        self: false,
      })),
    };
  }
}

/** Signing in: phone, code, and the password of the second step by SRP. */
class Door {
  private readonly algo = {
    _: 'passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow',
    salt1: new Uint8Array(randomBytes(32)),
    salt2: new Uint8Array(randomBytes(16)),
    g: 3,
    p: padded(prime),
  };
  private readonly b = bigOf(randomBytes(32));
  private readonly x: bigint;

  constructor(
    private readonly account: Account,
    private readonly code: string,
    password: string,
  ) {
    const { salt1, salt2 } = this.algo;
    const inner = sha256(salt2, sha256(salt1, Buffer.from(password), salt1), salt2);
    const slow = pbkdf2Sync(inner, salt1, 100_000, 64, 'sha512');
    this.x = bigOf(sha256(salt2, slow, salt2));
  }

  answer({ method, params, key }: Called): Answered | null {
    switch (method) {
      case 'help.getNearestDc':
        return { _: 'nearestDc', country: 'RU', thisDc: 2, nearestDc: 2 };
      case 'auth.sendCode':
        return { _: 'auth.sentCode', type: { _: 'auth.sentCodeTypeApp', length: 5 }, phoneCodeHash: 'h' };
      case 'auth.signIn':
        return params.phoneCode === this.code
          ? { code: 401, error: 'SESSION_PASSWORD_NEEDED' }
          : { code: 400, error: 'PHONE_CODE_INVALID' };
      case 'account.getPassword':
        return {
          _: 'account.password',
          hasPassword: true,
          currentAlgo: this.algo,
          srpB: padded(this.offered()),
          srpId: Long.ONE,
          newAlgo: this.algo,
          newSecureAlgo: { _: 'securePasswordKdfAlgoUnknown' },
          secureRandom: new Uint8Array(16),
        };
      case 'auth.checkPassword': {
        const { A, M1 } = params.password as { A: Uint8Array; M1: Uint8Array };
        if (hex(M1) !== hex(this.proofOf(A))) return { code: 400, error: 'PASSWORD_HASH_INVALID' };
        this.account.key = new Uint8Array(Buffer.from(key, 'hex'));
        return { _: 'auth.authorization', user: userOf(this.account) };
      }
      default:
        return null;
    }
  }

  private offered(): bigint {
    const k = bigOf(sha256(padded(prime), padded(3n)));
    return (k * power(3n, this.x) + power(3n, this.b)) % prime;
  }

  /** What a client that knows the password answers. */
  private proofOf(a: Uint8Array): Uint8Array {
    const { salt1, salt2, p } = this.algo;
    const offered = padded(this.offered());
    const u = bigOf(sha256(padded(bigOf(a)), offered));
    const shared = power((bigOf(a) * power(power(3n, this.x), u)) % prime, this.b);
    const ofG = sha256(padded(3n));
    const both = sha256(p).map((byte, index) => byte ^ (ofG[index] ?? 0));
    return sha256(both, sha256(salt1), sha256(salt2), padded(bigOf(a)), offered, sha256(padded(shared)));
  }
}

/** Each account names a channel by a hash of its own. */
function hashOf(channel: PeopleChannel, me: Account): Long {
  const bytes = createHash('sha256').update(`${channel.id} ${me.id}`).digest();
  return new Long(bytes.readInt32LE(0), bytes.readInt32LE(4));
}

function userOf(me: Pick<Account, 'id' | 'name' | 'bot'>): Tl {
  const accessHash = Long.fromNumber(me.id);
  return {
    _: 'user',
    id: me.id,
    accessHash,
    firstName: me.name,
    self: true,
    bot: me.bot,
    ...(me.bot ? { botInfoVersion: 1 } : {}),
  };
}

function chatOf(channel: PeopleChannel, me: Account): Tl {
  return {
    _: 'channel',
    id: channel.id,
    accessHash: hashOf(channel, me),
    title: channel.title,
    broadcast: true,
    date: 1_700_000_000,
    photo: { _: 'chatPhotoEmpty' },
    ...(channel.username === null ? {} : { username: channel.username }),
  };
}

function fullOf(channel: PeopleChannel, me: Account): Tl {
  return {
    _: 'messages.chatFull',
    fullChat: {
      _: 'channelFull',
      id: channel.id,
      about: '',
      participantsCount: channel.members,
      readInboxMaxId: 0,
      readOutboxMaxId: 0,
      unreadCount: 0,
      chatPhoto: { _: 'photoEmpty', id: Long.ZERO },
      notifySettings: { _: 'peerNotifySettings' },
      botInfo: [],
      pts: 1,
      ...(channel.reactions ? { availableReactions: { _: 'chatReactionsAll' } } : {}),
    },
    chats: [chatOf(channel, me)],
    users: [],
  };
}

function told(channel: PeopleChannel, me: Account, ids: readonly number[]): Tl {
  return {
    _: 'messages.channelMessages',
    pts: 1,
    count: ids.length,
    messages: ids.map((id) => messageOf(channel, id)),
    topics: [],
    chats: [chatOf(channel, me)],
    users: [],
  };
}

function messageOf(channel: PeopleChannel, id: number): Tl {
  const message = channel.messages.get(id);
  if (!message) return { _: 'messageEmpty', id };
  const peerId = { _: 'peerChannel', channelId: channel.id };
  const date = Math.floor(message.at / 1_000);
  if (message.service) {
    return { _: 'messageService', id, peerId, date, action: { _: 'messageActionChannelCreate', title: 'x' } };
  }
  const { views, forwards, reactions, comments, photo, album } = message;
  return {
    _: 'message',
    id,
    peerId,
    date,
    post: true,
    message: message.text,
    ...(photo ? { media: { _: 'messageMediaPhoto' } } : {}),
    ...(album ? { groupedId: Long.fromString(album) } : {}),
    // The two come together or not at all: the schema has one flag for them.
    ...(views === undefined ? {} : { views, forwards: forwards ?? 0 }),
    ...(reactions
      ? {
          reactions: {
            _: 'messageReactions',
            results: Object.entries(reactions).map(([emoticon, count]) => ({
              _: 'reactionCount',
              reaction: { _: 'reactionEmoji', emoticon },
              count,
            })),
          },
        }
      : {}),
    ...(comments === undefined
      ? {}
      : { replies: { _: 'messageReplies', comments: true, replies: comments, repliesPts: 1, channelId: 1 } }),
  };
}

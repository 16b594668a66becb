import { parentPort } from 'node:worker_threads';
import { type BaseTelegramClient, Long, MtTimeoutError, TransportError, tl } from '@mtcute/bun';
import type { NetworkErrorKind } from '../../error.ts';
import { clientOf } from './client.ts';
import { figuresOf, readMessage } from './message.ts';
import type { Answers, Channel, Order, Question, Reply } from './question.ts';

/** Pages of 100 chats of the account in which a private channel is looked for. */
const dialogPages = 10;
/** Milliseconds that closing may take. */
const closeMost = 1_000;

parentPort?.on('message', async ({ id, order }: { id: number; order: Order }) =>
  parentPort?.postMessage({ id, reply: await reply(order) }),
);

/** Why a question has no answer, where Telegram did not say it. */
class Refusal extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

type Call = <T extends tl.RpcMethod>(request: T) => Promise<tl.RpcCallReturn[T['_']]>;

async function reply({ session, appId, server, timeout, question }: Order): Promise<Reply> {
  let client: BaseTelegramClient | null = null;
  try {
    client = await clientOf({ id: appId, hash: '', server }, session);
    if (client === null) throw new Refusal('bad_session');
    const opened = client;
    // It would connect again for ever: the first thing that goes wrong with the connection is the answer.
    const broken = Promise.withResolvers<never>();
    broken.promise.catch(() => {});
    opened.onError.add((error) => broken.reject(error));
    const call: Call = (request) => {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(new MtTimeoutError(timeout)), timeout);
      return Promise.race([opened.call(request), broken.promise, late.promise]).finally(() =>
        clearTimeout(timer),
      );
    };
    return { answer: await answered(call, question) };
  } catch (error) {
    return failure(error);
  } finally {
    // What still connects does not let itself be closed; it ends with the thread.
    await Promise.race([client?.destroy().catch(() => {}), Bun.sleep(closeMost)]);
  }
}

function answered(call: Call, question: Question): Promise<Answers[Question['kind']]> {
  switch (question.kind) {
    case 'look':
      return look(call, question);
    case 'members':
      return membersOf(call, question.channel);
    case 'figures':
      return figures(call, question.channel, question.ids);
    case 'history':
      return history(call, question.channel, question.before);
  }
}

async function look(
  call: Call,
  { id, username, accessHash }: Extract<Question, { kind: 'look' }>,
): Promise<Answers['look']> {
  const [me] = await call({ _: 'users.getUsers', id: [{ _: 'inputUserSelf' }] });
  if (me?._ !== 'user') throw new Refusal('no_user');
  if (me.bot) throw new Refusal('bot_session');
  const known = accessHash === null ? null : await whole(call, id, accessHash).catch(unlessUnseen);
  const channel = known ?? (await whole(call, id, await hashOf(call, id, username)));
  const name = [me.firstName, me.lastName].filter(Boolean).join(' ') || me.username || String(me.id);
  return { user: String(me.id), name, channel };
}

/** The channel with what its settings tell; throws what Telegram says where the account does not see it. */
async function whole(call: Call, id: string, accessHash: string): Promise<Channel> {
  const { fullChat } = await call({
    _: 'channels.getFullChannel',
    channel: inputOf({ id, accessHash, reactions: false }),
  });
  if (fullChat._ !== 'channelFull') throw new Refusal('not_seen');
  const allowed = fullChat.availableReactions;
  return { id, accessHash, reactions: allowed !== undefined && allowed._ !== 'chatReactionsNone' };
}

function unlessUnseen(error: unknown): null {
  if (tl.RpcError.is(error) && (error.code === 400 || error.code === 403)) return null;
  throw error;
}

/** The hash by which the account names the channel: told for its public name, or in the list of its chats. */
async function hashOf(call: Call, id: string, username: string | null): Promise<string> {
  if (username !== null) {
    const named = await call({ _: 'contacts.resolveUsername', username }).catch(unlessUnseen);
    const found = hashIn(named?.chats ?? [], id);
    if (found !== null) return found;
  }
  // The second list is the archive.
  for (const folderId of [0, 1]) {
    let offset: { date: number; id: number; peer: tl.TypeInputPeer } | null = {
      date: 0,
      id: 0,
      peer: { _: 'inputPeerEmpty' },
    };
    for (let pages = 0; offset !== null && pages < dialogPages; pages += 1) {
      const page: tl.messages.TypeDialogs = await call({
        _: 'messages.getDialogs',
        folderId,
        offsetDate: offset.date,
        offsetId: offset.id,
        offsetPeer: offset.peer,
        limit: 100,
        hash: Long.ZERO,
      });
      if (page._ === 'messages.dialogsNotModified') break;
      const found = hashIn(page.chats, id);
      if (found !== null) return found;
      offset = page._ === 'messages.dialogs' ? null : afterLast(page);
    }
  }
  throw new Refusal('not_seen');
}

function hashIn(chats: readonly tl.TypeChat[], id: string): string | null {
  const chat = chats.find((one) => one._ === 'channel' && String(one.id) === id && !one.min);
  return chat?._ === 'channel' && chat.accessHash ? chat.accessHash.toString() : null;
}

/** Where the next page of chats begins; null: this was the last. */
function afterLast(page: tl.messages.RawDialogsSlice): {
  date: number;
  id: number;
  peer: tl.TypeInputPeer;
} | null {
  for (const dialog of page.dialogs.toReversed()) {
    if (dialog._ !== 'dialog') continue;
    const message = page.messages.find(
      (one) => one.id === dialog.topMessage && one._ !== 'messageEmpty' && samePeer(one.peerId, dialog.peer),
    );
    const peer = inputPeerOf(page, dialog.peer);
    if (message && message._ !== 'messageEmpty' && peer) return { date: message.date, id: message.id, peer };
  }
  return null;
}

function samePeer(one: tl.TypePeer, other: tl.TypePeer): boolean {
  return one._ === other._ && Object.entries(one).every(([key, value]) => other[key as '_'] === value);
}

function inputPeerOf(page: tl.messages.RawDialogsSlice, peer: tl.TypePeer): tl.TypeInputPeer | null {
  switch (peer._) {
    case 'peerUser': {
      const user = page.users.find(({ id }) => id === peer.userId);
      if (user?._ !== 'user' || !user.accessHash) return null;
      return { _: 'inputPeerUser', userId: user.id, accessHash: user.accessHash };
    }
    case 'peerChat':
      return { _: 'inputPeerChat', chatId: peer.chatId };
    case 'peerChannel': {
      const chat = page.chats.find(({ id }) => id === peer.channelId);
      if (chat?._ !== 'channel' || !chat.accessHash) return null;
      return { _: 'inputPeerChannel', channelId: chat.id, accessHash: chat.accessHash };
    }
  }
}

async function membersOf(call: Call, channel: Channel): Promise<number | null> {
  const { fullChat } = await call({ _: 'channels.getFullChannel', channel: inputOf(channel) });
  return (fullChat._ === 'channelFull' ? fullChat.participantsCount : undefined) ?? null;
}

async function figures(call: Call, channel: Channel, ids: readonly number[]): Promise<Answers['figures']> {
  const told = await call({
    _: 'channels.getMessages',
    channel: inputOf(channel),
    id: ids.map((id) => ({ _: 'inputMessageID', id })),
  });
  return messagesIn(told).flatMap((message): Answers['figures'] => {
    if (message._ === 'messageEmpty') return [[message.id, null]];
    return message._ === 'message' ? [[message.id, figuresOf(message, channel)]] : [];
  });
}

async function history(call: Call, channel: Channel, before: number | null): Promise<Answers['history']> {
  const { channelId, accessHash } = inputOf(channel);
  const told = await call({
    _: 'messages.getHistory',
    peer: { _: 'inputPeerChannel', channelId, accessHash },
    offsetId: before ?? 0,
    offsetDate: 0,
    addOffset: 0,
    limit: 100,
    maxId: 0,
    minId: 0,
    hash: Long.ZERO,
  });
  return messagesIn(told).map((message) => readMessage(message, channel));
}

function messagesIn(told: tl.messages.TypeMessages): tl.TypeMessage[] {
  if (told._ === 'messages.messagesNotModified') throw new Refusal('not_modified');
  return told.messages;
}

function inputOf({ id, accessHash }: Channel): tl.RawInputChannel {
  return { _: 'inputChannel', channelId: Number(id), accessHash: Long.fromString(accessHash) };
}

/** Nothing but a code leaves: what a library says may hold what it was given. */
function failure(error: unknown): Reply {
  const failed = (kind: NetworkErrorKind, code: string, wait: number | null = null): Reply => {
    return { failed: kind, code, wait, broken: false };
  };
  if (error instanceof Refusal) return failed('rejected', error.code);
  if (tl.RpcError.is(error)) {
    const seconds = 'seconds' in error ? Number(error.seconds) : null;
    const text = error.text.replace('%d', String(seconds ?? ''));
    const code = /^[A-Z0-9_]{1,60}$/.test(text) ? text : String(error.code);
    if (error.code === 420) return failed('limited', code, (seconds ?? 60) * 1_000);
    // The second one: two addresses used it at once, and Telegram has ended it.
    if (error.code === 401 || code === 'AUTH_KEY_DUPLICATED') return failed('auth', code);
    return failed(error.code >= 400 && error.code < 500 ? 'rejected' : 'unknown', code);
  }
  const { failed: kind, code } = lineFailure(error);
  return { failed: kind, code, wait: null, broken: true };
}

function lineFailure(error: unknown): { failed: NetworkErrorKind; code: string } {
  if (error instanceof TransportError) {
    // The server knows no such key: the session was ended long ago.
    if (error.code === 404) return { failed: 'auth', code: 'AUTH_KEY_UNKNOWN' };
    if (error.code === 429) return { failed: 'limited', code: 'transport_429' };
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return ['ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH'].includes(code)
    ? { failed: 'not_sent', code }
    : { failed: 'unknown', code: 'no_answer' };
}

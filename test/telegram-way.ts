import { beforeEach } from 'bun:test';
import type { Json, Message } from '../src/networks/message.ts';
import type { Access, Connection, Place, Sent, Target } from '../src/networks/network.ts';
import type { TelegramCredentials } from '../src/networks/telegram/place.ts';
import { telegram } from '../src/networks/telegram/telegram.ts';
import type { LedgerRow } from '../src/sandbox/ledger.ts';
import type { PublicPost } from '../src/sandbox/posts.ts';
import type { Bot } from '../src/sandbox/state.ts';
import { lastSeq, sandbox, useWays } from './ways.ts';

export let bot: Bot;
export let witness: Bot;
/** Numeric ids of a public channel, its discussion group, a second channel, a group and a private chat for uploads. */
export let chats: { channel: number; linked: number; other: number; group: number; service: number };

/** Starts the sandbox for a test file, with one bot in every kind of chat. */
export function useTelegram(): void {
  useWays();
  beforeEach(() => {
    bot = sandbox.addBot({ username: 'poster_bot' });
    witness = sandbox.addBot({ username: 'witness_bot' });
    const added = (title: string, more: Partial<Parameters<typeof sandbox.addChat>[0]> = {}) => {
      const { id } = sandbox.addChat({ title, admins: [{ bot: bot.id }], ...more });
      return id;
    };
    const linked = added('Talk about it', { type: 'supergroup' });
    chats = {
      linked,
      channel: added('Diary', { username: 'our_diary', linked_chat_id: linked, members: 3 }),
      other: added('Echo'),
      group: added('Club', { type: 'supergroup' }),
      service: added('Workshop', { type: 'supergroup' }),
    };
  });
}

export function accessFor(
  credentials: TelegramCredentials = { bot_token: bot.token },
  more: Partial<Access<TelegramCredentials>> = {},
): Access<TelegramCredentials> {
  return { credentials, root: sandbox.telegramRoot, timeout: 5000, roots: previewRoots(), ...more };
}

function previewRoots(): Record<string, string> {
  return { preview: sandbox.telegramPages };
}

export async function connectedTo(
  chat: number,
  chosen: Record<string, Json> = {},
  credentials?: TelegramCredentials,
): Promise<Connection & Place> {
  const settings = { ...defaults, ...chosen };
  return { ...(await telegram.connect(accessFor(credentials), String(chat), settings)), settings };
}

const defaults = {
  service_chat: null,
  forward_probe: false,
  preview_page: true,
  resend_when_absent: false,
  comments_in_linked_group: true,
};

export function publish(
  place: Place,
  one: Message,
  handles: ReadonlyMap<string, string> = new Map(),
  access = accessFor(),
): Promise<Sent> {
  return telegram.publish(access, place, one, handles, 'key');
}

export async function published(place: Place, one: Message): Promise<Target> {
  const { remoteId, remoteIds } = await publish(place, one);
  if (remoteId === null) throw new Error('no id');
  return { remoteId, remoteIds: remoteIds ?? [remoteId], live: telegram.live(one, place) };
}

/** What a visitor of the chat sees, newest first. */
export function postsIn(chat: number): PublicPost[] {
  return sandbox.posts().find(({ place }) => place === String(chat))?.posts ?? [];
}

/** The requests that the sandbox saw while `act` ran, by method. */
export async function requestsOf<T>(
  act: () => Promise<T>,
): Promise<{ value: T; methods: string[]; rows: LedgerRow[] }> {
  const seq = lastSeq();
  const value = await act();
  // The sandbox notes a request after its answer.
  await Bun.sleep(20);
  const rows = sandbox.ledger(seq);
  return { value, methods: rows.filter((row) => row.event === 'request').map((row) => row.method), rows };
}

import { afterAll, beforeAll, beforeEach, expect } from 'bun:test';
import { createHash } from 'node:crypto';
import net from 'node:net';
import { inspect } from 'node:util';
import sharp from 'sharp';
import * as v from 'valibot';
import { NetworkError } from '../src/networks/error.ts';
import { networkNamed } from '../src/networks/index.ts';
import type { Json, MediaItem, Message } from '../src/networks/message.ts';
import type { Access, Connection, Network, Place } from '../src/networks/network.ts';
import type { LedgerRow } from '../src/sandbox/ledger.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/server.ts';

/** One way to be connected to one network: what the contract must hold for. */
export interface Way {
  name: string;
  network: Network;
  /** Images in one post. */
  most: number;
  credentials: Record<string, string>;
  externalId: string;
  /** What its owner chose; default: nothing. */
  settings?: Record<string, Json>;
}

export let sandbox: Sandbox;
export let pictures: MediaItem[];
export const ways: Way[] = [];
export const names = [
  'telegram channel',
  'telegram group',
  'vk community token',
  'vk community token without documents',
  'vk user token',
  'vk both tokens',
] as const;
export const secretText = 'words of a post that nobody else may read';

/** Starts one sandbox for a test file and sets every way up anew before each test. */
export function useWays(): void {
  beforeAll(async () => {
    sandbox = await startSandbox({ floodLimits: false });
    pictures = await Promise.all(Array.from({ length: 11 }, (_, index) => picture(index)));
  });
  afterAll(() => sandbox.stop());

  beforeEach(() => {
    sandbox.reset();
    sandbox.configure({ guidMode: 'same_post_id' });
    const bot = sandbox.addBot({ username: 'outpost_bot' });
    const channel = sandbox.addChat({ title: 'News', username: 'outpost_news', members: 7 });
    const group = sandbox.addChat({ title: 'Talk', type: 'supergroup' });
    for (const chat of [channel.id, group.id]) sandbox.setRights({ chat, bot: bot.id });
    const community = sandbox.addCommunity({ screen_name: 'outpost', name: 'Outpost', members: 42 });
    const group_id = community.id;
    const kept = (input: Parameters<Sandbox['addVkToken']>[0]) => sandbox.addVkToken(input).token;
    const whole = kept({ kind: 'community', group_id });
    const poor = kept({ kind: 'community', group_id, scopes: ['wall'] });
    const user = kept({ kind: 'user', admin_of: [group_id] });
    const telegram = { network: networkNamed('telegram'), most: 10, credentials: { bot_token: bot.token } };
    const vk = { network: networkNamed('vk'), externalId: String(group_id) };
    ways.splice(
      0,
      ways.length,
      { ...telegram, name: 'telegram channel', externalId: '@outpost_news' },
      { ...telegram, name: 'telegram group', externalId: String(group.id) },
      {
        ...vk,
        name: 'vk community token',
        most: 1,
        credentials: { community_token: whole },
        settings: { photos_as_documents: true },
      },
      {
        ...vk,
        name: 'vk community token without documents',
        most: 0,
        credentials: { community_token: poor },
      },
      { ...vk, name: 'vk user token', most: 10, credentials: { user_token: user } },
      { ...vk, name: 'vk both tokens', most: 10, credentials: { community_token: whole, user_token: user } },
    );
  });
}

async function picture(index: number): Promise<MediaItem> {
  const background = { r: index * 20, g: 100, b: 200 };
  const bytes = await sharp({ create: { width: 40 + index, height: 30, channels: 3, background } })
    .jpeg()
    .toBuffer();
  return {
    id: `media-${index}`,
    kind: 'image',
    mime: 'image/jpeg',
    size: bytes.length,
    width: 40 + index,
    height: 30,
    duration: null,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    name: null,
    alt: null,
    open: async () => new Blob([bytes]),
  };
}

export function way(name: string): Way {
  const found = ways.find((one) => one.name === name);
  if (!found) throw new Error(`no way ${name}`);
  return found;
}

export function accessOf(one: Way, timeout = 5000): Access<unknown> {
  const root = one.network.name === 'vk' ? sandbox.vkRoot : sandbox.telegramRoot;
  return { credentials: v.parse(one.network.credentials, one.credentials), root, timeout };
}

export async function connected(
  one: Way,
  chosen: Readonly<Record<string, Json>> = one.settings ?? {},
): Promise<Connection & Place> {
  const settings = v.parse(one.network.settings, chosen);
  // Without a pace of its own the network would keep to the real one's.
  const access = { ...accessOf(one), pace: async () => {} };
  return { ...(await one.network.connect(access, one.externalId, settings)), settings };
}

export async function staged(one: Way, place: Place, message: Message): Promise<Map<string, string>> {
  const handles = new Map<string, string>();
  if (one.network.stage && one.network.stages?.(place) !== false) {
    for (const item of message.media) {
      handles.set(item.id, (await one.network.stage(accessOf(one), place, item)).handle);
    }
  }
  return handles;
}

/** Rows once they are still: the sandbox notes a request after its answer. */
export async function rowsAfter(seq: number, method: string): Promise<LedgerRow[]> {
  const fresh = () => sandbox.ledger(seq).filter((row) => row.method === method);
  for (let tries = 0; tries < 100 && !fresh().some((row) => row.event === 'request'); tries += 1)
    await Bun.sleep(10);
  await Bun.sleep(10);
  return fresh();
}

export function lastSeq(): number {
  return sandbox.ledger().at(-1)?.seq ?? 0;
}

export function messageOf(images: number, text = secretText): Message {
  return { text, entities: [], media: pictures.slice(0, images), poll: null, options: {}, after: null };
}

/** What went wrong, checked for secrets in every view of it. */
export async function failureOf(run: Promise<unknown>, ...secrets: string[]): Promise<NetworkError> {
  let caught: unknown;
  try {
    await run;
  } catch (error) {
    caught = error;
  }
  if (!(caught instanceof NetworkError)) throw new Error(`no NetworkError but ${inspect(caught)}`);
  const views = [
    caught.message,
    caught.nextStep,
    caught.code,
    caught.stack,
    String(caught.cause),
    inspect(caught, { depth: 9, showHidden: true }),
    Bun.inspect(caught),
    JSON.stringify(caught),
    JSON.stringify(Object.getOwnPropertyDescriptors(caught)),
  ].join('\n');
  const forbidden = [
    ...secrets,
    ...ways.flatMap((one) => Object.values(one.credentials)),
    secretText,
    '127.0.0.1',
    'upload?',
  ];
  for (const secret of forbidden) {
    expect(views).not.toContain(secret);
    if (secret.includes(':')) expect(views).not.toContain(secret.slice(secret.indexOf(':') + 1));
  }
  return caught;
}

export function noViolation(): void {
  expect(sandbox.ledger().filter((row) => row.event === 'schema_violation')).toEqual([]);
}

export async function listen(
  onSocket: (socket: net.Socket) => void,
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function closedPort(): Promise<number> {
  const server = await listen(() => {});
  await server.close();
  return server.port;
}

import { beforeAll, beforeEach } from 'bun:test';
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import * as v from 'valibot';
import type { Json, MediaItem, MediaKind, Message, Poll } from '../src/networks/message.ts';
import type { Connection, Place, Sent, Target } from '../src/networks/network.ts';
import { type VkAccess, VkCredentials } from '../src/networks/vk/call.ts';
import { vk } from '../src/networks/vk/vk.ts';
import { sandbox, secretText, useWays, way } from './ways.ts';

/** Every kind of access that a community of VK can be connected with. */
export const tokenKinds = [
  'community',
  'community without documents',
  'user',
  'community and user',
  'VK ID',
  'VK ID with rights',
  'community and VK ID',
] as const;
export type TokenKinds = (typeof tokenKinds)[number];

export let group: number;
export let files: Record<MediaKind, MediaItem>;
export let images: MediaItem[];
let credentials: Record<TokenKinds, unknown>;

/** Starts the sandbox for a test file, with one community and every kind of access to it. */
export function useVk(): void {
  useWays();
  beforeAll(async () => {
    images = await Promise.all(Array.from({ length: 11 }, (_, index) => picture(index)));
    const gif = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#08f' } })
      .gif()
      .toBuffer();
    const [image] = images;
    if (!image) throw new Error('no image');
    files = {
      image,
      video: item('video', 'video/mp4', crypto.getRandomValues(new Uint8Array(70_000)), {
        name: 'a trip.mp4',
        width: 640,
        height: 480,
        duration: 3,
      }),
      animation: item('animation', 'image/gif', gif, { width: 40, height: 30, name: 'cat.gif' }),
      audio: item('audio', 'audio/mpeg', new Uint8Array(500), { name: 'song.mp3', duration: 3 }),
      voice: item('voice', 'audio/ogg', new Uint8Array(500), { duration: 3 }),
      document: item('document', 'application/pdf', new TextEncoder().encode('%PDF-1.7 …'), {
        name: 'Preise 2026.pdf',
      }),
    };
  });
  beforeEach(() => {
    group = Number(way('vk user token').externalId);
    const token = (input: Parameters<typeof sandbox.addVkToken>[0]) => sandbox.addVkToken(input).token;
    const community_token = token({ kind: 'community', group_id: group });
    const user_token = token({ kind: 'user', admin_of: [group] });
    const plain = oauth(token({ kind: 'vkid_user', admin_of: [group] }));
    const rights = ['photos', 'video', 'wall', 'docs', 'groups', 'stats'] as const;
    const extended = { kind: 'vkid_user', admin_of: [group], extended: true, scopes: [...rights] } as const;
    credentials = {
      community: { community_token },
      'community without documents': {
        community_token: token({ kind: 'community', group_id: group, scopes: ['wall'] }),
      },
      user: { user_token },
      'community and user': { community_token, user_token },
      'VK ID': { user_oauth: plain },
      'VK ID with rights': {
        user_oauth: oauth(token({ ...extended, admin_of: [group], scopes: [...rights] })),
      },
      'community and VK ID': { community_token, user_oauth: plain },
    };
  });
}

function oauth(access_token: string) {
  const issued_at = Date.now();
  const rest = { refresh_token: 'vk2.a.of-nobody', device_id: 'a-device', client_id: '52000001' };
  return { access_token, ...rest, issued_at, expires_at: issued_at + 3_600_000 };
}

export function accessWith(kinds: TokenKinds, timeout = 5000): VkAccess {
  return accessOf(credentials[kinds], timeout);
}

export function accessOf(given: unknown, timeout = 5000): VkAccess {
  const roots = { oauth: sandbox.vkIdRoot, community_oauth: sandbox.vkOauthRoot };
  return { credentials: v.parse(VkCredentials, given), root: sandbox.vkRoot, roots, timeout };
}

/** Connects, without waiting for VK's three calls a second, which the sandbox does not hold here. */
export async function connected(
  kinds: TokenKinds | VkAccess,
  settings: Record<string, Json> = {},
): Promise<Connection & Place> {
  const access = typeof kinds === 'string' ? accessWith(kinds) : kinds;
  const chosen = v.parse(vk.settings, settings);
  const free = { ...access, pace: async () => {} };
  return { ...(await vk.connect(free, String(group), chosen)), settings: chosen };
}

export const poll: Poll = {
  question: 'Tea or coffee?',
  options: ['Tea', 'Coffee', 'Neither'],
  multiple: true,
  anonymous: false,
  quiz: null,
};

export function message(changes: Partial<Message> = {}): Message {
  return { text: secretText, entities: [], media: [], poll: null, options: {}, after: null, ...changes };
}

export async function stagedFor(access: VkAccess, place: Place, what: Message): Promise<Map<string, string>> {
  const handles = new Map<string, string>();
  for (const one of what.media) {
    const staged = await vk.stage?.(access, place, one);
    if (staged) handles.set(one.id, staged.handle);
  }
  const made = what.poll && (await vk.stagePoll?.(access, place, what.poll));
  if (made) handles.set('poll', made.handle);
  return handles;
}

/** Publishes as the machine does: staged, then sent once. */
export async function published(
  access: VkAccess,
  place: Place,
  what: Message,
  key: string = crypto.randomUUID(),
): Promise<Sent & { remoteId: string }> {
  const sent = await vk.publish(access, place, what, await stagedFor(access, place, what), key);
  if (sent.remoteId === null) throw new Error('no id');
  return { ...sent, remoteId: sent.remoteId };
}

export function targetOf(place: Place, what: Message, remoteId: string): Target {
  return { remoteId, remoteIds: [remoteId], live: vk.live(what, place) };
}

export function partOf(first: string): Message['after'] {
  return { kind: 'thread', first, previous: first };
}

/** The post as the sandbox holds it. */
export function wall(remoteId: string) {
  const post = sandbox.vk.readPost({ group, post_id: remoteId });
  if (!post) throw new Error(`no post ${remoteId}`);
  return post;
}

export function item(
  kind: MediaKind,
  mime: string,
  bytes: Uint8Array,
  about: Partial<MediaItem> = {},
): MediaItem {
  return {
    id: crypto.randomUUID(),
    kind,
    mime,
    size: bytes.length,
    width: null,
    height: null,
    duration: null,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    name: null,
    alt: null,
    open: async () => {
      const blob = new Blob([new Uint8Array(bytes)]);
      return { size: blob.size, stream: () => blob.stream() };
    },
    ...about,
  };
}

async function picture(index: number): Promise<MediaItem> {
  const background = { r: index * 20, g: 100, b: 200 };
  const width = 40 + index;
  const bytes = await sharp({ create: { width, height: 30, channels: 3, background } })
    .jpeg()
    .toBuffer();
  return item('image', 'image/jpeg', bytes, { width, height: 30 });
}

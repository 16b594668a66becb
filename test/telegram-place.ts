import { createHash } from 'node:crypto';
import type { Json, MediaItem, MediaKind, Message, Poll } from '../src/networks/message.ts';
import type { Place } from '../src/networks/network.ts';
import { capabilitiesFrom, type Findings } from '../src/networks/telegram/capabilities.ts';
import { type Rights, settingsOf } from '../src/networks/telegram/place.ts';

const all: Rights = {
  text: true,
  image: true,
  video: true,
  animation: true,
  audio: true,
  voice: true,
  document: true,
  poll: true,
  delete: true,
  pin: true,
};

/** A place as `connect` leaves it, without asking anybody: for what is pure. */
export function placeOf(
  details: Record<string, Json> = {},
  settings: Record<string, Json> = {},
  rights: Partial<Rights> = {},
): Place {
  const own = { ...all, ...rights };
  const findings: Findings = {
    type: details.chat_type === 'supergroup' ? 'supergroup' : 'channel',
    username: 'outpost_news',
    protectContent: false,
    rights: own,
    admin: true,
    settings: settingsOf(settings),
    linked: null,
    service: null,
    witness: null,
    session: null,
    sessions: false,
  };
  return {
    externalId: '-1001234567890',
    capabilities: capabilitiesFrom(findings),
    details: { chat_type: 'channel', username: 'outpost_news', is_forum: false, rights: own, ...details },
    settings: settingsOf(settings),
  };
}

const mimes: Readonly<Record<MediaKind, string>> = {
  image: 'image/jpeg',
  video: 'video/mp4',
  animation: 'image/gif',
  audio: 'audio/mpeg',
  voice: 'audio/ogg',
  document: 'application/pdf',
};

/** A file of a kind; the bytes are the given ones, or say what it is. */
export function item(
  kind: MediaKind,
  id = kind as string,
  changes: Partial<MediaItem> = {},
  bytes: Uint8Array<ArrayBuffer> = new TextEncoder().encode(`the bytes of ${id}`),
): MediaItem {
  const seen = kind === 'image' || kind === 'video' || kind === 'animation';
  const heard = kind !== 'image' && kind !== 'document';
  return {
    id,
    kind,
    mime: mimes[kind],
    size: bytes.length,
    width: seen ? 640 : null,
    height: seen ? 360 : null,
    duration: heard ? 12.4 : null,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    name: null,
    alt: null,
    open: async () => new Blob([bytes]),
    ...changes,
  };
}

export function message(changes: Partial<Message> = {}): Message {
  return { text: '', entities: [], media: [], poll: null, options: {}, after: null, ...changes };
}

export const poll: Poll = {
  question: 'Tea or coffee?',
  options: ['Tea', 'Coffee'],
  multiple: false,
  anonymous: true,
  quiz: null,
};

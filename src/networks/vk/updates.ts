import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import { type Fetched, type Inbound, type InboundEvent, storable, type Told } from '../inbound.ts';
import type { MediaKind } from '../message.ts';
import type { Place } from '../network.ts';
import type { VkCredentials } from './call.ts';
import {
  callbackAt,
  confirmationCode,
  type LongPollServer,
  longPollServer,
  longPollTurn,
  registerCallback,
  removeCallbacks,
} from './callback.ts';

/** Under this name the owner of a community finds our address in its settings. */
const title = 'Outpost';
/** Looks at whether VK has confirmed a new address, and milliseconds between them. */
const looks = 6;
const lookAfter = 500;

const Id = v.pipe(v.number(), v.safeInteger());
const maybe = <Schema extends v.GenericSchema>(schema: Schema) => v.fallback(v.optional(schema), undefined);
const Attachment = v.object({ type: v.string(), doc: maybe(v.object({ ext: maybe(v.string()) })) });

const Event = v.object({
  type: v.string(),
  event_id: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  group_id: Id,
  object: v.record(v.string(), v.unknown()),
});
const Post = v.object({
  id: Id,
  owner_id: Id,
  date: v.number(),
  text: v.fallback(v.pipe(v.string(), v.transform(storable)), ''),
  // What waits for a decision or for its time is not public; what advertises stands on no wall.
  post_type: v.fallback(v.string(), 'post'),
  attachments: v.fallback(v.array(v.unknown()), []),
});
const Reply = v.object({ id: Id, post_id: Id, owner_id: maybe(Id), post_owner_id: maybe(Id) });
const Like = v.object({ object_type: v.string(), object_owner_id: Id, object_id: Id });
const Officer = v.object({ admin_id: Id });

/** Reads one event of a community. What is not known is passed over; null: it is no event at all. Never throws. */
export function vkEvents(event: unknown): Told | null {
  const parsed = v.safeParse(Event, event);
  if (!parsed.success) return null;
  const { type, event_id, group_id, object } = parsed.output;
  const events = eventsOf(type, group_id, object);
  return { id: event_id, source: `vk:group:${group_id}`, events };
}

function eventsOf(type: string, group: number, object: Record<string, unknown>): InboundEvent[] {
  const place = String(group);
  switch (type) {
    case 'wall_post_new': {
      const post = v.safeParse(Post, object);
      if (!post.success || post.output.owner_id !== -group) return [];
      const { id, date, text, post_type, attachments } = post.output;
      if (post_type !== 'post' && post_type !== 'copy') return [];
      const about = { place, remoteId: String(id), album: null, at: date * 1_000, copied: false };
      return [{ kind: 'post', ...about, text, media: attachments.flatMap(mediaOf) }];
    }
    case 'wall_reply_new':
    case 'wall_reply_delete': {
      const reply = v.safeParse(Reply, object);
      if (!reply.success) return [];
      const { id, post_id, owner_id, post_owner_id = owner_id } = reply.output;
      if (post_owner_id !== -group) return [];
      const post = { place, remoteId: String(post_id) };
      const removed = type === 'wall_reply_delete';
      return [{ kind: 'comment', post, thread: null, commentId: String(id), removed }];
    }
    case 'like_add':
    case 'like_remove': {
      const like = v.safeParse(Like, object);
      if (!like.success || like.output.object_type !== 'post') return [];
      if (like.output.object_owner_id !== -group) return [];
      const counts = { '❤️': type === 'like_add' ? 1 : -1 };
      return [{ kind: 'reactions', place, remoteId: String(like.output.object_id), counts, mode: 'change' }];
    }
    case 'group_officers_edit': {
      const officer = v.safeParse(Officer, object);
      if (!officer.success) return [];
      const by = String(officer.output.admin_id);
      // Tokens die with the rights of who made them, and VK does not say whose these are.
      return [{ kind: 'standing', place, status: 'officers', mayPost: null, chat: null, by }];
    }
    default:
      return [];
  }
}

const kinds: Readonly<Record<string, MediaKind>> = {
  photo: 'image',
  posted_photo: 'image',
  video: 'video',
  audio: 'audio',
  doc: 'document',
};

/** The kind of file that an attachment is, if it is one. */
export function mediaOf(attachment: unknown): MediaKind[] {
  const parsed = v.safeParse(Attachment, attachment);
  if (!parsed.success) return [];
  const { type, doc } = parsed.output;
  const kind = type === 'doc' && doc?.ext === 'gif' ? 'animation' : kinds[type];
  return kind === undefined ? [] : [kind];
}

const Secret = v.object({ secret: v.string() });
const Challenge = v.object({ type: v.literal('confirmation') });
const Session = v.object({ server: v.string(), key: v.string(), ts: v.string() });

/** Events of a community: posted to our address (Callback API), or fetched (Bots Long Poll). */
export const vkInbound: Inbound<VkCredentials> = {
  read: vkEvents,
  taken: 'ok',
  paced: true,

  proofOf(_headers, body) {
    const parsed = v.safeParse(Secret, body);
    return parsed.success ? parsed.output.secret : null;
  },

  challenge: {
    is: (body) => v.is(Challenge, body),
    answer: confirmationCode,
  },

  async listen(access, place, { url, secret }) {
    const at = named(place);
    const known = await callbackAt(access, at, url);
    if (known?.status === 'ok' && known.secret === secret) return;
    await registerCallback(access, at, { url, title, secret });
    for (let look = 0; look < looks; look += 1) {
      await Bun.sleep(lookAfter);
      const now = await callbackAt(access, at, url);
      if (now?.status === 'ok') return;
      if (now?.status === 'failed') break;
    }
    throw new NetworkError('rejected', {
      code: 'not_confirmed',
      message: 'VK could not confirm the address of this installation.',
      nextStep: 'PUBLIC_URL must lead here from outside.',
    });
  },

  unlisten: (access, place, ours) => removeCallbacks(access, named(place), ours),

  async fetch(access, place, { cursor, session }, wait): Promise<Fetched> {
    const server = await sessionFor();
    const turn = await longPollTurn(server, { ...access, wait: Math.max(1, Math.floor(wait / 1_000)) });
    switch (turn.kind) {
      case 'updates':
        return { updates: turn.updates, cursor: turn.next.ts, session: turn.next, lost: false };
      case 'lost':
        return { updates: [], cursor: turn.next.ts, session: turn.next, lost: true };
      case 'renew':
        return { updates: [], cursor: turn.keeps ? server.ts : null, session: null, lost: !turn.keeps };
    }

    async function sessionFor(): Promise<LongPollServer> {
      const kept = v.safeParse(Session, session);
      if (kept.success) return kept.output;
      const opened = await longPollServer(access, named(place));
      return cursor === null ? opened : { ...opened, ts: cursor };
    }
  },
};

function named(place: Place | null): Place {
  if (place !== null) return place;
  throw new NetworkError('not_sent', {
    code: 'no_place',
    message: 'It is not known which community this is.',
  });
}

import * as v from 'valibot';
import { comparable, unescaped } from '../../text/comparable.ts';
import type { Entity } from '../../text/formatted.ts';
import { NetworkError } from '../error.ts';
import type { Message } from '../message.ts';
import type { Found, Place, Seen, Sought, Target } from '../network.ts';
import { addressOf, callVk, detailsOf, readRemoteId, type VkAccess, wallOf } from './call.ts';
import { carrierOf, renderVk } from './compose.ts';
import { optionsOf } from './options.ts';

const Id = v.pipe(v.number(), v.safeInteger());
const Item = v.object({
  id: Id,
  from_id: v.optional(Id),
  date: v.optional(v.number(), 0),
  text: v.optional(v.string(), ''),
  attachments: v.optional(
    v.array(v.object({ type: v.string(), poll: v.optional(v.object({ id: Id, owner_id: Id })) })),
    [],
  ),
  is_pinned: v.optional(v.number(), 0),
  is_deleted: v.optional(v.boolean(), false),
  deleted: v.optional(v.boolean(), false),
});
type Item = v.InferOutput<typeof Item>;
const Items = v.object({ items: v.array(Item) });

/** How much earlier than our clock VK's may say that a post was made. */
const clockSlack = 60_000;
const pageSize = 100;
const pagesMost = 5;
/** VK's names for what we attach; it makes a clip of a short upright video. A link may come from the text alone. */
const counted: Readonly<Record<string, string>> = {
  photo: 'photo',
  doc: 'doc',
  video: 'video',
  clip: 'video',
  poll: 'poll',
};
const unseen: Found = {
  kind: 'unseen',
  by: 'the access tokens of this community, none of which may read the wall',
};

interface Wanted {
  /** As rendered. */
  text: string;
  /** Sorted and joined. */
  kinds: string;
  /** Who posted it; null: anybody. */
  from: number | null;
  /** The post whose comment it is; null: a post. */
  under: string | null;
  sentAt: number;
  taken: ReadonlySet<string>;
  /** The greatest number that is older; null: none is known. */
  newest: number | null;
}

/**
 * Looks for a post on the wall, or for a further part among the comments, newest first, back to the time of the send:
 * by text, kinds of attachments and time. What it does not find then is absent. Throws {@link NetworkError}.
 */
export async function findVk(access: VkAccess, place: Place, sought: Sought): Promise<Found> {
  const { message, sentAt, taken } = sought;
  const under = message.after?.first ?? null;
  if (message.after !== null && under === null) return unseen;
  const { from_group } = optionsOf(message).options;
  const { user_id } = detailsOf(place);
  const newest = sought.newest === null ? null : readRemoteId(sought.newest);
  return look(access, place, {
    text: renderVk(message),
    kinds: kindsOf(message, place),
    from: from_group ? wallOf(place) : user_id === null ? null : Number(user_id),
    under,
    sentAt,
    taken,
    newest: newest === null || under !== null ? null : Number(newest.post),
  });
}

/** Looks for a comment that the community left under a post. Throws {@link NetworkError}. */
export async function findVkComment(
  access: VkAccess,
  place: Place,
  target: Target,
  sought: { text: string; entities: readonly Entity[]; sentAt: number; taken: ReadonlySet<string> },
): Promise<Found> {
  const { sentAt, taken } = sought;
  const under = readRemoteId(target.remoteId).post;
  const from = wallOf(place);
  return look(access, place, { text: renderVk(sought), kinds: '', from, under, sentAt, taken, newest: null });
}

async function look(access: VkAccess, place: Place, wanted: Wanted): Promise<Found> {
  if (detailsOf(place).reads_with === null) return unseen;
  const since = wanted.sentAt - clockSlack;
  const text = comparable(wanted.text);
  const hits = new Set<string>();
  for (let page = 0; ; page += 1) {
    if (page === pagesMost) {
      // Not seen to the end: nothing may be said about absence.
      throw new NetworkError('unknown', {
        code: 'wall_too_long',
        message: 'Too much appeared on the wall since the send.',
      });
    }
    const items = await pageOf(access, place, wanted, page * pageSize);
    for (const item of items) {
      const id = wanted.under === null ? String(item.id) : `${wanted.under}?reply=${item.id}`;
      const same =
        !item.is_deleted &&
        !item.deleted &&
        item.date * 1000 >= since &&
        (wanted.newest === null || item.id > wanted.newest) &&
        (wanted.from === null || item.from_id === undefined || item.from_id === wanted.from) &&
        comparable(item.text) === text &&
        shownKinds(item) === wanted.kinds;
      if (same && !wanted.taken.has(id)) hits.add(id);
    }
    // A pinned post stands first, whatever its age.
    const reachedBack = items.some((item) => item.is_pinned !== 1 && item.date * 1000 < since);
    if (reachedBack || items.length < pageSize) break;
  }
  const [first] = hits;
  if (first === undefined) return { kind: 'absent' };
  if (hits.size > 1) return { kind: 'ambiguous', remoteIds: [...hits] };
  return { kind: 'found', remoteId: first, remoteUrl: addressOf(place, first) };
}

/** Newest first. */
async function pageOf(
  access: VkAccess,
  place: Place,
  { under, from }: Pick<Wanted, 'under' | 'from'>,
  offset: number,
): Promise<Item[]> {
  const paging = { owner_id: wallOf(place), count: pageSize, offset };
  const { items } =
    under === null
      ? await callVk(
          access,
          'user',
          'wall.get',
          { ...paging, filter: from === wallOf(place) ? 'owner' : 'all' },
          Items,
        )
      : await callVk(
          access,
          'user',
          'wall.getComments',
          { ...paging, post_id: under, sort: 'desc', preview_length: 0 },
          Items,
        );
  return items;
}

function kindsOf(message: Message, place: Place): string {
  const kinds = message.media.map((item) => carrierOf(item, place) ?? item.kind);
  return [...kinds, ...(message.poll === null ? [] : ['poll'])].sort().join();
}

function shownKinds({ attachments }: Item): string {
  return attachments
    .flatMap(({ type }) => counted[type] ?? [])
    .sort()
    .join();
}

/**
 * Reads posts and comments back, in the order of `targets`; null where this connection may not read. The text is told
 * as it was published where VK changed only what it always changes. Throws {@link NetworkError}.
 */
export async function readVk(
  access: VkAccess,
  place: Place,
  targets: readonly Target[],
): Promise<(Seen | null)[]> {
  if (detailsOf(place).reads_with === null) return targets.map(() => null);
  const ids = targets.map(({ remoteId }) => readRemoteId(remoteId));
  const posts = await postsOf(access, place, [
    ...new Set(ids.flatMap(({ post, comment }) => (comment === null ? [post] : []))),
  ]);
  const comments = new Map<string, Comments>();
  const seen: (Seen | null)[] = [];
  for (const [index, target] of targets.entries()) {
    const { post, comment } = ids[index] ?? readRemoteId(target.remoteId);
    if (comment === null) {
      seen.push(seenOf(posts.get(post), target, true));
      continue;
    }
    const oldest = Math.min(
      ...ids.flatMap((id) => (id.post === post && id.comment !== null ? Number(id.comment) : [])),
    );
    const under = comments.get(post) ?? (await commentsOf(access, place, post, oldest));
    comments.set(post, under);
    const item = under.items.get(comment);
    seen.push(item !== undefined || under.whole ? seenOf(item, target, false) : null);
  }
  return seen;
}

/** The poll that a public post carries, as an attachment; null: it has none. Throws {@link NetworkError}. */
export async function pollOfPost(access: VkAccess, place: Place, post: string): Promise<string | null> {
  const item = (await postsOf(access, place, [post])).get(post);
  const poll = item?.attachments.find((one) => one.poll)?.poll;
  return poll ? `poll${poll.owner_id}_${poll.id}` : null;
}

/** By number; those that are gone are missing. */
async function postsOf(
  access: VkAccess,
  place: Place,
  numbers: readonly string[],
): Promise<Map<string, Item>> {
  const found = new Map<string, Item>();
  for (let from = 0; from < numbers.length; from += pageSize) {
    const posts = numbers.slice(from, from + pageSize).map((number) => `${wallOf(place)}_${number}`);
    const { items } = await callVk(access, 'user', 'wall.getById', { posts: posts.join() }, Items);
    for (const item of items) if (!item.is_deleted) found.set(String(item.id), item);
  }
  return found;
}

interface Comments {
  /** By number, without those that are gone. */
  items: Map<string, Item>;
  /** Whether nothing that was asked for can be missing. */
  whole: boolean;
}

/** Comments under a post, newest first, back to the number `oldest`. */
async function commentsOf(access: VkAccess, place: Place, post: string, oldest: number): Promise<Comments> {
  const items = new Map<string, Item>();
  const wanted = { under: post, from: null };
  for (let page = 0; page < pagesMost; page += 1) {
    let shown: Item[];
    try {
      shown = await pageOf(access, place, wanted, page * pageSize);
    } catch (error) {
      if (!(error instanceof NetworkError) || error.kind !== 'rejected') throw error;
      // Comments that are hidden say nothing; under a post that is gone there are none.
      return { items, whole: error.code === 'vk:104' };
    }
    for (const item of shown) if (!item.deleted) items.set(String(item.id), item);
    if (shown.length < pageSize || shown.some(({ id }) => id <= oldest)) return { items, whole: true };
  }
  return { items, whole: false };
}

function seenOf(item: Item | undefined, { live }: Target, pins: boolean): Seen {
  if (item === undefined) return { kind: 'gone' };
  const same = comparable(item.text) === comparable(live.text);
  return {
    kind: 'there',
    text: same ? live.text : unescaped(item.text),
    media: item.attachments.filter(({ type }) => type !== 'poll' && counted[type] !== undefined).length,
    pinned: pins ? item.is_pinned === 1 : null,
  };
}

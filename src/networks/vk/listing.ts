import * as v from 'valibot';
import { storable } from '../inbound.ts';
import type { Place } from '../network.ts';
import type { ListedPost, PostStats } from '../stats.ts';
import { callVk, detailsOf, type VkAccess, wallOf } from './call.ts';
import { mediaOf } from './updates.ts';

/** Under this name a list of posts takes a permit beside that of its token. */
export const wallReads = 'wall';

const pageSize = 100;
/** A post that is deleted between two pages moves those after it up. */
const overlap = 5;

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** What is missing, or is no number, was not told. */
export const told = v.fallback(v.nullable(Count), null);
const counter = v.fallback(v.nullable(v.object({ count: told })), null);
/** What readers see under a post. */
export const Counters = v.object({ views: counter, likes: counter, comments: counter, reposts: counter });

const Item = v.object({
  id: Count,
  date: Count,
  text: v.fallback(v.pipe(v.string(), v.transform(storable)), ''),
  attachments: v.fallback(v.array(v.unknown()), []),
  is_deleted: v.fallback(v.boolean(), false),
  ...Counters.entries,
});
const Items = v.object({ items: v.array(v.unknown()) });
const PollAttachment = v.object({ type: v.literal('poll') });

export function countersOf({ views, likes, comments, reposts }: v.InferOutput<typeof Counters>): PostStats {
  return {
    views: views?.count ?? null,
    reach: null,
    reactions: likes?.count ?? null,
    comments: comments?.count ?? null,
    shares: reposts?.count ?? null,
    clicks: null,
  };
}

export function mayListVk(place: Place): boolean {
  return detailsOf(place).reads_with !== null;
}

/** Posts of the community itself, newest first; `cursor` is an offset. Throws {@link NetworkError}. */
export async function pageVk(
  access: VkAccess,
  place: Place,
  cursor: string | null,
): Promise<{ posts: ListedPost[]; next: string | null }> {
  const offset = Number(cursor ?? 0);
  await access.pace?.(wallReads);
  const asked = { owner_id: wallOf(place), count: pageSize, offset, filter: 'owner' };
  const { items } = await callVk(access, 'user', 'wall.get', asked, Items);
  return {
    posts: items.flatMap(listed),
    next: items.length < pageSize ? null : String(offset + pageSize - overlap),
  };
}

/** One that has not the form of a post is passed over. */
function listed(item: unknown): ListedPost[] {
  const parsed = v.safeParse(Item, item);
  if (!parsed.success || parsed.output.is_deleted) return [];
  const { id, date, text, attachments } = parsed.output;
  return [
    {
      remoteIds: [String(id)],
      at: date * 1_000,
      text,
      media: attachments.flatMap(mediaOf),
      poll: attachments.some((one) => v.is(PollAttachment, one)),
      figures: countersOf(parsed.output),
    },
  ];
}

import * as v from 'valibot';
import type { CommunityStats, Place, PostStats, Stats } from '../network.ts';
import { call } from './call.ts';
import type { TelegramAccess, TelegramCredentials } from './place.ts';
import { hasPreview, type PreviewPost, previewPosts } from './preview.ts';

/** Pages of about 20 posts that one reading may ask for. */
const pagesMost = 8;
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/**
 * Telegram tells bots how many members there are, and reactions by updates. Views stand on the public page of a public
 * channel alone, and whoever has left that page off gets none.
 */
export const telegramStats: Stats<TelegramCredentials> = { communityStats, postStats };

async function communityStats(access: TelegramAccess, place: Place): Promise<CommunityStats> {
  const members = await call(access, 'getChatMemberCount', { chat_id: Number(place.externalId) }, Count);
  return { members, reach: null, visitors: null, views: null, joins: null, leaves: null };
}

async function postStats(
  access: TelegramAccess,
  place: Place,
  remoteIds: readonly string[],
): Promise<Map<string, PostStats>> {
  const views = hasPreview(place) ? await viewsOf(access, place, remoteIds.map(Number)) : new Map();
  return new Map(
    remoteIds.map((id) => [
      id,
      {
        views: views.get(Number(id)) ?? null,
        reach: null,
        reactions: null,
        comments: null,
        shares: null,
        clicks: null,
      },
    ]),
  );
}

/** By message; one that the page does not show may be there all the same. */
async function viewsOf(
  access: TelegramAccess,
  place: Place,
  ids: readonly number[],
): Promise<Map<number, number>> {
  const views = new Map<number, number>();
  let oldest = Number.POSITIVE_INFINITY;
  const take = (posts: readonly PreviewPost[]) => {
    for (const post of posts) {
      for (const id of post.ids) {
        oldest = Math.min(oldest, id);
        if (post.views !== undefined) views.set(id, post.views);
      }
    }
    return posts.length > 0;
  };
  if (!take((await previewPosts(access, place)) ?? [])) return views;
  let pages = 1;
  for (const id of [...ids].sort((a, b) => b - a)) {
    if (id >= oldest || views.has(id)) continue;
    if (pages === pagesMost) break;
    pages += 1;
    if (!take((await previewPosts(access, place, id + 1)) ?? [])) break;
  }
  return views;
}

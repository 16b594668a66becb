import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import { storable } from '../inbound.ts';
import type { MediaKind } from '../message.ts';
import type { Place } from '../network.ts';
import type { CommunityStats, ListedPost, PostStats, Stats } from '../stats.ts';
import { call } from './call.ts';
import {
  detailsOf,
  refusal,
  sessionOf,
  settingsOf,
  type TelegramAccess,
  type TelegramCredentials,
} from './place.ts';
import { isPublic, type PreviewPost, previewPosts, readPreview } from './preview.ts';
import { figuresBySession, historyBySession, membersBySession } from './session/read.ts';

/** Under this name a public page takes its permit. */
export const pageReads = 'page';

/** Pages of about 20 posts that one reading may ask for. */
const pagesMost = 8;
const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/**
 * Telegram tells bots how many members there are, and reactions by updates. The rest is told to a user session, where
 * somebody gave one; views, rounded, and posts from before stand on the public page of a public channel, too, which is
 * read where its owner wants that.
 */
export const telegramStats: Stats<TelegramCredentials> = {
  communityStats,
  postStats,
  listing: {
    may: (place) => mayList(place) || mayReadPage(place),
    // A page of the session has a hundred of them, a public one twenty.
    most: (place) => (mayList(place) ? 5_000 : 400),
    page: pageOf,
  },
};

/** Of a group the history is what its members said. */
function mayList(place: Place): boolean {
  return sessionOf(place) !== null && detailsOf(place).chat_type === 'channel';
}

function mayReadPage(place: Place): boolean {
  return isPublic(place) && settingsOf(place.settings).preview_statistics;
}

async function communityStats(access: TelegramAccess, place: Place): Promise<CommunityStats> {
  const members = await call(
    access,
    'getChatMemberCount',
    { chat_id: Number(place.externalId) },
    Count,
  ).catch(async (error: unknown) => {
    if (!(error instanceof NetworkError) || (error.kind !== 'rejected' && error.kind !== 'auth')) throw error;
    const told = await membersBySession(access, place);
    if (told === null) throw error;
    return told;
  });
  return { members, reach: null, visitors: null, views: null, joins: null, leaves: null };
}

async function postStats(
  access: TelegramAccess,
  place: Place,
  remoteIds: readonly string[],
): Promise<Map<string, PostStats | null>> {
  const told = await figuresBySession(access, place, remoteIds);
  if (told !== null) return told;
  const views = mayReadPage(place) ? await viewsOf(access, place, remoteIds.map(Number)) : new Map();
  return new Map(remoteIds.map((id) => [id, figuresWith(views.get(Number(id)))]));
}

function figuresWith(views: number | undefined): PostStats {
  return { views: views ?? null, reach: null, reactions: null, comments: null, shares: null, clicks: null };
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
  const page = async (before?: number) => {
    await access.pace?.(pageReads);
    return (await previewPosts(access, place, before)) ?? [];
  };
  if (!take(await page())) return views;
  let pages = 1;
  for (const id of [...ids].sort((a, b) => b - a)) {
    if (id >= oldest || views.has(id)) continue;
    if (pages === pagesMost) break;
    pages += 1;
    if (!take(await page(id + 1))) break;
  }
  return views;
}

/** Posts as the session or the public page tells them, newest first; `cursor` is the id below which it begins. */
async function pageOf(
  access: TelegramAccess,
  place: Place,
  cursor: string | null,
): Promise<{ posts: ListedPost[]; next: string | null }> {
  const before = cursor === null ? undefined : Number(cursor);
  const told = mayList(place) ? await historyBySession(access, place, before ?? null) : null;
  if (told !== null) return told;
  if (!mayReadPage(place)) {
    throw refusal('not_listed', 'Nothing lists the posts of this channel any more.', null);
  }
  await access.pace?.(pageReads);
  const posts = await readPreview(access, place, before);
  const oldest = Math.min(...posts.flatMap(({ ids }) => ids));
  // Neither an empty page nor one that goes back to where it came from leads on.
  const leadsOn = Number.isFinite(oldest) && oldest > 1 && (before === undefined || oldest < before);
  return { posts: posts.toReversed().flatMap(listed), next: leadsOn ? String(oldest) : null };
}

function listed(post: PreviewPost): ListedPost[] {
  // Without a time nobody can say where it belongs.
  if (post.at === null) return [];
  return [
    {
      remoteIds: post.ids.map(String),
      at: post.at,
      text: storable(post.text.trim()),
      media: mediaOf(post),
      poll: post.poll !== null,
      figures: figuresWith(post.views),
    },
  ];
}

function mediaOf({ photos, videos, files }: PreviewPost): MediaKind[] {
  return [
    ...Array<MediaKind>(photos).fill('image'),
    ...Array<MediaKind>(videos).fill('video'),
    ...Array<MediaKind>(files).fill('document'),
  ];
}

import type { Context } from '../context.ts';
import { networkNamed } from '../networks/index.ts';
import type { LinkCard, MediaItem, Message, Remark } from '../networks/message.ts';
import type { PostContent } from '../publishing/message.ts';
import type { Tx } from '../stores/postgres.ts';
import { dayOf } from '../timezone.ts';
import { type Composed, pathIn, placeOf, type TargetCommunity } from './content.ts';
import { linkRemark, lookAt } from './links.ts';

/** By the id of a community. */
export type Warnings = ReadonlyMap<string, readonly Remark[]>;

/** Pixels: what is shorter on its shorter side fills no phone. */
const sideLeast = 320;

/** What speaks against the time of a post in each community: access that ends before, a day that is full. */
export async function timeWarnings(
  tx: Tx,
  workspaceId: string,
  targets: readonly TargetCommunity[],
  time: { at: Date; path: string } | null,
): Promise<Warnings> {
  if (time === null || targets.length === 0) return new Map();
  const ending = await endingAccess(tx, workspaceId, targets, time.at);
  const full = await fullDays(tx, workspaceId, targets, time);
  return merged(ending, full);
}

/**
 * Access renews itself: only where that failed the last time, or was refused for good, does its end matter. A community
 * that needs to be connected again already has that as a problem.
 */
async function endingAccess(
  tx: Tx,
  workspaceId: string,
  targets: readonly TargetCommunity[],
  at: Date,
): Promise<Map<string, Remark[]>> {
  const ids = targets.filter(({ status }) => status === 'active').map(({ id }) => id);
  const rows = await tx<{ community_id: string; expires_at: Date; last_error: string | null }[]>`
    select k.community_id, g.expires_at, g.last_error
    from credentials k join access_grants g on g.id = k.grant_id and g.workspace_id = k.workspace_id
    where k.workspace_id = ${workspaceId} and k.community_id = any(${ids}::uuid[])
      and (g.dead or g.failures > 0) and g.expires_at <= ${at}`;
  return new Map(
    rows.map(({ community_id, expires_at, last_error }) => {
      const when = `${expires_at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
      const ended = expires_at.getTime() <= Date.now();
      const message = [
        `The access to this community ${ended ? 'ended' : 'ends'} on ${when}, before the post is due, and the last try to renew it failed.`,
        last_error ?? '',
        'Connect the community again.',
      ];
      const remark = {
        path: '/community_ids',
        code: 'token_ends',
        message: message.filter(Boolean).join(' '),
      };
      return [community_id, [remark]];
    }),
  );
}

/** Where the day already has as many posts as the network takes; the further parts of a post do not count. */
async function fullDays(
  tx: Tx,
  workspaceId: string,
  targets: readonly TargetCommunity[],
  { at, path }: { at: Date; path: string },
): Promise<Map<string, Remark[]>> {
  const limited = targets.flatMap((target) => {
    const limit = networkNamed(target.network).perDay?.(placeOf(target));
    return limit ? [{ target, ...limit }] : [];
  });
  const found = new Map<string, Remark[]>();
  for (const timezone of new Set(limited.map((one) => one.timezone))) {
    const there = limited.filter((one) => one.timezone === timezone);
    const { date, from, to } = dayOf(at, timezone);
    const rows = await tx<{ community_id: string; posts: number }[]>`
      select community_id, count(*)::int as posts from publications
      where workspace_id = ${workspaceId} and community_id = any(${there.map((one) => one.target.id)}::uuid[])
        and part = 1 and state not in ('cancelled', 'failed')
        and coalesce(published_at, due_at) >= ${from} and coalesce(published_at, due_at) < ${to}
      group by community_id`;
    const counts = new Map(rows.map((row) => [row.community_id, row.posts]));
    for (const { target, posts, setting } of there) {
      const planned = counts.get(target.id) ?? 0;
      if (planned < posts) continue;
      const { title } = networkNamed(target.network);
      const message = `${title} takes ${posts === 1 ? '1 post' : `${posts} posts`} a day here, and ${date} (${timezone}) has ${planned} already. Choose another day, or raise ${setting} in the settings of the community if ${title} takes more.`;
      found.set(target.id, [{ path, code: 'day_limit', message }]);
    }
  }
  return found;
}

/**
 * What readers will see less of than was meant: links that make no card, images that are small. Looks at links, so to be
 * called outside of any transaction; without links it asks nobody.
 */
export async function contentWarnings(
  ctx: Context,
  content: PostContent,
  composed: readonly { target: TargetCommunity; messages: readonly Composed[] }[],
): Promise<Warnings> {
  const shown = composed.flatMap(({ target, messages }) => {
    const network = networkNamed(target.network);
    return messages.map(({ piece }) => ({
      target,
      network,
      piece,
      card: network.card?.(piece.message) ?? null,
    }));
  });
  const looks = await lookAt(
    ctx,
    shown.flatMap(({ card }) => (card ? [card.url] : [])),
  );
  return merged(
    ...shown.map(({ target, network, piece, card }) => {
      const look = card ? looks.get(card.url) : undefined;
      // An image of the post's own stands in for that of the page.
      const own = card !== null && piece.message.media.some(isImage);
      const link =
        card && look ? linkRemark(own ? { ...card, imageWidth: null } : card, look, network.title) : null;
      const remarks = [...imageRemarks(piece.message, card, network.title), ...(link ? [link] : [])];
      const lead = ({ path, ...rest }: Remark) => ({
        path: pathIn(content, target, piece.part, path),
        ...rest,
      });
      return new Map([[target.id, remarks.map(lead)]]);
    }),
  );
}

function imageRemarks({ media }: Message, card: LinkCard | null, title: string): Remark[] {
  const several = media.length > 1;
  return media.flatMap((item, index): Remark[] => {
    const { width, height } = item;
    if (!isImage(item) || width === null || height === null) return [];
    const path = `/media_ids/${index}`;
    const which = several ? `Image ${index + 1}` : 'The image';
    const remarks: Remark[] = [];
    if (Math.min(width, height) < sideLeast) {
      const message = `${which} measures ${width} × ${height} pixels: ${title} will show it small or blurred. Take one with ${sideLeast} pixels or more on its shorter side.`;
      remarks.push({ path, code: 'image_small', message });
    }
    if (card?.imageWidth && width < card.imageWidth) {
      const message = `${which} is ${width} pixels wide: for the card of a link ${title} wants ${card.imageWidth}. Take a wider one.`;
      remarks.push({ path, code: 'card_image_small', message });
    }
    return remarks;
  });
}

function isImage({ kind }: MediaItem): boolean {
  return kind === 'image';
}

function merged(...lists: readonly Warnings[]): Warnings {
  const all = new Map<string, Remark[]>();
  for (const [id, remarks] of lists.flatMap((list) => [...list])) {
    all.set(id, [...(all.get(id) ?? []), ...remarks]);
  }
  return all;
}

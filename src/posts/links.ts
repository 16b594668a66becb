import type { Config } from '../config.ts';
import type { Context } from '../context.ts';
import type { LinkCard, Remark } from '../networks/message.ts';
import { fetchOutside, OutsideError } from '../outside.ts';
import { type PageCard, readCard } from '../text/card.ts';

/** What came of a look at a link. `card` is null where what stands there is no page (a picture, a document). */
type Look = { refused: OutsideError } | { status: number; card: PageCard | null };

type Looks = Map<string, { until: number; look: Promise<Look> }>;

/** Links that are looked at for one preview. */
const looksMost = 3;
const pageMost = 512_000;
const redirectsMost = 5;
const keptMost = 1_000;

/** By address, the oldest first: what a page tells of itself is the same for everybody. */
const kept = new WeakMap<Config, Looks>();

/** Looks at the first few of these links, side by side, within `durations.linkLook`; the others are not in the answer. */
export async function lookAt(ctx: Context, urls: readonly string[]): Promise<Map<string, Look>> {
  const first = [...new Set(urls)].slice(0, looksMost);
  return new Map(await Promise.all(first.map(async (url) => [url, await remembered(ctx, url)] as const)));
}

function remembered(ctx: Context, url: string): Promise<Look> {
  const { config } = ctx;
  const looks: Looks = kept.get(config) ?? new Map();
  kept.set(config, looks);
  const known = looks.get(url);
  if (known && known.until > Date.now()) return known.look;
  const look = looked(ctx, url);
  looks.delete(url);
  looks.set(url, { until: Date.now() + config.durations.linkKept, look });
  for (const oldest of looks.keys()) {
    if (looks.size <= keptMost) break;
    looks.delete(oldest);
  }
  return look;
}

async function looked({ config }: Context, url: string): Promise<Look> {
  try {
    const { status, mime, bytes } = await fetchOutside(url, {
      timeout: config.durations.linkLook,
      bytes: pageMost,
      // What a card is made of stands at the beginning.
      over: 'cut',
      redirects: redirectsMost,
      allow: config.outsideAllow,
    });
    const isPage = mime === '' || mime === 'text/html' || mime === 'application/xhtml+xml';
    return { status, card: isPage ? readCard(new TextDecoder().decode(bytes)) : null };
  } catch (error) {
    if (error instanceof OutsideError) return { refused: error };
    throw error;
  }
}

/** What is worth knowing of a link before the post is out; null: all is well. */
export function linkRemark({ path, imageWidth }: LinkCard, look: Look, title: string): Remark | null {
  const say = (code: string, message: string): Remark => ({ path, code, message });
  if ('refused' in look) {
    const { code, message } = look.refused;
    if (code === 'not_public') {
      return say('link_not_checked', 'This link leads to a private address: readers cannot open it either.');
    }
    if (code === 'bad_address') return say('link_not_checked', `This link was not looked at. ${message}`);
    return say('link_unreachable', `This link could not be opened. ${message} Check the address.`);
  }
  const { status, card } = look;
  if (status === 404 || status === 410) {
    return say(
      'link_not_found',
      `This link leads to a page that is not there (${status}). Check the address.`,
    );
  }
  if (status >= 400) {
    return say(
      'link_not_found',
      `The page of this link answers with an error (${status}): ${title} may get no card of it either. Open it and see.`,
    );
  }
  if (card === null) return null;
  if (card.title === null) {
    return say('link_no_card', `The page of this link has no title: ${title} will show no card of it.`);
  }
  if (imageWidth === null) return null;
  if (card.image === null) {
    return say(
      'link_no_image',
      `The page of this link names no image (og:image): ${title} makes no card of a link without one.`,
    );
  }
  if (card.imageWidth !== null && card.imageWidth < imageWidth) {
    return say(
      'link_small_image',
      `The image of this link’s page is ${card.imageWidth} pixels wide: ${title} wants ${imageWidth} for a card.`,
    );
  }
  return null;
}

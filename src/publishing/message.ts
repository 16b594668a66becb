import { readOptions } from '../networks/index.ts';
import type { Json, MediaItem, Message, Poll } from '../networks/message.ts';
import type { Network } from '../networks/network.ts';
import type { Entity } from '../text/formatted.ts';

/** One part of a post, as it is kept and as the API shows it. */
export interface PartContent {
  text: string;
  entities: readonly Entity[];
  media_ids: readonly string[];
  poll: Poll | null;
}

/** What differs at one network, or in one community. Only what is given differs. */
export interface Override extends Partial<PartContent> {
  /** In place of the further parts. */
  parts?: readonly PartContent[];
  /** What is asked of this network beyond the content. */
  options?: Readonly<Record<string, Json>>;
}

/** The content of a post, whatever door it came through. */
export interface PostContent extends PartContent {
  /** Part 2 and on. */
  parts: readonly PartContent[];
  first_comment: { text: string; entities: readonly Entity[] } | null;
  /** By the name of a network or the id of a community; the community's goes over the network's. */
  overrides: Readonly<Record<string, Override>>;
}

/** One message of a post, and where in the content it comes from. */
export interface Piece {
  message: Message;
  /** Index of the content part: 0 is the post itself, 1 is `/parts/0`. */
  part: number;
}

/**
 * A post as the messages that one community gets, in order: each is a publication of its own. Pure, so that preview,
 * planning and sending agree. Throws when `media` lacks an item that the content names.
 */
export function piecesOf(
  content: PostContent,
  at: { network: Network; communityId: string },
  media: ReadonlyMap<string, MediaItem>,
): Piece[] {
  const general = content.overrides[at.network.name] ?? {};
  const special = content.overrides[at.communityId] ?? {};
  const options = readOptions(at.network, { ...general.options, ...special.options });
  const whole = { ...content, ...general, ...special };
  return [whole, ...whole.parts].flatMap((part, index) => {
    const message: Message = {
      text: part.text,
      entities: part.entities,
      media: part.media_ids.map((id) => {
        const item = media.get(id);
        if (!item) throw new Error('a post names a file that was not loaded');
        return item;
      }),
      poll: part.poll,
      options,
      after: index === 0 ? null : { kind: 'thread', first: null, previous: null },
    };
    return (at.network.split?.(message) ?? [message]).map((one, piece) => ({
      part: index,
      message: piece === 0 ? one : { ...one, after: { kind: 'split', first: null, previous: null } },
    }));
  });
}

/** Every file that a post names and where, as `post_media.used_in` says it: '' is the post itself. */
export function mediaUses(content: PostContent): { used_in: string; ids: readonly string[] }[] {
  return [
    { used_in: '', ids: content.media_ids },
    ...content.parts.map((part, index) => ({ used_in: `/parts/${index}`, ids: part.media_ids })),
    ...Object.entries(content.overrides).flatMap(([key, override]) => [
      { used_in: `/overrides/${key}`, ids: override.media_ids ?? [] },
      ...(override.parts ?? []).map((part, index) => ({
        used_in: `/overrides/${key}/parts/${index}`,
        ids: part.media_ids,
      })),
    ]),
  ].filter(({ ids }) => ids.length > 0);
}

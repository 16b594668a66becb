import { NetworkError } from '../../error.ts';
import type { MediaKind } from '../../message.ts';
import type { Place } from '../../network.ts';
import type { ListedPost, PostStats } from '../../stats.ts';
import { detailsOf, type Session, sessionOf, type TelegramAccess } from '../place.ts';
import { appIdOf, askSession } from './ask.ts';
import type { ReadMessage } from './question.ts';

/** Messages on one page of the history. */
const pageSize = 100;

/** Members as the account sees them; null: there is no session that tells. */
export async function membersBySession(access: TelegramAccess, place: Place): Promise<number | null> {
  const read = await withSession(access, place, async ({ channel }) => ({
    members: await askSession<'members'>(access, { kind: 'members', channel }),
  }));
  return read?.members ?? null;
}

/**
 * Figures of messages by id, null where one is gone, missing where it may only be hidden; null: there is no session that
 * tells.
 */
export function figuresBySession(
  access: TelegramAccess,
  place: Place,
  remoteIds: readonly string[],
): Promise<Map<string, PostStats | null> | null> {
  return withSession(access, place, async ({ channel }) => {
    // Numbers of messages, as the protocol has them.
    const ids = remoteIds.map(Number).filter((id) => Number.isInteger(id) && id > 0 && id < 2 ** 31);
    const told = await askSession<'figures'>(access, { kind: 'figures', channel, ids });
    // A group may hide from an account what was said before it came.
    const hides = detailsOf(place).chat_type !== 'channel';
    const seen = told.filter(([, figures]) => figures !== null || !hides);
    return new Map(seen.map(([id, figures]) => [String(id), figures]));
  });
}

/** Posts as {@link Stats.listing} gives them; `before` is the id below which it begins. null: there is no session that tells. */
export function historyBySession(
  access: TelegramAccess,
  place: Place,
  before: number | null,
): Promise<{ posts: ListedPost[]; next: string | null } | null> {
  return withSession(access, place, async ({ channel }) => {
    const messages = await askSession<'history'>(access, { kind: 'history', channel, before });
    return pageFrom(messages);
  });
}

/**
 * Pure: a page of messages, newest first, as posts. An album that the page may have cut is left to the next one; on a
 * page that is not full there is nothing more.
 */
export function pageFrom(messages: readonly ReadMessage[]): { posts: ListedPost[]; next: string | null } {
  const last = messages.at(-1);
  const full = messages.length >= pageSize;
  const cut = full && last?.album != null ? last.album : null;
  const kept = messages.filter(({ album }) => cut === null || album !== cut);
  const posts = Map.groupBy(
    kept.filter(({ service }) => !service),
    ({ id, album }) => album ?? `single:${id}`,
  );
  const oldest = kept.at(-1)?.id;
  return {
    posts: [...posts.values()].map(postOf),
    next: full && oldest !== undefined && oldest > 1 ? String(oldest) : null,
  };
}

function postOf(parts: readonly ReadMessage[]): ListedPost {
  const inOrder = parts.toSorted((a, b) => a.id - b.id);
  const [first] = inOrder;
  if (!first) throw new Error('a post without messages');
  return {
    remoteIds: inOrder.map(({ id }) => String(id)),
    at: first.at,
    text: inOrder
      .map(({ text }) => text)
      .filter(Boolean)
      .join('\n'),
    media: inOrder.flatMap(({ media }): MediaKind[] => (media === null ? [] : [media])),
    poll: first.poll,
    figures: first.figures,
  };
}

/** Runs a reading with the session of the place; null where there is none, or it has died or no longer sees the channel. */
async function withSession<T>(
  access: TelegramAccess,
  place: Place,
  read: (session: Session) => Promise<T>,
): Promise<T | null> {
  const session = sessionOf(place);
  if (session === null || access.credentials.user_session === undefined || appIdOf(access) === null) {
    return null;
  }
  try {
    return await read(session);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    // Why it no longer sees the channel, the next check finds out.
    if (error.kind === 'rejected') return null;
    if (error.kind !== 'auth') throw error;
    await access.lost?.('user_session', [error.message, error.nextStep].filter(Boolean).join(' '));
    return null;
  }
}

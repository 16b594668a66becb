import { asOwner, type Context } from '../context.ts';
import { NetworkError } from '../networks/error.ts';
import type { Live } from '../networks/message.ts';
import type { ListedPost } from '../networks/stats.ts';
import { settleBySight } from '../publishing/observed.ts';
import type { Tx } from '../stores/postgres.ts';
import { aboutOf, noPublication, publicOf } from './about.ts';
import { type Outgoing, type PostKey, putOut } from './outbox.ts';
import { Busy, type ReadCommunity, type Reading } from './reading.ts';

/** Pages that are looked through at one time while all on them is new. */
const pagesMost = 5;

/**
 * Looks for posts that no update told of, on the newest pages that the network lists, back to what is known. They are
 * collected from now on like all others. What cannot be read now is looked for the next time.
 */
export async function readNewPosts(ctx: Context, community: ReadCommunity, reading: Reading): Promise<void> {
  const { listing } = reading.stats;
  if (!listing?.may(reading.place)) return;
  try {
    let cursor: string | null = null;
    for (let pages = 0; pages < pagesMost; pages += 1) {
      const { posts, next } = await listing.page(reading.access, reading.place, cursor);
      const fresh = await keepNew(ctx, community, posts);
      if (next === null || fresh < posts.length) return;
      cursor = next;
    }
  } catch (error) {
    if (!(error instanceof NetworkError || error instanceof Busy)) throw error;
  }
}

/** Answers how many of them were new. */
async function keepNew(
  ctx: Context,
  community: ReadCommunity,
  posts: readonly ListedPost[],
): Promise<number> {
  const { fresh, due } = await asOwner(ctx, async (tx) => {
    const kept = await keepListed(ctx, tx, community, posts);
    await putOld(
      ctx,
      tx,
      community,
      posts.filter(({ remoteIds }) => remoteIds.some((id) => kept.fresh.has(id))),
    );
    return kept;
  });
  if (due) ctx.planned.changed(due);
  return posts.filter(({ remoteIds }) => remoteIds.every((id) => fresh.has(id))).length;
}

/**
 * Keeps what a network lists as observed, where nothing is known of it: it is collected with all others, and what waits
 * for its outcome is settled by it. Answers the new ids, and when something is due: after the commit call
 * `ctx.planned.changed` with it.
 */
export async function keepListed(
  ctx: Context,
  tx: Tx,
  community: ReadCommunity,
  posts: readonly ListedPost[],
): Promise<{ fresh: ReadonlySet<string>; due: Date | null }> {
  const { id, workspace_id } = community;
  const rows = posts.flatMap(({ remoteIds, at, text, media }) =>
    remoteIds.map((remote_id, index) => ({
      remote_id,
      ids: [...remoteIds],
      at: new Date(at).toISOString(),
      text: index === 0 ? text : '',
      media: media.slice(index, index === remoteIds.length - 1 ? undefined : index + 1),
      album: remoteIds.length > 1 ? `listed:${remoteIds[0]}` : null,
    })),
  );
  const unknown = () => tx`
    from jsonb_to_recordset(${tx.json(rows)})
      as l(remote_id text, ids text[], at timestamptz, text text, media text[], album text)
    where not exists (select from observed_posts o where o.community_id = ${id} and o.remote_id = l.remote_id)
      and not exists (select from publications p where p.community_id = ${id} and p.remote_id = l.remote_id)
      and not exists (
        select from publications p
        where p.community_id = ${id} and cardinality(p.remote_ids) > 1 and p.remote_ids @> array[l.remote_id])`;
  const news = await tx<{ remote_id: string }[]>`select l.remote_id ${unknown()}`;
  if (news.length === 0) return { fresh: new Set(), due: null };
  // An answer that is just being written down binds its post: whoever comes second sees what the first has written.
  await tx`
    select from publications
    where community_id = ${id} and state in ('sending', 'confirming', 'unconfirmed') order by id for no key update`;
  const made = await tx<{ remote_id: string; posted_at: Date }[]>`
    insert into observed_posts (workspace_id, community_id, remote_id, posted_at, text, media, album)
    select ${workspace_id}, ${id}, l.remote_id, l.at, l.text, l.media, coalesce((
      select o.album from observed_posts o
      where o.community_id = ${id} and o.remote_id = any(l.ids) and o.album is not null limit 1), l.album)
    ${unknown()}
    on conflict do nothing returning remote_id, posted_at`;
  const fresh = new Set(made.map(({ remote_id }) => remote_id));
  // What was posted long ago answers nothing that is open.
  const tells = made.some(({ posted_at }) => isYoung(ctx, posted_at.getTime()));
  return { fresh, due: tells ? await settleBySight(ctx, tx, id) : null };
}

/**
 * Puts out those that are too old to be collected, as they stand today: their present figures, and what they are. They
 * have none of an age of 24 hours.
 */
export async function putOld(
  ctx: Context,
  tx: Tx,
  community: ReadCommunity,
  posts: readonly ListedPost[],
): Promise<void> {
  const old = posts.filter(({ at }) => !isYoung(ctx, at));
  if (old.length === 0) return;
  const known = await tx<
    {
      first: string;
      publication_id: string | null;
      remote_id: string | null;
      live: Live | null;
      published_at: Date | null;
    }[]
  >`
    select l.ids[1] as first, p.id as publication_id, p.remote_id, p.live,
      coalesce(d.published_at, p.published_at, o.posted_at) as published_at
    from jsonb_to_recordset(${tx.json(old.map(({ remoteIds }) => ({ ids: [...remoteIds] })))}) as l(ids text[])
    left join publications p
      on p.community_id = ${community.id} and p.remote_id = any(l.ids) and p.state = 'published'
    left join observed_posts o on o.community_id = ${community.id} and o.remote_id = l.ids[1]
    left join metric_due d
      on d.community_id = ${community.id} and d.post_key = coalesce(p.remote_id, l.ids[1])`;
  const now = new Date().toISOString();
  const rows = old.flatMap((post): Outgoing[] => {
    const [first = ''] = post.remoteIds;
    const found = known.find((one) => one.first === first);
    // Rows that have left carry the time that was known first.
    const key: PostKey = {
      post_key: found?.remote_id ?? first,
      publication_id: found?.publication_id ?? noPublication,
      published_at: (found?.published_at ?? new Date(post.at)).toISOString(),
    };
    const about = aboutOf(
      found?.live ? publicOf(found.live) : post,
      found?.publication_id ? 'ours' : 'elsewhere',
    );
    const told = Object.values(post.figures).some((figure) => figure !== null);
    return [
      { kind: 'about', data: { ...key, ...about, network: community.network, seen_at: now } },
      ...(told ? [{ kind: 'post' as const, data: { ts: now, ...key, ...post.figures } }] : []),
    ];
  });
  await putOut(tx, community, rows);
  await tx`
    delete from metric_due
    where community_id = ${community.id} and post_key = any(${old.flatMap(({ remoteIds }) => remoteIds)})
      and publication_id is null and not enrolled`;
}

/** Whether figures of a post of this time are collected still. */
function isYoung(ctx: Context, at: number): boolean {
  return at > Date.now() - (ctx.config.durations.collectPosts.at(-1) ?? 0);
}

import { asOwner, type Context } from '../context.ts';
import type { Live, MediaKind } from '../networks/message.ts';
import type { PostStats } from '../networks/stats.ts';
import type { Tx } from '../stores/postgres.ts';
import { aboutOf, noPublication, publicOf } from './about.ts';
import { readHistory } from './history.ts';
import { readNewPosts } from './listed.ts';
import { type Outgoing, type PostKey, putOut } from './outbox.ts';
import { communityColumns, openReading, type ReadCommunity, type Reading, waitAfter } from './reading.ts';
import { readWholeDays } from './whole-days.ts';

/** One run of the job may take so long, in milliseconds; its next one goes on. */
const runMost = 8 * 60_000;
/** Posts of one community that are taken at once, and that one call of a network may be asked about. */
const claimMost = 500;
const callMost = 100;
const silent: PostStats = {
  views: null,
  reach: null,
  reactions: null,
  comments: null,
  shares: null,
  clicks: null,
};

/**
 * Reads what is due, one community at a time: the figures of communities and of posts at the ages
 * `durations.collectPosts`, and while nothing of that is due the posts from before they were connected. It only reads,
 * and lets publications go first. What cannot be read now is read later.
 */
export async function collectDue(ctx: Context, stopped: () => boolean = () => false): Promise<void> {
  const end = performance.now() + runMost;
  while (performance.now() < end && !stopped()) {
    const community = await collectCommunity(ctx);
    const posts = await collectPosts(ctx);
    if (!community && !posts && !(await readHistory(ctx))) return;
  }
}

/** Whether there was one. */
async function collectCommunity(ctx: Context): Promise<boolean> {
  const { collectRetry } = ctx.config.durations;
  // Moved on first: that is the lock, and one that fails does not stand in the way of the others.
  const [due] = await ctx.sql<(ReadCommunity & { history_read: boolean })[]>`
    update communities c set collect_at = clock_timestamp() + ${collectRetry} * interval '1 millisecond'
    where c.id = (
      select id from communities where status = 'active' and collect_at <= clock_timestamp()
      order by collect_at limit 1 for update skip locked)
    returning ${communityColumns(ctx.sql)}, c.history_read_at is not null as history_read`;
  if (!due) return false;
  try {
    const reading = await openReading(ctx, due, ctx.config.durations.collectPatience);
    await readCommunity(ctx, due, reading);
    // Until then the history tells of the new ones, too.
    if (reading && due.history_read) await readNewPosts(ctx, due, reading);
    if (reading) await readWholeDays(ctx, due, reading);
  } catch (error) {
    const wait = waitAfter(ctx, due, error);
    await ctx.sql`
      update communities set collect_at = clock_timestamp() + ${wait} * interval '1 millisecond' where id = ${due.id}`;
  }
  return true;
}

/** Reads the figures of a community and puts them on their way. Throws what the network throws, and {@link Busy}. */
export async function readCommunity(
  ctx: Context,
  community: ReadCommunity,
  reading: Reading | null,
): Promise<void> {
  const figures = reading && (await reading.stats.communityStats(reading.access, reading.place));
  await asOwner(ctx, async (tx) => {
    await tx`
      update communities
      set members = coalesce(${figures?.members ?? null}, members),
          collect_at = clock_timestamp() + collect_hours * interval '1 hour'
      where id = ${community.id}`;
    if (!figures || Object.values(figures).every((figure) => figure === null)) return;
    const ts = new Date().toISOString();
    await putOut(tx, community, [
      { kind: 'community', data: { ts, network: community.network, ...figures } },
    ]);
  });
}

/** Takes the due posts of the community that has waited longest. Whether there were any. */
async function collectPosts(ctx: Context): Promise<boolean> {
  const { collectRetry, collectAway, collectSettle, collectPatience } = ctx.config.durations;
  const ripe = (tx: Tx) => tx`
    d.due_at <= clock_timestamp() - case when d.enrolled then 0 else ${collectSettle}::float8 end * interval '1 millisecond'`;
  const taken = await ctx.sql<(ReadCommunity & { status: string; post_key: string; due_at: Date })[]>`
    with turn as (
      select d.community_id from metric_due d where ${ripe(ctx.sql)} order by d.due_at limit 1),
    taken as (
      select d.community_id, d.post_key from metric_due d join turn t on t.community_id = d.community_id
      where ${ripe(ctx.sql)} order by d.due_at limit ${claimMost} for update of d skip locked)
    update metric_due d
    set due_at = date_trunc('milliseconds', statement_timestamp()) + ${collectRetry} * interval '1 millisecond'
    from taken t, communities c
    where d.community_id = t.community_id and d.post_key = t.post_key and c.id = d.community_id
    returning ${communityColumns(ctx.sql)}, c.status, d.post_key, d.due_at`;
  const [community] = taken;
  if (!community) return false;
  const keys = taken.map(({ post_key }) => post_key);
  try {
    if (community.status === 'active') await readPosts(ctx, community, keys, { patience: collectPatience });
    else await postpone(ctx, { community, keys, until: community.due_at }, collectAway);
  } catch (error) {
    await postpone(ctx, { community, keys, until: community.due_at }, waitAfter(ctx, community, error));
  }
  return true;
}

/** Those that have not been read since they were taken. */
async function postpone(ctx: Context, taken: Taken, wait: number): Promise<void> {
  await ctx.sql`
    update metric_due set due_at = clock_timestamp() + ${wait} * interval '1 millisecond'
    where community_id = ${taken.community.id} and post_key = any(${taken.keys}) and due_at = ${taken.until}`;
}

interface Taken {
  community: ReadCommunity;
  keys: string[];
  /** The moment that taking them wrote as their next. */
  until: Date;
}

interface Post {
  post_key: string;
  publication_id: string | null;
  published_at: Date;
  enrolled: boolean;
  live: Live | null;
  /** By whatever was told of it, in all its parts. */
  text: string | null;
  media: MediaKind[] | null;
  reactions: number | null;
  comments: number | null;
  removed: boolean;
  /** It is a later file of an album, or belongs to a publication under another id. */
  part: boolean;
}

/**
 * Reads the figures of posts in batches of one call, puts them on their way and plans the next reading of each.
 * `told` hears the share that is done. Throws what the network throws, and {@link Busy}; what was read stays.
 */
export async function readPosts(
  ctx: Context,
  community: ReadCommunity,
  keys: readonly string[],
  options: { patience: number; told?: (share: number) => Promise<void> },
): Promise<void> {
  const { collectPosts: ages } = ctx.config.durations;
  const posts = await postsOf(ctx.sql, community, keys);
  const age = (post: Post) => Date.now() - post.published_at.getTime();
  const last = ages.at(-1) ?? 0;
  const needless = posts.filter((post) => post.part || (!post.enrolled && age(post) > last));
  await ctx.sql`
    delete from metric_due
    where community_id = ${community.id} and post_key = any(${needless.map(({ post_key }) => post_key)})
      and publication_id is null`;
  const kept = posts.filter((post) => !needless.includes(post) || post.publication_id !== null);
  const asked = kept.filter((post) => !post.removed && (post.enrolled || age(post) >= (ages[0] ?? 0)));
  await keep(
    ctx,
    community,
    kept.filter((post) => !asked.includes(post)),
    null,
  );
  if (asked.length === 0) return;
  const reading = await openReading(ctx, community, options.patience);
  for (let from = 0; from < asked.length; from += callMost) {
    const some = asked.slice(from, from + callMost);
    const figures = await reading?.stats.postStats(
      reading.access,
      reading.place,
      some.map(({ post_key }) => post_key),
    );
    await keep(ctx, community, some, figures ?? new Map());
    await options.told?.((from + some.length) / asked.length);
  }
}

function postsOf(tx: Tx, community: ReadCommunity, keys: readonly string[]): Promise<Post[]> {
  return tx<Post[]>`
    select d.post_key, d.publication_id, d.published_at, d.enrolled, p.live, seen.text, seen.media, seen.reactions,
      seen.comments, coalesce(p.removed_at is not null, false) or coalesce(seen.removed, false) as removed,
      d.publication_id is null and coalesce(head.publication_id is not null or exists (
        select from observed_posts o
        where o.community_id = d.community_id and o.album = head.album
          and (length(o.remote_id), o.remote_id) < (length(head.remote_id), head.remote_id)), false) as part
    from metric_due d
    left join publications p on p.id = d.publication_id
    left join observed_posts head on head.community_id = d.community_id and head.remote_id = d.post_key
    left join lateral (
      select string_agg(o.text, '' order by length(o.remote_id), o.remote_id) as text,
        (select jsonb_agg(kind order by length(o.remote_id), o.remote_id)
          from observed_posts o, unnest(o.media) as kind where ${parts(tx)}) as media,
        sum(case when o.reactions is not null
          then (select coalesce(sum(n::numeric), 0) from jsonb_each_text(o.reactions) as r(emoji, n)) end)::float8 as reactions,
        sum(o.comments)::float8 as comments, bool_and(o.removed_at is not null) as removed
      from observed_posts o where ${parts(tx)}) seen on true
    where d.community_id = ${community.id} and d.post_key = any(${keys as string[]})
    order by d.published_at desc, d.post_key`.then((rows) => [...rows]);
}

/** What was seen of a post: each of its files stands there by itself. */
const parts = (tx: Tx) => tx`
  o.community_id = d.community_id
    and (o.remote_id = d.post_key or o.remote_id = any(p.remote_ids) or (d.publication_id is null and o.album = head.album))`;

/** Puts out what is known of posts, and plans when they are read next. `figures`: what a network said; null: not asked. */
async function keep(
  ctx: Context,
  community: ReadCommunity,
  posts: readonly Post[],
  figures: ReadonlyMap<string, PostStats | null> | null,
): Promise<void> {
  if (posts.length === 0) return;
  const now = new Date();
  const rows: Outgoing[] = [];
  const next: { post_key: string; publication_id: string | null; gone: boolean }[] = [];
  for (const post of posts) {
    const told = figures?.get(post.post_key);
    const key: PostKey = {
      post_key: post.post_key,
      publication_id: post.publication_id ?? noPublication,
      published_at: post.published_at.toISOString(),
    };
    const gone = post.removed || told === null;
    next.push({ post_key: post.post_key, publication_id: post.publication_id, gone });
    // Of a post that was never told of, what it was is not known any more.
    if (post.live !== null || post.text !== null) {
      const seen = { text: post.text ?? '', media: post.media ?? [], poll: false };
      const ours = post.publication_id !== null;
      const about = aboutOf(post.live ? publicOf(post.live) : seen, ours ? 'ours' : 'elsewhere');
      rows.push({
        kind: 'about',
        data: { ...key, ...about, network: community.network, seen_at: now.toISOString() },
      });
    }
    if (figures === null || gone) continue;
    const { reactions, comments, ...others } = told ?? silent;
    const all: PostStats = {
      ...others,
      reactions: reactions ?? post.reactions,
      comments: comments ?? post.comments,
    };
    if (Object.values(all).every((figure) => figure === null)) continue;
    rows.push({ kind: 'post', data: { ts: now.toISOString(), ...key, ...all } });
  }
  await asOwner(ctx, async (tx) => {
    await putOut(tx, community, rows);
    await tx`
      update metric_due d
      set enrolled = true,
          due_at = case when n.gone then null else (
            select min(d.published_at + after * interval '1 millisecond')
            from unnest(${ctx.config.durations.collectPosts as number[]}::float8[]) as after
            where d.published_at + after * interval '1 millisecond' > ${now}) end
      from jsonb_to_recordset(${tx.json(next)}) as n(post_key text, publication_id uuid, gone boolean)
      where d.community_id = ${community.id} and d.post_key = n.post_key
        -- Found to be a publication meanwhile: it is told anew.
        and d.publication_id is not distinct from n.publication_id`;
  });
}

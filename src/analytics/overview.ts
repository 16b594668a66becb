import * as v from 'valibot';
import type { Context, Who } from '../context.ts';
import { type Count, Figure, figureOf, figureOfAll, numberOf } from './figure.ts';
import { Place, placeShown, placesOf } from './place.ts';

const names = ['members', 'posts', 'views', 'reactions', 'comments', 'shares'] as const;
const Figures = v.strictObject({
  members: Figure,
  posts: Figure,
  views: Figure,
  reactions: Figure,
  comments: Figure,
  shares: Figure,
});
type Figures = v.InferOutput<typeof Figures>;

export const Overview = v.strictObject({
  days: v.number(),
  from: v.pipe(v.string(), v.isoTimestamp()),
  to: v.pipe(v.string(), v.isoTimestamp()),
  all: v.pipe(Figures, v.description('Sums of what is known.')),
  communities: v.array(v.strictObject({ ...Place.entries, ...Figures.entries })),
});
export type Overview = v.InferOutput<typeof Overview>;

const day = 86_400_000;

interface Row extends Record<Exclude<(typeof names)[number], 'members'>, Count> {
  community_id: string;
  current: number;
}
interface MembersRow {
  community_id: string;
  now: Count;
  before: Count;
}

/**
 * The last `days` times 24 hours and as many before them, for each community and for all. Members: the last known
 * number at the end of each. The figures of posts are those of the posts published in the period, as they stood at its
 * end, so that older posts have no more time to collect than newer ones.
 */
export async function getOverview(ctx: Context, who: Who, days: number): Promise<Overview> {
  const to = new Date();
  const from = new Date(to.getTime() - days * day);
  const params = {
    workspace: who.workspaceId,
    from,
    to,
    earliest: new Date(from.getTime() - days * day),
    // A number that nobody renewed for a month says nothing about the start of the period.
    known: new Date(from.getTime() - 30 * day),
  };
  const [places, members, posts] = await Promise.all([
    placesOf(ctx, who),
    ctx.ch.query<MembersRow>(
      `select community_id, argMaxMerge(members) as now, argMaxMergeIf(members, hour < toStartOfHour({from:DateTime64(3, 'UTC')})) as before
       from community_per_hour_v1
       where workspace_id = {workspace:UUID} and hour >= {known:DateTime64(3, 'UTC')}
         and hour < {to:DateTime64(3, 'UTC')}
       group by community_id`,
      params,
    ),
    ctx.ch.query<Row>(
      `select community_id, current, count() as posts, sum(views) as views, sum(reactions) as reactions,
         sum(comments) as comments, sum(shares) as shares
       from (
         select community_id, post_key, published_at >= {from:DateTime64(3, 'UTC')} as current,
           argMaxIf(views, ts, in_time) as views, argMaxIf(reactions, ts, in_time) as reactions,
           argMaxIf(comments, ts, in_time) as comments, argMaxIf(shares, ts, in_time) as shares
         from (
           select community_id, post_key, published_at, ts, views, reactions, comments, shares,
             ts < if(published_at >= {from:DateTime64(3, 'UTC')}, {to:DateTime64(3, 'UTC')}, {from:DateTime64(3, 'UTC')})
               as in_time
           from raw_post_metrics_v1
           where workspace_id = {workspace:UUID} and published_at >= {earliest:DateTime64(3, 'UTC')}
             and published_at < {to:DateTime64(3, 'UTC')}
           union all
           -- Posts of which no network tells anything are posts all the same.
           select community_id, post_key, published_at, published_at as ts, null, null, null, null, false
           from posts_v1
           where workspace_id = {workspace:UUID} and published_at >= {earliest:DateTime64(3, 'UTC')}
             and published_at < {to:DateTime64(3, 'UTC')}
         )
         group by community_id, post_key, current
       )
       group by community_id, current`,
      params,
    ),
  ]);

  const communities = places.map((place) => {
    const known = members.find((row) => row.community_id === place.id);
    const own = posts.filter((row) => row.community_id === place.id);
    const ofPosts = (name: Exclude<(typeof names)[number], 'members'>): Figure => {
      const [now, before] = [own.find((row) => row.current === 1), own.find((row) => row.current === 0)];
      // No post is a number; what no post got is none.
      const absent = name === 'posts' ? 0 : null;
      return figureOf(numberOf(now?.[name]) ?? absent, numberOf(before?.[name]) ?? absent);
    };
    return {
      ...placeShown(place),
      members: figureOf(numberOf(known?.now), numberOf(known?.before)),
      posts: ofPosts('posts'),
      views: ofPosts('views'),
      reactions: ofPosts('reactions'),
      comments: ofPosts('comments'),
      shares: ofPosts('shares'),
    };
  });
  const all = Object.fromEntries(
    names.map((name) => [name, figureOfAll(communities.map((one) => one[name]))]),
  ) as Figures;
  return { days, from: from.toISOString(), to: to.toISOString(), all, communities };
}

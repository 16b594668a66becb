import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
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

const ofPeriods = `workspace_id = {workspace:UUID} and published_at >= {earliest:DateTime64(3, 'UTC')}
  and published_at < {to:DateTime64(3, 'UTC')}`;
/** What single figures of posts were before they were erased, to the end of the last whole day. */
const wholeDays = `
  select community_id, post_key, published_at, toDateTime64(day, 3, 'UTC'), views, reactions, comments, shares
  from post_per_day_v1 where ${ofPeriods} and day < toDate(until)`;

/**
 * The `days` times 24 hours up to `to` and as many before them, for each community and for all. Members: the last known
 * number at the end of each. The figures of posts are those of the posts published in the period, as they stood at its
 * end, so that older posts have no more time to collect than newer ones.
 */
export async function getOverview(ctx: Context, who: Who, days: number, to = new Date()): Promise<Overview> {
  const from = new Date(to.getTime() - days * day);
  const earliest = new Date(from.getTime() - days * day);
  const params = { workspace: who.workspaceId, from, to };
  // Days of which not all counts; of today there is nothing later.
  const begun = [from, ...(to.getTime() < Date.now() - 60_000 ? [to] : [])].map((at) =>
    at.toISOString().slice(0, 10),
  );
  const [places, members, posts] = await Promise.all([
    placesOf(ctx, who),
    ctx.ch.query<MembersRow>(
      `select community_id, argMaxMerge(members) as now,
         argMaxMergeIf(members, at < toStartOfHour({from:DateTime64(3, 'UTC')})) as before
       from (
         select community_id, members, toDateTime(day, 'UTC') as at from community_per_day_v1
         where workspace_id = {workspace:UUID} and day >= toDate({known:DateTime64(3, 'UTC')})
           and day <= toDate({to:DateTime64(3, 'UTC')}) and not has({begun:Array(Date)}, day)
         union all
         select community_id, members, hour as at from community_per_hour_v1
         where workspace_id = {workspace:UUID} and toDate(hour) in {begun:Array(Date)}
           and hour < {to:DateTime64(3, 'UTC')}
       )
       group by community_id`,
      // A number that nobody renewed for a month says nothing about the start of the period.
      { ...params, begun, known: new Date(from.getTime() - 30 * day) },
    ),
    keptSince(ctx, who).then((kept) =>
      ctx.ch.query<Row>(
        `with if(published_at >= {from:DateTime64(3, 'UTC')}, {to:DateTime64(3, 'UTC')}, {from:DateTime64(3, 'UTC')}) as until
         select community_id, current, count() as posts, sum(last_views) as views, sum(last_reactions) as reactions,
           sum(last_comments) as comments, sum(last_shares) as shares
         from (
           select community_id, published_at >= {from:DateTime64(3, 'UTC')} as current,
             argMaxIf(views, ts, ts < until) as last_views, argMaxIf(reactions, ts, ts < until) as last_reactions,
             argMaxIf(comments, ts, ts < until) as last_comments, argMaxIf(shares, ts, ts < until) as last_shares
           from (
             select community_id, post_key, published_at, ts, views, reactions, comments, shares
             from raw_post_metrics_v1 where ${ofPeriods}
             ${earliest < kept ? `union all ${wholeDays}` : ''}
             union all
             -- Posts of which no network tells anything are posts all the same.
             select community_id, post_key, published_at, published_at, null, null, null, null
             from posts_v1 where ${ofPeriods}
           )
           group by community_id, post_key, published_at
         )
         group by community_id, current`,
        { ...params, earliest },
      ),
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

/** The time from which on single figures are there; of before it there are sums alone. */
async function keptSince(ctx: Context, who: Who): Promise<Date> {
  const [row] = await asWorkspace(
    ctx,
    who,
    (tx) => tx<{ days: number }[]>`select metrics_days as days from workspaces where id = ${who.workspaceId}`,
  );
  return new Date(Date.now() - (row?.days ?? 0) * day);
}

import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { type Count, liftPercent, numberOf } from './figure.ts';
import { comparedOf } from './lift.ts';
import { Place, placeOf, placeShown } from './place.ts';

const figures = ['views', 'reach', 'reactions', 'comments', 'shares', 'clicks'] as const;
const OrUnknown = v.nullable(v.number());
export const PostFigures = v.strictObject({
  views: OrUnknown,
  reach: OrUnknown,
  reactions: OrUnknown,
  comments: OrUnknown,
  shares: OrUnknown,
  clicks: OrUnknown,
});
export type PostFigures = v.InferOutput<typeof PostFigures>;

export const TopMetric = v.picklist([...figures, 'lift'], `must be lift or one of: ${figures.join(', ')}`);
export type TopMetric = v.InferOutput<typeof TopMetric>;

export const TopPosts = v.strictObject({
  community: Place,
  metric: TopMetric,
  days: v.number(),
  measure: v.pipe(
    v.picklist(['views', 'interactions']),
    v.description('What lift is told of: views, or reactions, comments and shares together.'),
  ),
  data: v.array(
    v.strictObject({
      post_key: v.pipe(v.string(), v.description('The network’s id of it in the community.')),
      post_id: v.pipe(v.nullable(v.string()), v.description('null: not made by Outpost.')),
      publication_id: v.nullable(v.string()),
      text: v.pipe(v.nullable(v.string()), v.description('Its first 200 characters, where they are known.')),
      url: v.nullable(v.string()),
      published_at: v.pipe(v.string(), v.isoTimestamp()),
      ...PostFigures.entries,
      lift_percent: v.pipe(
        OrUnknown,
        v.description(
          'At an age of 24 hours, over the median of the 20 posts before it. null: younger, or not known.',
        ),
      ),
    }),
  ),
});
export type TopPosts = v.InferOutput<typeof TopPosts>;

interface Row extends Record<(typeof figures)[number], Count> {
  post_key: string;
  publication_id: string;
  published_at: string;
}
interface Known {
  remote_id: string;
  publication_id: string | null;
  post_id: string | null;
  text: string;
  url: string | null;
}

/** The posts of the `days` days up to `to` (now) with the most of `metric`; those of which it is unknown are left out. Throws `not_found`. */
export async function getTopPosts(
  ctx: Context,
  who: Who,
  id: string,
  { metric, days, limit, to = new Date() }: { metric: TopMetric; days: number; limit: number; to?: Date },
): Promise<TopPosts> {
  const place = await placeOf(ctx, who, id);
  const from = new Date(to.getTime() - days * 86_400_000);
  const lifting = comparedOf(ctx, { workspaceId: who.workspaceId, communityId: id, from, to });
  const most = async (order: string, keys: string[] | null): Promise<Row[]> =>
    ctx.ch.query<Row>(
      `select post_key, max(publication_id) as publication_id, published_at,
         ${figures.map((name) => `argMaxMerge(post_latest_v1.${name}) as ${name}`).join(', ')}
       from post_latest_v1
       where workspace_id = {workspace:UUID} and community_id = {community:UUID}
         and published_at >= {from:DateTime64(3, 'UTC')} and published_at < {to:DateTime64(3, 'UTC')}
         ${keys ? 'and has({keys:Array(String)}, post_key)' : ''}
       group by published_at, post_key
       ${order} limit {limit:UInt32}`,
      { workspace: who.workspaceId, community: id, from, to, limit, ...(keys ? { keys } : {}) },
    );
  const highest = async (): Promise<Row[]> => {
    const first = (await lifting).lifts.toSorted((x, y) => y.lift - x.lift).slice(0, limit);
    const keys = first.map((one) => one.post_key);
    const rows = await most('', keys);
    return rows.sort((x, y) => keys.indexOf(x.post_key) - keys.indexOf(y.post_key));
  };
  const [{ lifts, measure }, rows] = await Promise.all([
    lifting,
    metric === 'lift'
      ? highest()
      : most(`having isNotNull(${metric}) order by ${metric} desc, published_at desc, post_key`, null),
  ]);
  const liftOf = new Map(lifts.map((one) => [one.post_key, one.lift]));
  const known = await knownPosts(
    ctx,
    who,
    id,
    rows.map((row) => row.post_key),
  );
  return {
    community: placeShown(place),
    metric,
    days,
    measure,
    data: rows.map((row) => {
      const post = known.get(row.post_key);
      const lift = liftOf.get(row.post_key);
      return {
        post_key: row.post_key,
        post_id: post?.post_id ?? null,
        publication_id: post?.publication_id ?? null,
        text: post ? post.text.slice(0, 200).toWellFormed() : null,
        url: post?.url ?? null,
        published_at: row.published_at,
        ...figuresOf(row),
        lift_percent: lift === undefined ? null : liftPercent(lift),
      };
    }),
  };
}

export function figuresOf(row: Record<keyof PostFigures, Count>): PostFigures {
  return {
    views: numberOf(row.views),
    reach: numberOf(row.reach),
    reactions: numberOf(row.reactions),
    comments: numberOf(row.comments),
    shares: numberOf(row.shares),
    clicks: numberOf(row.clicks),
  };
}

/** What we know of posts by their ids at the network: ours by their publications, others as they were observed. */
async function knownPosts(ctx: Context, who: Who, id: string, keys: string[]): Promise<Map<string, Known>> {
  const rows = await asWorkspace(
    ctx,
    who,
    (tx) => tx<Known[]>`
      select remote_id, null as publication_id, null as post_id, text, null as url from observed_posts
      where workspace_id = ${who.workspaceId} and community_id = ${id} and remote_id = any(${keys})
      union all
      select p.remote_id, p.id, p.post_id, coalesce(post.overrides -> p.network ->> 'text', post.text), p.remote_url
      from publications p join posts post on post.id = p.post_id
      where p.workspace_id = ${who.workspaceId} and p.community_id = ${id} and p.remote_id = any(${keys})`,
  );
  // Ours come last and stay.
  return new Map(rows.map((row) => [row.remote_id, row]));
}

import * as v from 'valibot';
import type { Context, Who } from '../context.ts';
import { invalid } from '../errors.ts';
import { bucketSql, bucketsOf, Grain, startsOf } from './bucket.ts';
import { type Count, numberOf } from './figure.ts';
import { communityRows, type OfDay } from './growth.ts';
import { Place, placeOf, placeShown } from './place.ts';

const ofPosts = ['views', 'reach', 'reactions', 'comments', 'shares', 'clicks'] as const;
export const TrendMetric = v.picklist(
  ['posts', ...ofPosts, 'members', 'joins', 'leaves', 'visitors'],
  'is not a metric of trends',
);
export type TrendMetric = v.InferOutput<typeof TrendMetric>;

export const Trend = v.strictObject({
  community: Place,
  timezone: v.pipe(v.string(), v.description('The community’s: days begin at its midnight.')),
  metric: TrendMetric,
  grain: Grain,
  data: v.array(
    v.strictObject({
      at: v.pipe(v.string(), v.isoTimestamp(), v.description('When it begins.')),
      value: v.pipe(
        v.nullable(v.number()),
        v.description('Of posts: the latest figures of those published in this time. null: unknown.'),
      ),
      posts: v.pipe(v.number(), v.description('Published in this time.')),
    }),
  ),
});
export type Trend = v.InferOutput<typeof Trend>;

/** One figure over time, every bucket of [from, to) in the community's zone. Throws `not_found`, `invalid`. */
export async function getTrend(
  ctx: Context,
  who: Who,
  id: string,
  input: { metric: TrendMetric; grain: Grain; from: Date; to: Date },
): Promise<Trend> {
  const place = await placeOf(ctx, who, id);
  const { metric, grain, to } = input;
  if (input.from >= to) throw invalid({ path: 'query/from', message: 'from must be before to.' });
  const zone = place.timezone;
  const buckets = bucketsOf(grain, input.from, to, zone);
  const from = buckets[0]?.at ?? input.from;
  const figure = ofPosts.find((name) => name === metric);
  const [posts, community] = await Promise.all([
    ctx.ch.query<{ bucket: number; posts: string; value: Count }>(
      `select bucket, count() as posts, sum(latest) as value
       from (
         select ${bucketSql('published_at')} as bucket, post_key, max(figure) as latest
         from (
           select published_at, post_key, ${figure ? `argMaxMerge(${figure})` : 'null'} as figure
           from post_latest_v1
           where workspace_id = {workspace:UUID} and community_id = {community:UUID}
             and published_at >= {from:DateTime64(3, 'UTC')} and published_at < {to:DateTime64(3, 'UTC')}
           group by published_at, post_key
           union all
           select published_at, post_key, null from posts_v1
           where workspace_id = {workspace:UUID} and community_id = {community:UUID}
             and published_at >= {from:DateTime64(3, 'UTC')} and published_at < {to:DateTime64(3, 'UTC')}
         )
         group by bucket, post_key
       )
       group by bucket`,
      { workspace: who.workspaceId, community: id, starts: startsOf(buckets), from, to },
    ),
    figure || metric === 'posts'
      ? []
      : communityRows(ctx, { ...place, workspaceId: who.workspaceId, zone, grain, buckets, to }),
  ]);
  const byBucket = new Map(posts.map((row) => [row.bucket, row]));
  const ofCommunity = new Map(community.map((row) => [row.bucket, row]));
  const valueAt = (key: number): number | null => {
    if (metric === 'posts') return Number(byBucket.get(key)?.posts ?? 0);
    if (figure) return numberOf(byBucket.get(key)?.value);
    return ofCommunity.get(key)?.[metric as OfDay | 'members'] ?? null;
  };
  return {
    community: placeShown(place),
    timezone: zone,
    metric,
    grain,
    data: buckets.map(({ key, at }) => ({
      at: at.toISOString(),
      value: valueAt(key),
      posts: Number(byBucket.get(key)?.posts ?? 0),
    })),
  };
}

import * as v from 'valibot';
import type { Context, Who } from '../context.ts';
import { bucketSql, bucketsOf, Grain } from './bucket.ts';
import { type Count, numberOf } from './figure.ts';
import { Place, placeOf, placeShown } from './place.ts';

const OrUnknown = v.nullable(v.number());

export const Growth = v.strictObject({
  community: Place,
  timezone: v.pipe(v.string(), v.description('The community’s: days begin at its midnight.')),
  grain: Grain,
  data: v.array(
    v.strictObject({
      at: v.pipe(v.string(), v.isoTimestamp(), v.description('When it begins.')),
      members: v.pipe(OrUnknown, v.description('The last number of this time; null: nobody looked.')),
      change: v.pipe(OrUnknown, v.description('Since the last number known before.')),
      joins: v.pipe(OrUnknown, v.description('null: the network does not tell, or tells it of days alone.')),
      leaves: OrUnknown,
      visitors: OrUnknown,
      reach: v.pipe(
        OrUnknown,
        v.description('Sums over days; people who came on two days count twice, as with visitors.'),
      ),
      views: OrUnknown,
    }),
  ),
});
export type Growth = v.InferOutput<typeof Growth>;

const ofDays = ['joins', 'leaves', 'visitors', 'reach', 'views'] as const;
export type OfDay = (typeof ofDays)[number];

export interface CommunityRow extends Record<OfDay, Count> {
  bucket: string;
  members: Count;
}

/** Members of a community over time, every bucket of the last `days` days in the community's zone. Throws `not_found`. */
export async function getGrowth(
  ctx: Context,
  who: Who,
  id: string,
  { days, grain }: { days: number; grain: Grain },
): Promise<Growth> {
  const place = await placeOf(ctx, who, id);
  const to = new Date();
  const from = new Date(to.getTime() - days * 86_400_000);
  const buckets = bucketsOf(grain, from, to, place.timezone);
  const first = buckets[0]?.at ?? from;
  const span = { workspaceId: who.workspaceId, id, zone: place.timezone, grain, from: first, to };
  const [rows, before] = await Promise.all([
    communityRows(ctx, span),
    ctx.ch.query<{ members: Count }>(
      `select argMaxMerge(members) as members from community_per_hour_v1
       where workspace_id = {workspace:UUID} and community_id = {community:UUID}
         and hour < {from:DateTime64(3, 'UTC')}`,
      { workspace: who.workspaceId, community: id, from: first },
    ),
  ]);
  const found = new Map(rows.map((row) => [row.bucket, row]));
  let last = numberOf(before[0]?.members);
  const data = buckets.map(({ key, at }) => {
    const row = found.get(key);
    const members = numberOf(row?.members);
    const change = members === null || last === null ? null : members - last;
    last = members ?? last;
    return {
      at: at.toISOString(),
      members,
      change,
      joins: numberOf(row?.joins),
      leaves: numberOf(row?.leaves),
      visitors: numberOf(row?.visitors),
      reach: numberOf(row?.reach),
      views: numberOf(row?.views),
    };
  });
  return { community: placeShown(place), timezone: place.timezone, grain, data };
}

/**
 * What is known of a community, by bucket. Networks count joins, views and the like from midnight on: the last number
 * of a day is that of the day, and only days add up. In zones half an hour off, an hour of the rollup belongs to the
 * day that it begins in.
 */
export function communityRows(
  ctx: Context,
  span: { workspaceId: string; id: string; zone: string; grain: Grain; from: Date; to: Date },
): Promise<CommunityRow[]> {
  const params = {
    workspace: span.workspaceId,
    community: span.id,
    zone: span.zone,
    from: span.from,
    to: span.to,
  };
  const rows = `from community_per_hour_v1
    where workspace_id = {workspace:UUID} and community_id = {community:UUID}
      and hour >= toStartOfHour({from:DateTime64(3, 'UTC')}) and hour < {to:DateTime64(3, 'UTC')}`;
  if (span.grain === 'hour') {
    return ctx.ch.query(
      `select ${bucketSql('hour', 'hour')} as bucket, argMaxMerge(members) as members,
         ${ofDays.map((name) => `null as ${name}`).join(', ')}
       ${rows} group by bucket`,
      params,
    );
  }
  return ctx.ch.query(
    `select bucket, argMax(last_members, day) as members, ${ofDays.map((name) => `sum(day_${name}) as ${name}`).join(', ')}
     from (
       select ${bucketSql(span.grain, 'hour')} as bucket, toDate(hour, {zone:String}) as day,
         argMaxMerge(members) as last_members,
         ${ofDays.map((name) => `argMaxMerge(${name}) as day_${name}`).join(', ')}
       ${rows} group by bucket, day
     )
     group by bucket`,
    params,
  );
}

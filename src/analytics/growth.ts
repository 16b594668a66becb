import * as v from 'valibot';
import type { Context, Who } from '../context.ts';
import { networkNamed } from '../networks/index.ts';
import { dayOf, resolveLocalTime } from '../timezone.ts';
import { type Bucket, bucketSql, bucketsOf, daysOf, Grain, startsOf } from './bucket.ts';
import { type Count, numberOf, sumOf } from './figure.ts';
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

/** `bucket` is the key of one, or, of the hours before the first one on its day of UTC, less than any key. */
export interface CommunityRow extends Record<OfDay | 'members', number | null> {
  bucket: number;
}

/** Members of a community over time, every bucket of the `days` days up to `to` (now) in its zone. Throws `not_found`. */
export async function getGrowth(
  ctx: Context,
  who: Who,
  id: string,
  { days, grain, to = new Date() }: { days: number; grain: Grain; to?: Date },
): Promise<Growth> {
  const place = await placeOf(ctx, who, id);
  const from = new Date(to.getTime() - days * 86_400_000);
  const buckets = bucketsOf(grain, from, to, place.timezone);
  const first = buckets[0]?.at ?? from;
  const [rows, before] = await Promise.all([
    communityRows(ctx, { ...place, workspaceId: who.workspaceId, zone: place.timezone, grain, buckets, to }),
    ctx.ch.query<{ members: Count }>(
      `select argMaxMerge(members) as members from community_per_day_v1
       where workspace_id = {workspace:UUID} and community_id = {community:UUID}
         and day < toDate({from:DateTime64(3, 'UTC')})`,
      { workspace: who.workspaceId, community: id, from: first },
    ),
  ]);
  const found = new Map(rows.map((row) => [row.bucket, row]));
  const sameDay = rows.find(({ bucket }) => bucket < (buckets[0]?.key ?? 0));
  let last = sameDay?.members ?? numberOf(before[0]?.members);
  const data = buckets.map(({ key, at }) => {
    const { bucket: _, members, ...figures } = found.get(key) ?? unknown;
    const change = members === null || last === null ? null : members - last;
    last = members ?? last;
    return { at: at.toISOString(), members, change, ...figures };
  });
  return { community: placeShown(place), timezone: place.timezone, grain, data };
}

const unknown: CommunityRow = {
  bucket: 0,
  members: null,
  joins: null,
  leaves: null,
  visitors: null,
  reach: null,
  views: null,
};

/**
 * What is known of a community up to `to`, by bucket. Networks count joins, views and the like from midnight on: the last
 * number of a day is that of the day, and only days add up. A network with a clock of its own counts the days on that:
 * its 5th of May stands at the 5th of May of the community. In zones half an hour off, an hour of the rollup belongs to
 * the day that it begins in.
 */
export async function communityRows(ctx: Context, span: Span): Promise<CommunityRow[]> {
  const { grain, buckets, to, zone } = span;
  const keys = startsOf(buckets);
  if (grain === 'hour') return told(await lastRows(ctx, span, ['members'], keys, to));
  const days = grain === 'day' ? keys : startsOf(daysOf(buckets, to, zone));
  const clock = networkNamed(span.network).stats?.days?.timezone ?? zone;
  const dated = datesOn(clock, days, zone, to);
  const apart = dated.starts.some((second, index) => second !== days[index]);
  const rows = apart
    ? await Promise.all([
        lastRows(ctx, span, ['members'], days, to),
        lastRows(ctx, span, ofDays, dated.starts, dated.end).then((found) =>
          found.flatMap((row) => {
            const day = days[dated.starts.indexOf(row.bucket)];
            return day === undefined ? [] : { ...row, bucket: day };
          }),
        ),
      ]).then((found) => found.flat())
    : await lastRows(ctx, span, ['members', ...ofDays], days, to);
  return [...Map.groupBy(rows, ({ bucket }) => keys.findLast((key) => key <= bucket) ?? bucket)].map(
    ([bucket, some]) => ({
      ...unknown,
      ...Object.fromEntries(ofDays.map((name) => [name, sumOf(some.map((row) => row[name] ?? null))])),
      members: some.findLast(({ members }) => typeof members === 'number')?.members ?? null,
      bucket,
    }),
  );
}

interface Span {
  workspaceId: string;
  id: string;
  network: string;
  zone: string;
  grain: Grain;
  buckets: readonly Bucket[];
  to: Date;
}

/** Where days that begin at `days` in `zone` begin on another clock, by their dates, and where the last of them ends. */
function datesOn(
  clock: string,
  days: readonly number[],
  zone: string,
  to: Date,
): { starts: number[]; end: Date } {
  if (clock === zone) return { starts: [...days], end: to };
  const there = days.map((second) => {
    const { date, to: end } = dayOf(new Date(second * 1_000), zone);
    return { ...dayOf(resolveLocalTime(`${date}T12:00`, clock).at, clock), over: end <= to };
  });
  const last = there.at(-1);
  return {
    starts: there.map(({ from }) => from.getTime() / 1_000),
    end: last && (last.over || last.to < to) ? last.to : to,
  };
}

type Name = OfDay | 'members';
type LastRow = { bucket: number } & Partial<Record<Name, number | null>>;

/** The last numbers told before `to`, by the bucket of `starts`, and of the day of UTC before the first one. */
async function lastRows(
  ctx: Context,
  { workspaceId, id, grain }: Span,
  names: readonly Name[],
  starts: readonly number[],
  to: Date,
): Promise<LastRow[]> {
  const first = starts[0] ?? 0;
  const midnight = first - (first % 86_400);
  const own = 'workspace_id = {workspace:UUID} and community_id = {community:UUID}';
  const hoursFrom = (from: string) =>
    `community_per_hour_v1 where ${own} and hour >= ${from} and hour < {to:DateTime64(3, 'UTC')}`;
  // Where days are those of UTC a twenty-fourth of the rows tells the same, but for the last day, which `to` may end.
  const rows =
    grain !== 'hour' && starts.every((second) => second % 86_400 === 0)
      ? `(
          select toDateTime(day, 'UTC') as hour, ${names.join(', ')} from community_per_day_v1
          where ${own} and day >= toDate({from:DateTime64(3, 'UTC')}) and day < toDate({to:DateTime64(3, 'UTC')})
          union all
          select hour, ${names.join(', ')} from ${hoursFrom("toStartOfDay({to:DateTime64(3, 'UTC')})")}
        )`
      : hoursFrom("{from:DateTime64(3, 'UTC')}");
  const found = await ctx.ch.query<{ bucket: number } & Record<Name, Count>>(
    `select ${bucketSql('hour')} as bucket, ${names.map((name) => `argMaxMerge(${name}) as ${name}`).join(', ')}
     from ${rows} group by bucket order by bucket`,
    {
      workspace: workspaceId,
      community: id,
      starts: midnight === first ? [...starts] : [midnight, ...starts],
      from: new Date(midnight * 1_000),
      to,
    },
  );
  return found.map(({ bucket, ...figures }) => ({
    bucket,
    ...Object.fromEntries(names.map((name) => [name, numberOf(figures[name])])),
  }));
}

function told(rows: readonly LastRow[]): CommunityRow[] {
  return rows.map((row) => ({ ...unknown, ...row }));
}

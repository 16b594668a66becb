import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { bucketSql, bucketsOf, startsOf } from './bucket.ts';

export const DeliveryDays = v.strictObject({
  days: v.number(),
  timezone: v.pipe(v.string(), v.description('The workspace’s: days begin at its midnight.')),
  networks: v.array(
    v.strictObject({
      network: v.string(),
      data: v.pipe(
        v.array(
          v.strictObject({
            at: v.pipe(v.string(), v.isoTimestamp(), v.description('When the day begins.')),
            publications: v.pipe(v.number(), v.description('Due on it.')),
            published: v.number(),
            missing: v.pipe(v.number(), v.description('Failed, or nobody knows yet whether they are there.')),
            retries: v.pipe(v.number(), v.description('Sends beyond the first.')),
          }),
        ),
        v.description('Every day of the period, oldest first.'),
      ),
    }),
  ),
});
export type DeliveryDays = v.InferOutput<typeof DeliveryDays>;

type Counts = Record<'publications' | 'published' | 'missing' | 'retries', string>;
interface Row extends Counts {
  network: string;
  bucket: number;
}

/** What became of the publications that were due on each of the last `days` days, today included, by network. */
export async function getDeliveryDays(ctx: Context, who: Who, days: number): Promise<DeliveryDays> {
  const [workspace] = await asWorkspace(
    ctx,
    who,
    (tx) => tx<{ timezone: string }[]>`select timezone from workspaces where id = ${who.workspaceId}`,
  );
  const timezone = workspace?.timezone ?? 'UTC';
  const to = new Date();
  const buckets = bucketsOf('day', new Date(to.getTime() - days * 86_400_000), to, timezone).slice(-days);
  const rows = await ctx.ch.query<Row>(
    `select network, ${bucketSql('due')} as bucket, count() as publications,
       countIf(outcome = 'published') as published, countIf(outcome in ('failed', 'unconfirmed')) as missing,
       sum(greatest(sends, 1) - 1) as retries
     from (
       select network, publication_id, argMax(due_at, event_id) as due, argMax(event, event_id) as outcome,
         countIf(event = 'sending') as sends
       from publication_events_v1 final
       where workspace_id = {workspace:UUID} and due_at >= {from:DateTime64(3, 'UTC')}
         and due_at < {to:DateTime64(3, 'UTC')}
       group by network, publication_id
     )
     group by network, bucket`,
    { workspace: who.workspaceId, starts: startsOf(buckets), from: buckets[0]?.at ?? to, to },
  );
  const byNetwork = Map.groupBy(rows, ({ network }) => network);
  return {
    days,
    timezone,
    networks: [...byNetwork.keys()].sort().map((network) => {
      const known = new Map(byNetwork.get(network)?.map((row) => [row.bucket, row]));
      return {
        network,
        data: buckets.map(({ key, at }) => {
          const row = known.get(key);
          return {
            at: at.toISOString(),
            publications: Number(row?.publications ?? 0),
            published: Number(row?.published ?? 0),
            missing: Number(row?.missing ?? 0),
            retries: Number(row?.retries ?? 0),
          };
        }),
      };
    }),
  };
}

import * as v from 'valibot';
import type { Context, Who } from '../context.ts';

const Delay = v.pipe(
  v.nullable(v.number()),
  v.description('Milliseconds from the due time to the network’s «published»; null: nothing was published.'),
);
const Outcomes = v.strictObject({
  publications: v.pipe(v.number(), v.description('Due in the period.')),
  published: v.number(),
  failed: v.number(),
  unconfirmed: v.pipe(v.number(), v.description('Nobody knows yet whether they are there.')),
  held: v.number(),
  cancelled: v.number(),
  waiting: v.pipe(v.number(), v.description('Scheduled or on their way.')),
  retried: v.pipe(v.number(), v.description('Publications that took more than one send.')),
  retries: v.pipe(v.number(), v.description('Sends beyond the first.')),
  delay_ms: v.pipe(
    v.strictObject({ publications: v.number(), p50: Delay, p95: Delay, p99: Delay }),
    v.description('Of those that went out by themselves: never held, unconfirmed or failed before.'),
  ),
});
type Outcomes = v.InferOutput<typeof Outcomes>;

export const DeliveryReport = v.strictObject({
  days: v.number(),
  from: v.pipe(v.string(), v.isoTimestamp()),
  to: v.pipe(v.string(), v.isoTimestamp()),
  all: Outcomes,
  networks: v.array(v.strictObject({ network: v.string(), ...Outcomes.entries })),
});
export type DeliveryReport = v.InferOutput<typeof DeliveryReport>;

type Row = {
  network: string;
  p50: number | null;
  p95: number | null;
  p99: number | null;
} & Record<Exclude<keyof Outcomes, 'delay_ms'> | 'by_themselves', string>;

/**
 * What became of the publications that were due in the `days` days up to `to` (now), of all communities or of some, by
 * network, from the delivery ledger.
 */
export async function getDelivery(
  ctx: Context,
  who: Who,
  days: number,
  { to = new Date(), communityIds }: { to?: Date; communityIds?: readonly string[] } = {},
): Promise<DeliveryReport> {
  const from = new Date(to.getTime() - days * 86_400_000);
  const rows = await ctx.ch.query<Row>(
    `select network, count() as publications,
       ${['published', 'failed', 'unconfirmed', 'held', 'cancelled'].map((state) => `countIf(outcome = '${state}') as ${state}`).join(', ')},
       countIf(outcome in ('scheduled', 'sending', 'confirming')) as waiting,
       countIf(sends > 1) as retried, sum(greatest(sends, 1) - 1) as retries,
       countIf(prompt) as by_themselves,
       ${[50, 95, 99].map((part) => `if(by_themselves = 0, null, quantileExactIf(${part / 100})(lag, prompt)) as p${part}`).join(', ')}
     from (
       select network, publication_id, argMax(event, event_id) as outcome, countIf(event = 'sending') as sends,
         toFloat64(minIf(lag_ms, event = 'published')) as lag,
         countIf(event = 'published') > 0 and countIf(event in ('held', 'unconfirmed', 'failed')) = 0 as prompt
       from publication_events_v1 final
       where workspace_id = {workspace:UUID} and due_at >= {from:DateTime64(3, 'UTC')}
         and due_at < {to:DateTime64(3, 'UTC')}
         ${communityIds ? 'and has({communities:Array(UUID)}, community_id)' : ''}
       group by network, publication_id
     )
     group by grouping sets ((network), ())
     order by network`,
    { workspace: who.workspaceId, from, to, ...(communityIds ? { communities: communityIds } : {}) },
  );
  // The row of all has an empty network.
  const all = rows.find((row) => row.network === '');
  return {
    days,
    from: from.toISOString(),
    to: to.toISOString(),
    all: all ? outcomesOf(all) : nothing,
    networks: rows.flatMap((row) => (row.network ? [{ network: row.network, ...outcomesOf(row) }] : [])),
  };
}

const nothing: Outcomes = {
  publications: 0,
  published: 0,
  failed: 0,
  unconfirmed: 0,
  held: 0,
  cancelled: 0,
  waiting: 0,
  retried: 0,
  retries: 0,
  delay_ms: { publications: 0, p50: null, p95: null, p99: null },
};

function outcomesOf(row: Row): Outcomes {
  return {
    publications: Number(row.publications),
    published: Number(row.published),
    failed: Number(row.failed),
    unconfirmed: Number(row.unconfirmed),
    held: Number(row.held),
    cancelled: Number(row.cancelled),
    waiting: Number(row.waiting),
    retried: Number(row.retried),
    retries: Number(row.retries),
    delay_ms: { publications: Number(row.by_themselves), p50: row.p50, p95: row.p95, p99: row.p99 },
  };
}

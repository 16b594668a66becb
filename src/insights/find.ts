import { Temporal } from 'temporal-polyfill';
import { type Count, liftPercent, numberOf, rounded } from '../analytics/figure.ts';
import { liftsOf } from '../analytics/lift.ts';
import { responsesOf, turn } from '../analytics/response.ts';
import { asWorkspace, type Context } from '../context.ts';
import { networkNamed } from '../networks/index.ts';
import { dayOf, weekdays } from '../timezone.ts';
import { findDeadSlots } from './dead-slot.ts';
import { findDeliveryTrouble } from './delivery-trouble.ts';
import { type Day, findGrowthBreak } from './growth-break.ts';
import type { Insight } from './insight.ts';
import { findOutlierPosts } from './outlier-post.ts';

/** What may be told, before it is known what was told already. */
export type Finding = Pick<Insight, 'kind' | 'evidence'> & {
  communityId: string | null;
  /** What makes it the same finding as one that was told within `silence` days. */
  subject: string;
  silence: number;
  weight: number;
};

interface Community {
  id: string;
  network: string;
  timezone: string;
}

const day = 86_400_000;
/** Days that are looked at: the last week and what is usual before it. */
const growthDays = 64;
const learntDays = 90;
/** A post is first known at its 24th hour by a reading of up to twelve hours later; a day more for an outage. */
const newPosts = 4 * day;
const ever = 36_500;
/** By kind, and not more than this many times as much for how far beyond the threshold it lies. */
const importance = { delivery_trouble: 2, growth_break: 1.5, outlier_post: 1, dead_slot: 1 } as const;
const strengthMost = 4;

const weightOf = (kind: keyof typeof importance, strength: number) =>
  importance[kind] * Math.min(strength, strengthMost);

/** What changed in a community, by what is known at `now`. */
export async function findInCommunity(
  ctx: Context,
  workspaceId: string,
  community: Community,
  now: Date,
): Promise<Finding[]> {
  const { id, timezone } = community;
  const found: Finding[] = [];
  const growth = findGrowthBreak(await daysOf(ctx, workspaceId, community, now));
  if (growth) {
    const { strength, usual, history, ...shown } = growth;
    const good = (growth.direction === 'up') === (growth.figure !== 'leaves');
    found.push({
      kind: 'growth_break',
      communityId: id,
      subject: `${id} ${good ? 'better' : 'worse'}`,
      silence: 28,
      weight: weightOf('growth_break', strength),
      evidence: { ...shown, usual: rounded(usual, 1), history_days: history },
    });
  }
  await turn();
  const from = new Date(now.getTime() - learntDays * day);
  const { lifts, measure } = await liftsOf(ctx, { workspaceId, communityId: id, from, to: now });
  const outliers = findOutlierPosts(lifts, new Date(now.getTime() - newPosts));
  const ours = await publicationsOf(
    ctx,
    workspaceId,
    id,
    outliers.map(({ post_key }) => post_key),
  );
  for (const { strength, lift, usualLow, usualHigh, ...shown } of outliers) {
    const known = ours.get(shown.post_key);
    found.push({
      kind: 'outlier_post',
      communityId: id,
      subject: `${id} ${shown.post_key}`,
      silence: ever,
      weight: weightOf('outlier_post', strength),
      evidence: {
        ...shown,
        post_id: known?.post_id ?? null,
        publication_id: known?.id ?? null,
        url: known?.url ?? null,
        measure,
        lift_percent: liftPercent(lift),
        usual_from_percent: liftPercent(usualLow),
        usual_to_percent: liftPercent(usualHigh),
      },
    });
  }
  // Of a bad weekday every hour may be dead. The worst is told, and while it stays the worst, no other.
  const [slot] = await findDeadSlots(await responsesOf(lifts, timezone), now, turn);
  if (slot) {
    const { strength, weekday, effect, low, high, p, ...shown } = slot;
    found.push({
      kind: 'dead_slot',
      communityId: id,
      subject: `${id} ${weekday * 24 + shown.hour}`,
      silence: 90,
      weight: weightOf('dead_slot', strength),
      evidence: {
        ...shown,
        weekday: weekdays[weekday] ?? 'mon',
        timezone,
        measure,
        lift_percent: liftPercent(effect),
        from_percent: liftPercent(low),
        to_percent: liftPercent(high),
        p: rounded(p, 3),
      },
    });
  }
  return found;
}

/** The last whole days on the community's clock, without a gap. */
async function daysOf(
  ctx: Context,
  workspaceId: string,
  { id, network, timezone }: Community,
  now: Date,
): Promise<Day[]> {
  const today = Temporal.PlainDate.from(dayOf(now, timezone).date);
  const dates = Array.from({ length: growthDays }, (_, index) =>
    today.subtract({ days: growthDays - index }).toString(),
  );
  // The network may count days on a clock of its own: its 5th of May is compared with the 5th of May here.
  const clock = networkNamed(network).stats?.days?.timezone ?? timezone;
  const lastOf = <Name extends string>(names: readonly Name[], zone: string) =>
    ctx.ch.query<{ date: string } & Record<Name, Count>>(
      `select toString(toDate(hour, {zone:String})) as date, ${names.map((name) => `argMaxMerge(${name}) as ${name}`).join(', ')}
       from community_per_hour_v1
       where workspace_id = {workspace:UUID} and community_id = {community:UUID}
         and hour >= {from:DateTime64(3, 'UTC')} and hour < {to:DateTime64(3, 'UTC')}
       group by date`,
      {
        workspace: workspaceId,
        community: id,
        zone,
        from: new Date(today.subtract({ days: growthDays }).toZonedDateTime(zone).epochMilliseconds),
        to: dayOf(now, zone).from,
      },
    );
  const [members, others] = await Promise.all([
    lastOf(['members'], timezone),
    lastOf(['joins', 'leaves'], clock),
  ]);
  const known = new Map(members.map((row) => [row.date, row]));
  const counted = new Map(others.map((row) => [row.date, row]));
  return dates.map((date) => ({
    date,
    members: numberOf(known.get(date)?.members),
    joins: numberOf(counted.get(date)?.joins),
    leaves: numberOf(counted.get(date)?.leaves),
  }));
}

interface Publication {
  id: string;
  post_id: string;
  remote_id: string;
  url: string | null;
}

async function publicationsOf(
  ctx: Context,
  workspaceId: string,
  communityId: string,
  keys: string[],
): Promise<Map<string, Publication>> {
  if (keys.length === 0) return new Map();
  const rows = await asWorkspace(
    ctx,
    { workspaceId },
    (tx) => tx<Publication[]>`
      select id, post_id, remote_id, remote_url as url from publications
      where workspace_id = ${workspaceId} and community_id = ${communityId} and remote_id = any(${keys})`,
  );
  return new Map(rows.map((row) => [row.remote_id, row]));
}

interface DeliveryRow {
  network: string;
  publications: string;
  missing: string;
  usual_publications: string;
  usual_missing: string;
  usual_delayed: string;
  usual_delay_p95: number | null;
  delays: number[];
}

/** What was wrong with the deliveries of the day before that of `now`, on the workspace's clock. */
export async function findInDelivery(
  ctx: Context,
  workspace: { id: string; timezone: string },
  now: Date,
): Promise<Finding[]> {
  const to = dayOf(now, workspace.timezone).from;
  const { from } = dayOf(new Date(to.getTime() - 1), workspace.timezone);
  const rows = await ctx.ch.query<DeliveryRow>(
    `select network, countIf(current) as publications, countIf(current and missed) as missing,
       countIf(not current) as usual_publications, countIf(not current and missed) as usual_missing,
       countIf(not current and prompt) as usual_delayed,
       if(usual_delayed = 0, null, quantileExactIf(0.95)(lag, not current and prompt)) as usual_delay_p95,
       groupArrayIf(5000)(lag, current and prompt) as delays
     from (
       select network, publication_id, argMax(due_at, event_id) >= {from:DateTime64(3, 'UTC')} as current,
         argMax(event, event_id) as outcome, outcome in ('failed', 'unconfirmed') as missed,
         toFloat64(minIf(lag_ms, event = 'published')) as lag,
         countIf(event = 'published') > 0 and countIf(event in ('held', 'unconfirmed', 'failed')) = 0 as prompt
       from publication_events_v1 final
       where workspace_id = {workspace:UUID} and due_at >= {earliest:DateTime64(3, 'UTC')}
         and due_at < {to:DateTime64(3, 'UTC')}
       group by network, publication_id
       having outcome in ('published', 'failed', 'unconfirmed')
     )
     group by network`,
    { workspace: workspace.id, earliest: new Date(from.getTime() - 30 * day), from, to },
  );
  return rows.flatMap((row) =>
    findDeliveryTrouble(
      { publications: Number(row.publications), missing: Number(row.missing), delays: row.delays },
      {
        publications: Number(row.usual_publications),
        missing: Number(row.usual_missing),
        delayed: Number(row.usual_delayed),
        delayP95: row.usual_delay_p95,
      },
    ).map(
      (trouble): Finding => ({
        kind: 'delivery_trouble',
        communityId: null,
        subject: `${row.network} ${trouble.what}`,
        silence: 7,
        weight: weightOf('delivery_trouble', trouble.strength),
        evidence: {
          network: row.network,
          what: trouble.what,
          from: from.toISOString(),
          to: to.toISOString(),
          publications: trouble.publications,
          affected: trouble.affected,
          delay_p95_ms: trouble.delayP95,
          usual_publications: trouble.usualPublications,
          usual_missing: trouble.usualMissing,
          usual_delay_p95_ms: trouble.usualDelayP95,
        },
      }),
    ),
  );
}

import * as v from 'valibot';
import { type Hours, knownHours } from '../analytics/hours.ts';
import { placeOf } from '../analytics/place.ts';
import { asWorkspace, type Context, type Who } from '../context.ts';
import type { Tx } from '../stores/postgres.ts';
import { weekdays } from '../timezone.ts';
import { type Community, endOf, freeSlots, lockSlots, weeklyOf } from './calendar.ts';
import { daysAhead } from './choice.ts';
import { Estimate, estimateShown, evidence, evidenceAt, whyNone } from './evidence.ts';
import { clock, localTime, minuteOfWeek } from './moment.ts';
import { apart, bestMoments, lookAhead, type Moment, untestedMoments, usualMoments } from './proposal.ts';

const WeeklySlot = v.strictObject({
  weekday: v.picklist(weekdays, `must be one of: ${weekdays.join(', ')}`),
  time: v.pipe(
    v.string(),
    v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, as 09:30'),
    v.description('On the community’s clock.'),
  ),
});
export type WeeklySlot = v.InferOutput<typeof WeeklySlot>;

export const SlotsInput = v.strictObject({
  weekly: v.pipe(
    v.array(WeeklySlot),
    v.maxLength(200, 'has more than 200 slots'),
    v.check(
      (slots) => new Set(slots.map(({ weekday, time }) => `${weekday} ${time}`)).size === slots.length,
      'has a slot twice',
    ),
  ),
});

/** What proposals are made by. */
export const Ways = v.picklist(['next', 'best', 'experiment'], 'must be next, best or experiment');
export type Way = v.InferOutput<typeof Ways>;

const Proposal = v.strictObject({
  at: v.pipe(v.string(), v.isoTimestamp()),
  local_time: v.string(),
  timezone: v.string(),
  source: v.pipe(
    v.picklist(['weekly_slot', 'best_hour', 'usual_hour', 'untested_hour']),
    v.description(
      'What it is: a weekly slot, an hour that reliably does better, one of the three hours of the day at which it publishes most, or an hour that is hardly tested.',
    ),
  ),
  ...evidence,
});
type Proposal = v.InferOutput<typeof Proposal>;

export const Slots = v.pipe(
  v.strictObject({
    timezone: v.string(),
    weekly: v.array(WeeklySlot),
    by: Ways,
    next: v.pipe(v.array(Proposal), v.description('Free ones, in the order in which they are proposed.')),
    note: v.pipe(
      v.nullable(v.string()),
      v.description(
        'What is to be known of these proposals, in plain words: why none of them is a best hour.',
      ),
    ),
    estimate: Estimate,
  }),
  v.metadata({ ref: 'Slots' }),
);
export type Slots = v.InferOutput<typeof Slots>;

export interface SlotsAsked {
  by: Way;
  /** How many proposals at most. */
  limit: number;
  /** How far ahead; else {@link daysAhead}, and for `next` up to the horizon. */
  days?: number | undefined;
}

/** The weekly slots of a community, and free moments with what speaks for them. Throws `not_found`. */
export async function getSlots(ctx: Context, who: Who, id: string, asked: SlotsAsked): Promise<Slots> {
  const { title, timezone } = await placeOf(ctx, who, id);
  const hours = await knownHours(ctx, { workspaceId: who.workspaceId, communityId: id, timezone });
  const community = { id, title, timezone };
  return asWorkspace(ctx, who, async (tx) => {
    const weekly = (await weeklyOf(tx, who.workspaceId, [id])).map(({ weekday, minute }) => ({
      weekday: weekdays[weekday - 1] ?? 'mon',
      time: clock(minute),
    }));
    const { found, note } = await propose(ctx, tx, who.workspaceId, community, hours, asked);
    return {
      timezone,
      weekly,
      by: asked.by,
      next: found.map(({ at, source }) => shown(at, source, timezone, hours)),
      note,
      estimate: estimateShown(hours),
    };
  });
}

/** Replaces the weekly slots. What is planned stays where it is. Throws `not_found`. */
export async function setSlots(
  ctx: Context,
  who: Who,
  id: string,
  { weekly }: v.InferOutput<typeof SlotsInput>,
): Promise<Slots> {
  await asWorkspace(ctx, who, async (tx) => {
    await lockSlots(tx, [id]);
    await tx`delete from slots where workspace_id = ${who.workspaceId} and community_id = ${id}`;
    if (weekly.length > 0) {
      // Of a community that is not there, nothing is written.
      await tx`
        insert into slots (workspace_id, community_id, weekday, minute)
        select c.workspace_id, c.id, s.weekday, s.minute
        from communities c, jsonb_to_recordset(${tx.json(
          weekly.map(({ weekday, time }) => ({
            weekday: weekdays.indexOf(weekday) + 1,
            minute: Number(time.slice(0, 2)) * 60 + Number(time.slice(3)),
          })),
        )}) as s(weekday smallint, minute smallint)
        where c.workspace_id = ${who.workspaceId} and c.id = ${id}`;
    }
  });
  return getSlots(ctx, who, id, { by: 'next', limit: 5 });
}

interface Found {
  at: number;
  source: Proposal['source'];
}

async function propose(
  ctx: Context,
  tx: Tx,
  workspaceId: string,
  community: Community,
  hours: Hours | null,
  { by, limit, days }: SlotsAsked,
): Promise<{ found: Found[]; note: string | null }> {
  const now = Date.now();
  const slots = async (most: number, until: number): Promise<Found[]> => {
    const free = await freeSlots(tx, workspaceId, [community], { most, until, exceptPost: null });
    return free.map((at) => ({ at: at.getTime(), source: 'weekly_slot' }));
  };
  if (by === 'next') {
    return { found: await slots(limit, endOf(ctx, now, days ?? ctx.config.horizonDays)), note: null };
  }
  const far = days ?? daysAhead;
  const until = endOf(ctx, now, far);
  const estimates = new Map([[community.id, hours]]);
  const ahead = await lookAhead(tx, workspaceId, [community], estimates, { now, until, exceptPost: null });
  const as =
    (source: Proposal['source']) =>
    ({ at }: Moment) => ({ at, source });
  if (by === 'experiment') {
    // Without figures nobody knows what was tested.
    if (hours === null) return { found: [], note: whyNone([null], far) };
    const found = untestedMoments(ahead, limit).map(as('untested_hour'));
    const note = `No hour that was hardly tried is free in the next ${far} days.`;
    return { found, note: found.length > 0 ? null : note };
  }
  const best = bestMoments(ahead).slice(0, limit).map(as('best_hour'));
  const own = await slots(limit + best.length, until);
  const others = own.length > 0 ? own : usualMoments(ahead).map(as('usual_hour'));
  const apartFromBest = others.filter((one) => best.every(({ at }) => Math.abs(at - one.at) >= apart));
  const found = [...best, ...apartFromBest].slice(0, limit);
  if (best.length > 0) return { found, note: null };
  const what =
    found.length === 0
      ? 'It has no free slots and no hours at which it usually publishes: choose a time, or ask by=experiment.'
      : own.length > 0
        ? 'These are its next free slots: nothing says that they do better.'
        : 'These are the hours at which it usually publishes: nothing says that they do better.';
  return { found, note: `${whyNone([hours], far)} ${what}` };
}

function shown(at: number, source: Proposal['source'], timezone: string, hours: Hours | null): Proposal {
  return {
    at: new Date(at).toISOString(),
    local_time: localTime(new Date(at), timezone),
    timezone,
    source,
    ...evidenceAt(hours, Math.floor(minuteOfWeek(at, timezone) / 60)),
  };
}

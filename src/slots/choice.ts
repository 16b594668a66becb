import * as v from 'valibot';
import { liftPercent } from '../analytics/figure.ts';
import type { Context } from '../context.ts';
import { AppError, invalid } from '../errors.ts';
import type { Tx } from '../stores/postgres.ts';
import { type Community, endOf, freeSlots, lockSlots, weeklyOf } from './calendar.ts';
import { evidence, evidenceAt, whyNone } from './evidence.ts';
import { localTime, minuteOfWeek } from './moment.ts';
import {
  type Ahead,
  bestMoments,
  type Estimates,
  lookAhead,
  type Moment,
  untestedMoments,
} from './proposal.ts';

/** Ways to leave the time of a post to Outpost. */
export const choices = ['next_slot', 'best', 'experiment'] as const;

/** How far ahead `best` and `experiment` look, in days. */
export const daysAhead = 7;
/** The evidence of more communities is not kept with a post. */
const evidenceMost = 10;

/** Why a post has the time that was chosen for it; kept with the post. */
export const TimeChoice = v.strictObject({
  by: v.picklist(['best', 'experiment']),
  source: v.pipe(
    v.picklist(['best_hour', 'weekly_slot', 'untested_hour']),
    v.description('weekly_slot: no hour stands out, so it is the next free slot.'),
  ),
  message: v.pipe(v.string(), v.description('In plain words.')),
  lift_percent: v.pipe(
    v.nullable(v.number()),
    v.description('Of a best_hour: over the average post, the mean over the communities.'),
  ),
  communities: v.pipe(
    v.array(v.strictObject({ id: v.string(), ...evidence })),
    v.description('Each in the hour that its own clock shows then; the first ten of them.'),
  ),
});
export type TimeChoice = v.InferOutput<typeof TimeChoice>;

/** A time that was chosen; on the clock of its communities where they share one. */
export interface Chosen {
  at: Date;
  localTime: string | null;
  timezone: string | null;
  choice: TimeChoice | null;
}

/**
 * A moment for a post to these communities, held until the end of the transaction: of two requests at once the second
 * gets another one. `exceptPost` is the post that is being moved: its own place counts as free.
 *
 * - `next_slot`: the earliest moment that is a free weekly slot of every one of them.
 * - `best`: of the next seven days the free moment that evidence speaks for most; where there is none, the next slot.
 * - `experiment`: of the next seven days a free moment in an hour that is hardly tested at any of them.
 *
 * Throws `invalid` at `/at` when there is none, and `unavailable` when ClickHouse does not tell.
 */
export async function chooseMoment(
  ctx: Context,
  tx: Tx,
  workspaceId: string,
  by: (typeof choices)[number],
  communities: readonly Community[],
  estimates: Estimates,
  exceptPost: string | null,
): Promise<Chosen> {
  if (communities.length === 0) {
    throw invalid({
      path: '/community_ids',
      message: 'Choose at least one community: the time is one of its own.',
    });
  }
  if (by !== 'next_slot') refuseUnknown(communities, estimates);
  await lockSlots(
    tx,
    communities.map(({ id }) => id),
  );
  if (by === 'next_slot') {
    return chosen(communities, await nextSlot(ctx, tx, workspaceId, communities, exceptPost), null);
  }
  const now = Date.now();
  const until = endOf(ctx, now, daysAhead);
  const ahead = await lookAhead(tx, workspaceId, communities, estimates, { now, until, exceptPost });
  if (by === 'experiment') {
    const [moment] = untestedMoments(ahead, 1);
    if (!moment) throw invalid({ path: '/at', message: noExperiment });
    const message = 'An hour that is hardly tested, to find out what it is worth.';
    return chosen(communities, new Date(moment.at), {
      by,
      source: 'untested_hour',
      message,
      lift_percent: null,
      communities: shown(communities, ahead, moment),
    });
  }
  const [best] = bestMoments(ahead);
  if (best) {
    const lift_percent = liftPercent(best.lift);
    const told = `posts do ${lift_percent} % better than the average one`;
    return chosen(communities, new Date(best.at), {
      by,
      source: 'best_hour',
      message:
        communities.length === 1 ? `In this hour ${told}.` : `Over its communities ${told} at this time.`,
      lift_percent,
      communities: shown(communities, ahead, best),
    });
  }
  const why = whyNone(ahead.known, daysAhead);
  const weekly = new Set(
    (await weeklyOf(tx, workspaceId, idsOf(communities))).map((row) => row.community_id),
  );
  if (communities.some(({ id }) => !weekly.has(id))) {
    throw invalid({
      path: '/at',
      message: `${why} Choose a time, give ${communities.length === 1 ? 'the community' : 'each community'} slots at PUT /v1/communities/{id}/slots, or use at: experiment.`,
    });
  }
  const at = await nextSlot(ctx, tx, workspaceId, communities, exceptPost);
  const hours = communities.map(({ timezone }) => Math.floor(minuteOfWeek(at.getTime(), timezone) / 60));
  return chosen(communities, at, {
    by,
    source: 'weekly_slot',
    message: `${why} It is the next free slot.`,
    lift_percent: null,
    communities: shown(communities, ahead, { hours }),
  });
}

export const noExperiment = `No hour that was hardly tried is free in the next ${daysAhead} days: there is nothing to find out in this way. Choose a time, or use at: best.`;

function chosen(communities: readonly Community[], at: Date, choice: TimeChoice | null): Chosen {
  const [shared, ...others] = new Set(communities.map(({ timezone }) => timezone));
  const timezone = shared !== undefined && others.length === 0 ? shared : null;
  return { at, localTime: timezone === null ? null : localTime(at, timezone), timezone, choice };
}

function shown(
  communities: readonly Community[],
  { known }: Ahead,
  { hours }: Pick<Moment, 'hours'>,
): TimeChoice['communities'] {
  return communities
    .slice(0, evidenceMost)
    .map(({ id }, index) => ({ id, ...evidenceAt(known[index] ?? null, hours[index] ?? 0) }));
}

function refuseUnknown(communities: readonly Community[], estimates: Estimates): void {
  if (communities.some(({ id }) => !estimates.has(id))) {
    throw new AppError('conflict', 'The communities of this post have just changed: try again.');
  }
  if (communities.some(({ id }) => estimates.get(id) === null)) {
    throw new AppError(
      'unavailable',
      'Which hours work cannot be told just now: ClickHouse does not answer. Choose a time, use at: next_slot, or try again in a moment.',
      { retryAfter: 5 },
    );
  }
}

async function nextSlot(
  ctx: Context,
  tx: Tx,
  workspaceId: string,
  communities: readonly Community[],
  exceptPost: string | null,
): Promise<Date> {
  const { horizonDays } = ctx.config;
  const until = endOf(ctx, Date.now(), horizonDays);
  const [at] = await freeSlots(tx, workspaceId, communities, { most: 1, until, exceptPost });
  if (at) return at;
  const able = new Set((await weeklyOf(tx, workspaceId, idsOf(communities))).map((row) => row.community_id));
  const without = communities.filter(({ id }) => !able.has(id)).map(({ title }) => `«${title}»`);
  const message =
    without.length > 0
      ? `${without.slice(0, 5).join(', ')} ${without.length > 1 ? 'have' : 'has'} no slots: give some at PUT /v1/communities/{id}/slots, or choose a time.`
      : communities.length === 1
        ? `Every slot of the next ${horizonDays} days is taken: give the community more of them, or choose a time.`
        : `These communities share no free slot in the next ${horizonDays} days: give each a slot at the same moment, make a post for each, or choose a time.`;
  throw invalid({ path: '/at', message });
}

function idsOf(communities: readonly Community[]): string[] {
  return communities.map(({ id }) => id);
}

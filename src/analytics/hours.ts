import { Temporal } from 'temporal-polyfill';
import type { Context } from '../context.ts';
import { within } from '../interval.ts';
import { type BackTest, findBestTimes, postsLeast, type Slot } from './best-time.ts';
import { type Lifts, liftsOf } from './lift.ts';

/** What the hours of the week were worth to the posts of a community, as far as that can be told. */
export interface Hours {
  status: 'not_enough_data' | 'no_reliable_difference' | 'reliable';
  about: Omit<Lifts, 'lifts'>;
  /** Posts that could be compared. */
  usable: number;
  /** How many of them stood in each hour of the week, Monday 0:00 first. */
  tried: readonly number[];
  /** Of every hour of the week, in the same order; empty: not enough data. */
  slots: readonly Slot[];
  best: Slot | null;
  backTest: BackTest | null;
}

/** A community and its clock. It belongs to the workspace: whoever asks has made sure. */
export interface Clock {
  workspaceId: string;
  communityId: string;
  timezone: string;
}

/** How far the planner looks back: as far as `GET …/best-times` does unless it is told otherwise. */
export const daysUsual = 90;

const day = 86_400_000;
const keptMost = 1_000;

/** From the posts of the last `days` days. */
export async function hoursOf(
  ctx: Context,
  { workspaceId, communityId, timezone }: Clock,
  days: number,
): Promise<Hours> {
  const to = new Date();
  const from = new Date(to.getTime() - days * day);
  const { lifts, ...about } = await liftsOf(ctx, { workspaceId, communityId, from, to });
  const posts = lifts.map(({ published_at, lift }) => {
    const at = Temporal.Instant.from(published_at);
    const { dayOfWeek, hour } = at.toZonedDateTimeISO(timezone);
    return { at: new Date(at.epochMilliseconds), weekday: dayOfWeek - 1, hour, lift };
  });
  const tried: number[] = new Array(7 * 24).fill(0);
  for (const { weekday, hour } of posts) tried[weekday * 24 + hour] = (tried[weekday * 24 + hour] ?? 0) + 1;
  const told = { about, usable: posts.length, tried };
  if (posts.length < postsLeast)
    return { ...told, status: 'not_enough_data', slots: [], best: null, backTest: null };
  // Other requests get their turn between the permutations.
  const { slots, best, backTest } = await findBestTimes(
    posts,
    () => new Promise((resolve) => setImmediate(resolve)),
  );
  return { ...told, status: best ? 'reliable' : 'no_reliable_difference', slots, best, backTest };
}

type Kept = Map<string, { since: number; hours: Promise<Hours | null> }>;

/** By workspace, community and zone, the oldest first; of the engine that told them. */
const kept = new WeakMap<Context['ch'], Kept>();

/**
 * The same over {@link daysUsual} days for the planner, reckoned once for `durations.bestTimesKept` in this process: a
 * plan of fifty posts runs one permutation test. null: ClickHouse fails, or gave no answer within
 * `durations.bestTimesWait` of the first who asked. Takes a while: never to be awaited in a transaction.
 */
export async function knownHours(ctx: Context, clock: Clock): Promise<Hours | null> {
  const { bestTimesKept, bestTimesWait } = ctx.config.durations;
  const all: Kept = kept.get(ctx.ch) ?? new Map();
  kept.set(ctx.ch, all);
  const key = `${clock.workspaceId} ${clock.communityId} ${clock.timezone}`;
  const now = Date.now();
  let one = all.get(key);
  if (!one || one.since + bestTimesKept <= now) {
    const made = { since: now, hours: hoursOrNull(ctx, clock) };
    one = made;
    all.delete(key);
    all.set(key, made);
    // A failure is no answer to keep.
    void made.hours.then((hours) => {
      if (hours === null && all.get(key) === made) all.delete(key);
    });
    for (const [oldest, { since }] of all) {
      if (all.size <= keptMost && since + bestTimesKept > now) break;
      all.delete(oldest);
    }
  }
  try {
    return await within(one.hours, Math.max(one.since + bestTimesWait - now, 0));
  } catch {
    return null;
  }
}

async function hoursOrNull(ctx: Context, clock: Clock): Promise<Hours | null> {
  try {
    return await hoursOf(ctx, clock, daysUsual);
  } catch (error) {
    ctx.log.warn({ err: error, community: clock.communityId }, 'best times could not be asked');
    return null;
  }
}

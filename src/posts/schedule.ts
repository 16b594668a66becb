import type { Context, Who } from '../context.ts';
import { invalid } from '../errors.ts';
import { chooseMoment, type TimeChoice } from '../slots/choice.ts';
import type { Estimates } from '../slots/proposal.ts';
import type { Tx } from '../stores/postgres.ts';
import { resolveLocalTime, type TimeNote } from '../timezone.ts';
import type { PostInput } from './input.ts';

export interface Schedule {
  at: Date;
  localTime: string | null;
  timezone: string | null;
  note: TimeNote | null;
  /** Why it is that time, where the choice was left to Outpost. */
  choice?: TimeChoice | null;
}

export type GivenTime = Pick<PostInput, 'at' | 'scheduled_at' | 'local_time' | 'timezone' | 'publish_now'> & {
  /** Of its communities, from `estimatesFor`: what `at: best` and `at: experiment` choose by. */
  estimates?: Estimates | undefined;
};

/**
 * When a post should go out; null: a draft. Throws `invalid` for a past time, one past the horizon, or two times.
 * Without a zone a local time is read in the zone that its communities share, else in the workspace's. A moment that
 * `at` leaves to Outpost is held until the end of the transaction; for a post that is `moved` its own place counts as free.
 */
export async function scheduleOf(
  ctx: Context,
  tx: Tx,
  who: Who,
  input: GivenTime,
  communities: readonly { id: string; title: string; timezone: string }[],
  moved: string | null = null,
): Promise<Schedule | null> {
  const given = [input.at, input.scheduled_at, input.local_time, input.publish_now || undefined].filter(
    (time) => time != null,
  );
  if (given.length > 1) {
    throw invalid({
      path: input.local_time !== undefined ? '/local_time' : input.publish_now ? '/publish_now' : '/at',
      message: 'Give one time: scheduled_at, local_time, at or publish_now.',
    });
  }
  if (input.timezone !== undefined && (given.length === 0 || input.at !== undefined)) {
    const message =
      input.at === undefined
        ? 'A time zone alone says nothing: give local_time with it.'
        : 'Such a time is in the time zone of its community: leave this out.';
    throw invalid({ path: '/timezone', message });
  }
  if (input.at !== undefined) {
    const { at, estimates = new Map() } = input;
    return {
      ...(await chooseMoment(ctx, tx, who.workspaceId, at, communities, estimates, moved)),
      note: null,
    };
  }
  const now = Date.now();
  if (input.publish_now)
    return { at: new Date(now), localTime: null, timezone: input.timezone ?? null, note: null };
  const path = input.local_time === undefined ? '/scheduled_at' : '/local_time';
  let schedule: Schedule;
  if (input.local_time !== undefined) {
    const [shared, ...others] = new Set(communities.map(({ timezone }) => timezone));
    const zone =
      input.timezone ?? (shared !== undefined && others.length === 0 ? shared : await workspaceZone(tx, who));
    try {
      const { at, note } = resolveLocalTime(input.local_time, zone);
      schedule = { at, localTime: input.local_time, timezone: zone, note };
    } catch {
      throw invalid({ path, message: 'This date or time does not exist.' });
    }
  } else if (input.scheduled_at) {
    schedule = {
      at: new Date(input.scheduled_at),
      localTime: null,
      timezone: input.timezone ?? null,
      note: null,
    };
  } else {
    return null;
  }
  if (schedule.at.getTime() <= now) {
    throw invalid({ path, message: 'This time is in the past: choose a later one, or publish_now.' });
  }
  if (schedule.at.getTime() > now + ctx.config.horizonDays * 86_400_000) {
    throw invalid({
      path,
      message: `This is more than ${ctx.config.horizonDays} days ahead, the farthest that can be planned.`,
    });
  }
  return schedule;
}

async function workspaceZone(tx: Tx, who: Who): Promise<string> {
  const [workspace] = await tx<{ timezone: string }[]>`
    select timezone from workspaces where id = ${who.workspaceId}`;
  return workspace?.timezone ?? 'UTC';
}

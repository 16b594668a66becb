import * as v from 'valibot';
import { postsLeast } from '../analytics/best-time.ts';
import { BackTestShape, backTestShown, MeasureShape, SlotShape, slotShown } from '../analytics/best-times.ts';
import { daysUsual, type Hours, knownHours } from '../analytics/hours.ts';
import { asWorkspace, type Context, type Who } from '../context.ts';
import type { Estimates } from './proposal.ts';

/** What speaks for an hour of the week in one community. */
export const evidence = {
  evidence: v.pipe(
    v.nullable(SlotShape),
    v.description(
      'Of this hour of the week on the community’s clock; with 0 posts it was not tried, and the estimate is that of its weekday and of the hours beside it. null: nothing can be said.',
    ),
  ),
  reason: v.pipe(
    v.nullable(v.picklist(['not_enough_data', 'not_reliable', 'unavailable'])),
    v.description(
      'Why nothing speaks for this hour: too few posts with figures, a difference that chance explains as well, or ClickHouse does not answer. null: it is reliable.',
    ),
  ),
};
const Evidence = v.strictObject(evidence);
export type Evidence = v.InferOutput<typeof Evidence>;

/** What stands behind all proposals of a community. */
export const Estimate = v.pipe(
  v.strictObject({
    status: v.pipe(
      v.picklist(['reliable', 'no_reliable_difference', 'not_enough_data', 'unavailable']),
      v.description(
        'As in GET /v1/analytics/communities/{id}/best-times; unavailable: ClickHouse does not answer.',
      ),
    ),
    days: v.pipe(v.number(), v.description('How far it looks back.')),
    measure: v.nullable(MeasureShape),
    posts: v.nullable(
      v.strictObject({
        usable: v.pipe(v.number(), v.description('Posts that could be compared.')),
        missing: v.pipe(v.number(), v.description('How many more it takes for any answer.')),
      }),
    ),
    best: v.pipe(v.nullable(SlotShape), v.description('The best reliable hour of the week, free or not.')),
    back_test: BackTestShape,
  }),
  v.description('Reckoned from the figures of the last days, and kept for ten minutes.'),
);

/** `at` is an hour of the week, 0 is Monday 0:00. */
export function evidenceAt(hours: Hours | null, at: number): Evidence {
  if (hours === null) return { evidence: null, reason: 'unavailable' };
  const slot = hours.slots[at];
  if (!slot) return { evidence: null, reason: 'not_enough_data' };
  return { evidence: slotShown(slot), reason: slot.reliable ? null : 'not_reliable' };
}

export function estimateShown(hours: Hours | null): v.InferOutput<typeof Estimate> {
  return {
    status: hours?.status ?? 'unavailable',
    days: daysUsual,
    measure: hours && hours.about.figures.length > 0 ? hours.about.measure : null,
    posts: hours && { usable: hours.usable, missing: Math.max(postsLeast - hours.usable, 0) },
    best: hours?.best ? slotShown(hours.best) : null,
    back_test: hours?.backTest ? backTestShown(hours.backTest) : null,
  };
}

/** Why there is no hour to recommend, in a sentence. `days`: how far ahead was looked. */
export function whyNone(known: readonly (Hours | null)[], days: number): string {
  const told = known.map((hours) => hours?.status ?? 'unavailable');
  if (told.includes('reliable')) {
    return `No free moment of the next ${days} days stands out.`;
  }
  if (told.includes('unavailable')) return 'Which hours work cannot be told just now.';
  if (told.includes('no_reliable_difference')) return 'No hour of the week makes a reliable difference.';
  const missing = Math.min(...known.map((hours) => postsLeast - (hours?.usable ?? 0)));
  return `No hour stands out yet: ${missing} more ${missing === 1 ? 'post' : 'posts'} with figures ${missing === 1 ? 'is' : 'are'} needed.`;
}

interface Asked {
  at?: string | undefined;
  community_ids?: readonly string[] | undefined;
}

/**
 * What `at: best` and `at: experiment` choose by, for the communities of these posts; without any of them nothing is
 * asked. `postId`: a post that stays where it is published when the change names no communities. To be called before a
 * transaction is opened, for nobody may wait for ClickHouse under a lock.
 */
export async function estimatesFor(
  ctx: Context,
  who: Who,
  asked: readonly Asked[],
  postId: string | null = null,
): Promise<Estimates> {
  const choosing = asked.filter(({ at }) => at === 'best' || at === 'experiment');
  if (choosing.length === 0) return new Map();
  const ids = [...new Set(choosing.flatMap(({ community_ids = [] }) => community_ids))];
  const ofPost = choosing.some(({ community_ids }) => community_ids === undefined) ? postId : null;
  const communities = await asWorkspace(
    ctx,
    who,
    (tx) => tx<{ id: string; timezone: string }[]>`
      select c.id, c.timezone from communities c
      where c.workspace_id = ${who.workspaceId} and (c.id = any(${ids}::uuid[]) or c.id = any(
        select unnest(p.community_ids) from posts p
        where p.workspace_id = ${who.workspaceId} and p.id = ${ofPost}::uuid))`,
  );
  const { workspaceId } = who;
  const estimates = new Map<string, Hours | null>();
  const turns = communities.values();
  let answers = true;
  // A few at a time, so that others are answered meanwhile; who does not answer once is not asked on.
  const ask = async () => {
    for (const { id, timezone } of turns) {
      const hours = answers ? await knownHours(ctx, { workspaceId, communityId: id, timezone }) : null;
      if (hours === null) answers = false;
      estimates.set(id, hours);
    }
  };
  await Promise.all([ask(), ask(), ask()]);
  return estimates;
}

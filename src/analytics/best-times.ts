import * as v from 'valibot';
import type { Context, Who } from '../context.ts';
import { weekdays } from '../timezone.ts';
import { type BackTest, experiment, postsLeast, type Slot } from './best-time.ts';
import { liftPercent, rounded } from './figure.ts';
import { hoursOf } from './hours.ts';
import { Place, placeOf, placeShown } from './place.ts';

const Weekday = v.picklist(weekdays);
const Hour = v.pipe(v.number(), v.description('0 to 23, on the community’s clock.'));
const Percent = v.pipe(
  v.number(),
  v.description('Percent over the community’s average post, drawn toward zero where posts are few.'),
);

/** An hour of the week, with what speaks for it. */
export const SlotShape = v.strictObject({
  weekday: Weekday,
  hour: Hour,
  posts: v.number(),
  lift_percent: Percent,
  from_percent: v.pipe(v.number(), v.description('Lower end of the 90 % interval of that careful estimate.')),
  to_percent: v.number(),
  p: v.pipe(
    v.number(),
    v.description('Chance of a difference this large anywhere in the week, if the hour did not matter.'),
  ),
  reliable: v.boolean(),
});

export const MeasureShape = v.pipe(
  v.picklist(['views', 'interactions']),
  v.description('At an age of 24 hours: views where known for 80 % of the posts, else interactions.'),
);

export const BackTestShape = v.pipe(
  v.nullable(
    v.strictObject({
      learnt_from: v.number(),
      posts: v.pipe(v.number(), v.description('Of the last four weeks, which were not learnt from.')),
      error_percent: v.pipe(v.number(), v.description('How far off the slots were, as a typical factor.')),
      error_without_percent: v.pipe(v.number(), v.description('The same, had every hour been «as usual».')),
      better: v.boolean(),
      correlation: v.nullable(v.number()),
    }),
  ),
  v.description('null: too few posts in or before the last four weeks.'),
);

export const BestTimes = v.strictObject({
  community: Place,
  timezone: v.string(),
  days: v.number(),
  status: v.pipe(
    v.picklist(['not_enough_data', 'no_reliable_difference', 'reliable']),
    v.description(
      'reliable: a slot stands out by a permutation test of the maximum over the week (p < 0.05).',
    ),
  ),
  measure: MeasureShape,
  figures: v.pipe(v.array(v.string()), v.description('What is summed for it; empty: nothing is known.')),
  posts: v.strictObject({
    seen: v.pipe(v.number(), v.description('Posts of the period with any figures.')),
    usable: v.pipe(
      v.number(),
      v.description('With a value at 24 hours, and at least five posts before them.'),
    ),
    young: v.pipe(v.number(), v.description('Not 24 hours old yet.')),
    missing: v.pipe(v.number(), v.description('How many more it takes for any answer.')),
  }),
  best: v.nullable(SlotShape),
  slots: v.pipe(v.array(SlotShape), v.description('Hours with posts, Monday 0:00 first.')),
  experiment: v.pipe(
    v.array(v.strictObject({ weekday: Weekday, hour: Hour })),
    v.description('Hours with hardly any posts: spread the next ones over these to find out.'),
  ),
  back_test: BackTestShape,
});
export type BestTimes = v.InferOutput<typeof BestTimes>;

/** When posts of a community do better than its others, as far as that can be told. Throws `not_found`. */
export async function getBestTimes(ctx: Context, who: Who, id: string, days: number): Promise<BestTimes> {
  const place = await placeOf(ctx, who, id);
  const { timezone } = place;
  const found = await hoursOf(ctx, { workspaceId: who.workspaceId, communityId: id, timezone }, days);
  const { about, usable, slots } = found;
  return {
    community: placeShown(place),
    timezone,
    days,
    status: found.status,
    measure: about.measure,
    figures: about.figures,
    posts: { seen: about.posts, usable, young: about.young, missing: Math.max(postsLeast - usable, 0) },
    best: found.best && slotShown(found.best),
    slots: slots.filter(({ n }) => n > 0).map(slotShown),
    experiment: experiment(slots).map(({ weekday, hour }) => ({ weekday: dayName(weekday), hour })),
    back_test: found.backTest && backTestShown(found.backTest),
  };
}

export function slotShown(slot: Slot): v.InferOutput<typeof SlotShape> {
  return {
    weekday: dayName(slot.weekday),
    hour: slot.hour,
    posts: slot.n,
    lift_percent: liftPercent(slot.effect),
    from_percent: liftPercent(slot.low),
    to_percent: liftPercent(slot.high),
    p: rounded(slot.p, 3),
    reliable: slot.reliable,
  };
}

export function backTestShown(test: BackTest): BestTimes['back_test'] {
  return {
    learnt_from: test.learnt,
    posts: test.posts,
    error_percent: liftPercent(test.error),
    error_without_percent: liftPercent(test.errorWithout),
    better: test.error < test.errorWithout,
    correlation: test.correlation === null ? null : rounded(test.correlation, 2),
  };
}

function dayName(weekday: number): (typeof weekdays)[number] {
  return weekdays[weekday] ?? 'mon';
}

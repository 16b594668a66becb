import { Temporal } from 'temporal-polyfill';
import * as v from 'valibot';
import type { Context, Who } from '../context.ts';
import { weekdays } from '../timezone.ts';
import { type BackTest, experiment, findBestTimes, postsLeast, type Slot } from './best-time.ts';
import { liftPercent, rounded } from './figure.ts';
import { liftsOf } from './lift.ts';
import { Place, placeOf, placeShown } from './place.ts';

const Weekday = v.picklist(weekdays);
const Hour = v.pipe(v.number(), v.description('0 to 23, on the community’s clock.'));
const Percent = v.pipe(
  v.number(),
  v.description('Percent over the community’s average post, drawn toward zero where posts are few.'),
);

const SlotShape = v.strictObject({
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
  measure: v.pipe(
    v.picklist(['views', 'interactions']),
    v.description('At an age of 24 hours: views where known for 80 % of the posts, else interactions.'),
  ),
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
  back_test: v.pipe(
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
  ),
});
export type BestTimes = v.InferOutput<typeof BestTimes>;

/** When posts of a community do better than its others, as far as that can be told. Throws `not_found`. */
export async function getBestTimes(ctx: Context, who: Who, id: string, days: number): Promise<BestTimes> {
  const place = await placeOf(ctx, who, id);
  const to = new Date();
  const from = new Date(to.getTime() - days * 86_400_000);
  const { lifts, ...about } = await liftsOf(ctx, { workspaceId: who.workspaceId, communityId: id, from, to });
  const shown = {
    community: placeShown(place),
    timezone: place.timezone,
    days,
    measure: about.measure,
    figures: about.figures,
    posts: {
      seen: about.posts,
      usable: lifts.length,
      young: about.young,
      missing: Math.max(postsLeast - lifts.length, 0),
    },
  };
  if (lifts.length < postsLeast) {
    return {
      ...shown,
      status: 'not_enough_data',
      best: null,
      slots: [],
      experiment: [],
      back_test: null,
    };
  }
  const posts = lifts.map(({ published_at, lift }) => {
    const at = Temporal.Instant.from(published_at);
    const { dayOfWeek, hour } = at.toZonedDateTimeISO(place.timezone);
    return { at: new Date(at.epochMilliseconds), weekday: dayOfWeek - 1, hour, lift };
  });
  // Other requests get their turn between the permutations.
  const found = await findBestTimes(posts, () => new Promise((resolve) => setImmediate(resolve)));
  return {
    ...shown,
    status: found.best ? 'reliable' : 'no_reliable_difference',
    best: found.best && slotShown(found.best),
    slots: found.slots.filter(({ n }) => n > 0).map(slotShown),
    experiment: experiment(found.slots).map(({ weekday, hour }) => ({ weekday: dayName(weekday), hour })),
    back_test: found.backTest && backTestShown(found.backTest),
  };
}

function slotShown(slot: Slot): v.InferOutput<typeof SlotShape> {
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

function backTestShown(test: BackTest): BestTimes['back_test'] {
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

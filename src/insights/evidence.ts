import * as v from 'valibot';
import { weekdays } from '../timezone.ts';

const Direction = v.pipe(v.picklist(['up', 'down']), v.description('More or less than usual.'));
const Day = v.pipe(v.string(), v.isoDate());
const Instant = v.pipe(v.string(), v.isoTimestamp());
const Measure = v.pipe(
  v.picklist(['views', 'interactions']),
  v.description('What posts are compared by, at an age of 24 hours.'),
);

/** A community grew or shrank differently from before. */
export const GrowthEvidence = v.strictObject({
  figure: v.pipe(
    v.picklist(['members', 'joins', 'leaves']),
    v.description('members: their change from day to day.'),
  ),
  direction: Direction,
  from: v.pipe(Day, v.description('On the community’s clock.')),
  to: Day,
  days: v.number(),
  value: v.pipe(v.number(), v.description('Of those days together.')),
  usual: v.pipe(
    v.number(),
    v.description('What as many days usually bring: by the median of the days before.'),
  ),
  history_days: v.pipe(v.number(), v.description('Days that «usual» was learnt from.')),
});

/** A post went far outside of what is usual for its community. */
export const OutlierEvidence = v.strictObject({
  post_key: v.pipe(v.string(), v.description('The network’s id of it in the community.')),
  post_id: v.pipe(v.nullable(v.string()), v.description('null: not made by Outpost.')),
  publication_id: v.nullable(v.string()),
  url: v.nullable(v.string()),
  published_at: Instant,
  direction: Direction,
  measure: Measure,
  lift_percent: v.pipe(v.number(), v.description('Over the median of the 20 posts before it.')),
  usual_from_percent: v.pipe(v.number(), v.description('Nine of ten of the other posts lie between these.')),
  usual_to_percent: v.number(),
  posts: v.pipe(v.number(), v.description('Posts of 90 days that it was set beside.')),
});

/** An hour of the week that is used again and again does worse than the others. */
export const DeadSlotEvidence = v.strictObject({
  weekday: v.picklist(weekdays),
  hour: v.pipe(v.number(), v.description('0 to 23, in `timezone`.')),
  timezone: v.string(),
  measure: Measure,
  uses: v.pipe(v.number(), v.description('Posts in it within 90 days.')),
  lift_percent: v.pipe(v.number(), v.description('Over the community’s average post; below zero.')),
  from_percent: v.pipe(v.number(), v.description('The 90 % interval of it.')),
  to_percent: v.number(),
  p: v.pipe(
    v.number(),
    v.description(
      'Chance of a difference this large anywhere in the week, if the hour did not matter; below 0.05.',
    ),
  ),
  posts: v.pipe(v.number(), v.description('Posts that were learnt from.')),
});

/** A day on which more publications than usual went missing or were late. */
export const DeliveryEvidence = v.strictObject({
  network: v.string(),
  what: v.pipe(
    v.picklist(['missing', 'late']),
    v.description('missing: failed, or nobody knows whether they are there.'),
  ),
  from: v.pipe(Instant, v.description('The day, on the workspace’s clock.')),
  to: Instant,
  publications: v.pipe(v.number(), v.description('That came to their end.')),
  affected: v.pipe(v.number(), v.description('Of these: missing or late.')),
  delay_p95_ms: v.nullable(v.number()),
  usual_publications: v.pipe(v.number(), v.description('Of the 30 days before.')),
  usual_missing: v.number(),
  usual_delay_p95_ms: v.nullable(v.number()),
});

import * as v from 'valibot';
import { Instant, PostInput } from '../posts/input.ts';
import { Post } from '../posts/show.ts';
import { TimeZone } from '../timezone.ts';

const Id = v.pipe(v.string(), v.uuid('must be an id'), v.toLowerCase());
const Name = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, 'Give the series a name.'),
  v.maxLength(200, 'A name may have 200 characters at most.'),
);
const Rule = v.pipe(
  v.string(),
  v.maxLength(500, 'A rule may have 500 characters at most.'),
  v.description(
    'RFC 5545 without DTSTART, as FREQ=WEEKLY;BYDAY=MO,WE. It fires in local time, once an hour at most.',
  ),
);
const LocalMinute = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/, 'must be a local time, as 2026-11-23T09:00'),
);
const LocalDate = v.pipe(v.string(), v.regex(/^\d{4}-\d{2}-\d{2}$/, 'must be a date, as 2027-01-31'));
const SkipDates = v.pipe(
  v.array(LocalDate),
  v.maxLength(366, 'has more than 366 dates'),
  v.description('Local dates on which it does not fire.'),
);
const Distance = v.nullable(
  v.pipe(
    v.number(),
    v.integer('must be a whole number of days'),
    v.minValue(1, 'must be a whole number of days, 1 or more'),
    v.maxValue(3_650, 'must be ten years at most'),
    v.description(
      'The same post not again within so many days; an occurrence without such a post is skipped.',
    ),
  ),
);

/** A post as the API takes it, but for its time: that is the series'. */
export const SeriesPostInput = v.omit(PostInput, [
  'at',
  'scheduled_at',
  'local_time',
  'timezone',
  'publish_now',
]);
export type SeriesPostInput = v.InferOutput<typeof SeriesPostInput>;

const most = 100;
const Posts = v.pipe(
  v.array(SeriesPostInput),
  v.minLength(1, 'Give at least one post.'),
  v.maxLength(most, `has more than ${most} posts`),
  v.description('One, or an evergreen set: of several the least recently used goes next.'),
);
const ChangedPosts = v.pipe(
  v.array(
    v.strictObject({
      id: v.optional(
        v.pipe(Id, v.description('Of a post of the set: it stays the same one, with what it was used for.')),
      ),
      ...SeriesPostInput.entries,
    }),
  ),
  v.minLength(1, 'Give at least one post.'),
  v.maxLength(most, `has more than ${most} posts`),
  v.check((posts) => {
    const ids = posts.flatMap(({ id }) => id ?? []);
    return new Set(ids).size === ids.length;
  }, 'names a post twice'),
);

/** When it fires: the body of a preview, and a part of that of create. */
export const SeriesRule = v.strictObject({
  rrule: Rule,
  starts: v.pipe(LocalMinute, v.description('Local time of the first one, and what the rule leaves open.')),
  timezone: v.optional(v.pipe(TimeZone, v.description('Default: the workspace’s.'))),
  ends: v.optional(v.nullable(v.pipe(LocalDate, v.description('The last local date.'))), null),
  skip_dates: v.optional(SkipDates, []),
});
export type SeriesRule = v.InferOutput<typeof SeriesRule>;

export const NewSeries = v.strictObject({
  name: Name,
  ...SeriesRule.entries,
  posts: Posts,
  min_distance_days: v.optional(Distance, null),
});
export type NewSeries = v.InferOutput<typeof NewSeries>;

export const SeriesChange = v.strictObject({
  name: v.optional(Name),
  rrule: v.optional(Rule),
  starts: v.optional(LocalMinute),
  timezone: v.optional(TimeZone),
  ends: v.optional(v.nullable(LocalDate)),
  skip_dates: v.optional(SkipDates),
  posts: v.optional(ChangedPosts),
  min_distance_days: v.optional(Distance),
  expected: v.optional(
    v.pipe(
      v.strictObject({ updated_at: Instant }),
      v.description(
        'The series as you know it: when it has been changed or paused since, nothing is done (409 `conflict`).',
      ),
    ),
  ),
});
export type SeriesChange = v.InferOutput<typeof SeriesChange>;

export const OccurrenceInput = v.strictObject({
  occurrence: v.pipe(LocalMinute, v.description('Its wall time, as `next` of the series names it.')),
});

const Time = v.pipe(v.string(), v.isoTimestamp());

const FoundOccurrence = v.strictObject({
  occurrence: v.pipe(v.string(), v.description('The wall time that the rule names.')),
  at: Time,
  note: v.pipe(
    v.nullable(v.strictObject({ kind: v.picklist(['gap', 'overlap']), message: v.string() })),
    v.description('What daylight saving does to it.'),
  ),
});

export const SeriesPreview = v.strictObject({
  timezone: v.string(),
  next: v.pipe(
    v.array(FoundOccurrence),
    v.description('The next occurrences, ten at most; fewer: these are all that will come.'),
  ),
  moved: v.pipe(
    v.nullable(FoundOccurrence),
    v.description('The first one that daylight saving touches, of the next 1000 within a year.'),
  ),
});
export type SeriesPreview = v.InferOutput<typeof SeriesPreview>;

/** A series as the API shows it. */
export const Series = v.pipe(
  v.strictObject({
    id: v.string(),
    name: v.string(),
    rrule: v.string(),
    starts: v.string(),
    timezone: v.string(),
    ends: v.nullable(v.string()),
    skip_dates: v.array(v.string()),
    min_distance_days: v.nullable(v.number()),
    state: v.pipe(
      v.picklist(['active', 'paused', 'ended']),
      v.description('ended: no occurrence lies ahead.'),
    ),
    posts: v.array(
      v.strictObject({
        id: v.string(),
        ...v.pick(Post, [
          'text',
          'entities',
          'media_ids',
          'poll',
          'parts',
          'first_comment',
          'overrides',
          'community_ids',
          'time_sensitive',
        ]).entries,
      }),
    ),
    next: v.pipe(
      v.array(
        v.strictObject({
          occurrence: v.pipe(
            v.string(),
            v.description('The wall time that the rule names: its name for good.'),
          ),
          at: Time,
          state: v.pipe(
            v.picklist(['expected', 'planned', 'skipped', 'failed', 'cancelled']),
            v.description('expected: its post is made when it comes nearer.'),
          ),
          post_id: v.nullable(v.string()),
          edited: v.pipe(v.boolean(), v.description('Changed by a person: the series leaves it alone.')),
          note: v.nullable(v.string()),
        }),
      ),
      v.description('The next occurrences.'),
    ),
    problems: v.pipe(
      v.array(v.strictObject({ occurrence: v.string(), at: Time, message: v.string() })),
      v.description(
        'Occurrences of the last 30 days and to come whose post could not be made, the latest first.',
      ),
    ),
    created_at: Time,
    updated_at: Time,
  }),
  v.metadata({ ref: 'Series' }),
);
export type Series = v.InferOutput<typeof Series>;

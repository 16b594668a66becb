import * as v from 'valibot';
import type { Context, Who } from '../context.ts';
import { weekdays } from '../timezone.ts';
import { postsLeast } from './best-time.ts';
import { MeasureShape } from './best-times.ts';
import { type Described, type Difference, dimensions, findDifferences, groupLeast } from './difference.ts';
import { liftPercent, rounded } from './figure.ts';
import { type Lift, liftsOf } from './lift.ts';
import { Place, placeOf, placeShown } from './place.ts';
import { responsesOf, turn } from './response.ts';

/** UTF-16 code units, as networks count them: the first of the longer band. */
const lengths = [
  { below: 1, value: '0' },
  { below: 201, value: '1-200' },
  { below: 501, value: '201-500' },
  { below: 1_001, value: '501-1000' },
] as const;
const longest = '1001+';
/** The most used ones: each that is tested makes the test of all harder to pass. */
const hashtagsMost = 20;

const GroupShape = v.strictObject({
  value: v.pipe(
    v.string(),
    v.description(
      'length: characters of the text, as 201-500; media: text, image, album, video and so on; hashtag: without its ' +
        'sign; links: with or without; weekday: mon to sun.',
    ),
  ),
  posts: v.number(),
  lift_percent: v.pipe(
    v.number(),
    v.description('Percent over the community’s average post, drawn toward zero where posts are few.'),
  ),
  from_percent: v.pipe(v.number(), v.description('Lower end of the 90 % interval of that careful estimate.')),
  to_percent: v.number(),
  p: v.pipe(
    v.nullable(v.number()),
    v.description(
      `Chance of a difference this large in any of all the groups, if none mattered. null: fewer than ${groupLeast} posts in it or outside of it.`,
    ),
  ),
  reliable: v.pipe(v.boolean(), v.description('p < 0.05. Better or worse, as the lift says.')),
});

export const Content = v.strictObject({
  community: Place,
  timezone: v.string(),
  days: v.number(),
  status: v.pipe(
    v.picklist(['not_enough_data', 'no_reliable_difference', 'reliable']),
    v.description(
      'reliable: a group stands out by a permutation test of the largest difference over all groups together (p < ' +
        '0.05). It goes along with better or worse figures; it need not be why.',
    ),
  ),
  measure: MeasureShape,
  figures: v.pipe(v.array(v.string()), v.description('What is summed for it; empty: nothing is known.')),
  posts: v.strictObject({
    seen: v.pipe(v.number(), v.description('Posts of the period with any figures.')),
    usable: v.pipe(
      v.number(),
      v.description('With a value at 24 hours, at least five posts before them, and known content.'),
    ),
    young: v.pipe(v.number(), v.description('Not 24 hours old yet.')),
    undescribed: v.pipe(v.number(), v.description('Comparable, but nobody knows what they were.')),
    missing: v.pipe(v.number(), v.description('How many more it takes for any answer.')),
  }),
  dimensions: v.pipe(
    v.array(v.strictObject({ dimension: v.picklist(dimensions), groups: v.array(GroupShape) })),
    v.description('Groups of posts; a post with two hashtags is in both. Empty: not enough data.'),
  ),
});
export type Content = v.InferOutput<typeof Content>;

interface About {
  post_key: string;
  kind: string;
  length: number;
  hashtags: string[];
  links: number;
}

/**
 * Which kinds of posts do better than a community's others, at equal age and with what the hour explains taken off, as
 * far as that can be told. Throws `not_found`.
 */
export async function getContent(
  ctx: Context,
  who: Who,
  id: string,
  days: number,
  to = new Date(),
): Promise<Content> {
  const place = await placeOf(ctx, who, id);
  const from = new Date(to.getTime() - days * 86_400_000);
  const span = { workspaceId: who.workspaceId, communityId: id, from, to };
  const [{ lifts, ...about }, contents] = await Promise.all([liftsOf(ctx, span), contentsOf(ctx, span)]);
  const posts = await describedOf(lifts, contents, place.timezone);
  const shown = {
    community: placeShown(place),
    timezone: place.timezone,
    days,
    measure: about.measure,
    figures: about.figures,
    posts: {
      seen: about.posts,
      usable: posts.length,
      young: about.young,
      undescribed: lifts.length - posts.length,
      missing: Math.max(postsLeast - posts.length, 0),
    },
  };
  if (posts.length < postsLeast) return { ...shown, status: 'not_enough_data', dimensions: [] };
  const found = await findDifferences(posts, turn);
  return {
    ...shown,
    status: found.some(({ reliable }) => reliable) ? 'reliable' : 'no_reliable_difference',
    dimensions: dimensions.flatMap((dimension) => {
      const groups = found.filter((one) => one.dimension === dimension).sort(order);
      return groups.length === 0 ? [] : [{ dimension, groups: groups.map(groupShown) }];
    }),
  };
}

/** What the posts of a period are; of as many as are compared. */
function contentsOf(
  ctx: Context,
  span: { workspaceId: string; communityId: string; from: Date; to: Date },
): Promise<About[]> {
  return ctx.ch.query<About>(
    `select post_key, argMax(posts_v1.kind, seen_at) as kind, argMax(posts_v1.length, seen_at) as length,
       argMax(posts_v1.hashtags, seen_at) as hashtags, argMax(posts_v1.links, seen_at) as links
     from posts_v1
     where workspace_id = {workspace:UUID} and community_id = {community:UUID}
       and published_at >= {from:DateTime64(3, 'UTC')} and published_at < {to:DateTime64(3, 'UTC')}
     group by published_at, post_key order by published_at desc, post_key desc limit 5000`,
    { workspace: span.workspaceId, community: span.communityId, from: span.from, to: span.to },
  );
}

async function describedOf(
  lifts: readonly Lift[],
  contents: readonly About[],
  zone: string,
): Promise<Described[]> {
  const known = new Map(contents.map((content) => [content.post_key, content]));
  const responses = await responsesOf(
    lifts.filter(({ post_key }) => known.has(post_key)),
    zone,
  );
  const uses = new Map<string, number>();
  for (const { post_key } of responses) {
    for (const tag of known.get(post_key)?.hashtags ?? []) uses.set(tag, (uses.get(tag) ?? 0) + 1);
  }
  const tags = new Set(
    [...uses]
      .filter(([, n]) => n >= groupLeast)
      .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
      .slice(0, hashtagsMost)
      .map(([tag]) => tag),
  );
  return responses.flatMap(({ post_key, ...response }) => {
    const content = known.get(post_key);
    if (!content) return [];
    const { kind, length, hashtags, links } = content;
    return {
      ...response,
      traits: {
        length: [lengths.find(({ below }) => length < below)?.value ?? longest],
        media: [kind],
        hashtag: hashtags.filter((tag) => tags.has(tag)),
        links: [links > 0 ? 'with' : 'without'],
      },
    };
  });
}

/** Bands and weekdays in their own order, the rest by how many posts there are. */
function order(a: Difference, b: Difference): number {
  if (a.dimension === 'weekday') return Number(a.value) - Number(b.value);
  if (a.dimension === 'length') return Number.parseInt(a.value, 10) - Number.parseInt(b.value, 10);
  return b.n - a.n || (a.value < b.value ? -1 : 1);
}

function groupShown(found: Difference): v.InferOutput<typeof GroupShape> {
  return {
    value: found.dimension === 'weekday' ? (weekdays[Number(found.value)] ?? 'mon') : found.value,
    posts: found.n,
    lift_percent: liftPercent(found.effect),
    from_percent: liftPercent(found.low),
    to_percent: liftPercent(found.high),
    p: found.p === null ? null : rounded(found.p, 3),
    reliable: found.reliable,
  };
}

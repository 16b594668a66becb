import type { Context } from '../context.ts';

/** What a post is judged by: views where they are known, else what people did. */
export type Measure = 'views' | 'interactions';

export interface Lift {
  post_key: string;
  publication_id: string;
  published_at: string;
  /** Over the community's own baseline, as a difference of logarithms. */
  lift: number;
}

export interface Lifts {
  measure: Measure;
  /** What is summed for it. */
  figures: string[];
  /** Posts of the period that any snapshot was taken of. */
  posts: number;
  /** Posts younger than 24 hours: nobody can compare them yet. */
  young: number;
  /** Posts that stand after at least five others and have a value at 24 hours. Oldest first. */
  lifts: Lift[];
}

type Span = { workspaceId: string; communityId: string; from: Date; to: Date };
/** Age in milliseconds, and what was told then. */
type Snapshot = { age: number; value: string };
type Side = [figure: string, before: Snapshot, after: Snapshot];
interface Row {
  post_key: string;
  publication_id: string;
  published_at: string;
  /** Of each figure the last snapshot before the 24th hour, and the first one after it, one or more of each. */
  sides: Side[];
}

const interactions = ['reactions', 'comments', 'shares'];
/** Posts before the period that its first ones are compared with. */
const lookBack = 90 * 86_400_000;
const knownLeast = 0.8;
const baselineMost = 20;
const baselineLeast = 5;
const postsMost = 5_000;
const day = 24 * 3_600_000;
/** A single snapshot stands for the 24th hour when it is as near as this. */
const near = 1_800_000;
/** The age of a snapshot that there is none of, on either side. */
const [noneBefore, noneAfter] = [0, 4_294_967_295];

/**
 * How far the posts of [from, to) went over their community's own baseline. Views are taken where known for at least
 * 80 % of the posts, else the sum of those of reactions, comments and shares that are.
 */
export async function liftsOf(ctx: Context, span: Span): Promise<Lifts> {
  const [compared, [counted]] = await Promise.all([
    comparedOf(ctx, span),
    ctx.ch.query<{ posts: string; young: string }>(
      `select uniqExact(published_at, post_key) as posts,
         uniqExactIf((published_at, post_key), published_at >= {grown:DateTime64(3, 'UTC')}) as young
       from post_latest_v1
       where workspace_id = {workspace:UUID} and community_id = {community:UUID}
         and published_at >= {from:DateTime64(3, 'UTC')} and published_at < {to:DateTime64(3, 'UTC')}`,
      {
        workspace: span.workspaceId,
        community: span.communityId,
        from: span.from,
        to: span.to,
        grown: new Date(Date.now() - day),
      },
    ),
  ]);
  return { ...compared, posts: Number(counted?.posts ?? 0), young: Number(counted?.young ?? 0) };
}

/**
 * The same without the counts. It is what `post_lift_v2` tells an analyst, reckoned here: planning that question alone
 * takes the engine longer than reading the posts.
 */
export async function comparedOf(
  ctx: Context,
  span: Span,
): Promise<Pick<Lifts, 'measure' | 'figures' | 'lifts'>> {
  const rows = await ctx.ch.query<Row>(
    `select published_at, post_key, max(publication_id) as publication_id, groupArray((figure, before, after)) as sides
     from post_at_24h_v1
     where workspace_id = {workspace:UUID} and community_id = {community:UUID}
       and published_at >= {before:DateTime64(3, 'UTC')} and published_at < {to:DateTime64(3, 'UTC')}
     group by published_at, post_key
     order by published_at desc, post_key desc limit ${postsMost}`,
    {
      workspace: span.workspaceId,
      community: span.communityId,
      before: new Date(span.from.getTime() - lookBack),
      to: span.to,
    },
  );
  const posts = rows.reverse().map(({ sides, ...post }) => ({
    ...post,
    at: Date.parse(post.published_at),
    values: new Map(
      [...Map.groupBy(sides, ([figure]) => figure)].flatMap(([figure, some]) => {
        const value = valueAtDay(some);
        return value === null ? [] : [[figure, value]];
      }),
    ),
  }));
  const grown = posts.filter(({ at }) => at >= span.from.getTime() && at < Date.now() - day);
  const knownOf = (name: string) => grown.filter(({ values }) => values.has(name)).length;
  // Of the posts that were looked at around their 24th hour, by whatever figure is known best.
  const seen = Math.max(0, ...['views', ...interactions].map(knownOf));
  const isKnown = (name: string) => seen > 0 && knownOf(name) >= knownLeast * seen;
  const measure: Measure = isKnown('views') ? 'views' : 'interactions';
  const figures = measure === 'views' ? ['views'] : interactions.filter(isKnown);
  const lifts: Lift[] = [];
  const earlier: number[] = [];
  for (const { at, values, ...post } of posts) {
    const known = figures.flatMap((name) => values.get(name) ?? []);
    if (figures.length === 0 || known.length < figures.length) continue;
    const response = Math.log(1 + known.reduce((sum, value) => sum + value, 0));
    if (at >= span.from.getTime() && earlier.length >= baselineLeast) {
      lifts.push({ ...post, lift: response - median(earlier) });
    }
    earlier.push(response);
    if (earlier.length > baselineMost) earlier.shift();
  }
  return { measure, figures, lifts };
}

/** On a straight line between the snapshots on both sides; a single one counts when it is near. null: not known. */
function valueAtDay(sides: readonly Side[]): number | null {
  let before: Snapshot = { age: noneBefore, value: '0' };
  let after: Snapshot = { age: noneAfter, value: '0' };
  for (const [, last, first] of sides) {
    if (last.age > before.age) before = last;
    if (first.age < after.age) after = first;
  }
  const [earlier, later] = [Number(before.value), Number(after.value)];
  if (before.age > noneBefore && after.age < noneAfter && before.age < after.age) {
    return earlier + ((later - earlier) * (day - before.age)) / (after.age - before.age);
  }
  if (after.age <= day + near) return later;
  return before.age >= day - near ? earlier : null;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2;
}

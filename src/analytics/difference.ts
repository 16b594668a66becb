import { fitted, type Response } from './best-time.ts';
import { average, randomFrom, shuffle, tamed } from './sample.ts';

export const dimensions = ['length', 'media', 'hashtag', 'links', 'weekday'] as const;
export type Dimension = (typeof dimensions)[number];

/** A post, and the groups that it belongs to; several in one dimension where it has several hashtags. */
export interface Described extends Response {
  traits: Readonly<Record<Exclude<Dimension, 'weekday'>, readonly string[]>>;
}

export interface Difference {
  dimension: Dimension;
  /** Of a weekday 0 to 6, Monday first. */
  value: string;
  n: number;
  /** Logarithms over the average post, with a 90 % interval. */
  effect: number;
  low: number;
  high: number;
  /** Chance of a difference this large in any group of any dimension if none mattered; null: too few posts to test. */
  p: number | null;
  reliable: boolean;
}

/** A group is tested that has as many posts, and as many outside of it. */
export const groupLeast = 5;
const significance = 0.05;
const permutationsMost = 499;
/** Of a normal distribution, for 90 % on both sides. */
const z90 = 1.645;

interface Group {
  dimension: Dimension;
  value: string;
  posts: number[];
  /** What is compared: lifts without what the hours explain. */
  values: Float64Array;
}

/**
 * Which kinds of posts do better or worse than the others. What the hour of the week explains is taken off first (for
 * weekdays, what the hour of the day explains), so that a kind does not shine by the hour it is given. Effects are
 * shrunk toward zero by n/(n + k). A group is reliable when it survives a permutation test of the largest difference over
 * all groups of all dimensions together. What is found goes along with more views; it need not be why. Pure but for
 * `pause`, which is awaited every few milliseconds of work.
 */
export async function findDifferences(
  posts: readonly Described[],
  pause: () => Promise<void> = async () => {},
): Promise<Difference[]> {
  const groups = groupsOf(posts);
  const tested = groups.filter(({ posts: { length } }) => {
    return length >= groupLeast && posts.length - length >= groupLeast;
  });
  const contrasts = tested.map((group) => contrastOf(group, posts.length));
  const order = Uint32Array.from(posts, (_, index) => index);
  const shown = contrasts.map((contrast) => contrast(order));
  const most = Math.max(...shown);

  const exceeded = new Uint16Array(tested.length);
  const random = randomFrom(posts.length);
  let permutations = 0;
  let beaten = 0;
  let since = performance.now();
  // Once the largest difference is beaten this often nothing can become reliable any more.
  while (
    tested.length > 0 &&
    permutations < permutationsMost &&
    beaten < significance * (permutationsMost + 1)
  ) {
    shuffle(order, random);
    let chance = 0;
    for (const contrast of contrasts) chance = Math.max(chance, contrast(order));
    permutations += 1;
    if (chance >= most) beaten += 1;
    shown.forEach((value, index) => {
      if (chance >= value) exceeded[index] = (exceeded[index] ?? 0) + 1;
    });
    if (performance.now() - since > 5) {
      await pause();
      since = performance.now();
    }
  }
  const chances = new Map(
    tested.map((group, index) => [group, ((exceeded[index] ?? 0) + 1) / (permutations + 1)]),
  );
  return dimensions.flatMap((dimension) => {
    const some = groups.filter((group) => group.dimension === dimension);
    return estimated(some, posts.length).map(({ group, ...estimate }): Difference => {
      const p = chances.get(group) ?? null;
      return {
        dimension,
        value: group.value,
        n: group.posts.length,
        ...estimate,
        p,
        reliable: p !== null && p < significance && estimate.effect !== 0,
      };
    });
  });
}

function groupsOf(posts: readonly Described[]): Group[] {
  const lifts = tamed(posts.map(({ lift }) => lift));
  const byHour = without(
    lifts,
    Uint8Array.from(posts, ({ hour }) => hour),
  );
  const bySlot = without(
    lifts,
    Uint8Array.from(posts, ({ weekday, hour }) => weekday * 24 + hour),
  );
  return dimensions.flatMap((dimension) => {
    const found = new Map<string, number[]>();
    posts.forEach(({ weekday, traits }, index) => {
      for (const value of dimension === 'weekday' ? [String(weekday)] : traits[dimension]) {
        const members = found.get(value);
        if (members) members.push(index);
        else found.set(value, [index]);
      }
    });
    const values = dimension === 'weekday' ? byHour : bySlot;
    return [...found].map(([value, members]): Group => ({ dimension, value, posts: members, values }));
  });
}

/** What is left of the lifts when the effects of their places are taken off; their mean is zero. */
function without(lifts: Float64Array, places: Uint8Array): Float64Array {
  const { effects } = fitted(places, lifts);
  const left = lifts.map((lift, post) => lift - (effects[places[post] ?? 0] ?? 0));
  const mean = average(left);
  return left.map((value) => value - mean);
}

/** How many standard errors a group of posts drawn in this order stands from the mean, on either side. */
function contrastOf({ posts, values }: Group, total: number): (order: Uint32Array) => number {
  const n = posts.length;
  const variance = Math.max(average(values.map((value) => value * value)), 1e-18);
  const error = Math.sqrt((variance * n * (total - n)) / (total - 1));
  return (order) => {
    let sum = 0;
    for (const post of posts) sum += values[order[post] ?? 0] ?? 0;
    return Math.abs(sum) / error;
  };
}

/**
 * Means of the groups of one dimension, shrunk by n/(n + k); k is the variance within groups by that between them. The
 * larger the part of all posts that a group is, the less its mean can stray from theirs.
 */
function estimated(groups: readonly Group[], total: number) {
  const means = groups.map((group) => {
    const n = group.posts.length;
    const mean = average(group.posts.map((post) => group.values[post] ?? 0));
    const squares = group.values.reduce((sum, value) => sum + value * value, 0);
    const rest = total - n;
    const between = rest > 0 ? (n * mean * mean * total) / rest : 0;
    const within = Math.max((squares - between) / Math.max(total - 2, 1), 1e-9);
    return { group, n, mean, within, free: rest / total };
  });
  const posts = means.reduce((sum, { n }) => sum + n, 0);
  const spread = means.reduce((sum, { n, mean, within, free }) => sum + n * mean * mean - within * free, 0);
  const among = Math.max(spread / posts, 0);
  // The spread itself is an estimate: an interval that took «none found» for «none» would be too narrow.
  const noise = means.reduce((sum, { within, free }) => sum + 2 * (within * free) ** 2, 0);
  const unsure = among + (2 * Math.sqrt(noise)) / posts;
  return means.map(({ group, n, mean, within, free }) => {
    // A group of all posts has nothing beside it.
    const counts = free > 0 ? n / free : Number.POSITIVE_INFINITY;
    const shrunk = (spread: number) => (spread > 0 ? mean / (1 + within / (counts * spread)) : 0);
    const effect = shrunk(among);
    const half = unsure > 0 ? z90 * Math.sqrt(within / (counts + within / unsure)) : 0;
    const middle = shrunk(unsure);
    return { group, effect, low: Math.min(middle - half, effect), high: Math.max(middle + half, effect) };
  });
}

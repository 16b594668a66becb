import { average, randomFrom, shuffle, tamed } from './sample.ts';

/** A post as the arithmetic sees it: where it stood in the week, and how far over its community's baseline it went. */
export interface Response {
  at: Date;
  /** 0 is Monday, on the community's clock. */
  weekday: number;
  hour: number;
  /** Difference of logarithms: 0 is as usual, 0.69 twice as much. */
  lift: number;
}

export interface Slot {
  weekday: number;
  hour: number;
  /** Posts in this hour of the week; the neighbouring hours that smooth it are not counted. */
  n: number;
  /** Logarithms over the average post, with a 90 % interval. */
  effect: number;
  low: number;
  high: number;
  /** Chance of a difference as large as this one somewhere in the week if hours made none. */
  p: number;
  reliable: boolean;
}

/** What the hours were worth for posts that they were not learnt from. */
export interface BackTest {
  learnt: number;
  posts: number;
  /** Mean distance between what was told and what came, in logarithms: by slots, and by «as usual» for every hour. */
  error: number;
  errorWithout: number;
  /** Of what was told with what came, −1 to 1; null where either is the same for every post. */
  correlation: number | null;
}

export interface BestTimes {
  /** Every hour of the week, Monday 0:00 first. */
  slots: Slot[];
  /** The one with the largest effect among the reliable; null: no reliable difference. */
  best: Slot | null;
  /** null: too few posts on one side of the cut. */
  backTest: BackTest | null;
  permutations: number;
}

export const postsLeast = 20;
/** Slots with fewer posts are never called reliable: they are hardly tested. */
export const slotLeast = 3;
/** Hours at which somebody is awake to read: the first and the last that are worth a try. */
export const waking = { from: 8, to: 22 };
/** Stricter than one in ten, so that «nothing there» is told right more than nine times in ten, not just about. */
const significance = 0.05;
const permutationsMost = 499;
const heldOut = 28 * 86_400_000;
const heldOutLeast = 5;
/** Of a normal distribution, for 90 % on both sides. */
const z90 = 1.645;
/** How much a neighbouring hour counts. */
const neighbour = 0.25;
const week = 7 * 24;

/**
 * Which hours of the week work, by additive effects of weekday and hour and their interaction, each shrunk toward its
 * parent by n/(n + k). A slot is reliable when it survives a permutation test of the maximum over the whole week.
 * Intervals are those of the shrunk effects: careful, so that one may reach below zero where the test is sure. Pure but for `pause`, which is awaited every few milliseconds of work. Needs at least
 * {@link postsLeast} posts, in order of time.
 */
export async function findBestTimes(
  posts: readonly Response[],
  pause: () => Promise<void> = async () => {},
): Promise<BestTimes> {
  const places = Uint8Array.from(posts, ({ weekday, hour }) => weekday * 24 + hour);
  const lifts = tamed(posts.map(({ lift }) => lift));
  const fit = fitted(places, lifts);
  const contrast = contrasts(places);
  const first = contrast(lifts);
  const most = Math.max(...first.all);

  const shuffled = Float64Array.from(lifts);
  const chances: number[] = [];
  const random = randomFrom(posts.length);
  let beaten = 0;
  let since = performance.now();
  // Once the largest difference is beaten this often nothing can become reliable any more.
  while (chances.length < permutationsMost && beaten < significance * (permutationsMost + 1)) {
    shuffle(shuffled, random);
    const chance = Math.max(...contrast(shuffled).all);
    chances.push(chance);
    if (chance >= most) beaten += 1;
    if (performance.now() - since > 5) {
      await pause();
      since = performance.now();
    }
  }
  const permutations = chances.length;
  const chanceOf = (standing: number) =>
    (chances.filter((chance) => chance >= standing).length + 1) / (permutations + 1);
  // A slot that stands out by itself must not lend its evidence to all others of its hour and of its weekday.
  const alone = new Set(places.filter((place) => chanceOf(first.own[place] ?? 0) < significance));
  const others = alone.size > 0 ? contrast(lifts, alone) : first;

  const slots = Array.from({ length: week }, (_, place): Slot => {
    const n = fit.counts[place] ?? 0;
    const effect = fit.effects[place] ?? 0;
    const half = z90 * Math.sqrt(fit.variances[place] ?? 0);
    const p = chanceOf((alone.has(place) ? first : others).all[place] ?? 0);
    return {
      weekday: Math.floor(place / 24),
      hour: place % 24,
      n,
      effect,
      low: effect - half,
      high: effect + half,
      p,
      reliable: n >= slotLeast && p < significance && effect > 0,
    };
  });
  const best = slots
    .filter(({ reliable }) => reliable)
    .reduce<Slot | null>((top, slot) => (top && top.effect >= slot.effect ? top : slot), null);
  return { slots, best, backTest: backTest(posts), permutations };
}

/**
 * Hours to try next, for whom a guess is not enough: hardly tested ones of the waking day, the most promising first, one
 * for each weekday and no hour twice.
 */
export function experiment(slots: readonly Slot[], howMany = 5): Slot[] {
  const chosen: Slot[] = [];
  const open = slots
    .filter(({ hour, n }) => hour >= waking.from && hour <= waking.to && n < slotLeast)
    .sort((a, b) => b.effect - a.effect || a.n - b.n || a.weekday - b.weekday || a.hour - b.hour);
  for (const slot of open) {
    if (chosen.length === howMany) break;
    if (chosen.some(({ weekday, hour }) => weekday === slot.weekday || hour === slot.hour)) continue;
    chosen.push(slot);
  }
  return chosen;
}

function backTest(posts: readonly Response[]): BackTest | null {
  const last = posts.at(-1);
  if (!last) return null;
  const cut = last.at.getTime() - heldOut;
  const before = posts.filter(({ at }) => at.getTime() < cut);
  const after = posts.filter(({ at }) => at.getTime() >= cut);
  if (before.length < postsLeast || after.length < heldOutLeast) return null;
  const lifts = tamed(before.map(({ lift }) => lift));
  const { mean, effects } = fitted(
    Uint8Array.from(before, ({ weekday, hour }) => weekday * 24 + hour),
    lifts,
  );
  const told = after.map(({ weekday, hour }) => effects[weekday * 24 + hour] ?? 0);
  const came = after.map(({ lift }) => lift - mean);
  const distance = (from: readonly number[]) =>
    average(came.map((value, index) => Math.abs(value - (from[index] ?? 0))));
  return {
    learnt: before.length,
    posts: after.length,
    error: distance(told),
    errorWithout: distance(came.map(() => 0)),
    correlation: correlation(told, came),
  };
}

export interface Fit {
  mean: number;
  counts: Float64Array;
  effects: Float64Array;
  variances: Float64Array;
}

/** Effects of all hours of the week (weekday × 24 + hour) over the mean, with their variances. */
export function fitted(places: Uint8Array, lifts: Float64Array): Fit {
  const mean = average(lifts);
  const centred = lifts.map((lift) => lift - mean);
  const counts = new Float64Array(week);
  for (const place of places) counts[place] = (counts[place] ?? 0) + 1;

  const ofDay = places.map((place) => Math.floor(place / 24));
  const ofHour = places.map((place) => place % 24);
  let hours: Float64Array = new Float64Array(24);
  let days: Level = level(ofDay, centred, 7, false);
  let clock: Level = level(ofHour, centred, 24, true);
  // Each without the other, a few times: weekdays with posts at good hours are not good days for that.
  for (let round = 0; round < 3; round += 1) {
    days = level(
      ofDay,
      centred.map((lift, post) => lift - (hours[ofHour[post] ?? 0] ?? 0)),
      7,
      false,
    );
    const { effects } = days;
    clock = level(
      ofHour,
      centred.map((lift, post) => lift - (effects[ofDay[post] ?? 0] ?? 0)),
      24,
      true,
    );
    hours = clock.effects;
  }
  const additive = (place: number) =>
    (days.effects[Math.floor(place / 24)] ?? 0) + (clock.effects[place % 24] ?? 0);
  const cells = level(
    places,
    centred.map((lift, post) => lift - additive(places[post] ?? 0)),
    week,
    true,
  );
  const sum = (place: number, of: (one: Level) => Float64Array) =>
    (of(days)[Math.floor(place / 24)] ?? 0) + (of(clock)[place % 24] ?? 0) + (of(cells)[place] ?? 0);
  return {
    mean,
    counts,
    effects: Float64Array.from(counts, (_, place) => sum(place, ({ effects }) => effects)),
    variances: Float64Array.from(counts, (_, place) => sum(place, ({ variances }) => variances)),
  };
}

interface Level {
  effects: Float64Array;
  variances: Float64Array;
}

/** Means of groups, shrunk by n/(n + k); k is the variance within groups by that between them (analysis of variance). */
function level(groups: Uint8Array, values: Float64Array, size: number, circular: boolean): Level {
  const counts = new Float64Array(size);
  const sums = new Float64Array(size);
  let squares = 0;
  values.forEach((value, post) => {
    const group = groups[post] ?? 0;
    counts[group] = (counts[group] ?? 0) + 1;
    sums[group] = (sums[group] ?? 0) + value;
    squares += value * value;
  });
  const total = values.length;
  const whole = sums.reduce((sum, one) => sum + one, 0);
  let between = 0;
  let countsSquared = 0;
  let used = 0;
  for (let group = 0; group < size; group += 1) {
    const n = counts[group] ?? 0;
    if (n === 0) continue;
    used += 1;
    between += (sums[group] ?? 0) ** 2 / n;
    countsSquared += n * n;
  }
  // With one post to a group nothing tells the two variances apart: then all of it counts as noise.
  const freedom = total - used;
  const overall = squares / total;
  const within = freedom >= 5 ? Math.max((squares - between) / freedom, 1e-9) : Math.max(overall, 1e-9);
  const each = used > 1 ? (total - countsSquared / total) / (used - 1) : 0;
  const spread = each > 0 && freedom >= 5 ? ((between - whole ** 2 / total) / (used - 1) - within) / each : 0;
  const among = Math.max(spread, 0);
  // The spread itself is an estimate: an interval that took «none found» for «none» would be too narrow.
  const unsure = among + (each > 0 ? (Math.sqrt(2 / (used - 1)) * within) / each : 0);

  const effects = new Float64Array(size);
  const variances = new Float64Array(size);
  for (let group = 0; group < size; group += 1) {
    const { sum, weight, weightSquared } = around(sums, counts, group, circular);
    const n = weightSquared > 0 ? weight ** 2 / weightSquared : 0;
    if (n > 0 && among > 0) effects[group] = (sum / weight) * (n / (n + within / among));
    variances[group] = unsure > 0 ? within / (n + within / unsure) : 0;
  }
  return { effects, variances };
}

/** A group with its neighbouring hours: after 23:00 comes midnight, after Sunday Monday. */
function around(sums: Float64Array, counts: Float64Array, group: number, circular: boolean) {
  const n = counts[group] ?? 0;
  let sum = sums[group] ?? 0;
  let weight = n;
  let weightSquared = n;
  if (circular) {
    for (const step of [-1, 1]) {
      const other = (group + step + sums.length) % sums.length;
      const m = counts[other] ?? 0;
      sum += neighbour * (sums[other] ?? 0);
      weight += neighbour * m;
      weightSquared += neighbour ** 2 * m;
    }
  }
  return { sum, weight, weightSquared };
}

interface Standing {
  /** By their own posts alone. */
  own: Float64Array;
  /** By their own, by those of their hour, or by those of their weekday, whichever is the most. */
  all: Float64Array;
}

/**
 * What the permutations compare: how many standard errors each slot stands over the mean. `apart`: slots that are left out
 * of their hour and their weekday.
 */
function contrasts(places: Uint8Array): (lifts: Float64Array, apart?: ReadonlySet<number>) => Standing {
  const held = new Float64Array(week);
  for (const place of places) held[place] = (held[place] ?? 0) + 1;
  const used = [...new Set(places)];
  return (lifts, apart = new Set()) => {
    const mean = average(lifts);
    const sums = new Float64Array(week);
    let squares = 0;
    for (let post = 0; post < lifts.length; post += 1) {
      const place = places[post] ?? 0;
      const lift = (lifts[post] ?? 0) - mean;
      sums[place] = (sums[place] ?? 0) + lift;
      squares += lift * lift;
    }
    const deviation = Math.max(Math.sqrt(squares / lifts.length), 1e-9);
    const standing = (of: Float64Array, counts: Float64Array, circular: boolean) =>
      of.map((_, group) => {
        const { sum, weightSquared } = around(of, counts, group, circular);
        return weightSquared < slotLeast ? 0 : sum / (deviation * Math.sqrt(weightSquared));
      });
    const grouped = (size: number, groupOf: (place: number) => number, circular: boolean) => {
      const [of, counts] = [new Float64Array(size), new Float64Array(size)];
      for (const place of used) {
        if (apart.has(place)) continue;
        const group = groupOf(place);
        of[group] = (of[group] ?? 0) + (sums[place] ?? 0);
        counts[group] = (counts[group] ?? 0) + (held[place] ?? 0);
      }
      return standing(of, counts, circular);
    };
    const days = grouped(7, (place) => Math.floor(place / 24), false);
    const hours = grouped(24, (place) => place % 24, true);
    const slots = standing(sums, held, true);
    const enough = (of: (place: number) => number) => held.map((n, place) => (n < slotLeast ? 0 : of(place)));
    return {
      own: enough((place) => slots[place] ?? 0),
      all: enough((place) =>
        Math.max(slots[place] ?? 0, hours[place % 24] ?? 0, days[Math.floor(place / 24)] ?? 0),
      ),
    };
  };
}

function correlation(a: readonly number[], b: readonly number[]): number | null {
  const [meanA, meanB] = [average(a), average(b)];
  let [both, onlyA, onlyB] = [0, 0, 0];
  a.forEach((value, index) => {
    const [da, db] = [value - meanA, (b[index] ?? 0) - meanB];
    both += da * db;
    onlyA += da * da;
    onlyB += db * db;
  });
  return onlyA < 1e-12 || onlyB < 1e-12 ? null : both / Math.sqrt(onlyA * onlyB);
}

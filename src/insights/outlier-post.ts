import type { Lift } from '../analytics/lift.ts';
import { deviation, median } from '../analytics/sample.ts';

export interface OutlierPost {
  post_key: string;
  published_at: string;
  direction: 'up' | 'down';
  /** Logarithms over the community's baseline, and the span that nine of ten other posts lie in. */
  lift: number;
  usualLow: number;
  usualHigh: number;
  /** Posts that it was set beside. */
  posts: number;
  /** How far beyond the least that is told, as a factor from 1. */
  strength: number;
}

const postsLeast = 20;
/** Deviations of the community's own posts. They have heavier tails than a bell curve. */
const deviationsLeast = 3.5;
/** It must go so much further than the furthest of the others. */
const beyond = 1.25;
/** Twice as much as usual, or half of it. */
const liftLeast = Math.LN2;
/** Where posts hardly differ, a tenth more or less is still nothing to talk of. */
const spreadLeast = 0.1;

/** Posts published since then that went far outside of what is usual for the community, the strongest first. */
export function findOutlierPosts(lifts: readonly Lift[], since: Date): OutlierPost[] {
  const others = lifts.length - 1;
  if (others < postsLeast) return [];
  const sorted = Float64Array.from(lifts, ({ lift }) => lift).sort();
  const at = (index: number) => sorted.at(index) ?? 0;
  // One post hardly moves these, so that they need not be reckoned anew for each.
  const middle = median(sorted);
  const spread = Math.max(deviation(sorted, middle), spreadLeast);
  const usualLow = at(Math.floor(0.05 * others));
  const usualHigh = at(Math.ceil(0.95 * others));
  return lifts
    .filter(({ published_at }) => Date.parse(published_at) >= since.getTime())
    .flatMap(({ post_key, published_at, lift }): OutlierPost[] => {
      const side = Math.sign(lift - middle);
      const away = Math.abs(lift - middle);
      const furthest = Math.max(0, side * (side > 0 ? at(-2) - middle : at(1) - middle));
      const isExtreme = lift === (side > 0 ? at(-1) : at(0));
      if (
        !isExtreme ||
        away < deviationsLeast * spread ||
        away < beyond * furthest ||
        side * lift < liftLeast
      ) {
        return [];
      }
      return [
        {
          post_key,
          published_at,
          direction: side > 0 ? 'up' : 'down',
          lift,
          usualLow,
          usualHigh,
          posts: others,
          strength: away / spread / deviationsLeast,
        },
      ];
    })
    .sort((a, b) => b.strength - a.strength);
}

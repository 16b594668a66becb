import { findBestTimes, postsLeast, type Response } from '../analytics/best-time.ts';

export interface DeadSlot {
  /** 0 is Monday, on the community's clock. */
  weekday: number;
  hour: number;
  /** Posts in this hour of the week. */
  uses: number;
  /** Logarithms over the average post, with a 90 % interval that lies below zero. */
  effect: number;
  low: number;
  high: number;
  p: number;
  /** Posts that were learnt from. */
  posts: number;
  /** How far beyond the least that is told, as a factor from 1. */
  strength: number;
}

const usesLeast = 6;
/** A habit that was given up is no advice. */
const lately = 28 * 86_400_000;
/** About a tenth less. */
const effectLeast = 0.1;

/**
 * Hours of the week that are used again and again and do worse than the others, the worst first: by the test of best
 * times, with better and worse changed over. `pause` as there.
 */
export async function findDeadSlots(
  posts: readonly Response[],
  now: Date,
  pause?: () => Promise<void>,
): Promise<DeadSlot[]> {
  if (posts.length < postsLeast) return [];
  const { slots } = await findBestTimes(
    posts.map((post) => ({ ...post, lift: -post.lift })),
    pause,
  );
  return slots
    .filter(
      ({ weekday, hour, n, low, effect, reliable }) =>
        reliable &&
        n >= usesLeast &&
        low > 0 &&
        effect >= effectLeast &&
        posts.some(
          (post) =>
            post.weekday === weekday && post.hour === hour && now.getTime() - post.at.getTime() < lately,
        ),
    )
    .sort((a, b) => b.effect - a.effect)
    .map(({ weekday, hour, n, effect, low, high, p }) => ({
      weekday,
      hour,
      uses: n,
      effect: -effect,
      low: -high,
      high: -low,
      p,
      posts: posts.length,
      strength: effect / effectLeast,
    }));
}

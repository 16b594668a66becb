export function average(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) sum += values[index] ?? 0;
  return values.length === 0 ? 0 : sum / values.length;
}

export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2;
}

/** The median distance from the median, scaled to be the standard deviation where the values are normal. */
export function deviation(values: ArrayLike<number>, middle = median(values)): number {
  return 1.4826 * median(Float64Array.from(values, (value) => Math.abs(value - middle)));
}

/** One post that went round the world must not make its hour: lifts end at three deviations around the median. */
export function tamed(lifts: readonly number[]): Float64Array {
  const middle = median(lifts);
  const spread = deviation(lifts, middle);
  if (spread === 0) return Float64Array.from(lifts);
  return Float64Array.from(lifts, (lift) =>
    Math.min(Math.max(lift, middle - 3 * spread), middle + 3 * spread),
  );
}

/** The same data get the same answer: mulberry32 over a seed, not the machine's chance. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Puts values into another order, in place. */
export function shuffle(values: Float64Array | Uint32Array, random: () => number): void {
  for (let last = values.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const kept = values[last] ?? 0;
    values[last] = values[other] ?? 0;
    values[other] = kept;
  }
}

/** What became of the publications of a network that came to their end. */
export interface Delivered {
  publications: number;
  /** Failed, or nobody knows whether they are there. */
  missing: number;
  /** Milliseconds from the due time to the network's «published», of those that went out by themselves. */
  delays: readonly number[];
}

export interface DeliveryTrouble {
  what: 'missing' | 'late';
  publications: number;
  /** Those that are missing, or were late. */
  affected: number;
  delayP95: number | null;
  usualPublications: number;
  usualMissing: number;
  usualDelayP95: number | null;
  /** How far beyond the least that is told, as a factor from 1. */
  strength: number;
}

/** Publications of the days before: with fewer nobody knows what is usual. */
const usualLeast = 20;
const affectedLeast = 3;
/** Of the day's publications. */
const shareLeast = 0.1;
/** How likely the day may be if nothing was wrong. */
const chanceMost = 0.001;
/** Late is what takes three times as long as 95 of 100 usually do, and half a minute at least. */
const times = 3;
const delayLeast = 30_000;

/** What was wrong with a day's deliveries, set beside the 30 days before it; empty: nothing. */
export function findDeliveryTrouble(
  day: Delivered,
  usual: { publications: number; missing: number; delayed: number; delayP95: number | null },
): DeliveryTrouble[] {
  const shown = {
    publications: day.publications,
    delayP95: quantile(day.delays, 0.95),
    usualPublications: usual.publications,
    usualMissing: usual.missing,
    usualDelayP95: usual.delayP95,
  };
  const found: DeliveryTrouble[] = [];
  if (usual.publications >= usualLeast) {
    const rate = (usual.missing + 1) / (usual.publications + 20);
    const strength = troubleOf(day.publications, day.missing, rate);
    if (strength) found.push({ what: 'missing', affected: day.missing, strength, ...shown });
  }
  if (usual.delayed >= usualLeast && usual.delayP95 !== null) {
    const limit = Math.max(times * usual.delayP95, delayLeast);
    const late = day.delays.filter((delay) => delay > limit).length;
    const strength = troubleOf(day.delays.length, late, 0.05);
    if (strength) found.push({ what: 'late', affected: late, strength, ...shown });
  }
  return found;
}

function troubleOf(publications: number, affected: number, rate: number): number | null {
  if (affected < affectedLeast || affected < shareLeast * publications) return null;
  const chance = atLeast(affected, publications, rate);
  return chance > chanceMost ? null : Math.log(Math.max(chance, 1e-30)) / Math.log(chanceMost);
}

/** The chance of `hits` or more in `tries` (binomial). */
function atLeast(hits: number, tries: number, rate: number): number {
  let term = tries * Math.log1p(-rate);
  let below = 0;
  for (let n = 0; n < hits; n += 1) {
    below += Math.exp(term);
    term += Math.log((tries - n) / (n + 1)) + Math.log(rate / (1 - rate));
  }
  return Math.max(1 - below, 0);
}

function quantile(values: readonly number[], part: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(part * sorted.length) - 1] ?? null;
}

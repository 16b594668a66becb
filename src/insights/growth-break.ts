import { average, deviation, median } from '../analytics/sample.ts';

/** A whole day of a community, on its own clock. null: nobody looked, or the network does not tell. */
export interface Day {
  date: string;
  /** At its end. */
  members: number | null;
  joins: number | null;
  leaves: number | null;
}

export interface GrowthBreak {
  figure: 'members' | 'joins' | 'leaves';
  /** More or less than usual; of members: growing faster or slower. */
  direction: 'up' | 'down';
  from: string;
  to: string;
  days: number;
  /** Of those days together. */
  value: number;
  /** What as many days usually bring. */
  usual: number;
  /** Days that were learnt from. */
  history: number;
  /** How far beyond the least that is told, as a factor from 1. */
  strength: number;
}

/** A sudden day, some odd ones, a new pace. */
const spans = [1, 3, 7] as const;
const historyLeast = 21;
const historyMost = 56;
/** Deviations from what is usual. Days are no draws from a bell curve: far more than a table of it would ask for. */
const deviationsLeast = 5;
/** It must go so much further than the furthest of the days that were learnt from: a weekly wave is no news. */
const beyond = 1.5;
/** Smaller changes are not worth a word: people, and by members. */
const sizeLeast = 10;
const shareLeast = 0.002;

/**
 * Whether the last days of a community differ from what was usual, by the change of members or, where they are told, by
 * joins and leaves; the strongest of such differences, or null. `days`: without a gap, oldest first, the last one whole.
 */
export function findGrowthBreak(days: readonly Day[]): GrowthBreak | null {
  const members = days.findLast((day) => day.members !== null)?.members ?? 0;
  const changes = days.map(({ members: now }, index) => {
    const before = days[index - 1]?.members ?? null;
    return now === null || before === null ? null : now - before;
  });
  const series = [
    ['members', changes],
    ['joins', days.map(({ joins }) => joins)],
    ['leaves', days.map(({ leaves }) => leaves)],
  ] as const;
  const found = series.flatMap(([figure, values]) =>
    spans.flatMap((span) => {
      const difference = differenceOf(values, span);
      const size = difference ? Math.abs(difference.value - difference.usual) : 0;
      if (!difference || size < Math.max(sizeLeast, shareLeast * members)) return [];
      const { value, usual } = difference;
      return {
        figure,
        direction: value > usual ? ('up' as const) : ('down' as const),
        from: days.at(-span)?.date ?? '',
        to: days.at(-1)?.date ?? '',
        days: span,
        ...difference,
      };
    }),
  );
  return found.reduce<GrowthBreak | null>(
    (most, one) => (most && most.strength >= one.strength ? most : one),
    null,
  );
}

function differenceOf(values: readonly (number | null)[], span: number) {
  const last = values.slice(-span).filter((value) => value !== null);
  const history = values
    .slice(0, -span)
    .filter((value) => value !== null)
    .slice(-historyMost);
  if (last.length < span || history.length < historyLeast) return null;
  const usual = median(history);
  const excess = average(last) - usual;
  const means = history.slice(span - 1).map((_, index) => average(history.slice(index, index + span)));
  const furthest = Math.max(0, ...means.map((mean) => Math.sign(excess) * (mean - usual)));
  // Counts of people vary by their root even where they happened to be the same for weeks.
  const spread = Math.max(deviation(history, usual), Math.sqrt(Math.max(Math.abs(usual), 1)));
  const deviations = Math.abs(excess) / Math.max(spread / Math.sqrt(span), deviation(means));
  if (deviations < deviationsLeast || Math.abs(excess) < beyond * furthest) return null;
  return {
    value: last.reduce((sum, one) => sum + one, 0),
    usual: usual * span,
    history: history.length,
    strength: deviations / deviationsLeast,
  };
}

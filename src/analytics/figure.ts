import * as v from 'valibot';

/** A number of a period beside that of the period before. null: the network did not tell, which is not zero. */
export const Figure = v.strictObject({
  value: v.nullable(v.number()),
  previous: v.nullable(v.number()),
  change: v.nullable(v.number()),
  change_percent: v.pipe(v.nullable(v.number()), v.description('null as well when it was zero before.')),
});
export type Figure = v.InferOutput<typeof Figure>;

/** A 64-bit integer of ClickHouse, which comes as text. */
export type Count = string | number | null;

export function numberOf(count: Count | undefined): number | null {
  return count === null || count === undefined ? null : Number(count);
}

export function figureOf(value: number | null, previous: number | null): Figure {
  const change = value === null || previous === null ? null : value - previous;
  return { value, previous, change, change_percent: percentOf(change, previous) };
}

/** Of several communities: a change is told of those alone that have both numbers, or a new one would count as growth. */
export function figureOfAll(figures: readonly Figure[]): Figure {
  const both = figures.filter(({ change }) => change !== null);
  const previous = sumOf(both.map((one) => one.previous));
  const change = sumOf(both.map((one) => one.change));
  return {
    value: sumOf(figures.map(({ value }) => value)),
    previous,
    change,
    change_percent: percentOf(change, previous),
  };
}

/** Of what is known; null when nothing is. */
export function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

/** A difference of logarithms as percent, to one decimal: 0.69 is 100. */
export function liftPercent(lift: number): number {
  return rounded(100 * Math.expm1(lift), 1);
}

export function rounded(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals;
}

function percentOf(change: number | null, previous: number | null): number | null {
  return change === null || previous === null || previous === 0
    ? null
    : rounded((100 * change) / previous, 1);
}

/** An axis: its first and last value, and where its labels stand. */
export interface Scale {
  from: number;
  to: number;
  ticks: number[];
}

/**
 * Round values around all of `values`: about `count` of them, steps of 1, 2 or 5 times a power of ten, never less than
 * one. `zero`: the axis begins at nothing, as that of bars must.
 */
export function scaleOf(values: readonly number[], count: number, zero: boolean): Scale {
  const least = zero ? Math.min(0, ...values) : Math.min(...values);
  const most = zero ? Math.max(0, ...values) : Math.max(...values);
  if (values.length === 0 || (zero && least === most)) return { from: 0, to: 1, ticks: [0, 1] };
  const step = Math.max(roundStep((most - least) / count), 1);
  // One value alone lies in the middle, not on an edge.
  const from = Math.floor((least === most ? least - step : least) / step) * step;
  const to = Math.ceil((least === most ? most + step : most) / step) * step;
  const ticks: number[] = [];
  for (let tick = from; tick <= to + step / 2; tick += step) ticks.push(tick);
  return { from, to, ticks };
}

function roundStep(raw: number): number {
  if (raw <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const share = raw / power;
  return (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10) * power;
}

/** Which of `count` points in a row get a label, so that there are `most` at the most, evenly apart. */
export function labelled(count: number, most: number): number[] {
  if (count <= 0) return [];
  const step = [1, 2, 5, 7, 14, 28, 56, 91, 182].find((days) => Math.ceil(count / days) <= most) ?? count;
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}

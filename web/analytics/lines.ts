/** A series of a chart. null: nothing is known there, and the line has a gap. */
export interface Line {
  label: string;
  values: readonly (number | null)[];
  /** Which of {@link looks}; its place among the lines unless told otherwise. */
  look?: number;
}

/** Lines differ by colour and by their dashes, for those who do not tell the colours apart. */
export const looks = [
  { colour: 'accent', dash: [] },
  { colour: 'info', dash: [7, 4] },
  { colour: 'warn', dash: [2, 3] },
  { colour: 'bad', dash: [10, 3, 2, 3] },
  { colour: 'ink', dash: [14, 4] },
  { colour: 'ink-soft', dash: [4, 4] },
] as const;

/** The look of what was before, beside what is now. */
export const before = 5;

export function lookOf(line: Line, index: number): (typeof looks)[number] {
  return looks[(line.look ?? index) % looks.length] ?? looks[0];
}

import { type Line, lookOf } from './lines.ts';

/** A piece of a line, for a legend. */
export function Sample({ line, index }: { line: Line; index: number }) {
  const { colour, dash } = lookOf(line, index);
  return (
    <svg width="28" height="8" aria-hidden="true" className="shrink-0">
      <line
        x1="0"
        x2="28"
        y1="4"
        y2="4"
        strokeWidth="2.5"
        strokeDasharray={dash.join(' ')}
        style={{ stroke: `var(--${colour})` }}
      />
    </svg>
  );
}

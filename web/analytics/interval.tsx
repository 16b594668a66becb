/** A lift with its 90 % interval on a line around «as usual»; the numbers stand beside it in words. */
export function Interval(props: { from: number; to: number; lift: number; most: number }) {
  const at = (percent: number) => 50 + 50 * Math.max(-1, Math.min(1, percent / props.most));
  const [from, to, lift] = [at(props.from), at(props.to), at(props.lift)];
  return (
    <svg
      viewBox="0 0 100 12"
      preserveAspectRatio="none"
      className="h-3 w-full min-w-20 overflow-visible"
      aria-hidden="true"
    >
      <line x1="0" x2="100" y1="6" y2="6" className="stroke-line" vectorEffect="non-scaling-stroke" />
      <line x1="50" x2="50" y1="0" y2="12" className="stroke-line-strong" vectorEffect="non-scaling-stroke" />
      <line
        x1={from}
        x2={Math.max(to, from + 0.5)}
        y1="6"
        y2="6"
        strokeWidth="3"
        className={props.lift >= 0 ? 'stroke-info' : 'stroke-warn'}
        vectorEffect="non-scaling-stroke"
      />
      <line
        x1={lift}
        x2={lift}
        y1="1"
        y2="11"
        strokeWidth="3"
        className="stroke-ink"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}

import 'uplot/dist/uPlot.min.css';
import { useEffect, useRef } from 'react';
import UPlot from 'uplot';
import { type Line, lookOf } from './lines.ts';

interface Props {
  /** What it shows, for those who do not see it. */
  label: string;
  /** Under the axis, one for each point; as many are shown as there is room for. */
  ticks: readonly string[];
  lines: readonly Line[];
  /** A number at the left axis. */
  tick(value: number): string;
  /** The axis begins at zero: for what is counted anew in every bucket. */
  fromZero: boolean;
  /** Nothing lies between two whole numbers. */
  whole: boolean;
  /** Bars beside one another in place of lines. */
  bars?: boolean;
  /** Which point the pointer is at. */
  onPoint(index: number | null): void;
}

/** uPlot, in the size of its box. Points stand at their number, so that no zone but the one of the ticks is met. */
export default function Plot({ label, ticks, lines, tick, fromZero, whole, bars = false, onPoint }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const told = useRef({ tick, onPoint });
  told.current = { tick, onPoint };
  useEffect(() => {
    const target = box.current;
    if (!target) return;
    const size = () => ({ width: target.clientWidth, height: target.clientHeight });
    const plot = new UPlot(
      {
        ...size(),
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
        padding: [10, 32, 0, 0],
        scales: {
          x: { time: false, range: () => widthOf(ticks.length, bars) },
          y: { range: bars ? withZero : fromZero ? fromZeroOn : around },
        },
        axes: [
          {
            stroke: () => colour('ink-soft'),
            grid: { show: false },
            ticks: { stroke: () => colour('line'), size: 4 },
            font,
            size: 34,
            space: 76,
            incrs: [1, 2, 3, 7, 14, 28, 56, 112, 224],
            values: (_, splits) => splits.map((at) => ticks[at] ?? ''),
          },
          {
            stroke: () => colour('ink-soft'),
            grid: { stroke: () => colour('line'), width: 1 },
            ticks: { show: false },
            font,
            space: 44,
            ...(whole && { incrs: wholeSteps }),
            size: (_, values) => 12 + 7 * Math.max(2, ...(values ?? []).map((text) => text.length)),
            values: (_, splits) => splits.map((value) => told.current.tick(value)),
          },
        ],
        series: [
          {},
          ...lines.map((line, index): UPlot.Series => {
            const { colour: name, dash } = lookOf(line, index);
            return {
              label: line.label,
              stroke: () => colour(name),
              width: 2,
              dash: [...dash],
              points: {
                size: 5,
                fill: () => colour(name),
                filter: (u, series, shown) => (shown ? null : lonely(u.data[series] ?? [])),
              },
              ...(bars && barsOf(ticks.length, index, lines.length, () => colour(name))),
            };
          }),
        ],
        hooks: { setCursor: [({ cursor }) => told.current.onPoint(cursor.idx ?? null)] },
      },
      [ticks.map((_, index) => index), ...lines.map(({ values }) => [...values])],
      target,
    );
    const resized = new ResizeObserver(() => plot.setSize(size()));
    resized.observe(target);
    // The colours are drawn, not styled.
    const themed = new MutationObserver(() => plot.redraw(false));
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    return () => {
      resized.disconnect();
      themed.disconnect();
      plot.destroy();
    };
  }, [ticks, lines, fromZero, whole, bars]);
  return <div ref={box} role="img" aria-label={label} className="size-full overflow-hidden" />;
}

const wholeSteps = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
);
const font = '12px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif';

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);
}

/** Points without a neighbour: no line would show them. */
function lonely(values: ArrayLike<number | null | undefined>): number[] {
  const isKnown = (index: number) => values[index] !== null && values[index] !== undefined;
  return Array.from(values, (_, index) => index).filter(
    (index) => isKnown(index) && !isKnown(index - 1) && !isKnown(index + 1),
  );
}

function widthOf(points: number, bars: boolean): UPlot.Range.MinMax {
  if (bars) return [-0.5, Math.max(points, 1) - 0.5];
  return points > 1 ? [0, points - 1] : [-1, 1];
}

/** One of several series of bars: they share seven tenths of the room of each point. */
function barsOf(points: number, index: number, of: number, fill: () => string): Partial<UPlot.Series> {
  const size = 0.7 / of / points;
  const starts = Array.from({ length: points }, (_, at) => (at + 0.15) / points + index * size);
  return {
    width: 0,
    fill,
    points: { show: false },
    paths: UPlot.paths.bars?.({
      disp: { x0: { unit: 2, values: () => starts }, size: { unit: 2, values: () => [size] } },
    }),
  };
}

function withZero(_: UPlot, low: number | null, high: number | null): UPlot.Range.MinMax {
  const [from, to] = [Math.min(low ?? 0, 0), Math.max(high ?? 1, 0)];
  return from === to ? [0, 1] : UPlot.rangeNum(from, to, 0.1, true);
}

function fromZeroOn(_: UPlot, _low: number | null, high: number | null): UPlot.Range.MinMax {
  return [0, UPlot.rangeNum(0, high || 1, 0.1, true)[1]];
}

function around(_: UPlot, low: number | null, high: number | null): UPlot.Range.MinMax {
  if (low === null || high === null) return [0, 1];
  return low === high ? [low - 1, high + 1] : UPlot.rangeNum(low, high, 0.1, true);
}

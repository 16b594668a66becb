import { ChartLine, Table2 } from 'lucide-react';
import { type ReactNode, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { useFormats } from '../parts/time.ts';
import { Plot } from './lazy-plot.tsx';
import type { Line } from './lines.ts';
import type { Point } from './points.ts';
import { Sample } from './sample.tsx';
import { Scrolling } from './scrolling.tsx';

interface Props {
  /** What it shows, for those who do not see it. */
  title: string;
  /** Of {@link usePoints}. These and the lines are the same arrays while they say the same: others are drawn anew. */
  points: readonly Point[];
  lines: readonly Line[];
  /** How a value is written; as a whole number unless told otherwise. */
  format?: (value: number) => string;
  fromZero?: boolean;
  /** What stands here is of what was chosen before. */
  stale?: boolean;
  children?: ReactNode;
}

/** Lines over time, with a legend that tells the values at the pointer, and the same numbers as a table. */
export function Chart({ title, points, lines, format, fromZero = false, stale, children }: Props) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const [table, setTable] = useState(false);
  const [at, setAt] = useState<number | null>(null);
  const ticks = useMemo(() => points.map(({ tick }) => tick), [points]);
  const written = format ?? ((value: number) => formats.number(value, { maximumFractionDigits: 2 }));
  const tick = (value: number) =>
    format
      ? format(value)
      : formats.number(value, Math.abs(value) >= 100_000 ? { notation: 'compact' } : undefined);
  return (
    <div className={cx('flex flex-col gap-2', stale && 'opacity-60')}>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <ul className="flex min-w-0 flex-wrap gap-x-4 gap-y-1">
          {lines.map((line, index) => (
            <li key={line.label} className="flex items-center gap-2 text-[13px]">
              <Sample line={line} index={index} />
              <span className="text-ink-soft">{line.label}</span>
              {at !== null && (
                <span className="font-medium tabular-nums">
                  {line.values[at] === null || line.values[at] === undefined ? '—' : written(line.values[at])}
                </span>
              )}
            </li>
          ))}
        </ul>
        <div className="ml-auto flex flex-wrap items-center justify-end gap-x-4">
          <span className="text-[13px] text-ink-soft tabular-nums">{at !== null && points[at]?.name}</span>
          <Button
            small
            look="quiet"
            icon={table ? ChartLine : Table2}
            aria-pressed={table}
            onClick={() => setTable(!table)}
          >
            {t('as_table')}
          </Button>
        </div>
      </div>
      <div className="h-64">
        {table ? (
          <Scrolling label={title} className="h-full">
            <Numbers title={title} points={points} lines={lines} written={written} />
          </Scrolling>
        ) : (
          <Plot
            label={`${title}. ${t('table_hint')}`}
            ticks={ticks}
            lines={lines}
            tick={tick}
            fromZero={fromZero}
            whole={!format}
            onPoint={setAt}
          />
        )}
      </div>
      {children}
    </div>
  );
}

interface NumbersProps extends Pick<Props, 'title' | 'points' | 'lines'> {
  written(value: number): string;
}

function Numbers({ title, points, lines, written }: NumbersProps) {
  const { t } = useTranslation('analytics');
  return (
    <table className="w-full text-right tabular-nums">
      <caption className="sr-only">{title}</caption>
      <thead className="sticky top-0 bg-panel">
        <tr className="border-b border-line">
          <th scope="col" className="py-1.5 pr-4 text-left font-medium">
            {t('when')}
          </th>
          {lines.map(({ label }) => (
            <th key={label} scope="col" className="py-1.5 pl-4 font-medium">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {points.map(({ at, name }, index) => (
          <tr key={at} className="border-b border-line last:border-0">
            <th scope="row" className="py-1.5 pr-4 text-left font-normal whitespace-nowrap text-ink-soft">
              {name}
            </th>
            {lines.map(({ label, values }) => {
              const value = values[index];
              return (
                <td key={label} className="py-1.5 pl-4">
                  {value === null || value === undefined ? '—' : written(value)}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

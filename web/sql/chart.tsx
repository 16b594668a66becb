import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Plot } from '../analytics/lazy-plot.tsx';
import { type Line, lookOf } from '../analytics/lines.ts';
import { Sample } from '../analytics/sample.tsx';
import { Checkbox, Field, Select } from '../parts/field.tsx';
import { useFormats } from '../parts/time.ts';
import type { Answer } from './run.ts';
import { isNumeric, written } from './types.ts';

/** Lines that can be told apart. */
const linesMost = 6;
/** Points that a screen has room for. */
const pointsMost = { line: 5_000, bars: 200 } as const;

/** Columns of an answer as lines or bars, a point a row. */
export function Chart({ answer }: { answer: Answer }) {
  const { t } = useTranslation('sql');
  const formats = useFormats();
  const { columns, rows } = answer;
  const numeric = columns.flatMap(({ type }, index) => (isNumeric(type) ? [index] : []));
  const [kind, setKind] = useState<'line' | 'bars'>('line');
  const [x, setX] = useState(() =>
    Math.max(
      columns.findIndex(({ type }) => !isNumeric(type)),
      0,
    ),
  );
  const [ys, setYs] = useState<readonly number[]>(() => numeric.filter((index) => index !== x).slice(0, 1));
  const [at, setAt] = useState<number | null>(null);
  const most = pointsMost[kind];
  const shown = useMemo(() => rows.slice(0, most), [rows, most]);
  const ticks = useMemo(() => shown.map((row) => shortened(written(row[x]) ?? '—')), [shown, x]);
  const lines = useMemo(
    () =>
      ys.map(
        (index): Line => ({
          label: columns[index]?.name ?? '',
          values: shown.map((row) => numberOf(row[index])),
        }),
      ),
    [ys, columns, shown],
  );
  if (numeric.length === 0) return <p className="text-ink-soft">{t('chart_none')}</p>;
  const tick = (value: number) =>
    formats.number(value, {
      maximumFractionDigits: 2,
      ...(Math.abs(value) >= 100_000 && { notation: 'compact' }),
    });
  const toggle = (index: number) =>
    setYs(ys.includes(index) ? ys.filter((one) => one !== index) : [...ys, index].slice(-linesMost));
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-start gap-4">
        <Field label={t('chart_kind')} className="w-36">
          <Select value={kind} onChange={(event) => setKind(event.target.value as typeof kind)}>
            <option value="line">{t('line')}</option>
            <option value="bars">{t('bars')}</option>
          </Select>
        </Field>
        <Field label={t('chart_x')} className="w-48">
          <Select value={x} onChange={(event) => setX(Number(event.target.value))}>
            {columns.map(({ name }, index) => (
              <option key={`${index}${name}`} value={index}>
                {name}
              </option>
            ))}
          </Select>
        </Field>
        <fieldset>
          <legend className="mb-1.5 font-medium">{t('chart_y')}</legend>
          <div className="flex min-h-10 flex-wrap items-center gap-x-4 gap-y-1">
            {numeric.map((index) => (
              <Checkbox
                key={index}
                checked={ys.includes(index)}
                onChange={() => toggle(index)}
                label={columns[index]?.name}
              />
            ))}
          </div>
        </fieldset>
      </div>
      {lines.length === 0 ? (
        <p className="text-ink-soft">{t('chart_choose')}</p>
      ) : (
        <>
          <ul className="flex flex-wrap items-center gap-x-5 gap-y-1 text-[13px]">
            {lines.map((line, index) => (
              <li key={line.label} className="flex items-center gap-2">
                {kind === 'line' ? (
                  <Sample line={line} index={index} />
                ) : (
                  <span
                    aria-hidden
                    className="h-3 w-4 rounded-sm"
                    style={{ background: `var(--${lookOf(line, index).colour})` }}
                  />
                )}
                <span className="text-ink-soft">{line.label}</span>
                {at !== null && (
                  <span className="font-medium tabular-nums">
                    {line.values[at] == null
                      ? '—'
                      : formats.number(line.values[at], { maximumFractionDigits: 4 })}
                  </span>
                )}
              </li>
            ))}
            <li className="ml-auto text-ink-soft tabular-nums">{at !== null && ticks[at]}</li>
          </ul>
          <div className="h-80">
            <Plot
              label={t('chart_of', { names: lines.map(({ label }) => label).join(', ') })}
              ticks={ticks}
              lines={lines}
              tick={tick}
              fromZero={false}
              whole={false}
              bars={kind === 'bars'}
              onPoint={setAt}
            />
          </div>
          {rows.length > most && (
            <p className="text-[13px] text-ink-soft">{t('chart_cut', { shown: formats.number(most) })}</p>
          )}
        </>
      )}
    </div>
  );
}

/** What is no number, infinite ones among them, is a gap. */
function numberOf(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

function shortened(text: string): string {
  // Midnights say nothing.
  const short = text.replace(/ 00:00:00(\.0+)?$/, '').replace(/\.000$/, '');
  return short.length > 24 ? `${short.slice(0, 23)}…` : short;
}

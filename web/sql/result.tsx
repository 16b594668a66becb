import { ChartLine, CircleAlert, Download, Table2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Failed } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { Chart } from './chart.tsx';
import { type Answer, rowsShown, SqlError } from './run.ts';
import { Table } from './table.tsx';

interface Props {
  answer: Answer;
  /** Another query is under way. */
  stale: boolean;
  csv(): void;
  saving: boolean;
}

/** What a query answered, as a table or drawn. */
export function Result({ answer, stale, csv, saving }: Props) {
  const { t } = useTranslation('sql');
  const formats = useFormats();
  const [view, setView] = useState<'table' | 'chart'>('table');
  const { rows, columns, cut, seconds, text } = answer;
  const views = [
    ['table', Table2],
    ['chart', ChartLine],
  ] as const;
  return (
    <div className={cx('flex flex-col gap-3', stale && 'opacity-60')}>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <p role="status" className="text-ink-soft tabular-nums">
          {text === null && `${t('rows', { count: rows.length, shown: formats.number(rows.length) })} · `}
          {t('took', { seconds: formats.number(seconds, { maximumFractionDigits: 3 }) })}
        </p>
        {text === null && rows.length > 0 && (
          <fieldset className="ml-auto flex rounded-lg border border-line p-0.5">
            <legend className="sr-only">{t('as')}</legend>
            {views.map(([name, Icon]) => (
              <Button
                key={name}
                small
                look="quiet"
                icon={Icon}
                aria-pressed={view === name}
                onClick={() => setView(name)}
                className={cx('h-7', view === name && 'bg-sunken text-ink')}
              >
                {t(`as_${name}`)}
              </Button>
            ))}
          </fieldset>
        )}
        {text === null && columns.length > 0 && (
          <Button small icon={Download} busy={saving} onClick={csv}>
            {t('csv')}
          </Button>
        )}
      </div>
      {cut && <p className="text-[13px] text-warn">{t('cut', { shown: formats.number(rowsShown) })}</p>}
      {text !== null ? (
        <pre className="max-h-[60vh] overflow-auto rounded-lg border border-line p-3 text-[13px]">{text}</pre>
      ) : rows.length === 0 ? (
        <p className="rounded-lg border border-dashed border-line-strong p-6 text-center text-ink-soft">
          {t('no_rows')}
        </p>
      ) : view === 'table' ? (
        <Table answer={answer} />
      ) : (
        <Chart key={columns.map(({ name }) => name).join()} answer={answer} />
      )}
    </div>
  );
}

/** Why a query was refused: in the words of the page, or in the engine's own. */
export function Refused({
  error,
  goTo,
}: {
  error: Error;
  goTo(place: { line: number; column: number }): void;
}) {
  const { t } = useTranslation('sql');
  if (!(error instanceof SqlError)) return <Failed error={error} />;
  const { place, code, type, message, byEngine } = error;
  return (
    <div
      role="alert"
      className="flex flex-col items-start gap-2 rounded-xl border border-bad bg-bad-soft p-4"
    >
      <p className="flex items-center gap-2 font-medium">
        <CircleAlert className="size-4 text-bad" aria-hidden />
        {t('error')}
      </p>
      {byEngine ? (
        <>
          <p>{t('engine_says')}</p>
          <p className="font-mono text-[13px] break-words whitespace-pre-wrap" lang="en">
            {message}
          </p>
        </>
      ) : (
        <p className="break-words whitespace-pre-wrap">{message}</p>
      )}
      <div className="flex flex-wrap items-center gap-3">
        {place && (
          <Button small onClick={() => goTo(place)}>
            {t('go_to', { ...place })}
          </Button>
        )}
        <span className="text-[13px] text-ink-soft">{t('error_code', { code, type })}</span>
      </div>
    </div>
  );
}

import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { cx } from '../parts/class.ts';
import { NetworkMark } from '../parts/network.tsx';
import { useFormats } from '../parts/time.ts';
import { type Figure, UnknownNote } from './figure.tsx';
import type { CompareMetric, Comparison } from './queries.ts';
import { Scrolling } from './scrolling.tsx';
import { chosenMost, digits, standings } from './standings.ts';

type Row = Comparison['data'][number];

interface Props {
  comparison: Comparison;
  rows: readonly Row[];
  chosen: readonly string[];
  onChoose(ids: readonly string[]): void;
}

/** All communities by rank, each figure with that of the period before under it. */
export function CompareTable({ comparison, rows, chosen, onChoose }: Props) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const { metric, quartiles, known } = comparison;
  const number = (value: number) => formats.number(value, exact(metric));
  const heading = 'px-3 py-1.5 font-medium';
  return (
    <div className="flex flex-col gap-2">
      <Scrolling label={t('communities')}>
        <table className="w-full text-right tabular-nums">
          <caption className="sr-only">{t('compare.table', { figure: t(`standing.${metric}`) })}</caption>
          <thead>
            <tr className="border-b border-line align-bottom">
              <th scope="col" className="sticky left-0 bg-panel py-1.5 pr-3 text-left font-medium">
                {t('compare.chosen')}
              </th>
              <th scope="col" className={heading}>
                {t('compare.rank')}
              </th>
              {standings.map((one) => (
                <th
                  key={one}
                  scope="col"
                  className={cx(heading, one === metric ? 'bg-accent-soft' : 'text-ink-soft')}
                >
                  {t(`standing.${one}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => {
              const isChosen = chosen.includes(row.id);
              return (
                <tr key={row.id} className="border-b border-line last:border-0">
                  <th scope="row" className="sticky left-0 bg-panel py-2.5 pr-3 text-left font-medium">
                    <span className="flex items-center gap-2.5">
                      <input
                        type="checkbox"
                        aria-label={t('compare.draw', { title: row.title })}
                        className="size-4 shrink-0 accent-accent"
                        checked={isChosen}
                        disabled={!isChosen && chosen.length >= chosenMost}
                        onChange={() =>
                          onChoose(isChosen ? chosen.filter((id) => id !== row.id) : [...chosen, row.id])
                        }
                      />
                      <NetworkMark network={row.network} />
                      <Link href={`/analytics/${row.id}`} className="max-w-44 truncate hover:underline">
                        {row.title}
                      </Link>
                    </span>
                  </th>
                  <td className="px-3 py-2.5">{row.rank ?? '—'}</td>
                  {standings.map((one) => (
                    <td
                      key={one}
                      className={cx('px-3 py-2.5 whitespace-nowrap', one === metric && 'bg-accent-soft')}
                    >
                      <Both figure={row[one]} metric={one} />
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scrolling>
      {quartiles && (
        <p className="text-[13px] text-ink-soft tabular-nums">
          {t('compare.quartiles', {
            count: known,
            lower: number(quartiles.lower),
            middle: number(quartiles.middle),
            upper: number(quartiles.upper),
          })}
        </p>
      )}
      <UnknownNote of={rows.flatMap((row) => standings.map((one) => row[one].value))} />
    </div>
  );
}

const exact = (metric: CompareMetric) => ({
  minimumFractionDigits: digits[metric],
  maximumFractionDigits: digits[metric],
});

function Both({ figure: { value, previous }, metric }: { figure: Figure; metric: CompareMetric }) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const written = (one: number | null) => (one === null ? '—' : formats.number(one, exact(metric)));
  return (
    <>
      <span className="block">{written(value)}</span>
      <span className="block text-[13px] text-ink-soft">
        <span className="sr-only">{t('period_before')}: </span>
        {written(previous)}
      </span>
    </>
  );
}

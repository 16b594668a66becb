import { ArrowDown, ArrowUp, ArrowUpDown } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { cx } from '../parts/class.ts';
import { NetworkMark } from '../parts/network.tsx';
import { Change, Known, UnknownNote } from './figure.tsx';
import type { Overview } from './queries.ts';
import { Scrolling } from './scrolling.tsx';
import { metrics } from './tiles.tsx';

type Column = 'title' | (typeof metrics)[number];
interface Order {
  by: Column;
  descending: boolean;
}

/** The communities with their figures, in the order of any of them; what is not known comes last. */
export function Ranking({ overview, search }: { overview: Overview; search: string }) {
  const { t, i18n } = useTranslation('analytics');
  const [order, setOrder] = useState<Order>({ by: 'views', descending: true });
  const rows = overview.communities.toSorted((a, b) => compare(a, b, order, i18n.language));
  const sortBy = (by: Column) =>
    setOrder({ by, descending: by === order.by ? !order.descending : by !== 'title' });
  return (
    <div className="flex flex-col gap-2">
      <Scrolling label={t('communities')}>
        <table className="w-full text-right">
          <caption className="sr-only">{t('communities')}</caption>
          <thead>
            <tr className="border-b border-line">
              {(['title', ...metrics] as const).map((column) => (
                <Heading key={column} column={column} order={order} onSort={() => sortBy(column)} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.id} className="border-b border-line last:border-0">
                <th scope="row" className="sticky left-0 bg-panel py-2.5 pr-3 text-left font-medium">
                  <Link
                    href={`/analytics/${row.id}${search}`}
                    className="flex max-w-52 items-center gap-2 hover:underline"
                  >
                    <NetworkMark network={row.network} />
                    <span className="truncate">{row.title}</span>
                  </Link>
                </th>
                {metrics.map((metric) => (
                  <td key={metric} className="py-2.5 pl-4 align-top whitespace-nowrap">
                    <Known value={row[metric].value} />
                    <br />
                    <Change brief figure={row[metric]} neutral={metric === 'posts'} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolling>
      <UnknownNote of={rows.flatMap((row) => metrics.map((metric) => row[metric].value))} />
    </div>
  );
}

function Heading({ column, order, onSort }: { column: Column; order: Order; onSort(): void }) {
  const { t } = useTranslation('analytics');
  const isFirst = column === 'title';
  const isChosen = order.by === column;
  const Icon = isChosen ? (order.descending ? ArrowDown : ArrowUp) : ArrowUpDown;
  return (
    <th
      scope="col"
      aria-sort={isChosen ? (order.descending ? 'descending' : 'ascending') : 'none'}
      className={cx('font-medium', isFirst ? 'sticky left-0 bg-panel pr-3 text-left' : 'pl-4')}
    >
      <button
        type="button"
        onClick={onSort}
        className={cx(
          'inline-flex items-center gap-1 py-1.5 whitespace-nowrap hover:text-ink',
          !isChosen && 'text-ink-soft',
        )}
      >
        {isFirst ? t('community') : t(`metric.${column}`)}
        <Icon className={cx('size-3.5', !isChosen && 'opacity-50')} aria-hidden />
      </button>
    </th>
  );
}

type Row = Overview['communities'][number];

function compare(a: Row, b: Row, { by, descending }: Order, language: string): number {
  const sign = descending ? -1 : 1;
  if (by === 'title') return sign * a.title.localeCompare(b.title, language);
  const [x, y] = [a[by].value, b[by].value];
  if (x === null || y === null) return Number(x === null) - Number(y === null);
  return sign * (x - y) || a.title.localeCompare(b.title, language);
}

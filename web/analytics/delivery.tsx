import { Send } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { NetworkMark, networkTitle } from '../parts/network.tsx';
import { Empty, Failed, Panel, Skeleton } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { periods, useChoice } from './address.ts';
import { ByDay } from './delivery-by-day.tsx';
import { useSeconds } from './duration.ts';
import { AnalyticsPage, DaysChoice } from './frame.tsx';
import { type Delivery, useDelivery } from './queries.ts';
import { Scrolling } from './scrolling.tsx';

export default function DeliveryPage() {
  const { t } = useTranslation('analytics');
  const [days, setDays] = useChoice('days', periods, '30');
  const delivery = useDelivery(days);
  const { data } = delivery;
  return (
    <AnalyticsPage>
      <DaysChoice options={periods} value={days} onChange={setDays} />
      {delivery.error && <Failed error={delivery.error} again={() => delivery.refetch()} />}
      {!data && !delivery.error && (
        <>
          <Skeleton className="h-32" />
          <Skeleton className="h-60" />
        </>
      )}
      {data?.all.publications === 0 && (
        <Empty icon={Send} title={t('delivery.none')} text={t('delivery.none_text')} />
      )}
      {data && data.all.publications > 0 && (
        <>
          <Punctuality outcomes={data.all} />
          <Panel title={t('delivery.outcomes')}>
            <Networks delivery={data} />
          </Panel>
          <ByDay days={days} />
        </>
      )}
    </AnalyticsPage>
  );
}

type Outcomes = Delivery['all'];

/** How long after its time a post was out, in words. */
function Punctuality({ outcomes }: { outcomes: Outcomes }) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const seconds = useSeconds();
  const { delay_ms: delay } = outcomes;
  const known = ([50, 95, 99] as const).flatMap((part) => {
    const value = delay[`p${part}`];
    return value === null ? [] : [{ part, value }];
  });
  const kept = outcomes.published + outcomes.failed + outcomes.unconfirmed;
  return (
    <Panel title={t('delivery.punctuality')}>
      <p className="max-w-prose text-base">
        {delay.p95 === null
          ? t('delivery.no_delay')
          : t('delivery.on_time', { within: seconds(delay.p95), count: delay.publications })}{' '}
        {kept > 0 &&
          t('delivery.arrived', {
            percent: formats.number(outcomes.published / kept, {
              style: 'percent',
              maximumFractionDigits: 2,
            }),
            count: kept,
          })}
      </p>
      {known.length > 0 && (
        <dl className="mt-4 flex flex-wrap gap-x-10 gap-y-3">
          {known.map(({ part, value }) => (
            <div key={part}>
              <dt className="text-[13px] text-ink-soft">{t(`delivery.p${part}`)}</dt>
              <dd className="text-2xl font-semibold tracking-tight tabular-nums">{seconds(value)}</dd>
            </div>
          ))}
        </dl>
      )}
      <p className="mt-3 max-w-prose text-[13px] text-ink-soft">{t('delivery.delay_note')}</p>
    </Panel>
  );
}

const columns = [
  'publications',
  'published',
  'failed',
  'unconfirmed',
  'held',
  'cancelled',
  'waiting',
  'retries',
] as const;

function Networks({ delivery }: { delivery: Delivery }) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const seconds = useSeconds();
  const rows = [
    ...delivery.networks,
    ...(delivery.networks.length > 1 ? [{ network: null, ...delivery.all }] : []),
  ];
  return (
    <Scrolling label={t('delivery.outcomes')}>
      <table className="w-full text-right tabular-nums">
        <caption className="sr-only">{t('delivery.outcomes')}</caption>
        <thead>
          <tr className="border-b border-line">
            <th scope="col" className="sticky left-0 bg-panel py-1.5 pr-4 text-left font-medium">
              {t('network')}
            </th>
            {columns.map((column) => (
              <th key={column} scope="col" className="py-1.5 pl-4 font-medium">
                {t(`delivery.${column}`)}
              </th>
            ))}
            <th scope="col" className="py-1.5 pl-4 font-medium">
              {t('delivery.p95')}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.network} className="border-b border-line last:border-0">
              <th scope="row" className="sticky left-0 bg-panel py-2.5 pr-4 text-left font-medium">
                {row.network === null ? (
                  t('delivery.all')
                ) : (
                  <span className="flex items-center gap-2">
                    <NetworkMark network={row.network} />
                    {networkTitle(row.network)}
                  </span>
                )}
              </th>
              {columns.map((column) => (
                <td key={column} className="py-2.5 pl-4">
                  {formats.number(row[column])}
                </td>
              ))}
              <td className="py-2.5 pl-4 whitespace-nowrap">
                {row.delay_ms.p95 === null ? '—' : seconds(row.delay_ms.p95)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}

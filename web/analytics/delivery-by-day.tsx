import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { networkTitle } from '../parts/network.tsx';
import { Failed, Panel, Skeleton } from '../parts/page.tsx';
import type { Period } from './address.ts';
import { Chart } from './chart.tsx';
import { Choice } from './choice.tsx';
import { usePoints } from './points.ts';
import { useDeliveryDays } from './queries.ts';

const figures = ['publications', 'missing', 'retries'] as const;
type Figure = (typeof figures)[number];

/** What was sent again, did not arrive or was due, day by day, a line for each network. */
export function ByDay({ days }: { days: Period }) {
  const { t } = useTranslation('analytics');
  const [figure, setFigure] = useState<Figure>('publications');
  const delivery = useDeliveryDays(days);
  const { data } = delivery;
  const points = usePoints(data?.networks[0]?.data, 'day', data?.timezone);
  const lines = useMemo(
    () =>
      data?.networks.map(({ network, data: each }) => ({
        label: networkTitle(network),
        values: each.map((one) => one[figure]),
      })) ?? [],
    [data, figure],
  );
  const title = t('delivery.by_day');
  return (
    <Panel
      title={title}
      actions={
        <Choice<Figure>
          legend={t('metric_choice')}
          options={figures}
          value={figure}
          onChange={setFigure}
          wordOf={(one) => t(`delivery.${one}`)}
        />
      }
    >
      {delivery.error && <Failed error={delivery.error} again={() => delivery.refetch()} />}
      {!data && !delivery.error && <Skeleton className="h-76" />}
      {data && (
        <Chart
          title={`${title}: ${t(`delivery.${figure}`)}`}
          points={points}
          lines={lines}
          fromZero
          stale={delivery.isPlaceholderData}
        >
          <p className="text-[13px] text-ink-soft">{t('workspace_zone', { zone: data.timezone })}</p>
        </Chart>
      )}
    </Panel>
  );
}

import { Users } from 'lucide-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Empty, Failed, Panel, Skeleton } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { periods, useChoice } from './address.ts';
import { Chart } from './chart.tsx';
import type { TabProps } from './community.tsx';
import { Change } from './figure.tsx';
import { DaysChoice } from './frame.tsx';
import { usePoints } from './points.ts';
import { type Growth, useGrowth } from './queries.ts';

type Series = 'members' | 'joins' | 'leaves' | 'visitors' | 'reach' | 'views';
const groups = [
  ['flow', ['joins', 'leaves']],
  ['audience', ['visitors', 'reach', 'views']],
] as const satisfies [string, Series[]][];

/** How many members there are, who came and went, and who looked in. */
export function GrowthTab({ id, zone }: TabProps) {
  const { t } = useTranslation('analytics');
  const [days, setDays] = useChoice('days', periods, '30');
  const growth = useGrowth(id, { days, grain: days === '365' ? 'week' : 'day' });
  const { data } = growth;
  const isKnown = (name: Series) => data?.data.some((one) => one[name] !== null) ?? false;
  return (
    <>
      <DaysChoice options={periods} value={days} onChange={setDays} />
      {growth.error && <Failed error={growth.error} again={() => growth.refetch()} />}
      {!data && !growth.error && <Skeleton className="h-96" />}
      {data && !isKnown('members') && (
        <Empty icon={Users} title={t('growth.none')} text={t('growth.none_text')} />
      )}
      {data && isKnown('members') && (
        <Panel title={t('metric.members')}>
          <Summary growth={data} days={Number(days)} />
          <Lines
            growth={data}
            names={['members']}
            title={t('metric.members')}
            stale={growth.isPlaceholderData}
          />
        </Panel>
      )}
      {data &&
        groups.map(([group, names]) =>
          names.some(isKnown) ? (
            <Panel key={group} title={t(`growth.${group}`)}>
              <Lines
                growth={data}
                names={names.filter(isKnown)}
                title={t(`growth.${group}`)}
                fromZero
                stale={growth.isPlaceholderData}
              />
            </Panel>
          ) : null,
        )}
      <p className="text-[13px] text-ink-soft">
        {data && isKnown('members') && !isKnown('joins') && `${t('growth.no_flow')} `}
        {data && isKnown('members') && !isKnown('reach') && `${t('growth.no_audience')} `}
        {t('zone_note', { zone })}
      </p>
    </>
  );
}

interface LinesProps {
  growth: Growth;
  names: readonly Series[];
  title: string;
  fromZero?: boolean;
  stale: boolean;
}

function Lines({ growth, names, title, fromZero, stale }: LinesProps) {
  const { t } = useTranslation('analytics');
  const points = usePoints(growth.data, growth.grain, growth.timezone);
  const wanted = names.join();
  const lines = useMemo(
    () =>
      (wanted.split(',') as Series[]).map((name) => ({
        label: t(`metric.${name}`),
        values: growth.data.map((one) => one[name]),
      })),
    [growth, wanted, t],
  );
  return <Chart title={title} points={points} lines={lines} stale={stale} {...(fromZero && { fromZero })} />;
}

/** «1,284 members, +34 in 30 days». */
function Summary({ growth, days }: { growth: Growth; days: number }) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const known = growth.data.filter(({ members }) => members !== null);
  const now = known.at(-1)?.members ?? 0;
  const changes = growth.data.flatMap(({ change }) => (change === null ? [] : [change]));
  const change = changes.reduce((sum, one) => sum + one, 0);
  const previous = now - change;
  const figure = {
    value: now,
    previous,
    change,
    change_percent: previous > 0 ? (100 * change) / previous : null,
  };
  return (
    <p className="mb-3 flex flex-wrap items-baseline gap-x-3">
      <span className="text-2xl font-semibold tracking-tight tabular-nums">{formats.number(now)}</span>
      {changes.length > 0 && <Change figure={figure} />}
      <span className="text-[13px] text-ink-soft">
        {changes.length > 0 ? t('growth.in_days', { count: days }) : t('growth.no_change_known')}
      </span>
    </p>
  );
}

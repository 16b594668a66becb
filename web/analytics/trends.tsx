import { useQuery } from '@tanstack/react-query';
import { ChartLine } from 'lucide-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Checkbox, Select } from '../parts/field.tsx';
import { Empty, Failed, Panel, Skeleton } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { periods, useChoice } from './address.ts';
import { Chart } from './chart.tsx';
import { Choice } from './choice.tsx';
import type { TabProps } from './community.tsx';
import { Change, Known } from './figure.tsx';
import { DaysChoice } from './frame.tsx';
import { before, type Line } from './lines.ts';
import { usePoints } from './points.ts';
import { type Trend, trendQuery } from './queries.ts';
import { spansOf } from './span.ts';

const metrics = [
  'views',
  'posts',
  'reach',
  'reactions',
  'comments',
  'shares',
  'clicks',
  'members',
  'joins',
  'leaves',
  'visitors',
] as const satisfies Trend['metric'][];
const grains = ['hour', 'day', 'week', 'month'] as const;

/** One figure over time, and the same time before it as a second line. */
export function TrendsTab({ id, zone }: TabProps) {
  const { t } = useTranslation('analytics');
  const [days, setDays] = useChoice('days', periods, '30');
  const [metric, setMetric] = useChoice('metric', metrics, 'views');
  const [asked, setGrain] = useChoice('grain', grains, 'day');
  const [compared, setCompared] = useChoice('compare', ['yes', 'no'], 'yes');
  // A year by the hour is more than anybody can look at, and than the server tells.
  const possible = grains.filter((grain) => grain !== 'hour' || days === '7');
  const grain = possible.find((one) => one === asked) ?? 'day';
  const { current, previous } = useMemo(() => spansOf(Number(days), grain, zone), [days, grain, zone]);
  const now = useQuery(trendQuery(id, { metric, grain, ...current }));
  const then = useQuery({
    ...trendQuery(id, { metric, grain, ...previous }),
    enabled: compared === 'yes',
  });
  const error = now.error ?? (compared === 'yes' ? then.error : null);
  const again = () => {
    now.refetch();
    then.refetch();
  };
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <Select
          aria-label={t('metric_choice')}
          value={metric}
          onChange={({ target }) => setMetric(metrics.find((one) => one === target.value) ?? 'views')}
          className="h-8 w-auto py-0 text-[13px]"
        >
          {metrics.map((one) => (
            <option key={one} value={one}>
              {t(`metric.${one}`)}
            </option>
          ))}
        </Select>
        <DaysChoice options={periods} value={days} onChange={setDays} />
        <Choice
          legend={t('grain_choice')}
          options={possible}
          value={grain}
          wordOf={(one) => t(`grain.${one}`)}
          onChange={setGrain}
        />
        <Checkbox
          label={t('with_before')}
          checked={compared === 'yes'}
          onChange={({ target }) => setCompared(target.checked ? 'yes' : 'no')}
        />
      </div>
      {error && <Failed error={error} again={again} />}
      <Panel title={t(`metric.${metric}`)}>
        {now.data ? (
          <Shown
            now={now.data}
            then={compared === 'yes' ? (then.data ?? null) : null}
            stale={now.isPlaceholderData || (compared === 'yes' && then.isPlaceholderData)}
          />
        ) : (
          !error && <Skeleton className="h-80" />
        )}
      </Panel>
      <p className="text-[13px] text-ink-soft">
        {t('zone_note', { zone })} {t('so_far')}
      </p>
    </>
  );
}

function Shown({ now, then, stale }: { now: Trend; then: Trend | null; stale: boolean }) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const points = usePoints(now.data, now.grain, now.timezone);
  const lines = useMemo((): Line[] => {
    const current = { label: t('this_period'), values: now.data.map(({ value }) => value) };
    if (!then) return [current];
    const values = now.data.map((_, index) => then.data[index]?.value ?? null);
    return [current, { label: t('period_before'), values, look: before }];
  }, [now, then, t]);
  const [value, previous] = [totalOf(now), then && totalOf(then)];
  const change = value === null || previous === null ? null : value - previous;
  if (value === null && previous === null) {
    return <Empty icon={ChartLine} title={t('trend_unknown')} text={t('trend_unknown_text')} />;
  }
  return (
    <>
      <p className="mb-3 flex flex-wrap items-baseline gap-x-3">
        <Known value={value} className="text-2xl font-semibold tracking-tight" />
        {then && (
          <>
            <Change
              neutral={now.metric === 'posts' || now.metric === 'leaves'}
              figure={{
                value,
                previous,
                change,
                change_percent: change === null || !previous ? null : (100 * change) / previous,
              }}
            />
            {previous !== null && (
              <span className="text-[13px] text-ink-soft">
                {t('before_was', { shown: formats.number(previous) })}
              </span>
            )}
          </>
        )}
      </p>
      <Chart
        title={t(`metric.${now.metric}`)}
        points={points}
        lines={lines}
        fromZero={now.metric !== 'members'}
        stale={stale}
      >
        {value === null && <p className="text-ink-soft">{t('trend_unknown')}</p>}
      </Chart>
    </>
  );
}

/** Of members the last number; of everything else the sum of what is known. */
function totalOf({ metric, data }: Trend): number | null {
  const known = data.flatMap(({ value }) => (value === null ? [] : [value]));
  if (known.length === 0) return null;
  return metric === 'members' ? (known.at(-1) ?? null) : known.reduce((sum, one) => sum + one, 0);
}

import { Scale } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { networkTitle } from '../parts/network.tsx';
import { Empty, Failed, Panel, Skeleton } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import type { TabProps } from './community.tsx';
import { type Benchmark, useBenchmark } from './queries.ts';
import { standings } from './standings.ts';

/** By size it is the band that decides who is compared. */
const measures = standings.filter((one) => one !== 'members');

const reasons = {
  not_counted: 'reason_not_counted',
  members_unknown: 'reason_members_unknown',
  too_few: 'reason_alone',
} as const;

/** Where the community stands among those of its network and size in this installation. */
export function BenchmarkTab({ id, zone }: TabProps) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const benchmark = useBenchmark(id);
  const { data } = benchmark;
  if (benchmark.error) return <Failed error={benchmark.error} again={() => benchmark.refetch()} />;
  if (!data) return <Skeleton className="h-80" />;
  return (
    <>
      {data.percentiles ? (
        <Panel title={t('benchmark.title')}>
          <p className="mb-4 max-w-prose text-ink-soft">
            <Band benchmark={data} /> {t('benchmark.text', { count: data.days })}
          </p>
          <dl className="flex flex-col gap-4">
            {measures.map((measure) => (
              <Place key={measure} measure={measure} value={data.percentiles?.[measure] ?? null} />
            ))}
          </dl>
        </Panel>
      ) : (
        <Empty
          icon={Scale}
          title={t('benchmark.none')}
          text={
            <>
              {data.reason && t(`benchmark.${reasons[data.reason]}`)} <Band benchmark={data} />
            </>
          }
        />
      )}
      {data.as_of && (
        <p className="text-[13px] text-ink-soft">
          {t('as_of', { at: formats.moment(data.as_of, zone), zone })}
        </p>
      )}
    </>
  );
}

function Band({ benchmark: { band, community } }: { benchmark: Benchmark }) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  if (!band) return null;
  const network = networkTitle(community.network);
  const from = formats.number(band.from);
  return band.below === null
    ? t('benchmark.band_open', { network, from })
    : t('benchmark.band', { network, from, below: formats.number(band.below) });
}

function Place({ measure, value }: { measure: (typeof measures)[number]; value: number | null }) {
  const { t } = useTranslation('analytics');
  return (
    <div className="grid gap-x-6 gap-y-1 sm:grid-cols-[16rem_1fr_14rem] sm:items-center">
      <dt>{t(`standing.${measure}`)}</dt>
      <dd className="h-2.5 overflow-hidden rounded-full bg-sunken" aria-hidden>
        {value !== null && (
          <span className="block h-full rounded-full bg-info" style={{ width: `${Math.max(value, 1)}%` }} />
        )}
      </dd>
      <dd className="text-[13px] tabular-nums sm:text-right">
        {value === null ? (
          <span className="text-ink-soft">{t('benchmark.unknown')}</span>
        ) : (
          t('benchmark.more_than', { percent: value })
        )}
      </dd>
    </div>
  );
}

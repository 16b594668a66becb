import { useTranslation } from 'react-i18next';
import { Skeleton } from '../parts/page.tsx';
import { Change, Known } from './figure.tsx';
import type { Overview } from './queries.ts';

export const metrics = ['members', 'posts', 'views', 'reactions', 'comments', 'shares'] as const;

const grid = 'grid grid-cols-2 gap-3 sm:grid-cols-3 xl:grid-cols-6';

/** The sums of the period beside those of the one before. */
export function Tiles({ overview }: { overview: Overview | undefined }) {
  const { t } = useTranslation('analytics');
  if (!overview) {
    return (
      <div className={grid}>
        {metrics.map((metric) => (
          <Skeleton key={metric} className="h-[104px]" />
        ))}
      </div>
    );
  }
  return (
    <div className="flex flex-col gap-2">
      <dl className={grid}>
        {metrics.map((metric) => (
          <div key={metric} className="rounded-xl border border-line bg-panel p-4">
            <dt className="text-[13px] text-ink-soft">{t(`metric.${metric}`)}</dt>
            <dd className="mt-1 flex flex-col">
              <Known value={overview.all[metric].value} className="text-2xl font-semibold tracking-tight" />
              <Change figure={overview.all[metric]} neutral={metric === 'posts'} />
              <Of overview={overview} metric={metric} />
            </dd>
          </div>
        ))}
      </dl>
      <p className="text-[13px] text-ink-soft">
        {t('compared_with', { count: overview.days })} {t('figures_of_posts')}
      </p>
    </div>
  );
}

/** Of how many communities a sum is, where it is not of all. */
function Of({ overview: { communities }, metric }: { overview: Overview; metric: (typeof metrics)[number] }) {
  const { t } = useTranslation('analytics');
  const known = communities.filter((one) => one[metric].value !== null).length;
  if (known === 0 || known === communities.length) return null;
  return (
    <span className="mt-1 text-xs text-ink-soft">
      {t('of_communities', { known, count: communities.length })}
    </span>
  );
}

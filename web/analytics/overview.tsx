import { ChartLine, Info } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { useCommunities } from '../communities/list.tsx';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Empty, Failed, Panel, Skeleton } from '../parts/page.tsx';
import { periods, useChoice } from './address.ts';
import { AnalyticsPage, DaysChoice } from './frame.tsx';
import { Insights } from './insights.tsx';
import { type Overview, useOverview } from './queries.ts';
import { Ranking } from './ranking.tsx';
import { Refresh } from './refresh.tsx';
import { metrics, Tiles } from './tiles.tsx';

/** Each is a job of its own: of more than these, one is read on its own page. */
const refreshedMost = 10;

export default function OverviewPage() {
  const { t } = useTranslation('analytics');
  const [, go] = useLocation();
  const [days, setDays] = useChoice('days', periods, '30');
  const overview = useOverview(days);
  const communities = useCommunities();
  const active = communities.data?.data.filter(({ status }) => status === 'active').map(({ id }) => id) ?? [];
  const { data } = overview;
  if (data?.communities.length === 0) {
    return (
      <AnalyticsPage>
        <Empty icon={ChartLine} title={t('no_communities')} text={t('no_communities_text')}>
          <Button look="primary" onClick={() => go('/communities/new')}>
            {t('connect')}
          </Button>
        </Empty>
      </AnalyticsPage>
    );
  }
  return (
    <AnalyticsPage
      actions={active.length > 0 && active.length <= refreshedMost && <Refresh communities={active} />}
    >
      <DaysChoice options={periods} value={days} onChange={setDays} />
      {overview.error ? (
        <Failed error={overview.error} again={() => overview.refetch()} />
      ) : (
        <div className={cx('flex flex-col gap-5', overview.isPlaceholderData && 'opacity-60')}>
          {data && isSilent(data) && <Silent />}
          <Tiles overview={data} />
          <Insights />
          <Panel title={t('communities')}>
            {data ? (
              <Ranking overview={data} search={days === '30' ? '' : `?days=${days}`} />
            ) : (
              <Skeleton className="h-60" />
            )}
          </Panel>
        </div>
      )}
    </AnalyticsPage>
  );
}

/** How many posts there are is known at once: that is no figure yet. */
function isSilent({ all }: Overview): boolean {
  return metrics.every((metric) => metric === 'posts' || all[metric].value === null);
}

/** No figure is known yet: when there will be some. */
function Silent() {
  const { t } = useTranslation('analytics');
  return (
    <p className="flex gap-2.5 rounded-xl border border-line bg-info-soft p-4">
      <Info className="mt-0.5 size-4 shrink-0 text-info" aria-hidden />
      <span>
        <span className="block font-medium">{t('no_figures')}</span>
        {t('no_figures_text')}
      </span>
    </p>
  );
}

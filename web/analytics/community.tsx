import { Radio } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, useParams, useSearchParams } from 'wouter';
import type { Community } from '../communities/list.tsx';
import { NetworkMark } from '../parts/network.tsx';
import { Failed, Loading, Page } from '../parts/page.tsx';
import { BenchmarkTab } from './benchmark.tsx';
import { BestTimesTab } from './best-times.tsx';
import { ContentTab } from './content.tsx';
import { GrowthTab } from './growth.tsx';
import { Insights } from './insights.tsx';
import { MadeUp } from './made-up.tsx';
import { useCommunity } from './queries.ts';
import { Refresh } from './refresh.tsx';
import { Tabs } from './tabs.tsx';
import { TopPostsTab } from './top-posts.tsx';
import { TrendsTab } from './trends.tsx';

export interface TabProps {
  id: string;
  zone: string;
}

const tabs = {
  growth: GrowthTab,
  trends: TrendsTab,
  posts: TopPostsTab,
  times: BestTimesTab,
  content: ContentTab,
  benchmark: BenchmarkTab,
} as const;
type TabName = keyof typeof tabs;
const names = Object.keys(tabs) as TabName[];

export default function CommunityAnalyticsPage() {
  const { t } = useTranslation('analytics');
  const { id = '' } = useParams<{ id: string }>();
  const [search] = useSearchParams();
  const community = useCommunity(id);
  const here = names.find((name) => name === search.get('tab')) ?? 'growth';
  const days = search.get('days');
  const addressOf = (name: TabName) => {
    const kept = new URLSearchParams({
      ...(name === 'growth' ? {} : { tab: name }),
      ...(days === null ? {} : { days }),
    });
    return `/analytics/${id}${kept.size > 0 ? `?${kept}` : ''}`;
  };
  if (!community.data) {
    return (
      <Page title={t('title')}>
        {community.error ? (
          <Failed error={community.error} again={() => community.refetch()} />
        ) : (
          <Loading rows={5} />
        )}
      </Page>
    );
  }
  const Tab = tabs[here];
  return (
    <Page
      title={community.data.title}
      lead={<About community={community.data} />}
      actions={community.data.status === 'active' && <Refresh communities={[id]} />}
    >
      <Tabs
        label={t('title')}
        tabs={names.map((name) => ({
          href: addressOf(name),
          title: t(`tab.${name}`),
          here: name === here,
        }))}
      />
      {here === 'growth' && <Insights communityId={id} />}
      <Tab key={id} id={id} zone={community.data.timezone} />
      <MadeUp />
    </Page>
  );
}

function About({ community }: { community: Community }) {
  const { t } = useTranslation('analytics');
  return (
    <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <NetworkMark network={community.network} />
      <span>{t('zone', { zone: community.timezone })}</span>
      <Link href="/analytics" className="text-accent underline">
        {t('all_communities')}
      </Link>
      <Link
        href={`/communities/${community.id}`}
        className="inline-flex items-center gap-1 text-accent underline"
      >
        <Radio className="size-3.5" aria-hidden />
        {t('to_community')}
      </Link>
    </span>
  );
}

import { useQuery } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { Plus, Radio, TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { ask, client } from '../api.ts';
import { Button } from '../parts/button.tsx';
import { NetworkMark } from '../parts/network.tsx';
import { Empty, Failed, Loading, Page } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';

export type Community = InferResponseType<typeof client.v1.communities.$get, 200>['data'][number];

/** Every community of the workspace; the API gives a hundred at most, and few workspaces have more. */
export function useCommunities() {
  return useQuery({
    queryKey: ['communities'],
    queryFn: () => ask(client.v1.communities.$get({ query: { limit: '100' } })),
  });
}

export default function CommunitiesPage() {
  const { t } = useTranslation('communities');
  const [, go] = useLocation();
  const communities = useCommunities();
  const connect = (
    <Button look="primary" icon={Plus} onClick={() => go('/communities/new')}>
      {t('connect')}
    </Button>
  );
  return (
    <Page title={t('title')} actions={communities.data && communities.data.data.length > 0 && connect}>
      {communities.isPending && <Loading />}
      {communities.error && <Failed error={communities.error} again={() => communities.refetch()} />}
      {communities.data?.data.length === 0 && (
        <Empty icon={Radio} title={t('empty')} text={t('empty_text')}>
          {connect}
        </Empty>
      )}
      <ul className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3">
        {communities.data?.data.map((community) => (
          <li key={community.id}>
            <Card community={community} />
          </li>
        ))}
      </ul>
    </Page>
  );
}

function Card({ community }: { community: Community }) {
  const { t } = useTranslation('communities');
  const formats = useFormats();
  return (
    <Link
      href={`/communities/${community.id}`}
      className="flex items-center gap-3 rounded-xl border border-line bg-panel p-4 hover:border-line-strong"
    >
      {community.avatar_url ? (
        <img src={community.avatar_url} alt="" className="size-11 rounded-full object-cover" />
      ) : (
        <span
          aria-hidden
          className="flex size-11 items-center justify-center rounded-full bg-sunken text-lg font-semibold"
        >
          {community.title.slice(0, 1)}
        </span>
      )}
      <span className="min-w-0 grow">
        <span className="flex items-center gap-2">
          <NetworkMark network={community.network} />
          <span className="truncate font-medium">{community.title}</span>
        </span>
        <span className="block truncate text-[13px] text-ink-soft">
          {community.members !== null &&
            t('members', { count: community.members, shown: formats.number(community.members) })}
          {community.members !== null && ' · '}
          {t(`status.${community.status}`)}
        </span>
      </span>
      {community.warnings.length > 0 && (
        <TriangleAlert
          className="size-5 text-warn"
          aria-label={t('warnings', { count: community.warnings.length })}
        />
      )}
    </Link>
  );
}

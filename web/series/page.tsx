import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useParams, useSearch } from 'wouter';
import { ask, client } from '../api.ts';
import { useCommunities } from '../communities/list.tsx';
import { contentOf, emptyContent, type Post } from '../composer/content.ts';
import { useNetworks } from '../composer/networks.ts';
import { lastCommunities } from '../composer/storage.ts';
import { zoneOf } from '../composer/when.ts';
import { useWorkspace } from '../frame/session.tsx';
import { Failed, Loading, Page } from '../parts/page.tsx';
import { type Draft, draftOf, newDraft } from './draft.ts';
import { SeriesForm } from './form.tsx';
import { type Series, useSeries } from './queries.ts';
import { readStored } from './storage.ts';

/** A new series, or one that is there: `/series/new`, `/series/new?post=…` (from a post) and `/series/:id/edit`. */
export default function SeriesFormPage() {
  const { id } = useParams<{ id?: string }>();
  const search = useSearch();
  return <Load key={id ?? search} id={id ?? null} from={new URLSearchParams(search).get('post')} />;
}

interface Start {
  draft: Draft;
  series: Series | null;
  source: Post | null;
  restored: boolean;
}

function Load({ id, from }: { id: string | null; from: string | null }) {
  const { t } = useTranslation('series');
  const { id: workspace, timezone: home } = useWorkspace();
  const [start, setStart] = useState<Start | null>(null);
  const communities = useCommunities();
  const networks = useNetworks();
  const series = useSeries(id);
  const post = useQuery({
    queryKey: ['posts', from],
    queryFn: () => ask(client.v1.posts[':id'].$get({ param: { id: from ?? '' } })),
    // A draft that has become a series is gone.
    enabled: from !== null && start === null,
  });
  const isReady = communities.data && networks.data && (!id || series.data) && (!from || post.data);
  // What comes later does not change what is being written.
  if (isReady && !start) setStart(begin());

  function begin(): Start {
    const all = communities.data?.data ?? [];
    const stored = from ? null : readStored(workspace, id, series.data?.updated_at ?? null);
    const restored = stored !== null;
    if (series.data) {
      return { draft: stored ?? draftOf(series.data), series: series.data, source: null, restored };
    }
    const last = lastCommunities(workspace).filter((one) => all.some((community) => community.id === one));
    const [only, ...others] = all.map((community) => community.id);
    const usual = last.length > 0 || !only || others.length > 0 ? last : [only];
    const content = post.data ? contentOf(post.data) : { ...emptyContent, community_ids: usual };
    const shared = zoneOf(
      all.filter((one) => content.community_ids.includes(one.id)).map(({ timezone }) => timezone),
      home,
    );
    const draft = newDraft(content, post.data?.timezone ?? shared, post.data ?? null);
    return { draft: stored ?? draft, series: null, source: post.data ?? null, restored };
  }

  const failed = communities.error ?? networks.error ?? series.error ?? post.error;
  if (start && communities.data && networks.data) {
    return (
      <SeriesForm
        start={start.draft}
        series={start.series}
        source={start.source}
        restored={start.restored}
        communities={communities.data.data}
        networks={networks.data.data}
      />
    );
  }
  return (
    <Page title={t(id ? 'edit' : 'new')}>
      {failed ? (
        <Failed
          error={failed}
          again={() => {
            communities.refetch();
            networks.refetch();
            if (id) series.refetch();
            if (from) post.refetch();
          }}
        />
      ) : (
        <Loading />
      )}
    </Page>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useParams, useSearch } from 'wouter';
import { ask, client } from '../api.ts';
import { useCommunities } from '../communities/list.tsx';
import { contentOf, emptyContent, type Post } from '../composer/content.ts';
import { useNetworks } from '../composer/networks.ts';
import { Notice } from '../composer/notices.tsx';
import { lastCommunities } from '../composer/storage.ts';
import { zoneOf } from '../composer/when.ts';
import { useWorkspace } from '../frame/session.tsx';
import { Button } from '../parts/button.tsx';
import { Failed, Loading, Page } from '../parts/page.tsx';
import { type Draft, draftOf, newDraft, onto } from './draft.ts';
import { SeriesForm } from './form.tsx';
import { type Series, useSeries } from './queries.ts';
import { readStored, slotOf, store } from './storage.ts';

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
  slot: string;
  base: string | null;
}

function Load({ id, from }: { id: string | null; from: string | null }) {
  const { t } = useTranslation('series');
  const { id: workspace, timezone: home } = useWorkspace();
  const [start, setStart] = useState<Start | null>(null);
  const [choice, setChoice] = useState<{ mine: Start; current: Start } | null>(null);
  const communities = useCommunities();
  const networks = useNetworks();
  const series = useSeries(id);
  const post = useQuery({
    queryKey: ['posts', from, 'series'],
    queryFn: () => ask(client.v1.posts[':id'].$get({ param: { id: from ?? '' } })),
    // A draft that has become a series is gone.
    enabled: from !== null && start === null && choice === null,
    gcTime: 0,
    staleTime: 0,
  });
  // What was seen before may be old by now: a form that began from it would save it over what is newer.
  const isReady =
    communities.data &&
    networks.data &&
    (!id || (series.isSuccess && !series.isFetching)) &&
    (!from || (post.isSuccess && !post.isFetching));
  // What comes later does not change what is being written.
  if (isReady && !start && !choice) {
    const current = begin();
    const stored = readStored(workspace, current.slot, current.base);
    if (!stored) setStart(current);
    else if (!stored.isOld) setStart({ ...current, draft: stored.draft, restored: true });
    else {
      const mine = current.series
        ? { ...current, draft: onto(current.series, stored.draft), restored: true }
        : // Of an older draft: the newer one stays where it is, and this is asked again.
          { ...current, draft: stored.draft, source: null, restored: true, base: stored.base };
      setChoice({ mine, current });
    }
  }

  function begin(): Start {
    const all = communities.data?.data ?? [];
    const slot = slotOf(id, from);
    if (series.data) {
      const { updated_at: base } = series.data;
      return { draft: draftOf(series.data), series: series.data, source: null, restored: false, slot, base };
    }
    const last = lastCommunities(workspace).filter((one) => all.some((community) => community.id === one));
    const [only, ...others] = all.map((community) => community.id);
    const usual = last.length > 0 || !only || others.length > 0 ? last : [only];
    const content = post.data ? contentOf(post.data) : { ...emptyContent, community_ids: usual };
    const shared = zoneOf(
      all.filter((one) => content.community_ids.includes(one.id)).map(({ timezone }) => timezone),
      home,
    );
    const source = post.data ?? null;
    const draft = newDraft(content, source?.timezone ?? shared, source);
    // A post that is no draft is only copied: what becomes of it does not matter.
    const base = source?.status === 'draft' ? source.updated_at : null;
    return { draft, series: null, source, restored: false, slot, base };
  }

  const failed = communities.error ?? networks.error ?? series.error ?? post.error;
  if (start && communities.data && networks.data) {
    return (
      <SeriesForm
        start={start.draft}
        series={start.series}
        source={start.source}
        restored={start.restored}
        slot={start.slot}
        base={start.base}
        communities={communities.data.data}
        networks={networks.data.data}
      />
    );
  }
  if (choice) {
    const { mine, current } = choice;
    const begins = (chosen: Start) => {
      store(workspace, mine.slot, chosen === mine ? { draft: mine.draft, base: mine.base } : null);
      setStart(chosen);
    };
    return (
      <Page title={t(id ? 'edit' : 'new')}>
        <Notice warns text={t(id ? 'stale' : 'stale_draft')}>
          <span className="flex flex-wrap gap-2">
            <Button small onClick={() => begins(current)}>
              {t('stale_reload')}
            </Button>
            <Button small onClick={() => begins(mine)}>
              {t('stale_keep')}
            </Button>
          </span>
        </Notice>
      </Page>
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

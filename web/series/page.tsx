import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useParams, useSearch } from 'wouter';
import { ApiError, ask, client } from '../api.ts';
import { useCommunities } from '../communities/list.tsx';
import { contentOf, emptyContent } from '../composer/content.ts';
import { useNetworks } from '../composer/networks.ts';
import { Conflict } from '../composer/notices.tsx';
import { lastCommunities } from '../composer/storage.ts';
import { zoneOf } from '../composer/when.ts';
import { useWorkspace } from '../frame/session.tsx';
import { Failed, Loading, Page } from '../parts/page.tsx';
import { type Draft, draftOf, newDraft, onto, type Start, saySame } from './draft.ts';
import { SeriesForm } from './form.tsx';
import { useSeries } from './queries.ts';
import { readStored, slotOf, store } from './storage.ts';

/**
 * A new series, or one that is there: `/series/new`, `/series/new?post=…` (from a post), `/series/new?kept=…` (what was
 * written over one that is gone) and `/series/:id/edit`.
 */
export default function SeriesFormPage() {
  const { id } = useParams<{ id?: string }>();
  const search = useSearch();
  const params = new URLSearchParams(search);
  return <Load key={id ?? search} id={id ?? null} from={params.get('post')} kept={params.get('kept')} />;
}

interface LoadProps {
  id: string | null;
  from: string | null;
  kept: string | null;
}

function Load({ id, from, kept }: LoadProps) {
  const { t } = useTranslation('series');
  const { id: workspace, timezone: home } = useWorkspace();
  const [, go] = useLocation();
  const slot = slotOf(id ?? kept, from);
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
  const isLost = (error: unknown) =>
    error instanceof ApiError && error.status === 404 && readStored(workspace, slot, null) !== null;
  // What was seen before may be old by now: a form that began from it would save it over what is newer.
  const isReady =
    communities.data &&
    networks.data &&
    (!id || (series.isSuccess && !series.isFetching)) &&
    // A draft that is gone takes nothing of what was written of it along.
    (!from || (post.isSuccess && !post.isFetching) || isLost(post.error));
  // What comes later does not change what is being written.
  if (isReady && !start && !choice) {
    const current = begin();
    const stored = readStored(workspace, slot, current.base);
    const wish = stored?.wish ?? null;
    const isThere = stored && current.series && saySame(stored.draft, current.draft);
    if (isThere) store(workspace, slot, null);
    if (!stored || isThere) setStart(current);
    else if (!stored.isOld) setStart({ ...current, draft: stored.draft, restored: true, wish });
    else {
      const mine = current.series
        ? { ...current, draft: onto(current.series, stored.draft), restored: true }
        : // Of an older draft: the newer one stays where it is, and this is asked again.
          { ...current, draft: stored.draft, source: null, restored: true, base: stored.base, wish };
      setChoice({ mine, current });
    }
  }

  function begin(): Start {
    const all = communities.data?.data ?? [];
    const fresh = { series: null, source: null, restored: false, slot, base: null, wish: null };
    if (series.data) {
      return { ...fresh, draft: draftOf(series.data), series: series.data, base: series.data.updated_at };
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
    return { ...fresh, draft, source, base: source?.status === 'draft' ? source.updated_at : null };
  }

  /** Goes on over the series as it is now. Throws what the server says. */
  const renew = async () => {
    const { data } = await series.refetch({ throwOnError: true });
    if (!data) throw new Error('a series that was asked for');
    setStart((before) => before && { ...before, series: data, base: data.updated_at });
    return data;
  };
  const keepAsNew = (draft: Draft) => {
    store(workspace, slot, { draft: onto(null, draft), base: null, wish: null });
    go(`/series/new?kept=${id}`);
  };
  const discard = () => {
    store(workspace, slot, null);
    go('/series');
  };

  const failed = communities.error ?? networks.error ?? series.error ?? post.error;
  if (start && communities.data && networks.data) {
    return (
      <SeriesForm
        start={start}
        communities={communities.data.data}
        networks={networks.data.data}
        onRenew={renew}
        onReload={() => {
          store(workspace, slot, null);
          series.refetch();
          setStart(null);
        }}
        onKeepAsNew={keepAsNew}
        onDiscard={discard}
      />
    );
  }
  if (choice) {
    const { mine, current } = choice;
    const begins = (chosen: Start) => {
      const { draft, base, wish } = chosen;
      store(workspace, slot, chosen === mine ? { draft, base, wish } : null);
      setChoice(null);
      setStart(chosen);
    };
    return (
      <Page title={t(id ? 'edit' : 'new')}>
        <Conflict
          text={t(id ? 'stale' : 'stale_draft')}
          keep={t('stale_keep')}
          onReload={() => begins(current)}
          onKeep={() => begins(mine)}
        />
      </Page>
    );
  }
  const lost = isLost(series.error) && readStored(workspace, slot, null);
  if (lost) {
    return (
      <Page title={t('edit')}>
        <Conflict
          text={t('gone_meanwhile')}
          reload={t('discard')}
          keep={t('gone_keep')}
          onReload={discard}
          onKeep={() => keepAsNew(lost.draft)}
        />
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

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useParams, useSearch } from 'wouter';
import { ask, client } from '../api.ts';
import { type Community, useCommunities } from '../communities/list.tsx';
import { useWorkspace } from '../frame/session.tsx';
import { Button } from '../parts/button.tsx';
import { Failed, Loading, Page } from '../parts/page.tsx';
import { Composer } from './composer.tsx';
import type { Start } from './composition.ts';
import { contentOf, emptyContent, type Post, readyOf, same } from './content.ts';
import { useNetworks } from './networks.ts';
import { Conflict, Notice } from './notices.tsx';
import {
  keepAsNew,
  lastCommunities,
  readStored,
  type Stored,
  store,
  takeUnsent,
  unsentName,
} from './storage.ts';
import { isPast, soon, type When, whenOf, zoneOf } from './when.ts';

/** A new post, or one that is there already: `/posts/new` and `/posts/:id/edit`. */
export default function ComposerPage() {
  const { id } = useParams<{ id?: string }>();
  const search = useSearch();
  const [, go] = useLocation();
  const queries = useQueryClient();
  const here = id ?? `?${search}`;
  const [session, setSession] = useState({ count: 0, here, id });
  // What got its id here goes on as it is; every other address begins anew.
  const [made] = useState(() => new Set<string>());
  if (session.here !== here) {
    const goesOn = made.delete(here);
    setSession({ count: session.count + (goesOn ? 0 : 1), here, id: goesOn ? session.id : id });
  }
  const restart = () => {
    if (id) queries.removeQueries({ queryKey: ['posts', id, 'edit'] });
    setSession({ count: session.count + 1, here, id });
  };
  return (
    <Load
      key={session.count}
      id={session.id ?? null}
      search={search}
      onCreated={(created) => {
        made.add(created);
        go(`/posts/${created}/edit`, { replace: true });
      }}
      onReload={restart}
    />
  );
}

interface LoadProps {
  /** null: a new one. */
  id: string | null;
  search: string;
  onCreated(id: string): void;
  onReload(): void;
}

/** Gets everything that the first look needs. */
function Load({ id, search, onCreated, onReload }: LoadProps) {
  const { t } = useTranslation('composer');
  const { id: workspace, timezone: home } = useWorkspace();
  const [params] = useState(() => new URLSearchParams(search));
  const [, go] = useLocation();
  const unsent = unsentName(search);
  const source = id ?? params.get('duplicate');
  const communities = useCommunities();
  const networks = useNetworks();
  const [start, setStart] = useState<Start | null>(null);
  const post = useQuery({
    queryKey: ['posts', source, 'edit'],
    queryFn: () => ask(client.v1.posts[':id'].$get({ param: { id: source ?? '' } })),
    // What comes later is told when it stands in the way of a save.
    enabled: source !== null && start === null,
    gcTime: 0,
    staleTime: 0,
  });
  const [stale, setStale] = useState<{ post: Post; stored: Stored } | null>(null);
  const isReady = communities.data && networks.data && (source === null || (post.data && !post.isFetching));
  if (isReady && !start && !stale) {
    const found = begin(communities.data.data, post.data ?? null);
    if ('stale' in found) setStale(found.stale);
    else setStart(found);
  }

  function begin(all: readonly Community[], loaded: Post | null): Start | { stale: typeof stale } {
    if (id !== null && loaded) {
      const stored = readStored(workspace, id);
      const whenThere = timeFor(loaded, homeOf(all, loaded.community_ids));
      const own = { post: loaded, content: contentOf(loaded), when: whenThere, stored: null, unsent };
      if (!stored) return own;
      const isSame = same(readyOf(stored.content), contentOf(loaded));
      if (stored.base !== loaded.updated_at && !isSame) return { stale: { post: loaded, stored } };
      return { ...own, content: stored.content, when: stored.when ?? whenThere, stored };
    }
    const wanted = params.getAll('community').filter((one) => all.some((community) => community.id === one));
    const last = lastCommunities(workspace).filter((one) => all.some((community) => community.id === one));
    const [only, ...others] = all.map((one) => one.id);
    const usual = last.length > 0 || !only || others.length > 0 ? last : [only];
    const first = wanted.length > 0 ? wanted : usual;
    const at = params.get('at');
    const stored = readStored(workspace, unsent) ?? (search === '' ? takeUnsent(workspace) : null);
    const content = loaded ? contentOf(loaded) : { ...emptyContent, community_ids: first };
    const zone = homeOf(all, content.community_ids);
    const when = { kind: 'at', local: at?.slice(0, 16) ?? soon(zone), zone: params.get('zone') } as const;
    if (!stored) return { post: null, content, when, stored: null, unsent };
    return { post: null, content: stored.content, when: stored.when ?? when, stored, unsent };
  }
  function homeOf(all: readonly Community[], ids: readonly string[]): string {
    return zoneOf(
      all.filter((one) => ids.includes(one.id)).map(({ timezone }) => timezone),
      home,
    );
  }

  const failed = communities.error ?? networks.error ?? post.error;
  if (failed && !start) {
    return (
      <Page title={t('title.new')}>
        <Failed
          error={failed}
          again={() => {
            communities.refetch();
            networks.refetch();
            if (source !== null) post.refetch();
          }}
        />
      </Page>
    );
  }
  if (stale) {
    const { stored, post: there } = stale;
    return (
      <Page title={t('title.edit')}>
        <Conflict
          text={t('conflict.stale')}
          onReload={() => {
            store(workspace, there.id, null);
            setStale(null);
          }}
          onKeep={() => {
            store(workspace, there.id, null);
            go(`/posts/new?${keepAsNew(workspace, stored)}`);
          }}
        />
      </Page>
    );
  }
  if (!start || !communities.data || !networks.data) return <Loading className="p-6" />;
  if (start.post?.status === 'cancelled') {
    return (
      <Page title={t('title.edit')}>
        <Notice text={t('cancelled')}>
          <Button look="primary" onClick={() => go(`/posts/new?duplicate=${start.post?.id}`)}>
            {t('duplicate')}
          </Button>
        </Notice>
      </Page>
    );
  }
  return (
    <Composer
      start={start}
      workspace={workspace}
      home={home}
      communities={communities.data.data}
      networks={networks.data.data}
      back={backOf(params)}
      onCreated={onCreated}
      onReload={onReload}
    />
  );
}

/** When a post is to go out as it is opened: one that failed at its time is mended to go out now. */
function timeFor(post: Post, home: string): When {
  const when = whenOf(post, home);
  const isOver = when.kind === 'at' && isPast(when.local, when.zone ?? home);
  return isOver && post.status === 'failed' ? { kind: 'now' } : when;
}

/** The calendar as it was, for a post that was begun there. */
function backOf(params: URLSearchParams): string | null {
  const search = params.get('back');
  return search?.startsWith('?') ? `/${search}` : null;
}

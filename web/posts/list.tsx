import { useInfiniteQuery } from '@tanstack/react-query';
import { FileText, Image, TriangleAlert } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'wouter';
import { ask, client } from '../api.ts';
import { type Community, useCommunities } from '../communities/list.tsx';
import { useWorkspace } from '../frame/session.tsx';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Input, Select } from '../parts/field.tsx';
import { NetworkMark } from '../parts/network.tsx';
import { Empty, Failed, Loading, Page } from '../parts/page.tsx';
import { StateBadge } from '../parts/state.tsx';
import { useFormats } from '../parts/time.ts';
import { isRemoved, type Post, stateOf } from './acts.ts';
import { RemovedBadge } from './removed.tsx';

const statuses = [
  'draft',
  'scheduled',
  'publishing',
  'published',
  'partially_published',
  'failed',
  'cancelled',
] as const;

export default function PostsPage() {
  const { t } = useTranslation(['posts', 'common']);
  const [search, setSearch] = useSearchParams();
  const [text, setText] = useState(search.get('q') ?? '');
  const status = statuses.find((one) => one === search.get('status'));
  const community = search.get('community') ?? '';
  const q = search.get('q') ?? '';
  const communities = useCommunities();
  const set = (name: string, value: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (value) after.set(name, value);
        else after.delete(name);
        return after;
      },
      { replace: true },
    );
  useEffect(() => {
    if (text.trim() === q) return;
    const timer = setTimeout(() => set('q', text.trim()), 250);
    return () => clearTimeout(timer);
  });
  const posts = useInfiniteQuery({
    queryKey: ['posts', 'list', status, community, q],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      ask(
        client.v1.posts.$get({
          query: {
            limit: '30',
            ...(pageParam && { cursor: pageParam }),
            ...(status && { status }),
            ...(community && { community_id: community }),
            ...(q && { q }),
          },
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
  });
  const all = posts.data?.pages.flatMap(({ data }) => data) ?? [];
  return (
    <Page title={t('common:nav.posts')}>
      <div className="grid grid-cols-2 gap-2 sm:flex">
        <Input
          type="search"
          aria-label={t('search')}
          placeholder={t('search')}
          value={text}
          onChange={(event) => setText(event.target.value)}
          className="max-sm:col-span-2 sm:max-w-xs"
        />
        <Select
          aria-label={t('by_status')}
          value={status ?? ''}
          onChange={(event) => set('status', event.target.value)}
          className="max-sm:px-2 sm:w-auto"
        >
          <option value="">{t('any_status')}</option>
          {statuses.map((one) => (
            <option key={one} value={one}>
              {t(`common:state.${one}`)}
            </option>
          ))}
        </Select>
        <Select
          aria-label={t('by_community')}
          value={community}
          onChange={(event) => set('community', event.target.value)}
          className="max-sm:px-2 sm:w-auto sm:max-w-60"
        >
          <option value="">{t('any_community')}</option>
          {communities.data?.data.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
        </Select>
      </div>
      {posts.isPending && <Loading />}
      {posts.error && <Failed error={posts.error} again={() => posts.refetch()} />}
      {posts.data && all.length === 0 && (
        <Empty
          icon={FileText}
          title={t('none')}
          text={status || community || q ? t('none_fit') : t('none_text')}
        />
      )}
      <ul className="flex flex-col gap-2">
        {all.map((post) => (
          <li key={post.id}>
            <Row post={post} communities={communities.data?.data ?? []} />
          </li>
        ))}
      </ul>
      {posts.hasNextPage && (
        <Button className="self-center" busy={posts.isFetchingNextPage} onClick={() => posts.fetchNextPage()}>
          {t('common:action.load_more')}
        </Button>
      )}
    </Page>
  );
}

function Row({ post, communities }: { post: Post; communities: readonly Community[] }) {
  const { t } = useTranslation(['posts', 'common']);
  const formats = useFormats();
  const { timezone: home } = useWorkspace();
  // A draft has no publications yet.
  const places = [
    ...new Map(
      [
        ...communities.filter(({ id }) => post.community_ids.includes(id)),
        ...post.publications.map(({ community }) => community),
      ].map(({ id, network, title }) => [id, { network, title }]),
    ).values(),
  ];
  const networks = [...new Set(places.map(({ network }) => network))].sort();
  return (
    <Link
      href={post.status === 'draft' ? `/posts/${post.id}/edit` : `/posts/${post.id}`}
      className="grid grid-cols-[auto_1fr_auto] items-center gap-x-3 gap-y-1.5 rounded-xl border border-line bg-panel px-4 py-3 hover:border-line-strong sm:grid-cols-[minmax(0,1fr)_minmax(0,13rem)_8.5rem_11rem]"
    >
      <span className="flex min-w-0 items-center gap-2 max-sm:col-span-3">
        {post.needs_attention && (
          <TriangleAlert className="size-4 shrink-0 text-warn" aria-label={t('common:nav.attention')} />
        )}
        <span className={cx('truncate font-medium', !post.text && 'text-ink-soft italic')}>
          {post.text || t('no_text')}
        </span>
        {post.media_ids.length > 0 && (
          <span className="flex shrink-0 items-center gap-1 text-[13px] text-ink-soft">
            <Image className="size-4" aria-hidden />
            <span className="sr-only">{t('files')}: </span>
            {post.media_ids.length}
          </span>
        )}
      </span>
      <span
        className="flex min-w-0 items-center gap-1.5 max-sm:col-span-3"
        title={places.map(({ title }) => title).join(', ') || undefined}
      >
        {networks.map((network) => (
          <NetworkMark key={network} network={network} />
        ))}
        <span className="truncate text-[13px] text-ink-soft">{places[0]?.title}</span>
        {places.length > 1 && (
          <span className="text-[13px] text-ink-soft tabular-nums">+{places.length - 1}</span>
        )}
      </span>
      <span className="text-[13px] text-ink-soft tabular-nums max-sm:col-span-2 sm:text-right">
        {post.scheduled_at
          ? formats.moment(post.scheduled_at, post.timezone ?? home)
          : formats.ago(post.updated_at)}
      </span>
      <span className="sm:justify-self-start">
        {isRemoved(post) ? <RemovedBadge /> : <StateBadge state={stateOf(post)} />}
      </span>
    </Link>
  );
}

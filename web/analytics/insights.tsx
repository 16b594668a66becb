import { type InfiniteData, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import {
  CircleAlert,
  ClockAlert,
  Lightbulb,
  type LucideIcon,
  Sparkles,
  TrendingDown,
  TrendingUp,
  X,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { ask, client, send } from '../api.ts';
import { useCommunities } from '../communities/list.tsx';
import { useWorkspace } from '../frame/session.tsx';
import { Button, IconButton } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { NetworkMark } from '../parts/network.tsx';
import { Failed, Panel, Skeleton } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';
import { useInsightWords } from './insight-words.ts';
import type { Insight } from './queries.ts';

type Pages = InfiniteData<{ data: Insight[]; next_cursor: string | null }>;

const icons: Record<Insight['kind'], LucideIcon> = {
  growth_break: TrendingUp,
  outlier_post: Sparkles,
  dead_slot: ClockAlert,
  delivery_trouble: CircleAlert,
};

function iconOf(insight: Insight): LucideIcon {
  const isFall = insight.kind === 'growth_break' && insight.evidence.direction === 'down';
  return isFall && insight.evidence.figure !== 'leaves' ? TrendingDown : icons[insight.kind];
}

/** Good, bad, or worth a look. */
function colourOf(insight: Insight): string {
  switch (insight.kind) {
    case 'growth_break': {
      const isGood = (insight.evidence.direction === 'up') === (insight.evidence.figure !== 'leaves');
      return isGood ? 'text-good' : 'text-bad';
    }
    case 'outlier_post':
      return insight.evidence.direction === 'up' ? 'text-good' : 'text-warn';
    case 'delivery_trouble':
      return 'text-bad';
    case 'dead_slot':
      return 'text-warn';
  }
}

/** What changed, of one community or of all, the newest first, with the numbers it rests on. */
export function Insights({ communityId }: { communityId?: string }) {
  const { t } = useTranslation(['analytics', 'common']);
  const insights = useInfiniteQuery({
    queryKey: ['insights', communityId ?? 'all'],
    initialPageParam: '',
    queryFn: ({ pageParam: cursor }) =>
      ask(
        client.v1.insights.$get({
          query: {
            limit: '5',
            ...(communityId && { community_id: communityId }),
            ...(cursor && { cursor }),
          },
        }),
      ),
    getNextPageParam: (last) => last.next_cursor,
  });
  const dismiss = useDismissal();
  const all = insights.data?.pages.flatMap(({ data }) => data) ?? [];
  // Of one community there is mostly nothing: then nothing stands there.
  if (communityId && all.length === 0) return null;
  return (
    <Panel title={t('insight.title')}>
      {insights.error && <Failed error={insights.error} again={() => insights.refetch()} />}
      {insights.isPending && <Skeleton className="h-16" />}
      {insights.data && all.length === 0 && (
        <p className="flex items-center gap-2.5 text-ink-soft">
          <Lightbulb className="size-4 shrink-0" aria-hidden />
          {t('insight.none')}
        </p>
      )}
      <ul className="flex flex-col divide-y divide-line">
        {all.map((insight) => (
          <li key={insight.id} className="flex gap-3 py-3 first:pt-0 last:pb-0">
            <Row insight={insight} named={!communityId} onDismiss={() => dismiss(insight)} />
          </li>
        ))}
      </ul>
      {insights.hasNextPage && (
        <Button
          small
          className="mt-3"
          busy={insights.isFetchingNextPage}
          onClick={() => insights.fetchNextPage()}
        >
          {t('common:action.load_more')}
        </Button>
      )}
    </Panel>
  );
}

interface RowProps {
  insight: Insight;
  /** Says which community it is of. */
  named: boolean;
  onDismiss(): void;
}

function Row({ insight, named, onDismiss }: RowProps) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const communities = useCommunities();
  const { timezone: home } = useWorkspace();
  const { community } = insight;
  const zone = communities.data?.data.find(({ id }) => id === community?.id)?.timezone ?? home;
  const { headline, evidence } = useInsightWords()(insight, zone);
  const Icon = iconOf(insight);
  const link = 'text-accent underline';
  return (
    <>
      <Icon className={cx('mt-0.5 size-4.5 shrink-0', colourOf(insight))} aria-hidden />
      <div className="min-w-0 grow">
        <p className="font-medium first-letter:uppercase">{headline}</p>
        <p className="text-ink-soft">{evidence}</p>
        <p className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-[13px] text-ink-soft">
          {named && community && (
            <Link href={`/analytics/${community.id}`} className="flex items-center gap-1.5 hover:underline">
              <NetworkMark network={community.network} className="size-4 text-[8px]" />
              {community.title}
            </Link>
          )}
          <span>{formats.date(`${insight.day}T12:00:00Z`, 'UTC')}</span>
          {insight.kind === 'outlier_post' && insight.evidence.post_id && (
            <Link href={`/posts/${insight.evidence.post_id}`} className={link}>
              {t('top.open')}
            </Link>
          )}
          {insight.kind === 'outlier_post' && insight.evidence.url && (
            <a href={insight.evidence.url} target="_blank" rel="noreferrer" className={link}>
              {t('top.open_there')}
            </a>
          )}
          {insight.kind === 'outlier_post' && !insight.evidence.post_id && community && (
            <Link href={`/analytics/${community.id}?tab=posts&metric=lift`} className={link}>
              {t('insight.to_posts')}
            </Link>
          )}
          {insight.kind === 'dead_slot' && community && (
            <Link href={`/analytics/${community.id}?tab=times`} className={link}>
              {t('insight.to_times')}
            </Link>
          )}
          {insight.kind === 'growth_break' && named && community && (
            <Link href={`/analytics/${community.id}`} className={link}>
              {t('insight.to_growth')}
            </Link>
          )}
          {insight.kind === 'delivery_trouble' && (
            <Link href="/analytics/delivery" className={link}>
              {t('insight.to_delivery')}
            </Link>
          )}
        </p>
      </div>
      <IconButton small icon={X} label={t('insight.dismiss', { headline })} onClick={onDismiss} />
    </>
  );
}

/** Takes one out of the list at once, and puts it back where that is refused or was not meant. */
function useDismissal(): (insight: Insight) => void {
  const { t } = useTranslation('analytics');
  const queries = useQueryClient();
  const tell = useTell();
  const tellError = useTellError();
  const restore = useMutation({
    mutationFn: (id: string) => send(client.v1.insights[':id'].restore.$post({ param: { id } })),
    onError: tellError,
    onSettled: () => queries.invalidateQueries({ queryKey: ['insights'] }),
  });
  const dismiss = useMutation({
    mutationFn: (id: string) => send(client.v1.insights[':id'].dismiss.$post({ param: { id } })),
    onMutate: async (id) => {
      await queries.cancelQueries({ queryKey: ['insights'] });
      const kept = queries.getQueriesData<Pages>({ queryKey: ['insights'] });
      queries.setQueriesData<Pages>({ queryKey: ['insights'] }, (pages) => pages && without(pages, id));
      return kept;
    },
    onSuccess: (_, id) => tell({ text: t('insight.dismissed'), undo: () => restore.mutate(id) }),
    onError: (error, _, kept) => {
      for (const [key, pages] of kept ?? []) queries.setQueryData(key, pages);
      tellError(error);
    },
  });
  return ({ id }) => dismiss.mutate(id);
}

function without({ pages, ...rest }: Pages, id: string): Pages {
  return {
    ...rest,
    pages: pages.map((page) => ({ ...page, data: page.data.filter((one) => one.id !== id) })),
  };
}

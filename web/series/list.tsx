import { CalendarClock, Pause, Play, Plus, Repeat, TriangleAlert } from 'lucide-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { useCommunities } from '../communities/list.tsx';
import { preload } from '../frame/pages.tsx';
import { Button, IconButton } from '../parts/button.tsx';
import { NetworkMark } from '../parts/network.tsx';
import { Empty, Failed, Loading, Page } from '../parts/page.tsx';
import { usePause } from './acts.ts';
import { useMoment } from './moment.ts';
import { type Series, useSeriesList } from './queries.ts';
import { SeriesState } from './state.tsx';
import { useRuleWords } from './words.ts';

/** What is published again and again. */
export default function SeriesPage() {
  const { t } = useTranslation(['series', 'common']);
  const [, go] = useLocation();
  useEffect(() => {
    preload('/series/:id');
    preload('/series/new');
  }, []);
  const series = useSeriesList();
  const add = (
    <Button look="primary" icon={Plus} onClick={() => go('/series/new')}>
      {t('new')}
    </Button>
  );
  const all = series.data?.data ?? [];
  return (
    <Page title={t('common:nav.series')} actions={all.length > 0 && add}>
      {series.isPending && <Loading />}
      {series.error && <Failed error={series.error} again={() => series.refetch()} />}
      {series.data && all.length === 0 && (
        <Empty icon={Repeat} title={t('none')} text={t('none_text')}>
          {add}
        </Empty>
      )}
      <ul className="flex flex-col gap-3">
        {all.map((one) => (
          <li key={one.id}>
            <Row series={one} />
          </li>
        ))}
      </ul>
    </Page>
  );
}

function Row({ series }: { series: Series }) {
  const { t } = useTranslation('series');
  const words = useRuleWords();
  const moment = useMoment(series.timezone);
  const pause = usePause(series);
  const coming = series.next.filter(
    ({ at, state }) => (state === 'planned' || state === 'expected') && Date.parse(at) > Date.now(),
  );
  const [text] = series.posts.map((post) => post.text);
  return (
    <article
      aria-label={series.name}
      className="relative flex items-start gap-3 rounded-xl border border-line bg-panel p-4 hover:border-line-strong"
    >
      <div className="flex min-w-0 grow flex-col gap-1.5">
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
          {/* The whole card leads there; what stands on it has its own place above. */}
          <Link
            href={`/series/${series.id}`}
            className="min-w-0 truncate font-medium after:absolute after:inset-0 after:rounded-xl"
          >
            {series.name}
          </Link>
          <SeriesState state={series.state} />
          {series.problems.length > 0 && (
            <span className="flex items-center gap-1 text-[13px] text-warn">
              <TriangleAlert className="size-4" aria-hidden />
              {t('problems', { count: series.problems.length })}
            </span>
          )}
        </p>
        <p>
          {words(series)} <span className="text-ink-soft">({series.timezone})</span>
        </p>
        <p className="truncate text-ink-soft">
          {series.posts.length > 1 && `${t('takes_turns', { count: series.posts.length })}: `}
          {text || t('no_text')}
        </p>
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-[13px] text-ink-soft">
          <Where ids={series.posts.flatMap(({ community_ids }) => community_ids)} />
          {coming.length > 0 && series.state === 'active' && (
            <span className="flex items-center gap-1.5 tabular-nums">
              <CalendarClock className="size-4 shrink-0" aria-hidden />
              {t('next', { dates: coming.map(({ at }) => moment(at)).join(' · ') })}
            </span>
          )}
        </p>
      </div>
      {series.state !== 'ended' && (
        <IconButton
          small
          icon={series.state === 'paused' ? Play : Pause}
          label={t(series.state === 'paused' ? 'resume_named' : 'pause_named', { name: series.name })}
          busy={pause.busy}
          onClick={pause.toggle}
          className="relative"
        />
      )}
    </article>
  );
}

/** The communities that it goes to, by name; of many the first. */
export function Where({ ids }: { ids: readonly string[] }) {
  const { t } = useTranslation('series');
  const known = useCommunities().data?.data ?? [];
  const found = known.filter(({ id }) => ids.includes(id));
  const shown = found.slice(0, 3);
  return (
    <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
      {shown.map(({ id, network, title }) => (
        <span key={id} className="flex min-w-0 items-center gap-1.5">
          <NetworkMark network={network} />
          <span className="max-w-48 truncate">{title}</span>
        </span>
      ))}
      {found.length > shown.length && <span>{t('more', { count: found.length - shown.length })}</span>}
    </span>
  );
}

import { CalendarCheck, CalendarX, CircleAlert, Pause, Pencil, Play, Trash2, Undo2 } from 'lucide-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useParams } from 'wouter';
import { useGoFromHere } from '../composer/leave.ts';
import { preload } from '../frame/pages.tsx';
import { Button, IconButton } from '../parts/button.tsx';
import { Failed, Loading, Page, Panel } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { Files } from '../posts/files.tsx';
import { useDelete, usePause, useSkip } from './acts.ts';
import { Where } from './list.tsx';
import { useMoment } from './moment.ts';
import { type Occurrence, type Series, type SetPost, useSeries } from './queries.ts';
import { readRule } from './rule.ts';
import { SeriesState } from './state.tsx';
import { useRuleWords } from './words.ts';

/** One series: its rule, its next dates, what it publishes and what went wrong. */
export default function OneSeriesPage() {
  const { t } = useTranslation(['series', 'common']);
  const { id = '' } = useParams<{ id: string }>();
  const series = useSeries(id);
  // A page that waits for the next one goes on asking, also for what was deleted just now.
  useEffect(() => preload('/series'), []);
  if (!series.data) {
    return (
      <Page title={t('common:nav.series')}>
        {series.error ? <Failed error={series.error} again={() => series.refetch()} /> : <Loading />}
      </Page>
    );
  }
  return <Shown key={id} series={series.data} />;
}

function Shown({ series }: { series: Series }) {
  const { t } = useTranslation(['series', 'common']);
  const [, go] = useLocation();
  const goFromHere = useGoFromHere();
  const pause = usePause(series);
  const remove = useDelete(series, () => goFromHere('/series', { replace: true }));
  const paused = series.state === 'paused';
  return (
    <Page
      title={series.name}
      actions={
        <span className="flex flex-wrap gap-2">
          {series.state !== 'ended' && (
            <Button small icon={paused ? Play : Pause} busy={pause.busy} onClick={pause.toggle}>
              {t(paused ? 'resume' : 'pause')}
            </Button>
          )}
          <Button small icon={Pencil} onClick={() => go(`/series/${series.id}/edit`)}>
            {t('common:action.edit')}
          </Button>
          <Button small icon={Trash2} busy={remove.busy} onClick={remove.run}>
            {t('common:action.delete')}
          </Button>
        </span>
      }
    >
      <Problems series={series} />
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="flex min-w-0 flex-col gap-5">
          <Panel>
            <Rule series={series} />
          </Panel>
          <Panel title={t('content', { count: series.posts.length })}>
            {series.posts.length > 1 && (
              <p className="mb-3 text-[13px] text-ink-soft">
                {t('turns_hint')}
                {series.min_distance_days !== null &&
                  ` ${t('distance_is', { count: series.min_distance_days })}`}
              </p>
            )}
            <ul className="flex flex-col divide-y divide-line">
              {series.posts.map((post) => (
                <li key={post.id} className="py-3 first:pt-0 last:pb-0">
                  <Content post={post} />
                </li>
              ))}
            </ul>
          </Panel>
        </div>
        <Panel title={t('dates')}>
          <Dates series={series} />
        </Panel>
      </div>
    </Page>
  );
}

function Rule({ series }: { series: Series }) {
  const { t } = useTranslation('series');
  const words = useRuleWords();
  const formats = useFormats();
  return (
    <div className="flex flex-col gap-2">
      <p className="flex flex-wrap items-center gap-2">
        <SeriesState state={series.state} />
        <span className="font-medium">{words(series)}</span>
        <span className="text-ink-soft">({series.timezone})</span>
      </p>
      {readRule(series.rrule) === null && <code className="text-[13px] break-all">{series.rrule}</code>}
      {series.skip_dates.length > 0 && (
        <p className="text-[13px] text-ink-soft">
          {t('not_on', {
            dates: series.skip_dates.map((date) => formats.date(`${date}T00:00:00Z`, 'UTC')).join(' · '),
          })}
        </p>
      )}
      {series.state === 'paused' && <p className="text-[13px] text-ink-soft">{t('paused_hint')}</p>}
      {series.state === 'ended' && <p className="text-[13px] text-ink-soft">{t('ended_hint')}</p>}
    </div>
  );
}

function Problems({ series }: { series: Series }) {
  const { t } = useTranslation('series');
  const moment = useMoment(series.timezone);
  if (series.problems.length === 0) return null;
  return (
    <section
      aria-label={t('problems_title')}
      className="flex flex-col gap-2 rounded-xl border border-warn bg-warn-soft p-4"
    >
      <h2 className="flex items-center gap-2 font-medium">
        <CircleAlert className="size-4 text-warn" aria-hidden />
        {t('problems_title')}
      </h2>
      <ul className="flex flex-col gap-1">
        {series.problems.map(({ occurrence, at, message }) => (
          <li key={occurrence}>
            <span className="font-medium tabular-nums">{moment(at)}</span> {message}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Content({ post }: { post: SetPost }) {
  const { t } = useTranslation(['series', 'posts']);
  return (
    <div className="flex flex-col gap-2">
      <p className="text-[13px]">
        <Where ids={post.community_ids} />
      </p>
      <p className="line-clamp-6 break-words whitespace-pre-wrap">
        {post.text || <i className="text-ink-soft">{t('no_text')}</i>}
      </p>
      <Files ids={post.media_ids} />
      {post.poll && (
        <p className="text-ink-soft">
          {t('poll')} {post.poll.question}
        </p>
      )}
      {post.parts.length > 0 && <p className="text-ink-soft">{t('parts', { count: post.parts.length })}</p>}
    </div>
  );
}

const colours: Partial<Record<Occurrence['state'], string>> = {
  skipped: 'text-ink-soft line-through',
  cancelled: 'text-ink-soft line-through',
  failed: 'text-bad',
};

function Dates({ series }: { series: Series }) {
  const { t } = useTranslation('series');
  const moment = useMoment(series.timezone);
  const formats = useFormats();
  const skip = useSkip(series.id);
  if (series.next.length === 0) return <p className="text-ink-soft">{t('no_dates')}</p>;
  return (
    <ol className="flex flex-col divide-y divide-line">
      {series.next.map(({ occurrence, at, state, post_id, edited, note }) => {
        // One that a person changed is a post of its own by now: it is cancelled there.
        const out = state === 'planned' && Date.parse(at) <= Date.now();
        const canSkip = (state === 'planned' || state === 'expected') && !edited;
        const canTake = state === 'skipped' || state === 'failed';
        return (
          <li key={occurrence} className="flex min-h-12 items-center gap-2 py-1.5">
            <div className="min-w-0 grow">
              <p className={`tabular-nums ${colours[state] ?? ''}`}>
                {post_id ? (
                  <Link href={`/posts/${post_id}`} className="hover:underline">
                    {moment(at)}
                  </Link>
                ) : (
                  moment(at)
                )}
              </p>
              <p className="text-[13px] text-ink-soft">
                {[
                  out
                    ? t('date_out')
                    : series.state === 'paused' && state !== 'skipped'
                      ? t('date_paused')
                      : t(`date.${state}`),
                  edited && !out && t('edited'),
                  note,
                  state === 'planned' && formats.ago(at),
                ]
                  .filter(Boolean)
                  .join(' · ')}
              </p>
            </div>
            {canSkip && (
              <IconButton
                small
                icon={CalendarX}
                label={t('skip', { date: moment(at) })}
                busy={skip.busy(occurrence)}
                onClick={() => skip.run(occurrence, 'skip')}
              />
            )}
            {canTake && (
              <IconButton
                small
                icon={state === 'failed' ? CalendarCheck : Undo2}
                label={t('unskip', { date: moment(at) })}
                busy={skip.busy(occurrence)}
                onClick={() => skip.run(occurrence, 'unskip')}
              />
            )}
          </li>
        );
      })}
    </ol>
  );
}

import { useQuery } from '@tanstack/react-query';
import { Info } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ApiError, ask } from '../api.ts';
import { cx } from '../parts/class.ts';
import { Panel, Skeleton } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useMoment } from './moment.ts';
import { type Found, seriesApi } from './queries.ts';
import { useRuleWords } from './words.ts';

type When = Parameters<typeof seriesApi.preview.$post>[0]['json'];

/** What a rule would do, asked of the server; null: it is not complete. */
export function useComing(when: When | null) {
  const body = JSON.stringify(when);
  return useQuery({
    queryKey: ['series', 'preview', body],
    queryFn: ({ signal }) => ask(seriesApi.preview.$post({ json: JSON.parse(body) }, { init: { signal } })),
    enabled: when !== null,
    staleTime: 60_000,
    // While another one is asked for, the last one stands: nothing jumps.
    placeholderData: (before) => before,
    retry: (count, error) =>
      count < 1 && !(error instanceof ApiError && error.status < 500 && error.status > 0),
  });
}

const shown = 5;

interface Props {
  when: When | null;
  found: ReturnType<typeof useComing>;
  /** The rule is newer than the dates. */
  isOld: boolean;
}

/** The next dates of what is being written, and what the clocks do to it. */
export function Coming({ when, found, isOld }: Props) {
  const { t } = useTranslation('series');
  const words = useRuleWords();
  const zone = when?.timezone ?? 'UTC';
  const moment = useMoment(zone);
  const { data } = found;
  return (
    <Panel title={t('dates')}>
      <div aria-live="polite" className="flex min-h-40 flex-col gap-3">
        {when && (
          <p className="font-medium">
            {words({ rrule: when.rrule, starts: when.starts, ends: when.ends ?? null })}
          </p>
        )}
        {when === null && <p className="text-ink-soft">{t('incomplete')}</p>}
        {when && !data && !found.error && <Skeleton className="h-28" />}
        {when && data && !found.error && (
          <>
            <ol className={cx('flex flex-col gap-1 tabular-nums', isOld && 'text-ink-soft')}>
              {data.next.slice(0, shown).map(({ occurrence, at }) => (
                <li key={occurrence}>{moment(at)}</li>
              ))}
            </ol>
            <p className="text-[13px] text-ink-soft">
              {data.next.length > shown ? t('and_so_on') : t('that_is_all', { count: data.next.length })}
              {` · ${zone}`}
            </p>
            {data.moved && <Moved moved={data.moved} zone={zone} />}
          </>
        )}
        {found.error && (
          <p className="text-bad">
            {found.error instanceof ApiError && found.error.code === 'invalid'
              ? t('no_dates_yet')
              : found.error.message}
          </p>
        )}
      </div>
    </Panel>
  );
}

function Moved({ moved, zone }: { moved: NonNullable<Found['moved']>; zone: string }) {
  const { t } = useTranslation('series');
  const formats = useFormats();
  return (
    <p className="flex items-start gap-1.5 text-[13px] text-warn">
      <Info className="mt-0.5 size-4 shrink-0" aria-hidden />
      {t(`clocks.${moved.note?.kind ?? 'gap'}`, {
        date: formats.date(moved.at, zone),
        clock: formats.time(`${moved.occurrence}:00Z`, 'UTC'),
        moved: formats.time(moved.at, zone),
      })}
    </p>
  );
}

import { Scale } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'wouter';
import { useWorkspace } from '../frame/session.tsx';
import { Button } from '../parts/button.tsx';
import { Select } from '../parts/field.tsx';
import { Empty, Failed, Panel, Skeleton } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useChoice } from './address.ts';
import { CompareTable } from './compare-table.tsx';
import { AnalyticsPage, DaysChoice } from './frame.tsx';
import { OverTime } from './over-time.tsx';
import { useComparison } from './queries.ts';
import { SideBySide } from './side-by-side.tsx';
import { chosenMost, standings } from './standings.ts';

const periods = ['7', '30', '90'] as const;

/** Communities beside each other, and each beside its period before. */
export default function ComparePage() {
  const { t } = useTranslation(['analytics', 'common']);
  const formats = useFormats();
  const { timezone } = useWorkspace();
  const [days, setDays] = useChoice('days', periods, '30');
  const [metric, setMetric] = useChoice('metric', standings, 'views_per_1000');
  const comparison = useComparison(days, metric);
  const [first] = comparison.data?.pages ?? [];
  const all = comparison.data?.pages.flatMap(({ data }) => data) ?? [];
  const [chosenIds, setChosen] = useChosen(all.slice(0, 4).map(({ id }) => id));
  const chosen = all.filter(({ id }) => chosenIds.includes(id)).slice(0, chosenMost);
  return (
    <AnalyticsPage>
      <div className="flex flex-wrap items-center gap-3">
        <Select
          aria-label={t('metric_choice')}
          value={metric}
          onChange={({ target }) =>
            setMetric(standings.find((one) => one === target.value) ?? 'views_per_1000')
          }
          className="h-8 w-auto max-w-full py-0 text-[13px]"
        >
          {standings.map((one) => (
            <option key={one} value={one}>
              {t(`standing.${one}`)}
            </option>
          ))}
        </Select>
        <DaysChoice options={periods} value={days} onChange={setDays} />
      </div>
      {comparison.error && <Failed error={comparison.error} again={() => comparison.refetch()} />}
      {!first && !comparison.error && (
        <>
          <Skeleton className="h-60" />
          <Skeleton className="h-80" />
        </>
      )}
      {first && all.length === 0 && (
        <Empty icon={Scale} title={t('no_communities')} text={t('no_communities_text')} />
      )}
      {first && all.length > 0 && (
        <>
          {chosen.length < 2 ? (
            <p className="rounded-xl border border-line bg-panel p-4">{t('compare.choose')}</p>
          ) : (
            <>
              <Panel title={t(`standing.${first.metric}`)}>
                <SideBySide communities={chosen} metric={first.metric} days={first.days} />
              </Panel>
              <OverTime communities={chosen} metric={first.metric} days={first.days} />
            </>
          )}
          <Panel title={t('communities')}>
            <CompareTable comparison={first} rows={all} chosen={chosenIds} onChoose={setChosen} />
            {comparison.hasNextPage && (
              <Button
                small
                className="mt-3"
                busy={comparison.isFetchingNextPage}
                onClick={() => comparison.fetchNextPage()}
              >
                {t('common:action.load_more')}
              </Button>
            )}
          </Panel>
          <p className="text-[13px] text-ink-soft">
            {first.as_of
              ? t('as_of', { at: formats.moment(first.as_of, timezone), zone: timezone })
              : t('compare.not_yet')}{' '}
            {t('compare.note')}
          </p>
        </>
      )}
    </AnalyticsPage>
  );
}

/** Which communities the charts show; it stands in the address. */
function useChosen(usual: readonly string[]): [readonly string[], (ids: readonly string[]) => void] {
  const [search, setSearch] = useSearchParams();
  const asked = search.getAll('community');
  const choose = (ids: readonly string[]) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        after.delete('community');
        // An empty one is «none», which is not the same as «not chosen yet».
        for (const id of ids.length > 0 ? ids : ['']) after.append('community', id);
        return after;
      },
      { replace: true },
    );
  return [asked.length > 0 ? asked : usual, choose];
}

import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Temporal } from 'temporal-polyfill';
import { useCommunities } from '../communities/list.tsx';
import { useWorkspace } from '../frame/session.tsx';
import { networkTitle } from '../parts/network.tsx';
import { Failed, Panel, Skeleton } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { Chart } from './chart.tsx';
import type { Line } from './lines.ts';
import { usePoints } from './points.ts';
import { type CompareMetric, type Comparison, type Trend, trendQuery } from './queries.ts';
import { spansOf } from './span.ts';

/** What of each measure can be told day by day. */
const told: Record<CompareMetric, Trend['metric']> = {
  members: 'members',
  growth_percent: 'members',
  posts: 'posts',
  views_per_1000: 'views',
  interactions_per_1000: 'reactions',
  interaction_percent: 'reactions',
};

interface Props {
  communities: readonly Comparison['data'][number][];
  metric: CompareMetric;
  days: number;
}

/**
 * The communities as lines over the same days. Members are told as growth since the first known number: communities of
 * a hundred and of a hundred thousand have no scale in common.
 */
export function OverTime({ communities, metric, days }: Props) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const places = useCommunities();
  const { timezone: home } = useWorkspace();
  const zoneOf = (id: string) => places.data?.data.find((one) => one.id === id)?.timezone ?? home;
  const grain = days > 31 ? 'week' : 'day';
  const trends = useQueries({
    queries: communities.map(({ id }) => ({
      ...trendQuery(id, { metric: told[metric], grain, ...spansOf(days, grain, zoneOf(id)).current }),
      // Otherwise the zone would change under it.
      enabled: !places.isPending,
    })),
  });
  const failed = trends.find(({ error }) => error);
  const known = trends.flatMap(({ data }) => (data ? [data] : []));
  const isMembers = told[metric] === 'members';
  const title = t(`over_time.${isMembers ? 'growth' : (told[metric] as 'posts' | 'views' | 'reactions')}`);
  const { dates, lines } = useAligned(known, isMembers);
  const points = usePoints(dates, grain, 'UTC');
  return (
    <Panel title={title}>
      {failed?.error ? (
        <Failed error={failed.error} again={() => failed.refetch()} />
      ) : known.length < communities.length ? (
        <Skeleton className="h-76" />
      ) : (
        <Chart
          title={title}
          points={points}
          lines={lines}
          fromZero={!isMembers}
          {...(isMembers && { format: formats.percent })}
          stale={trends.some(({ isPlaceholderData }) => isPlaceholderData)}
        />
      )}
    </Panel>
  );
}

/** By the dates of each community's own clock, which may be a day apart. */
function useAligned(trends: readonly Trend[], asGrowth: boolean) {
  const signature = trends.map(({ community, metric, grain, data }) => [community.id, metric, grain, data]);
  return useMemo(() => {
    const byDate = trends.map(
      ({ data, timezone }) => new Map(data.map(({ at, value }) => [dateOf(at, timezone), value])),
    );
    const days = [...new Set(byDate.flatMap((values) => [...values.keys()]))].sort();
    const labels = labelsOf(trends.map(({ community }) => community));
    return {
      dates: days.map((day) => ({ at: `${day}T12:00:00Z` })),
      lines: trends.map(({ community }, index): Line => {
        const values = days.map((day) => byDate[index]?.get(day) ?? null);
        const first = values.find((value) => value !== null && value !== 0);
        return {
          label: labels[index] ?? community.title,
          values:
            asGrowth && first
              ? values.map((value) => (value === null ? null : (100 * (value - first)) / first))
              : values,
        };
      }),
    };
  }, [JSON.stringify(signature), asGrowth]);
}

/** Their titles; of those that are called alike the network too, or else a number. */
function labelsOf(communities: readonly Trend['community'][]): string[] {
  const titles = communities.map(({ title }) => title);
  const named = communities.map(({ title, network }) =>
    isTwin(title, titles) ? `${title} (${networkTitle(network)})` : title,
  );
  return named.map((name, index) => (isTwin(name, named) ? `${titles[index]} (${index + 1})` : name));
}

function isTwin(name: string, among: readonly string[]): boolean {
  return among.filter((one) => one === name).length > 1;
}

function dateOf(at: string, zone: string): string {
  return Temporal.Instant.from(at).toZonedDateTimeISO(zone).toPlainDate().toString();
}

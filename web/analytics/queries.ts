import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { InferRequestType, InferResponseType } from 'hono/client';
import { ask, client } from '../api.ts';
import type { Period } from './address.ts';

const { analytics } = client.v1;
const place = analytics.communities[':id'];

export type Overview = InferResponseType<typeof analytics.overview.$get, 200>;
export type Growth = InferResponseType<typeof place.growth.$get, 200>;
export type Trend = InferResponseType<typeof place.trends.$get, 200>;
export type TrendQuery = InferRequestType<typeof place.trends.$get>['query'];
export type TopPosts = InferResponseType<(typeof place)['top-posts']['$get'], 200>;
export type BestTimes = InferResponseType<(typeof place)['best-times']['$get'], 200>;
export type Slot = BestTimes['slots'][number];
export type Delivery = InferResponseType<typeof analytics.delivery.$get, 200>;
export type DeliveryDays = InferResponseType<typeof analytics.delivery.days.$get, 200>;
export type Content = InferResponseType<typeof place.content.$get, 200>;
export type Benchmark = InferResponseType<typeof place.benchmark.$get, 200>;
export type Comparison = InferResponseType<typeof analytics.compare.$get, 200>;
export type CompareMetric = Comparison['metric'];
export type Insight = InferResponseType<typeof client.v1.insights.$get, 200>['data'][number];

// Figures come hourly at best: what was just asked need not be asked again.
const shared = { staleTime: 60_000, placeholderData: keepPreviousData };

export function useOverview(days: Period) {
  return useQuery({
    ...shared,
    queryKey: ['analytics', 'overview', days],
    queryFn: () => ask(analytics.overview.$get({ query: { days } })),
  });
}

export function useGrowth(id: string, query: { days: Period; grain: 'day' | 'week' }) {
  return useQuery({
    ...shared,
    queryKey: ['analytics', id, 'growth', query],
    queryFn: () => ask(place.growth.$get({ param: { id }, query })),
  });
}

export function useTopPosts(id: string, query: { days: Period; metric: TopPosts['metric'] }) {
  return useQuery({
    ...shared,
    queryKey: ['analytics', id, 'top-posts', query],
    queryFn: () => ask(place['top-posts'].$get({ param: { id }, query })),
  });
}

export function useBestTimes(id: string, days: '30' | '90' | '180') {
  return useQuery({
    ...shared,
    queryKey: ['analytics', id, 'best-times', days],
    queryFn: () => ask(place['best-times'].$get({ param: { id }, query: { days } })),
  });
}

/** For `useQuery` and `useQueries`. */
export function trendQuery(id: string, query: TrendQuery) {
  return {
    ...shared,
    queryKey: ['analytics', id, 'trends', query],
    queryFn: () => ask(place.trends.$get({ param: { id }, query })),
  };
}

export function useDelivery(days: Period) {
  return useQuery({
    ...shared,
    queryKey: ['analytics', 'delivery', days],
    queryFn: () => ask(analytics.delivery.$get({ query: { days } })),
  });
}

export function useContent(id: string, days: '30' | '90' | '180') {
  return useQuery({
    ...shared,
    queryKey: ['analytics', id, 'content', days],
    queryFn: () => ask(place.content.$get({ param: { id }, query: { days } })),
  });
}

export function useBenchmark(id: string) {
  return useQuery({
    ...shared,
    queryKey: ['analytics', id, 'benchmark'],
    queryFn: () => ask(place.benchmark.$get({ param: { id } })),
  });
}

export function useDeliveryDays(days: Period) {
  return useQuery({
    ...shared,
    queryKey: ['analytics', 'delivery', 'days', days],
    queryFn: () => ask(analytics.delivery.days.$get({ query: { days } })),
  });
}

/** By rank, a hundred at a time. */
export function useComparison(days: '7' | '30' | '90', metric: CompareMetric) {
  return useInfiniteQuery({
    ...shared,
    queryKey: ['analytics', 'compare', days, metric],
    initialPageParam: '',
    queryFn: ({ pageParam: cursor }) =>
      ask(analytics.compare.$get({ query: { days, metric, limit: '100', ...(cursor && { cursor }) } })),
    getNextPageParam: (last) => last.next_cursor,
  });
}

export function useCommunity(id: string) {
  return useQuery({
    queryKey: ['communities', id],
    queryFn: () => ask(client.v1.communities[':id'].$get({ param: { id } })),
  });
}

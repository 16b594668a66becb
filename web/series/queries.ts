import { useQuery } from '@tanstack/react-query';
import type { InferRequestType, InferResponseType } from 'hono/client';
import { ask, client } from '../api.ts';

export const seriesApi = client.v1.series;
export type Series = InferResponseType<(typeof seriesApi)[':id']['$get'], 200>;
export type SeriesBody = InferRequestType<typeof seriesApi.$post>['json'];
export type ChangeBody = InferRequestType<(typeof seriesApi)[':id']['$patch']>['json'];
export type SetPost = Series['posts'][number];
export type Occurrence = Series['next'][number];
export type Found = InferResponseType<typeof seriesApi.preview.$post, 200>;

/** Every series of the workspace; the API gives a hundred at most, and few have more. */
export function useSeriesList() {
  return useQuery({
    queryKey: ['series'],
    queryFn: () => ask(seriesApi.$get({ query: { limit: '100' } })),
  });
}

/** One series with its next dates; null: none is asked for. */
export function useSeries(id: string | null) {
  return useQuery({
    queryKey: ['series', id],
    queryFn: () => ask(seriesApi[':id'].$get({ param: { id: id ?? '' } })),
    enabled: id !== null,
    // Its posts change what it shows, and no change of the series tells of that.
    staleTime: 0,
  });
}

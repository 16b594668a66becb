import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { InferRequestType, InferResponseType } from 'hono/client';
import { ask, client } from '../api.ts';

export const api = client.v1.reports;
export const scheduleApi = client.v1['report-schedules'];

export type Report = InferResponseType<typeof api.$get, 200>['data'][number];
export type NewReport = InferRequestType<typeof api.$post>['json'];
export type Schedule = InferResponseType<typeof scheduleApi.$get, 200>['data'][number];
export type NewSchedule = InferRequestType<typeof scheduleApi.$post>['json'];
export type Format = Report['format'];

export const formats = ['pdf', 'xlsx', 'csv'] as const satisfies readonly Format[];

/** Addresses of files are signed for a few minutes: they are asked for anew before they die. Milliseconds. */
const renewed = 4 * 60_000;

/** Newest first, a page at a time. */
export function useReports() {
  return useInfiniteQuery({
    queryKey: ['reports', 'list'],
    queryFn: ({ pageParam }) =>
      ask(api.$get({ query: { limit: '20', ...(pageParam && { cursor: pageParam }) } })),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
    refetchInterval: renewed,
  });
}

export function useSchedules() {
  return useQuery({
    queryKey: ['reports', 'schedules'],
    queryFn: () => ask(scheduleApi.$get({ query: { limit: '100' } })),
  });
}

import { useQuery } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { ask, client } from '../api.ts';

export type Network = InferResponseType<typeof client.v1.networks.$get, 200>['data'][number];

/** What each network takes and can be asked for; the same for as long as the server runs. */
export function useNetworks() {
  return useQuery({
    queryKey: ['networks'],
    queryFn: () => ask(client.v1.networks.$get()),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

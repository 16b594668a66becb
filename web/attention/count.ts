import { queryOptions, useQuery } from '@tanstack/react-query';
import { ask, client } from '../api.ts';

/** Posts of which something waits for a person; a hundred are enough to know that there are many. */
export const attentionQuery = queryOptions({
  queryKey: ['posts', 'attention'],
  queryFn: () => ask(client.v1.posts.$get({ query: { needs_attention: 'true', limit: '100' } })),
  refetchInterval: 60_000,
});

export function useAttentionCount(): number {
  return useQuery(attentionQuery).data?.data.length ?? 0;
}

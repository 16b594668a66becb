import { useQuery } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { ask, client } from '../api.ts';

export const savedApi = client.v1['saved-queries'];
const schemaApi = client.v1.analytics.sql.schema;

export type Saved = InferResponseType<typeof savedApi.$get, 200>['data'][number];
type Schema = InferResponseType<typeof schemaApi.$get, 200>;
export type View = Schema['views'][number];
export type Ready = Schema['queries'][number];

/** The views with their columns, and ready queries. They change with a release only. */
export function useSchema() {
  return useQuery({
    queryKey: ['analytics', 'sql-schema'],
    queryFn: () => ask(schemaApi.$get()),
    staleTime: 3_600_000,
  });
}

/** Every saved query of the workspace, by name. */
export function useSaved() {
  return useQuery({
    queryKey: ['saved-queries'],
    queryFn: async () => {
      const found: Saved[] = [];
      let cursor: string | null = null;
      do {
        const page: InferResponseType<typeof savedApi.$get, 200> = await ask(
          savedApi.$get({ query: { limit: '100', ...(cursor && { cursor }) } }),
        );
        found.push(...page.data);
        cursor = page.next_cursor;
      } while (cursor);
      return found.sort((a, b) => a.name.localeCompare(b.name));
    },
  });
}

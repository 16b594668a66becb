import { useQueries } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { ask, client } from '../api.ts';
import type { Community } from '../communities/list.tsx';

type Slots = InferResponseType<(typeof client.v1.communities)[':id']['slots']['$get'], 200>;
/** A free moment of a community, with what speaks for its hour. */
export type Proposal = Slots['next'][number];

export interface Proposals {
  community: Community;
  slots: Slots;
}

/** The next free moments of each community, those first that evidence speaks for. */
export function useProposals(communities: readonly Community[]): Proposals[] {
  return useQueries({
    queries: communities.map((community) => ({
      queryKey: ['communities', community.id, 'slots', 'best'],
      queryFn: async (): Promise<Proposals> => {
        const query = { by: 'best', limit: '3' } as const;
        const call = client.v1.communities[':id'].slots.$get({ param: { id: community.id }, query });
        return { community, slots: await ask(call) };
      },
      staleTime: 60_000,
    })),
    combine: known,
  });
}

function known(answers: { data: Proposals | undefined }[]): Proposals[] {
  return answers.flatMap(({ data }) => (data ? [data] : []));
}

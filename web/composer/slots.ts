import { useQueries } from '@tanstack/react-query';
import { ask, client } from '../api.ts';
import type { Community } from '../communities/list.tsx';

/** A free moment of a community, with what speaks for it where the installation tells. */
export interface Proposal {
  at: string;
  local_time: string;
  timezone: string;
  source: string | null;
  evidence: { posts: number; lift_percent: number; reliable: boolean } | null;
}

export interface Proposals {
  community: Community;
  next: readonly Proposal[];
  /** Whether `at: best` can be asked for. */
  knowsBest: boolean;
  note: string | null;
}

// Evidence comes with installations that reckon best times; others answer with their weekly slots alone.
type Told = Partial<{ by: string; note: string | null }> & {
  next: (Pick<Proposal, 'at' | 'local_time' | 'timezone'> & Partial<Pick<Proposal, 'source' | 'evidence'>>)[];
};

/** The next free moments of each community. */
export function useProposals(communities: readonly Community[]): Proposals[] {
  return useQueries({
    queries: communities.map((community) => ({
      queryKey: ['communities', community.id, 'slots', 'proposals'],
      queryFn: async (): Promise<Proposals> => {
        const look = async (query: object) =>
          (await ask(
            client.v1.communities[':id'].slots.$get({ param: { id: community.id }, query }),
          )) as Told;
        const slots = await look({ limit: '4' });
        const told = slots.by === undefined ? slots : await look({ limit: '4', by: 'best' });
        return {
          community,
          next: told.next.map((one) => ({
            ...one,
            source: one.source ?? null,
            evidence: one.evidence ?? null,
          })),
          knowsBest: told.by !== undefined,
          note: told.note ?? null,
        };
      },
      staleTime: 60_000,
    })),
    combine: known,
  });
}

function known(answers: { data: Proposals | undefined }[]): Proposals[] {
  return answers.flatMap(({ data }) => (data ? [data] : []));
}

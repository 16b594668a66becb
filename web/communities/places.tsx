import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { CircleCheck } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ask, client } from '../api.ts';
import { Button } from '../parts/button.tsx';
import { useTellError } from '../parts/toast.tsx';
import type { Community } from './list.tsx';

export type Connection = InferResponseType<(typeof client.v1.connections)[':id']['$get'], 200>;

/** A connection that a person has begun, looked at again until it is proved and its places are there. */
export function useConnection(id: string | null) {
  return useQuery({
    queryKey: ['connections', id],
    enabled: id !== null,
    queryFn: () => ask(client.v1.connections[':id'].$get({ param: { id: id ?? '' } })),
    refetchInterval: (query) => (query.state.data?.state === 'expired' ? false : 2_000),
  });
}

/** What a proved connection can connect, each by one press. */
export function Places({ connection, done }: { connection: Connection; done(community: Community): void }) {
  const { t } = useTranslation(['communities', 'common']);
  const queries = useQueryClient();
  const tellError = useTellError();
  const connecting = useMutation({
    mutationFn: (externalId: string) =>
      ask(
        client.v1.communities.$post({
          json: { network: connection.network, connection_id: connection.id, external_id: externalId },
        }),
      ),
    onSuccess: async (community) => {
      // Also where nobody looks just now: the composer begins with what is known.
      await queries.invalidateQueries({ queryKey: ['communities'], exact: true, refetchType: 'all' });
      done(community);
    },
    onError: tellError,
  });
  return (
    <ul className="flex flex-col gap-2">
      {connection.places.map(({ external_id, title, problem, connected }) => (
        <li key={external_id} className="flex items-center gap-3 rounded-lg border border-line p-3">
          <span className="min-w-0 grow">
            <span className="block truncate font-medium">{title ?? external_id}</span>
            {problem && <span className="block text-[13px] text-warn">{problem}</span>}
          </span>
          {connected ? (
            <span className="flex items-center gap-1 text-good">
              <CircleCheck className="size-4" aria-hidden />
              {t('status.active')}
            </span>
          ) : (
            <Button
              small
              look="primary"
              disabled={problem !== null}
              busy={connecting.isPending && connecting.variables === external_id}
              onClick={() => connecting.mutate(external_id)}
            >
              {t('connect_button')}
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

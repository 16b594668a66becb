import { useQuery } from '@tanstack/react-query';
import { ask, client } from '../api.ts';

/** Whether one can register here, and what the demo shows. */
export function useInstallation() {
  return useQuery({
    queryKey: ['installation'],
    queryFn: () => ask(client.v1.installation.$get()),
    staleTime: 60_000,
  });
}

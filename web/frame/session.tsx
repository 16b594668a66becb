import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { createContext, type ReactNode, useContext } from 'react';
import { Redirect, useLocation } from 'wouter';
import { ApiError, ask, client } from '../api.ts';
import { Failed } from '../parts/page.tsx';

export type Me = InferResponseType<typeof client.v1.me.$get, 200>;

const Session = createContext<Me | null>(null);

/** Who is signed in. Only within {@link SessionGate}. */
export function useMe(): Me {
  const me = useContext(Session);
  if (!me) throw new Error('nobody is signed in here');
  return me;
}

/** The workspace that the page works in. */
export function useWorkspace(): Me['workspaces'][number] {
  const { workspaces, workspace_id } = useMe();
  const found = workspaces.find(({ id }) => id === workspace_id);
  if (!found) throw new Error('the workspace is not in the list');
  return found;
}

let place: string | null = null;

/** Where changes go on from: earlier than all that was asked for since it is known who asks. */
export const placeOfSession = () => place;

/** Shows the dashboard to those who are signed in, and leads the others to the door. */
export function SessionGate({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  const me = useQuery({
    queryKey: ['me'],
    queryFn: async () => {
      const answer = client.v1.me.$get();
      const found = await ask(answer);
      place = (await answer).headers.get('Outpost-Place');
      return found;
    },
    retry: (count, error) => !(error instanceof ApiError && error.status === 401) && count < 2,
    staleTime: 60_000,
    // Once the server is back the page is, too.
    refetchInterval: ({ state }) => (state.data === undefined && state.error ? 3_000 : false),
  });
  if (me.error instanceof ApiError && me.error.status === 401) {
    return <Redirect to={path === '/' ? '/login' : `/login?next=${encodeURIComponent(path)}`} replace />;
  }
  if (me.data) return <Session value={me.data}>{children}</Session>;
  const failed = me.error ?? me.failureReason;
  if (failed) {
    return (
      <main className="mx-auto flex min-h-full max-w-lg flex-col justify-center gap-6 p-6">
        <img src="/icon.svg" alt="Outpost" className="mx-auto size-14" />
        <Failed error={failed} again={() => me.refetch()} />
      </main>
    );
  }
  return null;
}

/** Ends the session and forgets everything that was shown. */
export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  const [, go] = useLocation();
  return async () => {
    await client.v1.auth.logout.$post();
    queries.clear();
    go('/login');
  };
}

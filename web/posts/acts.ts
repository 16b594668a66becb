import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { ask, client, send } from '../api.ts';
import type { StateName } from '../parts/state.tsx';
import { useTellError } from '../parts/toast.tsx';

export type Post = InferResponseType<(typeof client.v1.posts)[':id']['$get'], 200>;
export type Detail = InferResponseType<
  (typeof client.v1.posts)[':id']['publications']['$get'],
  200
>['data'][number];
export type Action = Detail['actions'][number];
export type ActAction = Detail['acts'][number]['actions'][number];

/** What a post is called: the state that waits for a person, where its own hides that. */
export function stateOf({ status, needs_attention, publications: all }: Post): StateName {
  if (!needs_attention || (status !== 'publishing' && status !== 'scheduled')) return status;
  const waiting = ['unconfirmed', 'failed', 'held'] as const;
  return waiting.find((state) => all.some((one) => one.state === state)) ?? status;
}

/** It was public, and is not any more: nowhere. What still waits or is on its way is told before that. */
export function isRemoved({ status, needs_attention, publications: all }: Post): boolean {
  if (needs_attention || (status !== 'published' && status !== 'partially_published')) return false;
  const public_ = all.filter(({ state }) => state === 'published');
  return public_.length > 0 && public_.every(({ removed_at }) => removed_at !== null);
}

const publications = client.v1.publications[':id'];
const acts = client.v1.acts[':id'];

/** What a person decides on a publication. */
export function usePublicationAct() {
  return useDecision(
    ({ id, action, text }: { id: string; action: Action; text?: string }): Promise<unknown> => {
      const param = { id };
      switch (action) {
        case 'confirm':
          return ask(publications.confirm.$post({ param, json: text ? { remote_url: text } : {} }));
        case 'comment':
          return ask(publications.comment.$post({ param, json: { text: text ?? '' } }));
        default:
          return send(publications[action].$post({ param }));
      }
    },
  );
}

/** What a person decides on an edit, a deletion, a pin or a comment. */
export function useActDecision() {
  return useDecision(
    ({ id, action }: { id: string; action: ActAction }): Promise<unknown> =>
      ask(acts[action].$post({ param: { id } })),
  );
}

function useDecision<Input>(decide: (input: Input) => Promise<unknown>) {
  const queries = useQueryClient();
  const tellError = useTellError();
  return useMutation({
    mutationFn: decide,
    onError: tellError,
    onSettled: () => queries.invalidateQueries({ queryKey: ['posts'] }),
  });
}

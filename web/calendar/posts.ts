import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { useTranslation } from 'react-i18next';
import { ask, client, send } from '../api.ts';
import { useTell, useTellError } from '../parts/toast.tsx';
import { newTime } from './span.ts';

type Calendar = InferResponseType<typeof client.v1.calendar.$get, 200>;
export type CalendarPost = Calendar['data'][number];

const key = (bounds: { from: string; to: string }) => ['posts', 'calendar', bounds.from, bounds.to];

export function useCalendar(bounds: { from: string; to: string }) {
  return useQuery({
    queryKey: key(bounds),
    queryFn: () => ask(client.v1.calendar.$get({ query: bounds })),
    placeholderData: keepPreviousData,
  });
}

/** What has not begun to go out may be moved. */
export function isMovable(post: CalendarPost): boolean {
  return post.status === 'scheduled';
}

/** Moves, copies and deletes: shown at once, taken back when the server refuses. */
export function useCalendarActs() {
  const queries = useQueryClient();
  const tell = useTell();
  const tellError = useTellError();
  const { t } = useTranslation(['calendar', 'common']);

  /** Shows a change before the server has it; answers what takes it back. */
  async function show(change: (posts: CalendarPost[]) => CalendarPost[]): Promise<() => void> {
    await queries.cancelQueries({ queryKey: ['posts', 'calendar'] });
    const before = queries.getQueriesData<Calendar>({ queryKey: ['posts', 'calendar'] });
    queries.setQueriesData<Calendar>({ queryKey: ['posts', 'calendar'] }, (old) =>
      old ? { ...old, data: change(old.data) } : old,
    );
    return () => {
      for (const [queryKey, data] of before) queries.setQueryData(queryKey, data);
    };
  }
  const settled = () => queries.invalidateQueries({ queryKey: ['posts'] });
  const onError = (error: unknown, _: unknown, context?: { back: () => void }) => {
    context?.back();
    tellError(error);
  };
  const times = (moves: readonly Move[]) => new Map(moves.map(({ post, at }) => [post.id, at]));
  const patch = (moves: readonly Move[]) =>
    inTurn(moves, ({ post, at }) =>
      ask(client.v1.posts[':id'].$patch({ param: { id: post.id }, json: newTime(at, post.timezone) })),
    );

  // What is planned has to be taken off the plan first.
  const unplan = (id: string) =>
    ask(client.v1.posts[':id'].$patch({ param: { id }, json: { scheduled_at: null } }));
  const erase = (id: string) => send(client.v1.posts[':id'].$delete({ param: { id } }));

  const move = useMutation({
    mutationFn: patch,
    onMutate: async (moves: readonly Move[]) => {
      const to = times(moves);
      return {
        back: await show((posts) =>
          posts
            .map((post) => ({ ...post, at: to.get(post.id) ?? post.at }))
            .sort((a, b) => (a.at < b.at ? -1 : 1)),
        ),
      };
    },
    onSuccess: (_, moves) => {
      const back = moves.map(({ post }) => ({ post, at: post.at }));
      tell({ text: t('moved', { count: moves.length }), undo: () => patch(back).then(settled, tellError) });
    },
    onError,
    onSettled: settled,
  });

  const copy = useMutation({
    mutationFn: async ({ post, at }: Move) => {
      const made = await ask(client.v1.posts[':id'].duplicate.$post({ param: { id: post.id } }));
      return ask(
        client.v1.posts[':id'].$patch({ param: { id: made.id }, json: newTime(at, post.timezone) }),
      ).catch(async (error: unknown) => {
        // Half a copy is none: no draft stays behind that nobody asked for.
        await erase(made.id);
        throw error;
      });
    },
    onSuccess: (made) =>
      tell({
        text: t('copied'),
        undo: () =>
          unplan(made.id)
            .then(() => erase(made.id))
            .catch(tellError)
            .finally(settled),
      }),
    onError: tellError,
    onSettled: settled,
  });

  const unschedule = useMutation({
    mutationFn: (posts: readonly CalendarPost[]) => inTurn(posts, ({ id }) => unplan(id)),
    onMutate: async (posts) => {
      const ids = new Set(posts.map(({ id }) => id));
      return { back: await show((all) => all.filter(({ id }) => !ids.has(id))) };
    },
    onSuccess: (_, posts) =>
      tell({
        text: t('unscheduled', { count: posts.length }),
        undo: () => patch(posts.map((post) => ({ post, at: post.at }))).then(settled, tellError),
      }),
    onError,
    onSettled: settled,
  });

  const remove = useMutation({
    mutationFn: (posts: readonly CalendarPost[]) =>
      inTurn(posts, async (post) => {
        if (isMovable(post)) await unplan(post.id);
        return erase(post.id);
      }),
    onMutate: async (posts) => {
      const ids = new Set(posts.map(({ id }) => id));
      return { back: await show((all) => all.filter(({ id }) => !ids.has(id))) };
    },
    onSuccess: (_, posts) => tell({ text: t('deleted', { count: posts.length }) }),
    onError,
    onSettled: settled,
  });
  return { move, copy, unschedule, remove };
}

export interface Move {
  post: CalendarPost;
  at: string;
}

/** One after the other, so that a refusal stops what comes after it. */
async function inTurn<Item, Answer>(
  items: readonly Item[],
  act: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const item of items) answers.push(await act(item));
  return answers;
}

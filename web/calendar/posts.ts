import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { useTranslation } from 'react-i18next';
import { ApiError, ask, client, send } from '../api.ts';
import { useFormats } from '../parts/time.ts';
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
export function useCalendarActs(zone: string) {
  const queries = useQueryClient();
  const tell = useTell();
  const tellError = useTellError();
  const { t } = useTranslation(['calendar', 'common']);
  const formats = useFormats();

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
  const patch = ({ post, at }: Move) =>
    ask(client.v1.posts[':id'].$patch({ param: { id: post.id }, json: newTime(at, post.timezone) }));
  const putBack = (posts: readonly CalendarPost[]) => () =>
    inTurn(posts, (post) => patch({ post, at: post.at }))
      .catch(tellError)
      .finally(settled);
  /** What was refused is shown where it was, and told beside what was done. */
  const onHalf = (outcome: Outcome<unknown>, all: readonly unknown[], back: () => void) => {
    const { done, error } = outcome;
    if (error === null) return;
    back();
    const reason = error instanceof ApiError ? error.message : t('common:error.internal');
    tell({ text: t('refused', { count: all.length - done.length, reason }), bad: true });
  };

  const move = useMutation({
    mutationFn: (moves: readonly Move[]) => eachOf(moves, patch),
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
    onSuccess: (outcome, moves, { back }) => {
      onHalf(outcome, moves, back);
      const { done } = outcome;
      const [only, more] = done;
      const text =
        only && !more
          ? t('moved_to', { day: formats.day(only.at, zone), time: formats.time(only.at, zone) })
          : t('moved', { count: done.length });
      tell({ text, undo: putBack(done.map(({ post }) => post)) });
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
    mutationFn: (posts: readonly CalendarPost[]) => eachOf(posts, ({ id }) => unplan(id)),
    onMutate: async (posts) => {
      const ids = new Set(posts.map(({ id }) => id));
      return { back: await show((all) => all.filter(({ id }) => !ids.has(id))) };
    },
    onSuccess: (outcome, posts, { back }) => {
      onHalf(outcome, posts, back);
      tell({ text: t('unscheduled', { count: outcome.done.length }), undo: putBack(outcome.done) });
    },
    onError,
    onSettled: settled,
  });

  const remove = useMutation({
    mutationFn: (posts: readonly CalendarPost[]) =>
      eachOf(posts, async (post) => {
        if (isMovable(post)) await unplan(post.id);
        return erase(post.id);
      }),
    onMutate: async (posts) => {
      const ids = new Set(posts.map(({ id }) => id));
      return { back: await show((all) => all.filter(({ id }) => !ids.has(id))) };
    },
    onSuccess: (outcome, posts, { back }) => {
      onHalf(outcome, posts, back);
      tell({ text: t('deleted', { count: outcome.done.length }) });
    },
    onError,
    onSettled: settled,
  });
  return { move, copy, unschedule, remove };
}

/** Deletes what an import has just made. */
export async function takeBack(
  rows: readonly { post_id: string | null; scheduled_at: string | null }[],
): Promise<void> {
  await inTurn(rows, async ({ post_id: id, scheduled_at }) => {
    if (id === null) return;
    if (scheduled_at !== null) await unplan(id);
    await erase(id);
  });
}

// What is planned has to be taken off the plan first.
const unplan = (id: string) =>
  ask(client.v1.posts[':id'].$patch({ param: { id }, json: { scheduled_at: null } }));
const erase = (id: string) => send(client.v1.posts[':id'].$delete({ param: { id } }));

export interface Move {
  post: CalendarPost;
  at: string;
}

interface Outcome<Item> {
  done: Item[];
  /** Of those that were not done, why the first was not; null: all were done. */
  error: unknown;
}

/** One after the other: what is refused does not keep the others. Throws when nothing was done. */
async function eachOf<Item>(
  items: readonly Item[],
  act: (item: Item) => Promise<unknown>,
): Promise<Outcome<Item>> {
  const done: Item[] = [];
  let error: unknown = null;
  for (const item of items) {
    try {
      await act(item);
      done.push(item);
    } catch (reason) {
      error ??= reason;
      // Without a server the next would fail like this one.
      if (!(reason instanceof ApiError) || reason.status === 0 || reason.status >= 500) break;
    }
  }
  if (error !== null && done.length === 0) throw error;
  return { done, error };
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

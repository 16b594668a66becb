import { useMutation } from '@tanstack/react-query';
import { useCallback, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { ApiError, ask, client, send, wishKey } from '../api.ts';
import { contentOf, type Post } from '../composer/content.ts';
import { useLeft } from '../composer/leave.ts';
import { sendOnce, type Wish } from '../composer/once.ts';
import { useWorkspace } from '../frame/session.tsx';
import { useTell, useTellError } from '../parts/toast.tsx';
import { useSeriesChanged } from './acts.ts';
import { bodyOf, type Draft, type Start, type whenOf } from './draft.ts';
import { makeOnce } from './making.ts';
import { type ChangeBody, type Series, seriesApi } from './queries.ts';
import { store } from './storage.ts';

/**
 * Makes a series, or changes it for as long as it is the one that was read. A draft that becomes a series is taken out
 * of the drafts; undo takes the new series away again and brings the draft back. `keep` has this browser keep what is
 * written.
 */
export function useSave({ series, source, slot, base, wish: before }: Omit<Start, 'draft' | 'restored'>) {
  const { t } = useTranslation('series');
  const { id: workspace } = useWorkspace();
  const [, go] = useLocation();
  const tell = useTell();
  const tellError = useTellError();
  const changed = useSeriesChanged();
  const wish = useRef(before);
  const left = useLeft();
  const keep = useCallback(
    (draft: Draft) => store(workspace, slot, { draft, base, wish: wish.current }),
    [workspace, slot, base],
  );

  const takeBack = async ({ id }: Series, taken: Post | null) => {
    try {
      await send(seriesApi[':id'].$delete({ param: { id } }));
      const back = taken && (await ask(client.v1.posts.$post({ json: contentOf(taken) })));
      // Nobody is led away from where they have gone meanwhile.
      if (location.pathname.endsWith(`/series/${id}`)) go(back ? `/posts/${back.id}/edit` : '/series');
      await changed();
    } catch (error) {
      tellError(error);
    }
  };
  const saving = useMutation({
    mutationFn: async (given: { draft: Draft; when: NonNullable<ReturnType<typeof whenOf>> }) => {
      const body = bodyOf(given.draft, given.when);
      const ports = {
        key: wishKey,
        keep(sent: Wish<ChangeBody> | null) {
          wish.current = sent;
          keep(given.draft);
        },
      };
      if (series) {
        const param = { id: series.id };
        const send = (json: ChangeBody, key: string) =>
          ask(seriesApi[':id'].$patch({ param, json }, { headers: { 'Idempotency-Key': key } }));
        const expected = { updated_at: series.updated_at };
        return {
          saved: await sendOnce({ ...body, expected }, wish.current, { ...ports, send }),
          draft: null,
        };
      }
      const saved = await makeOnce(body, wish.current, {
        ...ports,
        send: (json: typeof body, key) =>
          ask(seriesApi.$post({ json }, { headers: { 'Idempotency-Key': key } })),
        change: ({ id, updated_at }, json) =>
          ask(
            seriesApi[':id'].$patch({
              param: { id },
              json: { ...json, expected: { updated_at } },
            }),
          ),
      });
      // The series stands, whatever becomes of the draft: it can be deleted by hand.
      const draft = source?.status === 'draft' ? await takeOut(source).catch(tellError) : null;
      return { saved, draft: draft ?? null };
    },
    onSuccess: ({ saved, draft }) => {
      // Also where the form was left meanwhile: what stays kept would be made a second time.
      store(workspace, slot, null);
      if (series) tell({ text: t('saved') });
      else {
        tell({
          text: t(draft === 'changed' ? 'made_draft_stays' : 'made', { name: saved.name }),
          undo: () => takeBack(saved, draft === 'taken' ? source : null),
        });
      }
      return changed();
    },
    onError: (error) => left.current && tellError(error),
  });
  return { saving, keep };
}

/** Takes a draft out of the drafts, unless somebody has written there since it was read. */
async function takeOut({ id, updated_at, status }: Post): Promise<'taken' | 'changed' | 'gone'> {
  const param = { id };
  try {
    // An edit of nothing: refused where it was changed, and from now on whoever still writes there is refused.
    await ask(client.v1.posts[':id'].$patch({ param, json: { expected: { updated_at, status } } }));
    await send(client.v1.posts[':id'].$delete({ param }));
    return 'taken';
  } catch (error) {
    if (error instanceof ApiError && error.code === 'conflict') return 'changed';
    if (error instanceof ApiError && error.status === 404) return 'gone';
    throw error;
  }
}

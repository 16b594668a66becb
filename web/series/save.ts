import { useMutation } from '@tanstack/react-query';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { ask, client, send, wishKey } from '../api.ts';
import { contentOf, type Post } from '../composer/content.ts';
import { useWorkspace } from '../frame/session.tsx';
import { useTell, useTellError } from '../parts/toast.tsx';
import { useSeriesChanged } from './acts.ts';
import { bodyOf, type Draft, type whenOf } from './draft.ts';
import { type Series, seriesApi } from './queries.ts';
import { store } from './storage.ts';

/**
 * Makes a series, or changes it. A draft that becomes a series is taken out of the drafts; undo takes the new series
 * away again and brings the draft back. `slot`: where this browser keeps what is written.
 */
export function useSave(series: Series | null, source: Post | null, slot: string) {
  const { t } = useTranslation('series');
  const { id: workspace } = useWorkspace();
  const [, go] = useLocation();
  const tell = useTell();
  const tellError = useTellError();
  const changed = useSeriesChanged();
  const wish = useRef({ body: '', key: '' });
  const draft = source?.status === 'draft' ? source : null;

  const takeBack = async ({ id }: Series) => {
    try {
      await send(seriesApi[':id'].$delete({ param: { id } }));
      const back = draft && (await ask(client.v1.posts.$post({ json: contentOf(draft) })));
      await changed();
      go(back ? `/posts/${back.id}/edit` : '/series');
    } catch (error) {
      tellError(error);
    }
  };
  return useMutation({
    mutationFn: async (given: { draft: Draft; when: NonNullable<ReturnType<typeof whenOf>> }) => {
      const json = bodyOf(given.draft, given.when);
      if (series) return ask(seriesApi[':id'].$patch({ param: { id: series.id }, json }));
      // The same wish sent again makes no second series; another body is another wish.
      const body = JSON.stringify(json);
      if (wish.current.body !== body) wish.current = { body, key: wishKey() };
      const made = await ask(seriesApi.$post({ json }, { headers: { 'Idempotency-Key': wish.current.key } }));
      // The series stands, whatever becomes of the draft: it can be deleted by hand.
      if (draft) await send(client.v1.posts[':id'].$delete({ param: { id: draft.id } })).catch(tellError);
      return made;
    },
    onSuccess: (saved) => {
      // Also where the form was left meanwhile: what stays kept would be made a second time.
      store(workspace, slot, null);
      if (series) tell({ text: t('saved') });
      else tell({ text: t('made', { name: saved.name }), undo: () => takeBack(saved) });
      return changed();
    },
  });
}

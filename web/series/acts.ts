import { type Query, useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { ask, send } from '../api.ts';
import { useConfirm } from '../parts/dialog.tsx';
import { useTell, useTellError } from '../parts/toast.tsx';
import { type Series, seriesApi } from './queries.ts';

/** Everything of a series may have changed, and its posts with it. */
export function useSeriesChanged() {
  const queries = useQueryClient();
  return () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: ['series'] }),
      queries.invalidateQueries({ queryKey: ['posts'] }),
    ]);
}

/** Stops a series for a while, or goes on with it; each takes the other back. */
export function usePause({ id, name, state }: Series) {
  const { t } = useTranslation('series');
  const tell = useTell();
  const tellError = useTellError();
  const changed = useSeriesChanged();
  const param = { id };
  const act = useMutation({
    mutationFn: ({ how }: { how: 'pause' | 'resume'; takesBack: boolean }) =>
      ask(seriesApi[':id'][how].$post({ param })),
    // Here, not beside the call: whoever has left the page meanwhile is told too.
    onSuccess: (_, { how, takesBack }) => {
      if (takesBack) return;
      tell({
        text: t(how === 'pause' ? 'paused' : 'resumed', { name }),
        undo: () => act.mutate({ how: how === 'pause' ? 'resume' : 'pause', takesBack: true }),
      });
    },
    onError: tellError,
    onSettled: changed,
  });
  return {
    busy: act.isPending,
    toggle: () => act.mutate({ how: state === 'paused' ? 'resume' : 'pause', takesBack: false }),
  };
}

/** Leaves an occurrence out, or takes it in again; each takes the other back. */
export function useSkip(id: string) {
  const { t } = useTranslation('series');
  const tell = useTell();
  const tellError = useTellError();
  const changed = useSeriesChanged();
  const act = useMutation({
    mutationFn: ({ occurrence, how }: { occurrence: string; how: 'skip' | 'unskip'; takesBack: boolean }) =>
      ask(seriesApi[':id'][how].$post({ param: { id }, json: { occurrence } })),
    onSuccess: ({ next }, { occurrence, how, takesBack }) => {
      const now = next.find((one) => one.occurrence === occurrence);
      // Wanted, and still not possible: what stood in the way stands there.
      if (how === 'unskip' && (now?.state === 'skipped' || now?.state === 'failed')) {
        tell({ text: t('still_out', { why: now.note ?? '' }), bad: true });
        return;
      }
      if (takesBack) return;
      tell({
        text: t(how === 'skip' ? 'skipped' : 'unskipped'),
        undo: () => act.mutate({ occurrence, how: how === 'skip' ? 'unskip' : 'skip', takesBack: true }),
      });
    },
    onError: tellError,
    onSettled: changed,
  });
  return {
    busy: (occurrence: string) => act.isPending && act.variables.occurrence === occurrence,
    run: (occurrence: string, how: 'skip' | 'unskip') => act.mutate({ occurrence, how, takesBack: false }),
  };
}

/** Ends a series, after asking; `after` leaves its page, where somebody is still on it. */
export function useDelete({ id, name }: Series, after: () => void) {
  const queries = useQueryClient();
  const { t } = useTranslation(['series', 'common']);
  const confirm = useConfirm();
  const tell = useTell();
  const tellError = useTellError();
  const act = useMutation({
    mutationFn: () => send(seriesApi[':id'].$delete({ param: { id } })),
    onSuccess: () => {
      tell({ text: t('deleted', { name }) });
      after();
      // But not this one, which is still on the page for a moment.
      const others = ({ queryKey }: Query) => queryKey[1] !== id;
      return Promise.all([
        queries.invalidateQueries({ queryKey: ['series'], predicate: others }),
        queries.invalidateQueries({ queryKey: ['posts'] }),
      ]);
    },
    onError: tellError,
  });
  return {
    busy: act.isPending,
    async run() {
      const yes = await confirm({
        title: t('delete_title', { name }),
        text: t('delete_text'),
        confirm: t('common:action.delete'),
        danger: true,
      });
      if (yes) act.mutate();
    },
  };
}

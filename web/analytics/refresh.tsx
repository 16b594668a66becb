import { useMutation, useQueries, useQueryClient } from '@tanstack/react-query';
import { RefreshCw } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, client } from '../api.ts';
import { Button } from '../parts/button.tsx';
import { useTell, useTellError } from '../parts/toast.tsx';

/** Has the figures of these communities read now, and tells how far that has come. */
export function Refresh({ communities }: { communities: readonly string[] }) {
  const { t } = useTranslation('analytics');
  const queries = useQueryClient();
  const tell = useTell();
  const tellError = useTellError();
  const [ids, setIds] = useState<readonly string[]>([]);
  const start = useMutation({
    mutationFn: () =>
      Promise.all(
        communities.map(async (id) => {
          const made = client.v1.communities[':id']['refresh-analytics'].$post({ param: { id } });
          return (await ask(made)).job.id;
        }),
      ),
    onSuccess: setIds,
    onError: tellError,
  });
  const jobs = useQueries({
    queries: ids.map((id) => ({
      queryKey: ['jobs', id],
      queryFn: () => ask(client.v1.jobs[':id'].$get({ param: { id } })),
      refetchInterval: 700,
    })),
    combine: (answers) => answers.map(({ data, error }) => ({ job: data, lost: error !== null })),
  });
  const isOver = ids.length > 0 && jobs.every(({ job, lost }) => lost || isDone(job?.state));
  const failed = jobs.find(({ job, lost }) => lost || job?.state === 'failed');
  useEffect(() => {
    if (!isOver) return;
    setIds([]);
    tell(
      failed ? { text: failed.job?.error ?? t('refresh.failed'), bad: true } : { text: t('refresh.done') },
    );
    queries.invalidateQueries({ queryKey: ['analytics'] });
    queries.invalidateQueries({ queryKey: ['insights'] });
  }, [isOver, failed, tell, queries, t]);
  const share = jobs.reduce((sum, { job }) => sum + (job?.progress ?? 0), 0) / Math.max(ids.length, 1);
  const isBusy = start.isPending || ids.length > 0;
  return (
    <div className="flex items-center gap-3">
      {isBusy && (
        <progress
          aria-label={t('refresh.progress')}
          value={share}
          max={1}
          className="h-1.5 w-24 appearance-none overflow-hidden rounded-full bg-sunken [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-sunken [&::-webkit-progress-value]:bg-accent"
        />
      )}
      <Button small icon={RefreshCw} busy={isBusy} onClick={() => start.mutate()}>
        {t('refresh.now')}
      </Button>
    </div>
  );
}

function isDone(state: string | undefined): boolean {
  return state === 'completed' || state === 'failed';
}

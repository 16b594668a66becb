import { useQuery } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { CircleAlert, CircleCheck } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ask, client } from '../api.ts';
import { cx } from './class.ts';
import { useFormats } from './time.ts';

export type Job = InferResponseType<(typeof client.v1.jobs)[':id']['$get'], 200>;

/** Asked so often where nothing tells of its progress. Milliseconds. */
const poll = 3_000;

export const isOver = (job: Pick<Job, 'state'>) => job.state === 'completed' || job.state === 'failed';

/** How far something has come that takes longer than a request; null: nothing is under way. */
export function useJob(id: string | null) {
  return useQuery({
    queryKey: ['jobs', id],
    queryFn: () => ask(client.v1.jobs[':id'].$get({ param: { id: id ?? '' } })),
    enabled: id !== null,
    refetchInterval: ({ state: { data } }) => (data && isOver(data) ? false : poll),
  });
}

/** A bar with words for {@link useJob}. `label`: what is being done. */
export function JobProgress({ job, label, className }: { job: Job; label: string; className?: string }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const share = formats.number(job.progress, { style: 'percent', maximumFractionDigits: 0 });
  const words = job.state === 'running' ? share : job.state === 'failed' ? job.error : t(`job.${job.state}`);
  return (
    <div className={cx('flex flex-col gap-1.5', className)}>
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-[13px]">
        <span className="mr-auto font-medium">{label}</span>
        <span
          role={isOver(job) ? 'status' : undefined}
          className={cx(
            'flex items-center gap-1.5 text-ink-soft tabular-nums',
            job.state === 'failed' && 'text-bad',
          )}
        >
          {job.state === 'completed' && <CircleCheck className="size-4 text-good" aria-hidden />}
          {job.state === 'failed' && <CircleAlert className="size-4 shrink-0" aria-hidden />}
          {words}
        </span>
      </p>
      <div
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(job.progress * 100)}
        className="h-1.5 overflow-hidden rounded-full bg-sunken"
      >
        <div
          className={cx(
            'h-full rounded-full transition-[width]',
            job.state === 'failed' ? 'bg-bad' : job.state === 'completed' ? 'bg-good' : 'bg-accent',
          )}
          style={{ width: `${job.progress * 100}%` }}
        />
      </div>
    </div>
  );
}

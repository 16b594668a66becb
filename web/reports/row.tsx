import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Download, FileSpreadsheet, FileText, FileType, RotateCw, Trash2 } from 'lucide-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, send } from '../api.ts';
import { useCommunities } from '../communities/list.tsx';
import { Button, IconButton } from '../parts/button.tsx';
import { useConfirm } from '../parts/dialog.tsx';
import { DownloadLink } from '../parts/download-link.tsx';
import { isOver, JobProgress, useJob } from '../parts/job.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';
import { api, type Format, type Report } from './queries.ts';

const icons = { pdf: FileText, xlsx: FileSpreadsheet, csv: FileType };

export function FormatIcon({ format }: { format: Format }) {
  const Icon = icons[format];
  return (
    <span
      aria-hidden
      className="flex size-10 shrink-0 items-center justify-center rounded-lg bg-sunken text-ink-soft"
    >
      <Icon className="size-5" />
    </span>
  );
}

/** Which communities, in few words. */
export function useWhose(ids: readonly string[]): string {
  const { t } = useTranslation('reports');
  const communities = useCommunities();
  if (ids.length === 0) return t('every_community');
  if (ids.length > 2) return t('count_communities', { count: ids.length });
  const known = communities.data?.data;
  return ids.map((id) => known?.find((one) => one.id === id)?.title ?? (known ? t('gone') : '…')).join(', ');
}

export function ReportRow({ report }: { report: Report }) {
  const { t } = useTranslation(['reports', 'common']);
  const formats = useFormats();
  const queries = useQueryClient();
  const confirm = useConfirm();
  const tell = useTell();
  const tellError = useTellError();
  const whose = useWhose(report.community_ids);
  const settled = () => queries.invalidateQueries({ queryKey: ['reports'] });
  const removing = useMutation({
    mutationFn: () => send(api[':id'].$delete({ param: { id: report.id } })),
    onSuccess: () => tell({ text: t('deleted') }),
    onError: tellError,
    onSettled: settled,
  });
  const again = useMutation({
    mutationFn: () => {
      const { format, community_ids, from, to, timezone, language, title } = report;
      return ask(api.$post({ json: { format, community_ids, from, to, timezone, language, title } }));
    },
    onError: tellError,
    onSettled: settled,
  });
  const asked = async () => {
    const yes = await confirm({
      title: t('ask_delete', { title: report.title }),
      text: t('ask_delete_text'),
      confirm: t('common:action.delete'),
      danger: true,
    });
    if (yes) removing.mutate();
  };
  const day = (at: string) => formats.date(at, report.timezone);
  // The last moment that is in it.
  const last = new Date(Date.parse(report.to) - 1).toISOString();
  const facts = [
    `${day(report.from)} – ${day(last)}`,
    whose,
    report.format.toUpperCase(),
    report.size !== null && formats.bytes(report.size),
    report.schedule_id !== null && t('by_schedule'),
    formats.ago(report.created_at),
  ];
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-3">
      <FormatIcon format={report.format} />
      <div className="min-w-0 grow basis-48">
        <p className="truncate font-medium">{report.title}</p>
        <p className="text-[13px] text-ink-soft tabular-nums">{facts.filter(Boolean).join(' · ')}</p>
        {report.state === 'failed' && (
          <p className="mt-1 text-[13px] text-bad">{t('failed', { error: report.error })}</p>
        )}
      </div>
      {(report.state === 'pending' || report.state === 'running') && <Making report={report} />}
      <div className="ml-auto flex items-center gap-1">
        {report.url && (
          <DownloadLink
            href={report.url}
            label={t('download_named', { title: report.title })}
            icon={Download}
          >
            {t('download')}
          </DownloadLink>
        )}
        {report.state === 'failed' && (
          <Button small icon={RotateCw} busy={again.isPending} onClick={() => again.mutate()}>
            {t('make_again')}
          </Button>
        )}
        <IconButton
          small
          icon={Trash2}
          label={t('delete_named', { title: report.title })}
          busy={removing.isPending}
          onClick={asked}
        />
      </div>
    </div>
  );
}

function Making({ report }: { report: Report }) {
  const { t } = useTranslation('reports');
  const queries = useQueryClient();
  const { data: job } = useJob(report.job_id);
  const over = job !== undefined && isOver(job);
  useEffect(() => {
    if (over) void queries.invalidateQueries({ queryKey: ['reports'] });
  }, [over, queries]);
  return job ? <JobProgress job={job} label={t('making')} className="w-full sm:w-48" /> : null;
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { Archive, Download, Trash2 } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, client, send } from '../api.ts';
import { Button, IconButton } from '../parts/button.tsx';
import { useConfirm } from '../parts/dialog.tsx';
import { DownloadLink } from '../parts/download-link.tsx';
import { Checkbox, FieldError } from '../parts/field.tsx';
import { isOver, JobProgress, useJob } from '../parts/job.tsx';
import { Failed, Loading, Panel } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';

const api = client.v1.exports;
type Export = InferResponseType<typeof api.$get, 200>['data'][number];

/** Addresses of files are signed for a few minutes: they are asked for anew before they die. Milliseconds. */
const renewed = 4 * 60_000;

/** Everything that the workspace owns, in one archive. */
export function Exports() {
  const { t } = useTranslation(['settings', 'common']);
  const queries = useQueryClient();
  const [media, setMedia] = useState(true);
  const exports = useQuery({
    queryKey: ['reports', 'exports'],
    queryFn: () => ask(api.$get({ query: { limit: '10' } })),
    refetchInterval: renewed,
  });
  const making = useMutation({
    mutationFn: () => ask(api.$post({ json: { media } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['reports', 'exports'] }),
  });
  const rows = exports.data?.data ?? [];
  return (
    <Panel title={t('export')}>
      <p className="text-ink-soft">{t('export_text')}</p>
      <div className="mt-3 flex flex-wrap items-center gap-x-5 gap-y-3">
        <Checkbox
          checked={media}
          onChange={(event) => setMedia(event.target.checked)}
          label={t('export_media')}
        />
        <Button icon={Archive} busy={making.isPending} onClick={() => making.mutate()}>
          {t('export_make')}
        </Button>
      </div>
      <FieldError error={making.error?.message} />
      {exports.isPending && <Loading rows={1} className="mt-3" />}
      {exports.error && <Failed error={exports.error} again={() => exports.refetch()} />}
      {rows.length > 0 && (
        <ul className="mt-3 flex flex-col border-t border-line">
          {rows.map((one) => (
            <li key={one.id} className="border-b border-line py-3 last:border-0 last:pb-0">
              <ExportRow made={one} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function ExportRow({ made }: { made: Export }) {
  const { t } = useTranslation(['settings', 'common']);
  const formats = useFormats();
  const queries = useQueryClient();
  const confirm = useConfirm();
  const tell = useTell();
  const tellError = useTellError();
  const settled = () => queries.invalidateQueries({ queryKey: ['reports', 'exports'] });
  const removing = useMutation({
    mutationFn: () => send(api[':id'].$delete({ param: { id: made.id } })),
    onSuccess: () => tell({ text: t('export_deleted') }),
    onError: tellError,
    onSettled: settled,
  });
  const asked = async () => {
    const yes = await confirm({
      title: t('ask_export'),
      text: t('ask_export_text'),
      confirm: t('common:action.delete'),
      danger: true,
    });
    if (yes) removing.mutate();
  };
  const facts = [
    made.media ? t('export_with') : t('export_without'),
    made.size !== null && formats.bytes(made.size),
    formats.ago(made.created_at),
  ];
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
      <div className="min-w-0 grow">
        <p className="tabular-nums">{facts.filter(Boolean).join(' · ')}</p>
        {made.state === 'failed' && <p className="text-[13px] text-bad">{made.error}</p>}
      </div>
      {(made.state === 'pending' || made.state === 'running') && <Making made={made} settled={settled} />}
      {made.url && (
        <DownloadLink href={made.url} label={t('export_download')} icon={Download}>
          {t('download')}
        </DownloadLink>
      )}
      <IconButton small icon={Trash2} label={t('export_delete')} busy={removing.isPending} onClick={asked} />
    </div>
  );
}

function Making({ made, settled }: { made: Export; settled(): Promise<void> }) {
  const { t } = useTranslation('settings');
  const { data: job } = useJob(made.job_id);
  const over = job !== undefined && isOver(job);
  useEffect(() => {
    if (over) void settled();
  }, [over]);
  return job ? <JobProgress job={job} label={t('export_making')} className="w-full sm:w-56" /> : null;
}

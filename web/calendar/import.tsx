import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { CircleAlert, CircleCheck, FileUp } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, ask, client, wishKey } from '../api.ts';
import { useCommunities } from '../communities/list.tsx';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { download } from '../parts/download.ts';
import { Failed } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';
import { takeBack } from './posts.ts';
import { samplePlan } from './sample.ts';

type Report = InferResponseType<typeof client.v1.posts.import.$post, 200>;

interface Plan {
  name: string;
  body: { csv: string } | { posts: unknown[] };
  /** Made with the file: importing it twice is one import. */
  wish: string;
}

const bytesMost = 10_000_000;
/** One by one: of more that would take too long. */
const takenBackMost = 100;

/** Takes over a plan from a file: first what each line would become, then all of them or none. */
export function ImportDialog({ zone, onClose }: { zone: string; onClose(): void }) {
  const { t } = useTranslation(['calendar', 'common']);
  const tell = useTell();
  const tellError = useTellError();
  const queries = useQueryClient();
  const [plan, setPlan] = useState<Plan | null>(null);
  const run = (given: Plan, dry: boolean) =>
    ask(
      client.v1.posts.import.$post(
        { query: { dry_run: dry ? 'true' : 'false' }, json: given.body as never },
        dry ? {} : { headers: { 'Idempotency-Key': given.wish } },
      ),
    );
  const trial = useMutation({ mutationFn: (given: Plan) => run(given, true) });
  const taking = useMutation({
    mutationFn: (given: Plan) => run(given, false),
    onSuccess: async ({ imported, rows }) => {
      tell({
        text: t('import.done', { count: imported }),
        ...(rows.length <= takenBackMost && {
          undo: () =>
            takeBack(rows)
              .catch(tellError)
              .finally(() => queries.invalidateQueries({ queryKey: ['posts'] })),
        }),
      });
      await queries.invalidateQueries({ queryKey: ['posts'] });
      onClose();
    },
  });
  const communities = useCommunities().data?.data ?? [];
  const sample = samplePlan(communities, zone, t('import.sample_text'));
  const choose = async (file: File | undefined) => {
    taking.reset();
    if (!file) return;
    const body = await read(file);
    const given = body && { name: file.name, body, wish: wishKey() };
    setPlan(given);
    if (given) trial.mutate(given);
    else tell({ text: t('import.unreadable', { name: file.name }), bad: true });
  };
  const faults = trial.data?.rows.filter(({ errors }) => errors.length > 0).length ?? 0;
  return (
    <Dialog open onOpenChange={onClose} wide title={t('import.title')} lead={t('import.lead')}>
      <label className="flex cursor-pointer items-center gap-3 rounded-xl border border-dashed border-line-strong p-4 hover:bg-sunken has-focus-visible:outline-2 has-focus-visible:outline-accent">
        <FileUp className="size-6 text-ink-soft" aria-hidden />
        <span className="min-w-0">
          <span className="block truncate font-medium">{plan?.name ?? t('import.choose')}</span>
          <span className="block text-[13px] text-ink-soft">{t('import.columns')}</span>
        </span>
        <input
          type="file"
          accept=".csv,.json,text/csv,application/json"
          className="sr-only"
          onChange={(event) => choose(event.target.files?.[0])}
        />
      </label>
      {!plan && (
        <p className="mt-3 text-[13px] text-ink-soft">
          {t('import.times')}{' '}
          <button
            type="button"
            className="text-accent underline underline-offset-4"
            onClick={() => download(new Response(sample), t('import.sample_name'))}
          >
            {t('import.sample')}
          </button>
        </p>
      )}
      {trial.error && (
        <div className="mt-4">
          <Failed error={trial.error} />
        </div>
      )}
      {taking.error && !(taking.error instanceof ApiError && taking.error.errors.length > 0) && (
        <div className="mt-4">
          <Failed error={taking.error} />
        </div>
      )}
      {trial.data && <Lines report={trial.data} zone={zone} above={plan && 'csv' in plan.body ? 1 : 0} />}
      <div className="mt-5 flex flex-wrap items-center justify-end gap-3">
        {trial.data && faults > 0 && (
          <p className="mr-auto basis-72 grow text-bad" role="alert">
            {t('import.faults', { count: faults })}
          </p>
        )}
        <Button onClick={onClose}>{t('common:action.cancel')}</Button>
        <Button
          look="primary"
          busy={taking.isPending || trial.isPending}
          disabled={!plan || !trial.data || faults > 0 || trial.data.rows.length === 0}
          onClick={() => plan && taking.mutate(plan)}
        >
          {trial.data ? t('import.take', { count: trial.data.rows.length }) : t('import.open')}
        </Button>
      </div>
    </Dialog>
  );
}

/** `above`: lines of the file before the first post, so that a line has the number it has in a spreadsheet. */
function Lines({ report, zone, above }: { report: Report; zone: string; above: number }) {
  const { t } = useTranslation(['calendar', 'common']);
  const formats = useFormats();
  // What is to be mended first stands first.
  const rows = report.rows.toSorted((a, b) => Number(b.errors.length > 0) - Number(a.errors.length > 0));
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
      tabIndex={0}
      aria-label={t('import.report')}
      className="mt-4 max-h-[45dvh] overflow-auto rounded-xl border border-line"
    >
      <table className="w-full text-left">
        <thead className="sticky top-0 bg-sunken text-[13px] text-ink-soft">
          <tr>
            <th className="px-3 py-2 font-medium">{t('import.line')}</th>
            <th className="px-3 py-2 font-medium">{t('import.time', { zone })}</th>
            <th className="px-3 py-2 font-medium">{t('import.result')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ row, scheduled_at, errors, warnings }) => (
            <tr key={row} className="border-t border-line align-top">
              <td className="px-3 py-2 tabular-nums">{row + above}</td>
              <td className="px-3 py-2 tabular-nums">
                {scheduled_at ? formats.moment(scheduled_at, zone) : '–'}
              </td>
              <td className="px-3 py-2">
                {errors.length === 0 ? (
                  <span className="flex items-center gap-1.5 text-good">
                    <CircleCheck className="size-4" aria-hidden /> {t('import.fine')}
                  </span>
                ) : (
                  errors.map((fault) => (
                    <p key={fault.path + fault.message} className="flex items-start gap-1.5 text-bad">
                      <CircleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
                      <span>
                        <code className="text-xs">{fault.path}</code> {fault.message}
                      </span>
                    </p>
                  ))
                )}
                {warnings.map((warning) => (
                  <p key={warning} className="text-warn">
                    {warning}
                  </p>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** UTF-8, or what Excel writes in Russian: Windows-1251, whose letters are hardly ever valid UTF-8. */
async function decoded(file: File): Promise<string> {
  const bytes = await file.arrayBuffer();
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1251').decode(bytes);
  }
}

async function read(file: File): Promise<Plan['body'] | null> {
  if (file.size > bytesMost) return null;
  const text = await decoded(file);
  if (!/\.json$/i.test(file.name)) return { csv: text };
  try {
    const given = JSON.parse(text);
    const posts = Array.isArray(given) ? given : given.posts;
    return Array.isArray(posts) ? { posts } : null;
  } catch {
    return null;
  }
}

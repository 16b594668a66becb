import { useMutation, useQueryClient } from '@tanstack/react-query';
import { SquareTerminal } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { MadeUp } from '../analytics/made-up.tsx';
import { ask } from '../api.ts';
import { useWorkspace } from '../frame/session.tsx';
import { useConfirm } from '../parts/dialog.tsx';
import { Empty, Page, Panel, Skeleton } from '../parts/page.tsx';
import { part } from '../parts/part.tsx';
import { useTell } from '../parts/toast.tsx';
import { useAsking } from './asking.ts';
import { Bar } from './bar.tsx';
import type { EditorHandle } from './editor.tsx';
import { Library, NameDialog, ReadyList } from './library.tsx';
import { namespaceOf } from './namespace.ts';
import { Parameters } from './parameters.tsx';
import { type Ready, type Saved, savedApi, useSaved, useSchema } from './queries.ts';
import { Refused, Result } from './result.tsx';
import { SqlError } from './run.ts';
import { SchemaBrowser } from './schema-browser.tsx';
import { Tabs } from './tabs.tsx';
import { useValues } from './values.ts';

const Editor = part(async () => (await import('./editor.tsx')).default, <Skeleton className="h-full" />);

/** Questions in SQL to the figures of the workspace. */
export default function SqlPage() {
  const { t } = useTranslation('sql');
  const { id: workspace } = useWorkspace();
  const schema = useSchema();
  const queries = useQueryClient();
  const confirm = useConfirm();
  const tell = useTell();
  const editor = useRef<EditorHandle>(null);
  const draftKey = `outpost.sql.${workspace}`;
  const [text, setText] = useState(() => localStorage.getItem(draftKey) ?? '');
  const saved = useSaved();
  const [opened, setOpened] = useState<Saved | null>(null);
  const current = saved.data?.find(({ id }) => id === opened?.id) ?? opened;
  const [naming, setNaming] = useState(false);
  const { parameters, values, missing, change, check } = useValues(text);
  const asking = useAsking();
  const namespace = useMemo(() => namespaceOf(schema.data?.views ?? []), [schema.data]);

  const write = (next: string) => {
    setText(next);
    localStorage.setItem(draftKey, next);
  };
  const run = () => {
    if (text.trim() === '') return;
    const given = check();
    if (given) asking.run(text, given);
  };
  const changed = current !== null && text !== current.sql;
  // What stands elsewhere too is no loss.
  const isKept = (sql: string) =>
    [...(saved.data ?? []), ...(schema.data?.queries ?? [])].some((one) => one.sql === sql);
  const replace = async (next: string, from: Saved | null) => {
    const loses = text.trim() !== '' && text !== next && !isKept(text);
    if (
      loses &&
      !(await confirm({ title: t('ask_leave'), text: t('ask_leave_text'), confirm: t('leave') }))
    ) {
      return;
    }
    write(next);
    setOpened(from);
    asking.forget();
  };
  const settled = () => queries.invalidateQueries({ queryKey: ['saved-queries'] });
  const saving = useMutation({
    mutationFn: (name: string | null) =>
      name === null && current
        ? ask(savedApi[':id'].$patch({ param: { id: current.id }, json: { sql: text } }))
        : ask(savedApi.$post({ json: { name: name ?? '', sql: text } })),
    onSuccess: (kept) => {
      setOpened(kept);
      setNaming(false);
      tell({ text: t('was_saved') });
    },
    onSettled: settled,
  });
  const take = (ready: Ready) => replace(ready.sql, null);

  return (
    <Page title={t('title')} lead={t('lead')} wide>
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="flex min-w-0 flex-col gap-4">
          <div className="h-60 max-h-[70vh] min-h-32 resize-y overflow-hidden rounded-xl border border-line-strong bg-panel focus-within:border-accent focus-within:ring-1 focus-within:ring-accent">
            <Editor
              ref={editor}
              value={text}
              onChange={write}
              onRun={run}
              fault={asking.error instanceof SqlError ? asking.error.place : null}
              namespace={namespace}
              label={t('query')}
              hint={t('query_hint')}
            />
          </div>
          {parameters.length > 0 && (
            <Parameters
              parameters={parameters}
              values={values}
              missing={missing}
              change={change}
              onRun={run}
            />
          )}
          <Bar
            current={current}
            changed={changed}
            empty={text.trim() === ''}
            since={asking.since}
            saving={saving.isPending}
            run={run}
            stop={asking.stop}
            save={() => saving.mutate(null)}
            saveAs={() => setNaming(true)}
            begin={() => replace('', null)}
          />
          {asking.error && <Refused error={asking.error} goTo={(place) => editor.current?.goTo(place)} />}
          {asking.answer && (
            <Result
              answer={asking.answer}
              stale={asking.since !== null}
              csv={asking.save}
              saving={asking.saving}
            />
          )}
          {!asking.answer && !asking.error && asking.since === null && text.trim() === '' && (
            <Empty icon={SquareTerminal} title={t('nothing')} text={t('nothing_text')}>
              <ReadyList take={take} />
            </Empty>
          )}
        </div>
        <Panel className="p-3 lg:sticky lg:top-4 lg:max-h-[calc(100dvh-6rem)] lg:overflow-y-auto">
          <Tabs
            label={t('side')}
            tabs={[
              {
                name: t('tab.schema'),
                content: <SchemaBrowser insert={(name) => editor.current?.insert(name)} />,
              },
              {
                name: t('tab.queries'),
                content: (
                  <Library
                    current={current?.id ?? null}
                    open={(one) => replace(one.sql, one)}
                    take={take}
                    removed={(id) => opened?.id === id && setOpened(null)}
                  />
                ),
              },
            ]}
          />
        </Panel>
      </div>
      <MadeUp />
      {naming && (
        <NameDialog
          title={t('save_as')}
          lead={t('save_lead')}
          name={current?.name ?? ''}
          error={saving.error?.message}
          busy={saving.isPending}
          onName={(name) => saving.mutate(name)}
          onClose={() => setNaming(false)}
        />
      )}
    </Page>
  );
}

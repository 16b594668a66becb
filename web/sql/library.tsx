import { useMutation, useQueryClient } from '@tanstack/react-query';
import { FileCode2, Pencil, Trash2 } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, send } from '../api.ts';
import { Button, IconButton } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Field, Input } from '../parts/field.tsx';
import { Failed, Loading } from '../parts/page.tsx';
import { useTell, useTellError } from '../parts/toast.tsx';
import { type Ready, type Saved, savedApi, useSaved, useSchema } from './queries.ts';

interface Props {
  /** The one in the editor. */
  current: string | null;
  open(saved: Saved): void;
  take(ready: Ready): void;
  removed(id: string): void;
}

/** Queries that were saved, and those that come with the product. */
export function Library({ current, open, take, removed }: Props) {
  const { t } = useTranslation('sql');
  const saved = useSaved();
  const heading = 'px-2 pb-1 text-xs font-medium text-ink-soft';
  return (
    <div className="flex flex-col gap-4">
      <section>
        <h3 className={heading}>{t('saved')}</h3>
        {saved.isPending && <Loading rows={2} />}
        {saved.error && <Failed error={saved.error} again={() => saved.refetch()} />}
        {saved.data?.length === 0 && <p className="px-2 text-[13px] text-ink-soft">{t('saved_none')}</p>}
        <ul>
          {saved.data?.map((one) => (
            <li key={one.id}>
              <SavedItem saved={one} here={one.id === current} open={open} removed={removed} />
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h3 className={heading}>{t('ready_title')}</h3>
        <ReadyList take={take} />
      </section>
    </div>
  );
}

export function ReadyList({ take }: Pick<Props, 'take'>) {
  const schema = useSchema();
  const readyTitle = useReadyTitle();
  return (
    <ul>
      {schema.data?.queries.map((ready) => (
        <li key={ready.name}>
          <button
            type="button"
            onClick={() => take(ready)}
            className="flex w-full items-baseline gap-2 rounded-lg px-2 py-1.5 text-left hover:bg-sunken"
          >
            <FileCode2 className="size-4 shrink-0 translate-y-0.5 text-ink-soft" aria-hidden />
            {readyTitle(ready)}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** The title in the language of the page; of a query that is newer than the words, the API's own. */
export function useReadyTitle(): (ready: Ready) => string {
  const { t, i18n } = useTranslation('sql');
  return ({ name, title }) => (i18n.exists(`sql:ready.${name}`) ? t(`ready.${name as 'kinds'}`) : title);
}

function SavedItem(props: { saved: Saved; here: boolean } & Pick<Props, 'open' | 'removed'>) {
  const { saved, here, open, removed } = props;
  const { t } = useTranslation('sql');
  const queries = useQueryClient();
  const tell = useTell();
  const tellError = useTellError();
  const [naming, setNaming] = useState(false);
  const settled = () => queries.invalidateQueries({ queryKey: ['saved-queries'] });
  const bringBack = useMutation({
    mutationFn: () => ask(savedApi.$post({ json: { name: saved.name, sql: saved.sql } })),
    onError: tellError,
    onSettled: settled,
  });
  const removing = useMutation({
    mutationFn: () => send(savedApi[':id'].$delete({ param: { id: saved.id } })),
    onSuccess: () => {
      removed(saved.id);
      tell({ text: t('was_removed'), undo: () => bringBack.mutate() });
    },
    onError: tellError,
    onSettled: settled,
  });
  const renaming = useMutation({
    mutationFn: (name: string) => ask(savedApi[':id'].$patch({ param: { id: saved.id }, json: { name } })),
    onSuccess: () => {
      setNaming(false);
      tell({ text: t('was_renamed') });
    },
    onSettled: settled,
  });
  return (
    <div className={cx('flex items-center rounded-lg hover:bg-sunken', here && 'bg-accent-soft')}>
      <button
        type="button"
        aria-current={here || undefined}
        onClick={() => open(saved)}
        className="min-w-0 grow truncate rounded-lg px-2 py-1.5 text-left font-medium"
      >
        {saved.name}
      </button>
      <IconButton
        small
        icon={Pencil}
        label={t('rename', { name: saved.name })}
        onClick={() => setNaming(true)}
      />
      <IconButton
        small
        icon={Trash2}
        label={t('remove', { name: saved.name })}
        busy={removing.isPending}
        onClick={() => removing.mutate()}
      />
      {naming && (
        <NameDialog
          title={t('rename', { name: saved.name })}
          name={saved.name}
          error={renaming.error?.message}
          busy={renaming.isPending}
          onName={(name) => renaming.mutate(name)}
          onClose={() => setNaming(false)}
        />
      )}
    </div>
  );
}

export function NameDialog(props: {
  title: string;
  lead?: string;
  name: string;
  error: string | undefined;
  busy: boolean;
  onName(name: string): void;
  onClose(): void;
}) {
  const { t } = useTranslation(['sql', 'common']);
  const [name, setName] = useState(props.name);
  return (
    <Dialog open onOpenChange={props.onClose} title={props.title} lead={props.lead}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          props.onName(name);
        }}
      >
        <Field label={t('name')} error={props.error}>
          <Input required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <Button type="submit" look="primary" busy={props.busy}>
          {t('common:action.save')}
        </Button>
      </form>
    </Dialog>
  );
}

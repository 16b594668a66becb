import { ChevronRight, Search } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { said } from '../i18n/said.ts';
import { Input } from '../parts/field.tsx';
import { Failed, Loading } from '../parts/page.tsx';
import { useSchema, type View } from './queries.ts';

/** How a view is called in a query. */
export function calledAs({ name, parameters }: View): string {
  return parameters.length === 0 ? name : `${name}(${parameters.map((one) => `${one.name} = `).join(', ')})`;
}

/** The views that can be asked, column by column; a click puts a name into the query. */
export function SchemaBrowser({ insert }: { insert(text: string): void }) {
  const { t } = useTranslation('sql');
  const schema = useSchema();
  const [wanted, setWanted] = useState('');
  const word = wanted.trim().toLowerCase();
  const views = (schema.data?.views ?? []).flatMap((view) => {
    if (word === '' || view.name.includes(word)) return [view];
    const columns = view.columns.filter(({ name }) => name.includes(word));
    return columns.length > 0 ? [{ ...view, columns }] : [];
  });
  return (
    <div className="flex flex-col gap-2">
      <div className="relative">
        <Search className="absolute top-2.5 left-2.5 size-4 text-ink-soft" aria-hidden />
        <Input
          type="search"
          aria-label={t('find')}
          value={wanted}
          placeholder={t('find')}
          onChange={(event) => setWanted(event.target.value)}
          className="h-9 pl-8"
        />
      </div>
      {schema.isPending && <Loading rows={5} />}
      {schema.error && <Failed error={schema.error} again={() => schema.refetch()} />}
      {schema.data && views.length === 0 && <p className="p-2 text-ink-soft">{t('find_none')}</p>}
      <ul>
        {views.map((view) => (
          <li key={view.name}>
            <ViewItem view={view} open={word !== ''} insert={insert} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function ViewItem({ view, open, insert }: { view: View; open: boolean; insert(text: string): void }) {
  const { t } = useTranslation('sql');
  return (
    <details open={open} className="group rounded-lg open:bg-sunken/50">
      <summary className="flex list-none items-center gap-1.5 rounded-lg px-2 py-1.5 hover:bg-sunken [&::-webkit-details-marker]:hidden">
        <ChevronRight
          className="size-4 shrink-0 text-ink-soft transition-transform group-open:rotate-90"
          aria-hidden
        />
        <code className="min-w-0 truncate text-[13px] font-medium">{view.name.replace('analyst.', '')}</code>
      </summary>
      <div className="flex flex-col gap-1 pb-2 pl-2">
        <p className="px-2 text-[13px] text-ink-soft">
          <Told text={view.about} />
        </p>
        {view.parameters.length > 0 && (
          <p className="px-2 text-[13px] text-ink-soft">
            {t('takes', { names: view.parameters.map(({ name, type }) => `${name} ${type}`).join(', ') })}
          </p>
        )}
        <Insert name={view.name} onClick={() => insert(calledAs(view))}>
          <code className="truncate text-accent">{calledAs(view)}</code>
        </Insert>
        <ul>
          {view.columns.map((column) => (
            <li key={column.name}>
              <Insert name={column.name} onClick={() => insert(column.name)}>
                <span className="flex items-baseline gap-2">
                  <code className="font-medium">{column.name}</code>
                  <code className="ml-auto min-w-0 truncate text-xs text-ink-soft">{column.type}</code>
                </span>
                <span className="block text-xs text-ink-soft">
                  <Told text={column.about} />
                  {column.unknown && ` ${t('can_be_null', { why: said(column.unknown) ?? column.unknown })}`}
                </span>
              </Insert>
            </li>
          ))}
        </ul>
      </div>
    </details>
  );
}

function Insert(props: { name: string; onClick(): void; children: React.ReactNode }) {
  const { t } = useTranslation('sql');
  return (
    <button
      type="button"
      title={t('insert', { name: props.name })}
      onClick={props.onClick}
      className="block w-full rounded-md px-2 py-1 text-left text-[13px] hover:bg-sunken"
    >
      {props.children}
    </button>
  );
}

/** Words of the server with names between backticks. */
function Told({ text }: { text: string }) {
  return (said(text) ?? text)
    .split('`')
    .map((part, index) => (index % 2 === 1 ? <code key={`${index}${part}`}>{part}</code> : part));
}

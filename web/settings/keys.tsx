import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { InferRequestType, InferResponseType } from 'hono/client';
import { Check, Copy, KeyRound, Plus, RotateCw, Trash2 } from 'lucide-react';
import { type FormEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, client, send } from '../api.ts';
import { useWorkspace } from '../frame/session.tsx';
import { Button, IconButton } from '../parts/button.tsx';
import { Dialog, useConfirm } from '../parts/dialog.tsx';
import { Checkbox, Field, FieldError, Input, Select } from '../parts/field.tsx';
import { Empty, Failed, Loading, Panel } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';

const api = client.v1['api-keys'];
type Key = InferResponseType<typeof api.$get, 200>['data'][number];
type Scope = InferRequestType<typeof api.$post>['json']['scopes'][number];

const scopes = [
  'posts:read',
  'posts:write',
  'communities:read',
  'communities:write',
  'media:write',
  'analytics:read',
  'analytics:sql',
  'admin',
] as const satisfies readonly Scope[];

/** Keys for programs: made, shown once, rotated and revoked. */
export function Keys() {
  const { t } = useTranslation(['settings', 'common']);
  const [making, setMaking] = useState(false);
  const [shown, setShown] = useState<string | null>(null);
  const keys = useQuery({ queryKey: ['keys'], queryFn: () => ask(api.$get({ query: { limit: '100' } })) });
  return (
    <Panel
      title={t('keys')}
      actions={
        <Button small icon={Plus} onClick={() => setMaking(true)}>
          {t('key_new')}
        </Button>
      }
    >
      {keys.isPending && <Loading rows={2} />}
      {keys.error && <Failed error={keys.error} again={() => keys.refetch()} />}
      {keys.data?.data.length === 0 && (
        <Empty icon={KeyRound} title={t('keys_none')} text={t('keys_none_text')} />
      )}
      <ul className="flex flex-col">
        {keys.data?.data.map((key) => (
          <li key={key.id} className="border-b border-line py-3 last:border-0">
            <KeyRow apiKey={key} show={setShown} />
          </li>
        ))}
      </ul>
      {making && (
        <NewKey
          onClose={() => setMaking(false)}
          onMade={(key) => {
            setMaking(false);
            setShown(key);
          }}
        />
      )}
      {shown && <ShownOnce text={shown} onClose={() => setShown(null)} />}
    </Panel>
  );
}

function KeyRow({ apiKey, show }: { apiKey: Key; show(text: string): void }) {
  const { t } = useTranslation(['settings', 'common']);
  const { timezone } = useWorkspace();
  const formats = useFormats();
  const queries = useQueryClient();
  const confirm = useConfirm();
  const tell = useTell();
  const tellError = useTellError();
  const param = { id: apiKey.id };
  const settled = () => queries.invalidateQueries({ queryKey: ['keys'] });
  const rotating = useMutation({
    mutationFn: () => ask(api[':id'].rotate.$post({ param })),
    onSuccess: ({ key }) => key && show(key),
    onError: tellError,
    onSettled: settled,
  });
  const revoking = useMutation({
    mutationFn: () => send(api[':id'].$delete({ param })),
    onSuccess: () => tell({ text: t('key_revoked') }),
    onError: tellError,
    onSettled: settled,
  });
  const asked = async (what: 'rotate' | 'revoke', act: () => void) => {
    const yes = await confirm({
      title: t(`ask_${what}`, { name: apiKey.name }),
      text: t(`ask_${what}_text`),
      confirm: t(`key_${what}`),
      danger: what === 'revoke',
    });
    if (yes) act();
  };
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
      <div className="min-w-0 grow">
        <p className="font-medium">{apiKey.name}</p>
        <p className="text-[13px] text-ink-soft">
          <code>
            {apiKey.prefix}…{apiKey.last_four}
          </code>
          {' · '}
          {apiKey.expires_at
            ? t('key_until', { at: formats.date(apiKey.expires_at, timezone) })
            : t('key_for_ever')}
          {' · '}
          {apiKey.last_used_at ? t('key_used', { ago: formats.ago(apiKey.last_used_at) }) : t('key_unused')}
        </p>
        <p className="text-[13px] text-ink-soft">
          {apiKey.scopes.map((scope) => (scope === '*' ? t('scope_all') : scope)).join(', ')}
        </p>
      </div>
      <Button
        small
        icon={RotateCw}
        busy={rotating.isPending}
        onClick={() => asked('rotate', () => rotating.mutate())}
      >
        {t('key_rotate')}
      </Button>
      <Button
        small
        icon={Trash2}
        busy={revoking.isPending}
        onClick={() => asked('revoke', () => revoking.mutate())}
      >
        {t('key_revoke')}
      </Button>
    </div>
  );
}

const terms = { year: 365, quarter: 90, month: 30, never: null } as const;
type Term = keyof typeof terms;

function NewKey({ onClose, onMade }: { onClose(): void; onMade(key: string): void }) {
  const { t } = useTranslation(['settings', 'common']);
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [all, setAll] = useState(true);
  const [chosen, setChosen] = useState<ReadonlySet<Scope>>(new Set());
  const [term, setTerm] = useState<Term>('year');
  const making = useMutation({
    mutationFn: () => {
      const days = terms[term];
      return ask(
        api.$post({
          json: {
            name,
            scopes: all ? ['*'] : [...chosen],
            expires_at: days === null ? null : new Date(Date.now() + days * 86_400_000).toISOString(),
          },
        }),
      );
    },
    onSuccess: async ({ key }) => {
      await queries.invalidateQueries({ queryKey: ['keys'] });
      if (key) onMade(key);
    },
  });
  return (
    <Dialog open onOpenChange={onClose} title={t('key_new')} lead={t('key_lead')}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          making.mutate();
        }}
      >
        <Field label={t('key_name')}>
          <Input required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
        </Field>
        <fieldset className="flex flex-col gap-2">
          <legend className="mb-1.5 font-medium">{t('scopes')}</legend>
          <Checkbox checked={all} onChange={(event) => setAll(event.target.checked)} label={t('scope_all')} />
          {!all &&
            scopes.map((scope) => (
              <Checkbox
                key={scope}
                checked={chosen.has(scope)}
                onChange={() => {
                  const next = new Set(chosen);
                  if (!next.delete(scope)) next.add(scope);
                  setChosen(next);
                }}
                label={
                  <>
                    <code>{scope}</code>{' '}
                    <span className="text-ink-soft">{t(`scope.${scope.replace(':', '_') as 'admin'}`)}</span>
                  </>
                }
              />
            ))}
        </fieldset>
        <Field label={t('key_term')}>
          <Select value={term} onChange={(event) => setTerm(event.target.value as Term)}>
            {Object.keys(terms).map((one) => (
              <option key={one} value={one}>
                {t(`term.${one as Term}`)}
              </option>
            ))}
          </Select>
        </Field>
        <FieldError error={making.error?.message} />
        <Button type="submit" look="primary" busy={making.isPending} disabled={!all && chosen.size === 0}>
          {t('key_make')}
        </Button>
      </form>
    </Dialog>
  );
}

function ShownOnce({ text, onClose }: { text: string; onClose(): void }) {
  const { t } = useTranslation(['settings', 'common']);
  const [copied, setCopied] = useState(false);
  const shown = useRef<HTMLElement>(null);
  const copy = async () => {
    // Without TLS a browser gives no clipboard: then it is marked, and the person copies it.
    if (shown.current) getSelection()?.selectAllChildren(shown.current);
    await navigator.clipboard?.writeText(text);
    setCopied(navigator.clipboard !== undefined);
  };
  return (
    <Dialog open insists onOpenChange={onClose} title={t('key_once')} lead={t('key_once_text')}>
      <div className="flex items-center gap-2">
        <code ref={shown} className="min-w-0 grow rounded-lg bg-sunken p-3 break-all">
          {text}
        </code>
        <IconButton
          icon={copied ? Check : Copy}
          label={copied ? t('common:action.copied') : t('common:action.copy')}
          onClick={copy}
        />
      </div>
    </Dialog>
  );
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import type { FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, ask, client } from '../api.ts';
import { Button } from '../parts/button.tsx';
import { useConfirm } from '../parts/dialog.tsx';
import { useEdited } from '../parts/edited.ts';
import { Field, FieldError, Input, Select } from '../parts/field.tsx';
import { Failed, Loading, Panel } from '../parts/page.tsx';
import { useTell, useTellError } from '../parts/toast.tsx';
import { zones } from '../parts/zones.ts';

const api = client.v1.workspace;
type Settings = InferResponseType<typeof api.$get, 200>;

/** Its name, its time zone, and how long single figures are kept. */
export function Workspace() {
  const { t } = useTranslation(['settings', 'common']);
  const settings = useQuery({ queryKey: ['me', 'workspace'], queryFn: () => ask(api.$get()) });
  return (
    <Panel title={t('workspace')}>
      {settings.isPending && <Loading rows={3} />}
      {settings.error && <Failed error={settings.error} again={() => settings.refetch()} />}
      {settings.data && <WorkspaceForm settings={settings.data} />}
    </Panel>
  );
}

function WorkspaceForm({ settings }: { settings: Settings }) {
  const { t } = useTranslation(['settings', 'common']);
  const queries = useQueryClient();
  const confirm = useConfirm();
  const tell = useTell();
  const tellError = useTellError();
  const { name, timezone, metrics_days } = settings;
  const { values, changed, set, saved } = useEdited({ name, timezone, days: String(metrics_days) });
  const change = ({ name, timezone, days }: typeof values) =>
    ask(api.$patch({ json: { name, timezone, metrics_days: Number(days) } }));
  const settled = () => queries.invalidateQueries({ queryKey: ['me'] });
  const saving = useMutation({
    mutationFn: change,
    onSuccess: (fresh, sent) => {
      queries.setQueryData<Settings>(['me', 'workspace'], fresh);
      saved(sent);
      const before = { name, timezone, days: String(metrics_days) };
      tell({ text: t('saved'), undo: () => change(before).then(settled, tellError) });
      return settled();
    },
  });
  const errors = saving.error instanceof ApiError ? saving.error.errors : [];
  const fault = (path: string) => errors.find((one) => one.path === path)?.message;
  const save = async () => {
    const days = Number(values.days);
    const erases = days < metrics_days;
    const yes =
      !erases ||
      (await confirm({
        title: t('ask_days', { count: days }),
        text: t('ask_days_text'),
        confirm: t('ask_days_yes'),
        danger: true,
      }));
    if (yes) saving.mutate(values);
  };
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        void save();
      }}
    >
      <Field label={t('workspace_name')} error={fault('/name')}>
        <Input
          required
          maxLength={100}
          value={values.name}
          onChange={(event) => set({ name: event.target.value })}
        />
      </Field>
      <Field label={t('workspace_zone')} hint={t('workspace_zone_hint')} error={fault('/timezone')}>
        <Select value={values.timezone} onChange={(event) => set({ timezone: event.target.value })}>
          {zones(values.timezone).map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </Select>
      </Field>
      <Field label={t('days')} hint={t('days_hint')} error={fault('/metrics_days')}>
        <Input
          type="number"
          required
          min={1}
          max={3650}
          value={values.days}
          onChange={(event) => set({ days: event.target.value })}
        />
      </Field>
      <FieldError error={errors.length === 0 ? saving.error?.message : undefined} />
      <Button type="submit" className="self-start" busy={saving.isPending} disabled={!changed}>
        {t('common:action.save')}
      </Button>
    </form>
  );
}

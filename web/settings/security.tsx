import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, ask, client, send } from '../api.ts';
import { useMe } from '../frame/session.tsx';
import { Button } from '../parts/button.tsx';
import { useConfirm } from '../parts/dialog.tsx';
import { Field, FieldError, Input } from '../parts/field.tsx';
import { Panel } from '../parts/page.tsx';
import { useTell } from '../parts/toast.tsx';

/** The password, and who else is signed in with it. */
export function Security() {
  const { t } = useTranslation('settings');
  return (
    <Panel title={t('security')}>
      <Password />
      <Elsewhere />
    </Panel>
  );
}

function Password() {
  const { t } = useTranslation('settings');
  const { user } = useMe();
  const tell = useTell();
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const saving = useMutation({
    mutationFn: () => send(client.v1.me.password.$put({ json: { current, password } })),
    onSuccess: () => {
      setCurrent('');
      setPassword('');
      tell({ text: t('password_changed') });
    },
  });
  const errors = saving.error instanceof ApiError ? saving.error.errors : [];
  const fault = (path: string) => errors.find((one) => one.path === path)?.message;
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        saving.mutate();
      }}
    >
      {/* Password managers look for whose password it is. */}
      <input className="hidden" autoComplete="username" value={user.email} readOnly />
      <Field label={t('password_current')} error={fault('/current')}>
        <Input
          type="password"
          required
          autoComplete="current-password"
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
        />
      </Field>
      <Field label={t('password_new')} hint={t('password_hint')} error={fault('/password')}>
        <Input
          type="password"
          required
          minLength={8}
          maxLength={256}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </Field>
      <FieldError error={errors.length > 0 ? undefined : saving.error?.message} />
      <Button type="submit" className="self-start" busy={saving.isPending}>
        {t('password_change')}
      </Button>
    </form>
  );
}

function Elsewhere() {
  const { t } = useTranslation('settings');
  const confirm = useConfirm();
  const tell = useTell();
  const ending = useMutation({
    mutationFn: () => ask(client.v1.me.sessions.$delete()),
    onSuccess: ({ ended }) => tell({ text: t('sessions_ended', { count: ended }) }),
    onError: (error) => tell({ text: error.message, bad: true }),
  });
  const end = async () => {
    const yes = await confirm({
      title: t('sessions_ask'),
      text: t('sessions_ask_text'),
      confirm: t('sessions_end'),
      danger: true,
    });
    if (yes) ending.mutate();
  };
  return (
    <Button className="mt-5 self-start" busy={ending.isPending} onClick={end}>
      {t('sessions_end')}
    </Button>
  );
}

import { valibotResolver } from '@hookform/resolvers/valibot';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { type DefaultValues, type FieldValues, useForm } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import * as v from 'valibot';
import { Link, Redirect, useLocation, useSearchParams } from 'wouter';
import { ApiError, ask, client } from '../api.ts';
import { said } from '../i18n/said.ts';
import { Button } from '../parts/button.tsx';
import { Field, FieldError, Input } from '../parts/field.tsx';
import { ownZone } from '../parts/time.ts';
import { useInstallation } from './installation.ts';

// In the words of the server, which are said in every language.
const Email = v.pipe(v.string(), v.trim(), v.email('This is not an e-mail address.'));
const Login = v.object({
  email: Email,
  password: v.pipe(v.string(), v.minLength(1, 'This field is required.')),
});
const Registration = v.object({
  name: v.pipe(v.string(), v.trim(), v.minLength(1, 'Give a name.')),
  email: Email,
  password: v.pipe(v.string(), v.minLength(8, 'A password has at least 8 characters.')),
});

/** Where a person goes once inside; only to pages of ours. */
function useInside(): () => Promise<void> {
  const queries = useQueryClient();
  const [, go] = useLocation();
  const [search] = useSearchParams();
  return async () => {
    await queries.resetQueries();
    const next = search.get('next') ?? '/';
    go(next.startsWith('/') && !next.startsWith('//') ? next : '/', { replace: true });
  };
}

export function LoginPage() {
  const { t } = useTranslation('account');
  const inside = useInside();
  const installation = useInstallation();
  // The form is drawn once it is known what stands in it.
  if (installation.isPending) return null;
  const { registration = 'closed', demo = null } = installation.data ?? {};
  if (registration === 'first') return <Redirect to="/register" replace />;
  return (
    <Door
      title={t('sign_in')}
      lead={demo ? t('demo') : undefined}
      other={registration === 'open' && <Link href="/register">{t('to_register')}</Link>}
    >
      <DoorForm
        schema={Login}
        start={{ email: demo?.email ?? '', password: demo?.password ?? '' }}
        submit={t('sign_in')}
        act={(given) => ask(client.v1.auth.login.$post({ json: given }))}
        done={inside}
        fields={[
          { name: 'email', label: t('email'), type: 'email', autoComplete: 'username' },
          { name: 'password', label: t('password'), type: 'password', autoComplete: 'current-password' },
        ]}
      />
    </Door>
  );
}

export function RegisterPage() {
  const { t } = useTranslation('account');
  const inside = useInside();
  const installation = useInstallation();
  if (installation.isPending) return null;
  if (installation.data?.registration === 'closed') return <Redirect to="/login" replace />;
  const first = installation.data?.registration === 'first';
  return (
    <Door
      title={t('register')}
      lead={first ? t('register_lead') : undefined}
      other={!first && <Link href="/login">{t('to_sign_in')}</Link>}
    >
      <DoorForm
        schema={Registration}
        start={{ name: '', email: '', password: '' }}
        submit={t('create')}
        note={t('workspace_zone', { zone: ownZone })}
        act={(given) => ask(client.v1.auth.register.$post({ json: { ...given, timezone: ownZone } }))}
        done={inside}
        fields={[
          { name: 'name', label: t('name'), type: 'text', autoComplete: 'name' },
          { name: 'email', label: t('email'), type: 'email', autoComplete: 'username' },
          {
            name: 'password',
            label: t('password'),
            type: 'password',
            autoComplete: 'new-password',
            hint: t('password_hint'),
          },
        ]}
      />
    </Door>
  );
}

function Door(props: { title: string; lead?: string | undefined; other: ReactNode; children: ReactNode }) {
  const { t } = useTranslation('account');
  return (
    <main className="mx-auto flex min-h-full w-full max-w-sm flex-col justify-center gap-6 p-5">
      <header className="flex flex-col items-center gap-3 text-center">
        <img src="/icon.svg" alt="" className="size-14" />
        <h1 className="text-2xl font-semibold tracking-tight">{props.title}</h1>
        <p className="text-ink-soft">{props.lead ?? t('tagline')}</p>
      </header>
      {props.children}
      <p className="text-center [&_a]:text-accent [&_a]:underline [&_a]:underline-offset-4">{props.other}</p>
    </main>
  );
}

interface FormProps<Values extends FieldValues> {
  schema: v.GenericSchema<Values, Values>;
  start: DefaultValues<Values>;
  fields: readonly {
    name: keyof Values & string;
    label: string;
    type: string;
    autoComplete: string;
    hint?: string;
  }[];
  submit: string;
  note?: string;
  act(values: Values): Promise<unknown>;
  done(): Promise<void>;
}

function DoorForm<Values extends FieldValues>(props: FormProps<Values>) {
  const form = useForm<Values>({
    resolver: valibotResolver(props.schema) as never,
    defaultValues: props.start,
  });
  const { errors } = form.formState;
  const { setFocus, getValues } = form;
  const empty = props.fields.find(({ name }) => !getValues(name as never))?.name;
  // On a phone the keys would cover the rest before it was read.
  useEffect(() => {
    if (empty && matchMedia('(hover: hover)').matches) setFocus(empty as never);
  }, []);
  const entering = useMutation({ mutationFn: props.act, onSuccess: props.done });
  const refused = entering.error instanceof ApiError ? entering.error : null;
  const toldBy = (name: string) =>
    (errors[name] && said(errors[name].message as string)) ??
    refused?.errors.find(({ path }) => path === `/${name}`)?.message;
  return (
    <form
      noValidate
      onSubmit={form.handleSubmit((values) => entering.mutate(values as Values))}
      className="flex flex-col gap-4 rounded-2xl border border-line bg-panel p-5"
    >
      {props.fields.map(({ name, label, hint, ...input }) => (
        <Field key={name} label={label} hint={hint} error={toldBy(name)}>
          <Input {...input} {...form.register(name as never)} />
        </Field>
      ))}
      {props.note && <p className="text-[13px] text-ink-soft">{props.note}</p>}
      <FieldError error={entering.error && !refused?.errors.length ? entering.error.message : undefined} />
      <Button type="submit" look="primary" busy={entering.isPending}>
        {props.submit}
      </Button>
    </form>
  );
}

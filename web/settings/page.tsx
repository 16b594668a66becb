import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ExternalLink } from 'lucide-react';
import type { FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, client } from '../api.ts';
import { useMe } from '../frame/session.tsx';
import { setTheme, themes, useTheme } from '../frame/theme.ts';
import { changeLanguage, type Language, languages } from '../i18n/i18n.ts';
import { Button } from '../parts/button.tsx';
import { useEdited } from '../parts/edited.ts';
import { Field, FieldError, Input, Select } from '../parts/field.tsx';
import { Page, Panel } from '../parts/page.tsx';
import { useTell, useTellError } from '../parts/toast.tsx';
import { zones } from '../parts/zones.ts';
import { Exports } from './exports.tsx';
import { Keys } from './keys.tsx';
import { Security } from './security.tsx';
import { Workspace } from './workspace.tsx';

export default function SettingsPage() {
  const { t } = useTranslation(['settings', 'common']);
  return (
    <Page title={t('common:nav.settings')}>
      <div className="grid items-start gap-5 lg:grid-cols-2">
        <div className="grid min-w-0 gap-5">
          <Panel title={t('profile')}>
            <Profile />
          </Panel>
          <Security />
        </div>
        <div className="grid min-w-0 gap-5">
          <Panel title={t('appearance')}>
            <Appearance />
          </Panel>
          <Workspace />
          <Exports />
        </div>
      </div>
      <Keys />
      <Panel title={t('developers')}>
        <ul className="flex flex-col gap-2">
          {[
            ['/docs', t('reference')],
            ['/openapi.json', 'openapi.json'],
          ].map(([href, title]) => (
            <li key={href}>
              <a
                href={href}
                target="_blank"
                rel="noreferrer"
                className="inline-flex items-center gap-1.5 text-accent underline underline-offset-4"
              >
                {title}
                <ExternalLink className="size-4" aria-hidden />
              </a>
            </li>
          ))}
        </ul>
      </Panel>
    </Page>
  );
}

function Profile() {
  const { t } = useTranslation(['settings', 'common']);
  const { user } = useMe();
  const queries = useQueryClient();
  const tell = useTell();
  const tellError = useTellError();
  const before = { name: user.name, timezone: user.timezone };
  const { values, changed, set, saved } = useEdited(before);
  const save = (json: typeof before) => ask(client.v1.me.$patch({ json }));
  const settled = () => queries.invalidateQueries({ queryKey: ['me'] });
  const saving = useMutation({
    mutationFn: save,
    onSuccess: (fresh, sent) => {
      queries.setQueryData(['me'], fresh);
      saved(sent);
      tell({ text: t('saved'), undo: () => save(before).then(settled, tellError) });
      return settled();
    },
  });
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        saving.mutate(values);
      }}
    >
      <Field label={t('name')}>
        <Input
          required
          maxLength={100}
          value={values.name}
          onChange={(event) => set({ name: event.target.value })}
        />
      </Field>
      <Field label={t('email')}>
        <Input value={user.email} readOnly />
      </Field>
      <Field label={t('zone')} hint={t('zone_hint')}>
        <Select value={values.timezone} onChange={(event) => set({ timezone: event.target.value })}>
          {zones(values.timezone).map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </Select>
      </Field>
      <FieldError error={saving.error?.message} />
      <Button type="submit" className="self-start" busy={saving.isPending} disabled={!changed}>
        {t('common:action.save')}
      </Button>
    </form>
  );
}

function Appearance() {
  const { t, i18n } = useTranslation(['settings', 'common']);
  const theme = useTheme();
  return (
    <div className="flex flex-col gap-4">
      <Field label={t('common:frame.language')}>
        <Select value={i18n.language} onChange={(event) => changeLanguage(event.target.value as Language)}>
          {Object.entries(languages).map(([language, title]) => (
            <option key={language} value={language} lang={language}>
              {title}
            </option>
          ))}
        </Select>
      </Field>
      <Field label={t('common:frame.theme')}>
        <Select value={theme} onChange={(event) => setTheme(event.target.value as typeof theme)}>
          {themes.map((one) => (
            <option key={one} value={one}>
              {t(`common:frame.theme_${one}`)}
            </option>
          ))}
        </Select>
      </Field>
    </div>
  );
}

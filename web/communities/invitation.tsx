import { useMutation } from '@tanstack/react-query';
import { ExternalLink } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, client } from '../api.ts';
import { Button } from '../parts/button.tsx';
import { Field, FieldError, Input } from '../parts/field.tsx';
import type { Community } from './list.tsx';
import { Places, useConnection } from './places.tsx';

/** Connects by adding the bot: two links to open, then the places where both are administrators. */
export function Invitation({ network, done }: { network: string; done(community: Community): void }) {
  const { t } = useTranslation(['communities', 'common']);
  const [token, setToken] = useState('');
  const invited = useMutation({
    mutationFn: () =>
      ask(client.v1.connections.$post({ json: { network, credentials: { bot_token: token } } })),
  });
  const connection = useConnection(invited.data?.id ?? null);
  const links = invited.data?.links;
  if (!links) {
    return (
      <form
        className="flex flex-col gap-4"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          invited.mutate();
        }}
      >
        <Field label={t('credential.bot_token')} hint={t('credential_hint.bot_token')}>
          <Input
            required
            autoComplete="off"
            value={token}
            onChange={(event) => setToken(event.target.value.trim())}
          />
        </Field>
        <FieldError error={invited.error?.message} />
        <Button type="submit" look="primary" busy={invited.isPending}>
          {t('invite')}
        </Button>
      </form>
    );
  }
  const steps = [
    [t('invite_channel'), links.add_to_channel],
    [t('invite_group'), links.add_to_group],
    [t('invite_prove'), links.prove],
  ] as const;
  return (
    <div className="flex flex-col gap-4">
      <ul className="flex flex-col gap-2">
        {steps.map(
          ([title, url]) =>
            url && (
              <li key={url}>
                <a
                  href={url}
                  target="_blank"
                  rel="noreferrer"
                  className="inline-flex items-center gap-1.5 font-medium text-accent underline underline-offset-4"
                >
                  {title}
                  <ExternalLink className="size-4" aria-hidden />
                </a>
              </li>
            ),
        )}
      </ul>
      <p role="status" className="text-ink-soft">
        {t(`connection.${connection.data?.state ?? 'waiting'}`)}
      </p>
      {connection.data?.problem && <FieldError error={connection.data.problem} />}
      {connection.data && <Places connection={connection.data} done={done} />}
    </div>
  );
}

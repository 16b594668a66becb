import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, client } from '../api.ts';
import { Button } from '../parts/button.tsx';
import { Field, FieldError, Input, Select } from '../parts/field.tsx';
import type { Community } from './list.tsx';
import { Places, useConnection } from './places.tsx';

interface Props {
  network: string;
  kinds: readonly { kind: string; title: string; group_ids: boolean }[];
  done(community: Community): void;
}

/** Connects by signing in at the network, in a window of its own, so that nothing here is lost. */
export function SignIn({ network, kinds, done }: Props) {
  const { t } = useTranslation(['communities', 'common']);
  const [kind, setKind] = useState(kinds[0]?.kind ?? '');
  const [places, setPlaces] = useState('');
  const named = kinds.find((one) => one.kind === kind)?.group_ids ?? false;
  const begun = useMutation({
    mutationFn: () =>
      ask(
        client.v1.connections.$post({
          json: { network, kind, ...(named && { group_ids: places.split(/[\s,;]+/).filter(Boolean) }) },
        }),
      ),
    onSuccess: ({ authorize_url }) => {
      if (authorize_url) window.open(authorize_url, '_blank', 'noopener');
    },
  });
  const connection = useConnection(begun.data?.id ?? null);
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        begun.mutate();
      }}
    >
      <Field label={t('sign_in_as')}>
        <Select value={kind} onChange={(event) => setKind(event.target.value)}>
          {kinds.map((one) => (
            <option key={one.kind} value={one.kind}>
              {t(`sign_in_kind.${one.kind as 'user'}`, { defaultValue: one.title })}
            </option>
          ))}
        </Select>
      </Field>
      {named && (
        <Field label={t('sign_in_places')} hint={t('sign_in_places_hint')}>
          <Input required value={places} onChange={(event) => setPlaces(event.target.value)} />
        </Field>
      )}
      <FieldError error={begun.error?.message} />
      <Button type="submit" look="primary" busy={begun.isPending}>
        {t('sign_in')}
      </Button>
      {connection.data && (
        <>
          <p role="status" className="text-ink-soft">
            {t(`connection.${connection.data.state}`)}
          </p>
          {connection.data.problem && <FieldError error={connection.data.problem} />}
          <Places connection={connection.data} done={done} />
        </>
      )}
    </form>
  );
}

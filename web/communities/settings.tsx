import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, client } from '../api.ts';
import { Button } from '../parts/button.tsx';
import { Checkbox, Field, FieldError, Input } from '../parts/field.tsx';
import { useChange } from './community.tsx';
import type { Community } from './list.tsx';

interface Property {
  type?: string;
  anyOf?: readonly Property[];
  description?: string;
  minimum?: number;
  maximum?: number;
  default?: unknown;
}

/** What the network lets choose for a community, drawn from its own schema. */
export function SettingsForm({ community }: { community: Community }) {
  const { t } = useTranslation(['communities', 'common']);
  const kept = community.settings;
  const change = useChange(community.id, t('saved'), { settings: kept });
  const [given, setGiven] = useState<Record<string, unknown>>({});
  const networks = useQuery({
    queryKey: ['networks'],
    queryFn: () => ask(client.v1.networks.$get()),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const schema = networks.data?.data.find(({ name }) => name === community.network)?.settings;
  const properties = Object.entries((schema?.properties ?? {}) as Record<string, Property>);
  const chosen = (name: string, { default: usual }: Property) =>
    name in given ? given[name] : (community.settings[name] ?? usual);
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        change.mutate({ settings: given }, { onSuccess: () => setGiven({}) });
      }}
    >
      {properties.map(([name, property]) => {
        const plain = property.anyOf?.find(({ type }) => type !== 'null') ?? property;
        const title = t(`setting.${name as 'callback'}`, { defaultValue: name });
        const hint = t(`setting_hint.${name as 'callback'}`, { defaultValue: plain.description ?? '' });
        const value = chosen(name, property);
        if (plain.type === 'boolean') {
          return (
            <Checkbox
              key={name}
              checked={value === true}
              onChange={(event) => setGiven({ ...given, [name]: event.target.checked })}
              label={
                <>
                  <span className="block font-medium">{title}</span>
                  <span className="block text-[13px] text-ink-soft">{hint}</span>
                </>
              }
            />
          );
        }
        return (
          <Field key={name} label={title} hint={hint}>
            <Input
              type="number"
              min={plain.minimum}
              max={plain.maximum}
              value={value === null || value === undefined ? '' : String(value)}
              onChange={(event) =>
                setGiven({ ...given, [name]: event.target.value === '' ? null : Number(event.target.value) })
              }
            />
          </Field>
        );
      })}
      <FieldError error={change.error?.message} />
      <Button
        type="submit"
        className="self-start"
        busy={change.isPending}
        disabled={Object.keys(given).length === 0}
      >
        {t('common:action.save')}
      </Button>
    </form>
  );
}

import { useTranslation } from 'react-i18next';
import { useCommunities } from '../communities/list.tsx';
import { languages } from '../i18n/i18n.ts';
import { cx } from '../parts/class.ts';
import { Checkbox, Field, FieldError, Input, Select } from '../parts/field.tsx';
import { NetworkMark } from '../parts/network.tsx';
import { zones } from '../parts/zones.ts';
import { type Format, formats, type Report } from './queries.ts';

/** What a report and a schedule have in common. */
export interface Common {
  format: Format;
  /** null: all that there are. */
  communities: readonly string[] | null;
  language: Report['language'];
  timezone: string;
  title: string;
}

interface Props {
  value: Common;
  change(part: Partial<Common>): void;
  /** What is wrong at a path of the request. */
  fault(path: string): string | undefined;
}

export function FormatField({ value, change, fault }: Props) {
  const { t } = useTranslation('reports');
  return (
    <fieldset className="flex flex-col gap-1.5">
      <legend className="mb-1.5 font-medium">{t('format')}</legend>
      <div className="grid gap-2 sm:grid-cols-3">
        {formats.map((format) => (
          <label
            key={format}
            className={cx(
              'flex cursor-pointer items-start gap-2 rounded-lg border border-line p-3 hover:border-line-strong',
              value.format === format && 'border-accent bg-accent-soft hover:border-accent',
            )}
          >
            <input
              type="radio"
              name="format"
              checked={value.format === format}
              onChange={() => change({ format })}
              className="mt-0.5 size-4 shrink-0 accent-accent"
            />
            <span>
              <span className="block font-medium">{t(`formats.${format}`)}</span>
              <span className="block text-[13px] text-ink-soft">{t(`format_hint.${format}`)}</span>
            </span>
          </label>
        ))}
      </div>
      <FieldError error={fault('/format')} />
    </fieldset>
  );
}

export function CommunitiesField({ value, change, fault }: Props) {
  const { t } = useTranslation('reports');
  const known = useCommunities().data?.data ?? [];
  const chosen = new Set(value.communities);
  // A schedule may name what is gone by now: it can be taken out.
  const gone = [...chosen].filter((id) => !known.some((one) => one.id === id));
  const toggle = (id: string) => {
    if (!chosen.delete(id)) chosen.add(id);
    change({ communities: [...chosen] });
  };
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1.5 font-medium">{t('of_communities')}</legend>
      <Checkbox
        checked={value.communities === null}
        onChange={(event) => change({ communities: event.target.checked ? null : [] })}
        label={t('all_communities')}
      />
      {value.communities !== null && (
        <ul className="flex max-h-44 flex-col gap-2 overflow-y-auto rounded-lg border border-line p-3">
          {known.map(({ id, network, title }) => (
            <li key={id}>
              <Checkbox
                checked={chosen.has(id)}
                onChange={() => toggle(id)}
                label={
                  <span className="flex items-center gap-2">
                    <NetworkMark network={network} />
                    {title}
                  </span>
                }
              />
            </li>
          ))}
          {gone.map((id) => (
            <li key={id}>
              <Checkbox checked onChange={() => toggle(id)} label={t('gone')} />
            </li>
          ))}
        </ul>
      )}
      <FieldError
        error={
          fault('/community_ids') ??
          value.communities?.map((_, index) => fault(`/community_ids/${index}`)).find(Boolean)
        }
      />
    </fieldset>
  );
}

export function LanguageAndZone({ value, change, fault }: Props) {
  const { t } = useTranslation('reports');
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label={t('language')} error={fault('/language')}>
        <Select
          value={value.language}
          onChange={(event) => change({ language: event.target.value as Report['language'] })}
        >
          {Object.entries(languages).map(([language, title]) => (
            <option key={language} value={language} lang={language}>
              {title}
            </option>
          ))}
        </Select>
      </Field>
      <Field label={t('zone')} error={fault('/timezone')}>
        <Select value={value.timezone} onChange={(event) => change({ timezone: event.target.value })}>
          {zones(value.timezone).map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </Select>
      </Field>
    </div>
  );
}

export function TitleField({ value, change, fault }: Props) {
  const { t } = useTranslation('reports');
  return (
    <Field label={t('name')} hint={t('name_hint')} error={fault('/title')}>
      <Input
        maxLength={200}
        value={value.title}
        onChange={(event) => change({ title: event.target.value })}
      />
    </Field>
  );
}

import { useTranslation } from 'react-i18next';
import { Checkbox, Field, FieldError, Input, Select } from '../parts/field.tsx';
import type { Options } from './content.ts';

/** As much of JSON Schema as describes an option of a network. */
export interface OptionSchema {
  type?: string;
  enum?: readonly string[];
  const?: unknown;
  anyOf?: readonly OptionSchema[];
  properties?: Readonly<Record<string, OptionSchema>>;
  description?: string;
  default?: unknown;
  maxLength?: number;
  minimum?: number;
}

interface Props {
  network: string;
  schema: OptionSchema;
  /** What holds where nothing is chosen here. */
  inherited: Options;
  own: Options;
  /** What is wrong with an option, by its name. */
  faults: ReadonlyMap<string, string>;
  /** `undefined`: as it is anyway. */
  onChange(name: string, value: unknown): void;
}

/** What one post may ask of a network, made from what the API says about it. Buttons have an editor of their own. */
export function OptionsForm({ network, schema, inherited, own, faults, onChange }: Props) {
  const names = Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== 'buttons')
    .sort(([, a], [, b]) => order.indexOf(kindOf(a).is) - order.indexOf(kindOf(b).is));
  return (
    <div className="grid gap-x-6 gap-y-4 sm:grid-cols-2">
      {names.map(([name, one]) => (
        <Option
          key={name}
          path={`${network}.${name}`}
          schema={one}
          value={own[name] ?? inherited[name]}
          error={faults.get(name)}
          onChange={(value) => onChange(name, value)}
        />
      ))}
    </div>
  );
}

/** What is quickly answered first. */
const order: readonly Kind['is'][] = ['switch', 'choice', 'number', 'either', 'text', 'group'];

interface OptionProps {
  path: string;
  schema: OptionSchema;
  value: unknown;
  error: string | undefined;
  onChange(value: unknown): void;
}

function Option({ path, schema, value, error, onChange }: OptionProps) {
  const { t, i18n } = useTranslation('composer');
  const words = useOptionWords();
  const { title, hint } = words(path, schema);
  const kind = kindOf(schema);
  if (kind.is === 'switch') {
    return (
      <div className="flex flex-col gap-1">
        <Checkbox
          label={title}
          checked={(value ?? schema.default ?? false) === true}
          onChange={({ target }) =>
            onChange(target.checked === (schema.default ?? false) ? undefined : target.checked)
          }
        />
        <FieldError error={error} />
      </div>
    );
  }
  if (kind.is === 'group') {
    const inside = (value ?? {}) as Options;
    return (
      <fieldset className="flex flex-col gap-3 rounded-lg border border-line p-3 sm:col-span-2">
        <legend className="px-1 font-medium">{title}</legend>
        {Object.entries(schema.properties ?? {}).map(([name, one]) => (
          <Option
            key={name}
            path={`${path}_${name}`}
            schema={one}
            value={inside[name]}
            error={undefined}
            onChange={(next) => {
              const { [name]: _, ...rest } = inside;
              const after = next === undefined ? rest : { ...rest, [name]: next };
              onChange(Object.keys(after).length > 0 ? after : undefined);
            }}
          />
        ))}
        <FieldError error={error} />
      </fieldset>
    );
  }
  if (kind.is === 'choice') {
    const label = (one: unknown) => {
      const key = `option.${path}_${one}`;
      if (i18n.exists(`composer:${key}`)) return t(key as 'option.unset') as string;
      return one === true ? t('option.yes') : String(one);
    };
    return (
      <Field label={title} hint={hint} error={error}>
        <Select
          {...{}}
          value={value === undefined || value === null ? '' : String(value)}
          onChange={({ target }) =>
            onChange(kind.values.find((one) => String(one) === target.value) ?? undefined)
          }
        >
          <option value="">{t('option.unset')}</option>
          {kind.values.map((one) => (
            <option key={String(one)} value={String(one)}>
              {label(one)}
            </option>
          ))}
        </Select>
      </Field>
    );
  }
  return (
    <Field label={title} hint={hint} error={error}>
      <Input
        type={kind.is === 'number' ? 'number' : 'text'}
        {...(kind.is === 'number' && { min: schema.minimum ?? 0, step: 'any' })}
        maxLength={schema.maxLength ?? 2_048}
        value={value === undefined || value === null ? '' : String(value)}
        onChange={({ target }) => onChange(readAs(kind.is, target.value))}
      />
    </Field>
  );
}

type Kind =
  | { is: 'switch' | 'group' | 'number' | 'text' | 'either' }
  | { is: 'choice'; values: readonly unknown[] };

function kindOf({ anyOf, ...schema }: OptionSchema): Kind {
  const kinds = (anyOf ?? [schema]).filter(({ type }) => type !== 'null');
  const [first = schema, ...others] = kinds;
  if (others.length === 0) {
    if (first.enum) return { is: 'choice', values: first.enum };
    if (first.type === 'boolean') return { is: 'switch' };
    if (first.type === 'object') return { is: 'group' };
    return { is: first.type === 'integer' || first.type === 'number' ? 'number' : 'text' };
  }
  if (kinds.every((one) => one.const !== undefined || one.type === 'boolean')) {
    return {
      is: 'choice',
      values: kinds.flatMap((one) => (one.type === 'boolean' ? [true] : [one.const])),
    };
  }
  return { is: 'either' };
}

function readAs(kind: Kind['is'], written: string): unknown {
  if (written === '') return undefined;
  if (kind === 'number') return Number(written);
  return kind === 'either' && /^\d{1,15}$/.test(written) ? Number(written) : written;
}

/** In the language of the page where it has words for it, else as the API describes it. */
function useOptionWords(): (
  path: string,
  schema: OptionSchema,
) => { title: string; hint: string | undefined } {
  const { t, i18n } = useTranslation('composer');
  return (path, schema) => {
    const say = (key: string) =>
      i18n.exists(`composer:${key}`) ? (t(key as 'option.unset') as string) : undefined;
    const described = schema.description ?? schema.anyOf?.find((one) => one.description)?.description;
    const title = say(`option.${path}`) ?? described ?? path.split('.')[1] ?? path;
    return { title, hint: say(`option.${path}_hint`) };
  };
}

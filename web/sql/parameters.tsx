import { useTranslation } from 'react-i18next';
import { useCommunities } from '../communities/list.tsx';
import { cx } from '../parts/class.ts';
import { Field, Input, Select } from '../parts/field.tsx';
import { networkTitle } from '../parts/network.tsx';
import { zones } from '../parts/zones.ts';
import { bareType, isNumeric, type Parameter } from './types.ts';

const isCommunity = ({ name, type }: Parameter) =>
  bareType(type) === 'UUID' && /^community(_id)?$/.test(name);
const isZone = ({ name }: Parameter) => /^(zone|timezone)$/.test(name);

/** What a value is until a person gives one. */
export function usualValue(parameter: Parameter, zone: string, community: string | undefined): string {
  if (isCommunity(parameter)) return community ?? '';
  if (isZone(parameter)) return zone;
  return parameter.name === 'days' ? '30' : '';
}

/** As ClickHouse reads values over HTTP. */
export function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

interface Props {
  parameters: readonly Parameter[];
  values: Readonly<Record<string, string>>;
  /** Those that lack a value, once the query was to be run. */
  missing: ReadonlySet<string>;
  change(name: string, value: string): void;
  onRun(): void;
}

/** Inputs for the `{name:Type}` of a query. */
export function Parameters({ parameters, values, missing, change, onRun }: Props) {
  const { t } = useTranslation('sql');
  return (
    <form
      aria-label={t('parameters')}
      onSubmit={(event) => {
        event.preventDefault();
        onRun();
      }}
      className="flex flex-wrap items-start gap-3"
    >
      {parameters.map((parameter) => (
        <Field
          key={parameter.name}
          label={parameter.name}
          hint={isCommunity(parameter) || isZone(parameter) ? undefined : <code>{parameter.type}</code>}
          error={missing.has(parameter.name) ? t('parameter_none') : undefined}
          className={cx('w-full', isCommunity(parameter) ? 'sm:w-64' : 'sm:w-48')}
        >
          <Value
            parameter={parameter}
            value={values[parameter.name] ?? ''}
            change={(value) => change(parameter.name, value)}
          />
        </Field>
      ))}
      {/* Enter in a field runs the query. */}
      <button type="submit" hidden>
        {t('run')}
      </button>
    </form>
  );
}

interface ValueProps {
  parameter: Parameter;
  value: string;
  change(value: string): void;
}

/** The rest are what the field gives to its input. */
function Value({ parameter, value, change, ...rest }: ValueProps) {
  const { t } = useTranslation('sql');
  const communities = useCommunities().data?.data ?? [];
  if (isCommunity(parameter)) {
    const known = communities.some(({ id }) => id === value);
    return (
      <Select {...rest} value={value} onChange={(event) => change(event.target.value)}>
        {!known && <option value={value}>{value || t('choose')}</option>}
        {communities.map(({ id, title, network }) => (
          <option key={id} value={id}>
            {`${title} · ${networkTitle(network)}`}
          </option>
        ))}
      </Select>
    );
  }
  if (isZone(parameter)) {
    return (
      <Select {...rest} value={value} onChange={(event) => change(event.target.value)}>
        {zones(value || 'UTC').map((zone) => (
          <option key={zone}>{zone}</option>
        ))}
      </Select>
    );
  }
  return (
    <Input
      {...rest}
      value={value}
      inputMode={isNumeric(parameter.type) ? 'decimal' : undefined}
      onChange={(event) => change(event.target.value)}
    />
  );
}

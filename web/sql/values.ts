import { useMemo, useState } from 'react';
import { useCommunities } from '../communities/list.tsx';
import { useWorkspace } from '../frame/session.tsx';
import { escaped, usualValue } from './parameters.tsx';
import { bareType, parametersOf } from './types.ts';

/** The values of the parameters in a query. */
export function useValues(sql: string) {
  const { timezone } = useWorkspace();
  const community = useCommunities().data?.data[0]?.id;
  const [given, setGiven] = useState<Readonly<Record<string, string>>>({});
  const [missing, setMissing] = useState<ReadonlySet<string>>(new Set());
  const parameters = useMemo(() => parametersOf(sql), [sql]);
  const values = Object.fromEntries(
    parameters.map((one) => [one.name, given[one.name] ?? usualValue(one, timezone, community)]),
  );
  return {
    parameters,
    values,
    missing,
    change(name: string, value: string) {
      setGiven({ ...given, [name]: value });
      setMissing(new Set());
    },
    /** The values as they are sent; null: some lack, and it is shown. */
    check(): Record<string, string> | null {
      const lacking = parameters.filter(
        ({ name, type }) => values[name] === '' && bareType(type) !== 'String',
      );
      setMissing(new Set(lacking.map(({ name }) => name)));
      if (lacking.length > 0) return null;
      return Object.fromEntries(parameters.map(({ name }) => [name, escaped(values[name] ?? '')]));
    },
  };
}

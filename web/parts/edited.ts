import { useState } from 'react';

/**
 * The values of a form over those that are kept: one that was not touched follows what is kept, also when that changes
 * under the form, which stays the same with its focus.
 */
export function useEdited<V extends object>(kept: V) {
  const [given, setGiven] = useState<Partial<V>>({});
  const values: V = { ...kept, ...given };
  const names = Object.keys(kept) as (keyof V)[];
  return {
    values,
    changed: names.some((name) => values[name] !== kept[name]),
    set: (change: Partial<V>) => setGiven((before) => ({ ...before, ...change })),
    /** These are kept now. What was written since stays. */
    saved: (sent: V) =>
      setGiven((before) => {
        const rest = names.filter((name) => name in before && before[name] !== sent[name]);
        return Object.fromEntries(rest.map((name) => [name, before[name]])) as Partial<V>;
      }),
  };
}

import type { SQLNamespace } from '@codemirror/lang-sql';
import type { View } from './queries.ts';
import { calledAs } from './schema-browser.tsx';

/** The views and their columns, as the editor completes them. */
export function namespaceOf(views: readonly View[]): SQLNamespace {
  return {
    analyst: Object.fromEntries(
      views.map((view) => {
        const label = view.name.replace('analyst.', '');
        const columns = view.columns.map(({ name, type, about }) => ({
          label: name,
          type: 'property',
          detail: type,
          info: about.replaceAll('`', ''),
        }));
        const apply = calledAs(view).replace('analyst.', '');
        const self = { label, type: 'type', info: view.about.replaceAll('`', ''), apply };
        return [label, { self, children: columns }];
      }),
    ),
  };
}

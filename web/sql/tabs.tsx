import { Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';

/** Panels of which one is seen. */
export function Tabs({
  label,
  tabs,
}: {
  label: string;
  tabs: readonly { name: string; content: ReactNode }[];
}) {
  return (
    <Radix.Root defaultValue={tabs[0]?.name}>
      <Radix.List aria-label={label} className="mb-3 flex gap-1 rounded-lg bg-sunken p-1">
        {tabs.map(({ name }) => (
          <Radix.Trigger
            key={name}
            value={name}
            className="grow rounded-md px-3 py-1 font-medium text-ink-soft data-[state=active]:bg-panel data-[state=active]:text-ink data-[state=active]:shadow-sm"
          >
            {name}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map(({ name, content }) => (
        <Radix.Content
          key={name}
          value={name}
          className="max-h-[70vh] overflow-y-auto lg:max-h-[calc(100vh-13rem)]"
        >
          {content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}

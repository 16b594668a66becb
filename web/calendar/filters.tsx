import { ListFilter } from 'lucide-react';
import { Popover } from 'radix-ui';
import { useTranslation } from 'react-i18next';
import type { Community } from '../communities/list.tsx';
import { Button } from '../parts/button.tsx';
import { Checkbox } from '../parts/field.tsx';
import { NetworkMark } from '../parts/network.tsx';
import { StateIcon } from '../parts/state.tsx';
import type { CalendarPost } from './posts.ts';

/** Nothing chosen of a kind: all of it. */
export interface Wanted {
  communities: ReadonlySet<string>;
  states: ReadonlySet<CalendarPost['status'] | 'attention'>;
}

const states = ['scheduled', 'published', 'partially_published', 'failed', 'cancelled'] as const;

interface Props {
  wanted: Wanted;
  onChange(wanted: Wanted): void;
  communities: readonly Community[];
}

export function Filters({ wanted, onChange, communities }: Props) {
  const { t } = useTranslation(['calendar', 'common']);
  const count = wanted.communities.size + wanted.states.size;
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <Button small icon={ListFilter} look={count > 0 ? 'primary' : 'plain'}>
          {count > 0 ? t('filters', { count }) : t('filter')}
        </Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          aria-label={t('filter')}
          align="start"
          sideOffset={6}
          className="z-30 flex max-h-[70dvh] w-72 flex-col gap-4 overflow-y-auto rounded-xl border border-line bg-panel p-4 shadow-xl"
        >
          <fieldset className="flex flex-col gap-2">
            <legend className="mb-2 font-medium">{t('by_state')}</legend>
            {(['attention', ...states] as const).map((state) => (
              <Checkbox
                key={state}
                checked={wanted.states.has(state)}
                onChange={() => onChange({ ...wanted, states: toggled(wanted.states, state) })}
                label={
                  <span className="flex items-center gap-2">
                    <StateIcon state={state === 'attention' ? 'unconfirmed' : state} />
                    {state === 'attention' ? t('common:nav.attention') : t(`common:state.${state}`)}
                  </span>
                }
              />
            ))}
          </fieldset>
          <fieldset className="flex flex-col gap-2">
            <legend className="mb-2 font-medium">{t('by_community')}</legend>
            {communities.map(({ id, title, network }) => (
              <Checkbox
                key={id}
                checked={wanted.communities.has(id)}
                onChange={() => onChange({ ...wanted, communities: toggled(wanted.communities, id) })}
                label={
                  <span className="flex items-center gap-2">
                    <NetworkMark network={network} />
                    <span className="truncate">{title}</span>
                  </span>
                }
              />
            ))}
          </fieldset>
          <Button
            small
            disabled={count === 0}
            onClick={() => onChange({ communities: new Set(), states: new Set() })}
          >
            {t('show_all')}
          </Button>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function toggled<Item>(set: ReadonlySet<Item>, item: Item): Set<Item> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}

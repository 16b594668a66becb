import { Plus } from 'lucide-react';
import { DropdownMenu, Tabs as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Community } from '../communities/list.tsx';
import { itemLook, menuLook } from '../frame/shell.tsx';
import { cx } from '../parts/class.ts';
import { NetworkMark, networkTitle } from '../parts/network.tsx';
import type { Tab } from './content.ts';

interface Props {
  tab: Tab;
  tabs: readonly Tab[];
  /** The communities that the post goes to. */
  chosen: readonly Community[];
  onChange(tab: Tab): void;
  /** Whether a tab has something of its own. */
  differs(tab: Tab): boolean;
  problems(tab: Tab): number;
  children: ReactNode;
}

/** What all communities get, and what differs at a network or in one community. */
export function ContentTabs({ tab, tabs, chosen, onChange, differs, problems, children }: Props) {
  const { t } = useTranslation('composer');
  const others = chosen.filter(({ id }) => !tabs.includes(id));
  const severalOf = (network: string) => chosen.filter((one) => one.network === network).length > 1;
  const offered = others.filter(({ network }) => severalOf(network));
  return (
    <Radix.Root value={tab} onValueChange={onChange} className="flex flex-col gap-3">
      <div className="flex items-end gap-1 border-b border-line">
        <Radix.List aria-label={t('tabs.label')} className="flex min-w-0 gap-1 overflow-x-auto">
          {tabs.map((one, index) => {
            const community = chosen.find(({ id }) => id === one);
            const count = problems(one);
            return (
              <Radix.Trigger
                key={one}
                value={one}
                title={index < 9 ? `Alt ${index + 1}` : undefined}
                className={cx(
                  '-mb-px flex shrink-0 items-center gap-2 border-b-2 border-transparent px-3 py-2 font-medium text-ink-soft hover:text-ink focus-visible:-outline-offset-2',
                  'data-[state=active]:border-accent data-[state=active]:text-ink',
                )}
              >
                {one !== 'all' && <NetworkMark network={community?.network ?? one} />}
                {one === 'all' ? t('tabs.all') : (community?.title ?? networkTitle(one))}
                {differs(one) && (
                  <span className="rounded bg-info-soft px-1.5 text-xs font-medium text-info">
                    {t('tabs.differs')}
                  </span>
                )}
                {count > 0 && (
                  <span className="rounded-full bg-bad px-1.5 text-xs leading-5 font-semibold text-panel">
                    {count}
                    <span className="sr-only"> {t('tabs.problems', { count })}</span>
                  </span>
                )}
              </Radix.Trigger>
            );
          })}
        </Radix.List>
        {offered.length > 0 && (
          <DropdownMenu.Root>
            <DropdownMenu.Trigger
              aria-label={t('tabs.more')}
              title={t('tabs.more')}
              className="mb-1 flex size-8 shrink-0 items-center justify-center rounded-md text-ink-soft hover:bg-sunken hover:text-ink"
            >
              <Plus className="size-4" aria-hidden />
            </DropdownMenu.Trigger>
            <DropdownMenu.Portal>
              <DropdownMenu.Content className={menuLook} align="start">
                <DropdownMenu.Label className="px-2.5 py-1 text-xs text-ink-soft">
                  {t('tabs.more')}
                </DropdownMenu.Label>
                {offered.map(({ id, title, network }) => (
                  <DropdownMenu.Item key={id} className={itemLook} onSelect={() => onChange(id)}>
                    <NetworkMark network={network} />
                    {title}
                  </DropdownMenu.Item>
                ))}
              </DropdownMenu.Content>
            </DropdownMenu.Portal>
          </DropdownMenu.Root>
        )}
      </div>
      <Radix.Content value={tab} tabIndex={-1} className="flex flex-col gap-4 outline-none">
        {children}
      </Radix.Content>
    </Radix.Root>
  );
}

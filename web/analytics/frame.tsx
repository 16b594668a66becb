import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { Page } from '../parts/page.tsx';
import { Choice } from './choice.tsx';
import { MadeUp } from './made-up.tsx';
import { Tabs } from './tabs.tsx';

const pages = [
  ['overview', '/analytics'],
  ['compare', '/analytics/compare'],
  ['delivery', '/analytics/delivery'],
] as const;

/** The pages about all communities. */
export function AnalyticsPage({ actions, children }: { actions?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation('analytics');
  const [path] = useLocation();
  return (
    <Page title={t('title')} actions={actions}>
      <Tabs
        label={t('title')}
        tabs={pages.map(([name, href]) => ({ href, title: t(`page.${name}`), here: path === href }))}
      />
      {children}
      <MadeUp />
    </Page>
  );
}

interface DaysProps<Days extends string> {
  options: readonly Days[];
  value: Days;
  onChange(days: Days): void;
}

export function DaysChoice<Days extends string>({ options, value, onChange }: DaysProps<Days>) {
  const { t } = useTranslation('analytics');
  return (
    <Choice
      legend={t('period')}
      options={options}
      value={value}
      onChange={onChange}
      wordOf={(days) => t('days', { count: Number(days) })}
    />
  );
}

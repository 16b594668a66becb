import { CalendarDays, type LucideIcon, Radio } from 'lucide-react';
import { type ComponentType, lazy } from 'react';
import type { en } from '../i18n/en.ts';

type Load = () => Promise<{ default: ComponentType }>;

interface Page {
  /** Under /app; `/*` at the end: the page reads the rest itself. */
  path: string;
  load: Load;
  /** In the menu, under this word of `nav`. */
  nav?: keyof typeof en.common.nav;
  icon?: LucideIcon;
  /** For whoever runs the installation. */
  operator?: boolean;
}

/** Every page, in the order of the menu. Each is a part of its own, loaded when it is opened or pointed at. */
const all: readonly Page[] = [
  { path: '/', load: () => import('../calendar/page.tsx'), nav: 'calendar', icon: CalendarDays },
  { path: '/communities', load: () => import('../communities/list.tsx'), nav: 'communities', icon: Radio },
];

export const pages = all.map((page) => ({ ...page, Component: lazy(page.load) }));

/** Loads what an address needs before it is opened. A failure shows when it is. */
export function preload(address: string): void {
  const page =
    all.find(({ path }) => path === address) ??
    all.find(({ path }) => path.endsWith('/*') && `${address}/`.startsWith(path.slice(0, -1)));
  page?.load().catch(() => {});
}

import {
  CalendarDays,
  ChartLine,
  CircleAlert,
  FileChartColumn,
  FileText,
  Image,
  type LucideIcon,
  Radio,
  Server,
  Settings,
  SquareTerminal,
} from 'lucide-react';
import { type ComponentType, lazy, useState } from 'react';
import type { en } from '../i18n/en.ts';

type Load = () => Promise<{ default: ComponentType }>;

interface Page {
  /** Under /app. Of two that fit, the first counts. */
  path: string;
  /** In place of `path` where one page has several addresses, and stays as it is when they change. */
  match?: RegExp;
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
  { path: '/posts', load: () => import('../posts/list.tsx'), nav: 'posts', icon: FileText },
  { path: '/attention', load: () => import('../attention/page.tsx'), nav: 'attention', icon: CircleAlert },
  { path: '/analytics', load: () => import('../analytics/overview.tsx'), nav: 'analytics', icon: ChartLine },
  { path: '/communities', load: () => import('../communities/list.tsx'), nav: 'communities', icon: Radio },
  { path: '/media', load: () => import('../media/page.tsx'), nav: 'media', icon: Image },
  { path: '/reports', load: () => import('../reports/page.tsx'), nav: 'reports', icon: FileChartColumn },
  { path: '/sql', load: () => import('../sql/page.tsx'), nav: 'sql', icon: SquareTerminal },
  { path: '/settings', load: () => import('../settings/page.tsx'), nav: 'settings', icon: Settings },
  {
    path: '/operator',
    load: () => import('../operator/page.tsx'),
    nav: 'operator',
    icon: Server,
    operator: true,
  },
  {
    path: '/posts/new',
    match: /^\/posts\/(?:new|(?<id>[^/]+)\/edit)$/,
    load: () => import('../composer/page.tsx'),
  },
  { path: '/posts/:id', load: () => import('../posts/post.tsx') },
  { path: '/analytics/compare', load: () => import('../analytics/compare.tsx') },
  { path: '/analytics/delivery', load: () => import('../analytics/delivery.tsx') },
  { path: '/analytics/:id', load: () => import('../analytics/community.tsx') },
  { path: '/communities/new', load: () => import('../communities/connect.tsx') },
  { path: '/communities/:id', load: () => import('../communities/community.tsx') },
];

export const pages = all.map(withComponent);

/** Loads what an address needs before it is opened. A failure shows when it is. */
export function preload(address: string): void {
  const page = pages.find(({ path }) => path === address);
  page?.load().catch(() => {});
}

/**
 * A page that was loaded before it is opened is drawn at once: `lazy` alone suspends even then, and React shows
 * what suspended no sooner than 300 ms after its fallback.
 */
function withComponent(page: Page) {
  let loaded: ComponentType | undefined;
  const load: Load = async () => {
    const module = await page.load();
    loaded = module.default;
    return module;
  };
  const Lazy = lazy(load);
  function Component() {
    // Chosen once: another type in the same place would begin the page anew.
    const [Chosen] = useState(() => loaded ?? Lazy);
    return <Chosen />;
  }
  return { ...page, load, Component };
}

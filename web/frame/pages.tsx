import {
  CalendarDays,
  ChartLine,
  CircleAlert,
  FileChartColumn,
  FileText,
  Image,
  type LucideIcon,
  Radio,
  Repeat,
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
  { path: '/series', load: () => import('../series/list.tsx'), nav: 'series', icon: Repeat },
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
  {
    path: '/series/new',
    match: /^\/series\/(?:new|(?<id>[^/]+)\/edit)$/,
    load: () => import('../series/page.tsx'),
  },
  { path: '/series/:id', load: () => import('../series/one.tsx') },
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

/** Has another try ready for each page that could not be loaded: what failed once would fail for ever. */
export function tryAgain(): void {
  for (const renew of failed) renew();
  failed.clear();
}
const failed = new Set<() => void>();

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
  let Lazy = lazy(open);
  async function open(): ReturnType<Load> {
    try {
      return await load();
    } catch (error) {
      if (await isUpdated()) {
        location.reload();
        return new Promise(() => {});
      }
      failed.add(() => {
        Lazy = lazy(open);
      });
      throw error;
    }
  }
  function Component() {
    // Chosen once: another type in the same place would begin the page anew.
    const [Chosen] = useState(() => loaded ?? Lazy);
    return <Chosen />;
  }
  return { ...page, load, Component };
}

const reloadedKey = 'outpost.reloaded';
/** Once in so long a page is loaded anew by itself. Milliseconds. */
const reloadApart = 60_000;

/** Whether the server answers and yet a part of this page is gone from it: then it has another version. */
async function isUpdated(): Promise<boolean> {
  if (Date.now() - Number(sessionStorage.getItem(reloadedKey)) < reloadApart) return false;
  const isThere = await fetch('/v1/installation').then(
    ({ ok }) => ok,
    () => false,
  );
  if (isThere) sessionStorage.setItem(reloadedKey, String(Date.now()));
  return isThere;
}

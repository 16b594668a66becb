import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { cx } from '../parts/class.ts';

interface Tab {
  href: string;
  title: ReactNode;
  here: boolean;
}

/** Pages that belong together, as links: each has an address of its own. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  return (
    <nav aria-label={label} className="-mt-1 flex overflow-x-auto border-b border-line">
      {tabs.map(({ href, title, here }) => (
        <Link
          key={href}
          href={href}
          aria-current={here ? 'page' : undefined}
          className={cx(
            '-mb-px border-b-2 border-transparent px-3 py-2 font-medium whitespace-nowrap text-ink-soft -outline-offset-2 hover:text-ink',
            here && 'border-accent text-ink',
          )}
        >
          {title}
        </Link>
      ))}
    </nav>
  );
}

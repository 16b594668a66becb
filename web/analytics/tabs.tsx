import { type ReactNode, useEffect, useRef } from 'react';
import { Link } from 'wouter';
import { cx } from '../parts/class.ts';

interface Tab {
  href: string;
  title: ReactNode;
  here: boolean;
}

/** Pages that belong together, as links: each has an address of its own. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  const nav = useRef<HTMLElement>(null);
  const at = tabs.findIndex(({ here }) => here);
  useEffect(() => {
    // On a phone they do not all fit.
    nav.current?.children[at]?.scrollIntoView({ inline: 'nearest', block: 'nearest' });
  }, [at]);
  return (
    <nav ref={nav} aria-label={label} className="-mt-1 flex overflow-x-auto border-b border-line">
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

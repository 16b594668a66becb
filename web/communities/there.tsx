import { ExternalLink } from 'lucide-react';
import type { ReactNode } from 'react';
import { useInstallation } from '../account/installation.ts';

/** A link to a place at a network, or to a post there. In the demo the networks are played: it leads to their walls. */
export function There({ href, children }: { href: string; children: ReactNode }) {
  const walls = useInstallation().data?.demo?.walls;
  return (
    <a
      href={played(href, walls?.[0]?.url) ?? href}
      target="_blank"
      rel="noreferrer"
      className="inline-flex items-center gap-1 text-accent underline underline-offset-4"
    >
      {children}
      <ExternalLink className="size-3.5" aria-hidden />
    </a>
  );
}

/** Where the stand-ins of the demo show what has this address; `wall` is one of their walls. */
export function played(href: string, wall: string | undefined): string | null {
  if (!wall || !URL.canParse(href)) return null;
  const { hostname, pathname } = new URL(href);
  const [place, kind] = hostname === 't.me' ? [telegram(pathname), 't'] : [vk(pathname), 'c'];
  if (!place || (hostname !== 't.me' && hostname !== 'vk.com')) return null;
  return `${new URL(wall).origin}/${kind}/${place.name}${place.post ? `#post-${place.post}` : ''}`;
}

type Place = { name: string; post?: string | undefined };

function telegram(path: string): Place | null {
  const hidden = /^\/c\/(\d+)\/(\d+)/.exec(path);
  if (hidden) return { name: `-100${hidden[1]}`, post: hidden[2] };
  const [, name, post] = /^\/([^/]+)(?:\/(\d+))?/.exec(path) ?? [];
  return name ? { name, post } : null;
}

function vk(path: string): Place | null {
  const [, group, post] = /^\/wall-(\d+)_(\d+)/.exec(path) ?? [];
  if (group) return { name: group, post };
  const [, name] = /^\/([^/]+)/.exec(path) ?? [];
  return name ? { name } : null;
}

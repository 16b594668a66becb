import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

interface Props {
  /** A signed address: the server sends the file with its name. */
  href: string;
  /** What it gives, for those who do not see what stands beside it. */
  label: string;
  icon: LucideIcon;
  children: ReactNode;
}

/** A link that saves a file, in the look of a button. */
export function DownloadLink({ href, label, icon: Icon, children }: Props) {
  return (
    <a
      href={href}
      download
      aria-label={label}
      className="inline-flex h-8 shrink-0 items-center gap-2 rounded-lg border border-line bg-panel px-2.5 text-[13px] font-medium hover:bg-sunken"
    >
      <Icon className="size-4" aria-hidden />
      {children}
    </a>
  );
}

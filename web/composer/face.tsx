import { FileText, Music } from 'lucide-react';
import { cx } from '../parts/class.ts';
import { Skeleton } from '../parts/page.tsx';
import type { Medium } from './send-file.ts';

/** A small picture of a file, or what it is. */
export function Face({ medium, className }: { medium: Medium | undefined; className?: string }) {
  const look = cx('aspect-[4/3] w-full', className);
  if (!medium) return <Skeleton className={look} />;
  const { kind, url, alt, name } = medium;
  if (kind === 'image' || (kind === 'animation' && medium.mime === 'image/gif')) {
    return (
      <img
        src={url}
        alt={alt ?? name ?? ''}
        className={cx(look, 'object-cover')}
        draggable={false}
        loading="lazy"
      />
    );
  }
  if (kind === 'video' || kind === 'animation') {
    return (
      <video
        src={url}
        preload="metadata"
        muted
        aria-label={alt ?? name ?? kind}
        className={cx(look, 'object-cover')}
      />
    );
  }
  const Icon = kind === 'document' ? FileText : Music;
  return (
    <span className={cx(look, 'flex flex-col items-center justify-center gap-1 p-2 text-center')}>
      <Icon className="size-6 text-ink-soft" aria-hidden />
      <span className="line-clamp-2 text-xs [overflow-wrap:anywhere]">{name}</span>
    </span>
  );
}

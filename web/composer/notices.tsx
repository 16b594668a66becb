import { Info } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';

/** Something to know before going on, and what can be done about it. */
export function Notice({
  text,
  warns,
  children,
}: {
  text: ReactNode;
  warns?: boolean;
  children?: ReactNode;
}) {
  return (
    <div
      role={warns ? 'alert' : 'note'}
      className={cx(
        'flex flex-wrap items-center gap-x-4 gap-y-2 rounded-xl border px-4 py-3',
        warns ? 'border-warn bg-warn-soft' : 'border-line bg-info-soft',
      )}
    >
      <p className="mr-auto flex min-w-0 items-start gap-2">
        <Info className={cx('mt-0.5 size-4 shrink-0', warns ? 'text-warn' : 'text-info')} aria-hidden />
        <span className="max-w-4xl">{text}</span>
      </p>
      {children}
    </div>
  );
}

interface ConflictProps {
  text: string;
  /** What the two buttons say; absent: as of a post. */
  reload?: string | undefined;
  keep?: string | undefined;
  onReload(): void;
  onKeep(): void;
}

/** Two have written at once: neither is lost without a word. */
export function Conflict({ text, reload, keep, onReload, onKeep }: ConflictProps) {
  const { t } = useTranslation('composer');
  return (
    <Notice warns text={text}>
      <span className="flex flex-wrap gap-2">
        <Button small onClick={onReload}>
          {reload ?? t('conflict.reload')}
        </Button>
        <Button small onClick={onKeep}>
          {keep ?? t('conflict.keep')}
        </Button>
      </span>
    </Notice>
  );
}

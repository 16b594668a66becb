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
        <span className="max-w-prose">{text}</span>
      </p>
      {children}
    </div>
  );
}

/** Two have written at once: neither is lost without a word. */
export function Conflict(props: { text: string; onReload(): void; onKeep(): void }) {
  const { t } = useTranslation('composer');
  return (
    <Notice warns text={props.text}>
      <span className="flex flex-wrap gap-2">
        <Button small onClick={props.onReload}>
          {t('conflict.reload')}
        </Button>
        <Button small onClick={props.onKeep}>
          {t('conflict.keep')}
        </Button>
      </span>
    </Notice>
  );
}

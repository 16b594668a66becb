import { CircleAlert, type LucideIcon, RotateCw } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api.ts';
import { Button } from './button.tsx';
import { cx } from './class.ts';

interface PageProps {
  title: string;
  /** Buttons at the right of the title. */
  actions?: ReactNode;
  lead?: ReactNode;
  wide?: boolean;
  /** The one thing to do next: it stays in sight at the foot. */
  foot?: ReactNode;
  children: ReactNode;
}

/** A page of the dashboard: its heading is the document's title too. */
export function Page({ title, actions, lead, wide, foot, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Outpost`;
  }, [title]);
  return (
    // The space below lets what stands last be scrolled out from under a notice.
    <div
      className={cx(
        'mx-auto flex w-full flex-col gap-5 px-4 pt-4 md:px-6 md:pt-6',
        foot ? 'min-h-full' : 'pb-40',
        wide ? 'max-w-none' : 'max-w-6xl',
      )}
    >
      <header className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <h1 className="mr-auto text-xl font-semibold tracking-tight">{title}</h1>
        {actions}
        {lead && <p className="w-full text-ink-soft">{lead}</p>}
      </header>
      {children}
      {foot && (
        <footer
          data-foot
          className="sticky bottom-0 z-20 -mx-4 mt-auto flex items-center justify-end gap-2 border-t border-line bg-ground px-4 py-3 max-sm:flex-wrap md:-mx-6 md:px-6"
        >
          {foot}
        </footer>
      )}
    </div>
  );
}

interface PanelProps extends Pick<PageProps, 'actions' | 'children'> {
  title?: string;
  /** What a link within the page leads to. */
  id?: string;
  className?: string;
}

export function Panel({ id, title, actions, children, className }: PanelProps) {
  return (
    <section id={id} className={cx('scroll-mt-4 rounded-xl border border-line bg-panel p-4', className)}>
      {(title || actions) && (
        <header className="mb-3 flex flex-wrap items-center gap-2">
          {title && <h2 className="mr-auto font-semibold">{title}</h2>}
          {actions}
        </header>
      )}
      {children}
    </section>
  );
}

/** There is nothing here yet: what it is for, and the first step. */
export function Empty(props: { icon: LucideIcon; title: string; text?: ReactNode; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-3 rounded-xl border border-dashed border-line-strong px-6 py-14 text-center">
      <props.icon className="size-9 text-ink-soft" aria-hidden />
      <p className="text-base font-medium">{props.title}</p>
      {props.text && <p className="max-w-prose text-ink-soft">{props.text}</p>}
      {props.children && <div className="mt-1 flex flex-wrap justify-center gap-2">{props.children}</div>}
    </div>
  );
}

/** What could not be loaded, why, and another try. */
export function Failed({ error, again }: { error: unknown; again?: () => void }) {
  const { t } = useTranslation();
  const told = error instanceof ApiError ? error : null;
  return (
    <div
      role="alert"
      className="flex flex-col items-start gap-2 rounded-xl border border-bad bg-bad-soft p-4"
    >
      <p className="flex items-center gap-2 font-medium">
        <CircleAlert className="size-4 text-bad" aria-hidden />
        {t('error.title')}
      </p>
      <p>{told ? told.message : t('error.internal')}</p>
      {told?.requestId && told.status >= 500 && (
        <p className="text-[13px] text-ink-soft">{t('error.request', { id: told.requestId })}</p>
      )}
      {again && (
        <Button small icon={RotateCw} onClick={again}>
          {t('action.again')}
        </Button>
      )}
    </div>
  );
}

/** Stands where something is about to be, in its size, so that nothing jumps. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cx('animate-pulse rounded-lg bg-sunken', className)} />;
}

export function Loading({ rows = 4, className }: { rows?: number; className?: string }) {
  const { t } = useTranslation();
  return (
    <div role="status" className={cx('flex flex-col gap-3', className)}>
      <span className="sr-only">{t('state.loading')}</span>
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} className="h-14" />
      ))}
    </div>
  );
}

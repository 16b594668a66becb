import { CircleCheck, CircleDashed, Hourglass, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';
import type { BestTimes } from './queries.ts';

const signs: Record<BestTimes['status'], [LucideIcon, string]> = {
  reliable: [CircleCheck, 'text-good'],
  no_reliable_difference: [CircleDashed, 'text-info'],
  not_enough_data: [Hourglass, 'text-ink-soft'],
};

interface Props {
  status: BestTimes['status'];
  title: string;
  text: string;
  /** How many posts it rests on. */
  basis: string;
  children?: ReactNode;
}

/** What can be said, and how sure it is. */
export function Verdict({ status, title, text, basis, children }: Props) {
  const [Icon, colour] = signs[status];
  return (
    <section className="flex gap-3 rounded-xl border border-line bg-panel p-4">
      <Icon className={cx('mt-0.5 size-5 shrink-0', colour)} aria-hidden />
      <div className="flex min-w-0 flex-col gap-1">
        <h2 className="text-base font-semibold first-letter:uppercase">{title}</h2>
        <p className="text-ink-soft">{text}</p>
        <p className="text-[13px] text-ink-soft tabular-nums">{basis}</p>
        {children}
      </div>
    </section>
  );
}

/** Which posts an answer rests on, and when there will be enough of them at the pace of the last `days` days. */
export function useBasis(): (posts: BestTimes['posts'], days: number) => string {
  const { t } = useTranslation('analytics');
  return ({ usable, seen, young, missing }, days) => {
    const words = [t('times.posts', { count: usable, seen })];
    if (young > 0) words.push(t('times.young', { count: young }));
    // Young ones will count by themselves.
    const wanted = missing - young;
    if (wanted > 0 && seen > 0) words.push(t('times.pace', { count: Math.ceil((wanted * days) / seen / 7) }));
    return words.join(' ');
  };
}

/** Stands at what survived the test: a shape, so that no colour is needed to see it. */
export function ReliableMark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 8 8" className={cx('size-2.5', className)} aria-hidden="true">
      <path d="M4 0 8 4 4 8 0 4Z" className="fill-ink" />
    </svg>
  );
}

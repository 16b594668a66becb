import { ArrowDownRight, ArrowUpRight, Minus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';
import { useFormats } from '../parts/time.ts';
import type { Overview } from './queries.ts';

export type Figure = Overview['all']['views'];

/** A number, or a sign that the network does not tell it: unknown is not zero. */
export function Known({ value, className }: { value: number | null; className?: string }) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  if (value === null) {
    return (
      <span className={cx('text-ink-soft', className)} title={t('not_told')}>
        <span aria-hidden>—</span>
        <span className="sr-only">{t('not_told')}</span>
      </span>
    );
  }
  return (
    <span className={cx('tabular-nums', className)}>
      {formats.number(value, { maximumFractionDigits: 2 })}
    </span>
  );
}

interface ChangeProps {
  figure: Figure;
  /** More of it is not better. */
  neutral?: boolean;
  /** The percentage alone. */
  brief?: boolean;
}

/** What became of a number since the period before: by its sign, an arrow and a colour. */
export function Change({ figure: { change, change_percent }, neutral, brief }: ChangeProps) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  if (change === null) {
    return brief ? null : <span className="text-[13px] text-ink-soft">{t('no_before')}</span>;
  }
  if (change === 0) {
    return (
      <span className="inline-flex items-center gap-1 text-[13px] text-ink-soft">
        <Minus className="size-3.5" aria-hidden />
        {t('no_change')}
      </span>
    );
  }
  const Arrow = change > 0 ? ArrowUpRight : ArrowDownRight;
  const signed = formats.number(change, { signDisplay: 'always', maximumFractionDigits: 2 });
  const percent = change_percent === null ? null : formats.percent(change_percent);
  const shown = brief ? (percent ?? signed) : percent === null ? signed : `${signed} · ${percent}`;
  return (
    <span
      className={cx(
        'inline-flex items-center gap-1 text-[13px] whitespace-nowrap tabular-nums',
        neutral ? 'text-ink-soft' : change > 0 ? 'text-good' : 'text-bad',
      )}
    >
      <Arrow className="size-3.5" aria-hidden />
      {shown}
    </span>
  );
}

/** Why some numbers are dashes; only where there are any. */
export function UnknownNote({ of }: { of: readonly (number | null)[] }) {
  const { t } = useTranslation('analytics');
  if (of.every((value) => value !== null)) return null;
  return <p className="text-[13px] text-ink-soft">{t('not_told_note')}</p>;
}

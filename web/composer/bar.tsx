import {
  Check,
  CircleAlert,
  CloudOff,
  HardDrive,
  LoaderCircle,
  type LucideIcon,
  Trash2,
  Undo2,
} from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api.ts';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import type { SaveState } from './autosave.ts';

const signs: Record<SaveState['kind'], readonly [LucideIcon | null, string]> = {
  idle: [null, ''],
  saving: [LoaderCircle, 'text-ink-soft'],
  saved: [Check, 'text-ink-soft'],
  local: [HardDrive, 'text-ink-soft'],
  offline: [CloudOff, 'text-warn'],
  refused: [CircleAlert, 'text-bad'],
  conflict: [CircleAlert, 'text-bad'],
};

interface Props {
  saved: SaveState;
  /** What the button at the end does; Ctrl+Enter does the same. */
  action: string;
  busy: boolean;
  disabled: boolean;
  problems: number;
  onAct(): void;
  onProblems(): void;
  /** null: it cannot be deleted. */
  onDelete: (() => void) | null;
  /** null: there is nothing that only this browser has. */
  onGiveUp: (() => void) | null;
}

/** What became of what was written, and the one thing to do next. */
export function Bar(props: Props) {
  const { saved, action, busy, disabled, problems, onAct, onProblems, onDelete, onGiveUp } = props;
  const { t } = useTranslation('composer');
  const [Icon, colour] = signs[saved.kind];
  const isLong = !['idle', 'saving', 'saved'].includes(saved.kind);
  const why = saved.kind === 'refused' && saved.error instanceof ApiError ? saved.error.message : '';
  return (
    <>
      <p
        role="status"
        className={cx(
          'mr-auto flex min-w-0 items-center gap-1.5 text-[13px]',
          colour,
          isLong && 'max-sm:w-full',
        )}
      >
        {Icon && (
          <Icon className={cx('size-4 shrink-0', saved.kind === 'saving' && 'animate-spin')} aria-hidden />
        )}
        <span className={cx('line-clamp-2', !isLong && problems > 0 && 'max-sm:sr-only')}>
          {saved.kind !== 'idle' && t(`save.${saved.kind}`)} {why}
        </span>
      </p>
      {problems > 0 && (
        <Button
          small
          look="quiet"
          icon={CircleAlert}
          className="text-bad hover:text-bad"
          onClick={onProblems}
        >
          {t('problems', { count: problems })}
        </Button>
      )}
      {onGiveUp && (
        <Button look="quiet" icon={Undo2} onClick={onGiveUp}>
          {t('give_up.button')}
        </Button>
      )}
      {onDelete && (
        <Button look="quiet" icon={Trash2} onClick={onDelete}>
          <span className="max-sm:sr-only">{t('delete.button')}</span>
        </Button>
      )}
      <Button look="primary" busy={busy} disabled={disabled} onClick={onAct} title={`${action} (Ctrl Enter)`}>
        {action}
      </Button>
    </>
  );
}

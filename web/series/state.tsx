import { CirclePause, CirclePlay, CircleStop, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';
import type { Series } from './queries.ts';

const looks: Record<Series['state'], readonly [LucideIcon, string]> = {
  active: [CirclePlay, 'text-good bg-good-soft'],
  paused: [CirclePause, 'text-warn bg-warn-soft'],
  ended: [CircleStop, 'text-ink-soft bg-sunken'],
};

export function SeriesState({ state }: { state: Series['state'] }) {
  const { t } = useTranslation('series');
  const [Icon, colour] = looks[state];
  return (
    <span
      className={cx('inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium', colour)}
    >
      <Icon className="size-3.5" aria-hidden />
      {t(`state.${state}`)}
    </span>
  );
}

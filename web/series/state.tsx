import { CirclePause, CirclePlay, CircleStop, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Badge } from '../parts/state.tsx';
import type { Series } from './queries.ts';

const looks: Record<Series['state'], readonly [LucideIcon, string]> = {
  active: [CirclePlay, 'text-good bg-good-soft'],
  paused: [CirclePause, 'text-warn bg-warn-soft'],
  ended: [CircleStop, 'text-ink-soft bg-sunken'],
};

export function SeriesState({ state }: { state: Series['state'] }) {
  const { t } = useTranslation('series');
  const [icon, colour] = looks[state];
  return <Badge icon={icon} colour={colour} text={t(`state.${state}`)} />;
}

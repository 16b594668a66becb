import { Trash2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Badge } from '../parts/state.tsx';

/** In the place of «published», of what was public and is gone from the network. */
export function RemovedBadge() {
  const { t } = useTranslation('posts');
  return <Badge icon={Trash2} colour="bg-sunken text-ink-soft" text={t('removed')} />;
}

import { Trash2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';

/** In the place of «published», of what was public and is gone from the network. */
export function RemovedBadge() {
  const { t } = useTranslation('posts');
  return (
    <span className="inline-flex items-center gap-1 rounded-full bg-sunken px-2 py-0.5 text-xs font-medium text-ink-soft">
      <Trash2 className="size-3.5" aria-hidden />
      {t('removed')}
    </span>
  );
}

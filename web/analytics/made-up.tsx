import { FlaskConical } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useInstallation } from '../account/installation.ts';

/** In the demo: which of its figures never were. */
export function MadeUp() {
  const { t } = useTranslation('analytics');
  const { data } = useInstallation();
  if (!data?.demo) return null;
  return (
    <p className="flex items-baseline gap-2 text-[13px] text-ink-soft">
      <FlaskConical className="size-3.5 shrink-0 translate-y-0.5" aria-hidden />
      {t('made_up')}
    </p>
  );
}

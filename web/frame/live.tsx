import { CloudOff } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';

const watchNetwork = (changed: () => void) => {
  addEventListener('online', changed);
  addEventListener('offline', changed);
  return () => {
    removeEventListener('online', changed);
    removeEventListener('offline', changed);
  };
};

/** Says when what is shown may be old. */
export function LiveSign() {
  const { t } = useTranslation();
  const online = useSyncExternalStore(watchNetwork, () => navigator.onLine);
  return (
    <p role="status" className="text-[13px] text-warn">
      {!online && (
        <span className="flex items-center gap-1.5">
          <CloudOff className="size-4" aria-hidden />
          <span className="max-sm:sr-only">{t('frame.offline')}</span>
        </span>
      )}
    </p>
  );
}

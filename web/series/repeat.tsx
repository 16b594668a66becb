import { Repeat } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { Button } from '../parts/button.tsx';

/** Leads from a post to a series with its content. `before`: what must be saved first. */
export function RepeatButton({ id, before }: { id: string; before?: () => Promise<unknown> }) {
  const { t } = useTranslation('series');
  const [, go] = useLocation();
  return (
    <Button
      small
      icon={Repeat}
      onClick={async () => {
        await before?.();
        go(`/series/new?post=${id}`);
      }}
    >
      {t('repeat')}
    </Button>
  );
}

import { Compass } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { Button } from '../parts/button.tsx';
import { Empty, Page } from '../parts/page.tsx';

export function NotFound() {
  const { t } = useTranslation();
  const [, go] = useLocation();
  return (
    <Page title="404">
      <Empty icon={Compass} title={t('frame.not_found')}>
        <Button onClick={() => go('/')}>{t('frame.to_calendar')}</Button>
      </Empty>
    </Page>
  );
}

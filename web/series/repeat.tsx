import { Repeat } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useGoFromHere } from '../composer/leave.ts';
import { Button } from '../parts/button.tsx';
import { useTell } from '../parts/toast.tsx';

/** Leads from a post to a series with its content. `before` saves it first, and answers whether the server has it all. */
export function RepeatButton({ id, before }: { id: string; before?: () => Promise<boolean> }) {
  const { t } = useTranslation('series');
  const goFromHere = useGoFromHere();
  const tell = useTell();
  const [busy, setBusy] = useState(false);
  return (
    <Button
      small
      icon={Repeat}
      busy={busy}
      onClick={async () => {
        setBusy(true);
        const isSaved = (await before?.()) ?? true;
        setBusy(false);
        // A draft leaves when its series starts: what it does not have yet would be lost with it.
        if (isSaved) goFromHere(`/series/new?post=${id}`);
        else tell({ text: t('repeat_unsaved'), bad: true });
      }}
    >
      {t('repeat')}
    </Button>
  );
}

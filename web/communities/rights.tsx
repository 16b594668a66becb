import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleCheck, CircleMinus, RotateCw } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ask, client } from '../api.ts';
import { Button } from '../parts/button.tsx';
import { Failed, Loading } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';

/** Each right of a connection: there, or missing with what works without it and how to get it. Checked live. */
export function RightsList({ id }: { id: string }) {
  const { t } = useTranslation(['communities', 'common']);
  const formats = useFormats();
  const queries = useQueryClient();
  const tell = useTell();
  const tellError = useTellError();
  const rights = useQuery({
    queryKey: ['communities', id, 'rights'],
    queryFn: () => ask(client.v1.communities[':id'].rights.$get({ param: { id } })),
  });
  const check = useMutation({
    mutationFn: () => ask(client.v1.communities[':id'].check.$post({ param: { id } })),
    onSuccess: () => tell({ text: t('checked') }),
    onError: tellError,
    onSettled: () => queries.invalidateQueries({ queryKey: ['communities'] }),
  });
  if (rights.error) return <Failed error={rights.error} again={() => rights.refetch()} />;
  if (!rights.data) return <Loading rows={5} />;
  const { credential, checked_at } = rights.data;
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-3 text-[13px] text-ink-soft">
        <Button small icon={RotateCw} busy={check.isPending} onClick={() => check.mutate()}>
          {t('check_now')}
        </Button>
        {t('checked_at', { ago: formats.ago(checked_at) })}
        {credential?.expires_at && !credential.renews && (
          <span className="text-warn">{t('expires', { at: formats.date(credential.expires_at) })}</span>
        )}
      </div>
      <ul className="grid gap-x-6 gap-y-3 md:grid-cols-2">
        {rights.data.rights.map((right) => (
          <li key={right.name} className="flex gap-2.5">
            {right.available ? (
              <CircleCheck className="mt-0.5 size-4.5 shrink-0 text-good" aria-label={t('right_there')} />
            ) : (
              <CircleMinus className="mt-0.5 size-4.5 shrink-0 text-warn" aria-label={t('right_missing')} />
            )}
            <span className="min-w-0">
              <span className="block font-medium">{t(`right.${right.name}`)}</span>
              <span className="block text-[13px] text-ink-soft">{right.detail}</span>
              {!right.available && right.without && (
                <span className="block text-[13px]">{right.without}</span>
              )}
              {!right.available && right.next_step && (
                <span className="block text-[13px] font-medium text-accent">{right.next_step}</span>
              )}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { CircleCheck, CircleMinus, RotateCw } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { ask, client } from '../api.ts';
import { useWorkspace } from '../frame/session.tsx';
import { Button } from '../parts/button.tsx';
import { Failed, Loading } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';

type Right = InferResponseType<
  (typeof client.v1.communities)[':id']['rights']['$get'],
  200
>['rights'][number];

/** Each right of a connection: what is missing, what works without it and how to get it; then what is there. */
export function RightsList({ id }: { id: string }) {
  const { t } = useTranslation(['communities', 'common']);
  const { timezone } = useWorkspace();
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
  if (!rights.data) return <Loading rows={3} />;
  const { credential, checked_at } = rights.data;
  const missing = rights.data.rights.filter(({ available }) => !available);
  const there = rights.data.rights.filter(({ available }) => available);
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center gap-3 text-[13px] text-ink-soft">
        <Button small icon={RotateCw} busy={check.isPending} onClick={() => check.mutate()}>
          {t('check_now')}
        </Button>
        {t('checked_at', { ago: formats.ago(checked_at) })}
        {credential?.expires_at && !credential.renews && (
          <span className="text-warn">
            {t('expires', { at: formats.date(credential.expires_at, timezone) })}
          </span>
        )}
      </div>
      {missing.length > 0 && (
        <>
          <ul className="grid gap-x-6 gap-y-3 md:grid-cols-2">
            {missing.map((right) => (
              <Missing key={right.name} right={right} />
            ))}
          </ul>
          {missing.some(({ next_step }) => next_step !== null) && (
            <p className="flex flex-wrap gap-x-4 gap-y-1 text-[13px] [&_a]:text-accent [&_a]:underline [&_a]:underline-offset-4">
              <Link href={`/communities/${id}#access`} onClick={() => show('access')}>
                {t('to_access')}
              </Link>
              <Link href={`/communities/${id}#network`} onClick={() => show('network')}>
                {t('to_settings')}
              </Link>
            </p>
          )}
        </>
      )}
      <details className="group">
        <summary className="cursor-pointer list-none">
          <span className="flex flex-wrap items-center gap-x-4 gap-y-2">
            {there.map(({ name }) => (
              <span key={name} className="flex items-center gap-1.5">
                <CircleCheck className="size-4 shrink-0 text-good" aria-label={t('right_there')} />
                {t(`right.${name}`)}
              </span>
            ))}
            <span className="text-[13px] text-accent underline underline-offset-4 group-open:hidden">
              {t('rights_more')}
            </span>
          </span>
        </summary>
        <ul className="mt-4 grid gap-x-6 gap-y-3 md:grid-cols-2">
          {there.map(({ name, detail }) => (
            <li key={name}>
              <span className="block font-medium">{t(`right.${name}`)}</span>
              <span className="block text-[13px] text-ink-soft">{detail}</span>
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}

function Missing({ right }: { right: Right }) {
  const { t } = useTranslation('communities');
  return (
    <li className="flex gap-2.5">
      <CircleMinus className="mt-0.5 size-4.5 shrink-0 text-warn" aria-label={t('right_missing')} />
      <span className="min-w-0">
        <span className="block font-medium">{t(`right.${right.name}`)}</span>
        <span className="block text-[13px] text-ink-soft">{right.detail}</span>
        {right.without && (
          <span className="block text-[13px] text-ink-soft">
            {t('works_anyway', { what: right.without })}
          </span>
        )}
        {right.next_step && <span className="mt-0.5 block text-[13px] font-medium">{right.next_step}</span>}
      </span>
    </li>
  );
}

/** On the page itself nothing is opened by the link; elsewhere the page does it when it is there. */
function show(part: string): void {
  const there = document.getElementById(part);
  there?.scrollIntoView();
  there?.querySelector<HTMLElement>('input')?.focus({ preventScroll: true });
}

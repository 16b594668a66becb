import { useQuery } from '@tanstack/react-query';
import type { InferResponseType } from 'hono/client';
import { CircleAlert, CircleCheck, Lock } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, client } from '../api.ts';
import { useMe } from '../frame/session.tsx';
import { cx } from '../parts/class.ts';
import { NetworkMark, networkTitle } from '../parts/network.tsx';
import { Empty, Failed, Loading, Page, Panel } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { Queues } from './queues.tsx';

export type Status = InferResponseType<typeof client.v1.operator.status.$get, 200>;

const refresh = 5_000;

export default function OperatorPage() {
  const { t } = useTranslation('operator');
  const { user } = useMe();
  const status = useQuery({
    queryKey: ['operator'],
    queryFn: () => ask(client.v1.operator.status.$get()),
    refetchInterval: refresh,
    enabled: user.is_operator,
  });
  return (
    <Page title={t('title')} lead={user.is_operator && t('lead')}>
      {!user.is_operator && <Empty icon={Lock} title={t('not_yours')} />}
      {user.is_operator && status.isPending && <Loading rows={6} />}
      {status.error && <Failed error={status.error} again={() => status.refetch()} />}
      {status.data && (
        <>
          <Health concerns={status.data.concerns} />
          <Publications publications={status.data.publications} />
          <div className="grid items-start gap-5 lg:grid-cols-2">
            <div className="flex flex-col gap-5">
              <System status={status.data} />
              <Communities communities={status.data.communities} />
            </div>
            <div className="flex flex-col gap-5">
              <Networks networks={status.data.networks} />
              <Shipping shipping={status.data.shipping} />
            </div>
          </div>
          <Queues queues={status.data.queues} />
        </>
      )}
    </Page>
  );
}

/** One line for all of it: well, or what is wrong in words. */
function Health({ concerns }: Pick<Status, 'concerns'>) {
  const { t } = useTranslation('operator');
  const isWell = concerns.length === 0;
  const Icon = isWell ? CircleCheck : CircleAlert;
  return (
    <section
      role="status"
      className={cx(
        'flex gap-3 rounded-xl border p-4',
        isWell ? 'border-line bg-good-soft' : 'border-warn bg-warn-soft',
      )}
    >
      <Icon className={cx('mt-0.5 size-5 shrink-0', isWell ? 'text-good' : 'text-warn')} aria-hidden />
      <div className="min-w-0">
        <p className="font-semibold">{isWell ? t('well') : t('wrong', { count: concerns.length })}</p>
        {isWell ? (
          <p>{t('well_text')}</p>
        ) : (
          <ul className="mt-1 flex flex-col gap-1">
            {concerns.map((concern) => (
              <li key={concern}>{t(`concern.${concern}`)}</li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}

const kinds = ['scheduled', 'due', 'late', 'sending', 'held', 'unconfirmed', 'failed'] as const;
/** One of these is a reason to look. */
const bad: readonly string[] = ['late', 'unconfirmed'];

function Publications({ publications }: Pick<Status, 'publications'>) {
  const { t } = useTranslation('operator');
  const formats = useFormats();
  return (
    <section aria-label={t('publications.title')}>
      <h2 className="mb-3 font-semibold">{t('publications.title')}</h2>
      <ul className="grid grid-cols-2 gap-3 sm:grid-cols-4 xl:grid-cols-7">
        {kinds.map((kind) => {
          const { count, oldest_at } = publications[kind];
          return (
            <li
              key={kind}
              className="min-h-28 rounded-xl border border-line bg-panel p-3 max-sm:first:col-span-2"
            >
              <p
                className={cx(
                  'text-2xl font-semibold tabular-nums',
                  count > 0 && bad.includes(kind) && 'text-warn',
                )}
              >
                {formats.number(count)}
              </p>
              <p className="font-medium">{t(`publications.${kind}`)}</p>
              {oldest_at && (
                <p className="text-[13px] text-ink-soft">
                  {t(kind === 'scheduled' ? 'publications.next' : 'publications.oldest', {
                    ago: formats.ago(oldest_at),
                  })}
                </p>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function System({ status }: { status: Status }) {
  const { t } = useTranslation('operator');
  const formats = useFormats();
  const { postgres, clickhouse, media, migrations } = status;
  const place = (embedded: boolean) => t(embedded ? 'system.embedded' : 'system.server');
  return (
    <Panel
      title={t('system.title')}
      actions={
        <a href="/docs" className="text-accent underline underline-offset-4">
          {t('system.reference')}
        </a>
      }
    >
      <dl>
        <Line name={t('system.outpost')}>
          {status.version} · {t(`system.role.${status.role}`)} ·{' '}
          {t('system.started', { ago: formats.ago(status.started_at) })}
        </Line>
        <Line name={t('system.bun')}>{status.bun}</Line>
        <Line name={t('system.postgres')}>
          {postgres.version} · {place(postgres.embedded)} · {formats.bytes(postgres.bytes)} ·{' '}
          {t('system.migration', { number: migrations.postgres })}
        </Line>
        <Line name={t('system.clickhouse')}>
          {clickhouse.answers ? (
            <>
              {clickhouse.version} · {place(clickhouse.embedded)} · {formats.bytes(clickhouse.bytes ?? 0)} ·{' '}
              {t('system.migration', { number: migrations.clickhouse })}
            </>
          ) : (
            <span className="font-medium text-warn">{t('system.away')}</span>
          )}
        </Line>
        <Line name={t('system.media')}>
          {t('system.files', { count: media.files, shown: formats.number(media.files) })} ·{' '}
          {media.files > 0 && `${formats.bytes(media.bytes)} · `}
          {t(`system.${media.place}`)}
        </Line>
      </dl>
    </Panel>
  );
}

function Line({ name, children }: { name: ReactNode; children: ReactNode }) {
  return (
    <div className="flex flex-wrap items-center gap-x-3 border-t border-line py-2 first:border-0 first:pt-0 last:pb-0">
      <dt className="mr-auto flex items-center gap-2">{name}</dt>
      <dd className="text-ink-soft tabular-nums">{children}</dd>
    </div>
  );
}

function Networks({ networks }: Pick<Status, 'networks'>) {
  const { t } = useTranslation('operator');
  const formats = useFormats();
  return (
    <Panel title={t('networks.title')}>
      <dl>
        {networks.map(({ name, away, since, reason }) => (
          <Line
            key={name}
            name={
              <>
                <NetworkMark network={name} /> {networkTitle(name)}
              </>
            }
          >
            {away ? (
              <span className="font-medium text-warn" title={reason ?? undefined}>
                {t('networks.away', { ago: formats.ago(since ?? '') })}
              </span>
            ) : (
              t('networks.answers')
            )}
          </Line>
        ))}
      </dl>
    </Panel>
  );
}

function Communities({ communities }: Pick<Status, 'communities'>) {
  const { t } = useTranslation('operator');
  const formats = useFormats();
  return (
    <Panel title={t('communities.title')}>
      <dl>
        {(['active', 'needs_reauth', 'disconnected'] as const).map((kind) => (
          <Line key={kind} name={t(`communities.${kind}`)}>
            {formats.number(communities[kind])}
          </Line>
        ))}
      </dl>
    </Panel>
  );
}

function Shipping({ shipping }: Pick<Status, 'shipping'>) {
  const { t } = useTranslation('operator');
  const formats = useFormats();
  return (
    <Panel title={t('shipping.title')}>
      <dl>
        {(['events', 'figures', 'refused'] as const).map((kind) => {
          const { count, oldest_at } = shipping[kind];
          const newest = kind === 'refused' ? null : shipping.newest[kind];
          return (
            <Line key={kind} name={t(`shipping.${kind}`)}>
              {count === 0 || !oldest_at
                ? t('shipping.none')
                : `${formats.number(count)} · ${t('publications.oldest', { ago: formats.ago(oldest_at) })}`}
              {newest && ` · ${t('shipping.newest', { ago: formats.ago(newest) })}`}
            </Line>
          );
        })}
      </dl>
    </Panel>
  );
}

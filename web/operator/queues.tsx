import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';
import { Panel } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import type { Status } from './page.tsx';

/** Those that have something to do; the others are counted, so that they do not hide them. */
export function Queues({ queues }: Pick<Status, 'queues'>) {
  const { t } = useTranslation('operator');
  const formats = useFormats();
  const busy = queues.filter(({ waiting, active, later, failed }) => waiting + active + later + failed > 0);
  const idle = queues.length - busy.length;
  const cell = 'px-3 py-2 text-right tabular-nums';
  return (
    <Panel title={t('queues.title')}>
      {busy.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: without the focus no key could scroll it
        <section aria-label={t('queues.title')} tabIndex={0} className="-mx-4 overflow-x-auto">
          <table className="w-full min-w-lg">
            <thead className="text-[13px] text-ink-soft">
              <tr>
                <th scope="col" className="px-4 py-2 text-left font-medium">
                  {t('queues.name')}
                </th>
                {(['waiting', 'active', 'later'] as const).map((kind) => (
                  <th key={kind} scope="col" className={cx(cell, 'font-medium')}>
                    {t(`queues.${kind}`)}
                  </th>
                ))}
                <th scope="col" className={cx(cell, 'font-medium')} title={t('queues.failed_hint')}>
                  {t('queues.failed')}
                </th>
                <th scope="col" className={cx(cell, 'pr-4 font-medium')}>
                  {t('queues.oldest')}
                </th>
              </tr>
            </thead>
            <tbody>
              {busy.map((queue) => (
                <tr key={queue.name} className="border-t border-line">
                  <th scope="row" className="px-4 py-2 text-left font-mono text-[13px] font-normal">
                    {queue.name}
                  </th>
                  <td className={cell}>{formats.number(queue.waiting)}</td>
                  <td className={cell}>{formats.number(queue.active)}</td>
                  <td className={cell}>{formats.number(queue.later)}</td>
                  <td className={cx(cell, queue.failed > 0 && 'font-semibold text-warn')}>
                    {formats.number(queue.failed)}
                  </td>
                  <td className={cx(cell, 'pr-4 text-ink-soft')}>
                    {queue.oldest_at ? formats.ago(queue.oldest_at) : '–'}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {idle > 0 && (
        <p className="mt-3 text-ink-soft first:mt-0">
          {t(busy.length > 0 ? 'queues.idle' : 'queues.all_idle', { count: idle })}
        </p>
      )}
    </Panel>
  );
}

import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';
import { NetworkMark } from '../parts/network.tsx';
import { useFormats } from '../parts/time.ts';
import type { Tab } from './content.ts';
import type { Preview } from './remarks.ts';

interface Props {
  preview: Preview | null;
  tab: Tab;
  part: number;
  isOld: boolean;
}

/** How long the text is by the count of each network, of what there is room for. */
export function Counter({ preview, tab, part, isOld }: Props) {
  const { t } = useTranslation('composer');
  const formats = useFormats();
  const counts = new Map<string, { network: string; titles: string[]; count: number; limit: number }>();
  for (const { community, messages } of preview?.communities ?? []) {
    if (tab !== 'all' && tab !== community.id && tab !== community.network) continue;
    // One that goes out as several messages: the one that carries the text.
    const [length] = messages
      .filter((one) => one.part === part)
      .map((one) => one.length)
      .sort((a, b) => b.count - a.count || a.limit - b.limit);
    if (!length) continue;
    const key = `${community.network} ${length.count} ${length.limit}`;
    const same = counts.get(key);
    if (same) same.titles.push(community.title);
    else counts.set(key, { network: community.network, titles: [community.title], ...length });
  }
  return (
    <ul
      aria-label={t('count.label')}
      aria-busy={isOld}
      className="flex min-h-5 flex-wrap justify-end gap-x-4 gap-y-1 text-[13px]"
    >
      {[...counts].map(([key, { network, titles, count, limit }]) => (
        <li key={key} title={titles.join(', ')} className="flex items-center gap-1.5 tabular-nums">
          <NetworkMark network={network} className="size-4 text-[8px]" />
          <span className={cx(count > limit ? 'font-semibold text-bad' : 'text-ink-soft')}>
            {formats.number(count)} / {formats.number(limit)}
            {count > limit && <span className="sr-only"> {t('count.over', { count: count - limit })}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}

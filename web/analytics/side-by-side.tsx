import { useTranslation } from 'react-i18next';
import { NetworkMark } from '../parts/network.tsx';
import { useFormats } from '../parts/time.ts';
import { Change } from './figure.tsx';
import type { CompareMetric, Comparison } from './queries.ts';
import { digits } from './standings.ts';

interface Props {
  communities: readonly Comparison['data'][number][];
  metric: CompareMetric;
  days: number;
}

/** Two bars for each community: the period, and the one before it, hatched. */
export function SideBySide({ communities, metric, days }: Props) {
  const { t } = useTranslation('analytics');
  const most = Math.max(
    1e-9,
    ...communities.flatMap((one) => [one[metric].value, one[metric].previous].map((v) => Math.abs(v ?? 0))),
  );
  return (
    <>
      <p className="mb-3 flex flex-wrap gap-x-5 gap-y-1 text-[13px] text-ink-soft">
        <span className="flex items-center gap-2">
          <span aria-hidden className="h-3 w-6 rounded-sm bg-accent" />
          {t('compare.now', { count: days })}
        </span>
        <span className="flex items-center gap-2">
          <span aria-hidden className={`h-3 w-6 rounded-sm ${hatched}`} />
          {t('compare.then', { count: days })}
        </span>
      </p>
      <ul className="flex flex-col gap-4">
        {communities.map((community) => (
          <li
            key={community.id}
            className="grid gap-x-5 gap-y-1 sm:grid-cols-[13rem_1fr_9rem] sm:items-center"
          >
            <span className="flex min-w-0 items-center gap-2 font-medium">
              <NetworkMark network={community.network} />
              <span className="truncate">{community.title}</span>
            </span>
            <div className="flex min-w-0 flex-col gap-1">
              <Bar value={community[metric].value} most={most} digits={digits[metric]} />
              <Bar past value={community[metric].previous} most={most} digits={digits[metric]} />
            </div>
            <span className="sm:text-right">
              <Change figure={community[metric]} neutral={metric === 'posts'} brief />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

const hatched =
  'border border-ink-soft bg-[repeating-linear-gradient(135deg,var(--ink-soft)_0_1.5px,transparent_1.5px_5px)]';

interface BarProps {
  value: number | null;
  most: number;
  digits: number;
  past?: boolean;
}

function Bar({ value, most, digits, past }: BarProps) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const look = past ? hatched : (value ?? 0) < 0 ? 'bg-warn' : 'bg-accent';
  return (
    <span className="flex items-center gap-2">
      <span
        aria-hidden
        className={`h-3.5 min-w-0.5 shrink-0 rounded-sm ${look}`}
        style={{ width: `calc((100% - 5rem) * ${Math.abs(value ?? 0) / most})` }}
      />
      <span className="text-[13px] whitespace-nowrap tabular-nums">
        {past && <span className="sr-only">{t('period_before')}: </span>}
        {value === null ? (
          <span className="text-ink-soft">{t('not_told')}</span>
        ) : (
          formats.number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits })
        )}
      </span>
    </span>
  );
}

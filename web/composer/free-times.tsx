import { TrendingUp } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';
import { NetworkMark } from '../parts/network.tsx';
import { useFormats } from '../parts/time.ts';
import type { Proposal, Proposals } from './slots.ts';

interface Props {
  proposals: readonly Proposals[];
  onChoose(proposal: Proposal): void;
}

/** Free moments to choose from, each with what speaks for its hour, or why nothing does. */
export function FreeTimes({ proposals, onChoose }: Props) {
  const { t } = useTranslation('composer');
  const formats = useFormats();
  return (
    <div className="flex flex-col gap-3">
      <h3 className="text-[13px] font-medium text-ink-soft">{t('when.free')}</h3>
      {proposals.map(({ community, slots: { next, estimate } }) => (
        <div key={community.id} className="flex flex-col gap-1">
          {proposals.length > 1 && (
            <p className="flex items-center gap-1.5 text-[13px] font-medium">
              <NetworkMark network={community.network} className="size-4 text-[8px]" />
              {community.title}
            </p>
          )}
          <ul className="flex flex-wrap gap-2">
            {next.map((proposal) => (
              <li key={proposal.at}>
                <button
                  type="button"
                  onClick={() => onChoose(proposal)}
                  className="flex flex-col items-start rounded-lg border border-line bg-panel px-3 py-1.5 text-left hover:border-line-strong hover:bg-sunken"
                >
                  <span className="font-medium tabular-nums">
                    {formats.day(proposal.at, proposal.timezone)},{' '}
                    {formats.time(proposal.at, proposal.timezone)}
                  </span>
                  <Evidence proposal={proposal} />
                </button>
              </li>
            ))}
          </ul>
          {!next.some(({ source }) => source === 'best_hour') && (
            <p className="text-[13px] text-ink-soft">
              {t(`when.none.${estimate.status}`, { count: estimate.posts?.missing ?? 0 })}
            </p>
          )}
        </div>
      ))}
    </div>
  );
}

function Evidence({ proposal: { source, evidence } }: { proposal: Proposal }) {
  const { t } = useTranslation('composer');
  const percent = usePercent();
  if (!evidence?.reliable) {
    return <span className="text-xs text-ink-soft">{t(`when.source.${source}`)}</span>;
  }
  return (
    <span className={cx('flex items-center gap-1 text-xs text-good')}>
      <TrendingUp className="size-3.5" aria-hidden />
      {t('when.reliable', {
        lift: percent(evidence.lift_percent),
        from: percent(evidence.from_percent),
        to: percent(evidence.to_percent),
        count: evidence.posts,
      })}
    </span>
  );
}

/** With its sign: «+18 %». */
export function usePercent(): (percent: number) => string {
  const formats = useFormats();
  return (percent) => `${formats.number(percent, { maximumFractionDigits: 0, signDisplay: 'exceptZero' })} %`;
}

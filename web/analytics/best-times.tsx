import { CalendarPlus } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { cx } from '../parts/class.ts';
import { Failed, Panel, Skeleton } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { learntPeriods, useChoice } from './address.ts';
import type { TabProps } from './community.tsx';
import { DaysChoice } from './frame.tsx';
import { HeatMap } from './heat-map.tsx';
import { Interval } from './interval.tsx';
import { type BestTimes, type Slot, useBestTimes } from './queries.ts';
import { ReliableMark, useBasis, Verdict } from './verdict.tsx';
import { planAddress, useWeek, type WeekHour } from './week.ts';

/** When posts do better than the others, as far as that can be told. */
export function BestTimesTab({ id, zone }: TabProps) {
  const { t } = useTranslation('analytics');
  const [days, setDays] = useChoice('learnt', learntPeriods, '90');
  const times = useBestTimes(id, days);
  const { data } = times;
  return (
    <>
      <DaysChoice options={learntPeriods} value={days} onChange={setDays} />
      {times.error && <Failed error={times.error} again={() => times.refetch()} />}
      {!data && !times.error && (
        <>
          <Skeleton className="h-24" />
          <Skeleton className="h-96" />
        </>
      )}
      {data && (
        <div className={cx('flex flex-col gap-5', times.isPlaceholderData && 'opacity-60')}>
          <Found times={data} />
          {data.slots.length > 0 && <Week key={days} times={data} />}
          {data.back_test && (
            <Panel title={t('times.back_test')}>
              <BackTest test={data.back_test} />
            </Panel>
          )}
          {data.experiment.length > 0 && <Experiment times={data} />}
        </div>
      )}
      <p className="text-[13px] text-ink-soft">
        {t('zone_note', { zone })} {t('lift_note')}
      </p>
    </>
  );
}

function Found({ times }: { times: BestTimes }) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const { moment } = useWeek();
  const basis = useBasis();
  const { best, posts, status } = times;
  const title = best
    ? t('times.reliable', {
        hour: moment(best),
        lift: formats.percent(best.lift_percent),
        from: formats.percent(best.from_percent),
        to: formats.percent(best.to_percent),
        count: best.posts,
      })
    : status === 'not_enough_data'
      ? t('times.not_enough', { count: posts.missing })
      : t('times.no_difference');
  return (
    <Verdict
      status={status}
      title={title}
      text={
        posts.usable > 0
          ? `${t(`times.${status}_text`)} ${t(`times.measure_${times.measure}`)}`
          : t(`times.${status}_text`)
      }
      basis={basis(posts, times.days)}
    >
      {best && <Plan at={best} times={times} />}
    </Verdict>
  );
}

function Plan({ at, times }: { at: WeekHour; times: BestTimes }) {
  const { t } = useTranslation('analytics');
  const { moment } = useWeek();
  return (
    <Link
      href={planAddress(at, times.timezone, times.community.id)}
      aria-label={t('times.plan_at', { hour: moment(at) })}
      className="mt-1 inline-flex h-8 items-center gap-2 self-start rounded-lg border border-line bg-panel px-2.5 text-[13px] font-medium whitespace-nowrap hover:bg-sunken"
    >
      <CalendarPlus className="size-4" aria-hidden />
      {t('times.plan')}
    </Link>
  );
}

function Week({ times }: { times: BestTimes }) {
  const { t } = useTranslation('analytics');
  const [chosen, setChosen] = useState<Slot | null>(times.best);
  const [pointed, setPointed] = useState<Slot | null>(null);
  const shown = pointed ?? chosen;
  return (
    <Panel title={t('times.map')}>
      <HeatMap slots={times.slots} chosen={chosen} onChoose={setChosen} onPoint={setPointed} />
      <div className="mt-3 flex flex-wrap items-center gap-x-5 gap-y-2 text-[13px] text-ink-soft">
        <Scale />
        <span className="flex items-center gap-2">
          <ReliableMark />
          {t('times.mark')}
        </span>
      </div>
      <div className="mt-3 min-h-36 border-t border-line pt-3 sm:min-h-24">
        {shown ? <Detail slot={shown} times={times} /> : <p className="text-ink-soft">{t('times.choose')}</p>}
      </div>
    </Panel>
  );
}

function Scale() {
  const { t } = useTranslation('analytics');
  const tone = (side: string, strength: number) => ({
    background: `color-mix(in oklab, var(--${side}) ${strength}%, var(--sunken))`,
  });
  return (
    <span className="flex items-center gap-1.5">
      {t('times.worse')}
      <span className="flex overflow-hidden rounded" aria-hidden>
        {[42, 21].map((strength) => (
          <span key={strength} className="h-3.5 w-6" style={tone('warn', strength)} />
        ))}
        {[0, 21, 42].map((strength) => (
          <span key={strength} className="h-3.5 w-6" style={tone('info', strength)} />
        ))}
      </span>
      {t('times.better')}
    </span>
  );
}

function Detail({ slot, times }: { slot: Slot; times: BestTimes }) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const { moment } = useWeek();
  const widest = Math.max(50, ...times.slots.flatMap((one) => [Math.abs(one.from_percent), one.to_percent]));
  const facts = [
    [t('times.lift'), formats.percent(slot.lift_percent)],
    [t('times.interval'), `${formats.percent(slot.from_percent)} … ${formats.percent(slot.to_percent)}`],
    [t('times.n'), formats.number(slot.posts)],
    // Of a worse hour the test for a better one says nothing.
    ...(slot.lift_percent >= 0
      ? [[t('times.p'), formats.number(slot.p, { maximumFractionDigits: 3 })] as const]
      : []),
  ] as const;
  return (
    <div className="flex flex-wrap items-start gap-x-6 gap-y-2">
      <div className="min-w-40">
        <p className="font-semibold first-letter:uppercase">{moment(slot)}</p>
        <p className="text-[13px] text-ink-soft">
          {slot.reliable
            ? t('times.is_reliable')
            : t(slot.to_percent < 0 ? 'times.is_worse' : 'times.is_not_reliable')}
        </p>
        <Plan at={slot} times={times} />
      </div>
      <dl className="flex flex-wrap gap-x-6 gap-y-2">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt className="text-[13px] text-ink-soft">{name}</dt>
            <dd className="font-medium tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      <div className="mt-1 min-w-40 grow basis-40">
        <Interval from={slot.from_percent} to={slot.to_percent} lift={slot.lift_percent} most={widest} />
        <p className="mt-1.5 text-center text-xs text-ink-soft">{t('times.as_usual')}</p>
      </div>
    </div>
  );
}

function BackTest({ test }: { test: NonNullable<BestTimes['back_test']> }) {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const percent = (value: number) =>
    formats.number(value / 100, { style: 'percent', maximumFractionDigits: 1 });
  return (
    <p className="max-w-prose">
      {t(test.better ? 'times.back_test_better' : 'times.back_test_worse', {
        count: test.posts,
        learnt: formats.number(test.learnt_from),
        error: percent(test.error_percent),
        without: percent(test.error_without_percent),
      })}
      {test.correlation !== null && (
        <span className="text-ink-soft tabular-nums">
          {' '}
          {t('times.correlation', { value: formats.number(test.correlation, { maximumFractionDigits: 2 }) })}
        </span>
      )}
    </p>
  );
}

function Experiment({ times }: { times: BestTimes }) {
  const { t } = useTranslation('analytics');
  const { moment } = useWeek();
  return (
    <Panel title={t('times.experiment')}>
      <p className="mb-3 max-w-prose text-ink-soft">{t('times.experiment_text')}</p>
      <ul className="flex flex-wrap gap-x-6 gap-y-3">
        {times.experiment.map((at) => (
          <li key={`${at.weekday} ${at.hour}`} className="flex flex-col">
            <span className="font-medium first-letter:uppercase">{moment(at)}</span>
            <Plan at={at} times={times} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

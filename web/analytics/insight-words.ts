import { useTranslation } from 'react-i18next';
import { networkTitle } from '../parts/network.tsx';
import { useFormats } from '../parts/time.ts';
import { useSeconds } from './duration.ts';
import type { Insight } from './queries.ts';
import { useWeek } from './week.ts';

interface Words {
  headline: string;
  /** What it rests on. */
  evidence: string;
}

/** An insight in words, made of its kind and its numbers; times on the clock of `zone` unless they carry their own. */
export function useInsightWords(): (insight: Insight, zone: string) => Words {
  const { t } = useTranslation('analytics');
  const formats = useFormats();
  const week = useWeek();
  const seconds = useSeconds();
  const number = (value: number) => formats.number(value, { maximumFractionDigits: 1 });
  const signed = (value: number) =>
    formats.number(value, { maximumFractionDigits: 1, signDisplay: 'exceptZero' });
  const date = (day: string) => formats.day(`${day}T12:00:00Z`, 'UTC');
  return (insight, zone) => {
    switch (insight.kind) {
      case 'growth_break': {
        const { figure, from, to, days, value, usual, history_days } = insight.evidence;
        const shown = figure === 'members' ? signed : number;
        return {
          headline: t(`insight.growth_${figure}`, {
            value: shown(value),
            when: days === 1 ? date(from) : `${date(from)} – ${date(to)}`,
          }),
          evidence: t('insight.growth_usual', { count: days, usual: shown(usual), history: history_days }),
        };
      }
      case 'outlier_post': {
        const {
          direction,
          measure,
          lift_percent,
          usual_from_percent,
          usual_to_percent,
          posts,
          published_at,
        } = insight.evidence;
        return {
          headline: t(`insight.outlier_${direction}`, {
            at: formats.moment(published_at, zone),
            zone,
            lift: formats.percent(lift_percent),
            measure: t(`measure.${measure}`),
          }),
          evidence: t('insight.outlier_usual', {
            count: posts,
            from: formats.percent(usual_from_percent),
            to: formats.percent(usual_to_percent),
          }),
        };
      }
      case 'dead_slot': {
        const { measure, uses, lift_percent, from_percent, to_percent, p, timezone, posts } =
          insight.evidence;
        return {
          headline: t('insight.dead', {
            hour: week.moment(insight.evidence),
            zone: timezone,
            lift: formats.percent(lift_percent),
            measure: t(`measure.${measure}`),
          }),
          evidence: t('insight.dead_usual', {
            count: uses,
            from: formats.percent(from_percent),
            to: formats.percent(to_percent),
            p: formats.number(p, { maximumFractionDigits: 3 }),
            posts: number(posts),
          }),
        };
      }
      case 'delivery_trouble': {
        const { network, what, from, publications, affected, ...told } = insight.evidence;
        return {
          headline: t(`insight.delivery_${what}`, {
            network: networkTitle(network),
            count: publications,
            affected: number(affected),
            day: formats.day(from, zone),
          }),
          evidence:
            what === 'missing'
              ? t('insight.missing_usual', {
                  count: told.usual_publications,
                  missing: number(told.usual_missing),
                })
              : t('insight.late_usual', {
                  delay: seconds(told.delay_p95_ms ?? 0),
                  usual: seconds(told.usual_delay_p95_ms ?? 0),
                }),
        };
      }
    }
  };
}

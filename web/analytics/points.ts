import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Trend } from './queries.ts';

/** A bucket of time, as a chart and its table call it. */
export interface Point {
  at: string;
  name: string;
  /** The same, short, for the axis. */
  tick: string;
}

const names: Record<Trend['grain'], Intl.DateTimeFormatOptions> = {
  hour: { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  day: { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  week: { day: 'numeric', month: 'short', year: 'numeric' },
  month: { month: 'long', year: 'numeric' },
};
const ticks: Record<Trend['grain'], Intl.DateTimeFormatOptions> = {
  hour: { day: 'numeric', month: 'short', hour: '2-digit' },
  day: { day: 'numeric', month: 'short' },
  week: { day: 'numeric', month: 'short' },
  month: { month: 'short', year: '2-digit' },
};

const none: readonly { at: string }[] = [];

/** The points of an answer on the clock of a zone; the same array while it is the same answer. */
export function usePoints(
  data: readonly { at: string }[] = none,
  grain: Trend['grain'],
  timeZone: string | undefined,
): readonly Point[] {
  const { t, i18n } = useTranslation('analytics');
  return useMemo(() => {
    const name = new Intl.DateTimeFormat(i18n.language, { ...names[grain], timeZone });
    const tick = new Intl.DateTimeFormat(i18n.language, { ...ticks[grain], timeZone });
    return data.map(({ at }) => {
      const begin = name.format(new Date(at));
      return {
        at,
        name: grain === 'week' ? t('week_from', { day: begin }) : begin,
        tick: tick.format(new Date(at)),
      };
    });
  }, [data, grain, timeZone, i18n.language, t]);
}

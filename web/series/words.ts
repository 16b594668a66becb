import { useTranslation } from 'react-i18next';
import { useFormats } from '../parts/time.ts';
import { dayOn, type Place, type Rule, readRule, type Weekday, weekdayOn } from './rule.ts';

const placeNames = {
  1: 'first',
  2: 'second',
  3: 'third',
  4: 'fourth',
  [-1]: 'last',
} as const satisfies Record<Place, string>;
/** Of the words for days, in the languages that have one: «первый понедельник», «первая среда». */
const gender: Record<Weekday, 'm' | 'f' | 'n'> = {
  mon: 'm',
  tue: 'm',
  wed: 'f',
  thu: 'm',
  fri: 'f',
  sat: 'f',
  sun: 'n',
};

/** «first», in the form that the day takes. */
export function usePlaceWords(): (place: Place, day: Weekday) => string {
  const { t } = useTranslation('series');
  return (place, day) =>
    t(`place.${placeNames[place]}`, { context: gender[day] } as never) as unknown as string;
}

/** When a series fires, as the API gives it. */
interface When {
  rrule: string;
  starts: string;
  ends: string | null;
}

/** Says a rule as people say it: «Every Monday and Thursday at 10:00 AM». */
export function useRuleWords(): (when: When) => string {
  const { t, i18n } = useTranslation('series');
  const formats = useFormats();
  const place = usePlaceWords();
  const list = (parts: string[]) => new Intl.ListFormat(i18n.language, { type: 'conjunction' }).format(parts);
  /** «the 1st, the 15th and the last day» */
  const monthDays = (days: readonly number[]) => {
    const forms = new Intl.PluralRules(i18n.language, { type: 'ordinal' });
    const counted = days
      .filter((day) => day > 0)
      .toSorted((a, b) => a - b)
      .map((day) => t(`nth.${forms.select(day) as 'other'}`, { day }));
    return list([
      ...(counted.length > 0 ? [t('on_days', { days: list(counted) })] : []),
      ...(days.includes(-1) ? [t('on_last_day')] : []),
    ]);
  };
  const often = (rule: Rule, starts: string): string => {
    const count = rule.interval;
    if (rule.every === 'day') return count === 1 ? t('daily') : t('every_day', { count });
    if (rule.every === 'week') {
      const days = rule.weekdays.length > 0 ? rule.weekdays : [weekdayOn(starts)];
      const named = list(days.map((day) => t(`on.${day}`)));
      const work = days.join() === 'mon,tue,wed,thu,fri';
      if (count === 1)
        return days.length === 7 ? t('daily') : work ? t('work_days') : t('weekly', { days: named });
      return t('every_week', { count, days: work ? t('on_work_days') : t('on_weekdays', { days: named }) });
    }
    const on =
      'place' in rule
        ? t('on_place', {
            place: place(rule.place, rule.weekday),
            day: t(`of.${rule.weekday}`),
          })
        : monthDays(rule.days.length > 0 ? rule.days : [dayOn(starts)]);
    return count === 1 ? t('monthly', { on }) : t('every_month', { count, on });
  };
  return ({ rrule, starts, ends }) => {
    const rule = readRule(rrule);
    const words = rule
      ? t('at', { often: often(rule, starts), time: formats.time(`${starts}:00Z`, 'UTC') })
      : t('own_rule');
    const until = [
      ...(rule?.count ? [t('times', { count: rule.count })] : []),
      ...(ends ? [t('until', { date: formats.date(`${ends}T00:00:00Z`, 'UTC') })] : []),
    ];
    const whole = [words, ...until].join(', ');
    return whole.slice(0, 1).toLocaleUpperCase(i18n.language) + whole.slice(1);
  };
}

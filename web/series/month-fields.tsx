import { useTranslation } from 'react-i18next';
import { Select } from '../parts/field.tsx';
import { Choices, choiceLook } from './choices.tsx';
import { dayOn, type Place, places, type Rule, type Weekday, weekdayOn, weekdays } from './rule.ts';
import { usePlaceWords } from './words.ts';

interface Props {
  rule: Extract<Rule, { every: 'month' }>;
  date: string;
  onChange(rule: Rule): void;
}

/** Which days of a month: by their number, or as «the first Monday». */
export function MonthFields({ rule, date, onChange }: Props) {
  const { t } = useTranslation('series');
  const words = usePlaceWords();
  const { every, interval, count } = rule;
  const common = { every, interval, count } as const;
  const choose = (kind: 'days' | 'place') => {
    const nth = Math.ceil(dayOn(date) / 7);
    if (kind === 'days') onChange({ ...common, days: [dayOn(date)] });
    else onChange({ ...common, place: nth > 4 ? -1 : (nth as Place), weekday: weekdayOn(date) });
  };
  return (
    <div className="flex flex-col gap-3">
      <Choices
        label={t('month_days')}
        name="month"
        options={[
          ['days', t('by_number')],
          ['place', t('by_weekday')],
        ]}
        value={'place' in rule ? 'place' : 'days'}
        onChange={choose}
      />
      {'place' in rule ? (
        <div className="flex flex-wrap gap-2">
          <Select
            aria-label={t('place_label')}
            value={rule.place}
            onChange={({ target }) => onChange({ ...rule, place: Number(target.value) as Place })}
            className="w-auto"
          >
            {places.map((place) => (
              <option key={place} value={place}>
                {words(place, rule.weekday)}
              </option>
            ))}
          </Select>
          <Select
            aria-label={t('weekday_label')}
            value={rule.weekday}
            onChange={({ target }) => onChange({ ...rule, weekday: target.value as Weekday })}
            className="w-auto"
          >
            {weekdays.map((day) => (
              <option key={day} value={day}>
                {t(`of.${day}`)}
              </option>
            ))}
          </Select>
        </div>
      ) : (
        <Days chosen={rule.days} onChange={(days) => onChange({ ...common, days })} />
      )}
    </div>
  );
}

function Days({ chosen, onChange }: { chosen: readonly number[]; onChange(days: number[]): void }) {
  const { t } = useTranslation('series');
  const toggle = (day: number) =>
    onChange(chosen.includes(day) ? chosen.filter((one) => one !== day) : [...chosen, day]);
  return (
    <fieldset className="flex max-w-md flex-col gap-2">
      <legend className="sr-only">{t('month_days')}</legend>
      <div className="grid grid-cols-7 gap-1">
        {Array.from({ length: 31 }, (_, index) => index + 1).map((day) => (
          <label key={day} className={choiceLook(chosen.includes(day), 'px-0 tabular-nums')}>
            <input
              type="checkbox"
              className="sr-only"
              checked={chosen.includes(day)}
              onChange={() => toggle(day)}
            />
            {day}
          </label>
        ))}
        <label className={choiceLook(chosen.includes(-1), 'col-span-4 px-1')}>
          <input
            type="checkbox"
            className="sr-only"
            checked={chosen.includes(-1)}
            onChange={() => toggle(-1)}
          />
          {t('last_day')}
        </label>
      </div>
      {chosen.some((day) => day > 28) && <p className="text-[13px] text-ink-soft">{t('short_months')}</p>}
    </fieldset>
  );
}

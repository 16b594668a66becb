import { X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button, IconButton } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Field, FieldError, Input, Select } from '../parts/field.tsx';
import { Panel } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { zones } from '../parts/zones.ts';
import { Choices, choiceLook } from './choices.tsx';
import type { Draft } from './draft.ts';
import { MonthFields } from './month-fields.tsx';
import { dayOn, type Rule, textOf, type Weekday, weekdayOn, weekdays } from './rule.ts';

interface Props {
  draft: Draft;
  change(part: Partial<Draft>): void;
  /** What is wrong at a path of the request. */
  fault(path: string): string | undefined;
}

/** When a series fires: chosen, or written as a rule. */
export function RuleFields({ draft, change, fault }: Props) {
  const { t } = useTranslation('series');
  const { rule } = draft;
  const own = draft.own !== null;
  const setRule = (next: Rule) => change({ rule: next });
  const choose = (every: Rule['every'] | 'own') => {
    if (every === 'own') return change({ own: textOf(rule) });
    const { interval, count } = rule;
    const common = { interval: own || rule.every !== every ? 1 : interval, count };
    const chosen: Rule =
      every === 'day'
        ? { every, ...common }
        : every === 'week'
          ? { every, weekdays: [weekdayOn(draft.date)], ...common }
          : { every, days: [dayOn(draft.date)], ...common };
    change({ own: null, rule: chosen });
  };
  return (
    <Panel title={t('when')}>
      <div className="flex flex-col gap-4">
        <Choices
          label={t('how_often')}
          name="every"
          options={(['day', 'week', 'month', 'own'] as const).map((one) => [one, t(`kind.${one}`)])}
          value={own ? 'own' : rule.every}
          onChange={choose}
        />
        {draft.own !== null ? (
          <Field label={t('own')} hint={t('own_hint')} error={fault('/rrule')}>
            <Input
              value={draft.own}
              spellCheck={false}
              maxLength={500}
              className="font-mono text-[13px]"
              onChange={({ target }) => change({ own: target.value })}
            />
          </Field>
        ) : (
          <>
            {rule.every === 'week' && (
              <WeekFields
                chosen={rule.weekdays}
                onChange={(chosen) => setRule({ ...rule, weekdays: chosen })}
              />
            )}
            {rule.every === 'month' && <MonthFields rule={rule} date={draft.date} onChange={setRule} />}
            <Interval rule={rule} onChange={setRule} />
            <FieldError error={fault('/rrule')} />
          </>
        )}
        <div className="grid gap-4 sm:grid-cols-[auto_auto_minmax(0,1fr)]">
          <Field label={t('starts')} error={fault('/starts')}>
            <Input
              type="date"
              required
              value={draft.date}
              onChange={({ target }) => change({ date: target.value })}
            />
          </Field>
          <Field label={t('clock')}>
            <Input
              type="time"
              required
              value={draft.clock}
              onChange={({ target }) => change({ clock: target.value.slice(0, 5) })}
            />
          </Field>
          <Field label={t('zone')} error={fault('/timezone')}>
            <Select value={draft.zone} onChange={({ target }) => change({ zone: target.value })}>
              {zones(draft.zone).map((zone) => (
                <option key={zone}>{zone}</option>
              ))}
            </Select>
          </Field>
        </div>
        <Ending draft={draft} change={change} fault={fault} />
        <SkipDates draft={draft} change={change} fault={fault} />
      </div>
    </Panel>
  );
}

function WeekFields(props: { chosen: readonly Weekday[]; onChange(days: Weekday[]): void }) {
  const { t } = useTranslation(['series', 'common']);
  const { chosen, onChange } = props;
  return (
    <fieldset className="grid grid-cols-7 gap-1.5 sm:flex">
      <legend className="mb-1.5 font-medium">{t('weekdays')}</legend>
      {weekdays.map((day) => (
        <label key={day} className={choiceLook(chosen.includes(day), 'px-0 sm:min-w-12 sm:px-2')}>
          <input
            type="checkbox"
            className="sr-only"
            checked={chosen.includes(day)}
            onChange={() =>
              onChange(chosen.includes(day) ? chosen.filter((one) => one !== day) : [...chosen, day])
            }
          />
          <span aria-hidden>{t(`common:weekday.${day}`)}</span>
          <span className="sr-only">{t(`day.${day}`)}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Interval({ rule, onChange }: { rule: Rule; onChange(rule: Rule): void }) {
  const { t } = useTranslation('series');
  return (
    <Field label={t(`interval.${rule.every}`)} className="max-w-40">
      <Input
        type="number"
        min={1}
        max={1_000}
        value={rule.interval}
        onChange={({ target }) =>
          onChange({ ...rule, interval: Math.max(1, Math.floor(Number(target.value))) })
        }
      />
    </Field>
  );
}

/** How long it goes on. */
function Ending({ draft, change, fault }: Props) {
  const { t } = useTranslation('series');
  const { rule, own, ends } = draft;
  const kind = ends !== null ? 'date' : own === null && rule.count !== null ? 'count' : 'never';
  const choose = (wanted: typeof kind) =>
    change({
      ends: wanted === 'date' ? draft.date : null,
      rule: { ...rule, count: wanted === 'count' ? 10 : null },
    });
  return (
    <div className="flex flex-col gap-2">
      <h3 className="font-medium">{t('ends')}</h3>
      <div className="flex flex-wrap items-center gap-2">
        <Choices
          label={t('ends')}
          name="ends"
          options={(own === null ? (['never', 'date', 'count'] as const) : (['never', 'date'] as const)).map(
            (one) => [one, t(`ending.${one}`)],
          )}
          value={kind}
          onChange={choose}
        />
        {kind === 'date' && (
          <Input
            type="date"
            aria-label={t('ending.date')}
            required
            value={ends ?? ''}
            min={draft.date}
            onChange={({ target }) => change({ ends: target.value })}
            className="w-40"
          />
        )}
        {kind === 'count' && (
          <Input
            type="number"
            aria-label={t('ending.count')}
            min={1}
            max={5_000}
            value={rule.count ?? 1}
            onChange={({ target }) =>
              change({ rule: { ...rule, count: Math.max(1, Math.floor(Number(target.value))) } })
            }
            className="w-24"
          />
        )}
      </div>
      <FieldError error={fault('/ends')} />
    </div>
  );
}

/** Days on which it does not fire, as holidays. */
function SkipDates({ draft, change, fault }: Props) {
  const { t } = useTranslation('series');
  const formats = useFormats();
  const { skipDates } = draft;
  const [adding, setAdding] = useState('');
  const wrong = skipDates.map((_, index) => fault(`/skip_dates/${index}`)).find(Boolean);
  return (
    <details className="group" open={skipDates.length > 0 || undefined}>
      <summary className="w-fit font-medium text-accent">{t('skip_dates')}</summary>
      <div className="mt-2 flex flex-col gap-2">
        <p className="text-[13px] text-ink-soft">{t('skip_dates_hint')}</p>
        <ul className={cx('flex flex-wrap gap-1.5', skipDates.length === 0 && 'hidden')}>
          {skipDates.map((date) => {
            const shown = formats.date(`${date}T00:00:00Z`, 'UTC');
            return (
              <li key={date} className="flex items-center rounded-lg bg-sunken pl-3 tabular-nums">
                {shown}
                <IconButton
                  small
                  icon={X}
                  label={t('unskip_date', { date: shown })}
                  onClick={() => change({ skipDates: skipDates.filter((one) => one !== date) })}
                />
              </li>
            );
          })}
        </ul>
        <div className="flex gap-2">
          <Input
            type="date"
            aria-label={t('skip_date')}
            min={draft.date}
            value={adding}
            onChange={({ target }) => setAdding(target.value)}
            className="w-40"
          />
          <Button
            disabled={adding === ''}
            onClick={() => {
              change({ skipDates: [...new Set([...skipDates, adding])].toSorted() });
              setAdding('');
            }}
          >
            {t('skip_add')}
          </Button>
        </div>
        <FieldError error={wrong ?? fault('/skip_dates')} />
      </div>
    </details>
  );
}

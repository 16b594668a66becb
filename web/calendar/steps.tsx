import { ChevronLeft, ChevronRight } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button, IconButton } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import type { Place } from './place.ts';
import { daysOf, step, today, views } from './span.ts';

/** Which time is shown, and how. */
export function Steps({ place }: { place: Place }) {
  const { t, i18n } = useTranslation(['calendar', 'common']);
  const { view, day, zone, set } = place;
  const days = daysOf(view, day);
  const noon = (one = day) => new Date(`${one}T12:00:00Z`);
  const written = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(i18n.language, { year: 'numeric', ...options, timeZone: 'UTC' });
  const title =
    view === 'day'
      ? written({ weekday: 'short', day: 'numeric', month: 'long' }).format(noon())
      : view === 'week'
        ? written({ day: 'numeric', month: 'short' }).formatRange(noon(days[0]), noon(days.at(-1)))
        : written({ month: 'long' }).format(noon());
  return (
    <>
      <div className="flex items-center max-sm:w-full">
        <IconButton
          small
          icon={ChevronLeft}
          label={t('common:action.previous')}
          onClick={() => set({ day: step(view, day, -1) })}
        />
        <IconButton
          small
          icon={ChevronRight}
          label={t('common:action.next')}
          onClick={() => set({ day: step(view, day, 1) })}
        />
        <h2
          className="mr-auto min-w-40 px-2 text-base font-semibold first-letter:uppercase max-sm:min-w-0"
          aria-live="polite"
        >
          {title}
        </h2>
        <Button small onClick={() => set({ day: today(zone) })}>
          {t('today')}
        </Button>
      </div>
      <fieldset className="flex overflow-hidden rounded-lg border border-line bg-panel max-sm:w-full sm:ml-auto">
        <legend className="sr-only">{t('view')}</legend>
        {views.map((one) => (
          <label
            key={one}
            className={cx(
              'cursor-pointer px-3 py-1.5 text-center text-[13px] font-medium text-ink-soft max-sm:grow',
              'has-focus-visible:outline-2 has-focus-visible:-outline-offset-2 has-focus-visible:outline-accent',
              one === view ? 'bg-accent-soft text-ink' : 'hover:bg-sunken',
            )}
          >
            <input
              type="radio"
              name="view"
              className="sr-only"
              checked={one === view}
              onChange={() => set({ view: one })}
            />
            {t(`views.${one}`)}
          </label>
        ))}
      </fieldset>
    </>
  );
}

import { CalendarDays, ChevronUp } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Temporal } from 'temporal-polyfill';
import { Button } from '../parts/button.tsx';
import { Empty } from '../parts/page.tsx';
import type { CalendarPost } from './posts.ts';

interface Props {
  days: readonly Temporal.PlainDate[];
  /** The first that is shown; those before it are a press away. */
  day: Temporal.PlainDate;
  postsOf(day: string): readonly CalendarPost[];
  chip(post: CalendarPost): ReactNode;
}

/** Day after day, those with posts. */
export function DayList({ days, day: first, postsOf, chip }: Props) {
  const { t, i18n } = useTranslation(['calendar', 'common']);
  const [openedFor, setOpenedFor] = useState<string | null>(null);
  const title = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'full', timeZone: 'UTC' });
  const busy = days.filter((day) => postsOf(day.toString()).length > 0);
  const isBefore = (day: Temporal.PlainDate) =>
    openedFor !== days[0]?.toString() && Temporal.PlainDate.compare(day, first) < 0;
  const earlier = busy.filter(isBefore).reduce((sum, day) => sum + postsOf(day.toString()).length, 0);
  const shown = busy.filter((day) => !isBefore(day));
  return (
    <>
      {earlier > 0 && (
        <Button
          small
          look="quiet"
          icon={ChevronUp}
          className="self-start"
          onClick={() => setOpenedFor(days[0]?.toString() ?? null)}
        >
          {t('earlier', { count: earlier })}
        </Button>
      )}
      {shown.length === 0 && <Empty icon={CalendarDays} title={t('empty')} text={t('empty_text')} />}
      <ol className="flex flex-col gap-5">
        {shown.map((day) => (
          <li key={day.toString()}>
            <h3 className="mb-2 font-medium first-letter:uppercase">
              {title.format(new Date(`${day}T00:00:00Z`))}
            </h3>
            <ul className="flex flex-col gap-1.5">
              {postsOf(day.toString()).map((post) => (
                <li key={post.id}>{chip(post)}</li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </>
  );
}

import { CalendarDays } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Temporal } from 'temporal-polyfill';
import { Empty } from '../parts/page.tsx';
import type { CalendarPost } from './posts.ts';

interface Props {
  days: readonly Temporal.PlainDate[];
  zone: string;
  postsOf(day: string): readonly CalendarPost[];
  chip(post: CalendarPost): ReactNode;
}

/** Day after day, those with posts. */
export function DayList({ days, postsOf, chip }: Props) {
  const { t, i18n } = useTranslation(['calendar', 'common']);
  const title = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'full', timeZone: 'UTC' });
  const busy = days.filter((day) => postsOf(day.toString()).length > 0);
  if (busy.length === 0) return <Empty icon={CalendarDays} title={t('empty')} text={t('empty_text')} />;
  return (
    <ol className="flex flex-col gap-5">
      {busy.map((day) => (
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
  );
}

import { useDroppable } from '@dnd-kit/core';
import { Plus } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Temporal } from 'temporal-polyfill';
import { Link } from 'wouter';
import { cx } from '../parts/class.ts';
import { newPost } from './hours.tsx';
import type { CalendarPost } from './posts.ts';

/** Chips of a day that are drawn; the others are in the day's own view. */
const shown = 4;

interface Props {
  days: readonly Temporal.PlainDate[];
  month: number;
  zone: string;
  now: Temporal.PlainDate;
  postsOf(day: string): readonly CalendarPost[];
  chip(post: CalendarPost): ReactNode;
  openDay(day: Temporal.PlainDate): void;
}

export function Month({ days, month, zone, now, postsOf, chip, openDay }: Props) {
  const { t, i18n } = useTranslation(['calendar', 'common']);
  const week = now.subtract({ days: now.dayOfWeek - 1 });
  const names = new Intl.DateTimeFormat(i18n.language, { weekday: 'short', timeZone: 'UTC' });
  return (
    <div className="overflow-hidden rounded-xl border border-line bg-line">
      <div className="grid grid-cols-7 gap-px border-b border-line bg-panel" aria-hidden>
        {days.slice(0, 7).map((day) => (
          <div key={day.toString()} className="px-2 py-1.5 text-xs font-medium text-ink-soft">
            {names.format(new Date(`${day}T00:00:00Z`))}
          </div>
        ))}
      </div>
      <ul className="grid grid-cols-7 gap-px" aria-label={t('common:nav.calendar')}>
        {days.map((day) => (
          <Day
            key={day.toString()}
            day={day}
            add={newPost(day, '12:00', zone)}
            outside={day.month !== month}
            over={Temporal.PlainDate.compare(day, week) < 0}
            isToday={day.equals(now)}
            posts={postsOf(day.toString())}
            chip={chip}
            open={() => openDay(day)}
          />
        ))}
      </ul>
    </div>
  );
}

interface DayProps {
  day: Temporal.PlainDate;
  /** Where a post for it is written. */
  add: string;
  outside: boolean;
  /** Of a week before this one: what is to come needs the room more. */
  over: boolean;
  isToday: boolean;
  posts: readonly CalendarPost[];
  chip(post: CalendarPost): ReactNode;
  open(): void;
}

function Day({ day, add, outside, over, isToday, posts, chip, open }: DayProps) {
  const { t, i18n } = useTranslation(['calendar', 'common']);
  const { setNodeRef, isOver } = useDroppable({ id: day.toString(), data: { day } });
  const title = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'full', timeZone: 'UTC' }).format(
    new Date(`${day}T00:00:00Z`),
  );
  return (
    <li
      ref={setNodeRef}
      className={cx(
        'group relative flex min-h-20 min-w-0 flex-col gap-1 bg-panel p-1',
        over ? 'sm:min-h-14' : 'sm:min-h-28',
        outside && 'bg-ground',
        isOver && 'bg-accent-soft',
      )}
    >
      <div className="flex items-center">
        <button
          type="button"
          onClick={open}
          aria-label={`${title}, ${t('posts', { count: posts.length })}`}
          aria-current={isToday ? 'date' : undefined}
          className={cx(
            'flex size-6 items-center justify-center rounded-full text-xs tabular-nums hover:bg-sunken',
            outside && 'text-ink-soft',
            isToday && 'bg-accent font-semibold text-accent-ink hover:bg-accent',
          )}
        >
          {day.day}
        </button>
        <Link
          href={add}
          aria-label={t('add_at', { day: title })}
          className="ml-auto flex size-6 items-center justify-center rounded-md text-ink-soft opacity-0 group-hover:opacity-100 hover:bg-sunken focus:opacity-100 max-md:hidden"
        >
          <Plus className="size-4" aria-hidden />
        </Link>
      </div>
      {/* A phone has room for marks alone. */}
      <div className="hidden flex-col gap-1 sm:flex">{posts.slice(0, shown).map(chip)}</div>
      {posts.length > 0 && (
        <button
          type="button"
          onClick={open}
          className={cx(
            'rounded px-1 text-left text-xs text-ink-soft hover:bg-sunken hover:text-ink',
            posts.length <= shown && 'sm:hidden',
          )}
        >
          <span className="max-sm:hidden">{t('more', { count: posts.length - shown })}</span>
          <span className="font-medium text-accent sm:hidden" aria-hidden>
            {'•'.repeat(Math.min(posts.length, 4))}
          </span>
          <span className="sr-only sm:hidden">{t('posts', { count: posts.length })}</span>
        </button>
      )}
    </li>
  );
}

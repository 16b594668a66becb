import { useDroppable } from '@dnd-kit/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Temporal } from 'temporal-polyfill';
import { cx } from '../parts/class.ts';
import type { CalendarPost } from './posts.ts';
import { wallOf } from './span.ts';

/** Pixels of an hour, and of a post that is drawn in it. */
const hour = 56;
const height = 46;

interface Props {
  days: readonly Temporal.PlainDate[];
  zone: string;
  now: Temporal.PlainDateTime;
  postsOf(day: string): readonly CalendarPost[];
  chip(post: CalendarPost): ReactNode;
  openDay(day: Temporal.PlainDate): void;
}

/** A week or a day by the hour. */
export function Hours({ days, zone, now, postsOf, chip, openDay }: Props) {
  const { t, i18n } = useTranslation(['calendar', 'common']);
  const frame = useRef<HTMLDivElement>(null);
  const title = new Intl.DateTimeFormat(i18n.language, { weekday: 'short', day: 'numeric', timeZone: 'UTC' });
  useEffect(() => {
    // The working day is what people look for first.
    frame.current?.scrollTo({ top: 7.5 * hour });
  }, []);
  return (
    <div ref={frame} className="max-h-[72dvh] overflow-auto rounded-xl border border-line bg-panel">
      <div
        className="grid min-w-[44rem] grid-cols-[3.5rem_repeat(var(--days),minmax(0,1fr))] data-[one=true]:min-w-0"
        data-one={days.length === 1}
        style={{ '--days': days.length } as React.CSSProperties}
      >
        <div className="sticky top-0 left-0 z-20 border-b border-line bg-panel" />
        {days.map((day) => (
          <div
            key={day.toString()}
            className="sticky top-0 z-10 border-b border-l border-line bg-panel p-1 text-center"
          >
            <button
              type="button"
              onClick={() => openDay(day)}
              aria-current={day.equals(now) ? 'date' : undefined}
              className={cx(
                'rounded-md px-2 py-0.5 font-medium hover:bg-sunken',
                day.equals(now.toPlainDate()) && 'text-accent',
              )}
            >
              {title.format(new Date(`${day}T00:00:00Z`))}
            </button>
          </div>
        ))}
        <div className="sticky left-0 z-10 bg-panel" aria-hidden>
          {Array.from({ length: 24 }, (_, index) => (
            <div
              key={index}
              style={{ height: hour }}
              className="pr-2 text-right text-xs text-ink-soft tabular-nums"
            >
              {index > 0 && <span className="relative -top-2">{`${index}:00`}</span>}
            </div>
          ))}
        </div>
        {days.map((day) => (
          <Column
            key={day.toString()}
            day={day}
            zone={zone}
            now={day.equals(now.toPlainDate()) ? now : null}
            posts={postsOf(day.toString())}
            chip={chip}
            label={t('posts', { count: postsOf(day.toString()).length })}
            lanes={days.length === 1 ? 8 : 2}
            open={() => openDay(day)}
          />
        ))}
      </div>
    </div>
  );
}

interface ColumnProps {
  day: Temporal.PlainDate;
  zone: string;
  now: Temporal.PlainDateTime | null;
  posts: readonly CalendarPost[];
  chip(post: CalendarPost): ReactNode;
  label: string;
  /** Posts side by side. */
  lanes: number;
  open(): void;
}

function Column({ day, zone, now, posts, chip, label, lanes, open }: ColumnProps) {
  const { t } = useTranslation(['calendar', 'common']);
  const { setNodeRef, isOver } = useDroppable({ id: day.toString(), data: { day, hourHeight: hour } });
  const { drawn, over } = placed(posts, zone, lanes);
  return (
    <section
      ref={setNodeRef}
      aria-label={`${day.toLocaleString()} ${label}`}
      className={cx('relative border-l border-line', isOver && 'bg-accent-soft')}
      style={{ height: 24 * hour }}
    >
      {Array.from({ length: 23 }, (_, index) => (
        <div
          key={index}
          aria-hidden
          className="absolute inset-x-0 border-t border-line/70"
          style={{ top: (index + 1) * hour }}
        />
      ))}
      {drawn.map(({ post, top, lane, lanes }) => (
        <div
          key={post.id}
          className="absolute p-px"
          style={{ top, height, left: `${(100 * lane) / lanes}%`, width: `${100 / lanes}%` }}
        >
          {chip(post)}
        </div>
      ))}
      {over.map(({ top, count }) => (
        <button
          key={top}
          type="button"
          onClick={open}
          className="absolute right-0 z-[6] rounded-md border border-line bg-panel px-1.5 py-0.5 text-xs font-medium shadow-sm hover:bg-sunken"
          style={{ top: top + height - 6 }}
        >
          {t('more', { count })}
        </button>
      ))}
      {now && (
        <div
          aria-hidden
          className="absolute inset-x-0 z-[5] border-t-2 border-bad"
          style={{ top: (now.hour + now.minute / 60) * hour }}
        />
      )}
    </section>
  );
}

interface Placed {
  post: CalendarPost;
  top: number;
  lane: number;
  lanes: number;
}

/** Posts that would cover each other stand side by side, `most` of them; `over` says where more are, and how many. */
function placed(posts: readonly CalendarPost[], zone: string, most: number) {
  const all = posts.map((post): Placed => {
    const wall = wallOf(post.at, zone);
    const top = Math.min((wall.hour + wall.minute / 60) * hour, 24 * hour - height);
    return { post, top, lane: 0, lanes: 1 };
  });
  const over: { top: number; count: number }[] = [];
  let group: Placed[] = [];
  const close = () => {
    const lanes = Math.min(Math.max(0, ...group.map(({ lane }) => lane)) + 1, most);
    for (const one of group) one.lanes = lanes;
    const hidden = group.filter(({ lane }) => lane >= most);
    if (hidden[0]) over.push({ top: hidden[0].top, count: hidden.length });
    group = [];
  };
  for (const one of all) {
    const beside = group.filter(({ top }) => top + height > one.top);
    if (beside.length === 0) close();
    const taken = new Set(beside.map(({ lane }) => lane));
    while (taken.has(one.lane)) one.lane += 1;
    group.push(one);
  }
  close();
  return { drawn: all.filter(({ lane }) => lane < most), over };
}

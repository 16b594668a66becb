import { useDroppable } from '@dnd-kit/core';
import { Plus } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Temporal } from 'temporal-polyfill';
import { Link } from 'wouter';
import { cx } from '../parts/class.ts';
import type { CalendarPost } from './posts.ts';
import { wallOf } from './span.ts';

/** Pixels of an hour, of a post that is drawn in it, and of the hours' names at the side. */
const hour = 56;
const height = 46;
const side = 56;
/** A post that is narrower than this cannot be read, and with a post of this width half of the others cannot be seen. */
const narrowest = 110;
const weekLanes = 2;
/** Above what is looked for, so that it does not stick to the edge. */
const air = 0.75 * hour;
/** Where the working day begins, in hours. */
const morning = 7.5;

interface Props {
  days: readonly Temporal.PlainDate[];
  zone: string;
  now: Temporal.PlainDateTime;
  /** The posts of these days are there, and not only those of the days before. */
  ready: boolean;
  postsOf(day: string): readonly CalendarPost[];
  chip(post: CalendarPost): ReactNode;
  /** What does not fit here, in a view where it does. */
  openDay(day: Temporal.PlainDate): void;
  openList(day: Temporal.PlainDate): void;
}

/** A week or a day by the hour. */
export function Hours({ days, zone, now, ready, postsOf, chip, openDay, openList }: Props) {
  const { t, i18n } = useTranslation(['calendar', 'common']);
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const names = new Intl.DateTimeFormat(i18n.language, { weekday: 'short', timeZone: 'UTC' });
  const full = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'full', timeZone: 'UTC' });
  const isDay = days.length === 1;
  useEffect(() => {
    if (!frame.current) return;
    const watch = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    watch.observe(frame.current);
    return () => watch.disconnect();
  }, []);
  const shown = days.map(String).join();
  // What people look for first: today, and there the first post, or else the working day.
  useEffect(() => {
    if (!ready) return;
    const today = days.find((day) => day.equals(now.toPlainDate()));
    const topsOf = (some: typeof days) =>
      some.flatMap((day) => postsOf(day.toString()).map(({ at }) => topOf(at, zone)));
    const tops = today && postsOf(today.toString()).length > 0 ? topsOf([today]) : topsOf(days);
    const column = frame.current?.querySelector<HTMLElement>(`[data-day="${today}"]`);
    frame.current?.scrollTo({
      top: Math.max(0, tops.length > 0 ? Math.min(...tops, 12 * hour) - air : morning * hour),
      left: Math.max(0, (column?.offsetLeft ?? 0) - side),
    });
    // Not when a post moves.
  }, [shown, ready]);
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
            className="group sticky top-0 z-10 flex items-center justify-center border-b border-l border-line bg-panel p-1"
          >
            <button
              type="button"
              onClick={() => openDay(day)}
              aria-current={day.equals(now.toPlainDate()) ? 'date' : undefined}
              className={cx(
                'rounded-md px-2 py-0.5 font-medium hover:bg-sunken',
                day.equals(now.toPlainDate()) && 'text-accent',
              )}
            >
              {names.format(new Date(`${day}T00:00:00Z`))} {day.day}
            </button>
            <Link
              href={newPost(day, '12:00', zone)}
              aria-label={t('add_at', { day: full.format(new Date(`${day}T00:00:00Z`)) })}
              className="flex size-6 items-center justify-center rounded-md text-ink-soft opacity-0 group-hover:opacity-100 hover:bg-sunken focus:opacity-100 max-md:opacity-100"
            >
              <Plus className="size-4" aria-hidden />
            </Link>
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
            label={`${full.format(new Date(`${day}T00:00:00Z`))}, ${t('posts', { count: postsOf(day.toString()).length })}`}
            lanes={isDay ? Math.max(1, Math.floor((width - side) / narrowest)) : weekLanes}
            open={() => (isDay ? openList(day) : openDay(day))}
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
      aria-label={label}
      data-day={day.toString()}
      className={cx('relative border-l border-line', isOver && 'bg-accent-soft')}
      style={{ height: 24 * hour }}
    >
      {Array.from({ length: 24 }, (_, index) => (
        // For the pointer; the keyboard has the one beside the day's name.
        <Link
          key={index}
          aria-hidden
          tabIndex={-1}
          draggable={false}
          href={newPost(day, `${String(index).padStart(2, '0')}:00`, zone)}
          className="absolute inset-x-0 flex items-center justify-center text-ink-soft opacity-0 [@media(hover:hover)]:hover:opacity-100"
          style={{ top: index * hour, height: hour }}
        >
          <Plus className="size-4" aria-hidden />
        </Link>
      ))}
      {Array.from({ length: 23 }, (_, index) => (
        <div
          key={index}
          aria-hidden
          className="pointer-events-none absolute inset-x-0 border-t border-line/70"
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
          className="pointer-events-none absolute inset-x-0 z-[5] border-t-2 border-bad"
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
    return { post, top: topOf(post.at, zone), lane: 0, lanes: 1 };
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

/** Where a post of that moment is drawn. */
function topOf(at: string, zone: string): number {
  const wall = wallOf(at, zone);
  return Math.min((wall.hour + wall.minute / 60) * hour, 24 * hour - height);
}

/** Where a post of that time is written; once it is planned, the way leads back to what is shown now. */
export function newPost(day: Temporal.PlainDate, time: string, zone: string): string {
  return `/posts/new?${new URLSearchParams({ at: `${day}T${time}`, zone, back: location.search || '?' })}`;
}

import {
  type Announcements,
  DndContext,
  type DragEndEvent,
  DragOverlay,
  MouseSensor,
  pointerWithin,
  TouchSensor,
  useSensor,
  useSensors,
} from '@dnd-kit/core';
import { Copy } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Temporal } from 'temporal-polyfill';
import { cx } from '../parts/class.ts';
import { useFormats } from '../parts/time.ts';
import { useTell } from '../parts/toast.tsx';
import { ChipFace, type CommunityName } from './chip.tsx';
import { type CalendarPost, isMovable, type useCalendarActs } from './posts.ts';
import { isPast, momentOf, wallOf } from './span.ts';

interface Props {
  zone: string;
  acts: ReturnType<typeof useCalendarActs>;
  communitiesOf(post: CalendarPost): readonly CommunityName[];
  children: ReactNode;
}

/** Minutes that a time snaps to when it is dragged by the hour. */
const snap = 15;

/** Where posts are dragged: to another day they keep their time of day; by the hour they get a new one. */
export function Board({ zone, acts, communitiesOf, children }: Props) {
  const { t, i18n } = useTranslation(['calendar', 'common']);
  const formats = useFormats();
  const tell = useTell();
  const [held, setHeld] = useState<CalendarPost | null>(null);
  /** When the held post would go out if it were put down now. */
  const [aim, setAim] = useState<string | null>(null);
  const [copying, setCopying] = useState(false);
  useEffect(() => {
    if (!held) return;
    const gone = new AbortController();
    const look = (event: KeyboardEvent | MouseEvent) => setCopying(event.altKey || event.ctrlKey);
    for (const type of ['keydown', 'keyup', 'mousemove'] as const)
      addEventListener(type, look, { signal: gone.signal });
    return () => {
      gone.abort();
      setCopying(false);
    };
  }, [held]);
  const sensors = useSensors(
    // A click stays a click, and a finger that scrolls does not carry a post away.
    useSensor(MouseSensor, { activationConstraint: { distance: 5 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 300, tolerance: 8 } }),
  );
  const landing = ({ active, over, delta }: Pick<DragEndEvent, 'active' | 'over' | 'delta'>) => {
    const post = active.data.current?.post as CalendarPost | undefined;
    const target = over?.data.current as { day: Temporal.PlainDate; hourHeight?: number } | undefined;
    if (!post || !target) return null;
    const wall = wallOf(post.at, zone);
    const moved = target.hourHeight ? Math.round((delta.y / target.hourHeight) * (60 / snap)) * snap : 0;
    const time = moved === 0 ? wall.toPlainTime() : clockAfter(wall, moved);
    const to = target.day.toPlainDateTime(time);
    return to.equals(wall) ? null : { post, at: momentOf(to, zone) };
  };
  const drop = (event: DragEndEvent) => {
    setHeld(null);
    const found = landing(event);
    if (!found) return;
    const { post, at } = found;
    if (isPast(at)) {
      tell({ text: t('past'), bad: true });
      return;
    }
    if (copying) acts.copy.mutate({ post, at });
    else if (isMovable(post)) acts.move.mutate([{ post, at }]);
  };
  const named = new Intl.DateTimeFormat(i18n.language, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    timeZone: 'UTC',
  });
  const dayOf = ({ id }: { id: string | number }) => named.format(new Date(`${id}T00:00:00Z`));
  const announcements: Announcements = {
    onDragStart: () => t('drag.start'),
    onDragOver: ({ over }) => (over ? t('drag.over', { day: dayOf(over) }) : undefined),
    onDragEnd: ({ over }) => (over ? t('drag.end', { day: dayOf(over) }) : t('drag.cancel')),
    onDragCancel: () => t('drag.cancel'),
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={pointerWithin}
      accessibility={{ announcements }}
      // What is taken up near an edge shall not run away under the pointer.
      autoScroll={{ threshold: { x: 0.04, y: 0.06 } }}
      onDragStart={({ active }) => {
        setHeld(active.data.current?.post as CalendarPost);
        setAim(null);
      }}
      onDragMove={(event) => setAim(landing(event)?.at ?? null)}
      onDragEnd={drop}
      onDragCancel={() => setHeld(null)}
    >
      {children}
      <DragOverlay dropAnimation={null}>
        {held && (
          <div className="relative min-w-40 rounded-md border border-l-4 border-accent bg-panel shadow-lg">
            {copying && (
              <span className="absolute -top-2 -right-2 flex size-5 items-center justify-center rounded-full bg-accent text-accent-ink">
                <Copy className="size-3" aria-hidden />
              </span>
            )}
            <ChipFace post={{ ...held, at: aim ?? held.at }} zone={zone} communities={communitiesOf(held)} />
            <p
              className={cx(
                'border-t border-line px-1.5 py-1 text-xs font-medium',
                aim && isPast(aim) && 'text-bad',
              )}
            >
              {formats.day(aim ?? held.at, zone)}, {formats.time(aim ?? held.at, zone)}
            </p>
          </div>
        )}
      </DragOverlay>
    </DndContext>
  );
}

/** The time of day so many minutes later, on the same day. */
function clockAfter(wall: Temporal.PlainDateTime, minutes: number): Temporal.PlainTime {
  const total = Math.round((wall.hour * 60 + wall.minute + minutes) / snap) * snap;
  const kept = Math.min(Math.max(total, 0), 24 * 60 - snap);
  return new Temporal.PlainTime(Math.floor(kept / 60), kept % 60);
}

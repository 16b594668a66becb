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
import { useTell } from '../parts/toast.tsx';
import { ChipFace } from './chip.tsx';
import { type CalendarPost, isMovable, type useCalendarActs } from './posts.ts';
import { isPast, momentOf, wallOf } from './span.ts';

interface Props {
  zone: string;
  acts: ReturnType<typeof useCalendarActs>;
  networkOf: ReadonlyMap<string, string>;
  children: ReactNode;
}

/** Minutes that a time snaps to when it is dragged by the hour. */
const snap = 15;

/** Where posts are dragged: to another day they keep their time of day; by the hour they get a new one. */
export function Board({ zone, acts, networkOf, children }: Props) {
  const { t } = useTranslation(['calendar', 'common']);
  const tell = useTell();
  const [held, setHeld] = useState<CalendarPost | null>(null);
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
  const drop = ({ active, over, delta }: DragEndEvent) => {
    setHeld(null);
    const post = active.data.current?.post as CalendarPost | undefined;
    const target = over?.data.current as { day: Temporal.PlainDate; hourHeight?: number } | undefined;
    if (!post || !target) return;
    const wall = wallOf(post.at, zone);
    const moved = target.hourHeight ? Math.round((delta.y / target.hourHeight) * (60 / snap)) * snap : 0;
    const time = moved === 0 ? wall.toPlainTime() : clockAfter(wall, moved);
    const to = target.day.toPlainDateTime(time);
    if (to.equals(wall)) return;
    const at = momentOf(to, zone);
    if (isPast(at)) {
      tell({ text: t('past'), bad: true });
      return;
    }
    if (copying) acts.copy.mutate({ post, at });
    else if (isMovable(post)) acts.move.mutate([{ post, at }]);
  };
  const announcements: Announcements = {
    onDragStart: () => t('drag.start'),
    onDragOver: ({ over }) => (over ? t('drag.over', { day: String(over.id) }) : undefined),
    onDragEnd: ({ over }) => (over ? t('drag.end', { day: String(over.id) }) : t('drag.cancel')),
    onDragCancel: () => t('drag.cancel'),
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={pointerWithin}
      accessibility={{ announcements }}
      onDragStart={({ active }) => setHeld(active.data.current?.post as CalendarPost)}
      onDragEnd={drop}
      onDragCancel={() => setHeld(null)}
    >
      {children}
      <DragOverlay dropAnimation={null}>
        {held && (
          <div className="relative rounded-md border border-l-4 border-accent bg-panel shadow-lg">
            {copying && (
              <span className="absolute -top-2 -right-2 flex size-5 items-center justify-center rounded-full bg-accent text-accent-ink">
                <Copy className="size-3" aria-hidden />
              </span>
            )}
            <ChipFace
              post={held}
              zone={zone}
              networks={[
                ...new Set(held.publications.map((one) => networkOf.get(one.community_id) ?? '')),
              ].filter(Boolean)}
            />
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

import {
  type Announcements,
  closestCenter,
  DndContext,
  type KeyboardCoordinateGetter,
  KeyboardSensor,
  MouseSensor,
  TouchSensor,
  useDraggable,
  useDroppable,
  useSensor,
  useSensors,
} from '@dnd-kit/core';
import { GripVertical } from 'lucide-react';
import { type ReactNode, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';

interface Props {
  ids: readonly string[];
  /** The same ids in another order. */
  onChange(ids: string[]): void;
  children: ReactNode;
}

/** What is put in another order by dragging, with the mouse, a finger or the arrow keys. */
export function Order({ ids, onChange, children }: Props) {
  const { t } = useTranslation('composer');
  const sensors = useSensors(
    useSensor(MouseSensor, { activationConstraint: { distance: 5 } }),
    useSensor(TouchSensor, { activationConstraint: { delay: 250, tolerance: 8 } }),
    useSensor(KeyboardSensor, { coordinateGetter: neighbour }),
  );
  const place = (id: string | number | undefined) => ids.indexOf(String(id)) + 1;
  const said = useRef(0);
  const told = (over: { id: string | number } | null) =>
    over ? t('order.over', { place: place(over.id), count: ids.length }) : t('order.back');
  const announcements: Announcements = {
    onDragStart: ({ active }) => {
      said.current = place(active.id);
      return t('order.start', { place: said.current, count: ids.length });
    },
    onDragOver: ({ over }) => {
      // It begins over its own place: that must not drown what was said of picking it up.
      if (place(over?.id) === said.current) return undefined;
      said.current = place(over?.id);
      return told(over);
    },
    onDragEnd: ({ over }) => told(over),
    onDragCancel: () => t('order.back'),
  };
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      accessibility={{ announcements, screenReaderInstructions: { draggable: t('order.keys') } }}
      onDragEnd={({ active, over }) => {
        if (over && over.id !== active.id) onChange(moved(ids, place(active.id) - 1, place(over.id) - 1));
      }}
    >
      {children}
    </DndContext>
  );
}

/** A list with one thing in another place. */
export function moved<T>(all: readonly T[], from: number, to: number): T[] {
  const rest = all.filter((_, index) => index !== from);
  const one = all[from];
  return one === undefined ? rest : rest.toSpliced(to, 0, one);
}

/** An arrow key goes to the next place, not some pixels on. */
const neighbour: KeyboardCoordinateGetter = (event, { context }) => {
  const { active, over, droppableContainers, droppableRects } = context;
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.code];
  if (!step || !active) return undefined;
  event.preventDefault();
  const places = droppableContainers.getEnabled().map(({ id, data }) => ({ id, index: data.current?.index }));
  const ids = places.sort((a, b) => a.index - b.index).map(({ id }) => id);
  const next = ids[ids.indexOf(over?.id ?? active.id) + step];
  const rect = next === undefined ? undefined : droppableRects.get(next);
  return rect && { x: rect.left, y: rect.top };
};

/** One thing of an {@link Order}: it is taken by its handle. */
export function Orderable({
  id,
  index,
  label,
  className,
  children,
}: {
  id: string;
  index: number;
  label: string;
  className?: string;
  children: ReactNode;
}) {
  const drag = useDraggable({ id });
  const drop = useDroppable({ id, data: { index } });
  const { transform, isDragging } = drag;
  return (
    <li
      ref={(node) => {
        drag.setNodeRef(node);
        drop.setNodeRef(node);
      }}
      style={transform ? { transform: `translate(${transform.x}px, ${transform.y}px)` } : undefined}
      className={cx(
        'relative',
        className,
        isDragging && 'z-10 shadow-lg',
        drop.isOver && !isDragging && 'outline-2 outline-accent',
      )}
    >
      {children}
      <button
        type="button"
        {...drag.listeners}
        {...drag.attributes}
        aria-label={label}
        className="absolute top-1 left-1 flex h-7 w-6 cursor-grab touch-none items-center justify-center rounded-md bg-panel text-ink shadow"
      >
        <GripVertical className="size-4" aria-hidden />
      </button>
    </li>
  );
}

import { useDraggable } from '@dnd-kit/core';
import { ChartBarBig, Image, MessageSquareMore, Repeat } from 'lucide-react';
import { type KeyboardEvent, type MouseEvent, memo } from 'react';
import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';
import { NetworkMark } from '../parts/network.tsx';
import { StateIcon, type StateName } from '../parts/state.tsx';
import { useFormats } from '../parts/time.ts';
import { type CalendarPost, isMovable } from './posts.ts';

export interface ChipActs {
  open(post: CalendarPost): void;
  /** Adds it to what is chosen, or takes it out. */
  choose(post: CalendarPost): void;
  /** By the keyboard: days to the side. */
  shift(post: CalendarPost, days: number): void;
}

interface Props {
  post: CalendarPost;
  zone: string;
  networks: readonly string[];
  chosen: boolean;
  /** A press chooses it instead of opening it. */
  choosing: boolean;
  acts: ChipActs;
  /** Lines of text that it may take. */
  tall?: boolean;
}

const edges: Partial<Record<StateName, string>> = {
  published: 'border-l-good',
  scheduled: 'border-l-info',
  publishing: 'border-l-info',
  failed: 'border-l-bad',
  partially_published: 'border-l-warn',
};

const arrows: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

/** A post in the calendar: its time, state, networks and first words. Dragged by the pointer, moved by Alt and arrows. */
export const Chip = memo(function Chip({ post, zone, networks, chosen, choosing, acts, tall }: Props) {
  const { t } = useTranslation(['calendar', 'common']);
  const formats = useFormats();
  const movable = isMovable(post);
  const { setNodeRef, listeners, isDragging } = useDraggable({
    id: post.id,
    data: { post },
    disabled: !movable || choosing,
  });
  const onClick = (event: MouseEvent) => {
    if (choosing || event.ctrlKey || event.metaKey || event.shiftKey) acts.choose(post);
    else acts.open(post);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const days = arrows[event.key];
    if (event.altKey && days !== undefined && movable) {
      event.preventDefault();
      acts.shift(post, days);
    } else if (event.key === ' ') {
      event.preventDefault();
      acts.choose(post);
    }
  };
  return (
    <button
      type="button"
      ref={setNodeRef}
      {...listeners}
      onClick={onClick}
      onKeyDown={onKeyDown}
      aria-pressed={chosen || choosing ? chosen : undefined}
      aria-describedby={movable ? 'calendar-keys' : undefined}
      className={cx(
        'w-full touch-manipulation overflow-hidden rounded-md border border-l-4 border-line bg-panel text-left select-none',
        movable && !choosing && 'cursor-grab active:cursor-grabbing',
        edges[post.status],
        post.needs_attention && 'border-l-warn bg-warn-soft',
        chosen && 'outline-2 outline-accent',
        isDragging && 'opacity-40',
      )}
    >
      <ChipFace post={post} zone={zone} networks={networks} tall={tall} />
      <span className="sr-only">
        {[
          formats.day(post.at, zone),
          t(`common:state.${post.status}`),
          post.needs_attention && t('common:nav.attention'),
        ]
          .filter(Boolean)
          .join(', ')}
      </span>
    </button>
  );
});

export function ChipFace({ post, zone, networks, tall }: Pick<Props, 'post' | 'zone' | 'networks' | 'tall'>) {
  const formats = useFormats();
  const { t } = useTranslation(['calendar', 'common']);
  return (
    <span className="flex flex-col gap-0.5 px-1.5 py-1 text-xs">
      <span className="flex items-center gap-1">
        <StateIcon state={post.needs_attention ? 'unconfirmed' : post.status} className="size-3.5" />
        <span className="font-medium whitespace-nowrap tabular-nums">{formats.time(post.at, zone)}</span>
        <span className="ml-auto flex min-w-0 items-center gap-0.5 overflow-hidden text-ink-soft">
          {post.series_id !== null && <Repeat className="size-3" aria-hidden />}
          {post.files > 0 && <Image className="size-3" aria-hidden />}
          {post.poll && <ChartBarBig className="size-3" aria-hidden />}
          {post.parts > 0 && <MessageSquareMore className="size-3" aria-hidden />}
          {networks.map((network) => (
            <NetworkMark key={network} network={network} className="size-4 text-[8px]" />
          ))}
        </span>
      </span>
      <span className={cx('break-words', tall ? 'line-clamp-3' : 'truncate')}>
        {post.text || t('no_text')}
      </span>
    </span>
  );
}

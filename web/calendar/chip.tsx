import { useDraggable } from '@dnd-kit/core';
import { ChartBarBig, Image, MessageSquareMore, Repeat } from 'lucide-react';
import { type KeyboardEvent, type MouseEvent, memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Community } from '../communities/list.tsx';
import { cx } from '../parts/class.ts';
import { NetworkMark } from '../parts/network.tsx';
import { StateIcon, type StateName } from '../parts/state.tsx';
import { useFormats } from '../parts/time.ts';
import { type CalendarPost, isMovable } from './posts.ts';

export interface ChipActs {
  open(post: CalendarPost): void;
  /** Adds it to what is chosen, or takes it out. */
  choose(post: CalendarPost): void;
  /** By the keyboard: steps to the side and down. */
  shift(post: CalendarPost, across: number, down: number): void;
}

/** Where a post goes, as far as a chip tells it. */
export type CommunityName = Pick<Community, 'id' | 'network' | 'title'>;

interface Props {
  post: CalendarPost;
  zone: string;
  communities: readonly CommunityName[];
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

const arrows: Record<string, readonly [across: number, down: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** A post in the calendar: its time, state, networks and first words. Dragged by the pointer, moved by Alt and arrows. */
export const Chip = memo(function Chip(props: Props) {
  const { post, zone, communities, chosen, choosing, acts, tall } = props;
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
    const steps = arrows[event.key];
    if (event.altKey && steps) {
      // The browser takes them for «back» and «forward».
      event.preventDefault();
      if (movable) acts.shift(post, ...steps);
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
      data-post={post.id}
      title={[communities.map(({ title }) => title).join(', '), post.text].filter(Boolean).join('\n')}
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
      <ChipFace post={post} zone={zone} communities={communities} tall={tall} />
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

export function ChipFace(props: Pick<Props, 'post' | 'zone' | 'communities' | 'tall'>) {
  const { post, zone, communities, tall } = props;
  const formats = useFormats();
  const { t } = useTranslation(['calendar', 'common']);
  const networks = [...new Set(communities.map(({ network }) => network))];
  return (
    <span className="flex flex-col gap-0.5 px-1.5 py-1 text-xs">
      <span className="flex items-center gap-1">
        <StateIcon state={post.needs_attention ? 'unconfirmed' : post.status} className="size-3.5" />
        <span className="font-medium whitespace-nowrap tabular-nums">{formats.time(post.at, zone)}</span>
        <span className="min-w-0 grow truncate text-ink-soft">
          {communities[0]?.title}
          {communities.length > 1 && ` +${communities.length - 1}`}
        </span>
        <span className="flex shrink-0 items-center gap-0.5 text-ink-soft">
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

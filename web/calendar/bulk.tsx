import { CalendarMinus, CalendarPlus, CheckCheck, Trash2, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button, IconButton } from '../parts/button.tsx';
import { useConfirm } from '../parts/dialog.tsx';
import { type CalendarPost, isMovable, type useCalendarActs } from './posts.ts';
import { momentOf, wallOf } from './span.ts';

interface Props {
  posts: readonly CalendarPost[];
  /** They are being chosen: it stands there before the first one. */
  choosing: boolean;
  zone: string;
  acts: ReturnType<typeof useCalendarActs>;
  /** How many posts of the view can be moved, and choosing them all. */
  movable: number;
  onAll(): void;
  onDone(): void;
}

/** What can be done with the posts that were chosen. */
export function Bulk({ posts, choosing, zone, acts, movable: all, onAll, onDone }: Props) {
  const { t } = useTranslation(['calendar', 'common']);
  const confirm = useConfirm();
  if (posts.length === 0 && !choosing) return null;
  const movable = posts.filter(isMovable);
  const shift = (days: number) =>
    acts.move.mutate(
      movable.map((post) => ({ post, at: momentOf(wallOf(post.at, zone).add({ days }), zone) })),
      { onSuccess: onDone },
    );
  const remove = async () => {
    const yes = await confirm({
      title: t('bulk.delete_title', { count: posts.length }),
      text: t('bulk.delete_text'),
      confirm: t('common:action.delete'),
      danger: true,
    });
    if (yes) acts.remove.mutate(posts, { onSuccess: onDone });
  };
  return (
    <section
      aria-label={t('bulk.title')}
      data-foot
      className="sticky bottom-3 z-20 mx-auto flex flex-wrap items-center gap-2 rounded-xl border border-line bg-panel p-2 pl-4 shadow-xl"
    >
      <p className="font-medium" aria-live="polite">
        {posts.length === 0 ? t('bulk.how') : t('bulk.chosen', { count: posts.length })}
      </p>
      {movable.length < all && (
        <Button small icon={CheckCheck} onClick={onAll}>
          {t('bulk.all', { count: all })}
        </Button>
      )}
      <Button small icon={CalendarPlus} disabled={movable.length === 0} onClick={() => shift(1)}>
        {t('bulk.day_later')}
      </Button>
      <Button small icon={CalendarPlus} disabled={movable.length === 0} onClick={() => shift(7)}>
        {t('bulk.week_later')}
      </Button>
      <Button
        small
        icon={CalendarMinus}
        disabled={movable.length === 0}
        onClick={() => acts.unschedule.mutate(movable, { onSuccess: onDone })}
      >
        {t('bulk.unschedule')}
      </Button>
      <Button small icon={Trash2} disabled={posts.length === 0} onClick={remove}>
        {t('common:action.delete')}
      </Button>
      <IconButton small icon={X} label={t('bulk.none')} onClick={onDone} />
    </section>
  );
}

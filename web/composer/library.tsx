import { useInfiniteQuery } from '@tanstack/react-query';
import { Check, Images } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ask, client } from '../api.ts';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Empty, Failed, Loading } from '../parts/page.tsx';
import { Face } from './face.tsx';

interface Props {
  /** What the message has already. */
  taken: readonly string[];
  most: number;
  onChosen(ids: string[]): void;
  onClose(): void;
}

/** Files that were uploaded before, newest first. */
export function Library({ taken, most, onChosen, onClose }: Props) {
  const { t } = useTranslation(['composer', 'common']);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const files = useInfiniteQuery({
    queryKey: ['media', 'library'],
    queryFn: ({ pageParam }) =>
      ask(client.v1.media.$get({ query: { limit: '40', ...(pageParam && { cursor: pageParam }) } })),
    initialPageParam: '',
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });
  const all = files.data?.pages.flatMap(({ data }) => data).filter(({ id }) => !taken.includes(id)) ?? [];
  const toggle = (id: string) =>
    setChosen((before) =>
      before.includes(id) ? before.filter((one) => one !== id) : [...before, id].slice(0, most),
    );
  return (
    <Dialog wide open onOpenChange={(open) => !open && onClose()} title={t('library.title')}>
      <div className="flex flex-col gap-4">
        {files.isPending && <Loading rows={3} />}
        {files.error && <Failed error={files.error} again={() => files.refetch()} />}
        {files.data && all.length === 0 && <Empty icon={Images} title={t('library.empty')} />}
        <ul className="grid max-h-[55dvh] grid-cols-3 gap-2 overflow-y-auto p-1 sm:grid-cols-5">
          {all.map((medium) => {
            const place = chosen.indexOf(medium.id);
            return (
              <li key={medium.id}>
                <button
                  type="button"
                  aria-pressed={place >= 0}
                  aria-label={medium.alt ?? medium.name ?? medium.kind}
                  onClick={() => toggle(medium.id)}
                  className={cx(
                    'relative block w-full overflow-hidden rounded-lg border-2 bg-sunken',
                    place >= 0 ? 'border-accent' : 'border-transparent hover:border-line-strong',
                  )}
                >
                  <Face medium={medium} />
                  {place >= 0 && (
                    <span className="absolute top-1 right-1 flex size-6 items-center justify-center rounded-full bg-accent text-accent-ink">
                      <Check className="size-4" aria-hidden />
                    </span>
                  )}
                </button>
              </li>
            );
          })}
        </ul>
        <div className="flex flex-wrap justify-end gap-2">
          {files.hasNextPage && (
            <Button className="mr-auto" busy={files.isFetchingNextPage} onClick={() => files.fetchNextPage()}>
              {t('common:action.load_more')}
            </Button>
          )}
          <Button onClick={onClose}>{t('common:action.cancel')}</Button>
          <Button
            look="primary"
            disabled={chosen.length === 0}
            onClick={() => {
              onChosen([...chosen]);
              onClose();
            }}
          >
            {t('library.take', { count: chosen.length })}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

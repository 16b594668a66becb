import { useQueries } from '@tanstack/react-query';
import { AudioLines, File, Film, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { ask, client } from '../api.ts';
import { Skeleton } from '../parts/page.tsx';

const icons: Record<string, LucideIcon> = {
  video: Film,
  animation: Film,
  audio: AudioLines,
  voice: AudioLines,
};

/** The files of a post, in its order. */
export function Files({ ids }: { ids: readonly string[] }) {
  const { t } = useTranslation('posts');
  const files = useQueries({
    queries: ids.map((id) => ({
      queryKey: ['media', id],
      queryFn: () => ask(client.v1.media[':id'].$get({ param: { id } })),
      staleTime: 5 * 60_000,
    })),
  });
  if (ids.length === 0) return null;
  return (
    <ul className="grid grid-cols-2 gap-2 sm:grid-cols-4" aria-label={t('files')}>
      {files.map(({ data, isPending }, index) => {
        const Icon = icons[data?.kind ?? ''] ?? File;
        return (
          <li key={ids[index]} className="aspect-4/3 overflow-hidden rounded-lg border border-line bg-sunken">
            {isPending && <Skeleton className="size-full" />}
            {data?.kind === 'image' && (
              <img src={data.url} alt={data.alt ?? ''} loading="lazy" className="size-full object-cover" />
            )}
            {data && data.kind !== 'image' && (
              <span className="flex size-full flex-col items-center justify-center gap-1 p-2 text-center text-xs">
                <Icon className="size-6 text-ink-soft" aria-hidden />
                <span className="line-clamp-2 break-all">{data.name ?? data.mime}</span>
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

import { useTranslation } from 'react-i18next';
import { Face } from '../composer/face.tsx';
import { useMedia } from '../composer/media-queries.ts';

/** The files of a post, in its order. */
export function Files({ ids }: { ids: readonly string[] }) {
  const { t } = useTranslation('posts');
  const media = useMedia(ids);
  if (ids.length === 0) return null;
  return (
    <ul className="grid grid-cols-2 gap-2 sm:grid-cols-4" aria-label={t('files')}>
      {ids.map((id) => (
        <li key={id} className="overflow-hidden rounded-lg border border-line bg-sunken">
          <Face medium={media.get(id)} />
        </li>
      ))}
    </ul>
  );
}

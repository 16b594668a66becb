import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { ask, client } from '../api.ts';
import { StateIcon } from '../parts/state.tsx';
import { stateOf } from '../posts/acts.ts';

/** As many as are named; of more it is said that there are more. */
const most = 5;

/** The posts that a file stands in: it cannot be deleted before it is taken out of them. */
export function UsedIn({ id }: { id: string }) {
  const { t } = useTranslation('media');
  const posts = useQuery({
    queryKey: ['posts', 'of-medium', id],
    queryFn: () => ask(client.v1.posts.$get({ query: { media_id: id, limit: String(most) } })),
  });
  if (!posts.data || posts.data.data.length === 0) return null;
  return (
    <section aria-label={t('used_in')}>
      <h3 className="mb-1 text-[13px] font-medium">{t('used_in')}</h3>
      <ul className="flex flex-col gap-1">
        {posts.data.data.map((post) => (
          <li key={post.id}>
            <Link
              href={`/posts/${post.id}`}
              className="flex items-center gap-1.5 text-accent underline underline-offset-4"
            >
              <StateIcon state={stateOf(post)} />
              <span className="truncate">{post.text || t('no_text')}</span>
            </Link>
          </li>
        ))}
      </ul>
      {posts.data.next_cursor && <p className="text-[13px] text-ink-soft">{t('used_in_more')}</p>}
    </section>
  );
}

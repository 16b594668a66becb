import { useQueries, useQuery } from '@tanstack/react-query';
import { CircleCheckBig } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'wouter';
import { ask, client } from '../api.ts';
import { useWorkspace } from '../frame/session.tsx';
import { Empty, Failed, Loading, Page } from '../parts/page.tsx';
import type { Detail } from '../posts/acts.ts';
import { Publication } from '../posts/publication.tsx';
import { attentionQuery } from './count.ts';

/** What waits for a person, and nothing else. */
export default function AttentionPage() {
  const { t } = useTranslation(['posts', 'common']);
  const { timezone: home } = useWorkspace();
  const posts = useQuery(attentionQuery);
  const shown = posts.data?.data.slice(0, 30) ?? [];
  const details = useQueries({
    queries: shown.map(({ id }) => ({
      queryKey: ['posts', id, 'publications'],
      queryFn: () => ask(client.v1.posts[':id'].publications.$get({ param: { id } })),
    })),
  });
  return (
    <Page title={t('common:nav.attention')} lead={t('attention_lead')}>
      {posts.isPending && <Loading />}
      {posts.error && <Failed error={posts.error} again={() => posts.refetch()} />}
      {posts.data?.data.length === 0 && (
        <Empty icon={CircleCheckBig} title={t('attention_none')} text={t('attention_none_text')} />
      )}
      <ul className="flex flex-col gap-6">
        {shown.map((post, index) => (
          <li key={post.id} className="flex flex-col gap-2">
            <Link
              href={`/posts/${post.id}`}
              className="truncate font-medium underline-offset-4 hover:underline"
            >
              {post.text || t('no_text')}
            </Link>
            {!details[index]?.data && <Loading rows={1} />}
            {details[index]?.data?.data.filter(waits).map((one) => (
              <Publication key={one.id} publication={one} zone={post.timezone ?? home} />
            ))}
          </li>
        ))}
      </ul>
    </Page>
  );
}

/** As the API counts: unconfirmed, failed or held, or something that was to be done with it is. */
function waits({ state, hold_reason, acts }: Detail): boolean {
  return (
    state === 'unconfirmed' ||
    state === 'failed' ||
    (state === 'held' && hold_reason !== 'network_down' && hold_reason !== 'previous_part') ||
    acts.some((act) => act.state === 'failed' || act.state === 'unconfirmed')
  );
}

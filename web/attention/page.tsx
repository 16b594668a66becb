import { useQueries, useQuery } from '@tanstack/react-query';
import { CircleCheckBig, FilePen } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { ask, client } from '../api.ts';
import { useWorkspace } from '../frame/session.tsx';
import { Button } from '../parts/button.tsx';
import { Empty, Failed, Loading, Page, Skeleton } from '../parts/page.tsx';
import type { Detail, Post } from '../posts/acts.ts';
import { Publication } from '../posts/publication.tsx';
import { attentionQuery } from './count.ts';
import { CutOffCommunity, cutOffOf, isCutOff } from './cut-off.tsx';

/** How many posts are shown at once. */
const step = 30;

/** What waits for a person, and nothing else. */
export default function AttentionPage() {
  const { t } = useTranslation(['posts', 'common']);
  const { timezone: home } = useWorkspace();
  const [, go] = useLocation();
  const [room, setRoom] = useState(step);
  const [withCutOff, setWithCutOff] = useState(false);
  const posts = useQuery(attentionQuery);
  const everything = posts.data?.data ?? [];
  const cuts = cutOffOf(everything);
  // What waits for its community alone is one decision, however many posts it is.
  const all = withCutOff ? everything : everything.filter(isOwnDecision);
  const folded = everything.filter((post) => !isOwnDecision(post)).length;
  const shown = all.slice(0, room);
  const details = useQueries({
    queries: shown.map(({ id }) => ({
      queryKey: ['posts', id, 'publications'],
      queryFn: () => ask(client.v1.posts[':id'].publications.$get({ param: { id } })),
    })),
  });
  // At once, so that none pushes the next one away.
  const isLoading = posts.isPending || (details.length > 0 && details.every(({ isPending }) => isPending));
  return (
    <Page title={t('common:nav.attention')} lead={t('attention_lead')}>
      {isLoading && <Loading />}
      {posts.error && <Failed error={posts.error} again={() => posts.refetch()} />}
      {posts.data && everything.length === 0 && (
        <Empty icon={CircleCheckBig} title={t('attention_none')} text={t('attention_none_text')} />
      )}
      {cuts.length > 0 && (
        <div className="flex flex-col gap-3">
          {cuts.map((cut) => (
            <CutOffCommunity key={cut.community.id} cut={cut} />
          ))}
          {folded > 0 && (
            <Button
              small
              look="quiet"
              className="self-start"
              aria-expanded={withCutOff}
              onClick={() => setWithCutOff(!withCutOff)}
            >
              {withCutOff ? t('cut_off.hide') : t('cut_off.show', { count: folded })}
            </Button>
          )}
        </div>
      )}
      <ul className="flex flex-col gap-6">
        {(isLoading ? [] : shown).map((post, index) => {
          const { data, error, refetch } = details[index] ?? {};
          return (
            <li key={post.id} className="flex flex-col gap-2">
              <div className="flex items-center gap-3">
                <Link
                  href={`/posts/${post.id}`}
                  className="mr-auto truncate text-base font-medium underline-offset-4 hover:underline"
                >
                  {post.text || t('no_text')}
                </Link>
                {post.publications.some(({ state }) => state === 'failed' || state === 'held') && (
                  <Button small icon={FilePen} onClick={() => go(`/posts/${post.id}/edit`)}>
                    {t('common:action.edit')}
                  </Button>
                )}
              </div>
              {error && <Failed error={error} again={refetch} />}
              {!data && !error && <Skeleton className="h-52" />}
              {data?.data.filter(waits).map((one) => (
                <Publication key={one.id} publication={one} zone={post.timezone ?? home} />
              ))}
            </li>
          );
        })}
      </ul>
      {all.length > room && (
        <Button className="self-center" onClick={() => setRoom(room + step)}>
          {t('common:action.load_more')}
        </Button>
      )}
    </Page>
  );
}

/** Something of it waits that connecting a community does not settle. */
function isOwnDecision(post: Post): boolean {
  return (
    post.publications.some((one) => waits({ ...one, acts: [] }) && !isCutOff(one)) ||
    !post.publications.some(isCutOff)
  );
}

/** As the API counts: unconfirmed, failed or held, or something that was to be done with it is. */
function waits({ state, hold_reason, acts }: Pick<Detail, 'state' | 'hold_reason' | 'acts'>): boolean {
  return (
    state === 'unconfirmed' ||
    state === 'failed' ||
    (state === 'held' && hold_reason !== 'network_down' && hold_reason !== 'previous_part') ||
    acts.some((act) => act.state === 'failed' || act.state === 'unconfirmed')
  );
}

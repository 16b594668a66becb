import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CalendarX, Copy, FilePen, Send, Trash2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useParams } from 'wouter';
import { ask, client, send } from '../api.ts';
import { wallOf } from '../calendar/span.ts';
import { useCommunities } from '../communities/list.tsx';
import { Rich } from '../composer/rich.tsx';
import { useWorkspace } from '../frame/session.tsx';
import { Button } from '../parts/button.tsx';
import { useConfirm } from '../parts/dialog.tsx';
import { NetworkMark, networkTitle } from '../parts/network.tsx';
import { Failed, Loading, Page, Panel } from '../parts/page.tsx';
import { StateBadge } from '../parts/state.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';
import { RepeatButton } from '../series/repeat.tsx';
import { type Detail, isRemoved, type Post, stateOf } from './acts.ts';
import { Files } from './files.tsx';
import { Publication } from './publication.tsx';
import { RemovedBadge } from './removed.tsx';

export default function PostPage() {
  const { t } = useTranslation(['posts', 'common']);
  const { id = '' } = useParams<{ id: string }>();
  const { timezone: home } = useWorkspace();
  const post = useQuery({
    queryKey: ['posts', id],
    queryFn: () => ask(client.v1.posts[':id'].$get({ param: { id } })),
  });
  const publications = useQuery({
    queryKey: ['posts', id, 'publications'],
    queryFn: () => ask(client.v1.posts[':id'].publications.$get({ param: { id } })),
    // What is on its way changes by itself; the stream of changes tells too, and may be away.
    refetchInterval: (query) => (query.state.data?.data.some(isMoving) ? 2_000 : false),
  });
  if (post.error) {
    return (
      <Page title={t('post')}>
        <Failed error={post.error} again={() => post.refetch()} />
      </Page>
    );
  }
  if (!post.data) {
    return (
      <Page title={t('post')}>
        <Loading />
      </Page>
    );
  }
  const zone = post.data.timezone ?? home;
  return (
    <Page title={t('post')} actions={<PostActs post={post.data} />}>
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <Content post={post.data} zone={zone} />
        <section aria-label={t('publications')} className="flex flex-col gap-3">
          {publications.isPending && <Loading rows={2} />}
          {publications.error && <Failed error={publications.error} again={() => publications.refetch()} />}
          {publications.data?.data.length === 0 && <p className="text-ink-soft">{t('no_publications')}</p>}
          {publications.data?.data.map((one) => (
            <Publication key={one.id} publication={one} zone={zone} />
          ))}
        </section>
      </div>
    </Page>
  );
}

/** On its way, or about to be. */
function isMoving({ state, due_at }: Detail): boolean {
  return (
    state === 'sending' ||
    state === 'confirming' ||
    (state === 'scheduled' && Date.parse(due_at) < Date.now() + 5_000)
  );
}

function Content({ post, zone }: { post: Post; zone: string }) {
  const { t } = useTranslation(['posts', 'common']);
  const formats = useFormats();
  return (
    <Panel>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        {isRemoved(post) ? <RemovedBadge /> : <StateBadge state={stateOf(post)} />}
        {post.scheduled_at && (
          <p className="text-[13px] text-ink-soft tabular-nums">
            {formats.moment(post.scheduled_at, zone)} ({zone})
          </p>
        )}
        {post.scheduled_at && (
          <Link
            href={`/?${new URLSearchParams({ view: 'week', day: wallOf(post.scheduled_at, zone).toPlainDate().toString() })}`}
            className="text-[13px] text-accent underline"
          >
            {t('in_calendar')}
          </Link>
        )}
        {post.series && (
          <Link href={`/series/${post.series.id}`} className="text-[13px] text-accent underline">
            {t('of_series')}
          </Link>
        )}
      </div>
      {post.text ? <Words of={post} /> : <p className="mb-3 text-ink-soft italic">{t('no_text')}</p>}
      <Files ids={post.media_ids} />
      {post.poll && (
        <div className="mt-3 rounded-lg border border-line p-3">
          <p className="font-medium">{post.poll.question}</p>
          <ul className="mt-1 list-disc pl-5">
            {post.poll.options.map((option) => (
              <li key={option}>{option}</li>
            ))}
          </ul>
        </div>
      )}
      {post.parts.map((part, index) => (
        <div key={index} className="mt-3 border-t border-line pt-3">
          <p className="text-[13px] text-ink-soft">{t('part', { part: index + 2 })}</p>
          <Words of={part} />
          <Files ids={part.media_ids} />
        </div>
      ))}
      {post.first_comment && (
        <div className="mt-3 border-t border-line pt-3">
          <p className="text-[13px] text-ink-soft">{t('first_comment')}</p>
          <Words of={post.first_comment} />
        </div>
      )}
      <Versions post={post} />
    </Panel>
  );
}

function Words({ of: { text, entities } }: { of: Pick<Post, 'text' | 'entities'> }) {
  return (
    <div className="mb-3 [overflow-wrap:anywhere] whitespace-pre-wrap last:mb-0">
      <Rich text={text} entities={entities} />
    </div>
  );
}

/** Where networks and communities get another text or other files. */
function Versions({ post }: { post: Post }) {
  const { t } = useTranslation('posts');
  const communities = useCommunities();
  return Object.entries(post.overrides).map(([owner, { text, entities, media_ids }]) => {
    if (text === undefined && media_ids === undefined) return null;
    const community = communities.data?.data.find(({ id }) => id === owner);
    return (
      <section key={owner} className="mt-3 border-t border-line pt-3">
        <h3 className="mb-1.5 flex items-center gap-1.5 text-[13px] text-ink-soft">
          <NetworkMark network={community?.network ?? owner} className="size-4 text-[8px]" />
          {t('version', { of: community?.title ?? networkTitle(owner) })}
        </h3>
        {text !== undefined && <Words of={{ text, entities: entities ?? [] }} />}
        {media_ids && <Files ids={media_ids} />}
      </section>
    );
  });
}

function PostActs({ post }: { post: Post }) {
  const { t } = useTranslation(['posts', 'common']);
  const [, go] = useLocation();
  const queries = useQueryClient();
  const tell = useTell();
  const tellError = useTellError();
  const confirm = useConfirm();
  const param = { id: post.id };
  const settled = () => queries.invalidateQueries({ queryKey: ['posts'] });
  const duplicate = useMutation({
    mutationFn: () => ask(client.v1.posts[':id'].duplicate.$post({ param })),
    onSuccess: ({ id }) => go(`/posts/${id}/edit`),
    onError: tellError,
  });
  const cancel = useMutation({
    mutationFn: () => ask(client.v1.posts[':id'].cancel.$post({ param })),
    onSuccess: () => tell({ text: t('cancelled') }),
    onError: tellError,
    onSettled: settled,
  });
  const publish = useMutation({
    mutationFn: () => ask(client.v1.posts[':id'].publish.$post({ param })),
    onError: tellError,
    onSettled: settled,
  });
  const remove = useMutation({
    mutationFn: () => send(client.v1.posts[':id'].$delete({ param })),
    onSuccess: () => {
      tell({ text: t('deleted') });
      go('/posts', { replace: true });
      // But not this one, which is still on the page for a moment.
      return queries.invalidateQueries({
        queryKey: ['posts'],
        predicate: ({ queryKey }) => queryKey[1] !== post.id,
      });
    },
    onError: tellError,
  });
  const planned = post.status === 'scheduled';
  const draft = post.status === 'draft' || post.status === 'cancelled';
  const asked = async (question: 'publish' | 'cancel' | 'remove', act: () => void, danger = false) => {
    const yes = await confirm({
      title: t(`ask_post.${question}`),
      text: t(`ask_post_text.${question}`),
      confirm: t(`post_act.${question}`),
      danger,
    });
    if (yes) act();
  };
  return (
    <>
      <Button small icon={FilePen} onClick={() => go(`/posts/${post.id}/edit`)}>
        {t('common:action.edit')}
      </Button>
      <Button small icon={Copy} busy={duplicate.isPending} onClick={() => duplicate.mutate()}>
        {t('post_act.duplicate')}
      </Button>
      {!post.series && <RepeatButton id={post.id} />}
      {planned && (
        <Button
          small
          icon={CalendarX}
          busy={cancel.isPending}
          onClick={() => asked('cancel', () => cancel.mutate())}
        >
          {t('post_act.cancel')}
        </Button>
      )}
      {(planned || post.status === 'draft') && post.community_ids.length > 0 && (
        <Button
          small
          icon={Send}
          busy={publish.isPending}
          onClick={() => asked('publish', () => publish.mutate())}
        >
          {t('post_act.publish')}
        </Button>
      )}
      {draft && (
        <Button
          small
          icon={Trash2}
          busy={remove.isPending}
          onClick={() => asked('remove', () => remove.mutate(), true)}
        >
          {t('common:action.delete')}
        </Button>
      )}
    </>
  );
}

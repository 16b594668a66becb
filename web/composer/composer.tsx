import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { ApiError, client, send } from '../api.ts';
import type { Community } from '../communities/list.tsx';
import { cx } from '../parts/class.ts';
import { useConfirm } from '../parts/dialog.tsx';
import { networkTitle } from '../parts/network.tsx';
import { Page } from '../parts/page.tsx';
import { StateBadge } from '../parts/state.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';
import { RepeatButton } from '../series/repeat.tsx';
import { Bar } from './bar.tsx';
import { type Start, useComposition } from './composition.ts';
import {
  type ChangeBody,
  differs,
  fields,
  filesOf,
  isEmpty,
  ownersOf,
  type Post,
  readyOf,
  same,
  type Tab,
} from './content.ts';
import { DropSign, useFiles } from './drop.tsx';
import { Fields } from './fields.tsx';
import { useKeys, useStay } from './keys.ts';
import { filesMost, useMedia, useUploads } from './media-queries.ts';
import type { Network } from './networks.ts';
import { Conflict, Notice } from './notices.tsx';
import { usePreview } from './preview.ts';
import { PreviewPanel } from './preview-panel.tsx';
import { placeIn, problemsOf, type Remark, remarksOf } from './remarks.ts';
import { Schedule } from './schedule.tsx';
import { keepAsNew, rememberCommunities } from './storage.ts';
import { ContentTabs } from './tabs.tsx';
import { Targets } from './targets.tsx';
import { Views } from './views.tsx';
import { isPast, momentOf, timeOf, whenOf, zoneOf } from './when.ts';

interface Props {
  start: Start;
  workspace: string;
  /** The workspace's zone. */
  home: string;
  communities: readonly Community[];
  networks: readonly Network[];
  /** It has an id, and its address with it. */
  onCreated(id: string): void;
  /** Begins anew with what the server has. */
  onReload(): void;
}

export function Composer({ start, workspace, home, communities, networks, onCreated, onReload }: Props) {
  const { t } = useTranslation(['composer', 'common']);
  const [, go] = useLocation();
  const confirm = useConfirm();
  const tell = useTell();
  const tellError = useTellError();
  const formats = useFormats();
  const it = useComposition(start, workspace, onCreated);
  const { content, edit, when, post, saved } = it;
  const uploads = useUploads(content, edit, {
    full: (count) => tell({ text: t('media.full', { count, most: filesMost }), bad: true }),
    replaced: (undo) => tell({ text: t('media.cropped'), undo }),
  });
  const media = useMedia(useMemo(() => filesOf(content), [content]));
  const [opened, setOpened] = useState<Tab>('all');
  const [looking, setLooking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  const [asked, setAsked] = useState(false);

  const chosen = useMemo(
    () => content.community_ids.flatMap((id) => communities.find((one) => one.id === id) ?? []),
    [content.community_ids, communities],
  );
  const used = [...new Set(chosen.map(({ network }) => network))];
  const own = chosen.map(({ id }) => id).filter((id) => content.overrides[id] !== undefined || id === opened);
  const tabs: Tab[] = ['all', ...used, ...own];
  const tab = tabs.includes(opened) ? opened : 'all';

  const status = post?.status ?? 'draft';
  const isNothing = post === null && isEmpty(content);
  const isPublic = post?.publications.some(({ state }) => state === 'published') ?? false;
  const isPlanned = status !== 'draft' && !isPublic;
  const zone =
    (when.kind === 'at' ? when.zone : null) ??
    zoneOf(
      chosen.map(({ timezone }) => timezone),
      home,
    );
  const isChanged = post === null || !same(whenOf(post, home), when);
  const past = when.kind === 'at' && isPast(when.local, zone);
  const time = useMemo(
    () => (isPublic || past || when.kind === 'now' ? {} : timeOf(when, zone)),
    [isPublic, past, when, zone],
  );
  const looked = usePreview(content, time, post?.id ?? null);
  const found = useMemo(() => {
    const told = remarksOf(looked.preview, looked.refusal ?? refusal);
    const local: Remark[] = [];
    const add = (path: string, message: string) =>
      local.push({ path, message, code: null, communities: [], isWarning: false, length: null });
    if (asked && content.community_ids.length === 0) add('/community_ids', t('targets.choose'));
    if (asked && content.poll && !readyOf(content).poll) add('/poll', t('poll.unfinished'));
    if (asked && when.kind === 'at' && momentOf(when.local, zone) === null) {
      add('/local_time', t('when.incomplete'));
    }
    return [...told, ...local];
  }, [looked.preview, looked.refusal, refusal, asked, content, when, zone, t]);
  const wrong = found.filter(({ isWarning }) => !isWarning);
  // Nobody needs to be told that what is not written yet is not written yet.
  const remarks = asked ? found : found.filter(({ code }) => code !== 'empty');
  const problems = remarks.filter(({ isWarning }) => !isWarning);
  const timeProblem = problems.find(({ path }) =>
    ['at', 'local_time', 'scheduled_at', 'timezone', 'publish_now'].includes(placeIn(path).field),
  );
  const aboutTargets = problems.filter(({ path }) => placeIn(path).field === 'community_ids');
  const showProblem = () => {
    setAsked(true);
    setLooking(false);
    const first = wrong.map(({ path }) => placeIn(path).owner)[0];
    if (first) setOpened(first);
    // Once it is drawn.
    setTimeout(() => {
      const field = document.querySelector<HTMLElement>('#composer [aria-invalid=true]');
      field?.focus();
      (field ?? document.querySelector('#composer .text-bad'))?.scrollIntoView({ block: 'center' });
    }, 50);
  };

  const after = async (done: Post, before: Post['status']) => {
    if (before === 'draft') rememberCommunities(workspace, done.community_ids);
    const { id } = done;
    const takeBack = async () => {
      const json = { scheduled_at: null } satisfies ChangeBody;
      await send(client.v1.posts[':id'].$patch({ param: { id }, json })).then(
        () => go(`/posts/${id}/edit`),
        tellError,
      );
    };
    if (isPublic) tell({ text: t('done.updated') });
    else if (done.status === 'draft') tell({ text: t('done.unscheduled') });
    else if (when.kind === 'now') tell({ text: t('done.sent') });
    else if (before === 'draft' && done.scheduled_at) {
      const at = `${formats.day(done.scheduled_at, zone)}, ${formats.time(done.scheduled_at, zone)} ${zone}`;
      tell({ text: t('done.scheduled', { at }), undo: takeBack });
    } else tell({ text: t('done.saved') });
    go(`/posts/${id}`);
  };

  /** Saves a draft at once. The bar says why where that fails. */
  const keep = async () => {
    if (busy || isNothing) return;
    if (await it.flush()) tell({ text: t('done.draft') });
  };
  const act = async () => {
    if (busy || isNothing) return;
    setRefusal(null);
    if (status === 'draft' && when.kind === 'draft') return keep();
    const missing =
      content.community_ids.length === 0 ||
      (content.poll !== null && readyOf(content).poll === null) ||
      (!isPublic && when.kind === 'at' && (past || momentOf(when.local, zone) === null));
    if (missing || (!isPublic && !looked.isOld && wrong.length > 0)) {
      showProblem();
      return;
    }
    if (uploads.uploads.some(({ state }) => state !== 'failed')) {
      tell({ text: t('media.still'), bad: true });
      return;
    }
    const titles = chosen.map(({ title, network }) => `${title} (${networkTitle(network)})`).join(', ');
    const question = isPublic
      ? { title: t('ask.update'), text: t('ask.update_text', { titles }), confirm: t('action.update') }
      : when.kind === 'now'
        ? { title: t('ask.now'), text: t('ask.now_text', { titles }), confirm: t('action.now') }
        : null;
    if (question && !(await confirm(question))) return;
    setBusy(true);
    try {
      const wanted: ChangeBody =
        isPublic || (isPlanned && !isChanged)
          ? {}
          : when.kind === 'draft'
            ? { scheduled_at: null }
            : timeOf(when, zone);
      await after(await it.submit(wanted), status);
    } catch (error) {
      setBusy(false);
      if (error instanceof ApiError && error.code === 'invalid') {
        setRefusal(error);
        showProblem();
      } else tellError(error);
    }
  };

  const remove = async () => {
    const sure = await confirm({
      title: t('delete.title'),
      text: t('delete.text'),
      confirm: t('common:action.delete'),
      danger: true,
    });
    if (!sure) return;
    setBusy(true);
    try {
      await it.drop(({ id }) => send(client.v1.posts[':id'].$delete({ param: { id } })).catch(unlessGone));
      uploads.stop();
      tell({ text: t('delete.done') });
      go('/');
    } catch (error) {
      setBusy(false);
      tellError(error);
    }
  };
  /** Of what is planned or public: back to what the server has. */
  const giveUp = async () => {
    const sure = await confirm({
      title: t('give_up.title'),
      text: t('give_up.text'),
      confirm: t('give_up.button'),
      danger: true,
    });
    if (!sure) return;
    it.forget();
    uploads.stop();
    onReload();
  };

  useKeys({
    act,
    keep: () => (status === 'draft' ? keep() : act()),
    open: (n) => {
      const wanted = tabs[n];
      if (wanted !== undefined) setOpened(wanted);
    },
  });
  const networkOf = (id: string) => chosen.find((one) => one.id === id)?.network;
  const dragging = useFiles((files) =>
    uploads.add(files, { tab, owners: ownersOf(tab, networkOf), part: 0 }),
  );
  useStay(uploads.uploads.some(({ state }) => state !== 'failed'));

  const action = isPublic
    ? t('action.update')
    : when.kind === 'now'
      ? t('action.now')
      : when.kind === 'draft'
        ? t(isPlanned ? 'action.unschedule' : 'action.draft')
        : t(isPlanned ? 'action.save' : 'action.schedule');
  const conflict = saved.kind === 'conflict' && (
    <Conflict
      text={saved.error.status === 404 ? t('conflict.gone') : t('conflict.changed')}
      onReload={() => {
        it.forget();
        onReload();
      }}
      onKeep={() => {
        it.forget();
        go(`/posts/new?${keepAsNew(workspace, { content, when })}`);
      }}
    />
  );
  return (
    <Page
      title={t(start.post ? 'title.edit' : 'title.new')}
      actions={
        // As high before they come as after.
        <span className="flex min-h-8 items-center gap-3">
          {post && status === 'draft' && <RepeatButton id={post.id} before={it.flush} />}
          {post && (
            <span className={cx(status === 'draft' && 'max-sm:hidden')}>
              <StateBadge state={status} />
            </span>
          )}
        </span>
      }
      foot={
        <Bar
          saved={saved}
          action={action}
          busy={busy}
          disabled={saved.kind === 'conflict' || isNothing}
          problems={problems.length}
          onAct={act}
          onProblems={showProblem}
          onDelete={status === 'draft' && !isNothing ? remove : null}
          onGiveUp={saved.kind === 'local' ? giveUp : null}
        />
      }
    >
      <div id="composer" className="flex flex-col gap-4">
        {conflict}
        {start.stored && !conflict && !isEmpty(content) && <Notice text={t('restored')} />}
        {isPublic && <Notice warns text={t('public')} />}
        {status === 'scheduled' && !isPublic && <Notice text={t('planned')} />}
        <Views looking={looking} onChange={setLooking} />
        <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_minmax(20rem,26rem)]">
          <div className={cx('flex min-w-0 flex-col gap-5', looking && 'max-lg:hidden')}>
            <Targets
              communities={communities}
              chosen={content.community_ids}
              onChange={(community_ids) => edit((before) => ({ ...before, community_ids }))}
              locked={isPublic}
              remarks={aboutTargets}
            />
            <ContentTabs
              tab={tab}
              tabs={tabs}
              chosen={chosen}
              onChange={setOpened}
              differs={(one) => fields.some((field) => differs(content, one, field))}
              problems={(one) => problemsOf(remarks, one)}
            >
              <Fields
                content={content}
                edit={edit}
                tab={tab}
                chosen={chosen}
                networks={networks}
                media={media}
                uploads={uploads}
                preview={looked.preview}
                isOld={looked.isOld}
                remarks={remarks}
                autoFocus
              />
            </ContentTabs>
            {!isPublic && (
              <Schedule
                when={when}
                onChange={it.choose}
                chosen={chosen}
                home={home}
                preview={looked.preview}
                error={timeProblem?.message}
                isPlanned={isPlanned}
                timeSensitive={content.time_sensitive}
                onTimeSensitive={(time_sensitive) => edit((before) => ({ ...before, time_sensitive }))}
              />
            )}
          </div>
          <section
            aria-label={t('preview.title')}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keys must be able to
            tabIndex={0}
            className={cx(
              'min-w-0 lg:sticky lg:top-6 lg:max-h-[calc(100dvh-10.5rem)] lg:overflow-y-auto',
              !looking && 'max-lg:hidden',
            )}
          >
            <h2 className="mb-3 font-semibold max-lg:sr-only">{t('preview.title')}</h2>
            <PreviewPanel
              preview={looked.preview}
              error={looked.error}
              content={content}
              tab={tab}
              chosen={chosen}
              media={media}
            />
          </section>
        </div>
      </div>
      {dragging && <DropSign />}
    </Page>
  );
}

/** Somebody else was faster. */
function unlessGone(error: unknown): void {
  if (!(error instanceof ApiError && error.status === 404)) throw error;
}

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
import { type ChangeBody, isEmpty, ownersOf, type Post, readyOf, same } from './content.ts';
import { Desk, useDesk, useMissing } from './desk.tsx';
import { DropSign, useFiles } from './drop.tsx';
import { useKeys, useStay } from './keys.ts';
import { useGoFromHere } from './leave.ts';
import type { Network } from './networks.ts';
import { Conflict, Notice } from './notices.tsx';
import { usePreview } from './preview.ts';
import { placeIn, remarkHere, remarksOf } from './remarks.ts';
import { Schedule } from './schedule.tsx';
import { keepAsNew, rememberCommunities } from './storage.ts';
import { Views } from './views.tsx';
import { isPast, momentOf, timeOf, whenOf, zoneOf } from './when.ts';

interface Props {
  start: Start;
  workspace: string;
  /** The workspace's zone. */
  home: string;
  communities: readonly Community[];
  networks: readonly Network[];
  /** Where a post leads that was planned; null: to its own page. */
  back: string | null;
  /** It has an id, and its address with it. */
  onCreated(id: string): void;
  /** Begins anew with what the server has. */
  onReload(): void;
}

export function Composer({
  start,
  workspace,
  home,
  communities,
  networks,
  back,
  onCreated,
  onReload,
}: Props) {
  const { t } = useTranslation(['composer', 'common']);
  const [, go] = useLocation();
  const goFromHere = useGoFromHere();
  const confirm = useConfirm();
  const tell = useTell();
  const tellError = useTellError();
  const formats = useFormats();
  const it = useComposition(start, workspace, onCreated);
  const { content, edit, when, post, saved } = it;
  const desk = useDesk(content, edit, communities);
  const { chosen, uploads } = desk;
  const [looking, setLooking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<ApiError | null>(null);
  const [asked, setAsked] = useState(false);

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
  const missing = useMissing(content, asked);
  const found = useMemo(() => {
    const timeless = asked && when.kind === 'at' && momentOf(when.local, zone) === null;
    return [
      ...remarksOf(looked.preview, looked.refusal ?? refusal),
      ...missing,
      ...(timeless ? [remarkHere('/local_time', t('when.incomplete'))] : []),
    ];
  }, [looked.preview, looked.refusal, refusal, missing, asked, when, zone, t]);
  const wrong = found.filter(({ isWarning }) => !isWarning);
  // Nobody needs to be told that what is not written yet is not written yet.
  const remarks = asked ? found : found.filter(({ code }) => code !== 'empty');
  const problems = remarks.filter(({ isWarning }) => !isWarning);
  const timeProblem = problems.find(({ path }) =>
    ['at', 'local_time', 'scheduled_at', 'timezone', 'publish_now'].includes(placeIn(path).field),
  );
  const showProblem = () => {
    setAsked(true);
    setLooking(false);
    const first = wrong.map(({ path }) => placeIn(path).owner)[0];
    if (first) desk.open(first);
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
    const isPlannedNow = before === 'draft' && done.scheduled_at !== null && when.kind !== 'now';
    goFromHere(isPlannedNow && back !== null ? back : `/posts/${id}`);
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
    const isIncomplete =
      content.community_ids.length === 0 ||
      (content.poll !== null && readyOf(content).poll === null) ||
      (!isPublic && when.kind === 'at' && (past || momentOf(when.local, zone) === null));
    if (isIncomplete || (!isPublic && !looked.isOld && wrong.length > 0)) {
      showProblem();
      return;
    }
    if (desk.sending > 0) {
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
      goFromHere('/');
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
      const wanted = desk.tabs[n];
      if (wanted !== undefined) desk.open(wanted);
    },
  });
  const networkOf = (id: string) => chosen.find((one) => one.id === id)?.network;
  const dragging = useFiles((files) =>
    uploads.add(files, { tab: desk.tab, owners: ownersOf(desk.tab, networkOf), part: 0 }),
  );
  useStay(desk.sending > 0);

  const action = isPublic
    ? t('action.update')
    : when.kind === 'now'
      ? t('action.now')
      : when.kind === 'draft'
        ? t(isPlanned ? 'action.unschedule' : 'action.draft')
        : t(isPlanned ? 'action.save' : 'action.schedule');
  const isGone = saved.kind === 'conflict' && saved.error.status === 404;
  const conflict = saved.kind === 'conflict' && (
    <Conflict
      text={isGone ? t('conflict.gone') : t('conflict.changed')}
      reload={isGone ? t('give_up.button') : undefined}
      onReload={() => {
        it.forget();
        if (isGone) go('/posts');
        else onReload();
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
        <Desk
          desk={desk}
          networks={networks}
          looked={looked}
          remarks={remarks}
          locked={isPublic}
          autoFocus
          looking={looking}
        >
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
        </Desk>
      </div>
      {dragging && <DropSign />}
    </Page>
  );
}

/** Somebody else was faster. */
function unlessGone(error: unknown): void {
  if (!(error instanceof ApiError && error.status === 404)) throw error;
}

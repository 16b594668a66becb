import { Plus, Trash2 } from 'lucide-react';
import { type FormEvent, useCallback, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation } from 'wouter';
import { ApiError } from '../api.ts';
import type { Community } from '../communities/list.tsx';
import { type Content, emptyContent, readyOf } from '../composer/content.ts';
import { useStay } from '../composer/keys.ts';
import type { Network } from '../composer/networks.ts';
import { Conflict, Notice } from '../composer/notices.tsx';
import { Views } from '../composer/views.tsx';
import { preload } from '../frame/pages.tsx';
import { useWorkspace } from '../frame/session.tsx';
import { Button } from '../parts/button.tsx';
import { Field, FieldError, Input } from '../parts/field.tsx';
import { Page } from '../parts/page.tsx';
import { useTell, useTellError } from '../parts/toast.tsx';
import { Choices } from './choices.tsx';
import { Coming, useComing } from './coming.tsx';
import { type Draft, onto, type Start, whenOf, written } from './draft.ts';
import type { Series } from './queries.ts';
import { RuleFields } from './rule-fields.tsx';
import { useSave } from './save.ts';
import { SetPost } from './set-post.tsx';
import { store } from './storage.ts';

interface Props {
  start: Start;
  communities: readonly Community[];
  networks: readonly Network[];
  /** Has the form stand over the series as it is now, and answers with that. Throws what the server says. */
  onRenew(): Promise<Series>;
  /** Begins anew with what the server has. */
  onReload(): void;
  /** Of a series that is gone. */
  onKeepAsNew(draft: Draft): void;
  onDiscard(): void;
}

/** A series while it is written: when it goes out, and what. */
export function SeriesForm(props: Props) {
  const { start, communities, networks, onRenew, onReload, onKeepAsNew, onDiscard } = props;
  const { series, source, restored, slot, wish } = start;
  const { t } = useTranslation(['series', 'composer', 'common']);
  const { id: workspace } = useWorkspace();
  const [, go] = useLocation();
  const tell = useTell();
  const tellError = useTellError();
  const [draft, setDraft] = useState(start.draft);
  const [opened, setOpened] = useState(draft.posts[0]?.key);
  const [looking, setLooking] = useState(false);
  const [asked, setAsked] = useState(false);
  const [sending, setSending] = useState(0);
  const change = useCallback((part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part })), []);
  const { saving, keep } = useSave(start);
  const conflict = series && conflictOf(saving.error);
  useStay(sending > 0);
  const when = whenOf(draft);
  const settled = useSettled(when);
  const coming = useComing(settled);
  const isOld = coming.isPlaceholderData || JSON.stringify(settled) !== JSON.stringify(when);
  // What is saved is not kept any more, whatever is typed until the page is left.
  const keeps = draft !== start.draft && !saving.isPending && !saving.isSuccess;
  useEffect(() => {
    if (keeps) keep(draft);
  }, [keeps, draft, keep]);

  const index = Math.max(
    0,
    draft.posts.findIndex(({ key }) => key === opened),
  );
  const open = draft.posts[index];
  const key = open?.key;
  const edit = useCallback(
    (update: (before: Content) => Content) =>
      setDraft((before) => ({
        ...before,
        posts: before.posts.map((post) =>
          post.key === key ? { ...post, content: update(post.content) } : post,
        ),
      })),
    [key],
  );
  const refused = [saving.error, coming.error].filter((error) => error instanceof ApiError);
  const fault = (path: string) =>
    refused.flatMap(({ errors }) => errors).find((one) => one.path === path)?.message;
  const about = useMemo(() => refusalOf(saving.error, index), [saving.error, index]);
  useEffect(() => preload('/series/:id'), []);
  const nameless = asked && draft.name.trim() === '';

  const add = () => {
    const next = written({ ...emptyContent, community_ids: open?.content.community_ids ?? [] });
    change({ posts: [...draft.posts, next] });
    setOpened(next.key);
  };
  const remove = () => {
    const before = draft.posts;
    change({ posts: before.filter((post) => post !== open) });
    tell({ text: t('post_removed'), undo: () => change({ posts: before }) });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (saving.isPending || conflict) return;
    setAsked(true);
    const unfinished = draft.posts.find(
      ({ content }) =>
        content.community_ids.length === 0 || (content.poll !== null && readyOf(content).poll === null),
    );
    if (sending > 0) return tell({ text: t('composer:media.still'), bad: true });
    if (!when || unfinished || draft.name.trim() === '') {
      if (unfinished) setOpened(unfinished.key);
      setLooking(false);
      return showFault();
    }
    saving.mutate(
      { draft, when },
      {
        onSuccess: ({ saved }) => go(`/series/${saved.id}`, { replace: true }),
        onError: (error) => {
          if (series && conflictOf(error)) return show('#series [role=alert]');
          const at = error instanceof ApiError ? faultyPost(error) : null;
          const wrong = at === null ? undefined : draft.posts[at];
          if (wrong) setOpened(wrong.key);
          setLooking(false);
          showFault();
        },
      },
    );
  };

  const goOn = async () => {
    try {
      const now = await onRenew();
      saving.reset();
      setDraft((mine) => onto(now, mine));
    } catch (error) {
      tellError(error);
    }
  };

  const several = draft.posts.length > 1;
  return (
    <Page
      title={t(series ? 'edit' : 'new')}
      foot={
        <>
          <div className="mr-auto min-w-0">
            <FieldError error={conflict ? t('composer:save.conflict') : saving.error?.message} />
          </div>
          <Button onClick={() => go(series ? `/series/${series.id}` : '/series')}>
            {t('common:action.cancel')}
          </Button>
          <Button
            type="submit"
            form="series"
            look="primary"
            busy={saving.isPending}
            disabled={conflict !== null}
          >
            {t(series ? 'common:action.save' : 'create')}
          </Button>
        </>
      }
    >
      <form id="series" noValidate onSubmit={submit} className="flex flex-col gap-5">
        {conflict === 'changed' && (
          <Conflict text={t('changed_meanwhile')} keep={t('stale_keep')} onReload={onReload} onKeep={goOn} />
        )}
        {conflict === 'gone' && (
          <Conflict
            text={t('gone_meanwhile')}
            reload={t('discard')}
            keep={t('gone_keep')}
            onReload={onDiscard}
            onKeep={() => onKeepAsNew(draft)}
          />
        )}
        {source?.status === 'draft' && <Notice text={t('from_draft')} />}
        {source && source.status !== 'draft' && <Notice text={t('from_post')} />}
        {restored && !conflict && (
          <Notice text={t(wish && !series ? 'restored_sent' : 'restored')}>
            <Button
              small
              onClick={() => {
                store(workspace, slot, null);
                go(series ? `/series/${series.id}` : source ? `/posts/${source.id}` : '/series');
              }}
            >
              {t('discard')}
            </Button>
          </Notice>
        )}
        <Field
          label={t('name')}
          hint={t('name_hint')}
          error={nameless ? t('name_missing') : fault('/name')}
          className="max-w-xl"
        >
          <Input
            value={draft.name}
            maxLength={200}
            onChange={({ target }) => change({ name: target.value })}
          />
        </Field>
        <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,1fr)_minmax(20rem,26rem)]">
          <RuleFields draft={draft} change={change} fault={fault} />
          <Coming when={when} found={coming} isOld={isOld} />
        </div>
        <div className="flex flex-wrap items-center gap-2">
          <h2 className="mr-auto font-semibold">{t('what')}</h2>
          {several && (
            <Choices
              label={t('what')}
              name="set"
              options={draft.posts.map((post, nth) => [post.key, t('post_n', { n: nth + 1 })])}
              value={key ?? ''}
              onChange={(next) =>
                sending > 0 ? tell({ text: t('composer:media.still'), bad: true }) : setOpened(next)
              }
            />
          )}
          {several && (
            <Button small look="quiet" icon={Trash2} onClick={remove}>
              {t('post_remove', { n: index + 1 })}
            </Button>
          )}
          <Button small icon={Plus} disabled={sending > 0 || draft.posts.length >= 100} onClick={add}>
            {t('post_add')}
          </Button>
        </div>
        <p className="-mt-3 text-[13px] text-ink-soft">{t(several ? 'turns_hint' : 'alone_hint')}</p>
        {several && (
          <Field
            label={t('distance')}
            hint={t('distance_hint')}
            error={fault('/min_distance_days')}
            className="max-w-sm"
          >
            <Input
              type="number"
              min={1}
              max={3_650}
              value={draft.distance}
              onChange={({ target }) => change({ distance: target.value })}
            />
          </Field>
        )}
        <Views looking={looking} onChange={setLooking} />
        {open && (
          <SetPost
            key={open.key}
            content={open.content}
            edit={edit}
            communities={communities}
            networks={networks}
            refusal={about}
            asked={asked}
            looking={looking}
            onSending={setSending}
          />
        )}
      </form>
    </Page>
  );
}

/** Shows the first thing that is wrong. */
function showFault(): void {
  show('#series [aria-invalid=true]', '#series .text-bad:not(.hidden)');
}

/** Brings the first that there is into sight, once it is drawn. */
function show(...selectors: string[]): void {
  setTimeout(() => {
    const [found] = selectors.flatMap((one) => document.querySelector<HTMLElement>(one) ?? []);
    found?.focus();
    found?.scrollIntoView({ block: 'center' });
  }, 50);
}

/** Why what was written cannot be saved over the series. */
function conflictOf(error: unknown): 'changed' | 'gone' | null {
  if (!(error instanceof ApiError)) return null;
  return error.code === 'conflict' ? 'changed' : error.status === 404 ? 'gone' : null;
}

const ofPost = /^\/posts\/(\d+)/;

/** The first post that a refusal is about; null: none. */
function faultyPost({ errors }: ApiError): number | null {
  for (const { path } of errors) {
    const found = ofPost.exec(path);
    if (found) return Number(found[1]);
  }
  return null;
}

/** What a refusal says of one post, as if it were alone. */
function refusalOf(error: unknown, index: number): ApiError | null {
  if (!(error instanceof ApiError)) return null;
  const own = error.errors
    .filter(({ path }) => Number(ofPost.exec(path)?.[1]) === index)
    .map(({ path, message }) => ({ path: path.replace(ofPost, ''), message }));
  return own.length > 0 ? new ApiError(error.status, error.code, error.message, own) : null;
}

/** A value a moment after its last change. */
function useSettled<T>(value: T): T {
  const text = JSON.stringify(value);
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return useMemo(() => JSON.parse(settled), [settled]);
}

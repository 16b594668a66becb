import {
  Check,
  ChevronDown,
  CircleAlert,
  type LucideIcon,
  MessageSquare,
  Pin,
  PinOff,
  RotateCw,
  Send,
  ShieldQuestion,
  Trash2,
  TriangleAlert,
  Undo2,
  X,
} from 'lucide-react';
import { Collapsible } from 'radix-ui';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCommunities } from '../communities/list.tsx';
import { There } from '../communities/there.tsx';
import { Button } from '../parts/button.tsx';
import { Dialog, useConfirm } from '../parts/dialog.tsx';
import { Field, Input, Textarea } from '../parts/field.tsx';
import { NetworkMark } from '../parts/network.tsx';
import { StateBadge } from '../parts/state.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell } from '../parts/toast.tsx';
import { type ActAction, type Action, type Detail, useActDecision, usePublicationAct } from './acts.ts';
import { RemovedBadge } from './removed.tsx';

/** What became of a post in one community: its state, the evidence, and what can be done. */
export function Publication({ publication, zone }: { publication: Detail; zone: string }) {
  const { t } = useTranslation(['posts', 'common']);
  const formats = useFormats();
  const { community, state, error, note, drift } = publication;
  const communities = useCommunities();
  const there = communities.data?.data.find(({ id }) => id === community.id)?.url;
  const reason = publication.hold_reason && t(`hold.${publication.hold_reason}`);
  const removed = publication.removed_at !== null;
  // What will not go out by itself was to go out.
  const due = state === 'failed' || state === 'unconfirmed' || state === 'cancelled' ? 'was_due' : 'due_at';
  return (
    <article
      className="flex flex-col gap-3 rounded-xl border border-line bg-panel p-4"
      aria-label={community.title}
    >
      <header className="flex flex-wrap items-center gap-2">
        <NetworkMark network={community.network} />
        <h3 className="font-medium">{community.title}</h3>
        {publication.part > 1 && (
          <span className="text-ink-soft">{t('part', { part: publication.part })}</span>
        )}
        {removed ? <RemovedBadge /> : <StateBadge state={state} />}
        <p className="ml-auto text-[13px] text-ink-soft tabular-nums">
          {publication.removed_at
            ? t('removed_at', { at: formats.moment(publication.removed_at, zone), zone })
            : publication.published_at
              ? t('published_at', { at: formats.moment(publication.published_at, zone), zone })
              : t(due, { at: formats.moment(publication.due_at, zone), zone })}
        </p>
        {publication.remote_url && !removed && <There href={publication.remote_url}>{t('open_there')}</There>}
      </header>
      {state === 'unconfirmed' && (
        <Notice
          icon={ShieldQuestion}
          look="warn"
          title={t('unconfirmed_title')}
          text={note ?? t('unconfirmed_text')}
        >
          {there && <There href={there}>{t('look_there', { title: community.title })}</There>}
        </Notice>
      )}
      {state === 'held' && (
        <Notice icon={TriangleAlert} look="warn" title={t('held_title')} text={reason ?? note ?? ''} />
      )}
      {error && state !== 'unconfirmed' && (
        <Notice
          icon={CircleAlert}
          look="bad"
          title={error.message}
          text={[error.next_step, error.code].filter(Boolean).join(' · ')}
        />
      )}
      {drift && (
        <Notice
          icon={TriangleAlert}
          look="warn"
          title={t(`drift.${drift.kind}`)}
          text={drift.seen ?? formats.moment(drift.at, zone)}
        />
      )}
      <Actions publication={publication} />
      <Acts publication={publication} zone={zone} />
      <Evidence publication={publication} zone={zone} />
    </article>
  );
}

interface NoticeProps {
  icon: LucideIcon;
  look: 'warn' | 'bad';
  title: string;
  text: string;
  children?: ReactNode;
}

function Notice(props: NoticeProps) {
  const colours = props.look === 'bad' ? 'border-bad bg-bad-soft' : 'border-warn bg-warn-soft';
  return (
    <div className={`flex gap-2.5 rounded-lg border p-3 ${colours}`}>
      <props.icon className="mt-0.5 size-4 shrink-0" aria-hidden />
      <div className="min-w-0">
        <p className="font-medium">{props.title}</p>
        {props.text && <p className="break-words">{props.text}</p>}
        {props.children}
      </div>
    </div>
  );
}

const icons: Record<Action, LucideIcon> = {
  confirm: Send,
  absent: RotateCw,
  discard: X,
  release: Send,
  retry: RotateCw,
  dismiss: Check,
  restore: Undo2,
  cancel: X,
  delete: Trash2,
  pin: Pin,
  unpin: PinOff,
  comment: MessageSquare,
};
/** Those whose outcome the card itself does not show. */
const told = ['confirm', 'absent', 'discard', 'release', 'retry', 'dismiss', 'cancel'] as const;

/** Those that cannot be taken back. */
const asking: readonly Action[] = ['discard', 'delete', 'absent', 'cancel', 'release'];

/** Buttons for what the API says can be done now. */
export function Actions({ publication }: { publication: Detail }) {
  const { t } = useTranslation(['posts', 'common']);
  const confirm = useConfirm();
  const act = usePublicationAct();
  const tell = useTell();
  const [writing, setWriting] = useState<'confirm' | 'comment' | null>(null);
  const { id } = publication;
  // The one that cannot be taken back is not the first under the mouse.
  const actions = publication.actions.toSorted((a, b) => Number(a === 'delete') - Number(b === 'delete'));
  if (actions.length === 0) return null;
  const press = async (action: Action) => {
    if (action === 'confirm' || action === 'comment') return setWriting(action);
    const yes =
      !asking.includes(action) ||
      (await confirm({
        title: t(`ask.${action as 'discard'}`),
        text: t(`ask_text.${action as 'discard'}`),
        confirm: t(`act.${action}`),
        danger: action === 'delete',
      }));
    if (!yes) return;
    const undo = action === 'dismiss' ? () => act.mutate({ id, action: 'restore' }) : undefined;
    await done(action, { id, action }, undo);
  };
  // On the page of what needs attention the card goes with its decision, and somebody has to say what became of it.
  const done = (action: Action, input: Parameters<typeof act.mutate>[0], undo?: () => void) =>
    act.mutateAsync(input).then(
      () => {
        const word = told.find((one) => one === action);
        const text = word && t(`done.${word}`, { title: publication.community.title });
        if (text) tell({ text, ...(undo && { undo }) });
      },
      // What failed is told already.
      () => {},
    );
  return (
    <div className="flex flex-wrap gap-2">
      {actions.map((action) => (
        <Button
          key={action}
          small
          icon={icons[action]}
          look={action === 'confirm' || action === 'release' || action === 'retry' ? 'primary' : 'plain'}
          busy={act.isPending && act.variables.action === action}
          onClick={() => press(action)}
        >
          {t(`act.${action}`)}
        </Button>
      ))}
      {writing && (
        <Writing
          kind={writing}
          onClose={() => setWriting(null)}
          onDone={(text) => {
            done(writing, { id, action: writing, ...(text && { text }) });
            setWriting(null);
          }}
        />
      )}
    </div>
  );
}

function Writing(props: { kind: 'confirm' | 'comment'; onClose(): void; onDone(text: string): void }) {
  const { t } = useTranslation(['posts', 'common']);
  const [text, setText] = useState('');
  const comment = props.kind === 'comment';
  return (
    <Dialog open onOpenChange={props.onClose} title={t(`writing.${props.kind}`)}>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          props.onDone(text.trim());
        }}
      >
        <Field
          label={comment ? t('writing.comment_text') : t('writing.address')}
          hint={comment ? undefined : t('writing.address_hint')}
        >
          {comment ? (
            <Textarea required value={text} onChange={(event) => setText(event.target.value)} />
          ) : (
            <Input type="url" value={text} onChange={(event) => setText(event.target.value)} />
          )}
        </Field>
        <Button type="submit" look="primary" className="self-end">
          {t(`act.${props.kind}`)}
        </Button>
      </form>
    </Dialog>
  );
}

function Acts({ publication, zone }: { publication: Detail; zone: string }) {
  const { t } = useTranslation(['posts', 'common']);
  const formats = useFormats();
  const confirm = useConfirm();
  const decision = useActDecision();
  const press = async (
    { id, kind }: { id: string; kind: Detail['acts'][number]['kind'] },
    action: ActAction,
  ) => {
    const text = action === 'absent' ? 'absent' : action === 'discard' ? 'discard' : null;
    const yes =
      text === null ||
      (await confirm({
        title: `${t(`kind.${kind}`)}: ${t(`act.${action}`)}`,
        text: t(`ask_act.${text}`),
        confirm: t(`act.${action}`),
      }));
    if (yes) decision.mutate({ id, action });
  };
  if (publication.acts.length === 0) return null;
  return (
    <ul className="flex flex-col gap-2 border-t border-line pt-3">
      {publication.acts.map((act) => (
        <li key={act.id} className="flex flex-wrap items-center gap-2">
          <span className="font-medium">{t(`kind.${act.kind}`)}</span>
          <span className="text-ink-soft">
            {t(`act_state.${act.state}`)} · {formats.moment(act.decided_at ?? act.due_at, zone)}
          </span>
          {act.text && <span className="w-full truncate text-ink-soft">«{act.text}»</span>}
          {act.error && (
            <span className="w-full text-bad">
              {act.error.message} {act.error.next_step}
            </span>
          )}
          {act.actions.map((action) => (
            <Button key={action} small onClick={() => press(act, action)}>
              {t(`act.${action}`)}
            </Button>
          ))}
        </li>
      ))}
    </ul>
  );
}

function Evidence({ publication, zone }: { publication: Detail; zone: string }) {
  const { t } = useTranslation(['posts', 'common']);
  const formats = useFormats();
  const { history, evidence } = publication;
  const lines = [
    ...history.map(({ at, to, reason }) => ({
      at,
      title: t(`common:state.${to}`),
      text: reason,
    })),
    ...evidence.map(({ at, decided_at, kind, outcome, message, code }) => ({
      at: decided_at ?? at,
      title: `${t(`evidence.${kind}`)}: ${t(`outcome.${outcome ?? 'none'}`)}`,
      text: [message, code].filter(Boolean).join(' · '),
    })),
  ].sort((a, b) => (a.at < b.at ? -1 : 1));
  return (
    <Collapsible.Root className="border-t border-line pt-2">
      <Collapsible.Trigger className="group flex items-center gap-1 text-[13px] text-ink-soft hover:text-ink">
        <ChevronDown className="size-4 transition-transform group-data-[state=open]:rotate-180" aria-hidden />
        {t('evidence.title', { count: lines.length })}
      </Collapsible.Trigger>
      <Collapsible.Content>
        <ol className="mt-2 flex flex-col gap-2 border-l border-line pl-4 text-[13px]">
          {lines.map((line, index) => (
            <li key={index}>
              <span className="text-ink-soft tabular-nums">
                {formats.date(line.at, zone)}, {formats.second(line.at, zone)}
              </span>{' '}
              <span className="font-medium">{line.title}</span>
              {line.text && <span className="block break-words text-ink-soft">{line.text}</span>}
            </li>
          ))}
        </ol>
      </Collapsible.Content>
    </Collapsible.Root>
  );
}

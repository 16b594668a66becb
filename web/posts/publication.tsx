import {
  ChevronDown,
  CircleAlert,
  ExternalLink,
  type LucideIcon,
  MessageSquare,
  Pin,
  PinOff,
  RotateCw,
  Send,
  ShieldQuestion,
  Trash2,
  TriangleAlert,
  X,
} from 'lucide-react';
import { Collapsible } from 'radix-ui';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../parts/button.tsx';
import { Dialog, useConfirm } from '../parts/dialog.tsx';
import { Field, Input, Textarea } from '../parts/field.tsx';
import { NetworkMark } from '../parts/network.tsx';
import { StateBadge } from '../parts/state.tsx';
import { useFormats } from '../parts/time.ts';
import { type Action, type Detail, useActDecision, usePublicationAct } from './acts.ts';

/** What became of a post in one community: its state, the evidence, and what can be done. */
export function Publication({ publication, zone }: { publication: Detail; zone: string }) {
  const { t } = useTranslation(['posts', 'common']);
  const formats = useFormats();
  const { community, state, error, note, drift } = publication;
  const reason = publication.hold_reason && t(`hold.${publication.hold_reason}`);
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
        <StateBadge state={state} />
        <p className="ml-auto text-[13px] text-ink-soft tabular-nums">
          {publication.published_at
            ? t('published_at', { at: formats.moment(publication.published_at, zone), zone })
            : t('due_at', { at: formats.moment(publication.due_at, zone), zone })}
        </p>
        {publication.remote_url && (
          <a
            href={publication.remote_url}
            target="_blank"
            rel="noreferrer"
            className="inline-flex items-center gap-1 text-accent underline underline-offset-4"
          >
            {t('open_there')}
            <ExternalLink className="size-3.5" aria-hidden />
          </a>
        )}
      </header>
      {state === 'unconfirmed' && (
        <Told
          icon={ShieldQuestion}
          look="warn"
          title={t('unconfirmed_title')}
          text={note ?? t('unconfirmed_text')}
        />
      )}
      {state === 'held' && (
        <Told icon={TriangleAlert} look="warn" title={t('held_title')} text={reason ?? note ?? ''} />
      )}
      {error && state !== 'unconfirmed' && (
        <Told
          icon={CircleAlert}
          look="bad"
          title={error.message}
          text={[error.next_step, error.code].filter(Boolean).join(' · ')}
        />
      )}
      {drift && (
        <Told
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

function Told(props: { icon: LucideIcon; look: 'warn' | 'bad'; title: string; text: string }) {
  const colours = props.look === 'bad' ? 'border-bad bg-bad-soft' : 'border-warn bg-warn-soft';
  return (
    <div className={`flex gap-2.5 rounded-lg border p-3 ${colours}`}>
      <props.icon className="mt-0.5 size-4 shrink-0" aria-hidden />
      <div className="min-w-0">
        <p className="font-medium">{props.title}</p>
        {props.text && <p className="break-words">{props.text}</p>}
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
  cancel: X,
  delete: Trash2,
  pin: Pin,
  unpin: PinOff,
  comment: MessageSquare,
};
/** Those that cannot be taken back. */
const asking: readonly Action[] = ['discard', 'delete', 'absent', 'cancel'];

/** Buttons for what the API says can be done now. */
export function Actions({ publication }: { publication: Detail }) {
  const { t } = useTranslation(['posts', 'common']);
  const confirm = useConfirm();
  const act = usePublicationAct();
  const [writing, setWriting] = useState<'confirm' | 'comment' | null>(null);
  const { id, actions } = publication;
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
    if (yes) act.mutate({ id, action });
  };
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
            act.mutate({ id, action: writing, ...(text && { text }) });
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
  const decision = useActDecision();
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
          {act.error && <span className="w-full text-bad">{act.error.message}</span>}
          {act.actions.map((action) => (
            <Button key={action} small onClick={() => decision.mutate({ id: act.id, action })}>
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
    ...history.map(({ at, to, reason }) => ({ at, title: t(`common:state.${to}`), text: reason })),
    ...evidence.map(({ at, kind, outcome, message, code }) => ({
      at,
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

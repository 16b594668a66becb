import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound, PenLine, TriangleAlert } from 'lucide-react';
import { type FormEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useParams } from 'wouter';
import { ask, client, send } from '../api.ts';
import { Button } from '../parts/button.tsx';
import { useConfirm } from '../parts/dialog.tsx';
import { useEdited } from '../parts/edited.ts';
import { Field, FieldError, Input, Select } from '../parts/field.tsx';
import { NetworkMark } from '../parts/network.tsx';
import { Failed, Loading, Page, Panel } from '../parts/page.tsx';
import { useFormats } from '../parts/time.ts';
import { useTell, useTellError } from '../parts/toast.tsx';
import { zones } from '../parts/zones.ts';
import type { Community } from './list.tsx';
import { RightsList } from './rights.tsx';
import { SettingsForm } from './settings.tsx';
import { SlotsEditor } from './slots.tsx';
import { There } from './there.tsx';

export default function CommunityPage() {
  const { t } = useTranslation(['communities', 'common']);
  const { id = '' } = useParams<{ id: string }>();
  const community = useQuery({
    queryKey: ['communities', id],
    queryFn: () => ask(client.v1.communities[':id'].$get({ param: { id } })),
  });
  const isThere = community.data !== undefined;
  // A link to a part of the page may be older than the part.
  useEffect(() => {
    if (isThere && location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, [isThere]);
  if (community.error) {
    return (
      <Page title={t('community')}>
        <Failed error={community.error} again={() => community.refetch()} />
      </Page>
    );
  }
  if (!community.data) {
    return (
      <Page title={t('community')}>
        <Loading />
      </Page>
    );
  }
  const { data } = community;
  // Where nothing can be published they are what to begin with.
  const access = (
    <Panel id="access" title={data.status === 'active' ? t('credentials') : t('connect_again')}>
      <Renewal community={data} />
    </Panel>
  );
  return (
    <Page
      title={data.title}
      lead={<About community={data} />}
      actions={
        <Link
          href={`/posts/new?community=${data.id}`}
          className="inline-flex h-8 items-center gap-2 rounded-lg bg-accent px-3 text-[13px] font-medium text-accent-ink"
        >
          <PenLine className="size-4" aria-hidden />
          {t('common:nav.new_post')}
        </Link>
      }
    >
      {data.status !== 'active' && (
        <div className="flex gap-2.5 rounded-xl border border-warn bg-warn-soft p-4" role="status">
          <KeyRound className="mt-0.5 size-4 shrink-0" aria-hidden />
          <p>
            <strong className="block font-medium">{t(`status.${data.status}`)}</strong>
            {t(`cut_off.${data.status}`)}
          </p>
        </div>
      )}
      {data.status !== 'active' && access}
      {data.warnings.map(({ code, message, since }) => (
        <p key={code + message} className="flex gap-2.5 rounded-xl border border-warn bg-warn-soft p-3">
          <TriangleAlert className="mt-0.5 size-4 shrink-0" aria-hidden />
          <span>
            {message} <Since at={since} />
          </span>
        </p>
      ))}
      {data.status !== 'disconnected' && (
        <Panel title={t('rights')}>
          <RightsList id={data.id} />
        </Panel>
      )}
      <div className="grid items-start gap-5 lg:grid-cols-2">
        <Panel title={t('slots')}>
          <SlotsEditor id={data.id} />
        </Panel>
        <div className="flex flex-col gap-5">
          <Panel title={t('common:nav.settings')}>
            <Basics community={data} />
          </Panel>
          <Panel id="network" title={t('network_settings')}>
            <SettingsForm community={data} />
          </Panel>
          {data.status === 'active' && access}
          <Panel title={t('leave')}>
            <Leave community={data} />
          </Panel>
        </div>
      </div>
    </Page>
  );
}

function Since({ at }: { at: string }) {
  const formats = useFormats();
  return <span className="text-ink-soft">({formats.ago(at)})</span>;
}

function About({ community }: { community: Community }) {
  const { t } = useTranslation('communities');
  const formats = useFormats();
  return (
    <span className="flex flex-wrap items-center gap-2">
      <NetworkMark network={community.network} />
      {t(`status.${community.status}`)}
      {community.members !== null &&
        ` · ${t('members', { count: community.members, shown: formats.number(community.members) })}`}
      {` · ${community.timezone}`}
      {community.url && <There href={community.url}>{community.handle ?? t('open_there')}</There>}
    </span>
  );
}

type Change = Parameters<(typeof client.v1.communities)[':id']['$patch']>[0]['json'];

/** Sends a change, and shows the community anew. `back`: what takes it back, where that can be. */
export function useChange(id: string, said: string, back?: Change) {
  const queries = useQueryClient();
  const tell = useTell();
  const tellError = useTellError();
  const send = (json: Change) => ask(client.v1.communities[':id'].$patch({ param: { id }, json }));
  const settled = () => queries.invalidateQueries({ queryKey: ['communities'] });
  return useMutation({
    mutationFn: send,
    onSuccess: (fresh) => {
      queries.setQueryData(['communities', id], fresh);
      tell({ text: said, ...(back && { undo: () => send(back).then(settled, tellError) }) });
      return settled();
    },
  });
}

function Basics({ community }: { community: Community }) {
  const { t } = useTranslation(['communities', 'common']);
  const { title, timezone, collect_hours } = community;
  const change = useChange(community.id, t('saved'), { title, timezone, collect_hours });
  const { values, changed, set, saved } = useEdited({ title, timezone, hours: String(collect_hours) });
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        const { hours, ...rest } = values;
        change.mutate({ ...rest, collect_hours: Number(hours) }, { onSuccess: () => saved(values) });
      }}
    >
      <Field label={t('title_field')}>
        <Input
          required
          maxLength={200}
          value={values.title}
          onChange={(event) => set({ title: event.target.value })}
        />
      </Field>
      <Field label={t('zone')} hint={t('zone_hint')}>
        <Select value={values.timezone} onChange={(event) => set({ timezone: event.target.value })}>
          {zones(values.timezone).map((zone) => (
            <option key={zone}>{zone}</option>
          ))}
        </Select>
      </Field>
      <Field label={t('collect_hours')} hint={t('collect_hours_hint')}>
        <Input
          type="number"
          required
          min={1}
          max={24}
          value={values.hours}
          onChange={(event) => set({ hours: event.target.value })}
        />
      </Field>
      <FieldError error={change.error?.message} />
      <Button type="submit" className="self-start" busy={change.isPending} disabled={!changed}>
        {t('common:action.save')}
      </Button>
    </form>
  );
}

const tokens: Record<string, readonly string[]> = {
  telegram: ['bot_token', 'witness_token', 'user_session'],
  vk: ['community_token', 'user_token'],
};

/** These are given, replaced and taken away alone; the others take the place of all old ones. */
const besides: readonly string[] = ['witness_token', 'user_session'];

/** New tokens; none is ever shown. */
function Renewal({ community }: { community: Community }) {
  const { t } = useTranslation(['communities', 'common']);
  const [given, setGiven] = useState<Record<string, string>>({});
  const confirm = useConfirm();
  const change = useChange(community.id, community.status === 'active' ? t('renewed') : t('connected_again'));
  const taking = useChange(community.id, t('taken_away'));
  const wanted = Object.fromEntries(Object.entries(given).filter(([, token]) => token !== ''));
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={async (event: FormEvent) => {
        event.preventDefault();
        const yes =
          community.credential_hint === null ||
          Object.keys(wanted).every((name) => besides.includes(name)) ||
          (await confirm({ title: t('ask_renew'), text: t('ask_renew_text'), confirm: t('renew') }));
        if (yes) change.mutate({ credentials: wanted }, { onSuccess: () => setGiven({}) });
      }}
    >
      <p className="text-ink-soft">
        {community.credential_hint
          ? t('credential_now', { hint: community.credential_hint })
          : t('credential_none')}
      </p>
      {tokens[community.network]?.map((name) => (
        <Field
          key={name}
          label={t(`credential.${name as 'bot_token'}`)}
          hint={name === 'user_session' && t('credential_hint.user_session')}
        >
          <Input
            autoComplete="off"
            spellCheck={false}
            value={given[name] ?? ''}
            onChange={(event) => setGiven({ ...given, [name]: event.target.value.trim() })}
          />
        </Field>
      ))}
      <FieldError error={change.error?.message} />
      <Button
        type="submit"
        className="self-start"
        busy={change.isPending}
        disabled={Object.keys(wanted).length === 0}
      >
        {community.status === 'active' ? t('renew') : t('connect_again')}
      </Button>
      <div className="flex flex-wrap gap-2 empty:hidden">
        {tokens[community.network]
          ?.filter((name) => besides.includes(name) && community.credential_hint !== null)
          .map((name) => (
            <Button
              key={name}
              small
              onClick={async () => {
                const yes = await confirm({
                  title: t(`take_away.${name as 'user_session'}`),
                  text: t('take_away_text'),
                  confirm: t('common:action.delete'),
                });
                if (yes) taking.mutate({ credentials: { [name]: null } });
              }}
            >
              {t(`take_away.${name as 'user_session'}`)}
            </Button>
          ))}
      </div>
    </form>
  );
}

function Leave({ community }: { community: Community }) {
  const { t } = useTranslation(['communities', 'common']);
  const [, go] = useLocation();
  const queries = useQueryClient();
  const confirm = useConfirm();
  const tell = useTell();
  const tellError = useTellError();
  const leaving = useMutation({
    mutationFn: (purge: boolean) =>
      send(
        client.v1.communities[':id'].$delete({
          param: { id: community.id },
          query: purge ? { purge: 'true' } : {},
        }),
      ),
    onSuccess: (_, purge) => {
      tell({ text: purge ? t('erased') : t('disconnected') });
      go('/communities', { replace: true });
      return queries.invalidateQueries({ queryKey: ['communities'], exact: true });
    },
    onError: tellError,
  });
  const asked = async (purge: boolean) => {
    const yes = await confirm({
      title: purge
        ? t('ask_erase', { title: community.title })
        : t('ask_disconnect', { title: community.title }),
      text: purge ? t('ask_erase_text') : t('ask_disconnect_text'),
      confirm: purge ? t('erase') : t('disconnect'),
      danger: true,
    });
    if (yes) leaving.mutate(purge);
  };
  return (
    <div className="flex flex-wrap gap-2">
      {community.status !== 'disconnected' && (
        <Button busy={leaving.isPending} onClick={() => asked(false)}>
          {t('disconnect')}
        </Button>
      )}
      <Button busy={leaving.isPending} className="text-bad" onClick={() => asked(true)}>
        {t('erase')}
      </Button>
    </div>
  );
}

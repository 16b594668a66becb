import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ArrowLeft, CircleCheck, ExternalLink, PenLine } from 'lucide-react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'wouter';
import { ApiError, ask, client, wishKey } from '../api.ts';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Field, FieldError, Input } from '../parts/field.tsx';
import { NetworkMark } from '../parts/network.tsx';
import { Failed, Loading, Page, Panel } from '../parts/page.tsx';
import { Invitation } from './invitation.tsx';
import type { Community } from './list.tsx';
import { RightsList } from './rights.tsx';
import { SignIn } from './sign-in.tsx';

const networks = ['telegram', 'vk'] as const;
type NetworkName = (typeof networks)[number];

/** From nothing to a connected community: which network, what to get there, and what the connection can do. */
export default function ConnectPage() {
  const { t } = useTranslation(['communities', 'common']);
  const [network, setNetwork] = useState<NetworkName | null>(null);
  const [made, setMade] = useState<readonly Community[]>([]);
  const [isDone, setDone] = useState(false);
  const [, go] = useLocation();
  const [last] = made;
  if (isDone && last) {
    const more = () => {
      setNetwork(null);
      setDone(false);
    };
    return <Connected community={last} all={made} more={more} />;
  }
  const done = (community: Community) => {
    setMade([community, ...made.filter(({ id }) => id !== community.id)]);
    setDone(true);
  };
  return (
    <Page
      title={t('connect')}
      actions={
        <Button
          small
          look="quiet"
          icon={ArrowLeft}
          onClick={() => (network ? setNetwork(null) : go('/communities'))}
        >
          {t('common:action.back')}
        </Button>
      }
    >
      {!network && (
        <div className="grid gap-3 sm:grid-cols-2">
          {networks.map((one) => (
            <button
              key={one}
              type="button"
              onClick={() => setNetwork(one)}
              className="flex items-center gap-4 rounded-xl border border-line bg-panel p-5 text-left hover:border-accent"
            >
              <NetworkMark network={one} className="size-10 rounded-lg text-sm" />
              <span>
                <span className="block text-base font-semibold">{t(`${one}.title`)}</span>
                <span className="block text-ink-soft">{t(`${one}.lead`)}</span>
              </span>
            </button>
          ))}
        </div>
      )}
      {network && <Ways key={network} network={network} done={done} />}
    </Page>
  );
}

/** The ways that the API knows of a network, the plain one first. */
function Ways({ network, done }: { network: NetworkName; done(community: Community): void }) {
  const { t } = useTranslation(['communities', 'common']);
  const [way, setWay] = useState<'paste' | 'invitation' | 'sign_in'>('paste');
  const known = useQuery({
    queryKey: ['networks'],
    queryFn: () => ask(client.v1.networks.$get()),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (known.error) return <Failed error={known.error} again={() => known.refetch()} />;
  const view = known.data?.data.find(({ name }) => name === network);
  if (!view) return <Loading />;
  const { ways } = view.connect;
  return (
    <div className="grid items-start gap-5 lg:grid-cols-2">
      <Panel title={t('steps')}>
        <ol className="flex list-decimal flex-col gap-3 pl-5 marker:font-semibold marker:text-accent">
          {t(`${network}.steps.${way === 'sign_in' ? 'sign_in' : way}` as 'telegram.steps.paste')
            .split('\n')
            .map((step) => (
              <li key={step} className="pl-1">
                <Step text={step} />
              </li>
            ))}
        </ol>
      </Panel>
      <Panel>
        <fieldset className="mb-4 flex flex-wrap gap-2">
          <legend className="sr-only">{t('way')}</legend>
          {ways.map((one) => (
            <label
              key={one}
              className={cx(
                'cursor-pointer rounded-full border px-3 py-1.5 text-[13px] has-focus-visible:outline-2 has-focus-visible:outline-accent',
                one === way ? 'border-accent bg-accent-soft font-medium' : 'border-line',
              )}
            >
              <input
                type="radio"
                name="way"
                className="sr-only"
                checked={one === way}
                onChange={() => setWay(one)}
              />
              {t(`ways.${one}`)}
            </label>
          ))}
        </fieldset>
        {way === 'paste' && <Paste network={network} done={done} />}
        {way === 'invitation' && <Invitation network={network} done={done} />}
        {way === 'sign_in' && <SignIn network={network} kinds={view.connect.sign_in} done={done} />}
      </Panel>
    </div>
  );
}

const father = '@BotFather';

function Step({ text }: { text: string }) {
  const [before, after] = text.split(father);
  if (after === undefined) return text;
  return (
    <>
      {before}
      <a
        href="https://t.me/BotFather"
        target="_blank"
        rel="noreferrer"
        className="text-accent underline underline-offset-4"
      >
        {father}
      </a>
      {after}
    </>
  );
}

const fieldsOf = {
  telegram: [{ name: 'bot_token', required: true }],
  vk: [
    { name: 'community_token', required: true },
    { name: 'user_token', required: false },
  ],
} as const;

function Paste({ network, done }: { network: NetworkName; done(community: Community): void }) {
  const { t } = useTranslation(['communities', 'common']);
  const queries = useQueryClient();
  const [place, setPlace] = useState('');
  const [tokens, setTokens] = useState<Record<string, string>>({});
  const [wish, setWish] = useState(wishKey);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => {
    // On a phone the keys would cover the steps.
    if (matchMedia('(hover: hover)').matches) first.current?.focus();
  }, []);
  const connecting = useMutation({
    mutationFn: () =>
      ask(
        client.v1.communities.$post(
          {
            json: {
              network,
              external_id: place.trim(),
              credentials: Object.fromEntries(
                Object.entries(tokens).filter(([, token]) => token.trim() !== ''),
              ),
            },
          },
          { headers: { 'Idempotency-Key': wish } },
        ),
      ),
    onSuccess: async (community) => {
      // Also where nobody looks just now: the composer begins with what is known.
      await queries.invalidateQueries({ queryKey: ['communities'], exact: true, refetchType: 'all' });
      done(community);
    },
    // Another try is another wish.
    onError: () => setWish(wishKey()),
  });
  const refused = connecting.error instanceof ApiError ? connecting.error : null;
  const told = (path: string) => refused?.errors.find((fault) => fault.path === path)?.message;
  const placed = ['/external_id', ...fieldsOf[network].map(({ name }) => `/credentials/${name}`)];
  const rest = refused?.errors.filter(({ path }) => !placed.includes(path)) ?? [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    connecting.mutate();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-4">
      {fieldsOf[network].map(({ name, required }, index) => (
        <Field
          key={name}
          label={t(`credential.${name}`)}
          hint={t(`credential_hint.${name}`)}
          error={told(`/credentials/${name}`)}
        >
          <Input
            ref={index === 0 ? first : undefined}
            required={required}
            autoComplete="off"
            spellCheck={false}
            value={tokens[name] ?? ''}
            onChange={(event) => setTokens({ ...tokens, [name]: event.target.value.trim() })}
          />
        </Field>
      ))}
      <Field label={t(`${network}.place`)} hint={t(`${network}.place_hint`)} error={told('/external_id')}>
        <Input required value={place} onChange={(event) => setPlace(event.target.value)} autoComplete="off" />
      </Field>
      <FieldError
        error={
          connecting.error && (refused?.errors.length ?? 0) === rest.length
            ? [connecting.error.message, ...rest.map(({ message }) => message)].join(' ')
            : undefined
        }
      />
      <Button type="submit" look="primary" busy={connecting.isPending}>
        {connecting.isPending ? t('checking') : t('connect_button')}
      </Button>
    </form>
  );
}

/** What was connected can do, and what is missing: then on to the first post. */
function Connected(props: { community: Community; all: readonly Community[]; more(): void }) {
  const { community, all, more } = props;
  const { t } = useTranslation(['communities', 'common']);
  const targets = new URLSearchParams(all.map(({ id }) => ['community', id]));
  return (
    <Page
      title={t('connected', { title: community.title })}
      actions={
        <>
          <Button small onClick={more}>
            {t('connect_more')}
          </Button>
          <Link
            href={`/posts/new?${targets}`}
            className="inline-flex h-8 items-center gap-2 rounded-lg bg-accent px-3 text-[13px] font-medium text-accent-ink"
          >
            <PenLine className="size-4" aria-hidden />
            {t('first_post')}
          </Link>
        </>
      }
    >
      <p className="flex items-center gap-2 text-good">
        <CircleCheck className="size-5" aria-hidden />
        {t('connected_text')}
        {community.url && (
          <a
            href={community.url}
            target="_blank"
            rel="noreferrer"
            className="inline-flex items-center gap-1 underline"
          >
            {community.handle ?? community.title}
            <ExternalLink className="size-3.5" aria-hidden />
          </a>
        )}
      </p>
      <Panel title={t('rights')}>
        <RightsList id={community.id} />
      </Panel>
    </Page>
  );
}

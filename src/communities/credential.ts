import * as v from 'valibot';
import type { Context } from '../context.ts';
import { type SealingKey, seal, unseal } from '../crypto.ts';
import { AppError, type InputFault, invalid } from '../errors.ts';
import { networkNamed } from '../networks/index.ts';
import type { Network } from '../networks/network.ts';
import type { Tx } from '../stores/postgres.ts';
import { dataKey } from '../workspaces/workspace.ts';

interface Place {
  workspaceId: string;
  communityId: string;
}

/**
 * Reads what a person gave as credentials by the network's own schema. Throws `invalid` with paths below
 * `/credentials`; no message ever quotes a value.
 */
export function parseCredentials(network: Network, given: unknown): unknown {
  const parsed = v.safeParse(network.credentials, given);
  if (parsed.success) return parsed.output;
  throw invalid(
    parsed.issues.map((issue): InputFault => {
      // The name of an unknown field is left out, too: somebody may have pasted a token there.
      const known = issue.expected === 'never' ? issue.path?.slice(0, -1) : issue.path;
      const steps = (known ?? []).map((step) => String(step.key).replaceAll('~', '~0').replaceAll('/', '~1'));
      return { path: ['/credentials', ...steps].join('/'), message: wordsOf(issue) };
    }),
  );
}

/**
 * Refuses access that renews itself among credentials that a person gave by hand: whoever it was copied from goes on
 * using it, and a refresh token may be used a single time. It comes by signing in. Throws `invalid`.
 */
export function refuseRotating(network: Network, given: unknown): void {
  const names = network.refresh ? (network.rotating ?? []) : [];
  const name = names.find((one) => typeof given === 'object' && given !== null && Object.hasOwn(given, one));
  if (name === undefined) return;
  throw invalid({
    path: `/credentials/${name}`,
    message: 'This cannot be given by hand: sign in with POST /v1/connections, and give its connection_id.',
  });
}

/** The library's own wording quotes what was received; only a message of the network's own may pass. */
function wordsOf(issue: v.BaseIssue<unknown>): string {
  if (issue.expected === 'never') {
    return 'There is a field here that this network does not know: GET /v1/networks tells its fields.';
  }
  if (!issue.message.startsWith('Invalid ')) return issue.message;
  return issue.received === 'undefined'
    ? 'This field is required.'
    : 'This value does not have the right form.';
}

/**
 * Seals credentials under the workspace's data key, over those that were there. What of them rotates is not taken from
 * here: it stands once, in the grant that `grantId` names. The community's row is locked by the caller. Throws `conflict`
 * when that grant is gone.
 */
export async function sealCredentials(
  ctx: Pick<Context, 'masterKey'>,
  tx: Tx,
  input: Place & {
    network: Network;
    externalId: string;
    credentials: unknown;
    hint: string;
    grantId: string | null;
  },
): Promise<void> {
  const { workspaceId, communityId, network, hint } = input;
  const { lasting, rotating } = partsOf(network, input.credentials);
  const grantId = rotating === null ? null : input.grantId;
  if (rotating !== null) {
    const [kept] = await tx`
      select 1 as one from access_grants where workspace_id = ${workspaceId} and id = ${grantId} for share`;
    if (!kept) throw new AppError('conflict', 'This sign-in is over: sign in again.');
  }
  const sealed = await sealValue(ctx, tx, workspaceId, lasting, (version) => boundTo(input, version));
  await tx`
    insert into credentials (community_id, workspace_id, sealed, version, hint, grant_id, source_key)
    values (${communityId}, ${workspaceId}, ${sealed.bytes}, ${sealed.version}, ${hint}, ${grantId},
      ${network.sourceKey?.(input.credentials, input.externalId) ?? null})
    on conflict (community_id) do update
      set sealed = excluded.sealed, version = excluded.version, hint = excluded.hint, grant_id = excluded.grant_id,
          source_key = excluded.source_key, updated_at = now()`;
}

/**
 * Opens the kept credentials of a community as they are, as its network's schema gives them: to use them, ask for
 * `freshCredentials`. Throws `wrong_state` when they were destroyed, `internal` when they do not open; neither says
 * anything of what is in them.
 */
export async function openCredentials(
  ctx: Pick<Context, 'masterKey'>,
  tx: Tx,
  place: Place,
): Promise<unknown> {
  const { workspaceId } = place;
  const [row] = await tx<
    {
      sealed: Uint8Array;
      version: number;
      network: string;
      grant: { id: string; sealed: string; version: number } | null;
    }[]
  >`
    select k.sealed, k.version, c.network,
      case when g.id is not null then
        jsonb_build_object('id', g.id, 'sealed', encode(g.sealed, 'base64'), 'version', g.version) end as grant
    from credentials k
    join communities c on c.id = k.community_id and c.workspace_id = k.workspace_id
    left join access_grants g on g.id = k.grant_id and g.workspace_id = k.workspace_id
    where k.workspace_id = ${workspaceId} and k.community_id = ${place.communityId}`;
  if (!row) {
    throw new AppError('wrong_state', 'This community is not connected any more: connect it again.');
  }
  const key = await dataKey(ctx, tx, workspaceId);
  const { grant } = row;
  const lasting = opened(key, row.sealed, boundTo(place, row.version));
  const rotating = grant
    ? opened(
        key,
        Buffer.from(grant.sealed, 'base64'),
        grantPlace({ id: grant.id, workspaceId }, grant.version),
      )
    : {};
  const parsed =
    lasting && rotating
      ? v.safeParse(networkNamed(row.network).credentials, { ...lasting, ...rotating })
      : null;
  if (parsed?.success) return parsed.output;
  // Without a cause: what a parser says may quote what it read.
  throw new AppError(
    'internal',
    `The kept credential of community ${place.communityId} cannot be opened: it is damaged, or was copied here from elsewhere. Give it again.`,
  );
}

/** Splits credentials into what stays as it is and what the network replaces from time to time (null: nothing). */
export function partsOf(
  network: Network,
  credentials: unknown,
): { lasting: Record<string, unknown>; rotating: Record<string, unknown> | null } {
  const all = { ...(credentials as Record<string, unknown>) };
  if (!network.refresh || (network.expiresAt?.(credentials) ?? null) === null) {
    return { lasting: all, rotating: null };
  }
  const names = new Set(network.rotating ?? Object.keys(all));
  const entries = Object.entries(all).filter(([, value]) => value !== undefined);
  return {
    lasting: Object.fromEntries(entries.filter(([name]) => !names.has(name))),
    rotating: Object.fromEntries(entries.filter(([name]) => names.has(name))),
  };
}

/** Keeps the rotating part of credentials in a row of its own; its job renews it in time. */
export async function makeGrant(
  ctx: Pick<Context, 'masterKey' | 'config'>,
  tx: Tx,
  input: { workspaceId: string; network: Network; part: Record<string, unknown> },
): Promise<string> {
  const { workspaceId, network, part } = input;
  const id = Bun.randomUUIDv7();
  const expiresAt = network.expiresAt?.(part) ?? Date.now();
  const sealed = await sealValue(ctx, tx, workspaceId, part, (version) =>
    grantPlace({ id, workspaceId }, version),
  );
  await tx`
    insert into access_grants (id, workspace_id, network, sealed, version, expires_at, refresh_at)
    values (${id}, ${workspaceId}, ${network.name}, ${sealed.bytes}, ${sealed.version}, ${new Date(expiresAt)},
      ${refreshTime(expiresAt)})`;
  return id;
}

/** Between 50 and 80 % of the life that is left: grants that began together do not come back together. */
export function refreshTime(expiresAt: number): Date {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  const left = Math.max(expiresAt - Date.now(), 0);
  return new Date(Date.now() + left * (0.5 + (0.3 * random) / 2 ** 32));
}

/** Seals a value for one version of one place; versions never come twice, whatever the place. */
export async function sealValue(
  ctx: Pick<Context, 'masterKey'>,
  tx: Tx,
  workspaceId: string,
  value: unknown,
  place: (version: number) => string,
): Promise<{ bytes: Buffer; version: number }> {
  const key = await dataKey(ctx, tx, workspaceId);
  const [next] = await tx<{ version: number }[]>`select nextval('credential_versions')::int as version`;
  if (!next) throw new Error('no credential version');
  const plain = Buffer.from(JSON.stringify(value));
  const bytes = seal(key, plain, place(next.version));
  plain.fill(0);
  return { bytes, version: next.version };
}

/** Opens what {@link sealValue} sealed; null when it does not open. */
export async function openValue(
  ctx: Pick<Context, 'masterKey'>,
  tx: Tx,
  workspaceId: string,
  sealed: Uint8Array,
  place: string,
): Promise<Record<string, unknown> | null> {
  return opened(await dataKey(ctx, tx, workspaceId), sealed, place);
}

/** Where the rotating part of credentials is bound to. */
export function grantPlace(grant: { id: string; workspaceId: string }, version: number): string {
  return `access_grants|sealed|${grant.id}|${grant.workspaceId}|${version}`;
}

function opened(key: SealingKey, sealed: Uint8Array, place: string): Record<string, unknown> | null {
  try {
    return JSON.parse(unseal(key, sealed, place).toString('utf8'));
  } catch {
    return null;
  }
}

/**
 * Destroys the credential of a disconnected community as soon as nothing is in flight that may still need it; to be
 * called at the end of every transaction that decides a publication. Does nothing for a connected one.
 */
export async function destroyCredentialIfIdle(tx: Tx, communityId: string): Promise<void> {
  // Shared, so that it waits for a disconnect that is just being committed instead of missing it.
  const [community] = await tx<{ status: string }[]>`
    select status from communities where id = ${communityId} for share`;
  if (community?.status !== 'disconnected') return;
  // Of two that are decided at once, the second waits here and then sees that the first is done.
  const [kept] = await tx`select 1 as one from credentials where community_id = ${communityId} for update`;
  if (!kept) return;
  await tx`
    delete from credentials where community_id = ${communityId}
      and not exists (
        select from publications where community_id = ${communityId} and state in ('sending', 'confirming'))
      and not exists (
        select from publications p join publication_acts a on a.publication_id = p.id
        where p.community_id = ${communityId} and a.state in ('sending', 'confirming'))`;
}

function boundTo(place: Place, version: number): string {
  return `credentials|sealed|${place.communityId}|${place.workspaceId}|${version}`;
}

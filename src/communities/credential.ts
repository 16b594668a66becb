import * as v from 'valibot';
import type { Context } from '../context.ts';
import { seal, unseal } from '../crypto.ts';
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

/** Seals credentials under the workspace's data key, over those that were there. The community's row is locked by the caller. */
export async function sealCredentials(
  ctx: Pick<Context, 'masterKey'>,
  tx: Tx,
  input: Place & { credentials: unknown; hint: string },
): Promise<void> {
  const { workspaceId, communityId, hint } = input;
  const key = await dataKey(ctx, tx, workspaceId);
  const [next] = await tx<{ version: number }[]>`select nextval('credential_versions')::int as version`;
  if (!next) throw new Error('no credential version');
  const { version } = next;
  const plain = Buffer.from(JSON.stringify(input.credentials));
  const sealed = seal(key, plain, boundTo(input, version));
  plain.fill(0);
  await tx`
    insert into credentials (community_id, workspace_id, sealed, version, hint)
    values (${communityId}, ${workspaceId}, ${sealed}, ${version}, ${hint})
    on conflict (community_id) do update
      set sealed = excluded.sealed, version = excluded.version, hint = excluded.hint, updated_at = now()`;
}

/**
 * Opens the kept credentials of a community, as its network's schema gives them. Throws `wrong_state` when they were
 * destroyed, `internal` when they do not open; neither says anything of what is in them.
 */
export async function openCredentials(
  ctx: Pick<Context, 'masterKey'>,
  tx: Tx,
  place: Place,
): Promise<unknown> {
  const [row] = await tx<{ sealed: Uint8Array; version: number; network: string }[]>`
    select k.sealed, k.version, c.network
    from credentials k join communities c on c.id = k.community_id and c.workspace_id = k.workspace_id
    where k.workspace_id = ${place.workspaceId} and k.community_id = ${place.communityId}`;
  if (!row) {
    throw new AppError('wrong_state', 'This community is not connected any more: connect it again.');
  }
  const key = await dataKey(ctx, tx, place.workspaceId);
  const opened = open(() => unseal(key, row.sealed, boundTo(place, row.version)));
  const parsed = opened === null ? null : v.safeParse(networkNamed(row.network).credentials, opened.value);
  if (parsed?.success) return parsed.output;
  // Without a cause: what a parser says may quote what it read.
  throw new AppError(
    'internal',
    `The kept credential of community ${place.communityId} cannot be opened: it is damaged, or was copied here from elsewhere. Give it again.`,
  );
}

function open(unsealed: () => Buffer): { value: unknown } | null {
  try {
    return { value: JSON.parse(unsealed().toString('utf8')) };
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
        select from publications where community_id = ${communityId} and state in ('sending', 'confirming'))`;
}

function boundTo(place: Place, version: number): string {
  return `credentials|sealed|${place.communityId}|${place.workspaceId}|${version}`;
}

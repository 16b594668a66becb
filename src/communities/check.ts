import { asWorkspace, type Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { NetworkError } from '../networks/error.ts';
import { networkNamed } from '../networks/index.ts';
import type { Connection, Network } from '../networks/network.ts';
import { isUniqueViolation, type Tx } from '../stores/postgres.ts';
import { accessTo, ask, readSettings, refusal, type Settings, wordsOf } from './ask.ts';
import { type Community, read } from './community.ts';
import { freshCredentials, renewedCredentials } from './renewal.ts';
import {
  alreadyConnected,
  disconnected,
  find,
  type Kept,
  lock,
  plainList,
  taken,
  takeUp,
  type Workspace,
} from './take-up.ts';
import { type Finding, lastAccess, unusableOf, warningsOf } from './warning.ts';

/**
 * Asks the network again with the kept credential, keeps what it tells, and warns of what may hurt soon. A dead
 * credential is no error: the community then needs to be connected again, and says why. `settings` are those to check
 * with, and kept with the answer; default: the kept ones. Throws `not_found`, `wrong_state` when it is disconnected,
 * `conflict` when it changed meanwhile, and what the network refuses.
 */
export async function checkCommunity(
  ctx: Context,
  who: Workspace,
  id: string,
  settings?: Settings,
): Promise<Community> {
  const before = await asWorkspace(ctx, who, (tx) => find(tx, who, id));
  if (before.status === 'disconnected') throw disconnected();
  const network = networkNamed(before.network);
  const chosen = settings ?? readSettings(network, before.settings);
  const unchanged = async (tx: Tx): Promise<Kept> => {
    const kept = await lock(tx, who, id);
    if (kept.status === 'disconnected') throw disconnected();
    if (kept.version !== before.version) {
      throw new AppError('conflict', 'The community got new credentials meanwhile: check it again.');
    }
    return kept;
  };

  let connection: Connection;
  let findings: Finding[];
  try {
    const found = await look(ctx, network, before, { workspaceId: who.workspaceId, communityId: id }, chosen);
    connection = found.connection;
    findings = [
      ...unusableOf(connection),
      ...(await findingsOf(ctx, network, found.credentials)),
      ...(await renewals(ctx, who, id)),
    ];
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    if (error.kind === 'rejected') {
      const noAccess: Finding = { code: 'no_access', about: null, message: wordsOf(error) };
      await asWorkspace(ctx, who, async (tx) => warn(tx, who, await unchanged(tx), noAccess));
    }
    if (error.kind !== 'auth') throw refusal(ctx, error, '');
    return asWorkspace(ctx, who, async (tx) => {
      await unchanged(tx);
      await tx`
        update communities set status = 'needs_reauth', status_reason = ${wordsOf(error)}, checked_at = now()
        where workspace_id = ${who.workspaceId} and id = ${id}`;
      return read(ctx, tx, who.workspaceId, id);
    });
  }
  return taken(ctx, who, connection, async (tx, avatar) => {
    const kept = await unchanged(tx);
    const news = { kept, network, connection, avatar, given: null, timezone: undefined, findings };
    // Settings that were changed while the network was asked are not written over.
    const now = settings ?? readSettings(network, kept.settings);
    return { kept, at: await takeUp(ctx, tx, who, { ...news, settings: now }) };
  }).catch((error: unknown) => {
    // It moved to an id at which the workspace has a community already.
    throw isUniqueViolation(error) ? alreadyConnected(connection) : error;
  });
}

/** Asks with fresh credentials; access that is refused before its time is renewed once. */
async function look(
  ctx: Context,
  network: Network,
  before: Kept,
  place: { workspaceId: string; communityId: string },
  settings: Settings,
): Promise<{ connection: Connection; credentials: unknown }> {
  const credentials = await freshCredentials(ctx, place);
  const { external_id, details } = before;
  try {
    const connection = await ask(ctx, network, credentials, external_id, settings, details);
    return { connection, credentials };
  } catch (error) {
    if (!(error instanceof NetworkError && error.kind === 'auth')) throw error;
    const renewed = await renewedCredentials(ctx, place, credentials);
    if (renewed === null) throw error;
    const connection = await ask(ctx, network, renewed, external_id, settings, details);
    return { connection, credentials: renewed };
  }
}

/** What else is worth a warning. A network that does not tell is no finding. */
async function findingsOf(ctx: Context, network: Network, credentials: unknown): Promise<Finding[]> {
  const found: Finding[] = [];
  const ends = network.refresh ? null : (network.expiresAt?.(credentials) ?? null);
  if (ends !== null && ends - Date.now() < ctx.config.durations.expirySoon) {
    const days = Math.max(Math.floor((ends - Date.now()) / 86_400_000), 0);
    const message = `The access ends in ${days === 1 ? '1 day' : `${days} days`}: give the community new credentials before.`;
    found.push({ code: 'expires_soon', about: null, message });
  }
  try {
    const access = accessTo(ctx, network, credentials);
    const host = await network.foreignListener?.(access, ctx.config.publicUrl);
    if (host) {
      const message = `What happens here is also sent to ${host}, which is not this installation: comments and reactions do not arrive here. If that is not yours, the token was stolen: replace it.`;
      found.push({ code: 'foreign_listener', about: null, message });
    }
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
  }
  return found;
}

/** How the renewing of its access goes. */
async function renewals(ctx: Context, who: Workspace, id: string): Promise<Finding[]> {
  const [grant] = await asWorkspace(
    ctx,
    who,
    (tx) => tx<
      { refreshed_at: Date; last_error: string | null; failures: number; dead: boolean; expires_at: Date }[]
    >`
      select g.refreshed_at, g.last_error, g.failures, g.dead, g.expires_at
      from credentials k join access_grants g on g.id = k.grant_id and g.workspace_id = k.workspace_id
      where k.workspace_id = ${who.workspaceId} and k.community_id = ${id}`,
  );
  if (!grant) return [];
  if (grant.dead) return [lastAccess(grant.expires_at, grant.last_error)];
  const found: Finding[] = [];
  if (grant.failures > 0) {
    const message = `The access could not be renewed: ${grant.last_error ?? 'the network gave no answer'} Outpost goes on trying.`;
    found.push({ code: 'refresh_failing', about: null, message });
  }
  if (Date.now() - grant.refreshed_at.getTime() > ctx.config.durations.refreshStale) {
    const days = Math.floor((Date.now() - grant.refreshed_at.getTime()) / 86_400_000);
    const message = `The access was renewed ${days} days ago, which is long: sign in again before it ends.`;
    found.push({ code: 'refresh_stale', about: null, message });
  }
  return found;
}

/** Adds one warning to those that are there. */
async function warn(tx: Tx, who: Workspace, kept: Kept, finding: Finding): Promise<void> {
  const others = kept.warnings.filter(({ code }) => code !== finding.code);
  const warnings = warningsOf(kept.warnings, [...others, finding]);
  await tx`
    update communities set warnings = ${tx.json(plainList(warnings))}, checked_at = now()
    where workspace_id = ${who.workspaceId} and id = ${kept.id}`;
}

import { asOwner, type Context } from '../context.ts';
import { NetworkError } from '../networks/error.ts';
import { networkNamed } from '../networks/index.ts';
import type { Tx } from '../stores/postgres.ts';
import { accessTo, wordsOf } from './ask.ts';
import { grantPlace, openCredentials, openValue, refreshTime, sealValue } from './credential.ts';
import { plainList } from './take-up.ts';
import { type KeptWarning, lastAccess, warningsOf } from './warning.ts';

interface Place {
  workspaceId: string;
  communityId: string;
}

interface Grant {
  id: string;
  workspace_id: string;
  network: string;
  sealed: Uint8Array;
  version: number;
  expires_at: Date;
  failures: number;
  /** An earlier renewal left and its answer was never kept. */
  unsure_since: Date | null;
  owner: string;
}

/** When a renewal is wanted: before the access ends, when the plan says so, or whatever the clock says. */
type Need = 'ending' | 'due' | 'refused';

/** What is left of a grant that no longer can be renewed: its access, until that ends too. */
interface Dead {
  why: string | null;
  ended: boolean;
}

/** Milliseconds between two looks at a renewal that somebody else is making. */
const look = 100;

/**
 * The kept credentials of a community, renewed first when they end within `durations.refreshBefore`; of many callers
 * in all processes one asks the network. What is answered here was committed before. Throws what `openCredentials`
 * throws, and {@link NetworkError}: `auth` when a person must sign in again (the communities say so then; access that
 * cannot be renewed is used to its end), `limited` with a wait when the access ended and cannot be renewed at this moment. To be called outside of any transaction.
 */
export async function freshCredentials(ctx: Context, { workspaceId, communityId }: Place): Promise<unknown> {
  const [held] = await ctx.sql<{ id: string; ending: boolean }[]>`
    select g.id, g.expires_at < now() + ${ctx.config.durations.refreshBefore} * interval '1 millisecond' as ending
    from credentials k join access_grants g on g.id = k.grant_id and g.workspace_id = k.workspace_id
    where k.workspace_id = ${workspaceId} and k.community_id = ${communityId}`;
  if (held?.ending) await renew(ctx, held.id, 'ending');
  return openCredentials(ctx, ctx.sql, { workspaceId, communityId });
}

/**
 * After a network refused `refused` as dead: other credentials that may be tried once, renewed meanwhile or now. null:
 * there are none, a person must connect again. Throws as {@link freshCredentials}.
 */
export async function renewedCredentials(ctx: Context, place: Place, refused: unknown): Promise<unknown> {
  const now = await freshCredentials(ctx, place);
  if (JSON.stringify(now) !== JSON.stringify(refused)) return now;
  const [held] = await ctx.sql<{ grant_id: string | null }[]>`
    select grant_id from credentials
    where workspace_id = ${place.workspaceId} and community_id = ${place.communityId}`;
  if (!held?.grant_id) return null;
  await renew(ctx, held.grant_id, 'refused');
  return openCredentials(ctx, ctx.sql, place);
}

/**
 * The rotating fields of a grant, renewed first where needed; not of one that cannot be renewed. Throws as
 * {@link freshCredentials}.
 */
export async function freshPart(
  ctx: Context,
  grantId: string,
  workspaceId: string,
): Promise<Record<string, unknown>> {
  await renew(ctx, grantId, 'ending');
  const [grant] = await ctx.sql<
    { sealed: Uint8Array; version: number; dead: boolean; last_error: string | null }[]
  >`
    select sealed, version, dead, last_error from access_grants
    where id = ${grantId} and workspace_id = ${workspaceId}`;
  if (grant?.dead) throw gone(grant.last_error);
  const place = grantPlace({ id: grantId, workspaceId }, grant?.version ?? 0);
  const part = grant ? await openValue(ctx, ctx.sql, workspaceId, grant.sealed, place) : null;
  if (part === null) throw gone(null);
  return part;
}

/**
 * The job `communities.refresh`: renews what has come to 50 to 80 % of its life, and finds what has come to its end and
 * cannot be renewed. Answers how many it tried.
 */
export async function refreshDue(ctx: Context): Promise<number> {
  await endAccess(ctx, null);
  const due = await ctx.sql<{ id: string }[]>`
    select id from access_grants where refresh_at <= now() and not dead order by refresh_at limit 200`;
  for (const { id } of due) {
    await renew(ctx, id, 'due').catch((error: unknown) => {
      // Its communities tell it, each by a warning or its status.
      if (!(error instanceof NetworkError)) throw error;
    });
  }
  return due.length;
}

/** Answers when the access of the grant is good, whoever renewed it. Throws as {@link freshCredentials}. */
async function renew(ctx: Context, grantId: string, need: Need): Promise<void> {
  const { refreshLease, ask } = ctx.config.durations;
  const deadline = performance.now() + refreshLease + ask;
  for (let first = true; ; first = false) {
    // Who waited for another's renewal has what it wanted, unless that one failed.
    const state = await take(ctx, grantId, first ? need : 'ending');
    if (state === 'good') return;
    if (state !== 'busy') {
      if (!('why' in state)) return request(ctx, state, need);
      if (state.ended) await endAccess(ctx, grantId);
      else if (need !== 'refused') return;
      throw gone(state.why);
    }
    if (performance.now() > deadline) throw later(null, refreshLease);
    await Bun.sleep(look);
  }
}

/** Takes the lease, in a commit of its own before a byte leaves. */
function take(ctx: Context, grantId: string, need: Need): Promise<Grant | Dead | 'good' | 'busy'> {
  const { refreshBefore, refreshLease } = ctx.config.durations;
  return asOwner(ctx, async (tx) => {
    const [row] = await tx<
      {
        dead: boolean;
        last_error: string | null;
        wait: number;
        failures: number;
        ended: boolean;
        ending: boolean;
        due: boolean;
        leased: boolean;
      }[]
    >`
      select dead, last_error, failures, expires_at <= now() as ended, coalesce(refresh_at <= now(), false) as due,
        expires_at < now() + ${refreshBefore} * interval '1 millisecond' as ending,
        coalesce(refresh_until > now(), false) as leased,
        coalesce(extract(epoch from refresh_at - now()) * 1000, 0)::float8 as wait
      from access_grants where id = ${grantId} for update`;
    if (!row) throw gone(null);
    if (row.dead) return { why: row.last_error, ended: row.ended };
    if (row.leased) return 'busy';
    const wanted = need === 'refused' || (need === 'due' ? row.due : row.ending);
    if (!wanted) return 'good';
    if (row.failures > 0 && !row.due && need !== 'refused') {
      // Carefully: a renewal that failed is repeated at its own pace, not at that of the callers.
      if (row.ended) throw later(row.last_error, row.wait);
      return 'good';
    }
    const owner = crypto.randomUUID();
    const [grant] = await tx<Grant[]>`
      with before as (select id, unsure_since from access_grants where id = ${grantId})
      update access_grants g
      set refresh_owner = ${owner}, refresh_until = now() + ${refreshLease} * interval '1 millisecond',
          unsure_since = coalesce(g.unsure_since, now())
      from before where g.id = before.id
      returning g.id, g.workspace_id, g.network, g.sealed, g.version, g.expires_at, g.failures, before.unsure_since,
        ${owner} as owner`;
    if (!grant) throw gone(null);
    return grant;
  });
}

/**
 * One request, and what it answered in one commit before anything uses it; the old pair stays until then. A crash between
 * the answer and that commit (`during_token_refresh`) loses the new pair alone: the lease runs out, and the next renewal
 * finds the old refresh token spent. Access goes on until the old one ends, with a warning; then the communities need a
 * person to sign in again, and say why; nothing that is planned is lost.
 */
async function request(ctx: Context, grant: Grant, need: Need): Promise<void> {
  const network = networkNamed(grant.network);
  const { workspace_id: workspaceId, id } = grant;
  const part = await openValue(
    ctx,
    ctx.sql,
    workspaceId,
    grant.sealed,
    grantPlace({ id, workspaceId }, grant.version),
  );
  let renewed: Record<string, unknown>;
  try {
    if (part === null || !network.refresh) throw gone('The kept access cannot be opened.');
    renewed = (await network.refresh(accessTo(ctx, network, part))) as Record<string, unknown>;
  } catch (error) {
    const failed =
      error instanceof NetworkError
        ? error
        : new NetworkError('unknown', {
            code: 'internal',
            message: 'The renewal ended in an error of Outpost.',
          });
    if (failed !== error) ctx.log.error({ err: error, grant: id }, 'renewal failed');
    return settleFailure(ctx, grant, failed, need);
  }
  await ctx.reached('during_token_refresh');
  const names = Object.keys(part);
  const fresh = Object.fromEntries(Object.entries(renewed).filter(([name]) => names.includes(name)));
  for (let tries = 0; ; tries += 1) {
    try {
      return await keep(ctx, grant, fresh, network.expiresAt?.(fresh) ?? Date.now());
    } catch (error) {
      // The old pair is used up: what is in our hands is all that there is.
      const wait = ctx.config.durations.refreshKeep[tries];
      if (wait === undefined) throw error;
      ctx.log.warn({ err: error, grant: id, wait }, 'renewed access could not be kept yet');
      await Bun.sleep(wait);
    }
  }
}

/** Writes a new pair over the one that it was got with; what was given up for lack of it is taken up again. */
function keep(ctx: Context, grant: Grant, fresh: Record<string, unknown>, expiresAt: number): Promise<void> {
  const { workspace_id: workspaceId, id } = grant;
  return asOwner(ctx, async (tx) => {
    const sealed = await sealValue(ctx, tx, workspaceId, fresh, (version) =>
      grantPlace({ id, workspaceId }, version),
    );
    // By version, not by lease: a process that slept over its lease still brings the only pair that is good.
    const [before] = await tx<{ dead: boolean; last_error: string | null }[]>`
      with before as (
        select id, dead, last_error from access_grants where id = ${id} and version = ${grant.version} for update)
      update access_grants g
      set sealed = ${sealed.bytes}, version = ${sealed.version}, expires_at = ${new Date(expiresAt)},
          refreshed_at = now(), refresh_at = ${refreshTime(expiresAt)}, refresh_owner = null, refresh_until = null,
          unsure_since = null, failures = 0, last_error = null, dead = false
      from before where g.id = before.id
      returning before.dead, before.last_error`;
    if (!before?.dead) return;
    await tx`update connections set problem = null where grant_id = ${id} and problem = ${before.last_error}`;
    const again = await tx<{ workspace_id: string; community_id: string }[]>`
      select c.workspace_id, c.id as community_id from communities c join credentials k on k.community_id = c.id
      where k.grant_id = ${id} and (c.status = 'active'
        or (c.status = 'needs_reauth' and starts_with(c.status_reason, ${before.last_error})))`;
    const jobs = again.map((row) => ({ payload: { ...row } }));
    await ctx.queue.enqueue(tx, 'inbound.check', jobs);
  });
}

async function settleFailure(ctx: Context, grant: Grant, error: NetworkError, need: Need): Promise<void> {
  const { refreshRetry, refreshRetryMost } = ctx.config.durations;
  const words = wordsOf(error);
  if (error.kind === 'auth' || error.kind === 'rejected') {
    const lost = 'An earlier renewal was sent and its answer was lost, so the refresh token was used up.';
    const why = grant.unsure_since ? `${lost} Sign in again.` : words;
    // Another may have renewed it after our lease ran out: then nothing is dead.
    const dead = await asOwner(ctx, (tx) => bury(tx, grant, why));
    if (dead?.ended) await endAccess(ctx, grant.id);
    if (dead?.ended || (dead && need === 'refused')) throw gone(why);
    return;
  }
  const wait =
    error.kind === 'limited' && error.retryAfter !== null
      ? error.retryAfter
      : Math.min(refreshRetry * 2 ** grant.failures, refreshRetryMost);
  // Provably without effect: what was unsure before stays so, nothing new is.
  const settled = error.kind !== 'unknown';
  const [left] = await ctx.sql<{ ended: boolean }[]>`
    update access_grants
    set refresh_owner = null, refresh_until = null, failures = least(failures + 1, 1000), last_error = ${words},
        refresh_at = now() + ${wait} * interval '1 millisecond',
        unsure_since = case when ${settled} then ${grant.unsure_since}::timestamptz else unsure_since end
    where id = ${grant.id} and version = ${grant.version} and refresh_owner = ${grant.owner}
    returning expires_at <= now() as ended`;
  if (left?.ended) throw later(words, wait);
}

/** Marks a grant that no longer can be renewed, and warns wherever it is lived by. null: it was renewed meanwhile. */
async function bury(tx: Tx, grant: Grant, why: string): Promise<Dead | null> {
  const [died] = await tx<{ expires_at: Date; ended: boolean }[]>`
    update access_grants
    set dead = true, last_error = ${why}, refresh_at = null, refresh_owner = null, refresh_until = null
    where id = ${grant.id} and version = ${grant.version} returning expires_at, expires_at <= now() as ended`;
  if (!died) return null;
  await tx`update connections set problem = ${why} where grant_id = ${grant.id}`;
  const living = await tx<{ id: string; warnings: KeptWarning[] }[]>`
    select c.id, c.warnings from communities c join credentials k on k.community_id = c.id
    where k.grant_id = ${grant.id} and c.status = 'active' order by c.id for update of c`;
  const finding = lastAccess(died.expires_at, why);
  for (const { id, warnings } of living) {
    const others = warnings.filter(({ code }) => code !== finding.code && code !== 'refresh_failing');
    const now = plainList(warningsOf(warnings, [...others, finding]));
    await tx`update communities set warnings = ${tx.json(now)} where id = ${id}`;
  }
  return { why, ended: died.ended };
}

/** Says of every community whose access ended and cannot be renewed (null: of any grant) that a person must sign in. */
async function endAccess(ctx: Context, grantId: string | null): Promise<void> {
  await asOwner(
    ctx,
    (tx) => tx`
      with ended as (
        select c.id, coalesce(g.last_error, 'The access ended.') as why
        from communities c join credentials k on k.community_id = c.id join access_grants g on g.id = k.grant_id
        where g.dead and g.expires_at <= now() and c.status = 'active'
          and (${grantId}::uuid is null or g.id = ${grantId}::uuid)
        order by c.id for update of c
      )
      update communities c set status = 'needs_reauth', status_reason = ended.why from ended where ended.id = c.id`,
  );
}

function gone(why: string | null): NetworkError {
  return new NetworkError('auth', {
    code: 'renewal_refused',
    message: why ?? 'The access ended and cannot be renewed.',
    nextStep: why?.includes('Sign in again') ? null : 'Sign in again.',
  });
}

function later(why: string | null, wait: number): NetworkError {
  return new NetworkError('limited', {
    code: 'renewal_waits',
    message: `The access ended and could not be renewed yet${why === null ? '' : `: ${why}`}`,
    retryAfter: Math.max(Math.ceil(wait), look),
  });
}

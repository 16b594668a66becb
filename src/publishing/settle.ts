import { destroyCredentialIfIdle } from '../communities/credential.ts';
import { renewedCredentials } from '../communities/renewal.ts';
import { asOwner, type Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { publishOutcomes } from '../metrics.ts';
import { NetworkError, staleHandle } from '../networks/error.ts';
import type { PaceRule, Sent } from '../networks/network.ts';
import { isUniqueViolation, type Tx } from '../stores/postgres.ts';
import { considerBreaker } from './breaker.ts';
import type { Claimed } from './claim.ts';
import { followUp } from './follow.ts';
import { forgetHandles } from './handles.ts';
import { blockPace } from './pace.ts';
import { type Evidence, limitedOnce, lockState, moveAndPlan, retryAfter, triesOf } from './reschedule.ts';

/** Why a publication failed, as a person reads it. */
export interface Failure {
  kind: string;
  code: string;
  message: string;
  next_step: string | null;
}

const mostLimitedTries = 8;

/**
 * The network accepted: attempt, remote id and state in one commit. Evidence is written by attempt id even when the
 * lease was lost meanwhile: a row that waits in confirming or unconfirmed is settled by it, and so is one that a person
 * has declared absent, as long as no second send stands on record.
 */
export async function settle(
  ctx: Context,
  claimed: Claimed,
  attemptId: string,
  /** With the pace key of the credential, under which its handles are kept. */
  sent: Sent & { scope: string },
): Promise<void> {
  let next: Date | null = null;
  const bind = (remoteId: string | null) =>
    asOwner(ctx, async (tx) => {
      const state = await lockState(tx, claimed.id);
      const decided = await tx`
        update publication_attempts
        set outcome = 'accepted', decided_by = 'worker', decided_at = clock_timestamp(), remote_id = ${remoteId}, error = null
        where id = ${attemptId} and (outcome is null or outcome in ('unknown', 'absent')) returning id`;
      if (decided.length === 0) return;
      // The only way there is through «sending», and the history shall show it.
      if (state === 'held' || state === 'failed') {
        await tx`update publications set state = 'scheduled', hold_reason = null where id = ${claimed.id}`;
      }
      if (state === 'scheduled' || state === 'held' || state === 'failed') {
        await tx`update publications set state = 'sending', fence = fence + 1 where id = ${claimed.id}`;
      }
      await tx`
        update publications
        set state = 'published', remote_id = ${remoteId}, remote_url = ${sent.remoteUrl},
            remote_ids = ${remoteId === null ? [] : [...(sent.remoteIds ?? [remoteId])]}, published_at = clock_timestamp(),
            lease_owner = null, lease_until = null, error = null,
            note = ${remoteId === null ? 'accepted; the network gave no usable id' : tx`afterwards ->> 'left_out'`}
        where id = ${claimed.id} and state in ('sending', 'confirming', 'unconfirmed')`;
      await keepHandles(tx, claimed, sent);
      next = await followUp(ctx, tx, claimed.id);
      await destroyCredentialIfIdle(tx, claimed.communityId);
    });
  await persist(ctx, claimed, async () => {
    try {
      await bind(sent.remoteId);
    } catch (error) {
      if (isUniqueViolation(error, 'one_live_send')) {
        ctx.log.error({ publication: claimed.id }, 'accepted after a person had it sent again');
        return;
      }
      // The network answered with an id that another publication holds: accepted all the same, but bound to nothing.
      if (!isUniqueViolation(error, 'publications_remote')) throw error;
      ctx.log.error({ publication: claimed.id }, 'the network gave an id that is already bound');
      await bind(null);
    }
  });
  ctx.log.info({ publication: claimed.id, network: claimed.network.name }, 'published');
  publishOutcomes.inc({ network: claimed.network.name, outcome: 'published' });
  if (next) {
    await ctx.reached('between_parts');
    ctx.planned.changed(next);
  }
}

/** What the network gave for the bytes, so that they go up once per credential. */
async function keepHandles(tx: Tx, claimed: Claimed, sent: Sent & { scope: string }): Promise<void> {
  const rows = [...(sent.handles ?? [])].map(([media_id, handle]) => ({ media_id, handle }));
  if (rows.length === 0) return;
  await tx`
    insert into media_handles (workspace_id, media_id, scope, handle)
    select m.workspace_id, m.id, ${sent.scope}, h.handle
    from jsonb_to_recordset(${tx.json(rows)}) as h(media_id uuid, handle text)
    join media m on m.id = h.media_id and m.workspace_id = ${claimed.workspaceId}
    on conflict (media_id, scope) do update set handle = excluded.handle, at = now()`;
}

/** What an answer said must not be lost to a moment's trouble of the database: it is written until it is written. */
async function persist(ctx: Context, claimed: Claimed, write: () => Promise<void>): Promise<void> {
  for (let wait = 100; ; wait *= 2) {
    try {
      return await write();
    } catch (error) {
      if (wait > 10_000) throw error;
      ctx.log.warn({ err: error, publication: claimed.id }, 'an outcome could not be written yet');
      await Bun.sleep(wait);
    }
  }
}

/**
 * One switch over how a call can end badly. `attemptId` is null while staging: nothing can have become public then, so
 * an unknown outcome is only another reason to try again.
 */
export function settleFailure(
  ctx: Context,
  claimed: Claimed,
  attemptId: string | null,
  bucket: PaceRule,
  error: NetworkError,
  /** Those that the call was made with. */
  credentials: unknown,
): Promise<void> {
  return persist(ctx, claimed, () => settleOnce(ctx, claimed, attemptId, bucket, error, credentials));
}

async function settleOnce(
  ctx: Context,
  claimed: Claimed,
  attemptId: string | null,
  bucket: PaceRule,
  error: NetworkError,
  credentials: unknown,
): Promise<void> {
  const failure: Failure = {
    kind: error.kind,
    code: error.code,
    message: error.message,
    next_step: error.nextStep,
  };
  const network = claimed.network.name;
  const wasThere = error.duplicate && attemptId !== null && (await hadUnknownSend(ctx, claimed));
  if (attemptId !== null && (error.kind === 'unknown' || wasThere)) {
    await toConfirming(ctx, claimed, failure, evidence(attemptId, 'unknown', error));
    return considerBreaker(ctx, network);
  }
  const record = attemptId
    ? evidence(attemptId, error.kind === 'not_sent' ? 'not_sent' : 'rejected', error)
    : null;
  switch (error.kind) {
    case 'not_sent':
    case 'unknown': {
      const { notSent, limitedFirst } = ctx.config.durations;
      const tries = claimed.unsentTries;
      const wait = notSent[tries] ?? limitedFirst * 2 ** Math.min(tries - notSent.length, 4);
      const note = 'the network could not be reached; trying again';
      await retryAfter(ctx, claimed, jittered(wait), note, record, {
        ...triesOf(claimed),
        unsent: tries + 1,
      });
      return considerBreaker(ctx, network);
    }
    case 'limited': {
      const { limitedFirst, limitedMost } = ctx.config.durations;
      if (claimed.limitedTries >= mostLimitedTries) {
        return fail(ctx, claimed, { ...failure, next_step: 'Wait a while, then try again.' }, record);
      }
      const wait =
        error.retryAfter ?? jittered(Math.min(limitedFirst * 2 ** claimed.limitedTries, limitedMost));
      await blockPace(ctx.sql, bucket.key, wait);
      const note = `the network asked to wait ${Math.ceil(wait / 1_000)} s`;
      return retryAfter(ctx, claimed, wait, note, record, limitedOnce(claimed));
    }
    case 'auth':
      // An access that was renewed between the claim and the call looks dead, and is not.
      if (claimed.limitedTries < mostLimitedTries && (await canBeRenewed(ctx, claimed, credentials))) {
        return retryAfter(ctx, claimed, 0, 'the access was renewed', record, limitedOnce(claimed));
      }
      return reauth(ctx, claimed, failure, record);
    case 'rejected':
      if (error.code === staleHandle && claimed.limitedTries < mostLimitedTries) {
        await forgetHandles(ctx.sql, claimed.id);
        return retryAfter(ctx, claimed, 0, 'the kept file handle is spent', record, limitedOnce(claimed));
      }
      return error.movedTo
        ? follow(ctx, claimed, error.movedTo, failure, record)
        : fail(ctx, claimed, failure, record);
  }
}

/** Whether there are other credentials than the refused ones, renewed meanwhile or now. */
async function canBeRenewed(ctx: Context, claimed: Claimed, refused: unknown): Promise<boolean> {
  try {
    return (await renewedCredentials(ctx, claimed, refused)) !== null;
  } catch (error) {
    if (error instanceof NetworkError) return error.kind === 'limited';
    if (error instanceof AppError) return false;
    throw error;
  }
}

function evidence(
  attemptId: string,
  outcome: 'unknown' | 'not_sent' | 'rejected',
  error: NetworkError,
): Evidence {
  return async (tx) => {
    const rows = await tx`
      update publication_attempts
      set outcome = ${outcome}, decided_by = 'worker', decided_at = clock_timestamp(), http_status = ${error.httpStatus},
          error = ${tx.json({ kind: error.kind, code: error.code, message: error.message })}
      where id = ${attemptId} and (outcome is null or outcome = 'unknown') returning id`;
    return rows.length === 1;
  };
}

/** «You posted this already» after a send of unknown outcome means that the earlier one may have arrived. */
async function hadUnknownSend(ctx: Context, claimed: Claimed): Promise<boolean> {
  const rows = await ctx.sql`
    select from publication_attempts where publication_id = ${claimed.id} and kind = 'send' and outcome = 'absent'`;
  return rows.length > 0;
}

/** From here on only reads are allowed, until one of them or a person knows what happened. */
async function toConfirming(
  ctx: Context,
  claimed: Claimed,
  failure: Failure,
  record: Evidence,
): Promise<void> {
  const wait = isReadable(claimed) ? (ctx.config.durations.lookUps[0] ?? 0) : 0;
  await moveAndPlan(ctx, async (tx) => {
    await lockState(tx, claimed.id);
    await record(tx);
    return tx`
      update publications
      set state = 'confirming', next_try_at = clock_timestamp() + ${wait} * interval '1 millisecond', look_ups = 0,
          first_absent_at = null, lease_owner = null, lease_until = null, error = ${tx.json({ ...failure })},
          note = ${failure.message}
      where id = ${claimed.id} and state = 'sending' and fence = ${claimed.fence} returning id`;
  });
  ctx.log.warn(
    { publication: claimed.id, network: claimed.network.name, code: failure.code },
    'the answer was lost',
  );
  publishOutcomes.inc({ network: claimed.network.name, outcome: 'unknown' });
}

/** Whether this network can be read with this token at all. */
export function isReadable(claimed: Claimed): boolean {
  return claimed.network.find !== undefined && claimed.community.place.capabilities.find.available;
}

/** Ends a publication as failed; nothing of it is public. */
export async function fail(
  ctx: Context,
  claimed: Claimed,
  failure: Failure,
  record: Evidence | null = null,
): Promise<void> {
  await asOwner(ctx, async (tx) => {
    await lockState(tx, claimed.id);
    const known = (await record?.(tx)) ?? false;
    await tx`
      update publications
      set state = 'failed', error = ${tx.json({ ...failure })}, note = ${failure.message}, dismissed_at = null,
          lease_owner = null, lease_until = null
      where id = ${claimed.id} and (
        (state in ('scheduled', 'sending') and fence = ${claimed.fence})
        -- Taken over meanwhile: the refusal counts only when it was the answer that everybody waited for.
        or (state = 'confirming' and ${known} and not exists (
          select from publication_attempts a where a.publication_id = ${claimed.id} and a.kind = 'send'
            and (a.outcome is null or a.outcome in ('accepted', 'unknown')))))`;
    await destroyCredentialIfIdle(tx, claimed.communityId);
  });
  ctx.log.warn(
    { publication: claimed.id, network: claimed.network.name, code: failure.code },
    'publication failed',
  );
  publishOutcomes.inc({ network: claimed.network.name, outcome: 'failed' });
}

/** The credential is dead: the community waits for a new one, and so does everything planned for it. */
export async function reauth(
  ctx: Context,
  claimed: Claimed,
  failure: Failure,
  record: Evidence | null = null,
): Promise<void> {
  // Only when it is the credential that was refused: another may have been given meanwhile.
  await ctx.sql`
    update communities c set status = 'needs_reauth', status_reason = ${failure.message}
    where c.id = ${claimed.communityId} and c.status = 'active' and exists (
      select from credentials k where k.community_id = c.id and k.version = ${claimed.community.credentialVersion})`;
  await holdForReconnect(ctx, claimed, failure, record);
}

/** Holds a publication whose community cannot publish now; one that was connected again meanwhile is tried again. */
export async function holdForReconnect(
  ctx: Context,
  claimed: Claimed,
  failure: Failure | null = null,
  record: Evidence | null = null,
): Promise<void> {
  await moveAndPlan(ctx, async (tx) => {
    await lockState(tx, claimed.id);
    await record?.(tx);
    const [community] = await tx<{ status: string }[]>`
      select status from communities where id = ${claimed.communityId} for share`;
    // «Sending» may only become «scheduled» again where the send was proved to have had no effect.
    const back = await tx`
      update publications
      set state = 'scheduled', note = 'the network refused the credential', lease_owner = null, lease_until = null,
          next_try_at = greatest(next_try_at, clock_timestamp() + interval '1 second'), queued_for = null, slot_at = null
      where id = ${claimed.id} and state in ('scheduled', 'sending') and fence = ${claimed.fence} returning id`;
    if (community?.status === 'active') return back;
    const gone = community?.status === 'disconnected';
    await tx`
      update publications
      set state = 'held', hold_reason = ${gone ? 'disconnected' : 'reauth'},
          note = ${gone ? 'the community was disconnected' : 'the community needs to be connected again'},
          error = ${failure ? tx.json({ ...failure }) : null}
      where id = ${claimed.id} and state = 'scheduled' and fence = ${claimed.fence}`;
    await destroyCredentialIfIdle(tx, claimed.communityId);
    return [];
  });
}

/** A Telegram group that became a supergroup: the refused send had no effect, so it may be aimed anew. */
async function follow(
  ctx: Context,
  claimed: Claimed,
  externalId: string,
  failure: Failure,
  record: Evidence | null,
): Promise<void> {
  const moved =
    claimed.limitedTries < mostLimitedTries
      ? await ctx.sql`
          update communities set external_id = ${externalId}
          where id = ${claimed.communityId} and not exists (
            select from communities other
            where other.id <> ${claimed.communityId} and other.workspace_id = ${claimed.workspaceId} and other.network = ${claimed.network.name}
              and other.external_id = ${externalId}) returning id`
      : [];
  if (moved.length === 0) {
    const next_step = 'Connect the community under its new id.';
    return fail(ctx, claimed, { ...failure, next_step }, record);
  }
  await retryAfter(ctx, claimed, 0, 'the community moved to a new id', record, limitedOnce(claimed));
}

/** ±20 %, so that workers that failed together do not come back together. Not a secret. */
function jittered(wait: number): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return Math.round(wait * (0.8 + (0.4 * random) / 2 ** 32));
}

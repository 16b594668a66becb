import { destroyCredentialIfIdle } from '../communities/credential.ts';
import { asOwner, type Context } from '../context.ts';
import { publishOutcomes } from '../metrics.ts';
import type { NetworkError, PaceRule, Sent } from '../networks/network.ts';
import { isUniqueViolation, type Tx } from '../stores/postgres.ts';
import { considerBreaker } from './breaker.ts';
import { type Claimed, workerName } from './claim.ts';
import { blockPace } from './pace.ts';
import { planJobs } from './plan.ts';

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
 * lease was lost meanwhile; a row that waits in confirming or unconfirmed is then settled by it.
 */
export async function settle(ctx: Context, claimed: Claimed, attemptId: string, sent: Sent): Promise<void> {
  const bind = (remoteId: string | null) =>
    asOwner(ctx, async (tx) => {
      const decided = await tx`
        update publication_attempts
        set outcome = 'accepted', decided_by = 'worker', decided_at = clock_timestamp(), remote_id = ${remoteId}, error = null
        where id = ${attemptId} and (outcome is null or outcome = 'unknown') returning id`;
      if (decided.length === 0) {
        ctx.log.error(
          { publication: claimed.id, attempt: attemptId },
          'an answer came after somebody had decided otherwise',
        );
        return;
      }
      await tx`
        update publications
        set state = 'published', remote_id = ${remoteId}, remote_url = ${sent.remoteUrl}, published_at = clock_timestamp(),
            lease_owner = null, lease_until = null, error = null,
            note = ${remoteId === null ? 'accepted; the network gave no usable id' : null}
        where id = ${claimed.id} and state in ('sending', 'confirming', 'unconfirmed')`;
      await destroyCredentialIfIdle(tx, claimed.communityId);
    });
  try {
    await bind(sent.remoteId);
  } catch (error) {
    // The network answered with an id that another publication holds: accepted all the same, but bound to nothing.
    if (!isUniqueViolation(error, 'publications_remote')) throw error;
    ctx.log.error({ publication: claimed.id }, 'the network gave an id that is already bound');
    await bind(null);
  }
  publishOutcomes.inc({ network: claimed.network.name, outcome: 'published' });
}

/**
 * One switch over how a call can end badly. `attemptId` is null while staging: nothing can have become public then, so
 * an unknown outcome is only another reason to try again.
 */
export async function settleFailure(
  ctx: Context,
  claimed: Claimed,
  attemptId: string | null,
  bucket: PaceRule,
  error: NetworkError,
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
      const tries = claimed.limitedTries;
      const wait = notSent[tries] ?? limitedFirst * 2 ** Math.min(tries - notSent.length, 4);
      await retryAfter(
        ctx,
        claimed,
        jittered(wait),
        'the network could not be reached; trying again',
        record,
      );
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
      return retryAfter(ctx, claimed, wait, `the network asked to wait ${Math.ceil(wait / 1_000)} s`, record);
    }
    case 'auth':
      return reauth(ctx, claimed, failure, record);
    case 'rejected':
      return error.movedTo
        ? follow(ctx, claimed, error.movedTo, record)
        : fail(ctx, claimed, failure, record);
  }
}

/** Writes what is known about an attempt, in the commit of the change that follows from it. */
type Evidence = (tx: Tx) => PromiseLike<unknown>;

function evidence(
  attemptId: string,
  outcome: 'unknown' | 'not_sent' | 'rejected',
  error: NetworkError,
): Evidence {
  return (tx) => tx`
    update publication_attempts
    set outcome = ${outcome}, decided_by = 'worker', decided_at = clock_timestamp(), http_status = ${error.httpStatus},
        error = ${tx.json({ kind: error.kind, code: error.code, message: error.message })}
    where id = ${attemptId} and (outcome is null or outcome = 'unknown')`;
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
    await record(tx);
    return tx`
      update publications
      set state = 'confirming', next_try_at = clock_timestamp() + ${wait} * interval '1 millisecond', look_ups = 0,
          first_absent_at = null, lease_owner = null, lease_until = null, error = ${tx.json({ ...failure })},
          note = ${failure.message}
      where id = ${claimed.id} and state = 'sending' and fence = ${claimed.fence} returning id`;
  });
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
    await record?.(tx);
    await tx`
      update publications
      set state = 'failed', error = ${tx.json({ ...failure })}, note = ${failure.message},
          lease_owner = null, lease_until = null
      where id = ${claimed.id} and state in ('scheduled', 'sending', 'confirming')
        and (fence = ${claimed.fence} or state = 'confirming')`;
    await destroyCredentialIfIdle(tx, claimed.communityId);
  });
  publishOutcomes.inc({ network: claimed.network.name, outcome: 'failed' });
}

/** The credential is dead: the community waits for a new one, and so does everything planned for it. */
async function reauth(
  ctx: Context,
  claimed: Claimed,
  failure: Failure,
  record: Evidence | null,
): Promise<void> {
  await ctx.sql`
    update communities set status = 'needs_reauth', status_reason = ${failure.message}
    where id = ${claimed.communityId} and status = 'active'`;
  await holdForReconnect(ctx, claimed, failure, record);
}

/** Holds a publication whose community cannot publish now. */
export async function holdForReconnect(
  ctx: Context,
  claimed: Claimed,
  failure: Failure | null = null,
  record: Evidence | null = null,
): Promise<void> {
  await asOwner(ctx, async (tx) => {
    await record?.(tx);
    // Two steps in one commit: «sending» may only become «scheduled» again where the send was proved to have no effect.
    await tx`
      update publications set state = 'scheduled', note = 'the network refused the credential'
      where id = ${claimed.id} and state = 'sending' and fence = ${claimed.fence}`;
    await tx`
      update publications p
      set state = 'held', hold_reason = case when c.status = 'disconnected' then 'disconnected' else 'reauth' end,
          note = case when c.status = 'disconnected' then 'the community was disconnected'
                      else 'the community needs to be connected again' end,
          error = ${failure ? tx.json({ ...failure }) : null}, lease_owner = null, lease_until = null
      from communities c
      where c.id = p.community_id and p.id = ${claimed.id} and p.state = 'scheduled' and p.fence = ${claimed.fence}`;
  });
}

/** A Telegram group that became a supergroup: the refused send had no effect, so it may be aimed anew. */
async function follow(
  ctx: Context,
  claimed: Claimed,
  externalId: string,
  record: Evidence | null,
): Promise<void> {
  await ctx.sql`
    update communities set external_id = ${externalId}
    where id = ${claimed.communityId}
      and not exists (select from communities other
        where other.workspace_id = ${claimed.workspaceId} and other.network = ${claimed.network.name}
          and other.external_id = ${externalId})`;
  await retryAfter(ctx, claimed, 0, 'the community moved to a new id', record);
}

async function retryAfter(
  ctx: Context,
  claimed: Claimed,
  wait: number,
  note: string,
  record: Evidence | null,
): Promise<void> {
  await moveAndPlan(ctx, async (tx) => {
    await record?.(tx);
    return tx`
      update publications
      set state = 'scheduled', slot_at = null, limited_tries = limited_tries + 1, note = ${note},
          next_try_at = greatest(next_try_at, clock_timestamp() + ${wait} * interval '1 millisecond'),
          lease_owner = null, lease_until = null, queued_for = null
      where id = ${claimed.id} and state in ('scheduled', 'sending') and fence = ${claimed.fence}
      returning id`;
  });
}

/** Puts a publication back on the plan at a moment that the pace buckets granted. */
export async function retryAtSlot(ctx: Context, claimed: Claimed, slot: Date): Promise<void> {
  await moveAndPlan(
    ctx,
    (tx) => tx`
      update publications
      set next_try_at = ${slot}, slot_at = ${slot}, lease_owner = null, lease_until = null, queued_for = null
      where id = ${claimed.id} and state = 'scheduled' and fence = ${claimed.fence} returning id`,
  );
}

export async function releaseLease(ctx: Context, claimed: Claimed): Promise<void> {
  await ctx.sql`
    update publications set lease_owner = null, lease_until = null
    where id = ${claimed.id} and lease_owner = ${workerName} and fence = ${claimed.fence}`;
}

/**
 * Publications whose worker died after the barrier: the send may have happened. They go to confirming, and the dead
 * worker's fence is spent.
 */
export async function takeOverSends(ctx: Context): Promise<number> {
  return moveAndPlan(
    ctx,
    (tx) => tx`
      with orphans as (
        select id from publications where state = 'sending' and lease_until < statement_timestamp()
        order by lease_until limit 500 for update skip locked),
      unknown as (
        update publication_attempts set outcome = 'unknown', decided_by = 'sweep', decided_at = clock_timestamp()
        where publication_id in (select id from orphans) and kind = 'send' and outcome is null)
      update publications
      set state = 'confirming', fence = fence + 1, next_try_at = clock_timestamp(), look_ups = 0, first_absent_at = null,
          lease_owner = null, lease_until = null, queued_for = null,
          note = 'the worker stopped in the middle of the send',
          error = '{"kind": "unknown", "code": "worker_lost", "message": "The worker stopped in the middle of the send.", "next_step": null}'
      where id in (select id from orphans) returning id`,
  );
}

/** Holds what is too late to go out unasked. */
export async function holdLate(ctx: Context): Promise<void> {
  await ctx.sql`
    update publications
    set state = 'held', hold_reason = 'late', note = 'too late to go out without a decision',
        lease_owner = null, lease_until = null
    where state = 'scheduled' and next_try_at <= statement_timestamp() and late_at <= statement_timestamp()
      and (lease_until is null or lease_until < statement_timestamp())`;
}

/** Moves rows, gives them their jobs in the same commit, and sets the timer. Answers how many moved. */
export async function moveAndPlan(
  ctx: Context,
  move: (tx: Tx) => PromiseLike<readonly unknown[]>,
): Promise<number> {
  const { count, first } = await asOwner(ctx, async (tx) => {
    const rows = (await move(tx)) as readonly { id: string }[];
    return {
      count: rows.length,
      first: await planJobs(
        ctx,
        tx,
        rows.map((row) => row.id),
      ),
    };
  });
  if (first) ctx.planned.changed(first);
  return count;
}

/** ±20 %, so that workers that failed together do not come back together. Not a secret. */
function jittered(wait: number): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return Math.round(wait * (0.8 + (0.4 * random) / 2 ** 32));
}

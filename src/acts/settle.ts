import { destroyCredentialIfIdle } from '../communities/credential.ts';
import { asOwner, type Context } from '../context.ts';
import type { NetworkError } from '../networks/error.ts';
import type { Live } from '../networks/message.ts';
import type { PaceRule } from '../networks/network.ts';
import { blockPace } from '../publishing/pace.ts';
import type { ClaimedAct } from './claim.ts';

/** Why something failed, as a person reads it. */
export interface Failure {
  kind: string;
  code: string;
  message: string;
  next_step: string | null;
}

/** What a done act left behind on its publication. */
export interface Done {
  removed?: boolean;
  pinned?: boolean;
  live?: Live;
  /** The content version that is public now. */
  version?: number;
  /** Of a comment; null: the network gave no usable id. */
  remoteId?: string | null;
  note?: string;
}

/** The network did it: the act and its publication in one commit. */
export async function finishAct(ctx: Context, act: ClaimedAct, done: Done): Promise<void> {
  await asOwner(ctx, async (tx) => {
    await tx`select from publications where id = ${act.publicationId} for update`;
    const { pinned = null, live = null, version = null, remoteId = null, note = null } = done;
    // An edit that was overtaken by a newer one is not the last word: it goes once more, with the newer content.
    const settled = await tx<{ state: string }[]>`
      update publication_acts
      set state = case when ${act.kind} = 'edit' and (payload ->> 'content_version')::int > ${version ?? 0}
            then 'scheduled' else 'done' end,
          decided_at = clock_timestamp(), next_try_at = clock_timestamp(), remote_id = ${remoteId}, note = ${note},
          error = null, lease_owner = null, lease_until = null
      where id = ${act.id} and (fence = ${act.fence} or state in ('sending', 'confirming', 'unconfirmed'))
        and state in ('scheduled', 'sending', 'confirming', 'unconfirmed')
      returning state`;
    await tx`
      update publications
      set live = coalesce(${live && tx.json(live as never)}, live), live_version = coalesce(${version}, live_version),
          pinned = coalesce(${pinned}, pinned),
          removed_at = case when ${done.removed ?? false} then coalesce(removed_at, clock_timestamp()) else removed_at end,
          removed_by = case when ${done.removed ?? false} then coalesce(removed_by, 'outpost') else removed_by end,
          drift_check_at = case when ${done.removed ?? false} then null else drift_check_at end,
          drift = case when ${live !== null} then null else drift end
      where id = ${act.publicationId}`;
    if (done.removed) {
      await tx`
        update publication_acts set state = 'cancelled', note = 'the post was deleted', decided_at = clock_timestamp()
        where publication_id = ${act.publicationId} and id <> ${act.id} and state = 'scheduled'
          and (lease_until is null or lease_until < statement_timestamp())`;
    }
    if (settled[0]?.state === 'scheduled')
      await ctx.queue.enqueue(tx, 'posts.act', [{ payload: {}, at: new Date() }]);
    await destroyCredentialIfIdle(tx, act.communityId);
  });
  ctx.log.info({ act: act.id, kind: act.kind, network: act.network.name }, 'act done');
}

/** Definitely not done, and trying again would not help. */
export async function failAct(ctx: Context, act: ClaimedAct, failure: Failure): Promise<void> {
  await ctx.sql`
    update publication_acts
    set state = 'failed', decided_at = clock_timestamp(), error = ${ctx.sql.json({ ...failure })}, note = ${failure.message},
        lease_owner = null, lease_until = null
    where id = ${act.id} and fence = ${act.fence} and state in ('scheduled', 'sending', 'confirming')`;
  ctx.log.warn({ act: act.id, kind: act.kind, code: failure.code }, 'act failed');
}

/** Back on the plan, `wait` milliseconds from now; nothing was done. */
export async function laterAct(
  ctx: Context,
  act: ClaimedAct,
  wait: number,
  note: string | null = null,
  tries = act.tries,
): Promise<void> {
  await ctx.sql`
    update publication_acts
    set state = case when state = 'sending' then 'scheduled' else state end, tries = ${tries},
        next_try_at = clock_timestamp() + ${wait} * interval '1 millisecond', note = coalesce(${note}, note),
        lease_owner = null, lease_until = null
    where id = ${act.id} and fence = ${act.fence} and state in ('scheduled', 'sending', 'confirming')`;
}

/** One switch over how a call can end badly. */
export async function settleActFailure(
  ctx: Context,
  act: ClaimedAct,
  bucket: PaceRule,
  error: NetworkError,
): Promise<void> {
  const { actRetry, limitedFirst } = ctx.config.durations;
  const failure: Failure = {
    kind: error.kind,
    code: error.code,
    message: error.message,
    next_step: error.nextStep,
  };
  const once = act.kind === 'comment' && act.state === 'scheduled';
  switch (error.kind) {
    case 'unknown':
      if (once) return toConfirming(ctx, act, failure);
      break;
    case 'limited': {
      const wait = error.retryAfter ?? limitedFirst;
      await blockPace(ctx.sql, bucket.key, wait);
      if (act.tries < actRetry.length + 3) {
        return laterAct(
          ctx,
          act,
          wait,
          `the network asked to wait ${Math.ceil(wait / 1_000)} s`,
          act.tries + 1,
        );
      }
      return failAct(ctx, act, failure);
    }
    case 'auth':
      await ctx.sql`
        update communities c set status = 'needs_reauth', status_reason = ${failure.message}
        where c.id = ${act.communityId} and c.status = 'active' and exists (
          select from credentials k where k.community_id = c.id and k.version = ${act.community.credentialVersion})`;
      return failAct(ctx, act, failure);
    case 'rejected':
      return failAct(ctx, act, failure);
    case 'not_sent':
      break;
  }
  // A repetition changes nothing that the first did.
  const wait = actRetry[act.tries];
  if (wait === undefined)
    return act.state === 'confirming' ? askPerson(ctx, act) : failAct(ctx, act, failure);
  await laterAct(ctx, act, wait, 'the network did not answer; trying again', act.tries + 1);
}

/** No machine can know whether a comment is there. */
export async function askPerson(ctx: Context, act: ClaimedAct): Promise<void> {
  await ctx.sql`
    update publication_acts
    set state = 'unconfirmed', lease_owner = null, lease_until = null,
        note = 'no machine can know whether the comment is there: look, then confirm, send it again, or discard'
    where id = ${act.id} and fence = ${act.fence} and state = 'confirming'`;
}

async function toConfirming(ctx: Context, act: ClaimedAct, failure: Failure): Promise<void> {
  await ctx.sql`
    update publication_acts
    set state = 'confirming', next_try_at = clock_timestamp() + ${ctx.config.durations.lookUps[0] ?? 0} * interval '1 millisecond',
        tries = 0, look_ups = 0, first_absent_at = null, error = ${ctx.sql.json({ ...failure })}, note = ${failure.message},
        lease_owner = null, lease_until = null
    where id = ${act.id} and fence = ${act.fence} and state = 'sending'`;
}

import { destroyCredentialIfIdle } from '../communities/credential.ts';
import { asOwner, type Context } from '../context.ts';
import { type NetworkError, staleHandle } from '../networks/error.ts';
import type { Live } from '../networks/message.ts';
import type { PaceRule } from '../networks/network.ts';
import { forgetHandles } from '../publishing/handles.ts';
import { blockPace, type Slot } from '../publishing/pace.ts';
import type { Tx } from '../stores/postgres.ts';
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
          pinned = coalesce(${pinned}, pinned) and not ${done.removed ?? false},
          removed_at = case when ${done.removed ?? false} then coalesce(removed_at, clock_timestamp()) else removed_at end,
          removed_by = case when ${done.removed ?? false} then coalesce(removed_by, 'outpost') else removed_by end,
          drift_check_at = case when ${done.removed ?? false} then null else drift_check_at end,
          drift = case when ${live !== null} then null else drift end
      where id = ${act.publicationId}`;
    if (pinned && act.network.onePin) {
      await tx`
        update publications set pinned = false
        where community_id = ${act.communityId} and id <> ${act.publicationId} and pinned`;
    }
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

/**
 * Definitely not done, and trying again would not help. An edit that was overtaken by a newer one meanwhile goes once more,
 * with the newer content.
 */
export async function failAct(ctx: Context, act: ClaimedAct, failure: Failure): Promise<void> {
  const [settled] = await ctx.sql<{ state: string }[]>`
    update publication_acts
    set state = case when ${overtaken(ctx.sql, act)} then 'scheduled' else 'failed' end,
        tries = case when ${overtaken(ctx.sql, act)} then 0 else tries end, decided_at = clock_timestamp(),
        next_try_at = clock_timestamp(), error = ${ctx.sql.json({ ...failure })}, note = ${failure.message},
        slot_at = null, slot_key = null, lease_owner = null, lease_until = null
    where id = ${act.id} and fence = ${act.fence} and state in ('scheduled', 'sending')
    returning state`;
  if (settled) ctx.log.warn({ act: act.id, kind: act.kind, code: failure.code }, `act ${settled.state}`);
}

/** Whether a newer edit joined this one while it was under way. */
function overtaken(tx: Tx, act: ClaimedAct) {
  return tx`(kind = 'edit' and coalesce((payload ->> 'content_version')::int, 0) > ${act.contentVersion})`;
}

/** Back on the plan, `wait` milliseconds from now; nothing was done. */
export async function laterAct(
  ctx: Context,
  act: ClaimedAct,
  wait: number,
  how: { note?: string; tries?: number; slot?: Slot | null } = {},
): Promise<void> {
  const { note = null, tries = act.tries, slot = null } = how;
  await ctx.sql`
    update publication_acts
    set state = case when state = 'sending' then 'scheduled' else state end,
        tries = case when ${overtaken(ctx.sql, act)} then 0 else ${tries} end,
        next_try_at = clock_timestamp() + ${wait} * interval '1 millisecond', note = coalesce(${note}, note),
        slot_at = ${slot?.at ?? null}, slot_key = ${slot?.key ?? null}, lease_owner = null, lease_until = null
    where id = ${act.id} and fence = ${act.fence} and state in ('scheduled', 'sending', 'confirming')`;
}

/** One switch over how a call can end badly. */
export async function settleActFailure(
  ctx: Context,
  act: ClaimedAct,
  bucket: PaceRule,
  error: NetworkError,
): Promise<void> {
  const { actAway, actRetry, limitedFirst } = ctx.config.durations;
  const failure: Failure = {
    kind: error.kind,
    code: error.code,
    message: error.message,
    next_step: error.nextStep,
  };
  // A read that failed says nothing of the comment: it is made again, and in the end a person is asked.
  if (act.state === 'confirming') return lookLater(ctx, act, error);
  switch (error.kind) {
    case 'unknown':
      if (act.kind === 'comment') return toConfirming(ctx, act, failure);
      break;
    case 'limited': {
      const wait = error.retryAfter ?? limitedFirst;
      await blockPace(ctx.sql, bucket.key, wait);
      if (act.tries >= actRetry.length + 3) return failAct(ctx, act, failure);
      const note = `the network asked to wait ${Math.ceil(wait / 1_000)} s`;
      return laterAct(ctx, act, wait, { note, tries: act.tries + 1 });
    }
    case 'auth':
      await ctx.sql`
        update communities c set status = 'needs_reauth', status_reason = ${failure.message}
        where c.id = ${act.communityId} and c.status = 'active' and exists (
          select from credentials k where k.community_id = c.id and k.version = ${act.community.credentialVersion})`;
      return laterAct(ctx, act, actAway, { note: 'waits for the community to be connected again' });
    case 'rejected':
      if (error.code === staleHandle && act.tries < actRetry.length) {
        await forgetHandles(ctx.sql, act.publicationId);
        return laterAct(ctx, act, 0, { note: 'the kept file handle is spent', tries: act.tries + 1 });
      }
      return failAct(ctx, act, failure);
    case 'not_sent':
      break;
  }
  // A repetition changes nothing that the first did.
  const wait = actRetry[act.tries];
  if (wait === undefined) return failAct(ctx, act, failure);
  await laterAct(ctx, act, wait, { note: 'the network did not answer; trying again', tries: act.tries + 1 });
}

async function lookLater(ctx: Context, act: ClaimedAct, error: NetworkError): Promise<void> {
  const { lookUps, absentApart } = ctx.config.durations;
  if (act.lookUps >= lookUps.length + 2) return askPerson(ctx, act);
  const wait = error.retryAfter ?? lookUps[act.lookUps] ?? absentApart;
  await ctx.sql`update publication_acts set look_ups = look_ups + 1 where id = ${act.id} and fence = ${act.fence}`;
  await laterAct(ctx, act, wait);
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
        look_ups = 0, first_absent_at = null, error = ${ctx.sql.json({ ...failure })}, note = ${failure.message},
        lease_owner = null, lease_until = null
    where id = ${act.id} and fence = ${act.fence} and state = 'sending'`;
}

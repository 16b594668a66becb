import { destroyCredentialIfIdle } from '../communities/credential.ts';
import { freshCredentials } from '../communities/renewal.ts';
import { asOwner, type Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { publishOutcomes } from '../metrics.ts';
import { NetworkError } from '../networks/error.ts';
import type { Live } from '../networks/message.ts';
import type { Found } from '../networks/network.ts';
import type { Tx } from '../stores/postgres.ts';
import { type Claimed, messageOf } from './claim.ts';
import { followUp } from './follow.ts';
import { observedLike, rivalOf } from './observed.ts';
import { lockState, moveAndPlan } from './reschedule.ts';
import { isReadable } from './settle.ts';
import { accessTo } from './stage.ts';

interface LastSend {
  id: string;
  outcome: string | null;
  decided_by: string | null;
  remote_id: string | null;
  error: { message?: string } | null;
  intent_at: Date;
  /** The send cannot arrive any more after this. */
  over_at: Date;
  /** The database's clock, which wrote the other times. */
  now: Date;
  proved_absent_before: boolean;
}

/** One read of a publication whose send has an unknown outcome. Nothing here makes anything public. */
export async function reconcile(ctx: Context, claimed: Claimed): Promise<void> {
  await ctx.reached('during_confirming');
  const [last] = await ctx.sql<LastSend[]>`
    select id, outcome, decided_by, remote_id, error, intent_at, over_at, clock_timestamp() as now,
      exists (select from publication_attempts before
        where before.publication_id = ${claimed.id} and before.kind = 'send' and before.outcome = 'absent')
        as proved_absent_before
    from publication_attempts
    where publication_id = ${claimed.id} and kind = 'send' order by intent_at desc limit 1`;
  if (!last) return giveUp(ctx, claimed, 'no send is on record');
  // Evidence that came late, from a worker whose lease had run out.
  if (last.outcome === 'accepted') {
    return publishAs(ctx, claimed, last, { remoteId: last.remote_id, remoteUrl: null });
  }
  if (last.outcome === 'rejected' || last.outcome === 'not_sent' || last.outcome === 'absent') {
    return sendAgain(ctx, claimed, null);
  }
  const told = await toldBy(ctx, claimed, last);
  if (told?.kind === 'found') return foundBy(ctx, claimed, last, told);
  if (told) return giveUp(ctx, claimed, `${told.remoteIds.length} new posts look like this one`);
  const readable = isReadable(claimed) && claimed.community.credentialVersion !== null;
  const next = echoAwaited(ctx, claimed, last);
  // The network tells of new posts by itself: that is waited for, but not for long.
  if (!readable && next) return lookAgain(ctx, claimed, next, null);
  if (!readable) {
    // While a dead worker's request may still arrive, nobody can answer whether it is there.
    if (last.decided_by === 'sweep' && last.now < last.over_at)
      return lookAgain(ctx, claimed, last.over_at, null);
    return giveUp(ctx, claimed, claimed.community.place.capabilities.find.detail);
  }

  const found = await look(ctx, claimed, last).catch((error: unknown) => {
    // The kept credential or a picture cannot be read any more: a fault of ours that more looking does not mend.
    if (!(error instanceof AppError)) throw error;
    ctx.log.error({ err: error, publication: claimed.id }, 'a look-up cannot be made');
    return 'impossible' as const;
  });
  if (found === 'impossible') {
    if (last.decided_by === 'sweep' && last.now < last.over_at)
      return lookAgain(ctx, claimed, last.over_at, null);
    return giveUp(ctx, claimed, 'the network cannot be read with what is kept of this community');
  }
  if (found?.kind === 'found') return foundBy(ctx, claimed, last, found);
  await record(ctx, claimed, found);
  if (found?.kind === 'ambiguous') {
    return giveUp(ctx, claimed, `${found.remoteIds.length} posts on the wall look like this one`);
  }
  const searched = found?.kind === 'unseen' ? found.by : null;
  return weighAbsence(ctx, claimed, last, found?.kind === 'absent' ? last.now : null, searched);
}

/** It is ours, unless another publication that makes the same public may have made it. */
async function foundBy(ctx: Context, claimed: Claimed, last: LastSend, found: Told): Promise<void> {
  const [row] = await ctx.sql<
    { live: Live | null }[]
  >`select live from publications where id = ${claimed.id}`;
  const rival = row?.live ? await rivalOf(ctx.sql, claimed.communityId, claimed.id, row.live) : 'none';
  if (rival === 'sending') {
    const soon = new Date(last.now.getTime() + (ctx.config.durations.lookUps[0] ?? 0));
    return lookAgain(ctx, claimed, soon, null);
  }
  if (rival === 'unknown')
    return giveUp(ctx, claimed, 'another post of ours says the same and is not settled either');
  await record(ctx, claimed, found);
  return publishAs(ctx, claimed, last, found);
}

/** The next moment to ask whether the network told of our post by itself; null: it does not, or long has. */
function echoAwaited(ctx: Context, claimed: Claimed, last: LastSend): Date | null {
  const { network, community } = claimed;
  if (!network.echoes?.(community.place)) return null;
  const from = last.decided_by === 'sweep' ? last.over_at : last.intent_at;
  const steps = ctx.config.durations.lookUps.slice(0, 3).map((after) => from.getTime() + after);
  const next = steps.find((at) => at > last.now.getTime() + 100);
  return next === undefined ? null : new Date(next);
}

/** What the network told of by itself since the send; null: nothing that looks like it. */
async function toldBy(
  ctx: Context,
  claimed: Claimed,
  last: LastSend,
): Promise<Told | Extract<Found, { kind: 'ambiguous' }> | null> {
  const [row] = await ctx.sql<
    { live: Live | null }[]
  >`select live from publications where id = ${claimed.id}`;
  if (!row?.live) return null;
  const [first, ...others] = await observedLike(ctx.sql, claimed.communityId, row.live, last.intent_at);
  const [remoteId] = first ?? [];
  if (first === undefined || remoteId === undefined) return null;
  if (others.length > 0) return { kind: 'ambiguous', remoteIds: [remoteId, ...others.flat()] };
  const { network, community } = claimed;
  return {
    kind: 'found',
    remoteId,
    remoteIds: first,
    remoteUrl: network.urlOf?.(community.place, remoteId) ?? null,
    by: 'the updates of the network',
  };
}

/** What was found, and under which ids it stands. */
type Told = Extract<Found, { kind: 'found' }> & { remoteIds?: readonly string[] };

async function look(ctx: Context, claimed: Claimed, last: LastSend): Promise<Found | null> {
  const message = await messageOf(ctx, ctx.sql, claimed);
  const [known] = await ctx.sql<{ taken: string[]; newest: string | null }[]>`
    select coalesce(array_agg(remote_id) filter (where id <> ${claimed.id}), '{}') as taken,
      (select max(each::bigint)::text from (
         select unnest(before.remote_ids) as each from publications before
         where before.community_id = ${claimed.communityId} and before.published_at < ${last.intent_at}
         union all
         select seen.remote_id from observed_posts seen
         where seen.community_id = ${claimed.communityId} and seen.posted_at < ${last.intent_at}) ids
       where each ~ '^[0-9]{1,18}$') as newest
    from publications where community_id = ${claimed.communityId} and remote_id is not null`;
  try {
    const credentials = await freshCredentials(ctx, claimed);
    return (
      (await claimed.network.find?.(
        accessTo(ctx, claimed, credentials, ctx.config.durations.sendText),
        claimed.community.place,
        {
          message,
          sentAt: last.intent_at.getTime(),
          taken: new Set(known?.taken),
          newest: known?.newest ?? null,
        },
      )) ?? null
    );
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    ctx.log.info({ publication: claimed.id, code: error.code }, 'look-up failed');
    return null;
  }
}

/**
 * «Not there» counts only when the send can no longer arrive, and only when two reads far enough apart agree.
 * Then it is sent once more; a second unknown outcome is put to a person.
 */
async function weighAbsence(
  ctx: Context,
  claimed: Claimed,
  last: LastSend,
  absentAt: Date | null,
  /** Where it was looked for without a result that counts; null: nothing could be read, or the read counts. */
  searched: string | null,
): Promise<void> {
  const { absentApart, lookUps, sendStart } = ctx.config.durations;
  const settledBy =
    last.decided_by === 'sweep' ? last.over_at.getTime() : last.intent_at.getTime() + sendStart;
  const counts = absentAt !== null && absentAt.getTime() >= settledBy;
  const first = claimed.firstAbsentAt ?? (counts ? absentAt : null);
  if (counts && first && absentAt.getTime() - first.getTime() >= absentApart) {
    if (last.proved_absent_before) return giveUp(ctx, claimed, 'two sends were lost without a trace');
    return sendAgain(ctx, claimed, last.id);
  }
  const steps = lookUps.map((after) => last.intent_at.getTime() + after);
  // Once «not there» counts, one more read far enough from it decides: whatever steps are left, or none.
  if (counts && first) steps.push(first.getTime() + absentApart);
  const next = Math.min(...steps.filter((at) => at > last.now.getTime() + 100));
  if (Number.isFinite(next)) return lookAgain(ctx, claimed, new Date(next), first);
  if (last.decided_by === 'sweep' && last.now < last.over_at)
    return lookAgain(ctx, claimed, last.over_at, first);
  // Nobody was there at the times to read, and now the read itself failed: that is no reason to ask a person yet.
  const unread = absentAt === null && searched === null;
  if (unread && claimed.lookUps < lookUps.length) {
    return lookAgain(ctx, claimed, new Date(last.now.getTime() + (lookUps[1] ?? 0)), first);
  }
  return giveUp(
    ctx,
    claimed,
    searched === null
      ? 'the network was read several times and gave no clear answer'
      : `not found, which proves nothing here: ${searched}`,
  );
}

async function lookAgain(
  ctx: Context,
  claimed: Claimed,
  at: Date,
  firstAbsentAt: Date | null,
): Promise<void> {
  await moveAndPlan(
    ctx,
    (tx) => tx`
      update publications
      set next_try_at = ${at}, look_ups = look_ups + 1, first_absent_at = ${firstAbsentAt},
          lease_owner = null, lease_until = null, queued_for = null
      where id = ${claimed.id} and state = 'confirming' and fence = ${claimed.fence} returning id`,
  );
}

async function record(ctx: Context, claimed: Claimed, found: Found | null): Promise<void> {
  const outcome = found?.kind === 'found' ? 'accepted' : found?.kind === 'absent' ? 'absent' : 'unknown';
  await ctx.sql`
    insert into publication_attempts
      (id, workspace_id, publication_id, network, kind, fence, client_key, content_version, request_hash, outcome,
       decided_by, decided_at, remote_id)
    values (${Bun.randomUUIDv7()}, ${claimed.workspaceId}, ${claimed.id}, ${claimed.network.name}, 'find', ${claimed.fence},
      ${claimed.id}, ${claimed.contentVersion}, '', ${outcome}, 'look-up', clock_timestamp(),
      ${found?.kind === 'found' ? found.remoteId : null})`;
}

async function publishAs(
  ctx: Context,
  claimed: Claimed,
  last: LastSend,
  found: { remoteId: string | null; remoteUrl: string | null; remoteIds?: readonly string[]; by?: string },
): Promise<void> {
  const { remoteId, remoteUrl, by = 'a look at the network' } = found;
  let next: Date | null = null;
  await ended(ctx, claimed, async (tx) => {
    await lockState(tx, claimed.id);
    await tx`
      update publication_attempts
      set outcome = 'accepted', decided_by = 'look-up', decided_at = clock_timestamp(), remote_id = ${remoteId}
      where id = ${last.id} and (outcome is null or outcome = 'unknown')`;
    await tx`
      update publications
      set state = 'published', remote_id = ${remoteId}, remote_url = ${remoteUrl},
          remote_ids = ${remoteId === null ? [] : [...(found.remoteIds ?? [remoteId])]}, published_at = ${last.intent_at},
          error = null, note = ${`found by ${by}`}, lease_owner = null, lease_until = null
      where id = ${claimed.id} and state = 'confirming' and fence = ${claimed.fence}`;
    next = await followUp(ctx, tx, claimed.id);
  });
  if (next) ctx.planned.changed(next);
  publishOutcomes.inc({ network: claimed.network.name, outcome: 'published' });
}

/** Proved to have had no effect: back on the plan, at once. */
async function sendAgain(ctx: Context, claimed: Claimed, absentAttempt: string | null): Promise<void> {
  await moveAndPlan(ctx, async (tx) => {
    if ((await lockState(tx, claimed.id)) !== 'confirming') return [];
    if (absentAttempt) {
      await tx`
        update publication_attempts set outcome = 'absent', decided_by = 'look-up', decided_at = clock_timestamp()
        where id = ${absentAttempt} and outcome = 'unknown'
          and exists (select from publications where id = ${claimed.id} and fence = ${claimed.fence})`;
    }
    const rows = await tx`
      update publications
      set state = 'scheduled', next_try_at = clock_timestamp(), slot_at = null, slot_key = null, first_absent_at = null,
          error = null, note = 'the earlier send had no effect', lease_owner = null, lease_until = null,
          queued_for = null
      where id = ${claimed.id} and state = 'confirming' and fence = ${claimed.fence} returning id`;
    await destroyCredentialIfIdle(tx, claimed.communityId);
    return rows;
  });
}

const whatToDo =
  'Look whether the post is there, then answer: confirm (it is there), absent (send again) or discard.';

/** No machine can know: a person is asked. */
async function giveUp(ctx: Context, claimed: Claimed, why: string): Promise<void> {
  await ended(
    ctx,
    claimed,
    (tx) => tx`
      update publications
      set state = 'unconfirmed', note = ${why}, lease_owner = null, lease_until = null,
          error = coalesce(error, '{"kind": "unknown", "code": "unknown", "message": "The answer of the network was lost."}')
            || ${tx.json({ next_step: whatToDo })}
      where id = ${claimed.id} and state = 'confirming' and fence = ${claimed.fence}`,
  );
  ctx.log.warn(
    { publication: claimed.id, network: claimed.network.name, why },
    'unconfirmed: a person is asked',
  );
  publishOutcomes.inc({ network: claimed.network.name, outcome: 'unconfirmed' });
}

async function ended(ctx: Context, claimed: Claimed, move: (tx: Tx) => PromiseLike<unknown>): Promise<void> {
  await asOwner(ctx, async (tx) => {
    await move(tx);
    await destroyCredentialIfIdle(tx, claimed.communityId);
  });
}

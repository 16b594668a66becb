import { destroyCredentialIfIdle } from '../communities/credential.ts';
import { asOwner, type Context } from '../context.ts';
import type { Tx } from '../stores/postgres.ts';
import { type Claimed, workerName } from './claim.ts';
import type { Slot } from './pace.ts';
import { planJobs } from './plan.ts';

/** First in every transaction that settles: one lock order with the acts of people and the sweep. */
export async function lockState(tx: Tx, id: string): Promise<string | null> {
  const [row] = await tx<{ state: string }[]>`select state from publications where id = ${id} for update`;
  return row?.state ?? null;
}

/** Writes what is known about an attempt, in the commit of the change that follows. Answers whether it was still open. */
export type Evidence = (tx: Tx) => Promise<boolean>;

/** Tries since the last success: refusals to wait for (and moves), and sends that never left. */
export interface Tries {
  limited: number;
  unsent: number;
}

export function triesOf(claimed: Claimed): Tries {
  return { limited: claimed.limitedTries, unsent: claimed.unsentTries };
}

export function limitedOnce(claimed: Claimed): Tries {
  return { ...triesOf(claimed), limited: claimed.limitedTries + 1 };
}

/** Back on the plan after a try that provably had no effect; before the due time only the uploads are put off. */
export async function retryAfter(
  ctx: Context,
  claimed: Claimed,
  wait: number,
  note: string,
  record: Evidence | null,
  tries: Tries,
): Promise<void> {
  await moveAndPlan(ctx, async (tx) => {
    await lockState(tx, claimed.id);
    await record?.(tx);
    const again = new Date(Date.now() + wait);
    if (!claimed.due && again < claimed.nextTryAt) {
      // Still before its time: the upload is tried again after the wait, and the time stays as it is.
      await prepareAgain(ctx, tx, claimed, again, null, tries);
      return [];
    }
    const rows = await tx`
      update publications
      set state = 'scheduled', slot_at = null, slot_key = null, limited_tries = ${tries.limited},
          unsent_tries = ${tries.unsent}, note = ${note},
          next_try_at = greatest(next_try_at, clock_timestamp() + ${wait} * interval '1 millisecond'),
          lease_owner = null, lease_until = null, queued_for = null
      where id = ${claimed.id} and state in ('scheduled', 'sending') and fence = ${claimed.fence}
      returning id`;
    await destroyCredentialIfIdle(tx, claimed.communityId);
    return rows;
  });
}

/**
 * Puts a publication back on the plan until the moment that the pace buckets granted: for its send, or, before its due
 * time, for going on with its uploads.
 */
export async function waitForSlot(ctx: Context, claimed: Claimed, slot: Slot): Promise<void> {
  await moveAndPlan(ctx, async (tx) => {
    if (!claimed.due && slot.at < claimed.nextTryAt) {
      await prepareAgain(ctx, tx, claimed, slot.at, slot, triesOf(claimed));
      return [];
    }
    return tx`
      update publications
      set next_try_at = greatest(next_try_at, ${slot.at}), slot_at = ${slot.at}, slot_key = ${slot.key},
          lease_owner = null, lease_until = null, queued_for = null
      where id = ${claimed.id} and state = 'scheduled' and fence = ${claimed.fence} returning id`;
  });
}

/** Gives the lease back and has the uploads gone on with at `at`; the publication's own time stays. */
async function prepareAgain(
  ctx: Context,
  tx: Tx,
  claimed: Claimed,
  at: Date,
  slot: Slot | null,
  tries: Tries,
): Promise<void> {
  const rows = await tx`
    update publications
    set slot_at = ${slot?.at ?? null}, slot_key = ${slot?.key ?? null}, limited_tries = ${tries.limited},
      unsent_tries = ${tries.unsent}, lease_owner = null,
        lease_until = null
    where id = ${claimed.id} and state = 'scheduled' and fence = ${claimed.fence} returning id`;
  if (rows.length === 1) {
    await ctx.queue.enqueue(tx, 'posts.prepare', [{ payload: { publication_id: claimed.id }, at }]);
  }
}

export async function releaseLease(ctx: Context, claimed: Claimed): Promise<void> {
  await ctx.sql`
    update publications set lease_owner = null, lease_until = null, slot_at = null, slot_key = null
    where id = ${claimed.id} and lease_owner = ${workerName} and fence = ${claimed.fence} and state = 'scheduled'`;
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

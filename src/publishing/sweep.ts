import { asOwner, type Context } from '../context.ts';
import { freeNextParts } from './follow.ts';
import { moveAndPlan } from './reschedule.ts';

// Each of these locks many rows: in the order of their ids, and never waiting for one that somebody else holds.

/**
 * Publications whose worker died after the barrier: the send may have happened, or may still happen until `over_at`.
 * They go to confirming, and the dead worker's fence is spent.
 */
export async function takeOverSends(ctx: Context): Promise<number> {
  const taken = await moveAndPlan(
    ctx,
    (tx) => tx`
      with orphans as (
        select id from publications
        where state = 'sending' and (lease_until is null or lease_until < statement_timestamp())
        order by id limit 500 for update skip locked),
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
  if (taken > 0)
    ctx.log.warn({ taken }, 'sends whose worker stopped in the middle: finding out what became of them');
  return taken;
}

/** Holds what is too late to go out unasked. */
export async function holdLate(ctx: Context): Promise<void> {
  const held = await ctx.sql`
    update publications
    set state = 'held', hold_reason = 'late', note = 'too late to go out without a decision',
        lease_owner = null, lease_until = null
    where id in (
      select id from publications
      where state = 'scheduled' and late_at <= statement_timestamp()
        and (lease_until is null or lease_until < statement_timestamp())
      order by id for update skip locked)
    returning id`;
  if (held.length > 0) ctx.log.warn({ held: held.length }, 'too late to go out unasked: held for a decision');
}

/** Holds what is due at a network whose breaker is open; no attempt is burnt. */
export async function holdForOutage(ctx: Context): Promise<void> {
  await ctx.sql`
    update publications
    set state = 'held', hold_reason = 'network_down', note = 'the network does not answer; waiting for it to come back'
    where id in (
      select p.id from publications p join breakers b on b.network = p.network and b.open
      where p.state = 'scheduled' and p.next_try_at <= statement_timestamp()
        and (p.lease_until is null or p.lease_until < statement_timestamp())
      order by p.id for update of p skip locked)`;
}

/** Lets go what was held for a reason that is gone: the network answers, the community is connected. */
export function freeHeld(ctx: Context): Promise<number> {
  return moveAndPlan(
    ctx,
    (tx) => tx`
      -- A community that was away for longer left its posts behind: those are asked about, as takeUp does.
      update publications
      set state = case when passed then 'held' else 'scheduled' end, hold_reason = case when passed then 'late' end,
          note = 'what held it is over', queued_for = null, slot_at = null,
          next_try_at = greatest(due_at, clock_timestamp())
      from (select p.id as freed, p.hold_reason <> 'network_down'
              and p.due_at < statement_timestamp() - ${ctx.config.durations.lateInOrder} * interval '1 millisecond' as passed
            from publications p
            where p.state = 'held' and (
          (p.hold_reason = 'network_down'
            and not exists (select from breakers b where b.network = p.network and b.open))
          or (p.hold_reason in ('reauth', 'disconnected')
            and exists (select from communities c where c.id = p.community_id and c.status = 'active')))
            order by p.id limit 2000 for update of p skip locked) free
      where id = free.freed returning id`,
  );
}

/** Parts whose turn came while nobody was there to say so. */
export async function freeMissedParts(ctx: Context): Promise<void> {
  const at = await asOwner(ctx, (tx) => freeNextParts(ctx, tx, null));
  if (at) ctx.planned.changed(at);
}

import type { Context } from '../context.ts';
import { asOwner } from '../context.ts';
import { networkNamed } from '../networks/index.ts';
import { planJobs } from './plan.ts';

/**
 * Opens the breaker of a network when its last minute looks like an outage: half of at least 20 sends bad, or five
 * sends in a row that could not even connect. Called after a bad send, so a healthy network pays nothing.
 */
export async function considerBreaker(ctx: Context, network: string): Promise<void> {
  const { breakerWindow, breakerProbe } = ctx.config.durations;
  const opened = await ctx.sql<{ network: string }[]>`
    with recent as (
      select outcome, http_status, decided_at from publication_attempts
      where kind = 'send' and network = ${network}
        and decided_at > statement_timestamp() - ${breakerWindow} * interval '1 millisecond'),
    verdict as (
      select
        count(*) >= 20 and count(*) filter (where outcome in ('unknown', 'not_sent')) * 2 >= count(*) as mostly_bad,
        (select count(*) = 5 and bool_and(outcome = 'not_sent')
         from (select outcome from recent order by decided_at desc limit 5) last_five) as unreachable
      from recent)
    insert into breakers (network, open, reason, probe_at)
    select ${network}, true,
      case when unreachable then 'five sends in a row could not connect' else 'half of the last sends went wrong' end,
      clock_timestamp() + ${breakerProbe} * interval '1 millisecond'
    from verdict where mostly_bad or unreachable
    on conflict (network) do update
      set open = true, reason = excluded.reason, changed_at = clock_timestamp(), probe_at = excluded.probe_at
      where not breakers.open
    returning network`;
  if (opened.length > 0) ctx.log.warn({ network }, 'breaker opened: publications to this network are held');
}

/** Holds what is due at a network whose breaker is open; no attempt is burnt. */
export async function holdForOutage(ctx: Context): Promise<void> {
  await ctx.sql`
    update publications p
    set state = 'held', hold_reason = 'network_down', note = 'the network does not answer; waiting for it to come back'
    from breakers b
    where b.open and p.network = b.network and p.state = 'scheduled' and p.next_try_at <= statement_timestamp()
      and (p.lease_until is null or p.lease_until < statement_timestamp())`;
}

/** Asks each open network with a harmless read whether it is back, and releases what was held for it. */
export async function probeOpenBreakers(ctx: Context): Promise<void> {
  const { breakerProbe, connect } = ctx.config.durations;
  // The conditional update is the lock: one worker probes, once per period.
  const due = await ctx.sql<{ network: string }[]>`
    update breakers set probe_at = clock_timestamp() + ${breakerProbe} * interval '1 millisecond'
    where open and probe_at <= statement_timestamp() returning network`;
  for (const { network } of due) {
    const root = ctx.config.roots[network];
    if (!root || !(await networkNamed(network).probe(root, connect))) continue;
    const first = await asOwner(ctx, async (tx) => {
      await tx`
        update breakers set open = false, reason = 'the network answers again', changed_at = clock_timestamp()
        where network = ${network}`;
      const released = await tx<{ id: string }[]>`
        update publications
        set state = 'scheduled', hold_reason = null, note = 'the network answers again',
            next_try_at = greatest(due_at, clock_timestamp()), queued_for = null
        where network = ${network} and state = 'held' and hold_reason = 'network_down'
        returning id`;
      return planJobs(
        ctx,
        tx,
        released.map((row) => row.id),
      );
    });
    if (first) ctx.planned.changed(first);
    ctx.log.info({ network }, 'breaker closed');
  }
}

import type { Context } from '../context.ts';
import { networkNamed } from '../networks/index.ts';

/**
 * Opens the breaker of a network when its last minute looks like an outage: half of at least 20 sends bad, or five
 * sends in a row that could not even connect. Called after a bad send, so a healthy network pays nothing.
 */
export async function considerBreaker(ctx: Context, network: string): Promise<void> {
  const { breakerWindow, breakerProbe } = ctx.config.durations;
  const opened = await ctx.sql<{ network: string }[]>`
    with recent as (
      select outcome, decided_at from publication_attempts
      where kind = 'send' and network = ${network}
        -- A fault of our own (a missing file, a worker that slept) says nothing about the network.
        and coalesce(error ->> 'code', '') not in ('too_late', 'not_staged', 'media_missing')
        and decided_at > coalesce((select changed_at from breakers where network = ${network}), '-infinity')
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
    await ctx.sql`
      update breakers set open = false, reason = 'the network answers again', changed_at = clock_timestamp()
      where network = ${network}`;
    ctx.log.info({ network }, 'breaker closed');
  }
}

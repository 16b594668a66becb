import type { PaceRule } from '../networks/network.ts';
import type { Tx } from '../stores/postgres.ts';

/**
 * Reserves one permit in each bucket, all or none, for every worker of the installation.
 * Answers the milliseconds until they may be used and the granted moment by the database's clock.
 * `reserved` is a moment that was granted earlier and waited for.
 */
export async function reservePace(
  tx: Tx,
  rules: readonly PaceRule[],
  reserved: Date | null,
): Promise<{ wait: number; slot: Date }> {
  const buckets = rules.map(({ key, rate, per, burst }) => ({ key, every: per / rate, burst }));
  const [row] = await tx<{ slot: Date; wait: number }[]>`
    select slot, greatest(0, extract(epoch from slot - clock_timestamp()) * 1000)::float8 as wait
    from pace_reserve(${tx.json(buckets)}, ${reserved}) as slot`;
  if (!row) throw new Error('pace_reserve answered nothing');
  return row;
}

/** Holds a bucket for every worker: the network said «not before». `wait` in milliseconds. */
export async function blockPace(tx: Tx, key: string, wait: number): Promise<void> {
  await tx`
    insert into pace_buckets (key, blocked_until)
    values (${key}, clock_timestamp() + ${wait} * interval '1 millisecond')
    on conflict (key) do update set blocked_until = greatest(pace_buckets.blocked_until, excluded.blocked_until)`;
}

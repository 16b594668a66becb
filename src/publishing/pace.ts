import type { Context } from '../context.ts';
import type { Network, PaceRule, Place } from '../networks/network.ts';
import type { Tx } from '../stores/postgres.ts';

/** A moment that one bucket granted, to be waited for. */
export interface Slot {
  at: Date;
  /** The bucket whose permit is reserved: the one that makes the others wait. */
  key: string;
}

/** The buckets of a place, by the length of a network's second (`durations.networkSecond`). */
export function paceOf(
  ctx: Pick<Context, 'config'>,
  network: Network,
  credentials: unknown,
  place: Place,
): ReturnType<Network['pace']> {
  const scaled = (rule: PaceRule) => ({
    ...rule,
    per: (rule.per * ctx.config.durations.networkSecond) / 1_000,
  });
  const { send, credential, reads = {} } = network.pace(credentials, place);
  return {
    send: send.map(scaled),
    credential: scaled(credential),
    reads: Object.fromEntries(Object.entries(reads).map(([name, rule]) => [name, scaled(rule)])),
  };
}

/**
 * Takes one permit in each bucket, all or none, for every worker of the installation. Where the common moment is more
 * than `mostWait` milliseconds away only the bucket that causes the wait is reserved: the others stay free for those who can
 * go before. `reserved` is a slot that was granted earlier and waited for.
 *
 * @returns milliseconds to wait with all permits taken, or the slot to come back at
 */
export async function takePace(
  tx: Tx,
  rules: readonly PaceRule[],
  reserved: Slot | null,
  mostWait: number,
): Promise<{ wait: number } | { slot: Slot }> {
  const buckets = rules.map(({ key, rate, per, burst }) => ({ key, every: per / rate, burst }));
  const [row] = await tx<{ slot: Date; held: string | null; wait: number }[]>`
    select slot, held, greatest(0, extract(epoch from slot - clock_timestamp()) * 1000)::float8 as wait
    from pace_reserve(${tx.json(buckets)}, ${reserved?.at ?? null}, ${reserved?.key ?? null}, ${mostWait})`;
  if (!row) throw new Error('pace_reserve answered nothing');
  return row.held === null ? { wait: row.wait } : { slot: { at: row.slot, key: row.held } };
}

/** Holds a bucket for every worker: the network said «not before». `wait` in milliseconds. */
export async function blockPace(tx: Tx, key: string, wait: number): Promise<void> {
  await tx`
    insert into pace_buckets (key, blocked_until)
    values (${key}, clock_timestamp() + ${wait} * interval '1 millisecond')
    on conflict (key) do update set blocked_until = greatest(pace_buckets.blocked_until, excluded.blocked_until)`;
}

/** Forgets buckets that hold nothing back any more. */
export async function sweepPace(tx: Tx): Promise<void> {
  await tx`delete from pace_buckets where greatest(tat, blocked_until) < now() - interval '1 day'`;
}

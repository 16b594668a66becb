import { rootsOf } from '../communities/ask.ts';
import type { Listening } from '../communities/listening.ts';
import type { Context } from '../context.ts';
import type { Inbound } from '../networks/inbound.ts';
import { networkNamed } from '../networks/index.ts';
import type { Access } from '../networks/network.ts';
import { paceOf, type Slot, takePace } from '../publishing/pace.ts';

/** How the updates of an account are heard. */
export function inboundOf(network: string): Inbound {
  const { inbound } = networkNamed(network);
  if (!inbound) throw new Error(`${network} tells nothing`);
  return inbound;
}

/** What calls about the updates of an account need; `timeout` in milliseconds for each. */
export async function accessTo(
  ctx: Context,
  account: Listening,
  timeout: number,
  signal?: AbortSignal,
): Promise<Access<unknown>> {
  const network = networkNamed(account.network);
  const credentials = await account.credentials();
  const root = ctx.config.roots[network.name];
  if (root === undefined) throw new Error(`no API root for ${network.name}`);
  const { place } = account;
  const rule = network.inbound?.paced && place ? paceOf(ctx, network, credentials, place).credential : null;
  return {
    credentials,
    root,
    roots: rootsOf(ctx, network),
    timeout,
    connect: ctx.config.durations.connect,
    ...(signal && { signal }),
    ...(rule && {
      async pace() {
        for (let slot: Slot | null = null; ; ) {
          const taken = await takePace(ctx.sql, [rule], slot, ctx.config.durations.callPermit);
          if ('wait' in taken) return Bun.sleep(taken.wait);
          slot = taken.slot;
          await Bun.sleep(Math.max(slot.at.getTime() - Date.now(), 0));
        }
      },
    }),
  };
}

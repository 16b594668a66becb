import type { Context } from '../context.ts';
import { publicMediaUrl } from '../media/address.ts';
import { NetworkError } from '../networks/error.ts';
import type { MediaItem, Message } from '../networks/message.ts';
import type { Access, Network, PaceRule, Place } from '../networks/network.ts';
import type { Claimed } from './claim.ts';
import { keepHandle, keptHandles, pollKey } from './handles.ts';
import { paceOf, takePace } from './pace.ts';
import { waitForSlot } from './reschedule.ts';
import { settleFailure } from './settle.ts';

/** Whether files go up before the send at this place. */
export function stagesAt(network: Network, place: Place): boolean {
  return network.stage !== undefined && (network.stages?.(place) ?? true);
}

/**
 * Uploads what has no live handle yet, and answers all handles that the send may use; null when the publication was put
 * back or ended.
 */
export async function stage(
  ctx: Context,
  claimed: Claimed,
  credentials: unknown,
  message: Message,
): Promise<ReadonlyMap<string, string> | null> {
  const { network, community } = claimed;
  const bucket = paceOf(ctx, network, credentials, community.place).credential;
  const handles = await keptHandles(ctx, claimed.id, message, bucket.key);
  const calls = network.stageCalls ?? 1;
  const between = bucket.per / bucket.rate;
  try {
    for (const [key, item] of toStage(network, community.place, message)) {
      if (handles.has(key)) continue;
      // The permits of all its calls at once: an item that had to stop half-way would begin anew, and might never end.
      const whole: PaceRule = { ...bucket, rate: bucket.rate / calls };
      const taken = await takePace(ctx.sql, [whole], claimed.slot, ctx.config.durations.callPermit);
      if ('slot' in taken) {
        await waitForSlot(ctx, claimed, taken.slot);
        return null;
      }
      // Used up: the next item, and the send, need permits of their own.
      claimed.slot = null;
      const from = performance.now() + taken.wait;
      let call = 0;
      const access: Access<unknown> = {
        ...accessTo(ctx, claimed, credentials, ctx.config.durations.stage),
        pace: () => Bun.sleep(Math.max(from + between * call++ - performance.now(), 0)),
      };
      const staged =
        item === 'poll'
          ? message.poll && (await network.stagePoll?.(access, community.place, message.poll))
          : await network.stage?.(access, community.place, item);
      if (!staged) continue;
      // Kept as soon as it is there: a crash after this line uploads nothing twice.
      await keepHandle(ctx, claimed, key, message, staged);
      handles.set(key, staged.handle);
      if (claimed.limitedTries + claimed.unsentTries > 0) {
        await ctx.sql`update publications set limited_tries = 0, unsent_tries = 0 where id = ${claimed.id}`;
        claimed.limitedTries = 0;
        claimed.unsentTries = 0;
      }
      await ctx.reached('during_staging');
    }
    return handles;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    await settleFailure(ctx, claimed, null, bucket, error, credentials);
    return null;
  }
}

function toStage(network: Network, place: Place, message: Message): [string, MediaItem | 'poll'][] {
  const items: [string, MediaItem | 'poll'][] = stagesAt(network, place)
    ? message.media.map((item) => [item.id, item])
    : [];
  return message.poll && network.stagePoll ? [...items, [pollKey, 'poll']] : items;
}

/** What a call to the network of a claim needs; `timeout` in milliseconds. */
export function accessTo(
  ctx: Context,
  claimed: Pick<Claimed, 'network'>,
  credentials: unknown,
  timeout: number,
): Access<unknown> {
  const { name } = claimed.network;
  const root = ctx.config.roots[name];
  if (!root) throw new Error(`no API root for ${name}`);
  return {
    credentials,
    root,
    roots: ctx.config.otherRoots[name] ?? {},
    timeout,
    connect: ctx.config.durations.connect,
    mediaUrl: (id) => publicMediaUrl(ctx, id),
  };
}

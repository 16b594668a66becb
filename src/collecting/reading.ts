import { alone } from '../communities/alone.ts';
import { loseCredential } from '../communities/lost.ts';
import { freshCredentials } from '../communities/renewal.ts';
import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { NetworkError } from '../networks/error.ts';
import { networkNamed } from '../networks/index.ts';
import type { Json } from '../networks/message.ts';
import type { Access, Capabilities, PaceRule, Place } from '../networks/network.ts';
import type { Stats } from '../networks/stats.ts';
import { blockPace, paceOf, takePace } from '../publishing/pace.ts';
import { accessTo } from '../publishing/stage.ts';
import type { Tx } from '../stores/postgres.ts';

/** A community as reads of its figures need it. */
export interface ReadCommunity {
  id: string;
  workspace_id: string;
  network: string;
  external_id: string;
  capabilities: Capabilities;
  details: Record<string, Json>;
  settings: Record<string, Json>;
}

/** Columns of a {@link ReadCommunity}, of `communities c`. */
export const communityColumns = (tx: Tx) => tx`
  c.id, c.workspace_id, c.network, c.external_id, c.capabilities, c.details, c.settings`;

/** Publications want the credential, now or in a moment: the read is to be made later. */
export class Busy extends Error {
  override readonly name = 'Busy';
}

export interface Reading {
  stats: Stats<unknown>;
  access: Access<unknown>;
  place: Place;
}

/** Milliseconds between two looks for a gap. */
const look = 100;

/** The place of a community, as its network takes it. */
export function placeOf(community: ReadCommunity): Place {
  const { external_id: externalId, capabilities, details, settings } = community;
  return { externalId, capabilities, details, settings };
}

/** How long after a failed read it is worth another try, in milliseconds. */
export function waitAfter(ctx: Context, community: Pick<ReadCommunity, 'id'>, error: unknown): number {
  const { collectRetry, collectAway } = ctx.config.durations;
  if (error instanceof Busy) return collectRetry;
  if (error instanceof AppError) return collectAway;
  if (!(error instanceof NetworkError)) {
    ctx.log.error({ err: error, community: community.id }, 'figures could not be read');
    return collectRetry;
  }
  const lasting = error.kind === 'auth' || error.kind === 'rejected';
  return lasting ? collectAway : Math.max(collectRetry, error.retryAfter ?? 0);
}

/**
 * What reading the figures of a community needs; null where its network gives none. Each call then waits up to
 * `patience` milliseconds until no publication is near and, where sends take from its bucket, nobody wants that one, and
 * throws {@link Busy} when that does not come. Throws what `freshCredentials` throws.
 */
export async function openReading(
  ctx: Context,
  community: ReadCommunity,
  patience: number,
): Promise<Reading | null> {
  const network = networkNamed(community.network);
  if (!network.stats) return null;
  const place = placeOf(community);
  const credentials = await freshCredentials(ctx, {
    workspaceId: community.workspace_id,
    communityId: community.id,
  });
  const { send, credential, reads } = paceOf(ctx, network, credentials, place);
  const sends = new Set([...send, credential].map(({ key }) => key));
  return {
    stats: network.stats,
    place,
    access: {
      ...accessTo(ctx, { network }, credentials, ctx.config.durations.sendText),
      held: (whose, wait) => blockPace(ctx.sql, (reads?.[whose] ?? credential).key, wait),
      lost: (field, message) => loseCredential(ctx, community, field, message),
      alone: (name, act) => alone(ctx, name, patience, () => new Busy('the account is in use'), act),
      pace: (whose) => {
        const bucket = reads?.[whose ?? ''] ?? credential;
        return permit(ctx, community, bucket, { patience, shared: sends.has(bucket.key) });
      },
    },
  };
}

/**
 * Takes a permit; of a bucket that sends take from, too, only where nobody else wants one. A permit that would come too
 * late is not taken: nobody would use it.
 */
async function permit(
  ctx: Context,
  community: ReadCommunity,
  bucket: PaceRule,
  { patience, shared }: { patience: number; shared: boolean },
): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    const wait = await waitFor(ctx, community, bucket, shared);
    if (wait <= 0) {
      const taken = await takePace(ctx.sql, [bucket], null, patience);
      if ('slot' in taken) throw new Busy('the credential is wanted');
      return Bun.sleep(taken.wait);
    }
    if (performance.now() + wait > end) throw new Busy('the credential is wanted');
    await Bun.sleep(Math.max(wait, look));
  }
}

/** Milliseconds until another look is worth it; 0: go ahead. What is `shared` is to be idle. */
async function waitFor(
  ctx: Context,
  community: ReadCommunity,
  { key, rate, per, burst }: PaceRule,
  shared: boolean,
): Promise<number> {
  const ahead = shared ? 0 : ((burst - 1) * per) / rate;
  const [row] = await ctx.sql<{ wanted: boolean; wait: number | null }[]>`
    select
      exists (
        select from publications p
        where p.state in ('scheduled', 'confirming') and p.workspace_id = ${community.workspace_id}
          and p.network = ${community.network}
          and p.next_try_at < clock_timestamp() + ${ctx.config.durations.collectYield} * interval '1 millisecond'
      ) as wanted,
      (select extract(epoch from greatest(
            b.tat - ${ahead} * interval '1 millisecond', b.blocked_until, clock_timestamp()) - clock_timestamp()) * 1000
        from pace_buckets b where b.key = ${key})::float8 as wait`;
  if (!row) return 0;
  return row.wanted ? Math.max(look, row.wait ?? 0) : (row.wait ?? 0);
}

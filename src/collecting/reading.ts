import { freshCredentials } from '../communities/renewal.ts';
import type { Context } from '../context.ts';
import { networkNamed } from '../networks/index.ts';
import type { Json } from '../networks/message.ts';
import type { Access, Capabilities, PaceRule, Place, Stats } from '../networks/network.ts';
import { takePace } from '../publishing/pace.ts';
import { accessTo } from '../publishing/stage.ts';

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

/**
 * What reading the figures of a community needs; null where its network gives none. Each call then waits up to
 * `patience` milliseconds until its bucket is idle and no publication is near, and throws {@link Busy} when that does
 * not come. Throws what `freshCredentials` throws.
 */
export async function openReading(
  ctx: Context,
  community: ReadCommunity,
  patience: number,
): Promise<Reading | null> {
  const network = networkNamed(community.network);
  if (!network.stats) return null;
  const place: Place = {
    externalId: community.external_id,
    capabilities: community.capabilities,
    details: community.details,
    settings: community.settings,
  };
  const credentials = await freshCredentials(ctx, {
    workspaceId: community.workspace_id,
    communityId: community.id,
  });
  const bucket = network.pace(credentials, place).credential;
  return {
    stats: network.stats,
    place,
    access: {
      ...accessTo(ctx, { network }, credentials, ctx.config.durations.sendText),
      pace: () => permit(ctx, community, bucket, patience),
    },
  };
}

/** Takes a permit only where nobody else wants one: nothing is reserved ahead, as a send would. */
async function permit(
  ctx: Context,
  community: ReadCommunity,
  bucket: PaceRule,
  patience: number,
): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    const wait = await waitFor(ctx, community, bucket.key);
    if (wait <= 0) {
      const taken = await takePace(ctx.sql, [bucket], null, patience);
      if ('slot' in taken) throw new Busy('the credential is wanted');
      return Bun.sleep(taken.wait);
    }
    if (performance.now() + wait > end) throw new Busy('the credential is wanted');
    await Bun.sleep(Math.max(wait, look));
  }
}

/** Milliseconds until another look is worth it; 0: go ahead. */
async function waitFor(ctx: Context, community: ReadCommunity, key: string): Promise<number> {
  const [row] = await ctx.sql<{ wanted: boolean; wait: number | null }[]>`
    select
      exists (
        select from publications p
        where p.state in ('scheduled', 'confirming') and p.workspace_id = ${community.workspace_id}
          and p.network = ${community.network}
          and p.next_try_at < clock_timestamp() + ${ctx.config.durations.collectYield} * interval '1 millisecond'
      ) as wanted,
      (select extract(epoch from greatest(b.tat, b.blocked_until, clock_timestamp()) - clock_timestamp()) * 1000
        from pace_buckets b where b.key = ${key})::float8 as wait`;
  if (!row) return 0;
  return row.wanted ? Math.max(look, row.wait ?? 0) : (row.wait ?? 0);
}

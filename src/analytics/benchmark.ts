import * as v from 'valibot';
import type { Context, Who } from '../context.ts';
import { Place, placeOf, placeShown } from './place.ts';
import { measures } from './standing.ts';

/** By size it is the band that decides who is compared; the others stand within it. */
const compared = measures.filter((name) => name !== 'members');
const days = 30;
/** Members of the smallest community of each band. */
const bands = [0, 100, 1_000, 10_000, 100_000, 1_000_000];
/** Below this somebody could reckon another's numbers from his own. */
const workspacesLeast = 10;
/** Percentiles are told in steps of so many. */
const step = 5;

const Percentile = v.pipe(
  v.nullable(v.number()),
  v.description(
    `0 to 100 in steps of ${step}: how many percent of the others have less. null: unknown here, or known of fewer than ${workspacesLeast} other workspaces.`,
  ),
);

export const Benchmark = v.strictObject({
  community: Place,
  days: v.number(),
  as_of: v.pipe(
    v.nullable(v.pipe(v.string(), v.isoTimestamp())),
    v.description('When the period ends: it is counted four times an hour. null: not yet.'),
  ),
  band: v.pipe(
    v.nullable(v.strictObject({ from: v.number(), below: v.nullable(v.number()) })),
    v.description('Members of those that it is compared with.'),
  ),
  percentiles: v.nullable(
    v.strictObject({
      growth_percent: Percentile,
      posts: Percentile,
      views_per_1000: Percentile,
      interactions_per_1000: Percentile,
      interaction_percent: Percentile,
    }),
  ),
  reason: v.pipe(
    v.nullable(v.picklist(['not_counted', 'members_unknown', 'too_few'])),
    v.description(
      `Why there are none. too_few: fewer than ${workspacesLeast} other workspaces of this installation have a community of this network and size.`,
    ),
  ),
});
export type Benchmark = v.InferOutput<typeof Benchmark>;

type Compared = (typeof compared)[number];
interface Own extends Record<Compared, number | null> {
  as_of: string;
  members: string | null;
}

/**
 * Where a community stands among all communities of the same network and size in this installation over the last 30
 * days: percentiles alone, never a number of somebody else's. Throws `not_found`.
 */
export async function getBenchmark(ctx: Context, who: Who, id: string): Promise<Benchmark> {
  const asking = ctx.ch.query<Own>(
    `select as_of, members, ${compared.join(', ')}
     from community_standing_v1
     where days = {days:UInt8} and workspace_id = {workspace:UUID} and community_id = {community:UUID}`,
    { days, workspace: who.workspaceId, community: id },
  );
  const [place, [own]] = await Promise.all([placeOf(ctx, who, id), asking]);
  const none = (reason: NonNullable<Benchmark['reason']>, band: Benchmark['band'] = null): Benchmark => ({
    community: placeShown(place),
    days,
    as_of: own?.as_of ?? null,
    band,
    percentiles: null,
    reason,
  });
  if (!own) return none('not_counted');
  if (own.members === null) return none('members_unknown');
  const size = Number(own.members);
  const from = bands.findLast((least) => least <= size) ?? 0;
  const band = { from, below: bands.find((least) => least > size) ?? null };
  const known = compared.filter((name) => own[name] !== null);
  // Those with less count twice, those with as much once: their sum is twice the rank. Workspaces are counted as far as
  // it matters.
  const [others] = await ctx.ch.query<Record<string, string>>(
    `select uniqUpTo(${workspacesLeast})(workspace_id) as workspaces
       ${known
         .map(
           (name) => `, sum((${name} < {${name}:Float64}) + (${name} <= {${name}:Float64})) as twice_${name},
             count(${name}) as known_${name}, uniqUpToIf(${workspacesLeast})(workspace_id, isNotNull(${name})) as workspaces_${name}`,
         )
         .join('')}
     from community_standing_v1
     where days = {days:UInt8} and workspace_id != {workspace:UUID} and network = {network:String}
       and members >= {from:Int64} and members < {below:Int64}`,
    {
      days,
      workspace: who.workspaceId,
      network: place.network,
      from: band.from,
      below: band.below ?? Number.MAX_SAFE_INTEGER,
      ...Object.fromEntries(known.map((name) => [name, own[name]])),
    },
  );
  if (!others || Number(others.workspaces) < workspacesLeast) return none('too_few', band);
  const percentile = (name: Compared): number | null => {
    const told = (what: string) => Number(others[`${what}_${name}`] ?? 0);
    if (told('workspaces') < workspacesLeast) return null;
    return step * Math.round((100 * (told('twice') / 2)) / told('known') / step);
  };
  return {
    community: placeShown(place),
    days,
    as_of: own.as_of,
    band,
    percentiles: {
      growth_percent: percentile('growth_percent'),
      posts: percentile('posts'),
      views_per_1000: percentile('views_per_1000'),
      interactions_per_1000: percentile('interactions_per_1000'),
      interaction_percent: percentile('interaction_percent'),
    },
    reason: null,
  };
}

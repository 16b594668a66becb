import * as v from 'valibot';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { decodeCursor, encodeCursor } from '../page.ts';
import { type Count, Figure, figureOf, numberOf, rounded } from './figure.ts';
import { Place, placeShown } from './place.ts';
import { measures } from './standing.ts';

export const CompareMetric = v.picklist(measures, `must be one of: ${measures.join(', ')}`);
export type CompareMetric = v.InferOutput<typeof CompareMetric>;

const at24 =
  'Median of the posts of the period, at an age of about 24 hours. Networks count differently; null: not told.';
const Compared = v.strictObject({
  ...Place.entries,
  rank: v.pipe(
    v.nullable(v.number()),
    v.description('By the metric, 1 is the highest; equals share one. null: unknown.'),
  ),
  members: Figure,
  growth_percent: v.pipe(Figure, v.description('Of members, over the period.')),
  posts: v.pipe(Figure, v.description('Published in the period.')),
  views_per_1000: v.pipe(Figure, v.description(`Views of a post by 1,000 members. ${at24}`)),
  interactions_per_1000: v.pipe(
    Figure,
    v.description(`Reactions, comments and shares of a post by 1,000 members. ${at24}`),
  ),
  interaction_percent: v.pipe(
    Figure,
    v.description('Reactions, comments and shares by 100 views, of the posts of which both are known.'),
  ),
});

export const Comparison = v.strictObject({
  days: v.number(),
  metric: CompareMetric,
  as_of: v.pipe(
    v.nullable(v.pipe(v.string(), v.isoTimestamp())),
    v.description('When the period ends: it is counted four times an hour. null: not yet.'),
  ),
  known: v.pipe(v.number(), v.description('Communities of which the metric is known.')),
  quartiles: v.pipe(
    v.nullable(v.strictObject({ lower: v.number(), middle: v.number(), upper: v.number() })),
    v.description('Of the metric, over the communities of the workspace. null: known of fewer than four.'),
  ),
  data: v.pipe(v.array(Compared), v.description('By rank; those of which the metric is unknown come last.')),
  next_cursor: v.nullable(v.string()),
});
export type Comparison = v.InferOutput<typeof Comparison>;

type Measures = Record<CompareMetric | `${CompareMetric}_before`, Count>;
interface Summary {
  total: string;
  known: string;
  quartiles: (number | null)[];
  as_of: string;
}
interface Row extends Measures, Summary {
  community_id: string;
  rank: string | null;
}

const quartilesLeast = 4;
/** How many communities the pages before this one had. */
const Cursor = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000));

/** The communities of a workspace beside each other, and a period beside the one before it. Throws `invalid`. */
export async function getComparison(
  ctx: Context,
  who: Who,
  input: { days: number; metric: CompareMetric; limit: number; cursor?: string | undefined },
): Promise<Comparison> {
  const { days, metric, limit } = input;
  const offset = decodeCursor(Cursor, input.cursor) ?? 0;
  const params = { workspace: who.workspaceId, days, offset, limit };
  const from = 'from community_standing_v1 where days = {days:UInt8} and workspace_id = {workspace:UUID}';
  const summed = (over: string) =>
    `count() ${over} as total, count(value) ${over} as known,
     quantilesExactInclusive(0.25, 0.5, 0.75)(value) ${over} as quartiles`;
  const rows = await ctx.ch.query<Row>(
    `select community_id, as_of, toFloat64(${metric}) as value, ${summed('over ()')},
       if(isNull(value), null, rank() over (order by value desc nulls last)) as rank,
       ${measures.flatMap((name) => [name, `${name}_before`]).join(', ')}
     ${from}
     order by value desc nulls last, toString(community_id) limit {limit:UInt32} offset {offset:UInt32}`,
    params,
  );
  let summary: Summary | undefined = rows[0];
  let ids = rows.map((row) => row.community_id);
  // Past the first page, the last ones need to know who was on those before.
  if (offset > 0 && Number(summary?.total ?? 0) <= offset + limit) {
    const [all] = await ctx.ch.query<Summary & { ids: string[] }>(
      `select ${summed('')}, max(last) as as_of, groupArray(community_id) as ids
       from (select community_id, as_of as last, toFloat64(${metric}) as value ${from})`,
      params,
    );
    summary = all;
    ids = all?.ids ?? [];
  }
  const total = Number(summary?.total ?? 0);
  const known = Number(summary?.known ?? 0);
  // Those that nothing was ever told of come after all others.
  const [places, silent] = await asWorkspace(ctx, who, (tx) =>
    Promise.all([
      tx<Place[]>`
        select id, network, title from communities
        where workspace_id = ${who.workspaceId} and id = any(${rows.map((row) => row.community_id)})`,
      total <= offset + limit
        ? tx<Place[]>`
            select id, network, title from communities
            where workspace_id = ${who.workspaceId} and not id = any(${ids}) order by id
            offset ${Math.max(offset - total, 0)} limit ${limit - rows.length + 1}`
        : [],
    ]),
  );
  const rest = silent.slice(0, limit - rows.length);
  const named = new Map(places.map((place) => [place.id, place]));
  const more = total > offset + limit || silent.length > rest.length;
  const [lower, middle, upper] = summary?.quartiles ?? [];
  return {
    days,
    metric,
    as_of: total > 0 ? (summary?.as_of ?? null) : null,
    known,
    quartiles:
      known >= quartilesLeast && typeof lower === 'number'
        ? { lower: shown(lower), middle: shown(middle ?? lower), upper: shown(upper ?? lower) }
        : null,
    data: [
      ...rows.flatMap((row) => {
        const place = named.get(row.community_id);
        // It was erased since the last count.
        return place ? [compared(place, row)] : [];
      }),
      ...rest.map((place) => compared(place, null)),
    ],
    next_cursor: more ? encodeCursor(offset + limit) : null,
  };
}

function compared(place: Place, row: Row | null): Comparison['data'][number] {
  const of = (name: CompareMetric): Figure => {
    const [now, before] = [numberOf(row?.[name]), numberOf(row?.[`${name}_before`])];
    return figureOf(now === null ? null : shown(now), before === null ? null : shown(before));
  };
  return {
    ...placeShown(place),
    rank: row?.rank ? Number(row.rank) : null,
    members: of('members'),
    growth_percent: of('growth_percent'),
    posts: of('posts'),
    views_per_1000: of('views_per_1000'),
    interactions_per_1000: of('interactions_per_1000'),
    interaction_percent: of('interaction_percent'),
  };
}

function shown(value: number): number {
  return rounded(value, 2);
}

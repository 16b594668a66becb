import type { Context } from '../context.ts';

/** What a post is judged by: views where they are known, else what people did. */
export type Measure = 'views' | 'interactions';

export interface Lift {
  post_key: string;
  publication_id: string;
  published_at: string;
  /** Over the community's own baseline, as a difference of logarithms. */
  lift: number;
}

export interface Lifts {
  measure: Measure;
  /** What is summed for it. */
  figures: string[];
  /** Posts of the period that any snapshot was taken of. */
  posts: number;
  /** Posts younger than 24 hours: nobody can compare them yet. */
  young: number;
  /** Posts that stand after at least five others and have a value at 24 hours. Oldest first. */
  lifts: Lift[];
}

interface KnownRow {
  figure: string;
  known: string;
  posts: string;
  young: string;
}

const interactions = ['reactions', 'comments', 'shares'];
/** Posts before the period that its first ones are compared with. */
const lookBack = 90 * 86_400_000;
const knownLeast = 0.8;

/**
 * How far the posts of [from, to) went over their community's own baseline. Views are taken where known for at least
 * 80 % of the posts, else the sum of those of reactions, comments and shares that are.
 */
export async function liftsOf(
  ctx: Context,
  input: { workspaceId: string; communityId: string; from: Date; to: Date },
): Promise<Lifts> {
  const params = {
    workspace: input.workspaceId,
    community: input.communityId,
    from: input.from,
    to: input.to,
    before: new Date(input.from.getTime() - lookBack),
    grown: new Date(Date.now() - 24 * 3_600_000),
  };
  const known = await ctx.ch.query<KnownRow>(
    `select figure, countIf(isNotNull(value) and published_at < {grown:DateTime64(3, 'UTC')}) as known,
       count() as posts, countIf(published_at >= {grown:DateTime64(3, 'UTC')}) as young
     from post_day_v1(workspace_id = {workspace:UUID}, community_id = {community:UUID},
       from = {from:DateTime64(3, 'UTC')}, to = {to:DateTime64(3, 'UTC')})
     group by figure`,
    params,
  );
  const [posts, young] = [Number(known[0]?.posts ?? 0), Number(known[0]?.young ?? 0)];
  // Of the posts that were looked at around their 24th hour, by whatever figure is known best.
  const seen = Math.max(0, ...known.map((row) => Number(row.known)));
  const isKnown = (name: string) =>
    seen > 0 && known.some((row) => row.figure === name && Number(row.known) >= knownLeast * seen);
  const measure: Measure = isKnown('views') ? 'views' : 'interactions';
  const figures = measure === 'views' ? ['views'] : interactions.filter(isKnown);
  if (figures.length === 0) return { measure, figures, posts, young, lifts: [] };
  const lifts = await ctx.ch.query<Lift>(
    `select post_key, publication_id, published_at, lift
     from post_lift_v1(workspace_id = {workspace:UUID}, community_id = {community:UUID},
       from = {before:DateTime64(3, 'UTC')}, to = {to:DateTime64(3, 'UTC')}, figures = {figures:Array(String)})
     where published_at >= {from:DateTime64(3, 'UTC')} and isNotNull(lift)
     order by published_at, post_key limit 5000`,
    { ...params, figures },
  );
  return { measure, figures, posts, young, lifts };
}

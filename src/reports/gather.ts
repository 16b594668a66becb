import { type BestTimes, getBestTimes } from '../analytics/best-times.ts';
import { type DeliveryReport, getDelivery } from '../analytics/delivery-report.ts';
import { type Figure, figureOfAll } from '../analytics/figure.ts';
import { getGrowth } from '../analytics/growth.ts';
import { getOverview, type Overview } from '../analytics/overview.ts';
import { getTopPosts, type TopPosts } from '../analytics/top.ts';
import { getTrend } from '../analytics/trends.ts';
import { asWorkspace, type Context, type Who } from '../context.ts';
import { AppError } from '../errors.ts';
import { localDate } from './format.ts';
import type { Language } from './words.ts';

export const figureNames = ['members', 'posts', 'views', 'reactions', 'comments', 'shares'] as const;
export type FigureName = (typeof figureNames)[number];
export type Figures = Record<FigureName, Figure>;

/** What a community had on one day of its own clock. null: the network did not tell. */
export interface Day {
  /** `YYYY-MM-DD` */
  date: string;
  members: number | null;
  change: number | null;
  joins: number | null;
  leaves: number | null;
  visitors: number | null;
  reach: number | null;
  community_views: number | null;
  /** Published on it. */
  posts: number;
  post_views: number | null;
}

export interface CommunityPart {
  id: string;
  network: string;
  title: string;
  timezone: string;
  figures: Figures;
  days: Day[];
  top: { metric: TopPosts['metric']; posts: TopPosts['data'] };
  bestTimes: BestTimes;
  delivery: DeliveryReport['all'];
}

/** Everything that a report shows: plain data, the same for every format. Instants are ISO 8601. */
export interface ReportData {
  title: string;
  workspace: string;
  language: Language;
  timezone: string;
  from: string;
  to: string;
  madeAt: string;
  all: Figures;
  communities: CommunityPart[];
  delivery: DeliveryReport;
}

export interface Wanted {
  title: string;
  language: Language;
  timezone: string;
  /** Empty: all. */
  communityIds: readonly string[];
  from: Date;
  to: Date;
}

const topMost = 10;
const bestTimesDays = 90;

/**
 * Asks analytics for everything of a report, one question at a time: people who look at their dashboards go first.
 * Communities that are not there any more are left out. `told` hears the share that is done.
 */
export async function gather(
  ctx: Context,
  who: Who,
  wanted: Wanted,
  told: (share: number) => Promise<void>,
): Promise<ReportData> {
  const { from, to } = wanted;
  const days = (to.getTime() - from.getTime()) / 86_400_000;
  const [about, overview] = [await aboutOf(ctx, who), await getOverview(ctx, who, days, to)];
  const chosen = overview.communities.filter(({ id, ...figures }) =>
    wanted.communityIds.length > 0
      ? wanted.communityIds.includes(id)
      : // One that was left long ago and of which nothing is known is no news.
        about.connected.has(id) || figureNames.some((name) => Boolean(figures[name].value)),
  );
  const communities: CommunityPart[] = [];
  let asked = 0;
  for (const { id, network, title, ...figures } of chosen) {
    const part = partOf(ctx, who, { id, network, title }, figures, { days, from, to });
    const found = await part.catch((error: unknown) => {
      // Erased in this very moment.
      if (error instanceof AppError && error.code === 'not_found') return null;
      throw error;
    });
    if (found) communities.push(found);
    asked += 1;
    await told(asked / chosen.length);
  }
  const ids = communities.map(({ id }) => id);
  return {
    title: wanted.title,
    workspace: about.name,
    language: wanted.language,
    timezone: wanted.timezone,
    from: from.toISOString(),
    to: to.toISOString(),
    madeAt: new Date().toISOString(),
    all: Object.fromEntries(
      figureNames.map((name) => [name, figureOfAll(communities.map(({ figures }) => figures[name]))]),
    ) as Figures,
    communities,
    delivery: await getDelivery(ctx, who, days, { to, communityIds: ids }),
  };
}

function aboutOf(ctx: Context, who: Who): Promise<{ name: string; connected: Set<string> }> {
  return asWorkspace(ctx, who, async (tx) => {
    const [workspace] = await tx<{ name: string }[]>`
      select name from workspaces where id = ${who.workspaceId}`;
    const connected = await tx<{ id: string }[]>`
      select id from communities where workspace_id = ${who.workspaceId} and status <> 'disconnected'`;
    return { name: workspace?.name ?? '', connected: new Set(connected.map(({ id }) => id)) };
  });
}

async function partOf(
  ctx: Context,
  who: Who,
  place: Pick<CommunityPart, 'id' | 'network' | 'title'>,
  figures: Omit<Overview['communities'][number], keyof typeof place>,
  { days, from, to }: { days: number; from: Date; to: Date },
): Promise<CommunityPart> {
  const growth = await getGrowth(ctx, who, place.id, { days, grain: 'day', to });
  const trend = await getTrend(ctx, who, place.id, { metric: 'views', grain: 'day', from, to });
  const metric = figures.views.value === null && figures.reactions.value !== null ? 'reactions' : 'views';
  const top = await getTopPosts(ctx, who, place.id, { metric, days, limit: topMost, to });
  const bestTimes = await getBestTimes(ctx, who, place.id, bestTimesDays);
  const delivery = await getDelivery(ctx, who, days, { to, communityIds: [place.id] });
  const ofPosts = new Map(trend.data.map((one) => [one.at, one]));
  return {
    ...place,
    timezone: growth.timezone,
    figures,
    days: growth.data.map(({ at, views, ...day }) => ({
      date: localDate(at, growth.timezone),
      ...day,
      community_views: views,
      posts: ofPosts.get(at)?.posts ?? 0,
      post_views: ofPosts.get(at)?.value ?? null,
    })),
    top: { metric, posts: top.data },
    bestTimes,
    delivery: delivery.all,
  };
}

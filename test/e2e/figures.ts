import type { Context } from '../../src/context.ts';
import type { Connected } from '../publishing.ts';
import type { Dashboard } from './dashboard.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** What a year of a community might have left behind, as the networks would have told it. */
export interface Planted {
  /** A post of ours, published there, that went furthest. */
  topPost: string;
}

/** Repeats after 101 posts, which no week does. */
const noise = (n: number) => Math.exp(0.8 * (((n * 37) % 101) / 101 - 0.5));

/**
 * Figures of a channel in Moscow whose posts of Thursday 19:00 do more than twice as well, of a quiet VK community, and
 * of how their posts were delivered. Rows go where the collector writes them.
 */
export async function plantFigures(it: Dashboard, channel: Connected, group: Connected): Promise<Planted> {
  const { ctx } = it.test;
  const workspace_id = it.owner.workspaceId;
  const now = Date.now();
  // Moscow is at UTC+3 all year.
  const midnight = Math.floor((now + 3 * hour) / day) * day - 3 * hour;
  const topAt = midnight - 9 * day + 14 * hour;
  const { post, key } = await published(it, channel, 'The winter menu is here', topAt);
  await ctx.ch.insert(
    'raw_community_metrics_v1',
    [...Array(80).keys()].flatMap((ago) => {
      const at = new Date(Math.min(midnight - ago * day + 20 * hour, now - hour));
      const members = 1_284 - 4 * ago - ((ago * 7) % 5);
      const own = {
        ts: at,
        workspace_id,
        reach: null,
        visitors: null,
        views: null,
        joins: null,
        leaves: null,
      };
      return [
        // Three days on which nobody looked.
        ...(ago >= 12 && ago < 15
          ? []
          : [{ ...own, community_id: channel.id, network: 'telegram', members }]),
        {
          ...own,
          community_id: group.id,
          network: 'vk',
          members: 3_517 + ago,
          joins: 3 + (ago % 3),
          leaves: 4 + (ago % 3),
          visitors: 90 + ((ago * 13) % 40),
          reach: 300 + ((ago * 31) % 150),
        },
      ];
    }),
  );
  let n = 0;
  const posts = [...Array(170).keys()].reverse().flatMap((ago) =>
    [9, 14, 19].flatMap((local) => {
      const at = midnight - (ago + 2) * day + local * hour;
      n += 1;
      const weekday = (new Date(at + 3 * hour).getUTCDay() + 6) % 7;
      const isTop = at === topAt;
      const views = 600 * 1.001 ** n * noise(n) * (weekday === 3 && local === 19 ? 2.2 : 1) * (isTop ? 6 : 1);
      return snapshots(workspace_id, channel.id, isTop ? key : `c${n}`, at, views, [19, 29]);
    }),
  );
  const quiet = [...Array(16).keys()].flatMap((ago) =>
    snapshots(
      workspace_id,
      group.id,
      `g${ago}`,
      midnight - (2 * ago + 2) * day + 12 * hour,
      200 + 3 * ago,
      [19, 29],
      12,
    ),
  );
  await ctx.ch.insert('raw_post_metrics_v1', [...posts, ...quiet]);
  await ctx.ch.insert('publication_events_v1', deliveries(workspace_id, channel, group, now));
  return { topPost: post };
}

/** What a post had on both sides of its 24th hour. */
function snapshots(
  workspace_id: string,
  community_id: string,
  post_key: string,
  at: number,
  views: number,
  ages: readonly number[],
  reactions: number | null = null,
) {
  return ages.map((age, index) => ({
    ts: new Date(at + age * hour),
    workspace_id,
    community_id,
    post_key,
    publication_id: '00000000-0000-0000-0000-000000000000',
    published_at: new Date(at),
    views: Math.round(views * (index === 0 ? 0.9 : 1.1)),
    reach: null,
    reactions,
    comments: reactions === null ? null : 3,
    shares: reactions === null ? null : 1,
    clicks: null,
  }));
}

async function published(it: Dashboard, { id, network }: Connected, text: string, at: number) {
  const { sql }: Context = it.test.ctx;
  const [post, publication] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()];
  const key = `k${publication}`;
  await sql`
    insert into posts (id, workspace_id, author_id, text)
    values (${post}, ${it.owner.workspaceId}, ${it.owner.userId}, ${text})`;
  await sql`
    insert into publications (id, workspace_id, post_id, community_id, network, due_at, next_try_at, late_at,
      content_version, state, published_at, remote_id, remote_url)
    values (${publication}, ${it.owner.workspaceId}, ${post}, ${id}, ${network}, now(), now(), now(), 1, 'published',
      ${new Date(at)}, ${key}, ${`https://t.me/c/${key}`})`;
  return { post, key };
}

function deliveries(workspace_id: string, channel: Connected, group: Connected, now: number) {
  let event_id = 0;
  const history = (place: Connected, ago: number, events: [string, number][]) => {
    const publication_id = Bun.randomUUIDv7();
    const due = now - ago * day - hour;
    return events.map(([event, lag_ms], index) => {
      event_id += 1;
      return {
        event_id,
        ts: new Date(due + lag_ms),
        workspace_id,
        community_id: place.id,
        post_id: publication_id,
        publication_id,
        network: place.network,
        from_state: events[index - 1]?.[0] ?? '',
        event,
        due_at: new Date(due),
        lag_ms,
      };
    });
  };
  return [
    ...[...Array(60).keys()].flatMap((n) =>
      history(channel, n % 20, [
        ['scheduled', -hour],
        ['sending', 5],
        ['published', 100 + 10 * n],
      ]),
    ),
    ...history(group, 1, [
      ['scheduled', -9],
      ['sending', 5],
      ['scheduled', 50],
      ['sending', 900],
      ['published', 2_000],
    ]),
    ...history(group, 3, [
      ['scheduled', -9],
      ['sending', 5],
      ['failed', 50],
    ]),
  ];
}

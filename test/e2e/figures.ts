import type { Context } from '../../src/context.ts';
import { lookWhereDue } from '../../src/insights/look.ts';
import type { Connected } from '../publishing.ts';
import type { Dashboard } from './dashboard.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** Repeats after 101 posts, which no week does. */
const noise = (n: number) => Math.exp(0.8 * (((n * 37) % 101) / 101 - 0.5));

/**
 * Half a year of a channel in Moscow and of a quiet VK community, as the networks told it, with what Outpost makes of it
 * by itself: its daily look, and its standings. Planted in the channel: Thursday 19:00 does twice as well, Monday 9:00
 * half as well, images do better, sixty people came yesterday, and a post of ours flew. In VK's deliveries yesterday
 * went wrong. Ten others have a channel of the same size. Answers the post that flew.
 */
export async function plantFigures(it: Dashboard, channel: Connected, group: Connected): Promise<string> {
  const { ctx } = it.test;
  const workspace_id = it.owner.workspaceId;
  const now = Date.now();
  // Moscow is at UTC+3 all year.
  const midnight = Math.floor((now + 3 * hour) / day) * day - 3 * hour;
  const topAt = midnight - 2 * day + 14 * hour;
  const { post, key } = await published(it, channel, 'The winter menu is here', topAt);
  await ctx.ch.insert(
    'raw_community_metrics_v1',
    [...Array(80).keys()].flatMap((ago) => {
      const begin = midnight - ago * day;
      const at = new Date(Math.max(begin, Math.min(begin + 20 * hour, now - hour)));
      const unknown = { reach: null, visitors: null, views: null, joins: null, leaves: null };
      const own = { ts: at, workspace_id, ...unknown };
      const members = 1_284 - 4 * ago - ((ago * 7) % 5) - (ago >= 2 ? 60 : 0);
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
  const hours = { '3 19': 2.2, '0 9': 0.5 } as Record<string, number>;
  const posts = [...Array(170).keys()].reverse().flatMap((ago) =>
    [9, 14, 19].map((local, index) => {
      const n = 3 * (169 - ago) + index;
      const at = midnight - (ago + 2) * day + local * hour;
      const weekday = (new Date(at + 3 * hour).getUTCDay() + 6) % 7;
      // Two days in a row of pictures, three of words.
      const kind = ago % 5 < 2 ? 'image' : 'text';
      const isTop = at === topAt;
      const good = (hours[`${weekday} ${local}`] ?? 1) * (kind === 'image' ? 1.6 : 1) * (isTop ? 9 : 1);
      return { key: isTop ? key : `c${n}`, at, kind, views: 600 * 1.001 ** n * noise(n) * good };
    }),
  );
  const quiet = [...Array(16).keys()].map((ago) => ({
    key: `g${ago}`,
    at: midnight - (2 * ago + 2) * day + 12 * hour,
    views: 200 + 3 * ago,
  }));
  await ctx.ch.insert('raw_post_metrics_v1', [
    ...posts.flatMap(({ key, at, views }) => snapshots(workspace_id, channel.id, key, at, views)),
    ...quiet.flatMap(({ key, at, views }) => snapshots(workspace_id, group.id, key, at, views, 12)),
  ]);
  await ctx.ch.insert(
    'posts_v1',
    posts.map(({ key, at, kind }) => ({
      workspace_id,
      community_id: channel.id,
      post_key: key,
      published_at: new Date(at),
      network: 'telegram',
      kind,
      length: 120,
      media: kind === 'image' ? 1 : 0,
      source: 'elsewhere',
      seen_at: new Date(at + hour),
    })),
  );
  // Ten other workspaces of this installation with a channel of that size: fewer, and nobody is compared.
  await ctx.ch.insert(
    'raw_community_metrics_v1',
    [...Array(10).keys()].flatMap((n) => {
      const own = { workspace_id: Bun.randomUUIDv7(), community_id: Bun.randomUUIDv7(), network: 'telegram' };
      return [0, 35].map((ago) => ({
        ...own,
        ts: new Date(now - ago * day - hour),
        members: 2_000 - ago * 10 * n,
      }));
    }),
  );
  await ctx.ch.insert('publication_events_v1', deliveries(workspace_id, channel, group, midnight));
  await lookWhereDue(ctx);
  for (const act of ['start', 'refresh', 'wait', 'stop']) {
    await ctx.ch.command(`system ${act} view community_standing_v1_fill`);
  }
  return post;
}

/** What a post had on both sides of its 24th hour. */
function snapshots(
  workspace_id: string,
  community_id: string,
  post_key: string,
  at: number,
  views: number,
  reactions: number | null = null,
) {
  return [19, 29].map((age, index) => ({
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

function deliveries(workspace_id: string, channel: Connected, group: Connected, midnight: number) {
  let event_id = 0;
  const history = (place: Connected, ago: number, events: [string, number][]) => {
    const publication_id = Bun.randomUUIDv7();
    const due = midnight - ago * day + 12 * hour;
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
  const usual = [...Array(60).keys()].flatMap((n) =>
    [channel, group].flatMap((place) =>
      history(place, 2 + (n % 25), [
        ['scheduled', -hour],
        ['sending', 5],
        // Now and then a second try.
        ...(n % 12 === 0
          ? ([
              ['scheduled', 60],
              ['sending', 80 + n],
            ] as [string, number][])
          : []),
        ['published', 100 + 10 * n],
      ]),
    ),
  );
  const lost = [...Array(5).keys()].flatMap((n) =>
    history(group, 1, [
      ['scheduled', -hour],
      ['sending', 5],
      [n === 0 ? 'published' : 'failed', 400],
    ]),
  );
  return [...usual, ...lost];
}

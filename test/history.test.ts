import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { collectDue } from '../src/collecting/collect.ts';
import { shipMetrics } from '../src/collecting/outbox.ts';
import type { Context } from '../src/context.ts';
import type { Durations } from '../src/durations.ts';
import { dayOf } from '../src/timezone.ts';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';
import { readableGroup, silenceCollecting } from './readable.ts';

const day = 86_400_000;
const moscow = 'Europe/Moscow';
/** The Moscow date so many days ago. */
const date = (ago: number) => dayOf(new Date(Date.now() - ago * day), moscow).date;

let p: Publishing;
let groups: Connected[] = [];
/** Written to and read with one token. */
let busy: Connected;
let before = 0;

beforeAll(async () => {
  p = await openPublishing({
    durations: { collectSettle: 0, collectDayAfter: 0, collectYield: 500, ship: 3_600_000 },
  });
  silenceCollecting(p);
  [busy, ...groups] = await Promise.all([
    p.vk(),
    readableGroup(p, true),
    readableGroup(p, true),
    readableGroup(p, false),
    readableGroup(p, false),
  ]);
  await p.start();
});
beforeEach(async () => {
  before = p.sandbox.ledger().length;
  await p.test.ctx.sql`truncate metric_due, metrics_outbox`;
});
afterAll(() => p.close());

function groupWith(what: 'statistics' | 'counters'): Connected {
  const [group] = groups.splice(what === 'statistics' ? 0 : -1, 1);
  if (!group) throw new Error('all communities are used');
  return group;
}

const within = (durations: Partial<Durations>): Context => {
  const { ctx } = p.test;
  return { ...ctx, config: { ...ctx.config, durations: { ...ctx.config.durations, ...durations } } };
};
const figuresDue = ({ id }: Connected) =>
  p.test.ctx.sql`update communities set collect_at = now() where id = ${id}`;
const historyDue = ({ id }: Connected) =>
  p.test.ctx.sql`update communities set history_at = now() where id = ${id} and history_read_at is null`;
const rowsOf = <T>(sql: string, community: Connected) => p.test.ctx.ch.query<T>(sql, { id: community.id });
const requests = (...methods: string[]) =>
  p.sandbox
    .ledger()
    .slice(before)
    .filter((row) => row.event === 'request' && methods.includes(row.method));
const historyOf = async ({ id }: Connected) => (await p.ask('GET', `/v1/communities/${id}`)).body.history;
const observed = async ({ id }: Connected) =>
  (await p.ask('GET', `/v1/communities/${id}/observed`)).body.data;

/** Posts by hand of the given ages in days, the oldest first; their ids. */
const byHand = (community: Connected, ages: readonly number[]): string[] =>
  ages
    .toSorted((a, b) => b - a)
    .map((age) =>
      p.sandbox.postAsPerson({
        network: community.network,
        place: community.place,
        text: `of ${age} days`,
        at: Date.now() - age * day,
      }),
    );

async function channel(name: string, settings: object, protect = false): Promise<Connected> {
  const bot = p.sandbox.addBot();
  const chat = p.sandbox.addChat({
    title: name,
    username: name,
    admins: [{ bot: bot.id }],
    protect_content: protect,
  });
  const { status, body } = await p.ask('POST', '/v1/communities', {
    network: 'telegram',
    credentials: { bot_token: bot.token },
    external_id: `@${name}`,
    settings,
  });
  expect(status).toBe(201);
  return { id: body.id, network: 'telegram', tokens: [bot.token], place: chat.id };
}

describe('days that are over', () => {
  const days = (community: Connected) =>
    rowsOf<{ day: string; reach: string | null; joins: string | null }>(
      `select toString(toDate(hour, '${moscow}')) as day, argMaxMerge(reach) as reach, argMaxMerge(joins) as joins
       from community_per_hour_v1 where community_id = {id:UUID} group by day having reach > 0 order by day`,
      community,
    );
  const dayRead = async ({ id }: Connected) =>
    (
      await p.test.ctx.sql<{ day: string | null }[]>`
      select day_read::text as day from communities where id = ${id}`
    )[0]?.day;

  test('are read whole, back as far as history goes, and have the last word over what was read while they went on', async () => {
    const group = groupWith('statistics');
    const ctx = within({ collectHistory: 150 * day });
    for (const [ago, reach] of [
      [0, 7],
      [1, 100],
      [2, 90],
      [120, 40],
      [160, 30],
    ] as const) {
      p.sandbox.vk.setDay({ group: group.place, date: date(ago), reach, subscribed: 3 });
    }
    // As the collector found yesterday at noon.
    await ctx.ch.insert('raw_community_metrics_v1', [
      {
        ts: new Date(dayOf(new Date(Date.now() - day), moscow).from.getTime() + day / 2).toISOString(),
        workspace_id: p.owner.workspaceId,
        community_id: group.id,
        network: 'vk',
        members: 5,
        reach: 55,
      },
    ]);
    await figuresDue(group);
    await collectDue(ctx);
    await shipMetrics(ctx);
    const told = [
      { day: date(120), reach: '40', joins: '3' },
      { day: date(2), reach: '90', joins: '3' },
      { day: date(1), reach: '100', joins: '3' },
      { day: date(0), reach: '7', joins: '3' },
    ];
    expect(await days(group)).toEqual(told);
    const [last] = await rowsOf<{ ts: string; members: string | null }>(
      `select ts, members from raw_community_metrics_v1 final
       where community_id = {id:UUID} and reach = 100`,
      group,
    );
    expect(last).toEqual({ ts: `${date(1)}T20:59:59.999Z`, members: null });
    expect(await dayRead(group)).toBe(date(1));
    // The day so far, and the others in pieces of a hundred days.
    expect(requests('stats.get')).toHaveLength(3);
  }, 20_000);

  test('that were missed are read once, and twice is as good as once', async () => {
    const group = groupWith('statistics');
    const ctx = within({ collectHistory: 110 * day });
    const later = { network: 'vk', method: 'stats.get', action: { kind: 'delay', ms: 0 } } as const;
    const whole = async () => {
      const rows = await rowsOf<{ ts: string }>(
        'select ts from raw_community_metrics_v1 final where community_id = {id:UUID} order by ts',
        group,
      );
      return rows.map(({ ts }) => ts).filter((ts) => ts.endsWith('T20:59:59.999Z'));
    };
    p.sandbox.vk.setDay({ group: group.place, date: date(2), reach: 90 });
    // The day so far and the last hundred days are told, those before are refused.
    p.sandbox.fault({ ...later, times: 2 });
    p.sandbox.fault({ ...later, action: { kind: 'vk_error', error_code: 100 } });
    for (const asked of [3, 4]) {
      await figuresDue(group);
      await collectDue(ctx);
      expect(requests('stats.get')).toHaveLength(asked);
    }
    await shipMetrics(ctx);
    const first = await whole();
    expect([first.length, first.at(-1), await dayRead(group)]).toEqual([
      100,
      `${date(1)}T20:59:59.999Z`,
      date(1),
    ]);
    // Away for three days.
    await ctx.sql`update communities set day_read = day_read - 3 where id = ${group.id}`;
    p.sandbox.vk.setDay({ group: group.place, date: date(2), reach: 91 });
    await figuresDue(group);
    // Of the days before nothing is heard: they stay unread.
    p.sandbox.fault(later);
    p.sandbox.fault({ ...later, action: { kind: 'status_500' } });
    await collectDue(ctx);
    expect(await dayRead(group)).toBe(date(4));
    await figuresDue(group);
    await collectDue(ctx);
    await shipMetrics(ctx);
    expect([await dayRead(group), await whole()]).toEqual([date(1), first]);
    const again = await rowsOf<object>(
      'select ts from raw_community_metrics_v1 final where community_id = {id:UUID} and reach = 91',
      group,
    );
    expect(again).toEqual([{ ts: `${date(2)}T20:59:59.999Z` }]);
  }, 20_000);
});

describe('posts from before', () => {
  test('are read back page by page, go on where they stopped, and are collected if they are young', async () => {
    const group = groupWith('counters');
    const ctx = within({ collectPosts: [0, 30 * day] });
    // Some are older than a year, the newest is some hours old.
    const ages = Array.from({ length: 120 }, (_, index) => 0.2 + index * 3.2);
    const kept = ages.filter((age) => age < 365);
    const ids = byHand(group, ages);
    p.sandbox.setCounters({
      network: 'vk',
      place: group.place,
      remote_id: ids.at(-80) ?? '',
      views: 700,
      likes: 4,
    });
    const made = await p.ask('POST', '/v1/posts', {
      text: 'ours',
      community_ids: [group.id],
      publish_now: true,
    });
    const [ours] = await p.reaches(made.body.id, 'published');
    expect(await historyOf(group)).toEqual({ state: 'waiting', posts: 0, from: null });

    await historyDue(group);
    // Stopped after the first page.
    await collectDue(ctx, () => requests('wall.get').length > 0);
    const begun = await historyOf(group);
    expect(begun).toMatchObject({ state: 'reading', posts: 100 });
    p.sandbox.fault({ network: 'vk', method: 'wall.get', action: { kind: 'drop_before' } });
    await collectDue(ctx);
    expect(await historyOf(group)).toEqual(begun);
    await historyDue(group);
    // Two workers at once read no page twice.
    await Promise.all([collectDue(ctx), collectDue(ctx)]);
    const done = await historyOf(group);
    expect(done).toMatchObject({ state: 'complete', posts: kept.length + 1 });
    expect(Date.now() - Date.parse(done.from)).toBeWithin(361 * day, 365 * day);
    // Two pages, and the one that was lost.
    expect(requests('wall.get')).toHaveLength(3);

    await shipMetrics(ctx);
    const posts = await rowsOf<{ post_key: string; source: string; publication_id: string }>(
      `select post_key, source, publication_id from posts_v1 final
       where community_id = {id:UUID} order by published_at desc`,
      group,
    );
    expect(posts.slice(0, 2)).toEqual([
      { post_key: ours?.remote_id ?? '', source: 'ours', publication_id: ours?.id ?? '' },
      {
        post_key: ids.at(-1) ?? '',
        source: 'elsewhere',
        publication_id: '00000000-0000-0000-0000-000000000000',
      },
    ]);
    expect(new Set(posts.map(({ post_key }) => post_key)).size).toBe(kept.length + 1);
    expect(posts).toHaveLength(kept.length + 1);
    const figures = await rowsOf<object>(
      `select views, reactions, reach, toUnixTimestamp(ts) > toUnixTimestamp(now()) - 60 as today
       from raw_post_metrics_v1 final where community_id = {id:UUID} and post_key = '${ids.at(-80)}'`,
      group,
    );
    expect(figures).toEqual([{ views: '700', reactions: '4', reach: null, today: 1 }]);
    // Nobody collects what is old; the young are collected like all others.
    const young = kept.filter((age) => age < 30).length + 1;
    const [due] = await ctx.sql<{ n: number }[]>`
      select count(*)::int as n from metric_due where community_id = ${group.id}`;
    expect(due?.n).toBe(young);
    const [hand] = await observed(group);
    expect(hand).toMatchObject({ remote_id: ids.at(-1), by_hand: true, text: 'of 0.2 days' });
  }, 30_000);

  test('let a publication go out in time', async () => {
    byHand(
      busy,
      Array.from({ length: 420 }, (_, index) => 40 + index / 10),
    );
    const at = Date.now() + 1_700;
    const made = await p.ask('POST', '/v1/posts', {
      text: 'in time',
      community_ids: [busy.id],
      scheduled_at: new Date(at).toISOString(),
    });
    await historyDue(busy);
    // At the network's own pace, half a second for a page.
    await collectDue(within({ networkSecond: 1_000 }));
    const [publication] = await p.reaches(made.body.id, 'published');
    expect(Date.parse(publication?.published_at ?? '') - at).toBeLessThan(1_000);
    expect(await historyOf(busy)).toMatchObject({ state: 'complete', posts: 420 });
    const order = requests('wall.get', 'wall.post');
    const sent = order.findIndex(({ method }) => method === 'wall.post');
    // Pages before and after, and none while the publication was near.
    expect(sent).toBeWithin(1, order.length - 1);
    const pages = order.filter(({ method }) => method === 'wall.get').map((row) => row.at);
    expect(pages.filter((page) => page > at - 450 && page < (order[sent]?.at ?? 0))).toEqual([]);
  }, 20_000);

  test('of a Telegram channel come from its public page, once its owner wants that', async () => {
    const news = await channel('outpost_past', {});
    const ages = Array.from({ length: 45 }, (_, index) => 31 + index);
    const ids = byHand(news, ages);
    const album = await p.sandbox.telegram.personPosts({
      chat: news.place,
      text: 'two pictures',
      media: [{ kind: 'photo' }, { kind: 'photo' }],
    });
    p.sandbox.setCounters({ network: 'telegram', place: news.place, remote_id: ids[0] ?? '', views: 1_234 });
    const ctx = within({ collectPosts: [0, 30 * day] });
    await historyDue(news);
    await collectDue(ctx);
    expect(await historyOf(news)).toEqual({ state: 'unavailable', posts: 0, from: null });
    expect(requests('page')).toEqual([]);

    await p.ask('PATCH', `/v1/communities/${news.id}`, { settings: { preview_statistics: true } });
    expect(await historyOf(news)).toMatchObject({ state: 'waiting' });
    await collectDue(ctx);
    expect(await historyOf(news)).toMatchObject({ state: 'complete', posts: 46 });
    await shipMetrics(ctx);
    const posts = await rowsOf<{ post_key: string; kind: string; media: number; views: string | null }>(
      `select post_key, any(kind) as kind, any(media) as media, any(views) as views
       from (select * from posts_v1 final where community_id = {id:UUID}) as posts
       left join (select post_key, views from raw_post_metrics_v1 final where community_id = {id:UUID}) as figures
         using (post_key)
       group by post_key, published_at order by published_at`,
      news,
    );
    expect(posts).toHaveLength(46);
    expect(posts[0]).toEqual({ post_key: ids[0] ?? '', kind: 'text', media: 0, views: '1200' });
    expect(posts.at(-1)).toMatchObject({
      post_key: String(album.message_ids[0]),
      kind: 'album',
      media: 2,
    });
    // About twenty on a page.
    expect(requests('page').length).toBeWithin(3, 6);
  }, 20_000);

  test('cannot be had of a private channel, nor of a community whose wall no token reads', async () => {
    const secret = await p.telegram();
    const mute = await p.vk({ tokens: ['community'] });
    await Promise.all([historyDue(secret), historyDue(mute)]);
    await collectDue(p.test.ctx);
    for (const one of [secret, mute]) {
      expect(await historyOf(one)).toEqual({ state: 'unavailable', posts: 0, from: null });
    }
    expect(requests('page', 'wall.get')).toEqual([]);
  });
});

describe('posts that no update told of', () => {
  test('are found when a community is read, each once, and ours among them stay ours', async () => {
    const group = groupWith('counters');
    const ctx = within({ collectPosts: [0, 60_000], collectHistory: 0 });
    await historyDue(group);
    await collectDue(ctx);
    expect(await historyOf(group)).toMatchObject({ state: 'complete' });
    const made = await p.ask('POST', '/v1/posts', {
      text: 'ours',
      community_ids: [group.id],
      publish_now: true,
    });
    const [ours] = await p.reaches(made.body.id, 'published');
    const [hand = ''] = byHand(group, [0]);
    p.sandbox.setCounters({ network: 'vk', place: group.place, remote_id: hand, views: 12 });
    for (const _ of ['first', 'second']) {
      await figuresDue(group);
      await collectDue(ctx);
    }
    expect(await observed(group)).toEqual([
      expect.objectContaining({ remote_id: hand, by_hand: true, publication_id: null }),
    ]);
    await shipMetrics(ctx);
    const posts = await rowsOf<object>(
      `select post_key, views, publication_id = toUUID('00000000-0000-0000-0000-000000000000') as elsewhere
       from raw_post_metrics_v1 final where community_id = {id:UUID} order by post_key`,
      group,
    );
    expect(posts).toEqual([
      { post_key: ours?.remote_id ?? '', views: '0', elsewhere: 0 },
      { post_key: hand, views: '12', elsewhere: 1 },
    ]);
  }, 20_000);

  test('settle a publication whose answer was lost', async () => {
    const news = await channel('outpost_lost', { preview_page: false, preview_statistics: true });
    await historyDue(news);
    await collectDue(p.test.ctx);
    p.sandbox.fault({ network: 'telegram', method: 'sendMessage', action: { kind: 'drop_after' } });
    const made = await p.ask('POST', '/v1/posts', {
      text: 'lost answer',
      community_ids: [news.id],
      publish_now: true,
    });
    const [lost] = await p.reaches(made.body.id, 'unconfirmed');
    await figuresDue(news);
    await collectDue(p.test.ctx);
    const [found] = await p.reaches(made.body.id, 'published');
    expect(found).toMatchObject({ id: lost?.id ?? '', remote_url: 'https://t.me/outpost_lost/1' });
    expect(await observed(news)).toEqual([
      expect.objectContaining({ publication_id: lost?.id, by_hand: false }),
    ]);
  }, 20_000);
});

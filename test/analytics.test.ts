import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Account, openTest, type Test, type TestAnswer } from './harness.ts';

const hour = 3_600_000;
const day = 24 * hour;

let box: Test;
let owner: Account;
let stranger: Account;

beforeAll(async () => {
  box = await openTest({ registration: 'open' });
  owner = await box.register({ timezone: 'UTC' });
  stranger = await box.register();
});
afterAll(() => box.close());

const ask = (path: string, as = owner): Promise<TestAnswer> =>
  box.request('GET', `/v1/analytics${path}`, { cookie: as.cookie });

async function told(path: string, as = owner) {
  const answer = await ask(path, as);
  expect([path, answer.status, answer.body.errors]).toEqual([path, 200, undefined]);
  return answer.body;
}

let made = 0;
/** A community that no network was asked about. */
async function community(zone = 'UTC', of = owner): Promise<string> {
  const id = Bun.randomUUIDv7();
  made += 1;
  await box.ctx.sql`
    insert into communities (id, workspace_id, network, external_id, title, timezone, capabilities, details)
    values (${id}, ${of.workspaceId}, 'telegram', ${`-100${made}`}, ${`Channel ${made}`}, ${zone}, '{}', '{}')`;
  return id;
}

interface Figures {
  views?: number | null;
  reach?: number | null;
  reactions?: number | null;
  comments?: number | null;
  shares?: number | null;
  clicks?: number | null;
}
const unknown = { views: null, reach: null, reactions: null, comments: null, shares: null, clicks: null };
const nobody = '00000000-0000-0000-0000-000000000000';

/** Snapshots of a post: hours of age, and what it had then. */
function snapshots(
  communityId: string,
  key: string,
  publishedAt: number,
  at: readonly (readonly [number, Figures])[],
  { of = owner, publication = nobody } = {},
) {
  return at.map(([age, figures]) => ({
    ts: new Date(publishedAt + age * hour),
    workspace_id: of.workspaceId,
    community_id: communityId,
    post_key: key,
    publication_id: publication,
    published_at: new Date(publishedAt),
    ...unknown,
    ...figures,
  }));
}
const keepPosts = (rows: object[]) => box.ctx.ch.insert('raw_post_metrics_v1', rows);

interface OfCommunity {
  members?: number | null;
  joins?: number | null;
  views?: number | null;
}
function members(communityId: string, at: number, figures: OfCommunity, of = owner) {
  return {
    ts: new Date(at),
    workspace_id: of.workspaceId,
    community_id: communityId,
    network: 'telegram',
    ...{ members: null, reach: null, visitors: null, views: null, joins: null, leaves: null },
    ...figures,
  };
}
const keepMembers = (rows: object[]) => box.ctx.ch.insert('raw_community_metrics_v1', rows);

describe('the overview', () => {
  test('sets a period beside the one before it, each as it stood at its end; unknown is not zero', async () => {
    const account = await box.register();
    const [first, second] = [await community('UTC', account), await community('UTC', account)];
    const now = Date.now();
    await keepMembers([
      members(first, now - 14 * day, { members: 90 }, account),
      members(first, now - 11 * day, { members: 100 }, account),
      // The network said nothing this time: the number before it stands.
      members(first, now - 10.5 * day, { members: null, views: 7 }, account),
      members(first, now - 2 * day, { members: 130 }, account),
      // Known in the period alone.
      members(second, now - 3 * day, { members: 50 }, account),
    ]);
    await keepPosts([
      ...snapshots(
        first,
        'a',
        now - 5 * day,
        [
          [1, { views: 10 }],
          [24, { views: 40, reactions: 3 }],
        ],
        { of: account },
      ),
      ...snapshots(first, 'b', now - 4 * day, [[2, { views: 60, reactions: 1 }]], { of: account }),
      ...snapshots(
        first,
        'c',
        now - 15 * day,
        // The last one was taken in the next period, which is not counted.
        [
          [24, { views: 25, reactions: 0 }],
          [72, { views: 50 }],
          [240, { views: 900 }],
        ],
        { of: account },
      ),
      ...snapshots(second, 'd', now - 30 * day, [[24, { views: 5_000 }]], { of: account }),
    ]);
    await box.ctx.ch.insert('posts_v1', [
      {
        workspace_id: account.workspaceId,
        community_id: second,
        post_key: 'silent',
        publication_id: nobody,
        published_at: new Date(now - 2 * day),
        network: 'telegram',
        kind: 'text',
        length: 1,
        media: 0,
        hashtags: [],
        links: 0,
        source: 'ours',
        seen_at: new Date(now),
      },
    ]);
    const body = await told('/overview?days=10', account);
    const [one, two] = body.communities;
    expect(one).toMatchObject({
      id: first,
      members: { value: 130, previous: 100, change: 30, change_percent: 30 },
      posts: { value: 2, previous: 1, change: 1, change_percent: 100 },
      views: { value: 100, previous: 50, change: 50, change_percent: 100 },
      reactions: { value: 4, previous: 0, change: 4, change_percent: null },
      comments: { value: null, previous: null, change: null, change_percent: null },
    });
    expect(two).toMatchObject({
      id: second,
      members: { value: 50, previous: null, change: null, change_percent: null },
      posts: { value: 1, previous: 0, change: 1, change_percent: null },
      views: { value: null, previous: null },
    });
    // A community that was not there before is no growth.
    expect(body.all).toMatchObject({
      members: { value: 180, previous: 100, change: 30, change_percent: 30 },
      posts: { value: 3, previous: 1, change: 2, change_percent: 200 },
      views: { value: 100, previous: 50 },
      shares: { value: null, previous: null, change: null, change_percent: null },
    });
  });
});

describe('growth', () => {
  test('has every day of the community’s clock, with the last number of each and null where nobody looked', async () => {
    // Midnight there is at 18:30 UTC.
    const zone = 'Asia/Kolkata';
    const id = await community(zone);
    const midnight = Math.floor((Date.now() + 5.5 * hour) / day) * day - 5.5 * hour;
    await keepMembers([
      members(id, midnight - 8 * day, { members: 90 }),
      members(id, midnight - 3 * day + 10 * hour, { members: 100, joins: 2 }),
      members(id, midnight - 3 * day + 22 * hour, { members: 104, joins: 5 }),
      members(id, midnight - 1 * day + 3 * hour, { members: 101, joins: 0 }),
    ]);
    const body = await told(`/communities/${id}/growth?days=4&grain=day`);
    expect(body).toMatchObject({ timezone: zone, grain: 'day', community: { id } });
    expect(body.data).toHaveLength(5);
    expect(body.data.map((one: { at: string }) => Date.parse(one.at) - midnight)).toEqual(
      [-4, -3, -2, -1, 0].map((days) => days * day),
    );
    expect(
      body.data.map((one: { members: number; change: number; joins: number }) => [
        one.members,
        one.change,
        one.joins,
      ]),
    ).toEqual([
      [null, null, null],
      [104, 14, 5],
      [null, null, null],
      [101, -3, 0],
      [null, null, null],
    ]);
    const weeks = await told(`/communities/${id}/growth?days=4&grain=month`);
    // Days add up; the number of members is the last one.
    expect(weeks.data.reduce((sum: number, one: { joins: number | null }) => sum + (one.joins ?? 0), 0)).toBe(
      5,
    );
  });

  test('by the hour begins at the community’s full hours', async () => {
    const id = await community('Asia/Kolkata');
    const at = Math.floor((Date.now() - 0.5 * hour) / hour) * hour + 0.5 * hour - 3 * hour;
    await keepMembers([members(id, at + 45 * 60_000, { members: 7 })]);
    const { data } = await told(`/communities/${id}/growth?days=1&grain=hour`);
    expect(data.length).toBeWithin(24, 26);
    for (const one of data) expect(one.at).toContain(':30:00');
    expect(data.filter((one: { members: number | null }) => one.members !== null)).toHaveLength(1);
  });

  test('too many points are refused', async () => {
    const answer = await ask(`/communities/${await community()}/growth?days=365&grain=hour`);
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, 'query/grain']);
  });
});

describe('trends', () => {
  test('add up posts by the community’s day, also the one that has 23 hours', async () => {
    const id = await community('Europe/Berlin');
    // The clocks go forward on 29 March 2026; midnights are at 23:00, then at 22:00 UTC.
    const at = (text: string) => Date.parse(`2026-03-${text}Z`);
    await keepPosts([
      ...snapshots(id, '1', at('28T22:30'), [[24, { views: 1 }]]),
      ...snapshots(id, '2', at('28T23:30'), [
        [24, { views: 10 }],
        [48, { views: 12 }],
      ]),
      ...snapshots(id, '3', at('29T21:30'), [[24, { views: 100 }]]),
      ...snapshots(id, '4', at('29T22:30'), [[24, { reactions: 5 }]]),
    ]);
    const span = 'from=2026-03-27T23:00:00Z&to=2026-03-31T22:00:00Z';
    const views = await told(`/communities/${id}/trends?metric=views&grain=day&${span}`);
    expect(views).toMatchObject({ timezone: 'Europe/Berlin', metric: 'views' });
    expect(views.data).toEqual([
      { at: '2026-03-27T23:00:00.000Z', value: 1, posts: 1 },
      { at: '2026-03-28T23:00:00.000Z', value: 112, posts: 2 },
      { at: '2026-03-29T22:00:00.000Z', value: null, posts: 1 },
      { at: '2026-03-30T22:00:00.000Z', value: null, posts: 0 },
    ]);
    const posts = await told(`/communities/${id}/trends?metric=posts&grain=week&${span}`);
    expect(posts.data).toEqual([
      { at: '2026-03-22T23:00:00.000Z', value: 3, posts: 3 },
      { at: '2026-03-29T22:00:00.000Z', value: 1, posts: 1 },
    ]);
    const hours = await told(
      `/communities/${id}/trends?grain=hour&from=2026-03-28T23:00:00Z&to=2026-03-29T22:00:00Z`,
    );
    expect(hours.data).toHaveLength(23);
    await keepMembers([members(id, at('28T20:00'), { joins: 4 }), members(id, at('29T20:00'), { joins: 6 })]);
    const joins = await told(`/communities/${id}/trends?metric=joins&grain=week&${span}`);
    expect(joins.data.map((one: { value: number }) => one.value)).toEqual([10, null]);
    const backwards = await ask(
      `/communities/${id}/trends?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z`,
    );
    expect([backwards.status, backwards.body.errors[0].path]).toEqual([422, 'query/from']);
    for (const from of [
      '0001-01-01T00:00:00Z',
      '2026-02-31T00:00:00Z',
      '-271821-04-20T00:00:00Z',
      'yesterday',
    ]) {
      expect((await ask(`/communities/${id}/trends?grain=month&from=${from}&to=${from}`)).status).toBe(422);
    }
  });
});

/** A post of ours, published there. */
async function published(communityId: string, text: string, at: number) {
  const { sql } = box.ctx;
  const [post, id] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()];
  const key = `k${id}`;
  await sql`
    insert into posts (id, workspace_id, author_id, text) values (${post}, ${owner.workspaceId}, ${owner.userId}, ${text})`;
  await sql`
    insert into publications (id, workspace_id, post_id, community_id, network, due_at, next_try_at, late_at,
      content_version, state, published_at, remote_id, remote_url)
    values (${id}, ${owner.workspaceId}, ${post}, ${communityId}, 'telegram', now(), now(), now(), 1, 'published',
      ${new Date(at)}, ${key}, ${`https://t.me/c/${key}`})`;
  return { post, id, key };
}

describe('top posts', () => {
  test('are ranked by their latest figures, or by lift over the posts before them at equal age', async () => {
    const id = await community();
    const start = Date.now() - 20 * day;
    // Views at 24 hours, one post a day, from snapshots at 20 and 30 hours: 4/10 of the way between them.
    const at24 = [100, 110, 90, 105, 95, 300, 100, 120];
    const ours = await published(id, 'The one that flew', start + 5 * day);
    await keepPosts(
      at24.flatMap((views, n) =>
        snapshots(
          id,
          n === 5 ? ours.key : `p${n}`,
          start + n * day,
          [
            [1, { views: 5 }],
            [20, { views: views - 8 }],
            [30, { views: views + 12 }],
            // What comes later changes the ranking by views, not the lift.
            [100, { views: n === 0 ? 9_000 : views + 20 }],
          ],
          { publication: n === 5 ? ours.id : nobody },
        ),
      ),
    );
    const median = (values: number[]) => {
      const sorted = values.map((value) => Math.log(1 + value)).sort((a, b) => a - b);
      const half = sorted.length / 2;
      return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
    };
    const lift = (n: number) =>
      Math.round(1_000 * Math.expm1(Math.log(1 + (at24[n] ?? 0)) - median(at24.slice(0, n)))) / 10;

    const views = await told(`/communities/${id}/top-posts?metric=views&days=30&limit=3`);
    expect(views.data.map((one: { views: number }) => one.views)).toEqual([9_000, 320, 140]);
    expect(views.data[0]).toMatchObject({ post_key: 'p0', post_id: null, text: null, lift_percent: null });
    const top = await told(`/communities/${id}/top-posts?metric=lift&days=30`);
    expect(top.measure).toBe('views');
    expect(top.data.map((one: { lift_percent: number }) => one.lift_percent)).toEqual([
      lift(5),
      lift(7),
      lift(6),
    ]);
    expect(top.data[0]).toMatchObject({
      post_key: ours.key,
      post_id: ours.post,
      publication_id: ours.id,
      text: 'The one that flew',
      url: `https://t.me/c/${ours.key}`,
      reactions: null,
    });
    const reactions = await told(`/communities/${id}/top-posts?metric=reactions`);
    expect(reactions.data).toEqual([]);

    const post = await told(`/posts/${ours.post}`);
    expect(post).toMatchObject({
      post_id: ours.post,
      publications: [{ id: ours.id, latest: { views: 320 } }],
    });
    expect(post.publications[0].snapshots.map((one: { views: number }) => one.views)).toEqual([
      5, 292, 312, 320,
    ]);
    expect(post.publications[0].snapshots[0].at).toBe(new Date(start + 5 * day + hour).toISOString());
  });
});

describe('the delivery report', () => {
  test('tells how late posts went out, what became of them and what was tried again', async () => {
    const account = await box.register({ timezone: 'UTC' });
    const due = Date.now() - day;
    const community_id = Bun.randomUUIDv7();
    let event_id = 0;
    const history = (network: string, events: [string, number][], of = account) => {
      const publication_id = Bun.randomUUIDv7();
      return events.map(([event, lag_ms], index) => {
        event_id += 1;
        return {
          event_id,
          ts: new Date(due + lag_ms),
          workspace_id: of.workspaceId,
          community_id,
          post_id: publication_id,
          publication_id,
          network,
          from_state: events[index - 1]?.[0] ?? '',
          event,
          due_at: new Date(due),
          lag_ms,
        };
      });
    };
    const prompt = Array.from({ length: 99 }, (_, n) =>
      history('telegram', [
        ['scheduled', -hour],
        ['sending', 5],
        ['published', 10 * (n + 1)],
      ]),
    );
    const rows = [
      ...prompt.flat(),
      ...history('vk', [
        ['scheduled', -9],
        ['sending', 5],
        ['scheduled', 50],
        ['sending', 900],
        ['published', 1_000],
      ]),
      ...history('vk', [
        ['scheduled', -9],
        ['sending', 5],
        ['failed', 50],
      ]),
      // A person let it wait: its hours are not ours.
      ...history('vk', [
        ['scheduled', -9],
        ['held', 5],
        ['sending', 9 * hour],
        ['published', 9 * hour + 1],
      ]),
      ...history('vk', [
        ['scheduled', -9],
        ['sending', 3],
        ['unconfirmed', 4],
      ]),
    ];
    await box.ctx.ch.insert('publication_events_v1', rows);
    // Shipped twice.
    await box.ctx.ch.insert('publication_events_v1', rows.slice(0, 100));
    const body = await told('/delivery?days=7', account);
    expect(body.networks.map((one: { network: string }) => one.network)).toEqual(['telegram', 'vk']);
    expect(body.networks[0]).toMatchObject({
      publications: 99,
      published: 99,
      retries: 0,
      delay_ms: { publications: 99, p50: 500, p95: 950, p99: 990 },
    });
    expect(body.networks[1]).toEqual({
      network: 'vk',
      publications: 4,
      published: 2,
      failed: 1,
      unconfirmed: 1,
      held: 0,
      cancelled: 0,
      waiting: 0,
      retried: 1,
      retries: 1,
      delay_ms: { publications: 1, p50: 1_000, p95: 1_000, p99: 1_000 },
    });
    expect(body.all).toMatchObject({ publications: 103, published: 101, retries: 1 });
    const byDay = await told('/delivery/days?days=7', account);
    expect(byDay.networks.map(({ network }: { network: string }) => network)).toEqual(['telegram', 'vk']);
    const [, vk] = byDay.networks;
    expect(vk.data).toHaveLength(7);
    const busy = vk.data.filter((one: { publications: number }) => one.publications > 0);
    const begin = Date.parse(busy[0].at);
    expect([begin <= due, due < begin + day, byDay.timezone]).toEqual([true, true, 'UTC']);
    expect(busy).toEqual([{ at: busy[0].at, publications: 4, published: 2, missing: 2, retries: 1 }]);
    expect((await told('/delivery/days', stranger)).networks).toEqual([]);
    expect((await told('/delivery', stranger)).all).toMatchObject({
      publications: 0,
      delay_ms: { p50: null },
    });
  });
});

/** One post at each of these local hours a day, with what it has at 24 hours, by snapshots on both sides. */
function plan(id: string, days: number, figures: (n: number, weekday: number, hour: number) => Figures) {
  // Moscow is at UTC+3 all year.
  const midnight = Math.floor(Date.now() / day) * day - 3 * hour;
  const scaled = (one: Figures, by: number): Figures =>
    Object.fromEntries(Object.entries(one).map(([name, value]) => [name, Math.round((value ?? 0) * by)]));
  let n = 0;
  return Array.from({ length: days }, (_, index) => days + 1 - index).flatMap((ago) =>
    [9, 14, 19].flatMap((local) => {
      const at = midnight - ago * day + local * hour;
      n += 1;
      const weekday = (new Date(at + 3 * hour).getUTCDay() + 6) % 7;
      const half = figures(n, weekday, local);
      return snapshots(id, `n${n}`, at, [
        [19, scaled(half, 0.9)],
        [29, scaled(half, 1.1)],
      ]);
    }),
  );
}
/** Repeats after 101 posts, which no week does. */
const noise = (n: number) => Math.exp(0.8 * (((n * 37) % 101) / 101 - 0.5));

describe('best times', () => {
  test('through the API find a planted slot on the community’s clock and say how sure they are', async () => {
    const id = await community('Europe/Moscow');
    await keepPosts(
      plan(id, 170, (n, weekday, local) => ({
        // Growth must not pass for a good hour.
        views: 1_000 * 1.003 ** n * noise(n) * (weekday === 3 && local === 19 ? 2.2 : 1),
      })),
    );
    const body = await told(`/communities/${id}/best-times?days=180`);
    expect(body).toMatchObject({
      status: 'reliable',
      timezone: 'Europe/Moscow',
      measure: 'views',
      figures: ['views'],
      best: { weekday: 'thu', hour: 19, reliable: true },
    });
    expect(body.posts).toMatchObject({ seen: 510, usable: 505, missing: 0 });
    expect(body.best.posts).toBeWithin(23, 26);
    expect(body.best.lift_percent).toBeWithin(40, 140);
    expect(body.best.from_percent).toBeLessThan(body.best.lift_percent);
    expect(body.slots).toHaveLength(21);
    expect(body.back_test.posts).toBeWithin(80, 88);
    expect(body.experiment).toHaveLength(5);
  });

  test('no difference is an answer; where views are rarely known, what people did is taken', async () => {
    const id = await community('Europe/Moscow');
    await keepPosts(
      plan(id, 80, (n) => ({
        ...(n % 2 === 0 ? { views: 50 } : {}),
        reactions: 200 * noise(n),
        comments: 40,
      })),
    );
    const body = await told(`/communities/${id}/best-times?days=90`);
    expect(body).toMatchObject({
      status: 'no_reliable_difference',
      measure: 'interactions',
      figures: ['reactions', 'comments'],
      best: null,
    });
    expect(body.slots.some((slot: { reliable: boolean }) => slot.reliable)).toBe(false);
  });

  test('with too few posts say how many are missing', async () => {
    const id = await community('Europe/Moscow');
    expect(await told(`/communities/${id}/best-times`)).toMatchObject({
      status: 'not_enough_data',
      posts: { seen: 0, usable: 0, missing: 20 },
      best: null,
    });
    const rows = plan(id, 8, (n) => ({ views: 100 * noise(n) }));
    // One without a snapshot after its 24th hour has no value there.
    await keepPosts(
      rows.filter((row) => !(row.post_key === 'n20' && row.ts.getTime() - row.published_at.getTime() > day)),
    );
    expect(await told(`/communities/${id}/best-times?days=30`)).toMatchObject({
      status: 'not_enough_data',
      posts: { seen: 24, usable: 18, missing: 2 },
    });
    expect((await ask(`/communities/${id}/best-times?days=31`)).status).toBe(422);
  });
});

test('another workspace’s numbers never appear, not even under the same community id', async () => {
  const id = await community();
  const now = Date.now();
  const start = now - 20 * day;
  const ours = await published(id, 'Ours', start);
  const rows = (of: Account, factor: number, key: string, age: number) =>
    Array.from({ length: 9 }, (_, n) =>
      snapshots(
        id,
        n === 0 && of === owner ? ours.key : `${key}${n}`,
        start + n * day,
        [
          [age, { views: factor * (n + 1) }],
          [age + 2, { views: factor * (n + 1) }],
        ],
        { of, publication: n === 0 ? ours.id : nobody },
      ),
    ).flat();
  await keepPosts(rows(owner, 10, 'x', 22));
  await keepMembers([members(id, start, { members: 5 }), members(id, now - day, { members: 6 })]);
  const paths = [
    '/overview',
    '/delivery',
    '/delivery/days',
    `/communities/${id}/growth`,
    `/communities/${id}/growth?grain=week`,
    `/communities/${id}/trends?from=2026-01-01T00:00:00Z&grain=month`,
    `/communities/${id}/trends?metric=members`,
    `/communities/${id}/top-posts`,
    `/communities/${id}/top-posts?metric=lift`,
    `/communities/${id}/best-times`,
    `/posts/${ours.post}`,
  ];
  // Without the moment of the asking.
  const seen = async () =>
    Promise.all(
      paths.map(async (path) => {
        const { from: _, to: __, ...rest } = await told(path);
        return rest;
      }),
    );
  const before = await seen();
  await keepPosts([...rows(stranger, 777_000, 'y', 23), ...rows(stranger, 778_000, 'x', 23)]);
  await keepMembers([
    members(id, now - 60 * day, { members: 888_002 }, stranger),
    members(id, start + hour, { members: 888_000 }, stranger),
    members(id, now - hour, { members: 888_001 }, stranger),
  ]);
  await box.ctx.ch.insert('posts_v1', [
    {
      workspace_id: stranger.workspaceId,
      community_id: id,
      post_key: 'x99',
      published_at: new Date(now - day),
    },
  ]);
  await box.ctx.ch.insert('publication_events_v1', [
    {
      event_id: 1,
      ts: new Date(now - hour),
      workspace_id: stranger.workspaceId,
      community_id: id,
      due_at: new Date(now - hour),
      event: 'published',
      network: 'vk',
    },
  ]);
  expect(await seen()).toEqual(before);
  for (const path of paths.slice(3)) {
    const answer = await ask(path, stranger);
    expect([path, answer.status, answer.body.code]).toEqual([path, 404, 'not_found']);
  }
  // Theirs are where they belong, but without a community nobody sees them.
  expect((await told('/overview', stranger)).communities).toEqual([]);
});

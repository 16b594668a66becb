import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Described, type Difference, findDifferences } from '../src/analytics/difference.ts';
import { type Account, openTest, type Test } from './harness.ts';

const hour = 3_600_000;
const day = 24 * hour;
/** A Monday. */
const monday = Date.UTC(2026, 0, 5);

/** mulberry32: the same seed gives the same posts. */
function chance(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    of: <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}

interface Made {
  weekday: number;
  hour: number;
  media: string;
  length: string;
  links: string;
  tags: string[];
}
type Effect = (post: Made) => number;
const tags = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
const kinds = ['image', 'image', 'image', 'video', 'text', 'album'];
const bands = ['0', '1-200', '201-500', '501-1000', '1001+'];

/** Posts of an ordinary channel; `kindAt` chooses their media by the hour. */
function posts(
  seed: number,
  days: number,
  perDay: number,
  effect: Effect,
  kindAt = (_hour: number, random: ReturnType<typeof chance>) => random.of(kinds),
): Described[] {
  const random = chance(seed);
  return Array.from({ length: days * perDay }, (_, index) => {
    const date = Math.floor(index / perDay);
    const at = random.of([9, 12, 15, 19, 21]);
    const made: Made = {
      weekday: date % 7,
      hour: at,
      media: kindAt(at, random),
      length: random.of(bands),
      links: random.of(['with', 'without', 'without']),
      tags: tags.filter(() => random.next() < 0.15),
    };
    return {
      at: new Date(monday + date * day + at * hour),
      weekday: made.weekday,
      hour: at,
      lift: effect(made) + 0.5 * random.normal(),
      traits: { length: [made.length], media: [made.media], hashtag: made.tags, links: [made.links] },
    };
  }).sort((a, b) => a.at.getTime() - b.at.getTime());
}

const groupOf = (found: readonly Difference[], dimension: string, value: string) =>
  found.find((one) => one.dimension === dimension && one.value === value);

describe('what posts have in common', () => {
  test('where nothing is planted, at least 90 of 100 communities are told so, with many posts and with few', async () => {
    for (const [days, perDay] of [
      [180, 3],
      [90, 1],
      [30, 1],
    ] as const) {
      let none = 0;
      for (let seed = 1; seed <= 100; seed += 1) {
        const found = await findDifferences(posts(seed, days, perDay, () => 0));
        if (!found.some(({ reliable }) => reliable)) none += 1;
      }
      expect([days, none >= 90, none]).toEqual([days, true, none]);
    }
  });

  test('a kind of media that gets 1.8 times as much is found in at least 95 of 100 communities', async () => {
    let found = 0;
    for (let seed = 1; seed <= 100; seed += 1) {
      const planted = posts(seed, 180, 2, ({ media }) => (media === 'video' ? Math.log(1.8) : 0));
      const video = groupOf(await findDifferences(planted), 'media', 'video');
      if (video?.reliable && video.effect > 0.2) found += 1;
    }
    expect(found).toBeGreaterThanOrEqual(95);
  });

  test('videos that are always posted at the good hour do not shine by it', async () => {
    let none = 0;
    for (let seed = 1; seed <= 50; seed += 1) {
      const made = posts(
        seed,
        120,
        3,
        ({ hour: at }) => (at >= 19 ? 0.7 : 0),
        (at, random) => (random.next() < (at >= 19 ? 0.7 : 0.1) ? 'video' : 'image'),
      );
      const found = await findDifferences(made);
      if (!groupOf(found, 'media', 'video')?.reliable) none += 1;
    }
    expect(none).toBeGreaterThanOrEqual(45);
  });

  test('the 90 % intervals hold about nine of ten true effects', async () => {
    let [held, all] = [0, 0];
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = chance(1_000 + seed);
      const names = [...new Set(kinds), ...bands, ...tags, 'with', 'without'];
      const effects = new Map(names.map((name) => [name, 0.15 * random.normal()]));
      const of = (list: readonly string[]) => list.reduce((sum, name) => sum + (effects.get(name) ?? 0), 0);
      const truth = ({ traits }: Described) => of(Object.values(traits).flat());
      const made = posts(seed, 90, 2, ({ media, length, links, tags: some }) =>
        of([media, length, links, ...some]),
      );
      const mean = made.reduce((sum, post) => sum + truth(post), 0) / made.length;
      for (const group of await findDifferences(made)) {
        if (group.dimension === 'weekday') continue;
        const { dimension, value } = group;
        const own = made.filter(({ traits }) => traits[dimension].includes(value));
        const effect = own.reduce((sum, post) => sum + truth(post), 0) / own.length - mean;
        all += 1;
        if (group.low <= effect && effect <= group.high) held += 1;
      }
    }
    expect(held / all).toBeGreaterThan(0.85);
    expect(held / all).toBeLessThan(0.96);
  });

  test('a few posts are never called reliable', async () => {
    const odd = posts(7, 60, 2, () => 0).map(
      (post, index): Described =>
        index % 30 === 0 ? { ...post, lift: 3, traits: { ...post.traits, media: ['poll'] } } : post,
    );
    const found = await findDifferences(odd);
    expect(groupOf(found, 'media', 'poll')).toMatchObject({ n: 4, p: null, reliable: false });
  });

  test('the same posts get the same answer, and others get their turn meanwhile', async () => {
    const made = posts(11, 180, 8, ({ media }) => (media === 'video' ? 0.6 : 0));
    let pauses = 0;
    const found = await findDifferences(made, async () => {
      pauses += 1;
    });
    expect(await findDifferences(made)).toEqual(found);
    expect(pauses).toBeGreaterThan(0);
  });
});

let box: Test;
let owner: Account;
let stranger: Account;

beforeAll(async () => {
  box = await openTest({ registration: 'open' });
  owner = await box.register({ timezone: 'UTC' });
  stranger = await box.register();
});
afterAll(() => box.close());

async function told(path: string, as = owner) {
  const answer = await box.request('GET', `/v1/analytics${path}`, { cookie: as.cookie });
  expect([path, answer.status, answer.body.errors]).toEqual([path, 200, undefined]);
  return answer.body;
}

let places = 0;
async function community(of = owner, network = 'telegram', id: string = Bun.randomUUIDv7()): Promise<string> {
  places += 1;
  await box.ctx.sql`
    insert into communities (id, workspace_id, network, external_id, title, timezone, capabilities, details)
    values (${id}, ${of.workspaceId}, ${network}, ${`-100${places}`}, ${`Channel ${places}`}, 'UTC', '{}', '{}')`;
  return id;
}

interface Kept {
  key: string;
  at: number;
  views: number | null;
  reactions?: number | null;
  about?: { kind?: string; length?: number; hashtags?: string[]; links?: number };
}
const nobody = '00000000-0000-0000-0000-000000000000';

/** What posts had at 23 and at 25 hours. */
function snapshots(communityId: string, some: readonly Kept[], of: { workspaceId: string }) {
  return some.flatMap(({ key, at, views, reactions = null }) =>
    [23, 25].map((age) => ({
      ts: new Date(at + age * hour),
      workspace_id: of.workspaceId,
      community_id: communityId,
      publication_id: nobody,
      post_key: key,
      published_at: new Date(at),
      views,
      reactions,
    })),
  );
}

/** The same in ClickHouse, and what the posts are. */
async function keep(communityId: string, some: readonly Kept[], of: { workspaceId: string } = owner) {
  const own = { workspace_id: of.workspaceId, community_id: communityId, publication_id: nobody };
  await box.ctx.ch.insert('raw_post_metrics_v1', snapshots(communityId, some, of));
  await box.ctx.ch.insert(
    'posts_v1',
    some.flatMap(({ key, at, about }) =>
      about
        ? [
            {
              ...own,
              post_key: key,
              published_at: new Date(at),
              network: 'telegram',
              source: 'ours',
              seen_at: new Date(at),
              ...{ kind: 'text', length: 10, media: 0, hashtags: [], links: 0 },
              ...about,
            },
          ]
        : [],
    ),
  );
}

describe('content insights', () => {
  test('through the API find what was planted and say of how many posts they know what they were', async () => {
    const id = await community();
    const random = chance(4);
    const start = Math.floor(Date.now() / day) * day - 85 * day;
    const made = Array.from({ length: 240 }, (_, index): Kept => {
      const video = random.next() < 0.25;
      return {
        key: `p${index}`,
        at: start + Math.floor(index / 3) * day + (9 + 5 * (index % 3)) * hour,
        views: Math.round(1_000 * Math.exp(0.4 * random.normal()) * (video ? 2.2 : 1)),
        // Of the last ones nobody knows what they were.
        ...(index < 230
          ? {
              about: {
                kind: video ? 'video' : 'image',
                length: random.of([0, 150, 450, 900, 2_000]),
                hashtags: index % 4 === 0 ? ['news'] : index < 3 ? ['rare'] : [],
                links: index % 2,
              },
            }
          : {}),
      };
    });
    await keep(id, made);
    // Told anew, the last word counts.
    await box.ctx.ch.insert('posts_v1', [
      {
        workspace_id: owner.workspaceId,
        community_id: id,
        post_key: 'p10',
        publication_id: nobody,
        published_at: new Date(made[10]?.at ?? 0),
        ...{ network: 'telegram', source: 'ours', kind: 'poll', length: 1, media: 0, hashtags: [], links: 0 },
        seen_at: new Date(),
      },
    ]);
    const body = await told(`/communities/${id}/content?days=90`);
    expect(body).toMatchObject({
      status: 'reliable',
      measure: 'views',
      posts: { seen: 240, usable: 225, undescribed: 10, missing: 0 },
    });
    const named = Object.fromEntries(
      body.dimensions.map(({ dimension, groups }: { dimension: string; groups: { value: string }[] }) => [
        dimension,
        Object.fromEntries(groups.map((group) => [group.value, group])),
      ]),
    );
    expect(Object.keys(named.length)).toEqual(bands);
    expect(Object.keys(named.weekday)).toEqual(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']);
    expect(Object.keys(named.hashtag)).toEqual(['news']);
    expect(named.media.poll).toMatchObject({ posts: 1, p: null, reliable: false });
    expect(named.media.video.reliable).toBe(true);
    expect(named.media.video.lift_percent).toBeWithin(40, 110);
    expect(named.media.video.from_percent).toBeGreaterThan(10);
    expect(named.media.image.lift_percent).toBeLessThan(0);
    for (const group of [...Object.values(named.links), ...Object.values(named.weekday)]) {
      expect(group).toMatchObject({ reliable: false });
    }
  });

  test('with too few posts say how many are missing; of equal posts, that nothing makes a difference', async () => {
    const id = await community();
    expect(await told(`/communities/${id}/content`)).toMatchObject({
      status: 'not_enough_data',
      posts: { seen: 0, usable: 0, missing: 20 },
      dimensions: [],
    });
    const random = chance(9);
    const about = { kind: 'image' };
    const start = Date.now() - 60 * day;
    const post = (index: number): Kept => ({
      key: `q${index}`,
      at: start + index * 8 * hour,
      views: Math.round(500 * Math.exp(0.4 * random.normal())),
      about,
    });
    await keep(
      id,
      Array.from({ length: 22 }, (_, index) => post(index)),
    );
    expect(await told(`/communities/${id}/content`)).toMatchObject({
      status: 'not_enough_data',
      posts: { seen: 22, usable: 17, missing: 3 },
    });
    await keep(
      id,
      Array.from({ length: 100 }, (_, index) => post(22 + index)),
    );
    const body = await told(`/communities/${id}/content`);
    expect(body.status).toBe('no_reliable_difference');
    // All posts are images without a link: there is nothing to set them beside.
    expect(body.dimensions.find((one: { dimension: string }) => one.dimension === 'media')).toEqual({
      dimension: 'media',
      groups: [
        {
          value: 'image',
          posts: 117,
          lift_percent: 0,
          from_percent: 0,
          to_percent: 0,
          p: null,
          reliable: false,
        },
      ],
    });
  });
});

/** What four times an hour does. */
async function count(): Promise<void> {
  for (const act of ['start', 'refresh', 'wait', 'stop']) {
    await box.ctx.ch.command(`system ${act} view community_standing_v1_fill`);
  }
}

function members(
  id: string,
  of: { workspaceId: string },
  network: string,
  some: readonly [number, number][],
) {
  return some.map(([ago, number]) => ({
    ts: new Date(Date.now() - ago * day),
    workspace_id: of.workspaceId,
    community_id: id,
    network,
    members: number,
  }));
}

describe('communities beside each other', () => {
  test('are ranked by figures that size does not make; what is not told is null', async () => {
    const account = await box.register();
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) ids.push(await community(account));
    const [big, small, silent, poor, young, unseen] = ids as [string, string, string, string, string, string];
    expect(await told('/compare', account)).toMatchObject({
      as_of: null,
      known: 0,
      quartiles: null,
      data: ids.map((id) => ({ id, rank: null, members: { value: null }, posts: { value: null } })),
      next_cursor: null,
    });
    await box.ctx.ch.insert('raw_community_metrics_v1', [
      ...members(big, account, 'telegram', [
        [65, 8_000],
        [35, 10_000],
        [1, 12_000],
      ]),
      ...members(small, account, 'telegram', [
        [35, 100],
        [1, 110],
      ]),
      ...members(silent, account, 'telegram', [[2, 400]]),
      ...members(poor, account, 'telegram', [
        [40, 1_000],
        [1, 1_000],
      ]),
      // Nobody renewed it for a month and more.
      ...members(young, account, 'telegram', [[50, 700]]),
    ]);
    const old = Date.now() - 45 * day;
    const now = Date.now() - 15 * day;
    const of = (name: string, at: number, views: (number | null)[], reactions?: number): Kept[] =>
      views.map((one, index) => ({
        key: `${name}${at === old ? 'o' : 'n'}${index}`,
        at: at + index * hour,
        views: one,
        reactions: reactions ?? null,
      }));
    await keep(
      big,
      [...of('b', old, [1_000, 2_000, 9_000]), ...of('b', now, [2_400, 1_200, 1_200], 24)],
      account,
    );
    await keep(small, of('s', now, [55, 55, 60, 900]), account);
    await keep(poor, of('p', now, [null, 10, 12], 3), account);
    await keep(young, of('y', now, [70]), account);
    await count();

    const body = await told('/compare?days=30&metric=views_per_1000', account);
    const rows = Object.fromEntries(body.data.map((row: { id: string }) => [row.id, row]));
    expect(body.data.map((row: { id: string; rank: number }) => [row.id, row.rank])).toEqual([
      [small, 1],
      [big, 2],
      [poor, 3],
      ...[silent, young].sort().map((id) => [id, null]),
      [unseen, null],
    ]);
    expect(rows[big]).toMatchObject({
      members: { value: 12_000, previous: 10_000, change: 2_000, change_percent: 20 },
      growth_percent: { value: 20, previous: 25 },
      posts: { value: 3, previous: 3 },
      views_per_1000: { value: 100, previous: 200, change_percent: -50 },
      interactions_per_1000: { value: 2, previous: null },
      interaction_percent: { value: 1.5, previous: null },
    });
    expect(rows[small]).toMatchObject({
      growth_percent: { value: 10, previous: null },
      views_per_1000: { value: 522.73, previous: null },
      interactions_per_1000: { value: null },
    });
    expect(rows[silent]).toMatchObject({
      members: { value: 400, previous: null },
      growth_percent: { value: null },
      posts: { value: 0, previous: 0 },
      views_per_1000: { value: null, previous: null },
    });
    expect(rows[poor]).toMatchObject({ views_per_1000: { value: 11 }, interactions_per_1000: { value: 3 } });
    expect(rows[young]).toMatchObject({
      members: { value: null },
      posts: { value: 1 },
      views_per_1000: { value: null },
    });
    expect(rows[unseen]).toMatchObject({ members: { value: null }, posts: { value: null } });
    // Three know it: too few for quarters. Posts are known of five.
    expect([body.known, body.quartiles]).toEqual([3, null]);
    expect(Date.parse(body.as_of)).toBeGreaterThan(Date.now() - 60_000);
    const byPosts = await told('/compare?metric=posts', account);
    expect(byPosts).toMatchObject({ known: 5, quartiles: { lower: 1, middle: 3, upper: 3 } });
    expect(byPosts.data.map((row: { rank: number | null }) => row.rank)).toEqual([1, 2, 2, 4, 5, null]);

    // Page by page it is the same list.
    const paged = [];
    let path = '/compare?limit=2';
    for (;;) {
      const page = await told(path, account);
      paged.push(...page.data);
      if (page.next_cursor === null) break;
      path = `/compare?limit=2&cursor=${page.next_cursor}`;
    }
    expect(paged).toEqual(body.data);
    expect((await told('/compare', stranger)).data).toEqual([]);
    for (const bad of ['metric=lift', 'days=31', 'cursor=LTE']) {
      const answer = await box.request('GET', `/v1/analytics/compare?${bad}`, { cookie: account.cookie });
      expect([bad, answer.status]).toEqual([bad, 422]);
    }
  });

  test('in the whole installation they are told as percentiles, and only among enough workspaces', async () => {
    // A network of its own: other tests share the engine.
    const network = `net-${Bun.randomUUIDv7()}`;
    const mine = await community(owner, network);
    expect(await told(`/communities/${mine}/benchmark`)).toMatchObject({
      reason: 'not_counted',
      percentiles: null,
    });
    const at = Date.now() - 10 * day;
    const others = Array.from({ length: 10 }, () => ({
      workspaceId: Bun.randomUUIDv7(),
      id: Bun.randomUUIDv7(),
    }));
    type Other = { workspaceId: string; id: string };
    const grow = async (some: readonly (readonly [Other, number, number | null])[]) => {
      await box.ctx.ch.insert(
        'raw_community_metrics_v1',
        some.flatMap(([one, size]) =>
          members(one.id, one, network, [
            [35, size],
            [1, Math.round(1.1 * size)],
          ]),
        ),
      );
      await box.ctx.ch.insert(
        'raw_post_metrics_v1',
        some.flatMap(([one, , views]) => snapshots(one.id, [{ key: 'a', at, views }], one)),
      );
      await count();
    };
    const again = (one: Other): Other => ({ ...one, id: Bun.randomUUIDv7() });
    const far = others[9] as Other;
    await grow([
      [{ workspaceId: owner.workspaceId, id: mine }, 2_000, 400],
      ...others.slice(0, 9).flatMap((other, index) => [
        [other, 3_000, index < 7 ? 30 : 3_000] as const,
        // Another one of the same workspace is no other workspace.
        [again(other), 3_000, 30] as const,
      ]),
      // Not of its size.
      [far, 50_000, 1],
    ]);
    expect(await told(`/communities/${mine}/benchmark`)).toMatchObject({
      reason: 'too_few',
      band: { from: 1_000, below: 10_000 },
      percentiles: null,
    });
    await grow([[again(far), 1_500, null]]);
    const body = await told(`/communities/${mine}/benchmark`);
    expect(body).toMatchObject({
      reason: null,
      days: 30,
      percentiles: {
        // Equals count half.
        growth_percent: 50,
        posts: 50,
        // Known of nine other workspaces.
        views_per_1000: null,
        interactions_per_1000: null,
      },
    });
    await grow([[again(far), 1_500, 1_500]]);
    const { percentiles } = await told(`/communities/${mine}/benchmark`);
    // 16 of 19 have less.
    expect(percentiles.views_per_1000).toBe(85);
    const unknown = await community(owner, network);
    await keep(unknown, [{ key: 'u', at, views: 1 }]);
    await count();
    expect(await told(`/communities/${unknown}/benchmark`)).toMatchObject({ reason: 'members_unknown' });
  });

  test('another workspace’s numbers never appear, not even under the same community id', async () => {
    const id = await community(owner);
    await box.ctx.ch.insert('raw_community_metrics_v1', members(id, owner, 'telegram', [[1, 50]]));
    const at = Date.now() - 10 * day;
    await keep(id, [{ key: 'a', at, views: 10, about: { kind: 'text' } }]);
    await count();
    const seen = async () => {
      const compared = await told('/compare?limit=100');
      const own = compared.data.find((row: { id: string }) => row.id === id);
      return [{ ...own, rank: null }, await told(`/communities/${id}/content`)];
    };
    const before = await seen();
    await box.ctx.ch.insert('raw_community_metrics_v1', members(id, stranger, 'telegram', [[0.5, 777_000]]));
    await keep(
      id,
      Array.from({ length: 30 }, (_, index) => ({
        key: index === 0 ? 'a' : `x${index}`,
        at: at - index * hour,
        views: 888_000,
        about: { kind: 'video' },
      })),
      stranger,
    );
    await count();
    expect(await seen()).toEqual(before);
    for (const what of ['content', 'benchmark']) {
      const answer = await box.request('GET', `/v1/analytics/communities/${id}/${what}`, {
        cookie: stranger.cookie,
      });
      expect([what, answer.status, answer.body.code]).toEqual([what, 404, 'not_found']);
    }
    expect((await told('/compare', stranger)).data).toEqual([]);
  });
});

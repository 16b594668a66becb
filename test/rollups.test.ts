import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { liftsOf } from '../src/analytics/lift.ts';
import { erasePurged, sweepMetrics } from '../src/collecting/outbox.ts';
import { inlined } from '../src/stores/placeholders.ts';
import { resolveLocalTime } from '../src/timezone.ts';
import { type Account, openTest, type Test } from './harness.ts';

const hour = 3_600_000;
const day = 24 * hour;

let box: Test;
let owner: Account;

beforeAll(async () => {
  box = await openTest();
  owner = await box.register({ timezone: 'UTC' });
});
afterAll(() => box.close());

async function told(path: string) {
  const answer = await box.request('GET', `/v1/analytics${path}`, { cookie: owner.cookie });
  expect([path, answer.status, answer.body.errors]).toEqual([path, 200, undefined]);
  return answer.body;
}

let made = 0;
async function community(zone = 'UTC', network = 'telegram'): Promise<string> {
  const id = Bun.randomUUIDv7();
  made += 1;
  await box.ctx.sql`
    insert into communities (id, workspace_id, network, external_id, title, timezone, capabilities, details)
    values (${id}, ${owner.workspaceId}, ${network}, ${`-100${made}`}, ${`Channel ${made}`}, ${zone}, '{}', '{}')`;
  return id;
}

const ofCommunity = (id: string, at: number, figures: object) => ({
  ts: new Date(at),
  workspace_id: owner.workspaceId,
  community_id: id,
  network: 'telegram',
  ...{ members: null, reach: null, visitors: null, views: null, joins: null, leaves: null },
  ...figures,
});
const ofPost = (id: string, key: string, at: number, age: number, figures: object) => ({
  ts: new Date(at + age * hour),
  workspace_id: owner.workspaceId,
  community_id: id,
  post_key: key,
  publication_id: '00000000-0000-0000-0000-000000000000',
  published_at: new Date(at),
  ...{ views: null, reach: null, reactions: null, comments: null, shares: null, clicks: null },
  ...figures,
});
const keepCommunity = (rows: object[]) => box.ctx.ch.insert('raw_community_metrics_v1', rows);
const keepPosts = (rows: object[]) => box.ctx.ch.insert('raw_post_metrics_v1', rows);

test('growth and trends know every zone that JavaScript knows, those that the engine does not too', async () => {
  // Since March 2025 its clocks stay at UTC−3.
  const zone = 'America/Coyhaique';
  const id = await community(zone);
  const midnight = Math.floor((Date.now() - 3 * hour) / day) * day + 3 * hour;
  await keepCommunity([
    ofCommunity(id, midnight - 10 * day, { members: 90 }),
    ofCommunity(id, midnight - 2 * day - hour, { members: 100, joins: 3 }),
    ofCommunity(id, midnight - 2 * day + hour, { members: 101, joins: 1 }),
    ofCommunity(id, midnight - 2 * day + 23 * hour, { members: 105, joins: 6 }),
  ]);
  const { data, timezone } = await told(`/communities/${id}/growth?days=3`);
  expect(timezone).toBe(zone);
  expect(data.map((one: { at: string }) => Date.parse(one.at) - midnight)).toEqual(
    [-3, -2, -1, 0].map((days) => days * day),
  );
  expect(data.map((one: Record<string, number>) => [one.members, one.change, one.joins])).toEqual([
    [100, 10, 3],
    [105, 5, 6],
    [null, null, null],
    [null, null, null],
  ]);
  await keepPosts([
    ofPost(id, 'late', midnight - day - hour / 2, 3, { views: 10 }),
    ofPost(id, 'early', midnight - day + hour / 2, 3, { views: 7 }),
  ]);
  const span = `from=${new Date(midnight - 2 * day).toISOString()}&to=${new Date(midnight).toISOString()}`;
  for (const metric of ['views', 'joins']) {
    const trend = await told(`/communities/${id}/trends?metric=${metric}&${span}`);
    expect(trend.data.map((one: { value: number }) => one.value)).toEqual(
      metric === 'views' ? [10, 7] : [6, null],
    );
  }
  const hours = await told(`/communities/${id}/growth?days=4&grain=hour`);
  const known = hours.data.filter((one: { members: number | null }) => one.members !== null);
  expect(known.map((one: { at: string }) => Date.parse(one.at) - midnight)).toEqual(
    [-2 * day - hour, -2 * day + hour, -2 * day + 23 * hour].filter(
      (at) => midnight + at > Date.now() - 4 * day,
    ),
  );
});

test('weeks and months add up days, in a zone whose days are those of UTC as in one whose are not', async () => {
  // The same rows on two clocks, read from two rollups.
  const at = (text: string) => Date.parse(`${text}Z`);
  const span = 'from=2026-03-02T00:00:00Z&to=2026-03-22T12:00:00Z';
  const answers = [];
  for (const zone of ['Africa/Abidjan', 'Europe/Moscow']) {
    const id = await community(zone);
    const shift = zone === 'Europe/Moscow' ? -3 * hour : 0;
    await keepCommunity(
      [
        ['2026-03-01T23:00', 1, 1],
        ['2026-03-02T01:00', 2, 2],
        ['2026-03-02T23:30', 4, 5],
        ['2026-03-08T23:59', 8, 7],
        ['2026-03-09T00:00', 16, 11],
        ['2026-03-22T09:00', 32, 13],
        // After the end of the question.
        ['2026-03-22T13:00', 64, 17],
      ].map(([time, joins, members]) => ofCommunity(id, at(String(time)) + shift, { joins, members })),
    );
    const question = span.replaceAll(
      '2026-03-02T00:00:00Z',
      new Date(at('2026-03-02T00:00') + shift).toISOString(),
    );
    const ended = question.replace(
      '2026-03-22T12:00:00Z',
      new Date(at('2026-03-22T12:00') + shift).toISOString(),
    );
    const ask = async (metric: string, grain: string) =>
      (await told(`/communities/${id}/trends?metric=${metric}&grain=${grain}&${ended}`)).data.map(
        (one: { value: number }) => one.value,
      );
    answers.push([await ask('joins', 'week'), await ask('joins', 'month'), await ask('members', 'week')]);
  }
  expect(answers[0]).toEqual([[12, 16, 32], [1 + 4 + 8 + 16 + 32], [7, 11, 13]]);
  expect(answers[1]).toEqual(answers[0]);
});

test('days of a network with a clock of its own stand at the same date on every clock', async () => {
  // VK counts days in Moscow, three hours ahead of UTC and two behind Yekaterinburg.
  const moscow = (text: string) => Date.parse(`${text}+03:00`);
  for (const zone of ['UTC', 'Asia/Yekaterinburg', 'America/New_York', 'Asia/Kolkata', 'Europe/Moscow']) {
    const id = await community(zone, 'vk');
    await keepCommunity([
      ofCommunity(id, moscow('2026-03-02T20:00'), { joins: 9 }),
      ofCommunity(id, moscow('2026-03-02T23:59:59.999'), { joins: 10 }),
      // The next day has hardly begun: it is no number of the day before.
      ofCommunity(id, moscow('2026-03-03T01:00'), { joins: 1 }),
      ofCommunity(id, moscow('2026-03-03T23:59:59.999'), { joins: 20 }),
      ofCommunity(id, moscow('2026-03-04T00:30'), { joins: 2 }),
      ofCommunity(id, moscow('2026-03-08T23:59:59.999'), { joins: 40 }),
    ]);
    const values = async (grain: string, from: string, to: string) => {
      const span = `from=${resolveLocalTime(from, zone).at.toISOString()}&to=${resolveLocalTime(to, zone).at.toISOString()}`;
      const { data } = await told(`/communities/${id}/trends?metric=joins&grain=${grain}&${span}`);
      return [zone, ...data.map((one: { value: number }) => one.value)];
    };
    expect(await values('day', '2026-03-02T00:00', '2026-03-04T00:00')).toEqual([zone, 10, 20]);
    expect(await values('week', '2026-03-02T00:00', '2026-03-09T00:00')).toEqual([zone, 10 + 20 + 2 + 40]);
  }
});

test('more than ten years are refused', async () => {
  const path = `/v1/analytics/communities/${await community()}/trends?grain=month&from=2001-01-01T00:00:00Z`;
  const answer = await box.request('GET', path, { cookie: owner.cookie });
  expect([answer.status, answer.body.errors[0].path]).toEqual([422, 'query/from']);
});

/** Snapshots of one post a day for so many days, oldest first, around their 24th hour. */
const daily = (id: string, days: number) =>
  Array.from({ length: days }, (_, n) => {
    const at = Date.now() - (days + 1 - n) * day;
    const views = 100 + ((n * 37) % 50);
    return [19, 23, 26, 29].map((age) => ofPost(id, `p${n}`, at, age, { views: views + age }));
  }).flat();

test('best times reach back 180 days when single figures are kept for 90, with the same answer as before', async () => {
  const id = await community();
  await keepPosts(daily(id, 200));
  const to = new Date();
  const from = new Date(to.getTime() - 180 * day - hour);
  const ask = () => liftsOf(box.ctx, { workspaceId: owner.workspaceId, communityId: id, from, to });
  const before = await ask();
  expect(before).toMatchObject({ measure: 'views', posts: 179, young: 0 });
  expect(before.lifts).toHaveLength(179);
  // On the line between the snapshots at 23 and 26 hours.
  const values = await box.ctx.ch.query<{ post_key: string; value: number }>(
    `select post_key, value from post_day_v2(workspace_id = {workspace:UUID}, community_id = {id:UUID},
       from = {from:DateTime64(3, 'UTC')}, to = {to:DateTime64(3, 'UTC')})
     where figure = 'views' and post_key in ('p30', 'p31') order by post_key`,
    { workspace: owner.workspaceId, id, from, to },
  );
  expect(values.map(({ value }) => Math.round(value * 1e6) / 1e6)).toEqual(
    [30, 31].map((n) => 100 + ((n * 37) % 50) + 24),
  );
  await sweepMetrics(box.ctx);
  const [left] = await box.ctx.ch.query<{ n: string }>(
    'select uniqExact(post_key) as n from raw_post_metrics_v1 where community_id = {id:UUID}',
    { id },
  );
  expect(Number(left?.n)).toBeLessThan(92);
  expect(await ask()).toEqual(before);
});

test('the lift of a post is the same here and in the view that an analyst asks', async () => {
  const id = await community();
  const start = Date.now() - 60 * day;
  // Ages at which posts were looked at, on both sides of 24 hours, on one, far and near, and what they had then.
  const looks = [
    [19, 30],
    [24],
    [23.7],
    [24.4],
    [20],
    [33],
    [18, 23, 25, 36],
    [24, 24.5],
    [17, 37],
    [12, 22, 48],
  ];
  const rows = Array.from({ length: 120 }, (_, n) =>
    (looks[n % 7 === 0 ? n % looks.length : 0] ?? []).map((age, at) =>
      ofPost(id, `p${n}`, start + n * 8 * hour, age, {
        views: n % 3 === 2 ? null : 50 + ((n * n * 31) % 97) + at,
        reactions: 10 + ((n * 17) % 23) + at,
        comments: n % 11 === 3 ? null : n % 3,
      }),
    ),
  ).flat();
  await keepPosts(rows);
  await keepPosts(rows.slice(100));
  const [from, to] = [new Date(start + 10 * day + 1), new Date()];
  for (const measure of ['interactions', 'views'] as const) {
    const told = await liftsOf(box.ctx, { workspaceId: owner.workspaceId, communityId: id, from, to });
    expect(told.measure).toBe(measure);
    const view = await box.ctx.ch.query<object>(
      `select post_key, publication_id, published_at, lift
       from post_lift_v2(workspace_id = {workspace:UUID}, community_id = {id:UUID},
         from = {before:DateTime64(3, 'UTC')}, to = {to:DateTime64(3, 'UTC')}, figures = {figures:Array(String)})
       where published_at >= {from:DateTime64(3, 'UTC')} and isNotNull(lift) order by published_at, post_key`,
      {
        workspace: owner.workspaceId,
        id,
        from,
        to,
        before: new Date(from.getTime() - 90 * day),
        figures: told.figures,
      },
    );
    expect(told.lifts.length).toBeGreaterThan(60);
    expect(told.lifts.map((one) => ({ ...one, lift: one.lift.toFixed(9) }))).toEqual(
      view.map((one) => ({ ...one, lift: (one as { lift: number }).lift.toFixed(9) })) as never,
    );
    // From now on views are known of all posts.
    await keepPosts(rows.map((row) => ({ ...row, views: 60, ts: new Date(row.ts.getTime() + 1) })));
  }
});

test('a period is set beside the one before it when the figures of that one are erased', async () => {
  const id = await community();
  // 60 days and 60 before them, in the middle of each; the older one is read on, long after its period.
  const [young, old] = [Date.now() - 30 * day, Date.now() - 100 * day];
  await keepPosts([
    ...[1, 24, 100].map((age) => ofPost(id, 'young', young, age, { views: 10 * age, reactions: 1 })),
    ...[1, 24, 100, 30 * 24, 50 * 24].map((age) => ofPost(id, 'old', old, age, { views: age })),
  ]);
  const views = async () => {
    const { communities } = await told('/overview?days=60');
    return communities.find((one: { id: string }) => one.id === id).views;
  };
  const before = await views();
  expect(before).toMatchObject({ value: 1_000, previous: 30 * 24 });
  await box.ctx.sql`update workspaces set metrics_days = 45 where id = ${owner.workspaceId}`;
  await sweepMetrics(box.ctx);
  expect(
    await box.ctx.ch.query(
      "select 1 from raw_post_metrics_v1 where community_id = {id:UUID} and post_key = 'old'",
      {
        id,
      },
    ),
  ).toHaveLength(0);
  expect(await views()).toEqual(before);
  await box.ctx.sql`update workspaces set metrics_days = 90 where id = ${owner.workspaceId}`;
});

const rollups = [
  'community_per_hour_v1',
  'community_per_day_v1',
  'post_latest_v1',
  'post_per_day_v1',
  'post_at_24h_v1',
];
const figuresOf = async (id: string) => ({
  hours: await box.ctx.ch.query(
    `select hour, argMaxMerge(members) as members, argMaxMerge(joins) as joins from community_per_hour_v1
     where community_id = {id:UUID} group by hour order by hour`,
    { id },
  ),
  days: await box.ctx.ch.query(
    `select day, argMaxMerge(members) as members, argMaxMerge(joins) as joins from community_per_day_v1
     where community_id = {id:UUID} group by day order by day`,
    { id },
  ),
  posts: await box.ctx.ch.query(
    `select published_at, post_key, day, max(views) as views, max(reactions) as reactions from post_per_day_v1
     where community_id = {id:UUID} group by published_at, post_key, day order by published_at, post_key, day`,
    { id },
  ),
  latest: await box.ctx.ch.query(
    `select post_key, max(ts) as last, argMaxMerge(views) as views, argMaxMerge(reactions) as reactions
     from post_latest_v1 where community_id = {id:UUID} group by post_key order by post_key`,
    { id },
  ),
  grown: await box.ctx.ch.query(
    `select post_key, figure, max(before) as before, min(after) as after from post_at_24h_v1
     where community_id = {id:UUID} group by post_key, figure order by post_key, figure`,
    { id },
  ),
});

test('rows that arrive twice, and migrations that run twice when single figures are gone, change nothing; erasing a community leaves nothing', async () => {
  const id = await community();
  const start = Date.now() - 3 * day;
  const communityRows = [1, 2, 30].map((after) =>
    ofCommunity(id, start + after * hour, { members: after, joins: 1 }),
  );
  // The last look told nothing of its views.
  const old = start - 200 * day;
  const postRows = [
    ofPost(id, 'old', old, 48, { views: 9 }),
    ofPost(id, 'old', old, 72, { reactions: 2 }),
    ...daily(id, 5),
  ];
  await keepCommunity(communityRows);
  await keepPosts(postRows);
  const before = await figuresOf(id);
  expect(before.hours).toHaveLength(3);
  expect(before.days.length).toBeWithin(2, 4);
  expect(before.grown).toHaveLength(5);
  expect(before.latest).toHaveLength(6);
  expect(before.latest[0]).toEqual({
    post_key: 'old',
    last: new Date(old + 72 * hour).toISOString(),
    views: '9',
    reactions: '2',
  });
  await keepCommunity(communityRows);
  await keepPosts(postRows);
  expect(await figuresOf(id)).toEqual(before);
  await sweepMetrics(box.ctx);
  for (const name of ['0004_rollups_v1.sql', '0007_post_latest_by_year_v1.sql']) {
    const file = await Bun.file(join(import.meta.dir, '..', 'clickhouse', name)).text();
    for (const statement of file.split(/;\n/).filter((text) => text.trim()))
      await box.ctx.ch.command(statement);
    expect([name, await figuresOf(id)]).toEqual([name, before]);
  }
  // The views still fill what was made anew.
  await keepCommunity([ofCommunity(id, start + 60 * hour, { members: 7 })]);
  await keepPosts([ofPost(id, 'new', start, 1, { views: 1 })]);
  const after = await figuresOf(id);
  expect([after.hours.length, after.latest.length]).toEqual([4, 7]);

  await box.ctx.sql`delete from communities where id = ${id}`;
  await erasePurged(box.ctx);
  for (const table of rollups) {
    const found = await box.ctx.ch.query(`select 1 from ${table} where community_id = {id:UUID} limit 1`, {
      id,
    });
    expect([table, found]).toEqual([table, []]);
  }
});

const one = async (type: string, value: Parameters<typeof inlined>[1]) => {
  const [row] = await box.ctx.ch.query<{ value: unknown }>(`select {value:${type}} as value`, value);
  return row?.value;
};

describe('values in questions to the embedded engine', () => {
  test('come as they are, whatever stands in them', async () => {
    const texts = [
      '',
      "it's",
      "\\'",
      '\\',
      "'; drop table posts_v1; --",
      "') or ('1' = '1",
      'line\nand\ttab\rand \0 nul',
      '{other:String} and {value:String}',
      '$& $1 $$',
      'Юникод 👍🏽 \u2028',
      '`"%_/*',
    ];
    for (const value of texts) expect(await one('String', { value, other: 'no' })).toBe(value);
    expect(await one('Array(String)', { value: texts })).toEqual(texts);
  });

  test('have the types that the question gives them', async () => {
    const uuid = Bun.randomUUIDv7();
    for (const [type, value, told] of [
      ['UUID', uuid, uuid],
      ['Array(UUID)', [uuid], [uuid]],
      ['Array(UUID)', [], []],
      ['UInt8', true, 1],
      ['UInt32', 4_294_967_295, 4_294_967_295],
      ['Int64', -9_007_199_254_740_991, '-9007199254740991'],
      ['Int64', '9223372036854775807', '9223372036854775807'],
      ['Float64', 1.5e-7, 1.5e-7],
      ['Nullable(Int64)', null, null],
      // To the millisecond, before 1970 too.
      ["DateTime64(3, 'UTC')", new Date('2026-03-29T01:59:59.007Z'), '2026-03-29T01:59:59.007Z'],
      ["DateTime64(3, 'UTC')", new Date('1969-12-31T23:59:59.999Z'), '1969-12-31T23:59:59.999Z'],
      ['Array(Date)', ['2026-03-29'], ['2026-03-29']],
    ] as const) {
      expect([type, await one(type, { value })]).toEqual([type, told]);
    }
  });

  test('that cannot be are refused, and one that is missing is told of', async () => {
    await expect(one('Float64', { value: Number.NaN })).rejects.toThrow('no number');
    await expect(one('UUID', { value: "x' or 1=1" })).rejects.toThrow('UUID');
    await expect(one('String', { other: 'x' })).rejects.toThrow('value');
    expect(inlined('select {a:UInt8}', {}).query).toBe('select {a:UInt8}');
  });

  test('do not make questions wait for each other', async () => {
    const began = performance.now();
    await Promise.all(
      [1, 2, 3].map((value) => box.ctx.ch.query('select sleep(1), {value:UInt8}', { value })),
    );
    expect(performance.now() - began).toBeLessThan(2_900);
  });
});

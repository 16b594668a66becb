import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Context } from '../src/context.ts';
import { hoursBetween, minuteOfWeek } from '../src/slots/moment.ts';
import { untestedMoments } from '../src/slots/proposal.ts';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

let p: Publishing;
beforeAll(async () => {
  p = await openPublishing();
}, 30_000);
afterAll(() => p.close());

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
/** Moscow is three hours ahead all year. */
const moscow = 3 * hour;
/** Weekday in Moscow (0 is Monday) that comes in three days: its hours lie within a week, whenever this runs. */
const planted = (new Date(Date.now() + 3 * day + moscow).getUTCDay() + 6) % 7;

/** Repeats after 101 posts, which no week does. */
const noise = (n: number) => Math.exp(0.8 * (((n * 37) % 101) / 101 - 0.5));

/** Twelve weeks with posts at 9, 14 and 19 in Moscow, each with so many times the usual views after a day. */
async function measured(community: Connected, factor: (weekday: number, hour: number) => number, days = 84) {
  const midnight = Math.floor((Date.now() + moscow) / day) * day - moscow;
  let n = 0;
  const rows = Array.from({ length: days }, (_, index) => days + 1 - index).flatMap((ago) =>
    [9, 14, 19].flatMap((local) => {
      const at = midnight - ago * day + local * hour;
      n += 1;
      const views = 1_000 * noise(n) * factor((new Date(at + moscow).getUTCDay() + 6) % 7, local);
      return [
        [19, 0.9],
        [29, 1.1],
      ].map(([age = 0, share = 1]) => ({
        ts: new Date(at + age * hour),
        workspace_id: p.owner.workspaceId,
        community_id: community.id,
        post_key: `n${n}`,
        publication_id: '00000000-0000-0000-0000-000000000000',
        published_at: new Date(at),
        views: Math.round(views * share),
      }));
    }),
  );
  await p.test.ctx.ch.insert('raw_post_metrics_v1', rows);
}

const oneEvening = (weekday: number, local: number) => (weekday === planted && local === 19 ? 2.5 : 1);

async function slotsOf(community: Connected, query = '') {
  const answer = await p.ask('GET', `/v1/communities/${community.id}/slots${query}`);
  expect([answer.status, answer.body.errors]).toEqual([200, undefined]);
  return answer.body;
}

async function setSlots(community: Connected, ...times: string[]) {
  const weekly = weekdays.flatMap((weekday) => times.map((time) => ({ weekday, time })));
  expect((await p.ask('PUT', `/v1/communities/${community.id}/slots`, { weekly })).status).toBe(200);
}

async function made(communities: readonly Connected[], more: object) {
  const body = { text: 'x', community_ids: communities.map(({ id }) => id), ...more };
  const answer = await p.ask('POST', '/v1/posts', body);
  expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
  return answer.body;
}

async function refused(communities: readonly Connected[], at: string) {
  const body = { text: 'x', community_ids: communities.map(({ id }) => id), at };
  const answer = await p.ask('POST', '/v1/posts', body);
  expect([answer.status, answer.body.code]).toEqual([422, 'invalid']);
  const [{ path, message }] = answer.body.errors;
  return [path, message];
}

/** Asks with parts of the context replaced: what the app reads at each request. */
async function having<T>(parts: Partial<Context>, act: () => Promise<T>): Promise<T> {
  const { ctx } = p.test;
  const kept = { ...ctx };
  Object.assign(ctx, parts);
  try {
    return await act();
  } finally {
    Object.assign(ctx, kept);
  }
}

const clockIn = (zone: string, at: string) =>
  new Date(at).toLocaleString('sv-SE', { timeZone: zone }).slice(11, 16);
const nearest = (moments: readonly string[]) => {
  const sorted = moments.map(Date.parse).sort((a, b) => a - b);
  return Math.min(...sorted.slice(1).map((at, index) => at - (sorted[index] ?? 0)));
};

describe('a community with an hour that works', () => {
  let channel: Connected;
  beforeAll(async () => {
    channel = await p.telegram();
    await measured(channel, oneEvening);
  });

  test('is proposed that hour first, with its evidence and the back-test', async () => {
    const body = await slotsOf(channel, '?by=best&limit=4');
    const [first, ...others] = body.next;
    expect(first).toMatchObject({
      local_time: expect.stringMatching(/T19:00$/),
      timezone: 'Europe/Moscow',
      source: 'best_hour',
      reason: null,
      evidence: { weekday: weekdays[planted], hour: 19, reliable: true },
    });
    expect(first.evidence.posts).toBeWithin(10, 13);
    expect(first.evidence.lift_percent).toBeWithin(50, 150);
    expect(first.evidence.from_percent).toBeLessThan(first.evidence.lift_percent);
    expect(first.evidence.to_percent).toBeGreaterThan(first.evidence.lift_percent);
    expect(first.evidence.p).toBeLessThan(0.05);
    expect(body).toMatchObject({
      by: 'best',
      note: null,
      estimate: {
        status: 'reliable',
        days: 90,
        measure: 'views',
        posts: { missing: 0 },
        best: first.evidence,
        back_test: { posts: expect.any(Number), error_percent: expect.any(Number) },
      },
    });
    // The others are hours at which it publishes anyway, and nothing more is said of them.
    expect(others).toHaveLength(3);
    for (const one of others) {
      expect(one).toMatchObject({
        source: 'usual_hour',
        reason: 'not_reliable',
        evidence: { reliable: false },
      });
      expect(one.local_time).toMatch(/T(09|14|19):00$/);
    }
    const asked = await p.ask('GET', `/v1/analytics/communities/${channel.id}/best-times?days=90`);
    expect(asked.body.best).toEqual(first.evidence);
  });

  test('gets a post into it by `at: best`, previewed first, and the post says why', async () => {
    const { next } = await slotsOf(channel, '?by=best&limit=1');
    const body = { text: 'x', community_ids: [channel.id], at: 'best' };
    const preview = await p.ask('POST', '/v1/posts/preview', body);
    expect([preview.status, preview.body.scheduled_at]).toEqual([200, next[0].at]);
    const post = await made([channel], { at: 'best' });
    expect(post).toMatchObject({
      status: 'scheduled',
      scheduled_at: next[0].at,
      local_time: next[0].local_time,
      timezone: 'Europe/Moscow',
      time_choice: {
        by: 'best',
        source: 'best_hour',
        lift_percent: next[0].evidence.lift_percent,
        communities: [{ id: channel.id, evidence: next[0].evidence, reason: null }],
      },
    });
    expect(preview.body.time_choice).toEqual(post.time_choice);
    expect((await p.ask('GET', `/v1/posts/${post.id}`)).body.time_choice).toEqual(post.time_choice);
    // There is one such hour a week, and it has its post now.
    expect(await refused([channel], 'best')).toEqual([
      '/at',
      expect.stringMatching(/^No free moment of the next 7 days stands out\. .*give the community slots/),
    ]);
    // Moved to where it stands: its own place counts as free.
    const again = await p.ask('PATCH', `/v1/posts/${post.id}`, { at: 'best' });
    expect(again.body.scheduled_at).toBe(post.scheduled_at);
    const later = new Date(Date.now() + 20 * day).toISOString();
    const moved = await p.ask('PATCH', `/v1/posts/${post.id}`, { scheduled_at: later });
    expect(moved.body.time_choice).toBeNull();
    const back = await p.ask('PATCH', `/v1/posts/${post.id}`, { at: 'best' });
    expect([back.body.scheduled_at, back.body.time_choice?.source]).toEqual([post.scheduled_at, 'best_hour']);
    const draft = await p.ask('PATCH', `/v1/posts/${post.id}`, { scheduled_at: null });
    expect([draft.body.status, draft.body.time_choice]).toEqual(['draft', null]);
  });

  test('keeps half an hour between that post and others, and uses the minute of its own slot', async () => {
    const [{ at }] = (await slotsOf(channel, '?by=best&limit=1')).next;
    const near = (minutes: number) => new Date(Date.parse(at) + minutes * minute).toISOString();
    const other = await made([channel], { scheduled_at: near(29) });
    expect((await slotsOf(channel, '?by=best&limit=1')).next[0].source).toBe('usual_hour');
    await p.ask('PATCH', `/v1/posts/${other.id}`, { scheduled_at: near(-30) });
    expect((await slotsOf(channel, '?by=best&limit=1')).next[0].at).toBe(at);
    await p.ask('POST', `/v1/posts/${other.id}/cancel`);
    await setSlots(channel, '19:40', '08:15');
    const body = await slotsOf(channel, '?by=best&limit=3');
    expect(body.next.map((one: { source: string }) => one.source)).toEqual([
      'best_hour',
      'weekly_slot',
      'weekly_slot',
    ]);
    expect(body.next[0].at).toBe(near(40));
    expect((await made([channel], { at: 'best' })).scheduled_at).toBe(near(40));
  });

  test('never gives one moment twice, however many posts ask at once', async () => {
    await setSlots(channel, '08:15', '12:00', '15:30', '19:40');
    const posts = await Promise.all(Array.from({ length: 20 }, () => made([channel], { at: 'best' })));
    const moments = posts.map(({ scheduled_at }) => scheduled_at);
    expect(new Set(moments).size).toBe(20);
    expect(nearest(moments)).toBeGreaterThanOrEqual(30 * minute);
    for (const { time_choice } of posts) {
      expect(time_choice).toMatchObject({
        by: 'best',
        source: 'weekly_slot',
        message: expect.stringMatching(/It is the next free slot\.$/),
        lift_percent: null,
      });
    }
  });

  test('tries other hours in an experiment', async () => {
    const { next } = await slotsOf(channel, '?by=experiment&limit=7');
    expect(next).toHaveLength(7);
    for (const one of next) {
      expect(one.source).toBe('untested_hour');
      expect(one.local_time).not.toMatch(/T(09|14|19):/);
      expect(one.evidence.posts).toBeLessThan(3);
    }
    expect((await made([channel], { at: 'experiment' })).scheduled_at).toBe(next[0].at);
  });
});

describe('a community where hours make no difference', () => {
  let channel: Connected;
  beforeAll(async () => {
    channel = await p.telegram();
    await measured(channel, () => 1);
  });

  test('is told so, and proposed what it does anyway', async () => {
    const body = await slotsOf(channel, '?by=best&limit=6');
    expect(body.estimate).toMatchObject({ status: 'no_reliable_difference', best: null });
    expect(body.note).toMatch(/^No hour of the week makes a reliable difference\. .*usually publishes/);
    expect(body.next).toHaveLength(6);
    for (const one of body.next) {
      expect(one).toMatchObject({
        source: 'usual_hour',
        reason: 'not_reliable',
        evidence: { reliable: false },
      });
    }
    expect(await refused([channel], 'best')).toEqual([
      '/at',
      expect.stringMatching(/no.* difference.*Choose a time, give the community slots.*at: experiment/i),
    ]);
  });

  test('gets the next slot by `at: best`; a whole plan asks for the figures once', async () => {
    await setSlots(channel, '11:00', '17:00');
    const { ch } = p.test.ctx;
    let questions = 0;
    const counted = {
      ...ch,
      query: <T>(sql: string, params?: Parameters<typeof ch.query>[1]) => {
        questions += 1;
        return ch.query<T>(sql, params);
      },
    };
    const next = (await slotsOf(channel, '?limit=50')).next.map(({ at }: { at: string }) => at);
    await having({ ch: counted }, async () => {
      const posts = Array.from({ length: 40 }, (_, n) => ({
        text: `Post ${n}`,
        community_ids: [channel.id],
        at: 'best',
      }));
      const imported = await p.ask('POST', '/v1/posts/import', { posts });
      expect([imported.status, imported.body.imported]).toEqual([200, 40]);
      const at = imported.body.rows.map((row: { scheduled_at: string }) => row.scheduled_at);
      expect(at).toEqual(next.slice(0, 40));
      const csv = `communities,text,local_time\n${channel.id},one,best\n${channel.id},two,experiment\n`;
      const lines = await p.ask('POST', '/v1/posts/import', csv, { headers: { 'content-type': 'text/csv' } });
      expect([lines.status, lines.body.rows?.[0].scheduled_at]).toEqual([200, next[40]]);
      const { body } = await p.ask('GET', `/v1/posts/${lines.body.rows[1].post_id}`);
      expect(body.time_choice.by).toBe('experiment');
    });
    expect(questions).toBeWithin(1, 4);
  });

  test('is asked anew when what is known is too old', async () => {
    const other = await p.telegram();
    const { config } = p.test.ctx;
    const statusOf = async () => (await slotsOf(other)).estimate.status;
    expect(await statusOf()).toBe('not_enough_data');
    await measured(other, () => 1, 20);
    expect(await statusOf()).toBe('not_enough_data');
    const durations = { ...config.durations, bestTimesKept: 0 };
    expect(await having({ config: { ...config, durations } }, statusOf)).toBe('no_reliable_difference');
  });
});

describe('a community of which nothing is known', () => {
  test('is told how many posts are missing', async () => {
    const channel = await p.telegram();
    expect(await slotsOf(channel, '?by=best')).toMatchObject({
      next: [],
      note: expect.stringMatching(/^No hour stands out yet: 20 more posts with figures are needed\./),
      estimate: {
        status: 'not_enough_data',
        measure: null,
        posts: { usable: 0, missing: 20 },
        back_test: null,
      },
    });
    expect(await refused([channel], 'best')).toEqual(['/at', expect.stringMatching(/20 more posts/)]);
    await setSlots(channel, '10:10');
    const { next } = await slotsOf(channel, '?limit=1');
    expect(next[0]).toMatchObject({ source: 'weekly_slot', evidence: null, reason: 'not_enough_data' });
    expect(await made([channel], { at: 'best' })).toMatchObject({
      scheduled_at: next[0].at,
      time_choice: { source: 'weekly_slot', communities: [{ evidence: null, reason: 'not_enough_data' }] },
    });
    expect((await slotsOf(channel, '?days=3&limit=50')).next.length).toBeWithin(1, 4);
  });

  test('spreads an experiment over the hours of the day and the days of the week, also at once', async () => {
    const channel = await p.telegram();
    const proposed = (await slotsOf(channel, '?by=experiment&limit=20')).next;
    const posts = await Promise.all(Array.from({ length: 20 }, () => made([channel], { at: 'experiment' })));
    const moments = posts.map(({ scheduled_at }) => scheduled_at);
    expect(new Set(moments).size).toBe(20);
    expect(moments.toSorted()).toEqual(proposed.map(({ at }: { at: string }) => at).toSorted());
    const count = (of: (local: string) => string | number) =>
      [...Map.groupBy(posts, ({ local_time }) => of(local_time)).values()].map(({ length }) => length);
    const hours = count((local) => local.slice(11, 13));
    // Every one of the fifteen had its turn before one came twice.
    expect(hours.toSorted()).toEqual([...new Array(10).fill(1), ...new Array(5).fill(2)]);
    for (const { local_time } of posts) expect(Number(local_time.slice(11, 13))).toBeWithin(8, 23);
    expect(Math.max(...count((local) => new Date(`${local}Z`).getUTCDay()))).toBe(3);
    expect(posts[0].time_choice).toMatchObject({
      by: 'experiment',
      source: 'untested_hour',
      lift_percent: null,
    });
  });

  test('leaves the night alone, unless the community publishes at night', () => {
    const from = Date.UTC(2026, 2, 2);
    const moments = hoursBetween('UTC', () => [0], from, from + 7 * day).map((at) => ({
      at,
      hours: [Math.floor(minuteOfWeek(at, 'UTC') / 60)],
      onSlot: 0,
    }));
    const hoursTried = (night: number) => {
      // On Mondays, Tuesdays and Wednesdays.
      const tries = Array.from({ length: 168 }, (_, at) => (at < 72 && at % 24 === 3 ? night : 0));
      const load = [new Array(7).fill(0)];
      const chosen = untestedMoments({ moments, known: [null], tries: [tries], load }, 500);
      return new Set(chosen.map(({ hours: [at = 0] }) => at % 24));
    };
    const byDay = Array.from({ length: 15 }, (_, at) => 8 + at);
    expect([...hoursTried(0)].sort((a, b) => a - b)).toEqual(byDay);
    expect([...hoursTried(1)].sort((a, b) => a - b)).toEqual([3, ...byDay]);
  });
});

describe('a post to several communities', () => {
  test('goes where they do best together, each on its own clock, and only where all of them are free', async () => {
    const [one, two] = [await p.telegram(), await p.telegram({ timezone: 'Asia/Tokyo' })];
    await measured(one, (_, local) => ({ 9: 3, 14: 1, 19: 2 })[local] ?? 1);
    await measured(two, (_, local) => ({ 9: 0.4, 14: 1, 19: 2 })[local] ?? 1);
    const alone = await p.ask('POST', '/v1/posts/preview', {
      text: 'x',
      community_ids: [one.id],
      at: 'best',
    });
    expect(clockIn('Europe/Moscow', alone.body.scheduled_at)).toBe('09:00');
    const first = await made([one, two], { at: 'best' });
    expect(clockIn('Europe/Moscow', first.scheduled_at)).toBe('19:00');
    expect(first).toMatchObject({ local_time: null, timezone: null });
    expect(first.time_choice).toMatchObject({
      source: 'best_hour',
      communities: [
        // By itself it would not have gone there.
        { id: one.id, evidence: { hour: 19, reliable: false }, reason: 'not_reliable' },
        { id: two.id, evidence: { hour: 1, reliable: true } },
      ],
    });
    const [a, b] = first.time_choice.communities.map((each: { evidence: { lift_percent: number } }) =>
      Math.log1p(each.evidence.lift_percent / 100),
    );
    expect(first.time_choice.lift_percent).toBeCloseTo(100 * Math.expm1((a + b) / 2), 0);
    // Taken at one of them is taken for both.
    const { at } = (await slotsOf(two, '?by=best&limit=10')).next.find(
      (each: { evidence: { hour: number } }) => each.evidence.hour === 1,
    );
    await made([two], { scheduled_at: at });
    const second = await made([one, two], { at: 'best' });
    expect(clockIn('Europe/Moscow', second.scheduled_at)).toBe('19:00');
    expect(new Set([first.scheduled_at, at, second.scheduled_at]).size).toBe(3);
    const tried = await made([one, two], { at: 'experiment' });
    for (const zone of ['Europe/Moscow', 'Asia/Tokyo']) {
      expect(Number(clockIn(zone, tried.scheduled_at).slice(0, 2))).toBeWithin(8, 23);
    }
  });
});

describe('hours on a clock that changes', () => {
  const berlin = (from: string, to: string) =>
    hoursBetween('Europe/Berlin', () => [0], Date.parse(from), Date.parse(to)).map((at) =>
      clockIn('Europe/Berlin', new Date(at).toISOString()),
    );
  const all = Array.from({ length: 24 }, (_, at) => `${String(at).padStart(2, '0')}:00`);

  test('leave out the one that is skipped, and have the one that comes twice once', () => {
    expect(berlin('2026-03-28T22:59:00Z', '2026-03-29T21:00:00Z')).toEqual(
      all.filter((at) => at !== '02:00'),
    );
    expect(berlin('2026-10-24T21:59:00Z', '2026-10-25T22:00:00Z')).toEqual(all);
  });
});

describe('without ClickHouse', () => {
  const refusing = () => Promise.reject(new Error('connection refused'));
  const silent = () => new Promise<never>(() => {});

  test.each([
    ['that refuses', refusing],
    ['that never answers', silent],
  ])('one %s: slots are told without evidence, and plain posts go their way', async (_, query) => {
    const channel = await p.telegram();
    await setSlots(channel, '10:00');
    const { ch, config } = p.test.ctx;
    const durations = { ...config.durations, bestTimesWait: 50 };
    await having({ ch: { ...ch, query }, config: { ...config, durations } }, async () => {
      const told = await slotsOf(channel);
      expect(told.estimate).toMatchObject({ status: 'unavailable', posts: null, back_test: null });
      expect(told.next).toHaveLength(5);
      expect(told.next[0]).toMatchObject({ source: 'weekly_slot', evidence: null, reason: 'unavailable' });
      const best = await slotsOf(channel, '?by=best');
      expect(best.note).toMatch(/^Which hours work cannot be told just now\./);
      expect(best.next[0]).toMatchObject({ at: told.next[0].at, source: 'weekly_slot' });
      expect(await slotsOf(channel, '?by=experiment')).toMatchObject({ next: [], note: expect.any(String) });
      const body = { text: 'x', community_ids: [channel.id] };
      for (const at of ['best', 'experiment']) {
        const answer = await p.ask('POST', '/v1/posts', { ...body, at });
        expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
        expect(answer.body.detail).toMatch(/ClickHouse does not answer/);
      }
      const imported = await p.ask('POST', '/v1/posts/import', { posts: [{ ...body, at: 'best' }] });
      expect(imported.status).toBe(503);
      expect((await made([channel], { at: 'next_slot' })).scheduled_at).toBe(told.next[0].at);
      expect((await made([channel], { publish_now: true })).status).toBe('scheduled');
    });
    // It is back: nothing of the failure is kept.
    expect((await slotsOf(channel)).estimate.status).toBe('not_enough_data');
  });
});

test('`at` and the query take what they name and nothing else', async () => {
  const channel = await p.telegram();
  for (const [query, path] of [
    ['?by=worst', 'query/by'],
    ['?days=0', 'query/days'],
    ['?days=31', 'query/days'],
  ]) {
    const answer = await p.ask('GET', `/v1/communities/${channel.id}/slots${query}`);
    expect([query, answer.status, answer.body.errors[0].path]).toEqual([query, 422, path]);
  }
  expect(await refused([channel], 'worst')).toEqual([
    '/at',
    expect.stringMatching(/next_slot, best or experiment/),
  ]);
  expect((await refused([], 'best'))[0]).toBe('/community_ids');
  const stranger = await p.telegram({ as: await p.test.register() });
  expect((await refused([channel, stranger], 'best'))[0]).toBe('/community_ids/1');
  const theirs = await p.ask('GET', `/v1/communities/${stranger.id}/slots?by=best`);
  expect([theirs.status, theirs.body.code]).toEqual([404, 'not_found']);
});

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Context } from '../src/context.ts';
import { startPublishing } from '../src/publishing/jobs.ts';
import { catchUp, extendAll } from '../src/series/extend.ts';
import { ApiError } from '../web/api.ts';
import type { Wish } from '../web/composer/once.ts';
import { makeOnce } from '../web/series/making.ts';
import { someId } from './harness.ts';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

const hour = 3_600_000;
const day = 24 * hour;

let p: Publishing;
let channel: Connected;
let group: Connected;
let picture: string;
beforeAll(async () => {
  p = await openPublishing();
  channel = await p.telegram();
  group = await p.vk();
  picture = await p.picture();
}, 30_000);
afterAll(() => p.close());

/** Local date of tomorrow plus so many days, in UTC. */
const date = (days: number) => new Date(Date.now() + (1 + days) * day).toISOString().slice(0, 10);

/** How long until the evening of that date: of a daily occurrence at nine so many more are ahead, at any time of day. */
const ahead = (days: number) => Date.parse(`${date(days)}T21:00:00Z`) - Date.now();

const daily = () => ({
  name: 'Good morning',
  rrule: 'FREQ=DAILY',
  starts: `${date(0)}T09:00`,
  timezone: 'UTC',
  posts: [{ text: 'good morning', community_ids: [channel.id] }] as object[],
});

async function made(more: object = {}, at: Publishing = p) {
  const answer = await at.ask('POST', '/v1/series', { ...daily(), ...more });
  expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
  return answer.body;
}

async function act(id: string, name: string, body?: object, at: Publishing = p) {
  const answer = await at.ask('POST', `/v1/series/${id}/${name}`, body);
  expect([name, answer.status, answer.body.errors]).toEqual([name, 200, undefined]);
  return answer.body;
}

async function changed(id: string, change: object) {
  const answer = await p.ask('PATCH', `/v1/series/${id}`, change);
  expect([answer.status, answer.body.errors]).toEqual([200, undefined]);
  return answer.body;
}

async function get(path: string, at: Publishing = p) {
  const answer = await at.ask('GET', path);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.body;
}

interface Row {
  id: string;
  key: string;
  text: string;
  at: string;
  detached: boolean;
  states: string;
  notes: string;
}

/** The posts of a series by time, with the states of their publications. */
async function postsOf(id: string, at: Publishing = p): Promise<Row[]> {
  const rows = await at.test.ctx.sql<Row[]>`
    select q.id, q.occurrence as key, q.text, q.detached, to_char(q.scheduled_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI') as at,
      (select string_agg(p.state || coalesce(':' || p.hold_reason, ''), ' ' order by p.network) from publications p where p.post_id = q.id) as states,
      coalesce((select string_agg(distinct p.note, ' ') from publications p where p.post_id = q.id), '') as notes
    from posts q where q.series_id = ${id} order by q.scheduled_at, q.id`;
  return [...rows];
}

async function exceptionsOf(
  id: string,
  at: Publishing = p,
): Promise<{ key: string; cause: string; note: string }[]> {
  const rows = await at.test.ctx.sql<{ key: string; cause: string; note: string }[]>`
    select occurrence as key, cause, note from series_exceptions where series_id = ${id} order by occurrence`;
  return [...rows];
}

/** Lets time pass for a series: everything of it was so long ago. */
async function pass(id: string, milliseconds: number, at: Publishing = p): Promise<void> {
  const by = `${milliseconds / 1_000} seconds`;
  await at.test.ctx.sql.begin(async (tx) => {
    const key = (column: string) =>
      `to_char(${column}::timestamp - interval '${by}', 'YYYY-MM-DD"T"HH24:MI')`;
    // In two steps: a key must not meet that of its neighbour on the way.
    await tx.unsafe(`
      update posts set scheduled_at = scheduled_at - interval '${by}', occurrence = 'x' || ${key('occurrence')}
      where series_id = '${id}'`);
    await tx.unsafe(`update posts set occurrence = substr(occurrence, 2) where series_id = '${id}'`);
    await tx.unsafe(`
      update series_exceptions set at = at - interval '${by}', occurrence = 'x' || ${key('occurrence')}
      where series_id = '${id}'`);
    await tx.unsafe(
      `update series_exceptions set occurrence = substr(occurrence, 2) where series_id = '${id}'`,
    );
    await tx.unsafe(`
      update publications set due_at = due_at - interval '${by}', next_try_at = next_try_at - interval '${by}',
        late_at = late_at - interval '${by}', queued_for = null
      where post_id in (select id from posts where series_id = '${id}')`);
    await tx.unsafe(`
      update series set made_until = made_until - interval '${by}', next_at = next_at - interval '${by}',
        starts = ${key('starts')} where id = '${id}'`);
  });
}

async function refused(method: string, path: string, body: object): Promise<[string, string][]> {
  const answer = await p.ask(method, path, body);
  expect([answer.status, answer.body?.code]).toEqual([422, 'invalid']);
  return answer.body.errors.map((fault: { path: string; message: string }) => [fault.path, fault.message]);
}

describe('the preview of a rule', () => {
  test('tells the next ten occurrences and what daylight saving does to them, and keeps nothing', async () => {
    const before = await digest();
    const year = new Date().getUTCFullYear() + 1;
    const { status, body } = await p.ask('POST', '/v1/series/preview', {
      rrule: 'FREQ=WEEKLY;BYDAY=SU',
      starts: `${year}-01-01T02:30`,
      timezone: 'Europe/Berlin',
    });
    expect([status, body.timezone, body.next.length]).toEqual([200, 'Europe/Berlin', 10]);
    const [first] = body.next;
    expect([new Date(first.at).getUTCDay(), first.occurrence.slice(11), first.note]).toEqual([
      0,
      '02:30',
      null,
    ]);
    // The last Sunday of March: that night the clocks go from 02:00 to 03:00.
    expect([body.moved.occurrence.slice(0, 8), body.moved.at.slice(11, 16)]).toEqual([
      `${year}-03-`,
      '01:30',
    ]);
    expect(body.moved.note).toMatchObject({ kind: 'gap' });
    expect(body.moved.note.message).toContain('moved to 03:30');
    expect(await digest()).toEqual(before);
  });

  test('says when it ends, takes the zone of the workspace, and refuses what a series refuses', async () => {
    const rule = { rrule: 'FREQ=DAILY;COUNT=3', starts: `${date(0)}T09:00` };
    const { body } = await p.ask('POST', '/v1/series/preview', rule);
    expect([body.timezone, body.next.length, body.moved]).toEqual(['Europe/Moscow', 3, null]);
    const [fault] = await refused('POST', '/v1/series/preview', { ...rule, rrule: 'FREQ=MINUTELY' });
    expect(fault).toEqual(['/rrule', expect.stringMatching(/once an hour at most/)]);
  });

  test('of an hourly rule takes no time to speak of', async () => {
    const rule = { rrule: 'FREQ=HOURLY', starts: `${date(0)}T00:00`, timezone: 'America/New_York' };
    const begun = performance.now();
    expect((await p.ask('POST', '/v1/series/preview', rule)).body.next).toHaveLength(10);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

describe('a new series', () => {
  test('makes the posts of the next 60 days, each at its wall time', async () => {
    const series = await made({
      rrule: 'FREQ=WEEKLY;BYDAY=MO,WE',
      starts: `${date(0)}T18:30`,
      timezone: 'Europe/Berlin',
      posts: [{ text: 'twice a week', community_ids: [channel.id, group.id] }],
    });
    expect(series).toMatchObject({
      state: 'active',
      name: 'Good morning',
      ends: null,
      min_distance_days: null,
      problems: [],
    });
    expect(series.posts).toMatchObject([
      { text: 'twice a week', community_ids: [channel.id, group.id], media_ids: [] },
    ]);
    const posts = await postsOf(series.id);
    expect(posts.length).toBeGreaterThanOrEqual(16);
    expect(posts.length).toBeLessThanOrEqual(18);
    for (const { id, key } of posts) {
      const post = await get(`/v1/posts/${id}`);
      expect(post).toMatchObject({
        status: 'scheduled',
        text: 'twice a week',
        series: { id: series.id, occurrence: key },
        local_time: key,
        timezone: 'Europe/Berlin',
      });
      expect(post.publications).toHaveLength(2);
      const clock = new Date(post.scheduled_at).toLocaleString('sv-SE', { timeZone: 'Europe/Berlin' });
      expect([key, clock.slice(11, 16)]).toEqual([clock.slice(0, 16).replace(' ', 'T'), '18:30']);
      expect([1, 3]).toContain(new Date(key).getUTCDay());
      expect(Date.parse(post.scheduled_at)).toBeLessThan(Date.now() + 60 * day);
    }
    expect(series.next).toHaveLength(10);
    expect(
      series.next.map(({ occurrence, post_id, state }: Record<string, string>) => [
        occurrence,
        post_id,
        state,
      ]),
    ).toEqual(posts.slice(0, 10).map(({ key, id }) => [key, id, 'planned']));
    expect(await get(`/v1/series/${series.id}`)).toEqual(series);
    const { data } = await get('/v1/series?limit=1');
    expect(data).toEqual([{ ...series, next: series.next.slice(0, 3) }]);
  });

  test('shows what is not made yet, and where the clocks do something to it', async () => {
    const series = await made({ rrule: 'FREQ=YEARLY', starts: `${date(1)}T09:00` });
    expect((await postsOf(series.id)).length).toBe(1);
    expect(series.next.slice(0, 2).map(({ state }: { state: string }) => state)).toEqual([
      'planned',
      'expected',
    ]);
    expect(series.next[1]).toMatchObject({ post_id: null, edited: false, note: null });
    const once = await made({ rrule: 'FREQ=DAILY;COUNT=2' });
    expect([once.state, once.next.length]).toEqual(['active', 2]);
    const far = await made({ starts: `${date(100)}T09:00` });
    expect(await postsOf(far.id)).toEqual([]);
    expect(far.next[0]).toMatchObject({ occurrence: `${date(100)}T09:00`, state: 'expected' });
  });

  test('carries whatever a post can carry', async () => {
    const body = {
      text: '**Bold** news',
      format: 'markdown',
      media_ids: [picture],
      community_ids: [channel.id],
      time_sensitive: true,
      parts: [{ text: 'the second part' }],
      overrides: { [channel.id]: { options: { silent: true } } },
    };
    const right = (
      await p.ask('POST', '/v1/posts', { ...body, scheduled_at: new Date(Date.now() + day).toISOString() })
    ).body;
    const series = await made({ posts: [body] });
    const [first] = await postsOf(series.id);
    const post = await get(`/v1/posts/${first?.id}`);
    const fields = [
      'text',
      'entities',
      'media_ids',
      'poll',
      'parts',
      'first_comment',
      'overrides',
      'community_ids',
      'time_sensitive',
    ];
    for (const field of fields) {
      expect([field, post[field]]).toEqual([field, right[field]]);
      expect([field, series.posts[0][field]]).toEqual([field, right[field]]);
    }
    expect(right.entities).toHaveLength(1);
    expect(post.publications.length).toBe(right.publications.length);
    // A poll goes alone.
    const poll = {
      question: 'Which?',
      options: ['this', 'that'],
      multiple: false,
      anonymous: true,
      quiz: null,
    };
    const asking = await made({ posts: [{ poll, community_ids: [channel.id] }] });
    const [asked] = await postsOf(asking.id);
    expect((await get(`/v1/posts/${asked?.id}`)).poll).toEqual(poll);
  });

  test('keeps its files: they are neither deleted nor swept away', async () => {
    const file = await p.picture();
    // Far ahead: no post names it yet.
    await made({ starts: `${date(100)}T09:00`, posts: [{ media_ids: [file], community_ids: [channel.id] }] });
    const answer = await p.ask('DELETE', `/v1/media/${file}`);
    expect([answer.status, answer.body.code]).toEqual([409, 'media_in_use']);
    await p.test.ctx.sql`update media set created_at = created_at - interval '30 days' where id = ${file}`;
    const { removeUnneeded } = await import('../src/media/media.ts');
    await removeUnneeded(p.test.ctx);
    expect((await get(`/v1/media/${file}`)).id).toBe(file);
  });

  test('is made once per Idempotency-Key, also when the process died before it could answer', async () => {
    const headers = { 'idempotency-key': 'series-once' };
    const body = daily();
    const first = await p.ask('POST', '/v1/series', body, { headers });
    await p.test.ctx.sql`delete from idempotency_keys where key = 'series-once'`;
    const second = await p.ask('POST', '/v1/series', body, { headers });
    expect([second.status, second.body.id]).toEqual([201, first.body.id]);
  });

  test('is made once by two requests at once and a third after them; another body under the key is refused', async () => {
    const headers = { 'idempotency-key': 'series-twice' };
    const body = { ...daily(), name: 'pressed twice' };
    const pressed = await Promise.all([1, 2].map(() => p.ask('POST', '/v1/series', body, { headers })));
    const third = await p.ask('POST', '/v1/series', body, { headers });
    const [{ n }] = await p.test.ctx.sql<[{ n: number }]>`
      select count(*)::int as n from series where name = 'pressed twice'`;
    expect([third.status, n]).toEqual([201, 1]);
    for (const { status, body } of pressed) {
      expect(status === 201 ? body.id : body.code).toBe(
        status === 201 ? third.body.id : 'idempotency_in_progress',
      );
    }
    const other = await p.ask('POST', '/v1/series', { ...body, name: 'another wish' }, { headers });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
  });

  describe('that a page sends', () => {
    type Body = ReturnType<typeof daily>;
    interface Made {
      id: string;
      name: string;
      updated_at: string;
    }
    /** What a page keeps, and a connection whose answers may get lost on their way. */
    function page() {
      let kept: Wish<Body> | null = null;
      let keys = 0;
      const own = crypto.randomUUID();
      const lost: ('answer' | 'request')[] = [];
      const told = async (how: 'POST' | 'PATCH', path: string, body: object, key?: string): Promise<Made> => {
        const loses = lost.shift();
        const offline = new ApiError(0, 'offline', 'lost');
        if (loses === 'request') throw offline;
        const answer = await p.ask(how, path, body, key ? { headers: { 'idempotency-key': key } } : {});
        if (loses) throw offline;
        const { code, detail, errors } = answer.body;
        if (answer.status >= 400) throw new ApiError(answer.status, code, detail, errors);
        return answer.body;
      };
      const ports = {
        key: () => `${own} ${keys++}`,
        keep: (wish: Wish<Body> | null) => {
          kept = wish;
        },
        send: (body: Body, key: string) => told('POST', '/v1/series', body, key),
        change: ({ id, updated_at }: Made, body: Body) =>
          told('PATCH', `/v1/series/${id}`, { ...body, expected: { updated_at } }),
      };
      const weekly = (name: string) => ({ ...daily(), name: `${name} ${own}`, rrule: 'FREQ=WEEKLY' });
      return {
        lost,
        weekly,
        kept: () => kept,
        start: (body: Body) => makeOnce(body, kept, ports).catch((error) => error.code),
        all: async () =>
          (await get('/v1/series?limit=100')).data.filter(({ name }: Made) => name.endsWith(own)),
      };
    }

    test('is made once, though its answer was lost, and though it was written on before the next try', async () => {
      const { lost, weekly, kept, start, all } = page();
      lost.push('answer');
      expect(await start(weekly('first'))).toBe('offline');
      expect(kept()?.body).toEqual(weekly('first'));
      lost.push('request');
      expect(await start(weekly('second'))).toBe('offline');
      // What may stand already is not forgotten for what was written since.
      expect(kept()?.body).toEqual(weekly('first'));
      const done = await start(weekly('second'));
      const [only, ...others] = await all();
      expect([others, only]).toEqual([[], { ...done, next: expect.anything() }]);
      expect([only.name, (await postsOf(only.id)).length]).toEqual([weekly('second').name, 9]);
    });

    test('is made anew after a refusal, and after the one that stood was deleted', async () => {
      const { lost, weekly, kept, start, all } = page();
      expect(await start({ ...weekly('x'), rrule: 'FREQ=MINUTELY' })).toBe('invalid');
      expect([kept(), await all()]).toEqual([null, []]);
      lost.push('answer');
      expect(await start(weekly('deleted'))).toBe('offline');
      const [stood] = await all();
      expect((await p.ask('DELETE', `/v1/series/${stood.id}`)).status).toBe(204);
      const anew = await start(weekly('anew'));
      expect((await all()).map(({ id }: Made) => id)).toEqual([anew.id]);
    });
  });

  // biome-ignore format: a table, one case a line
  const cases: [string, () => object, string, RegExp][] = [
    ['a rule that cannot be read', () => ({ rrule: 'every monday' }), '/rrule', /NAME=VALUE/],
    ['a rule that fires too often', () => ({ rrule: 'FREQ=MINUTELY' }), '/rrule', /once an hour at most/],
    ['a rule that never fires', () => ({ rrule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30' }), '/rrule', /never fires/],
    ['one that is over', () => ({ ends: '2020-01-01' }), '/rrule', /never fires/],
    ['a rule of 501 characters', () => ({ rrule: `FREQ=DAILY;BYHOUR=${'1,'.repeat(250)}1` }), '/rrule', /500 characters/],
    ['a start with an offset', () => ({ starts: '2026-11-23T09:00:00Z' }), '/starts', /must be a local time/],
    ['a day that does not exist', () => ({ starts: '2027-02-30T09:00' }), '/starts', /does not exist/],
    ['an unknown zone', () => ({ timezone: 'Mars/Olympus' }), '/timezone', /IANA/],
    ['no name', () => ({ name: ' ' }), '/name', /a name/],
    ['no post', () => ({ posts: [] }), '/posts', /at least one/],
    ['101 posts', () => ({ posts: Array.from({ length: 101 }, () => daily().posts[0]) }), '/posts', /more than 100/],
    ['a post with a time', () => ({ posts: [{ text: 'x', community_ids: [channel.id], scheduled_at: new Date().toISOString() }] }), '/posts/0/scheduled_at', /not known/],
    ['a post for a slot', () => ({ posts: [{ text: 'x', community_ids: [channel.id], at: 'next_slot' }] }), '/posts/0/at', /not known/],
    ['a post without a place', () => ({ posts: [daily().posts[0], { text: 'x' }] }), '/posts/1/community_ids', /at least one community/],
    ['a post that is too long', () => ({ posts: [daily().posts[0], { text: 'x'.repeat(16_000), community_ids: [group.id] }] }), '/posts/1/text', /16000/],
    ['a community that is not there', () => ({ posts: [{ text: 'x', community_ids: [someId] }] }), '/posts/0/community_ids/0', /no such community/],
    ['a file that is not there', () => ({ posts: [{ media_ids: [someId], community_ids: [channel.id] }] }), '/posts/0/media_ids/0', /no .* with this id/],
    ['an id of its own', () => ({ posts: [{ id: someId, text: 'x', community_ids: [channel.id] }] }), '/posts/0/id', /not known/],
    ['half a day between', () => ({ min_distance_days: 0.5 }), '/min_distance_days', /whole number/],
    ['a skipped day that does not exist', () => ({ skip_dates: ['2027-02-30'] }), '/skip_dates/0', /does not exist/],
    ['an unknown field', () => ({ state: 'active' }), '/state', /not known/],
  ];
  for (const [name, more, path, words] of cases) {
    test(`is refused with path and reason: ${name}`, async () => {
      const before = await digest();
      const [fault] = await refused('POST', '/v1/series', { ...daily(), ...more() });
      expect(fault).toEqual([path, expect.stringMatching(words)]);
      expect(await digest()).toEqual(before);
    });
  }

  test('cannot name what belongs to another workspace, nor be seen from there', async () => {
    const stranger = await p.test.register();
    const foreign = await p.telegram({ as: stranger });
    const faults = await refused('POST', '/v1/series', {
      ...daily(),
      posts: [{ text: 'x', community_ids: [foreign.id] }],
    });
    expect(faults[0]?.[0]).toBe('/posts/0/community_ids/0');
    const series = await made();
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { name: 'mine' }],
      ['DELETE', '', undefined],
      ['POST', '/pause', undefined],
      ['POST', '/resume', undefined],
      ['POST', '/skip', { occurrence: series.next[0].occurrence }],
      ['POST', '/unskip', { occurrence: series.next[0].occurrence }],
    ] as const) {
      const answer = await p.test.request(method, `/v1/series/${series.id}${path}`, {
        cookie: stranger.cookie,
        ...(body ? { body } : {}),
      });
      expect([path, answer.status]).toEqual([path, 404]);
    }
    expect((await p.test.request('GET', '/v1/series', { cookie: stranger.cookie })).body.data).toEqual([]);
    expect(await get(`/v1/series/${series.id}`)).toEqual(series);
  });
});

describe('the posts ahead', () => {
  test('are at most 100, and new ones follow as their time passes', async () => {
    const series = await made({ rrule: 'FREQ=HOURLY', starts: `${date(0)}T00:15` });
    const first = await postsOf(series.id);
    expect(first.length).toBe(100);
    await extendAll(p.test.ctx);
    expect((await postsOf(series.id)).length).toBe(100);
    const until = Date.parse(`${first[2]?.at}:00Z`) - Date.now() + 1_000;
    await pass(series.id, until);
    // Those three are done with.
    await p.test.ctx
      .sql`update publications set state = 'cancelled' where post_id = any(${first.slice(0, 3).map(({ id }) => id)})`;
    await extendAll(p.test.ctx);
    const more = await postsOf(series.id);
    expect(more.length).toBe(103);
    const times = more.map(({ at }) => Date.parse(`${at}:00Z`));
    expect(times.slice(1).every((at, index) => at - (times[index] ?? 0) === hour)).toBe(true);
  });

  test('reach as far as the configuration says, and never past the horizon', async () => {
    for (const [overrides, days] of [
      [{ durations: { seriesAhead: 5 * day } }, 5],
      [{ horizonDays: 3 }, 3],
    ] as const) {
      await using own = await openPublishing(overrides);
      const community = await own.telegram();
      const series = await made(
        { starts: `${date(-10)}T00:00`, posts: [{ text: 'x', community_ids: [community.id] }] },
        own,
      );
      const posts = await postsOf(series.id, own);
      expect(posts.length).toBe(days);
      await pass(series.id, 2 * day, own);
      await own.test.ctx.sql`update publications set state = 'cancelled' where due_at < now()`;
      await extendAll(own.test.ctx);
      expect((await postsOf(series.id, own)).length).toBe(days + 2);
    }
  });

  test('are made once, by however many workers at once, and after a crash in the middle', async () => {
    await using own = await openPublishing({ durations: { seriesAhead: 0 } });
    const community = await own.telegram();
    const series = await made(
      {
        rrule: 'FREQ=HOURLY',
        starts: `${date(0)}T00:30`,
        posts: [{ text: 'x', community_ids: [community.id] }],
      },
      own,
    );
    expect(await postsOf(series.id, own)).toEqual([]);
    const { ctx } = own.test;
    const far: Context = {
      ...ctx,
      config: { ...ctx.config, durations: { ...ctx.config.durations, seriesAhead: 3 * day } },
    };
    let left = 40;
    const dying: Context = {
      ...far,
      reached: async (point) => {
        if (point === 'before_schedule_commit') left -= 1;
        if (left !== 0) return;
        // As the death of a process ends it: from the server's side, in the middle of the transaction.
        await ctx.sql`
          select pg_terminate_backend(pid) from pg_locks
          where locktype = 'advisory' and granted
            and database = (select oid from pg_database where datname = current_database())`;
      },
    };
    await extendAll(dying);
    expect(left).toBe(0);
    expect(await postsOf(series.id, own)).toEqual([]);
    await Promise.all([extendAll(far), extendAll(far), extendAll(far), extendAll(far)]);
    await extendAll(far);
    const posts = await postsOf(series.id, own);
    const end = Date.now() + 3 * day;
    const first = Date.parse(`${date(0)}T00:30:00Z`);
    expect(posts.length).toBe(Math.floor((end - first) / hour) + 1);
    expect(new Set(posts.map(({ key }) => key)).size).toBe(posts.length);
    expect(posts.every(({ states }) => states === 'scheduled')).toBe(true);
  });

  test('go out at their time like any other', async () => {
    await using own = await openPublishing();
    const community = await own.telegram();
    const series = await made(
      { rrule: 'FREQ=DAILY;COUNT=3', posts: [{ text: 'like any other', community_ids: [community.id] }] },
      own,
    );
    const [first] = await postsOf(series.id, own);
    await pass(series.id, Date.parse(`${first?.at}:00Z`) - Date.now() - 1_000, own);
    await own.start();
    await own.reaches(first?.id ?? '', 'published');
    const states = (await postsOf(series.id, own)).map(({ states }) => states);
    expect(states).toEqual(['published', 'scheduled', 'scheduled']);
    expect(
      own.sandbox.ledger().filter(({ event, text }) => event === 'accepted' && text === 'like any other'),
    ).toHaveLength(1);
  });
});

describe('one that cannot be made', () => {
  test('is told with its reason, stops no other, and is made once the reason is gone', async () => {
    await using own = await openPublishing({ durations: { seriesAhead: 0 } });
    const [stays, goes] = [await own.telegram(), await own.telegram()];
    const series = await made(
      {
        posts: [
          { text: 'here', community_ids: [stays.id] },
          { text: 'gone', community_ids: [stays.id, goes.id] },
        ],
      },
      own,
    );
    expect((await own.ask('DELETE', `/v1/communities/${goes.id}`)).status).toBe(204);
    const { ctx } = own.test;
    const far: Context = {
      ...ctx,
      config: { ...ctx.config, durations: { ...ctx.config.durations, seriesAhead: ahead(4) } },
    };
    await extendAll(far);
    const shown = await get(`/v1/series/${series.id}`, own);
    expect((await postsOf(series.id, own)).map(({ text }) => text)).toEqual(['here', 'here', 'here']);
    expect(shown.state).toBe('active');
    expect(shown.problems.map(({ occurrence }: { occurrence: string }) => occurrence)).toEqual([
      `${date(3)}T09:00`,
      `${date(1)}T09:00`,
    ]);
    for (const { message } of shown.problems) expect(message).toMatch(/is not connected: connect it again/);
    expect(shown.next.slice(0, 6).map(({ state }: { state: string }) => state)).toEqual([
      'planned',
      'failed',
      'planned',
      'failed',
      'planned',
      'expected',
    ]);
    await own.test.ctx.sql`update communities set status = 'active' where id = ${goes.id}`;
    await extendAll(far);
    const mended = await get(`/v1/series/${series.id}`, own);
    expect(mended.problems).toEqual([]);
    expect((await postsOf(series.id, own)).map(({ text }) => text)).toEqual([
      'here',
      'gone',
      'here',
      'gone',
      'here',
    ]);
  });
});

describe('an evergreen set', () => {
  const set = (...texts: string[]) => texts.map((text) => ({ text, community_ids: [channel.id] }));
  const texts = (rows: readonly Row[], most: number) => rows.slice(0, most).map(({ text }) => text);

  test('goes round: the least recently used is next', async () => {
    const series = await made({ posts: set('a', 'b', 'c') });
    expect(texts(await postsOf(series.id), 7)).toEqual(['a', 'b', 'c', 'a', 'b', 'c', 'a']);
  });

  test('keeps its distance, and skips where no post is far enough away', async () => {
    const series = await made({ posts: set('a', 'b'), min_distance_days: 3 });
    const posts = await postsOf(series.id);
    expect(posts.slice(0, 6).map(({ key, text }) => [key.slice(0, 10), text])).toEqual([
      [date(0), 'a'],
      [date(1), 'b'],
      [date(3), 'a'],
      [date(4), 'b'],
      [date(6), 'a'],
      [date(7), 'b'],
    ]);
    const [exception] = await exceptionsOf(series.id);
    expect(exception).toEqual({
      key: `${date(2)}T09:00`,
      cause: 'distance',
      note: expect.stringMatching(/no post of the set is 3 days away/),
    });
    expect(series.next[2]).toMatchObject({ state: 'skipped', post_id: null, note: exception?.note });
    // A week is a week, whatever the clocks do in it: seven days apart to the day.
    const weekly = await made({ rrule: 'FREQ=WEEKLY', timezone: 'Europe/Berlin', min_distance_days: 7 });
    expect(await exceptionsOf(weekly.id)).toEqual([]);
  });

  test('counts what became of a post: an edited one at its new time, a cancelled one not at all', async () => {
    await using own = await openPublishing({ durations: { seriesAhead: ahead(1) } });
    const community = await own.telegram();
    const series = await made(
      {
        posts: [
          { text: 'a', community_ids: [community.id] },
          { text: 'b', community_ids: [community.id] },
        ],
        min_distance_days: 2,
      },
      own,
    );
    const [a, b] = await postsOf(series.id, own);
    expect([a?.text, b?.text]).toEqual(['a', 'b']);
    await own.ask('POST', `/v1/posts/${a?.id}/cancel`);
    const { ctx } = own.test;
    const far: Context = {
      ...ctx,
      config: { ...ctx.config, durations: { ...ctx.config.durations, seriesAhead: ahead(3) } },
    };
    await extendAll(far);
    expect((await postsOf(series.id, own)).map(({ text, states }) => [text, states])).toEqual([
      ['a', 'cancelled'],
      ['b', 'scheduled'],
      ['a', 'scheduled'],
      ['b', 'scheduled'],
    ]);
  });

  test('keeps what a post was used for through an edit of the set, by its id', async () => {
    const series = await made({ posts: set('a', 'b', 'c') });
    const [a, b] = series.posts;
    const body = {
      posts: [...set('d'), { id: b.id, ...set('b2')[0] }, { id: a.id, ...set('a2')[0] }],
    };
    const after = await changed(series.id, body);
    expect(after.posts.map(({ text }: { text: string }) => text)).toEqual(['d', 'b2', 'a2']);
    expect(after.posts.slice(1).map(({ id }: { id: string }) => id)).toEqual([b.id, a.id]);
    expect(texts(await postsOf(series.id), 3)).toEqual(['d', 'b2', 'a2']);
    const faults = await refused('PATCH', `/v1/series/${series.id}`, {
      posts: [{ id: someId, ...set('x')[0] }],
    });
    expect(faults).toEqual([['/posts/0/id', 'There is no such post in this series.']]);
    const other = await made({ posts: set('other') });
    const foreign = { posts: [{ id: other.posts[0].id, ...set('x')[0] }] };
    expect((await refused('PATCH', `/v1/series/${series.id}`, foreign))[0]?.[0]).toBe('/posts/0/id');
    expect((await get(`/v1/series/${other.id}`)).posts).toEqual(other.posts);
  });
});

describe('a change of the series', () => {
  test('is followed by what lies ahead; what a person changed stays', async () => {
    const series = await made();
    const [first, second, third, fourth] = await postsOf(series.id);
    const patched = await p.ask('PATCH', `/v1/posts/${second?.id}`, { text: 'by hand' });
    expect(patched.body).toMatchObject({
      text: 'by hand',
      series: { id: series.id, occurrence: second?.key },
    });
    await p.ask('POST', `/v1/posts/${third?.id}/cancel`);
    await p.ask('PATCH', `/v1/posts/${fourth?.id}`, { scheduled_at: `${date(3)}T20:00:00Z` });
    const after = await changed(series.id, {
      posts: [{ text: 'a new text', community_ids: [channel.id, group.id] }],
    });
    const posts = await postsOf(series.id);
    expect(posts.slice(0, 5).map(({ id, text, states }) => [id, text, states])).toEqual([
      [first?.id, 'a new text', 'scheduled scheduled'],
      [second?.id, 'by hand', 'scheduled'],
      [third?.id, 'good morning', 'cancelled'],
      [fourth?.id, 'good morning', 'scheduled'],
      [expect.any(String), 'a new text', 'scheduled scheduled'],
    ]);
    expect(after.next.slice(0, 4)).toMatchObject([
      { state: 'planned', edited: false },
      { state: 'planned', edited: true },
      { state: 'cancelled', edited: false },
      { state: 'planned', edited: true, at: `${date(3)}T20:00:00.000Z`, occurrence: `${date(3)}T09:00` },
    ]);
    // The time of day: their occurrences have other names from now on.
    await changed(series.id, { starts: `${date(0)}T10:00` });
    const moved = await postsOf(series.id);
    expect(moved.slice(0, 3).map(({ at }) => at)).toEqual([
      `${date(0)}T10:00`,
      `${date(1)}T09:00`,
      `${date(1)}T10:00`,
    ]);
    expect(
      moved
        .filter(({ detached, states }) => !detached && states !== 'cancelled')
        .every(({ at }) => at.endsWith('T10:00')),
    ).toBe(true);
  });

  test('of the rule takes away what it names no more, and of the zone moves the rest', async () => {
    const series = await made({ rrule: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR' });
    await changed(series.id, { rrule: 'FREQ=WEEKLY;BYDAY=MO' });
    const mondays = await postsOf(series.id);
    expect(mondays.every(({ key }) => new Date(key).getUTCDay() === 1)).toBe(true);
    expect([8, 9]).toContain(mondays.length);
    await changed(series.id, { timezone: 'Asia/Tokyo' });
    const tokyo = await postsOf(series.id);
    expect(tokyo.every(({ key, at }) => key.endsWith('T09:00') && at.endsWith('T00:00'))).toBe(true);
    await changed(series.id, { ends: tokyo[1]?.key.slice(0, 10), skip_dates: [tokyo[0]?.key.slice(0, 10)] });
    expect((await postsOf(series.id)).map(({ key }) => key)).toEqual([tokyo[1]?.key ?? '']);
    const open = await changed(series.id, { ends: null, skip_dates: [] });
    expect(open).toMatchObject({ ends: null, skip_dates: [] });
    expect((await postsOf(series.id)).map(({ key }) => key)).toEqual(tokyo.map(({ key }) => key));
  });

  test('of its name alone makes nothing anew', async () => {
    const series = await made();
    const before = await p.test.ctx.sql`select id, created_at from publications order by id`;
    expect((await changed(series.id, { name: 'Another' })).name).toBe('Another');
    expect([...(await p.test.ctx.sql`select id, created_at from publications order by id`)]).toEqual([
      ...before,
    ]);
  });

  test('that says what it knows is made only while the series is as it was', async () => {
    const series = await made({ rrule: 'FREQ=WEEKLY' });
    const path = `/v1/series/${series.id}`;
    const edit = ({ updated_at }: { updated_at: string }, body: object) =>
      p.ask('PATCH', path, { ...body, expected: { updated_at } });
    const first = await edit(series, { name: 'mine' });
    expect([first.status, first.body.name]).toEqual([200, 'mine']);
    const before = await postsOf(series.id);
    const late = await edit(series, { posts: [{ text: 'from another tab', community_ids: [channel.id] }] });
    expect([late.status, late.body.code, late.body.detail]).toEqual([
      409,
      'conflict',
      'This series was changed meanwhile: look at it again.',
    ]);
    expect([await get(path), await postsOf(series.id)]).toEqual([first.body, before]);
    // The same moment by another clock.
    const moment = first.body.updated_at.replace('Z', '+00:00');
    expect((await edit({ updated_at: moment }, { name: 'ours' })).status).toBe(200);
    await act(series.id, 'pause');
    expect((await edit(first.body, { name: 'not seen paused' })).status).toBe(409);
    // A date that is left out is no change of what is edited.
    const resumed = await act(series.id, 'resume');
    await act(series.id, 'skip', { occurrence: resumed.next[0].occurrence });
    expect((await edit(resumed, { name: 'skipped meanwhile' })).status).toBe(200);
    const [fault] = await refused('PATCH', path, { name: 'x', expected: { updated_at: 'yesterday' } });
    expect(fault?.[0]).toBe('/expected/updated_at');
    // Of two at once the second one sees what the first did.
    const now = await get(path);
    const both = await Promise.all(['one', 'two'].map((name) => edit(now, { name })));
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409]);
  });

  test('that cannot be is refused whole', async () => {
    const series = await made();
    const before = await postsOf(series.id);
    const path = `/v1/series/${series.id}`;
    expect((await refused('PATCH', path, { rrule: 'FREQ=DAILY;BYHOUR=99' }))[0]?.[0]).toBe('/rrule');
    expect((await refused('PATCH', path, { ends: '2020-01-01' }))[0]?.[0]).toBe('/rrule');
    expect(
      (await refused('PATCH', path, { posts: [{ text: '', community_ids: [channel.id] }] }))[0]?.[0],
    ).toBe('/posts/0/text');
    expect((await refused('PATCH', path, { rrule: 'FREQ=WEEKLY', posts: [] }))[0]?.[0]).toBe('/posts');
    expect(await postsOf(series.id)).toEqual(before);
    expect(await get(path)).toEqual(series);
    expect((await p.ask('PATCH', `/v1/series/${someId}`, { name: 'x' })).status).toBe(404);
  });
});

describe('a pause', () => {
  test('takes away what lies ahead but for what a person changed, and ends with the next occurrence', async () => {
    const series = await made();
    const [first, second] = await postsOf(series.id);
    await p.ask('PATCH', `/v1/posts/${second?.id}`, { text: 'by hand' });
    const paused = await act(series.id, 'pause');
    expect(paused.state).toBe('paused');
    expect((await postsOf(series.id)).map(({ id }) => id)).toEqual([second?.id ?? '']);
    await extendAll(p.test.ctx);
    expect((await postsOf(series.id)).length).toBe(1);
    expect(await act(series.id, 'pause')).toEqual(paused);
    // Changed meanwhile, it makes nothing either.
    await changed(series.id, { posts: [{ text: 'after the pause', community_ids: [channel.id] }] });
    expect((await postsOf(series.id)).length).toBe(1);
    const resumed = await act(series.id, 'resume');
    expect(resumed.state).toBe('active');
    expect(resumed.next[0]).toMatchObject({ occurrence: first?.key, state: 'planned' });
    expect((await postsOf(series.id)).slice(0, 3).map(({ text }) => text)).toEqual([
      'after the pause',
      'by hand',
      'after the pause',
    ]);
    expect(await exceptionsOf(series.id)).toEqual([]);
    expect((await act(series.id, 'resume')).next).toEqual(resumed.next);
  });

  test('is not caught up', async () => {
    const series = await made();
    await act(series.id, 'pause');
    await pass(series.id, 10 * day);
    await act(series.id, 'resume');
    await catchUp(p.test.ctx);
    expect(await exceptionsOf(series.id)).toEqual([]);
    expect((await postsOf(series.id)).every(({ at }) => Date.parse(`${at}:00Z`) > Date.now())).toBe(true);
  });
});

describe('a skipped occurrence', () => {
  test('has no post, also after an extension or a change, until it is taken in again', async () => {
    const series = await made();
    const [first, second] = await postsOf(series.id);
    const occurrence = second?.key ?? '';
    const after = await act(series.id, 'skip', { occurrence });
    expect(after.next[1]).toMatchObject({
      occurrence,
      state: 'skipped',
      post_id: null,
      note: 'skipped by a person',
    });
    expect((await p.ask('GET', `/v1/posts/${second?.id}`)).status).toBe(404);
    await extendAll(p.test.ctx);
    await changed(series.id, { posts: [{ text: 'new', community_ids: [channel.id] }] });
    expect((await postsOf(series.id)).slice(0, 2).map(({ key }) => key)).toEqual([
      first?.key ?? '',
      `${date(2)}T09:00`,
    ]);
    const back = await act(series.id, 'unskip', { occurrence });
    expect(back.next[1]).toMatchObject({ occurrence, state: 'planned', post_id: expect.any(String) });
    expect((await postsOf(series.id))[1]).toMatchObject({
      key: occurrence,
      text: 'new',
      states: 'scheduled',
    });
    // Of one that is not made yet, too.
    const far = `${date(200)}T09:00`;
    await act(series.id, 'skip', { occurrence: far });
    expect(await exceptionsOf(series.id)).toMatchObject([{ key: far, cause: 'skipped' }]);
    await act(series.id, 'unskip', { occurrence: far });
    expect(await exceptionsOf(series.id)).toEqual([]);
  });

  test('must be one of the series that lies ahead and that nobody changed', async () => {
    const series = await made({ skip_dates: [date(4)] });
    const [first] = await postsOf(series.id);
    const skip = (occurrence: string) => refused('POST', `/v1/series/${series.id}/skip`, { occurrence });
    for (const none of [
      `${date(0)}T09:01`,
      '2020-01-01T09:00',
      `${date(4)}T09:00`,
      '2027-02-30T09:00',
      `${date(40)}T10:00`,
    ]) {
      expect(await skip(none)).toEqual([['/occurrence', expect.stringMatching(/no coming occurrence/)]]);
    }
    expect((await skip('tomorrow'))[0]?.[0]).toBe('/occurrence');
    await p.ask('PATCH', `/v1/posts/${first?.id}`, { text: 'by hand' });
    const touched = await p.ask('POST', `/v1/series/${series.id}/skip`, { occurrence: first?.key });
    expect([touched.status, touched.body.code]).toEqual([409, 'wrong_state']);
    const open = await p.ask('POST', `/v1/series/${series.id}/unskip`, { occurrence: `${date(1)}T09:00` });
    expect([open.status, open.body.code]).toEqual([409, 'wrong_state']);
  });

  test('is also one whose post a person deleted: it is not made again', async () => {
    const series = await made();
    const [first] = await postsOf(series.id);
    await p.ask('POST', `/v1/posts/${first?.id}/cancel`);
    expect((await p.ask('DELETE', `/v1/posts/${first?.id}`)).status).toBe(204);
    await changed(series.id, { posts: [{ text: 'new', community_ids: [channel.id] }] });
    const shown = await get(`/v1/series/${series.id}`);
    expect(shown.next[0]).toMatchObject({
      occurrence: first?.key,
      state: 'skipped',
      note: 'its post was deleted',
    });
    await act(series.id, 'unskip', { occurrence: first?.key });
    expect((await postsOf(series.id))[0]?.key).toBe(first?.key ?? '');
  });
});

describe('a deleted series', () => {
  test('cancels what lies ahead but for what a person changed, and leaves its history', async () => {
    const series = await made();
    const [first, second] = await postsOf(series.id);
    await p.ask('PATCH', `/v1/posts/${second?.id}`, { text: 'by hand' });
    expect((await p.ask('DELETE', `/v1/series/${series.id}`)).status).toBe(204);
    const posts = await postsOf(series.id);
    expect(posts.slice(0, 3).map(({ states }) => states)).toEqual(['cancelled', 'scheduled', 'cancelled']);
    expect(posts[0]?.notes).toBe('its series was deleted');
    expect(await get(`/v1/posts/${first?.id}`)).toMatchObject({
      status: 'cancelled',
      series: { id: series.id },
    });
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/resume'],
    ] as const) {
      expect((await p.ask(method, `/v1/series/${series.id}${path}`)).status).toBe(404);
    }
    expect((await get('/v1/series?limit=100')).data.map(({ id }: { id: string }) => id)).not.toContain(
      series.id,
    );
    await extendAll(p.test.ctx);
    expect((await postsOf(series.id)).length).toBe(posts.length);
  });

  test('goes with its workspace, with everything that hangs on it', async () => {
    const stranger = await p.test.register();
    const place = await p.telegram({ as: stranger });
    const file = await p.picture(stranger);
    const ask = async (path: string, body: object) => {
      const answer = await p.test.request('POST', path, { cookie: stranger.cookie, body });
      expect([path, answer.status, answer.body.errors]).toEqual([
        path,
        answer.status < 300 ? answer.status : 201,
        undefined,
      ]);
      return answer.body;
    };
    await ask('/v1/series', {
      ...daily(),
      starts: `${date(100)}T09:00`,
      posts: [{ media_ids: [file], community_ids: [place.id] }],
    });
    const series = await ask('/v1/series', { ...daily(), posts: [{ text: 'x', community_ids: [place.id] }] });
    await ask(`/v1/series/${series.id}/skip`, { occurrence: series.next[0].occurrence });
    const { workspaceId } = stranger;
    await p.test.ctx.sql`delete from workspaces where id = ${workspaceId}`;
    const [left] = await p.test.ctx.sql`
      select (select count(*)::int from series where workspace_id = ${workspaceId}) as series,
        (select count(*)::int from series_exceptions where workspace_id = ${workspaceId}) as exceptions,
        (select count(*)::int from posts where workspace_id = ${workspaceId}) as posts`;
    expect(left).toEqual({ series: 0, exceptions: 0, posts: 0 });
  });
});

/** All rows of the tables that a series may touch. */
async function digest(): Promise<unknown[]> {
  const rows = await p.test.ctx.sql`
    select (select count(*) from series) as series, (select count(*) from series_posts) as set,
      (select count(*) from series_exceptions) as exceptions, (select count(*) from posts) as posts,
      (select count(*) from publications) as publications, (select count(*) from pgboss.job) as jobs`;
  return [...rows];
}

describe('after an outage', () => {
  /** Hourly, the first in an hour and a half by the clock of the minute. */
  async function hourly(own: Publishing, text: string, communities: readonly Connected[], more: object = {}) {
    const starts = new Date(Date.now() + 90 * 60_000).toISOString().slice(0, 16);
    return made(
      {
        rrule: 'FREQ=HOURLY',
        starts,
        posts: [{ text, community_ids: communities.map(({ id }) => id), ...more }],
      },
      own,
    );
  }
  const accepted = (own: Publishing, text: string) =>
    own.sandbox.ledger().filter((row) => row.event === 'accepted' && row.text === text);
  const overdue = async (own: Publishing, id: string) =>
    (await postsOf(id, own)).filter(({ at }) => Date.parse(`${at}:00Z`) <= Date.now());
  const gaveWay = /a later occurrence of its series is due/;

  async function until(what: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (!(await what())) {
      if (performance.now() > deadline) throw new Error('it did not come');
      await Bun.sleep(25);
    }
  }

  test('a short one: of three missed the last goes out, the others say why they did not', async () => {
    await using own = await openPublishing();
    const [one, two] = [await own.telegram(), await own.vk()];
    const series = await hourly(own, 'short outage', [one, two]);
    // Two hours and a half, an hour and a half, half an hour ago: all would still go out by themselves.
    await pass(series.id, 4 * hour, own);
    const missed = await overdue(own, series.id);
    expect(missed.length).toBe(3);
    await own.start();
    await own.reaches(missed[2]?.id ?? '', 'published');
    await until(async () =>
      (await overdue(own, series.id)).every(({ states }) => !states.includes('scheduled')),
    );
    const after = await overdue(own, series.id);
    expect(after.map(({ states }) => states)).toEqual([
      'cancelled cancelled',
      'cancelled cancelled',
      'published published',
    ]);
    for (const { notes } of after.slice(0, 2)) expect(notes).toMatch(gaveWay);
    expect(accepted(own, 'short outage')).toHaveLength(2);
    const ahead = (await postsOf(series.id, own)).slice(3);
    expect(ahead.every(({ states }) => states === 'scheduled scheduled')).toBe(true);
  });

  test('nothing overtaken goes out, even when nobody has come to cancel it yet', async () => {
    await using own = await openPublishing();
    const community = await own.telegram();
    const series = await hourly(own, 'guarded', [community]);
    await pass(series.id, 4 * hour, own);
    // The publishing machine alone, without the rounds of the series.
    const machine = await startPublishing(own.test.ctx);
    try {
      const [first, second, third] = await overdue(own, series.id);
      await own.reaches(third?.id ?? '', 'published');
      await machine.ring();
      await Bun.sleep(1_000);
      expect((await overdue(own, series.id)).map(({ states }) => states)).toEqual([
        'scheduled',
        'scheduled',
        'published',
      ]);
      expect(accepted(own, 'guarded')).toHaveLength(1);
      await catchUp(own.test.ctx);
      const states = (await overdue(own, series.id)).map(({ states }) => states);
      expect(states).toEqual(['cancelled', 'cancelled', 'published']);
      expect([first, second].length).toBe(2);
    } finally {
      await machine.drain(5_000);
    }
  });

  test('one that outlasted what was made: the last one missed is made and goes out, alone', async () => {
    await using own = await openPublishing({ durations: { seriesAhead: 2 * hour } });
    const community = await own.telegram();
    const series = await hourly(own, 'not made', [community]);
    expect((await postsOf(series.id, own)).length).toBe(1);
    await pass(series.id, 4 * hour, own);
    // What is made is two hours and a half late. While the series is behind, not even that may go.
    const machine = await startPublishing(own.test.ctx);
    await Bun.sleep(800);
    await machine.drain(5_000);
    expect(accepted(own, 'not made')).toEqual([]);
    await own.start();
    await until(async () => accepted(own, 'not made').length === 1);
    await until(async () =>
      (await overdue(own, series.id)).every(({ states }) => !['scheduled', 'sending'].includes(states)),
    );
    const after = await overdue(own, series.id);
    expect(after.map(({ states }) => states)).toEqual(['cancelled', 'published']);
    expect(after[0]?.notes).toMatch(gaveWay);
    expect(await exceptionsOf(series.id, own)).toMatchObject([
      { cause: 'missed', note: 'nothing ran at its time: only the last one missed is caught up' },
    ]);
    await Bun.sleep(500);
    expect(accepted(own, 'not made')).toHaveLength(1);
    // And it goes on.
    await extendAll(own.test.ctx);
    expect((await postsOf(series.id, own)).slice(2).length).toBe(2);
  });

  test('a long one: the last one missed waits for a decision, and goes out when it is released', async () => {
    await using own = await openPublishing({ durations: { seriesAhead: 3.2 * day } });
    const community = await own.telegram();
    const starts = new Date(Date.now() + hour).toISOString().slice(0, 16);
    const series = await made(
      { starts, posts: [{ text: 'long outage', community_ids: [community.id] }] },
      own,
    );
    expect((await postsOf(series.id, own)).length).toBe(4);
    // Ten days and five hours: four were made, six were not.
    await pass(series.id, 10 * day + 5 * hour, own);
    await own.start();
    await until(async () => (await overdue(own, series.id)).length === 5);
    await until(async () => (await overdue(own, series.id)).every(({ states }) => states !== 'scheduled'));
    await until(
      async () => (await overdue(own, series.id)).filter(({ states }) => states === 'cancelled').length === 4,
    );
    const after = await overdue(own, series.id);
    expect(after.map(({ states }) => states)).toEqual([
      'cancelled',
      'cancelled',
      'cancelled',
      'cancelled',
      'held:late',
    ]);
    expect((await exceptionsOf(series.id, own)).map(({ cause }) => cause)).toEqual(Array(6).fill('missed'));
    const last = await get(`/v1/posts/${after[4]?.id}`, own);
    expect(last).toMatchObject({ status: 'scheduled', needs_attention: true });
    expect(accepted(own, 'long outage')).toEqual([]);
    await own.ask('POST', `/v1/publications/${last.publications[0].id}/release`);
    await own.reaches(last.id, 'published');
    expect(accepted(own, 'long outage')).toHaveLength(1);
  });

  test('of a connection: what was held gives way as well, and the last one asks when it is back', async () => {
    await using own = await openPublishing();
    const [away, here] = [await own.telegram(), await own.vk()];
    const starts = new Date(Date.now() + hour).toISOString().slice(0, 16);
    const series = await made(
      { starts, posts: [{ text: 'reconnected', community_ids: [away.id, here.id] }] },
      own,
    );
    expect((await own.ask('DELETE', `/v1/communities/${away.id}`)).status).toBe(204);
    // The other community was served at its time.
    await pass(series.id, 2 * day + 5 * hour, own);
    await own.test.ctx.sql`
      update publications set state = 'sending' where due_at < now() and community_id = ${here.id}`;
    await own.test.ctx.sql`
      update publications set state = 'published', published_at = due_at where state = 'sending'`;
    await own.start();
    await until(
      async () =>
        (await overdue(own, series.id)).filter(({ states }) => states.startsWith('cancelled')).length === 2,
    );
    expect((await overdue(own, series.id)).map(({ states }) => states)).toEqual([
      'cancelled published',
      'cancelled published',
      'held:disconnected published',
    ]);
    await own.test.ctx.sql`update communities set status = 'active' where id = ${away.id}`;
    await until(async () => (await overdue(own, series.id))[2]?.states === 'held:late published');
    expect(accepted(own, 'reconnected')).toEqual([]);
  });

  test('what a person changed is a post of its own: it neither gives way nor takes the place of another', async () => {
    await using own = await openPublishing();
    const community = await own.telegram();
    const series = await hourly(own, 'by rule', [community]);
    const [, second, third] = await postsOf(series.id, own);
    await own.ask('PATCH', `/v1/posts/${second?.id}`, { text: 'by hand' });
    await own.ask('PATCH', `/v1/posts/${third?.id}`, { text: 'by hand too' });
    await pass(series.id, 4 * hour, own);
    await own.start();
    await until(async () => (await overdue(own, series.id)).every(({ states }) => states === 'published'));
    expect((await overdue(own, series.id)).map(({ text }) => text)).toEqual([
      'by rule',
      'by hand',
      'by hand too',
    ]);
  });

  test('one late post alone goes out by the ordinary rule, and a time-sensitive one asks', async () => {
    await using own = await openPublishing();
    const community = await own.telegram();
    const plain = await hourly(own, 'plain', [community]);
    const sensitive = await hourly(own, 'sensitive', [community], { time_sensitive: true });
    for (const { id } of [plain, sensitive]) await pass(id, 2 * hour, own);
    await own.start();
    const [first] = await overdue(own, plain.id);
    await own.reaches(first?.id ?? '', 'published');
    const [asks] = await overdue(own, sensitive.id);
    await own.reaches(asks?.id ?? '', 'held');
    expect(accepted(own, 'sensitive')).toEqual([]);
  });
});

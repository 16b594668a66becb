import { afterAll, beforeAll, expect, test } from 'bun:test';
import { shipMetrics } from '../src/collecting/outbox.ts';
import { createApp } from '../src/http/app.ts';
import { sweepChanges } from '../src/live/changes.ts';
import { liveStreams } from '../src/metrics.ts';
import { openPostgres, type Sql, type Tx } from '../src/stores/postgres.ts';
import { type Account, cookieOf, type TestRequest } from './harness.ts';
import { until } from './process.ts';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

interface Event {
  event: string;
  id: string | null;
  data: { kind?: string; id?: string };
}

/** A stream as a program reads it. */
interface Listener {
  status: number;
  headers: Headers;
  events: Event[];
  /** Comments, which are signs of life. */
  pings: number;
  /** The last id that came, with or without an event. */
  last: string | null;
  ended: boolean;
  /** Resolves when something of this kind and id was told. */
  hears(kind: string, id: string): Promise<unknown>;
  hang(): Promise<void>;
}

let p: Publishing;
/** The same installation in a second process: pools and feed of its own. */
let elsewhere: { sql: Sql; app: ReturnType<typeof createApp> };
let channel: Connected;
let other: Account;
const open: Listener[] = [];

beforeAll(async () => {
  p = await openPublishing({ durations: { changesLook: 50, changesPing: 200 } });
  const sql = openPostgres(p.test.address, 4);
  elsewhere = { sql, app: createApp({ ...p.test.ctx, sql }) };
  channel = await p.telegram();
  other = await p.test.register();
});
afterAll(async () => {
  for (const listener of open) await listener.hang();
  await elsewhere?.sql.end({ timeout: 5 });
  await p?.close();
});

async function listen(
  options: TestRequest & { app?: ReturnType<typeof createApp>; query?: string } = {},
): Promise<Listener> {
  const headers = new Headers(options.headers);
  if (options.cookie) headers.set('Cookie', options.cookie);
  else headers.set('Authorization', `Bearer ${options.key ?? p.key}`);
  const response = await (options.app ?? p.test.app).fetch(
    new Request(`http://localhost:3000/v1/events/stream${options.query ?? ''}`, { headers }),
  );
  const reader = response.body?.getReader();
  const listener: Listener = {
    status: response.status,
    headers: response.headers,
    events: [],
    pings: 0,
    last: null,
    ended: false,
    hears: (kind, id) =>
      until(
        `${kind} ${id} was told`,
        () => listener.events.some(({ data }) => data.kind === kind && data.id === id),
        5_000,
      ),
    async hang() {
      await reader?.cancel();
    },
  };
  open.push(listener);
  void (async () => {
    let text = '';
    const decoder = new TextDecoder();
    for (;;) {
      const part = await reader?.read().catch(() => null);
      if (!part || part.done) break;
      text += decoder.decode(part.value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) take(listener, block);
    }
    listener.ended = true;
  })();
  if (response.status === 200) await until('it is ready', () => listener.events.length > 0);
  return listener;
}

function take(listener: Listener, block: string): void {
  const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/, 2) as [string, string]));
  const id = fields.get('id') ?? null;
  if (id !== null) listener.last = id;
  if (fields.has('')) listener.pings += 1;
  const data = fields.get('data');
  if (data !== undefined)
    listener.events.push({ event: fields.get('event') ?? '', id, data: JSON.parse(data) });
}

const draft = async (options: TestRequest = {}): Promise<string> =>
  (await p.test.request('POST', '/v1/posts', { key: p.key, ...options, body: { text: 'x' } })).body.id;
const touch = (sql: Tx, id: string) => sql`update posts set text = text || '.' where id = ${id}`;
const toldOf = (listener: Listener, id: string) =>
  listener.events.filter(({ data }) => data.id === id).length;
const names = (listener: Listener) => listener.events.map(({ event }) => event);
/** Longer than two looks. */
const aWhile = () => Bun.sleep(150);

test('whoever reads at each event has the last state within a second, in every process', async () => {
  const here = await listen();
  const there = await listen({ app: elsewhere.app });
  expect(here.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(here.headers.get('cache-control')).toBe('no-store');
  expect(here.headers.get('x-accel-buffering')).toBe('no');
  expect(here.events[0]).toMatchObject({ event: 'ready', data: {} });

  await p.start();
  const tries: number[] = [];
  // The machine that runs the tests has other things to do: one of three has to be in time.
  for (let n = 0; n < 3 && !tries.some((slowest) => slowest < 1_000); n += 1) {
    const body = { text: 'Told', community_ids: [channel.id], publish_now: true };
    const post = (await p.ask('POST', '/v1/posts', body)).body.id;
    const delays = [here, there].map(async (listener) => {
      for (let read = 0; ; ) {
        await until('more was told', () => toldOf(listener, post) > read, 5_000);
        read = toldOf(listener, post);
        const [publication] = (await p.ask('GET', `/v1/posts/${post}`)).body.publications;
        if (publication.state === 'published') return Date.now() - Date.parse(publication.published_at);
      }
    });
    tries.push(Math.max(...(await Promise.all(delays))));
  }
  expect(Math.min(...tries)).toBeLessThan(1_000);
  await p.rest();

  await p.ask('PATCH', `/v1/communities/${channel.id}`, { title: 'Renamed' });
  const { job } = (await p.ask('POST', `/v1/communities/${channel.id}/refresh-analytics`)).body;
  const picture = await p.picture();
  for (const listener of [here, there]) {
    await listener.hears('communities', channel.id);
    await listener.hears('jobs', job.id);
    await listener.hears('media', picture);
    const told = listener.events.filter(({ event }) => event === 'change');
    for (const { data } of told) expect(Object.keys(data).sort()).toEqual(['id', 'kind']);
    await listener.hang();
  }
});

test('a change that began early and is committed late is neither waited for nor missed', async () => {
  const [late, soon] = [await draft(), await draft()];
  const listener = await listen();
  const held = await p.test.ctx.sql.reserve();
  await held`begin`;
  await touch(held, late);
  await touch(p.test.ctx.sql, soon);
  await listener.hears('posts', soon);
  expect(toldOf(listener, late)).toBe(0);
  await listener.hang();

  // Away at the moment of the commit, and back with the id that came before it: in another process.
  await held`commit`;
  held.release();
  const back = await listen({ app: elsewhere.app, headers: { 'Last-Event-ID': listener.last ?? '' } });
  await back.hears('posts', late);
  expect([names(back), toldOf(back, soon)]).toEqual([['ready', 'change'], 0]);
  await back.hang();
});

test('what happened while nobody listened is told to whoever comes back, once and nothing else', async () => {
  const [before, meanwhile] = [await draft(), await draft()];
  const listener = await listen();
  await touch(p.test.ctx.sql, before);
  await listener.hears('posts', before);
  await listener.hang();
  await touch(p.test.ctx.sql, meanwhile);
  await touch(p.test.ctx.sql, meanwhile);
  await aWhile();

  const back = await listen({ query: `?last_event_id=${encodeURIComponent(listener.last ?? '')}` });
  await back.hears('posts', meanwhile);
  await aWhile();
  expect([names(back), toldOf(back, meanwhile)]).toEqual([['ready', 'change'], 1]);
  // A sign of life carries the present place, so that a quiet stream does not grow old.
  const { last } = back;
  await draft({ key: await p.test.apiKey(other) });
  await until('a sign of life brings a newer place', () => back.pings > 0 && back.last !== last);
  await back.hang();
});

test('from the place that comes with who asks, nothing that changes later is missed', async () => {
  const before = await draft();
  const { headers } = await p.test.request('GET', '/v1/me', { key: p.key });
  const place = headers.get('Outpost-Place') ?? '';
  const after = await draft();
  const late = await listen({ query: `?last_event_id=${encodeURIComponent(place)}` });
  await late.hears('posts', after);
  expect(names(late)).not.toContain('reset');
  expect(toldOf(late, before)).toBe(0);
  // Whoever is refused learns nothing of what goes on here.
  const refused = await p.test.request('GET', '/v1/me', { key: 'sk_main_no' });
  expect([refused.status, refused.headers.get('Outpost-Place')]).toEqual([401, null]);
});

test('an id that leads nowhere, or too far back, is answered with a reset', async () => {
  const listener = await listen();
  const [seconds = '', snapshot = ''] = (listener.last ?? '').split('.');
  const [least = ''] = snapshot.split(':');
  await listener.hang();
  const twoDaysAgo = Number(seconds) - 2 * 86_400;
  for (const since of [
    'x',
    '1.1',
    `${seconds}.0:0:`,
    `${seconds}.9:3:`,
    `${seconds}.3:9:7,5`,
    `${seconds}.3:9:12`,
    `${twoDaysAgo}.${snapshot}`,
    // Of a database that was ahead of this one.
    `${seconds}.${Number(least) + 1_000_000}:${Number(least) + 1_000_000}:`,
  ]) {
    const back = await listen({ headers: { 'Last-Event-ID': since } });
    expect([since, names(back)]).toEqual([since, ['ready', 'reset']]);
    expect(back.last).toMatch(/^\d+\.\d+:\d+:/);
    await back.hang();
  }
  // So is more than is worth telling one by one.
  await p.test.ctx.sql`
    insert into posts (id, workspace_id, author_id, text)
    select gen_random_uuid(), workspace_id, author_id, text
    from (select * from posts where workspace_id = ${p.owner.workspaceId} limit 1) one, generate_series(1, 201)`;
  const back = await listen({ headers: { 'Last-Event-ID': listener.last ?? '' } });
  expect(names(back).slice(0, 2)).toEqual(['ready', 'reset']);
  await back.hang();
});

test('a workspace hears of its own things alone, live and afterwards', async () => {
  const mine = await listen();
  const theirs = await listen({ cookie: other.cookie });
  const [posted, post] = [await draft({ key: undefined, cookie: other.cookie }), await draft()];
  await theirs.hears('posts', posted);
  await mine.hears('posts', post);
  await aWhile();
  expect([toldOf(mine, posted), toldOf(theirs, post)]).toEqual([0, 0]);
  await Promise.all([mine.hang(), theirs.hang()]);
  // Each with the place of the other, from before both.
  const since = { 'Last-Event-ID': mine.events[0]?.id ?? '' };
  const back = await listen({ cookie: other.cookie, headers: since });
  await back.hears('posts', posted);
  expect(toldOf(back, post)).toBe(0);
  await back.hang();
});

test('a stream ends with the session, with the key, and when the process drains', async () => {
  const login = await p.test.request('POST', '/v1/auth/login', {
    body: { email: other.email, password: other.password },
  });
  const cookie = cookieOf(login);
  const session = await listen({ cookie });
  const made = (
    await p.test.request('POST', '/v1/api-keys', {
      cookie: other.cookie,
      body: { name: 'short', scopes: ['posts:read'] },
    })
  ).body;
  const key = await listen({ key: made.key });
  const draining = new AbortController();
  const app = createApp(p.test.ctx, { closing: draining.signal });
  const drained = await listen({ app });
  await until('all of them live', () => [session, key, drained].every(({ pings }) => pings > 0));

  await p.test.request('POST', '/v1/auth/logout', { cookie });
  await p.test.request('DELETE', `/v1/api-keys/${made.id}`, { cookie: other.cookie });
  draining.abort();
  for (const listener of [session, key, drained]) await until('it ended', () => listener.ended, 2_000);
  expect((await listen({ app })).status).toBe(503);
  expect((await listen({ key: await p.test.apiKey(other, ['media:write']) })).status).toBe(403);
});

test('a database that is gone ends the streams, so that they are known not to be live', async () => {
  const sql = openPostgres(p.test.address, 2);
  const app = createApp({ ...p.test.ctx, sql });
  const listener = await listen({ app });
  await sql.end({ timeout: 1 });
  await until('it ended', () => listener.ended, 2_000);
  expect((await listen({ app })).status).toBe(503);
});

test('one person has twenty streams, and a place is free again when one hangs up', async () => {
  const mine = { cookie: other.cookie };
  const all: Listener[] = [];
  for (let n = 0; n < 20; n += 1) all.push(await listen(mine));
  const refused = await p.test.request('GET', '/v1/events/stream', mine);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '10']);
  expect((await p.test.request('HEAD', '/v1/events/stream')).status).toBe(401);
  await all.pop()?.hang();
  const again = await listen(mine);
  expect(again.status).toBe(200);
  for (const listener of [...all, again]) await listener.hang();
  for (let n = 0; n < 25; n += 1) {
    expect((await p.test.request('HEAD', '/v1/events/stream', mine)).status).toBe(200);
  }
  // The harness hangs up after the first event.
  expect((await p.test.request('GET', '/v1/events/stream', mine)).body).toStartWith('retry: ');
});

test('a reader that does not read is cut, and can go on where it was', async () => {
  const posts = await Promise.all(Array.from({ length: 100 }, () => draft()));
  await aWhile();
  const stream = await p.test.app.fetch(
    new Request('http://localhost:3000/v1/events/stream', { headers: { Authorization: `Bearer ${p.key}` } }),
  );
  const reader = stream.body?.getReader();
  const ready = new TextDecoder().decode((await reader?.read())?.value);
  const place = /^id: (.+)$/m.exec(ready)?.[1] ?? '';
  const gauge = async () => Number((await liveStreams.get()).values[0]?.value);
  const before = await gauge();
  for (let n = 0; n < 20 && (await gauge()) === before; n += 1) {
    await p.test.ctx.sql`update posts set text = 'y' where id = any(${posts}::uuid[])`;
    await Bun.sleep(60);
  }
  expect(await gauge()).toBe(before - 1);
  let bytes = 0;
  const error = await (async () => {
    for (;;) {
      const part = await reader?.read();
      if (!part || part.done) return null;
      bytes += part.value.length;
    }
  })().catch((reason: Error) => reason.name);
  expect([error, bytes]).toEqual(['AbortError', 0]);
  const back = await listen({ headers: { 'Last-Event-ID': place } });
  for (const id of posts) await back.hears('posts', id);
  await back.hang();
});

test('what nobody sees is not told, and one statement tells of each thing once', async () => {
  const { sql } = p.test.ctx;
  const at = new Date(Date.now() + 3_600_000).toISOString();
  const body = { text: 'Two', community_ids: [channel.id, (await p.telegram()).id], scheduled_at: at };
  const post = (await p.ask('POST', '/v1/posts', body)).body.id;
  const toldBy = async (act: Promise<unknown>) => {
    const [last] = await sql<{ id: string }[]>`select coalesce(max(id), 0) as id from changes`;
    await act;
    return sql<{ kind: string; subject_id: string }[]>`
      select kind, subject_id from changes where id > ${last?.id ?? 0} order by id`.then((rows) => [...rows]);
  };
  const once = [{ kind: 'posts', subject_id: post }];
  const all = sql`post_id = ${post}`;
  expect(
    await toldBy(sql`
      update publications set lease_owner = 'x', lease_until = now(), queued_for = now(), fence = fence + 1 where ${all}`),
  ).toEqual([]);
  expect(await toldBy(sql`update publications set note = 'told once for both' where ${all}`)).toEqual(once);
  expect(await toldBy(sql`update communities set collect_at = now() where id = ${channel.id}`)).toEqual([]);
  expect(await toldBy(sql`update communities set members = 7 where id = ${channel.id}`)).toEqual([
    { kind: 'communities', subject_id: channel.id },
  ]);
  const published = (await sql`select id from publications where ${all} limit 1`)[0]?.id;
  expect(
    await toldBy(sql`
      insert into publication_acts (id, workspace_id, publication_id, network, kind, due_at, next_try_at)
      values (${Bun.randomUUIDv7()}, ${p.owner.workspaceId}, ${published}, 'telegram', 'pin', now(), now())`),
  ).toEqual(once);
  expect(await toldBy(sql`update publication_acts set lease_until = now()`)).toEqual([]);
  expect(await toldBy(sql`update publication_acts set note = 'seen'`)).toEqual(once);
  const way = Bun.randomUUIDv7();
  await sql`
    insert into connections (id, workspace_id, user_id, network, kind, version, expires_at)
    values (${way}, ${p.owner.workspaceId}, ${p.owner.userId}, 'telegram', 'invitation', 1, now() + interval '1 hour')`;
  const ofWay = [{ kind: 'connections', subject_id: way }];
  expect(await toldBy(sql`update connections set look_at = now() where id = ${way}`)).toEqual([]);
  expect(await toldBy(sql`update connections set proved_at = now() where id = ${way}`)).toEqual(ofWay);
  const seen = sql`
    insert into connection_places (connection_id, workspace_id, external_id)
    select ${way}, ${p.owner.workspaceId}, n::text from generate_series(1, 3) n`;
  expect(await toldBy(seen)).toEqual(ofWay);
});

test('saved queries, slots, ways in and figures that have arrived are told', async () => {
  const { sql } = p.test.ctx;
  const listener = await listen();
  const { id } = (await p.ask('POST', '/v1/saved-queries', { name: 'Mine', sql: 'select 1' })).body;
  await listener.hears('saved-queries', id);
  for (const act of [
    () => p.ask('PATCH', `/v1/saved-queries/${id}`, { name: 'Renamed' }),
    () => p.ask('DELETE', `/v1/saved-queries/${id}`),
  ]) {
    const told = toldOf(listener, id);
    await act();
    await until('it was told', () => toldOf(listener, id) > told);
  }
  const slots = toldOf(listener, channel.id);
  const set = await p.ask('PUT', `/v1/communities/${channel.id}/slots`, {
    weekly: [{ weekday: 'mon', time: '09:00' }],
  });
  expect(set.status).toBe(200);
  await until('the slots were told', () => toldOf(listener, channel.id) > slots);
  await listener.hang();

  // Told when they have left for ClickHouse, and not before.
  const fresh = await listen();
  const data = { ts: new Date().toISOString(), network: 'telegram', members: 9 };
  await sql`
    insert into metrics_outbox (workspace_id, community_id, kind, data)
    values (${p.owner.workspaceId}, ${channel.id}, 'community', ${sql.json(data)})`;
  await aWhile();
  expect(toldOf(fresh, channel.id)).toBe(0);
  await shipMetrics(p.test.ctx);
  await fresh.hears('analytics', channel.id);
  await fresh.hang();
});

test('changes are forgotten after their time, and those of another database are not told for ever', async () => {
  const { sql } = p.test.ctx;
  const listener = await listen();
  const post = await draft();
  await listener.hears('posts', post);
  // As a restored dump would have it.
  await sql`update changes set xid = '99999999999' where subject_id = ${post}`;
  const told = toldOf(listener, post);
  await aWhile();
  expect(toldOf(listener, post)).toBe(told);
  await listener.hang();
  await sql`update changes set at = now() - interval '25 hours' where subject_id = ${post}`;
  await sweepChanges(p.test.ctx);
  const [left] = await sql`
    select count(*)::int as n, count(*) filter (where subject_id = ${post})::int as old from changes`;
  expect(left?.n).toBeGreaterThan(0);
  expect(left?.old).toBe(0);
});

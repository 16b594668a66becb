import { afterAll, beforeAll, expect, test } from 'bun:test';
import { version } from '../package.json';
import { shipPublicationEvents } from '../src/collecting/delivery.ts';
import { createApp } from '../src/http/app.ts';
import type { getStatus } from '../src/operator/status.ts';
import type { TestRequest } from './harness.ts';
import { openPublishing, type Publishing } from './publishing.ts';

let p: Publishing;
let channel: string;
beforeAll(async () => {
  p = await openPublishing({ durations: { concernDue: 100, concernWait: 100 } });
  channel = (await p.telegram()).id;
});
afterAll(() => p?.close());

const status = async (options: TestRequest = { cookie: p.owner.cookie }) =>
  (await p.test.request('GET', '/v1/operator/status', options)).body;

test('only whoever runs the installation sees how it does, in person or by an admin key', async () => {
  const other = await p.test.register();
  const ask = async (options: TestRequest) =>
    (await p.test.request('GET', '/v1/operator/status', options)).status;
  expect(await ask({ cookie: p.owner.cookie })).toBe(200);
  expect(await ask({ key: await p.test.apiKey(p.owner, ['admin']) })).toBe(200);
  expect(await ask({ key: await p.test.apiKey(p.owner, ['posts:read', 'analytics:read']) })).toBe(403);
  expect(await ask({ cookie: other.cookie })).toBe(403);
  expect(await ask({ key: await p.test.apiKey(other, ['*']) })).toBe(403);
});

test('versions, sizes and migrations are those of what runs', async () => {
  const seen = await status();
  const [server] = await p.test.ctx.sql`show server_version`;
  const [engine] = await p.test.ctx.ch.query<{ v: string }>('select version() as v');
  const folder = (name: string) => new Bun.Glob('*.sql').scanSync(`${import.meta.dir}/../${name}`);
  expect(seen).toMatchObject({
    version,
    role: 'all',
    bun: Bun.version,
    postgres: { version: server?.server_version, embedded: true },
    clickhouse: { answers: true, version: engine?.v, embedded: true },
    migrations: { postgres: [...folder('sql')].length, clickhouse: [...folder('clickhouse')].length },
    media: { place: 'folder', files: 0, bytes: 0 },
    communities: { active: 1, needs_reauth: 0, disconnected: 0 },
  });
  expect(seen.postgres.bytes).toBeGreaterThan(5_000_000);
  expect(seen.clickhouse.bytes).toBeGreaterThan(0);
  expect(Date.parse(seen.started_at)).toBeLessThan(Date.now());
  await p.picture();
  expect((await status()).media).toMatchObject({ files: 1, bytes: expect.any(Number) });
});

test('what waits is counted over all workspaces, and said to be wrong when it waits too long', async () => {
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const make = async (body: object) =>
    (await p.ask('POST', '/v1/posts', { text: 'secret words', community_ids: [channel], ...body })).body;
  await make({ scheduled_at: later });
  const due = await make({ publish_now: true });
  await Bun.sleep(150);
  const waiting = await status();
  expect(waiting.publications).toMatchObject({
    scheduled: { count: 1, oldest_at: later },
    due: { count: 1, oldest_at: due.scheduled_at },
    late: { count: 1 },
    failed: { count: 0, oldest_at: null },
  });
  const queue = waiting.queues.find(({ name }: { name: string }) => name === 'posts.publish');
  expect(queue).toMatchObject({ waiting: 1, active: 0, failed: 0 });
  expect(waiting.shipping.events.count).toBeGreaterThan(0);
  // Figures are those of the engine, which other tests fill, too.
  expect(waiting.shipping.newest.events).toBeNull();
  expect(waiting.concerns).toEqual(['publications_late', 'jobs_waiting', 'shipping_behind']);
  expect(JSON.stringify(waiting)).not.toContain('secret');

  p.sandbox.fault({ network: 'telegram', method: 'sendMessage', action: { kind: 'drop_after' } });
  await p.start();
  await p.reaches(due.id, 'unconfirmed');
  p.sandbox.fault({
    network: 'telegram',
    method: 'sendMessage',
    action: { kind: 'telegram_error', error_code: 403, description: 'Forbidden: bot was kicked' },
  });
  const refused = await make({ publish_now: true });
  await p.reaches(refused.id, 'failed');
  await p.rest();
  expect((await status()).publications).toMatchObject({
    due: { count: 0, oldest_at: null },
    unconfirmed: { count: 1, oldest_at: due.scheduled_at },
    failed: { count: 1, oldest_at: refused.scheduled_at },
  });
});

test('how fresh the figures are is told once something has arrived', async () => {
  const { ctx } = p.test;
  await shipPublicationEvents(ctx);
  const [last] = await ctx.sql<{ at: Date }[]>`select max(at) as at from publication_events`;
  const ts = new Date(Date.now() - 5_000).toISOString();
  await ctx.ch.insert('raw_community_metrics_v1', [
    { ts, workspace_id: p.owner.workspaceId, community_id: channel, network: 'telegram', members: 1 },
  ]);
  const { shipping } = await status();
  expect(shipping.newest).toEqual({ events: last?.at.toISOString(), figures: ts });
  expect(shipping.events).toEqual({ count: 0, oldest_at: null });
});

test('a network that is away and an engine that does not answer are named', async () => {
  const { sql, ch } = p.test.ctx;
  await sql`insert into breakers (network, open, reason, probe_at)
    values ('vk', true, 'five sends in a row could not connect', now())`;
  const seen = await status();
  expect(seen.concerns).toContain('network_away');
  expect(seen.networks).toEqual([
    { name: 'telegram', away: false, reason: null, since: null },
    { name: 'vk', away: true, reason: 'five sends in a row could not connect', since: expect.any(String) },
  ]);
  const away = () => Promise.reject(new Error('connect ECONNREFUSED'));
  const app = createApp({ ...p.test.ctx, ch: { ...ch, query: away } });
  const answer = await app.fetch(
    new Request('http://localhost:3000/v1/operator/status', { headers: { Cookie: p.owner.cookie } }),
  );
  const body = (await answer.json()) as Awaited<ReturnType<typeof getStatus>>;
  expect(body.clickhouse).toEqual({ answers: false, version: null, embedded: true, bytes: null });
  expect(body.concerns).toContain('clickhouse_away');
});

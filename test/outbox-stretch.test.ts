import { afterEach, expect, test } from 'bun:test';
import { erasePurged, shipMetrics, watchOutbox } from '../src/collecting/outbox.ts';
import { registry } from '../src/metrics.ts';
import { until } from './process.ts';
import { openPublishing, type Publishing } from './publishing.ts';

let p: Publishing;
afterEach(() => p.close());

const rows = 50_000;

/** Figures of so many posts of a community, as collecting leaves them; `broken` ones have views that are no number. */
async function pile(community: string, count: number, broken: readonly number[] = []): Promise<void> {
  await p.test.ctx.sql`
    insert into metrics_outbox (workspace_id, community_id, kind, data)
    select ${p.owner.workspaceId}, ${community}, 'post', jsonb_build_object('ts', now(), 'post_key', n::text,
      'publication_id', ${community}::text, 'published_at', now() - interval '23 hours',
      'views', case when n = any(${broken as number[]}::int[]) then to_jsonb('many'::text) else to_jsonb(n) end)
    from generate_series(1, ${count}::int) n`;
}

const waiting = async () =>
  (await p.test.ctx.sql<{ n: number }[]>`select count(*)::int as n from metrics_outbox`)[0]?.n ?? 0;

const arrived = async (community: string) =>
  (
    await p.test.ctx.ch.query<Record<string, string>>(
      `select count() as rows, uniqExact(post_key) as posts, sum(views) as views,
         (select count() from (select post_key from post_latest_v1 where community_id = {id:UUID} group by post_key)) as latest,
         (select count() from (select post_key from post_at_24h_v1 where community_id = {id:UUID} group by post_key)) as at_24h
       from raw_post_metrics_v1 final where community_id = {id:UUID}`,
      { id: community },
    )
  )[0];

const gauge = async (name: string) =>
  Number(new RegExp(`^${name} (.*)$`, 'm').exec(await registry.metrics())?.[1]);

test('a ClickHouse that is away for long delays no publication, and then has every row once', async () => {
  let away = true;
  let inserts = 0;
  let largest = 0;
  p = await openPublishing({ durations: { ship: 100, collectSettle: 60_000 } });
  const { ctx } = p.test;
  const { insert, query, command } = ctx.ch;
  const gone = () =>
    Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
  ctx.ch = {
    ...ctx.ch,
    ping: async () => !away,
    query: (sql, params) => (away ? gone() : query(sql, params)),
    command: (sql, params) => (away ? gone() : command(sql, params)),
    insert: async (table, some) => {
      if (away) return gone();
      largest = Math.max(largest, some.length);
      await insert(table, some);
      inserts += 1;
      // One batch arrives, and nobody hears of it: it comes again.
      if (inserts === 4) throw new Error('socket hang up');
    },
  };
  const [channel, group] = [await p.telegram(), await p.vk()];
  await pile(channel.id, rows);
  await p.start();
  const due = Date.now() + 1_500;
  const made = await p.ask('POST', '/v1/posts', {
    text: 'on time all the same',
    community_ids: [channel.id, group.id],
    scheduled_at: new Date(due).toISOString(),
  });
  await p.reaches(made.body.id, 'published');
  const sent = p.sandbox
    .ledger()
    .filter(({ event, text }) => event === 'accepted' && text.startsWith('on time'));
  expect(sent).toHaveLength(2);
  for (const { at } of sent) expect(at - due).toBeWithin(0, 1_000);
  expect(await waiting()).toBe(rows);
  expect(await gauge('outpost_metrics_outbox_rows')).toBe(rows);
  expect(await gauge('outpost_metrics_outbox_oldest_seconds')).toBeGreaterThan(1);

  away = false;
  // More to publish while it drains.
  const second = await p.ask('POST', '/v1/posts', {
    text: 'and again',
    community_ids: [channel.id, group.id],
    publish_now: true,
  });
  await p.reaches(second.body.id, 'published');
  await until('everything arrived', async () => (await waiting()) === 0);
  expect(inserts).toBeGreaterThan(4);
  // However much there was, no more than this was in memory at once.
  expect(largest).toBe(5_000);
  expect(await arrived(channel.id)).toEqual({
    rows: `${rows}`,
    posts: `${rows}`,
    views: `${(rows * (rows + 1)) / 2}`,
    latest: `${rows}`,
    at_24h: `${rows}`,
  });
  // It was not known to be refused: nobody answered.
  expect(await ctx.sql`select 1 from metrics_quarantine`).toHaveLength(0);
  await until('the metrics say so', async () => (await gauge('outpost_metrics_outbox_rows')) === 0);
}, 30_000);

test('rows that ClickHouse refuses are set aside with the reason, and the others arrive', async () => {
  p = await openPublishing();
  const { ctx } = p.test;
  const [channel, other] = [await p.telegram(), await p.telegram()];
  const broken = [7, 8, 1_234];
  await pile(channel.id, 1_500, broken);
  await pile(other.id, 5, [1, 2, 3, 4, 5]);
  expect(await shipMetrics(ctx)).toBe(1_505);
  expect(await waiting()).toBe(0);
  const set = await ctx.sql<{ community_id: string; key: string; kind: string; reason: string }[]>`
    select community_id, data ->> 'post_key' as key, kind, reason from metrics_quarantine order by id`;
  expect(set.slice(0, 3).map(({ key, kind }) => [Number(key), kind])).toEqual(broken.map((n) => [n, 'post']));
  expect(set).toHaveLength(8);
  for (const { reason } of set) expect(reason).toContain('CANNOT_PARSE');
  const sum = (1_500 * 1_501) / 2 - broken.reduce((total, n) => total + n, 0);
  expect(await arrived(channel.id)).toMatchObject({ rows: '1497', views: `${sum}`, at_24h: '1497' });
  await watchOutbox(ctx);
  expect(await gauge('outpost_metrics_quarantined_rows')).toBe(8);
  expect(p.test.logs.filter((line) => line.includes('metrics_quarantine')).length).toBeGreaterThan(0);

  // An engine that cannot take anything is not the rows' fault.
  await pile(channel.id, 3);
  for (const type of ['MEMORY_LIMIT_EXCEEDED', 'TIMEOUT_EXCEEDED', 'NOT_ENOUGH_SPACE', 'TOO_MANY_PARTS']) {
    const full = {
      ...ctx.ch,
      insert: () => Promise.reject(Object.assign(new Error(type), { code: '1', type })),
    };
    await expect(shipMetrics({ ...ctx, ch: full })).rejects.toThrow(type);
  }
  expect(await waiting()).toBe(3);
  expect(await ctx.sql`select 1 from metrics_quarantine`).toHaveLength(8);

  expect((await p.ask('DELETE', `/v1/communities/${channel.id}?purge=true`)).status).toBe(204);
  await erasePurged(ctx);
  expect((await arrived(channel.id))?.rows).toBe('0');
  expect(await ctx.sql`select 1 from metrics_quarantine where community_id = ${channel.id}`).toHaveLength(0);
}, 30_000);

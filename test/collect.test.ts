import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { collectDue } from '../src/collecting/collect.ts';
import { erasePurged, shipMetrics, sweepMetrics } from '../src/collecting/outbox.ts';
import type { Context } from '../src/context.ts';
import type { Durations } from '../src/durations.ts';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';
import { readableGroup, silenceCollecting } from './readable.ts';

let p: Publishing;
/** Connected side by side: connecting asks a lot. */
let groups: Connected[] = [];
/** Rows of the sandbox's ledger before this test. */
let before = 0;

beforeAll(async () => {
  // Nothing leaves for ClickHouse and nothing is read but when a test says so.
  p = await openPublishing({ durations: { collectSettle: 0, collectHistory: 0, ship: 3_600_000 } });
  silenceCollecting(p);
  groups = await Promise.all(Array.from({ length: 8 }, (_, index) => readableGroup(p, index < 4)));
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

/** The same with other durations, for what a test does by itself. */
const within = (durations: Partial<Durations>): Context => {
  const { ctx } = p.test;
  return { ...ctx, config: { ...ctx.config, durations: { ...ctx.config.durations, ...durations } } };
};
/** Due at once and then not for a minute. */
const atOnce = { collectPosts: [0, 60_000] };

async function published(community: Connected, text = 'Hello #News https://example.org'): Promise<string> {
  const made = await p.ask('POST', '/v1/posts', { text, community_ids: [community.id], publish_now: true });
  const [publication] = await p.reaches(made.body.id, 'published');
  return publication?.remote_id ?? '';
}

/** Posts that stand on the wall already, as updates would have told. */
async function seen(community: Connected, ids: readonly string[]): Promise<void> {
  await p.test.ctx.sql`
    insert into observed_posts (workspace_id, community_id, remote_id, posted_at, text)
    select ${p.owner.workspaceId}, ${community.id}, id, now() - interval '10 seconds', 'by hand' from unnest(${ids as string[]}::text[]) id`;
}

const dueNow = (...communities: Connected[]) =>
  p.test.ctx
    .sql`update communities set collect_at = now() where id = any(${communities.map(({ id }) => id)}::uuid[])`;
const rowsOf = <T>(sql: string, community: Connected) => p.test.ctx.ch.query<T>(sql, { id: community.id });
const calls = (method: string) =>
  p.sandbox
    .ledger()
    .slice(before)
    .filter((row) => row.event === 'request' && row.method === method);
const waiting = async () =>
  (
    await p.test.ctx.sql<{ kind: string; n: number }[]>`
    select kind, count(*)::int as n from metrics_outbox group by kind order by kind`
  ).map(({ kind, n }) => [kind, n]);

interface PostRow {
  post_key: string;
  views: string | null;
  reach: string | null;
  reactions: string | null;
  comments: string | null;
  shares: string | null;
}
const figures = (community: Connected) =>
  rowsOf<PostRow>(
    `select post_key, views, reach, reactions, comments, shares from raw_post_metrics_v1 final
     where community_id = {id:UUID} order by ts`,
    community,
  );

describe('the collector', () => {
  test('reads a post of VK at each of its ages, and a community every few hours', async () => {
    const group = groupWith('statistics');
    const ctx = within({ collectPosts: [0, 1_500, 60_000] });
    const post = await published(group);
    p.sandbox.setCounters({
      network: 'vk',
      place: group.place,
      remote_id: post,
      views: 10,
      likes: 3,
      reposts: 1,
    });
    p.sandbox.setMembers({ network: 'vk', place: group.place, members: 77 });
    await dueNow(group);
    await collectDue(ctx);
    p.sandbox.setCounters({ network: 'vk', place: group.place, remote_id: post, views: 25 });
    await collectDue(ctx);
    const [due] = await ctx.sql<{ wait: number }[]>`
      select extract(epoch from due_at - clock_timestamp())::float8 * 1000 as wait from metric_due`;
    expect(due?.wait).toBeWithin(0, 1_500);
    await Bun.sleep((due?.wait ?? 0) + 5);
    await collectDue(ctx);
    await shipMetrics(ctx);
    expect(await figures(group)).toEqual([
      { post_key: post, views: '10', reach: '10', reactions: '3', comments: '0', shares: '1' },
      { post_key: post, views: '25', reach: '25', reactions: '3', comments: '0', shares: '1' },
    ]);
    expect(
      await rowsOf<object>(
        'select kind, length, media, hashtags, links, source from posts_v1 final where community_id = {id:UUID}',
        group,
      ),
    ).toEqual([{ kind: 'text', length: 31, media: 0, hashtags: ['news'], links: 1, source: 'ours' }]);
    expect(
      await rowsOf<object>(
        'select members, reach, joins from raw_community_metrics_v1 final where community_id = {id:UUID}',
        group,
      ),
    ).toEqual([{ members: '77', reach: '25', joins: '0' }].map((row) => ({ ...row, reach: '10' })));
    expect(
      await rowsOf<object>(
        `select argMaxMerge(views) as views, argMaxMerge(clicks) as clicks from post_latest_v1
         where community_id = {id:UUID} group by post_key`,
        group,
      ),
    ).toEqual([{ views: '25', clicks: '0' }]);
    expect(
      await rowsOf<object>(
        `select argMaxMerge(members) as members, argMaxMerge(visitors) as visitors from community_per_hour_v1
         where community_id = {id:UUID}`,
        group,
      ),
    ).toEqual([{ members: '77', visitors: '10' }]);
    const [next] =
      await ctx.sql`select due_at - published_at = interval '60 seconds' as last from metric_due`;
    expect(next?.last).toBe(true);
    const [community] = await ctx.sql`
      select members::int, collect_at > now() + interval '5 hours' as later from communities where id = ${group.id}`;
    expect(community).toEqual({ members: 77, later: true });
  }, 20_000);

  test('what Telegram does not tell is null and never 0', async () => {
    const channel = await p.telegram();
    const ctx = within(atOnce);
    const quiet = await published(channel, 'quiet');
    const loud = await published(channel, 'loud');
    await ctx.sql`
      insert into observed_posts (workspace_id, community_id, remote_id, publication_id, posted_at, text, reactions)
      select workspace_id, community_id, remote_id, id, published_at, 'loud', '{"👍": 2, "🔥": 3}' from publications
      where remote_id = ${loud}`;
    await dueNow(channel);
    await collectDue(ctx);
    await shipMetrics(ctx);
    expect(await figures(channel)).toEqual([
      { post_key: loud, views: null, reach: null, reactions: '5', comments: null, shares: null },
    ]);
    expect(
      await rowsOf<object>(
        'select post_key from posts_v1 final where community_id = {id:UUID} order by 1',
        channel,
      ),
    ).toEqual([quiet, loud].map((post_key) => ({ post_key })));
    const [members] = await rowsOf<Record<string, string | null>>(
      'select members, reach, visitors, views, joins, leaves from raw_community_metrics_v1 final where community_id = {id:UUID}',
      channel,
    );
    expect(members).toMatchObject({ reach: null, visitors: null, views: null, joins: null, leaves: null });
    expect(Number(members?.members)).toBeGreaterThan(0);
    expect(
      await rowsOf<object>(
        `select argMaxMerge(views) as views, argMaxMerge(reactions) as reactions from post_latest_v1
         where community_id = {id:UUID} group by post_key`,
        channel,
      ),
    ).toEqual([{ views: null, reactions: '5' }]);
  }, 20_000);

  test('views of Telegram come from the public page, rounded as it shows them, where the owner lets it be read', async () => {
    const { sandbox } = p;
    const bot = sandbox.addBot();
    const chat = sandbox.addChat({ title: 'News', username: 'outpost_news', admins: [{ bot: bot.id }] });
    const { body } = await p.ask('POST', '/v1/communities', {
      network: 'telegram',
      credentials: { bot_token: bot.token },
      external_id: '@outpost_news',
    });
    const ctx = within(atOnce);
    const channel: Connected = { id: body.id, network: 'telegram', tokens: [bot.token], place: chat.id };
    const ids = Array.from({ length: 30 }, (_, index) =>
      sandbox.postAsPerson({ network: 'telegram', place: chat.id, text: `post ${index}` }),
    );
    const [oldest = '', newest = ''] = [ids[0], ids.at(-1)];
    sandbox.setCounters({ network: 'telegram', place: chat.id, remote_id: oldest, views: 1_234 });
    sandbox.setCounters({ network: 'telegram', place: chat.id, remote_id: newest, views: 42 });
    await seen(channel, [oldest, newest]);
    const pages = () => calls('page').length;
    await collectDue(ctx);
    expect([await waiting(), pages()]).toEqual([[['about', 2]], 0]);

    const settings = { preview_statistics: true };
    await p.ask('PATCH', `/v1/communities/${channel.id}`, { settings });
    await ctx.sql`update metric_due set due_at = now()`;
    await collectDue(ctx);
    await shipMetrics(ctx);
    const views = Object.fromEntries((await figures(channel)).map((row) => [row.post_key, row.views]));
    expect(views).toEqual({ [oldest]: '1200', [newest]: '42' });
    expect(pages()).toBe(2);
  }, 20_000);

  test('150 posts of one VK community are two reads of its wall, and those that are gone are read no more', async () => {
    const group = groupWith('counters');
    const ids = Array.from({ length: 150 }, () =>
      p.sandbox.postAsPerson({ network: 'vk', place: group.place, text: 'by hand' }),
    );
    p.sandbox.vk.deleteByPerson({ group: group.place, post_id: Number(ids[7]) });
    await seen(group, ids);
    await collectDue(within(atOnce));
    expect(calls('wall.getById').length).toBe(2);
    expect(await waiting()).toEqual([
      ['about', 150],
      ['post', 149],
    ]);
    const gone = await p.test.ctx.sql`select post_key from metric_due where due_at is null`;
    expect(gone.map(({ post_key }) => post_key)).toEqual([ids[7]]);
  }, 20_000);

  test('an album is one post', async () => {
    const channel = await p.telegram();
    await p.test.ctx.sql`
      insert into observed_posts (workspace_id, community_id, remote_id, posted_at, text, media, album)
      select ${p.owner.workspaceId}, ${channel.id}, id, now(), text, array['image'], 'a1'
      from (values ('9', 'two #a'), ('10', '')) as o(id, text)`;
    await collectDue(within({ collectPosts: [60_000] }));
    expect(await waiting()).toEqual([['about', 1]]);
    await shipMetrics(p.test.ctx);
    expect(
      await rowsOf<object>(
        'select post_key, kind, media, hashtags, source from posts_v1 final where community_id = {id:UUID}',
        channel,
      ),
    ).toEqual([{ post_key: '9', kind: 'album', media: 2, hashtags: ['a'], source: 'elsewhere' }]);
  }, 20_000);

  test('a post that turns out to be a publication is told anew', async () => {
    const channel = await p.telegram();
    p.sandbox.fault({ network: 'telegram', method: 'sendMessage', action: { kind: 'drop_after' } });
    const made = await p.ask('POST', '/v1/posts', {
      text: 'lost answer',
      community_ids: [channel.id],
      publish_now: true,
    });
    const [publication] = await p.reaches(made.body.id, 'unconfirmed');
    const accepted = p.sandbox
      .ledger()
      .slice(before)
      .find(({ event }) => event === 'accepted');
    const remoteId = accepted?.remote_id ?? '';
    await seen(channel, [remoteId]);
    const sources = async () => {
      await collectDue(within(atOnce));
      await shipMetrics(p.test.ctx);
      return rowsOf<object>(
        'select post_key, publication_id, source from posts_v1 final where community_id = {id:UUID}',
        channel,
      );
    };
    const nobody = '00000000-0000-0000-0000-000000000000';
    expect(await sources()).toEqual([{ post_key: remoteId, publication_id: nobody, source: 'elsewhere' }]);
    const confirmed = await p.ask('POST', `/v1/publications/${publication?.id}/confirm`, {
      remote_url: `https://t.me/c/${String(channel.place).slice(4)}/${remoteId}`,
    });
    expect(confirmed.status).toBe(200);
    expect(await sources()).toEqual([
      { post_key: remoteId, publication_id: publication?.id ?? '', source: 'ours' },
    ]);
  }, 20_000);

  test('a post is read later when a publication is near, and the publication goes out in time', async () => {
    const group = groupWith('counters');
    const id = p.sandbox.postAsPerson({ network: 'vk', place: group.place, text: 'by hand' });
    await seen(group, [id]);
    const at = new Date(Date.now() + 1_500);
    const made = await p.ask('POST', '/v1/posts', {
      text: 'soon',
      community_ids: [group.id],
      scheduled_at: at.toISOString(),
    });
    await collectDue(within({ ...atOnce, collectPatience: 300, collectYield: 5_000 }));
    expect(calls('wall.getById')).toEqual([]);
    const [due] = await p.test.ctx.sql`select due_at > now() + interval '1 minute' as later from metric_due`;
    expect(due?.later).toBe(true);
    const [publication] = await p.reaches(made.body.id, 'published');
    expect(Date.parse(publication?.published_at ?? '') - at.getTime()).toBeLessThan(2_000);
  }, 20_000);
});

describe('how often and how long', () => {
  test('a community is read as often as its owner says, and sooner from then on', async () => {
    const channel = await p.telegram();
    const path = `/v1/communities/${channel.id}`;
    expect((await p.ask('GET', path)).body.collect_hours).toBe(6);
    const wait = async () => {
      const [row] = await p.test.ctx.sql<{ hours: number }[]>`
        select round(extract(epoch from collect_at - now()) / 3600.0, 1)::float8 as hours
        from communities where id = ${channel.id}`;
      return row?.hours;
    };
    await dueNow(channel);
    await collectDue(within(atOnce));
    expect(await wait()).toBe(6);
    const changed = await p.ask('PATCH', path, { collect_hours: 2 });
    expect([changed.status, changed.body.collect_hours, await wait()]).toEqual([200, 2, 2]);
    await p.ask('PATCH', path, { collect_hours: 24 });
    expect(await wait()).toBe(2);
    await dueNow(channel);
    await collectDue(within(atOnce));
    expect(await wait()).toBe(24);
    for (const collect_hours of [0, 25, 1.5, null]) {
      const refused = await p.ask('PATCH', path, { collect_hours });
      expect([refused.status, refused.body.errors[0].path]).toEqual([422, '/collect_hours']);
    }
  });

  test('a workspace has its settings, and an empty change changes nothing', async () => {
    const was = (await p.ask('GET', '/v1/workspace')).body;
    expect(was).toMatchObject({ id: p.owner.workspaceId, timezone: 'Europe/Moscow', role: 'owner' });
    expect((await p.ask('PATCH', '/v1/workspace', {})).body).toEqual(was);
    const changed = await p.ask('PATCH', '/v1/workspace', { name: 'Harbour', timezone: 'Asia/Tokyo' });
    expect(changed.body).toEqual({ ...was, name: 'Harbour', timezone: 'Asia/Tokyo' });
    expect((await p.ask('GET', '/v1/workspace')).body).toEqual(changed.body);
    for (const [body, path] of [
      [{ metrics_days: 0 }, '/metrics_days'],
      [{ metrics_days: 3_651 }, '/metrics_days'],
      [{ name: ' ' }, '/name'],
      [{ timezone: '+03:00' }, '/timezone'],
      [{ data_key: 'x' }, '/data_key'],
    ] as const) {
      const refused = await p.ask('PATCH', '/v1/workspace', body);
      expect([refused.status, refused.body.errors[0].path]).toEqual([422, path]);
    }
    const key = await p.test.apiKey(p.owner, ['analytics:read']);
    expect((await p.ask('GET', '/v1/workspace', undefined, { key })).status).toBe(200);
    expect((await p.ask('PATCH', '/v1/workspace', { name: 'x' }, { key })).status).toBe(403);
  });
});

describe('the outbox', () => {
  test('a ClickHouse that is away loses nothing, and a batch that comes twice counts once', async () => {
    const group = groupWith('counters');
    const ctx = within(atOnce);
    const post = await published(group);
    await dueNow(group);
    await collectDue(ctx);
    const down: Context = {
      ...ctx,
      ch: { ...ctx.ch, insert: () => Promise.reject(new Error('connection refused')) },
    };
    const before = await waiting();
    await expect(shipMetrics(down)).rejects.toThrow('connection refused');
    expect(await waiting()).toEqual(before);
    // Killed between the insert and the end of the transaction.
    let inserts = 0;
    const killed: Context = {
      ...ctx,
      ch: {
        ...ctx.ch,
        async insert(table, rows) {
          await ctx.ch.insert(table, rows);
          inserts += 1;
          if (inserts === before.length) throw new Error('killed');
        },
      },
    };
    await expect(shipMetrics(killed)).rejects.toThrow('killed');
    expect(await waiting()).toEqual(before);
    expect(await shipMetrics(ctx)).toBe(before.reduce((sum, [, n]) => sum + Number(n), 0));
    expect(await waiting()).toEqual([]);
    expect((await figures(group)).map(({ post_key }) => post_key)).toEqual([post]);
    expect(
      await rowsOf<object>(
        `select (select count() from raw_community_metrics_v1 final where community_id = {id:UUID}) as communities,
           (select count() from posts_v1 final where community_id = {id:UUID}) as posts`,
        group,
      ),
    ).toEqual([{ communities: '1', posts: '1' }]);
    expect(
      await rowsOf<object>(
        'select argMaxMerge(members) as members from community_per_hour_v1 where community_id = {id:UUID} group by hour',
        group,
      ),
    ).toHaveLength(1);
  }, 20_000);

  test('publishing goes on while ClickHouse is away, and what waits arrives when it is back', async () => {
    await using own = await openPublishing({ durations: { ...atOnce, collectSettle: 0, ship: 100 } });
    let away = true;
    const { ctx } = own.test;
    const { insert } = ctx.ch;
    ctx.ch = {
      ...ctx.ch,
      insert: (table, rows) => (away ? Promise.reject(new Error('connection refused')) : insert(table, rows)),
    };
    const channel = await own.telegram();
    await own.start();
    const publish = async (text: string) => {
      const made = await own.ask('POST', '/v1/posts', {
        text,
        community_ids: [channel.id],
        publish_now: true,
      });
      await own.reaches(made.body.id, 'published');
    };
    const left = async () =>
      (await ctx.sql<{ n: number }[]>`select count(*)::int as n from metrics_outbox`)[0]?.n ?? 0;
    const until = async (done: () => Promise<boolean>) => {
      for (let n = 0; n < 200 && !(await done()); n += 1) await Bun.sleep(25);
    };
    await publish('one');
    // As its cron rings.
    await ctx.queue.enqueue(ctx.sql, 'analytics.collect', [{ payload: {} }]);
    ctx.queue.wake('analytics.collect');
    await until(async () => (await left()) > 0);
    await publish('two');
    expect(await left()).toBe(1);
    away = false;
    await until(async () => (await left()) === 0);
    expect(await left()).toBe(0);
    expect(
      await rowsOf<object>('select source from posts_v1 final where community_id = {id:UUID}', channel),
    ).toEqual([{ source: 'ours' }]);
  }, 20_000);

  test('an erased community is erased in ClickHouse, and old figures go while their sums stay', async () => {
    const [group, kept] = [groupWith('counters'), groupWith('counters')];
    const ctx = within(atOnce);
    await Promise.all([published(group), published(kept)]);
    await dueNow(group, kept);
    await collectDue(ctx);
    await shipMetrics(ctx);
    const count = async (community: Connected, table: string) => {
      const [row] = await rowsOf<{ n: string }>(
        `select count() as n from ${table} where community_id = {id:UUID}`,
        community,
      );
      return Number(row?.n);
    };
    const old = (days: number) => ({
      ts: new Date(Date.now() - days * 86_400_000).toISOString(),
      workspace_id: p.owner.workspaceId,
      community_id: kept.id,
      network: 'vk',
      members: 5,
    });
    await ctx.ch.insert('raw_community_metrics_v1', [old(91), old(40)]);
    await sweepMetrics(ctx);
    expect(await count(kept, 'raw_community_metrics_v1')).toBe(2);
    const changed = await p.ask('PATCH', '/v1/workspace', { metrics_days: 30 });
    expect([changed.status, changed.body.metrics_days]).toEqual([200, 30]);
    await sweepMetrics(ctx);
    expect(await count(kept, 'raw_community_metrics_v1')).toBe(1);
    expect(await count(kept, 'community_per_hour_v1')).toBe(3);

    await dueNow(group, kept);
    await collectDue(ctx);
    const answer = await p.ask('DELETE', `/v1/communities/${group.id}?purge=true`);
    expect(answer.status).toBe(204);
    expect(await count(group, 'raw_post_metrics_v1')).toBe(1);

    expect(await erasePurged(ctx)).toBe(1);
    // What waited for it goes nowhere.
    expect(await shipMetrics(ctx)).toBeGreaterThan(0);
    for (const table of [
      'raw_post_metrics_v1',
      'raw_community_metrics_v1',
      'posts_v1',
      'post_latest_v1',
      'community_per_hour_v1',
      'publication_events_v1',
    ]) {
      expect([table, await count(group, table)]).toEqual([table, 0]);
    }
    expect(await count(kept, 'raw_post_metrics_v1')).toBe(1);
  }, 30_000);
});

describe('a refresh', () => {
  const finished = async (id: string) => {
    for (let n = 0; n < 200; n += 1) {
      const { body } = await p.ask('GET', `/v1/jobs/${id}`);
      if (body.state === 'completed' || body.state === 'failed') return body;
      await Bun.sleep(50);
    }
    throw new Error('the job did not end');
  };

  test('reads everything now, once for all who ask, and tells how far it is', async () => {
    const group = groupWith('statistics');
    // More than one call tells the reach of.
    const ids = Array.from({ length: 31 }, () =>
      p.sandbox.postAsPerson({ network: 'vk', place: group.place, text: 'by hand' }),
    );
    const id = ids[30] ?? '';
    await seen(group, ids);
    await collectDue(within(atOnce));
    expect(calls('stats.getPostReach').length).toBe(2);
    await shipMetrics(p.test.ctx);
    p.sandbox.setCounters({ network: 'vk', place: group.place, remote_id: id, views: 5 });
    const first = await p.ask('POST', `/v1/communities/${group.id}/refresh-analytics`);
    const second = await p.ask('POST', `/v1/communities/${group.id}/refresh-analytics`);
    expect(first.status).toBe(202);
    expect(first.body.job).toMatchObject({
      kind: 'refresh_analytics',
      state: 'pending',
      progress: 0,
      error: null,
    });
    expect(second.body.job.id).toBe(first.body.job.id);
    expect(await finished(first.body.job.id)).toEqual({
      ...first.body.job,
      state: 'completed',
      progress: 1,
    });
    await shipMetrics(p.test.ctx);
    const views = (await figures(group)).filter((row) => row.post_key === id).map((row) => row.views);
    expect(views).toEqual(['0', '5']);
  }, 20_000);

  test('says why it failed, and a community that is not connected has none', async () => {
    const channel = await p.telegram();
    p.sandbox.revoke(channel.tokens[0] ?? '');
    const { body } = await p.ask('POST', `/v1/communities/${channel.id}/refresh-analytics`);
    const job = await finished(body.job.id);
    expect(job).toMatchObject({ state: 'failed', progress: 0 });
    expect(job.error).toBeString();
    expect(JSON.stringify(job)).not.toContain(channel.tokens[0] ?? '?');
    await p.ask('DELETE', `/v1/communities/${channel.id}`);
    expect((await p.ask('POST', `/v1/communities/${channel.id}/refresh-analytics`)).body.code).toBe(
      'wrong_state',
    );
  }, 20_000);
});

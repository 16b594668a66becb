import { afterEach, describe, expect, test } from 'bun:test';
import { collectDue } from '../src/collecting/collect.ts';
import { erasePurged, shipMetrics, sweepMetrics } from '../src/collecting/outbox.ts';
import type { Context } from '../src/context.ts';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

let p: Publishing;
afterEach(() => p.close());

const settled = { collectSettle: 0, collectPosts: [0, 400, 60_000] };

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

const dueNow = (ctx: Context) => ctx.sql`update communities set collect_at = now()`;
const rowsOf = <T>(sql: string, community: Connected) => p.test.ctx.ch.query<T>(sql, { id: community.id });
const calls = (method: string) =>
  p.sandbox.ledger().filter((row) => row.event === 'request' && row.method === method);
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
    p = await openPublishing({ durations: { ...settled, collectPosts: [0, 4_000, 60_000] } });
    const group = await p.vk();
    await p.start();
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
    const { ctx } = p.test;
    await dueNow(ctx);
    await collectDue(ctx);
    p.sandbox.setCounters({ network: 'vk', place: group.place, remote_id: post, views: 25 });
    await collectDue(ctx);
    await Bun.sleep(4_000);
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
    p = await openPublishing({ durations: settled });
    const channel = await p.telegram();
    await p.start();
    const quiet = await published(channel, 'quiet');
    const loud = await published(channel, 'loud');
    const { ctx } = p.test;
    await ctx.sql`
      insert into observed_posts (workspace_id, community_id, remote_id, publication_id, posted_at, text, reactions)
      select workspace_id, community_id, remote_id, id, published_at, 'loud', '{"👍": 2, "🔥": 3}' from publications
      where remote_id = ${loud}`;
    await dueNow(ctx);
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
    p = await openPublishing({ durations: settled });
    const { sandbox } = p;
    const bot = sandbox.addBot();
    const chat = sandbox.addChat({ title: 'News', username: 'outpost_news', admins: [{ bot: bot.id }] });
    const { body } = await p.ask('POST', '/v1/communities', {
      network: 'telegram',
      credentials: { bot_token: bot.token },
      external_id: '@outpost_news',
    });
    const channel: Connected = { id: body.id, network: 'telegram', tokens: [bot.token], place: chat.id };
    const ids = Array.from({ length: 30 }, (_, index) =>
      sandbox.postAsPerson({ network: 'telegram', place: chat.id, text: `post ${index}` }),
    );
    const [oldest = '', newest = ''] = [ids[0], ids.at(-1)];
    sandbox.setCounters({ network: 'telegram', place: chat.id, remote_id: oldest, views: 1_234 });
    sandbox.setCounters({ network: 'telegram', place: chat.id, remote_id: newest, views: 42 });
    await seen(channel, [oldest, newest]);
    await collectDue(p.test.ctx);
    await shipMetrics(p.test.ctx);
    const views = Object.fromEntries((await figures(channel)).map((row) => [row.post_key, row.views]));
    expect(views).toEqual({ [oldest]: '1200', [newest]: '42' });
    await p.ask('PATCH', `/v1/communities/${channel.id}`, { settings: { preview_page: false } });
    const pages = sandbox.ledger().filter(({ method }) => method.includes('preview')).length;
    await p.test.ctx.sql`update metric_due set due_at = now()`;
    await collectDue(p.test.ctx);
    expect(await waiting()).toEqual([['about', 2]]);
    expect(sandbox.ledger().filter(({ method }) => method.includes('preview'))).toHaveLength(pages);
  }, 20_000);

  test('150 posts of one VK community are two reads of its wall, and those that are gone are read no more', async () => {
    p = await openPublishing({ durations: settled });
    const group = await p.vk();
    const ids = Array.from({ length: 150 }, () =>
      p.sandbox.postAsPerson({ network: 'vk', place: group.place, text: 'by hand' }),
    );
    p.sandbox.vk.deleteByPerson({ group: group.place, post_id: Number(ids[7]) });
    await seen(group, ids);
    await collectDue(p.test.ctx);
    expect(calls('wall.getById').length).toBe(2);
    expect(await waiting()).toEqual([
      ['about', 150],
      ['post', 149],
    ]);
    const gone = await p.test.ctx.sql`select post_key from metric_due where due_at is null`;
    expect(gone.map(({ post_key }) => post_key)).toEqual([ids[7]]);
  }, 20_000);

  test('an album is one post', async () => {
    p = await openPublishing({ durations: { ...settled, collectPosts: [60_000] } });
    const channel = await p.telegram();
    await p.test.ctx.sql`
      insert into observed_posts (workspace_id, community_id, remote_id, posted_at, text, media, album)
      select ${p.owner.workspaceId}, ${channel.id}, id, now(), text, array['image'], 'a1'
      from (values ('9', 'two #a'), ('10', '')) as o(id, text)`;
    await collectDue(p.test.ctx);
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
    p = await openPublishing({ durations: settled });
    const channel = await p.telegram();
    await p.start();
    p.sandbox.fault({ network: 'telegram', method: 'sendMessage', action: { kind: 'drop_after' } });
    const made = await p.ask('POST', '/v1/posts', {
      text: 'lost answer',
      community_ids: [channel.id],
      publish_now: true,
    });
    const [publication] = await p.reaches(made.body.id, 'unconfirmed');
    const remoteId = p.sandbox.ledger().find(({ event }) => event === 'accepted')?.remote_id ?? '';
    await seen(channel, [remoteId]);
    const sources = async () => {
      await collectDue(p.test.ctx);
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
    p = await openPublishing({ durations: { ...settled, collectPatience: 300, collectYield: 5_000 } });
    const group = await p.vk();
    const id = p.sandbox.postAsPerson({ network: 'vk', place: group.place, text: 'by hand' });
    await seen(group, [id]);
    const at = new Date(Date.now() + 3_000);
    const made = await p.ask('POST', '/v1/posts', {
      text: 'soon',
      community_ids: [group.id],
      scheduled_at: at.toISOString(),
    });
    await collectDue(p.test.ctx);
    expect(calls('wall.getById')).toEqual([]);
    const [due] = await p.test.ctx.sql`select due_at > now() + interval '1 minute' as later from metric_due`;
    expect(due?.later).toBe(true);
    await p.start();
    const [publication] = await p.reaches(made.body.id, 'published');
    expect(Date.parse(publication?.published_at ?? '') - at.getTime()).toBeLessThan(2_000);
  }, 20_000);
});

describe('the outbox', () => {
  test('a ClickHouse that is away loses nothing, and a batch that comes twice counts once', async () => {
    p = await openPublishing({ durations: settled });
    const group = await p.vk();
    await p.start();
    const post = await published(group);
    await p.rest();
    const { ctx } = p.test;
    await dueNow(ctx);
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
    let away = true;
    p = await openPublishing({ durations: { ...settled, ship: 100 } });
    const { ctx } = p.test;
    const insert = ctx.ch.insert;
    ctx.ch = {
      ...ctx.ch,
      insert: (table, rows) => (away ? Promise.reject(new Error('connection refused')) : insert(table, rows)),
    };
    const group = await p.vk();
    await p.start();
    await published(group, 'one');
    await collectDue(ctx);
    await published(group, 'two');
    expect(await waiting()).not.toEqual([]);
    away = false;
    for (let n = 0; n < 100 && (await waiting()).length > 0; n += 1) await Bun.sleep(50);
    expect(await waiting()).toEqual([]);
    expect(await figures(group)).toHaveLength(1);
  }, 20_000);

  test('an erased community is erased in ClickHouse, and old figures go while their sums stay', async () => {
    p = await openPublishing({ durations: settled });
    const [group, kept] = [await p.vk(), await p.vk()];
    await p.start();
    await published(group);
    await published(kept);
    const { ctx } = p.test;
    await dueNow(ctx);
    await collectDue(ctx);
    await shipMetrics(ctx);
    const count = async (community: Connected, table: string) => {
      const [row] = await rowsOf<{ n: string }>(
        `select count() as n from ${table} where community_id = {id:UUID}`,
        community,
      );
      return Number(row?.n);
    };
    await ctx.ch.insert('raw_community_metrics_v1', [
      {
        ts: new Date(Date.now() - 91 * 86_400_000).toISOString(),
        workspace_id: p.owner.workspaceId,
        community_id: kept.id,
        network: 'vk',
        members: 5,
      },
    ]);
    expect(await count(kept, 'raw_community_metrics_v1')).toBe(2);
    await sweepMetrics(ctx);
    expect(await count(kept, 'raw_community_metrics_v1')).toBe(1);
    expect(await count(kept, 'community_per_hour_v1')).toBe(2);

    await p.rest();
    await dueNow(ctx);
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
    p = await openPublishing({ durations: settled });
    const group = await p.vk();
    const id = p.sandbox.postAsPerson({ network: 'vk', place: group.place, text: 'by hand' });
    await seen(group, [id]);
    await collectDue(p.test.ctx);
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
    await p.start();
    expect(await finished(first.body.job.id)).toEqual({
      ...first.body.job,
      state: 'completed',
      progress: 1,
    });
    await shipMetrics(p.test.ctx);
    expect((await figures(group)).map(({ views }) => views)).toEqual(['0', '5']);
  }, 20_000);

  test('says why it failed, and a community that is not connected has none', async () => {
    p = await openPublishing({ durations: settled });
    const channel = await p.telegram();
    p.sandbox.revoke(channel.tokens[0] ?? '');
    const { body } = await p.ask('POST', `/v1/communities/${channel.id}/refresh-analytics`);
    await p.start();
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

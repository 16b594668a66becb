import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { readStringSession } from '@mtcute/bun/utils.js';
import { collectDue } from '../src/collecting/collect.ts';
import { shipMetrics } from '../src/collecting/outbox.ts';
import { alone } from '../src/communities/alone.ts';
import { readConfig } from '../src/config.ts';
import type { Context } from '../src/context.ts';
import type { Durations } from '../src/durations.ts';
import { redact } from '../src/log.ts';
import { clientOf } from '../src/networks/telegram/session/client.ts';
import { pageFrom } from '../src/networks/telegram/session/read.ts';
import { signIn } from '../src/networks/telegram/session/sign-in.ts';
import { onThread } from '../src/networks/telegram/session/thread.ts';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';
import { silenceCollecting } from './readable.ts';
import { type Account, Accounts, type PeopleChannel } from './telegram-accounts.ts';

// What stands behind this is a server of ours that speaks Telegram's protocol by its schema. Telegram itself was never
// asked: neither its limits nor its moods are seen here.

const day = 86_400_000;
let p: Publishing;
let people: Accounts;
/** Sees what she is put into. */
let anna: Account;
let before = 0;

beforeAll(async () => {
  people = await Accounts.start();
  p = await openPublishing({
    durations: { collectSettle: 0, ship: 3_600_000, collectYield: 0, sendText: 5_000 },
    otherRoots: { telegram: { app_id: '1234567', mtproto: people.server.address } },
  });
  silenceCollecting(p);
  anna = people.account('Anna');
  await p.start();
});
beforeEach(async () => {
  before = people.server.calls.length;
  await p.test.ctx.sql`truncate metric_due, metrics_outbox`;
  await p.test.ctx.sql`update communities set history_at = null, collect_at = now() + interval '1 day'`;
});
afterAll(async () => {
  await p.close();
  people.server.stop();
});

const within = (durations: Partial<Durations>, more: Partial<Context['config']> = {}): Context => {
  const { ctx } = p.test;
  const { config } = ctx;
  return { ...ctx, config: { ...config, ...more, durations: { ...config.durations, ...durations } } };
};
const atOnce = { collectPosts: [0, 60_000] };
const calls = (method: string) =>
  people.server.calls.slice(before).filter((called) => called.method === method);
const give = (place: Connected, credentials: Record<string, unknown>) =>
  p.ask('PATCH', `/v1/communities/${place.id}`, { credentials });
const rightsOf = async (place: Connected) => (await p.ask('GET', `/v1/communities/${place.id}/rights`)).body;
const statistics = (rights: { rights: { name: string; detail: string }[] }) =>
  rights.rights.find(({ name }) => name === 'statistics')?.detail ?? '';

/** A channel that the bot posts to and accounts see; its session is given, where one is named. */
async function channel(
  more: Partial<PeopleChannel> = {},
  account: Account | null = anna,
): Promise<{ place: Connected; seen: PeopleChannel }> {
  const place = await p.telegram();
  const seen = people.channel(place.place, { seenBy: [anna], ...more });
  if (account) expect((await give(place, { user_session: account.session })).status).toBe(200);
  return { place, seen };
}

async function published(place: Connected, text: string): Promise<{ postId: string; remoteId: number }> {
  const made = await p.ask('POST', '/v1/posts', { text, community_ids: [place.id], publish_now: true });
  const [publication] = await p.reaches(made.body.id, 'published');
  return { postId: made.body.id, remoteId: Number(publication?.remote_id) };
}

/** Connections that are open still, a moment after. */
async function linesLeft(): Promise<number> {
  for (let n = 0; n < 50 && people.server.open.size > 0; n += 1) await Bun.sleep(20);
  return people.server.open.size;
}

const figuresDue = ({ id }: Connected) =>
  p.test.ctx.sql`update metric_due set due_at = now() where community_id = ${id}`;
const historyDue = ({ id }: Connected) =>
  p.test.ctx.sql`update communities set history_at = now() where id = ${id} and history_read_at is null`;
const figuresOf = async (postId: string) => {
  const { body } = await p.ask('GET', `/v1/analytics/posts/${postId}`);
  return body.publications[0].latest;
};

describe('a user session', () => {
  test('brings the figures of a private channel into its answers, a hundred posts with one call', async () => {
    const { place, seen } = await channel();
    const loud = await published(place, 'loud');
    const quiet = await published(place, 'quiet');
    const gone = await published(place, 'gone');
    const at = Date.now();
    seen.messages
      .set(loud.remoteId, {
        at,
        text: 'loud',
        views: 1_234,
        forwards: 5,
        reactions: { '👍': 7, '🔥': 2 },
        comments: 3,
      })
      .set(quiet.remoteId, { at, text: 'quiet', views: 40 })
      .set(gone.remoteId, null);
    const bot = p.sandbox.ledger().length;
    const ctx = within(atOnce);
    await collectDue(ctx);
    await shipMetrics(ctx);
    expect(await figuresOf(loud.postId)).toMatchObject({
      views: 1_234,
      reactions: 9,
      comments: 3,
      shares: 5,
      reach: null,
      clicks: null,
    });
    // Reactions are allowed there, so that none is a number; comments are not, so that none is not.
    expect(await figuresOf(quiet.postId)).toMatchObject({
      views: 40,
      reactions: 0,
      comments: null,
      shares: 0,
    });
    expect(await figuresOf(gone.postId)).toBeNull();
    const { body } = await p.ask('GET', '/v1/analytics/overview?days=7');
    const row = body.communities.find(({ id }: { id: string }) => id === place.id);
    expect([row.views.value, row.reactions.value, row.comments.value, row.shares.value]).toEqual([
      1_274, 9, 3, 5,
    ]);
    const [called, ...others] = calls('channels.getMessages');
    expect(others).toEqual([]);
    expect(called).toMatchObject({ appId: 1_234_567, device: 'Outpost', withoutUpdates: true });
    expect(called?.params.id).toHaveLength(3);
    // Neither the bot nor the public page was asked, and no connection was left open.
    expect(
      p.sandbox
        .ledger()
        .slice(bot)
        .filter(({ event }) => event === 'request'),
    ).toEqual([]);
    expect(await linesLeft()).toBe(0);
    const [due] = await ctx.sql`select due_at from metric_due where post_key = ${String(gone.remoteId)}`;
    expect(due?.due_at).toBeNull();
  }, 20_000);

  test('goes before the public page, which is read again when the session has died', async () => {
    const bot = p.sandbox.addBot();
    const chat = p.sandbox.addChat({ title: 'Both', username: 'outpost_both', admins: [{ bot: bot.id }] });
    const dora = people.account('Dora');
    const seen = people.channel(chat.id, { username: 'outpost_both', reactions: false });
    const made = await p.ask('POST', '/v1/communities', {
      network: 'telegram',
      credentials: { bot_token: bot.token, user_session: dora.session },
      external_id: '@outpost_both',
      settings: { preview_statistics: true },
    });
    expect(made.status).toBe(201);
    const place: Connected = { id: made.body.id, network: 'telegram', tokens: [bot.token], place: chat.id };
    const post = await published(place, 'both');
    seen.messages.set(post.remoteId, { at: Date.now(), text: 'both', views: 1_234 });
    const shown = { network: 'telegram', place: chat.id, remote_id: String(post.remoteId) } as const;
    p.sandbox.setCounters({ ...shown, views: 999 });
    const rows = p.sandbox.ledger().length;
    const pages = () =>
      p.sandbox
        .ledger()
        .slice(rows)
        .filter(({ method }) => method === 'page').length;
    const ctx = within({ collectPosts: [0, 60_000] });
    await collectDue(ctx);
    await shipMetrics(ctx);
    // Where reactions are not allowed nobody knows how many there would be.
    expect(await figuresOf(post.postId)).toMatchObject({ views: 1_234, reactions: null, comments: null });
    expect(pages()).toBe(0);
    people.fault('channels.getMessages', { code: 401, error: 'USER_DEACTIVATED' });
    await figuresDue(place);
    await collectDue(ctx);
    await shipMetrics(ctx);
    expect(await figuresOf(post.postId)).toMatchObject({ views: 999, shares: null });
    expect(pages()).toBe(1);
    expect((await rightsOf(place)).warnings[0].message).toContain('USER_DEACTIVATED');
  }, 20_000);

  test('tells members when the bot may not', async () => {
    const { place } = await channel({ members: 4_321 });
    p.sandbox.fault({
      network: 'telegram',
      method: 'getChatMemberCount',
      action: { kind: 'telegram_error', error_code: 403, description: 'Forbidden: bot was kicked' },
    });
    await p.test.ctx.sql`update communities set collect_at = now() where id = ${place.id}`;
    await collectDue(within(atOnce));
    p.sandbox.clearFaults();
    const { body } = await p.ask('GET', `/v1/communities/${place.id}`);
    expect(body.members).toBe(4_321);
  }, 20_000);

  test('reads the posts of a private channel back, albums whole', async () => {
    const { place, seen } = await channel({}, null);
    const now = Date.now();
    for (let id = 1; id <= 240; id += 1) {
      seen.messages.set(id, { at: now - (400 - id) * day, text: `post ${id}`, views: id });
    }
    seen.messages.set(239, { at: now - 161 * day, text: '', service: true });
    // On the edge of the first page, which begins at 240: 140 and 141 are one post.
    for (const id of [140, 141]) {
      const at = now - 260 * day;
      seen.messages.set(id, {
        at,
        text: id === 140 ? 'two pictures' : '',
        photo: true,
        album: '9001',
        views: 77,
      });
    }
    const ctx = within({ collectPosts: [0, 30 * day] });
    const historyOf = async () => (await p.ask('GET', `/v1/communities/${place.id}`)).body.history;
    await historyDue(place);
    await collectDue(ctx);
    expect(await historyOf()).toMatchObject({ state: 'unavailable' });
    await give(place, { user_session: anna.session });
    await collectDue(ctx);
    // 36 to 240 are of the last year: without the service message, and two are one.
    expect(await historyOf()).toMatchObject({ state: 'complete', posts: 203 });
    expect(calls('messages.getHistory').map(({ params }) => params.offsetId)).toEqual([0, 142, 42]);
    await shipMetrics(ctx);
    const posts = await p.test.ctx.ch.query<object>(
      `select post_key, kind, media, views from posts_v1 final
       left join (select post_key, views from raw_post_metrics_v1 final where community_id = {id:UUID}) as figures using (post_key)
       where community_id = {id:UUID} and post_key in ('140', '141', '240') order by post_key`,
      { id: place.id },
    );
    expect(posts).toEqual([
      { post_key: '140', kind: 'album', media: 2, views: '77' },
      { post_key: '240', kind: 'text', media: 0, views: '240' },
    ]);
  }, 20_000);

  test('reads on where a whole page holds no post', async () => {
    const { place, seen } = await channel({}, null);
    const at = Date.now() - 30 * day;
    for (let id = 1; id <= 210; id += 1) {
      seen.messages.set(id, { at: at + id * 60_000, text: `post ${id}`, service: id > 100 });
    }
    seen.messages.set(205, null);
    await historyDue(place);
    await give(place, { user_session: anna.session });
    await collectDue(within({ collectPosts: [0, 30 * day] }));
    const { body } = await p.ask('GET', `/v1/communities/${place.id}`);
    expect(body.history).toMatchObject({ state: 'complete', posts: 100 });
    expect(calls('messages.getHistory').map(({ params }) => params.offsetId)).toEqual([0, 111, 11]);
  }, 20_000);

  test('takes what it does not see in a group for hidden, not for deleted', async () => {
    const bot = p.sandbox.addBot();
    const chat = p.sandbox.addChat({ title: 'Talk', type: 'supergroup', admins: [{ bot: bot.id }] });
    const seen = people.channel(chat.id, { seenBy: [anna] });
    const made = await p.ask('POST', '/v1/communities', {
      network: 'telegram',
      credentials: { bot_token: bot.token, user_session: anna.session },
      external_id: String(chat.id),
    });
    expect(made.status).toBe(201);
    const place: Connected = { id: made.body.id, network: 'telegram', tokens: [bot.token], place: chat.id };
    const post = await published(place, 'hidden');
    seen.messages.set(post.remoteId, null);
    await collectDue(within(atOnce));
    expect(calls('channels.getMessages')).toHaveLength(1);
    const [due] = await p.test.ctx.sql`select due_at from metric_due where community_id = ${place.id}`;
    expect(due?.due_at).toBeInstanceOf(Date);
  }, 20_000);
});

describe('when Telegram says no', () => {
  test('a flood wait is waited for by all that the account reads, and nothing is written down as 0', async () => {
    const { place, seen } = await channel();
    const other = await channel();
    const post = await published(place, 'flood');
    const second = await published(other.place, 'flood, too');
    seen.messages.set(post.remoteId, { at: Date.now(), text: 'flood', views: 9 });
    people.fault('channels.getMessages', { code: 420, error: 'FLOOD_WAIT_1800' });
    const ctx = within({ ...atOnce, collectPatience: 200 });
    await collectDue(ctx);
    expect(calls('channels.getMessages')).toHaveLength(1);
    await shipMetrics(ctx);
    expect([await figuresOf(post.postId), await figuresOf(second.postId)]).toEqual([null, null]);
    const waits = await ctx.sql<{ wait: number }[]>`
      select extract(epoch from due_at - now())::float8 as wait from metric_due order by due_at`;
    expect(waits.at(-1)?.wait).toBeWithin(1_700, 1_801);
    await figuresDue(place);
    await collectDue(ctx);
    expect(calls('channels.getMessages')).toHaveLength(1);
    const [held] = await ctx.sql<{ wait: number }[]>`
      select extract(epoch from blocked_until - now())::float8 as wait from pace_buckets
      where key = ${`telegram:user:${anna.id}`}`;
    expect(held?.wait).toBeWithin(1_700, 1_801);
    await ctx.sql`delete from pace_buckets where key = ${`telegram:user:${anna.id}`}`;
    await figuresDue(place);
    await collectDue(ctx);
    await shipMetrics(ctx);
    expect(await figuresOf(post.postId)).toMatchObject({ views: 9 });
    // Sending had nothing to wait for.
    await ctx.sql`insert into pace_buckets (key, blocked_until) values (${`telegram:user:${anna.id}`}, now() + interval '1 hour')
      on conflict (key) do update set blocked_until = excluded.blocked_until`;
    const at = performance.now();
    await published(place, 'out in time');
    expect(performance.now() - at).toBeLessThan(5_000);
    await ctx.sql`delete from pace_buckets where key = ${`telegram:user:${anna.id}`}`;
  }, 20_000);

  test('a session that was revoked is warned of and used no more, while the bot goes on', async () => {
    const boris = people.account('Boris');
    const { place, seen } = await channel({ seenBy: [boris] }, boris);
    const post = await published(place, 'revoked');
    seen.messages.set(post.remoteId, { at: Date.now(), text: 'revoked', views: 5 });
    people.fault('channels.getMessages', { code: 401, error: 'SESSION_REVOKED' });
    const ctx = within(atOnce);
    await collectDue(ctx);
    const [warning] = (await rightsOf(place)).warnings;
    expect(warning).toMatchObject({ code: 'credential_unusable' });
    expect(warning.message).toContain('SESSION_REVOKED');
    // A check that gets no answer does not bring it back, and neither does the next one.
    for (let n = 0; n < 2; n += 1) {
      people.fault('users.getUsers', { code: 500, error: 'INTERNAL' });
      const { body } = await p.ask('POST', `/v1/communities/${place.id}/check`);
      expect(body.warnings).toMatchObject([{ code: 'credential_unusable', since: warning.since }]);
      expect(statistics(await rightsOf(place))).not.toContain('are read with the user session');
    }
    const asked = people.server.calls.length;
    await figuresDue(place);
    await p.test.ctx.sql`update communities set collect_at = now() where id = ${place.id}`;
    await collectDue(ctx);
    await shipMetrics(ctx);
    expect(people.server.calls.length).toBe(asked);
    expect(await figuresOf(post.postId)).toBeNull();
    expect((await p.ask('GET', `/v1/communities/${place.id}`)).body).toMatchObject({ status: 'active' });
    await published(place, 'the bot goes on');

    // Telegram forgets the key at some time: a check finds that out, and does not make a key of its own.
    people.server.forget(boris.key);
    const checked = await p.ask('POST', `/v1/communities/${place.id}/check`);
    expect(checked.body).toMatchObject({ status: 'active' });
    expect(checked.body.warnings[0].message).toContain('AUTH_KEY_UNKNOWN');
    people.server.addKey(boris.key);
    const back = await give(place, { user_session: boris.session });
    expect([back.status, back.body.warnings]).toEqual([200, []]);
    await figuresDue(place);
    await collectDue(ctx);
    await shipMetrics(ctx);
    expect(await figuresOf(post.postId)).toMatchObject({ views: 5 });
  }, 20_000);

  test('no answer and a broken line are tried again later, and leave no connection behind', async () => {
    const { place, seen } = await channel();
    const post = await published(place, 'later');
    seen.messages.set(post.remoteId, { at: Date.now(), text: 'later', views: 8 });
    const ctx = within({ ...atOnce, sendText: 800 });
    for (const answer of ['silence', 'hang_up'] as const) {
      people.fault('channels.getMessages', answer, 20);
      await figuresDue(place);
      await collectDue(ctx);
      people.clearFaults();
      const [due] = await ctx.sql`select due_at > now() + interval '9 minutes' as later from metric_due`;
      expect(due?.later).toBe(true);
      expect(await linesLeft()).toBe(0);
      // The other communities of the account are spared the wait.
      const held = await ctx.sql<{ wait: number }[]>`
        delete from pace_buckets where key = ${`telegram:user:${anna.id}`}
        returning extract(epoch from blocked_until - now())::float8 as wait`;
      expect(held[0]?.wait).toBeWithin(270, 301);
    }
    expect(calls('channels.getMessages')).toHaveLength(2);
    expect((await rightsOf(place)).warnings).toEqual([]);
    // A check that gets no answer keeps what it knew.
    people.fault('users.getUsers', { code: 500, error: 'INTERNAL' });
    const checked = await p.ask('POST', `/v1/communities/${place.id}/check`);
    expect([checked.status, checked.body.warnings]).toEqual([200, []]);
    await figuresDue(place);
    await collectDue(within(atOnce));
    await shipMetrics(ctx);
    expect(await figuresOf(post.postId)).toMatchObject({ views: 8 });
  }, 20_000);
});

describe('giving one', () => {
  test('is checked at once, stands beside the bot’s token, and can be taken away', async () => {
    const { place } = await channel({}, null);
    expect(statistics(await rightsOf(place))).toContain('(credentials.user_session)');
    const bot = people.account('Robot', { bot: true });
    const stranger = people.account('Stranger');
    const unknown = people.account('Unknown');
    people.server.forget(unknown.key);
    const refused: [string, string][] = [
      [bot.session, 'session of a bot'],
      [stranger.session, 'does not see this channel'],
      [unknown.session, 'AUTH_KEY_UNKNOWN'],
      [people.account('Tester', { testMode: true }).session, 'no session of Telegram that can be used'],
      [`${'A'.repeat(400)}`, 'no session of Telegram that can be used'],
    ];
    const answers = await Promise.all(refused.map(([user_session]) => give(place, { user_session })));
    for (const [index, { status, body }] of answers.entries()) {
      expect([status, body.errors[0].path]).toEqual([422, '/credentials/user_session']);
      expect(body.errors[0].message).toContain(refused[index]?.[1] ?? '');
    }
    expect((await give(place, { user_session: 'short' })).body.errors[0]).toEqual({
      path: '/credentials/user_session',
      message: 'must be a session as `bun run telegram-session` prints it',
    });
    people.fault('users.getUsers', { code: 420, error: 'FLOOD_WAIT_30' });
    const limited = await give(place, { user_session: anna.session });
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '30']);
    expect((await rightsOf(place)).credential.kinds).toEqual(['bot_token']);

    const given = await give(place, { user_session: anna.session });
    expect(given.status).toBe(200);
    const rights = await rightsOf(place);
    expect(rights.credential.kinds.sort()).toEqual(['bot_token', 'user_session']);
    expect(statistics(rights)).toContain(
      'with the user session of Anna: it gives Outpost that whole account',
    );
    // By now the account's own name for the channel is known: its chats are looked through no more.
    before = people.server.calls.length;
    await p.ask('POST', `/v1/communities/${place.id}/check`);
    expect(people.server.calls.slice(before).map(({ method }) => method)).toEqual([
      'users.getUsers',
      'channels.getFullChannel',
    ]);
    // A second bot stands beside both.
    expect((await give(place, { witness_token: p.sandbox.addBot().token })).status).toBe(200);
    expect((await rightsOf(place)).credential.kinds.sort()).toEqual([
      'bot_token',
      'user_session',
      'witness_token',
    ]);
    const taken = await give(place, { user_session: null, witness_token: null });
    expect(taken.status).toBe(200);
    expect((await rightsOf(place)).credential.kinds).toEqual(['bot_token']);
    expect((await give(place, { bot_token: null })).status).toBe(422);
    before = people.server.calls.length;
    await p.test.ctx.sql`update communities set collect_at = now() where id = ${place.id}`;
    await collectDue(within(atOnce));
    expect(people.server.calls.length).toBe(before);
    await published(place, 'the bot is as it was');
  }, 20_000);

  test('is not possible where the operator has set no application', async () => {
    const { place } = await channel({}, null);
    const { ctx } = p.test;
    const set = ctx.config;
    const { app_id: _, ...without } = set.otherRoots.telegram ?? {};
    ctx.config = { ...set, otherRoots: { ...set.otherRoots, telegram: without } };
    try {
      const { status, body } = await give(place, { user_session: anna.session });
      expect([status, body.errors[0].path]).toEqual([422, '/credentials/user_session']);
      expect(body.errors[0].message).toContain('TELEGRAM_API_ID and TELEGRAM_API_HASH');
    } finally {
      ctx.config = set;
    }
    expect(calls('users.getUsers')).toEqual([]);
    expect(readConfig({}).otherRoots.telegram).not.toHaveProperty('app_id');
    const hash = '0123456789abcdef0123456789abcdef';
    expect(readConfig({ TELEGRAM_API_ID: '5', TELEGRAM_API_HASH: hash }).clients.telegram).toEqual({
      id: '5',
      secret: hash,
    });
    expect(() => readConfig({ TELEGRAM_API_ID: '5' })).toThrow('TELEGRAM_API_HASH is missing');
    for (const [id, wrong] of [
      ['x', hash],
      ['5', 'not a hash'],
    ] as const) {
      expect(() => readConfig({ TELEGRAM_API_ID: id, TELEGRAM_API_HASH: wrong })).toThrow(/must be the api_/);
    }
  });

  test('goes nowhere but to Telegram’s own servers, whatever address a session names', async () => {
    expect(readStringSession(anna.session).primaryDcs.main.ipAddress).toBe('203.0.113.7');
    const app = { id: 1, hash: '', server: null };
    const client = await clientOf(app, anna.session);
    const main = readStringSession((await client?.exportSession()) ?? '').primaryDcs.main;
    await client?.destroy();
    expect([main.id, main.ipAddress, main.port]).toEqual([2, '149.154.167.51', 443]);
    expect(await clientOf(app, people.account('Nowhere', { server: 77 }).session)).toBeNull();
  });
});

test('one account is read with by one at a time', async () => {
  const { ctx } = p.test;
  const order: string[] = [];
  const busy = () => new Error('busy');
  const hold = (name: string) =>
    alone(ctx, 'account', 5_000, busy, async () => {
      order.push(`${name} in`);
      await Bun.sleep(60);
      await expect(alone(ctx, 'account', 0, busy, async () => {})).rejects.toThrow('busy');
      order.push(`${name} out`);
      return name;
    });
  const [first, second] = await Promise.all([hold('a'), hold('b')]);
  expect([first, second]).toEqual(['a', 'b']);
  expect(order.map((line) => line.slice(2))).toEqual(['in', 'out', 'in', 'out']);
});

test('two in a process read at once, and those who wait hold no connection to the database', async () => {
  const { ctx } = p.test;
  const busy = () => new Error('busy');
  const end = Promise.withResolvers<void>();
  let inside = 0;
  const hold = (name: string) =>
    alone(ctx, name, 5_000, busy, async () => {
      inside += 1;
      await end.promise;
      return name;
    });
  const names = ['a', 'a', 'b', 'b', 'c', 'd'];
  const all = Promise.all(names.map(hold));
  await expect(alone(ctx, 'e', 200, busy, async () => {})).rejects.toThrow('busy');
  expect(inside).toBe(2);
  const [{ open } = { open: 0 }] = await ctx.sql<{ open: number }[]>`
    select count(*)::int as open from pg_stat_activity
    where datname = current_database() and state like 'idle in transaction%'
      and query like '%pg_try_advisory_xact_lock%'`;
  expect(open).toBe(2);
  end.resolve();
  expect(await all).toEqual(names);
});

test('an answer that has come is not lost with the transaction that kept the others out', async () => {
  const { ctx } = p.test;
  const told = alone(
    ctx,
    'account',
    0,
    () => new Error('busy'),
    async () => {
      const ended = await ctx.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and state = 'idle in transaction'
        and query like '%pg_try_advisory_xact_lock%'`;
      expect(ended).toHaveLength(1);
      await Bun.sleep(50);
      return 'told';
    },
  );
  expect(await told).toBe('told');
});

test('a question that is given up takes no answer from the others', async () => {
  const look = { kind: 'look', id: '1', username: null, accessHash: null } as const;
  const server = people.server.address;
  const order = { session: anna.session, appId: 1_234_567, server, timeout: 5_000, question: look };
  const givenUp = new AbortController();
  people.fault('users.getUsers', 'silence');
  const first = onThread(order, givenUp.signal);
  for (let n = 0; n < 100 && calls('users.getUsers').length === 0; n += 1) await Bun.sleep(20);
  expect(calls('users.getUsers')).toHaveLength(1);
  const second = onThread(order, undefined);
  givenUp.abort();
  expect(await first).toMatchObject({ failed: 'unknown', code: 'no_answer' });
  expect(await second).toMatchObject({ failed: 'rejected', code: 'not_seen' });
  expect(await linesLeft()).toBe(0);
});

test('the command asks for nothing that it cannot use', async () => {
  const run = async (env: Record<string, string>) => {
    const child = Bun.spawn([process.execPath, 'src/commands/telegram-session.ts'], {
      env: { PATH: process.env.PATH ?? '', ...env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return [await child.exited, out, err.trim()];
  };
  const set = { TELEGRAM_API_ID: '5', TELEGRAM_API_HASH: '0123456789abcdef0123456789abcdef' };
  const [without, withoutTerminal] = await Promise.all([run({}), run(set)]);
  expect(without).toEqual([1, '', expect.stringContaining('set TELEGRAM_API_ID and TELEGRAM_API_HASH')]);
  expect(withoutTerminal).toEqual([1, '', 'This asks for secrets: run it at a terminal.']);
});

test('signing in asks for phone, code and password, once more where they were wrong, and makes a session', async () => {
  const clara = people.account('Clara');
  people.server.forget(clara.key);
  people.expect(clara, '54321', 'correct horse');
  const codes = ['11111', '54321'];
  const passwords = ['wrong', 'correct horse'];
  const asked: string[] = [];
  const { session, name } = await signIn(
    { id: 1_234_567, hash: '0123456789abcdef0123456789abcdef', server: people.server.address },
    {
      phone: async () => '+10000000000',
      code: async (where, again) => {
        asked.push(`code by ${where}${again ? ' again' : ''}`);
        return codes.shift() ?? '';
      },
      password: async (again) => {
        asked.push(`password${again ? ' again' : ''}`);
        return passwords.shift() ?? '';
      },
    },
  );
  expect(name).toBe('Clara');
  expect(asked).toEqual(['code by app', 'code by app again', 'password', 'password again']);
  clara.session = session;
  const { place } = await channel({ seenBy: [clara] }, clara);
  expect(statistics(await rightsOf(place))).toContain('the user session of Clara');
}, 20_000);

test('an album that a page may have cut is left to the next one', () => {
  const message = (id: number, album: string | null) => ({
    id,
    at: 1,
    text: '',
    media: null,
    poll: false,
    album,
    service: false,
    figures: { views: null, reach: null, reactions: null, comments: null, shares: null, clicks: null },
  });
  const full = Array.from({ length: 100 }, (_, index) => message(200 - index, index > 97 ? 'a' : null));
  const { posts, next } = pageFrom(full);
  expect([posts.length, next]).toEqual([98, '103']);
  const short = pageFrom([message(2, 'a'), message(1, 'a')]);
  expect([short.posts.map(({ remoteIds }) => remoteIds), short.next]).toEqual([[['1', '2']], null]);
});

test('no session is in an answer, a log line, a row or a job', async () => {
  const { sql } = p.test.ctx;
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`;
  const rows: string[] = [];
  for (const { name } of tables) {
    for (const row of await sql.unsafe(`select row_to_json(t)::text as row from ${name} t`))
      rows.push(String(row.row));
  }
  const answers = await Promise.all(
    ['/v1/communities', '/v1/networks', '/v1/analytics/overview?days=7'].map((path) => p.ask('GET', path)),
  );
  const all = [...rows, ...p.test.logs, ...answers.map(({ body }) => JSON.stringify(body))].join('\n');
  expect(all).toContain('"sealed"');
  expect(redact(`said ${anna.session} to`)).toBe('said [redacted] to');
  for (const { session, key } of people.accounts) {
    const bytes = Buffer.from(key);
    for (const form of [session, session.slice(60, 120), bytes.toString('hex'), bytes.toString('base64')]) {
      expect(all.includes(form)).toBe(false);
    }
  }
});

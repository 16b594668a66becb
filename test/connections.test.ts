import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { sweepConnections } from '../src/communities/connection.ts';
import { botSeenIn, checkPlaces, redeemCode } from '../src/communities/invitation.ts';
import { listeningCredentials, topicSeen } from '../src/communities/listening.ts';
import { freshCredentials, refreshDue, renewedCredentials } from '../src/communities/renewal.ts';
import type { CrashPoint } from '../src/context.ts';
import { NetworkError } from '../src/networks/error.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/server.ts';
import { type Account, openTest, type Test, type TestOverrides, type TestRequest } from './harness.ts';

let sandbox: Sandbox;
let it: Test;
let owner: Account;
let stranger: Account;
/** Every secret that passed through, and everything that Outpost gave back. */
const canaries = new Set<string>();
const given: string[] = [];
/** Called at each crash point. */
let reached: (point: CrashPoint) => Promise<void> = async () => {};

const clientId = 51_000_001;
const clientSecret = 'protectedKeyOfTheApp';
const callback = 'http://localhost:3000/v1/oauth/vk/callback';

const overrides = (): TestOverrides => ({
  registration: 'open',
  roots: { telegram: sandbox.telegramRoot, vk: sandbox.vkRoot },
  otherRoots: {
    telegram: { preview: sandbox.telegramPages, local: 'false' },
    vk: { oauth: sandbox.vkIdRoot, community_oauth: sandbox.vkOauthRoot },
  },
  clients: { vk: { id: String(clientId), secret: clientSecret } },
  durations: { refreshRetry: 300, refreshLease: 2_000 },
});

beforeAll(async () => {
  sandbox = await startSandbox({ floodLimits: false });
  sandbox.vk.addApp({
    client_id: clientId,
    client_secret: clientSecret,
    name: 'Outpost',
    redirect_uris: [callback],
    scopes: ['wall', 'photos', 'docs', 'groups', 'stats', 'video'],
  });
  canaries.add(clientSecret);
  it = await openTest(overrides(), { reached: (point) => reached(point) });
  owner = await it.register({ timezone: 'Europe/Moscow' });
  stranger = await it.register();
});
afterAll(async () => {
  await it.close();
  await sandbox.stop();
});

async function ask(method: string, path: string, options: TestRequest = {}) {
  const answer = await it.request(method, path, { cookie: owner.cookie, ...options });
  given.push(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  return answer;
}

function channel(bot: { id: number }, title: string, ownedBy: { id: number; first_name: string }) {
  return sandbox.addChat({ title, owner: ownedBy, admins: [{ bot: bot.id }] });
}

function newBot() {
  const bot = sandbox.addBot();
  canaries.add(bot.token);
  return bot;
}

/** Begins the way in by a bot, and answers the code of its link. */
async function invite(bot: { token: string }, as: Account = owner) {
  const answer = await it.request('POST', '/v1/connections', {
    cookie: as.cookie,
    body: { network: 'telegram', credentials: { bot_token: bot.token } },
  });
  expect([answer.status, answer.body.detail]).toEqual([201, undefined]);
  return answer.body;
}

const anna = { id: 90_001, first_name: 'Anna' };
const redeem = (botId: number, code: string, person = { id: String(anna.id), name: 'Anna' }) =>
  redeemCode(it.ctx, { network: 'telegram', botId: String(botId), code, person });
const seen = (
  botId: number,
  chat: { id: number; title: string; type: string },
  status = 'administrator',
  by: { id: number } = anna,
) =>
  botSeenIn(it.ctx, {
    network: 'telegram',
    botId: String(botId),
    chat: { id: String(chat.id), title: chat.title, type: chat.type, username: null },
    status,
    byPerson: String(by.id),
  });
const placeJobs = async (id: string) =>
  (
    await it.ctx.sql`
      select data from pgboss.job where name = 'communities.places' and data ->> 'connection_id' = ${id}`
  ).length;
const view = async (id: string) => (await ask('GET', `/v1/connections/${id}`)).body;
const connect = (connection_id: string, external_id: string | number, more: object = {}) =>
  ask('POST', '/v1/communities', {
    body: { network: 'telegram', connection_id, external_id: String(external_id), ...more },
  });

describe('a bot that is added', () => {
  test('comes with links and steps, and its code is shown once and kept as a hash alone', async () => {
    const bot = newBot();
    const body = { network: 'telegram', credentials: { bot_token: bot.token } };
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const made = await it.request('POST', '/v1/connections', { cookie: owner.cookie, body, headers });
    expect(made.status).toBe(201);
    const { id, code, links, steps, state } = made.body;
    expect(code).toMatch(/^[A-Za-z0-9_-]{20,64}$/);
    expect(links.prove).toBe(`https://t.me/${bot.username}?start=${code}`);
    expect(links.add_to_channel).toStartWith(
      `https://t.me/${bot.username}?startchannel&admin=post_messages+`,
    );
    expect(links.add_to_group).toStartWith(`https://t.me/${bot.username}?startgroup&admin=`);
    expect([state, steps.length, made.body.places, made.body.person]).toEqual(['waiting', 3, [], null]);
    const left = Date.parse(made.body.expires_at) - Date.now();
    expect(left > 29 * 60_000 && left <= 30 * 60_000).toBe(true);

    const again = await ask('POST', '/v1/connections', { body, headers });
    expect(again.body).toMatchObject({ id, code: null, links: null, authorize_url: null });
    const shown = await view(id);
    expect(shown).toMatchObject({ code: null, links: { ...links, prove: null }, steps });
    canaries.add(code);
    await ask('DELETE', `/v1/connections/${id}`);
  });

  test('with a token that Telegram refuses, or of a network without bots, is refused', async () => {
    const bot = newBot();
    sandbox.revoke(bot.token);
    const dead = await ask('POST', '/v1/connections', {
      body: { network: 'telegram', credentials: { bot_token: bot.token } },
    });
    expect([dead.status, dead.body.code, dead.body.errors[0].path]).toEqual([
      422,
      'network_refused',
      '/credentials',
    ]);
    const cases: [object, string][] = [
      [{ network: 'telegram' }, '/credentials'],
      [{ network: 'telegram', kind: 'user' }, '/kind'],
      [{ network: 'telegram', credentials: {} }, '/credentials/bot_token'],
      [{ network: 'vk' }, '/kind'],
      [{ network: 'vk', kind: 'constructor' }, '/kind'],
      [{ network: 'vk', credentials: { community_token: 'abcdefgh' } }, '/credentials'],
      [{ network: 'vk', kind: 'community' }, '/group_ids'],
      [{ network: 'vk', kind: 'user', group_ids: ['1'] }, '/group_ids'],
    ];
    for (const [body, path] of cases) {
      const answer = await ask('POST', '/v1/connections', { body });
      expect([body, answer.status, answer.body.errors?.[0].path]).toEqual([body, 422, path]);
    }
  });

  test('is proved by its code once, in time, and to its own bot alone', async () => {
    const [bot, other] = [newBot(), newBot()];
    const { id, code } = await invite(bot);
    expect((await redeem(bot.id, 'x'.repeat(43))).proved).toBe(false);
    expect((await redeem(other.id, code)).proved).toBe(false);
    expect((await connect(id, '@anywhere')).body.code).toBe('wrong_state');
    const both = await Promise.all([redeem(bot.id, code), redeem(bot.id, code)]);
    expect(both.map(({ proved }) => proved).sort()).toEqual([false, true]);
    expect((await redeem(bot.id, code)).proved).toBe(false);
    expect(await view(id)).toMatchObject({ state: 'proved', person: { name: 'Anna' } });

    const late = await invite(bot);
    await it.ctx.sql`update connections set expires_at = now() where id = ${late.id}`;
    expect((await redeem(bot.id, late.code)).proved).toBe(false);
    expect((await view(late.id)).state).toBe('expired');
  });

  test('connects the places that the person administers, one after another', async () => {
    const bot = newBot();
    const { id, code } = await invite(bot);
    const [news, talk, foreign] = [
      channel(bot, 'News', anna),
      channel(bot, 'Talk', anna),
      channel(bot, 'Foreign', { id: 90_002, first_name: 'Boris' }),
    ];
    await seen(bot.id, news);
    expect((await view(id)).places).toEqual([
      {
        external_id: String(news.id),
        title: 'News',
        type: 'channel',
        is_admin: null,
        rights: [],
        problem: null,
        connected: false,
      },
    ]);
    await redeem(bot.id, code);
    await seen(bot.id, talk);
    await seen(bot.id, foreign);
    // One for the proof, and one for all places that came right after each other.
    expect(await placeJobs(id)).toBe(2);
    sandbox.setRights({ chat: talk.id, bot: bot.id, rights: { can_post_messages: false } });
    await checkPlaces(it.ctx, id);
    const places = new Map((await view(id)).places.map((place: { title: string }) => [place.title, place]));
    expect(places.get('News')).toMatchObject({
      is_admin: true,
      problem: null,
      rights: expect.arrayContaining(['text', 'images']),
    });
    expect(places.get('Talk')).toMatchObject({
      is_admin: true,
      rights: [],
      problem: expect.stringContaining('may not post'),
    });
    expect(places.get('Foreign')).toMatchObject({ is_admin: false });

    const first = await connect(id, news.id);
    expect([first.status, first.body.title, first.body.external_id]).toEqual([201, 'News', String(news.id)]);
    const refused = await connect(id, foreign.id);
    expect([refused.status, refused.body.errors[0]]).toEqual([
      422,
      { path: '/external_id', message: expect.stringContaining('Anna is not an administrator of Foreign.') },
    ]);
    sandbox.setRights({ chat: talk.id, bot: bot.id, rights: { can_post_messages: true } });
    expect((await connect(id, talk.id)).status).toBe(201);
    expect((await connect(id, talk.id)).body.code).toBe('already_connected');
    const now = (await view(id)).places;
    expect(now.filter((place: { connected: boolean }) => place.connected).length).toBe(2);
    await seen(bot.id, talk, 'kicked');
    expect((await view(id)).places.length).toBe(2);
    // Ending the connection leaves what was connected with it.
    expect((await ask('DELETE', `/v1/connections/${id}`)).status).toBe(204);
    expect((await ask('POST', `/v1/communities/${first.body.id}/check`)).body.status).toBe('active');
  });

  test('cannot be hidden by strangers who add it to many groups', async () => {
    const bot = newBot();
    const boris = { id: 90_002, first_name: 'Boris' };
    const { id, code } = await invite(bot);
    const [news, shop] = [channel(bot, 'News', anna), channel(bot, 'Shop', boris)];
    await seen(bot.id, news);
    await redeem(bot.id, code);
    await seen(bot.id, shop, 'administrator', boris);
    const began = performance.now();
    // Groups that the network need not know: nobody should ask it about all of them.
    for (let group = 1; group <= 230; group += 1) {
      const chat = { id: -5_000 - group, title: `Group ${group}`, type: 'group' };
      await seen(bot.id, chat, group % 2 === 0 ? 'administrator' : 'member', boris);
    }
    // One look for all that happens within a while.
    const whiles = Math.floor((performance.now() - began) / it.ctx.config.durations.placesLook);
    expect(await placeJobs(id)).toBeLessThanOrEqual(2 + whiles);
    const { places } = await view(id);
    expect([places.length, places[0].title]).toEqual([100, 'News']);
    const [kept] = await it.ctx.sql`
      select count(*)::int as n, count(*) filter (where external_id in (${String(news.id)}, '-5230', '-5116'))::int as ours,
        count(*) filter (where external_id = '-5001')::int as oldest
      from seen_places where source_key = ${`telegram:bot:${bot.id}`}`;
    expect(kept).toEqual({ n: 200, ours: 3, oldest: 0 });

    // Only where something happened since is looked at, the person's own first.
    const since = () => sandbox.ledger().at(-1)?.seq ?? 0;
    await checkPlaces(it.ctx, id);
    expect((await view(id)).places[0]).toMatchObject({ title: 'News', is_admin: true });
    await it.ctx.sql`
      update seen_places set seen_at = now() - interval '1 minute' where source_key = ${`telegram:bot:${bot.id}`}`;
    await it.ctx.sql`
      insert into connection_places (connection_id, workspace_id, external_id, is_admin, checked_at)
      select ${id}, workspace_id, external_id, false, now() from seen_places
      where source_key = ${`telegram:bot:${bot.id}`} and external_id <> ${String(news.id)} on conflict do nothing`;
    await seen(bot.id, news);
    const before = since();
    await checkPlaces(it.ctx, id);
    const asked = sandbox.ledger(before).filter((row) => row.event === 'request');
    expect(asked.length).toBeGreaterThan(0);
    expect(new Set(asked.flatMap(({ place }) => place || []))).toEqual(new Set([String(news.id)]));
  });

  test('that is over has lost its token', async () => {
    const bot = newBot();
    const { id, code } = await invite(bot);
    await redeem(bot.id, code);
    await seen(bot.id, channel(bot, 'Late', anna));
    await it.ctx.sql`update connections set expires_at = now() where id = ${id}`;
    const late = await connect(id, '@late');
    expect([late.status, late.body.code]).toEqual([410, 'expired']);
    await sweepConnections(it.ctx);
    const [row] = await it.ctx.sql`select sealed, code_hash from connections where id = ${id}`;
    expect(row).toEqual({ sealed: null, code_hash: null });
    const [left] = await it.ctx.sql`
      select count(*)::int as places from seen_places where source_key = ${`telegram:bot:${bot.id}`}`;
    expect(left).toEqual({ places: 0 });
    expect(await view(id)).toMatchObject({ state: 'expired', places: [] });
    await it.ctx.sql`update connections set expires_at = now() - interval '8 days' where id = ${id}`;
    await sweepConnections(it.ctx);
    expect((await ask('GET', `/v1/connections/${id}`)).status).toBe(404);
  });

  test('of another workspace is not there', async () => {
    const bot = newBot();
    const mine = await invite(bot);
    await redeem(bot.id, mine.code);
    const { cookie } = stranger;
    for (const method of ['GET', 'DELETE']) {
      expect((await ask(method, `/v1/connections/${mine.id}`, { cookie })).status).toBe(404);
    }
    const news = channel(bot, 'Mine', anna);
    const body = { network: 'telegram', connection_id: mine.id, external_id: String(news.id) };
    const answer = await ask('POST', '/v1/communities', { cookie, body });
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, '/connection_id']);
    const neither = await ask('POST', '/v1/communities', {
      body: { network: 'telegram', external_id: '@x' },
    });
    expect([neither.status, neither.body.errors[0].path]).toEqual([422, '/credentials']);
  });

  test('is heard once, for however many communities and connections', async () => {
    const [shared, waiting, gone] = [newBot(), newBot(), newBot()];
    const [one, two] = [channel(shared, 'One', anna), channel(shared, 'Two', anna)];
    for (const [chat, as] of [
      [one, owner],
      [two, owner],
      [one, stranger],
    ] as const) {
      const body = {
        network: 'telegram',
        credentials: { bot_token: shared.token },
        external_id: String(chat.id),
      };
      expect((await ask('POST', '/v1/communities', { body, cookie: as.cookie })).status).toBe(201);
    }
    await invite(waiting);
    const over = await invite(gone);
    await ask('DELETE', `/v1/connections/${over.id}`);
    const heard = await listeningCredentials(it.ctx);
    const keys = heard.map(({ sourceKey }) => sourceKey);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toEqual(expect.arrayContaining([`telegram:bot:${shared.id}`, `telegram:bot:${waiting.id}`]));
    expect(keys).not.toContain(`telegram:bot:${gone.id}`);
    for (const bot of [shared, waiting]) {
      const found = heard.find(({ sourceKey }) => sourceKey === `telegram:bot:${bot.id}`);
      expect(await found?.credentials()).toEqual({ bot_token: bot.token });
    }
    // A right that changed is looked at soon, wherever the bot publishes.
    await it.ctx.sql`update communities set health_at = now() + interval '1 day'`;
    await seen(shared.id, one);
    const due = await it.ctx.sql`select workspace_id from communities where health_at <= now()`;
    expect(due.map(({ workspace_id }) => workspace_id).sort()).toEqual(
      [owner.workspaceId, stranger.workspaceId].sort(),
    );
  });

  test('tells of the topics of its groups', async () => {
    const bot = newBot();
    const group = sandbox.addChat({ title: 'Forum', type: 'supergroup', admins: [{ bot: bot.id }] });
    const body = {
      network: 'telegram',
      credentials: { bot_token: bot.token },
      external_id: String(group.id),
    };
    const { id } = (await ask('POST', '/v1/communities', { body })).body;
    const tell = (topicId: string, name: string | null, botId = bot.id) =>
      topicSeen(it.ctx, {
        network: 'telegram',
        botId: String(botId),
        chatId: String(group.id),
        topicId,
        name,
      });
    await tell('7', 'Weather');
    await tell('9', null);
    await tell('5', 'Art');
    await tell('7', null);
    await tell('8', 'Not ours', newBot().id);
    const { data } = (await ask('GET', `/v1/communities/${id}/topics`)).body;
    expect(data.map(({ topic_id, name }: never) => [topic_id, name])).toEqual([
      ['5', 'Art'],
      ['7', 'Weather'],
      ['9', null],
    ]);
    await tell('7', 'Climate');
    const renamed = (await ask('GET', `/v1/communities/${id}/topics`)).body.data;
    expect(renamed.map(({ name }: never) => name)).toEqual(['Art', 'Climate', null]);
  });
});

let groups = 0;
/** A VK community and a person who runs it. */
function vkPlace() {
  groups += 1;
  const group = sandbox.addCommunity({ screen_name: `place${groups}`, name: `Place ${groups}` });
  const person = sandbox.vk.addPerson({ first_name: 'Vera', admin_of: [group.id] });
  const community = sandbox.addVkToken({ kind: 'community', group_id: group.id }).token;
  canaries.add(community);
  return { group, person, community };
}

async function begin(body: object = { kind: 'user' }, options: TestRequest = {}) {
  const answer = await it.request('POST', '/v1/connections', {
    cookie: owner.cookie,
    body: { network: 'vk', ...body },
    ...options,
  });
  expect([answer.status, answer.body.detail]).toEqual([201, undefined]);
  return answer.body;
}

/** What the person's browser is sent back to, after they allowed it at VK. */
async function allow(authorizeUrl: string, query: string): Promise<string> {
  const state = new URL(authorizeUrl).searchParams.get('state');
  if (state) canaries.add(state);
  const answer = await fetch(`${authorizeUrl}&${query}`, { redirect: 'manual' });
  const location = new URL(answer.headers.get('location') ?? 'http://nowhere');
  expect(`${location.origin}${location.pathname}`).toBe(callback);
  const code = location.searchParams.get('code');
  if (code) canaries.add(code);
  return location.pathname + location.search;
}

async function signIn(person: { id: number }): Promise<string> {
  const { id, authorize_url } = await begin();
  const back = await allow(authorize_url, `user=${person.id}`);
  const page = await ask('GET', back);
  expect([page.status, String(page.body).includes('VK is connected')]).toEqual([200, true]);
  for (const token of await liveTokens()) canaries.add(token);
  return id;
}

/** Every token that VK has given out by signing in. */
async function liveTokens(): Promise<string[]> {
  const rows = await it.ctx.sql<{ community_id: string; workspace_id: string }[]>`
    select community_id, workspace_id from credentials where grant_id is not null`;
  const opened = await Promise.all(
    rows.map((row) =>
      freshCredentials(it.ctx, { communityId: row.community_id, workspaceId: row.workspace_id }).catch(
        () => null,
      ),
    ),
  );
  return opened.flatMap((credentials) => {
    const { user_oauth } = (credentials ?? {}) as {
      user_oauth?: { access_token: string; refresh_token: string };
    };
    return user_oauth ? [user_oauth.access_token, user_oauth.refresh_token] : [];
  });
}

describe('signing in to VK', () => {
  test('adds a person’s access beside the community’s token', async () => {
    const { group, person, community } = vkPlace();
    const body = {
      network: 'vk',
      credentials: { community_token: community },
      external_id: group.screen_name,
    };
    const before = (await ask('POST', '/v1/communities', { body })).body;
    expect(before.capabilities.find.available).toBe(false);

    const { id, authorize_url, kind, state } = await begin();
    expect([kind, state]).toEqual(['user', 'waiting']);
    const url = new URL(authorize_url);
    expect(url.origin + url.pathname).toBe(`${sandbox.vkIdRoot}/authorize`);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      client_id: String(clientId),
      redirect_uri: callback,
      code_challenge_method: 's256',
    });
    expect((await ask('PATCH', `/v1/communities/${before.id}`, { body: { connection_id: id } })).status).toBe(
      409,
    );
    const page = await ask('GET', await allow(authorize_url, `user=${person.id}`));
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(await view(id)).toMatchObject({ state: 'proved', authorize_url: null });

    const after = await ask('PATCH', `/v1/communities/${before.id}`, { body: { connection_id: id } });
    expect([after.status, after.body.detail]).toEqual([200, undefined]);
    expect(after.body.capabilities.find.available).toBe(true);
    const place = { workspaceId: owner.workspaceId, communityId: before.id };
    expect(await freshCredentials(it.ctx, place)).toMatchObject({
      community_token: community,
      user_oauth: { client_id: String(clientId) },
    });
    const { credential } = (await ask('GET', `/v1/communities/${before.id}/rights`)).body;
    expect(credential).toMatchObject({ kinds: ['community_token', 'user_oauth'], renews: true });
    expect(Date.parse(credential.expires_at)).toBeGreaterThan(Date.now() + 3_000_000);
    for (const token of await liveTokens()) canaries.add(token);
  }, 20_000);

  test('gives one sign-in to several communities', async () => {
    const [one, two] = [vkPlace(), vkPlace()];
    sandbox.vk.addAdmin({ group: two.group.id, user_id: one.person.id });
    const connection_id = await signIn(one.person);
    for (const { group } of [one, two]) {
      const body = { network: 'vk', connection_id, external_id: group.screen_name };
      const answer = await ask('POST', '/v1/communities', { body });
      expect([answer.status, answer.body.detail]).toEqual([201, undefined]);
    }
    const grants = await it.ctx.sql`
      select grant_id from credentials k join communities c on c.id = k.community_id
      where c.external_id in (${String(one.group.id)}, ${String(two.group.id)})`;
    expect(new Set(grants.map(({ grant_id }) => grant_id)).size).toBe(1);
    for (const token of await liveTokens()) canaries.add(token);
  }, 20_000);

  test('holds for the person who began it, in their browser, once', async () => {
    const { person } = vkPlace();
    const { id, authorize_url } = await begin();
    const back = await allow(authorize_url, `user=${person.id}`);
    const foreign = back.replace(/state=[^&]+/, `state=${'A'.repeat(43)}`);
    const key = await it.apiKey(owner);
    const tries: [string, string, TestRequest][] = [
      ['nobody', back, { cookie: '' }],
      ['somebody else', back, { cookie: stranger.cookie }],
      ['a key', back, { cookie: '', key }],
      ['another state', foreign, {}],
      ['no state', back.replace(/state=[^&]+/, ''), {}],
      ['another network', back.replace('/vk/', '/telegram/'), {}],
      ['no network', back.replace('/vk/', '/constructor/'), {}],
    ];
    for (const [name, path, options] of tries) {
      expect([name, (await ask('GET', path, options)).status]).toEqual([name, 400]);
    }
    const since = sandbox.ledger().at(-1)?.seq ?? 0;
    const both = await Promise.all([ask('GET', back), ask('GET', back)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect((await ask('GET', back)).status).toBe(400);
    expect(tokenRequests(since)).toBe(1);
    expect((await view(id)).state).toBe('proved');
  });

  test('that is denied, or that VK refuses, says so and leaves nothing', async () => {
    const denied = await begin();
    const page = await ask('GET', await allow(denied.authorize_url, 'deny=1'));
    expect([page.status, String(page.body).includes('VK did not give access')]).toEqual([400, true]);
    expect(await view(denied.id)).toMatchObject({ state: 'expired', problem: expect.any(String) });

    const { person } = vkPlace();
    const wrong = await begin();
    const back = await allow(wrong.authorize_url, `user=${person.id}`);
    const bent = await ask('GET', back.replace(/code=[^&]+/, 'code=vk2.a.somethingElse'));
    expect(bent.status).toBe(400);
    const [row] = await it.ctx.sql`select sealed from connections where id = ${wrong.id}`;
    expect(row).toEqual({ sealed: null });
    const html = await ask('GET', `/v1/oauth/vk/callback?state=x&error=<script>alert(1)</script>`);
    expect(String(html.body)).not.toContain('<script>');
    for (const [, part = ''] of String(html.body).matchAll(/(?:href|src)="(\/[^"]+)"/g)) {
      expect([part, (await ask('GET', part)).status]).toEqual([part, 200]);
    }
  });

  test('as an administrator gives tokens of communities', async () => {
    const [one, two] = [vkPlace(), vkPlace()];
    sandbox.vk.addAdmin({ group: two.group.id, user_id: one.person.id });
    const group_ids = [one, two].map(({ group }) => String(group.id));
    const { id, authorize_url } = await begin({ kind: 'community', group_ids });
    expect(authorize_url).toStartWith(`${sandbox.vkOauthRoot}/authorize?`);
    expect(authorize_url).not.toContain(clientSecret);
    expect((await ask('GET', await allow(authorize_url, `user=${one.person.id}`))).status).toBe(200);
    await checkPlaces(it.ctx, id);
    const { places } = await view(id);
    expect(
      places.map(({ external_id, title, is_admin }: never) => [external_id, title, is_admin]).sort(),
    ).toEqual([one, two].map(({ group }) => [String(group.id), group.name, true]).sort());
    const body = { network: 'vk', connection_id: id, external_id: String(two.group.id) };
    const made = await ask('POST', '/v1/communities', { body });
    expect([made.status, made.body.external_id]).toEqual([201, String(two.group.id)]);
    const other = await ask('POST', '/v1/communities', { body: { ...body, external_id: '1' } });
    expect([other.status, other.body.errors[0].path]).toEqual([422, '/external_id']);
    const opened = await freshCredentials(it.ctx, {
      workspaceId: owner.workspaceId,
      communityId: made.body.id,
    });
    canaries.add((opened as { community_token: string }).community_token);
  }, 20_000);

  test('says what to set where it is not set up', async () => {
    for (const [client, kind, words] of [
      [{ id: null, secret: null }, 'user', /sets VK_CLIENT_ID, with .*Giving the tokens/],
      [{ id: '5', secret: null }, 'community', /sets VK_CLIENT_SECRET/],
    ] as const) {
      await using bare = await openTest({ ...overrides(), clients: { vk: client } });
      const account = await bare.register();
      const answer = await bare.request('POST', '/v1/connections', {
        cookie: account.cookie,
        body: { network: 'vk', kind, ...(kind === 'community' ? { group_ids: ['1'] } : {}) },
      });
      expect([answer.status, answer.body.errors[0]]).toEqual([
        422,
        { path: '/kind', message: expect.stringMatching(words) },
      ]);
    }
  });
});

/** Requests for tokens since a moment of the ledger. */
function tokenRequests(since: number): number {
  return sandbox.ledger(since).filter((row) => row.event === 'request' && row.method === 'id.oauth2/auth')
    .length;
}

describe('access that ends', () => {
  /** A community that lives by a sign-in. */
  async function signedIn() {
    const { group, person } = vkPlace();
    const connection_id = await signIn(person);
    const body = { network: 'vk', connection_id, external_id: group.screen_name };
    const made = await ask('POST', '/v1/communities', { body });
    expect([made.status, made.body.detail]).toEqual([201, undefined]);
    const place = { workspaceId: owner.workspaceId, communityId: made.body.id as string };
    const [row] = await it.ctx.sql<{ grant_id: string }[]>`
      select grant_id from credentials where community_id = ${place.communityId}`;
    const grant = row?.grant_id ?? '';
    return { ...place, place, grant, connection_id, since: sandbox.ledger().at(-1)?.seq ?? 0 };
  }

  const ends = (grant: string, seconds: number) =>
    it.ctx.sql`
      update access_grants set expires_at = now() + ${seconds} * interval '1 second', refresh_at = now()
      where id = ${grant}`;
  const oauthOf = async (place: { workspaceId: string; communityId: string }) =>
    ((await freshCredentials(it.ctx, place)) as { user_oauth: { access_token: string } }).user_oauth
      .access_token;
  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => null,
      (error: unknown) => error,
    );

  test('is renewed by one request, however many ask at once', async () => {
    const { place, grant, since } = await signedIn();
    const before = await oauthOf(place);
    expect(tokenRequests(since)).toBe(0);
    await ends(grant, 30);
    const all = await Promise.all(Array.from({ length: 10 }, () => oauthOf(place)));
    expect(tokenRequests(since)).toBe(1);
    expect(new Set(all).size).toBe(1);
    expect(all[0]).not.toBe(before);
    for (const token of await liveTokens()) canaries.add(token);
    const [row] = await it.ctx.sql`
      select refresh_at > now() + interval '25 minutes' and refresh_at < now() + interval '50 minutes' as planned,
        expires_at > now() + interval '59 minutes' as long, refresh_owner, unsure_since, failures
      from access_grants where id = ${grant}`;
    expect(row).toEqual({ planned: true, long: true, refresh_owner: null, unsure_since: null, failures: 0 });
    expect((await ask('POST', `/v1/communities/${place.communityId}/check`)).body.status).toBe('active');
  }, 20_000);

  test('is renewed by the job when its time has come, and not before', async () => {
    const { place, grant, connection_id, since } = await signedIn();
    await refreshDue(it.ctx);
    expect(tokenRequests(since)).toBe(0);
    await it.ctx.sql`update access_grants set refresh_at = now() where id = ${grant}`;
    await Promise.all([refreshDue(it.ctx), refreshDue(it.ctx)]);
    expect(tokenRequests(since)).toBe(1);
    // The connection it came from uses the new pair, too.
    const other = vkPlace();
    sandbox.vk.addAdmin({ group: other.group.id, user_id: sandbox.vk.addPerson({}).id });
    const kept = await oauthOf(place);
    canaries.add(kept);
    const answer = await ask('PATCH', `/v1/communities/${place.communityId}`, { body: { connection_id } });
    expect(answer.status).toBe(200);
    expect(await oauthOf(place)).toBe(kept);
    expect(tokenRequests(since)).toBe(1);
  }, 20_000);

  test('that VK ended early is renewed once by a check', async () => {
    const { place, since } = await signedIn();
    const before = await freshCredentials(it.ctx, place);
    const token = (before as { user_oauth: { access_token: string } }).user_oauth.access_token;
    sandbox.vk.expireToken({ token });
    const checked = await ask('POST', `/v1/communities/${place.communityId}/check`);
    expect([checked.status, checked.body.status]).toEqual([200, 'active']);
    expect(tokenRequests(since)).toBe(1);
    // Whoever was refused with the old pair gets the new one without a further request.
    const now = await renewedCredentials(it.ctx, place, before);
    expect(JSON.stringify(now)).not.toBe(JSON.stringify(before));
    expect(tokenRequests(since)).toBe(1);
    for (const one of await liveTokens()) canaries.add(one);
  }, 20_000);

  test('keeps the old pair over a lost answer, and needs a person when that was used up', async () => {
    const { place, grant, connection_id, since } = await signedIn();
    const before = await oauthOf(place);
    await ends(grant, 30);
    sandbox.fault({ network: 'vk', method: 'id.oauth2/auth', action: { kind: 'drop_after' } });
    expect(await oauthOf(place)).toBe(before);
    // Carefully: not with every caller.
    expect(await oauthOf(place)).toBe(before);
    expect(tokenRequests(since)).toBe(1);
    const checked = await ask('POST', `/v1/communities/${place.communityId}/check`);
    expect(checked.body.warnings).toEqual([
      { code: 'refresh_failing', message: expect.any(String), since: expect.any(String) },
    ]);
    await Bun.sleep(350);
    // It cannot be renewed any more. It is used to its end, and who looks is told.
    expect(await oauthOf(place)).toBe(before);
    expect(tokenRequests(since)).toBe(2);
    const warned = (await ask('GET', `/v1/communities/${place.communityId}`)).body;
    expect([warned.status, warned.warnings]).toEqual([
      'active',
      [
        {
          code: 'expires_soon',
          message: expect.stringMatching(/^The access ends on .* sign in again before\. .*answer was lost/),
          since: expect.any(String),
        },
      ],
    ]);
    const looked = await ask('POST', `/v1/communities/${place.communityId}/check`);
    expect([looked.body.status, looked.body.warnings]).toEqual(['active', warned.warnings]);
    const connection = await view(connection_id);
    expect(connection.problem).toContain('answer was lost');
    const late = vkPlace();
    const more = { network: 'vk', connection_id, external_id: late.group.screen_name };
    expect((await ask('POST', '/v1/communities', { body: more })).body.code).toBe('network_refused');

    await ends(grant, -1);
    const error = await failure(freshCredentials(it.ctx, place));
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ kind: 'auth', message: expect.stringContaining('answer was lost') });
    const { body } = await ask('GET', `/v1/communities/${place.communityId}`);
    expect([body.status, body.status_reason]).toEqual([
      'needs_reauth',
      expect.stringContaining('answer was lost'),
    ]);
    await failure(freshCredentials(it.ctx, place));
    expect(tokenRequests(since)).toBe(2);
    const { credential } = (await ask('GET', `/v1/communities/${place.communityId}/rights`)).body;
    expect(credential).toMatchObject({ renews: false, last_error: expect.stringContaining('Sign in again') });

    // Signing in again brings it back.
    const [row] = await it.ctx.sql<{ external_id: string }[]>`
      select external_id from communities where id = ${place.communityId}`;
    const person = sandbox.vk.addPerson({ admin_of: [Number(row?.external_id)] });
    const again = await signIn(person);
    const back = await ask('PATCH', `/v1/communities/${place.communityId}`, {
      body: { connection_id: again },
    });
    expect([back.status, back.body.status]).toEqual([200, 'active']);
    const grants = await it.ctx.sql`select 1 as one from access_grants where id = ${grant} and dead`;
    // The connection of before still holds the dead one; with it, it goes.
    await it.ctx.sql`update connections set expires_at = now() where grant_id = ${grant}`;
    await sweepConnections(it.ctx);
    const left = await it.ctx.sql`select 1 as one from access_grants where id = ${grant}`;
    expect([grants.length, left.length]).toEqual([1, 0]);
  }, 20_000);

  test('that ended while VK is away makes the callers wait, and nobody sign in', async () => {
    const { place, grant } = await signedIn();
    await ends(grant, -1);
    sandbox.fault({ network: 'vk', method: 'id.oauth2/auth', action: { kind: 'html_502' } });
    const [first, second] = await Promise.all([
      failure(freshCredentials(it.ctx, place)),
      failure(freshCredentials(it.ctx, place)),
    ]);
    for (const error of [first, second]) {
      expect(error).toMatchObject({ kind: 'limited', retryAfter: expect.any(Number) });
    }
    expect((await ask('GET', `/v1/communities/${place.communityId}`)).body.status).toBe('active');
    await Bun.sleep(350);
    canaries.add(await oauthOf(place));
  }, 20_000);

  test('survives a crash between the answer and its commit, up to the end of the old pair', async () => {
    const { place, grant, since } = await signedIn();
    const before = await oauthOf(place);
    await ends(grant, 30);
    const crash = new Error('crash');
    reached = async (point) => {
      if (point === 'during_token_refresh') throw crash;
    };
    expect(await failure(freshCredentials(it.ctx, place))).toBe(crash);
    reached = async () => {};
    const [kept] = await it.ctx.sql`
      select refresh_until > now() as leased, unsure_since is not null as unsure from access_grants where id = ${grant}`;
    expect(kept).toEqual({ leased: true, unsure: true });
    const { body } = await ask('GET', `/v1/communities/${place.communityId}`);
    expect(body.status).toBe('active');
    // The lease runs out, and another finds the refresh token used up.
    expect(await oauthOf(place)).toBe(before);
    expect(tokenRequests(since)).toBe(2);
    await ends(grant, -1);
    // Nobody asks for it: the job finds that it ended.
    await refreshDue(it.ctx);
    const ended = (await ask('GET', `/v1/communities/${place.communityId}`)).body;
    expect([ended.status, ended.status_reason]).toEqual([
      'needs_reauth',
      expect.stringContaining('answer was lost'),
    ]);
    expect(tokenRequests(since)).toBe(2);
    canaries.add(before);
  }, 20_000);

  test('that VK refuses before its end, and that cannot be renewed, needs a person at once', async () => {
    const { place, grant, since } = await signedIn();
    const token = await oauthOf(place);
    await it.ctx
      .sql`update access_grants set dead = true, last_error = 'It was used up.' where id = ${grant}`;
    expect(await oauthOf(place)).toBe(token);
    sandbox.vk.expireToken({ token });
    const checked = await ask('POST', `/v1/communities/${place.communityId}/check`);
    expect([checked.status, checked.body.status]).toEqual([200, 'needs_reauth']);
    expect(tokenRequests(since)).toBe(0);
  }, 20_000);

  test('is not lost when the database refuses to keep it at first', async () => {
    const { place, grant, since } = await signedIn();
    const before = await oauthOf(place);
    await ends(grant, -1);
    await it.ctx.sql.unsafe(`
      create sequence refusals;
      create function refuse() returns trigger language plpgsql as $$
      begin
        if nextval('refusals') <= 2 then raise exception 'the disk is full'; end if;
        return null;
      end $$;
      create constraint trigger refuse after update of sealed on access_grants deferrable initially deferred
        for each row execute function refuse()`);
    try {
      const after = await oauthOf(place);
      expect(after).not.toBe(before);
      canaries.add(after);
    } finally {
      await it.ctx.sql.unsafe(
        'drop trigger refuse on access_grants; drop function refuse; drop sequence refusals',
      );
    }
    expect(tokenRequests(since)).toBe(1);
    const { body } = await ask('POST', `/v1/communities/${place.communityId}/check`);
    expect([body.status, body.warnings]).toEqual(['active', []]);
  }, 20_000);

  test('that a slow process brings late brings its communities back', async () => {
    const { place, grant, connection_id } = await signedIn();
    await ends(grant, -1);
    const [answered, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    reached = async (point) => {
      if (point !== 'during_token_refresh') return;
      answered.resolve();
      await goOn.promise;
    };
    const late = oauthOf(place);
    await answered.promise;
    reached = async () => {};
    // Its lease is over; another finds the refresh token used up.
    await it.ctx.sql`update access_grants set refresh_until = now() where id = ${grant}`;
    expect(await failure(freshCredentials(it.ctx, place))).toMatchObject({ kind: 'auth' });
    const path = `/v1/communities/${place.communityId}`;
    expect((await ask('GET', path)).body.status).toBe('needs_reauth');
    expect((await view(connection_id)).problem).toContain('answer was lost');

    goOn.resolve();
    canaries.add(await late);
    expect((await view(connection_id)).problem).toBe(null);
    const jobs = await it.ctx.sql`select data from pgboss.job where name = 'inbound.check'`;
    expect(jobs.map(({ data }) => data)).toContainEqual({
      workspace_id: place.workspaceId,
      community_id: place.communityId,
    });
    expect((await ask('POST', `${path}/check`)).body.status).toBe('active');
  }, 20_000);

  test('is not taken by hand: the same refresh token would be spent twice', async () => {
    const { place } = await signedIn();
    const { user_oauth } = (await freshCredentials(it.ctx, place)) as { user_oauth: object };
    const { group, person, community } = vkPlace();
    const pasted = { community_token: community, user_oauth };
    const refusal = async (method: string, path: string, body: object) => {
      const answer = await ask(method, path, { body });
      return [answer.status, answer.body.errors?.[0]];
    };
    const refused = [
      422,
      { path: '/credentials/user_oauth', message: expect.stringContaining('POST /v1/connections') },
    ];
    const body = { network: 'vk', credentials: pasted, external_id: group.screen_name };
    expect(await refusal('POST', '/v1/communities', body)).toEqual(refused);
    const connection_id = await signIn(person);
    expect(await refusal('POST', '/v1/communities', { ...body, connection_id })).toEqual(refused);
    const path = `/v1/communities/${place.communityId}`;
    expect(await refusal('PATCH', path, { credentials: pasted })).toEqual(refused);
    const [vk] = (await ask('GET', '/v1/networks')).body.data.filter(({ name }: never) => name === 'vk');
    expect(Object.keys(vk.connect.credentials.properties)).toEqual(['community_token', 'user_token']);
    canaries.add((user_oauth as { access_token: string }).access_token);
  }, 20_000);

  test('goes with its workspace', async () => {
    const account = await it.register();
    const { cookie } = account;
    const { group, person } = vkPlace();
    const { id, authorize_url } = await begin({ kind: 'user' }, { cookie });
    const back = await allow(authorize_url, `user=${person.id}`);
    expect((await ask('GET', back, { cookie })).status).toBe(200);
    const body = { network: 'vk', connection_id: id, external_id: group.screen_name };
    expect((await ask('POST', '/v1/communities', { body, cookie })).status).toBe(201);
    const [row] = await it.ctx.sql`select grant_id from connections where id = ${id}`;
    await it.ctx.sql`delete from workspaces where id = ${account.workspaceId}`;
    expect(await it.ctx.sql`select id from access_grants where id = ${row?.grant_id}`).toHaveLength(0);
  }, 20_000);

  test('is destroyed with the last thing that uses it', async () => {
    const { place, grant, connection_id } = await signedIn();
    const there = async () =>
      (await it.ctx.sql`select 1 as one from access_grants where id = ${grant}`).length;
    await ask('DELETE', `/v1/connections/${connection_id}`);
    expect(await there()).toBe(1);
    await ask('DELETE', `/v1/communities/${place.communityId}`);
    expect(await there()).toBe(0);
    expect((await ask('GET', `/v1/communities/${place.communityId}/rights`)).body.credential).toBe(null);
  }, 20_000);
});

test('what a request may do with the rows of connections is what it does', async () => {
  const rows = await it.ctx.sql<{ name: string; rights: string }[]>`
    select name, (select string_agg(privilege, ' ') from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) privilege
      where has_table_privilege('outpost_app', name, privilege)) as rights
    from unnest(array['access_grants', 'connections', 'seen_places', 'connection_places', 'community_topics']) name`;
  expect(Object.fromEntries(rows.map(({ name, rights }) => [name, rights]))).toEqual({
    access_grants: 'SELECT INSERT UPDATE DELETE',
    connections: 'SELECT INSERT DELETE',
    seen_places: 'SELECT',
    connection_places: 'SELECT',
    community_topics: 'SELECT',
  });
});

test('no secret is in any answer, log line, row or job', async () => {
  expect(canaries.size).toBeGreaterThan(40);
  const tables = await it.ctx.sql<{ name: string }[]>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_schema in ('public', 'pgboss') and table_type = 'BASE TABLE'`;
  const rows: string[] = [];
  for (const { name } of tables) {
    for (const { row } of await it.ctx.sql.unsafe(`select row_to_json(t)::text as row from ${name} t`))
      rows.push(row);
  }
  const everything = [...given, ...it.logs, ...rows].join('\n');
  expect(it.logs.length).toBeGreaterThan(50);
  for (const secret of canaries) {
    const bare = /^\d+:/.test(secret) ? (secret.split(':')[1] ?? secret) : secret;
    for (const form of [bare, Buffer.from(bare).toString('hex'), encodeURIComponent(bare)]) {
      if (everything.includes(form)) throw new Error(`a secret shows: ${secret.slice(0, 8)}…`);
    }
  }
});

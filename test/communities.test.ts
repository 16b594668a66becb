import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdir } from 'node:fs/promises';
import * as v from 'valibot';
import { destroyCredentialIfIdle, openCredentials } from '../src/communities/credential.ts';
import { asOwner } from '../src/context.ts';
import { inTurn } from '../src/media/turn.ts';
import { vk } from '../src/networks/vk/vk.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/server.ts';
import type { Tx } from '../src/stores/postgres.ts';
import { type Account, openTest, type Test, type TestRequest } from './harness.ts';

let sandbox: Sandbox;
let it: Test;
let owner: Account;
let stranger: Account;
/** Every token that was given to Outpost, and everything that Outpost gave back. */
const canaries = new Set<string>();
const given: string[] = [];
const planned: Date[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({ floodLimits: false });
  it = await openTest({
    registration: 'open',
    roots: { telegram: sandbox.telegramRoot, vk: sandbox.vkRoot },
  });
  it.ctx.planned.changed = (at) => planned.push(at);
  owner = await it.register({ timezone: 'Europe/Moscow' });
  stranger = await it.register();
});
afterAll(async () => {
  await it.close();
  await sandbox.stop();
});

async function ask(method: string, path: string, options: TestRequest = {}) {
  const answer = await it.request(method, path, { cookie: owner.cookie, ...options });
  given.push(JSON.stringify(answer.body), JSON.stringify([...answer.headers]));
  return answer;
}

/** A channel and a bot that may post there. */
function channel(rights: Record<string, boolean> = {}) {
  const bot = sandbox.addBot();
  canaries.add(bot.token);
  const chat = sandbox.addChat({ title: 'News', members: 7, admins: [{ bot: bot.id, ...rights }] });
  return { bot, chat, body: telegramBody(bot.token, String(chat.id)) };
}

const telegramBody = (token: string, id: string) => ({
  network: 'telegram',
  credentials: { bot_token: token },
  external_id: id,
});

let names = 0;
function vkCommunity() {
  names += 1;
  const group = sandbox.addCommunity({ screen_name: `outpost${names}`, name: 'Outpost', members: 1_234 });
  const community = sandbox.addVkToken({ kind: 'community', group_id: group.id }).token;
  const user = sandbox.addVkToken({ kind: 'user', admin_of: [group.id] }).token;
  canaries.add(community).add(user);
  return {
    group,
    community,
    user,
    body: vkBody({ community_token: community, user_token: user }, group.screen_name),
  };
}

const vkBody = (credentials: Record<string, string>, id: string) => ({
  network: 'vk',
  credentials,
  external_id: id,
});

async function connect(body: object, as: Account = owner) {
  const answer = await ask('POST', '/v1/communities', { body, cookie: as.cookie });
  expect([answer.status, answer.body?.detail]).toEqual([201, undefined]);
  return answer.body;
}

/** A publication of a post of its own, as the plan holds it. */
async function publication(
  communityId: string,
  state: string,
  minutes: number,
  holdReason: string | null = null,
) {
  const [post, id] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()];
  const due = new Date(Date.now() + minutes * 60_000);
  await it.ctx.sql`
    insert into posts (id, workspace_id, author_id, text, community_ids)
    values (${post}, ${owner.workspaceId}, ${owner.userId}, 'text', ${it.ctx.sql.array([communityId])}::uuid[])`;
  await it.ctx.sql`
    insert into publications (id, workspace_id, post_id, community_id, network, state, due_at, next_try_at, late_at,
      content_version, hold_reason, lease_owner)
    values (${id}, ${owner.workspaceId}, ${post}, ${communityId}, 'telegram', ${state}, ${due}, ${due},
      ${new Date(due.getTime() + 900_000)}, 1, ${holdReason}, 'somebody')`;
  return { id, post, due };
}

async function stateOf(id: string) {
  const [row] = await it.ctx.sql`
    select state, hold_reason, fence::int as fence, lease_owner, queued_for, next_try_at, note from publications where id = ${id}`;
  return row;
}

async function sealedCount(communityId: string): Promise<number> {
  return (await it.ctx.sql`select 1 as one from credentials where community_id = ${communityId}`).length;
}

describe('connecting', () => {
  test('a Telegram channel', async () => {
    const { bot, chat, body } = channel();
    const community = await connect(body);
    expect(community).toMatchObject({
      network: 'telegram',
      external_id: String(chat.id),
      title: 'News',
      members: 7,
      timezone: 'Europe/Moscow',
      status: 'active',
      status_reason: null,
      capabilities: { text: { available: true }, images: { available: true }, find: { available: false } },
      disconnected_at: null,
    });
    expect(community.credential_hint).toBe(`${bot.id}…${bot.token.slice(-4)}`);
    expect((await ask('GET', `/v1/communities/${community.id}`)).body).toEqual(community);
  });

  test('a VK community, with its picture', async () => {
    const { group, body } = vkCommunity();
    const community = await connect({ ...body, timezone: 'Asia/Tokyo' });
    expect(community).toMatchObject({
      network: 'vk',
      external_id: String(group.id),
      handle: group.screen_name,
      url: `https://vk.com/${group.screen_name}`,
      members: 1_234,
      timezone: 'Asia/Tokyo',
      capabilities: { images: { available: true }, find: { available: true } },
    });
    const picture = await it.app.fetch(new Request(community.avatar_url));
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect((await it.request('GET', `/avatars/${community.id}`)).status).toBe(404);
  });

  test('its picture waits for the next check while others’ pictures are worked on', async () => {
    const { body } = vkCommunity();
    const end = Promise.withResolvers<void>();
    const busy = inTurn('somebody', () => end.promise);
    const community = await connect(body);
    expect(community.avatar_url).toBe(null);
    end.resolve();
    await busy;
    const checked = await ask('POST', `/v1/communities/${community.id}/check`);
    expect(checked.body.avatar_url).toBeString();
  });

  test('nobody is taken for an administrator of a VK community whom VK does not call one', async () => {
    const { group, user, community } = vkCommunity();
    const proxy = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        const { pathname } = new URL(request.url);
        const answer = await fetch(`${sandbox.vkRoot}${pathname}`, {
          method: 'POST',
          headers: { 'content-type': request.headers.get('content-type') ?? '' },
          body: await request.text(),
        });
        return new Response((await answer.text()).replaceAll(/"is_admin":\d,?/g, ''));
      },
    });
    try {
      const look = (root: string, credentials: Record<string, string>) =>
        vk.connect(
          { credentials, root, timeout: 5_000, pace: async () => {} },
          String(group.id),
          v.parse(vk.settings, {}),
        );
      const both = { community_token: community, user_token: user };
      expect((await look(sandbox.vkRoot, both)).details).toMatchObject({ manages: true });
      expect((await look(proxy.url.origin, both)).details).toMatchObject({ manages: false });
      await expect(look(proxy.url.origin, { user_token: user })).rejects.toMatchObject({
        code: 'no_right',
        message: expect.stringContaining('not an administrator'),
      });
    } finally {
      await proxy.stop(true);
    }
  });

  test('what a token cannot do is told as a capability with a next step', async () => {
    const { group, community: token } = vkCommunity();
    const community = await connect(vkBody({ community_token: token }, String(group.id)));
    expect(community.capabilities.find.available).toBe(false);
    expect(community.capabilities.find.next_step).toContain('user token');
    expect(community.capabilities.images).toMatchObject({
      available: false,
      detail: expect.stringContaining('community token'),
      without: expect.any(String),
      next_step: expect.any(String),
    });
  });

  test('the same place is connected once in a workspace, and once in another', async () => {
    const { body } = channel();
    const answers = await Promise.all([1, 2].map(() => ask('POST', '/v1/communities', { body })));
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409]);
    const again = await ask('POST', '/v1/communities', { body });
    expect([again.status, again.body.code]).toEqual([409, 'already_connected']);
    await connect(body, stranger);
  });

  test('an unknown network is answered with those that there are', async () => {
    const { body } = channel();
    for (const network of ['myspace', 'constructor', '__proto__']) {
      const answer = await ask('POST', '/v1/communities', { body: { ...body, network } });
      expect(answer.status).toBe(422);
      expect(answer.body.errors).toEqual([{ path: '/network', message: 'must be one of: telegram, vk' }]);
    }
  });

  test('faulty credentials are told by field and never quoted', async () => {
    const { bot } = channel();
    const { community: vkToken } = vkCommunity();
    const cases: [string, unknown, string][] = [
      ['telegram', {}, '/credentials/bot_token'],
      ['telegram', { bot_token: `${bot.token} and more` }, '/credentials/bot_token'],
      ['telegram', { bot_token: { value: bot.token } }, '/credentials/bot_token'],
      ['telegram', { bot_token: bot.token, [bot.token]: 1 }, '/credentials'],
      ['telegram', { bot_token: [bot.token] }, '/credentials/bot_token'],
      ['telegram', bot.token, '/credentials'],
      ['vk', {}, '/credentials'],
      ['vk', { community_token: 5 }, '/credentials/community_token'],
      ['vk', { community_token: `${vkToken} ${vkToken}` }, '/credentials/community_token'],
    ];
    for (const [network, credentials, path] of cases) {
      const answer = await ask('POST', '/v1/communities', {
        body: { network, credentials, external_id: '@news' },
      });
      expect([answer.status, answer.body.errors[0].path]).toEqual([422, path]);
      const words = JSON.stringify([
        answer.body.detail,
        answer.body.errors.map((e: { message: string }) => e.message),
      ]);
      expect(words).not.toContain(bot.token);
      expect(words).not.toContain(vkToken);
      expect(words).not.toContain('received');
    }
  });

  test('each missing right is told in plain words, with what to do', async () => {
    const silent = channel({ can_post_messages: false });
    const outside = channel();
    sandbox.setRights({ chat: outside.chat.id, bot: outside.bot.id, status: 'left' });
    const kicked = channel();
    sandbox.setRights({ chat: kicked.chat.id, bot: kicked.bot.id, status: 'kicked' });
    const dead = channel();
    sandbox.revoke(dead.bot.token);
    const lost = sandbox.addBot();
    const { group } = vkCommunity();
    const other = vkCommunity();
    const noWall = sandbox.addVkToken({ kind: 'user', admin_of: [group.id], scopes: ['photos'] }).token;
    const nobody = sandbox.addVkToken({ kind: 'user', admin_of: [] }).token;
    const gone = sandbox.addVkToken({ kind: 'community', group_id: group.id }).token;
    sandbox.revoke(gone);
    for (const token of [lost.token, noWall, nobody, gone]) canaries.add(token);

    const cases: [object, string, RegExp][] = [
      [silent.body, '/external_id', /may not post messages\..*allow “Post messages”/],
      [outside.body, '/external_id', /bot is not in this channel or group\. Open/],
      [kicked.body, '/external_id', /\./],
      [dead.body, '/credentials', /does not accept the bot token/],
      [telegramBody(lost.token, '@nowhere_at_all'), '/external_id', /\./],
      [telegramBody(lost.token, 'https://t.me/+invitation'), '/external_id', /invitation link/],
      [
        vkBody({ community_token: gone }, group.screen_name),
        '/credentials',
        /does not accept the access token/,
      ],
      [
        vkBody({ community_token: other.community }, group.screen_name),
        '/external_id',
        /another VK community/,
      ],
      [vkBody({ user_token: noWall }, group.screen_name), '/external_id', /lacks the right wall/],
      [vkBody({ user_token: nobody }, group.screen_name), '/external_id', /not an administrator/],
      [vkBody({ community_token: other.community }, 'no_such_place'), '/external_id', /\./],
    ];
    for (const [body, path, words] of cases) {
      const answer = await ask('POST', '/v1/communities', { body });
      expect([answer.status, answer.body.code]).toEqual([422, 'network_refused']);
      expect(answer.body.errors).toEqual([{ path, message: expect.stringMatching(words) }]);
      expect(answer.body.detail).toBe(answer.body.errors[0].message);
    }
  });

  test('a network that asks to wait or does not answer is told as such, and nothing is kept', async () => {
    const { body, chat } = channel();
    sandbox.fault({
      network: 'telegram',
      method: 'getChat',
      action: { kind: 'telegram_429', retry_after: 17 },
    });
    const limited = await ask('POST', '/v1/communities', { body });
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '17']);
    for (const kind of ['drop_before', 'html_502', 'malformed_json'] as const) {
      sandbox.fault({ network: 'telegram', method: 'getChat', action: { kind } });
      const answer = await ask('POST', '/v1/communities', { body });
      expect([kind, answer.status, answer.body.code]).toEqual([kind, 502, 'network_unreachable']);
    }
    const rows = await it.ctx.sql`select 1 as one from communities where external_id = ${String(chat.id)}`;
    expect(rows.length).toBe(0);
  });

  test('a network that hangs is waited for no longer than durations.ask', async () => {
    await using quick = await openTest({
      durations: { ask: 400 },
      roots: { telegram: sandbox.telegramRoot, vk: sandbox.vkRoot },
    });
    const account = await quick.register();
    const { body } = channel();
    // Each call alone would be in time, all four together are not.
    for (const method of ['getMe', 'getChat', 'getChatMember', 'getChatMemberCount']) {
      sandbox.fault({ network: 'telegram', method, action: { kind: 'delay', ms: 300 } });
    }
    const answer = await quick.request('POST', '/v1/communities', { body, cookie: account.cookie });
    expect(answer.status).toBe(502);
    sandbox.clearFaults();
  });
});

describe('a connected community', () => {
  test('is listed newest first, by network and by status', async () => {
    const account = await it.register();
    const { cookie } = account;
    const ids = [
      (await connect(channel().body, account)).id,
      (await connect(vkCommunity().body, account)).id,
      (await connect(channel().body, account)).id,
    ].reverse();
    const idsOf = (answer: { body: { data: { id: string }[] } }) => answer.body.data.map(({ id }) => id);
    const first = await ask('GET', '/v1/communities?limit=2', { cookie });
    expect(idsOf(first)).toEqual(ids.slice(0, 2));
    const rest = await ask('GET', `/v1/communities?limit=2&cursor=${first.body.next_cursor}`, { cookie });
    expect([idsOf(rest), rest.body.next_cursor]).toEqual([ids.slice(2), null]);
    expect(idsOf(await ask('GET', '/v1/communities?network=vk', { cookie }))).toEqual([ids[1] ?? '']);
    await ask('DELETE', `/v1/communities/${ids[0]}`, { cookie });
    expect(idsOf(await ask('GET', '/v1/communities?status=disconnected', { cookie }))).toEqual([
      ids[0] ?? '',
    ]);
    expect((await ask('GET', '/v1/communities?status=gone', { cookie })).status).toBe(422);
  });

  test('takes a title and a time zone of the owner, which a check leaves alone', async () => {
    const { body, chat } = channel();
    const { id } = await connect(body);
    const path = `/v1/communities/${id}`;
    sandbox.setMembers({ network: 'telegram', place: chat.id, members: 99 });
    chat.title = 'News of today';
    const checked = (await ask('POST', `${path}/check`)).body;
    expect([checked.title, checked.members]).toEqual(['News of today', 99]);
    const changed = await ask('PATCH', path, { body: { title: ' Mine ', timezone: 'America/New_York' } });
    expect(changed.body).toMatchObject({ title: 'Mine', timezone: 'America/New_York' });
    expect((await ask('POST', `${path}/check`)).body.title).toBe('Mine');
    for (const wrong of [{ title: '' }, { timezone: '+03:00' }, { network: 'vk' }, { external_id: '1' }]) {
      expect((await ask('PATCH', path, { body: wrong })).status).toBe(422);
    }
  });

  test('that lost a capability says so after a check', async () => {
    const bot = sandbox.addBot();
    canaries.add(bot.token);
    const chat = sandbox.addChat({ title: 'Talk', type: 'supergroup', admins: [{ bot: bot.id }] });
    const { id } = await connect(telegramBody(bot.token, String(chat.id)));
    sandbox.setRights({ chat: chat.id, bot: bot.id, status: 'left' });
    const refused = await ask('POST', `/v1/communities/${id}/check`);
    expect([refused.status, refused.body.code]).toEqual([422, 'network_refused']);
    expect((await ask('GET', `/v1/communities/${id}`)).body.status).toBe('active');
    sandbox.fault({ network: 'telegram', method: 'getMe', action: { kind: 'drop_before' } });
    expect((await ask('POST', `/v1/communities/${id}/check`)).status).toBe(502);
  });

  test('whose group moved to a new id is followed', async () => {
    const bot = sandbox.addBot();
    canaries.add(bot.token);
    const chat = sandbox.addChat({ title: 'Small', type: 'group', admins: [{ bot: bot.id }] });
    const { id } = await connect(telegramBody(bot.token, String(chat.id)));
    const moved = sandbox.migrateChat(chat.id);
    const checked = await ask('POST', `/v1/communities/${id}/check`);
    expect([checked.status, checked.body.external_id]).toEqual([200, String(moved.id)]);
  });

  test('whose token died needs new credentials, and gets them', async () => {
    const { bot, chat, body } = channel();
    const { id } = await connect(body);
    const path = `/v1/communities/${id}`;
    sandbox.revoke(bot.token);
    const checked = await ask('POST', `${path}/check`);
    expect([checked.status, checked.body.status]).toEqual([200, 'needs_reauth']);
    expect(checked.body.status_reason).toContain('does not accept the bot token');

    const [held, late] = [
      await publication(id, 'held', 30, 'reauth'),
      await publication(id, 'held', -30, 'reauth'),
    ];
    const refused = await ask('PATCH', path, { body: { credentials: { bot_token: bot.token } } });
    expect([refused.status, refused.body.errors[0].path]).toEqual([422, '/credentials']);
    const next = sandbox.addBot();
    canaries.add(next.token);
    sandbox.setRights({ chat: chat.id, bot: next.id });
    const back = await ask('PATCH', path, {
      body: { credentials: { bot_token: next.token }, title: 'Again' },
    });
    expect(back.body).toMatchObject({ id, status: 'active', status_reason: null, title: 'Again' });
    expect(back.body.credential_hint).toBe(`${next.id}…${next.token.slice(-4)}`);
    expect(await stateOf(held.id)).toMatchObject({
      state: 'scheduled',
      hold_reason: null,
      note: 'reconnected',
    });
    expect(await stateOf(late.id)).toMatchObject({ state: 'held', hold_reason: 'late' });
    const opened = await asOwner(it.ctx, (tx) =>
      openCredentials(it.ctx, tx, { workspaceId: owner.workspaceId, communityId: id }),
    );
    expect(opened).toEqual({ bot_token: next.token });
  });

  test("does not take the credentials of another place's owner", async () => {
    const mine = vkCommunity();
    const { id } = await connect(mine.body);
    const answer = await ask('PATCH', `/v1/communities/${id}`, {
      body: { credentials: { community_token: vkCommunity().community } },
    });
    expect([answer.status, answer.body.errors[0].path]).toEqual([422, '/credentials']);
    const opened = await asOwner(it.ctx, (tx) =>
      openCredentials(it.ctx, tx, { workspaceId: owner.workspaceId, communityId: id }),
    );
    expect(opened).toEqual(mine.body.credentials);
  });

  test('of another workspace looks like one that is not there', async () => {
    const { id } = await connect(channel().body);
    const { cookie } = stranger;
    const path = `/v1/communities/${id}`;
    const tries: [string, string, object?][] = [
      ['GET', path],
      ['PATCH', path, { title: 'Mine' }],
      ['PATCH', path, { credentials: { bot_token: sandbox.addBot().token } }],
      ['POST', `${path}/check`],
      ['DELETE', path],
      ['DELETE', `${path}?purge=true`],
    ];
    for (const [method, address, body] of tries) {
      expect([method, (await ask(method, address, { cookie, body })).status]).toEqual([method, 404]);
    }
    const all = (await ask('GET', '/v1/communities?limit=100', { cookie })).body.data;
    expect(all.some((community: { id: string }) => community.id === id)).toBe(false);
    expect((await ask('GET', path)).body).toMatchObject({ id, status: 'active', title: 'News' });
  });
});

describe('disconnecting', () => {
  test('holds the plan and destroys the credential; connecting again takes everything up', async () => {
    for (const { body } of [channel(), vkCommunity()]) {
      const community = await connect(body);
      const path = `/v1/communities/${community.id}`;
      const soon = await publication(community.id, 'scheduled', 30);
      const past = await publication(community.id, 'scheduled', -1);
      const done = await publication(community.id, 'cancelled', 30);
      expect((await ask('DELETE', path)).status).toBe(204);
      expect((await ask('DELETE', path)).status).toBe(204);
      expect(await sealedCount(community.id)).toBe(0);
      const gone = (await ask('GET', path)).body;
      expect(gone).toMatchObject({ status: 'disconnected', credential_hint: null });
      expect(gone.disconnected_at).not.toBe(null);
      for (const { id } of [soon, past]) {
        expect(await stateOf(id)).toMatchObject({
          state: 'held',
          hold_reason: 'disconnected',
          fence: 1,
          lease_owner: null,
        });
      }
      expect((await ask('POST', `${path}/check`)).body.code).toBe('wrong_state');

      planned.length = 0;
      const back = await connect(body);
      expect(back).toMatchObject({ id: community.id, status: 'active', disconnected_at: null });
      expect(await stateOf(soon.id)).toMatchObject({
        state: 'scheduled',
        queued_for: null,
        next_try_at: soon.due,
      });
      expect(await stateOf(past.id)).toMatchObject({ state: 'held', hold_reason: 'late' });
      expect((await stateOf(done.id))?.state).toBe('cancelled');
      expect(planned).toEqual([soon.due]);
      const events = await it.ctx.sql`
        select to_state, reason from publication_events where publication_id = ${soon.id} order by id`;
      expect(events.map(({ to_state, reason }) => `${to_state}: ${reason}`)).toEqual([
        'scheduled: null',
        'held: the community was disconnected',
        'scheduled: reconnected',
      ]);
    }
  });

  test('keeps the credential until the last post on its way is decided', async () => {
    const { id } = await connect(channel().body);
    const flying = [await publication(id, 'sending', 0), await publication(id, 'confirming', 0)];
    await ask('DELETE', `/v1/communities/${id}`);
    expect(await sealedCount(id)).toBe(1);
    expect((await stateOf(flying[0]?.id ?? ''))?.state).toBe('sending');

    // Both are decided at the same moment, each before the other commits: neither may leave the credential to the other.
    const steps = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const [moved, firstAsked, secondAsks, commit] = steps.map((step) => step.promise);
    const decide = async (tx: Tx, publicationId = '') => {
      await tx`
        update publications set state = 'published', published_at = now(), lease_owner = null where id = ${publicationId}`;
    };
    const first = asOwner(it.ctx, async (tx) => {
      await decide(tx, flying[0]?.id);
      await moved;
      await destroyCredentialIfIdle(tx, id);
      steps[1]?.resolve();
      await commit;
    });
    const second = asOwner(it.ctx, async (tx) => {
      await decide(tx, flying[1]?.id);
      steps[0]?.resolve();
      await firstAsked;
      const destroyed = destroyCredentialIfIdle(tx, id);
      steps[2]?.resolve();
      await destroyed;
    });
    await secondAsks;
    await Bun.sleep(100);
    steps[3]?.resolve();
    await Promise.all([first, second]);
    expect(await sealedCount(id)).toBe(0);
  });

  test('is not missed by a post that is decided while the disconnect is being committed', async () => {
    const { id } = await connect(channel().body);
    const flying = await publication(id, 'sending', 0);
    const [decided, leave] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const settled = asOwner(it.ctx, async (tx) => {
      await tx`
        update publications set state = 'published', published_at = now(), lease_owner = null where id = ${flying.id}`;
      decided.resolve();
      await leave.promise;
      await destroyCredentialIfIdle(tx, id);
    });
    await decided.promise;
    await asOwner(it.ctx, async (tx) => {
      await tx`update communities set status = 'disconnected' where id = ${id}`;
      await destroyCredentialIfIdle(tx, id);
      leave.resolve();
      await Bun.sleep(100);
    });
    await settled;
    expect(await sealedCount(id)).toBe(0);
  });

  test('waits for a post that is just being scheduled, and holds it as well', async () => {
    const { id } = await connect(channel().body);
    const { post } = await publication(id, 'cancelled', 30);
    const late = Bun.randomUUIDv7();
    const [entered, leave] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const scheduled = asOwner(it.ctx, async (tx) => {
      await tx`
        insert into publications (id, workspace_id, post_id, community_id, network, due_at, next_try_at, late_at,
          content_version, part)
        values (${late}, ${owner.workspaceId}, ${post}, ${id}, 'telegram', now() + interval '1 hour',
          now() + interval '1 hour', now() + interval '2 hours', 1, 2)`;
      entered.resolve();
      await leave.promise;
    });
    await entered.promise;
    const disconnected = ask('DELETE', `/v1/communities/${id}`);
    await Bun.sleep(100);
    leave.resolve();
    await scheduled;
    expect((await disconnected).status).toBe(204);
    expect(await stateOf(late)).toMatchObject({ state: 'held', hold_reason: 'disconnected' });
  });

  test('leaves the credential of a connected community alone', async () => {
    const { id } = await connect(channel().body);
    await asOwner(it.ctx, (tx) => destroyCredentialIfIdle(tx, id));
    expect(await sealedCount(id)).toBe(1);
  });

  test('waits for a barrier that is being committed, and then counts its post as on its way', async () => {
    const { id } = await connect(channel().body);
    const { id: publicationId } = await publication(id, 'scheduled', 0);
    const [entered, leave] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const barrier = asOwner(it.ctx, async (tx) => {
      await tx`select 1 as one from communities where id = ${id} for share`;
      await tx`update publications set state = 'sending' where id = ${publicationId}`;
      entered.resolve();
      await leave.promise;
    });
    await entered.promise;
    let over = false;
    const disconnected = ask('DELETE', `/v1/communities/${id}`).then((answer) => {
      over = true;
      return answer;
    });
    await Bun.sleep(150);
    expect(over).toBe(false);
    leave.resolve();
    await barrier;
    expect((await disconnected).status).toBe(204);
    expect((await stateOf(publicationId))?.state).toBe('sending');
    expect(await sealedCount(id)).toBe(1);
  });

  test('with purge erases the community and what is under it, but not while a post is on its way', async () => {
    const { body } = vkCommunity();
    const community = await connect(body);
    const path = `/v1/communities/${community.id}?purge=true`;
    const flying = await publication(community.id, 'confirming', 0);
    const refused = await ask('DELETE', path);
    expect([refused.status, refused.body.code]).toEqual([409, 'publication_in_flight']);
    await it.ctx.sql`
      update publications set state = 'published', published_at = now() where id = ${flying.id}`;
    const [row] = await it.ctx.sql<{ avatar_key: string }[]>`
      select avatar_key from communities where id = ${community.id}`;
    expect(await it.ctx.files.exists(row?.avatar_key ?? '')).toBe(true);
    expect((await ask('DELETE', path)).status).toBe(204);
    expect(await it.ctx.files.exists(row?.avatar_key ?? '')).toBe(false);
    expect((await ask('GET', `/v1/communities/${community.id}`)).status).toBe(404);
    expect(await sealedCount(community.id)).toBe(0);
    expect(await stateOf(flying.id)).toBe(undefined);
    const [post] = await it.ctx.sql`select community_ids from posts where id = ${flying.post}`;
    expect(post?.community_ids).toEqual([]);
    expect((await connect(body)).id).not.toBe(community.id);
  });
});

test('the networks tell what they can do, what can be chosen, and what connecting takes', async () => {
  const { body } = await ask('GET', '/v1/networks');
  const shared = ['text', 'images', 'video', 'documents', 'polls', 'edit', 'delete', 'pin', 'comments'];
  for (const network of body.data) {
    expect(network.capabilities).toEqual(expect.arrayContaining(shared));
    expect(network.connect.external_id.length).toBeGreaterThan(20);
    for (const schema of [network.options, network.settings, network.connect.credentials]) {
      expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
    }
    for (const kind of ['images', 'video', 'animation', 'audio', 'voice', 'document']) {
      expect(Object.keys(network.limits[kind])).toEqual(['most', 'bytes', 'mimes']);
    }
  }
  const [telegram, vk] = body.data;
  expect(telegram.connect.credentials.required).toEqual(['bot_token']);
  expect(telegram.connect.ways).toEqual(['paste', 'invitation']);
  expect(telegram.settings.properties.preview_page).toMatchObject({ type: 'boolean', default: true });
  expect(telegram.limits.caption.most).toBe(1_024);
  expect(vk.connect.ways).toEqual(['paste', 'sign_in']);
  expect(vk.connect.sign_in).toEqual([
    { kind: 'user', title: expect.any(String), group_ids: false },
    { kind: 'community', title: expect.any(String), group_ids: true },
  ]);
});

test('a key needs the scope of each act', async () => {
  const { id } = await connect(channel().body);
  const reader = await it.apiKey(owner, ['communities:read']);
  const poster = await it.apiKey(owner, ['posts:read', 'posts:write']);
  expect((await it.request('GET', `/v1/communities/${id}`, { key: reader })).status).toBe(200);
  expect((await it.request('POST', `/v1/communities/${id}/check`, { key: reader })).status).toBe(403);
  expect((await it.request('DELETE', `/v1/communities/${id}`, { key: reader })).status).toBe(403);
  expect((await it.request('GET', '/v1/networks', { key: poster })).status).toBe(403);
  expect((await it.request('GET', '/v1/communities')).status).toBe(401);
});

test('a sealed credential opens in its own place alone, and says nothing when it does not', async () => {
  const [one, two] = [channel(), channel()];
  const [first, second] = [await connect(one.body), await connect(two.body)];
  const foreign = await connect(channel().body, stranger);
  const open = (communityId: string, workspaceId = owner.workspaceId) =>
    asOwner(it.ctx, (tx) => openCredentials(it.ctx, tx, { workspaceId, communityId }));
  expect(await open(first.id)).toEqual(one.body.credentials);

  const [kept] = await it.ctx.sql<{ sealed: Uint8Array; version: number }[]>`
    select sealed, version from credentials where community_id = ${first.id}`;
  const sealed = Buffer.from(kept?.sealed ?? []);
  const failure = async (communityId: string, workspaceId?: string) => {
    const error = await open(communityId, workspaceId).then(
      () => new Error('it opened'),
      (reason: Error) => reason,
    );
    given.push(Bun.inspect(error), String(error.stack));
    return error.message;
  };
  const version = kept?.version ?? 0;
  const put = (communityId: string, bytes: Uint8Array) =>
    it.ctx
      .sql`update credentials set sealed = ${bytes}, version = ${version} where community_id = ${communityId}`;
  const [own] = await it.ctx.sql<{ sealed: Uint8Array }[]>`
    select sealed from credentials where community_id = ${second.id}`;
  for (const [id, workspaceId] of [
    [second.id, owner.workspaceId],
    [foreign.id, stranger.workspaceId],
  ]) {
    await put(id, sealed);
    expect(await failure(id, workspaceId)).toContain('cannot be opened');
  }
  for (const at of [0, 1, 5, 20, sealed.length - 1]) {
    const bent = Buffer.from(sealed);
    bent[at] = (bent[at] ?? 0) ^ 1;
    await put(first.id, bent);
    expect(await failure(first.id)).toContain('cannot be opened');
  }
  await put(first.id, sealed.subarray(0, 10));
  expect(await failure(first.id)).toContain('cannot be opened');
  await put(first.id, sealed);
  await it.ctx.sql`update credentials set version = ${version + 1} where community_id = ${first.id}`;
  expect(await failure(first.id)).toContain('cannot be opened');
  const answer = await ask('POST', `/v1/communities/${first.id}/check`);
  expect([answer.status, answer.body.code]).toEqual([500, 'internal']);
  await put(first.id, sealed);
  await put(second.id, own?.sealed ?? sealed);
  expect((await ask('POST', `/v1/communities/${first.id}/check`)).status).toBe(200);
  // The same credential twice looks different.
  expect(await failure(first.id, stranger.workspaceId)).toContain('not connected any more');
});

test('no token is in any answer, log line, row, job or file', async () => {
  expect(canaries.size).toBeGreaterThan(30);
  const tables = await it.ctx.sql<{ name: string }[]>`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_schema in ('public', 'pgboss') and table_type = 'BASE TABLE'`;
  expect(tables.length).toBeGreaterThan(12);
  const rows: string[] = [];
  for (const { name } of tables) {
    for (const { row } of await it.ctx.sql.unsafe(`select row_to_json(t)::text as row from ${name} t`))
      rows.push(row);
  }
  const files = await readdir(it.ctx.config.mediaDir, { recursive: true });
  expect(it.logs.length).toBeGreaterThan(100);
  expect(rows.some((row) => row.includes('"sealed"'))).toBe(true);
  const everything = [...given, ...it.logs, ...rows, ...files].join('\n');
  for (const token of canaries) {
    const secret = token.includes(':') ? (token.split(':')[1] ?? token) : token;
    for (const form of [
      secret,
      Buffer.from(secret).toString('hex'),
      Buffer.from(secret).toString('base64url'),
    ]) {
      if (everything.includes(form)) throw new Error(`a token shows: ${token.slice(0, 6)}…`);
    }
  }
});

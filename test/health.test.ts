import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { checkDue } from '../src/communities/health.ts';
import { botSeenIn, redeemCode } from '../src/communities/invitation.ts';
import { startJobs } from '../src/jobs.ts';
import { capabilityNames } from '../src/networks/network.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/server.ts';
import { type Account, openTest, type Test } from './harness.ts';

let sandbox: Sandbox;
let it: Test;
let owner: Account;

beforeAll(async () => {
  sandbox = await startSandbox({ floodLimits: false });
  it = await openTest({
    roots: { telegram: sandbox.telegramRoot, vk: sandbox.vkRoot },
    durations: { healthPause: 5 },
  });
  owner = await it.register({ timezone: 'Europe/Moscow' });
});
afterAll(async () => {
  await it.close();
  await sandbox.stop();
});

const ask = (method: string, path: string, body?: object) =>
  it.request(method, path, { cookie: owner.cookie, ...(body ? { body } : {}) });

async function channel(type: 'channel' | 'supergroup' = 'channel') {
  const bot = sandbox.addBot();
  const chat = sandbox.addChat({ title: 'News', type, admins: [{ bot: bot.id }] });
  const answer = await ask('POST', '/v1/communities', {
    network: 'telegram',
    credentials: { bot_token: bot.token },
    external_id: String(chat.id),
  });
  expect(answer.status).toBe(201);
  const path = `/v1/communities/${answer.body.id}`;
  return { id: answer.body.id as string, bot, chat, path, body: answer.body };
}

/** Lets the daily moment of one community come, and of no other. */
async function day(id: string): Promise<number> {
  await it.ctx.sql`update communities set health_at = now() + interval '1 hour'`;
  await it.ctx.sql`update communities set health_at = now() where id = ${id}`;
  return checkDue(it.ctx);
}

const codes = (warnings: { code: string }[]) => warnings.map(({ code }) => code);

describe('the daily check', () => {
  test('comes once a day, at a moment of its own', async () => {
    const made = await Promise.all([1, 2, 3, 4].map(() => channel()));
    const moments = await it.ctx.sql<{ at: number }[]>`
      select extract(epoch from health_at - created_at)::float8 as at from communities
      where id = any(${made.map(({ id }) => id)}::uuid[])`;
    expect(new Set(moments.map(({ at }) => at)).size).toBeGreaterThan(1);
    for (const { at } of moments) expect(at >= -1 && at <= 86_401).toBe(true);
    const [first] = made;
    if (!first) throw new Error('nothing was connected');
    sandbox.setMembers({ network: 'telegram', place: first.chat.id, members: 4_321 });
    expect(await day(first.id)).toBe(1);
    expect((await ask('GET', first.path)).body.members).toBe(4_321);
    expect(await checkDue(it.ctx)).toBe(0);
    const [next] = await it.ctx.sql<{ hours: number }[]>`
      select extract(epoch from health_at - now())::float8 / 3600 as hours from communities where id = ${first.id}`;
    expect(next?.hours).toBeGreaterThan(11.9);
  });

  test('warns of a right that was lost, since when, until it is back', async () => {
    const { id, bot, chat, path } = await channel();
    sandbox.setRights({ chat: chat.id, bot: bot.id, rights: { can_edit_messages: false } });
    await day(id);
    const lost = (await ask('GET', path)).body.warnings;
    expect(lost).toEqual([
      {
        code: 'right_lost',
        message: expect.stringMatching(/^Pinning posts: no longer possible\./),
        since: expect.any(String),
      },
    ]);
    await day(id);
    expect((await ask('GET', path)).body.warnings).toEqual(lost);
    sandbox.setRights({ chat: chat.id, bot: bot.id, rights: { can_edit_messages: true } });
    expect((await ask('POST', `${path}/check`)).body.warnings).toEqual([]);
  });

  test('warns of a place that no longer lets the bot in, and goes on', async () => {
    const [one, two] = [await channel(), await channel()];
    sandbox.setRights({ chat: one.chat.id, bot: one.bot.id, status: 'kicked' });
    await it.ctx.sql`update communities set health_at = now() + interval '1 hour'`;
    await it.ctx.sql`
      update communities set health_at = now() - interval '1 minute' where id in (${one.id}, ${two.id})`;
    expect(await checkDue(it.ctx)).toBe(2);
    const kicked = (await ask('GET', one.path)).body;
    expect([kicked.status, codes(kicked.warnings)]).toEqual(['active', ['no_access']]);
    sandbox.setRights({ chat: one.chat.id, bot: one.bot.id, status: 'administrator' });
    await day(one.id);
    expect((await ask('GET', one.path)).body.warnings).toEqual([]);
  });

  test('finds a dead token, and a network that is away is no finding', async () => {
    const { id, bot, path } = await channel();
    sandbox.fault({ network: 'telegram', method: 'getMe', action: { kind: 'drop_before' } });
    await day(id);
    expect((await ask('GET', path)).body).toMatchObject({ status: 'active', warnings: [] });
    sandbox.revoke(bot.token);
    await day(id);
    expect((await ask('GET', path)).body).toMatchObject({
      status: 'needs_reauth',
      status_reason: expect.stringContaining('does not accept the bot token'),
      warnings: [],
    });
    // A person must act now: it is not asked again.
    expect(await day(id)).toBe(0);
  });

  test('warns of somebody else who listens to the bot', async () => {
    const { id, bot, path } = await channel();
    const webhook = (url: string) =>
      fetch(`${sandbox.telegramRoot}/bot${bot.token}/setWebhook`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ url }),
      });
    await webhook(`${it.ctx.config.publicUrl.replace('http:', 'https:')}/x`);
    await webhook('https://elsewhere.example/hook/secret-path');
    await day(id);
    const { warnings } = (await ask('GET', path)).body;
    expect(codes(warnings)).toEqual(['foreign_listener']);
    expect(warnings[0].message).toContain('elsewhere.example');
    expect(warnings[0].message).not.toContain('secret-path');
    await webhook('');
    await day(id);
    expect((await ask('GET', path)).body.warnings).toEqual([]);
  });

  test('is started by the worker, as is the look at the places of a proved connection', async () => {
    const { id, path, chat, bot } = await channel();
    const connection = (
      await ask('POST', '/v1/connections', { network: 'telegram', credentials: { bot_token: bot.token } })
    ).body;
    const about = { network: 'telegram', botId: String(bot.id) };
    const place = { id: String(chat.id), title: 'News', type: 'channel', username: null };
    await botSeenIn(it.ctx, { ...about, chat: place, status: 'administrator', byPerson: null });
    const person = { id: String(chat.owner.id), name: 'Owner' };
    expect((await redeemCode(it.ctx, { ...about, code: connection.code, person })).proved).toBe(true);
    sandbox.setMembers({ network: 'telegram', place: chat.id, members: 77 });
    await it.ctx.sql`update communities set health_at = now() + interval '1 hour'`;
    await it.ctx.sql`update communities set health_at = now() where id = ${id}`;
    await it.ctx.sql.begin(async (tx) => {
      await it.ctx.queue.enqueue(tx, 'communities.health', [{ payload: {} }]);
      await it.ctx.queue.enqueue(tx, 'communities.refresh', [{ payload: {} }]);
    });
    const machine = await startJobs(it.ctx);
    try {
      const states = async () => [
        (await ask('GET', path)).body.members,
        (await ask('GET', `/v1/connections/${connection.id}`)).body.places[0]?.is_admin,
      ];
      for (let n = 0; n < 100 && (await states()).join() !== '77,true'; n += 1) await Bun.sleep(100);
      expect(await states()).toEqual([77, true]);
    } finally {
      await machine.drain(2_000);
    }
  });
});

describe('the rights of a community', () => {
  test('are told by name, with what works without them and how to get them', async () => {
    const { id, path, bot, body } = await channel();
    const rights = (await ask('GET', `${path}/rights`)).body;
    expect(rights.rights.map(({ name }: { name: string }) => name)).toEqual([...capabilityNames]);
    for (const { name, title, ...rest } of rights.rights) {
      expect(rest).toEqual(body.capabilities[name]);
      expect(title.length).toBeGreaterThan(3);
      if (!rest.available) expect([name, rest.detail.length > 10]).toEqual([name, true]);
    }
    expect(rights).toMatchObject({
      community_id: id,
      status: 'active',
      warnings: [],
      credential: {
        hint: `${bot.id}…${bot.token.slice(-4)}`,
        kinds: ['bot_token'],
        expires_at: null,
        renews: false,
        refreshed_at: null,
        last_error: null,
      },
    });
  });

  test('of a connection from before are filled in until the next check', async () => {
    const { id, path } = await channel();
    const old = {
      text: { available: true, detail: 'Texts.', next_step: null },
      images: { available: true, detail: 'Images.', next_step: null },
      find: { available: false, detail: 'Not.', next_step: null },
    };
    await it.ctx.sql`update communities set capabilities = ${it.ctx.sql.json(old)} where id = ${id}`;
    const before = (await ask('GET', path)).body;
    expect(before.capabilities.text).toEqual({ ...old.text, without: null });
    expect(before.capabilities.video).toMatchObject({
      available: false,
      detail: 'Not checked yet.',
      next_step: expect.stringContaining('/check'),
    });
    const after = (await ask('POST', `${path}/check`)).body;
    expect(after.capabilities.video.available).toBe(true);
    // What was never there is not lost.
    expect(codes(after.warnings)).toEqual([]);
  });
});

describe('the settings of a community', () => {
  test('have defaults, take changes one by one, and refuse what the network does not know', async () => {
    const { path, body } = await channel();
    expect(body.settings).toMatchObject({ service_chat: null, preview_page: true });
    const changed = await ask('PATCH', path, { settings: { preview_page: false } });
    expect([changed.status, changed.body.settings.preview_page]).toEqual([200, false]);
    const more = await ask('PATCH', path, { settings: { forward_probe: true } });
    expect(more.body.settings).toMatchObject({ preview_page: false, forward_probe: true });
    for (const [settings, at] of [
      [{ colour: 'red' }, '/settings/colour'],
      [{ preview_page: 'yes' }, '/settings/preview_page'],
      [{ service_chat: 'x' }, '/settings/service_chat'],
    ] as const) {
      const refused = await ask('PATCH', path, { settings });
      expect([refused.status, refused.body.errors?.[0].path]).toEqual([422, at]);
    }
    expect((await ask('GET', path)).body.settings).toEqual(more.body.settings);
    // A check and new credentials leave them alone.
    expect((await ask('POST', `${path}/check`)).body.settings).toEqual(more.body.settings);
  });

  test('that change what can be done are asked for at the network', async () => {
    const { path, bot, chat } = await channel();
    const since = sandbox.ledger().at(-1)?.seq ?? 0;
    const service = sandbox.addChat({ title: 'Service', type: 'supergroup', admins: [{ bot: bot.id }] });
    const changed = await ask('PATCH', path, { settings: { service_chat: service.id } });
    expect([changed.status, changed.body.settings.service_chat]).toEqual([200, service.id]);
    const calls = sandbox.ledger(since).filter(({ place }) => place === String(chat.id));
    expect(calls.length).toBeGreaterThan(0);
    sandbox.fault({ network: 'telegram', method: 'getMe', action: { kind: 'drop_before' } });
    const away = await ask('PATCH', path, { settings: { service_chat: null } });
    expect(away.status).toBe(502);
    expect((await ask('GET', path)).body.settings.service_chat).toBe(service.id);
  });
});

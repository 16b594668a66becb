import { afterAll, beforeAll, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FaultAction } from '../src/sandbox/faults.ts';
import type { TestAnswer, TestRequest } from './harness.ts';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

let p: Publishing;
/** By name: what may show nowhere. */
const secrets = new Map<string, string>();
/** Every answer, without what its contract shows once. */
const answers: string[] = [];
/** A text that is kept on purpose: a search that does not find it has not searched. */
const control = `control-${crypto.randomUUID()}`;

beforeAll(async () => {
  p = await openPublishing();
  secrets.set('API key', p.key).set('session', p.owner.cookie.split('=')[1] ?? '');
  await p.start();
}, 30_000);
afterAll(() => p.close());

async function ask(
  method: string,
  path: string,
  body?: unknown,
  options: TestRequest = {},
): Promise<TestAnswer> {
  const answer = await p.ask(method, path, body, options);
  answers.push(JSON.stringify(answer.body), JSON.stringify([...answer.headers]));
  return answer;
}

function keep(place: Connected): Connected {
  for (const token of place.tokens) secrets.set(`${place.network} token ${secrets.size}`, secretPart(token));
  return place;
}

/** A bot's id is public; what follows it is not. */
function secretPart(token: string): string {
  return token.includes(':') ? (token.split(':')[1] ?? token) : token;
}

/** As it is, and as it might be written into something. */
function forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    ...new Set([
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      bytes.toString('hex'),
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
    ]),
  ];
}

const echo = (token: string): FaultAction[] => [
  { kind: 'telegram_error', error_code: 400, description: `Bad Request: bot${token} said ${token}` },
  { kind: 'telegram_error', error_code: 403, description: `Forbidden: ${token}`, parameters: { token } },
  { kind: 'telegram_429', retry_after: token, header: '1' },
];
const spoilt: FaultAction[] = [
  { kind: 'drop_before' },
  { kind: 'drop_after' },
  { kind: 'status_500' },
  { kind: 'html_502' },
  { kind: 'truncated_json' },
  { kind: 'malformed_json' },
  { kind: 'wrong_shape' },
  { kind: 'empty_200' },
  { kind: 'redirect_302' },
  { kind: 'delay', ms: 1_500 },
];

test('secrets go through every door, the failing ones too', async () => {
  // Accounts.
  const password = `pass word ${crypto.randomUUID()}`;
  const wrong = `wrong word ${crypto.randomUUID()}`;
  secrets.set('password', password).set('wrong password', wrong);
  const email = 'canary@example.org';
  const made = await p.test.request('POST', '/v1/auth/register', {
    body: { email, password, name: 'Canary' },
  });
  expect(made.status).toBe(201);
  const login = await p.test.request('POST', '/v1/auth/login', { body: { email, password } });
  for (const answer of [made, login]) {
    const [cookie = ''] = answer.headers.getSetCookie();
    const value = cookie.split(';')[0]?.split('=')[1] ?? '';
    expect(value.length).toBeGreaterThan(40);
    secrets.set(`session ${secrets.size}`, value);
    // The cookie is in its own header and nowhere else of the answer.
    const others = [...answer.headers].filter(([name]) => name !== 'set-cookie');
    answers.push(JSON.stringify(answer.body), JSON.stringify(others));
  }
  for (const body of [
    { email, password: wrong },
    { email, password: [password] },
    { email, password: { value: password } },
    { email: password, password },
    // The name of an unknown field is told by contract, to whoever gave it; its value is not.
    { email, password, unknown: password },
    `{"email": "${email}", "password": "${password}`,
    { email, password: `${password}${'x'.repeat(2_000)}` },
  ]) {
    expect((await ask('POST', '/v1/auth/login', body)).status).toBeGreaterThanOrEqual(400);
    expect((await ask('POST', '/v1/auth/register', body)).status).toBeGreaterThanOrEqual(400);
  }

  // Keys: shown in the answer that makes them, and blanked when that is replayed.
  const headers = { 'idempotency-key': 'canary' };
  const body = { name: 'canary', scopes: ['posts:read'] };
  const key = await p.ask('POST', '/v1/api-keys', body, { headers });
  secrets.set('new key', key.body.key);
  answers.push(JSON.stringify({ ...key.body, key: null }), JSON.stringify([...key.headers]));
  expect((await ask('POST', '/v1/api-keys', body, { headers })).body.key).toBe(null);
  const rotated = await p.ask('POST', `/v1/api-keys/${key.body.id}/rotate`);
  secrets.set('rotated key', rotated.body.key);
  await ask('GET', '/v1/api-keys');
  await ask('GET', `/v1/api-keys/${key.body.id}`);
  const broken = `${p.key.slice(0, -1)}${p.key.endsWith('0') ? '1' : '0'}`;
  secrets.set('broken key', broken);
  for (const authorization of [`Bearer ${broken}`, `Bearer ${p.key} ${p.key}`, `Basic ${p.key}`, p.key]) {
    await ask('GET', '/v1/posts', undefined, { headers: { authorization }, key: undefined as never });
  }

  // Where nobody should put them, and somebody will.
  for (const secret of [p.key, password]) {
    const escaped = encodeURIComponent(secret);
    await ask('GET', `/v1/posts?access_token=${escaped}`);
    await ask('GET', `/v1/posts?cursor=${escaped}&status=${escaped}`);
    await ask('GET', `/v1/posts/${escaped}`);
    await ask('GET', `/${escaped}`);
    await ask('DELETE', `/v1/communities/${escaped}?purge=${escaped}`);
    await ask('PATCH', '/v1/me', { unknown: secret, name: { secret }, timezone: secret });
    await ask('GET', '/v1/me', undefined, {
      headers: { 'outpost-workspace': escaped },
    });
    await ask('POST', '/v1/communities', { network: secret, credentials: { a: secret }, external_id: '@x' });
    await ask('POST', '/v1/posts', {
      scheduled_at: secret,
      local_time: secret,
      timezone: secret,
      media_ids: [secret],
    });
    await ask('POST', `/v1/publications/${secret === p.key ? key.body.id : escaped}/confirm`, {
      remote_url: secret,
    });
  }
});

test('tokens go through connecting and checking, with every fault of the networks', async () => {
  const bot = p.sandbox.addBot();
  const chat = p.sandbox.addChat({ title: 'Faults', admins: [{ bot: bot.id }] });
  const group = p.sandbox.addCommunity({ screen_name: 'canaries', name: 'Canaries' });
  const community = p.sandbox.addVkToken({ kind: 'community', group_id: group.id }).token;
  const user = p.sandbox.addVkToken({ kind: 'user', admin_of: [group.id] }).token;
  for (const token of [bot.token, community, user]) secrets.set(`token ${secrets.size}`, secretPart(token));
  const telegram = {
    network: 'telegram',
    credentials: { bot_token: bot.token },
    external_id: String(chat.id),
  };
  const tokens = { community_token: community, user_token: user };
  const vk = { network: 'vk', credentials: tokens, external_id: group.screen_name };
  const vkEcho = [5, 15, 9, 6, 100].map(
    (error_code): FaultAction => ({
      kind: 'vk_error',
      error_code,
      error_msg: `refused ${community} and ${user}`,
      extra: { request_params: [{ key: 'access_token', value: user }] },
    }),
  );
  const connectWith = async (body: object, network: 'telegram' | 'vk', action: FaultAction) => {
    p.sandbox.fault({ network, action });
    const answer = await ask('POST', '/v1/communities', body);
    p.sandbox.clearFaults();
    // Faults of what is optional leave it connected.
    if (answer.status === 201) await ask('DELETE', `/v1/communities/${answer.body.id}?purge=true`);
    return answer.status;
  };
  const statuses: number[] = [];
  for (const action of [...spoilt, ...echo(bot.token)])
    statuses.push(await connectWith(telegram, 'telegram', action));
  for (const action of [...spoilt, ...vkEcho]) statuses.push(await connectWith(vk, 'vk', action));
  expect(statuses.filter((status) => status >= 400).length).toBeGreaterThan(20);
  for (const credentials of [
    { bot_token: 5 },
    { bot_token: [bot.token] },
    { bot_token: { deep: bot.token } },
    { bot_token: `${bot.token} ${bot.token}` },
    { bot_token: bot.token, [bot.token]: bot.token },
    [bot.token],
    bot.token,
  ]) {
    expect((await ask('POST', '/v1/communities', { ...telegram, credentials })).status).toBe(422);
  }
  for (const credentials of [
    { community_token: [community] },
    { user_token: `${user}\n${user}` },
    { token: user },
  ]) {
    expect((await ask('POST', '/v1/communities', { ...vk, credentials })).status).toBe(422);
  }
  for (const body of [telegram, vk]) {
    const { id } = (
      await ask('POST', '/v1/communities', body, { headers: { 'idempotency-key': body.network } })
    ).body;
    await ask('POST', '/v1/communities', body, { headers: { 'idempotency-key': body.network } });
    const network = body.network as 'telegram' | 'vk';
    for (const action of network === 'telegram' ? echo(bot.token) : vkEcho) {
      p.sandbox.fault({ network, action });
      await ask('POST', `/v1/communities/${id}/check`);
      p.sandbox.clearFaults();
    }
    await ask('PATCH', `/v1/communities/${id}`, { credentials: { bot_token: 'x', user_token: user } });
    await ask('GET', `/v1/communities/${id}`);
  }
  await ask('GET', '/v1/communities');
  await ask('GET', '/v1/networks');
}, 40_000);

test('tokens go through publishing, with every fault of the networks', async () => {
  const picture = await p.picture();
  const cases: {
    network: 'telegram' | 'vk';
    method: string;
    action: (tokens: string[]) => FaultAction;
    image?: true;
  }[] = [
    ...spoilt.map((action) => ({
      network: 'telegram' as const,
      method: 'sendMessage',
      action: () => action,
    })),
    ...[0, 1, 2].map((n) => ({
      network: 'telegram' as const,
      method: 'sendMessage',
      action: ([token = '']: string[]) => echo(token)[n] ?? { kind: 'drop_before' as const },
    })),
    ...spoilt.map((action) => ({ network: 'vk' as const, method: 'wall.post', action: () => action })),
    ...[5, 15, 214].map((error_code) => ({
      network: 'vk' as const,
      method: 'wall.post',
      action: (tokens: string[]): FaultAction => ({
        kind: 'vk_error',
        error_code,
        error_msg: tokens.join(' '),
        extra: { request_params: tokens.map((value) => ({ key: 'access_token', value })) },
      }),
    })),
    ...(['html_502', 'malformed_json', 'drop_before'] as const).map((kind) => ({
      network: 'vk' as const,
      method: 'upload.photo',
      action: (): FaultAction => ({ kind }),
      image: true as const,
    })),
  ];
  const ids: string[] = [];
  // At once: connecting is paced.
  const places = await Promise.all(
    cases.map(async (one) => ({ ...one, place: keep(await p[one.network]()) })),
  );
  for (const { network, method, action, image, place } of places) {
    const rule = network === 'telegram' ? { chat_id: place.place } : { owner_id: -place.place };
    p.sandbox.fault({ network, method, ...(image ? {} : { match: rule }), action: action(place.tokens) });
    const answer = await ask('POST', '/v1/posts', {
      text: control,
      community_ids: [place.id],
      ...(image ? { media_ids: [picture] } : {}),
      publish_now: true,
    });
    expect(answer.status).toBe(201);
    ids.push(answer.body.id);
  }
  const ends = ['published', 'unconfirmed', 'failed', 'held'];
  const seen = new Set<string>();
  for (const id of ids) {
    for (const { state, hold_reason } of await p.reaches(id, ends, 15_000)) {
      seen.add(state);
      // Not held back by an outage that the faults looked like: each of them was met.
      expect(hold_reason).not.toBe('network_down');
    }
    await ask('GET', `/v1/posts/${id}/publications`);
  }
  expect([...seen].sort()).toEqual([...ends].sort());
  await ask('GET', '/v1/posts?limit=100');

  // Networks that are not there at all: the address that cannot be reached holds the token.
  const cut = [keep(await p.telegram()), keep(await p.vk())];
  const logged = p.test.logs.length;
  await p.sandbox.stop();
  for (const { id } of cut) {
    expect((await ask('POST', `/v1/communities/${id}/check`)).status).toBe(502);
    await ask('POST', '/v1/posts', { text: control, community_ids: [id], publish_now: true });
  }
  const waiting = async () =>
    (await p.test.ctx.sql`select 1 as one from publication_attempts where outcome = 'not_sent'`).length;
  for (let n = 0; n < 100 && (await waiting()) < 2; n += 1) await Bun.sleep(50);
  expect(await waiting()).toBeGreaterThanOrEqual(2);
  expect(p.test.logs.length).toBeGreaterThan(logged);
  await ask('GET', '/metrics', undefined, { address: '127.0.0.1' });
}, 60_000);

test('none of them is in an answer, a log line, a row, a job or a file', async () => {
  await p.rest();
  expect(secrets.size).toBeGreaterThan(40);
  for (const secret of secrets.values()) expect(secret.length).toBeGreaterThan(16);
  const { sql, config } = p.test.ctx;
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')`;
  const rows: string[] = [];
  for (const { name } of tables) {
    for (const row of await sql.unsafe(`select row_to_json(t)::text as row from ${name} t`))
      rows.push(String(row.row));
  }
  const jobs = await sql`select 1 as one from pgboss.job`;
  expect([tables.length > 20, rows.length > 300, jobs.length > 20]).toEqual([true, true, true]);
  expect(answers.length).toBeGreaterThan(200);
  expect(p.test.logs.length).toBeGreaterThan(200);

  expect(leaks(answers)).toEqual([]);
  expect(leaks(p.test.logs)).toEqual([]);
  expect(leaks(rows)).toEqual([]);
  // Digests and sealed values are there, under other names.
  expect(rows.some((row) => row.includes('"sealed"'))).toBe(true);
  expect(rows.some((row) => row.includes(control))).toBe(true);
  expect(leaks([...rows, `token=${[...secrets.values()][5]}`])).toHaveLength(1);

  // Our own files, and beside them the database's: its tables, its write-ahead log, its messages.
  await sql`checkpoint`;
  const folders = [dirname(config.dataDir)];
  const names = await readdir(config.dataDir, { recursive: true });
  expect(names).toContain('secret');
  expect(await filesWith([control], folders)).not.toEqual([]);
  expect(await filesWith([...secrets.values()].flatMap(forms), folders)).toEqual([]);

  // The master key is in its own file and in no other.
  const master = (await Bun.file(join(config.dataDir, 'secret')).text()).trim();
  expect(await filesWith(forms(master), folders)).toEqual([join(config.dataDir, 'secret')]);
  secrets
    .set('master key', master)
    .set('master key bytes', Buffer.from(p.test.ctx.masterKey.bytes).toString('hex'));
  expect(leaks([...answers, ...p.test.logs, ...rows])).toEqual([]);
}, 60_000);

/** Names of the secrets that show in the texts, and where; never the secret itself. */
function leaks(texts: readonly string[]): string[] {
  const all = texts.join('\n');
  return [...secrets].flatMap(([name, secret]) =>
    forms(secret).flatMap((form) => {
      const at = all.indexOf(form);
      return at < 0 ? [] : [`${name} after ${all.slice(Math.max(0, at - 120), at)}`];
    }),
  );
}

/** Files below the folders that hold one of the texts. */
async function filesWith(texts: readonly string[], folders: readonly string[]): Promise<string[]> {
  const list = join(tmpdir(), `outpost-canaries-${crypto.randomUUID()}`);
  writeFileSync(list, `${[...new Set(texts)].join('\n')}\n`, { mode: 0o600 });
  try {
    const search = Bun.spawn(['grep', '-rlaF', '-f', list, ...folders], { stdout: 'pipe', stderr: 'ignore' });
    return [...new Set((await new Response(search.stdout).text()).split('\n').filter(Boolean))];
  } finally {
    rmSync(list);
  }
}

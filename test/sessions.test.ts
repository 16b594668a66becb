import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { sweepAuth } from '../src/auth/jobs.ts';
import { checkLogin, resetPassword } from '../src/auth/user.ts';
import { type Account, cookieOf, openTest, type Test } from './harness.ts';

let outpost: Test;
let person: Account;

beforeAll(async () => {
  outpost = await openTest({ registration: 'open' });
  person = await outpost.register({ email: 'First@Example.org ' });
});
afterAll(() => outpost.close());

let lastAddress = 0;
/** Another caller, so that one test's failures do not throttle the next. */
function somewhere(): string {
  lastAddress += 1;
  return `192.0.2.${lastAddress}`;
}

describe('sessions', () => {
  test('the database holds a hash that opens nothing', async () => {
    const account = await outpost.register();
    const rows = await outpost.ctx.sql`select id from sessions where user_id = ${account.userId}`;
    const value = account.cookie.split('=')[1] ?? '';
    expect(rows).toHaveLength(1);
    expect(rows[0]?.id).toMatch(/^[0-9a-f]{64}$/);
    expect(rows[0]?.id).not.toContain(value);
    for (const stolen of [rows[0]?.id, Buffer.from(String(rows[0]?.id), 'hex').toString('base64url')]) {
      expect((await outpost.request('GET', '/v1/me', { cookie: `outpost_session=${stolen}` })).status).toBe(
        401,
      );
    }
  });

  test('signing in makes a new id and kills the one that was there before', async () => {
    const account = await outpost.register();
    const answer = await outpost.request('POST', '/v1/auth/login', {
      body: { email: account.email, password: account.password },
      cookie: account.cookie,
      address: somewhere(),
    });
    const fresh = cookieOf(answer);
    expect(fresh).not.toBe(account.cookie);
    expect((await outpost.request('GET', '/v1/me', { cookie: account.cookie })).status).toBe(401);
    expect((await outpost.request('GET', '/v1/me', { cookie: fresh })).status).toBe(200);
  });

  test('an id that a stranger chose is never taken up', async () => {
    const planted = `outpost_session=${'A'.repeat(43)}`;
    const answer = await outpost.request('POST', '/v1/auth/login', {
      body: { email: person.email, password: person.password },
      cookie: planted,
      address: somewhere(),
    });
    expect(cookieOf(answer)).not.toBe(planted);
    expect((await outpost.request('GET', '/v1/me', { cookie: planted })).status).toBe(401);
  });

  test('signing out ends it for good and clears the cookie', async () => {
    const { cookie } = await outpost.register();
    const answer = await outpost.request('POST', '/v1/auth/logout', { cookie });
    expect(answer.status).toBe(204);
    expect(answer.headers.getSetCookie()[0]).toStartWith('outpost_session=; HttpOnly; Max-Age=0');
    expect((await outpost.request('GET', '/v1/me', { cookie })).status).toBe(401);
    expect((await outpost.request('POST', '/v1/auth/logout', { cookie })).status).toBe(401);
  });

  test('another password ends every one, and the one that asked goes on', async () => {
    const account = await outpost.register();
    const signIn = (password: string) =>
      outpost.request('POST', '/v1/auth/login', {
        body: { email: account.email, password },
        address: somewhere(),
      });
    const elsewhere = cookieOf(await signIn(account.password));
    const change = (current: string, address = somewhere()) =>
      outpost.request('PUT', '/v1/me/password', {
        cookie: account.cookie,
        address,
        body: { current, password: 'a much better one' },
      });

    const wrong = await change('not this one');
    expect([wrong.status, wrong.body.errors]).toEqual([
      422,
      [{ path: '/current', message: 'This is not your password.' }],
    ]);
    const guessing = somewhere();
    for (let tries = 0; tries < 5; tries += 1) expect((await change('guess', guessing)).status).toBe(422);
    expect((await change(account.password, guessing)).status).toBe(429);

    const done = await change(account.password);
    expect(done.status).toBe(204);
    const alive = async (cookie: string) => (await outpost.request('GET', '/v1/me', { cookie })).status;
    expect([await alive(account.cookie), await alive(elsewhere), await alive(cookieOf(done))]).toEqual([
      401, 401, 200,
    ]);
    expect((await signIn(account.password)).status).toBe(401);
    expect((await signIn('a much better one')).status).toBe(200);
  });

  test('of one that signs in while the password is changed nothing is left', async () => {
    const account = await outpost.register();
    const checked = await checkLogin(outpost.ctx, somewhere(), account);
    expect(await checked.stands()).toBe(true);
    const done = await outpost.request('PUT', '/v1/me/password', {
      cookie: account.cookie,
      address: somewhere(),
      body: { current: account.password, password: 'the next one' },
    });
    expect(done.status).toBe(204);
    expect(await checked.stands()).toBe(false);
  });

  test('all others can be ended at once, of this person alone', async () => {
    const account = await outpost.register();
    const signIn = async () =>
      cookieOf(
        await outpost.request('POST', '/v1/auth/login', {
          body: { email: account.email, password: account.password },
          address: somewhere(),
        }),
      );
    const others = [await signIn(), await signIn()];
    const answer = await outpost.request('DELETE', '/v1/me/sessions', { cookie: account.cookie });
    expect([answer.status, answer.body]).toEqual([200, { ended: 2 }]);
    for (const cookie of others) {
      expect((await outpost.request('GET', '/v1/me', { cookie })).status).toBe(401);
    }
    for (const { cookie } of [account, person]) {
      expect((await outpost.request('GET', '/v1/me', { cookie })).status).toBe(200);
    }
  });

  test('a key changes no password and ends no session', async () => {
    const account = await outpost.register();
    const made = await outpost.request('POST', '/v1/api-keys', {
      cookie: account.cookie,
      body: { name: 'mighty', scopes: ['*'] },
    });
    const { key } = made.body;
    const body = { current: account.password, password: 'from a script' };
    expect((await outpost.request('PUT', '/v1/me/password', { key, body })).status).toBe(403);
    expect((await outpost.request('DELETE', '/v1/me/sessions', { key })).status).toBe(403);
  });

  test('whoever runs the installation gives a new password to somebody who forgot theirs', async () => {
    const account = await outpost.register();
    const password = await resetPassword(outpost.ctx, ` ${account.email.toUpperCase()} `);
    expect((await outpost.request('GET', '/v1/me', { cookie: account.cookie })).status).toBe(401);
    const answer = await outpost.request('POST', '/v1/auth/login', {
      body: { email: account.email, password },
      address: somewhere(),
    });
    expect(answer.status).toBe(200);
    expect(resetPassword(outpost.ctx, 'nobody@example.org')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('an idle one ends, one in use goes on, and the absolute end stands', async () => {
    await using own = await openTest({ durations: { sessionIdle: 1_000, sessionAbsolute: 2_600 } });
    const busy = await own.register();
    const idle = cookieOf(
      await own.request('POST', '/v1/auth/login', { body: { email: busy.email, password: busy.password } }),
    );
    const alive = async (cookie: string) => (await own.request('GET', '/v1/me', { cookie })).status === 200;
    expect(await alive(idle)).toBe(true);
    const from = Date.now();
    while (Date.now() - from < 1_800) {
      expect(await alive(busy.cookie)).toBe(true);
      await Bun.sleep(100);
    }
    expect(await alive(idle)).toBe(false);
    // Never idle, and over all the same.
    while (Date.now() - from < 4_000 && (await alive(busy.cookie))) await Bun.sleep(100);
    expect(Date.now() - from).toBeWithin(1_800, 3_900);
    expect(await alive(busy.cookie)).toBe(false);
  });

  test('the sweep removes what has run out and nothing else', async () => {
    await using own = await openTest();
    const account = await own.register();
    await own.ctx.sql`
      insert into sessions (id, user_id, created_at, expires_at) values
        ('idle', ${account.userId}, now(), now() - interval '1 minute'),
        ('old', ${account.userId}, now() - interval '31 days', now() + interval '1 day')`;
    await own.ctx.sql`insert into rate_limits values ('over', 1, 1), ('still', 1, ${Date.now() + 60_000})`;
    await own.ctx.sql`
      insert into idempotency_keys (principal, key, fingerprint, created_at) values
        ('p', 'old', '', now() - interval '8 days'), ('p', 'new', '', now())`;
    await sweepAuth(own.ctx);
    const left = await own.ctx.sql`
      select id as name from sessions union all select key from rate_limits union all select key from idempotency_keys`;
    const names = left.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['still', 'new']));
    for (const gone of ['idle', 'old', 'over']) expect(names).not.toContain(gone);
    expect((await own.request('GET', '/v1/me', { cookie: account.cookie })).status).toBe(200);
  });

  test('a broken cookie of somebody else on this host does no harm', async () => {
    const cookie = `other=%E0%A4%A; ${person.cookie};third=x`;
    expect((await outpost.request('GET', '/v1/me', { cookie })).status).toBe(200);
  });
});

describe('requests from other sites', () => {
  const own = 'http://localhost:3000';
  const passes: Record<string, string>[] = [
    {},
    { Origin: own },
    { Origin: own, 'Sec-Fetch-Site': 'same-origin' },
    { 'Sec-Fetch-Site': 'same-origin' },
  ];
  const refused: Record<string, string>[] = [
    { Origin: 'null' },
    { Origin: 'https://evil.example' },
    { Origin: 'http://sub.localhost:3000' },
    { Origin: 'http://localhost:3001' },
    { Origin: 'https://localhost:3000' },
    { Origin: `${own}.evil.example` },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: own, 'Sec-Fetch-Site': 'cross-site' },
    { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'same-origin' },
  ];
  const types = [
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    '',
  ];

  test('are refused with a session, for every content type, and pass with a key', async () => {
    const key = await outpost.apiKey(person);
    for (const type of types) {
      const send = (headers: Record<string, string>, credentials: { key?: string; cookie?: string }) =>
        outpost.request('PATCH', '/v1/me', {
          ...credentials,
          body: new TextEncoder().encode('{"name":"Renamed"}'),
          headers: { ...headers, ...(type ? { 'Content-Type': type } : {}) },
        });
      const right = type === 'application/json' ? 200 : 415;
      for (const headers of refused) {
        const answer = await send(headers, { cookie: person.cookie });
        expect(answer.body, `${type} ${JSON.stringify(headers)}`).toMatchObject({
          status: 403,
          code: 'cross_site',
        });
        expect((await send(headers, { key })).status).toBe(right);
      }
      for (const headers of passes) {
        expect((await send(headers, { cookie: person.cookie })).status, JSON.stringify(headers)).toBe(right);
      }
    }
  });

  test('may read nothing either: no answer allows another origin', async () => {
    const answer = await outpost.request('GET', '/v1/me', {
      cookie: person.cookie,
      headers: { Origin: 'https://evil.example' },
    });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
  });

  test('cannot sign anybody in or out, and are told the address of the installation', async () => {
    for (const headers of refused) {
      for (const path of ['/v1/auth/login', '/v1/auth/register']) {
        const body = {
          email: person.email,
          password: person.password,
          ...(path.endsWith('register') ? { name: 'X' } : {}),
        };
        const answer = await outpost.request('POST', path, { body, headers, address: somewhere() });
        expect(answer.body).toMatchObject({ status: 403, code: 'wrong_origin' });
        expect(answer.body.detail).toContain(own);
        expect(answer.headers.getSetCookie()).toEqual([]);
      }
      const out = await outpost.request('POST', '/v1/auth/logout', { cookie: person.cookie, headers });
      expect(out.status).toBe(403);
    }
    expect((await outpost.request('GET', '/v1/me', { cookie: person.cookie })).status).toBe(200);
  });
});

describe('secrets', () => {
  test('passwords, cookies and keys never reach the log, whatever goes wrong', async () => {
    await using own = await openTest({ logLevel: 'trace' });
    const secret = 'canary-password-4711';
    const body = { email: 'canary@example.org', password: secret, name: 'Canary' };
    const made = await own.request('POST', '/v1/auth/register', { body });
    const cookie = cookieOf(made);
    const { body: key } = await own.request('POST', '/v1/api-keys', {
      cookie,
      body: { name: 'x', scopes: ['*'] },
    });
    await own.request('POST', '/v1/auth/login', { body: { email: body.email, password: secret } });
    await own.request('POST', '/v1/auth/login', { body: { email: body.email, password: `${secret}!` } });
    await own.request('POST', '/v1/auth/login', { body: { ...body } });
    await own.request('POST', '/v1/auth/login', {
      body: `{"password":"${secret}"`,
      headers: { 'Content-Type': 'application/json' },
    });
    await own.request('GET', `/v1/me?key=${key.key}`, { key: key.key, cookie });
    await own.ctx.sql`alter table users rename column password_hash to gone`;
    expect(
      (await own.request('POST', '/v1/auth/login', { body: { email: body.email, password: secret } })).status,
    ).toBe(500);
    await own.ctx.sql`alter table api_keys rename column digest to gone`;
    expect((await own.request('GET', '/v1/me', { key: key.key })).status).toBe(500);
    await own.ctx.sql`alter table sessions rename column expires_at to gone`;
    expect((await own.request('GET', '/v1/me', { cookie })).status).toBe(500);
    const logged = own.logs.join('');
    expect(logged).toContain('request failed');
    for (const canary of [secret, cookie.split('=')[1] ?? '', key.key, key.key.slice(12)]) {
      expect(logged).not.toContain(canary);
    }
    expect(logged).not.toContain(body.email);
  });
});

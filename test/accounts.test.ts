import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { addressGroup } from '../src/auth/throttle.ts';
import { checkLogin } from '../src/auth/user.ts';
import { readConfig } from '../src/config.ts';
import { unseal } from '../src/crypto.ts';
import { isTimeZone } from '../src/timezone.ts';
import { createWorkspace, dataKey } from '../src/workspaces/workspace.ts';
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

const login = (
  email: string,
  password: string,
  address = somewhere(),
  headers: Record<string, string> = {},
) => outpost.request('POST', '/v1/auth/login', { body: { email, password }, address, headers });

describe('registration', () => {
  test('the first person becomes the operator, and then it is closed', async () => {
    await using own = await openTest();
    const first = await own.register({ timezone: 'Europe/Kiev' });
    const me = await own.request('GET', '/v1/me', { cookie: first.cookie });
    expect(me.body.user).toMatchObject({ is_operator: true, timezone: 'Europe/Kiev' });
    expect(me.body.workspaces).toMatchObject([
      { id: first.workspaceId, role: 'owner', timezone: 'Europe/Kiev' },
    ]);
    const body = { email: 'late@example.org', password: 'long enough', name: 'Late' };
    const late = await own.request('POST', '/v1/auth/register', { body });
    expect(late.body).toMatchObject({ status: 403, code: 'registration_closed' });
    // Closed says the same of an address that is there.
    const again = await own.request('POST', '/v1/auth/register', { body: { ...body, email: first.email } });
    expect(again.body).toEqual({ ...late.body, request_id: again.body.request_id });
  });

  test('of eight first registrations at once one gets in', async () => {
    await using own = await openTest();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        own.request('POST', '/v1/auth/register', {
          body: { email: `racer${i}@example.org`, password: 'long enough', name: 'Racer' },
        }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([
      201,
      ...Array.from({ length: 7 }, () => 403),
    ]);
    const [count] = await own.ctx.sql`select count(*)::int as users from users`;
    expect(count?.users).toBe(1);
  });

  test('of several first registrations at the same moment one is the operator and, where it is open, all get in', async () => {
    await using own = await openTest({ registration: 'open' });
    const { sql } = own.ctx;
    const held = await sql.reserve();
    // Reads pass and writes wait: without a lock of their own all would find an empty table.
    await held`begin`;
    await held`lock table users in share mode`;
    const registering = Promise.all(Array.from({ length: 4 }, () => own.register()));
    const waiting = async () => {
      const [row] = await sql`
        select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      return row?.waiting;
    };
    while ((await waiting()) < 4) await Bun.sleep(20);
    await held`commit`;
    held.release();
    await registering;
    const [count] = await sql`
      select count(*)::int as users, count(*) filter (where is_operator)::int as operators from users`;
    expect(count).toEqual({ users: 4, operators: 1 });
  });

  test('where it is open, everybody gets a workspace of their own and nobody else is operator', async () => {
    const second = await outpost.register();
    const me = await outpost.request('GET', '/v1/me', { cookie: second.cookie });
    expect(me.body.user.is_operator).toBe(false);
    expect(second.workspaceId).not.toBe(person.workspaceId);
    const other = { cookie: second.cookie, headers: { 'Outpost-Workspace': person.workspaceId } };
    expect((await outpost.request('GET', '/v1/api-keys', other)).status).toBe(404);
  });

  test('an address is taken in any letter case', async () => {
    const body = { email: 'FIRST@example.ORG', password: 'long enough', name: 'Copy' };
    const answer = await outpost.request('POST', '/v1/auth/register', { body });
    expect(answer.body).toMatchObject({ status: 409, code: 'email_taken' });
  });

  test('what is not fit is refused by field', async () => {
    const good = { email: 'x@example.org', password: 'long enough', name: 'X' };
    const refused = async (change: object) => {
      const answer = await outpost.request('POST', '/v1/auth/register', {
        body: { ...good, ...change },
        address: somewhere(),
      });
      expect(answer.status).toBe(422);
      return answer.body.errors.map(({ path }: { path: string }) => path);
    };
    expect(await refused({ email: 'nobody' })).toEqual(['/email']);
    expect(await refused({ password: '1234567' })).toEqual(['/password']);
    expect(await refused({ password: 'x'.repeat(257) })).toEqual(['/password']);
    expect(await refused({ name: '  ' })).toEqual(['/name']);
    expect(await refused({ timezone: '+03:00' })).toEqual(['/timezone']);
    expect(await refused({ is_operator: true })).toEqual(['/is_operator']);
    expect(await refused({ role: 'owner', id: 'x' })).toEqual(['/role']);
  });

  test('is throttled by address', async () => {
    await using own = await openTest();
    const body = { email: 'x@example.org', password: 'long enough', name: 'X' };
    const statuses: number[] = [];
    for (let i = 0; i < 22; i += 1) {
      statuses.push(
        (await own.request('POST', '/v1/auth/register', { body: { ...body, email: `x${i}@example.org` } }))
          .status,
      );
    }
    expect(statuses.slice(0, 20)).toEqual([201, ...Array.from({ length: 19 }, () => 403)]);
    expect(statuses.slice(20)).toEqual([429, 429]);
  });

  test('time zones are names or links of the tz database, never offsets', () => {
    for (const name of [
      'Europe/Moscow',
      'Europe/Kiev',
      'Asia/Calcutta',
      'UTC',
      'Etc/GMT+3',
      'America/Argentina/Salta',
    ]) {
      expect(isTimeZone(name), name).toBe(true);
    }
    for (const name of ['+03:00', '-08', 'GMT+3', '', 'Mars/Olympus', 'Europe/Moscow ', '../etc']) {
      expect(isTimeZone(name), name).toBe(false);
    }
  });
});

describe('signing in', () => {
  test('answers the person and a cookie that works', async () => {
    const answer = await login('first@example.org', person.password);
    expect(answer.status).toBe(200);
    expect(answer.body.user).toMatchObject({ email: 'first@example.org', id: person.userId });
    expect(answer.headers.getSetCookie()[0]).toMatch(
      /^outpost_session=[\w-]{43}; HttpOnly; Max-Age=2592000; Path=\/; SameSite=Lax$/,
    );
    expect((await outpost.request('GET', '/v1/me', { cookie: cookieOf(answer) })).status).toBe(200);
  });

  test('on https the cookie is Secure and bound to the host', async () => {
    await using own = await openTest({ publicUrl: 'https://outpost.example.org' });
    const account = await own.register();
    expect(account.cookie).toStartWith('__Host-outpost_session=');
    const answer = await own.request('POST', '/v1/auth/login', {
      body: { email: account.email, password: account.password },
      headers: { Origin: 'https://outpost.example.org' },
    });
    expect(answer.headers.getSetCookie()[0]).toEndWith(
      '; HttpOnly; Max-Age=2592000; Path=/; SameSite=Lax; Secure',
    );
    const plain = account.cookie.replace('__Host-', '');
    expect((await own.request('GET', '/v1/me', { cookie: plain })).status).toBe(401);
  });

  test('a wrong password and an unknown address answer alike', async () => {
    const known = await login('first@example.org', 'not the password');
    const unknown = await login('nobody@example.org', 'not the password');
    expect(known.status).toBe(401);
    expect(unknown.body).toEqual({ ...known.body, request_id: unknown.body.request_id });
    const names = (answer: typeof known) => [...answer.headers.keys()].sort();
    expect(names(unknown)).toEqual(names(known));
  });

  test('and take as long', async () => {
    await using own = await openTest({ passwordMemory: 16_384 });
    const account = await own.register();
    const time = async (email: string) => {
      const from = performance.now();
      await checkLogin(own.ctx, somewhere(), { email, password: 'not the password' }).catch(() => {});
      return performance.now() - from;
    };
    const known: number[] = [];
    const unknown: number[] = [];
    // In turn, so that a busy machine slows both.
    for (let i = 0; i < 20; i += 1) {
      known.push(await time(account.email));
      unknown.push(await time(`nobody${i}@example.org`));
    }
    const quarter = (all: number[]) => all.sort((a, b) => a - b)[5] ?? 0;
    expect(Math.abs(quarter(known) / quarter(unknown) - 1)).toBeLessThan(0.25);
  });

  test('the password is kept as argon2id, and made anew when the cost has changed', async () => {
    const { passwordMemory } = readConfig({});
    await using own = await openTest({ passwordMemory });
    const account = await own.register();
    const login = (email: string, password: string) =>
      own.request('POST', '/v1/auth/login', { body: { email, password } });
    const kept = async () => {
      const [row] = await own.ctx.sql`select password_hash from users where id = ${account.userId}`;
      return String(row?.password_hash);
    };
    expect(await kept()).toStartWith('$argon2id$v=19$m=65536,t=2,p=1$');
    const weak = await Bun.password.hash(account.password, {
      algorithm: 'argon2id',
      memoryCost: 1_024,
      timeCost: 1,
    });
    await own.ctx.sql`update users set password_hash = ${weak} where id = ${account.userId}`;
    expect((await login(account.email, 'not the password')).status).toBe(401);
    expect(await kept()).toBe(weak);
    expect((await login(account.email, account.password)).status).toBe(200);
    expect(await kept()).toStartWith('$argon2id$v=19$m=65536,t=2,p=1$');
    expect((await login(account.email, account.password)).status).toBe(200);
  });

  test('the sixth wrong password is throttled, and the right one still works from elsewhere', async () => {
    const account = await outpost.register();
    const here = somewhere();
    for (let i = 0; i < 5; i += 1) expect((await login(account.email, 'wrong wrong', here)).status).toBe(401);
    const sixth = await login(account.email, account.password, here);
    expect(sixth.body).toMatchObject({ status: 429, code: 'too_many_requests' });
    expect(Number(sixth.headers.get('retry-after'))).toBeGreaterThan(800);
    expect(Number(sixth.headers.get('retry-after'))).toBeLessThanOrEqual(900);
    expect((await login(account.email, account.password)).status).toBe(200);
  });

  test('many tries at once are no way around', async () => {
    const account = await outpost.register();
    const here = somewhere();
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => login(account.email, 'wrong wrong', here)),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(7);
  });

  test('one address may fail twenty times an hour over all accounts', async () => {
    const here = somewhere();
    const statuses: number[] = [];
    for (let i = 0; i < 21; i += 1)
      statuses.push((await login(`guess${i}@example.org`, 'wrong wrong', here)).status);
    expect(statuses.indexOf(429)).toBe(20);
    expect((await login('first@example.org', person.password, here)).status).toBe(429);
  });

  test('signing in rightly is not counted', async () => {
    const account = await outpost.register();
    const here = somewhere();
    for (let i = 0; i < 7; i += 1)
      expect((await login(account.email, account.password, here)).status).toBe(200);
  });

  test('an account under attack from everywhere gives each address one try, and its owner still gets in', async () => {
    const account = await outpost.register();
    const { sha256 } = await import('../src/crypto.ts');
    await outpost.ctx.sql`
      insert into rate_limits (key, points, expire)
      values (${`loginAccount:${sha256(account.email)}`}, 100, ${Date.now() + 3_600_000})`;
    const here = somewhere();
    expect((await login(account.email, 'wrong wrong', here)).status).toBe(401);
    expect((await login(account.email, 'wrong wrong', here)).status).toBe(429);
    expect((await login(account.email, account.password)).status).toBe(200);
  });

  test('IPv6 callers are counted by the /64 that they own', () => {
    expect(addressGroup('2001:db8:1:2:aaaa::1')).toBe('2001:db8:1:2::/64');
    expect(addressGroup('2001:0db8:0001:0002:ffff:0:0:9')).toBe('2001:db8:1:2::/64');
    expect(addressGroup('::1')).toBe('0:0:0:0::/64');
    expect(addressGroup('::ffff:203.0.113.7')).toBe('203.0.113.7');
    expect(addressGroup('203.0.113.7')).toBe('203.0.113.7');
  });

  test('throttling goes by the connection, whatever headers claim', async () => {
    const here = somewhere();
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      const headers = { 'X-Forwarded-For': `203.0.113.${i}`, Forwarded: `for=203.0.113.${i}` };
      statuses.push((await login('someone@example.org', 'wrong wrong', here, headers)).status);
    }
    expect(statuses.at(-1)).toBe(429);
  });
});

describe('a profile', () => {
  test('shows and changes name and time zone, and nothing else', async () => {
    const account = await outpost.register();
    const change = (body: object) => outpost.request('PATCH', '/v1/me', { cookie: account.cookie, body });
    const both = await change({ name: ' Anna ', timezone: 'Asia/Calcutta' });
    expect(both.body.user).toMatchObject({ name: 'Anna', timezone: 'Asia/Calcutta' });
    expect((await change({})).body).toEqual(both.body);
    for (const body of [{ email: 'x@y.org' }, { is_operator: true }, { workspace_id: account.workspaceId }]) {
      expect((await change(body)).status).toBe(422);
    }
    expect((await change({ timezone: '+03:00' })).status).toBe(422);
  });
});

describe('a workspace', () => {
  test('has a data key of its own, wrapped by the master key and bound to its row', async () => {
    const other = await outpost.register();
    const { ctx } = outpost;
    const one = await dataKey(ctx, ctx.sql, person.workspaceId);
    const two = await dataKey(ctx, ctx.sql, other.workspaceId);
    expect(one.bytes).not.toEqual(two.bytes);
    expect(await dataKey(ctx, ctx.sql, person.workspaceId)).toBe(one);
    const [row] = await ctx.sql`select data_key from workspaces where id = ${person.workspaceId}`;
    const sealed = row?.data_key as Uint8Array;
    expect(Buffer.from(sealed).includes(Buffer.from(one.bytes))).toBe(false);
    expect(() => unseal(ctx.masterKey, sealed, `workspaces|data_key|${other.workspaceId}`)).toThrow();
    const opened = unseal(ctx.masterKey, sealed, `workspaces|data_key|${person.workspaceId}`);
    expect(Buffer.compare(opened, one.bytes)).toBe(0);
    expect(dataKey(ctx, ctx.sql, Bun.randomUUIDv7())).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a person may have several: the header picks, the first is the default', async () => {
    const account = await outpost.register();
    const second = await createWorkspace(outpost.ctx, outpost.ctx.sql, {
      ownerId: account.userId,
      name: 'Second',
      timezone: 'UTC',
    });
    const ask = (headers: Record<string, string>) =>
      outpost.request('GET', '/v1/me', { cookie: account.cookie, headers });
    const first = await ask({});
    expect(first.body.workspace_id).toBe(account.workspaceId);
    expect(first.body.workspaces.map(({ id }: { id: string }) => id)).toEqual([
      account.workspaceId,
      second.id,
    ]);
    expect((await ask({ 'Outpost-Workspace': second.id })).body.workspace_id).toBe(second.id);
    const key = await outpost.apiKey(account);
    const withKey = await outpost.request('GET', '/v1/me', { key });
    expect(withKey.body.workspaces.map(({ id }: { id: string }) => id)).toEqual([account.workspaceId]);
  });
});

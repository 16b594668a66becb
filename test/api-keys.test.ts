import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { crc32 } from 'node:zlib';
import { isKeyText, newKeyText } from '../src/auth/key-text.ts';
import { scopes } from '../src/auth/scope.ts';
import { createApp } from '../src/http/app.ts';
import { type Account, openTest, type Test } from './harness.ts';

let outpost: Test;
let person: Account;

beforeAll(async () => {
  outpost = await openTest({ registration: 'open' });
  person = await outpost.register({ email: 'First@Example.org ' });
});
afterAll(() => outpost.close());

describe('API keys', () => {
  test('have 154 random bits and a checksum as GitHub’s do', () => {
    const seen = new Set<string>();
    const counts = new Map<string, number>();
    for (let i = 0; i < 5_000; i += 1) {
      const key = newKeyText('main');
      seen.add(key);
      expect(key).toMatch(/^sk_main_[0-9A-Za-z]{32}$/);
      for (const letter of key.slice(8, 34)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect(seen.size).toBe(5_000);
    expect(counts.size).toBe(62);
    const expected = (5_000 * 26) / 62;
    const chi = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // 61 degrees of freedom: 120 is passed by chance once in a hundred thousand runs; a modulo bias reaches thousands.
    expect(chi).toBeLessThan(120);
    const key = newKeyText('sandbox');
    expect(isKeyText(key, 'sandbox')).toBe(true);
    expect(isKeyText(key, 'main')).toBe(false);
    expect(isKeyText(`${key.slice(0, 12)}${key[12] === 'a' ? 'b' : 'a'}${key.slice(13)}`, 'sandbox')).toBe(
      false,
    );
    const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    const value = [...key.slice(-6)].reduce((sum, letter) => sum * 62 + alphabet.indexOf(letter), 0);
    expect(value).toBe(crc32(key.slice(0, -6)));
  });

  test('are shown once and kept as a digest', async () => {
    const made = await outpost.request('POST', '/v1/api-keys', {
      cookie: person.cookie,
      body: { name: 'shown once', scopes: ['posts:read', 'posts:read'] },
    });
    const { key, ...rest } = made.body;
    expect(key).toMatch(/^sk_main_\w{32}$/);
    expect(rest).toMatchObject({
      prefix: key.slice(0, 12),
      last_four: key.slice(-4),
      scopes: ['posts:read'],
    });
    const year = 365 * 24 * 3_600_000;
    expect(Math.abs(Date.parse(rest.expires_at) - Date.now() - year)).toBeLessThan(60_000);
    const one = await outpost.request('GET', `/v1/api-keys/${rest.id}`, { cookie: person.cookie });
    expect(one.body).toEqual(rest);
    const list = await outpost.request('GET', '/v1/api-keys', { cookie: person.cookie });
    expect(list.body.data[0]).toEqual(rest);
    const rows = await outpost.ctx.sql`select * from api_keys`;
    expect(JSON.stringify(rows)).not.toContain(key);
    expect(JSON.stringify(rows)).not.toContain(key.slice(12, -4));
  });

  test('a wrong checksum is refused without asking the database', async () => {
    await using own = await openTest();
    const account = await own.register();
    const key = await own.apiKey(account);
    await own.ctx.sql.end({ timeout: 1 });
    const wrong = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0');
    expect((await own.request('GET', '/v1/me', { key: wrong })).status).toBe(401);
    expect((await own.request('GET', '/v1/me', { key: newKeyText('sandbox') })).status).toBe(401);
    expect((await own.request('GET', '/v1/me', { key })).status).toBe(503);
  });

  test('a key does what its scopes say and nothing else', async () => {
    for (const scope of scopes.filter((scope) => scope !== 'admin')) {
      const key = await outpost.apiKey(person, [scope]);
      expect((await outpost.request('GET', '/v1/me', { key })).body.key.scopes).toEqual([scope]);
      const list = await outpost.request('GET', '/v1/api-keys', { key });
      expect(list.body).toMatchObject({ status: 403, code: 'forbidden' });
      expect((await outpost.request('PATCH', '/v1/me', { key, body: { name: 'X' } })).status).toBe(403);
    }
    const admin = await outpost.apiKey(person, ['admin']);
    expect((await outpost.request('GET', '/v1/api-keys', { key: admin })).status).toBe(200);
  });

  test('a key cannot give what it lacks, nor take it by rotating another', async () => {
    const admin = await outpost.apiKey(person, ['admin', 'posts:read']);
    const make = (scopes: string[]) =>
      outpost.request('POST', '/v1/api-keys', { key: admin, body: { name: 'child', scopes } });
    expect((await make(['posts:read'])).status).toBe(201);
    expect((await make(['admin'])).status).toBe(201);
    expect((await make(['posts:write'])).status).toBe(403);
    expect((await make(['*'])).status).toBe(403);
    const mighty = await outpost.request('POST', '/v1/api-keys', {
      cookie: person.cookie,
      body: { name: 'mighty', scopes: ['*'] },
    });
    const taken = await outpost.request('POST', `/v1/api-keys/${mighty.body.id}/rotate`, { key: admin });
    expect(taken.status).toBe(403);
    expect((await outpost.request('GET', '/v1/me', { key: mighty.body.key })).status).toBe(200);
  });

  test('an expired key is dead; an expiry lies in the future, or nowhere', async () => {
    const make = (expires_at: unknown) =>
      outpost.request('POST', '/v1/api-keys', {
        cookie: person.cookie,
        body: { name: 'x', scopes: ['*'], expires_at },
      });
    for (const bad of [new Date(Date.now() - 1_000).toISOString(), 'tomorrow', 5]) {
      const answer = await make(bad);
      expect(answer.status).toBe(422);
      expect(answer.body.errors[0].path).toBe('/expires_at');
    }
    expect((await make(null)).body.expires_at).toBeNull();
    const short = await make(new Date(Date.now() + 700).toISOString());
    expect((await outpost.request('GET', '/v1/me', { key: short.body.key })).status).toBe(200);
    await Bun.sleep(800);
    expect((await outpost.request('GET', '/v1/me', { key: short.body.key })).status).toBe(401);
    const rotated = await outpost.request('POST', `/v1/api-keys/${short.body.id}/rotate`, {
      cookie: person.cookie,
    });
    expect(rotated.body).toMatchObject({ status: 409, code: 'wrong_state' });
  });

  test('a revoked key is dead at once and gone from sight', async () => {
    const made = await outpost.request('POST', '/v1/api-keys', {
      cookie: person.cookie,
      body: { name: 'revoked', scopes: ['admin'] },
    });
    const { id, key } = made.body;
    expect((await outpost.request('DELETE', `/v1/api-keys/${id}`, { key })).status).toBe(204);
    expect((await outpost.request('GET', '/v1/me', { key })).status).toBe(401);
    expect((await outpost.request('GET', `/v1/api-keys/${id}`, { cookie: person.cookie })).status).toBe(404);
    expect((await outpost.request('DELETE', `/v1/api-keys/${id}`, { cookie: person.cookie })).status).toBe(
      404,
    );
  });

  test('rotating gives a new secret and kills the old one at once', async () => {
    const made = await outpost.request('POST', '/v1/api-keys', {
      cookie: person.cookie,
      body: { name: 'rotated', scopes: ['posts:read'] },
    });
    const rotated = await outpost.request('POST', `/v1/api-keys/${made.body.id}/rotate`, {
      cookie: person.cookie,
    });
    expect(rotated.body).toMatchObject({
      id: made.body.id,
      name: 'rotated',
      expires_at: made.body.expires_at,
    });
    expect(rotated.body.key).not.toBe(made.body.key);
    expect((await outpost.request('GET', '/v1/me', { key: made.body.key })).status).toBe(401);
    expect((await outpost.request('GET', '/v1/me', { key: rotated.body.key })).status).toBe(200);
  });

  test('a key of another workspace is neither seen, rotated nor revoked', async () => {
    const stranger = await outpost.register();
    const theirs = await outpost.request('POST', '/v1/api-keys', {
      cookie: stranger.cookie,
      body: { name: 'theirs', scopes: ['*'] },
    });
    const mine = { cookie: person.cookie };
    expect((await outpost.request('GET', `/v1/api-keys/${theirs.body.id}`, mine)).status).toBe(404);
    expect((await outpost.request('POST', `/v1/api-keys/${theirs.body.id}/rotate`, mine)).status).toBe(404);
    expect((await outpost.request('DELETE', `/v1/api-keys/${theirs.body.id}`, mine)).status).toBe(404);
    expect((await outpost.request('GET', '/v1/me', { key: theirs.body.key })).status).toBe(200);
  });

  test('use is noted to the minute, beside the answer', async () => {
    const key = await outpost.apiKey(person, ['admin']);
    const { body } = await outpost.request('GET', '/v1/me', { key });
    const noted = async () => {
      for (let i = 0; i < 50; i += 1) {
        const [row] = await outpost.ctx.sql`select last_used_at from api_keys where id = ${body.key.id}`;
        if (row?.last_used_at) return (row.last_used_at as Date).getTime();
        await Bun.sleep(20);
      }
      return 0;
    };
    const first = await noted();
    expect(Math.abs(Date.now() - first)).toBeLessThan(5_000);
    await outpost.request('GET', '/v1/me', { key });
    await Bun.sleep(100);
    expect(await noted()).toBe(first);
  });

  test('pages lead through all keys, each once', async () => {
    await using own = await openTest();
    const account = await own.register();
    const made: string[] = [];
    for (let i = 0; i < 7; i += 1) made.push(await own.apiKey(account));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body } = await own.request('GET', `/v1/api-keys?limit=3${query}`, { cookie: account.cookie });
      seen.push(...body.data.map(({ last_four }: { last_four: string }) => last_four));
      cursor = body.next_cursor;
    } while (cursor !== null);
    expect(seen).toEqual(made.map((key) => key.slice(-4)).reverse());
  });

  test('two processes that start at once agree on one pepper', async () => {
    await using own = await openTest();
    const account = await own.register();
    await own.ctx.sql`delete from secrets`;
    const { openPostgres } = await import('../src/stores/postgres.ts');
    const { host, port, user, database } = own.address;
    const others = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const ctx = { ...own.ctx, sql: openPostgres({ host, port, user, database }, 2) };
        const answer = await createApp(ctx).fetch(
          new Request('http://localhost:3000/v1/api-keys', {
            method: 'POST',
            headers: { Cookie: account.cookie, 'Content-Type': 'application/json' },
            body: JSON.stringify({ name: 'x', scopes: ['*'] }),
          }),
        );
        const { key } = (await answer.json()) as { key: string };
        await ctx.sql.end();
        return key;
      }),
    );
    for (const key of others) expect((await own.request('GET', '/v1/me', { key })).status).toBe(200);
  });
});

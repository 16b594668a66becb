import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Account, openTest, someId, type Test, type TestAnswer } from './harness.ts';
import { openPublishing, type Publishing } from './publishing.ts';

let outpost: Test;
let person: Account;
let key: string;

beforeAll(async () => {
  outpost = await openTest();
  person = await outpost.register();
  key = await outpost.apiKey(person);
});
afterAll(() => outpost.close());

describe('Idempotency-Key', () => {
  const make = (name: string, idempotencyKey: string, more: object = {}) =>
    outpost.request('POST', '/v1/api-keys', {
      key,
      body: { name, scopes: ['posts:read'] },
      headers: { 'Idempotency-Key': idempotencyKey },
      ...more,
    });

  test('the same request again gets the first answer, with the secret blanked, and acts once', async () => {
    const first = await make('twice', 'a key with spaces');
    const again = await make('twice', 'a key with spaces');
    expect(again.status).toBe(201);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(first.body.key).toStartWith('sk_main_');
    expect(again.body).toEqual({ ...first.body, key: null });
    const list = await outpost.request('GET', '/v1/api-keys?limit=100', { key });
    expect(list.body.data.filter(({ name }: { name: string }) => name === 'twice')).toHaveLength(1);
    const [kept] = await outpost.ctx.sql`select body from idempotency_keys where key = 'a key with spaces'`;
    expect(kept?.body).not.toContain(first.body.key);
  });

  test('another body, method or address under the same key is refused', async () => {
    await make('one', 'mismatch');
    expect((await make('two', 'mismatch')).body.code).toBe('idempotency_mismatch');
    const headers = { 'Idempotency-Key': 'mismatch' };
    const other = await outpost.request('DELETE', `/v1/api-keys/${someId}`, { key, headers });
    expect(other.body).toMatchObject({ status: 422, code: 'idempotency_mismatch' });
  });

  test('refusals and empty answers are replayed, too', async () => {
    const made = await make('gone', 'gone-1');
    const remove = () =>
      outpost.request('DELETE', `/v1/api-keys/${made.body.id}`, {
        key,
        headers: { 'Idempotency-Key': 'gone-2' },
      });
    expect((await remove()).status).toBe(204);
    const again = await remove();
    expect(again.status).toBe(204);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const refused = () =>
      outpost.request('POST', '/v1/api-keys', { key, body: {}, headers: { 'Idempotency-Key': 'refused' } });
    const first = await refused();
    const second = await refused();
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('content-type')).toBe('application/problem+json');
  });

  test('of many at once one acts and the others are told that it runs', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => make('at once', 'race')));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
    expect(statuses).toContain(201);
    const busy = answers.find(({ status }) => status === 409);
    if (busy) expect(busy.body.code).toBe('idempotency_in_progress');
    const list = await outpost.request('GET', '/v1/api-keys?limit=100', { key });
    expect(list.body.data.filter(({ name }: { name: string }) => name === 'at once')).toHaveLength(1);
  });

  test('a request that still runs keeps its key, and one that died gives it up', async () => {
    const me = await outpost.request('GET', '/v1/me', { key });
    const principal = `key:${me.body.key.id}@${person.workspaceId}`;
    await make('dead', 'dead');
    // As a process leaves it that was killed before it could answer.
    const leave = (until: Date) => outpost.ctx.sql`
      update idempotency_keys set status = null, body = null, content_type = null, lease_until = ${until}
      where principal = ${principal} and key = 'dead'`;
    await leave(new Date(Date.now() + 60_000));
    const busy = await make('dead', 'dead');
    expect(busy.body).toMatchObject({ status: 409, code: 'idempotency_in_progress' });
    expect(busy.headers.get('retry-after')).toBe('1');
    await leave(new Date(Date.now() - 1_000));
    expect((await make('other', 'dead')).body.code).toBe('idempotency_mismatch');
    expect((await make('dead', 'dead')).status).toBe(201);
  });

  test('a failure of ours is not kept: the same key may try again', async () => {
    await using own = await openTest();
    const account = await own.register();
    const send = () =>
      own.request('PATCH', '/v1/me', {
        cookie: account.cookie,
        body: { name: 'New' },
        headers: { 'Idempotency-Key': 'retry-me' },
      });
    await own.ctx.sql`alter table users rename column name to title`;
    expect((await send()).status).toBe(500);
    await own.ctx.sql`alter table users rename column title to name`;
    const answer = await send();
    expect(answer.body.user.name).toBe('New');
    expect(answer.headers.get('idempotent-replayed')).toBeNull();
  });

  test('a key that is empty, too long or not plain text is refused', async () => {
    for (const bad of ['', 'x'.repeat(256), 'caf\u00e9']) {
      const answer = await make('bad', bad);
      expect(answer.body).toMatchObject({ status: 422, errors: [{ path: 'headers/Idempotency-Key' }] });
    }
    expect((await make('good', 'x'.repeat(255))).status).toBe(201);
  });

  test('belongs to whoever sent it', async () => {
    const first = await make('mine', 'shared');
    const other = await outpost.request('POST', '/v1/api-keys', {
      cookie: person.cookie,
      body: { name: 'mine', scopes: ['posts:read'] },
      headers: { 'Idempotency-Key': 'shared' },
    });
    expect(other.status).toBe(201);
    expect(other.body.id).not.toBe(first.body.id);
  });
});

describe('a request that is repeated after the process died between its commit and its answer', () => {
  let p: Publishing;
  beforeAll(async () => {
    p = await openPublishing();
  }, 30_000);
  afterAll(() => p.close());

  async function twice(path: string, body?: object): Promise<[TestAnswer, TestAnswer]> {
    const key = crypto.randomUUID();
    const ask = () => p.ask('POST', path, body, { headers: { 'Idempotency-Key': key } });
    const first = await ask();
    const died = await p.test.ctx.sql`
      update idempotency_keys set status = null, body = null, content_type = null, lease_until = now() - interval '1 second'
      where key = ${key}`;
    expect(died.count).toBe(1);
    return [first, await ask()];
  }
  const count = async (table: 'posts' | 'publication_acts') => {
    const [row] = await p.test.ctx.sql<{ count: number }[]>`
      select count(*)::int as count from ${p.test.ctx.sql(table)}`;
    return row?.count;
  };

  test('imports a plan once and gets the same report', async () => {
    const channel = await p.telegram();
    const scheduled_at = new Date(Date.now() + 86_400_000).toISOString();
    const posts = [1, 2, 3].map((n) => ({ text: `line ${n}`, community_ids: [channel.id], scheduled_at }));
    const [first, again] = await twice('/v1/posts/import', { posts: [...posts, posts[0]] });
    expect([first.status, first.body.imported]).toEqual([200, 4]);
    expect([again.status, again.body.imported]).toEqual([200, 4]);
    const ids = ({ body }: TestAnswer) => body.rows.map((row: { post_id: string }) => row.post_id);
    expect(ids(again)).toEqual(ids(first));
    expect(again.body.rows[3]).toEqual(first.body.rows[3]);
    expect(await count('posts')).toBe(4);
  });

  test('plans a comment once, and copies a post once', async () => {
    const group = await p.vk();
    await p.start();
    const post = await p.ask('POST', '/v1/posts', {
      text: 'talked about',
      community_ids: [group.id],
      publish_now: true,
    });
    const [one] = await p.reaches(post.body.id, 'published');
    await p.rest();
    const [first, again] = await twice(`/v1/publications/${one?.id}/comment`, { text: 'said once' });
    expect([first.status, again.status, again.body.id]).toEqual([202, 202, first.body.id]);
    expect(await count('publication_acts')).toBe(1);
    // A second comment with the same words under another key is another comment.
    await p.ask('POST', `/v1/publications/${one?.id}/comment`, { text: 'said once' });
    expect(await count('publication_acts')).toBe(2);

    const [copy, same] = await twice(`/v1/posts/${post.body.id}/duplicate`);
    expect([copy.status, same.status, same.body.id]).toEqual([201, 201, copy.body.id]);
  });
});

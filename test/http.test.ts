import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createApp } from '../src/http/app.ts';
import { type Account, concrete, openTest, operationsOf, someId, type Test } from './harness.ts';

let outpost: Test;
let person: Account;
let key: string;

beforeAll(async () => {
  outpost = await openTest();
  person = await outpost.register();
  key = await outpost.apiKey(person);
});
afterAll(() => outpost.close());

describe('the document', () => {
  test('names every operation once and says what it answers', async () => {
    const all = await operationsOf(outpost);
    const ids = all.map(({ about }) => about.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { method, path, about } of all) {
      expect(about.operationId, `${method} ${path}`).toMatch(/^[a-z][A-Za-z]+$/);
      expect(
        Object.keys(about.responses).some((status) => status.startsWith('2') || status.startsWith('3')),
      ).toBe(true);
      expect(about.responses['500']).toBeDefined();
      for (const name of path.match(/(?<=\{)[^}]+/g) ?? []) {
        expect(
          about.parameters?.some((parameter) => parameter.in === 'path' && parameter.name === name),
        ).toBe(true);
      }
    }
  });

  test('resolves every reference and leaks no marks of ours', async () => {
    const { body } = await outpost.request('GET', '/openapi.json');
    const text = JSON.stringify(body);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      expect(Object.keys(body.components.schemas)).toContain(name ?? '');
    }
    expect(text).not.toContain('"x-');
    expect(body.openapi).toBe('3.1.0');
    expect(body.servers).toEqual([{ url: '/' }]);
    expect(Object.keys(body.components.securitySchemes)).toEqual(['key', 'session']);
  });

  test('is shown by a page without inline script, from files of this installation', async () => {
    const page = await outpost.request('GET', '/docs');
    expect(page.body).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(page.body).not.toContain('http');
    for (const [, file] of page.body.matchAll(/(?:src|href)="(docs[^"]+)"/g)) {
      const part = await outpost.request('GET', `/${file}`);
      expect(part.status, file).toBe(200);
      expect(part.body.length).toBeGreaterThan(50);
    }
    expect((await outpost.request('GET', '/docs/package.json')).status).toBe(404);
    expect((await outpost.request('GET', '/docs/..%2fpackage.json')).status).toBe(404);
  });
});

describe('who may come in', () => {
  test('everything but the list of public operations answers 401 without credentials', async () => {
    const open: string[] = [];
    for (const { method, path, about } of await operationsOf(outpost)) {
      const answer = await outpost.request(method, concrete(path));
      if (answer.status !== 401 || about.security.length === 0) open.push(about.operationId);
      expect(about.security.length === 0, `${method} ${path} answered ${answer.status}`).toBe(
        answer.status !== 401,
      );
    }
    const accounts = ['register', 'login', 'health', 'readiness', 'metrics', 'getDocument', 'readDocument'];
    expect(open).toEqual(expect.arrayContaining([...accounts, 'getDocumentPart']));
    const others = open.filter((id) => ![...accounts, 'getDocumentPart'].includes(id));
    // Pages and signed media addresses are open, too: nothing that changes anything is.
    expect(
      others.filter((id) => /^(create|change|update|delete|revoke|rotate|upload|list)/.test(id)),
    ).toEqual([]);
  });

  test('every route is an operation: documented and guarded', async () => {
    const { Hono } = await import('hono');
    const documented = new Set((await operationsOf(outpost)).map(({ method, path }) => `${method} ${path}`));
    const app = createApp(outpost.ctx);
    expect(app).not.toBeInstanceOf(Hono);
    for (const { method, path } of app.table) {
      expect(documented).toContain(`${method} ${path.replace(/:(\w+)(\{[^}]*\})?/g, '{$1}')}`);
    }
  });

  test('a bearer token that is no key of ours is refused', async () => {
    for (const bearer of [
      'x',
      'sk_main_',
      '',
      `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`,
      `${key}0`,
    ]) {
      const answer = await outpost.request('GET', '/v1/me', {
        headers: { Authorization: `Bearer ${bearer}` },
      });
      expect(answer.status, bearer).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  test('a key wins over a cookie, and a scheme of a proxy does not hide the cookie', async () => {
    const both = await outpost.request('GET', '/v1/me', { key, cookie: person.cookie });
    expect(both.body.key).not.toBeNull();
    const headers = { Authorization: 'Basic cHJveHk6cHJveHk=' };
    const basic = await outpost.request('GET', '/v1/me', { cookie: person.cookie, headers });
    expect(basic.body.key).toBeNull();
  });

  test('a workspace that is not the asker’s is not there', async () => {
    for (const credentials of [{ key }, { cookie: person.cookie }]) {
      const ask = (workspace: string) =>
        outpost.request('GET', '/v1/me', { ...credentials, headers: { 'Outpost-Workspace': workspace } });
      expect((await ask(person.workspaceId)).status).toBe(200);
      expect((await ask(someId)).status).toBe(404);
      expect((await ask("'; drop table users --")).status).toBe(404);
    }
  });
});

describe('refusals', () => {
  test('an address that is not there answers 404, another method 405 with what is allowed', async () => {
    const nowhere = await outpost.request('GET', '/v1/nothing-here');
    expect(nowhere.body).toMatchObject({
      status: 404,
      code: 'not_found',
      type: 'urn:outpost:problem:not_found',
    });
    expect(nowhere.headers.get('content-type')).toBe('application/problem+json');
    const wrong = await outpost.request('PUT', '/v1/me');
    expect(wrong.body).toMatchObject({ status: 405, code: 'method_not_allowed' });
    expect(wrong.headers.get('allow')).toBe('GET, PATCH');
  });

  test('a body is refused by kind: content type, syntax, encoding, depth, length, unknown field, odd text', async () => {
    const send = (body: unknown, type = 'application/json') =>
      outpost.request('POST', '/v1/api-keys', { key, body, headers: { 'Content-Type': type } });
    expect((await send('{}', 'text/plain')).status).toBe(415);
    expect((await send('{}', 'application/jsonp')).status).toBe(415);
    expect((await send('{"name":')).status).toBe(400);
    expect((await send('')).status).toBe(400);
    expect((await send(new Uint8Array([0x22, 0xff, 0x22]))).status).toBe(400);
    expect((await send('['.repeat(40) + ']'.repeat(40))).status).toBe(400);
    expect((await send('['.repeat(400_000))).status).toBe(400);
    const long = await send(JSON.stringify({ name: 'x', scopes: Array.from({ length: 1_001 }, () => '*') }));
    expect(long.body.errors).toEqual([{ path: '/scopes', message: 'Give 1000 items at most.' }]);
    const odd = await send('{"name":"a\\u0000b","scopes":["*"]}');
    expect(odd.body.errors[0].path).toBe('/name');
    const unknown = await send('{"name":"x","scopes":["*"],"workspace_id":"y","a/b~c":1}');
    expect(unknown.status).toBe(422);
    expect(unknown.body.errors).toEqual([
      { path: '/workspace_id', message: 'This field is not known here.' },
    ]);
    const missing = await send('{"scopes":["posts:read","nonsense"]}');
    expect(missing.body.errors).toContainEqual({ path: '/name', message: 'This field is required.' });
    expect(missing.body.errors.map(({ path }: { path: string }) => path)).toContain('/scopes/1');
    expect(missing.body.detail).toBe(missing.body.errors[0].message);
  });

  test('a query and a path are refused by name', async () => {
    const many = await outpost.request('GET', '/v1/api-keys?limit=101', { key });
    expect(many.body.errors).toEqual([
      { path: 'query/limit', message: 'limit is a whole number from 1 to 100.' },
    ]);
    expect((await outpost.request('GET', '/v1/api-keys?limit=1&limit=2', { key })).status).toBe(422);
    expect((await outpost.request('GET', '/v1/api-keys?sort=id;select+pg_sleep(5)', { key })).status).toBe(
      422,
    );
    expect((await outpost.request('GET', '/v1/api-keys?cursor=%00', { key })).status).toBe(422);
    const cursor = await outpost.request('GET', '/v1/api-keys?cursor=eyJhIjoxfQ', { key });
    expect(cursor.body.errors[0].path).toBe('query/cursor');
    const id = await outpost.request('GET', '/v1/api-keys/1', { key });
    expect(id.body.errors[0].path).toBe('params/id');
  });

  test('what was sent is not sent back: a wrong type is named without its value', async () => {
    const answer = await outpost.request('POST', '/v1/auth/login', {
      body: { email: 'a@b.org', password: 1234509876 },
    });
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).not.toContain('1234509876');
    const text = '{"email":"a@b.org","password":"hunter2hunter2"';
    const broken = await outpost.request('POST', '/v1/auth/login', {
      body: text,
      headers: { 'Content-Type': 'application/json' },
    });
    expect(JSON.stringify(broken.body)).not.toContain('hunter2');
  });

  test('a failure inside answers a request id and nothing else, and the log has the reason', async () => {
    await using own = await openTest();
    const account = await own.register();
    await own.ctx.sql`alter table users rename column timezone to zeitzone`;
    const answer = await own.request('GET', '/v1/me', {
      cookie: account.cookie,
      headers: { 'X-Request-Id': 'trace-me-12345' },
    });
    expect(answer.status).toBe(500);
    expect(answer.body.request_id).toBe('trace-me-12345');
    expect(Object.keys(answer.body).sort()).toEqual([
      'code',
      'detail',
      'request_id',
      'status',
      'title',
      'type',
    ]);
    expect(JSON.stringify(answer.body)).not.toMatch(
      /select|column|users|zeitzone|timezone|\/src|at \w+ \(|postgres/i,
    );
    const logged = own.logs.find((line) => line.includes('request failed')) ?? '';
    expect(logged).toContain('trace-me-12345');
    expect(logged).toContain('timezone');
  });

  test('a database that is gone answers 503 with Retry-After', async () => {
    await using own = await openTest();
    const account = await own.register();
    await own.ctx.sql.end({ timeout: 1 });
    const answer = await own.request('GET', '/v1/me', { cookie: account.cookie });
    expect(answer.body).toMatchObject({ status: 503, code: 'unavailable' });
    expect(answer.headers.get('retry-after')).toBe('5');
    expect((await own.request('GET', '/healthz')).status).toBe(200);
    expect((await own.request('GET', '/readyz')).status).toBe(503);
  });
});

import { mkdtempSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorObject } from 'ajv';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Scope } from '../src/auth/scope.ts';
import { type Config, readConfig } from '../src/config.ts';
import type { Context } from '../src/context.ts';
import { openMasterKey } from '../src/crypto.ts';
import type { Durations } from '../src/durations.ts';
import { createApp } from '../src/http/app.ts';
import { openLog } from '../src/log.ts';
import { type ClickHouse, openClickHouse } from '../src/stores/clickhouse.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/stores/embedded.ts';
import { openFolder } from '../src/stores/files.ts';
import { openPostgres } from '../src/stores/postgres.ts';
import { openQueue } from '../src/stores/queue.ts';
import { copyReady, makeReady, throwaway, unsafeSettings } from './ready.ts';

export interface TestOverrides extends Partial<Omit<Config, 'durations'>> {
  durations?: Partial<Durations>;
}

export interface TestRequest {
  /** Sent as JSON; FormData, text and streams are sent as they are. */
  body?: unknown;
  key?: string;
  cookie?: string;
  headers?: Record<string, string>;
  /** Address of the caller; default 198.51.100.1. */
  address?: string;
}

export interface TestAnswer {
  status: number;
  headers: Headers;
  /** Parsed JSON, or text, or null. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers that the schema has already checked
  body: any;
}

export interface Test extends AsyncDisposable {
  ctx: Context;
  app: ReturnType<typeof createApp>;
  /** Where this test's database is, for another pool. */
  address: EmbeddedPostgres['address'];
  /** Every line that was logged. */
  logs: string[];
  /** Sends a request and fails the test when the answer is not what /openapi.json declares. */
  request(method: string, path: string, options?: TestRequest): Promise<TestAnswer>;
  /** The first call makes the operator; later ones need `registration: 'open'`. Answers the session cookie too. */
  register(input?: { email?: string; name?: string; timezone?: string }): Promise<Account>;
  /** A key of this account's workspace; default scope `*`. */
  apiKey(account: Account, scopes?: (Scope | '*')[]): Promise<string>;
  close(): Promise<void>;
}

export interface Account {
  userId: string;
  workspaceId: string;
  email: string;
  password: string;
  /** `name=value`, for `request({ cookie })`. */
  cookie: string;
}

interface Cluster {
  root: string;
  postgres: EmbeddedPostgres;
  ch: ClickHouse;
}

const password = 'correct horse battery';

let cluster: Promise<Cluster> | undefined;
let checker: ReturnType<typeof answerChecker> | undefined;
let counter = 0;

/**
 * Everything real, on a database of its own: a copy of a ready one, which takes a few dozen milliseconds. One PostgreSQL
 * cluster and one ClickHouse engine serve the whole test process; close what you open: `await using test = await openTest()`. `parts` replaces parts of the context.
 */
export async function openTest(overrides: TestOverrides = {}, parts: Partial<Context> = {}): Promise<Test> {
  cluster ??= startCluster();
  const { root, postgres, ch } = await cluster;
  counter += 1;
  const database = `test_${counter}`;
  const admin = openPostgres({ ...postgres.address, database: 'template1' }, 1);
  // Copied as files: the blocks would go through the log one by one.
  await admin.unsafe(`create database ${database} template ${postgres.address.database} strategy file_copy`);
  await admin.end();

  const config = readConfig(
    {},
    {
      port: 3_000,
      dataDir: join(root, database),
      mediaDir: join(root, database, 'media'),
      logLevel: 'debug',
      passwordMemory: 1_024,
      // Fetching would use up faults and permits that a test has counted.
      inbound: 'off',
      ...overrides,
      // Its networks are sandboxes, which bear more calls a second.
      durations: { networkSecond: 40, sendPermit: 10, callPermit: 80, ...overrides.durations },
    },
  );
  await mkdir(config.dataDir, { recursive: true });
  const logs: string[] = [];
  const log = openLog(config.logLevel, (line) => logs.push(line));
  const address = { ...postgres.address, database };
  const sql = openPostgres(address, 12);
  const queue = await openQueue(sql, address, { worker: false, poll: config.durations.poll, log });
  const ctx: Context = {
    config,
    sql,
    queue,
    ch,
    files: await openFolder(config.mediaDir),
    log,
    masterKey: await openMasterKey(config.secret, config.dataDir),
    reached: async () => {},
    planned: { changed: () => {} },
    ...parts,
  };
  const app = createApp(ctx);
  // The routes are the same whatever the configuration.
  checker ??= answerChecker(app);
  const check = await checker;

  async function request(method: string, path: string, options: TestRequest = {}): Promise<TestAnswer> {
    const headers = new Headers(options.headers);
    if (options.key !== undefined) headers.set('Authorization', `Bearer ${options.key}`);
    if (options.cookie !== undefined) headers.set('Cookie', options.cookie);
    const asIs =
      typeof options.body === 'string' ||
      options.body instanceof FormData ||
      options.body instanceof ReadableStream ||
      options.body instanceof Uint8Array;
    if (options.body !== undefined && !asIs && !headers.has('content-type')) {
      headers.set('Content-Type', 'application/json');
    }
    const body = options.body === undefined || asIs ? options.body : JSON.stringify(options.body);
    const response = await app.fetch(
      new Request(`http://localhost:3000${path}`, {
        method,
        headers,
        body: body as BodyInit | undefined,
      }),
      { requestIP: () => ({ address: options.address ?? '198.51.100.1' }) },
    );
    const type = response.headers.get('content-type');
    const text = await textOf(response);
    const json = type !== null && /^application\/(problem\+)?json/.test(type);
    const answer = {
      status: response.status,
      headers: response.headers,
      body: text === '' ? null : json ? JSON.parse(text) : text,
    };
    check(method, path, answer);
    return answer;
  }

  const test: Test = {
    ctx,
    app,
    address,
    logs,
    request,
    async register(input = {}) {
      counter += 1;
      const email = input.email ?? `person${counter}@example.org`;
      const answer = await request('POST', '/v1/auth/register', {
        body: { name: 'Person', ...input, email, password },
        // Registration is throttled by address.
        address: `10.${(counter >> 16) & 255}.${(counter >> 8) & 255}.${counter & 255}`,
      });
      if (answer.status !== 201) throw new Error(`register answered ${JSON.stringify(answer.body)}`);
      return {
        userId: answer.body.user.id,
        workspaceId: answer.body.workspace.id,
        email,
        password,
        cookie: cookieOf(answer),
      };
    },
    async apiKey(account, scopes = ['*']) {
      const answer = await request('POST', '/v1/api-keys', {
        cookie: account.cookie,
        body: { name: 'test', scopes },
      });
      if (answer.status !== 201) throw new Error(`making a key answered ${JSON.stringify(answer.body)}`);
      return answer.body.key;
    },
    async close() {
      await queue.stop(1_000);
      await sql.end({ timeout: 5 });
    },
    [Symbol.asyncDispose]: () => test.close(),
  };
  return test;
}

/** The whole body; of a stream that never ends what comes at once. */
async function textOf(response: Response): Promise<string> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response.text();
  const reader = response.body?.getReader();
  const first = await reader?.read();
  await reader?.cancel();
  return new TextDecoder().decode(first?.value);
}

/** `name=value` of the cookie that an answer sets. */
export function cookieOf(answer: Pick<TestAnswer, 'headers'>): string {
  const [cookie] = answer.headers.getSetCookie();
  if (cookie === undefined) throw new Error('the answer sets no cookie');
  return cookie.split(';')[0] ?? '';
}

/** Every operation that the document names. */
export async function operationsOf(test: Pick<Test, 'request'>): Promise<DescribedOperation[]> {
  const { body } = await test.request('GET', '/openapi.json');
  return Object.entries(body.paths as Record<string, Record<string, Described>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, about]) => ({ method: method.toUpperCase(), path, about })),
  );
}

/** An id that nothing has. */
export const someId = '01a1fba1-32bc-74ca-9936-d87de8452b53';

/** A path of the document with {@link someId} for each parameter. */
export function concrete(path: string): string {
  return path.replace(/\{[^}]+\}/g, someId);
}

async function startCluster(): Promise<Cluster> {
  const root = mkdtempSync(join(throwaway(), 'outpost-test-'));
  const dataDir = join(root, 'cluster');
  if (!(await copyReady(dataDir))) await makeReady(dataDir);
  const postgres = await startEmbeddedPostgres({ dataDir, settings: unsafeSettings });
  removeAtTheEnd(root, postgres.pid);
  const ch = await openClickHouse({ clickhouseUrl: null, dataDir });
  // By the clock it would change rows that a test holds still. Whoever needs it lets it run once.
  await ch.command('system stop view community_standing_v1_fill');
  return { root, postgres, ch };
}

/**
 * The test runner gives no hook that runs after the last file, and may be killed. The pipe to this shell closes with
 * the process, however it ends; then the server is stopped and the folder removed.
 */
function removeAtTheEnd(root: string, pid: number): void {
  const script = `cat >/dev/null; for signal in INT QUIT; do kill -$signal "$1" 2>/dev/null; for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$1" 2>/dev/null || break; sleep 0.2; done; done; rm -rf "$2"`;
  Bun.spawn(['sh', '-c', script, 'sh', String(pid), root], {
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
    detached: true,
  }).unref();
}

type Media = Record<string, { schema?: object }>;
interface Described {
  operationId: string;
  security: object[];
  parameters?: { in: string; name: string }[];
  responses: Record<string, { content?: Media }>;
}

export interface DescribedOperation {
  method: string;
  /** As in the document, with `{id}`. */
  path: string;
  about: Described;
}

/** Compares answers with the document: hono-openapi documents them but checks nothing. */
async function answerChecker(app: ReturnType<typeof createApp>) {
  const document = (await (await app.fetch(new Request('http://localhost:3000/openapi.json'))).json()) as {
    paths: Record<string, Record<string, Described>>;
  };
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(document, 'outpost');
  const compiled = new Map<string, ValidateFunction>();
  const paths = Object.keys(document.paths).map((pattern) => ({
    pattern,
    // A fixed segment goes before a parameter: /v1/posts/preview is not a post.
    weight: pattern.split('{').length,
    fits: new RegExp(`^${pattern.replace(/[.]/g, '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`),
  }));
  paths.sort((a, b) => a.weight - b.weight);

  return (method: string, path: string, answer: TestAnswer) => {
    const { pathname } = new URL(path, 'http://localhost');
    const found = paths.filter(({ fits }) => fits.test(pathname)).map(({ pattern }) => pattern);
    const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
    const pattern = found.find((candidate) => document.paths[candidate]?.[verb]);
    const described = pattern === undefined ? undefined : document.paths[pattern]?.[verb];
    if (pattern === undefined || !described) {
      // Nothing is declared there, so nothing but «not found» may answer.
      if (answer.status === 404 || answer.status === 405) return;
      throw new Error(`${method} ${path} answered ${answer.status} and is not in the document`);
    }
    const where = `${method} ${pattern} → ${answer.status}`;
    const response = described.responses[answer.status];
    if (!response) throw new Error(`${where} is not declared: ${JSON.stringify(answer.body)}`);
    const type = answer.headers.get('content-type')?.split(';')[0] ?? null;
    if (!response.content) {
      if (answer.body !== null) throw new Error(`${where} should have no body`);
      return;
    }
    if (method === 'HEAD') return;
    if (type === null || !response.content[type]) throw new Error(`${where}: ${type} is not declared`);
    if (!type.endsWith('json')) return;
    let validate = compiled.get(where);
    if (!validate) {
      const pointer = ['paths', pattern, verb, 'responses', String(answer.status), 'content', type, 'schema']
        .map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
        .join('/');
      validate = ajv.compile({ $ref: `outpost#/${pointer}` });
      compiled.set(where, validate);
    }
    if (!validate(answer.body)) {
      throw new Error(
        `${where} breaks its schema: ${faults(validate.errors)} in ${JSON.stringify(answer.body)}`,
      );
    }
  };
}

function faults(errors: ErrorObject[] | null | undefined): string {
  return (errors ?? []).map((error) => `${error.instancePath} ${error.message}`).join(', ');
}

import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test';
import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/server.ts';
import { startEmbeddedPostgres } from '../src/stores/embedded.ts';
import { takeDataFolder } from '../src/stores/folder.ts';
import { openPostgres } from '../src/stores/postgres.ts';
import { freePort, processesOf, project, run, temporaryFolder, until } from './process.ts';

const readme = ['npx', '--yes', 'bun@1.4.5', 'run', 'start'];
const main = [process.execPath, 'src/main.ts'];

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
beforeEach(() => sandbox.reset());
afterAll(() => sandbox.stop());

test.each([
  ['SIGTERM to npx', (npx: number) => process.kill(npx, 'SIGTERM')],
  ['the death of npx', (npx: number) => process.kill(npx, 'SIGKILL')],
  ['Ctrl-C', (npx: number) => process.kill(-npx, 'SIGINT')],
])(
  '%s lets the send in flight end and leaves nothing behind',
  async (_name, end) => {
    using folder = temporaryFolder();
    const port = freePort();
    await using npx = run(readme, { ...settings(folder.path), PORT: String(port) });
    await npx.saying(/is ready at/);
    const url = `http://127.0.0.1:${port}`;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    await publishSlowly(url);
    const before = Date.now();
    end(npx.child.pid);
    await until('every process has ended', () => processesOf(folder.path).length === 0);
    expect(Date.now() - before).toBeGreaterThan(1_000);

    expect(sandbox.ledger().filter(({ event }) => event === 'accepted')).toHaveLength(1);
    expect(await outcomes(folder.path)).toEqual([{ state: 'published', sends: ['accepted'] }]);
  },
  60_000,
);

test('a stop during the start leaves nothing behind', async () => {
  using folder = temporaryFolder();
  await using started = run(main, { ...settings(folder.path), PORT: String(freePort()) });
  await until('PostgreSQL is starting', () => existsSync(join(folder.path, 'postgres', 'postmaster.pid')));
  started.child.kill('SIGTERM');
  expect(await started.child.exited).toBe(0);
  expect(processesOf(folder.path)).toEqual([]);
}, 60_000);

test('a second Ctrl-C does not wait for the send in flight', async () => {
  using folder = temporaryFolder();
  const port = freePort();
  await using started = run(main, { ...settings(folder.path), PORT: String(port) });
  await started.saying(/is ready at/);
  await publishSlowly(`http://127.0.0.1:${port}`, 30_000);
  started.child.kill('SIGINT');
  await Bun.sleep(1_100);
  expect(started.child.exitCode).toBeNull();
  started.child.kill('SIGINT');
  expect(await started.child.exited).toBe(1);
}, 60_000);

test('a port that is taken is told in one sentence', async () => {
  using folder = temporaryFolder();
  const other = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() });
  try {
    expect(await refusal({ DATA_DIR: folder.path, PORT: String(other.port) })).toBe(
      `Port ${other.port} is taken by another process: stop it, or set PORT to a free one.`,
    );
  } finally {
    other.stop(true);
  }
});

test('a data folder of another living Outpost is told in one sentence', async () => {
  using folder = temporaryFolder();
  const held = takeDataFolder(folder.path, 'postgres');
  try {
    expect(await refusal({ DATA_DIR: folder.path })).toBe(
      `The data folder ${folder.path} is in use by another Outpost (process ${process.pid}): stop that one, or set DATA_DIR to another folder.`,
    );
  } finally {
    held.release();
  }
});

test('a data folder that cannot be written is told in one sentence', async () => {
  using folder = temporaryFolder();
  const closed = join(folder.path, 'closed');
  mkdirSync(closed);
  const root = process.getuid?.() === 0;
  if (root) chownSync(closed, 65_534, 65_534);
  chmodSync(closed, 0o555);
  // Root passes every permission by, so it starts without that privilege.
  const command = root ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search', ...main] : main;
  for (const dataDir of [closed, join(closed, 'data')]) {
    const said = await refusal({ DATA_DIR: dataDir }, command);
    expect(said).toStartWith(`The data folder ${dataDir} cannot be `);
    expect(said).toContain('DATA_DIR');
  }
});

test('a database that does not answer is told in one sentence, without its password', async () => {
  using folder = temporaryFolder();
  const said = await refusal({
    DATA_DIR: folder.path,
    DATABASE_URL: `postgres://outpost:very-secret@127.0.0.1:${freePort()}/outpost`,
  });
  expect(said).toContain('DATABASE_URL');
  expect(said).not.toContain('very-secret');
});

test.each([
  [
    { OUTPOST_RGISTRATION: 'open' },
    'OUTPOST_RGISTRATION is not a setting that Outpost knows: see .env.example for the list.',
  ],
  [
    { OUTPOST_ROLE: 'api' },
    'OUTPOST_ROLE=api needs CLICKHOUSE_URL: the embedded ClickHouse engine belongs to one process.',
  ],
  [{ PORT: 'eighty' }, 'PORT must be a whole number from 0 to 65535.'],
  [
    { DATABASE_URL: 'mysql://outpost:very-secret@db/outpost' },
    'DATABASE_URL must be a URL that starts with postgres:// or postgresql://.',
  ],
])('%j is told in one sentence', async (env, sentence) => {
  using folder = temporaryFolder();
  expect(await refusal({ DATA_DIR: folder.path, ...env })).toBe(sentence);
});

test('.env.example lists every setting, and all of them are taken', async () => {
  const example = await Bun.file(join(project, '.env.example')).text();
  const source = await Bun.file(join(project, 'src', 'config.ts')).text();
  const listed = [...example.matchAll(/^#?([A-Z_]+)=(.*)$/gm)];
  const known = [...source.matchAll(/^ {2}([A-Z][A-Z_]+): v\./gm)].map(([, name]) => name);
  expect(known).not.toBeEmpty();
  expect(listed.map(([, name]) => name).sort()).toEqual(known.sort());
  const given = Object.fromEntries(listed.map(([, name, value]) => [name, value]));
  expect(readConfig(given).port).toBe(3000);
});

function settings(dataDir: string): Record<string, string> {
  return { DATA_DIR: dataDir, TELEGRAM_API_ROOT: sandbox.telegramRoot, VK_API_ROOT: sandbox.vkRoot };
}

/** Publishes to a channel that takes the message at once and answers late; resolves when it has taken it. */
async function publishSlowly(url: string, ms = 2_000): Promise<void> {
  const bot = sandbox.addBot();
  sandbox.addChat({ title: 'News', username: 'news', admins: [{ bot: bot.id }] });
  sandbox.fault({ network: 'telegram', method: 'sendMessage', action: { kind: 'delay_after', ms } });
  const ask = async (path: string, headers: Record<string, string>, body: unknown) => {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const { detail, ...made } = await answer.json();
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${detail}`);
    return { made, cookie: answer.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
  };
  const account = { email: 'a@example.org', password: 'correct horse battery', name: 'A' };
  const { cookie } = await ask('/v1/auth/register', {}, account);
  const community = { network: 'telegram', external_id: '@news', credentials: { bot_token: bot.token } };
  const { made } = await ask('/v1/communities', { cookie }, community);
  await ask('/v1/posts', { cookie }, { text: 'Hello', community_ids: [made.id], publish_now: true });
  await until('the network took the message', () =>
    sandbox.ledger().some(({ event }) => event === 'accepted'),
  );
}

/** What the database says of every publication after the product has ended. */
async function outcomes(dataDir: string) {
  const server = await startEmbeddedPostgres({ dataDir });
  const sql = openPostgres(server.address, 1);
  try {
    const rows = await sql<{ state: string; sends: string[] }[]>`
      select state, (select array_agg(outcome) from publication_attempts a
        where a.publication_id = p.id and a.kind = 'send') as sends
      from publications p`;
    return [...rows];
  } finally {
    await sql.end();
    await server.stop();
  }
}

/** The one sentence of a start that fails with exit code 1 and leaves nothing running. */
async function refusal(env: Record<string, string>, command = main): Promise<string> {
  await using started = run(command, { PORT: String(freePort()), ...env });
  expect(await started.child.exited).toBe(1);
  await until('it said why', () => started.err() !== '');
  expect(started.out()).toBe('');
  const lines = started.err().trim().split('\n');
  expect(lines).toHaveLength(1);
  if (env.DATA_DIR) expect(processesOf(env.DATA_DIR)).toEqual([]);
  return lines[0] ?? '';
}

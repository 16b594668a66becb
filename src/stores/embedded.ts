import { createHash } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { StartError } from '../errors.ts';
import { canEnter, chooseAccount, findBinaries } from './embedded-binaries.ts';
import { type Cluster, makeCluster, reason, spawnIn, user } from './embedded-cluster.ts';
import { disown, identify, type Postmaster, readPostmaster } from './embedded-process.ts';
import { takeDataFolder, unwritable } from './folder.ts';

export interface EmbeddedPostgres {
  /** For postgres.js, pg and pg-boss alike: `host` is the folder of the Unix socket. */
  address: { host: string; port: number; user: string; database: string };
  socketDir: string;
  pid: number;
  /** True when the server had outlived an earlier Outpost. */
  adopted: boolean;
  /** Resolves when the server ended by itself and could not be started again: Outpost cannot go on then. */
  lost: Promise<void>;
  /** Stops the server (fast, then at once after 10 s) and frees the data folder. Close the pools first. */
  stop(): Promise<void>;
}

const port = 5432;
const database = 'postgres';
/** Crash recovery of the most WAL that `max_wal_size` allows ends well within this. */
const readyWithin = 120_000;
const stopWithin = 10_000;
const logLimit = 4 * 1024 * 1024;

const settings: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  port: String(port),
  max_connections: '60',
  shared_buffers: '96MB',
  max_wal_size: '512MB',
  fsync: 'on',
  synchronous_commit: 'on',
  jit: 'off',
  autovacuum_naptime: '10s',
  // One node, short statements: no replicas, no helpers beside the writers, and no shared memory from /dev/shm,
  // of which a container has 64 MB.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  io_method: 'sync',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Failed statements are told to whoever sent them; here their text could hold what people wrote.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
};

/**
 * Starts the built-in PostgreSQL under `dataDir`, or adopts the one that is still running there. It listens on a Unix
 * socket in a folder that only its account may enter, and nowhere else. The server leads a session of its own: neither
 * Ctrl-C nor the end of this process reaches it, so that a drain can still write. Throws {@link StartError}.
 */
export async function startEmbeddedPostgres(options: {
  dataDir: string;
  log?: (message: string) => void;
  /** Go over {@link settings}: a server whose data nobody will miss need not wait for the disk. */
  settings?: Readonly<Record<string, string>>;
}): Promise<EmbeddedPostgres> {
  const folder = takeDataFolder(options.dataDir, 'postgres');
  try {
    return await open(folder.path, folder.release, options.log ?? (() => {}), {
      ...settings,
      ...options.settings,
    });
  } catch (error) {
    folder.release();
    if (error instanceof StartError) throw error;
    if (error instanceof Error && 'code' in error) throw unwritable(options.dataDir, String(error.code));
    throw error;
  }
}

async function open(
  folder: string,
  release: () => void,
  log: (message: string) => void,
  settings: Cluster['settings'],
): Promise<EmbeddedPostgres> {
  const place = join(folder, 'postgres');
  const path = existsSync(place) ? realpathSync(place) : place;
  const account = chooseAccount(path);
  const binaries = findBinaries(account, join(folder, 'binaries'));
  const mark = `outpost-${hash(path)}`;
  const name = `${mark}-${hash(JSON.stringify([binaries.version, settings]))}`;
  const cluster: Cluster = { folder, path, account, binaries, mark, name, settings };

  if (await makeCluster(cluster)) log('made a new PostgreSQL cluster');
  let server = (await findRunning(cluster)) ?? (await launch(cluster));
  const { pid, socketDir, adopted } = server;
  if (adopted) log('adopted the PostgreSQL server that was still running');

  let stopping: Promise<void> | undefined;
  const { promise: lost, resolve: lose } = Promise.withResolvers<void>();
  // A server that was killed (out of memory, by hand) is started again behind the same socket: the pools reconnect.
  const revive = async () => {
    log('the PostgreSQL server ended by itself: starting it again');
    try {
      server = (await findRunning(cluster)) ?? (await launch(cluster));
    } catch (error) {
      log(error instanceof StartError ? error.message : 'the PostgreSQL server could not be started again');
      clearInterval(watch);
      lose();
    }
  };
  let reviving: Promise<void> | undefined;
  const watch = setInterval(() => {
    if (server.alive() || stopping || reviving) return;
    reviving = revive().finally(() => {
      reviving = undefined;
    });
  }, 500);
  watch.unref();
  return {
    address: { host: socketDir, port, user, database },
    socketDir,
    pid,
    adopted,
    lost,
    stop() {
      stopping ??= (reviving ?? Promise.resolve())
        .then(() => stopServer(server))
        .finally(() => {
          clearInterval(watch);
          if (socketDir !== path) rmSync(socketDir, { recursive: true, force: true });
          release();
        });
      return stopping;
    },
  };
}

interface Server {
  pid: number;
  socketDir: string;
  adopted: boolean;
  /** False as soon as the process has ended, also when its number lives on in another one. */
  alive(): boolean;
}

/** The server that lives in this cluster, once it answers; null when there is none (any more). */
async function findRunning(cluster: Cluster): Promise<Server | null> {
  const found = readPostmaster(cluster.path);
  if (!found) return null;
  const { pid, status } = found;
  const whose = identify(pid, cluster.path, cluster.mark);
  if (whose === 'foreign') disown(cluster.path);
  if (whose !== 'ours') return null;
  const alive = () => identify(pid, cluster.path, cluster.mark) === 'ours';
  const ready = status === 'stopping' ? null : await untilReady(pid, cluster, alive);
  if (ready) {
    const socketDir = ready.socketDir === '.' ? cluster.path : ready.socketDir;
    if ((await nameOf(socketDir)) === cluster.name) return { pid, socketDir, adopted: true, alive };
  }
  // On its way down, without its socket, or started by another version of Outpost.
  await stopServer({ pid, alive });
  return null;
}

/** The `cluster_name` of the server behind a socket; null when it does not answer. */
async function nameOf(socketDir: string): Promise<string | null> {
  const sql = postgres({
    host: socketDir,
    port,
    user,
    database,
    max: 1,
    connect_timeout: 5,
    fetch_types: false,
  });
  try {
    const [row] = await sql<{ name: string }[]>`select current_setting('cluster_name') as name`;
    return row?.name ?? null;
  } catch {
    return null;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function launch(cluster: Cluster): Promise<Server> {
  const socketDir = chooseSocketDir(cluster);
  // No server of ours lives: a left-over lock whose number went to another process would only be in the way.
  for (const left of ['', '.lock']) rmSync(join(socketDir, `.s.PGSQL.${port}${left}`), { force: true });
  const deadline = Date.now() + 5_000;
  const args = Object.entries({
    ...cluster.settings,
    cluster_name: cluster.name,
    unix_socket_directories: socketDir === cluster.path ? '.' : socketDir,
  }).flatMap(([setting, value]) => ['-c', `${setting}=${value}`]);
  for (;;) {
    const logFile = join(cluster.folder, 'postgres.log');
    if (existsSync(logFile) && statSync(logFile).size > logLimit) renameSync(logFile, `${logFile}.old`);
    const logged = openSync(logFile, 'a', 0o600);
    const from = statSync(logFile).size;
    const child = spawnIn(cluster, cluster.path, cluster.binaries.postgres, logged, args);
    closeSync(logged);
    // A server that goes on alone must not keep this process alive.
    child.unref();
    const { pid } = child;
    const alive = () => child.exitCode === null && child.signalCode === null;
    if (await untilReady(pid, cluster, alive)) return { pid, socketDir, adopted: false, alive };
    if (alive()) {
      await stopServer({ pid, alive });
      throw new StartError(`The built-in PostgreSQL did not get ready in time: see ${logFile}.`);
    }
    const said = readFileSync(logFile).subarray(from).toString();
    // Started by an Outpost that was killed before the server had written its number.
    const other = said.includes('lock file "postmaster.pid" already exists') && (await findRunning(cluster));
    if (other) return other;
    // Backends of a server that was killed take a moment to notice.
    if (!/already exists|pre-existing shared memory block/.test(said) || Date.now() > deadline) {
      throw new StartError(`The built-in PostgreSQL did not start: ${reason(said)}. See ${logFile}.`);
    }
    await Bun.sleep(100);
  }
}

/** Where the socket goes: into the cluster, or a private folder when its path would exceed the system's limit. */
function chooseSocketDir({ path, account }: Cluster): string {
  const limit = process.platform === 'darwin' ? 103 : 107;
  const fits = (folder: string) => Buffer.byteLength(join(folder, `.s.PGSQL.${port}`)) <= limit;
  if (fits(path)) return path;
  const owner = account?.uid ?? process.getuid?.();
  for (const base of [realpathSync(tmpdir()), '/tmp']) {
    const folder = join(base, `outpost-${hash(path)}`);
    if (!fits(folder) || !canEnter(base, account)) continue;
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
    // In a folder that all may write, only what is ours already is given away.
    if (account && lstatSync(folder).uid === process.getuid?.()) chownSync(folder, account.uid, account.gid);
    const found = lstatSync(folder);
    if (found.isDirectory() && found.uid === owner && (found.mode & 0o077) === 0) return folder;
  }
  throw new StartError(`The path ${path} is too long for a Unix socket: set DATA_DIR to a shorter one.`);
}

/** What the pid file says once the server accepts connections; null when it ended first or took too long. */
async function untilReady(pid: number, cluster: Cluster, alive: () => boolean): Promise<Postmaster | null> {
  const deadline = Date.now() + readyWithin;
  while (alive() && Date.now() < deadline) {
    const found = readPostmaster(cluster.path);
    if (found?.pid === pid && found.status === 'ready') return found;
    await Bun.sleep(5);
  }
  return null;
}

async function stopServer({ pid, alive }: Pick<Server, 'pid' | 'alive'>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    const deadline = Date.now() + stopWithin;
    // Looked at before each signal: in between, the number may have passed to another process.
    try {
      if (alive()) process.kill(pid, signal);
    } catch {
      // Ended in between.
    }
    while (alive() && Date.now() < deadline) await Bun.sleep(5);
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

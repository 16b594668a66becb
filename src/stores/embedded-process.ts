import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What `postmaster.pid` says; null: there is none, or it is being written. */
export interface Postmaster {
  pid: number;
  /** As given to the server: `.` is the cluster's own folder. */
  socketDir: string;
  /** `starting`, `ready`, `stopping` or `standby`. */
  status: string;
}

export function readPostmaster(cluster: string): Postmaster | null {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(lines[0]);
    return Number.isInteger(pid) && pid > 1
      ? { pid, socketDir: lines[4] ?? '', status: lines[7]?.trim() ?? '' }
      : null;
  } catch {
    return null;
  }
}

/**
 * Whose process `pid` is: `ours` only when it is a postgres that works in `cluster` (or was started with its
 * `mark`). Only such a process is ever sent a signal: after a restart of the machine the number may be anybody's.
 */
export function identify(pid: number, cluster: string, mark: string): 'ours' | 'foreign' | 'gone' {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: alive, of another user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return 'gone';
  }
  if (process.platform === 'linux') {
    try {
      const program = basename(readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ''));
      return program === 'postgres' && readlinkSync(`/proc/${pid}/cwd`) === cluster ? 'ours' : 'foreign';
    } catch {
      // Root in a container without the ptrace capability may not look: its command line is open to all.
    }
  }
  return commandLine(pid).includes(mark) ? 'ours' : 'foreign';
}

function commandLine(pid: number): string {
  if (process.platform === 'linux') {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  }
  return Bun.spawnSync(['ps', '-o', 'command=', '-p', String(pid)]).stdout.toString();
}

/**
 * Frees a cluster whose `postmaster.pid` names a living process that is not its server: PostgreSQL would refuse to
 * start. Only the number is replaced, by one that no system gives out: the file also names the shared memory by which
 * PostgreSQL notices left-over backends, and that check must stay.
 */
export function disown(cluster: string): void {
  const path = join(cluster, 'postmaster.pid');
  const [, ...rest] = readFileSync(path, 'utf8').split('\n');
  writeFileSync(path, ['2147483646', ...rest].join('\n'));
}

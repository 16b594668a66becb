import { readFileSync } from 'node:fs';

/**
 * `npx` and `bun run` stand between a person and this process, and npx dies of SIGTERM without passing it on: the
 * product would live on unseen. So the launchers above us are watched, and one that vanishes counts as SIGTERM.
 * Processes that are not launchers (a shell, nohup, systemd) may come and go as they like.
 *
 * @param interval milliseconds between looks
 * @returns a function that ends the watch
 */
export function watchLaunchers(interval: number, onGone: () => void): () => void {
  const launchers = launchersAbove(process.ppid);
  if (launchers.length === 0) return () => {};
  let missed = 0;
  const timer = setInterval(() => {
    const there = launchers.every(({ pid, startedAt }) => statusOf(pid)?.startedAt === startedAt);
    missed = there ? 0 : missed + 1;
    // Twice in a row: one look may fail for another reason (no file handle free).
    if (missed < 2) return;
    clearInterval(timer);
    onGone();
  }, interval);
  timer.unref();
  return () => clearInterval(timer);
}

interface Status {
  pid: number;
  parent: number;
  /** Clock ticks since boot: tells a process from a later one with the same number. */
  startedAt: string;
  command: string;
}

/** `npm exec bun@… run start` ← `sh -c 'bun' run start` ← `bun run start`: from ours upwards, as far as they are that. */
function launchersAbove(pid: number): Status[] {
  const status = statusOf(pid);
  if (
    !status ||
    !/^(npm|npx)\b|\bnpx-cli\.js|\bnpm-cli\.js|^(\S*\/)?bun(x|\.exe)? |^(\S*\/)?sh -c /.test(status.command)
  )
    return [];
  const above = launchersAbove(status.parent);
  // `sh -c` alone is anybody's; it is a launcher only below one.
  return /^(\S*\/)?sh -c /.test(status.command) && above.length === 0 ? [] : [status, ...above];
}

function statusOf(pid: number): Status | null {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

function fromProc(pid: number): Status | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; the fields after it do not.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A dead child that its parent has not collected yet is gone for us.
    if (fields[0] === 'Z') return null;
    return {
      pid,
      parent: Number(fields[1]),
      startedAt: fields[19] ?? '',
      command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim(),
    };
  } catch {
    return null;
  }
}

function fromPs(pid: number): Status | null {
  const { stdout, success } = Bun.spawnSync(['ps', '-o', 'ppid=,lstart=,command=', '-p', String(pid)]);
  const line = /^\s*(\d+)\s+(\w+ +\w+ +\d+ +[\d:]+ +\d+)\s+(.*)$/s.exec(stdout.toString());
  if (!success || !line) return null;
  return { pid, parent: Number(line[1]), startedAt: line[2] ?? '', command: (line[3] ?? '').trim() };
}

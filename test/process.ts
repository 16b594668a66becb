import { mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const project = join(import.meta.dir, '..');

/** A program under test with everything that it said. Its children go with it when the test is over. */
export interface Running extends AsyncDisposable {
  child: Bun.Subprocess<'ignore', 'pipe', 'pipe'>;
  /** What it wrote until now. */
  out(): string;
  err(): string;
  /** Resolves once `pattern` was written to standard output; rejects when the program ends first. */
  saying(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts a program at the head of a process group of its own, as a shell does for what a person types. */
export function run(command: string[], env: Record<string, string>): Running {
  const child = Bun.spawn(command, {
    cwd: project,
    // Nothing of the caller's settings, except how to find programs and the package cache.
    env: {
      ...pick('PATH', 'HOME', 'TMPDIR', 'BUN_INSTALL', 'BUN_INSTALL_CACHE_DIR', 'npm_config_registry'),
      LOG_LEVEL: 'warn',
      ...env,
    },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
  });
  let out = '';
  let err = '';
  const ended = Promise.all([
    read(child.stdout, (text) => {
      out += text;
    }),
    read(child.stderr, (text) => {
      err += text;
    }),
    child.exited,
  ]);
  return {
    child,
    out: () => out,
    err: () => err,
    async saying(pattern) {
      for (;;) {
        const found = pattern.exec(out);
        if (found) return found;
        if (child.exitCode !== null) {
          await ended;
          throw new Error(`it ended with ${child.exitCode} before it said ${pattern}: ${out}${err}`);
        }
        await Bun.sleep(20);
      }
    },
    async [Symbol.asyncDispose]() {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The whole group has ended, as it should.
      }
      await child.exited;
    },
  };
}

/** A port that was free a moment ago. */
export function freePort(): number {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() });
  const { port } = server;
  server.stop(true);
  if (port === undefined) throw new Error('no port');
  return port;
}

/** A folder whose remaining processes are ended with it. */
export function temporaryFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(realpathSync(tmpdir()), 'outpost-start-'));
  return {
    path,
    [Symbol.dispose]() {
      for (const pid of processesOf(path)) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // Ended in between.
        }
      }
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** Processes that have to do with `folder`: by their environment, their command line or where they work. */
export function processesOf(folder: string): number[] {
  if (process.platform !== 'linux') {
    const { stdout } = Bun.spawnSync(['ps', 'axeww', '-o', 'pid=,command=']);
    const lines = stdout.toString().split('\n');
    return lines.filter((line) => line.includes(folder)).map((line) => Number.parseInt(line, 10));
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) =>
      [
        () => readFileSync(`/proc/${pid}/environ`, 'utf8'),
        () => readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
        () => readlinkSync(`/proc/${pid}/cwd`),
      ].some((look) => {
        try {
          return look().includes(folder);
        } catch {
          return false;
        }
      }),
    )
    .map(Number);
}

/** Waits until `look` answers something; rejects with `what` after `most` milliseconds. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  most = 20_000,
): Promise<NonNullable<Awaited<T>>> {
  const end = Date.now() + most;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${most} ms in vain: ${what}`);
    await Bun.sleep(25);
  }
}

function pick(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

async function read(stream: ReadableStream<Uint8Array>, hear: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const part of stream) hear(decoder.decode(part, { stream: true }));
}

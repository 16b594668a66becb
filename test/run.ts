import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBrowser } from './browser.ts';
import { readyFolder, throwaway } from './ready.ts';

interface Part {
  name: string;
  passed: number;
  failed: number;
  /** What this machine or account cannot show; told, and counted as neither. */
  skipped: number;
  seconds: number;
  /** Shown when something failed. */
  output: string;
}

const project = join(import.meta.dir, '..');
/** So long without a word (Bun tells of a file when it is over), and something hangs; so long in all, and the rest is not waited for. */
const silence = 300_000;
const limit = 30 * 60_000;
/** So many files that failed beside others are tried again with the machine to themselves; more of them, and it is no chance. */
const againMost = 5;
/** What is about moments and lengths of time has the machine to itself, two files at once. */
const punctual = [/^test\/faults\//, /^test\/(accounts|connections|pace|start|warnings|outbox-\w+)\.test/];
/** Opens data folders of its own, and the embedded ClickHouse opens one in a process. */
const ownProcess = 'test/stores.test.ts';
/** Long ones go first, so that no core is idle at the end. */
const first = [
  'test/faults/crash',
  'test/faults/',
  'test/stores',
  'test/e2e/calendar',
  'test/e2e/analytics',
  'test/e2e/demo',
  'test/e2e/composer',
  'test/start',
  'test/reports',
  'test/isolation',
  'test/recurrence',
  'test/inbound',
  'test/series',
  'test/formatted',
  'test/collect',
  'test/rollups',
];
/** Most tests wait as long as they work, so more of them than cores go side by side; each takes half a gigabyte. */
const workers = Math.max(
  1,
  Math.min(availableParallelism() + 1, 4, Math.floor(process.availableMemory() / 2 ** 30)),
);

const folder = mkdtempSync(join(tmpdir(), 'outpost-reports-'));
const ready = mkdtempSync(join(throwaway(), 'outpost-ready-'));
const started = performance.now();
const parts: Part[] = [];
/** What failed first and passed by itself: told, since the next one to look at it should know. */
const unsteady: Part[] = [];
try {
  const files = [...new Bun.Glob('test/**/*.test.ts').scanSync(project)].sort();
  const single = files.filter((file) => file === ownProcess || file.startsWith('test/e2e/'));
  single.sort((one, other) => weight(other) - weight(one));
  const alone = files.filter((file) => punctual.some((pattern) => pattern.test(file)));
  const rest = files.filter((file) => !single.includes(file) && !alone.includes(file));
  const browser = ensureBrowser();
  await Promise.all([tool(['biome', 'ci', '--colors=off', '.']), tool(['tsc', '--noEmit'])]);
  const { code, output, seconds } = await run([process.execPath, 'test/ready.ts', ready]);
  if (code !== 0) {
    add({ name: 'test/ready.ts', passed: 0, failed: 1, skipped: 0, seconds, output });
  } else {
    await sideBySide(alone, Math.min(workers, availableParallelism()));
    /** Takes the next of those that need a process of their own, until there is none. */
    const lane = async () => {
      const missing = await browser;
      for (let file = single.shift(); file !== undefined; file = single.shift()) {
        if (missing && file !== ownProcess)
          add({ name: file, passed: 0, failed: 1, skipped: 0, seconds: 0, output: missing });
        else await tests([file], []);
      }
    };
    // When the many are through, a second lane takes over their core.
    await Promise.all([sideBySide(rest, workers).then(lane), lane()]);
    const failed = parts.filter(({ name, failed }) => failed > 0 && files.includes(name));
    if (failed.length <= againMost) {
      for (const part of failed) {
        parts.splice(parts.indexOf(part), 1);
        await tests([part.name], []);
        if (parts.at(-1)?.failed === 0) unsteady.push(part);
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(ready, { recursive: true, force: true });
}
const sum = (what: 'passed' | 'failed' | 'skipped') => parts.reduce((total, part) => total + part[what], 0);
const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
for (const output of new Set(parts.filter((part) => part.failed > 0).map((part) => part.output))) {
  if (output !== '')
    console.log(
      `\n── ${parts
        .filter((part) => part.failed > 0 && part.output === output)
        .map((part) => part.name)
        .join(', ')}\n${output}`,
    );
}
for (const { name, output } of unsteady)
  console.log(`\n── ${name} failed beside others, and passed by itself. At first:\n${output}`);
if (skipped > 0) console.log(`\n${skipped} skipped: this machine or account cannot run them.`);
console.log(`\n${((performance.now() - started) / 1_000).toFixed(1)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);

function add(part: Part): void {
  parts.push(part);
  const { passed, failed, skipped } = part;
  const counts = [`${passed} passed`, failed && `${failed} FAILED`, skipped && `${skipped} skipped`];
  console.log(
    `${part.name.padEnd(36)} ${counts.filter(Boolean).join(', ').padEnd(30)} ${part.seconds.toFixed(1)} s`,
  );
}

/** A tool that passes or fails as one. */
async function tool(command: [string, ...string[]]): Promise<void> {
  const { code, output, seconds } = await run([process.execPath, 'x', '--bun', ...command]);
  const failed = code === 0 ? 0 : 1;
  add({ name: command.join(' '), passed: 1 - failed, failed, skipped: 0, seconds, output });
}

/** How long a file seems beside the others, in milliseconds of no clock. */
function weight(file: string): number {
  const rank = first.findIndex((start) => file.startsWith(start));
  return rank === -1 ? 1_000 : 100_000 - 1_000 * rank;
}

/** What Bun is to think of each file's length, so that it begins with the long ones. Answers where that is written. */
async function weights(files: readonly string[]): Promise<string> {
  const timings = files.map((file) => [file, weight(file)]);
  const path = join(folder, 'timings.json');
  await Bun.write(path, JSON.stringify({ version: 1, files: Object.fromEntries(timings) }));
  return path;
}

async function sideBySide(files: readonly string[], workers: number): Promise<void> {
  await tests(files, [`--parallel=${workers}`, '--no-isolate', `--timings=${await weights(files)}`]);
}

/** Runs test files in one go of `bun test`, and adds a part for each. */
async function tests(files: readonly string[], options: readonly string[]): Promise<void> {
  const report = join(folder, `${Bun.randomUUIDv7()}.xml`);
  const { code, output, seconds } = await run([
    process.execPath,
    'test',
    '--timeout=30000',
    '--reporter=junit',
    `--reporter-outfile=${report}`,
    ...options,
    ...files.map((file) => `./${file}`),
  ]);
  const written = await Bun.file(report)
    .text()
    .catch(() => '');
  let failures = 0;
  for (const file of files) {
    const [suite = ''] =
      new RegExp(`<testsuite name="${file.replaceAll('.', '\\.')}"[^>]*>`).exec(written) ?? [];
    const told = (what: string) => Number(new RegExp(`\\b${what}="([\\d.]+)"`).exec(suite)?.[1] ?? 0);
    const [tests, skipped] = [told('tests'), told('skipped')];
    // A file of which nothing is told ended the process, or hung, or has no tests.
    const failed = Math.max(told('failures'), tests > 0 ? 0 : 1);
    failures += failed;
    add({
      name: file,
      passed: tests > 0 ? tests - told('failures') - skipped : 0,
      failed,
      skipped,
      seconds: told('time'),
      output,
    });
  }
  // An error outside the tests leaves its mark in the exit code alone.
  if (code !== 0 && failures === 0)
    add({ name: 'bun test', passed: 0, failed: 1, skipped: 0, seconds, output });
}

async function run(command: string[]): Promise<{ code: number; output: string; seconds: number }> {
  const began = performance.now();
  const child = Bun.spawn(command, {
    cwd: project,
    env: { ...process.env, NO_COLOR: '1', [readyFolder]: ready },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  let ended = '';
  let heard = performance.now();
  const watch = setInterval(() => {
    const now = performance.now();
    if (ended !== '' || (now - heard < silence && now - started < limit)) return;
    ended =
      now - started < limit
        ? `It was ended after ${silence / 1_000} s without a word.`
        : `It was ended since all tests together took ${limit / 60_000} minutes.`;
    endTree(child.pid);
  }, 1_000);
  const text = { out: '', err: '' };
  const read = async (stream: ReadableStream<Uint8Array>, name: keyof typeof text) => {
    const decoder = new TextDecoder();
    for await (const part of stream) {
      heard = performance.now();
      text[name] += decoder.decode(part, { stream: true });
    }
  };
  const heardOut = Promise.all([read(child.stdout, 'out'), read(child.stderr, 'err')]);
  const code = await child.exited;
  clearInterval(watch);
  // A server that a test left running holds these pipes open for as long as it lives.
  await Promise.race([heardOut, Bun.sleep(5_000)]).catch(() => {});
  const said = `${text.out}${text.err}`
    .replace(/^\(pass\) .*\n/gm, '')
    .replace(/^(?:\n?test\/\S+:\n)+(?=\n?test\/\S+:\n)/gm, '')
    .trim();
  return {
    code,
    output: [said, ended].filter(Boolean).join('\n'),
    seconds: (performance.now() - began) / 1_000,
  };
}

/** Kills a process and all that came of it: the workers of `bun test` lead process groups of their own. */
function endTree(root: number): void {
  const listed = Bun.which('ps') ? Bun.spawnSync(['ps', '-A', '-o', 'pid=,ppid=']).stdout.toString() : '';
  const pairs = listed.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const tree = [root];
  for (const parent of tree) {
    for (const [pid = 0, above] of pairs) if (above === parent) tree.push(pid);
  }
  for (const pid of tree) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

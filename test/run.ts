import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBrowser } from './browser.ts';

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
/** A file that takes longer hangs. */
const most = 300_000;
/** Long ones go first, so that no core is idle at the end. */
const first = ['test/faults/crash', 'test/faults/', 'test/networks', 'test/start', 'test/stores', 'test/vk'];

const reports = mkdtempSync(join(tmpdir(), 'outpost-reports-'));
const started = performance.now();
const parts: Part[] = [];
try {
  const browser = ensureBrowser();
  await one(['biome', 'ci', '--colors=off', '.'], 'biome ci');
  await one(['tsc', '--noEmit'], 'tsc --noEmit');
  const rank = (file: string) => {
    const found = first.findIndex((start) => file.startsWith(start));
    return file.startsWith('test/e2e/') ? first.length + 1 : found === -1 ? first.length : found;
  };
  const files = [...new Bun.Glob('test/**/*.test.ts').scanSync(project)].sort(
    (a, b) => rank(a) - rank(b) || a.localeCompare(b),
  );
  if (files.length === 0) {
    add({ name: 'bun test', passed: 0, failed: 1, skipped: 0, seconds: 0, output: 'There are no tests.' });
  }
  // A process for each file: one that crashes takes no other with it.
  const next = async (): Promise<void> => {
    const file = files.shift();
    if (!file) return;
    const missing = file.startsWith('test/e2e/') ? await browser : null;
    add(
      missing
        ? { name: file, passed: 0, failed: 1, skipped: 0, seconds: 0, output: missing }
        : await testFile(file),
    );
    return next();
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, next));
} finally {
  rmSync(reports, { recursive: true, force: true });
}
const sum = (what: 'passed' | 'failed' | 'skipped') => parts.reduce((total, part) => total + part[what], 0);
const [passed, failed] = [sum('passed'), sum('failed')];
for (const part of parts.filter((part) => part.failed > 0)) console.log(`\n── ${part.name}\n${part.output}`);
const skipped = sum('skipped');
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
async function one(command: [string, ...string[]], name: string): Promise<void> {
  const { code, output, seconds } = await run([process.execPath, 'x', '--bun', ...command]);
  add({ name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, seconds, output });
}

async function testFile(file: string): Promise<Part> {
  const report = join(reports, `${file.replaceAll('/', '_')}.xml`);
  const { code, output, seconds } = await run([
    process.execPath,
    'test',
    '--timeout=30000',
    '--reporter=junit',
    `--reporter-outfile=${report}`,
    `./${file}`,
  ]);
  const written = await Bun.file(report)
    .text()
    .catch(() => '');
  const count = (what: string) =>
    Number(new RegExp(`<testsuites\\b[^>]*\\b${what}="(\\d+)"`).exec(written)?.[1] ?? 0);
  const tests = count('tests');
  const [failures, skipped] = [count('failures'), count('skipped')];
  // A crash or an error outside the tests leaves its mark in the exit code alone.
  const failed = Math.max(failures, code === 0 && tests > 0 ? 0 : 1);
  return { name: file, passed: Math.max(tests - failures - skipped, 0), failed, skipped, seconds, output };
}

async function run(command: string[]): Promise<{ code: number; output: string; seconds: number }> {
  const began = performance.now();
  const child = Bun.spawn(command, {
    cwd: project,
    env: { ...process.env, NO_COLOR: '1' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  let hangs = false;
  const timer = setTimeout(() => {
    hangs = true;
    child.kill('SIGKILL');
  }, most);
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(timer);
  const said = `${out}${err}`.trim().replace(/^\(pass\) .*\n/gm, '');
  const output = hangs ? `${said}\nIt was ended after ${most / 1_000} s.` : said;
  return { code: child.exitCode ?? 1, output, seconds: (performance.now() - began) / 1_000 };
}

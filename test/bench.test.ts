import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { project, run, temporaryFolder } from './process.ts';

test('the bench of the analytics asks both databases over the same data, and leaves nothing behind', async () => {
  using folder = temporaryFolder();
  await using bench = run([process.execPath, `${project}/test/bench/analytics.ts`, '--quick'], {
    TMPDIR: folder.path,
  });
  await bench.saying(/post rows, the raw table alone .* rows\/s/);
  expect([await bench.child.exited, bench.err()]).toEqual([0, '']);
  const out = bench.out();
  expect(out).toContain('scaled: 40 of 10,000 communities');
  // Each question with a goal: three times of ours, the goal, whether it held, two times of PostgreSQL and the ratio.
  const row =
    /^ {2}(heat map|growth|top 10|dashboard|benchmark).*?((?: +[\d.]+){4}) +(?:yes|no)((?: +[\d.]+){2}) +[\d.]+ x$/gm;
  expect([...out.matchAll(row)].map(([, name]) => name)).toEqual([
    'heat map',
    'heat map',
    'growth',
    'top 10',
    'dashboard',
    'benchmark',
  ]);
  expect(readdirSync(folder.path)).toEqual([]);
}, 120_000);

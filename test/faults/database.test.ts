import { afterEach, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openRound, type Round, schedule, seed, states } from './round.ts';

let round: Round;
afterEach(() => round.close(), 30_000);

test('a PostgreSQL that is killed under a running Outpost comes back by itself and nothing is lost', async () => {
  round = await openRound();
  const child = await round.spawn();
  const seeded = await seed(round, child, { vkUserToken: true });
  const { ids } = await schedule(child, seeded, 'database killed', new Date(Date.now() + 1_000), {
    picture: true,
  });
  const [postgres = ''] = readFileSync(join(round.dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(postgres), 'SIGKILL');

  const answers: number[] = [];
  await round.until('it is ready again', 20_000, async () => {
    const { status } = await fetch(`${child.url}/readyz`);
    answers.push(status);
    return status === 200 && answers.includes(503);
  });
  await round.until('both are published', 20_000, async () =>
    Object.values(await states(round).catch(() => ({ gone: '' }))).every((state) => state === 'published'),
  );
  expect(child.process.exitCode).toBeNull();
  expect(await round.violations(ids, seeded.secrets)).toEqual([]);
}, 60_000);

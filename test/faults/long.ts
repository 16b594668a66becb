/**
 * The long dose of the fault suite: every crash point, killed for real, at the product's own durations.
 * `bun run test:faults` does one round of each (about half an hour: a photo may be on its way to Telegram for six minutes); `--rounds 20`, `--point after_settle`, `--quick` (shortened durations).
 */
import { parseArgs } from 'node:util';
import { crashPoints, killAt } from './kill.ts';
import { openRound, seed } from './round.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    point: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
let passed = 0;
let failed = 0;
console.log(`${'killed'.padEnd(24)} rounds  violations  unconfirmed  taken over after (slowest)`);
for (const point of crashPoints.filter((one) => values.point === undefined || one === values.point)) {
  const slowest: number[] = [];
  let broken = 0;
  let asking = 0;
  for (let index = 0; index < rounds; index += 1) {
    const round = await openRound({ fullLength: !values.quick });
    try {
      const seeded = await seed(round, await round.child(), { vkUserToken: true });
      const { ends, violations, signal, takenOverAfter } = await killAt(
        round,
        seeded,
        point,
        values.quick ? 15_000 : 450_000,
      );
      for (const violation of violations) console.log(`  ${violation}`);
      if (signal !== 'SIGKILL') console.log(`  the process was not killed at ${point}`);
      broken += violations.length + (signal === 'SIGKILL' ? 0 : 1);
      asking += ends.filter((state) => state === 'unconfirmed').length;
      if (takenOverAfter !== null) slowest.push(takenOverAfter);
    } catch (error) {
      broken += 1;
      console.log(`  ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await round.close();
    }
  }
  if (broken === 0) passed += 1;
  else failed += 1;
  const worst = slowest.length > 0 ? `${(Math.max(...slowest) / 1_000).toFixed(1)} s` : '–';
  console.log(
    `${point.padEnd(24)} ${String(rounds).padStart(6)}  ${String(broken).padStart(10)}  ${String(asking).padStart(11)}  ${worst}`,
  );
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

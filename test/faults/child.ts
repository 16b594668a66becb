import { readConfig } from '../../src/config.ts';
import type { CrashPoint } from '../../src/context.ts';
import type { Durations } from '../../src/durations.ts';
import { start, stopOnSignals } from '../../src/main.ts';

/** What a child Outpost is told, as JSON in its first argument. */
export interface ChildOrders {
  env: Record<string, string>;
  durations: Partial<Durations>;
}

/** A line of its standard input: it kills itself, as hard as can be, when it reaches this point. It answers `{"doomed":true}`. */
export interface Doom {
  point: CrashPoint;
}

const orders = JSON.parse(process.argv[2] ?? '{}') as ChildOrders;
let doom: Doom | null = null;
const outpost = await start(readConfig(orders.env, { port: 0, durations: orders.durations }), {
  reached: async (point) => {
    if (doom?.point === point) process.kill(process.pid, 'SIGKILL');
  },
});
stopOnSignals(outpost, () => {});
const { host } = outpost.ctx.sql.options;
process.stdout.write(`${JSON.stringify({ ready: outpost.url, socket: host[0] })}\n`);
for await (const line of console) {
  doom = JSON.parse(line) as Doom;
  process.stdout.write(`${JSON.stringify({ doomed: true })}\n`);
}
// Whoever started it has ended.
process.kill(process.pid, 'SIGTERM');

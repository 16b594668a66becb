import { type Durations, readConfig } from '../../src/config.ts';
import type { CrashPoint } from '../../src/context.ts';
import { start, stopOnSignals } from '../../src/main.ts';

/** What a child Outpost is told, as JSON in its first argument. */
export interface ChildOrders {
  env: Record<string, string>;
  durations: Partial<Durations>;
  /** Kills itself, as hard as can be, when this point is reached for the `nth` time (1 = the first). */
  killAt?: { point: CrashPoint; nth: number };
}

const orders = JSON.parse(process.argv[2] ?? '{}') as ChildOrders;
let reached = 0;
const outpost = await start(readConfig(orders.env, { port: 0, durations: orders.durations }), {
  reached: async (point) => {
    if (orders.killAt?.point !== point) return;
    reached += 1;
    if (reached === orders.killAt.nth) process.kill(process.pid, 'SIGKILL');
  },
});
stopOnSignals(outpost, () => {});
const { host } = outpost.ctx.sql.options;
process.stdout.write(`${JSON.stringify({ ready: outpost.url, socket: host[0] })}\n`);

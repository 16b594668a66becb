import { parseArgs } from 'node:util';
import { startSandbox } from './server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    host: { type: 'string' },
    ledger: { type: 'string' },
    state: { type: 'string' },
    latency: { type: 'string' },
    guid: { type: 'string' },
    'no-limits': { type: 'boolean' },
    'telegram-local': { type: 'boolean' },
  },
});

const guidMode = values.guid === 'error' || values.guid === 'ignored' ? values.guid : 'same_post_id';
const sandbox = await startSandbox({
  port: Number(values.port ?? 0),
  host: values.host ?? '127.0.0.1',
  ...(values.ledger ? { ledgerPath: values.ledger } : {}),
  ...(values.state ? { stateDir: values.state } : {}),
  latencyMs: Number(values.latency ?? 0),
  floodLimits: !values['no-limits'],
  guidMode,
  telegramLocal: values['telegram-local'] ?? false,
});

const { url, telegramRoot, vkRoot } = sandbox;
process.stdout.write(`${JSON.stringify({ url, telegramRoot, vkRoot, pid: process.pid })}\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    void sandbox.stop().then(() => process.exit(0));
  });

import { provision } from '../analyst/provision.ts';
import { readConfig } from '../config.ts';
import { StartError } from '../errors.ts';
import { openContext } from '../stores/open.ts';
import { command } from './command.ts';

const usage = 'Usage: bun run analyst create <workspace id>';

/** `bun run analyst create <workspace id>`: a ClickHouse user for direct connections. */
async function main([verb, workspaceId, ...more]: readonly string[]): Promise<void> {
  if (verb !== 'create' || !workspaceId || more.length > 0) throw new StartError(usage);
  const config = readConfig(process.env);
  if (config.clickhouseUrl === null) {
    throw new StartError(
      'Direct connections need a ClickHouse server: set CLICKHOUSE_URL. The built-in engine takes none; /v1/analytics/sql works with both.',
    );
  }
  const { ctx, close } = await openContext({ ...config, role: 'api' });
  try {
    const { user, password } = await provision(ctx, workspaceId);
    console.log(
      `User:     ${user}\nPassword: ${password}\nDatabase: analyst\nThe password is not shown again.`,
    );
  } finally {
    await close();
  }
}

await command(main);

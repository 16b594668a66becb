import { createHash, randomBytes } from 'node:crypto';
import type { Context } from '../context.ts';
import type { ClickHouse } from '../stores/clickhouse.ts';

interface Known {
  secret: string;
  /** Our tables, and whether their rows say whose they are. */
  tables: { name: string; owned: number }[];
}

const known = new WeakMap<ClickHouse, Promise<Known>>();

/**
 * Settings that make a connection one workspace's. The pass, `<workspace>.<signature>`, is what the views take it from.
 * The filters hold for whoever gets past them to a table by its own name, as far as the engine applies them.
 */
export async function settingsOf(
  ctx: Pick<Context, 'ch'>,
  workspaceId: string,
): Promise<{ log_comment: string; additional_table_filters: string }> {
  const { tables } = await knownOf(ctx.ch);
  const id = workspaceId.toLowerCase();
  const filters = tables.map(
    ({ name, owned }) =>
      `'${ctx.ch.database}.${name}': '${owned ? `workspace_id = toUUID(\\'${id}\\')` : 'false'}'`,
  );
  return {
    log_comment: await passOf(ctx, workspaceId),
    additional_table_filters: `{${filters.join(', ')}}`,
  };
}

/** What the views show the rows of a workspace for. Who has it can read them: a secret. */
export async function passOf(ctx: Pick<Context, 'ch'>, workspaceId: string): Promise<string> {
  const { secret } = await knownOf(ctx.ch);
  const id = workspaceId.toLowerCase();
  return `${id}.${createHash('sha256')
    .update(id + secret)
    .digest('hex')}`;
}

/** Our tables whose rows say whose they are. */
export async function ownedTables(ctx: Pick<Context, 'ch'>): Promise<string[]> {
  const { tables } = await knownOf(ctx.ch);
  return tables.filter(({ owned }) => owned).map(({ name }) => name);
}

function knownOf(ch: ClickHouse): Promise<Known> {
  let found = known.get(ch);
  if (!found) {
    found = learn(ch);
    known.set(ch, found);
    found.catch(() => known.delete(ch));
  }
  return found;
}

async function learn(ch: ClickHouse): Promise<Known> {
  const tables = await ch.query<Known['tables'][number]>(
    `select t.name as name, countIf(c.name = 'workspace_id') > 0 as owned
     from system.tables t left join system.columns c on c.database = t.database and c.table = t.name
     where t.database = currentDatabase() and t.engine like '%MergeTree' and t.name != 'analyst_secrets_v1'
     group by name order by name`,
  );
  const read = async () =>
    (await ch.query<{ secret: string }>('select min(secret) as secret from analyst_secrets_v1'))[0]?.secret;
  let secret = await read();
  if (!secret) {
    await ch.insert('analyst_secrets_v1', [
      { made_at: new Date(), secret: randomBytes(32).toString('base64url') },
    ]);
    // Two processes that make one at the same time agree on the lesser.
    secret = await read();
  }
  if (!secret) throw new Error('the secret of analyst passes was not kept');
  return { secret, tables };
}

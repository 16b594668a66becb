import { createHash, randomBytes } from 'node:crypto';
import type { Context } from '../context.ts';
import { AppError } from '../errors.ts';
import { rowsMost } from './limits.ts';
import { ownedTables, passOf } from './pass.ts';

export interface Provisioned {
  user: string;
  /** Shown once; ClickHouse keeps its hash. */
  password: string;
}

/**
 * Makes a ClickHouse user for direct connections to a workspace's views, or gives an existing one a new password. Needs
 * a ClickHouse server, on which Outpost's own user may make users. Throws `not_found`, and what the server refuses.
 */
export async function provision(ctx: Context, workspaceId: string): Promise<Provisioned> {
  const [workspace] = await ctx.sql`select 1 from workspaces where id::text = ${workspaceId.toLowerCase()}`;
  if (!workspace) throw new AppError('not_found', 'There is no such workspace.');
  const password = randomBytes(24).toString('base64url');
  for (const statement of await provisionSql(ctx, workspaceId, password)) await ctx.ch.command(statement);
  return { user: userOf(workspaceId), password };
}

/** The statements that make the user of a workspace, each of which may be run again. */
export async function provisionSql(
  ctx: Pick<Context, 'ch' | 'config'>,
  workspaceId: string,
  password: string,
): Promise<string[]> {
  const id = workspaceId.toLowerCase();
  const user = userOf(id);
  const hash = createHash('sha256').update(password).digest('hex');
  const seconds = Math.round(ctx.config.durations.analystQuery / 1_000);
  const pass = await passOf(ctx, id);
  return [
    // CONST: the pass is what the views take the workspace from; it is signed, so no other one would do.
    `create settings profile or replace ${user} settings
       log_comment = '${pass}' const,
       readonly = 1 const,
       max_execution_time = ${seconds} const,
       max_result_rows = ${rowsMost} const,
       result_overflow_mode = 'throw' const,
       max_memory_usage = 1000000000 const,
       max_threads = 2 const,
       max_concurrent_queries_for_user = 2 const,
       allow_ddl = 0 const,
       allow_introspection_functions = 0 const`,
    `create user or replace ${user} identified with sha256_hash by '${hash}'
       default database analyst settings profile '${user}'`,
    `create quota or replace ${user} for interval 1 minute max queries = 100 to ${user}`,
    `revoke all on *.* from ${user}`,
    `grant select on analyst.* to ${user}`,
    // The views read with the rights of Outpost's user, so none of these is used. They are there for the day on which
    // somebody grants this user a table.
    ...(await ownedTables(ctx)).map(
      (table) => `create row policy or replace ${user} on ${ctx.ch.database}.${table}
       as restrictive for select using workspace_id = toUUID('${id}') to ${user}`,
    ),
  ];
}

function userOf(workspaceId: string): string {
  return `outpost_analyst_${workspaceId.toLowerCase().replaceAll('-', '')}`;
}

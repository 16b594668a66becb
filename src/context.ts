import type { Config } from './config.ts';
import type { SealingKey } from './crypto.ts';
import type { Log } from './log.ts';
import type { ClickHouse } from './stores/clickhouse.ts';
import type { Files } from './stores/files.ts';
import { inWorkspace, type Sql, type Tx, transact } from './stores/postgres.ts';
import type { JobQueue } from './stores/queue.ts';

/** Where the fault suite may stop the process: named after the crash points of the publishing machine. */
export type CrashPoint =
  | 'before_schedule_commit'
  | 'after_schedule_commit'
  | 'after_claim'
  | 'during_staging'
  | 'before_barrier_commit'
  | 'after_barrier_commit'
  | 'after_answer'
  | 'after_settle'
  | 'between_parts'
  | 'during_confirming'
  | 'during_token_refresh'
  | 'during_act'
  | 'after_act_barrier'
  | 'after_act_answer';

/** Everything there is, opened once. Tests replace parts by overrides; nothing else is replaceable. */
export interface Context {
  config: Config;
  sql: Sql;
  ch: ClickHouse;
  queue: JobQueue;
  files: Files;
  log: Log;
  masterKey: SealingKey;
  /** Called at each crash point; does nothing but in the fault suite, whose worker kills itself there. */
  reached(point: CrashPoint): Promise<void>;
  /** Told after a commit that put something on the plan: sets the due timer. Replaced when the worker starts. */
  planned: { changed(at: Date): void };
}

/** Who asks: a person with a session or a key, always inside one workspace. */
export interface Who {
  kind: 'user' | 'key';
  userId: string;
  workspaceId: string;
  /** Key id, or null with a session. */
  keyId: string | null;
  scopes: ReadonlySet<string>;
}

/** One transaction as the owner, over all workspaces. */
export function asOwner<T>(ctx: Pick<Context, 'sql'>, fn: (tx: Tx) => Promise<T>): Promise<T> {
  return transact(ctx.sql, fn);
}

/** One transaction that sees the asker's workspace and nothing else. */
export function asWorkspace<T>(
  ctx: Pick<Context, 'sql'>,
  who: Pick<Who, 'workspaceId'>,
  fn: (tx: Tx) => Promise<T>,
): Promise<T> {
  return inWorkspace(ctx.sql, who.workspaceId, fn);
}

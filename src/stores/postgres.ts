import postgres, { type ISql, type Sql } from 'postgres';
import { StartError } from '../errors.ts';

export type { Sql };
/** What a statement runs on: the pool, or one connection inside a transaction. */
export type Tx = ISql<NonNullable<unknown>>;

/** Where PostgreSQL answers: a URL, or the embedded server's Unix socket. */
export type PostgresAddress =
  | { url: string }
  | { host: string; port: number; user: string; database: string };

/** Opens the pool of the owner role. `connections` is the most that it holds. */
export function openPostgres(address: PostgresAddress, connections: number): Sql {
  const options = {
    max: connections,
    idle_timeout: 60,
    connect_timeout: 10,
    // Seconds before another try to connect; the driver's own goes up to 20 and outlasts most outages.
    backoff: (tries: number) => Math.min(0.05 * 2 ** tries, 1),
    // Notices are chatter of `if not exists`.
    onnotice: () => {},
    connection: { application_name: 'outpost' },
  };
  return 'url' in address ? postgres(address.url, options) : postgres({ ...address, ...options });
}

/** Says in one sentence why a database cannot be used, or returns when it can. */
export async function checkPostgres(sql: Sql): Promise<void> {
  try {
    const [row] = await sql<
      { version: number }[]
    >`select current_setting('server_version_num')::int as version`;
    if (row && row.version < 150_000) {
      throw new StartError(
        `DATABASE_URL answers as PostgreSQL ${Math.floor(row.version / 10_000)}; Outpost needs 15 or newer.`,
      );
    }
  } catch (error) {
    if (error instanceof StartError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    throw new StartError(
      `DATABASE_URL cannot be used: the server answered ${code}. Check the address, the user and the database name.`,
    );
  }
}

/**
 * Runs `fn` in one transaction as the owner, over all workspaces: for the publishing machine and for sign-in,
 * never for what a person or a key asks about its own data.
 *
 * `begin` of the driver, not a reserved connection: a reserved one whose server dies leaves its queries pending for
 * ever and goes back into the pool broken.
 */
export function transact<T>(sql: Sql, fn: (tx: Tx) => Promise<T>): Promise<T> {
  return unlessDeadlocked(() => sql.begin((tx) => fn(tx)) as Promise<T>);
}

/**
 * Runs `fn` in one transaction as `outpost_app` with row-level security set to one workspace. Everything that a
 * person or a key asks goes through here. The settings and the first statement leave together.
 */
export function inWorkspace<T>(sql: Sql, workspaceId: string, fn: (tx: Tx) => Promise<T>): Promise<T> {
  const whole = async (tx: Tx): Promise<T> => {
    const entered = tx`
      select set_config('role', 'outpost_app', true), set_config('outpost.workspace_id', ${workspaceId}, true)`.execute();
    // Told by the await below; until then it must not count as unhandled.
    entered.catch(() => {});
    const result = await fn(tx);
    await entered;
    return result;
  };
  return unlessDeadlocked(() => sql.begin(whole) as Promise<T>);
}

/** The server ends one of two transactions that wait for each other; it had no effect and may simply run again. */
async function unlessDeadlocked<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (tries === 4 || !(error instanceof postgres.PostgresError && error.code === '40P01')) throw error;
    }
  }
}

/** True for a violated unique index, optionally of that name. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return (
    error instanceof postgres.PostgresError &&
    error.code === '23505' &&
    (constraint === undefined || error.constraint_name === constraint)
  );
}

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import postgres from 'postgres';
import { StartError } from '../errors.ts';
import type { ClickHouse } from './clickhouse.ts';
import type { Sql } from './postgres.ts';

/** Runs `fn` while no other process of this installation migrates; throws {@link StartError} after a long wait. */
export type MigrationLock = (fn: () => Promise<void>) => Promise<void>;

interface Migration {
  number: number;
  /** The file's name, e.g. `0001_users.sql`. */
  name: string;
  checksum: string;
  text: string;
}
type Applied = Pick<Migration, 'number' | 'name' | 'checksum'>;

/** One key for both engines, of our own choice: "outpost" as a number. */
const lockKey = '8030889870949938292';
/** How long another process may migrate before we give up waiting. */
const lockWait = '120s';

/**
 * Applies the files of `dir` (`NNNN_name.sql`, from 0001 without a gap) that the database does not have yet, each in
 * one transaction with its row in `schema_migrations`. With nothing to do it costs one query. Throws
 * {@link StartError} when files and database disagree, a file fails, or another process migrates for too long.
 */
export async function migratePostgres(sql: Sql, dir: string): Promise<void> {
  const files = readMigrations(dir);
  const read = async (): Promise<Applied[]> => {
    try {
      return await sql<Applied[]>`select number, name, checksum from schema_migrations order by number`;
    } catch (error) {
      if (error instanceof postgres.PostgresError && error.code === '42P01') return [];
      throw error;
    }
  };
  if (pending(files, await read(), dir).length === 0) return;
  await migrationLock(sql)(async () => {
    await sql`create table if not exists schema_migrations (
      number int primary key, name text not null, checksum text not null, applied_at timestamptz not null default now()
    )`;
    for (const { number, name, checksum, text } of pending(files, await read(), dir)) {
      await sql
        .begin(async (tx) => {
          await tx.unsafe(text);
          await tx`insert into schema_migrations (number, name, checksum) values (${number}, ${name}, ${checksum})`;
        })
        .catch((error) => {
          throw failed(dir, name, error);
        });
    }
  });
}

/**
 * The same for ClickHouse, which has no transactions: a file that failed half-way runs again from its start, so each
 * statement must bear a second run (`if not exists`). A statement ends with a `;` at the end of a line, and no string
 * or comment may hold one there. `lock` keeps two processes apart: {@link migrationLock}.
 */
export async function migrateClickHouse(ch: ClickHouse, dir: string, lock: MigrationLock): Promise<void> {
  const files = readMigrations(dir);
  const read = async (): Promise<Applied[]> => {
    try {
      return await ch.query<Applied>(
        'select number, name, checksum from schema_migrations final order by number',
      );
    } catch (error) {
      if (error instanceof Error && 'type' in error && error.type === 'UNKNOWN_TABLE') return [];
      throw error;
    }
  };
  if (pending(files, await read(), dir).length === 0) return;
  await lock(async () => {
    await ch.command(`create table if not exists schema_migrations (
      number UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') default now64(3)
    ) engine = ReplacingMergeTree order by number`);
    for (const { number, name, checksum, text } of pending(files, await read(), dir)) {
      try {
        for (const statement of statementsOf(text)) await ch.command(statement);
      } catch (error) {
        throw failed(dir, name, error);
      }
      await ch.insert('schema_migrations', [{ number, name, checksum }]);
    }
  });
}

/** The lock over all processes of an installation, in its PostgreSQL. Takes one connection of the pool while it is held. */
export function migrationLock(sql: Sql): MigrationLock {
  return async (fn) => {
    const held = await sql.reserve();
    try {
      await held`select set_config('lock_timeout', ${lockWait}, false)`;
      try {
        await held`select pg_advisory_lock(${lockKey}::bigint)`;
      } catch (error) {
        if (!(error instanceof postgres.PostgresError) || error.code !== '55P03') throw error;
        throw new StartError(
          'Another Outpost has been changing the database for two minutes: wait until it is done, then start again.',
        );
      }
      try {
        await fn();
      } finally {
        await held`select pg_advisory_unlock(${lockKey}::bigint)`;
      }
    } finally {
      await held`reset lock_timeout`.catch(() => {});
      held.release();
    }
  };
}

function readMigrations(dir: string): Migration[] {
  const files = readdirSync(dir)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const number = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1];
      if (!number) throw new StartError(`${label(dir, name)} is not named like 0001_name.sql.`);
      // A checkout may have changed the line ends, which changes nothing.
      const text = readFileSync(join(dir, name), 'utf8').replaceAll('\r\n', '\n');
      return {
        number: Number(number),
        name,
        text,
        checksum: createHash('sha256').update(text).digest('hex'),
      };
    });
  files.forEach(({ number, name }, index) => {
    if (number === files[index - 1]?.number) {
      throw new StartError(`${label(dir, name)} has the same number as ${files[index - 1]?.name}.`);
    }
    if (number !== index + 1) {
      throw new StartError(`A migration is missing: ${label(dir, name)} should be number ${index + 1}.`);
    }
  });
  return files;
}

/** The files that are not applied, after it is sure that the applied ones are what the files say. */
function pending(files: readonly Migration[], applied: readonly Applied[], dir: string): Migration[] {
  for (const [index, { number, name, checksum }] of applied.entries()) {
    const file = files[number - 1];
    if (!file) {
      throw new StartError(
        `The database is newer than this Outpost: it has ${label(dir, name)}, which is not here. Install the newer version again, or restore a backup.`,
      );
    }
    if (file.name !== name || file.checksum !== checksum) {
      throw new StartError(
        `${label(dir, file.name)} was changed after it was applied: restore it, and put the change into a new file.`,
      );
    }
    if (number !== index + 1) {
      throw new StartError(
        `The database lacks migration ${index + 1} but has ${label(dir, name)}: restore a backup.`,
      );
    }
  }
  return files.slice(applied.length);
}

function statementsOf(text: string): string[] {
  return text
    .split(/;[ \t]*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) =>
      statement.split('\n').some((line) => line.trim() && !line.trim().startsWith('--')),
    );
}

function failed(dir: string, name: string, cause: unknown): StartError {
  const said = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
  return new StartError(`${label(dir, name)} could not be applied: ${said}`, { cause });
}

function label(dir: string, name: string): string {
  return `${basename(dir)}/${name}`;
}

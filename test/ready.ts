import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLog } from '../src/log.ts';
import { openClickHouse } from '../src/stores/clickhouse.ts';
import { startEmbeddedPostgres } from '../src/stores/embedded.ts';
import { migrateClickHouse, migratePostgres, migrationLock } from '../src/stores/migrate.ts';
import { openPostgres } from '../src/stores/postgres.ts';
import { openQueue } from '../src/stores/queue.ts';

/**
 * Names a data folder as the first start leaves it: both stores migrated, with the queues, and nobody in it.
 * `test/run.ts` makes one for the whole run, since a copy is made far sooner.
 */
export const readyFolder = 'TEST_READY_FOLDER';

/** For a PostgreSQL whose data nobody will miss. Never where a test pulls the plug. */
export const unsafeSettings = { fsync: 'off', full_page_writes: 'off', max_wal_size: '96MB' };

const project = join(import.meta.dir, '..');
const gigabyte = 2 ** 30;

/** Where such data lie: in memory where there is plenty, since a disk is slow to make and remove files by the thousand. */
export function throwaway(): string {
  const memory = '/dev/shm';
  if (!existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return Math.min(bavail * bsize, process.availableMemory()) > 4 * gigabyte ? memory : tmpdir();
}

/** Puts a copy of the ready folder into `dataDir`; false when there is none to copy. */
export async function copyReady(dataDir: string): Promise<boolean> {
  const made = process.env[readyFolder];
  if (made === undefined) return false;
  mkdirSync(dataDir, { recursive: true });
  // Owners and all: the server runs as an account of its own.
  const copy = Bun.spawn(['cp', '-a', `${made}/.`, dataDir], {
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'inherit',
  });
  if ((await copy.exited) !== 0) throw new Error(`${made} could not be copied`);
  return true;
}

/** Makes a ready folder at `dataDir`. */
export async function makeReady(dataDir: string): Promise<void> {
  const postgres = await startEmbeddedPostgres({ dataDir, settings: unsafeSettings });
  const ch = await openClickHouse({ clickhouseUrl: null, dataDir });
  const sql = openPostgres(postgres.address, 2);
  await migratePostgres(sql, join(project, 'sql'));
  await migrateClickHouse(ch, join(project, 'clickhouse'), migrationLock(sql));
  const queue = await openQueue(sql, postgres.address, { worker: false, poll: 500, log: openLog('silent') });
  await queue.stop(1_000);
  await sql.end({ timeout: 5 });
  await ch.close();
  await postgres.stop();
}

if (import.meta.main) {
  const [dataDir] = process.argv.slice(2);
  if (dataDir === undefined) throw new Error('Usage: bun test/ready.ts <a folder that is not there yet>');
  await makeReady(dataDir);
  process.exit(0);
}

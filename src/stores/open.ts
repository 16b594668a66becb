import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Context } from '../context.ts';
import { openMasterKey } from '../crypto.ts';
import { StartError } from '../errors.ts';
import { type Log, openLog } from '../log.ts';
import { openClickHouse } from './clickhouse.ts';
import { openFolder } from './files.ts';
import { migrateClickHouse, migratePostgres, migrationLock } from './migrate.ts';
import { checkPostgres, openPostgres, type PostgresAddress } from './postgres.ts';
import { openQueue } from './queue.ts';
import { openS3 } from './s3.ts';

const root = join(import.meta.dir, '..', '..');

export interface Opened {
  ctx: Context;
  /** Closes the queue, the pools and the embedded stores, in this order. */
  close(): Promise<void>;
  /** Resolves when the embedded PostgreSQL is gone for good; never with a server of one's own. */
  lost: Promise<void>;
}

/**
 * Opens every store, brings both schemas up to date, and answers the context. `overrides` is the only test seam.
 * Throws StartError with one plain sentence; what was opened until then is closed again.
 */
export async function openContext(config: Config, overrides: Partial<Context> = {}): Promise<Opened> {
  const log = overrides.log ?? openLog(config.logLevel);
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) {
      await closer().catch((error: unknown) => log.error({ err: error }, 'a store did not close'));
    }
  };
  try {
    if (config.databaseUrl === null || config.clickhouseUrl === null || config.secret === null) {
      await makeDataDir(config.dataDir);
    }
    // The two engines start side by side: neither needs the other until the ClickHouse migrations take their lock.
    const [{ address, lost, sql }, ch, files, masterKey] = await all([
      (async () => {
        const { address, lost } = await postgresAddress(config, log, closers);
        const sql = openPostgres(address, 24);
        closers.push(() => sql.end({ timeout: 2 }));
        if (config.databaseUrl) await checkPostgres(sql);
        await migratePostgres(sql, join(root, 'sql'));
        return { address, lost, sql };
      })(),
      openClickHouse(config).then((opened) => {
        closers.push(() => opened.close());
        return opened;
      }),
      config.s3 ? openS3(config.s3) : openFolder(config.mediaDir),
      openMasterKey(config.secret, config.dataDir),
    ]);
    const [queue] = await all([
      openQueue(sql, address, { worker: config.role !== 'api', poll: config.durations.poll, log }).then(
        (opened) => {
          closers.push(() => opened.stop(5_000));
          return opened;
        },
      ),
      migrateClickHouse(ch, join(root, 'clickhouse'), migrationLock(sql)),
    ]);
    const ctx: Context = {
      config,
      sql,
      ch,
      queue,
      files,
      log,
      masterKey,
      reached: async () => {},
      planned: { changed: () => {} },
      ...overrides,
    };
    return { ctx, close, lost };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Like Promise.all, but waits for all before it throws: nothing opens behind the back of a failed start. */
async function all<Parts extends readonly unknown[] | []>(
  parts: Parts,
): Promise<{ -readonly [Index in keyof Parts]: Awaited<Parts[Index]> }> {
  await Promise.allSettled(parts);
  return Promise.all(parts);
}

async function makeDataDir(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch {
    throw new StartError(
      `The data folder ${folder} cannot be made: check the owner of the folder above it, or set DATA_DIR.`,
    );
  }
}

async function postgresAddress(
  config: Config,
  log: Log,
  closers: (() => Promise<unknown>)[],
): Promise<{ address: PostgresAddress; lost: Promise<void> }> {
  if (config.databaseUrl) return { address: { url: config.databaseUrl }, lost: new Promise(() => {}) };
  const { startEmbeddedPostgres } = await import('./embedded.ts');
  const server = await startEmbeddedPostgres({
    dataDir: config.dataDir,
    log: (message) => log.info(message),
  });
  closers.push(() => server.stop());
  return { address: server.address, lost: server.lost };
}

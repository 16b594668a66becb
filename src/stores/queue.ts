import { PgBoss } from 'pg-boss';
import * as v from 'valibot';
import type { Log } from '../log.ts';
import { type Payload, type Queue, type QueueName, queues } from '../queues.ts';
import type { PostgresAddress, Sql, Tx } from './postgres.ts';

export interface Job<Name extends QueueName> {
  payload: Payload<Name>;
  /** Absent: at once. */
  at?: Date;
}

export interface QueueCounts {
  name: QueueName;
  waiting: number;
  /** Not to be done yet. */
  later: number;
  active: number;
  /** In the last hour: then they are forgotten. */
  failed: number;
  /** Since when the oldest of those that wait does, ISO 8601. */
  oldest_at: string | null;
}

export interface JobQueue {
  /** Writes jobs in the caller's transaction: they exist if and only if it commits. */
  enqueue<Name extends QueueName>(tx: Tx, name: Name, jobs: readonly Job<Name>[]): Promise<void>;
  /** Starts `workers` loops that hand batches of up to `batch` payloads to `handler`. */
  work<Name extends QueueName>(
    name: Name,
    options: { batch: number; workers: number },
    handler: (payloads: Payload<Name>[]) => Promise<void>,
  ): Promise<void>;
  /** Makes the loops of a queue look now instead of at their next poll. */
  wake(name: QueueName): void;
  /** What lies in each queue now. */
  counts(): Promise<QueueCounts[]>;
  /** Runs the cron lines of queues.ts. */
  startCron(): Promise<void>;
  /** Stops fetching and waits for running handlers, `milliseconds` at most. */
  stop(milliseconds: number): Promise<void>;
}

const entries: readonly (readonly [QueueName, Queue])[] = Object.entries(queues).map(([name, queue]) => [
  name as QueueName,
  queue,
]);

/**
 * pg-boss as alarm clock, in its own schema and on its own small pool. Far-future jobs do not belong here
 * (a million of them make each fetch a hundred times slower): see publishing/plan.ts.
 */
export async function openQueue(
  sql: Sql,
  address: PostgresAddress,
  options: { worker: boolean; poll: number; log: Log },
): Promise<JobQueue> {
  const boss = new PgBoss({
    ...('url' in address ? { connectionString: address.url } : address),
    application_name: 'outpost queue',
    max: 4,
    schema: 'pgboss',
    supervise: options.worker,
    schedule: options.worker,
    // Its bloat rebuilds and vacuum warnings are for tables far larger than ours ever get.
    reindex: false,
  });
  boss.on('error', (error) => options.log.error({ err: error }, 'queue error'));
  await boss.start();
  const existing = new Set((await boss.getQueues()).map((queue) => queue.name));
  for (const [name, queue] of entries) {
    if (existing.has(name)) continue;
    await boss.createQueue(name, {
      policy: 'standard',
      retryLimit: queue.retryLimit,
      expireInSeconds: queue.expireInSeconds,
      retentionSeconds: 86_400,
      deleteAfterSeconds: 3_600,
    });
  }
  // At every start: one that was killed between the queues and this must not leave requests without their rights.
  await prepareTables(sql);

  const wakeable = new Map<QueueName, string[]>();
  return {
    async enqueue(tx, name, jobs) {
      if (jobs.length === 0) return;
      const rows = jobs.map(({ payload, at }) => ({
        data: v.parse(queues[name].payload, payload) as object,
        ...(at ? { startAfter: at } : {}),
      }));
      await boss.insert(name, rows, {
        // biome-ignore format: one thought
        db: { executeSql: async (text, values) => ({ rows: [...(await tx.unsafe(text, values as never[]))] }) },
      });
    },

    async work(name, { batch, workers }, handler) {
      await boss.work<Payload<typeof name>>(
        name,
        {
          batchSize: batch,
          localConcurrency: workers,
          burstWhenBatchFull: true,
          pollingIntervalSeconds: ((queues[name] as Queue).poll ?? options.poll) / 1_000,
        },
        async (jobs) => {
          const payloads = jobs.flatMap((job) => {
            const parsed = v.safeParse(queues[name].payload, job.data ?? {});
            if (!parsed.success) options.log.error({ queue: name, job: job.id }, 'job payload refused');
            return parsed.success ? [parsed.output as Payload<typeof name>] : [];
          });
          await handler(payloads);
        },
      );
      const ids = boss
        .getWipData({ includeInternal: false })
        .flatMap((wip) => (wip.name === name ? [wip.id] : []));
      wakeable.set(name, ids);
    },

    wake(name) {
      for (const id of wakeable.get(name) ?? []) boss.notifyWorker(id);
    },

    async counts() {
      // Its own counts are up to an hour old.
      const rows = await sql<(Omit<QueueCounts, 'oldest_at'> & { oldest_at: Date | null })[]>`
        select name, count(*) filter (where waits and start_after <= now())::int as waiting,
          count(*) filter (where waits and start_after > now())::int as later,
          count(*) filter (where state = 'active')::int as active,
          count(*) filter (where state = 'failed')::int as failed,
          min(start_after) filter (where waits and start_after <= now()) as oldest_at
        from (select name, state, start_after, state in ('created', 'retry') as waits from pgboss.job) jobs
        group by name`;
      return entries.map(([name]) => {
        const {
          waiting = 0,
          later = 0,
          active = 0,
          failed = 0,
          oldest_at,
        } = rows.find((row) => row.name === name) ?? {};
        return { name, waiting, later, active, failed, oldest_at: oldest_at?.toISOString() ?? null };
      });
    },

    async startCron() {
      const kept = new Map((await boss.getSchedules()).map((schedule) => [schedule.name, schedule.cron]));
      for (const [name, { cron }] of entries) {
        if (cron && kept.get(name) !== cron) await boss.schedule(name, cron, {}, { tz: 'UTC' });
      }
    },

    async stop(milliseconds) {
      await boss.stop({ graceful: true, close: true, timeout: Math.max(milliseconds, 1_000) });
    },
  };
}

/** Requests write jobs as outpost_app; and stale statistics of the job table cost tenfold latency, so analyze often. */
async function prepareTables(sql: Sql): Promise<void> {
  await sql.unsafe(`
    grant usage on schema pgboss to outpost_app;
    grant select, insert on all tables in schema pgboss to outpost_app;
    do $$
    declare job_table text;
    begin
      for job_table in
        select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'pgboss' and c.relkind = 'r' and c.relname like 'job%'
      loop
        execute format('alter table pgboss.%I set (autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 200)', job_table);
      end loop;
    end
    $$`);
}

/**
 * Asks ClickHouse and PostgreSQL, both as Outpost brings them, the questions of the analytics over the same data in the
 * same run, and prints what they took beside what was aimed at. The aim was set for 10,000 communities with a year of
 * hours and 5 million posts with 20 snapshots; by default a share of that is made, which takes a few minutes and some
 * 3 GB: `--communities 10000 --posts 5000000` is the whole. `--quick` only shows that it runs.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Context } from '../../src/context.ts';
import { type ClickHouse, openClickHouse } from '../../src/stores/clickhouse.ts';
import { startEmbeddedPostgres } from '../../src/stores/embedded.ts';
import { migrateClickHouse, migratePostgres, migrationLock } from '../../src/stores/migrate.ts';
import { openPostgres, type Sql } from '../../src/stores/postgres.ts';
import {
  communityId,
  fillClickHouse,
  fillPlaces,
  fillPostgres,
  now,
  type Scale,
  workspaceId,
} from './analytics-data.ts';
import { type Question, questions } from './analytics-questions.ts';

const { values } = parseArgs({
  options: {
    communities: { type: 'string' },
    days: { type: 'string' },
    posts: { type: 'string' },
    snapshots: { type: 'string' },
    runs: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
});
const whole: Scale = { communities: 10_000, days: 365, posts: 5_000_000, snapshots: 20 };
const usual = values.quick
  ? { communities: 40, days: 3, posts: 400, snapshots: 6, runs: 2 }
  : { communities: 500, days: 365, posts: 250_000, snapshots: 20, runs: 60 };
const asked = (name: keyof typeof usual) => Number(values[name] ?? usual[name]);
const scale: Scale = {
  communities: asked('communities'),
  days: asked('days'),
  posts: asked('posts'),
  snapshots: asked('snapshots'),
};
const runs = asked('runs');
const batches = values.quick ? 2 : 30;
const batch = values.quick ? 1_000 : 10_000;
const coldMost = 150;
const gapMost = 20;
const ingestLeast = 300_000;
const bytesMost = 6;
/** Communities that the benchmark is asked over. */
const standing = 10_000;

const scratch = mkdtempSync(join(tmpdir(), 'outpost-bench-'));
const at = (sorted: readonly number[], share: number) =>
  sorted[Math.max(0, Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1))] ?? Number.NaN;
const ordered = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const round = (value: number, digits = 1) => (Number.isNaN(value) ? '' : value.toFixed(digits));
const yes = (held: boolean) => (held ? 'yes' : 'no');
const many = (value: number) => Math.round(value).toLocaleString('en');

interface Times {
  median: number;
  p95: number;
}

async function time(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

async function times(howMany: number, act: (run: number) => Promise<unknown>): Promise<Times> {
  for (let run = 0; run < Math.min(3, howMany); run += 1) await act(run);
  const taken: number[] = [];
  for (let run = 0; run < howMany; run += 1) taken.push(await time(() => act(run)));
  const sorted = ordered(taken);
  return { median: at(sorted, 0.5), p95: at(sorted, 0.95) };
}

/** The longest time in which the event loop did nothing else, in milliseconds, since the call before. */
function watchLoop(): { longest(): number; stop(): void } {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const moment = performance.now();
    longest = Math.max(longest, moment - last);
    last = moment;
  }, 1);
  return {
    longest() {
      const found = longest;
      longest = 0;
      last = performance.now();
      return found;
    },
    stop: () => clearInterval(timer),
  };
}

/** Everything that is remembered of the data; the pages of the files too, where this user may have them dropped. */
async function forget(ch: ClickHouse): Promise<boolean> {
  for (const what of ['mark', 'index mark', 'uncompressed', 'query condition']) {
    await ch.command(`system drop ${what} cache`);
  }
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '1');
    return true;
  } catch {
    return false;
  }
}

interface Ingest {
  name: string;
  perSecond: number;
  median: number;
  gap: number;
}

/** Rows of one moment for many communities, which is what a round of collecting brings. */
function rowsOf(table: 'community' | 'post', round: number): object[] {
  return Array.from({ length: batch }, (_, n) => {
    const ts = new Date(now + round * 3_600_000 + n).toISOString();
    const key = { ts, workspace_id: workspaceId(n), community_id: communityId(n) };
    const figure = (most: number) => (n * 7_919 + round * 104_729) % most;
    if (table === 'community') {
      const members = 1_000 + n + round;
      const counts = { reach: figure(3_000), visitors: figure(2_000), views: figure(9_000) };
      return { ...key, network: 'telegram', members, ...counts, joins: figure(50), leaves: figure(30) };
    }
    return {
      ...key,
      post_key: `${n}`,
      publication_id: communityId(0),
      published_at: new Date(now - (n % 700) * 3_600_000).toISOString(),
      views: figure(9_000),
      reach: figure(8_000),
      reactions: figure(300),
      comments: figure(90),
      shares: figure(50),
      clicks: null,
    };
  });
}

async function ingest(ch: ClickHouse, loop: ReturnType<typeof watchLoop>): Promise<Ingest[]> {
  const found: Ingest[] = [];
  for (const kind of ['community', 'post'] as const) {
    const table = `raw_${kind}_metrics_v1`;
    // A table that no view listens to shows what the rollups take of it.
    await ch.command(`create table alone_${kind} as ${table}`);
    for (const [name, into] of [
      [`${kind} rows, with all rollups`, table],
      [`${kind} rows, the raw table alone`, `alone_${kind}`],
    ] as const) {
      const all = Array.from({ length: batches }, (_, round) => rowsOf(kind, round));
      await ch.insert(into, all[0] ?? []);
      const taken: number[] = [];
      loop.longest();
      for (const rows of all) taken.push(await time(() => ch.insert(into, rows)));
      const sum = taken.reduce((total, one) => total + one, 0);
      found.push({
        name,
        perSecond: (batch * batches * 1_000) / sum,
        median: at(ordered(taken), 0.5),
        gap: loop.longest(),
      });
    }
    await ch.command(`drop table alone_${kind} sync`);
  }
  return found;
}

/** Counts what every community is compared with, and repeats it until it is of 10,000. */
async function fillStanding(ch: ClickHouse): Promise<void> {
  await ch.command('system refresh view community_standing_v1_fill');
  await ch.command('system wait view community_standing_v1_fill');
  await ch.command('system stop view community_standing_v1_fill');
  for (let copy = 1; copy * scale.communities < standing; copy += 1) {
    const other = (column: string) =>
      `toUUID(replaceOne(toString(${column}), '-7000-', '-7${String(copy).padStart(3, '0')}-'))`;
    await ch.command(`
      insert into community_standing_v1
      select * replace (${other('workspace_id')} as workspace_id, ${other('community_id')} as community_id)
      from community_standing_v1 as first where substring(toString(first.workspace_id), 15, 4) = '7000'`);
  }
  const [told] = await ch.query<{ n: string }>(
    'select uniqExact(community_id) as n from community_standing_v1 where days = 30',
  );
  if (Number(told?.n) < standing) throw new Error(`there are ${told?.n} communities to be compared with`);
}

/** Waits until the engine has merged what it was given, as it has after a quiet minute; gives up after two. */
async function settle(ch: ClickHouse): Promise<void> {
  let quiet = 0;
  for (let n = 0; n < 240 && quiet < (values.quick ? 1 : 6); n += 1) {
    const [row] = await ch.query<{ merges: string }>('select count() as merges from system.merges');
    quiet = Number(row?.merges) === 0 ? quiet + 1 : 0;
    await Bun.sleep(values.quick ? 1 : 500);
  }
}

/** How many statements ClickHouse is asked for an answer, and the milliseconds in which it plans them, together. */
async function planned(ctx: Context, question: Question): Promise<{ statements: number; planning: number }> {
  const asked: Parameters<ClickHouse['query']>[] = [];
  const query: ClickHouse['query'] = (...statement) => {
    asked.push(statement);
    return ctx.ch.query(...statement);
  };
  await question.ask({ ...ctx, ch: { ...ctx.ch, query } }, 0);
  let planning = 0;
  for (const [sql, params] of asked) {
    planning += (await times(Math.min(runs, 20), () => ctx.ch.query(`explain ${sql}`, params))).median;
  }
  return { statements: asked.length, planning };
}

async function answer(ctx: Context, question: Question, loop: ReturnType<typeof watchLoop>) {
  const { communities } = scale;
  const some = (run: number) => (run * 7_919) % communities;
  const cold: number[] = [];
  let dropped = true;
  for (let run = 0; run < Math.min(3, runs); run += 1) {
    dropped = await forget(ctx.ch);
    cold.push(await time(() => question.ask(ctx, some(run + 100))));
  }
  loop.longest();
  const warm = await times(runs, (run) => question.ask(ctx, some(run)));
  const gap = loop.longest();
  const { askPostgres } = question;
  const few = Math.min(runs, 20);
  const other = askPostgres ? await times(few, (run) => askPostgres(ctx.sql, some(run))) : null;
  return {
    question,
    warm,
    cold: at(ordered(cold), 0.5),
    dropped,
    gap,
    other,
    ...(await planned(ctx, question)),
  };
}

function line(cells: readonly string[]): string {
  const widths = [52, 8, 8, 8, 7, 7, 9, 9, 8];
  return `  ${cells.map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join('')}`;
}

async function bytesPerRow(ch: ClickHouse, sql: Sql, rows: number): Promise<void> {
  const parts = await ch.query<{ table: string; rows: string; bytes: string }>(
    `select table, sum(p.rows) as rows, sum(p.bytes_on_disk) as bytes from system.parts p
     where active and database = currentDatabase() and p.rows > 0 group by table order by table`,
  );
  const [heap] = await sql<{ bytes: number }[]>`
    select (pg_total_relation_size('bench.community_metrics') + pg_total_relation_size('bench.post_metrics'))::float8 as bytes`;
  console.log('\nbytes per row on disk');
  for (const part of parts) {
    const each = Number(part.bytes) / Number(part.rows);
    const goal = part.table.startsWith('raw_') ? `   goal ${bytesMost}: ${yes(each <= bytesMost)}` : '';
    console.log(
      `  ${part.table.padEnd(30)}${many(Number(part.rows)).padStart(12)} rows${round(each).padStart(8)}${goal}`,
    );
  }
  console.log(
    `  ${'PostgreSQL, with its keys'.padEnd(30)}${many(rows).padStart(12)} rows${round((heap?.bytes ?? 0) / rows).padStart(8)}`,
  );
}

async function main(): Promise<void> {
  const server = await startEmbeddedPostgres({ dataDir: scratch });
  const ch = await openClickHouse({ clickhouseUrl: null, dataDir: scratch });
  const sql = openPostgres(server.address, 4);
  const loop = watchLoop();
  try {
    const root = join(import.meta.dir, '..', '..');
    await migratePostgres(sql, join(root, 'sql'));
    await migrateClickHouse(ch, join(root, 'clickhouse'), migrationLock(sql));
    const share = (name: keyof Scale) => `${many(scale[name])} of ${many(whole[name])} ${name}`;
    console.log(`scaled: ${(['communities', 'days', 'posts', 'snapshots'] as const).map(share).join(', ')}`);
    await fillPlaces(sql, scale);
    const made = await fillClickHouse(ch, scale);
    const same = await fillPostgres(sql, scale);
    console.log(
      `made in ClickHouse: ${many(made.rows)} rows in ${round(made.seconds)} s (${many(made.rows / made.seconds)} rows/s, with all rollups)`,
    );
    console.log(
      `made in PostgreSQL: ${many(same.rows)} rows in ${round(same.seconds)} s (${many(same.rows / same.seconds)} rows/s, with its keys)`,
    );
    if (made.rows !== same.rows || made.sum !== same.sum)
      throw new Error('the two do not hold the same data');
    await fillStanding(ch);
    await settle(ch);
    await bytesPerRow(ch, sql, same.rows);

    const ctx = { ch, sql } as Context;
    const answers = [];
    for (const question of questions) answers.push(await answer(ctx, question, loop));
    const files = answers.every(({ dropped }) => dropped) ? 'files' : 'caches of the engine';
    console.log(
      `\nmilliseconds, ${runs} warm runs over different communities; cold: ${files} forgotten, median of 3`,
    );
    console.log(
      'through the functions of the product, PostgreSQL by one statement with the server as Outpost starts it',
    );
    console.log(line(['', 'median', 'p95', 'cold', 'goal', 'held', 'PG med', 'PG p95', 'ratio']));
    for (const { question, warm, cold, other } of answers) {
      const { goal } = question;
      console.log(
        line([
          question.name,
          round(warm.median),
          round(warm.p95),
          round(cold),
          goal === null ? '' : String(goal),
          goal === null ? '' : yes(warm.p95 <= goal && cold <= coldMost),
          other ? round(other.median) : '',
          other ? round(other.p95) : '',
          other ? `${round(other.median / warm.median)} x` : '',
        ]),
      );
    }
    console.log(
      `  goals are for p95, and ${coldMost} for cold; the benchmark is asked over ${many(standing)} communities`,
    );
    console.log(
      '\nof these, milliseconds in which the engine plans the statements of an answer, one after the other',
    );
    for (const { question, statements, planning } of answers) {
      console.log(`  ${question.name.padEnd(52)}${round(planning).padStart(8)}   in ${statements}`);
    }
    const gap = Math.max(...answers.map((one) => one.gap));
    console.log(
      `\nlongest gap of the event loop while asking: ${round(gap)} ms   goal ${gapMost}: ${yes(gap <= gapMost)}`,
    );

    console.log(`\ningest through the product's own insert, ${many(batches)} batches of ${many(batch)} rows`);
    for (const one of await ingest(ch, loop)) {
      console.log(
        `  ${one.name.padEnd(38)}${many(one.perSecond).padStart(9)} rows/s   batch ${round(one.median)} ms   gap ${round(one.gap)} ms   goal ${many(ingestLeast)}: ${yes(one.perSecond >= ingestLeast)}`,
      );
    }
  } finally {
    loop.stop();
    await sql.end({ timeout: 5 });
    await ch.close();
    await server.stop();
  }
}

try {
  await main();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

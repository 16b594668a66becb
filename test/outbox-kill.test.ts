import { expect, test } from 'bun:test';
import { startEmbeddedPostgres } from '../src/stores/embedded.ts';
import { openPostgres } from '../src/stores/postgres.ts';
import { freePort, project, run, temporaryFolder, until } from './process.ts';

const rows = 60_000;

/** Asks the engine in a process of its own: one process has one engine. */
async function ask(dataDir: string, query: string): Promise<Record<string, string>> {
  const script = `
    const { openClickHouse } = await import('./src/stores/clickhouse.ts');
    const ch = await openClickHouse({ clickhouseUrl: null, dataDir: ${JSON.stringify(dataDir)} });
    const [row] = await ch.query(${JSON.stringify(query)});
    process.stdout.write('answer ' + JSON.stringify(row) + '\\n');
    await ch.close();`;
  await using asked = run([process.execPath, '-e', script], {});
  const [, answer = '{}'] = await asked.saying(/answer (.*)\n/);
  await asked.child.exited;
  return JSON.parse(answer);
}

test('an engine that is killed twice amid its deliveries has every row once', async () => {
  using folder = temporaryFolder();
  const open = () =>
    run([process.execPath, `${project}/src/main.ts`], {
      DATA_DIR: folder.path,
      PORT: String(freePort()),
      OUTPOST_INBOUND: 'off',
    });
  const start = async () => {
    const started = open();
    await started.saying(/is ready at/);
    return started;
  };
  {
    await using first = await start();
    first.child.kill('SIGTERM');
    await first.child.exited;
  }
  const server = await startEmbeddedPostgres({ dataDir: folder.path });
  const sql = openPostgres(server.address, 1);
  const [workspace, community] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()];
  await sql`insert into workspaces (id, name, timezone, data_key) values (${workspace}, 'x', 'UTC', '\\x00')`;
  await sql`
    insert into communities (id, workspace_id, network, external_id, title, timezone, capabilities, details)
    values (${community}, ${workspace}, 'telegram', '-100', 'Channel', 'UTC', '{}', '{}')`;
  await sql`
    insert into metrics_outbox (workspace_id, community_id, kind, data)
    select ${workspace}, ${community}, 'post', jsonb_build_object('ts', now(), 'post_key', n::text, 'publication_id', ${community}::text,
      'published_at', now() - interval '1 day', 'views', n)
    from generate_series(1, ${rows}::int) n`;
  await sql.end();
  await server.stop();
  // Each Outpost starts the server in the same place.
  const watch = openPostgres(server.address, 1);
  const left = async () =>
    (await watch<{ n: number }[]>`select count(*)::int as n from metrics_outbox`)[0]?.n ?? 0;
  let before = rows;
  for (const _ of [1, 2]) {
    await using started = open();
    await until('some of it was delivered', async () => (await left().catch(() => before)) < before);
    started.child.kill('SIGKILL');
    await started.child.exited;
    before = await left();
    expect(before).toBeGreaterThan(0);
  }
  await using last = await start();
  await until('all of it was delivered', async () => (await left()) === 0);
  await watch.end();
  last.child.kill('SIGTERM');
  await last.child.exited;
  const sum = `${(rows * (rows + 1)) / 2}`;
  expect(
    await ask(
      folder.path,
      `select count() as rows, uniqExact(post_key) as posts, sum(views) as views,
         (select count() from (select post_key from post_latest_v1 group by post_key)) as latest,
         (select sum(views) from (select max(views) as views from post_per_day_v1 group by post_key, day)) as per_day,
         (select sum(value) from (select max(before).2 as value from post_at_24h_v1 group by post_key)) as at_24h
       from raw_post_metrics_v1 final`,
    ),
  ).toEqual({
    rows: `${rows}`,
    posts: `${rows}`,
    views: sum,
    latest: `${rows}`,
    per_day: sum,
    at_24h: sum,
  });
}, 120_000);

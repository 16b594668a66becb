import { expect, test } from 'bun:test';
import { openPostgres, type Sql, transact } from '../src/stores/postgres.ts';
import { openTest } from './harness.ts';

/** Ends every connection of the pool, as a restarting server or a broken network does. */
async function cut(admin: Sql): Promise<void> {
  await admin`
    select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'outpost' and datname = current_database() and pid <> pg_backend_pid()`;
}

async function outcomes(ask: () => Promise<unknown>, admin: Sql): Promise<Record<string, number>> {
  const tally: Record<string, number> = { answered: 0, refused: 0, hung: 0 };
  let stop = false;
  const loops = Array.from({ length: 30 }, async () => {
    while (!stop) {
      const end = await Promise.race([
        ask().then(
          () => 'answered',
          () => 'refused',
        ),
        Bun.sleep(5_000).then(() => 'hung'),
      ]);
      tally[end] = (tally[end] ?? 0) + 1;
      await Bun.sleep(5);
    }
  });
  for (let round = 0; round < 8; round += 1) {
    await Bun.sleep(150);
    await cut(admin);
  }
  const before = tally.answered ?? 0;
  const afterwards = () => (tally.answered ?? 0) - before;
  for (let waited = 0; afterwards() <= 1_000 && waited < 3_000; waited += 50) await Bun.sleep(50);
  stop = true;
  await Promise.all(loops);
  tally.answeredAfterwards = afterwards();
  return tally;
}

for (const [name, ask] of [
  ['queries', (sql: Sql) => sql`select 1`],
  ['transactions', (sql: Sql) => transact(sql, async (tx) => [await tx`select 1`, await tx`select 2`])],
] as const) {
  test(`${name} end in an answer or an error when their connections are cut, and the pool goes on`, async () => {
    await using outpost = await openTest();
    const admin = openPostgres(outpost.address, 1);
    const pool = openPostgres(outpost.address, 8);
    const tally = await outcomes(() => Promise.resolve(ask(pool)), admin);
    expect(tally.hung).toBe(0);
    expect(tally.refused).toBeGreaterThan(0);
    expect(tally.answeredAfterwards).toBeGreaterThan(100);
    await Promise.all([pool.end({ timeout: 1 }), admin.end({ timeout: 1 })]);
  }, 30_000);
}

test('a transaction behind a hundred other queries leaves nothing open', async () => {
  await using outpost = await openTest();
  const admin = openPostgres(outpost.address, 1);
  const pool = openPostgres(outpost.address, 2);
  await admin`create table kept (id int primary key)`;
  await Promise.all([pool`select 1`, pool`select 1`]);
  const long = transact(pool, (tx) => tx`select pg_sleep(1)`.then(() => {}));
  await Bun.sleep(50);
  const queue = [pool`select pg_sleep(0.5)`.execute()];
  for (let index = 0; index < 99; index += 1) queue.push(pool`select 1`.execute());
  const last = transact(pool, (tx) => tx`insert into kept values (1)`.then(() => {}));
  await Promise.all([...queue, long, last]);
  await Promise.all([10, 11, 12, 13, 14, 15].map((id) => pool`insert into kept values (${id})`));
  expect((await admin`select from kept`).length).toBe(7);
  const open = await admin`
    select from pg_stat_activity
    where state like 'idle in transaction%' and datname = current_database() and pid <> pg_backend_pid()`;
  expect(open.length).toBe(0);
  await Promise.all([pool.end({ timeout: 1 }), admin.end({ timeout: 1 })]);
}, 20_000);

test('a transaction whose connection broke gives its place in the pool back, and touches no other transaction', async () => {
  await using outpost = await openTest();
  const admin = openPostgres(outpost.address, 1);
  const pool = openPostgres(outpost.address, 2);
  await admin`create table kept (id int primary key)`;
  for (let round = 1; round <= 4; round += 1) {
    let goOn: () => void = () => {};
    const paused = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const begun = Promise.withResolvers<void>();
    const broken = transact(pool, async (tx) => {
      await tx`select 1`;
      begun.resolve();
      await paused;
      await tx`insert into kept values (${-round})`;
    }).then(
      () => 'committed',
      () => 'refused',
    );
    await begun.promise;
    await cut(admin);
    expect(await broken).toBe('refused');
    // The connection serves somebody else when the old transaction wakes up.
    const other = transact(pool, async (tx) => {
      await tx`insert into kept values (${round})`;
      goOn();
      await Bun.sleep(50);
      await tx`select 1`;
    });
    await Promise.race([other, Bun.sleep(5_000).then(() => Promise.reject(new Error('the pool is stuck')))]);
  }
  expect([...(await admin<{ id: number }[]>`select id from kept order by id`)].map((row) => row.id)).toEqual([
    1, 2, 3, 4,
  ]);
  await Promise.all([pool.end({ timeout: 1 }), admin.end({ timeout: 1 })]);
}, 30_000);

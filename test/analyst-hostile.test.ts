import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allowedFunctions, isAllowedFunction, isAllowedType } from '../src/analyst/functions.ts';
import { limits } from '../src/analyst/limits.ts';
import { passOf, settingsOf } from '../src/analyst/pass.ts';
import { systemViews, views } from '../src/analyst/views.ts';
import type { Jail } from '../src/stores/jail.ts';
import { type Analysts, openAnalysts } from './analysts.ts';
import { type Attempt, attemptsOn } from './hostile-sql.ts';

let a: Analysts;
let attempts: Attempt[] = [];
const folder = mkdtempSync(join(tmpdir(), 'outpost-hostile-'));

beforeAll(async () => {
  a = await openAnalysts();
  const own = await passOf(a.test.ctx, a.mine.account.workspaceId);
  attempts = attemptsOn({
    workspace: a.theirs.account.workspaceId,
    community: a.theirs.community,
    folder,
    forged: `${a.theirs.account.workspaceId}.${own.split('.')[1]}`,
  });
});
afterAll(async () => {
  await a.close();
  rmSync(folder, { recursive: true });
});

/** What of the other workspace, or of the inside, stands in a text and was not in what was asked. */
function told(text: string, asked = ''): string[] {
  return [
    ...a.secrets,
    'root:x:0',
    a.test.ctx.config.dataDir,
    'analyst_secrets',
    'log_comment',
    'outpost.raw',
  ].filter((secret) => text.includes(secret) && !asked.includes(secret));
}

async function inJail<T>(settings: Record<string, string>, fn: (jail: Jail) => Promise<T>): Promise<T> {
  const jail = await a.test.ctx.ch.openJail({
    settings: { ...limits, max_execution_time: 5, ...settings },
    params: {},
  });
  try {
    return await fn(jail);
  } finally {
    await jail.close();
  }
}

/** Past the gate: an answer as text. */
async function straight(jail: Jail, sql: string): Promise<string> {
  const { body } = await jail.run(sql + jail.tail('TSVRaw').text, new AbortController().signal);
  return new Response(body).text();
}

/** A digest of everything in both databases. */
async function everything(): Promise<unknown> {
  const { ch } = a.test.ctx;
  const tables = await ch.query<{ name: string; engine: string }>(
    "select name, engine from system.tables where database = 'outpost' and engine like '%MergeTree' order by name",
  );
  // As after the merges that may come at any moment.
  const counts = tables.map(
    ({ name, engine }) => `(select count() from ${name} ${engine === 'MergeTree' ? '' : 'final'}) as ${name}`,
  );
  return [
    await ch.query(`select ${counts.join(', ')}`),
    await ch.query(
      "select database, name, engine from system.tables where database in ('outpost', 'analyst', 'default') order by all",
    ),
    await ch.query("select name from system.functions where origin != 'System' order by name"),
  ];
}

describe('the gate', () => {
  test('refuses every attempt, tells nothing of the other workspace, and leaves nothing behind', async () => {
    expect(attempts.length).toBeGreaterThan(200);
    expect(new Set(attempts.map(({ tries }) => tries)).size).toBe(attempts.length);
    const before = await everything();
    const logged = a.test.logs.length;
    // Somebody else's query must live through all of it.
    const other = a.test.ctx.ch.query<{ n: string }>(
      'select count() as n from numbers(50000000) where sipHash64(number) != 1',
    );
    const passed: unknown[] = [];
    for (const [index, { tries, sql, address }] of attempts.entries()) {
      if (index % 90 === 0) await a.mine.renew();
      const answer = await a.mine.ask(sql, { address });
      const text = `${JSON.stringify(answer.body)} ${JSON.stringify([...answer.headers])}`;
      const refused =
        [400, 404, 413].includes(answer.status) &&
        (answer.status === 413 || /^Code: \d+\. DB::Exception: /.test(answer.body));
      const found = told(text, `${sql} ${JSON.stringify(address)}`);
      if (!refused || found.length > 0) passed.push([tries, answer.status, answer.body, found]);
    }
    expect(passed).toEqual([]);
    expect((await other)[0]?.n).toBe('50000000');
    expect(readdirSync(folder)).toEqual([]);
    expect(await everything()).toEqual(before);
    const [state] = await a.test.ctx.ch.query(
      "select getSetting('readonly') as readonly, getSetting('log_comment') as pass, currentDatabase() as base",
    );
    expect(state).toEqual({ readonly: 0, pass: '', base: 'outpost' });
    expect(a.test.logs.slice(logged).filter((line) => told(line).length > 0 || line.includes('sk_'))).toEqual(
      [],
    );
  }, 60_000);

  test('shows names that look like others’ what they are: rows of one’s own', async () => {
    await a.mine.renew();
    const own = [
      'with posts_v1 as (select 1 as post_key) select post_key from posts_v1',
      'with outpost as (select post_key from posts_v1) select * from outpost',
      'select outpost.post_key from posts_v1 as outpost',
      'select posts_v1.post_key from analyst.posts_v1',
      'with system as (select 1 as x) select x from system',
      'select post_key from posts_v1 where post_key in (select post_key from post_latest_v1)',
      'with keys as (select post_key from posts_v1) select count() from post_latest_v1 where post_key in keys',
      'select x from (select post_key as x from posts_v1) as file',
      'with (x) -> x + 1 as plus_one select 1',
      "select 'outpost.posts_v1; drop table x /* */ -- #' as format_of_text",
      'select `settings`, "into" from (select 1 as `settings`, 2 as "into")',
      'select analyst.posts_v1.kind from analyst.posts_v1',
      'select * from posts_v1 -- where workspace = mine\n',
      'select * except (hashtags) from posts_v1 /* ; */',
      "select {k:String} as k from posts_v1 where kind = 'text'",
      "select arrayMap(x -> x * 2, [1, 2]), (1, 2), map('a', 1)",
      'select * from posts_v1 union all select * from posts_v1',
      'select count() from numbers(10) as system',
    ];
    for (const sql of own) {
      const answer = await a.mine.ask(sql, {
        address: { param_k: `${a.theirs.account.workspaceId}' or 1=1` },
      });
      expect([sql, answer.status, answer.status === 200 ? null : answer.body]).toEqual([sql, 200, null]);
      expect([
        sql,
        told(
          String(answer.body)
            .replaceAll(`${a.theirs.account.workspaceId}' or`, '')
            .replaceAll(`${a.theirs.account.workspaceId}\\' or`, ''),
        ),
      ]).toEqual([sql, []]);
    }
  }, 30_000);

  test('lets through functions that the engine has, and none by another name', async () => {
    const all = await a.test.ctx.ch.query<{ name: string; alias_to: string; category: string }>(
      'select name, alias_to, arrayStringConcat([toString(categories)]) as category from system.functions',
    );
    const names = new Set(all.map(({ name }) => name.toLowerCase()));
    // Syntax that the engine writes as a function.
    const syntax = ['lambda', 'exists', 'untuple', 'grouping'];
    expect(
      allowedFunctions.filter((name) => !names.has(name.toLowerCase()) && !syntax.includes(name)),
    ).toEqual([]);
    expect(new Set(allowedFunctions.map((name) => name.toLowerCase())).size).toBe(allowedFunctions.length);
    const bad = /Dictionary|AI|Encryption|Introspection|Machine|Geo|Time Series|Bitmap|NumericIndexed/;
    for (const { name, alias_to, category } of all.filter(({ name }) => isAllowedFunction(name))) {
      expect([name, bad.test(category)]).toEqual([name, false]);
      if (alias_to !== '') expect([name, isAllowedFunction(alias_to)]).toEqual([name, true]);
    }
    expect(
      ['sumIf', 'countDistinctIf', 'avgOrNull', 'argMaxIf', 'sumOrNullIf'].filter(
        (name) => !isAllowedFunction(name),
      ),
    ).toEqual([]);
    expect(
      ['sumState', 'sumMerge', 'fileIf', 'IfIf', 'sumIfIfIfIf', 'dictGetIf', ''].filter(isAllowedFunction),
    ).toEqual([]);
  });

  test('knows types that are values, and no others', () => {
    for (const type of [
      'String',
      'Nullable(Int64)',
      "DateTime64(3, 'Europe/Moscow')",
      'Array(Tuple(a String, b UInt8))',
      'Map(String, Array(UUID))',
    ]) {
      expect([type, isAllowedType(type)]).toEqual([type, true]);
    }
    for (const type of [
      'AggregateFunction(sum, Int64)',
      'SimpleAggregateFunction(sum, Int64)',
      'Nested(a String)',
      'Object',
      'Dynamic',
      'JSON',
      'Variant(String)',
      'Tuple(Dynamic String, AggregateFunction)',
      "Enum8('a' = 1)",
      'Array(`Dynamic`)',
      'Identifier',
      '',
    ]) {
      expect([type, isAllowedType(type)]).toEqual([type, false]);
    }
  });
});

describe('behind the gate', () => {
  const calls = () => {
    const values: Record<string, string> = {
      community_id: `'${a.theirs.community}'`,
      from: "'2020-01-01'",
      to: "'2100-01-01'",
      figures: "['views']",
      zone: "'UTC'",
    };
    return views.map(({ name, parameters }) =>
      parameters.length === 0
        ? name
        : `${name}(${parameters.map((one) => `${one.name} = ${values[one.name]}`).join(', ')})`,
    );
  };

  test('the views show the workspace of a signed pass: both have theirs, and nobody the other’s', async () => {
    for (const [who, other] of [
      [a.mine, a.theirs],
      [a.theirs, a.mine],
    ] as const) {
      await inJail(await settingsOf(a.test.ctx, who.account.workspaceId), async (jail) => {
        for (const call of calls()) {
          const name = call.replaceAll(a.theirs.community, who.community);
          const rows = await straight(jail, `select * from ${name}`);
          expect([
            name,
            rows.length > 0,
            rows.includes(other.canary),
            rows.includes(other.community),
          ]).toEqual([name, true, false, false]);
          const across = await straight(
            jail,
            `select * from ${call.replaceAll(a.theirs.community, other.community)} limit 100`,
          );
          expect([name, across.includes(other.canary)]).toEqual([name, false]);
        }
      });
    }
  });

  test('without a pass, or with one that is not signed, they show nothing', async () => {
    const mine = await passOf(a.test.ctx, a.mine.account.workspaceId);
    const theirs = a.theirs.account.workspaceId;
    const forged = [
      '',
      theirs,
      `${theirs}.${mine.split('.')[1]}`,
      `${mine} `,
      mine.toUpperCase(),
      `${theirs}.${new Bun.CryptoHasher('sha256').update(theirs).digest('hex')}`,
    ];
    for (const log_comment of forged) {
      await inJail({ log_comment }, async (jail) => {
        const counts = calls().map((call) => `select count() as n from ${call}`);
        const found = await straight(jail, `select sum(n) from (${counts.join(' union all ')})`);
        expect([log_comment, found]).toEqual([log_comment, '0\n']);
      });
    }
    // Outpost's own connections carry none.
    expect(await a.test.ctx.ch.query('select count() as n from analyst.posts_v1')).toEqual([{ n: '0' }]);
  }, 30_000);

  test('what the engine itself refuses holds for queries that never saw the gate', async () => {
    const settings = await settingsOf(a.test.ctx, a.mine.account.workspaceId);
    const sent = attempts.filter(({ walled, address }) => walled !== false && !address);
    expect(sent.length).toBeGreaterThan(100);
    const before = await everything();
    let refused = 0;
    for (const { tries, sql } of sent) {
      // Each on a connection of its own, as behind the gate.
      const text = await inJail(settings, (jail) => straight(jail, sql)).catch((error: Error) => {
        refused += 1;
        return error.message;
      });
      const shown = [...a.secrets, 'root:x:0'].filter(
        (secret) => text.replaceAll(sql, '').includes(secret) && !sql.includes(secret),
      );
      expect([tries, shown]).toEqual([tries, []]);
    }
    expect(refused).toBeGreaterThan(60);
    expect(await everything()).toEqual(before);
    expect(readdirSync(folder)).toEqual([]);
  }, 60_000);

  test('writing, other databases and other roles are out of reach of the connection itself', async () => {
    const settings = await settingsOf(a.test.ctx, a.mine.account.workspaceId);
    await inJail(settings, async (jail) => {
      for (const sql of [
        'insert into outpost.posts_v1 (kind) values (1)',
        'create table analyst.x (a Int8) engine = Memory',
        'drop table outpost.posts_v1',
        'truncate table outpost.posts_v1',
        "set log_comment = 'x'",
        'grant all on *.* to default',
        'use outpost',
      ]) {
        await expect(jail.tree(`select 1; ${sql}`)).rejects.toThrow(/privileges|readonly mode|not exist/);
      }
    });
  });

  test('a question reads the rows of its workspace alone', async () => {
    const who = a.mine.account.workspaceId;
    const settings = await settingsOf(a.test.ctx, a.mine.account.workspaceId);
    await inJail(settings, async (jail) => {
      for (const view of ['post_snapshots_v1', 'posts_v1', 'community_hours_v1', 'publications_v1']) {
        const plan = await jail.tree(
          `select 1; explain indexes = 1 select * from ${view} where community_id = '${a.mine.community}'`,
        );
        const key = plan.find((line) => line.includes('Condition: and((community_id in')) ?? '';
        expect([view, key]).toEqual([view, expect.stringContaining(`workspace_id in ['${who}'`)]);
      }
    });
  });

  test('every view in the database is one that is known here', async () => {
    const found = await a.test.ctx.ch.query<{ name: string }>(
      "select name from system.tables where database = 'analyst'",
    );
    expect(found.map(({ name }) => name).sort()).toEqual(
      [...views.map(({ name }) => name), ...Object.values(systemViews)].sort(),
    );
  });
});

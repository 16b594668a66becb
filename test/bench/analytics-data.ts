import type { ClickHouse } from '../../src/stores/clickhouse.ts';
import type { Sql } from '../../src/stores/postgres.ts';

/** How much there is. */
export interface Scale {
  communities: number;
  /** Of an hourly row for each community, up to now. */
  days: number;
  /** Of all communities together. */
  posts: number;
  /** Of each post. */
  snapshots: number;
}

export interface Generated {
  rows: number;
  /** Of all figures: the same in both, or they do not hold the same data. */
  sum: number;
  seconds: number;
}

export const perWorkspace = 20;
/** The moment at which the data end. */
export const now = Math.floor(Date.now() / 3_600_000) * 3_600_000;

const named = (kind: number, index: number) =>
  `00000000-0000-7000-800${kind}-${String(index).padStart(12, '0')}`;
export const workspaceId = (community: number) => named(1, Math.floor(community / perWorkspace));
export const communityId = (community: number) => named(2, community);

/** Minutes after publication at which a post is looked at; those around the 24th hour are the last to be left out. */
const ages = [
  1_380, 1_500, 60, 360, 4_320, 10_080, 30, 180, 720, 2_880, 43_200, 120, 540, 960, 1_200, 1_800, 2_160,
  7_200, 20_160, 30_240,
];

/** What the two dialects of SQL write differently. Everything is done in 64-bit integers, so that both get the same. */
interface Dialect {
  div(a: string, b: string | number): string;
  uuid(kind: number, index: string): string;
  /** Milliseconds since 1970. */
  time(milliseconds: string): string;
  text(of: string): string;
  unknown: string;
}
const clickhouse: Dialect = {
  div: (a, b) => `intDiv(${a}, ${b})`,
  uuid: (kind, index) => `toUUID('00000000-0000-7000-800${kind}-' || leftPad(toString(${index}), 12, '0'))`,
  time: (milliseconds) => `fromUnixTimestamp64Milli(${milliseconds}, 'UTC')`,
  text: (of) => `toString(${of})`,
  unknown: 'null',
};
const postgres: Dialect = {
  div: (a, b) => `((${a}) / (${b}))`,
  uuid: (kind, index) => `('00000000-0000-7000-800${kind}-' || lpad((${index})::text, 12, '0'))::uuid`,
  time: (milliseconds) => `to_timestamp((${milliseconds}) / 1000.0)`,
  text: (of) => `(${of})::text`,
  unknown: 'null::bigint',
};

/** Looks like chance, and is the same in both. */
const noise = (a: string, b: string, salt: number) =>
  `((${b} * ${b} * 31 + ${a} * ${b} * 17 + ${a} * ${a} * 13 + ${b} * ${salt * 101} + ${salt * 7_919}) % 10007)`;

/** Columns of a community `c` at the hour `h` of the period, which begins at `start` (milliseconds). */
function communityColumns(d: Dialect, start: number): string {
  const day = d.div('h', 24);
  const soFar = (most: number, salt: number) =>
    d.div(`(${noise('c', day, salt)} % ${most}) * (h % 24 + 1)`, 24);
  const visitors = soFar(3_000, 4);
  return [
    `${d.time(`${start} + h * 3600000 + (c * 37 % 3500) * 1000 + ${noise('c', 'h', 5)}`)} as ts`,
    `${d.uuid(1, d.div('c', perWorkspace))} as workspace_id`,
    `${d.uuid(2, 'c')} as community_id`,
    "'telegram' as network",
    `500 + c * 7919 % 50000 + ${d.div('h * (c % 7)', 10)} + ${noise('c', 'h', 1)} % 20 as members`,
    `${d.div(`${visitors} * 2`, 3)} as reach`,
    `${visitors} as visitors`,
    `${visitors} * 3 as views`,
    `${soFar(50, 2)} as joins`,
    `${soFar(30, 3)} as leaves`,
  ].join(', ');
}

/** Columns of the post `p` of a community `c` at an `age` in minutes; `at` is when it was published (milliseconds). */
function postColumns(d: Dialect): string {
  const views = d.div(`(300 + ${noise('c', 'p', 7)} % 3000) * (1 + c % 5) * age`, 'age + 1200');
  const share = (least: number, spread: number, salt: number) =>
    d.div(`${views} * (${least} + ${noise('c', 'p', salt)} % ${spread})`, 1_000);
  return [
    `${d.time(`at + age * 60000 + ${noise('p', 'age', 9)}`)} as ts`,
    `${d.uuid(1, d.div('c', perWorkspace))} as workspace_id`,
    `${d.uuid(2, 'c')} as community_id`,
    `${d.text('p')} as post_key`,
    `${d.uuid(0, '0')} as publication_id`,
    `${d.time('at')} as published_at`,
    `${views} as views`,
    `${d.div(`${views} * 9`, 10)} as reach`,
    `${share(20, 20, 8)} as reactions`,
    `${share(1, 6, 10)} as comments`,
    `${share(2, 5, 11)} as shares`,
    `case when c % 2 = 0 then ${d.div(views, 100)} else ${d.unknown} end as clicks`,
  ].join(', ');
}
const publishedAt = (d: Dialect, scale: Scale, start: number) =>
  `${start} + ${d.div(`p * ${scale.days * 86_400_000}`, perCommunity(scale))} + ${noise('c', 'p', 6)} * 350`;

const perCommunity = ({ posts, communities }: Scale) => Math.max(1, Math.floor(posts / communities));
const looksOf = ({ snapshots }: Scale) => ages.slice(0, snapshots).sort((a, b) => a - b);
const startOf = ({ days }: Scale) => now - days * 86_400_000;

/** Through the real tables, and so through every rollup; oldest first, as in life. */
export async function fillClickHouse(ch: ClickHouse, scale: Scale): Promise<Generated> {
  const began = performance.now();
  const start = startOf(scale);
  const { communities } = scale;
  // So many hours and posts to a statement as are about a quarter of a million rows.
  const hours = Math.max(1, Math.floor(250_000 / communities));
  for (let from = 0; from < scale.days * 24; from += hours) {
    const some = Math.min(hours, scale.days * 24 - from);
    await ch.command(`
      insert into raw_community_metrics_v1 select ${communityColumns(clickhouse, start)}
      from (select toInt64(number % ${communities}) as c, toInt64(intDiv(number, ${communities}) + ${from}) as h
        from numbers(${communities * some}))`);
  }
  const looks = looksOf(scale);
  const posts = Math.max(1, Math.floor(hours / looks.length));
  for (let from = 0; from < perCommunity(scale); from += posts) {
    const some = Math.min(posts, perCommunity(scale) - from);
    await ch.command(`
      insert into raw_post_metrics_v1 select ${postColumns(clickhouse)}
      from (
        select c, p, ${publishedAt(clickhouse, scale, start)} as at, toInt64(arrayJoin([${looks}])) as age
        from (select toInt64(number % ${communities}) as c, toInt64(intDiv(number, ${communities}) + ${from}) as p
          from numbers(${communities * some}))
      )
      where at + age * 60000 < ${now}`);
  }
  const seconds = (performance.now() - began) / 1_000;
  const [told] = await ch.query<{ rows: string; sum: string }>(`
    select sum(n) as rows, sum(figures) as sum from (
      select count() as n, sum(members + reach + joins + leaves) as figures from raw_community_metrics_v1
      union all
      select count(), sum(views + reactions + comments + shares + ifNull(clicks, 0)) from raw_post_metrics_v1)`);
  return { rows: Number(told?.rows), sum: Number(told?.sum), seconds };
}

/** The same rows in tables of PostgreSQL with the keys that the questions ask for. */
export async function fillPostgres(sql: Sql, scale: Scale): Promise<Generated> {
  const began = performance.now();
  const start = startOf(scale);
  const looks = looksOf(scale);
  await sql.unsafe(`
    create schema bench;
    create table bench.community_metrics (
      ts timestamptz not null, workspace_id uuid not null, community_id uuid not null, network text not null,
      members bigint, reach bigint, visitors bigint, views bigint, joins bigint, leaves bigint);
    create table bench.post_metrics (
      ts timestamptz not null, workspace_id uuid not null, community_id uuid not null, post_key text not null,
      publication_id uuid not null, published_at timestamptz not null,
      views bigint, reach bigint, reactions bigint, comments bigint, shares bigint, clicks bigint);
    insert into bench.community_metrics select ${communityColumns(postgres, start)}
    from generate_series(0::bigint, ${scale.days * 24 - 1}) as hours(h), generate_series(0::bigint, ${scale.communities - 1}) as places(c);
    insert into bench.post_metrics select ${postColumns(postgres)}
    from (
      select c, p, age, ${publishedAt(postgres, scale, start)} as at
      from generate_series(0::bigint, ${perCommunity(scale) - 1}) as posts(p),
        generate_series(0::bigint, ${scale.communities - 1}) as places(c), unnest(array[${looks}]::bigint[]) as looks(age)
    ) as snapshots
    where at + age * 60000 < ${now};
    alter table bench.community_metrics add primary key (workspace_id, community_id, ts);
    alter table bench.post_metrics add primary key (workspace_id, community_id, published_at, post_key, ts);
    analyze bench.community_metrics, bench.post_metrics;`);
  const seconds = (performance.now() - began) / 1_000;
  const [told] = await sql<{ rows: number; sum: number }[]>`
    select sum(n)::float8 as rows, sum(figures)::float8 as sum from (
      select count(*) as n, sum(members + reach + joins + leaves) as figures from bench.community_metrics
      union all
      select count(*), sum(views + reactions + comments + shares + coalesce(clicks, 0)) from bench.post_metrics) as parts`;
  return { rows: told?.rows ?? 0, sum: told?.sum ?? 0, seconds };
}

/** What the product keeps of them in PostgreSQL. */
export async function fillPlaces(sql: Sql, { communities }: Scale): Promise<void> {
  const workspace = postgres.uuid(1, postgres.div('c', perWorkspace));
  const community = postgres.uuid(2, 'c');
  await sql.unsafe(`
    insert into workspaces (id, name, timezone, data_key)
    select distinct ${workspace}, 'Bench', 'Europe/Moscow', '\\x00'::bytea
    from generate_series(0::bigint, ${communities - 1}) as places(c);
    insert into communities (id, workspace_id, network, external_id, title, timezone, capabilities, details)
    select ${community}, ${workspace}, 'telegram', '-100' || c, 'Channel ' || c, 'Europe/Moscow', '{}', '{}'
    from generate_series(0::bigint, ${communities - 1}) as places(c);
    analyze workspaces, communities;`);
}

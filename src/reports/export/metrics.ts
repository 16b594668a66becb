import { stringify } from 'csv-stringify/sync';
import type { Context } from '../../context.ts';
import { guarded } from '../../posts/csv.ts';

/** A table of ClickHouse with rows of workspaces. */
export interface MetricTable {
  name: string;
  columns: { name: string; type: string }[];
  /** What its rows are sorted by behind the workspace; read as the engine merges them, no two have the same. */
  key: { name: string; type: string }[];
}

type Value = string | number | boolean | null | object;

/** Rows of one question, and of them those that are written out without a pause: nothing else runs meanwhile. */
const page = 5_000;
const slice = 1_000;

/** The tables that hold rows of workspaces, found in the catalogue: a new one is in the next export by itself. */
export async function metricTables(ctx: Pick<Context, 'ch'>): Promise<MetricTable[]> {
  const rows = await ctx.ch.query<{
    table: string;
    sorting_key: string;
    names: string[];
    types: string[];
  }>(
    `select t.name as table, t.sorting_key as sorting_key, c.names as names, c.types as types
     from system.tables t
     join (
       select table, groupArray(name) as names, groupArray(type) as types
       from (select table, name, type from system.columns where database = currentDatabase() order by table, position)
       group by table
     ) c on c.table = t.name
     where t.database = currentDatabase() and t.engine like '%_MergeTree' and has(c.names, 'workspace_id')
       and startsWith(t.sorting_key, 'workspace_id, ')
       -- What a refreshable view is making begins with a dot.
       and not startsWith(t.name, '.')
     order by t.name`,
  );
  return rows.map(({ table, sorting_key, names, types }) => {
    const columns = names.map((name, index) => ({ name, type: types[index] ?? 'String' }));
    return {
      name: table,
      columns: columns.filter(({ name }) => name !== 'workspace_id'),
      key: sorting_key
        .split(', ')
        .slice(1)
        .map((name) => ({ name, type: plainType(columns.find((one) => one.name === name)?.type) })),
    };
  });
}

/** As a placeholder takes it. */
function plainType(type: string | undefined): string {
  if (type === undefined) throw new Error('a table is sorted by an expression');
  return /^LowCardinality\((.*)\)$/.exec(type)?.[1] ?? type;
}

/** The rows of one workspace as CSV with a header, a page at a time in the order of the table. */
export async function* csvOf(
  ctx: Pick<Context, 'ch'>,
  workspaceId: string,
  { name, columns, key }: MetricTable,
): AsyncGenerator<string> {
  // States of sums are no numbers until they are finished.
  const selected = columns.map((column) =>
    column.type.startsWith('AggregateFunction(')
      ? `finalizeAggregation(${column.name}) as ${column.name}_told`
      : column.name,
  );
  const heads = columns.map((column) => column.name);
  yield stringify([heads]);
  const [first] = key;
  let after: Value[] | null = null;
  for (;;) {
    const places = key.map(({ type }, index) => `{place${index}:${type}}`);
    const rows: Record<string, Value>[] = await ctx.ch.query(
      `select ${selected.join(', ')}
       from ${name} final
       where workspace_id = {workspace:UUID}
         ${
           after && first
             ? // The first comparison is for the index, which does not see through the second.
               `and ${first.name} >= ${places[0]} and (${key.map((one) => one.name).join(', ')}) > (${places.join(', ')})`
             : ''
         }
       order by ${key.map((one) => one.name).join(', ')}
       limit ${page}`,
      {
        workspace: workspaceId,
        ...Object.fromEntries(
          (after ?? []).map((value, index) => [`place${index}`, placeOf(value, key[index]?.type ?? '')]),
        ),
      },
    );
    for (let from = 0; from < rows.length; from += slice) {
      const some = rows.slice(from, from + slice);
      yield stringify(
        some.map((row) => columns.map(({ name: head }) => cellOf(row[head] ?? row[`${head}_told`] ?? null))),
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
    const last = rows.at(-1);
    if (rows.length < page || !last) return;
    after = key.map((one) => last[one.name] ?? null);
  }
}

/** Times go as text, since as instants they lose their milliseconds; and without the Z, which the engine refuses. */
function placeOf(value: Value, type: string): string | number {
  if (typeof value === 'number') return value;
  return type.startsWith('DateTime') ? String(value).replace(/Z$/, '') : String(value);
}

function cellOf(value: Value): string | number | null {
  if (value === null || typeof value === 'number') return value;
  // 64-bit integers come as text as well: a minus is no formula there.
  if (typeof value === 'string') return /^-?\d+(\.\d+)?$/.test(value) ? value : guarded(value);
  return JSON.stringify(value);
}

import { CsvError, parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import { type InputFault, invalid } from '../errors.ts';
import type { Json } from '../networks/message.ts';

/** The columns of a plan, in the order in which an export writes them. All but `communities` may be missing. */
export const columns = [
  'communities',
  'text',
  'format',
  'local_time',
  'timezone',
  'scheduled_at',
  'media_ids',
  'first_comment',
  'time_sensitive',
  // For the reader: an import passes it over.
  'note',
] as const;
export type Column = (typeof columns)[number];

/** One line of a plan. `options` are columns as `telegram.silent` or `vk.signed`, by network. */
export interface PlanRow {
  cells: Partial<Record<Column, string>>;
  options: Record<string, Record<string, Json>>;
}

/** Most posts of one plan. */
export const rowsMost = 1_000;
const option = /^([a-z]+)\.([a-z_]+)$/;

/** Reads a plan as people save it: comma, semicolon or tab; with or without a byte order mark. Throws `invalid`. */
export function readPlan(text: string): PlanRow[] {
  const [header = ''] = text.split('\n', 1);
  const delimiter = [',', ';', '\t'].reduce((best, one) =>
    header.split(one).length > header.split(best).length ? one : best,
  );
  let lines: string[][];
  try {
    lines = parse(text, {
      bom: true,
      delimiter,
      skip_empty_lines: true,
      relax_column_count_less: true,
      max_record_size: 200_000,
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw invalid({
      path: '/csv',
      message: `Line ${error.lines ?? '?'} is not readable CSV: ${error.message}`,
    });
  }
  const [names = [], ...rows] = lines;
  const heads = names.map((name) => name.trim().toLowerCase());
  const faults: InputFault[] = heads
    .filter((name) => !isColumn(name) && !option.test(name))
    .map((name) => ({
      path: '/csv',
      message: `There is no column «${name.slice(0, 40)}»: use ${columns.join(', ')}, or an option as telegram.silent.`,
    }));
  if (new Set(heads).size !== heads.length)
    faults.push({ path: '/csv', message: 'A column stands there twice.' });
  if (!heads.includes('communities'))
    faults.push({ path: '/csv', message: 'The column communities is missing.' });
  if (rows.length === 0) faults.push({ path: '/csv', message: 'There is no line below the header.' });
  if (rows.length > rowsMost)
    faults.push({ path: '/csv', message: `A plan may have ${rowsMost} lines at most.` });
  if (faults.length > 0) throw invalid(faults);
  return rows.map((row) => {
    const read: PlanRow = { cells: {}, options: {} };
    for (const [index, head] of heads.entries()) {
      const cell = unguarded(row[index] ?? '');
      const [, network, name] = option.exec(head) ?? [];
      if (isColumn(head)) read.cells[head] = cell;
      else if (network !== undefined && name !== undefined && cell !== '') {
        read.options[network] = { ...read.options[network], [name]: optionOf(cell) };
      }
    }
    return read;
  });
}

/** Writes a plan that {@link readPlan} reads back. */
export function writePlan(rows: readonly PlanRow[]): string {
  const extra = [
    ...new Set(
      rows.flatMap((row) =>
        Object.entries(row.options).flatMap(([network, given]) =>
          Object.keys(given).map((name) => `${network}.${name}`),
        ),
      ),
    ),
  ].sort();
  return stringify(
    rows.map((row) => [
      ...columns.map((column) => guarded(row.cells[column] ?? '')),
      ...extra.map((head) => {
        const [network = '', name = ''] = head.split('.');
        const value = row.options[network]?.[name];
        return value === undefined ? '' : guarded(typeof value === 'string' ? value : JSON.stringify(value));
      }),
    ]),
    { header: true, columns: [...columns, ...extra] },
  );
}

function isColumn(name: string): name is Column {
  return (columns as readonly string[]).includes(name);
}

/** A cell of an option: JSON where it is JSON, else the text itself. */
function optionOf(cell: string): Json {
  try {
    return JSON.parse(cell) as Json;
  } catch {
    return cell;
  }
}

// A spreadsheet takes these for the start of a formula, and would run what somebody else wrote.
const formula = /^'?[=+\-@\t\r]/;
/** A cell of text, made safe for spreadsheets. */
export function guarded(cell: string): string {
  return formula.test(cell) ? `'${cell}` : cell;
}
function unguarded(cell: string): string {
  return cell.startsWith("'") && formula.test(cell.slice(1)) ? cell.slice(1) : cell;
}

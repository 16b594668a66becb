import i18next from 'i18next';
import { ApiError, refusalOf, workspaceHeaders } from '../api.ts';
import { said } from '../i18n/said.ts';

/** Rows that are shown at most; the file may have more. */
export const rowsShown = 5_000;

/** An answer as it is shown. */
export interface Answer {
  columns: readonly { name: string; type: string }[];
  rows: readonly (readonly unknown[])[];
  /** There are more rows than these. */
  cut: boolean;
  /** Of the engine, in seconds. */
  seconds: number;
  /** Where the query asks for a format of its own: the text as it came. */
  text: string | null;
}

/** Why a query has no answer. */
export class SqlError extends Error {
  constructor(
    message: string,
    /** The engine's own words, which are English. */
    readonly byEngine: boolean,
    /** ClickHouse's number and name of it. */
    readonly code: number,
    readonly type: string,
    /** In the query, from 1. */
    readonly place: { line: number; column: number } | null,
  ) {
    super(message);
  }
}

/** Runs a query for the screen. Throws {@link SqlError} or ApiError, or an AbortError. */
export async function run(
  sql: string,
  params: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  const answer = await asked(
    sql,
    params,
    {
      default_format: 'JSONCompact',
      max_result_rows: String(rowsShown + 1),
      result_overflow_mode: 'break',
      // Numbers of 64 bits do not fit into those of the browser.
      output_format_json_quote_64bit_integers: '1',
      output_format_json_quote_decimals: '1',
      output_format_json_quote_denormals: '1',
    },
    signal,
  );
  const summary = JSON.parse(answer.headers.get('X-ClickHouse-Summary') ?? '{}') as { elapsed_ns?: string };
  const seconds = Number(summary.elapsed_ns ?? 0) / 1e9;
  const text = await answer.text();
  if (answer.headers.get('X-ClickHouse-Format') !== 'JSONCompact') {
    return { columns: [], rows: [], cut: false, seconds, text };
  }
  const { meta, data } = JSON.parse(text) as { meta: Answer['columns']; data: unknown[][] };
  return {
    columns: meta,
    // The engine ends with a whole block.
    rows: data.slice(0, rowsShown),
    cut: data.length > rowsShown,
    seconds,
    text: null,
  };
}

/** The whole answer as a file. Throws as {@link run}. */
export function csv(
  sql: string,
  params: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  return asked(sql, params, { default_format: 'CSVWithNames' }, signal);
}

async function asked(
  sql: string,
  params: Readonly<Record<string, string>>,
  settings: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  const address = new URLSearchParams(settings);
  for (const [name, value] of Object.entries(params)) address.set(`param_${name}`, value);
  const answer = await fetch(`/v1/analytics/sql?${address}`, {
    method: 'POST',
    headers: { ...workspaceHeaders(), 'Content-Type': 'text/plain' },
    body: sql,
    signal,
  }).catch((error: unknown) => {
    if (error instanceof TypeError) throw new ApiError(0, 'offline', i18next.t('error.offline'));
    throw error;
  });
  if (answer.ok) return answer;
  throw failureOf(answer, await answer.text());
}

const exception = /^Code: (\d+)\. DB::Exception: ([\s\S]*?)\.? \((\w+)\) \(version [^)]*\)\s*$/;

function failureOf({ status, headers }: Response, text: string): Error {
  const [, code, message = '', type = ''] = exception.exec(text) ?? [];
  if (code === undefined) {
    try {
      return refusalOf(status, JSON.parse(text));
    } catch {
      return refusalOf(status, {});
    }
  }
  const [, line, column] = /at line (\d+), column (\d+)/.exec(message) ?? [];
  const place = line && column ? { line: Number(line), column: Number(column) } : null;
  const byEngine = headers.get('Outpost-Refused-By') === 'clickhouse';
  const whole = `${message}.`;
  return new SqlError(byEngine ? whole : (said(whole) ?? whole), byEngine, Number(code), type, place);
}

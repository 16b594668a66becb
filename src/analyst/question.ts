import { formatNamed } from './formats.ts';
import { refusals } from './refusal.ts';
import { isBare, isSign, type Word, wordsOf } from './words.ts';

/** What somebody asks in ClickHouse's HTTP dialect. */
export interface Question {
  words: Word[];
  format: string;
  /** Values of `{name:Type}`. */
  params: Record<string, string>;
  /** Settings that a client may choose, within our own limits. */
  settings: Record<string, string | number>;
  queryId: string;
}

export interface Limits {
  /** Seconds. */
  time: number;
  rows: number;
}

const flag = /^(0|1|true|false)$/;
const paramsMost = 100;
const paramsBytesMost = 100_000;

/** Settings that change how an answer is written, and what they may be. */
const chosen: Readonly<Record<string, RegExp>> = {
  output_format_json_quote_64bit_integers: flag,
  output_format_json_quote_64bit_floats: flag,
  output_format_json_quote_decimals: flag,
  output_format_json_quote_denormals: flag,
  output_format_json_named_tuples_as_objects: flag,
  output_format_json_escape_forward_slashes: flag,
  output_format_json_array_of_rows: flag,
  output_format_json_validate_utf8: flag,
  output_format_write_statistics: flag,
  output_format_native_encode_types_in_binary_format: flag,
  output_format_native_use_flattened_dynamic_and_json_serialization: flag,
  output_format_csv_crlf_end_of_line: flag,
  output_format_tsv_crlf_end_of_line: flag,
  output_format_pretty_color: /^(0|1|auto)$/,
  output_format_pretty_row_numbers: flag,
  output_format_arrow_string_as_string: flag,
  output_format_parquet_string_as_string: flag,
  date_time_output_format: /^(simple|iso|unix_timestamp)$/,
  session_timezone: /^[A-Za-z0-9_+/-]{0,64}$/,
  join_use_nulls: flag,
  extremes: flag,
  result_overflow_mode: /^(throw|break)$/,
};

/** What clients send by themselves and what changes nothing here: answers come whole, uncompressed, without a session. */
const ignored = new Set([
  'buffer_size',
  'cancel_http_readonly_queries_on_client_close',
  'client_protocol_version',
  'decompress',
  'enable_http_compression',
  'http_headers_progress_interval_ms',
  'http_response_buffer_size',
  'http_response_headers',
  'http_write_exception_in_output_format',
  'http_zlib_compression_level',
  'log_queries',
  'max_block_size',
  'quota_key',
  'readonly',
  'send_progress_in_http_headers',
  'session_check',
  'session_id',
  'session_timeout',
  'stacktrace',
  'wait_end_of_query',
]);

/**
 * Reads a question from the address, the headers and the body: the query may be in either, or begin in the address and
 * go on in the body. Throws Refusal.
 */
export function readQuestion(
  address: URLSearchParams,
  headers: Headers,
  body: Uint8Array,
  limits: Limits,
): Question {
  const params: Record<string, string> = {};
  const settings: Record<string, string | number> = {
    max_execution_time: limits.time,
    max_result_rows: limits.rows,
    result_overflow_mode: 'throw',
  };
  let [text, format, queryId, size] = [
    '',
    headers.get('x-clickhouse-format'),
    crypto.randomUUID() as string,
    0,
  ];
  for (const [name, value] of address) {
    if (name === 'query') text += value;
    else if (name === 'default_format') format = value;
    else if (name === 'database') checkDatabase(value);
    else if (name === 'query_id') queryId = readId(value) ?? queryId;
    else if (name.startsWith('param_')) {
      const short = name.slice('param_'.length);
      size += name.length + value.length;
      if (!/^[A-Za-z_]\w{0,63}$/.test(short))
        throw refusals.badParameter(`${name} is no name of a parameter.`);
      if (Object.keys(params).length === paramsMost || size > paramsBytesMost) {
        throw refusals.tooLong(
          `A query may have ${paramsMost} parameters, ${paramsBytesMost} signs together.`,
        );
      }
      if (value.includes('\0')) throw refusals.badParameter(`${name} holds a NUL.`);
      params[short] = value;
    } else if (name === 'user' || name === 'password') {
      throw refusals.denied('Give the API key in a header: addresses are kept in logs.');
    } else if (name === 'compress' && value !== '0') {
      throw refusals.unsupported('Answers are not compressed here: leave out compress.');
    } else if (name === 'max_result_rows' || name === 'max_execution_time') {
      const most = name === 'max_result_rows' ? limits.rows : limits.time;
      if (!/^\d{1,12}(\.\d+)?$/.test(value)) throw refusals.settingLimits(`${name} must be a number.`);
      // Zero means no limit to ClickHouse.
      const asked = Math.ceil(Number(value));
      settings[name] = asked === 0 ? most : Math.min(asked, most);
    } else if (name in chosen) {
      if (!chosen[name]?.test(value)) throw refusals.settingLimits(`${name} may not be that.`);
      settings[name] = value;
    } else if (name !== 'compress' && !ignored.has(name)) {
      throw refusals.unknownSetting(`Setting ${name.slice(0, 64)} is not taken here.`);
    }
  }
  checkDatabase(headers.get('x-clickhouse-database') ?? '');
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity') {
    throw refusals.unsupported('Send the query uncompressed.');
  }
  if (/^multipart\//i.test(headers.get('content-type') ?? '')) {
    throw refusals.unsupported('Forms and external tables are not taken: put the query into the body.');
  }
  const words = wordsOf([text, readText(body)].filter(Boolean).join('\n'));
  while (isSign(words.at(-1), ';')) words.pop();
  const asked = cutFormat(words) ?? format ?? 'TabSeparated';
  const name = formatNamed(asked);
  if (name === null) throw refusals.unknownFormat(`The format ${asked.slice(0, 64)} is not to be had here.`);
  return { words, format: name, params, settings, queryId };
}

/** Takes `FORMAT name` off the end, where clients put it. */
function cutFormat(words: Word[]): string | null {
  const [keyword, name] = words.slice(-2);
  if (words.length < 3 || !isBare(keyword, 'format') || name?.kind !== 'bare') return null;
  words.splice(-2);
  return name.name;
}

function checkDatabase(name: string): void {
  // Clients say `default` when they were told nothing.
  if (name === '' || name === 'analyst' || name === 'default') return;
  throw refusals.unknownDatabase('There is no database but analyst.');
}

function readId(value: string): string | null {
  return /^[A-Za-z0-9_-]{1,64}$/.test(value) ? value : null;
}

function readText(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw refusals.syntax('The query is not text in UTF-8.');
  }
}

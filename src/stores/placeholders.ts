import type { ClickHouseParams, ClickHouseValue } from './clickhouse.ts';

/** A statement with what its `{name:Type}` placeholders stand for, as the client takes it. */
export interface Asked {
  query: string;
  query_params?: Record<string, unknown>;
}

/** For a server, which puts the values in itself. Times go as text: as dates the client gives them other forms. */
export function bound(query: string, params: ClickHouseParams = {}): Asked {
  const values = Object.entries(params).map(([name, value]) => [
    name,
    value instanceof Date ? timeText(value) : value,
  ]);
  return { query, query_params: Object.fromEntries(values) };
}

/**
 * For the embedded engine: the values as literals of their types. Its own binding is one for the whole process, so that
 * every bound question waits for all others, on whatever connection they are; and it drops the milliseconds of times.
 */
export function inlined(query: string, params: ClickHouseParams = {}): Asked {
  return {
    // One pass: what stands in a value is not looked at.
    query: query.replace(/\{(\w+):((?:[^{}']|'[^']*')+)\}/g, (placeholder, name: string, type: string) => {
      const value = Object.hasOwn(params, name) ? params[name] : undefined;
      // The engine complains about a placeholder without a value.
      return value === undefined ? placeholder : `cast(${literal(value)}, ${text(type)})`;
    }),
  };
}

function literal(value: ClickHouseValue): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} is no number for ClickHouse`);
    return String(value);
  }
  if (typeof value === 'string') return text(value);
  if (value instanceof Date) return text(timeText(value));
  return `[${value.map(literal).join(', ')}]`;
}

/** Quoted: a backslash and an apostrophe are what could end it. */
function text(value: string): string {
  return `'${value.replace(/[\\']/g, '\\$&')}'`;
}

function timeText(time: Date): string {
  return time.toISOString().slice(0, -1).replace('T', ' ');
}

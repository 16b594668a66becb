import { mkdirSync, rmSync } from 'node:fs';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import type { Session } from 'chdb';
import type { ClickHouseSettings } from './clickhouse.ts';

/** What one question of an analyst is held to. */
export interface JailTerms {
  settings: ClickHouseSettings;
  /** Values of `{name:Type}` as ClickHouse takes them over HTTP: text, with backslashes for what is no text. */
  params: Readonly<Record<string, string>>;
}

/** What is put behind a text to be answered in a format, and the nodes that stand for it at the end of its tree. */
export interface Tail {
  text: string;
  nodes: readonly string[];
}

export interface JailAnswer {
  /** To be read to its end or cancelled: it holds a file or a connection. */
  body: ReadableStream<Uint8Array>;
  rows: number;
  /** Of the rows before they were written in the format. */
  bytes: number;
  seconds: number;
}

/**
 * A connection that lives for one question: in the database `analyst`, read-only, with nothing on it but what its terms
 * say. With the embedded engine it has the role `analyst` as well, which may select from that database alone.
 */
export interface Jail {
  tail(format: string): Tail;
  /** The tree that the engine reads a statement as, a node a line; nothing is run. Throws {@link JailError}. */
  tree(statement: string): Promise<string[]>;
  /**
   * The whole answer of a statement that ends with a {@link Tail}: when this resolves, nothing can go wrong any more.
   * A signal stops the query in the engine. Throws {@link JailError}.
   */
  run(statement: string, signal: AbortSignal): Promise<JailAnswer>;
  close(): Promise<void>;
}

/** A refusal of the engine in its own words, which may name what an analyst must not know. */
export class JailError extends Error {
  override readonly name = 'JailError';
  constructor(
    readonly code: number,
    /** E.g. `SYNTAX_ERROR`. */
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

/** Where answers of the embedded engine lie while they are sent. What a killed process left there is removed. */
export function openAnswers(dataDir: string): string {
  const folder = join(dataDir, 'answers');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/**
 * A jail in the embedded engine. The answer goes through a file: the engine's own stream begins in the event loop and
 * stops it for as long as a subquery runs, and an answer in memory is there twice. `ruler` is another connection, free
 * to stop a query.
 */
export async function openEngineJail(
  connect: () => Session,
  ruler: Session,
  answers: string,
  terms: JailTerms,
): Promise<Jail> {
  const session = connect();
  const name = crypto.randomUUID();
  const path = join(answers, name);
  const set = [
    ...Object.entries(terms.settings).map(([name, value]) => assignment(name, value)),
    ...Object.entries(terms.params).map(([name, value]) => assignment(`param_${name}`, value)),
  ];
  const ask = (sql: string) => session.queryAsync(sql, { format: 'TSVRaw' }).catch(rethrow);
  try {
    await ask(`set role analyst; use analyst; set ${set.join(', ')}; set readonly = 1`);
  } catch (error) {
    session.close();
    throw error;
  }
  return {
    tail: (format) => ({
      text: ` into outfile ${literal(path)} compression 'none' format ${format}`,
      nodes: [`Literal ${literal(path)}`, "Literal 'none'", `Identifier ${format}`],
    }),
    async tree(statement) {
      return (await ask(`explain ast ${statement}`)).text().split('\n').filter(Boolean);
    },
    async run(statement, signal) {
      // The mark by which the engine's list of queries is searched.
      const stop = () => {
        ruler.queryAsync(`kill query where query like '/* ${name} */%'`).catch(() => {});
      };
      signal.addEventListener('abort', stop);
      try {
        signal.throwIfAborted();
        const { rowsRead, bytesRead, elapsed } = await ask(`/* ${name} */ ${statement}`);
        signal.throwIfAborted();
        const file = await open(path);
        const body = Readable.toWeb(file.createReadStream({ highWaterMark: 256 * 1024 }));
        return {
          body: body as unknown as ReadableStream<Uint8Array>,
          rows: rowsRead,
          bytes: bytesRead,
          seconds: elapsed,
        };
      } finally {
        signal.removeEventListener('abort', stop);
        // Gone from the folder; who has it open still reads it.
        await unlink(path).catch(() => {});
      }
    },
    async close() {
      session.close();
    },
  };
}

/** A jail on a server: there is no role for it there, so that gate and views hold alone. */
export function openServerJail(
  connect: (settings: ClickHouseSettings) => ClickHouseClient,
  terms: JailTerms,
): Jail {
  const client = connect({
    ...terms.settings,
    ...Object.fromEntries(Object.entries(terms.params).map(([name, value]) => [`param_${name}`, value])),
    readonly: 1,
    // The whole answer is there before the first byte is sent: a failure has a status of its own.
    wait_end_of_query: 1,
  });
  return {
    tail: (format) => ({ text: ` format ${format}`, nodes: [`Identifier ${format}`] }),
    async tree(statement) {
      // The tail's FORMAT is a part of the tree: that of the tree itself is told beside it.
      const { stream } = await client
        .exec({
          query: `explain ast ${statement}`,
          clickhouse_settings: { default_format: 'TabSeparatedRaw' },
        })
        .catch(rethrow);
      const text = await new Response(Readable.toWeb(stream as Readable) as unknown as ReadableStream).text();
      return text.split('\n').filter(Boolean);
    },
    async run(statement, signal) {
      const { stream, summary } = await client
        .exec({ query: statement, abort_signal: signal })
        .catch(rethrow);
      return {
        body: Readable.toWeb(stream as Readable) as unknown as ReadableStream<Uint8Array>,
        rows: Number(summary?.result_rows ?? 0),
        bytes: Number(summary?.result_bytes ?? 0),
        seconds: Number(summary?.elapsed_ns ?? 0) / 1e9,
      };
    },
    close: () => client.close(),
  };
}

function assignment(name: string, value: string | number): string {
  return `${name} = ${typeof value === 'number' ? value : literal(value)}`;
}

function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function rethrow(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ClickHouseError) throw new JailError(Number(error.code), error.type ?? '', message);
  const found = /Code: (\d+)\. DB::Exception: ([\s\S]*) \(([A-Z0-9_]+)\)/.exec(message);
  if (!found) throw error;
  throw new JailError(Number(found[1]), found[3] ?? '', found[2] ?? '');
}

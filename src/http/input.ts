import type { Context as HonoContext, MiddlewareHandler } from 'hono';
import { resolver, uniqueSymbol } from 'hono-openapi';
import * as v from 'valibot';
import { AppError, type InputFault, invalid } from '../errors.ts';
import type { AppEnv } from './route.ts';

const depthMost = 32;
const itemsMost = 1_000;

type Target = 'json' | 'form' | 'query' | 'param';
type Validator<T extends Target, Schema extends v.GenericSchema> = MiddlewareHandler<
  AppEnv,
  string,
  { in: { [K in T]: v.InferInput<Schema> }; out: { [K in T]: v.InferOutput<Schema> } }
>;

/**
 * A JSON body: 415 for another content type, 400 when it cannot be read, 422 with a JSON Pointer per fault.
 * Objects should be `v.strictObject`, so that unknown fields are refused.
 */
export function jsonBody<Schema extends v.GenericSchema>(schema: Schema): Validator<'json', Schema> {
  return documented('json', schema, async (c) => {
    const type = c.req.header('content-type') ?? '';
    if (!/^application\/json\s*(;|$)/i.test(type)) {
      throw new AppError('unsupported_media_type', 'Send the body as application/json.');
    }
    const value = readJson(new Uint8Array(await c.req.arrayBuffer()));
    refuseOddText(value, '');
    // To an object schema a list is an object without fields, and a body of defaults would come out of it.
    if (Array.isArray(value)) throw invalid({ path: '', message: 'Expected an object.' });
    return parse(schema, value, '/');
  });
}

/** The same, or a body of text/csv, which is read as `{ "csv": "…" }`. */
export function jsonOrCsvBody<Schema extends v.GenericSchema>(schema: Schema): Validator<'json', Schema> {
  const json = jsonBody(schema);
  const middleware: Validator<'json', Schema> = async (c, next) => {
    if (!/^text\/csv\s*(;|$)/i.test(c.req.header('content-type') ?? '')) return json(c, next);
    const csv = readUtf8(new Uint8Array(await c.req.arrayBuffer()));
    refuseOddText(csv, '');
    c.req.addValidatedData('json', parse(schema, { csv }, '/') as never);
    await next();
  };
  return Object.assign(middleware, { [uniqueSymbol]: (json as never)[uniqueSymbol] });
}

/**
 * Documents a multipart/form-data body of texts and one file (`v.file()`), each field at most once; 415 for another
 * content type. It is read by the route itself, from `c.var.form`: the operation says `form`.
 */
export function formBody<Schema extends v.GenericSchema>(schema: Schema): Validator<'form', Schema> {
  return documented('form', schema, async (c) => {
    if (!isForm(c.req.raw)) {
      throw new AppError('unsupported_media_type', 'Send the body as multipart/form-data.');
    }
    return {};
  });
}

export function isForm(request: Request): boolean {
  return /^multipart\/form-data\s*;/i.test(request.headers.get('content-type') ?? '');
}

/** The query string. A parameter that is repeated arrives as an array, which a schema of texts refuses. */
export function query<Schema extends v.GenericSchema>(schema: Schema): Validator<'query', Schema> {
  return documented('query', schema, async (c) => {
    const value = Object.fromEntries(
      Object.entries(c.req.queries()).map(([name, all]) => [name, all.length === 1 ? all[0] : all]),
    );
    for (const [name, text] of Object.entries(value)) refuseOddText(text, `query/${name}`);
    return parse(schema, value, 'query/');
  });
}

/** The parameters of the path. */
export function params<Schema extends v.GenericSchema>(schema: Schema): Validator<'param', Schema> {
  return documented('param', schema, async (c) => parse(schema, c.req.param(), 'params/'));
}

/** `{ id }` of a path, for nearly every route that shows one thing. */
export const IdParams = v.strictObject({ id: v.pipe(v.string(), v.uuid('This is not an id.')) });

function documented<T extends Target, Schema extends v.GenericSchema>(
  target: T,
  schema: Schema,
  read: (c: HonoContext<AppEnv>) => Promise<v.InferOutput<Schema>>,
): Validator<T, Schema> {
  const middleware: Validator<T, Schema> = async (c, next) => {
    // The target's name is a key of the validated data by construction; the compiler cannot see it.
    c.req.addValidatedData(target, (await read(c as unknown as HonoContext<AppEnv>)) as never);
    await next();
  };
  const options = { options: { typeMode: 'input', overrideSchema: fileSchema } };
  return Object.assign(middleware, { [uniqueSymbol]: { target, ...resolver(schema, options), options: {} } });
}

function fileSchema({ valibotSchema }: { valibotSchema: v.GenericSchema }) {
  return valibotSchema.type === 'file' ? { type: 'string', format: 'binary' } : null;
}

/**
 * Reads a body, at most `limit` bytes of it, whatever length it declares or leaves open.
 * Throws `too_large` as soon as the limit is passed: the rest is not read.
 */
export async function readBody(request: Request, limit: number): Promise<ArrayBuffer> {
  const tooLarge = () => new AppError('too_large', `The body may have ${limit} bytes at most.`);
  const declared = request.headers.get('content-length');
  if (declared !== null && Number(declared) > limit) throw tooLarge();
  if (request.body === null) return new ArrayBuffer(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.byteLength;
      if (size > limit) throw tooLarge();
      chunks.push(part.value);
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    if (error instanceof AppError) throw error;
    throw new AppError('malformed', 'The body ended too early.', { cause: error });
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole.buffer;
}

function readUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new AppError('malformed', 'The body is not text in UTF-8.');
  }
}

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    // The parser's message quotes the body, which may hold a password.
    throw new AppError('malformed', 'The body is not JSON in UTF-8.');
  }
}

/** Refuses depth, length and characters that no field may have (PostgreSQL stores no NUL), before any schema runs. */
export function refuseOddText(root: unknown, base: string): void {
  const stack: { value: unknown; path: string; depth: number }[] = [{ value: root, path: base, depth: 0 }];
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    const { value, path, depth } = entry;
    if (typeof value === 'string' && !isStorable(value)) {
      throw invalid({ path, message: 'The text holds a NUL or half a character.' });
    }
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= depthMost)
      throw new AppError('malformed', `The body is nested deeper than ${depthMost} levels.`);
    const entries = Object.entries(value);
    if (entries.length > itemsMost) throw invalid({ path, message: `Give ${itemsMost} items at most.` });
    for (const [key, child] of entries) {
      if (!isStorable(key)) throw invalid({ path, message: 'A name holds a NUL or half a character.' });
      stack.push({ value: child, path: `${path}/${escaped(key)}`, depth: depth + 1 });
    }
  }
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

export function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  base: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw invalid(
    result.issues.map(
      (issue): InputFault => ({
        path: pointer(base, issue.path?.map((step) => String(step.key)) ?? []),
        message: messageOf(issue),
      }),
    ),
  );
}

/** The library's own wording quotes what was received, which may be a secret; a schema's own message is kept. */
function messageOf(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'strict_object' && issue.expected === 'never') return 'This field is not known here.';
  if (!/^Invalid .* received /s.test(issue.message)) return issue.message;
  if (issue.received === 'undefined') return 'This field is required.';
  return issue.expected === null ? 'This value is not valid.' : `Expected ${issue.expected}.`;
}

export function pointer(base: string, steps: readonly string[]): string {
  // The body as a whole is the empty pointer.
  return base === '/' && steps.length === 0 ? '' : base + steps.map(escaped).join('/');
}

function escaped(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1');
}

import { createHash } from 'node:crypto';
import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import type * as v from 'valibot';
import { AppError, invalid } from '../errors.ts';
import type { StreamedBody } from './idempotency.ts';
import { isForm, parse, pointer, refuseOddText } from './input.ts';

/** A file of a form, while it arrives. */
export interface FormFile {
  /** As the sender calls it: not to be trusted. null: it has no name. */
  name: string | null;
  /** The bytes, to be read once. Whoever stops early must throw, which ends the whole form. */
  chunks: AsyncIterable<Uint8Array>;
}

/** What was made of a file before the rest of its form was known. */
export interface Kept {
  /** Undoes it: the form turned out faulty, or broke off. */
  drop(): Promise<void>;
}

/** A multipart form with one file, which is never in memory as a whole. */
export interface Form extends StreamedBody {
  /**
   * Reads the form to its end. `keep` gets the file and the fields that came before it, already checked. Throws what a
   * JSON body throws, `malformed` when it breaks off, and what `keep` throws; the rest is not read then.
   */
  read<Schema extends FormSchema, K extends Kept>(
    schema: Schema,
    keep: (file: FormFile, before: Fields<Schema>) => Promise<K>,
  ): Promise<{ fields: Fields<Schema>; kept: K }>;
}

type FormSchema = v.GenericSchema<unknown, { file: File }>;
type Fields<Schema extends FormSchema> = Omit<v.InferOutput<Schema>, 'file'>;

const fieldBytesMost = 100_000;
const fieldsMost = 20;

/** The form of a request, not yet read; `limit` are the bytes that it may have in all. */
export function openForm(request: Request, limit: number): Form {
  let fingerprint: Uint8Array | null = null;
  const readAll = async (take: Take) => {
    const parts = await readParts(request, limit, take);
    // Names and values, not the bytes that carried them: a boundary is made anew when a request is repeated.
    fingerprint = createHash('sha256').update(JSON.stringify(parts.sort())).digest();
    return fingerprint;
  };
  return {
    fingerprint: () => fingerprint,
    discard: () =>
      readAll(async (_, part) => {
        if (typeof part === 'string') return;
        for await (const _chunk of part.chunks);
      }),
    async read<Schema extends FormSchema, K extends Kept>(
      schema: Schema,
      keep: (file: FormFile, before: Fields<Schema>) => Promise<K>,
    ) {
      let kept: K | undefined;
      const fields: Record<string, unknown> = {};
      try {
        await readAll(async (name, part) => {
          if (Object.hasOwn(fields, name)) {
            throw invalid({ path: pointer('/', [name]), message: 'Give this field once.' });
          }
          if (typeof part === 'string') {
            refuseOddText(part, pointer('/', [name]));
            fields[name] = part;
            return;
          }
          // Only its presence is checked; the bytes are the reader's.
          fields[name] = new File([], part.name ?? '');
          await keep(part, parse(schema, { ...fields }, '/')).then((made) => {
            kept = made;
          });
        });
        const checked = parse(schema, fields, '/');
        if (kept === undefined) throw new AppError('malformed', 'The form has no file.');
        return { fields: checked, kept };
      } catch (error) {
        await kept?.drop();
        throw error;
      }
    },
  };
}

/** Gets each part in its turn; a field as a text. What it throws ends the reading. */
type Take = (name: string, part: string | FormFile) => Promise<void>;

/** Reads all parts and answers, for each, what it was: name and value, or name, file name and SHA-256. */
async function readParts(request: Request, limit: number, take: Take): Promise<string[]> {
  const tooLarge = () => new AppError('too_large', `The body may have ${limit} bytes at most.`);
  if (!isForm(request)) {
    throw new AppError('unsupported_media_type', 'Send the body as multipart/form-data.');
  }
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  const reader = request.body?.getReader();
  const busboy = reader && parserOf(request);
  if (!reader || !busboy) throw unreadable();

  const parts: string[] = [];
  /** The first one counts. */
  const failures: unknown[] = [];
  let wake = () => {};
  let open: BusboyFileStream | undefined;
  // Not by racing a promise that fails: each race would stay with it, and keep its piece of the file in memory.
  const fail = (error: unknown) => {
    failures.push(error);
    open?.destroy(error instanceof Error ? error : undefined);
    reader.cancel().catch(() => {});
    wake();
  };
  let taking: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>) => {
    taking = taking.then(async () => {
      if (failures.length === 0) await work().catch(fail);
    });
  };
  busboy.on('field', (name, value, _nameCut, valueCut) => {
    inTurn(async () => {
      if (valueCut) throw invalid({ path: pointer('/', [name]), message: 'This text is too long.' });
      parts.push(JSON.stringify([name, value]));
      await take(name, value);
    });
  });
  busboy.on('file', (name, stream, fileName: string | undefined) => {
    open = stream;
    // Told to whoever reads it; without a listener it would end the process.
    stream.on('error', () => {});
    const hash = createHash('sha256');
    const chunks = (async function* () {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        hash.update(chunk);
        yield chunk;
      }
    })();
    inTurn(async () => {
      await take(name, { name: fileName || null, chunks });
      parts.push(JSON.stringify([name, fileName ?? null, hash.digest('hex')]));
    });
  });
  for (const tooMany of ['fieldsLimit', 'filesLimit', 'partsLimit'] as const) {
    busboy.on(tooMany, () => fail(invalid({ path: '', message: 'The form has too many fields.' })));
  }
  busboy.on('error', (error) => fail(unreadable(error)));
  const next = (event: 'drain' | 'finish') =>
    new Promise<void>((resolve) => {
      wake = resolve;
      busboy.once(event, resolve);
    });

  try {
    let size = 0;
    while (failures.length === 0) {
      const part = await reader.read();
      if (part.done) break;
      size += part.value.byteLength;
      if (size > limit) throw tooLarge();
      if (!busboy.write(part.value) && failures.length === 0) await next('drain');
    }
  } catch (error) {
    fail(
      error instanceof AppError
        ? error
        : new AppError('malformed', 'The body ended too early.', { cause: error }),
    );
  }
  if (failures.length === 0) {
    const finished = next('finish');
    busboy.end();
    await finished;
  }
  // What is being kept of the file must have ended before it can be dropped.
  await taking;
  if (failures.length > 0) throw failures[0];
  return parts;
}

function parserOf(request: Request) {
  try {
    const parser = new Busboy({
      headers: { 'content-type': request.headers.get('content-type') ?? '' },
      limits: {
        fieldNameSize: 100,
        fieldSize: fieldBytesMost,
        fields: fieldsMost,
        parts: fieldsMost + 2,
        headerPairs: 20,
        headerSize: 16 * 1024,
      },
    });
    return parser;
  } catch (error) {
    // No boundary.
    throw unreadable(error);
  }
}

function unreadable(cause?: unknown): AppError {
  return new AppError('malformed', 'The body is not readable multipart/form-data.', { cause });
}

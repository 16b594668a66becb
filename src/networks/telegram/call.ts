import { Api, type ApiClientOptions, HttpError, InputFile } from 'grammy';
import * as v from 'valibot';
import { NetworkError } from '../error.ts';
import type { Json, MediaItem } from '../message.ts';
import { bytesOf, fileName, post } from '../request.ts';
import { telegramResult } from './errors.ts';
import type { TelegramAccess } from './place.ts';

/** What stands in place of a `{ $media }`: an upload, or the id of a file that Telegram has. */
export type Files = ReadonlyMap<string, InputFile | string>;

/**
 * One request of one method through grammY, carried by our own fetch. Parameters go out as they are, `{ $media }` as a
 * file. Throws nothing but {@link NetworkError}.
 */
export async function call<T>(
  access: TelegramAccess,
  method: string,
  params: Record<string, Json>,
  schema: v.GenericSchema<unknown, T>,
  files: Files = new Map(),
): Promise<T> {
  await access.pace?.();
  const api = new Api(access.credentials.bot_token, {
    apiRoot: access.root,
    // Ours comes first; grammY's own would leave an error without a class.
    timeoutSeconds: access.timeout / 1000 + 5,
    fetch: carrier(access) as unknown as ApiClientOptions['fetch'],
  });
  let result: unknown;
  try {
    const methods = api.raw as unknown as Record<string, (...payload: unknown[]) => Promise<unknown>>;
    // grammY takes what a method without parameters is given for a signal.
    const payload = Object.keys(params).length === 0 ? [] : [filled(params, files)];
    result = await methods[method]?.(...payload);
  } catch (error) {
    // grammY's own errors hold the address with the token and the content: they end here.
    if (error instanceof HttpError && error.error instanceof NetworkError) throw error.error;
    if (error instanceof NetworkError) throw error;
    throw unusable();
  }
  const parsed = v.safeParse(schema, result);
  if (!parsed.success) throw unusable();
  return parsed.output;
}

/** Opens what has no handle yet, so that a lost file stops a request before it starts. */
export async function filesFor(
  media: readonly MediaItem[],
  handles: ReadonlyMap<string, string>,
): Promise<Files> {
  const files = new Map<string, InputFile | string>();
  for (const item of media) files.set(item.id, handles.get(item.id) ?? (await upload(item)));
  return files;
}

async function upload(item: MediaItem): Promise<InputFile> {
  const bytes = await bytesOf(item);
  // grammY writes the name as it is: without quotes a blank or semicolon would end it.
  const name = fileName(item)
    .replaceAll('"', '%22')
    .replace(/[\r\n]/g, '_');
  return new InputFile(async function* () {
    yield* bytes.stream();
  }, `"${name}"`);
}

/** The parameters with files in place of `{ $media }`. */
function filled(value: Json, files: Files): unknown {
  if (Array.isArray(value)) return value.map((entry) => filled(entry, files));
  if (typeof value !== 'object' || value === null) return value;
  if (typeof value.$media === 'string') return files.get(value.$media);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, filled(entry, files)]));
}

function carrier(access: TelegramAccess) {
  return async (
    url: string,
    init: { headers: Record<string, string>; body: string | AsyncIterable<Uint8Array>; signal: AbortSignal },
  ) => {
    const { body } = init;
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : null;
    const answer = await post(
      url,
      {
        contentType: init.headers['content-type'] ?? 'application/json',
        length: bytes?.length ?? null,
        chunks: bytes === null ? (body as AsyncIterable<Uint8Array>) : once(bytes),
      },
      { ...access, signal: AbortSignal.any([init.signal, ...(access.signal ? [access.signal] : [])]) },
    );
    const result = telegramResult(answer);
    return { json: async () => ({ ok: true, result }) };
  };
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

function unusable(): NetworkError {
  return new NetworkError('unknown', { code: 'unusable', message: 'Telegram gave no usable answer.' });
}

import { rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Multipart, UploadedFile } from './multipart.ts';
import { createMultipart, MultipartBroken } from './multipart.ts';

export type { UploadedFile } from './multipart.ts';

export interface ParsedBody {
  params: Record<string, unknown>;
  files: Map<string, UploadedFile>;
  /** True when every parameter came as text (form, query), so that numbers and objects are still to be read from it. */
  textual: boolean;
}

export interface CallOptions {
  /** Whether JSON is read as parameters. */
  json: boolean;
  /** Bytes of the whole body. */
  limit: number;
  /** Names the folder that large files are written to while they arrive. */
  scratch: () => string;
}

export class BodyTooLarge extends Error {}
export class BodyUnreadable extends Error {}

/** Hands the body over piece by piece. Throws as readBody does. */
function readPieces(req: IncomingMessage, limit: number, take: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let size = 0;
    let failed = Number(req.headers['content-length'] ?? 0) > limit;
    if (failed) reject(new BodyTooLarge());
    req.on('data', (piece: Buffer) => {
      // What is refused is still read to its end: most clients look for an answer only then.
      if (failed) return;
      size += piece.length;
      try {
        if (size > limit) throw new BodyTooLarge();
        take(piece);
      } catch (error) {
        failed = true;
        reject(error);
      }
    });
    req.on('end', () => resolve());
    req.on('error', () => reject(new BodyUnreadable()));
    req.on('close', () => reject(new BodyUnreadable()));
  });
}

/** Reads the whole body. Throws BodyTooLarge beyond `limit` bytes, BodyUnreadable when the client goes away. */
export async function readBody(req: IncomingMessage, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  await readPieces(req, limit, (piece) => parts.push(piece));
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}

/** Parameters of a call from its query and its body: JSON, urlencoded or multipart. Throws as readBody does. */
export async function readCall(
  req: IncomingMessage,
  query: string,
  options: CallOptions,
): Promise<ParsedBody> {
  const contentType = req.headers['content-type'] ?? '';
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const params: Record<string, unknown> = {};
  if (query) for (const [name, value] of new URLSearchParams(query)) params[name] = value;
  if (type === 'multipart/form-data') return readForm(req, contentType, params, options);
  const body = await readBody(req, options.limit);
  const files = new Map<string, UploadedFile>();
  if (body.length === 0) return { params, files, textual: true };
  if (type === 'application/json' && options.json) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(body.toString('utf8'));
    } catch {
      throw new BodyUnreadable("can't parse JSON object");
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      throw new BodyUnreadable('JSON object expected');
    return { params: Object.assign(params, parsed), files, textual: false };
  }
  if (type === 'application/x-www-form-urlencoded')
    for (const [name, value] of new URLSearchParams(body.toString('utf8'))) params[name] = value;
  return { params, files, textual: true };
}

async function readForm(
  req: IncomingMessage,
  contentType: string,
  params: Record<string, unknown>,
  { limit, scratch }: CallOptions,
): Promise<ParsedBody> {
  let form: Multipart | undefined;
  try {
    const parser = createMultipart(contentType, scratch);
    form = parser;
    await readPieces(req, limit, (piece) => parser.write(piece));
    const { fields, files } = parser.end();
    for (const [name, value] of fields) params[name] = value;
    return { params, files: new Map(files), textual: true };
  } catch (error) {
    form?.discard();
    throw error instanceof MultipartBroken ? new BodyUnreadable('multipart body cannot be read') : error;
  }
}

/** Removes what nobody took over of the files that a call brought. */
export function discardFiles(body: ParsedBody): void {
  for (const file of body.files.values()) if (file.path) rmSync(file.path, { force: true });
}

import type { IncomingMessage } from 'node:http';

export interface UploadedFile {
  name: string;
  type: string;
  bytes: Buffer;
}

export interface ParsedBody {
  params: Record<string, unknown>;
  files: Map<string, UploadedFile>;
  /** True when every parameter came as text (form, query), so that numbers and objects are still to be read from it. */
  textual: boolean;
}

export class BodyTooLarge extends Error {}
export class BodyUnreadable extends Error {}

/** Reads the whole body. Throws BodyTooLarge beyond `limit` bytes, BodyUnreadable when the client goes away. */
export function readBody(req: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    req.on('data', (part: Buffer) => {
      size += part.length;
      if (size > limit) {
        parts.length = 0;
        reject(new BodyTooLarge());
      } else parts.push(part);
    });
    req.on('end', () => resolve(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)));
    req.on('error', () => reject(new BodyUnreadable()));
    req.on('close', () => reject(new BodyUnreadable()));
  });
}

/** Parameters of a call from its query and its body: JSON, urlencoded or multipart. */
export async function parseCall(
  query: string,
  contentType: string,
  body: Buffer,
  options: { json: boolean },
): Promise<ParsedBody> {
  const params: Record<string, unknown> = {};
  const files = new Map<string, UploadedFile>();
  if (query) for (const [name, value] of new URLSearchParams(query)) params[name] = value;
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
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
  if (type === 'application/x-www-form-urlencoded') {
    for (const [name, value] of new URLSearchParams(body.toString('utf8'))) params[name] = value;
    return { params, files, textual: true };
  }
  if (type === 'multipart/form-data') {
    const form = await formOf(contentType, body);
    for (const [name, value] of form) {
      if (typeof value === 'string') params[name] = value;
      else
        files.set(name, {
          name: value.name,
          type: value.type,
          bytes: Buffer.from(await value.arrayBuffer()),
        });
    }
    return { params, files, textual: true };
  }
  return { params, files, textual: true };
}

async function formOf(contentType: string, body: Buffer): Promise<[string, string | File][]> {
  try {
    const form = await new Response(new Uint8Array(body), {
      headers: { 'content-type': contentType },
    }).formData();
    const entries: [string, string | File][] = [];
    form.forEach((value, name) => {
      entries.push([name, value]);
    });
    return entries;
  } catch {
    throw new BodyUnreadable('multipart body cannot be read');
  }
}

import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Beyond this many bytes a file is written to disk while it arrives. */
const MEMORY_BYTES = 1024 * 1024;
const FIELD_BYTES = 1024 * 1024;
const HEADER_BYTES = 16 * 1024;
const HEADERS_END = Buffer.from('\r\n\r\n');

export interface UploadedFile {
  name: string;
  type: string;
  size: number;
  /** Of the bytes, hex. */
  sha256: string;
  /** Where a large file lies until the call is over; empty when memory holds it. */
  path: string;
  /** The bytes; those of a large file are read from disk at each use. */
  readonly bytes: Buffer;
}

export interface Multipart {
  /** Takes the next piece of the body. Throws MultipartBroken when it cannot be read. */
  write(piece: Buffer): void;
  /** The parts, once the whole body was given. Throws MultipartBroken when the end is missing. */
  end(): { fields: [string, string][]; files: [string, UploadedFile][] };
  /** Removes what was written to disk. */
  discard(): void;
}

export class MultipartBroken extends Error {}

/** Reads multipart/form-data piece by piece; large files go to the folder that `scratch` names. */
export function createMultipart(contentType: string, scratch: () => string): Multipart {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const name = boundary?.[1] ?? boundary?.[2];
  if (!name) throw new MultipartBroken('no boundary');
  const delimiter = Buffer.from(`\r\n--${name}`);
  const fields: [string, string][] = [];
  const files: [string, UploadedFile][] = [];
  const paths: string[] = [];
  // The first boundary has no line end before it.
  let held: Buffer = Buffer.from('\r\n');
  let state: 'preamble' | 'delimiter' | 'headers' | 'body' | 'done' = 'preamble';
  let part: Part | undefined;

  function finish(): void {
    if (!part) return;
    if (part.file === undefined) fields.push([part.name, part.sink.bytes().toString('utf8')]);
    else files.push([part.name, part.sink.file(part.file, part.type)]);
    part = undefined;
  }

  /** One step over `held`; false when more bytes are needed. */
  function step(): boolean {
    switch (state) {
      case 'preamble':
      case 'body': {
        const at = held.indexOf(delimiter);
        const sure = at >= 0 ? at : held.length - delimiter.length + 1;
        if (sure > 0) part?.sink.write(held.subarray(0, sure));
        if (at < 0) {
          if (sure > 0) held = held.subarray(sure);
          return false;
        }
        held = held.subarray(at + delimiter.length);
        finish();
        state = 'delimiter';
        return true;
      }
      case 'delimiter': {
        if (held.length < 2) return false;
        const mark = held.subarray(0, 2).toString('latin1');
        if (mark !== '--' && mark !== '\r\n') throw new MultipartBroken('text after a boundary');
        state = mark === '--' ? 'done' : 'headers';
        // A part without headers begins with the empty line at once.
        held = held.subarray(mark === '--' ? 2 : 0);
        return true;
      }
      case 'headers': {
        const at = held.indexOf(HEADERS_END);
        if (at < 0) {
          if (held.length > HEADER_BYTES) throw new MultipartBroken('headers without an end');
          return false;
        }
        part = openPart(held.subarray(0, at).toString('utf8'), scratch, paths);
        held = held.subarray(at + HEADERS_END.length);
        state = 'body';
        return true;
      }
      default:
        held = Buffer.alloc(0);
        return false;
    }
  }

  return {
    write(piece) {
      held = held.length === 0 ? piece : Buffer.concat([held, piece]);
      while (step());
    },
    end() {
      if (state !== 'done') throw new MultipartBroken('the last boundary is missing');
      return { fields, files };
    },
    discard() {
      part?.sink.close();
      for (const path of paths) rmSync(path, { force: true });
    },
  };
}

interface Part {
  name: string;
  /** Name of the file; undefined for a field. */
  file: string | undefined;
  type: string;
  sink: Sink;
}

function openPart(headers: string, scratch: () => string, paths: string[]): Part {
  const disposition = /^content-disposition:(.*)$/im.exec(headers)?.[1] ?? '';
  const name = parameter(disposition, 'name');
  if (name === undefined) throw new MultipartBroken('a part without a name');
  const given = parameter(disposition, 'filename');
  const encoded = /\bfilename\*=utf-8''([^;\s]+)/i.exec(disposition)?.[1];
  const file = encoded === undefined ? given : decoded(encoded);
  const type = /^content-type:\s*([^\r\n;]*)/im.exec(headers)?.[1]?.trim() ?? '';
  const plain = decoded(name.replaceAll('%22', '"'));
  return {
    name: plain,
    file: file?.replaceAll('%22', '"'),
    type,
    sink: createSink(file === undefined, scratch, paths),
  };
}

/** A parameter of a header, quoted or not. */
function parameter(header: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^;\\r]*))`, 'i').exec(header);
  return found?.[1] ?? found?.[2]?.trim();
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

interface Sink {
  write(piece: Buffer): void;
  bytes(): Buffer;
  file(name: string, type: string): UploadedFile;
  close(): void;
}

function createSink(field: boolean, scratch: () => string, paths: string[]): Sink {
  const hash = createHash('sha256');
  let parts: Buffer[] = [];
  let size = 0;
  let path = '';
  let out: number | undefined;

  function close(): void {
    if (out !== undefined) closeSync(out);
    out = undefined;
  }

  return {
    write(piece) {
      size += piece.length;
      if (field && size > FIELD_BYTES) throw new MultipartBroken('a field is too large');
      hash.update(piece);
      if (!field && out === undefined && size > MEMORY_BYTES) {
        path = join(scratch(), randomBytes(12).toString('hex'));
        paths.push(path);
        out = openSync(path, 'wx', 0o600);
        for (const part of parts) writeSync(out, part);
        parts = [];
      }
      if (out !== undefined) writeSync(out, piece);
      // The piece is a view of a larger buffer, which would be kept alive with it.
      else parts.push(Buffer.from(piece));
    },
    bytes: () => Buffer.concat(parts),
    file(name, type) {
      close();
      const held = Buffer.concat(parts);
      const about = { name, type, size, sha256: hash.digest('hex'), path };
      return Object.defineProperty(about, 'bytes', {
        get: () => (path ? readFileSync(path) : held),
      }) as UploadedFile;
    },
    close,
  };
}

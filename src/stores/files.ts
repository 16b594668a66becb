import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { AppError, StartError } from '../errors.ts';

/** A file in the store, found and not yet read. */
export interface StoredFile {
  /** Bytes. */
  size: number;
  /** The bytes from `start` (default: the first) up to `end`, which is not in it (default: the size). */
  stream(start?: number, end?: number): ReadableStream<Uint8Array>;
}

/** Where media bytes live. Keys are made by us (`<workspace>/<id>.<ext>`), never by a person. */
export interface Files {
  write(key: string, bytes: Uint8Array): Promise<void>;
  /**
   * Writes what arrives, a piece at a time, and answers the number of bytes. When `chunks` throws, nothing is left under
   * the key and the error comes out here.
   */
  writeStream(key: string, chunks: AsyncIterable<Uint8Array>): Promise<number>;
  /** null: there is no such file. */
  open(key: string): Promise<StoredFile | null>;
  exists(key: string): Promise<boolean>;
  /** A file that is gone already is removed. */
  remove(key: string): Promise<void>;
  /** Keys of everything last written before `moment`, also of drafts that a crash left. In no order. */
  older(moment: Date): AsyncIterable<string>;
  /**
   * An address that takes one file by PUT for `milliseconds`, from whoever holds it, with any content and size.
   * null: this store has none.
   */
  uploadUrl(key: string, milliseconds: number): string | null;
}

/** Files in a folder of this machine. Throws {@link StartError} when the folder cannot be written. */
export async function openFolder(folder: string): Promise<Files> {
  try {
    await mkdir(folder, { recursive: true });
    const probe = join(folder, `.probe-${process.pid}`);
    await Bun.write(probe, '');
    await rm(probe);
  } catch {
    throw new StartError(`The media folder ${folder} cannot be written: check its owner, or set MEDIA_DIR.`);
  }
  const place = (key: string): string => {
    if (!/^[0-9a-z][0-9a-z/_.-]*$/.test(key) || key.includes('..')) throw new Error('not a file key');
    return join(folder, key);
  };
  const writeStream: Files['writeStream'] = async (key, chunks) => {
    const path = place(key);
    await mkdir(dirname(path), { recursive: true });
    // Written beside and renamed: a reader never sees half a file, a crash leaves no broken one under its name.
    const draft = `${path}.${crypto.randomUUID()}.part`;
    let size = 0;
    try {
      const handle = await open(draft, 'wx', 0o600);
      try {
        for await (const chunk of chunks) {
          // A write may take less than it was given.
          for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
          size += chunk.length;
        }
      } finally {
        await handle.close();
      }
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true }).catch(() => {});
      throw codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT'
        ? new AppError('unavailable', 'The storage is full: tell whoever runs this installation.', {
            cause: error,
          })
        : error;
    }
    return size;
  };
  return {
    async write(key, bytes) {
      await writeStream(key, one(bytes));
    },
    writeStream,
    async open(key) {
      const path = place(key);
      const found = await look(path);
      if (!found?.isFile()) return null;
      return {
        size: found.size,
        stream: (start = 0, end = found.size) => Bun.file(path).slice(start, end).stream(),
      };
    },
    exists: async (key) => (await look(place(key)))?.isFile() ?? false,
    remove: (key) => rm(place(key), { force: true }),
    async *older(moment) {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || entry.name.startsWith('.')) continue;
        const path = join(entry.parentPath, entry.name);
        const written = await stat(path).catch(() => null);
        if (written && written.mtime < moment) yield relative(folder, path);
      }
    },
    uploadUrl: () => null,
  };
}

async function* one(bytes: Uint8Array) {
  yield bytes;
}

/** null: nothing is there. */
async function look(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}

import { chmod, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { StartError } from '../errors.ts';

/** Where media bytes live. Keys are made by us (`<workspace>/<id>.<ext>`), never by a person. */
export interface Files {
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** Lazy: nothing is read until the blob is. A missing file fails then. */
  read(key: string): Blob;
  exists(key: string): Promise<boolean>;
  remove(key: string): Promise<void>;
  /** Keys of everything last written before `moment`, also of drafts that a crash left. In no order. */
  older(moment: Date): AsyncIterable<string>;
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
  return {
    async write(key, bytes) {
      const path = place(key);
      await mkdir(dirname(path), { recursive: true });
      // Written beside and renamed: a reader never sees half a file, a crash leaves no broken one under its name.
      const draft = `${path}.${crypto.randomUUID()}.part`;
      await Bun.write(draft, bytes);
      await chmod(draft, 0o600);
      await rename(draft, path);
    },
    read: (key) => Bun.file(place(key)),
    exists: (key) =>
      stat(place(key)).then(
        () => true,
        () => false,
      ),
    remove: (key) => rm(place(key), { force: true }),
    async *older(moment) {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || entry.name.startsWith('.')) continue;
        const path = join(entry.parentPath, entry.name);
        const written = await stat(path).catch(() => null);
        if (written && written.mtime < moment) yield relative(folder, path);
      }
    },
  };
}

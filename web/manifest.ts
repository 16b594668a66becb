import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the server needs to know of a built dashboard; written last, so that half a build is none. */
export interface Manifest {
  /** Of everything that it was built from. */
  sources: string;
  script: string;
  style: string;
  theme: string;
  serviceWorker: string;
  /** Every file that may be kept for ever: its name carries its hash. Each lies beside its `.br` and `.gz`. */
  files: readonly string[];
}

const web = import.meta.dir;

/** Every build has a folder of its own in here, so that what is served is never taken away under its reader. */
export const dist = join(web, 'dist');

/** Where the dashboard lies once it is built of these sources. */
export const folderOf = (sources: string) => join(dist, sources.slice(0, 16));

/** A hash of everything that the dashboard is built from. */
export function sourcesHash(): string {
  const hash = new Bun.CryptoHasher('sha256');
  const files = [...new Bun.Glob('**/*.{ts,tsx,css}').scanSync(web)].filter((file) => !/^dist\b/.test(file));
  for (const file of [...files.sort(), '../bun.lock'])
    hash.update(`${file}\n`).update(readFileSync(join(web, file)));
  return hash.digest('hex');
}

/** The manifest of what is built of these sources; null: it has to be built. */
export function manifestOf(sources: string): Manifest | null {
  try {
    const manifest: Manifest = JSON.parse(readFileSync(join(folderOf(sources), 'manifest.json'), 'utf8'));
    return manifest.sources === sources ? manifest : null;
  } catch {
    return null;
  }
}

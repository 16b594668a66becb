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

/** A hash of everything that the dashboard is built from. */
export function sourcesHash(): string {
  const hash = new Bun.CryptoHasher('sha256');
  const files = [...new Bun.Glob('**/*.{ts,tsx,css}').scanSync(web)].filter((file) => !/^dist\b/.test(file));
  for (const file of [...files.sort(), '../bun.lock'])
    hash.update(`${file}\n`).update(readFileSync(join(web, file)));
  return hash.digest('hex');
}

/** The manifest of what lies built in a folder; null: it has to be built (again). */
export function manifestOf(folder: string): Manifest | null {
  try {
    const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    return manifest.sources === sourcesHash() ? manifest : null;
  } catch {
    return null;
  }
}

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import tailwind from 'bun-plugin-tailwind';
import { dist, folderOf, type Manifest, manifestOf, sourcesHash } from './manifest.ts';

const web = import.meta.dir;
// Where several machines share the folder a number of a process is not one of a kind.
const draft = join(dist, `draft.${process.pid}.${Bun.randomUUIDv7().slice(-8)}`);

/** Bundles the dashboard into its folder in `web/dist`. Throws what the bundler says. */
async function build(): Promise<void> {
  const sources = sourcesHash();
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const pages = await bundle(['main.tsx', 'theme.ts'], {});
  // Made last: it is told what to keep.
  const workers = await bundle(['service-worker.ts'], { KEPT_FILES: JSON.stringify(pages) });
  const files = [...pages, ...workers];
  for (const file of files) {
    const bytes = readFileSync(join(draft, file));
    writeFileSync(
      join(draft, `${file}.br`),
      brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
    );
    writeFileSync(join(draft, `${file}.gz`), gzipSync(bytes));
  }
  const named = (start: string, end: string) => {
    const found = files.find((file) => file.startsWith(start) && file.endsWith(end));
    if (!found) throw new Error(`the bundle has no ${start}…${end}`);
    return found;
  };
  const manifest: Manifest = {
    sources,
    script: named('main-', '.js'),
    style: named('main-', '.css'),
    theme: named('theme-', '.js'),
    serviceWorker: named('service-worker-', '.js'),
    files,
  };
  writeFileSync(join(draft, 'manifest.json'), JSON.stringify(manifest));
  place(sources);
  try {
    prune(folderOf(sources));
  } catch {
    // The next build finds what could not be removed now.
  }
}

/** The names of the files that were made of these sources. */
async function bundle(sources: readonly string[], define: Record<string, string>): Promise<string[]> {
  const { outputs } = await Bun.build({
    entrypoints: sources.map((name) => join(web, name)),
    root: web,
    outdir: draft,
    target: 'browser',
    splitting: true,
    minify: true,
    publicPath: '/assets/',
    naming: { entry: '[name]-[hash].[ext]', chunk: 'part-[hash].[ext]', asset: '[name]-[hash].[ext]' },
    define: { 'process.env.NODE_ENV': '"production"', ...define },
    plugins: [tailwind],
  });
  return outputs.map(({ path }) => path.slice(draft.length + 1));
}

/** Puts the draft where it is read, in one step; another process may have been first with the same. */
function place(sources: string): void {
  if (manifestOf(sources) === null) {
    // Nobody reads what has no manifest.
    rmSync(folderOf(sources), { recursive: true, force: true });
    try {
      renameSync(draft, folderOf(sources));
      return;
    } catch (error) {
      if (manifestOf(sources) === null) throw error;
    }
  }
  rmSync(draft, { recursive: true, force: true });
}

/** Leaves what was built now, the one before it, which a process may still serve, and drafts that are being made. */
function prune(now: string): void {
  const others = readdirSync(dist)
    .map((name) => join(dist, name))
    .filter((path) => path !== now && !isInTheMaking(path))
    .map((path) => ({
      path,
      at: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0,
      isBuild: /\/[0-9a-f]{16}$/.test(path),
    }))
    .sort((a, b) => b.at - a.at);
  const before = others.find(({ isBuild }) => isBuild);
  for (const other of others) {
    if (other === before) continue;
    // First: what is killed from here on leaves no half build that is taken for a whole one.
    rmSync(join(other.path, 'manifest.json'), { force: true });
    rmSync(other.path, { recursive: true, force: true });
  }
}

function isInTheMaking(path: string): boolean {
  const [, pid] = /\/draft\.(\d+)\.\w+$/.exec(path) ?? [];
  if (!pid) return false;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    // EPERM: alive, another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

await build();

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import tailwind from 'bun-plugin-tailwind';
import { type Manifest, sourcesHash } from './manifest.ts';

const web = import.meta.dir;
const dist = join(web, 'dist');

/** Bundles the dashboard into `web/dist`. Throws what the bundler says. */
async function build(): Promise<void> {
  const sources = sourcesHash();
  const draft = `${dist}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const { outputs } = await Bun.build({
    entrypoints: ['main.tsx', 'theme.ts', 'service-worker.ts'].map((name) => join(web, name)),
    root: web,
    outdir: draft,
    target: 'browser',
    splitting: true,
    minify: true,
    publicPath: '/assets/',
    naming: { entry: '[name]-[hash].[ext]', chunk: 'part-[hash].[ext]', asset: '[name]-[hash].[ext]' },
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [tailwind],
  });
  const files = outputs.map(({ path }) => path.slice(draft.length + 1));
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
  rmSync(dist, { recursive: true, force: true });
  renameSync(draft, dist);
}

await build();

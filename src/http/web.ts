import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { folderOf, type Manifest, manifestOf, sourcesHash } from '../../web/manifest.ts';
import { randomToken } from '../crypto.ts';
import { operation, routes } from './route.ts';

const project = join(import.meta.dir, '..', '..');

let built: Promise<Manifest> | null = null;

/**
 * The dashboard as it was bundled. When its sources changed since, a process of its own bundles it again: the bundler's
 * memory is not the server's. A failed one is tried again by the next request.
 */
export function dashboard(): Promise<Manifest> {
  built ??= (async () => {
    const ready = manifestOf(sourcesHash());
    if (ready) return ready;
    const bundler = Bun.spawn([process.execPath, join(project, 'web', 'build.ts')], {
      cwd: project,
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'pipe',
    });
    const said = await new Response(bundler.stderr).text();
    await bundler.exited;
    const made = manifestOf(sourcesHash());
    if (!made) throw new Error(`The dashboard could not be bundled: ${said.trim().slice(0, 2_000)}`);
    return made;
  })().catch((error) => {
    built = null;
    throw error;
  });
  return built;
}

const types: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  woff2: 'font/woff2',
};
const typeOf = (name: string) => types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';

/** What `web/public` holds, under its own name and for an hour. */
const plain = {
  '/manifest.webmanifest': ['manifest.webmanifest', 'application/manifest+json'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
  '/icon-192.png': ['icon-192.png', 'image/png'],
  '/icon-512.png': ['icon-512.png', 'image/png'],
  // For the pages that are not part of it.
  '/notice.css': ['notice.css', 'text/css; charset=utf-8'],
} as const;

const pages = operation({
  id: 'openDashboard',
  tag: 'Pages',
  summary: 'The dashboard',
  scope: 'public',
  answers: { 200: { files: ['text/html'] } },
});

/** The dashboard: one page for all of its addresses, what it loads, and what makes it an app. */
export const webRoutes = routes()
  .get(
    '/',
    operation({
      id: 'home',
      tag: 'Pages',
      summary: 'To the dashboard',
      scope: 'public',
      answers: { 302: null },
    }),
    (c) => c.redirect('/app'),
  )
  .get('/app', pages, async (c) => c.html(...(await page())))
  .get(
    '/app/:page{.*}',
    operation({
      id: 'openDashboardPage',
      tag: 'Pages',
      summary: 'A page of the dashboard',
      scope: 'public',
      answers: { 200: { files: ['text/html'] } },
    }),
    async (c) => c.html(...(await page())),
  )
  .get(
    '/assets/:file',
    operation({
      id: 'openAsset',
      tag: 'Pages',
      summary: 'What the dashboard loads',
      scope: 'public',
      answers: { 200: { files: ['text/javascript', 'text/css', 'image/svg+xml', 'font/woff2'] } },
      refusals: ['not_found'],
    }),
    async (c) => {
      const name = c.req.param('file');
      const built = await dashboard();
      if (!built.files.includes(name)) return c.notFound();
      return compressed(c.req.raw.headers, built, name, 'public, max-age=31536000, immutable');
    },
  )
  .get(
    '/service-worker.js',
    operation({
      id: 'openServiceWorker',
      tag: 'Pages',
      summary: 'Keeps the dashboard itself for when there is no network',
      scope: 'public',
      answers: { 200: { files: ['text/javascript'] } },
    }),
    async (c) => {
      const built = await dashboard();
      const answer = compressed(c.req.raw.headers, built, built.serviceWorker, 'no-cache');
      // A worker lives under the policy of its own script, and it fetches for the page.
      answer.headers.set(
        'Content-Security-Policy',
        "default-src 'none'; connect-src 'self'; frame-ancestors 'none'",
      );
      return answer;
    },
  )
  .get(
    '/:name{manifest\\.webmanifest|icon\\.svg|icon-192\\.png|icon-512\\.png|notice\\.css}',
    operation({
      id: 'openIcon',
      tag: 'Pages',
      summary: 'Name and icons of the dashboard as an app, and how notices look',
      scope: 'public',
      answers: { 200: { files: ['application/manifest+json', 'image/svg+xml', 'image/png', 'text/css'] } },
      refusals: ['not_found'],
    }),
    async (c) => {
      const [file, type] = plain[c.req.path as keyof typeof plain];
      const bytes = await readFile(join(project, 'web', 'public', file));
      return c.body(new Uint8Array(bytes), 200, {
        'Content-Type': type,
        'Cache-Control': 'public, max-age=3600',
      });
    },
  );

async function page(): Promise<[string, 200, Record<string, string>]> {
  const { script, style, theme } = await dashboard();
  // For the style elements that parts of the page make; scripts have no exception at all.
  const nonce = randomToken();
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="theme-color" content="#1b6b56">
<meta name="style-nonce" content="${nonce}">
<title>Outpost</title>
<link rel="icon" href="/icon.svg">
<link rel="manifest" href="/manifest.webmanifest">
<link rel="apple-touch-icon" href="/icon-192.png">
<script src="/assets/${theme}"></script>
<link rel="stylesheet" href="/assets/${style}">
<script type="module" src="/assets/${script}"></script>
</head>
<body>
<div id="root"></div>
<noscript>Outpost needs JavaScript. The API does not: /docs.</noscript>
</body>
</html>
`;
  return [
    html,
    200,
    {
      'Cache-Control': 'no-cache',
      'Content-Security-Policy': [
        "default-src 'none'",
        "script-src 'self'",
        `style-src 'self' 'nonce-${nonce}'`,
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
    },
  ];
}

/** A file of the bundle in the smallest form that the asker takes. */
function compressed(headers: Headers, { sources }: Manifest, name: string, caching: string): Response {
  const accepted = headers.get('accept-encoding') ?? '';
  const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : null;
  return new Response(
    Bun.file(
      join(folderOf(sources), encoding === null ? name : `${name}.${encoding === 'br' ? 'br' : 'gz'}`),
    ),
    {
      headers: {
        'Content-Type': typeOf(name),
        'Cache-Control': caching,
        Vary: 'Accept-Encoding',
        ...(encoding && { 'Content-Encoding': encoding }),
      },
    },
  );
}

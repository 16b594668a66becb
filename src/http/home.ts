import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { html, raw } from 'hono/html';
import { version } from '../../package.json';
import type { Config } from '../config.ts';
import { networks } from '../networks/index.ts';
import { operation, routes } from './route.ts';

const folder = join(import.meta.dir, '..', '..', 'web');

/** The plain first page: what runs here and where to go on. */
export const homeRoutes = routes()
  .get(
    '/',
    operation({
      id: 'home',
      tag: 'Pages',
      summary: 'What runs here',
      scope: 'public',
      answers: { 200: { files: ['text/html'] } },
    }),
    async (c) => c.html(await page(c.var.ctx.config)),
  )
  .get(
    '/home.css',
    operation({
      id: 'homeStyle',
      tag: 'Pages',
      summary: 'How the first page looks',
      scope: 'public',
      answers: { 200: { files: ['text/css'] } },
    }),
    async (c) =>
      c.body(await readFile(join(folder, 'home.css'), 'utf8'), 200, {
        'Content-Type': 'text/css; charset=utf-8',
        'Cache-Control': 'public, max-age=3600',
      }),
  );

async function page(config: Config): Promise<string> {
  const walls = config.walls.map(
    ({ title, url }) =>
      html`<li><a href="${url}"><strong>${title}</strong><span>What a reader of the network sees.</span></a></li>`,
  );
  const parts: Record<string, string> = {
    version,
    networks: Object.values(networks)
      .map((network) => network.title)
      .join(' and '),
    walls: String(await html`${walls}`),
    steps: String(await html`${firstPost(config)}`),
  };
  const template = await readFile(join(folder, 'index.html'), 'utf8');
  return String(raw(template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name] ?? '')));
}

function firstPost({ publicUrl, walls }: Config): string {
  const post = (path: string, by: string, body: string) =>
    `curl ${publicUrl}${path} ${by} \\
  -H 'content-type: application/json' \\
  -d '${body}'`;
  const bearer = '-H "authorization: Bearer $KEY"';
  const publish = post('/v1/posts', bearer, '{"text":"Hello","community_ids":["…"],"publish_now":true}');
  if (walls.length > 0) {
    return `# The terminal that runs the demo shows the key, and this with the ids filled in.
KEY=sk_sandbox_…
curl ${publicUrl}/v1/communities ${bearer}
${publish}`;
  }
  return `${post('/v1/auth/register', '-c jar', '{"email":"me@example.com","password":"a long password","name":"Me"}')}
${post('/v1/api-keys', '-b jar', '{"name":"first","scopes":["*"]}')}
KEY=sk_main_…
${post('/v1/communities', bearer, '{"network":"telegram","external_id":"@my_channel","credentials":{"bot_token":"…"}}')}
${publish}`;
}

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, processesOf, project, run, temporaryFolder, until } from './process.ts';

const folder = temporaryFolder();
/** The product in a place of its own: what is bundled here is nobody else's. */
const copy = join(folder.path, 'outpost');
const dist = join(copy, 'web', 'dist');
const port = String(freePort());
const url = `http://localhost:${port}`;

beforeAll(() => {
  mkdirSync(copy);
  for (const name of [
    'src',
    'web',
    'sql',
    'clickhouse',
    'package.json',
    'bun.lock',
    'bunfig.toml',
    'tsconfig.json',
  ])
    cpSync(join(project, name), join(copy, name), {
      recursive: true,
      filter: (path) => path !== join(project, 'web', 'dist'),
    });
  symlinkSync(join(project, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => folder[Symbol.dispose]());

async function start() {
  const server = run([process.execPath, join(copy, 'src', 'main.ts')], {
    DATA_DIR: join(folder.path, 'data'),
    PORT: port,
  });
  await server.saying(/is ready at/);
  return server;
}

const bundlers = () => processesOf(join(copy, 'web', 'build.ts'));
const drafts = () => (existsSync(dist) ? readdirSync(dist).filter((name) => name.startsWith('draft.')) : []);
const builds = () => readdirSync(dist).filter((name) => !name.startsWith('draft.'));

/** The page and every file that the bundle says it has, each as long as it is. */
async function expectWhole(): Promise<void> {
  const page = await fetch(`${url}/app`);
  expect(page.status).toBe(200);
  const named = [...(await page.text()).matchAll(/\/assets\/([^"]+)/g)].map(([, name]) => name);
  expect(named).toHaveLength(3);
  const manifests = builds().map((name) => join(dist, name, 'manifest.json'));
  const all = await Promise.all(manifests.map((path) => Bun.file(path).json()));
  const { files } = all.find(({ files }) => named.every((name) => files.includes(name)));
  const answers = await Promise.all(
    files.map(async (name: string) => {
      const answer = await fetch(`${url}/assets/${name}`, { headers: { 'Accept-Encoding': 'identity' } });
      return answer.status === 200 && (await answer.bytes()).length > 0;
    }),
  );
  expect(answers.length).toBeGreaterThan(20);
  expect(answers).not.toContain(false);
}

test('a server that is killed while it bundles leaves no half bundle to the next', async () => {
  const first = await start();
  const asked = fetch(`${url}/app`).catch(() => null);
  await until('it bundles', () => drafts().length > 0);
  first.child.kill('SIGKILL');
  await Promise.all([first.child.exited, asked]);
  // Its bundler goes on: the next server bundles beside it, and both put down the same.
  await using next = await start();
  await expectWhole();
  await until('both bundlers have ended', () => bundlers().length === 0);
  expect([drafts(), builds()]).toEqual([[], [expect.stringMatching(/^[0-9a-f]{16}$/)]]);

  // Another version; this time the bundler itself is killed.
  await Bun.write(join(copy, 'web', 'zz.css'), '.later { color: red }');
  next.child.kill('SIGTERM');
  await next.child.exited;
  await using _third = await start();
  const refused = fetch(`${url}/app`);
  const [bundler = 0] = await until('it bundles again', () => {
    const pids = drafts().length > 0 ? bundlers() : [];
    return pids.length > 0 ? pids : null;
  });
  process.kill(bundler, 'SIGKILL');
  expect((await refused).status).toBe(500);
  expect(drafts()).toHaveLength(1);
  await expectWhole();
  // The draft of the dead is gone; the version before stays for those who still have it open, and only that one.
  expect([drafts(), builds().length]).toEqual([[], 2]);
  await Bun.write(join(copy, 'web', 'zz.css'), '.still-later { color: red }');
  const again = Bun.spawnSync([process.execPath, join(copy, 'web', 'build.ts')], { cwd: copy });
  expect([again.exitCode, builds().length]).toEqual([0, 2]);
}, 60_000);

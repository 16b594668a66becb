import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readConfig } from '../config.ts';
import { StartError } from '../errors.ts';
import { plainError } from '../log.ts';
import { type Outpost, start, stopOnSignals } from '../main.ts';
import { type Sandbox, startSandbox } from '../sandbox/server.ts';
import { startEmbeddedPostgres } from '../stores/embedded.ts';
import { plantPast } from './past.ts';
import { login, prepareReports, prepareTour, type Tour } from './tour.ts';

/** Without this file in it, a folder is not ours to remove. */
const mark = 'outpost-demo';

/** The product with both networks played by stand-ins in this process, so that whatever ends it ends them too. */
async function startDemo(env: Record<string, string | undefined>) {
  const { PORT, HOST, PUBLIC_URL, LOG_LEVEL = 'error' } = env;
  // Nothing else of the environment: a .env with the real database must not get the demo's people.
  const given = { PORT, HOST, PUBLIC_URL, LOG_LEVEL };
  const dataDir = resolve(env.DATA_DIR || './data', 'demo');
  const { port } = readConfig(given);
  await removeLast(dataDir);
  const sandbox = await beside(port);
  const root = sandbox.url;
  const walls = [
    { title: 'Telegram channel of the demo', url: `${root}/t/harbour_coffee` },
    { title: 'VK community of the demo', url: `${root}/c/harbour_coffee` },
  ];
  let outpost: Outpost | null = null;
  const stop = async () => {
    await outpost?.stop();
    await sandbox.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await writeFile(join(dataDir, mark), 'Made by the demo, which removes this folder when it stops.\n');
    outpost = await start(
      readConfig(given, {
        dataDir,
        keyEnvironment: 'sandbox',
        roots: { telegram: sandbox.telegramRoot, vk: sandbox.vkRoot },
        otherRoots: {
          telegram: { preview: sandbox.telegramPages, local: 'false' },
          vk: { oauth: sandbox.vkIdRoot, community_oauth: sandbox.vkOauthRoot },
        },
        demo: { ...login, walls },
      }),
    );
    const tour = await prepareTour(outpost.url, sandbox);
    await plantPast(outpost.ctx);
    await prepareReports(outpost.url, tour.key);
    return { outpost, walls, tour, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A stopped demo removes its folder; a killed one left it behind, with a PostgreSQL that still runs. */
async function removeLast(dataDir: string): Promise<void> {
  if (!existsSync(dataDir)) return;
  if (!existsSync(join(dataDir, mark)) && readdirSync(dataDir).length > 0) {
    throw new StartError(
      `${dataDir} was not made by the demo: move it away, or set DATA_DIR to another folder.`,
    );
  }
  // Refuses when another demo is using it.
  await (await startEmbeddedPostgres({ dataDir })).stop();
  rmSync(dataDir, { recursive: true, force: true });
}

/** The stand-ins on the next port, so that the addresses of the walls stay the same; on any when it is taken. */
async function beside(port: number): Promise<Sandbox> {
  try {
    return await startSandbox({ port: port === 0 ? 0 : port + 1 });
  } catch {
    return startSandbox();
  }
}

function guide(url: string, walls: readonly { url: string }[], tour: Tour): string {
  const bearer = `-H 'Authorization: Bearer ${tour.key}'`;
  const json = "-H 'Content-Type: application/json'";
  const post = { text: 'Hello from the terminal', community_ids: tour.communityIds, publish_now: true };
  return `
The Outpost demo is ready. Telegram and VK are played on this computer: nothing leaves it.

  Start here     ${url}
  API reference  ${url}/docs
  Telegram wall  ${walls[0]?.url}
  VK wall        ${walls[1]?.url}
  Account        ${login.email}, password: ${login.password}
  API key        ${tour.key}

1. Publish a post on both walls now, and watch it appear there:

curl ${url}/v1/posts ${bearer} ${json} -d '${JSON.stringify(post)}'

2. Look at a post whose answer got lost on the way back from Telegram. It is unconfirmed: Outpost never guesses.

curl ${url}/v1/posts/${tour.unconfirmed.postId}/publications ${bearer}

3. The Telegram wall shows that it is there. Say so:

curl -X POST ${url}/v1/publications/${tour.unconfirmed.publicationId}/confirm ${bearer} ${json} -d '{}'

Analytics and reports show half a year of figures that are made up; deliveries really happened.

There is also a published post, one that VK refused, a draft, and two that go out in one and in five minutes:
curl '${url}/v1/posts' ${bearer}

Ctrl-C stops the demo and removes everything it made; the next start is the same tour from the beginning.
`;
}

if (import.meta.main) {
  try {
    const starting = startDemo(process.env);
    stopOnSignals({ stop: async () => (await starting).stop() }, (text) => console.log(text));
    const { outpost, walls, tour } = await starting;
    console.log(guide(outpost.ctx.config.publicUrl, walls, tour));
  } catch (error) {
    console.error(error instanceof StartError ? error.message : plainError(error));
    process.exit(1);
  }
}

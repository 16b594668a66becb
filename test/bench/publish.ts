/**
 * Prints what the README claims: start-up, memory at rest, and how punctual the publishing machine is. The product and
 * the sandboxes run as processes of their own; times are taken by the sandbox when a request's headers arrive.
 * `bun run bench` takes about four minutes; `--seconds 20 --posts 60` makes it shorter.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Subprocess } from 'bun';
import sharp from 'sharp';
import { type RemoteSandbox, sandboxAt } from '../../src/sandbox/client.ts';
import { openPostgres, type Sql } from '../../src/stores/postgres.ts';

const { values } = parseArgs({
  options: {
    posts: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '60' },
    planned: { type: 'string', default: '100000' },
    starts: { type: 'string', default: '5' },
  },
});
const posts = Number(values.posts);
const seconds = Number(values.seconds);
const planned = Number(values.planned);
const starts = Number(values.starts);
const root = join(import.meta.dir, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'outpost-bench-'));

const at = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);
const median = (numbers: readonly number[]) => at(sorted(numbers), 0.5);
const ms = (number: number) => `${number.toFixed(0)} ms`;

interface Running {
  url: string;
  process: Subprocess;
  /** Milliseconds from the start of the process to /readyz 200. */
  readyAfter: number;
  stop(): Promise<void>;
}

async function startOutpost(dataDir: string, sandbox: RemoteSandbox | null): Promise<Running> {
  const port = freePort();
  const began = performance.now();
  const child = Bun.spawn([process.execPath, join(root, 'src/main.ts')], {
    cwd: root,
    env: {
      ...process.env,
      PORT: String(port),
      DATA_DIR: dataDir,
      LOG_LEVEL: 'warn',
      ...(sandbox ? { TELEGRAM_API_ROOT: sandbox.telegramRoot, VK_API_ROOT: sandbox.vkRoot } : {}),
    },
    stdout: 'ignore',
    stderr: 'inherit',
  });
  const url = `http://localhost:${port}`;
  for (;;) {
    const status = await fetch(`${url}/readyz`).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) break;
    if (child.exitCode !== null) throw new Error('Outpost did not start');
    await Bun.sleep(5);
  }
  return {
    url,
    process: child,
    readyAfter: performance.now() - began,
    async stop() {
      child.kill('SIGTERM');
      await child.exited;
    },
  };
}

function freePort(): number {
  const probe = Bun.serve({ port: 0, fetch: () => new Response() });
  const { port } = probe;
  probe.stop(true);
  return port ?? 0;
}

/** Resident bytes of a process and everything below it; shared pages of PostgreSQL counted once (PSS). */
function residentOf(pid: number, dataDir: string): number {
  const pids = [pid, Number(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0])];
  const children = (parent: number): number[] =>
    readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === String(parent) ? [Number(name)] : [];
      } catch {
        return [];
      }
    });
  const all = new Set(pids.flatMap((one) => [one, ...children(one)]));
  let kilobytes = 0;
  for (const one of all) {
    const pss = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${one}/smaps_rollup`, 'utf8'))?.[1];
    kilobytes += Number(pss ?? 0);
  }
  return kilobytes * 1_024;
}

async function ask<T>(
  url: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<T & { cookie: string }> {
  const form = body instanceof FormData;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { ...(form ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return { ...JSON.parse(text || '{}'), cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '' };
}

async function startSandboxProcess(): Promise<{ sandbox: RemoteSandbox; stop(): Promise<void> }> {
  const child = Bun.spawn([process.execPath, join(root, 'src/sandbox/main.ts')], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const { url } = JSON.parse(new TextDecoder().decode(value)) as { url: string };
  return {
    sandbox: sandboxAt(url),
    async stop() {
      child.kill('SIGTERM');
      await child.exited;
    },
  };
}

async function measureStarts(): Promise<void> {
  const cold: number[] = [];
  const existing: number[] = [];
  let resident = 0;
  for (let round = 0; round < starts; round += 1) {
    const dataDir = join(scratch, `start-${round}`);
    const first = await startOutpost(dataDir, null);
    cold.push(first.readyAfter);
    if (round === 0) {
      await Bun.sleep(10_000);
      resident = residentOf(first.process.pid, dataDir);
    }
    await first.stop();
    const second = await startOutpost(dataDir, null);
    existing.push(second.readyAfter);
    await second.stop();
  }
  console.log(`\nstart of bun src/main.ts → /readyz 200, ${starts} runs`);
  console.log(`  cold data folder      median ${ms(median(cold))}   (${sorted(cold).map(ms).join(', ')})`);
  console.log(
    `  existing data folder  median ${ms(median(existing))}   (${sorted(existing).map(ms).join(', ')})`,
  );
  console.log(
    `resident at rest, 10 s after the start, both engines and PostgreSQL included (PSS): ${(resident / 1e6).toFixed(0)} MB`,
  );
}

interface Seeded {
  key: string;
  workspaceId: string;
  mediaId: string;
  communities: { id: string; network: string }[];
}

/** 200 places: of every ten, seven Telegram channels (twenty to a bot) and three VK communities with tokens of their own. */
async function seed(url: string, sandbox: RemoteSandbox): Promise<Seeded> {
  const origin = { email: 'bench@example.com', password: 'a long bench password', name: 'Bench' };
  const registered = await ask<{ workspace: { id: string } }>(url, 'POST', '/v1/auth/register', origin, {});
  const { key } = await ask<{ key: string }>(
    url,
    'POST',
    '/v1/api-keys',
    { name: 'bench', scopes: ['*'] },
    { cookie: registered.cookie },
  );
  const headers = { authorization: `Bearer ${key}` };
  const form = new FormData();
  const picture = await sharp({ create: { width: 1280, height: 720, channels: 3, background: '#3377aa' } })
    .jpeg()
    .toBuffer();
  form.set('file', new File([new Uint8Array(picture)], 'picture.jpg', { type: 'image/jpeg' }));
  const media = await ask<{ id: string }>(url, 'POST', '/v1/media', form, headers);

  const communities: Seeded['communities'] = [];
  const connect = async (network: string, external_id: string, credentials: Record<string, string>) => {
    const body = { network, external_id, credentials };
    const made = await ask<{ id: string }>(url, 'POST', '/v1/communities', body, headers);
    return { id: made.id, network };
  };
  const connecting: Promise<Seeded['communities'][number]>[] = [];
  let bot = await sandbox.addBot({});
  for (let index = 0; index < posts; index += 1) {
    if (index % 10 < 7) {
      if (index % 20 === 0) bot = await sandbox.addBot({});
      const chat = await sandbox.addChat({ title: `Channel ${index}` });
      await sandbox.setRights({ chat: chat.id, bot: bot.id });
      connecting.push(connect('telegram', String(chat.id), { bot_token: bot.token }));
    } else {
      const community = await sandbox.addCommunity({ screen_name: `club${index}`, name: `Club ${index}` });
      const { token } = await sandbox.addVkToken({ kind: 'community', group_id: community.id });
      const made = connect('vk', String(community.id), { community_token: token });
      // Without a user's token VK takes a picture as a document, where the owner allows it.
      const settings = { photos_as_documents: true };
      connecting.push(
        made.then(async (one) => {
          await ask(url, 'PATCH', `/v1/communities/${one.id}`, { settings }, headers);
          return one;
        }),
      );
    }
    // A few at a time: VK's own pace is a wait for most of it.
    if (connecting.length === 20) communities.push(...(await Promise.all(connecting.splice(0))));
  }
  communities.push(...(await Promise.all(connecting)));
  return { key, workspaceId: registered.workspace.id, mediaId: media.id, communities };
}

/** Schedules one post per place, spread evenly, and prints how late each request reached the network. */
async function measurePunctuality(
  label: string,
  outpost: Running,
  sandbox: RemoteSandbox,
  seeded: Seeded,
): Promise<void> {
  const headers = { authorization: `Bearer ${seeded.key}` };
  // Far enough ahead that the first VK pictures are uploaded before their time, as they are in real life.
  const first = Date.now() + 75_000;
  const due = new Map<string, { at: number; network: string }>();
  for (const [index, community] of seeded.communities.entries()) {
    const when = first + Math.round((index * seconds * 1_000) / posts);
    const text = `${label} ${index}`;
    due.set(text, { at: when, network: community.network });
    await ask(
      outpost.url,
      'POST',
      '/v1/posts',
      {
        text,
        // Every VK post has a picture, every second Telegram post too.
        media_ids: community.network === 'vk' || index % 2 === 0 ? [seeded.mediaId] : [],
        community_ids: [community.id],
        scheduled_at: new Date(when).toISOString(),
      },
      headers,
    );
  }
  await Bun.sleep(first + seconds * 1_000 + 5_000 - Date.now());
  const accepted = (await sandbox.ledger()).filter((row) => row.event === 'accepted' && due.has(row.text));
  const lagOf = (network: string | null) =>
    sorted(
      accepted.flatMap((row) => {
        const planned = due.get(row.text);
        return planned && (network === null || planned.network === network) ? [row.at - planned.at] : [];
      }),
    );
  console.log(
    `\ndue → request at the network, ${posts} posts over ${seconds} s in ${posts} places, ${label}`,
  );
  for (const network of ['telegram', 'vk', null]) {
    const lag = lagOf(network);
    console.log(
      `  ${(network ?? 'all').padEnd(9)} n ${String(lag.length).padStart(3)}   p50 ${ms(at(lag, 0.5))}   p99 ${ms(at(lag, 0.99))}   min ${ms(lag[0] ?? Number.NaN)}   max ${ms(lag.at(-1) ?? Number.NaN)}`,
    );
  }
  const missing = [...due.keys()].filter((text) => accepted.filter((row) => row.text === text).length !== 1);
  if (missing.length > 0) console.log(`  NOT EXACTLY ONCE: ${missing.length} posts`);
}

/** Far-future posts, written by SQL: through the API they would take minutes, and it is the plan that is measured. */
async function plan(dataDir: string, seeded: Seeded): Promise<void> {
  const [, , , , socketDir = ''] = readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n');
  const sql: Sql = openPostgres(
    {
      host: socketDir === '.' ? join(dataDir, 'postgres') : socketDir,
      port: 5432,
      user: 'outpost',
      database: 'postgres',
    },
    1,
  );
  const [community] = seeded.communities;
  await sql`
    with made as (
      insert into posts (id, workspace_id, author_id, text, community_ids, scheduled_at)
      select gen_random_uuid(), ${seeded.workspaceId}, (select user_id from members where workspace_id = ${seeded.workspaceId}),
        'planned ' || n, array[${community?.id ?? ''}::uuid], now() + interval '90 days' + n * interval '2 minutes'
      from generate_series(1, ${planned}::int) n returning id, workspace_id, scheduled_at)
    insert into publications (id, workspace_id, post_id, community_id, network, due_at, next_try_at, late_at, content_version)
    select gen_random_uuid(), workspace_id, id, ${community?.id ?? ''}, 'telegram', scheduled_at, scheduled_at,
      scheduled_at + interval '3 hours', 1 from made`;
  await sql`analyze publications`;
  await sql.end();
}

try {
  await measureStarts();
  const { sandbox, stop } = await startSandboxProcess();
  const dataDir = join(scratch, 'publish');
  const outpost = await startOutpost(dataDir, sandbox);
  const seeded = await seed(outpost.url, sandbox);
  await measurePunctuality('nothing else planned', outpost, sandbox, seeded);
  await plan(dataDir, seeded);
  await measurePunctuality(`${planned} more planned months ahead`, outpost, sandbox, seeded);
  await outpost.stop();
  await stop();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

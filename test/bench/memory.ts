/**
 * Prints how much memory a large video takes on its way: uploaded over HTTP, kept in a folder, published to Telegram (a
 * Bot API server in local mode) and to VK. The product and the sandboxes run as processes of their own; read is what the
 * system counts as resident (RSS) for the product's process, PostgreSQL not included, every 5 ms.
 * `bun test/bench/memory.ts --megabytes 200`; Linux only.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type RemoteSandbox, sandboxAt } from '../../src/sandbox/client.ts';
import { freePort } from '../process.ts';
import { recordingOf } from '../recordings.ts';

const { values } = parseArgs({ options: { megabytes: { type: 'string', default: '200' } } });
const size = Number(values.megabytes) * 1024 * 1024;
const root = join(import.meta.dir, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'outpost-memory-'));

interface Process {
  pid: number;
  stop(): Promise<void>;
}

/** A valid MP4 of this size: a short video, then bytes that nobody plays. */
async function writeVideo(path: string): Promise<void> {
  const video = await recordingOf('mp4');
  const head = Buffer.alloc(8);
  head.writeUInt32BE(size - video.length);
  head.write('free', 4);
  const file = openSync(path, 'w');
  writeSync(file, video);
  writeSync(file, head);
  const block = new Uint8Array(1024 * 1024);
  for (let left = size - video.length - head.length; left > 0; left -= block.length) {
    crypto.getRandomValues(block.subarray(0, 65_536));
    writeSync(file, block.subarray(0, Math.min(left, block.length)));
  }
  closeSync(file);
}

async function startSandbox(): Promise<Process & { sandbox: RemoteSandbox }> {
  const child = Bun.spawn([process.execPath, join(root, 'src/sandbox/main.ts'), '--telegram-local'], {
    stdout: 'pipe',
    stderr: 'inherit',
  });
  const { value } = await child.stdout.getReader().read();
  const { url } = JSON.parse(new TextDecoder().decode(value)) as { url: string };
  return { sandbox: sandboxAt(url), pid: child.pid, stop: () => end(child) };
}

async function startOutpost(sandbox: RemoteSandbox): Promise<Process & { url: string }> {
  const port = freePort();
  const child = Bun.spawn([process.execPath, join(root, 'src/main.ts')], {
    cwd: root,
    env: {
      ...process.env,
      PORT: String(port),
      DATA_DIR: join(scratch, 'data'),
      LOG_LEVEL: 'warn',
      TELEGRAM_API_ROOT: sandbox.telegramRoot,
      TELEGRAM_LOCAL_SERVER: 'true',
      VK_API_ROOT: sandbox.vkRoot,
    },
    stdout: 'ignore',
    stderr: 'inherit',
  });
  const url = `http://localhost:${port}`;
  const status = () =>
    fetch(`${url}/readyz`).then(
      (answer) => answer.status,
      () => 0,
    );
  while ((await status()) !== 200) {
    if (child.exitCode !== null) throw new Error('Outpost did not start');
    await Bun.sleep(20);
  }
  return { url, pid: child.pid, stop: () => end(child) };
}

async function end(child: Bun.Subprocess): Promise<void> {
  child.kill('SIGTERM');
  await child.exited;
}

function residentOf({ pid }: Process): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(line ?? Number.NaN) * 1_024;
}

interface Row {
  step: string;
  before: number;
  peak: number;
  seconds: number;
  outcome: string;
}

/** Does something and watches the memory of a process meanwhile. */
async function watch(step: string, process: Process, act: () => Promise<string>): Promise<Row> {
  const before = residentOf(process);
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, residentOf(process));
  }, 5);
  const began = performance.now();
  const outcome = await act().catch((error: unknown) => (error instanceof Error ? error.message : 'failed'));
  clearInterval(timer);
  return { step, before, peak, seconds: (performance.now() - began) / 1_000, outcome };
}

let credentials: Record<string, string> = {};

async function ask<T>(url: string, method: string, path: string, body?: unknown): Promise<T> {
  const form = body instanceof FormData;
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { ...(body && !form ? { 'content-type': 'application/json' } : {}), ...credentials },
    ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
  });
  const cookie = answer.headers.get('set-cookie')?.split(';')[0];
  if (cookie) credentials = { cookie };
  const parsed = await answer.json();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${parsed.detail}`);
  return parsed;
}

interface Post {
  id: string;
  publications: { state: string; error?: { message?: string } | null }[];
}

async function publish(url: string, community: string, media: string): Promise<string> {
  let post = await ask<Post>(url, 'POST', '/v1/posts', {
    text: 'A long video',
    community_ids: [community],
    media_ids: [media],
    publish_now: true,
  });
  const until = Date.now() + 300_000;
  const over = ['published', 'failed', 'unconfirmed', 'cancelled'];
  for (;;) {
    const [publication] = post.publications;
    const state = publication?.state ?? 'none';
    if (over.includes(state)) return `${state} ${publication?.error?.message ?? ''}`.trim();
    if (Date.now() > until) return `still ${state}`;
    await Bun.sleep(100);
    post = await ask(url, 'GET', `/v1/posts/${post.id}`);
  }
}

async function connect(url: string, sandbox: RemoteSandbox): Promise<[string, string][]> {
  const bot = await sandbox.addBot({});
  const chat = await sandbox.addChat({ title: 'Channel' });
  await sandbox.setRights({ chat: chat.id, bot: bot.id });
  const group = await sandbox.addCommunity({ screen_name: 'club1', name: 'Club' });
  const user = await sandbox.addVkToken({ kind: 'user', admin_of: [group.id] });
  const ways = [
    { network: 'telegram', external_id: String(chat.id), credentials: { bot_token: bot.token } },
    { network: 'vk', external_id: String(group.id), credentials: { user_token: user.token } },
  ];
  const made: [string, string][] = [];
  for (const way of ways) {
    made.push([way.network, (await ask<{ id: string }>(url, 'POST', '/v1/communities', way)).id]);
  }
  return made;
}

const running: Process[] = [];
try {
  const path = join(scratch, 'video.mp4');
  await writeVideo(path);
  const { sandbox, ...box } = await startSandbox();
  running.push(box);
  const outpost = await startOutpost(sandbox);
  running.push(outpost);
  const { url } = outpost;
  await ask(url, 'POST', '/v1/auth/register', {
    email: 'bench@example.com',
    password: 'a long bench password',
    name: 'Bench',
  });
  const communities = await connect(url, sandbox);
  await Bun.sleep(5_000);

  const rows: Row[] = [];
  let media = '';
  rows.push(
    await watch('upload', outpost, async () => {
      const form = new FormData();
      form.append('file', Bun.file(path), 'video.mp4');
      const made = await ask<{ id: string; kind: string; size: number }>(url, 'POST', '/v1/media', form);
      media = made.id;
      return `${made.kind}, ${made.size} bytes`;
    }),
  );
  for (const [network, community] of communities) {
    await Bun.sleep(2_000);
    rows.push(await watch(`publish to ${network}`, outpost, () => publish(url, community, media)));
  }

  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  console.log(`a video of ${mb(size)}, resident memory of the product`);
  console.log(
    `  ${'step'.padEnd(20)}${'before'.padStart(8)}${'peak'.padStart(8)}${'more'.padStart(8)}${'time'.padStart(8)}  outcome`,
  );
  for (const { step, before, peak, seconds, outcome } of rows) {
    console.log(
      `  ${step.padEnd(20)}${mb(before).padStart(8)}${mb(peak).padStart(8)}${mb(peak - before).padStart(8)}${`${seconds.toFixed(1)} s`.padStart(8)}  ${outcome}`,
    );
  }
} finally {
  for (const one of running.reverse()) await one.stop();
  rmSync(scratch, { recursive: true, force: true });
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Subprocess } from 'bun';
import sharp from 'sharp';
import type { CrashPoint } from '../../src/context.ts';
import { type Durations, defaultDurations } from '../../src/durations.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { openPostgres, type Sql } from '../../src/stores/postgres.ts';
import { copyReady } from '../ready.ts';
import type { ChildOrders, Doom } from './child.ts';
import { readBook, violations } from './invariants.ts';

/** The publishing machine's waits, shortened; the order between them is that of the real ones. */
export const quick: Partial<Durations> = {
  lease: 1_500,
  heartbeat: 300,
  sweep: 250,
  promote: 1_000,
  reach: 5_000,
  prepare: 1_500,
  lookUps: [100, 400, 1_200, 2_400, 4_000],
  absentApart: 500,
  sendStart: 1_000,
  sendText: 1_000,
  sendMedia: 2_000,
  networkSecond: 40,
  sendPermit: 10,
  callPermit: 80,
  notSent: [50, 100, 200],
  limitedFirst: 300,
  breakerProbe: 300,
  refreshLease: 1_500,
  drain: 5_000,
};

const { networkSecond, sendPermit, callPermit } = defaultDurations;
/** The networks' own pace again, where it is what matters. */
export const truePace: Partial<Durations> = { networkSecond, sendPermit, callPermit };

export interface Round {
  sandbox: Sandbox;
  dataDir: string;
  /**
   * Starts a child Outpost on this round's data, after an orderly stop of the one that runs. Resolves when it is ready, or
   * when it died before that (url null).
   */
  spawn(orders?: Partial<ChildOrders>): Promise<Child>;
  /** The child that runs; where none does, a new one. */
  child(): Promise<Child>;
  /** The database of the running child. */
  sql(): Sql;
  /** Waits until `done` answers true; throws after `milliseconds` with what was seen last. */
  until(what: string, milliseconds: number, done: () => Promise<boolean> | boolean): Promise<void>;
  /** Every broken promise so far, over all children of the round. */
  violations(created: readonly string[], secrets: readonly string[]): Promise<string[]>;
  close(): Promise<void>;
}

export interface Child {
  url: string | null;
  process: Subprocess<'pipe', 'pipe', 'inherit'>;
  /** Makes it kill itself, as hard as can be, when it next reaches `point`. */
  killAt(point: CrashPoint): Promise<void>;
  /** JSON in, JSON out. Throws on a lost connection. */
  ask<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<T>;
}

export async function openRound(options: { fullLength?: boolean } = {}): Promise<Round> {
  const sandbox = await startSandbox({ floodLimits: false });
  const dataDir = mkdtempSync(join(tmpdir(), 'outpost-faults-'));
  await copyReady(dataDir);
  const logs: string[] = [];
  const children: Child[] = [];
  let database: Sql | null = null;
  let socket = '';

  /** The one that runs: there is one at a time, since the stores under the data folder are its own. */
  const running = () =>
    children.find(({ process }) => process.exitCode === null && process.signalCode === null);

  async function stop(): Promise<void> {
    const child = running();
    child?.process.kill('SIGTERM');
    await child?.process.exited;
  }

  async function spawn(orders: Partial<ChildOrders> = {}): Promise<Child> {
    await stop();
    const told: ChildOrders = {
      env: {
        DATA_DIR: dataDir,
        HOST: '127.0.0.1',
        PUBLIC_URL: 'http://localhost',
        TELEGRAM_API_ROOT: sandbox.telegramRoot,
        VK_API_ROOT: sandbox.vkRoot,
        TELEGRAM_PREVIEW_ROOT: sandbox.telegramPages,
        VK_OAUTH_ROOT: sandbox.vkIdRoot,
        VK_COMMUNITY_OAUTH_ROOT: sandbox.vkOauthRoot,
        LOG_LEVEL: 'debug',
        // Fetching updates would use up the faults that a round has planned.
        OUTPOST_INBOUND: 'off',
        ...orders.env,
      },
      durations: options.fullLength ? {} : { ...quick, ...orders.durations },
    };
    const child = Bun.spawn([process.execPath, join(import.meta.dir, 'child.ts'), JSON.stringify(told)], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    const ready = Promise.withResolvers<string | null>();
    let doomed = Promise.withResolvers<void>();
    void (async () => {
      let rest = '';
      for await (const part of child.stdout.pipeThrough(
        new TextDecoderStream() as never,
      ) as AsyncIterable<string>) {
        const lines = (rest + part).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const told = /^\{"ready":"(.+)","socket":"(.+)"\}$/.exec(line);
          if (told) {
            socket = told[2] ?? '';
            ready.resolve(told[1] ?? null);
          } else if (line === '{"doomed":true}') doomed.resolve();
          else logs.push(line);
        }
      }
      ready.resolve(null);
    })();
    const url = await ready.promise;
    const made: Child = {
      url,
      process: child,
      async killAt(point) {
        doomed = Promise.withResolvers();
        child.stdin.write(`${JSON.stringify({ point } satisfies Doom)}\n`);
        child.stdin.flush();
        await doomed.promise;
      },
      async ask(method, path, body, headers = {}) {
        const response = await fetch(`${url}${path}`, {
          method,
          headers: {
            ...(body instanceof FormData ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
        });
        const text = await response.text();
        if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
        return {
          ...(text ? JSON.parse(text) : {}),
          ...(response.headers.has('set-cookie')
            ? { cookie: response.headers.get('set-cookie')?.split(';')[0] }
            : {}),
        };
      },
    };
    children.push(made);
    return made;
  }

  function sql(): Sql {
    database ??= openPostgres({ host: socket, port: 5432, user: 'outpost', database: 'postgres' }, 2);
    return database;
  }

  return {
    sandbox,
    dataDir,
    spawn,
    child: async () => running() ?? spawn(),
    sql,
    async until(what, milliseconds, done) {
      const deadline = performance.now() + milliseconds;
      while (!(await done())) {
        if (performance.now() > deadline) throw new Error(`${what} did not happen within ${milliseconds} ms`);
        await Bun.sleep(20);
      }
    },
    async violations(created, secrets) {
      return violations(await readBook(sql(), logs), sandbox.ledger(), created, secrets);
    },
    async close() {
      await database?.end({ timeout: 1 });
      // One that was killed left its PostgreSQL behind: another start and an orderly stop take it down.
      if (children.at(-1)?.process.signalCode) await spawn();
      await stop();
      await sandbox.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export interface Seeded {
  key: string;
  telegram: string;
  vk: string;
  mediaId: string;
  /** Everything that may be in no trace. */
  secrets: string[];
}

/** Registers, makes a key, connects a Telegram channel and a VK community, uploads a picture: through the API alone. */
export async function seed(round: Round, child: Child, options: { vkUserToken: boolean }): Promise<Seeded> {
  const bot = round.sandbox.addBot();
  const chat = round.sandbox.addChat({ title: 'Channel' });
  round.sandbox.setRights({ chat: chat.id, bot: bot.id });
  const community = round.sandbox.addCommunity({ screen_name: 'faults', name: 'Faults' });
  const communityToken = round.sandbox.addVkToken({ kind: 'community', group_id: community.id }).token;
  const userToken = round.sandbox.addVkToken({ kind: 'user', admin_of: [community.id] }).token;

  const password = `correct horse ${crypto.randomUUID()}`;
  const { cookie } = await child.ask<{ cookie: string }>('POST', '/v1/auth/register', {
    email: 'faults@example.com',
    password,
    name: 'Faults',
  });
  const { key } = await child.ask<{ key: string }>(
    'POST',
    '/v1/api-keys',
    { name: 'faults', scopes: ['*'] },
    { cookie },
  );
  const headers = { authorization: `Bearer ${key}` };
  const telegram = await child.ask<{ id: string }>(
    'POST',
    '/v1/communities',
    { network: 'telegram', credentials: { bot_token: bot.token }, external_id: String(chat.id) },
    headers,
  );
  const vk = await child.ask<{ id: string }>(
    'POST',
    '/v1/communities',
    {
      network: 'vk',
      credentials: {
        community_token: communityToken,
        ...(options.vkUserToken ? { user_token: userToken } : {}),
      },
      external_id: 'faults',
    },
    headers,
  );
  const form = new FormData();
  const picture = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#2277aa' } })
    .png()
    .toBuffer();
  form.set('file', new File([new Uint8Array(picture)], 'picture.png', { type: 'image/png' }));
  const media = await child.ask<{ id: string }>('POST', '/v1/media', form, headers);
  return {
    key,
    telegram: telegram.id,
    vk: vk.id,
    mediaId: media.id,
    secrets: [bot.token, communityToken, userToken, key, password, cookie.split('=')[1] ?? cookie],
  };
}

export interface PublicationAnswer {
  id: string;
  state: string;
  community: { network: string };
  actions: string[];
}

/** Schedules one post for both communities; the text is its Idempotency-Key. Answers the publications' ids. */
export async function schedule(
  child: Child,
  seeded: Seeded,
  text: string,
  at: Date,
  options: { picture?: boolean; communities?: string[]; timeSensitive?: boolean } = {},
): Promise<{ postId: string; ids: string[] }> {
  const post = await child.ask<{ id: string; publications: PublicationAnswer[] }>(
    'POST',
    '/v1/posts',
    {
      text,
      media_ids: options.picture ? [seeded.mediaId] : [],
      community_ids: options.communities ?? [seeded.telegram, seeded.vk],
      scheduled_at: at.toISOString(),
      time_sensitive: options.timeSensitive ?? false,
    },
    { authorization: `Bearer ${seeded.key}`, 'idempotency-key': text },
  );
  return { postId: post.id, ids: post.publications.map((publication) => publication.id) };
}

/** The state of each of these publications; without `ids` of all that there are. */
export async function states(round: Round, ids?: readonly string[]): Promise<Record<string, string>> {
  const rows = await round.sql()<{ id: string; state: string }[]>`
    select id, state from publications where ${ids ?? null}::uuid[] is null or id = any(${ids ?? null}::uuid[])`;
  return Object.fromEntries(rows.map((row) => [row.id, row.state]));
}

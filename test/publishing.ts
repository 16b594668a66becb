import sharp from 'sharp';
import { startJobs } from '../src/jobs.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/server.ts';
import { quick } from './faults/round.ts';
import {
  type Account,
  openTest,
  type Test,
  type TestAnswer,
  type TestOverrides,
  type TestRequest,
} from './harness.ts';

/** A connected community and what stands behind it in the sandbox. */
export interface Connected {
  id: string;
  network: 'telegram' | 'vk';
  /** The bot token, or the tokens of VK. */
  tokens: string[];
  /** Chat id or group id. */
  place: number;
}

/** Both networks as sandboxes, an owner with a key, and the publishing machine where it is started. */
export interface Publishing extends AsyncDisposable {
  sandbox: Sandbox;
  test: Test;
  owner: Account;
  key: string;
  /** Sends as the owner's key, unless told otherwise. */
  ask(method: string, path: string, body?: unknown, options?: TestRequest): Promise<TestAnswer>;
  telegram(options?: { timezone?: string; as?: Account }): Promise<Connected>;
  /** `tokens`: which ones are given; a user token can send photos and read the wall. */
  vk(options?: {
    timezone?: string;
    tokens?: ('community' | 'user')[];
    docs?: boolean;
    /** What the owner chooses for it once it is connected. */
    settings?: Record<string, unknown>;
  }): Promise<Connected>;
  picture(as?: Account, colour?: string): Promise<string>;
  /** Starts the machine; it is drained by `close`. */
  start(): Promise<void>;
  /** Drains the machine: from then on nothing happens by itself. */
  rest(): Promise<void>;
  /** Asks the post again until every publication is in one of these states. */
  reaches(postId: string, states: string | readonly string[], milliseconds?: number): Promise<Publications>;
  close(): Promise<void>;
}

export type Publications = {
  id: string;
  state: string;
  actions: string[];
  hold_reason: string | null;
  remote_id: string | null;
  remote_url: string | null;
  published_at: string | null;
  dismissed_at: string | null;
  due_at: string;
  note: string | null;
  attempts: number;
  error: { kind: string; code: string; message: string; next_step: string | null } | null;
  community: { id: string; network: string };
  history: { at: string; from: string | null; to: string; reason: string | null }[];
  evidence: { kind: string; outcome: string | null; decided_by: string | null }[];
}[];

/** Opens everything; the durations are those of the fault suite. */
export async function openPublishing(
  overrides: TestOverrides = {},
  roots: (sandbox: Sandbox) => Record<string, string> = ({ telegramRoot, vkRoot }) => ({
    telegram: telegramRoot,
    vk: vkRoot,
  }),
): Promise<Publishing> {
  const sandbox = await startSandbox({ floodLimits: false });
  const test = await openTest({
    registration: 'open',
    ...overrides,
    roots: roots(sandbox),
    otherRoots: {
      telegram: { preview: sandbox.telegramPages, local: 'false', ...overrides.otherRoots?.telegram },
      vk: { oauth: sandbox.vkIdRoot, community_oauth: sandbox.vkOauthRoot },
    },
    durations: { ...quick, ...overrides.durations },
  });
  const owner = await test.register({ timezone: 'Europe/Moscow' });
  const key = await test.apiKey(owner);
  let machine: Awaited<ReturnType<typeof startJobs>> | null = null;
  let places = 0;

  async function connect(body: object, options: TestRequest): Promise<string> {
    const answer = await test.request('POST', '/v1/communities', { ...options, body });
    if (answer.status !== 201) throw new Error(`connecting answered ${JSON.stringify(answer.body)}`);
    return answer.body.id;
  }

  const made: Publishing = {
    sandbox,
    test,
    owner,
    key,
    ask: (method, path, body, options) =>
      test.request(method, path, { key, ...(body === undefined ? {} : { body }), ...options }),
    async telegram({ timezone, as } = {}) {
      places += 1;
      const bot = sandbox.addBot();
      const chat = sandbox.addChat({ title: `Channel ${places}`, admins: [{ bot: bot.id }] });
      const id = await connect(
        {
          network: 'telegram',
          credentials: { bot_token: bot.token },
          external_id: String(chat.id),
          ...(timezone ? { timezone } : {}),
        },
        as ? { cookie: as.cookie } : { key },
      );
      return { id, network: 'telegram', tokens: [bot.token], place: chat.id };
    },
    async vk({ timezone, tokens = ['community', 'user'], docs = true, settings } = {}) {
      places += 1;
      const group = sandbox.addCommunity({ screen_name: `group${places}`, name: `Group ${places}` });
      const community = sandbox.addVkToken({
        kind: 'community',
        group_id: group.id,
        ...(docs ? {} : { scopes: ['wall', 'photos'], refuse_docs: true }),
      }).token;
      const user = sandbox.addVkToken({ kind: 'user', admin_of: [group.id] }).token;
      const credentials = {
        ...(tokens.includes('community') ? { community_token: community } : {}),
        ...(tokens.includes('user') ? { user_token: user } : {}),
      };
      const id = await connect(
        { network: 'vk', credentials, external_id: group.screen_name, ...(timezone ? { timezone } : {}) },
        { key },
      );
      if (settings) {
        const answer = await test.request('PATCH', `/v1/communities/${id}`, { key, body: { settings } });
        if (answer.status !== 200) throw new Error(`settings answered ${JSON.stringify(answer.body)}`);
      }
      return { id, network: 'vk', tokens: [community, user], place: group.id };
    },
    async picture(as, colour = '#2277aa') {
      const bytes = await sharp({ create: { width: 64, height: 48, channels: 3, background: colour } })
        .png()
        .toBuffer();
      const form = new FormData();
      form.set('file', new File([new Uint8Array(bytes)], 'picture.png', { type: 'image/png' }));
      const answer = await test.request('POST', '/v1/media', {
        ...(as ? { cookie: as.cookie } : { key }),
        body: form,
      });
      if (answer.status !== 201) throw new Error(`uploading answered ${JSON.stringify(answer.body)}`);
      return answer.body.id;
    },
    async start() {
      machine ??= await startJobs(test.ctx);
    },
    async rest() {
      await machine?.drain(5_000);
      machine = null;
    },
    async reaches(postId, states, milliseconds = 20_000) {
      const wanted = typeof states === 'string' ? [states] : states;
      const deadline = performance.now() + milliseconds;
      for (;;) {
        const { body } = await made.ask('GET', `/v1/posts/${postId}/publications`);
        const publications: Publications = body.data;
        if (publications.every(({ state }) => wanted.includes(state))) return publications;
        if (performance.now() > deadline) {
          throw new Error(`not ${wanted} within ${milliseconds} ms: ${JSON.stringify(publications)}`);
        }
        await Bun.sleep(25);
      }
    },
    async close() {
      await made.rest();
      await test.close();
      await sandbox.stop();
    },
    [Symbol.asyncDispose]: () => made.close(),
  };
  return made;
}

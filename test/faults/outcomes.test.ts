import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { FaultRule } from '../../src/sandbox/faults.ts';
import {
  type Child,
  openRound,
  type PublicationAnswer,
  type Round,
  type Seeded,
  schedule,
  seed,
} from './round.ts';

let round: Round;
let child: Child;
let seeded: Seeded;
const created: string[] = [];

beforeAll(async () => {
  round = await openRound();
  child = await round.spawn();
  seeded = await seed(round, child, { vkUserToken: true });
}, 30_000);
afterAll(() => round.close(), 30_000);

interface Detail extends PublicationAnswer {
  remote_id: string | null;
  hold_reason: string | null;
  error: { kind: string; code: string; message: string; next_step: string | null } | null;
  history: { from: string | null; to: string }[];
  evidence: { kind: string; outcome: string | null }[];
}

const headers = () => ({ authorization: `Bearer ${seeded.key}` });

async function detail(postId: string): Promise<Detail> {
  const { data } = await child.ask<{ data: Detail[] }>(
    'GET',
    `/v1/posts/${postId}/publications`,
    undefined,
    headers(),
  );
  const [one] = data;
  if (!one) throw new Error('the post has no publication');
  return one;
}

/** Sends one text to one network under the given faults. */
async function publish(network: 'telegram' | 'vk', text: string, ...faults: FaultRule[]): Promise<string> {
  for (const fault of faults) round.sandbox.fault({ ...fault, match: { text_contains: text } });
  const post = await schedule(child, seeded, text, new Date(Date.now() + 500), {
    communities: [seeded[network]],
  });
  created.push(...post.ids);
  return post.postId;
}

async function reaches(postId: string, state: string, milliseconds = 12_000): Promise<Detail> {
  await round.until(`state ${state}`, milliseconds, async () => {
    const [row] = await round.sql()<
      { state: string }[]
    >`select state from publications where post_id = ${postId}`;
    return row?.state === state;
  });
  return detail(postId);
}

function requests(text: string) {
  return round.sandbox.ledger().filter((row) => row.event === 'request' && row.text === text);
}

function accepted(text: string) {
  return round.sandbox.ledger().filter((row) => row.event === 'accepted' && row.text === text);
}

const steps = (publication: Detail) => publication.history.map((event) => event.to);

test('Telegram that accepts and loses the answer is sent one request and asks with three answers', async () => {
  const id = await publish('telegram', 'lost answer', {
    network: 'telegram',
    method: 'sendMessage',
    action: { kind: 'drop_after' },
  });
  const publication = await reaches(id, 'unconfirmed');
  expect(steps(publication)).toEqual(['scheduled', 'sending', 'confirming', 'unconfirmed']);
  expect(publication.actions).toEqual(['confirm', 'absent', 'discard']);
  expect(requests('lost answer')).toHaveLength(1);

  const remoteId = accepted('lost answer')[0]?.remote_id ?? '';
  const chat = round.sandbox
    .posts()
    .find((place) => place.network === 'telegram' && place.title === 'Channel');
  const address = `https://t.me/c/${String(chat?.place).replace(/^-100/, '')}/${remoteId}`;
  await child.ask('POST', `/v1/publications/${publication.id}/confirm`, { remote_url: address }, headers());
  const after = await detail(id);
  expect(after.state).toBe('published');
  expect(after.remote_id).toBe(remoteId);
});

test('not there, send again: a second send goes out only after a person said so', async () => {
  const id = await publish('telegram', 'never arrived', {
    network: 'telegram',
    method: 'sendMessage',
    action: { kind: 'drop_before' },
  });
  const publication = await reaches(id, 'unconfirmed');
  await child.ask('POST', `/v1/publications/${publication.id}/absent`, {}, headers());
  await reaches(id, 'published');
  expect(accepted('never arrived')).toHaveLength(1);
  expect((await detail(id)).evidence.map((one) => one.outcome)).toEqual(['absent', 'accepted']);
});

test('an unconfirmed publication can be discarded and is not sent again', async () => {
  const id = await publish('telegram', 'dropped by a person', {
    network: 'telegram',
    method: 'sendMessage',
    action: { kind: 'drop_before' },
  });
  const publication = await reaches(id, 'unconfirmed');
  await child.ask('POST', `/v1/publications/${publication.id}/discard`, {}, headers());
  expect((await detail(id)).state).toBe('cancelled');
  expect(accepted('dropped by a person')).toHaveLength(0);
});

test('VK with a user token finds the post whose answer was lost on the wall', async () => {
  const id = await publish('vk', 'found on the wall', {
    network: 'vk',
    method: 'wall.post',
    action: { kind: 'drop_after' },
  });
  const publication = await reaches(id, 'published');
  expect(steps(publication)).toEqual(['scheduled', 'sending', 'confirming', 'published']);
  expect(accepted('found on the wall')).toHaveLength(1);
  expect(publication.remote_id).toBe(accepted('found on the wall')[0]?.remote_id ?? '');
});

test('VK with a user token sends once more after two reads far apart agree that nothing is there', async () => {
  const id = await publish('vk', 'absent twice', {
    network: 'vk',
    method: 'wall.post',
    action: { kind: 'drop_before' },
  });
  const publication = await reaches(id, 'published', 20_000);
  expect(steps(publication)).toEqual([
    'scheduled',
    'sending',
    'confirming',
    'scheduled',
    'sending',
    'published',
  ]);
  expect(
    publication.evidence.filter((one) => one.kind === 'find' && one.outcome === 'absent').length,
  ).toBeGreaterThan(1);
  expect(accepted('absent twice')).toHaveLength(1);
}, 25_000);

test('a 429 waits as long as it is told and then sends once more', async () => {
  const id = await publish('telegram', 'slow down', {
    network: 'telegram',
    method: 'sendMessage',
    action: { kind: 'telegram_429', retry_after: 2 },
  });
  await reaches(id, 'published');
  const [first, second, ...more] = requests('slow down');
  expect(more).toEqual([]);
  expect((second?.at ?? 0) - (first?.done_at ?? 0)).toBeGreaterThanOrEqual(1_990);
});

test('a definite 403 fails with a plain reason and a next step, and can be tried again', async () => {
  const id = await publish('telegram', 'no rights', {
    network: 'telegram',
    method: 'sendMessage',
    action: {
      kind: 'telegram_error',
      error_code: 403,
      description: 'Forbidden: bot is not a member of the channel chat',
    },
  });
  const publication = await reaches(id, 'failed');
  expect(publication.error?.kind).toBe('rejected');
  expect(publication.error?.message).not.toMatch(/Forbidden|403/);
  expect(publication.error?.next_step).toBeTruthy();
  expect(publication.actions).toEqual(['retry', 'dismiss']);
  await child.ask('POST', `/v1/publications/${publication.id}/retry`, {}, headers());
  await reaches(id, 'published');
  expect(accepted('no rights')).toHaveLength(1);
});

for (const kind of [
  'status_500',
  'status_500_after',
  'html_502',
  'truncated_json',
  'empty_200',
  'redirect_302',
  'malformed_json',
  'wrong_shape',
] as const) {
  test(`a ${kind.replaceAll('_', ' ')} is never called failed and never sent twice`, async () => {
    for (const network of ['telegram', 'vk'] as const) {
      const text = `${kind} at ${network}`;
      const method = network === 'telegram' ? 'sendMessage' : 'wall.post';
      const id = await publish(network, text, { network, method, action: { kind } });
      const end = await reaches(id, network === 'telegram' ? 'unconfirmed' : 'published', 15_000);
      expect(steps(end)).not.toContain('failed');
      if (network === 'telegram') expect(requests(text)).toHaveLength(1);
      expect(accepted(text).length).toBeLessThanOrEqual(1);
    }
  }, 40_000);
}

test('a group that became a supergroup is followed to its new id', async () => {
  const bot = round.sandbox.addBot();
  const group = round.sandbox.addChat({ title: 'Talk', type: 'group' });
  round.sandbox.setRights({ chat: group.id, bot: bot.id });
  const community = await child.ask<{ id: string }>(
    'POST',
    '/v1/communities',
    { network: 'telegram', credentials: { bot_token: bot.token }, external_id: String(group.id) },
    headers(),
  );
  const next = round.sandbox.migrateChat(group.id);
  const post = await schedule(child, seeded, 'moved', new Date(Date.now() + 500), {
    communities: [community.id],
  });
  created.push(...post.ids);
  await reaches(post.postId, 'published');
  expect(accepted('moved').map((row) => row.place)).toEqual([String(next.id)]);
});

test('a dead token holds what is planned until the community is connected again', async () => {
  const bot = round.sandbox.addBot();
  const chat = round.sandbox.addChat({ title: 'Second' });
  round.sandbox.setRights({ chat: chat.id, bot: bot.id });
  const connect = (token: string) =>
    child.ask<{ id: string }>(
      'POST',
      '/v1/communities',
      { network: 'telegram', credentials: { bot_token: token }, external_id: String(chat.id) },
      headers(),
    );
  const { id: communityId } = await connect(bot.token);
  round.sandbox.revoke(bot.token);
  const post = await schedule(child, seeded, 'token died', new Date(Date.now() + 500), {
    communities: [communityId],
  });
  created.push(...post.ids);
  const held = await reaches(post.postId, 'held');
  expect(held.hold_reason).toBe('reauth');
  const community = await child.ask<{ status: string }>(
    'GET',
    `/v1/communities/${communityId}`,
    undefined,
    headers(),
  );
  expect(community.status).toBe('needs_reauth');

  const fresh = round.sandbox.addBot();
  round.sandbox.setRights({ chat: chat.id, bot: fresh.id });
  seeded.secrets.push(bot.token, fresh.token);
  expect((await connect(fresh.token)).id).toBe(communityId);
  // Its time has passed meanwhile: it waits for a decision, not for a surprise.
  const late = await detail(post.postId);
  expect([late.state, late.hold_reason]).toEqual(['held', 'late']);
  await child.ask('POST', `/v1/publications/${late.id}/release`, {}, headers());
  await reaches(post.postId, 'published');
  expect(accepted('token died')).toHaveLength(1);
});

test('every promise held over all of the above', async () => {
  expect(await round.violations(created, seeded.secrets)).toEqual([]);
});

import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import {
  type Child,
  openRound,
  type PublicationAnswer,
  type Round,
  type Seeded,
  schedule,
  seed,
  states,
  truePace,
} from './round.ts';

let round: Round;
let seeded: Seeded;
beforeAll(async () => {
  round = await openRound();
  seeded = await seed(round, await round.child(), { vkUserToken: true });
}, 30_000);
afterEach(() => {
  round.sandbox.clearFaults();
  round.sandbox.configure({ floodLimits: false });
});
afterAll(() => round.close(), 30_000);

const authorization = () => ({ authorization: `Bearer ${seeded.key}` });

/** A Telegram channel with a bot of its own. */
async function channel(child: Child, title: string): Promise<string> {
  const bot = round.sandbox.addBot();
  const chat = round.sandbox.addChat({ title });
  round.sandbox.setRights({ chat: chat.id, bot: bot.id });
  const made = await child.ask<{ id: string }>(
    'POST',
    '/v1/communities',
    { network: 'telegram', credentials: { bot_token: bot.token }, external_id: String(chat.id) },
    authorization(),
  );
  return made.id;
}

function lagOf(text: string, due: Date): number {
  const row = round.sandbox.ledger().find((one) => one.event === 'accepted' && one.text === text);
  return row ? row.at - due.getTime() : Number.POSITIVE_INFINITY;
}

test('a row that somebody locks does not stop the heartbeat of the others', async () => {
  const child = await round.spawn({ durations: { sendText: 8_000 } });
  const other = await channel(child, 'Other');
  round.sandbox.fault({
    network: 'telegram',
    method: 'sendMessage',
    times: 2,
    action: { kind: 'delay_after', ms: 4_000 },
  });
  const due = new Date(Date.now() + 1_500);
  const locked = await schedule(child, seeded, 'locked', due, { communities: [seeded.telegram] });
  const healthy = await schedule(child, seeded, 'healthy', due, { communities: [other] });
  await round.until('both are being sent', 5_000, async () =>
    Object.values(await states(round, [...locked.ids, ...healthy.ids])).every((state) => state === 'sending'),
  );
  // Longer than a lease, shorter than the send.
  await round.sql().begin(async (tx) => {
    await tx`select from publications where id = ${locked.ids[0] ?? ''} for update`;
    await Bun.sleep(2_500);
  });
  await round.until('the healthy one ends', 10_000, async () => {
    const state = (await states(round))[healthy.ids[0] ?? ''];
    return state !== 'sending';
  });
  const { data } = await child.ask<{ data: (PublicationAnswer & { history: { to: string }[] })[] }>(
    'GET',
    `/v1/posts/${healthy.postId}/publications`,
    undefined,
    authorization(),
  );
  expect(data[0]?.history.map((event) => event.to)).toEqual(['scheduled', 'sending', 'published']);
}, 60_000);

test('an answer that comes after a person said «not there» still counts, as long as nothing was sent again', async () => {
  const child = await round.spawn({
    durations: { sendText: 8_000, sweep: 60_000, heartbeat: 60_000, promote: 60_000 },
  });
  round.sandbox.fault({
    network: 'telegram',
    method: 'sendMessage',
    action: { kind: 'delay_after', ms: 3_000 },
  });
  const { ids } = await schedule(child, seeded, 'late answer', new Date(Date.now() + 1_500), {
    communities: [seeded.telegram],
  });
  const [id = ''] = ids;
  await round.until('it is being sent', 5_000, async () => (await states(round))[id] === 'sending');
  // Another worker that lost sight of this one: the lease has run out, the row was taken over and given up.
  await round.sql().begin(async (tx) => {
    await tx`update publication_attempts set outcome = 'unknown', decided_by = 'sweep' where publication_id = ${id}`;
    await tx`
      update publications set state = 'confirming', fence = fence + 1, lease_owner = null, lease_until = null,
        next_try_at = now() + interval '1 h' where id = ${id}`;
    await tx`update publications set state = 'unconfirmed' where id = ${id}`;
  });
  round.sandbox.fault({
    network: 'telegram',
    method: 'sendMessage',
    action: { kind: 'telegram_429', retry_after: 20 },
  });
  await child.ask('POST', `/v1/publications/${id}/absent`, {}, authorization());
  await round.until('it is published', 10_000, async () => (await states(round))[id] === 'published');
  expect(await round.violations(ids, seeded.secrets)).toEqual([]);
}, 60_000);

test('many pictures of one user token all get uploaded, within what VK allows', async () => {
  round.sandbox.configure({ floodLimits: true });
  const child = await round.spawn({ durations: truePace });
  const picture = seeded.mediaId;
  const ids: string[] = [];
  for (let index = 0; index < 8; index += 1) {
    const post = await schedule(
      child,
      { ...seeded, mediaId: picture },
      `pictures ${index}`,
      new Date(Date.now() + 1_500),
      {
        communities: [seeded.vk],
        picture: true,
      },
    );
    ids.push(...post.ids);
  }
  await round.until('all are published', 40_000, async () => {
    const now = await states(round);
    return ids.every((id) => now[id] === 'published');
  });
  expect(await round.violations(ids, seeded.secrets)).toEqual([]);
}, 90_000);

test('a queue before one chat does not make another chat of the same bot wait', async () => {
  const child = await round.spawn({ durations: truePace });
  const [bot] = [round.sandbox.addBot()];
  const ids: string[] = [];
  for (const title of ['Busy', 'Quiet']) {
    const chat = round.sandbox.addChat({ title });
    round.sandbox.setRights({ chat: chat.id, bot: bot?.id ?? 0 });
    const made = await child.ask<{ id: string }>(
      'POST',
      '/v1/communities',
      { network: 'telegram', credentials: { bot_token: bot?.token }, external_id: String(chat.id) },
      authorization(),
    );
    ids.push(made.id);
  }
  const due = new Date(Date.now() + 3_000);
  for (let index = 0; index < 40; index += 1) {
    await schedule(child, seeded, `busy ${index}`, due, { communities: [ids[0] ?? ''] });
  }
  const after = new Date(due.getTime() + 500);
  await schedule(child, seeded, 'quiet', after, { communities: [ids[1] ?? ''] });
  await round.until('the quiet post is there', 15_000, () => lagOf('quiet', after) < 60_000);
  expect(lagOf('quiet', after)).toBeLessThan(1_000);
}, 60_000);

test('a network that hangs does not make another one late', async () => {
  const child = await round.spawn({ durations: { ...truePace, sendText: 6_000 } });
  const other = await channel(child, 'On time');
  round.sandbox.fault({ network: 'vk', method: 'wall.post', times: 0, action: { kind: 'delay', ms: 4_000 } });
  const due = new Date(Date.now() + 6_000);
  for (let index = 0; index < 60; index += 1) {
    await schedule(child, seeded, `hangs ${index}`, due, { communities: [seeded.vk] });
  }
  const after = new Date(due.getTime() + 1_000);
  await schedule(child, seeded, 'on time', after, { communities: [other] });
  await round.until('the Telegram post is there', 15_000, () => lagOf('on time', after) < 60_000);
  expect(lagOf('on time', after)).toBeLessThan(1_000);
}, 60_000);

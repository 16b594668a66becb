import { afterAll, beforeAll, expect, test } from 'bun:test';
import { openPublishing, type Publishing } from './publishing.ts';

let p: Publishing;
beforeAll(async () => {
  p = await openPublishing();
  await p.start();
}, 30_000);
afterAll(() => p.close());

const told = (text: string) =>
  p.sandbox.ledger().filter((row) => row.event === 'accepted' && row.text === text);

test('parts go out one after the other: on Telegram as replies, on VK as comments under the post', async () => {
  const [telegram, vk] = [await p.telegram(), await p.vk()];
  const made = await p.ask('POST', '/v1/posts', {
    text: 'thread one',
    parts: [{ text: 'thread two' }, { text: 'thread three' }],
    community_ids: [telegram.id, vk.id],
    publish_now: true,
  });
  expect([made.status, made.body.errors]).toEqual([201, undefined]);
  const publications = await p.reaches(made.body.id, 'published');
  expect(publications.length).toBe(6);
  for (const text of ['thread one', 'thread two', 'thread three']) expect(told(text).length).toBe(2);
  const orders = ['telegram', 'vk'].map((network) =>
    p.sandbox
      .ledger()
      .filter((row) => row.event === 'accepted' && row.network === network && row.text?.startsWith('thread'))
      .map((row) => row.text),
  );
  expect(orders).toEqual([
    ['thread one', 'thread two', 'thread three'],
    ['thread one', 'thread two', 'thread three'],
  ]);
  const onVk = publications.filter((one) => one.community.id === vk.id);
  expect(onVk.map((one) => one.remote_id?.includes('?reply=') ?? null)).toEqual([false, true, true]);
});

test('a part that fails keeps the later ones back, and the retry lets them follow', async () => {
  const telegram = await p.telegram();
  p.sandbox.fault({
    network: 'telegram',
    method: 'sendMessage',
    match: { text_contains: 'broken second' },
    action: { kind: 'telegram_error', error_code: 400, description: 'Bad Request: message is not allowed' },
  });
  const made = await p.ask('POST', '/v1/posts', {
    text: 'whole first',
    parts: [{ text: 'broken second' }, { text: 'patient third' }],
    community_ids: [telegram.id],
    publish_now: true,
  });
  const postId = made.body.id;
  const deadline = Date.now() + 10_000;
  let states: string[] = [];
  while (Date.now() < deadline && states[1] !== 'failed') {
    const { body } = await p.ask('GET', `/v1/posts/${postId}/publications`);
    states = body.data.map((one: { state: string }) => one.state);
    await Bun.sleep(25);
  }
  expect(states).toEqual(['published', 'failed', 'held']);
  const { body: post } = await p.ask('GET', `/v1/posts/${postId}`);
  expect([post.status, post.needs_attention]).toEqual(['partially_published', true]);
  expect(told('patient third').length).toBe(0);
  const failed = post.publications[1];
  expect((await p.ask('POST', `/v1/publications/${failed.id}/retry`)).status).toBe(200);
  await p.reaches(postId, 'published');
  expect(told('patient third').length).toBe(1);
});

test('dropping a part drops the later ones with it', async () => {
  const telegram = await p.telegram();
  const made = await p.ask('POST', '/v1/posts', {
    text: 'kept first',
    parts: [{ text: 'dropped second' }],
    community_ids: [telegram.id],
    scheduled_at: new Date(Date.now() + 3_600_000).toISOString(),
  });
  const [first, second] = made.body.publications;
  expect([first.state, second.state, second.hold_reason]).toEqual(['scheduled', 'held', 'previous_part']);
  await p.ask('POST', `/v1/publications/${first.id}/cancel`);
  const { body } = await p.ask('GET', `/v1/posts/${made.body.id}`);
  expect(body.publications.map((one: { state: string }) => one.state)).toEqual(['cancelled', 'cancelled']);
});

test('an edit before the time adds and takes away parts', async () => {
  const telegram = await p.telegram();
  const made = await p.ask('POST', '/v1/posts', {
    text: 'one',
    parts: [{ text: 'two' }],
    community_ids: [telegram.id],
    scheduled_at: new Date(Date.now() + 3_600_000).toISOString(),
  });
  const longer = await p.ask('PATCH', `/v1/posts/${made.body.id}`, {
    parts: [{ text: 'two' }, { text: 'three' }],
  });
  expect(longer.body.publications.length).toBe(3);
  const shorter = await p.ask('PATCH', `/v1/posts/${made.body.id}`, { parts: [] });
  expect(shorter.body.publications.length).toBe(1);
  const fault = await p.ask('PATCH', `/v1/posts/${made.body.id}`, { parts: [{ text: 'x'.repeat(4097) }] });
  expect([fault.status, fault.body.errors[0].path]).toEqual([422, '/parts/0/text']);
});

test('a long text beside a picture goes out as two messages where that is asked for', async () => {
  const telegram = await p.telegram();
  const picture = await p.picture();
  const text = 'long '.repeat(300).trim();
  const plain = { text, media_ids: [picture], community_ids: [telegram.id], publish_now: true };
  const refused = await p.ask('POST', '/v1/posts', plain);
  expect([refused.status, refused.body.errors[0].path]).toEqual([422, '/text']);
  const options = { overrides: { telegram: { options: { long_caption: 'separate' } } } };
  const made = await p.ask('POST', '/v1/posts', { ...plain, ...options });
  expect(made.status).toBe(201);
  const publications = await p.reaches(made.body.id, 'published');
  expect(publications.length).toBe(2);
  expect(told(text).length).toBe(1);
});

test('a part that an edit adds does not wait for one that was cancelled', async () => {
  const [kept, dropped] = [await p.telegram(), await p.vk()];
  const made = await p.ask('POST', '/v1/posts', {
    text: 'goes to one',
    community_ids: [kept.id, dropped.id],
    scheduled_at: new Date(Date.now() + 3_600_000).toISOString(),
  });
  const at = (to: { id: string }) => (one: { community: { id: string } }) => one.community.id === to.id;
  await p.ask('POST', `/v1/publications/${made.body.publications.find(at(dropped)).id}/cancel`);
  const { body } = await p.ask('PATCH', `/v1/posts/${made.body.id}`, { parts: [{ text: 'and this' }] });
  const states = (to: { id: string }) =>
    body.publications.filter(at(to)).map((one: { part: number; state: string }) => [one.part, one.state]);
  expect([states(kept), states(dropped)]).toEqual([
    [
      [1, 'scheduled'],
      [2, 'held'],
    ],
    [[1, 'cancelled']],
  ]);
});

test('the first of several parts at VK is confirmed only with its address: the others go under it', async () => {
  const vk = await p.vk({ tokens: ['community'] });
  p.sandbox.fault({
    network: 'vk',
    method: 'wall.post',
    match: { text_contains: 'seen by a person' },
    action: { kind: 'drop_after' },
  });
  const made = await p.ask('POST', '/v1/posts', {
    text: 'seen by a person',
    parts: [{ text: 'under it' }],
    community_ids: [vk.id],
    publish_now: true,
  });
  const [first, second] = await p.reaches(made.body.id, ['unconfirmed', 'held']);
  const confirm = (body: object) => p.ask('POST', `/v1/publications/${first?.id}/confirm`, body);
  const refused = await confirm({});
  expect([refused.status, refused.body.errors?.[0].path]).toEqual([422, '/remote_url']);
  expect(refused.body.errors[0].message).toContain('under it as comments');
  await p.ask('POST', `/v1/publications/${second?.id}/discard`);
  expect((await confirm({})).body.state).toBe('published');
});

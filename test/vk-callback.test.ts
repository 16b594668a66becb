import { afterEach, expect, test } from 'bun:test';
import {
  confirmationCode,
  type LongPollServer,
  longPollServer,
  longPollTurn,
  registerCallback,
  removeCallback,
  vkEvents,
} from '../src/networks/vk/callback.ts';
import { accessOf, accessWith, connected, group, message, published, useVk } from './vk-ways.ts';
import { closedPort, failureOf, noViolation, sandbox } from './ways.ts';

useVk();

interface Event {
  type: string;
  event_id?: string;
  secret?: string;
  object?: { id?: number };
}

const listeners: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of listeners.splice(0)) await one.stop();
});

/** An address as ours would be: it confirms with the code that it was told, and takes everything else. */
function listen(events: Event[], code: () => string): string {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const event = (await request.json()) as Event;
      if (event.type === 'confirmation') return new Response(code());
      events.push(event);
      return new Response('ok');
    },
  });
  listeners.push({ stop: () => server.stop(true) });
  return `http://127.0.0.1:${server.port}/hook`;
}

async function until(check: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !check(); tries += 1) await Bun.sleep(10);
  expect(check()).toBe(true);
}

test.each(['community', 'user', 'VK ID with rights'] as const)(
  'lets VK tell of what happens in the community: %s',
  async (kinds) => {
    const access = accessWith(kinds);
    const place = await connected(kinds);
    const events: Event[] = [];
    let code = '';
    const url = listen(events, () => code);
    const known = async (told: string) => {
      code = told;
    };
    const secret = 'a secret of ours';
    const made = await registerCallback(access, place, {
      url,
      title: 'Outpost and more than that',
      secret,
      known,
    });
    expect(made.code).toBe(await confirmationCode(access, place));
    await until(() => sandbox.vk.callbackDeliveries({ group }).some(({ taken }) => taken));
    const { remoteId } = await published(access, place, message());
    sandbox.vk.like({ group, post_id: remoteId });
    sandbox.vk.comment({ group, post_id: remoteId, text: 'hello' });
    sandbox.vk.join({ group });
    await until(() => events.length >= 4);
    expect(events.map(({ type }) => type)).toEqual([
      'wall_post_new',
      'like_add',
      'wall_reply_new',
      'group_join',
    ]);
    expect(events.every((event) => event.secret === secret)).toBe(true);
    expect(events[0]?.object?.id).toBe(Number(remoteId));

    const again = await registerCallback(access, place, { url, title: 'Outpost', secret: 'another' });
    expect(again.serverId).toBe(made.serverId);
    await until(
      () =>
        sandbox.vk.callbackDeliveries({ group }).filter(({ type }) => type === 'confirmation').length === 2,
    );
    await Bun.sleep(20);
    sandbox.vk.leave({ group });
    await until(() => events.length >= 5);
    expect(events.at(-1)).toMatchObject({ type: 'group_leave', secret: 'another' });

    await removeCallback(access, place, { url });
    await removeCallback(access, place, { url });
    sandbox.vk.join({ group });
    await Bun.sleep(50);
    expect(events).toHaveLength(5);
    noViolation();
  },
);

test('says that VK takes no more servers, and that a right is missing', async () => {
  const access = accessWith('community');
  const place = await connected('community');
  const given = (index: number) => ({ url: `http://127.0.0.1:1/${index}`, title: 'x', secret: 's' });
  for (let index = 0; index < 10; index += 1) await registerCallback(access, place, given(index));
  const full = await failureOf(registerCallback(access, place, given(10)));
  expect(full).toMatchObject({ kind: 'rejected', code: 'vk:2000' });
  expect(full.nextStep).not.toBeNull();

  const poor = accessWith('community without documents');
  const bare = await connected('community without documents');
  expect(bare.capabilities.updates.available).toBe(false);
  expect(await failureOf(confirmationCode(poor, bare))).toMatchObject({ kind: 'rejected', code: 'vk:15' });
  const off = await connected('community', { callback: false });
  expect(off.capabilities.updates).toMatchObject({ available: false });
  expect(off.capabilities.updates.next_step).toContain('callback');
});

test('fetches events, and goes on where it stopped', async () => {
  const access = accessWith('community');
  const place = await connected('community');
  const turn = (server: LongPollServer) => longPollTurn(server, { wait: 1, timeout: 5000 });
  const server = await longPollServer(access, place);
  const { remoteId } = await published(access, place, message());
  sandbox.vk.like({ group, post_id: remoteId });
  const first = await turn(server);
  if (first.kind !== 'updates') throw new Error(first.kind);
  expect(first.updates).toMatchObject([{ type: 'wall_post_new' }, { type: 'like_add' }]);
  const quiet = await turn(first.next);
  expect(quiet).toEqual({ kind: 'updates', next: first.next, updates: [] });

  sandbox.vk.failLongPoll({ group, failed: 1 });
  expect(await turn(first.next)).toMatchObject({ kind: 'lost', next: { key: server.key } });
  sandbox.vk.failLongPoll({ group, failed: 2 });
  expect(await turn(first.next)).toEqual({ kind: 'renew', keeps: true });
  sandbox.vk.failLongPoll({ group, failed: 3 });
  expect(await turn(first.next)).toEqual({ kind: 'renew', keeps: false });
  noViolation();
});

test('keeps the key of fetching out of every error', async () => {
  const access = accessWith('community');
  const server = await longPollServer(access, await connected('community'));
  const nowhere = { ...server, server: `http://127.0.0.1:${await closedPort()}/wh1` };
  const failed = await failureOf(longPollTurn(nowhere, { wait: 1, timeout: 2000 }), server.key);
  expect(failed.kind).toBe('not_sent');
  for (const kind of ['html_502', 'malformed_json', 'drop_after'] as const) {
    sandbox.fault({ network: 'vk', method: 'longpoll', action: { kind } });
    const lost = await failureOf(longPollTurn(server, { wait: 1, timeout: 2000 }), server.key);
    expect(lost.kind).toBe('unknown');
  }
});

test('hears of what it says it hears of, and a stranger hears nothing', async () => {
  expect([...vkEvents]).toContain('wall_post_new');
  const other = sandbox.addCommunity({ screen_name: 'other', name: 'Other' });
  const community_token = sandbox.addVkToken({ kind: 'community', group_id: other.id }).token;
  const place = await connected('community');
  const failed = await failureOf(longPollServer(accessOf({ community_token }), place));
  expect(failed).toMatchObject({ kind: 'rejected', code: 'vk:15' });
});

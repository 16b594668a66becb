import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { secretOf } from '../src/inbound/source.ts';
import { vkEvents } from '../src/networks/vk/updates.ts';
import { type Hearing, openHearing } from './inbound-ways.ts';
import { until } from './process.ts';

const keyOf = (place: number) => `vk:group:${place}`;

async function group(h: Hearing, tokens: ('community' | 'user')[] = ['community', 'user']) {
  const made = await h.p.vk({ tokens });
  await until('it is heard', async () => {
    const source = await h.source(keyOf(made.place));
    if (!source || source.lease_owner === null) return false;
    return source.mode === 'poll' ? source.cursor !== null : source.registered_at !== null;
  });
  return made;
}

const post = async (h: Hearing, id: string, text: string): Promise<string> => {
  const made = await h.p.ask('POST', '/v1/posts', { text, community_ids: [id], publish_now: true });
  expect([made.status, made.body.errors]).toEqual([201, undefined]);
  return made.body.id;
};

describe.each(['webhook', 'poll'] as const)('VK by %s', (mode) => {
  let h: Hearing;
  beforeAll(async () => {
    h = await openHearing(mode);
  }, 30_000);
  afterAll(() => h.close());

  test('tells of posts, likes and comments, and of none twice', async () => {
    const { id, place } = await group(h);
    const { vk } = h.p.sandbox;
    vk.personPostsOnWall({ group: place, text: 'only suggested', user_id: 77, suggested: true });
    if (mode === 'webhook') vk.planCallback({ group: place, act: 'twice', times: 20 });
    const post_id = vk.personPostsOnWall({ group: place, text: 'by &lt;hand&gt;' });
    const [seen] = await h.sees(id, 'the post', (all) => all.length === 1);
    expect(seen).toMatchObject({
      remote_id: post_id,
      remote_url: `https://vk.com/wall-${place}_${post_id}`,
      publication_id: null,
      by_hand: true,
      reactions: null,
      comments: null,
    });
    for (const user_id of [1, 2, 3]) vk.like({ group: place, post_id, user_id });
    vk.like({ group: place, post_id, user_id: 3, remove: true });
    const comment = vk.comment({ group: place, post_id, text: 'first' });
    vk.comment({ group: place, post_id, text: 'second' });
    vk.like({ group: place, post_id, user_id: 9, comment_id: comment });
    vk.deleteComment({ group: place, comment_id: comment });
    vk.deleteComment({ group: place, comment_id: vk.comment({ group: place, post_id, text: 'third' }) });
    vk.personPostsOnWall({ group: place, text: 'the last one' });
    const after = await h.sees(id, 'all', (all) => all.length === 2);
    expect(after.find(({ remote_id }) => remote_id === post_id)).toMatchObject({
      reactions: { '❤️': 2 },
      comments: 1,
    });
  });

  test('settles a lost answer with no more than the token of the community', async () => {
    const { id, place } = await group(h, ['community']);
    const first = await post(h, id, 'told');
    const [told] = await h.p.reaches(first, 'published');
    const [seen] = await h.sees(id, 'our post', ([one]) => one?.publication_id === told?.id);
    expect(seen?.by_hand).toBe(false);

    h.p.sandbox.fault({ network: 'vk', method: 'wall.post', action: { kind: 'drop_after' } });
    const lost = await post(h, id, 'lost & told');
    const [found] = await h.p.reaches(lost, 'published');
    expect(found?.note).toContain('updates of the network');
    expect(found?.remote_url).toBe(`https://vk.com/wall-${place}_${found?.remote_id}`);
    expect(found?.history.map(({ to }) => to)).not.toContain('unconfirmed');
    expect((await h.observed(id)).map(({ by_hand }) => by_hand)).toEqual([false, false]);
  });

  test('tells that rights changed: a token that died with them is found at once', async () => {
    const { sandbox } = h.p;
    const admin = sandbox.vk.addPerson({ first_name: 'Admin' });
    const made = sandbox.addCommunity({ screen_name: `of_admin_${mode}`, name: 'Of an admin' });
    sandbox.vk.addAdmin({ group: made.id, user_id: admin.id });
    const { token } = sandbox.addVkToken({ kind: 'community', group_id: made.id, issued_by: admin.id });
    const answer = await h.p.ask('POST', '/v1/communities', {
      network: 'vk',
      credentials: { community_token: token },
      external_id: String(made.id),
    });
    expect(answer.status).toBe(201);
    await until('it is heard', async () => {
      const source = await h.source(keyOf(made.id));
      return source && (source.registered_at !== null || source.cursor !== null);
    });
    sandbox.vk.removeAdmin({ group: made.id, user_id: admin.id });
    const status = async () => (await h.p.ask('GET', `/v1/communities/${answer.body.id}`)).body;
    await until('needs_reauth', async () => (await status()).status === 'needs_reauth');
    expect((await status()).status_reason).toContain('does not accept the access token');
  });

  test('tells nothing where the owner does not want it', async () => {
    const off = await h.p.vk({ settings: { callback: false } });
    await group(h);
    await until('no source', async () => (await h.source(keyOf(off.place)))?.lease_owner == null);
  });

  test('sees no secret logged', async () => {
    const rows = await h.p.test.ctx.sql<
      { key: string; path: string }[]
    >`select key, path from inbound_sources`;
    const logged = h.p.test.logs.join('\n');
    for (const { key, path } of rows) {
      expect(logged).not.toContain(path);
      expect(logged).not.toContain(secretOf(h.p.test.ctx, key));
    }
    expect(logged).not.toContain('vk1.a.');
  });
});

describe('an address for VK', () => {
  let h: Hearing;
  beforeAll(async () => {
    h = await openHearing('webhook', { inboundRegister: 1_500 });
  }, 30_000);
  afterAll(() => h.close());

  const servers = async (token: string, group_id: number) => {
    const answer = await fetch(`${h.p.sandbox.vkRoot}/groups.getCallbackServers`, {
      method: 'POST',
      body: new URLSearchParams({ access_token: token, v: '5.199', group_id: String(group_id) }),
    });
    const body = (await answer.json()) as {
      response: { items: { id: number; url: string; status: string }[] };
    };
    return body.response.items;
  };

  test('is confirmed by itself, and set again when somebody took it away', async () => {
    const { id, place, tokens } = await group(h, ['community']);
    const source = await h.source(keyOf(place));
    const [token = ''] = tokens;
    const [ours] = await servers(token, place);
    expect(ours).toMatchObject({ url: `${h.url}/v1/inbound/vk/${source?.path}`, status: 'ok' });
    const confirmed = h.p.sandbox.vk.callbackDeliveries({ group: place });
    expect(confirmed.map(({ type, status, taken }) => [type, status, taken])).toEqual([
      ['confirmation', 200, true],
    ]);
    await fetch(`${h.p.sandbox.vkRoot}/groups.deleteCallbackServer`, {
      method: 'POST',
      body: new URLSearchParams({
        access_token: token,
        v: '5.199',
        group_id: String(place),
        server_id: String(ours?.id),
      }),
    });
    await until('our address again', async () => (await servers(token, place))[0]?.status === 'ok', 10_000);
    await Bun.sleep(200);
    h.p.sandbox.vk.personPostsOnWall({ group: place, text: 'heard again' });
    await h.sees(id, 'the post', ([one]) => one?.text === 'heard again');
    // It is looked at again and again, and not set up anew each time.
    expect((await servers(token, place)).length).toBe(1);
  }, 20_000);

  test('takes nothing without the secret, and nothing of another community', async () => {
    const { id, place } = await group(h, ['community']);
    const other = await group(h, ['community']);
    const source = await h.source(keyOf(place));
    const path = `/v1/inbound/vk/${source?.path}`;
    const secret = secretOf(h.p.test.ctx, keyOf(place));
    const event = (of: number, more: object) => ({
      type: 'wall_post_new',
      event_id: crypto.randomUUID(),
      v: '5.199',
      group_id: of,
      object: {
        id: 900,
        owner_id: -of,
        from_id: -of,
        date: 1_790_000_000,
        text: 'forged',
        post_type: 'post',
      },
      ...more,
    });
    const send = (body: unknown) => h.p.test.request('POST', path, { body });
    for (const wrong of [
      {},
      { secret: '' },
      { secret: 7 },
      { secret: secretOf(h.p.test.ctx, keyOf(other.place)) },
    ]) {
      const answer = await send(event(place, wrong));
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
    }
    const foreign = await send({ type: 'confirmation', group_id: place, secret: 'x' });
    expect(foreign.status).toBe(403);
    expect([(await send(event(other.place, { secret }))).body, await h.observed(other.id)]).toEqual([
      'ok',
      [],
    ]);
    expect(await h.observed(id)).toEqual([]);
    const known = event(place, { secret });
    const taken = await Promise.all([1, 2, 3].map(() => send(known)));
    expect(taken.map(({ status, body }) => [status, body])).toEqual(Array(3).fill([200, 'ok']));
    expect((await h.observed(id)).length).toBe(1);
    const code = h.p.sandbox.vk.changeConfirmationCode({ group: place });
    const asked = await send({ type: 'confirmation', group_id: place });
    expect([asked.status, asked.body]).toEqual([200, code]);
    expect(h.p.test.logs.join('\n')).not.toContain(code);
  });

  test('of a community whose token is refused asks the network to come again', async () => {
    const { place, tokens } = await group(h, ['community']);
    const source = await h.source(keyOf(place));
    for (const token of tokens) h.p.sandbox.revoke(token);
    const answer = await h.p.test.request('POST', `/v1/inbound/vk/${source?.path}`, {
      body: { type: 'confirmation', group_id: place },
    });
    expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
  });
});

test('fetching goes on after each way in which VK can lose its thread', async () => {
  const h = await openHearing('poll');
  try {
    const { id, place } = await group(h, ['community']);
    const { vk } = h.p.sandbox;
    const says = async (text: string) => {
      vk.personPostsOnWall({ group: place, text });
      await h.sees(id, text, (all) => all.some((one) => one.text === text));
    };
    await says('before');
    for (const failed of [2, 1, 3] as const) {
      vk.failLongPoll({ group: place, failed });
      await Bun.sleep(300);
      await says(`after ${failed}`);
    }
    // The key is new, and nothing was lost: what came meanwhile is there.
    vk.failLongPoll({ group: place, failed: 2 });
    vk.personPostsOnWall({ group: place, text: 'meanwhile' });
    await h.sees(id, 'meanwhile', (all) => all.some(({ text }) => text === 'meanwhile'));
    const lost = h.p.test.logs.filter((line) => line.includes('has forgotten updates'));
    expect(lost.length).toBe(2);
    await h.p.rest();
    vk.personPostsOnWall({ group: place, text: 'while nobody listened' });
    await h.p.start();
    await h.sees(id, 'what waited', (all) => all.some(({ text }) => text === 'while nobody listened'));
    for (const kind of ['html_502', 'malformed_json', 'drop_after'] as const) {
      h.p.sandbox.fault({ network: 'vk', method: 'longpoll', action: { kind } });
    }
    await says('after three troubles on the way');
    expect(h.p.test.logs.join('\n')).not.toMatch(/key=[0-9a-f]{20}/);
  } finally {
    await h.close();
  }
}, 40_000);

test('an event that nobody understands tells nothing', () => {
  const wall = (object: object) => ({ type: 'wall_post_new', event_id: 'e', group_id: 5, object });
  const odd: unknown[] = [
    null,
    'ok',
    [],
    {},
    { type: 'wall_post_new' },
    wall({}),
    wall({ id: 1, owner_id: -6, date: 1, text: 'another wall' }),
    wall({ id: 1, owner_id: -5, date: 1, text: 'later', post_type: 'postpone' }),
    wall({ id: 1, owner_id: -5, date: 1, text: 'paid', post_type: 'post_ads' }),
    {
      type: 'like_add',
      event_id: 'e',
      group_id: 5,
      object: { object_type: 'photo', object_id: 1, object_owner_id: -5 },
    },
    { type: 'message_new', event_id: 'e', group_id: 5, object: { text: 'hello' } },
  ];
  for (const event of odd) expect(vkEvents(event)?.events ?? []).toEqual([]);
  const told = vkEvents(
    wall({
      id: 1,
      owner_id: -5,
      date: 2,
      text: 'a\0b',
      attachments: [{ type: 'photo' }, { type: 'doc', doc: { ext: 'gif' } }, { type: 'link' }, 7, null],
    }),
  );
  expect(told).toMatchObject({
    id: 'e',
    source: 'vk:group:5',
    events: [
      { kind: 'post', place: '5', remoteId: '1', at: 2_000, text: 'ab', media: ['image', 'animation'] },
    ],
  });
});

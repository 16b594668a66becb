import { describe, expect, test } from 'bun:test';
import sharp from 'sharp';
import type { Message, NetworkError, NetworkErrorKind } from '../src/networks/network.ts';
import { untilMoscowMidnight, vkResponse } from '../src/networks/vk-errors.ts';
import {
  accessOf,
  connected,
  failureOf,
  lastSeq,
  messageOf,
  noViolation,
  pictures,
  rowsAfter,
  sandbox,
  secretText,
  staged,
  useWays,
  way,
} from './ways.ts';

useWays();

describe('vk', () => {
  const refusals: [number, string, Partial<NetworkError> & { kind: NetworkErrorKind }][] = [
    [1, 'Unknown error', { kind: 'unknown' }],
    [10, 'Internal server error', { kind: 'unknown' }],
    [4242, 'Never heard of', { kind: 'unknown' }],
    [6, 'Too many requests per second', { kind: 'limited', retryAfter: 1000 }],
    [9, 'Flood control', { kind: 'limited', scope: 'place' }],
    [29, 'Rate limit reached', { kind: 'limited' }],
    [14, 'Captcha needed', { kind: 'rejected' }],
    [17, 'Validation required', { kind: 'rejected' }],
    [5, 'User authorization failed', { kind: 'auth' }],
    [1116, 'Anonymous token is invalid', { kind: 'auth' }],
    [1117, 'Access token has expired', { kind: 'auth' }],
    [7, 'Permission denied', { kind: 'rejected' }],
    [15, 'Access denied', { kind: 'rejected' }],
    [27, 'Group authorization failed', { kind: 'rejected' }],
    [28, 'Application authorization failed', { kind: 'rejected' }],
    [1051, 'Method is not available for this profile type', { kind: 'rejected' }],
    [100, `One of the parameters is invalid: ${secretText}`, { kind: 'rejected' }],
    [
      214,
      'Access to adding post denied: you can only add 50 posts a day',
      { kind: 'limited', scope: 'place' },
    ],
    [
      214,
      'Access to adding post denied: access to the wall is denied',
      { kind: 'rejected', duplicate: false },
    ],
    [219, 'Advertisement post was recently added', { kind: 'rejected' }],
    [220, 'Too many recipients', { kind: 'limited', scope: 'place' }],
    [222, 'Hyperlinks are forbidden', { kind: 'rejected' }],
    [224, 'Too many ads posts', { kind: 'rejected' }],
  ];
  test.each(refusals)('reads error %i (%s)', async (error_code, error_msg, expected) => {
    const one = way('vk community token');
    const place = await connected(one);
    sandbox.fault({
      network: 'vk',
      method: 'wall.post',
      action: { kind: 'vk_error', error_code, error_msg },
    });
    const seq = lastSeq();
    const failed = await failureOf(one.network.publish(accessOf(one), place, messageOf(0), new Map(), 'k'));
    expect(failed).toMatchObject({ code: `vk:${error_code}`, ...expected });
    const rows = await rowsAfter(seq, 'wall.post');
    expect(rows.filter((row) => row.event === 'request')).toHaveLength(1);
    expect(rows.filter((row) => row.event === 'accepted')).toHaveLength(0);
  });

  test('waits for the next midnight in Moscow where VK counts days', () => {
    const noon = Date.UTC(2026, 10, 21, 9, 0, 0);
    expect(untilMoscowMidnight(noon)).toBe(12 * 3_600_000);
    expect(untilMoscowMidnight(Date.UTC(2026, 10, 21, 21, 0, 0))).toBe(24 * 3_600_000);
    const text = JSON.stringify({ error: { error_code: 29, error_msg: 'Rate limit reached' } });
    try {
      vkResponse({ status: 200, text }, noon);
      throw new Error('nothing thrown');
    } catch (error) {
      expect(error).toMatchObject({ kind: 'limited', retryAfter: 12 * 3_600_000 });
    }
  });

  test('finds out by asking what each kind of token can do', async () => {
    const details = async (name: string) => (await connected(way(name))).details;
    expect(await details('vk community token')).toMatchObject({
      image_mode: 'document',
      writes_with: 'community',
      reads_with: null,
    });
    expect(await details('vk community token without documents')).toMatchObject({ image_mode: 'none' });
    expect(await details('vk user token')).toMatchObject({
      image_mode: 'photo',
      writes_with: 'user',
      reads_with: 'user',
    });
    expect(await details('vk both tokens')).toMatchObject({ image_mode: 'photo', writes_with: 'user' });

    const both = way('vk both tokens');
    const group_id = Number(both.externalId);
    const vkid = sandbox.addVkToken({ kind: 'vkid_user', admin_of: [group_id] }).token;
    const stranger = sandbox.addVkToken({ kind: 'user', admin_of: [] }).token;
    const noWall = sandbox.addVkToken({
      kind: 'user',
      admin_of: [group_id],
      scopes: ['photos', 'docs'],
    }).token;
    for (const user_token of [vkid, stranger, noWall]) {
      const alone = await failureOf(connected({ ...both, credentials: { user_token } }), user_token);
      expect(alone).toMatchObject({ kind: 'rejected', code: 'no_right' });
      const credentials = { ...both.credentials, user_token };
      const place = await connected({ ...both, credentials });
      expect(place.details).toMatchObject({
        image_mode: 'document',
        writes_with: 'community',
        reads_with: 'user',
      });
      await both.network.publish(accessOf({ ...both, credentials }), place, messageOf(0), new Map(), 'k');
    }
    noViolation();
  });

  test('finds a community by id, short name and link, and refuses the token of another', async () => {
    const one = way('vk community token');
    const id = one.externalId;
    for (const address of [
      id,
      `-${id}`,
      `club${id}`,
      'outpost',
      '@outpost',
      'https://vk.com/outpost',
      'm.vk.ru/outpost?w=1',
    ]) {
      const place = await one.network.connect(accessOf(one), address);
      expect(place).toMatchObject({ externalId: id, title: 'Outpost', handle: 'outpost', members: 42 });
      expect(place.avatar?.mime).toBe('image/png');
    }
    const other = sandbox.addCommunity({ screen_name: 'other', name: 'Other' });
    const failed = await failureOf(one.network.connect(accessOf(one), other.screen_name));
    expect(failed).toMatchObject({ kind: 'rejected', code: 'other_community' });
    expect((await failureOf(one.network.connect(accessOf(one), 'nowhere_at_all'))).kind).toBe('rejected');
  });

  test('warns that an image goes out as a document', async () => {
    const one = way('vk community token');
    const composed = one.network.compose(messageOf(1), await connected(one));
    expect(composed.warnings.map((warning) => warning.code)).toEqual(['image_as_document']);
  });

  test('says that VK refused a photo, which it does with HTTP 200', async () => {
    const one = way('vk user token');
    const place = await connected(one);
    const bytes = await sharp({ create: { width: 1000, height: 20, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const [item] = pictures;
    if (!item) throw new Error('no picture');
    const narrow = { ...item, size: bytes.length, body: () => new Blob([bytes]) };
    const failed = await failureOf(one.network.stage?.(accessOf(one), place, narrow) ?? Promise.resolve());
    expect(failed).toMatchObject({ kind: 'rejected', code: 'upload_refused' });
  });

  test('waits for the pace before each call of the API', async () => {
    const one = way('vk user token');
    const place = await connected(one);
    let taken = 0;
    const pace = async () => {
      taken += 1;
    };
    const [item] = pictures;
    if (item) await one.network.stage?.({ ...accessOf(one), pace }, place, item);
    expect(taken).toBe(2);
  });

  test('sends nothing when an image was not staged', async () => {
    const one = way('vk user token');
    const place = await connected(one);
    const seq = lastSeq();
    const failed = await failureOf(one.network.publish(accessOf(one), place, messageOf(1), new Map(), 'k'));
    expect(failed).toMatchObject({ kind: 'not_sent', code: 'not_staged' });
    expect(sandbox.ledger(seq)).toEqual([]);
  });

  test('knows a refusal of its own key as a duplicate', async () => {
    const one = way('vk user token');
    const place = await connected(one);
    sandbox.configure({ guidMode: 'error' });
    await one.network.publish(accessOf(one), place, messageOf(0), new Map(), 'same');
    const again = one.network.publish(accessOf(one), place, messageOf(0), new Map(), 'same');
    expect(await failureOf(again)).toMatchObject({ kind: 'rejected', duplicate: true });
  });

  test('finds a post again by text, images and time, and only there', async () => {
    const one = way('vk user token');
    const place = await connected(one);
    const sentAt = Date.now();
    const find = (message: Message, changes: { sentAt?: number; taken?: Set<string> } = {}) =>
      one.network.find?.(accessOf(one), place, { message, sentAt, taken: new Set(), ...changes });
    const message = messageOf(2, 'Tom & Jerry\n <b>“go”</b>  out ');
    expect(await find(message)).toEqual({ kind: 'absent' });
    const send = async (key: string, what: Message) =>
      (await one.network.publish(accessOf(one), place, what, await staged(one, place, what), key)).remoteId ??
      '';
    const id = await send('a', message);
    const url = `https://vk.com/wall-${one.externalId}_${id}`;
    expect(await find(message)).toEqual({ kind: 'found', remoteId: id, remoteUrl: url });
    expect(await find({ ...message, text: `${message.text}!` })).toEqual({ kind: 'absent' });
    expect(await find(messageOf(1, message.text))).toEqual({ kind: 'absent' });
    expect(await find(message, { taken: new Set([id]) })).toEqual({ kind: 'absent' });
    expect(await find(message, { sentAt: sentAt + 3_600_000 })).toEqual({ kind: 'absent' });
    const second = await send('b', message);
    expect(await find(message)).toEqual({ kind: 'ambiguous', remoteIds: [second, id] });
    expect(await find(message, { taken: new Set([second]) })).toMatchObject({ kind: 'found', remoteId: id });
    noViolation();
  });

  test('looks past the first hundred posts, and claims no absence that it has not seen', async () => {
    const one = way('vk user token');
    const place = await connected(one);
    const message = messageOf(0, 'the one');
    const { remoteId } = await one.network.publish(accessOf(one), place, message, new Map(), 'k');
    const crowd = (count: number) => {
      for (let index = 0; index < count; index += 1)
        sandbox.postAsPerson({ network: 'vk', place: Number(one.externalId), text: `noise ${index}` });
    };
    const find = () =>
      one.network.find?.(accessOf(one), place, { message, sentAt: Date.now(), taken: new Set() }) ??
      Promise.reject();
    crowd(150);
    expect(await find()).toMatchObject({ kind: 'found', remoteId });
    crowd(450);
    expect(await failureOf(find())).toMatchObject({ kind: 'unknown', code: 'wall_too_long' });
  });

  test('is not misled by an old pinned post at the top of the wall', async () => {
    const one = way('vk user token');
    const place = await connected(one);
    const date = Math.floor(Date.now() / 1000);
    const wall = [
      { id: 1, date: 1, text: 'pinned', is_pinned: 1 },
      ...Array.from({ length: 120 }, (_, index) => ({ id: 500 - index, date, text: `noise ${index}` })),
      { id: 9, date, text: 'the one' },
    ];
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        const offset = Number(new URLSearchParams(await request.text()).get('offset'));
        return Response.json({ response: { count: wall.length, items: wall.slice(offset, offset + 100) } });
      },
    });
    const access = { ...accessOf(one), root: `http://127.0.0.1:${server.port}` };
    const sought = { message: messageOf(0, 'the one'), sentAt: Date.now(), taken: new Set<string>() };
    expect(await one.network.find?.(access, place, sought)).toMatchObject({ kind: 'found', remoteId: '9' });
    await server.stop(true);
  });

  test('believes neither a success nor a refusal that comes with a gateway status', () => {
    const bodies = [{ response: { post_id: 1 } }, { error: { error_code: 100, error_msg: 'x' } }];
    for (const told of bodies) {
      for (const status of [302, 500, 502]) {
        try {
          vkResponse({ status, text: JSON.stringify(told) });
          throw new Error('nothing thrown');
        } catch (error) {
          expect(error).toMatchObject({ kind: 'unknown', httpStatus: status });
        }
      }
    }
  });

  test('knows the posts of its own wall by their address', async () => {
    const one = way('vk user token');
    const place = await connected(one);
    const idOf = (url: string) => one.network.remoteIdOf(place, url);
    const post = `wall-${one.externalId}_77`;
    expect(idOf(`https://vk.com/${post}`)).toBe('77');
    expect(idOf(`https://m.vk.ru/${post}?from=feed`)).toBe('77');
    expect(idOf(`https://vk.com/outpost?w=${post}`)).toBe('77');
    expect(idOf('https://vk.com/wall-1_77')).toBeNull();
    expect(idOf(`https://example.org/${post}`)).toBeNull();
  });
});

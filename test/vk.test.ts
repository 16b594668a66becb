import { describe, expect, test } from 'bun:test';
import sharp from 'sharp';
import type { NetworkError, NetworkErrorKind } from '../src/networks/error.ts';
import type { Message } from '../src/networks/message.ts';
import { untilMoscowMidnight, vkResponse } from '../src/networks/vk/errors.ts';
import { vk } from '../src/networks/vk/vk.ts';
import {
  accessOf,
  accessWith,
  connected,
  group,
  images,
  item,
  message,
  published,
  stagedFor,
  useVk,
} from './vk-ways.ts';
import { failureOf, lastSeq, noViolation, rowsAfter, sandbox, secretText } from './ways.ts';

useVk();

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
    [204, 'Access denied', { kind: 'rejected' }],
    [211, "Access to wall's comment denied", { kind: 'rejected' }],
    [213, 'Access to status replies denied', { kind: 'rejected', duplicate: false }],
    [
      214,
      'Доступ к публикации записи запрещён: не более 50 записей в день',
      { kind: 'limited', scope: 'place' },
    ],
    [219, 'Advertisement post was recently added', { kind: 'rejected' }],
    [220, 'Too many recipients', { kind: 'limited', scope: 'place' }],
    [222, 'Hyperlinks are forbidden', { kind: 'rejected' }],
    [223, 'Too many replies', { kind: 'limited', scope: 'place' }],
    [224, 'Too many ads posts', { kind: 'rejected' }],
    [225, 'Donut is disabled', { kind: 'rejected' }],
    [703, 'Two factor authentication is needed', { kind: 'rejected' }],
    [3300, 'Recaptcha needed', { kind: 'rejected' }],
  ];
  test.each(refusals)('reads error %i (%s)', async (error_code, error_msg, expected) => {
    const place = await connected('community');
    sandbox.fault({
      network: 'vk',
      method: 'wall.post',
      action: { kind: 'vk_error', error_code, error_msg },
    });
    const seq = lastSeq();
    const failed = await failureOf(vk.publish(accessWith('community'), place, message(), new Map(), 'k'));
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

  test('finds out by asking what each kind of access can do', async () => {
    const details = async (kinds: Parameters<typeof connected>[0]) => (await connected(kinds)).details;
    expect(await details('community')).toMatchObject({
      image_mode: 'document',
      writes_with: 'community',
      reads_with: null,
      documents_with: 'community',
      updates_with: 'community',
      manages: false,
      video: false,
    });
    expect(await details('community without documents')).toMatchObject({
      image_mode: 'none',
      documents_with: null,
      updates_with: null,
    });
    const whole = {
      image_mode: 'photo',
      writes_with: 'user',
      reads_with: 'user',
      manages: true,
      video: true,
    };
    expect(await details('user')).toMatchObject({ ...whole, updates_with: 'user' });
    expect(await details('community and user')).toMatchObject({
      ...whole,
      documents_with: 'user',
      updates_with: 'community',
    });
    expect(await details('VK ID with rights')).toMatchObject(whole);

    const { community_token } = accessWith('community').credentials;
    const token = (input: { admin_of: number[]; scopes?: ('photos' | 'docs' | 'wall')[] }) =>
      sandbox.addVkToken({ kind: 'user', ...input }).token;
    const stranger = token({ admin_of: [] });
    const noWall = token({ admin_of: [group], scopes: ['photos', 'docs'] });
    for (const user_token of [stranger, noWall]) {
      const alone = await failureOf(connected(accessOf({ user_token })), user_token);
      expect(alone).toMatchObject({ kind: 'rejected', code: 'no_right' });
      const access = accessOf({ community_token, user_token });
      const place = await connected(access);
      expect(place.details).toMatchObject({
        image_mode: 'document',
        writes_with: 'community',
        reads_with: 'user',
        manages: false,
      });
      await published(access, place, message());
    }
    // VK ID names rights that it refuses to carry out.
    const named = sandbox.addVkToken({ kind: 'vkid_user', admin_of: [group], scopes: ['wall', 'photos'] });
    expect(await failureOf(connected(accessOf({ user_token: named.token })))).toMatchObject({
      code: 'no_right',
    });
    // What the person may not upload, the community may.
    const wall = accessOf({ community_token, user_token: token({ admin_of: [group], scopes: ['wall'] }) });
    const place = await connected(wall);
    expect(place.details).toMatchObject({ writes_with: 'user', documents_with: 'community', video: false });
    expect(place.capabilities).toMatchObject({
      images: { available: false },
      documents: { available: true },
      video: { available: false },
      polls: { available: true },
    });
    noViolation();
  });

  test('calls neither a passing fault nor a dead token a missing right', async () => {
    for (const [error_code, kind] of [
      [10, 'unknown'],
      [6, 'limited'],
      [5, 'auth'],
    ] as const) {
      sandbox.fault({
        network: 'vk',
        method: 'docs.getWallUploadServer',
        action: { kind: 'vk_error', error_code, error_msg: 'x' },
      });
      expect((await failureOf(connected('community'))).kind).toBe(kind);
    }
  });

  test('finds a community by id, short name and link, and refuses the token of another', async () => {
    const access = accessWith('community');
    const connect = (address: string) => vk.connect(access, address, {});
    const addresses = ['outpost', '@outpost', 'https://vk.com/outpost', 'm.vk.ru/outpost?w=1'];
    for (const address of [String(group), `-${group}`, `club${group}`, ...addresses]) {
      const place = await connect(address);
      expect(place).toMatchObject({
        externalId: String(group),
        title: 'Outpost',
        handle: 'outpost',
        members: 42,
      });
      expect(place.avatar?.mime).toBe('image/png');
    }
    const other = sandbox.addCommunity({ screen_name: 'other', name: 'Other' });
    expect(await failureOf(connect(other.screen_name))).toMatchObject({
      kind: 'rejected',
      code: 'other_community',
    });
    expect((await failureOf(connect('nowhere_at_all'))).kind).toBe('rejected');
  });

  test('says that VK refused a photo, which it does with HTTP 200', async () => {
    const place = await connected('user');
    const bytes = await sharp({ create: { width: 1000, height: 20, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    const narrow = item('image', 'image/png', bytes);
    const failed = await failureOf(vk.stage?.(accessWith('user'), place, narrow) ?? Promise.resolve());
    expect(failed).toMatchObject({ kind: 'rejected', code: 'upload_refused' });
  });

  test('waits for the pace before each call of the API', async () => {
    const place = await connected('user');
    let taken = 0;
    const pace = async () => {
      taken += 1;
    };
    for (const one of images.slice(0, 1)) await vk.stage?.({ ...accessWith('user'), pace }, place, one);
    expect(taken).toBe(2);
  });

  test('sends nothing when a file was not staged', async () => {
    const place = await connected('user');
    const seq = lastSeq();
    const what = message({ media: images.slice(0, 1) });
    const failed = await failureOf(vk.publish(accessWith('user'), place, what, new Map(), 'k'));
    expect(failed).toMatchObject({ kind: 'not_sent', code: 'not_staged' });
    expect(sandbox.ledger(seq)).toEqual([]);
  });

  test('knows a refusal of its own key as a duplicate', async () => {
    const access = accessWith('user');
    const place = await connected('user');
    sandbox.configure({ guidMode: 'error' });
    const { remoteId } = await published(access, place, message(), 'same');
    const again = vk.publish(access, place, message(), new Map(), 'same');
    expect(await failureOf(again)).toMatchObject({ kind: 'rejected', duplicate: true });
    const part = message({ after: { kind: 'thread', first: remoteId, previous: remoteId } });
    await published(access, place, part, 'part');
    const twice = vk.publish(access, place, part, new Map(), 'part');
    expect(await failureOf(twice)).toMatchObject({ kind: 'rejected', duplicate: true });
  });

  test('finds a post again by text, images and time, and only there', async () => {
    const access = accessWith('user');
    const place = await connected('user');
    const sentAt = Date.now();
    const find = (what: Message, changes: { sentAt?: number; taken?: Set<string> } = {}) =>
      vk.find?.(access, place, { message: what, sentAt, taken: new Set(), newest: null, ...changes });
    const what = message({ text: 'Tom & Jerry\n <b>“go”</b>  out ', media: images.slice(0, 2) });
    expect(await find(what)).toEqual({ kind: 'absent' });
    const send = async (key: string) =>
      (await vk.publish(access, place, what, await stagedFor(access, place, what), key)).remoteId ?? '';
    const id = await send('a');
    const url = `https://vk.com/wall-${group}_${id}`;
    expect(await find(what)).toEqual({ kind: 'found', remoteId: id, remoteUrl: url });
    expect(await find({ ...what, text: `${what.text}!` })).toEqual({ kind: 'absent' });
    expect(await find({ ...what, media: images.slice(0, 1) })).toEqual({ kind: 'absent' });
    expect(await find(what, { taken: new Set([id]) })).toEqual({ kind: 'absent' });
    expect(await find(what, { sentAt: sentAt + 3_600_000 })).toEqual({ kind: 'absent' });
    const second = await send('b');
    expect(await find(what)).toEqual({ kind: 'ambiguous', remoteIds: [second, id] });
    expect(await find(what, { taken: new Set([second]) })).toMatchObject({ kind: 'found', remoteId: id });
    noViolation();
  });

  test('looks past the first hundred posts, and claims no absence that it has not seen', async () => {
    const access = accessWith('user');
    const place = await connected('user');
    const what = message({ text: 'the one' });
    const { remoteId } = await published(access, place, what);
    const crowd = (count: number) => {
      for (let index = 0; index < count; index += 1)
        sandbox.postAsPerson({ network: 'vk', place: group, text: `noise ${index}` });
    };
    const sought = { message: what, sentAt: Date.now(), taken: new Set<string>(), newest: null };
    const find = () => vk.find?.(access, place, sought) ?? Promise.reject();
    crowd(150);
    expect(await find()).toMatchObject({ kind: 'found', remoteId });
    crowd(450);
    expect(await failureOf(find())).toMatchObject({ kind: 'unknown', code: 'wall_too_long' });
  });

  test('is not misled by an old pinned post at the top of the wall', async () => {
    const place = await connected('user');
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
    const access = { ...accessWith('user'), root: `http://127.0.0.1:${server.port}` };
    const what = message({ text: 'the one' });
    const sought = { message: what, sentAt: Date.now(), taken: new Set<string>(), newest: null };
    expect(await vk.find?.(access, place, sought)).toMatchObject({ kind: 'found', remoteId: '9' });
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
});

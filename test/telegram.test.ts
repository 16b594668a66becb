import { describe, expect, test } from 'bun:test';
import type { NetworkError, NetworkErrorKind } from '../src/networks/error.ts';
import { telegramResult } from '../src/networks/telegram/errors.ts';
import type { FaultAction } from '../src/sandbox/faults.ts';
import {
  accessOf,
  connected,
  failureOf,
  lastSeq,
  messageOf,
  pictures,
  rowsAfter,
  sandbox,
  secretText,
  useWays,
  way,
} from './ways.ts';

useWays();

describe('telegram', () => {
  const refusals: [FaultAction, Partial<NetworkError> & { kind: NetworkErrorKind }][] = [
    [
      { kind: 'telegram_429', retry_after: 7 },
      { kind: 'limited', retryAfter: 7000 },
    ],
    [
      { kind: 'telegram_429', retry_after: -5 },
      { kind: 'limited', retryAfter: null },
    ],
    [
      { kind: 'telegram_429', retry_after: 999_999_999 },
      { kind: 'limited', retryAfter: null },
    ],
    [
      { kind: 'telegram_429', retry_after: 'soon' },
      { kind: 'limited', retryAfter: null },
    ],
    [
      { kind: 'telegram_429', retry_after: null },
      { kind: 'limited', retryAfter: null },
    ],
    [error(401, 'Unauthorized'), { kind: 'auth' }],
    [error(404, 'Not Found'), { kind: 'auth' }],
    [error(403, 'Forbidden: bot was kicked from the channel chat'), { kind: 'rejected', code: '403' }],
    [error(400, 'Bad Request: chat not found'), { kind: 'rejected' }],
    [error(400, 'Bad Request: PHOTO_INVALID_DIMENSIONS'), { kind: 'rejected' }],
    [error(400, `Bad Request: something "${secretText}"`), { kind: 'rejected' }],
    [
      error(400, 'Bad Request: group chat was upgraded', { migrate_to_chat_id: -1001234567890 }),
      { kind: 'rejected', movedTo: '-1001234567890' },
    ],
    [error(413, 'Request Entity Too Large'), { kind: 'rejected' }],
    [error(409, 'Conflict'), { kind: 'rejected' }],
    [error(500, 'Internal Server Error'), { kind: 'unknown' }],
    [error(418, 'Teapot'), { kind: 'unknown' }],
  ];

  function error(error_code: number, description: string, parameters?: Record<string, unknown>): FaultAction {
    return { kind: 'telegram_error', error_code, description, ...(parameters && { parameters }) };
  }

  test.each(refusals)('reads %j', async (action, expected) => {
    const one = way('telegram channel');
    const place = await connected(one);
    sandbox.fault({ network: 'telegram', method: 'sendMessage', action });
    const seq = lastSeq();
    const failed = await failureOf(one.network.publish(accessOf(one), place, messageOf(0), new Map(), 'k'));
    expect(failed).toMatchObject(expected);
    const rows = await rowsAfter(seq, 'sendMessage');
    expect(rows.filter((row) => row.event === 'request')).toHaveLength(1);
    expect(rows.filter((row) => row.event === 'accepted')).toHaveLength(0);
  });

  test('believes neither a success nor a refusal that comes with a gateway status', () => {
    const bodies = [
      { ok: true, result: { message_id: 1 } },
      { ok: false, error_code: 400, description: 'x' },
    ];
    for (const told of bodies) {
      for (const status of [302, 500, 502]) {
        try {
          telegramResult({ status, text: JSON.stringify(told) });
          throw new Error('nothing thrown');
        } catch (error) {
          expect(error).toMatchObject({ kind: 'unknown', httpStatus: status });
        }
      }
    }
    expect(() => telegramResult({ status: 413, text: '<html>' })).toThrow('too big');
  });

  test('puts the text under the first image of an album alone', async () => {
    const one = way('telegram channel');
    const { request } = one.network.compose(messageOf(3, 'under'), await connected(one));
    expect(request.params.media).toEqual([
      { type: 'photo', media: { $media: 'media-0' }, caption: 'under' },
      { type: 'photo', media: { $media: 'media-1' } },
      { type: 'photo', media: { $media: 'media-2' } },
    ]);
    expect(JSON.stringify(request)).not.toContain('parse_mode');
  });

  test('finds a channel by name, link, number and private link', async () => {
    const one = way('telegram channel');
    const { externalId, members, url, handle } = await connected(one);
    expect({ members, url, handle }).toEqual({
      members: 7,
      url: 'https://t.me/outpost_news',
      handle: '@outpost_news',
    });
    const inside = externalId.replace('-100', '');
    for (const address of [
      'outpost_news',
      'https://t.me/outpost_news',
      't.me/s/outpost_news/12?single',
      externalId,
      `https://t.me/c/${inside}/5`,
    ]) {
      expect((await one.network.connect(accessOf(one), address, {})).externalId).toBe(externalId);
    }
    expect(await failureOf(one.network.connect(accessOf(one), 'https://t.me/+AbCdEf123', {}))).toMatchObject({
      kind: 'rejected',
      code: 'bad_address',
    });
    expect((await failureOf(one.network.connect(accessOf(one), '@nobody_here', {}))).kind).toBe('rejected');
  });

  test('refuses a channel where the bot may not post, and says what to do', async () => {
    const one = way('telegram channel');
    const chat = '@outpost_news';
    const bot = 'outpost_bot';
    const cases = [
      { status: 'administrator', rights: { can_post_messages: false } },
      { status: 'member' },
      { status: 'left' },
      { status: 'kicked' },
    ] as const;
    const place = await connected(one);
    for (const rights of cases) {
      sandbox.setRights({ chat, bot, ...rights });
      const refused = await failureOf(connected(one));
      expect(refused).toMatchObject({ kind: 'rejected' });
      expect(refused.nextStep).toContain('dministrator');
      const unsent = await failureOf(one.network.publish(accessOf(one), place, messageOf(0), new Map(), 'k'));
      expect(unsent.kind).toBe('rejected');
      expect(unsent.nextStep).toContain('administrator');
    }
  });

  test('lets a plain member post in a group, and refuses one that left', async () => {
    const one = way('telegram group');
    sandbox.setRights({ chat: Number(one.externalId), bot: 'outpost_bot', status: 'member' });
    const place = await connected(one);
    expect(place.details.chat_type).toBe('supergroup');
    await one.network.publish(accessOf(one), place, messageOf(2), new Map(), 'k');
    sandbox.setRights({ chat: Number(one.externalId), bot: 'outpost_bot', status: 'left' });
    expect((await failureOf(connected(one))).kind).toBe('rejected');
  });

  test('tells the new id of a group that became a supergroup', async () => {
    const one = way('telegram group');
    const place = await connected(one);
    const next = sandbox.migrateChat(Number(one.externalId));
    const failed = await failureOf(one.network.publish(accessOf(one), place, messageOf(0), new Map(), 'k'));
    expect(failed).toMatchObject({ kind: 'rejected', movedTo: String(next.id) });
  });

  test('takes message_id 0 for accepted with an unknown id', async () => {
    const one = way('telegram channel');
    const place = await connected(one);
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => Response.json({ ok: true, result: { message_id: 0 } }),
    });
    const access = { ...accessOf(one), root: `http://127.0.0.1:${server.port}` };
    const sent = await one.network.publish(access, place, messageOf(0), new Map(), 'k');
    expect(sent).toEqual({ remoteId: null, remoteUrl: null });
    await server.stop(true);
  });

  test('downloads the picture of the chat, and connects without it when that fails', async () => {
    const one = way('telegram channel');
    const token = one.credentials.bot_token ?? '';
    const item = pictures[0];
    if (!item) throw new Error('no picture');
    const picture = await new Response((await item.open()).stream()).bytes();
    let served = true;
    const server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === `/file/bot${token}/photos/a.jpg`)
          return served ? new Response(picture) : new Response('', { status: 404 });
        if (pathname.endsWith('/getFile'))
          return Response.json({ ok: true, result: { file_path: 'photos/a.jpg' } });
        const answer = await fetch(`${sandbox.telegramRoot}${pathname}`, {
          method: 'POST',
          body: await request.text(),
          headers: { 'content-type': 'application/json' },
        });
        const told = (await answer.json()) as { result: object };
        if (pathname.endsWith('/getChat')) Object.assign(told.result, { photo: { big_file_id: 'abc' } });
        return Response.json(told);
      },
    });
    const access = { ...accessOf(one), root: `http://127.0.0.1:${server.port}` };
    const { avatar } = await one.network.connect(access, one.externalId, {});
    expect(avatar).toMatchObject({ mime: 'image/jpeg' });
    expect(Buffer.compare(avatar?.bytes ?? new Uint8Array(), picture)).toBe(0);
    served = false;
    expect((await one.network.connect(access, one.externalId, {})).avatar).toBeNull();
    await server.stop(true);
  });

  test('knows the posts of its own channel by their address', async () => {
    const one = way('telegram channel');
    const place = await connected(one);
    const idOf = (url: string) => one.network.remoteIdOf(place, url);
    expect(idOf('https://t.me/outpost_news/15')).toBe('15');
    expect(idOf('https://t.me/Outpost_News/15?single')).toBe('15');
    expect(idOf(`https://t.me/c/${place.externalId.replace('-100', '')}/9`)).toBe('9');
    expect(idOf('https://t.me/other/15')).toBeNull();
    expect(idOf('https://t.me/outpost_news')).toBeNull();
    expect(idOf('https://example.org/outpost_news/15')).toBeNull();
  });
});

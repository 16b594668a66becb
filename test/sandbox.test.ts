import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api, type GrammyError, HttpError, InputFile } from 'grammy';
import sharp from 'sharp';
import { API, APIError, Upload } from 'vk-io';
import { sandboxAt } from '../src/sandbox/client.ts';
import type { FaultAction } from '../src/sandbox/faults.ts';
import type { LedgerRow } from '../src/sandbox/ledger.ts';
import { sha256 } from '../src/sandbox/ledger.ts';
import type { Sandbox } from '../src/sandbox/server.ts';
import { startSandbox } from '../src/sandbox/server.ts';
import type { Bot, Chat, Community, VkToken } from '../src/sandbox/state.ts';
import { checkTelegramAnswer, checkTelegramType } from '../src/sandbox/telegram/schema.ts';
import { formatText } from '../src/sandbox/telegram/text.ts';
import { checkVkAnswer } from '../src/sandbox/vk/schema.ts';

let box: Sandbox;
let bot: Bot;
let chat: Chat;
let community: Community;
let groupToken: VkToken;
let userToken: VkToken;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
  box = await startSandbox({ floodLimits: false });
  bot = box.addBot({ username: 'herald_bot' });
  chat = box.addChat({ title: 'News', username: 'news', members: 120, admins: [{ bot: bot.id }] });
  community = box.addCommunity({ screen_name: 'club_news', name: 'News club', members: 80 });
  groupToken = box.addVkToken({ kind: 'community', group_id: community.id });
  userToken = box.addVkToken({ kind: 'user', admin_of: [community.id] });
});

afterEach(() => {
  box.clearFaults();
  box.configure({ floodLimits: false, guidMode: 'same_post_id' });
});

afterAll(async () => {
  await box.stop();
  rmSync(folder, { recursive: true, force: true });
});

function jpeg(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#3578c8' } })
    .jpeg()
    .toBuffer();
}

function grammy(token = bot.token): Api {
  return new Api(token, { apiRoot: box.telegramRoot });
}

function vkio(token: VkToken): API {
  return new API({
    token: token.token,
    apiBaseUrl: box.vkRoot,
    apiRetryLimit: 0,
    apiLimit: 1133,
    apiTimeout: 2000,
  });
}

/** The rows that appear while `act` runs. */
async function rowsOf(act: () => Promise<unknown>): Promise<LedgerRow[]> {
  const before = box.ledger().at(-1)?.seq ?? 0;
  await act();
  // The row of the request is written after the answer was handed over.
  await Bun.sleep(5);
  return box.ledger(before);
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field and checked against the schema.
type Answer = any;

async function telegram(
  method: string,
  params: Record<string, unknown> = {},
  token = bot.token,
): Promise<Answer> {
  const answer = await fetch(`${box.telegramRoot}/bot${token}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(params),
  });
  const value = (await answer.json()) as Answer;
  expect(answer.status).toBe(value.ok ? 200 : value.error_code);
  if (value.ok) expect(checkTelegramAnswer(method, value.result)).toBeUndefined();
  return value;
}

async function vk(
  token: VkToken | null,
  method: string,
  params: Record<string, string> = {},
): Promise<Answer> {
  const body = new URLSearchParams({
    v: '5.199',
    ...(token ? { access_token: token.token } : {}),
    ...params,
  });
  const answer = await fetch(`${box.vkRoot}/${method}`, { method: 'POST', body });
  expect(answer.status).toBe(200);
  const value = (await answer.json()) as Answer;
  if (value.response !== undefined) expect(checkVkAnswer(method, value)).toBeUndefined();
  return value;
}

async function caught(act: Promise<unknown>): Promise<unknown> {
  try {
    await act;
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('the Telegram sandbox', () => {
  test('publishes a text once, by id or by name, with ids that grow by one', async () => {
    const first = await telegram('sendMessage', { chat_id: chat.id, text: ' One #tag https://a.example/b ' });
    expect(first.result.text).toBe('One #tag https://a.example/b');
    expect(first.result.entities.map((e: Answer) => e.type)).toEqual(['hashtag', 'url']);
    const second = await grammy().sendMessage('@news', 'Two');
    expect(second.message_id).toBe(first.result.message_id + 1);
    const rows = await rowsOf(() => telegram('sendMessage', { chat_id: chat.id, text: 'Three' }));
    expect(rows.map((row) => row.event)).toEqual(['accepted', 'request']);
    expect(rows[0]).toMatchObject({
      network: 'telegram',
      method: 'sendMessage',
      token_id: String(bot.id),
      place: String(chat.id),
      text: 'Three',
      text_hash: sha256('Three'),
      remote_id: String(second.message_id + 1),
    });
    expect(rows[0]?.at).toBeGreaterThan(Date.now() - 5000);
    expect(JSON.stringify(rows)).not.toContain(bot.token);
  });

  test('refuses and records every departure from the schema', async () => {
    const cases: [string, Record<string, unknown>, number][] = [
      ['sendMesage', { chat_id: chat.id, text: 'x' }, 404],
      ['sendMessage', { chat_id: chat.id, text: 'x', disable_web_page_preview: true }, 400],
      ['sendMessage', { chat_id: chat.id }, 400],
      ['sendMessage', { chat_id: chat.id, text: 5 }, 400],
      ['sendMessage', { chat_id: chat.id, text: 'x', entities: [{ type: 'bold', offset: 0 }] }, 400],
      [
        'sendMessage',
        { chat_id: chat.id, text: 'x', entities: [{ type: 'fat', offset: 0, length: 1 }] },
        400,
      ],
      [
        'sendMessage',
        { chat_id: chat.id, text: 'x', reply_markup: { inline_keyboard: [{ text: 'a' }] } },
        400,
      ],
      ['sendMessage', { chat_id: chat.id, text: 'x', link_preview_options: { prefer_huge: true } }, 400],
      ['sendMediaGroup', { chat_id: chat.id, media: [{ type: 'photo', media: 'attach://none' }] }, 400],
    ];
    for (const [method, params, code] of cases) {
      const rows = await rowsOf(async () => expect((await telegram(method, params)).error_code).toBe(code));
      expect(rows.map((row) => row.event)).toEqual(['schema_violation', 'request']);
    }
    const markup = { inline_keyboard: [[{ text: 'Read', url: 'https://a.example' }]] };
    const rows = await rowsOf(() =>
      telegram('sendMessage', { chat_id: chat.id, text: 'x', reply_markup: markup }),
    );
    expect(rows.filter((row) => row.event === 'schema_violation')).toEqual([]);
    expect(
      (await telegram('sendRichMessage', { chat_id: chat.id, rich_message: { markdown: 'a' } })).error_code,
    ).toBe(501);
  });

  test('tells a body that cannot be read from a client that went away', async () => {
    const address = `/telegram/bot${bot.token}/sendMessage`;
    const unreadable = await rowsOf(() =>
      fetch(box.url + address, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{bad',
      }),
    );
    expect(unreadable.map((row) => row.event)).toEqual(['schema_violation', 'request']);
    const gone = await rowsOf(
      () =>
        new Promise<void>((resolve) => {
          const socket = net.connect(Number(new URL(box.url).port), '127.0.0.1', () => {
            socket.write(`POST ${address} HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{"chat`);
            setTimeout(() => socket.destroy(), 20);
            setTimeout(resolve, 40);
          });
        }),
    );
    expect(gone.map((row) => [row.event, row.outcome])).toEqual([['request', 'client gone']]);
  });

  test('knows tokens, chats and rights', async () => {
    const kicked = box.addBot();
    const stranger = box.addBot();
    const readOnly = box.addBot();
    const room = box.addChat({
      title: 'Room',
      admins: [{ bot: kicked.id }, { bot: readOnly.id, can_post_messages: false }],
    });
    box.setRights({ chat: room.id, bot: kicked.id, status: 'kicked' });
    const send = (b: Bot) => telegram('sendMessage', { chat_id: room.id, text: 'x' }, b.token);
    expect(await send(kicked)).toMatchObject({
      error_code: 403,
      description: 'Forbidden: bot was kicked from the channel chat',
    });
    expect(await send(stranger)).toMatchObject({
      error_code: 400,
      description: 'Bad Request: chat not found',
    });
    expect((await send(readOnly)).description).toContain('not enough rights to send text messages');
    expect(await telegram('sendMessage', { chat_id: '@news', text: 'x' }, stranger.token)).toMatchObject({
      error_code: 403,
    });
    expect((await telegram('getMe', {}, 'nonsense')).error_code).toBe(404);
    expect((await telegram('getMe', {}, `${stranger.id}:${'x'.repeat(35)}`)).error_code).toBe(401);
    box.revoke(stranger.token);
    expect((await telegram('getMe', {}, stranger.token)).error_code).toBe(401);
    const member = await telegram(
      'getChatMember',
      { chat_id: room.id, user_id: readOnly.id },
      readOnly.token,
    );
    expect(member.result).toMatchObject({ status: 'administrator', can_post_messages: false });
    expect((await telegram('getChatAdministrators', { chat_id: chat.id })).result).toHaveLength(2);
    expect((await telegram('getChatMemberCount', { chat_id: chat.id })).result).toBe(120);
    expect((await telegram('getChat', { chat_id: '@news' })).result.title).toBe('News');

    const group = box.addChat({ type: 'group', title: 'Group', admins: [{ bot: bot.id }] });
    const next = box.migrateChat(group.id);
    const moved = await telegram('sendMessage', { chat_id: group.id, text: 'x' });
    expect(moved.parameters.migrate_to_chat_id).toBe(next.id);
    expect((await telegram('sendMessage', { chat_id: next.id, text: 'x' })).ok).toBe(true);
  });

  test('counts UTF-16 units after parsing', async () => {
    const send = (text: string, more = {}) => telegram('sendMessage', { chat_id: chat.id, text, ...more });
    expect((await send('x'.repeat(4096))).ok).toBe(true);
    expect((await send('😀'.repeat(2049))).description).toBe('Bad Request: message is too long');
    expect((await send(`<b>${'x'.repeat(4096)}</b>`, { parse_mode: 'HTML' })).ok).toBe(true);
    expect((await send('<b>x', { parse_mode: 'HTML' })).description).toContain("can't parse entities");
    expect((await send('a.b', { parse_mode: 'MarkdownV2' })).description).toContain(
      "Character '.' is reserved",
    );
    expect((await send('   ')).description).toContain('text is empty');
    expect(formatText('*bold _both_* [a](https://b.example/\\)) `c`', 'MarkdownV2', undefined)).toEqual({
      text: 'bold both a c',
      entities: [
        { type: 'bold', offset: 0, length: 9 },
        { type: 'italic', offset: 5, length: 4 },
        { type: 'text_link', offset: 10, length: 1, url: 'https://b.example/)' },
        { type: 'code', offset: 12, length: 1 },
      ],
    });
  });

  test('takes photos, albums and documents through grammY and gives the bytes back', async () => {
    const photo = await jpeg(1600, 900);
    const rows = await rowsOf(async () => {
      const sent = await grammy().sendPhoto(chat.id, new InputFile(photo, 'a.jpg'), { caption: 'Look' });
      expect(checkTelegramAnswer('sendPhoto', JSON.parse(JSON.stringify(sent)))).toBeUndefined();
      const again = await grammy().sendPhoto(chat.id, sent.photo.at(-1)?.file_id ?? '');
      expect(again.photo.at(-1)?.width).toBe(1280);
      const file = await grammy().getFile(sent.photo[0]?.file_id ?? '');
      const back = await fetch(`${box.telegramRoot}/file/bot${bot.token}/${file.file_path}`);
      expect(sha256(Buffer.from(await back.arrayBuffer()))).toBe(sha256(photo));
    });
    expect(rows[0]).toMatchObject({
      event: 'accepted',
      text: 'Look',
      media: [{ kind: 'photo', sha256: sha256(photo), size: photo.length }],
    });
    const album = await rowsOf(async () => {
      const sent = await grammy().sendMediaGroup(chat.id, [
        { type: 'photo', media: new InputFile(photo), caption: 'Album' },
        { type: 'photo', media: new InputFile(await jpeg(90, 90)) },
      ]);
      expect(sent).toHaveLength(2);
      const groups = sent.map((message) => ('media_group_id' in message ? message.media_group_id : ''));
      expect(new Set(groups).size).toBe(1);
    });
    expect(album.filter((row) => row.event === 'accepted')).toHaveLength(1);
    expect(album[0]?.remote_ids).toHaveLength(2);
    expect(
      (await grammy().sendDocument(chat.id, new InputFile(Buffer.from('hello'), 'a.txt'))).document.file_size,
    ).toBe(5);
    const refusal = async (bytes: Buffer) =>
      (await caught(grammy().sendPhoto(chat.id, new InputFile(bytes)))) as GrammyError;
    expect((await refusal(await jpeg(2100, 100))).description).toContain('PHOTO_INVALID_DIMENSIONS');
    expect((await refusal(Buffer.from('no picture'))).description).toContain('IMAGE_PROCESS_FAILED');
    expect((await refusal(Buffer.alloc(11 * 1024 * 1024, 1))).description).toContain('too big for a photo');
    const schema = [...rows, ...album].filter((row) => row.event === 'schema_violation');
    expect(schema).toEqual([]);
  });

  test('edits, pins, forwards, copies and deletes', async () => {
    const api = grammy();
    const made = await api.sendMessage(chat.id, 'Draft');
    const id = made.message_id;
    const edited = await api.editMessageText(chat.id, id, 'Final');
    expect(edited).toMatchObject({ text: 'Final' });
    expect(((await caught(api.editMessageText(chat.id, id, 'Final'))) as GrammyError).description).toContain(
      'is not modified',
    );
    const service = box.addChat({ title: 'Service', admins: [{ bot: bot.id }] });
    const forwarded = await api.forwardMessage(service.id, chat.id, id);
    expect(forwarded).toMatchObject({ text: 'Final', forward_origin: { type: 'channel', message_id: id } });
    expect(checkTelegramAnswer('forwardMessage', JSON.parse(JSON.stringify(forwarded)))).toBeUndefined();
    expect((await api.copyMessage(service.id, chat.id, id)).message_id).toBe(forwarded.message_id + 1);
    await api.pinChatMessage(chat.id, id);
    const afterPin = await api.sendMessage(chat.id, 'After the pin');
    // Pinning leaves a service message with an id of its own.
    expect(afterPin.message_id).toBe(id + 2);
    await api.unpinChatMessage(chat.id, id);
    const rows = await rowsOf(() => api.deleteMessage(chat.id, id));
    expect(rows[0]).toMatchObject({ event: 'deleted', remote_id: String(id), text: 'Final' });
    const missing = (await caught(api.forwardMessage(service.id, chat.id, id))) as GrammyError;
    expect(missing.description).toBe('Bad Request: message to forward not found');
    expect(await api.deleteMessages(chat.id, [id, afterPin.message_id])).toBe(true);
    const photo = await api.sendPhoto(chat.id, new InputFile(await jpeg(50, 50)));
    await api.editMessageCaption(chat.id, photo.message_id, { caption: 'Words' });
    const media = { type: 'photo', media: new InputFile(await jpeg(60, 60)), caption: 'New' } as const;
    expect(await api.editMessageMedia(chat.id, photo.message_id, media)).toMatchObject({ caption: 'New' });
  });

  test('limits a chat to a short burst and answers 429 with seconds that are enough', async () => {
    box.configure({ floodLimits: true });
    const room = box.addChat({ title: 'Busy', admins: [{ bot: bot.id }] });
    const answers = [];
    for (let i = 0; i < 4; i++)
      answers.push(await telegram('sendMessage', { chat_id: room.id, text: String(i) }));
    expect(answers.map((answer) => answer.ok)).toEqual([true, true, true, false]);
    expect(answers[3]).toMatchObject({ error_code: 429, parameters: { retry_after: 1 } });
    await Bun.sleep(1000);
    expect((await telegram('sendMessage', { chat_id: room.id, text: 'later' })).ok).toBe(true);
    const results = [];
    for (let i = 0; i < 32; i++) {
      const other = box.addChat({ title: `Room ${i}`, admins: [{ bot: bot.id }] });
      results.push((await telegram('sendMessage', { chat_id: other.id, text: 'x' })).ok);
    }
    expect(results.filter((ok) => ok).length).toBeLessThanOrEqual(30);
  });

  test('hands updates to a long poll and to a webhook with its secret', async () => {
    const listener = box.addBot();
    const room = box.addChat({ title: 'Source', admins: [{ bot: listener.id }] });
    const poll = telegram('getUpdates', { timeout: 5 }, listener.token);
    await Bun.sleep(20);
    box.postAsPerson({ network: 'telegram', place: room.id, text: 'by a person' });
    const [update] = (await poll).result;
    expect(update.channel_post.text).toBe('by a person');
    expect(checkTelegramType('Update', update)).toBeUndefined();
    expect((await telegram('getUpdates', { offset: update.update_id + 1 }, listener.token)).result).toEqual(
      [],
    );

    const got: { secret: string | null; body: Answer }[] = [];
    const hook = Bun.serve({
      port: 0,
      async fetch(req) {
        got.push({ secret: req.headers.get('x-telegram-bot-api-secret-token'), body: await req.json() });
        return new Response('ok');
      },
    });
    await telegram(
      'setWebhook',
      { url: String(hook.url), secret_token: 's3cret', allowed_updates: ['message_reaction_count'] },
      listener.token,
    );
    expect((await telegram('getUpdates', {}, listener.token)).error_code).toBe(409);
    box.setCounters({ network: 'telegram', place: room.id, remote_id: 1, likes: 7 });
    while (got.length === 0) await Bun.sleep(5);
    await hook.stop(true);
    expect(got[0]?.secret).toBe('s3cret');
    expect(got[0]?.body.message_reaction_count.reactions[0].total_count).toBe(7);
    expect(checkTelegramType('Update', got[0]?.body)).toBeUndefined();
    expect((await telegram('getWebhookInfo', {}, listener.token)).result.pending_update_count).toBe(0);
  });
});

describe('the VK sandbox', () => {
  const wall = () => String(-community.id);

  test('posts with a community token and reads back with a service token', async () => {
    const service = box.addVkToken({ kind: 'service' });
    const rows = await rowsOf(async () => {
      const made = await vkio(groupToken).wall.post({
        owner_id: -community.id,
        from_group: true,
        message: 'Hello VK',
        guid: 'g-1',
      });
      expect(made.post_id).toBe(1);
    });
    expect(rows.map((row) => row.event)).toEqual(['accepted', 'request']);
    expect(rows[0]).toMatchObject({
      token_id: groupToken.label,
      place: wall(),
      text: 'Hello VK',
      guid: 'g-1',
      remote_id: '1',
    });
    expect(JSON.stringify(rows)).not.toContain(groupToken.token);
    box.setCounters({ network: 'vk', place: community.id, remote_id: 1, likes: 3, views: 44 });
    const read = await vk(service, 'wall.get', {
      owner_id: wall(),
      count: '10',
      filter: 'owner',
      extended: '1',
    });
    expect(read.response.items[0]).toMatchObject({
      id: 1,
      text: 'Hello VK',
      views: { count: 44 },
      likes: { count: 3 },
    });
    expect((await vk(service, 'wall.getById', { posts: `${wall()}_1` })).response.items).toHaveLength(1);
  });

  test('treats each kind of token as VK does', async () => {
    const code = async (token: VkToken | null, method: string, params: Record<string, string> = {}) =>
      (await vk(token, method, params)).error?.error_code ?? 0;
    const vkid = box.addVkToken({ kind: 'vkid_user', admin_of: [community.id] });
    const service = box.addVkToken({ kind: 'service' });
    const bare = box.addVkToken({ kind: 'user', scopes: ['groups'], admin_of: [community.id] });
    const foreigner = box.addVkToken({ kind: 'user' });
    const gone = box.addVkToken({ kind: 'community', group_id: community.id });
    box.revoke(gone.token);
    const text = { owner_id: wall(), message: 'x', from_group: '1' };
    expect(vkid.token).toStartWith('vk2.a.');
    expect(await code(null, 'wall.post', text)).toBe(5);
    expect(await code(gone, 'wall.post', text)).toBe(5);
    expect(await code(vkid, 'wall.post', text)).toBe(1051);
    expect(await code(vkid, 'photos.getWallUploadServer')).toBe(1051);
    expect(await code(service, 'wall.post', text)).toBe(28);
    expect(await code(bare, 'wall.post', text)).toBe(15);
    expect(await code(foreigner, 'wall.post', text)).toBe(214);
    expect(await code(userToken, 'wall.post', text)).toBe(0);
    expect(await code(groupToken, 'wall.get', { owner_id: wall() })).toBe(27);
    expect(await code(groupToken, 'photos.getWallUploadServer', { group_id: String(community.id) })).toBe(27);
    expect(await code(groupToken, 'docs.getWallUploadServer', { group_id: String(community.id) })).toBe(0);
    expect(await code(groupToken, 'stats.get', { group_id: String(community.id) })).toBe(27);
    expect(await code(userToken, 'stats.get', { group_id: String(community.id), intervals_count: '2' })).toBe(
      0,
    );
    expect(await code(groupToken, 'groups.getTokenPermissions')).toBe(0);
    expect(await code(userToken, 'account.getAppPermissions')).toBe(0);
    expect(await code(userToken, 'execute', { code: 'return 1;' })).toBe(12);
    expect(await code(userToken, 'likes.getList', { type: 'post' })).toBe(23);
    const about = await vk(groupToken, 'groups.getById', { fields: 'members_count' });
    expect(about.response.groups[0]).toMatchObject({
      id: community.id,
      members_count: 80,
      screen_name: 'club_news',
    });
    expect(
      (await vk(groupToken, 'groups.getMembers', { group_id: 'club_news', count: '5' })).response.items,
    ).toHaveLength(5);
    expect((await vk(userToken, 'users.get')).response[0].id).toBe(userToken.user_id);
    expect(
      (await vk(service, 'utils.resolveScreenName', { screen_name: 'club_news' })).response.object_id,
    ).toBe(community.id);
    expect((await vk(service, 'utils.getServerTime')).response).toBeGreaterThan(1e9);
    const bearer = await fetch(`${box.vkRoot}/users.get?v=5.199`, {
      headers: { authorization: `Bearer ${userToken.token}` },
    });
    expect(((await bearer.json()) as Answer).response).toHaveLength(1);
  });

  test('refuses and records every departure from the schema', async () => {
    const cases: [string, Record<string, string>, number][] = [
      ['wall.publish', {}, 3],
      ['wall.post', { owner_id: wall(), message: 'x', text: 'x' }, 100],
      ['wall.post', { owner_id: 'me', message: 'x' }, 100],
      ['wall.getById', {}, 100],
      ['wall.get', { owner_id: wall(), filter: 'everything' }, 100],
      ['wall.post', { owner_id: wall(), message: 'x', v: '' }, 8],
    ];
    for (const [method, params, code] of cases) {
      const rows = await rowsOf(async () => {
        const { error } = await vk(userToken, method, params);
        expect(error.error_code).toBe(code);
        expect(JSON.stringify(error)).not.toContain(userToken.token);
      });
      expect(rows.map((row) => row.event)).toEqual(['schema_violation', 'request']);
    }
    const json = await fetch(`${box.vkRoot}/wall.post`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"v":"5.199"}',
    });
    expect(((await json.json()) as Answer).error.error_code).toBe(8);
  });

  test('uploads photos and documents through the addresses it hands out', async () => {
    const api = vkio(userToken);
    const upload = new Upload({ api });
    const bytes = await jpeg(900, 700);
    const photo = await upload.wallPhoto({
      group_id: community.id,
      source: { value: bytes, filename: 'a.jpg' },
    });
    const rows = await rowsOf(() =>
      api.wall.post({
        owner_id: -community.id,
        from_group: true,
        message: 'Picture',
        attachments: [String(photo)],
      }),
    );
    expect(rows[0]?.media).toEqual([{ kind: 'photo', sha256: sha256(bytes), size: bytes.length }]);
    const seen = await vk(userToken, 'wall.get', { owner_id: wall(), count: '1' });
    expect(seen.response.items[0].attachments[0].photo.sizes.at(-1)).toMatchObject({ type: 'z', width: 900 });

    const docs = new Upload({ api: vkio(groupToken) });
    const doc = await docs.conduct({
      field: 'file',
      params: { group_id: community.id, source: { value: Buffer.from('%PDF'), filename: 'a.pdf' } },
      getServer: vkio(groupToken).docs.getWallUploadServer,
      serverParams: ['group_id'],
      saveFiles: vkio(groupToken).docs.save,
      saveParams: ['title'],
      maxFiles: 1,
      attachmentType: 'doc',
    });
    const attachment = `doc${doc.doc.owner_id}_${doc.doc.id}`;
    expect(
      (await vk(groupToken, 'wall.post', { owner_id: wall(), attachments: attachment })).response.post_id,
    ).toBeGreaterThan(0);
    const strict = box.addVkToken({ kind: 'community', group_id: community.id, refuse_docs: true });
    expect(
      (await vk(strict, 'wall.post', { owner_id: wall(), attachments: attachment })).error.error_code,
    ).toBe(15);
    expect(
      (await vk(groupToken, 'wall.post', { owner_id: wall(), attachments: 'photo1_1' })).error.error_code,
    ).toBe(100);

    const { upload_url } = (await vk(userToken, 'photos.getWallUploadServer')).response;
    const put = async (name: string, data: Buffer): Promise<Answer> => {
      const form = new FormData();
      form.set(name, new Blob([new Uint8Array(data)]), 'b.jpg');
      return (await fetch(upload_url, { method: 'POST', body: form })).json();
    };
    expect((await put('photo', Buffer.from('no picture'))).photo).toBe('');
    const receipt = await put('photo', bytes);
    const save = () =>
      vk(userToken, 'photos.saveWallPhoto', {
        photo: receipt.photo,
        server: String(receipt.server),
        hash: receipt.hash,
      });
    expect((await save()).response[0].owner_id).toBe(userToken.user_id);
    expect((await save()).error.error_code).toBe(121);
    expect((await put('photo', bytes)).error).toBe('ERR_UPLOAD_BAD_HASH');
  });

  test('honours a guid in the three ways it might', async () => {
    const post = (guid: string) => vk(groupToken, 'wall.post', { owner_id: wall(), message: 'Once', guid });
    const first = (await post('twice')).response.post_id;
    const rows = await rowsOf(async () => expect((await post('twice')).response.post_id).toBe(first));
    expect(rows.map((row) => row.event)).toEqual(['request']);
    box.configure({ guidMode: 'error' });
    expect((await post('twice')).error.error_code).toBe(214);
    box.configure({ guidMode: 'ignored' });
    expect((await post('twice')).response.post_id).toBe(first + 1);
  });

  test('edits, pins, comments, schedules and deletes', async () => {
    const id = String(
      (await vk(userToken, 'wall.post', { owner_id: wall(), message: 'Raw', from_group: '1' })).response
        .post_id,
    );
    const at = { owner_id: wall(), post_id: id };
    expect((await vk(userToken, 'wall.edit', { ...at, message: 'Done' })).response.post_id).toBe(Number(id));
    expect((await vk(userToken, 'wall.pin', at)).response).toBe(1);
    expect(
      (await vk(groupToken, 'wall.createComment', { ...at, message: 'First' })).response.comment_id,
    ).toBeGreaterThan(0);
    const [top] = (await vk(userToken, 'wall.get', { owner_id: wall(), count: '1' })).response.items;
    expect(top).toMatchObject({ id: Number(id), text: 'Done', is_pinned: 1, comments: { count: 1 } });
    const rows = await rowsOf(() => vk(userToken, 'wall.delete', at));
    expect(rows[0]).toMatchObject({ event: 'deleted', remote_id: id });
    expect((await vk(userToken, 'wall.edit', { ...at, message: 'x' })).error.error_code).toBe(104);
    const past = await vk(userToken, 'wall.post', { owner_id: wall(), message: 'x', publish_date: '1000' });
    expect(past.error.error_code).toBe(214);
    const soon = String(Math.ceil(Date.now() / 1000) + 1);
    const later = await rowsOf(async () => {
      const waiting = await vk(userToken, 'wall.post', {
        owner_id: wall(),
        message: 'Later',
        from_group: '1',
        publish_date: soon,
      });
      expect(waiting.response.post_id).toBeGreaterThan(0);
      await Bun.sleep(Number(soon) * 1000 - Date.now() + 50);
    });
    expect(later.map((row) => row.event)).toEqual(['request', 'accepted']);
  });

  test('limits calls a second and posts a day', async () => {
    box.configure({ floodLimits: true });
    const person = box.addVkToken({ kind: 'user' });
    const codes = [];
    for (let i = 0; i < 4; i++) codes.push((await vk(person, 'utils.getServerTime')).error?.error_code ?? 0);
    expect(codes).toEqual([0, 0, 0, 6]);
    const small = box.addCommunity({ screen_name: 'small', name: 'Small', posts_per_day: 1 });
    const token = box.addVkToken({ kind: 'community', group_id: small.id });
    await vk(token, 'wall.post', { message: 'a' });
    expect((await vk(token, 'wall.post', { message: 'b' })).error.error_code).toBe(214);
  });
});

describe('faults', () => {
  const seen: [FaultAction, { accepted: boolean; telegram: (error: unknown) => void }][] = [
    [{ kind: 'drop_before' }, { accepted: false, telegram: isReset }],
    [{ kind: 'drop_after' }, { accepted: true, telegram: isReset }],
    [{ kind: 'truncated_json' }, { accepted: true, telegram: isHttpError }],
    [{ kind: 'status_500' }, { accepted: false, telegram: isHttpError }],
    [
      { kind: 'status_500_after', status: 504 },
      { accepted: true, telegram: isHttpError },
    ],
    [{ kind: 'html_502' }, { accepted: false, telegram: isHttpError }],
    [{ kind: 'html_502_after' }, { accepted: true, telegram: isHttpError }],
    [{ kind: 'html_200' }, { accepted: true, telegram: isHttpError }],
    [{ kind: 'empty_200' }, { accepted: true, telegram: isHttpError }],
    [{ kind: 'malformed_json' }, { accepted: true, telegram: isHttpError }],
    [{ kind: 'redirect_302' }, { accepted: false, telegram: isHttpError }],
    [
      { kind: 'telegram_429', retry_after: 7 },
      {
        accepted: false,
        telegram: (e) => expect(e).toMatchObject({ error_code: 429, parameters: { retry_after: 7 } }),
      },
    ],
    [
      { kind: 'telegram_error', error_code: 403, description: 'Forbidden: x' },
      {
        accepted: false,
        telegram: (e) => expect(e).toMatchObject({ error_code: 403, description: 'Forbidden: x' }),
      },
    ],
  ];

  function isReset(error: unknown): void {
    expect(error).toBeInstanceOf(HttpError);
    expect((error as HttpError).error).toMatchObject({ code: 'ECONNRESET' });
  }

  function isHttpError(error: unknown): void {
    expect(error).toBeInstanceOf(HttpError);
  }

  for (const [action, expected] of seen)
    test(`${action.kind} is ${expected.accepted ? 'accepted' : 'not accepted'} and seen by grammY`, async () => {
      box.fault({ network: 'telegram', method: 'sendMessage', action });
      const rows = await rowsOf(async () => {
        expected.telegram(await caught(grammy().sendMessage(chat.id, action.kind)));
        if (action.kind === 'truncated_json') await Bun.sleep(30);
      });
      expect(rows.filter((row) => row.event === 'accepted')).toHaveLength(expected.accepted ? 1 : 0);
      const calls = rows.filter((row) => row.event === 'request' && row.method === 'sendMessage');
      expect(calls).toHaveLength(1);
      expect(calls[0]?.outcome).toStartWith(`fault ${action.kind}`);
      expect(box.faults()).toEqual([]);
    });

  test('drop_after under vk-io leaves one post and one request', async () => {
    for (const kind of ['drop_after', 'drop_before'] as const) {
      box.fault({ network: 'vk', method: 'wall.post', action: { kind } });
      const rows = await rowsOf(async () => {
        const error = await caught(vkio(groupToken).wall.post({ owner_id: -community.id, message: kind }));
        expect(error).toMatchObject({ code: 'ECONNRESET' });
      });
      expect(rows.filter((row) => row.event === 'accepted')).toHaveLength(kind === 'drop_after' ? 1 : 0);
      expect(rows.filter((row) => row.event === 'request')).toHaveLength(1);
    }
  });

  test('vk_error gives any code, a captcha with its picture', async () => {
    box.fault({ network: 'vk', action: { kind: 'vk_error', error_code: 14 } });
    const error = await caught(vkio(groupToken).wall.post({ message: 'x' }));
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ code: 14 });
    box.fault({ network: 'vk', action: { kind: 'vk_error', error_code: 9 } });
    expect((await vk(groupToken, 'wall.post', { message: 'x' })).error.error_msg).toBe('Flood control');
  });

  test('delays come before or after acceptance, and a slow answer trickles', async () => {
    const timed = async (action: FaultAction): Promise<{ took: number; acceptedAfter: number }> => {
      box.fault({ network: 'telegram', action });
      const start = Date.now();
      const rows = await rowsOf(() => telegram('sendMessage', { chat_id: chat.id, text: 'slow' }));
      const accepted = rows.find((row) => row.event === 'accepted');
      return { took: Date.now() - start, acceptedAfter: (accepted?.done_at ?? 0) - start };
    };
    const before = await timed({ kind: 'delay', ms: 120 });
    expect(before.acceptedAfter).toBeGreaterThan(110);
    const after = await timed({ kind: 'delay_after', ms: 120 });
    expect(after.acceptedAfter).toBeLessThan(60);
    expect(after.took).toBeGreaterThan(110);
    const slow = await timed({ kind: 'slow_answer', ms: 1 });
    expect(slow.took).toBeGreaterThan(100);
  });

  test('rules match by place and text, count down and are used in order', async () => {
    box.fault({
      network: 'telegram',
      match: { text_contains: 'bad' },
      times: 2,
      action: { kind: 'status_500' },
    });
    box.fault({
      network: 'telegram',
      match: { chat_id: chat.id },
      action: { kind: 'telegram_429', retry_after: 1 },
    });
    const send = async (text: string) =>
      (
        await fetch(`${box.telegramRoot}/bot${bot.token}/sendMessage`, {
          method: 'POST',
          body: new URLSearchParams({ chat_id: String(chat.id), text }),
        })
      ).status;
    expect(await send('a bad text')).toBe(500);
    expect(box.faults().map((rule) => rule.left)).toEqual([1, 1]);
    expect(await send('good')).toBe(429);
    expect(await send('good')).toBe(200);
    expect(await send('bad')).toBe(500);
    expect(await send('bad')).toBe(200);
  });

  test('truncated_json sends half of the promised body on the wire', async () => {
    box.fault({ network: 'telegram', action: { kind: 'truncated_json' } });
    const port = Number(new URL(box.url).port);
    const heard = await new Promise<string>((resolve) => {
      let all = '';
      const socket = net.connect(port, '127.0.0.1', () =>
        socket.write(`GET /telegram/bot${bot.token}/getMe HTTP/1.1\r\nhost: x\r\n\r\n`),
      );
      socket.on('data', (part) => {
        all += part;
      });
      socket.on('close', () => resolve(all));
    });
    const [head = '', body = ''] = heard.split('\r\n\r\n');
    const promised = Number(/content-length: (\d+)/i.exec(head)?.[1]);
    expect(body.length).toBe(Math.floor(promised / 2));
    expect(body).toStartWith('{"ok":true');
  });
});

describe('the walls', () => {
  test('escape everything and show pictures with safe headers', async () => {
    const room = box.addChat({
      title: '<img src=x onerror=alert(1)>',
      username: 'evil',
      admins: [{ bot: bot.id }],
    });
    const entities = [{ type: 'text_link', offset: 0, length: 5, url: 'javascript:alert(1)' }];
    await telegram('sendMessage', { chat_id: room.id, text: '<scr>"\'&', entities });
    const photo = await grammy().sendPhoto(room.id, new InputFile(await jpeg(40, 40), '"><b>.jpg'), {
      caption: '<i>cap',
    });
    const page = await (await fetch(`${box.url}/t/evil`)).text();
    expect(page).not.toContain('<img src=x');
    expect(page).not.toContain('javascript:');
    expect(page).not.toContain('"><b>');
    expect(page).toContain('&lt;scr&gt;&quot;&#39;&amp;');
    const picture = await fetch(box.url + (/\/files\/[0-9a-f]+/.exec(page)?.[0] ?? ''));
    expect(picture.headers.get('content-type')).toBe('image/jpeg');
    expect(picture.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page).toContain(`#${photo.message_id}`);
    const index = await (await fetch(box.url)).text();
    expect(index).toContain('href="/t/evil"');
    expect(index).not.toContain('<img src=x');
    expect(await (await fetch(`${box.url}/c/club_news`)).text()).toContain('Hello VK');
    expect((await fetch(`${box.url}/t/nobody`)).status).toBe(404);
  });
});

describe('the sandbox as a process', () => {
  test('is steered over HTTP, and its ledger and posts survive a kill', async () => {
    const ledgerPath = join(folder, 'ledger.jsonl');
    const stateDir = join(folder, 'state');
    const command = [
      'bun',
      'src/sandbox/main.ts',
      '--port',
      '0',
      '--ledger',
      ledgerPath,
      '--state',
      stateDir,
    ];
    const start = async () => {
      const child = Bun.spawn(command, { cwd: join(import.meta.dir, '..'), stdout: 'pipe' });
      const { value } = await child.stdout.getReader().read();
      return { child, remote: sandboxAt(JSON.parse(new TextDecoder().decode(value)).url) };
    };
    const first = await start();
    const b = await first.remote.addBot();
    const c = await first.remote.addChat({ title: 'Kept', username: 'kept', admins: [{ bot: b.id }] });
    await first.remote.fault({ network: 'telegram', action: { kind: 'drop_after' } });
    const api = (root: string) => new Api(b.token, { apiRoot: root });
    await caught(api(first.remote.telegramRoot).sendMessage(c.id, 'Accepted, answer lost'));
    await api(first.remote.telegramRoot).sendPhoto(c.id, new InputFile(await jpeg(30, 30)));
    expect(await caught(first.remote.addChat({ title: 'x', admins: [{ bot: 'nobody' }] }))).toBeInstanceOf(
      Error,
    );
    first.child.kill('SIGKILL');
    await first.child.exited;

    const rows = readFileSync(ledgerPath, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows.filter((row) => row.event === 'accepted')).toHaveLength(2);
    expect(rows[0]).toMatchObject({ event: 'accepted', text: 'Accepted, answer lost' });

    const second = await start();
    const [place] = await second.remote.posts();
    expect(place?.posts.map((post) => post.text)).toEqual(['', 'Accepted, answer lost']);
    expect((await fetch(place?.posts[0]?.media[0]?.url ?? '')).status).toBe(200);
    expect((await api(second.remote.telegramRoot).sendMessage(c.id, 'On')).message_id).toBe(3);
    const foreign = await fetch(`${second.remote.url}/_sandbox/reset`, { method: 'POST', body: '{}' });
    expect(foreign.status).toBe(415);
    second.child.kill('SIGTERM');
    expect(await second.child.exited).toBe(0);
  });

  test('answers a message in well under a millisecond', async () => {
    const room = box.addChat({ title: 'Bench', admins: [{ bot: bot.id }] });
    const send = () =>
      fetch(`${box.telegramRoot}/bot${bot.token}/sendMessage`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ chat_id: room.id, text: 'quick' }),
      }).then((answer) => answer.text());
    for (let i = 0; i < 200; i++) await send();
    // The quickest of ten times fifty: a busy machine slows some of them.
    const times: number[] = [];
    for (let turn = 0; turn < 10; turn++) {
      const start = performance.now();
      for (let i = 0; i < 50; i++) await send();
      times.push((performance.now() - start) / 50);
    }
    expect(Math.min(...times)).toBeLessThan(1);
  });
});

import { describe, expect, test } from 'bun:test';
import type { Answer } from './telegram-box.ts';
import {
  bot,
  box,
  call,
  channel,
  done,
  group,
  jpeg,
  kindsOf,
  refused,
  send,
  updatesOf,
  useBox,
  witness,
} from './telegram-box.ts';

useBox();

const ann = { id: 501, first_name: 'Ann', username: 'ann' };
const EVERY = [
  'channel_post',
  'edited_channel_post',
  'message',
  'edited_message',
  'my_chat_member',
  'chat_member',
  'message_reaction',
  'message_reaction_count',
  'poll',
  'callback_query',
];

describe('edits, deletions and copies', () => {
  test('forwards tell where a post is from, leave out holes, and stop at protected content', async () => {
    const service = box.addChat({ title: 'Service', admins: [{ bot: bot.id }] });
    const one = await send('One', {
      reply_markup: { inline_keyboard: [[{ text: 'a', url: 'https://a.example' }]] },
    });
    await call('pinChatMessage', { chat_id: channel.id, message_id: one.message_id });
    const secret = await send('Secret', { protect_content: true });
    // The pin took an id of its own.
    expect(secret.message_id).toBe(one.message_id + 2);
    const forward = (message_id: number) => ({ chat_id: service.id, from_chat_id: channel.id, message_id });
    const shown = await done('forwardMessage', forward(one.message_id));
    expect(shown).toMatchObject({
      text: 'One',
      reply_markup: { inline_keyboard: [[{ text: 'a' }]] },
      forward_origin: {
        type: 'channel',
        message_id: one.message_id,
        date: one.date,
        chat: { id: channel.id },
      },
    });
    for (const hole of [one.message_id + 1, 99])
      expect(await refused('forwardMessage', forward(hole))).toBe(
        'Bad Request: message to forward not found',
      );
    expect(await refused('forwardMessage', forward(secret.message_id))).toContain("can't be forwarded");
    expect(await refused('copyMessage', forward(secret.message_id))).toContain("can't be copied");
    const many = (message_ids: number[]) => ({ chat_id: service.id, from_chat_id: channel.id, message_ids });
    expect(await done('forwardMessages', many([1, 2, 3, 99]))).toHaveLength(1);
    expect(await refused('forwardMessages', many([2, 1]))).toContain('strictly increasing');
    expect(await refused('copyMessages', many([2, 99]))).toContain('no messages to copy');
    box.telegram.setChat({ chat: channel.id, protect_content: true });
    expect(await refused('forwardMessage', forward(one.message_id))).toContain("can't be forwarded");
  });

  test('an edit must change something, and only who may can edit, pin and delete', async () => {
    const post = await send('Draft');
    const at = { chat_id: channel.id, message_id: post.message_id };
    expect(await refused('editMessageText', { ...at, text: 'Draft' })).toContain('message is not modified');
    expect(await refused('editMessageReplyMarkup', at)).toContain('message is not modified');
    expect(await refused('editMessageText', { ...at, message_id: 99, text: 'x' })).toContain(
      'message to edit not found',
    );
    expect((await done('editMessageText', { ...at, text: 'Final' })).edit_date).toBeGreaterThan(0);
    box.telegram.setBotRights({
      chat: channel.id,
      bot: witness.id,
      rights: { can_edit_messages: false, can_delete_messages: false },
    });
    const other = { token: witness.token };
    expect(await refused('editMessageText', { ...at, text: 'x' }, other)).toContain("can't be edited");
    expect(await refused('pinChatMessage', at, other)).toContain('not enough rights to manage pinned');
    expect(await refused('deleteMessage', at, other)).toContain("message can't be deleted");
    const own = await done('sendMessage', { chat_id: channel.id, text: 'Own' }, other);
    box.telegram.agePost({ chat: channel.id, message_id: own.message_id, seconds: 49 * 3600 });
    expect(await refused('deleteMessage', { ...at, message_id: own.message_id }, other)).toContain(
      "can't be deleted",
    );
    expect(await done('deleteMessage', at)).toBe(true);
    expect(box.telegram.readPost({ chat: channel.id, message_id: post.message_id })?.deleted).toBe(true);
  });
});

describe('updates', () => {
  test('posts of people and of other bots come to a bot, its own never, albums one by one', async () => {
    const { message_ids } = await box.telegram.personPosts({
      chat: channel.id,
      text: 'Two pictures',
      media: [{ kind: 'photo' }, { kind: 'photo', width: 300, height: 200 }],
      signature: 'Editor',
    });
    await send('By the first bot');
    const posts = (await updatesOf(witness)).map((update) => update.channel_post).filter((post) => post);
    expect(posts.map((post) => post.message_id)).toEqual([...message_ids, 3]);
    expect(posts[0].media_group_id).toBe(posts[1].media_group_id);
    expect(posts[0]).toMatchObject({ caption: 'Two pictures', author_signature: 'Editor' });
    box.telegram.editByPerson({ chat: channel.id, message_id: 1, text: 'Two *pictures*' });
    box.telegram.deleteByPerson({ chat: channel.id, message_id: 2 });
    const own = await updatesOf(bot);
    const kinds = own.map((update) => Object.keys(update)[1]);
    expect(kinds.filter((kind) => kind?.includes('channel_post'))).toEqual([
      'channel_post',
      'channel_post',
      'edited_channel_post',
    ]);
    expect(own.map((update) => update.update_id)).toEqual(own.map((_, index) => 1001 + index));
    box.telegram.silenceWitness({ bot: witness.id });
    await updatesOf(witness);
    await send('Unheard');
    await box.telegram.personPosts({ chat: channel.id, text: 'Heard' });
    expect((await updatesOf(witness)).flatMap((update) => update.channel_post?.text ?? [])).toEqual([
      'Heard',
    ]);
  });

  test('a channel post is copied into the discussion group, where comments hang on it', async () => {
    const post = await send('News');
    const written = await box.telegram.addComment({
      chat: channel.id,
      message_id: post.message_id,
      person: ann,
      text: 'Well',
    });
    expect(written.chat).toBe(group.id);
    const [copy, comment] = (await updatesOf(bot)).map((update) => update.message);
    expect(copy).toMatchObject({
      text: 'News',
      is_automatic_forward: true,
      from: { id: 777000 },
      sender_chat: { id: channel.id },
      forward_origin: { type: 'channel', message_id: post.message_id },
    });
    expect(comment).toMatchObject({
      text: 'Well',
      from: { id: 501 },
      message_thread_id: copy.message_id,
      reply_to_message: { message_id: copy.message_id, is_automatic_forward: true },
    });
    await done('editMessageText', { chat_id: channel.id, message_id: post.message_id, text: 'Newer' });
    expect((await updatesOf(bot)).map((update) => update.edited_message?.text)).toEqual(['Newer']);
    const answer = { chat_id: group.id, text: 'Thanks', message_thread_id: copy.message_id };
    expect((await done('sendMessage', answer)).message_thread_id).toBe(copy.message_id);
    const page = await (await fetch(`${box.url}/t/news`)).text();
    expect(page).toContain('<span>2 comments</span>');
    expect(
      box.telegram.readPost({ chat: channel.id, message_id: post.message_id })?.comments.map((c) => c.text),
    ).toEqual(['Well', 'Thanks']);
  });

  test('kinds that must be named come only when they are', async () => {
    const post = await send('x');
    const change = () => {
      box.telegram.setReactions({
        chat: channel.id,
        message_id: post.message_id,
        reactions: { '👍': 3, '🔥': 1 },
      });
      box.telegram.setMember({ chat: channel.id, person: ann });
    };
    await updatesOf(bot);
    change();
    expect(await kindsOf(bot)).toEqual([]);
    await updatesOf(bot, EVERY);
    change();
    box.telegram.react({ chat: group.id, message_id: 1, person: 501, reactions: ['👍'] });
    const [counts, member, reaction] = await updatesOf(bot);
    expect(counts.message_reaction_count.reactions).toEqual([
      { type: { type: 'emoji', emoji: '👍' }, total_count: 3 },
      { type: { type: 'emoji', emoji: '🔥' }, total_count: 1 },
    ]);
    expect(member.chat_member).toMatchObject({ from: { id: 501 }, new_chat_member: { status: 'member' } });
    expect(reaction.message_reaction).toMatchObject({ user: { id: 501 }, new_reaction: [{ emoji: '👍' }] });
  });

  test('a bot hears who adds it, changes its rights and removes it', async () => {
    const fresh = box.addBot();
    box.telegram.addBotTo({ chat: channel.id, bot: fresh.id, by: ann });
    box.telegram.setBotRights({
      chat: channel.id,
      bot: fresh.id,
      by: ann,
      rights: { can_post_messages: false },
    });
    box.telegram.removeBotFrom({ chat: channel.id, bot: fresh.id, by: 'ann' });
    const changes = (await updatesOf(fresh)).map((update) => update.my_chat_member);
    expect(changes.map((change) => [change.from.id, change.new_chat_member.status])).toEqual([
      [501, 'administrator'],
      [501, 'administrator'],
      [501, 'kicked'],
    ]);
    expect(changes[1].new_chat_member.can_post_messages).toBe(false);
    const text = { chat_id: channel.id, text: 'x' };
    expect(await refused('sendMessage', text, { token: fresh.token })).toBe(
      'Forbidden: bot was kicked from the channel chat',
    );
    box.telegram.makeAdmin({ chat: channel.id, person: ann, rights: { can_delete_messages: false } });
    const admins = await done('getChatAdministrators', { chat_id: channel.id });
    expect(admins.map((admin: Answer) => [admin.status, admin.user.id])).toEqual([
      ['creator', channel.owner.id],
      ['administrator', 501],
      ['administrator', bot.id],
    ]);
    expect(await done('getChatMember', { chat_id: channel.id, user_id: 501 })).toMatchObject({
      can_delete_messages: false,
    });
    box.telegram.setChat({ chat: channel.id, photo: (await jpeg()).toString('base64') });
    const chat = await done('getChat', { chat_id: channel.id });
    expect(chat.linked_chat_id).toBe(group.id);
    expect((await done('getFile', { file_id: chat.photo.big_file_id })).file_path).toContain('photos/');
  });

  test('in groups a bot with privacy mode hears what is meant for it, never another bot', async () => {
    const reader = box.addBot({ username: 'reader_bot' });
    box.telegram.addBotTo({ chat: group.id, bot: reader.id, status: 'member' });
    expect(await kindsOf(reader)).toEqual(['my_chat_member', 'message']);
    const own = await done('sendMessage', { chat_id: group.id, text: 'I am here' }, { token: reader.token });
    await call('sendMessage', { chat_id: group.id, text: '/start@reader_bot' });
    const say = (text: string, reply_to?: number) =>
      box.telegram.personWritesIn({ chat: group.id, person: ann, text, ...(reply_to ? { reply_to } : {}) });
    await say('idle talk');
    await say('/stats');
    await say('hello @reader_bot');
    await say('an answer', own.message_id);
    const heard = () => updatesOf(reader).then((updates) => updates.map((update) => update.message.text));
    expect(await heard()).toEqual(['/stats', 'hello @reader_bot', 'an answer']);
    box.telegram.setBot({ bot: reader.id, reads_groups: true });
    await say('idle talk');
    expect(await heard()).toEqual(['idle talk']);
  });

  test('a bot may write to a person only after being written to, and not when it is blocked', async () => {
    box.telegram.addPerson(ann);
    const write = (token = bot.token) => call('sendMessage', { chat_id: 501, text: 'Hello' }, { token });
    expect((await write()).description).toContain("bot can't initiate conversation");
    await box.telegram.personWrites({ bot: bot.id, person: 501, text: '/start abc-1' });
    const [started] = await updatesOf(bot);
    expect(started.message).toMatchObject({
      text: '/start abc-1',
      chat: { id: 501, type: 'private', first_name: 'Ann' },
      from: { id: 501, username: 'ann' },
      entities: [{ type: 'bot_command', offset: 0, length: 6 }],
    });
    expect((await write()).result.chat.type).toBe('private');
    expect((await write(witness.token)).description).toContain("bot can't initiate conversation");
    box.telegram.blockBot({ bot: bot.id, person: 501 });
    expect((await write()).description).toBe('Forbidden: bot was blocked by the user');
    expect((await updatesOf(bot))[0].my_chat_member.new_chat_member.status).toBe('kicked');
  });

  test('a pressed button asks the bot once, and the answer stands in the ledger', async () => {
    await box.telegram.personWrites({ bot: bot.id, person: ann, text: '/start' });
    const buttons = [
      [
        { text: 'Publish', callback_data: 'publish:7' },
        { text: 'Open', url: 'https://a.example' },
      ],
    ];
    const asked = await done('sendMessage', {
      chat_id: 501,
      text: 'Now?',
      reply_markup: { inline_keyboard: buttons },
    });
    const press = (button: string) =>
      box.telegram.pressButton({ chat: 501, message_id: asked.message_id, person: 501, button });
    expect(press('Open').url).toBe('https://a.example/');
    const { callback_query_id } = press('Publish');
    const query = (await updatesOf(bot)).at(-1).callback_query;
    expect(query).toMatchObject({ id: callback_query_id, from: { id: 501 }, data: 'publish:7' });
    expect(await done('answerCallbackQuery', { callback_query_id, text: 'Done' })).toBe(true);
    expect(await refused('answerCallbackQuery', { callback_query_id })).toContain('query is too old');
  });

  test('a webhook gets every update in order, again until it takes it', async () => {
    const got: number[] = [];
    let refusals = 2;
    const hook = Bun.serve({
      port: 0,
      async fetch(req) {
        const update = (await req.json()) as { update_id: number };
        if (refusals-- > 0) return new Response('busy', { status: 503 });
        got.push(update.update_id);
        return new Response('ok');
      },
    });
    await done('setWebhook', { url: String(hook.url), secret_token: 's3cret' });
    for (const text of ['a', 'b', 'c']) await box.telegram.personPosts({ chat: channel.id, text });
    for (let tries = 0; got.length < 6 && tries < 300; tries += 1) await Bun.sleep(10);
    await hook.stop(true);
    // Each post, and its copy in the discussion group.
    expect(got).toEqual([1001, 1002, 1003, 1004, 1005, 1006]);
    expect((await done('getWebhookInfo')).last_error_message).toContain('503');
    expect((await call('getUpdates')).error_code).toBe(409);
  });

  test('a second poll ends the first, and a lost day of updates stays lost', async () => {
    const first = call('getUpdates', { timeout: 5 });
    await Bun.sleep(20);
    expect((await call('getUpdates')).ok).toBe(true);
    expect((await first).error_code).toBe(409);
    await box.telegram.personPosts({ chat: channel.id, text: 'Lost' });
    box.telegram.forgetUpdates({ bot: bot.id });
    expect(await updatesOf(bot)).toEqual([]);
  });
});

import { describe, expect, test } from 'bun:test';
import { sha256 } from '../src/sandbox/ledger.ts';
import { formatText } from '../src/sandbox/telegram/text.ts';
import {
  bot,
  box,
  call,
  channel,
  done,
  group,
  jpeg,
  refused,
  send,
  updatesOf,
  useBox,
  witness,
} from './telegram-box.ts';

useBox();

const link = { text: 'Read', url: 'https://a.example' };
const keyboard = { inline_keyboard: [[link]] };
const file = (name: string, text = name) => ({ name, bytes: Buffer.from(text) });
const read = (message_id: number, chat = channel.id) => {
  const post = box.telegram.readPost({ chat, message_id });
  if (!post) throw new Error('no such post');
  return post;
};

describe('texts', () => {
  test('entities are checked for bounds, surrogates and fields, and kept as the server keeps them', async () => {
    const entity = (type: string, offset: number, length: number, more = {}) => ({
      chat_id: channel.id,
      text: 'a😀bcdef',
      entities: [{ type, offset, length, ...more }],
    });
    expect(await refused('sendMessage', entity('bold', 0, 9))).toContain('outside of the text');
    expect(await refused('sendMessage', entity('bold', 2, 2))).toBe(
      'Bad Request: entity begins in a middle of a UTF-16 symbol at byte offset 1',
    );
    expect(await refused('sendMessage', entity('bold', 0, 2))).toContain('ends in a middle');
    expect(await refused('sendMessage', entity('text_link', 0, 1))).toContain('Can\'t find field "url"');
    expect(
      (await done('sendMessage', entity('text_link', 0, 1, { url: 'https://A.example' }))).entities,
    ).toEqual([{ type: 'text_link', offset: 0, length: 1, url: 'https://a.example/' }]);
    // A bot without custom emoji keeps the plain one; an address that is none makes no link.
    expect((await done('sendMessage', entity('custom_emoji', 1, 2, { custom_emoji_id: '5' }))).entities).toBe(
      undefined,
    );
    expect((await done('sendMessage', entity('text_link', 0, 1, { url: 'javascript:x' }))).entities).toBe(
      undefined,
    );
    box.telegram.setBot({ bot: bot.id, custom_emoji: true });
    expect(
      (await done('sendMessage', entity('custom_emoji', 1, 2, { custom_emoji_id: '5' }))).entities,
    ).toHaveLength(1);
    const crossing = [
      { type: 'bold', offset: 0, length: 4 },
      { type: 'bold', offset: 4, length: 2 },
      { type: 'italic', offset: 3, length: 5 },
      { type: 'code', offset: 8, length: 2 },
      { type: 'underline', offset: 7, length: 3 },
    ];
    expect(formatText('abcdefghij', undefined, crossing).entities).toEqual([
      { type: 'bold', offset: 0, length: 6 },
      { type: 'italic', offset: 3, length: 3 },
      { type: 'italic', offset: 6, length: 2 },
      { type: 'underline', offset: 7, length: 1 },
      { type: 'code', offset: 8, length: 2 },
    ]);
    expect(
      formatText('see a.com, $TON, /go and me@b.net', undefined, []).entities.map((e) => e.type),
    ).toEqual(['url', 'cashtag', 'bot_command', 'email']);
  });

  test('link previews, buttons and options stand in the message and in what is read back', async () => {
    const options = { url: 'https://b.example/x', prefer_large_media: true, show_above_text: true };
    const sent = await send('Words', {
      link_preview_options: options,
      reply_markup: keyboard,
      disable_notification: true,
      protect_content: true,
    });
    expect(sent.link_preview_options).toEqual(options);
    expect(sent.reply_markup.inline_keyboard[0][0].url).toBe('https://a.example/');
    expect(sent.has_protected_content).toBe(true);
    expect(read(sent.message_id)).toMatchObject({
      silent: true,
      protected: true,
      link_preview: options,
      buttons: [[{ text: 'Read', url: 'https://a.example/' }]],
    });
    const off = await send('No preview', { link_preview_options: { is_disabled: true } });
    expect(off.link_preview_options).toEqual({ is_disabled: true });
    const markup = (button: object) => ({ reply_markup: { inline_keyboard: [[button]] } });
    const wrong = (button: object) =>
      refused('sendMessage', { chat_id: channel.id, text: 'x', ...markup(button) });
    expect(await wrong({ text: 'a' })).toContain('text buttons are unallowed');
    expect(await wrong({ text: 'a', url: 'no address' })).toContain('Wrong HTTP URL');
    expect(await wrong({ text: ' ', url: 'https://a.example' })).toContain('must be non-empty');
    expect(await wrong({ text: 'a', callback_data: 'x'.repeat(65) })).toContain('BUTTON_DATA_INVALID');
    const business = { chat_id: channel.id, text: 'x', business_connection_id: 'b' };
    expect(await refused('sendMessage', business)).toContain('business connection not found');
  });

  test('replies need what they reply to, topics must be there and open', async () => {
    const first = await send('First');
    const reply = (message_id: number, more = {}) => ({ reply_parameters: { message_id, ...more } });
    expect((await send('Second', reply(first.message_id))).reply_to_message.text).toBe('First');
    expect(await refused('sendMessage', { chat_id: channel.id, text: 'x', ...reply(99) })).toBe(
      'Bad Request: message to be replied not found',
    );
    expect(
      (await send('x', reply(99, { allow_sending_without_reply: true }))).reply_to_message,
    ).toBeUndefined();
    expect((await send('x', reply(first.message_id, { quote: 'irs' }))).quote).toMatchObject({ position: 1 });

    const forum = box.addChat({
      type: 'supergroup',
      title: 'Forum',
      is_forum: true,
      admins: [{ bot: bot.id }],
    });
    const thread = box.telegram.createTopic({ chat: forum.id, name: 'Releases' });
    const inForum = (more: object) => ({ chat_id: forum.id, text: 'x', ...more });
    const posted = await done('sendMessage', inForum({ message_thread_id: thread }));
    expect(posted).toMatchObject({
      message_thread_id: thread,
      is_topic_message: true,
      chat: { is_forum: true },
      reply_to_message: { forum_topic_created: { name: 'Releases' } },
    });
    expect((await done('sendMessage', inForum({}))).message_thread_id).toBeUndefined();
    for (const wrong of [1, 77, posted.message_id])
      expect(await refused('sendMessage', inForum({ message_thread_id: wrong }))).toBe(
        'Bad Request: message thread not found',
      );
    box.telegram.setTopic({ chat: forum.id, thread, closed: true });
    expect(await refused('sendMessage', inForum({ message_thread_id: thread }))).toBe(
      'Bad Request: TOPIC_CLOSED',
    );
    box.telegram.setBotRights({ chat: forum.id, bot: bot.id, rights: { can_manage_topics: true } });
    expect((await call('sendMessage', inForum({ message_thread_id: thread }))).ok).toBe(true);
  });
});

describe('files', () => {
  test('every kind keeps what the caller tells of it, and is sent again by its id', async () => {
    const files = { video: file('a.mp4'), cover: { name: 'c.jpg', bytes: await jpeg() } };
    const video = await done(
      'sendVideo',
      {
        chat_id: channel.id,
        duration: 7,
        width: 1280,
        height: 720,
        caption: 'Film',
        cover: 'attach://cover',
      },
      { files },
    );
    expect(video.video).toMatchObject({ duration: 7, width: 1280, height: 720, mime_type: 'video/mp4' });
    expect(video.video.cover).not.toHaveLength(0);
    const again = await done('sendVideo', {
      chat_id: channel.id,
      video: video.video.file_id,
      has_spoiler: true,
    });
    expect(again.video).toMatchObject({ duration: 7, width: 1280, file_id: video.video.file_id });
    expect(read(again.message_id)).toMatchObject({
      kind: 'video',
      spoiler: true,
      files: [{ sha256: sha256('a.mp4'), size: 5, duration: 7 }],
    });
    const sent = (method: string, field: string, name: string, more = {}) =>
      done(method, { chat_id: channel.id, ...more }, { files: { [field]: file(name) } });
    const song = { duration: 3, performer: 'P', title: 'T' };
    expect((await sent('sendAudio', 'audio', 'a.mp3', song)).audio).toMatchObject(song);
    expect((await sent('sendVoice', 'voice', 'a.ogg', { duration: 2 })).voice.duration).toBe(2);
    expect((await sent('sendAnimation', 'animation', 'b.mp4')).animation.file_name).toBe('b.mp4');
    // What cannot be played is shown as a document; what can is, unless detection is off.
    expect((await sent('sendVideo', 'video', 'a.webm')).video).toBeUndefined();
    expect((await sent('sendDocument', 'document', 'c.mp4')).video.file_name).toBe('c.mp4');
    const plain = await sent('sendDocument', 'document', 'd.mp4', { disable_content_type_detection: true });
    expect(plain.document.mime_type).toBe('video/mp4');
    const wrong = { chat_id: channel.id, photo: video.video.file_id };
    expect(await refused('sendPhoto', wrong)).toContain("can't use file of type Video as Photo");
  });

  test('a file id is good for its own bot only, an address only when it is known', async () => {
    const photo = await done(
      'sendPhoto',
      { chat_id: channel.id },
      { files: { photo: { name: 'p.jpg', bytes: await jpeg() } } },
    );
    const id = photo.photo.at(-1).file_id;
    const foreign = { chat_id: channel.id, photo: id };
    expect(await refused('sendPhoto', foreign, { token: witness.token })).toContain('wrong file identifier');
    expect(await refused('getFile', { file_id: id }, { token: witness.token })).toContain('wrong file');
    const seen = (await done('getUpdates', {}, { token: witness.token }))[0].channel_post.photo.at(-1);
    expect(seen.file_unique_id).toBe(photo.photo.at(-1).file_unique_id);
    expect(await done('getFile', { file_id: seen.file_id }, { token: witness.token })).toBeDefined();

    const url = 'https://pictures.example/one.jpg';
    const byUrl = { chat_id: channel.id, photo: url };
    expect(await refused('sendPhoto', byUrl)).toBe('Bad Request: failed to get HTTP URL content');
    box.telegram.registerUrl({ url, base64: (await jpeg(90, 70)).toString('base64') });
    expect((await done('sendPhoto', byUrl)).photo.at(-1).width).toBe(90);
    box.telegram.registerUrl({ url, base64: Buffer.from('<html>').toString('base64') });
    expect(await refused('sendPhoto', byUrl)).toContain('wrong type of the web page content');
    expect(await refused('sendDocument', { chat_id: channel.id, document: 'file:///etc/hosts' })).toContain(
      'wrong file',
    );
  });

  test('albums mix photos with videos only, and carry no buttons', async () => {
    const names = ['a.jpg', 'b.mp4'];
    const files = {
      one: { name: 'a.jpg', bytes: await jpeg() },
      two: file('b.mp4'),
      three: file('c.pdf'),
      four: file('d.mp3'),
    };
    const item = (type: string, name: string, more = {}) => ({ type, media: `attach://${name}`, ...more });
    const album = (media: object[], more = {}) =>
      call('sendMediaGroup', { chat_id: channel.id, media, ...more }, { files });
    const bold = [{ type: 'bold', offset: 0, length: 5 }];
    const mixed = await album([
      item('photo', 'one', { caption: 'Words', caption_entities: bold }),
      item('video', 'two'),
    ]);
    expect(mixed.result[0]).toMatchObject({ caption: 'Words', caption_entities: bold });
    const [first] = box.posts()[0]?.posts ?? [];
    expect(first?.media.map((one) => one.name)).toEqual(names);
    expect((await album([item('document', 'three'), item('document', 'three')])).ok).toBe(true);
    expect((await album([item('audio', 'four'), item('audio', 'four')])).ok).toBe(true);
    expect((await album([item('photo', 'one'), item('document', 'three')])).description).toContain(
      "can't be mixed",
    );
    expect((await album([item('audio', 'four'), item('video', 'two')])).description).toContain(
      "can't be mixed",
    );
    expect((await album([item('photo', 'one')])).description).toContain('strictly 2-10');
    expect(
      (await album([item('photo', 'one'), item('photo', 'one')], { reply_markup: keyboard })).description,
    ).toContain('unknown parameter "reply_markup"');
    const id = mixed.result[0].message_id;
    const change = (media: object) =>
      call('editMessageMedia', { chat_id: channel.id, message_id: id, media }, { files });
    expect((await change(item('document', 'three'))).description).toContain("can't be changed in an album");
    expect((await change(item('video', 'two'))).result.video.file_name).toBe('b.mp4');
  });

  test('a group lets a member send only what its members may', async () => {
    box.telegram.setChat({ chat: group.id, permissions: { can_send_photos: false } });
    box.telegram.addBotTo({ chat: group.id, bot: bot.id, status: 'member' });
    const photo = { files: { photo: { name: 'p.jpg', bytes: await jpeg() } } };
    expect(await refused('sendPhoto', { chat_id: group.id }, photo)).toContain(
      'not enough rights to send photos',
    );
    expect((await done('getChat', { chat_id: group.id })).permissions).toMatchObject({
      can_send_messages: true,
      can_send_photos: false,
    });
    box.telegram.setChat({ chat: group.id, slow_mode_delay: 30 });
    expect((await call('sendMessage', { chat_id: group.id, text: 'one' })).ok).toBe(true);
    expect((await call('sendMessage', { chat_id: group.id, text: 'two' })).parameters.retry_after).toBe(30);
  });
});

describe('polls', () => {
  const options = [{ text: 'Yes' }, { text: 'No' }];
  const poll = (more: object = {}) => ({ chat_id: channel.id, question: 'Well?', options, ...more });

  test('are refused beyond their limits', async () => {
    const cases: [object, string][] = [
      [{ question: 'x'.repeat(301) }, 'must not exceed 300'],
      [{ options: [] }, 'at least 1 option'],
      [{ options: Array.from({ length: 13 }, () => options[0]) }, "can't have more than 12"],
      [{ options: [{ text: 'x'.repeat(101) }] }, 'must not exceed 100'],
      [{ is_anonymous: false }, "non-anonymous polls can't be sent to channel chats"],
      [{ type: 'quiz' }, 'wrong correct option ID'],
      [{ type: 'quiz', correct_option_ids: [2] }, 'wrong correct option ID'],
      [{ type: 'quiz', correct_option_ids: [1], explanation: 'x'.repeat(201) }, 'explanation is too long'],
      [{ open_period: 4 }, 'close date'],
      [{ open_period: 9, close_date: 9 }, 'only one of'],
    ];
    for (const [more, told] of cases) expect(await refused('sendPoll', poll(more))).toContain(told);
    expect((await done('sendPoll', poll({ options: [{ text: 'Only' }] }))).poll.options).toHaveLength(1);
    expect((await done('sendPoll', poll({ chat_id: group.id, is_anonymous: false }))).poll.is_anonymous).toBe(
      false,
    );
  });

  test('a quiz keeps its answer from others, votes come as updates, and stopping ends it', async () => {
    const quiz = await done('sendPoll', poll({ type: 'quiz', correct_option_ids: [1], explanation: 'So' }));
    expect(quiz.poll).toMatchObject({ correct_option_ids: [1], explanation: 'So', is_closed: false });
    const seen = await done('getUpdates', {}, { token: witness.token });
    expect(seen[0].channel_post.poll.correct_option_ids).toBeUndefined();
    box.telegram.setVotes({ chat: channel.id, message_id: quiz.message_id, votes: [3, 4] });
    const update = (await updatesOf(bot)).find((one) => one.poll);
    expect(update.poll).toMatchObject({ id: quiz.poll.id, total_voter_count: 7 });
    expect(
      await refused(
        'stopPoll',
        { chat_id: channel.id, message_id: quiz.message_id },
        { token: witness.token },
      ),
    ).toContain("can't be stopped");
    const stopped = await done('stopPoll', { chat_id: channel.id, message_id: quiz.message_id });
    expect(stopped).toMatchObject({ is_closed: true, total_voter_count: 7 });
    expect(await refused('stopPoll', { chat_id: channel.id, message_id: quiz.message_id })).toContain(
      'already been closed',
    );
    expect(await refused('stopPoll', { chat_id: channel.id, message_id: 99 })).toContain(
      'poll to stop not found',
    );
    const edit = { chat_id: channel.id, message_id: quiz.message_id, text: 'x' };
    expect(await refused('editMessageText', edit)).toContain('there is no text');
    expect(read(quiz.message_id).poll).toMatchObject({ question: 'Well?', is_closed: true });
  });
});

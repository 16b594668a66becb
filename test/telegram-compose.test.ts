import { describe, expect, test } from 'bun:test';
import type { MediaItem, Message, Poll } from '../src/networks/message.ts';
import type { Place } from '../src/networks/network.ts';
import { telegram } from '../src/networks/telegram/telegram.ts';
import { item, message, placeOf, poll } from './telegram-place.ts';

const channel = placeOf();
const group = placeOf({ chat_type: 'supergroup', is_forum: true });
const chat_id = -1001234567890;
const long = 'x'.repeat(1025);

const requestOf = (one: Message, place = channel) => telegram.compose(one, place).request;
const codes = (one: Message, place: Place = channel) =>
  telegram.compose(one, place).problems.map(({ path, code }) => `${path} ${code}`);
const warned = (one: Message, place: Place = channel) =>
  telegram.compose(one, place).warnings.map(({ path, code }) => `${path} ${code}`);

describe('a message for Telegram', () => {
  test('carries its formatting as entities, never as markup', () => {
    const text = '<b>bold</b> link you them 😀 tail';
    const at = (part: string) => ({ offset: text.indexOf(part), length: part.length });
    const request = requestOf(
      message({
        text,
        entities: [
          { type: 'bold', ...at('<b>bold</b>') },
          { type: 'text_link', ...at('link'), url: 'https://example.org/a' },
          { type: 'mention', ...at('you'), network: 'telegram', id: '77' },
          { type: 'mention', ...at('them'), network: 'vk', id: 'id5' },
          { type: 'custom_emoji', ...at('😀'), custom_emoji_id: '5368324170671202286' },
          { type: 'pre', ...at('tail'), language: 'python' },
        ],
      }),
    );
    expect(request).toEqual({
      method: 'sendMessage',
      params: {
        chat_id,
        text,
        entities: [
          { type: 'bold', offset: 0, length: 11 },
          { type: 'text_link', ...at('link'), url: 'https://example.org/a' },
          { type: 'text_link', ...at('you'), url: 'tg://user?id=77' },
          { type: 'custom_emoji', ...at('😀'), custom_emoji_id: '5368324170671202286' },
          { type: 'pre', ...at('tail'), language: 'python' },
        ],
      },
    });
    expect(JSON.stringify(request)).not.toContain('parse_mode');
  });

  test.each([
    ['image', 'sendPhoto', 'photo', {}],
    ['video', 'sendVideo', 'video', { width: 640, height: 360, duration: 12, supports_streaming: true }],
    ['animation', 'sendAnimation', 'animation', { width: 640, height: 360, duration: 12 }],
    ['audio', 'sendAudio', 'audio', { duration: 12 }],
    ['voice', 'sendVoice', 'voice', { duration: 12 }],
    ['document', 'sendDocument', 'document', { disable_content_type_detection: true }],
  ] as const)('of one %s is sent by %s with a caption', (kind, method, field, about) => {
    const one = message({
      text: 'under',
      entities: [{ type: 'italic', offset: 0, length: 5 }],
      media: [item(kind)],
    });
    const { request, problems, length } = telegram.compose(one, channel);
    expect(problems).toEqual([]);
    expect(length).toEqual({ count: 5, limit: 1024, unit: 'utf16_code_units' });
    expect(request).toEqual({
      method,
      params: {
        chat_id,
        [field]: { $media: kind },
        caption: 'under',
        caption_entities: [{ type: 'italic', offset: 0, length: 5 }],
        ...about,
      },
    });
  });

  test('of several files is an album of one kind, images and videos together', () => {
    const mixed = message({ text: 'under', media: [item('image', 'a'), item('video', 'b')] });
    expect(requestOf(mixed)).toEqual({
      method: 'sendMediaGroup',
      params: {
        chat_id,
        media: [
          { type: 'photo', media: { $media: 'a' }, caption: 'under' },
          {
            type: 'video',
            media: { $media: 'b' },
            width: 640,
            height: 360,
            duration: 12,
            supports_streaming: true,
          },
        ],
      },
    });
    const kinds = (...media: MediaItem[]) => codes(message({ media }));
    expect(kinds(item('document', 'a'), item('document', 'b'))).toEqual([]);
    expect(kinds(item('audio', 'a'), item('audio', 'b'))).toEqual([]);
    expect(kinds(item('image'), item('document'))).toEqual(['/media_ids/1 mixed_album']);
    expect(kinds(item('audio'), item('document'), item('video'))).toEqual([
      '/media_ids/1 mixed_album',
      '/media_ids/2 mixed_album',
    ]);
    expect(kinds(item('image'), item('animation'))).toEqual(['/media_ids/1 not_in_album']);
    expect(kinds(item('voice'), item('audio'))).toEqual(['/media_ids/0 not_in_album']);
    const many = (count: number) => Array.from({ length: count }, (_, index) => item('image', `i${index}`));
    expect(kinds(...many(10))).toEqual([]);
    expect(kinds(...many(11))).toEqual(['/media_ids/10 too_many_images']);
    expect(kinds(...many(6), ...many(5).map((one, index) => item('video', `v${index}${one.id}`)))).toEqual([
      '/media_ids/10 too_many_files',
    ]);
  });

  test('is refused where a file does not fit, with a way out', () => {
    const one = (changes: Partial<MediaItem>, kind: MediaItem['kind'] = 'video', place = channel) =>
      codes(message({ media: [item(kind, kind, changes)] }), place);
    expect(one({ mime: 'video/webm' })).toEqual(['/media_ids/0 wrong_type']);
    expect(
      telegram.compose(message({ media: [item('video', 'v', { mime: 'video/webm' })] }), channel).problems[0]
        ?.message,
    ).toContain('attach it as a document');
    expect(one({ mime: 'audio/flac' }, 'audio')).toEqual(['/media_ids/0 wrong_type']);
    expect(one({ mime: 'audio/flac' }, 'document')).toEqual([]);
    expect(one({ size: 52_428_800 })).toEqual([]);
    expect(one({ size: 52_428_801 })).toEqual(['/media_ids/0 too_big']);
    const local = placeOf({ files_most: 2_097_152_000 });
    expect(one({ size: 2_097_152_000 }, 'video', local)).toEqual([]);
    expect(one({ size: 2_097_152_001 }, 'video', local)).toEqual(['/media_ids/0 too_big']);
    expect(one({ size: 10_485_761 }, 'image', local)).toEqual(['/media_ids/0 too_big']);
    expect(one({ width: 9000, height: 1001 }, 'image')).toEqual(['/media_ids/0 too_large_sides']);
    expect(one({ width: 2100, height: 100 }, 'image')).toEqual(['/media_ids/0 too_narrow']);
    expect(one({ width: null, height: null }, 'image')).toEqual([]);
  });

  test('is refused where members of a group may not send its kind', () => {
    const place = placeOf({ chat_type: 'supergroup' }, {}, { video: false, poll: false, voice: false });
    expect(codes(message({ media: [item('video')] }), place)).toEqual(['/media_ids/0 not_allowed']);
    expect(codes(message({ media: [item('animation')] }), place)).toEqual([]);
    expect(codes(message({ media: [item('voice')] }), place)).toEqual(['/media_ids/0 not_allowed']);
    expect(codes(message({ poll }), place)).toEqual(['/poll polls_unavailable']);
    const none = placeOf({ chat_type: 'supergroup' }, {}, { image: false });
    expect(codes(message({ media: [item('image')] }), none)).toEqual(['/media_ids images_unavailable']);
  });

  test('asks polls and quizzes', () => {
    expect(requestOf(message({ poll: { ...poll, multiple: true, anonymous: false } }), group)).toEqual({
      method: 'sendPoll',
      params: {
        chat_id,
        question: 'Tea or coffee?',
        options: [{ text: 'Tea' }, { text: 'Coffee' }],
        is_anonymous: false,
        type: 'regular',
        allows_multiple_answers: true,
      },
    });
    const quiz: Poll = { ...poll, quiz: { correct: 1, explanation: 'It keeps awake.' } };
    expect(requestOf(message({ poll: quiz })).params).toMatchObject({
      type: 'quiz',
      correct_option_ids: [1],
      explanation: 'It keeps awake.',
    });
    const asked = (changes: Partial<Poll>) => codes(message({ poll: { ...quiz, ...changes } }));
    expect(asked({})).toEqual([]);
    expect(asked({ anonymous: false })).toEqual(['/poll/anonymous poll_not_anonymous']);
    expect(asked({ multiple: true })).toEqual(['/poll/multiple quiz_multiple']);
    expect(asked({ question: 'x'.repeat(301) })).toEqual(['/poll/question too_long']);
    expect(asked({ options: ['Tea', 'x'.repeat(101)] })).toEqual(['/poll/options/1 too_long']);
    expect(asked({ options: Array.from({ length: 13 }, (_, index) => `${index}`) })).toEqual([
      '/poll/options/12 too_many_answers',
    ]);
    expect(asked({ quiz: { correct: 2, explanation: null } })).toEqual(['/poll/quiz/correct no_such_answer']);
    expect(asked({ quiz: { correct: 0, explanation: 'x'.repeat(201) } })).toEqual([
      '/poll/quiz/explanation too_long',
    ]);
    expect(asked({ quiz: { correct: 0, explanation: 'a\nb\nc\nd' } })).toEqual([
      '/poll/quiz/explanation too_many_lines',
    ]);
  });

  test('answers the part before it in a thread, and nothing as the rest of a split message', () => {
    const replyOf = (after: Message['after'], options = {}) =>
      requestOf(message({ text: 'a', after, options })).params.reply_parameters;
    const thread = (previous: string | null) => ({ kind: 'thread' as const, first: '4', previous });
    expect(replyOf(thread('5'))).toEqual({ message_id: 5, allow_sending_without_reply: true });
    expect(replyOf(thread('5'), { reply_to: 3 })).toEqual({
      message_id: 5,
      allow_sending_without_reply: true,
    });
    expect(replyOf(thread(null))).toEqual({
      message_id: { $part: 'previous' },
      allow_sending_without_reply: true,
    });
    expect(replyOf({ kind: 'split', first: '4', previous: '5' }, { reply_to: 3 })).toBeUndefined();
    const buttons = [[{ text: 'x', url: 'https://example.org' }]];
    const later = message({ text: 'a', after: thread('5'), options: { buttons } });
    expect(requestOf(later).params.reply_markup).toBeUndefined();
  });

  test('puts a poll after its text, with what each of them asks for', () => {
    const options = {
      silent: true,
      pin: true,
      buttons: [[{ text: 'x', url: 'https://example.org' }]],
      link_preview: { above: true },
      spoiler: true,
    };
    expect(codes(message({ text: 'a', poll }))).toEqual(['/poll poll_stands_alone']);
    const parts = telegram.split?.(message({ text: 'a', poll, options })) ?? [];
    expect(parts.map((part) => requestOf(part).params)).toEqual([
      {
        chat_id,
        text: 'a',
        link_preview_options: { show_above_text: true },
        disable_notification: true,
        reply_markup: { inline_keyboard: options.buttons },
      },
      {
        chat_id,
        question: poll.question,
        options: [{ text: 'Tea' }, { text: 'Coffee' }],
        is_anonymous: true,
        type: 'regular',
        allows_multiple_answers: false,
        disable_notification: true,
      },
    ]);
    expect(parts.map((part) => part.after)).toEqual([null, { kind: 'split', first: null, previous: null }]);
    expect(parts.flatMap((part) => [...codes(part), ...warned(part)])).toEqual([]);
    expect(parts.map((part) => telegram.afterwards?.(part).pin)).toEqual([true, false]);
    const alone = message({ poll });
    expect(telegram.split?.(alone)).toEqual([alone]);
    const album = message({ text: 'a', media: [item('image', 'a'), item('image', 'b')], poll, options });
    const [pictures, question] = telegram.split?.(album) ?? [];
    expect(pictures && codes(pictures)).toEqual([]);
    expect(question && requestOf(question).params.reply_markup).toBeDefined();
  });

  test('refuses, splits or previews a text that is too long for a caption', () => {
    const media = [item('image')];
    const as = (long_caption: string, changes: Partial<Message> = {}) =>
      message({ text: long, media, options: { long_caption }, ...changes });
    const [refused] = telegram.compose(message({ text: long, media }), channel).problems;
    expect(refused).toMatchObject({ path: '/text', code: 'too_long' });
    expect(refused?.message).toContain('“separate”');
    expect(refused?.message).toContain('“preview”');
    expect(codes(as('refuse'))).toEqual(['/text too_long']);
    expect(telegram.split?.(as('refuse'))).toHaveLength(1);

    const parts =
      telegram.split?.(as('separate', { entities: [{ type: 'bold', offset: 1000, length: 9 }] })) ?? [];
    expect(parts.map((part) => requestOf(part))).toEqual([
      { method: 'sendPhoto', params: { chat_id, photo: { $media: 'image' } } },
      {
        method: 'sendMessage',
        params: { chat_id, text: long, entities: [{ type: 'bold', offset: 1000, length: 9 }] },
      },
    ]);
    expect(parts.flatMap((part) => codes(part))).toEqual([]);
    const threaded = as('separate', { after: { kind: 'thread', first: '1', previous: '1' } });
    expect(telegram.split?.(threaded).map((part) => part.after?.kind)).toEqual(['thread', 'split']);
    const short = message({ text: 'a', media, options: { long_caption: 'separate' } });
    expect(telegram.split?.(short)).toEqual([short]);

    expect(requestOf(as('preview'))).toEqual({
      method: 'sendMessage',
      params: {
        chat_id,
        text: long,
        link_preview_options: {
          url: { $media_url: 'image' },
          prefer_large_media: true,
          show_above_text: true,
        },
      },
    });
    expect(codes(as('preview'))).toEqual([]);
    expect(telegram.live(as('preview'), channel).media).toEqual([]);
    expect(telegram.compose(as('preview'), channel).length.limit).toBe(4096);
    expect(codes(as('preview', { text: 'x'.repeat(4097) }))).toEqual(['/text too_long']);
    const two = as('preview', { media: [item('image', 'a'), item('image', 'b')] });
    expect(codes(two)).toEqual(['/text too_long']);
    expect(telegram.compose(two, channel).problems[0]?.message).toContain('exactly one image');
    expect(codes(as('preview', { media: [item('video')] }))).toEqual(['/text too_long']);
  });

  test('tells what becomes public, and what follows it', () => {
    const one = message({ text: ' a \n', media: [item('image', 'a'), item('video', 'b')] });
    expect(telegram.live(one, channel)).toEqual({
      text: 'a',
      media: [
        { id: 'a', kind: 'image' },
        { id: 'b', kind: 'video' },
      ],
      poll: false,
      comments: null,
    });
    expect(telegram.live(message({ poll }), channel)).toMatchObject({ poll: true, media: [] });
  });
});

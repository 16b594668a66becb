import { describe, expect, test } from 'bun:test';
import * as v from 'valibot';
import type { Message } from '../src/networks/message.ts';
import type { Place } from '../src/networks/network.ts';
import { telegram } from '../src/networks/telegram/telegram.ts';
import { item, message, placeOf } from './telegram-place.ts';

const channel = placeOf();
const group = placeOf({ chat_type: 'supergroup', is_forum: true });
const chat_id = -1001234567890;

const requestOf = (one: Message, place = channel) => telegram.compose(one, place).request;
const codes = (one: Message, place: Place = channel) =>
  telegram.compose(one, place).problems.map(({ path, code }) => `${path} ${code}`);
const warned = (one: Message, place: Place = channel) =>
  telegram.compose(one, place).warnings.map(({ path, code }) => `${path} ${code}`);

describe('what a post may ask of Telegram', () => {
  test('takes what its options ask for', () => {
    const options = v.parse(telegram.options, {
      silent: true,
      protect: true,
      topic: 7,
      reply_to: 'https://t.me/outpost_news/12',
      buttons: [
        [{ text: ' Read ', url: 'https://example.org' }],
        [{ text: 'App', url: 'tg://resolve?domain=a' }],
      ],
      link_preview: { url: 'https://example.org/b', size: 'large', above: true },
    });
    expect(requestOf(message({ text: 'a', options }), group).params).toEqual({
      chat_id,
      message_thread_id: 7,
      text: 'a',
      link_preview_options: { url: 'https://example.org/b', prefer_large_media: true, show_above_text: true },
      disable_notification: true,
      protect_content: true,
      reply_parameters: { message_id: 12, allow_sending_without_reply: true },
      reply_markup: {
        inline_keyboard: [
          [{ text: 'Read', url: 'https://example.org' }],
          [{ text: 'App', url: 'tg://resolve?domain=a' }],
        ],
      },
    });
    const media = [item('image')];
    expect(requestOf(message({ media, options: { spoiler: true, caption_above: true } })).params).toEqual({
      chat_id,
      photo: { $media: 'image' },
      has_spoiler: true,
      show_caption_above_media: true,
    });
    expect(requestOf(message({ text: 'a', options: { link_preview: { disabled: true } } })).params).toEqual({
      chat_id,
      text: 'a',
      link_preview_options: { is_disabled: true },
    });
    // The first topic has no number for a bot.
    expect(requestOf(message({ text: 'a', options: { topic: 1 } }), group).params).toEqual({
      chat_id,
      text: 'a',
    });
  });

  const button = { text: 'x', url: 'https://example.org' };
  test.each([
    ['a button that runs something', { buttons: [[{ ...button, url: 'javascript:alert(1)' }]] }],
    ['a button of another scheme', { buttons: [[{ ...button, url: 'ftp://example.org' }]] }],
    ['a long button', { buttons: [[{ ...button, text: 'x'.repeat(65) }]] }],
    ['an empty button', { buttons: [[{ ...button, text: ' ' }]] }],
    ['nine buttons in a row', { buttons: [Array.from({ length: 9 }, () => button)] }],
    ['101 buttons', { buttons: Array.from({ length: 101 }, () => [button]) }],
    ['topic 0', { topic: 0 }],
    ['half a topic', { topic: 1.5 }],
    ['a deletion at once', { delete_after_hours: 0 }],
    ['a deletion after a year', { delete_after_hours: 8761 }],
    ['a loud pin', { pin: 'loud' }],
    ['cutting', { long_caption: 'cut' }],
    ['a huge preview', { link_preview: { size: 'huge' } }],
    ['a preview of an app', { link_preview: { url: 'tg://x' } }],
    ['an answer to an object', { reply_to: {} }],
    ['what it does not know', { colour: 'red' }],
  ])('takes no option like %s', (_, options) => {
    expect(v.is(telegram.options, options)).toBe(false);
  });

  test('says of options what cannot be done, and what will not be seen', () => {
    const buttons = [[{ text: 'x', url: 'https://example.org' }]];
    const album = [item('image', 'a'), item('image', 'b')];
    expect(codes(message({ media: album, options: { buttons } }))).toEqual([
      '/options/buttons album_buttons',
    ]);
    expect(codes(message({ text: 'a', options: { topic: 3 } }))).toEqual(['/options/topic no_topics']);
    expect(codes(message({ text: 'a', options: { reply_to: 'https://t.me/other/5' } }))).toEqual([
      '/options/reply_to reply_elsewhere',
    ]);
    expect(codes(message({ text: 'a', options: { reply_to: 5 } }))).toEqual([]);
    expect(codes(message({ text: 'a', options: { colour: 'red' } }))).toEqual([
      '/options/colour wrong_option',
    ]);
    expect(warned(message({ text: 'a', options: { spoiler: true } }))).toEqual([
      '/options/spoiler no_effect',
    ]);
    expect(warned(message({ media: [item('image')], options: { link_preview: { above: true } } }))).toEqual([
      '/options/link_preview no_effect',
    ]);
    expect(warned(message({ text: 'a', options: { link_preview: { size: 'small' } } }))).toEqual([
      '/options/link_preview no_effect',
    ]);
    expect(warned(message({ text: 'a', options: { delete_after_hours: 49 } }))).toEqual([
      '/options/delete_after_hours late_delete',
    ]);
    expect(warned(message({ text: 'a', options: { delete_after_hours: 48, pin: true } }))).toEqual([]);
    const unpinned = placeOf({}, {}, { pin: false });
    expect(warned(message({ text: 'a', options: { pin: true } }), unpinned)).toEqual([
      '/options/pin pin_unavailable',
    ]);
    const mail = [{ type: 'text_link', offset: 0, length: 1, url: 'mailto:a@example.org' }] as const;
    expect(warned(message({ text: 'a', entities: mail }))).toEqual(['/entities mail_link']);
    expect(requestOf(message({ text: 'a', entities: mail })).params).toEqual({ chat_id, text: 'a' });
  });

  test('names the acts that follow the publication', () => {
    const after = (options: Message['options'], part: Message['after'] = null) =>
      telegram.afterwards?.(message({ text: 'a', options, after: part }));
    expect(after({})).toEqual({ pin: false, deleteAfter: null });
    expect(after({ pin: 'silent', delete_after_hours: 1.5 })).toEqual({
      pin: 'silent',
      deleteAfter: 5_400_000,
    });
    expect(
      after({ pin: true, delete_after_hours: 1 }, { kind: 'thread', first: null, previous: null }),
    ).toEqual({
      pin: false,
      deleteAfter: 3_600_000,
    });
  });

  test('has settings with defaults, and refuses others', () => {
    expect(v.parse(telegram.settings, {})).toEqual({
      service_chat: null,
      forward_probe: false,
      preview_page: true,
      preview_statistics: false,
      resend_when_absent: false,
      comments_in_linked_group: true,
    });
    expect(v.is(telegram.settings, { service_chat: -100123 })).toBe(true);
    expect(v.is(telegram.settings, { service_chat: '@name' })).toBe(false);
    expect(v.is(telegram.settings, { more: true })).toBe(false);
  });
});

import { describe, expect, test } from 'bun:test';
import { parsePreview } from '../src/networks/telegram/preview.ts';

const wrap = (inside: string, about = 'data-post="outpost_news/12"') =>
  `<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="tgme_widget_message text_not_supported_wrap js-widget_message" ${about}>
    <div class="tgme_widget_message_bubble">${inside}</div></div></div>`;
const text = (inside: string) =>
  `<div class="tgme_widget_message_text js-message_text" dir="auto">${inside}</div>`;
const date = (iso: string) =>
  `<a class="tgme_widget_message_date" href="https://t.me/outpost_news/12"><time datetime="${iso}" class="time">10:00</time></a>`;
const page = (...posts: string[]) =>
  `<!DOCTYPE html><html><body><main class="tgme_main"><section>${posts.join('')}</section></main></body></html>`;

const plain = { photos: 0, videos: 0, files: 0, unsupported: false, poll: null };

describe('the public page of a channel', () => {
  test('gives text with its lines, emoji and links as they read', () => {
    const inside = `<b>Bold</b> &amp; <i class="emoji" style="background:url()"><b>😀</b></i><br/>two <a href="https://example.org/">link</a> <tg-spoiler>x</tg-spoiler>`;
    expect(
      parsePreview(page(wrap(text(inside) + date('2026-11-20T10:00:05+00:00'))), 'outpost_news'),
    ).toEqual([
      { ...plain, ids: [12], at: Date.parse('2026-11-20T10:00:05Z'), text: 'Bold & 😀\ntwo link x' },
    ]);
  });

  test('counts an album as one post with all its numbers', () => {
    const photo = (id: number) =>
      `<a class="tgme_widget_message_photo_wrap grouped_media_wrap blured js-message_photo" href="https://t.me/outpost_news/${id}?single"></a>`;
    const video = `<a class="tgme_widget_message_video_player grouped_media_wrap js-message_video_player" href="https://t.me/outpost_news/14?single"><time class="message_video_duration">0:10</time></a>`;
    const [post] = parsePreview(
      page(
        wrap(
          `<div class="tgme_widget_message_grouped_layer">${photo(12)}${photo(13)}${video}</div>${text('under')}`,
        ),
      ),
      'outpost_news',
    );
    expect(post).toMatchObject({ ids: [12, 13, 14], photos: 2, videos: 1, text: 'under', at: null });
  });

  test('leaves out what is quoted, linked or not of this channel', () => {
    const reply = `<a class="tgme_widget_message_reply" href="https://t.me/outpost_news/3"><div class="tgme_widget_message_text js-message_reply_text">older words</div><i class="tgme_widget_message_photo_wrap"></i></a>`;
    const link = `<a class="tgme_widget_message_link_preview" href="https://example.org"><div class="tgme_widget_message_photo_wrap"></div><div class="js-message_text">title</div></a>`;
    const posts = parsePreview(
      page(
        wrap(reply + text('mine') + link),
        wrap(text('other'), 'data-post="other_news/5"'),
        `<div class="tgme_widget_message service_message" data-post="outpost_news/13">${text('pinned')}</div>`,
      ),
      'OutPost_News',
    );
    expect(posts).toEqual([{ ...plain, ids: [12], at: null, text: 'mine' }]);
  });

  test('reads polls, files and what it cannot show', () => {
    const poll = `<div class="tgme_widget_message_poll"><div class="tgme_widget_message_poll_question">Tea?</div><a class="tgme_widget_message_poll_option"><div class="tgme_widget_message_poll_option_percent">60%</div><div class="tgme_widget_message_poll_option_text">Yes</div></a><a class="tgme_widget_message_poll_option"><div class="tgme_widget_message_poll_option_text">No</div></a></div>`;
    const file = `<a class="tgme_widget_message_document_wrap" href="https://t.me/outpost_news/15"><div class="tgme_widget_message_document_title">a.pdf</div></a>`;
    const gone = `<div class="message_media_not_supported_wrap"><div class="message_media_not_supported">Please open Telegram</div></div>`;
    const [first, second] = parsePreview(
      page(wrap(poll), wrap(file + gone, 'data-post="outpost_news/15"')),
      'outpost_news',
    );
    expect(first).toMatchObject({ poll: { question: 'Tea?', options: ['Yes', 'No'] }, text: '' });
    expect(second).toMatchObject({ ids: [15], files: 1, unsupported: true });
  });

  test('makes nothing of what is no such page', () => {
    const strange = [
      '',
      'not HTML at all',
      '<div data-post="outpost_news/12">',
      '{"ok":true}',
      page(wrap('', 'data-post="outpost_news/abc"')),
      '</div></div><div class="tgme_widget_message" data-post="/outpost_news/0">x</div>',
    ];
    for (const html of strange) expect(parsePreview(html, 'outpost_news')).toEqual([]);
    const cut = page(wrap(text('first')), wrap(text('second'), 'data-post="outpost_news/13"')).slice(0, -120);
    expect(parsePreview(cut, 'outpost_news').map((post) => post.ids)).toContainEqual([12]);
  });
});

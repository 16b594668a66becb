import type { Core, Reply } from '../core.ts';
import { text } from '../core.ts';
import type { Chat, StoredMessage } from '../state.ts';
import { findChat } from '../state.ts';
import { escapeHtml, nestedHtml } from '../walls.ts';
import type { Entity } from './entities.ts';

const POSTS = 20;
const THOUSAND = 1000;
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/**
 * The public pages of https://t.me: `s/<name>` shows the newest posts of a public channel, `s/<name>?before=<id>` those
 * before one; a channel without the page, and whatever else has a name, leads to `<name>`. `base` is their address.
 */
export function publicPage(core: Core, base: string, path: string, query: string): Reply {
  const [, shown, name = ''] = /^(s\/)?([^/]*)$/.exec(path) ?? [];
  const chat = name ? findChat(core.state, `@${name}`) : undefined;
  if (!name) return html(404, 'Telegram', '<p>Not Found</p>');
  if (shown) {
    if (chat?.type === 'channel' && chat.preview !== false) return postsPage(core, chat, query);
    const headers = { ...HEADERS, location: `${new URL(base).pathname}/${encodeURIComponent(name)}` };
    return { status: 302, type: 'text/html; charset=utf-8', body: '', outcome: '302', headers };
  }
  const title = chat ? chat.title : `@${name}`;
  const members = chat ? `<div class="tgme_page_extra">${chat.members} subscribers</div>` : '';
  return html(
    200,
    `Telegram: ${title}`,
    `<div class="tgme_page"><div class="tgme_page_title"><span dir="auto">${escapeHtml(title)}</span></div>${members}</div>`,
  );
}

interface Post {
  first: StoredMessage;
  /** Of an album all items. */
  messages: StoredMessage[];
}

function postsPage(core: Core, chat: Chat, query: string): Reply {
  const asked = new URLSearchParams(query).get('before');
  const before = asked && /^\d+$/.test(asked) ? Number(asked) : Number.POSITIVE_INFINITY;
  const all = postsOf(core, chat).filter((post) => post.first.id < before);
  const posts = all.slice(-POSTS);
  const oldest = posts[0]?.first.id;
  const more =
    all.length > posts.length && oldest !== undefined
      ? `<div class="tgme_widget_message_centered js-messages_more_wrap"><a href="/s/${chat.username}?before=${oldest}" class="tme_messages_more js-messages_more" data-before="${oldest}"></a></div>`
      : '';
  const info = `<div class="tgme_channel_info"><div class="tgme_channel_info_header"><div class="tgme_channel_info_header_title"><span dir="auto">${escapeHtml(chat.title)}</span></div><div class="tgme_channel_info_header_username"><a href="https://t.me/${chat.username}">@${escapeHtml(chat.username)}</a></div></div><div class="tgme_channel_info_counters"><div class="tgme_channel_info_counter"><span class="counter_value">${shortened(chat.members)}</span> <span class="counter_type">subscribers</span></div></div><div class="tgme_channel_info_description">${escapeHtml(chat.description)}</div></div>`;
  const history = posts.map((post) => postHtml(core, chat, post)).join('');
  return html(
    200,
    `${chat.title} – Telegram`,
    `${info}<section class="tgme_channel_history js-message_history">${more}${history}</section>`,
  );
}

function postsOf(core: Core, chat: Chat): Post[] {
  const posts: Post[] = [];
  const albums = new Map<unknown, Post>();
  for (const message of core.state.messages.get(chat.id)?.values() ?? []) {
    if (message.deleted) continue;
    const album = message.body.media_group_id;
    const begun = album === undefined ? undefined : albums.get(album);
    if (begun) {
      begun.messages.push(message);
      continue;
    }
    const post = { first: message, messages: [message] };
    posts.push(post);
    if (album !== undefined) albums.set(album, post);
  }
  return posts;
}

function postHtml(core: Core, chat: Chat, { first, messages }: Post): string {
  const name = `${chat.username}/${first.id}`;
  const { body } = first;
  const service = first.kind === 'service';
  const words = text(body.text ?? body.caption);
  const entities = (body.entities ?? body.caption_entities ?? []) as Entity[];
  const shown = words
    ? `<div class="tgme_widget_message_text js-message_text" dir="auto">${nestedHtml(words, entities, plainHtml, tagsOf)}</div>`
    : '';
  const pinned = service
    ? `<div class="tgme_widget_message_text js-message_text" dir="auto">${escapeHtml(chat.title)} pinned a message</div>`
    : '';
  const media = messages.map((message) => mediaHtml(core, chat, message, messages.length > 1)).join('');
  return `<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="tgme_widget_message ${service ? 'service_message ' : ''}js-widget_message" data-post="${name}"><div class="tgme_widget_message_bubble"><div class="tgme_widget_message_author accent_color"><a class="tgme_widget_message_owner_name" href="https://t.me/${chat.username}"><span dir="auto">${escapeHtml(chat.title)}</span></a></div>${forwardHtml(body)}${replyHtml(chat, body)}${media}${pollHtml(body)}${shown}${linkHtml(body, words, entities)}${pinned}${footHtml(name, first)}</div>${buttonsHtml(body)}</div></div>`;
}

function forwardHtml(body: Record<string, unknown>): string {
  const origin = body.forward_origin as { chat?: { title?: string } } | undefined;
  return origin
    ? `<div class="tgme_widget_message_forwarded_from accent_color">Forwarded from <span class="tgme_widget_message_forwarded_from_name" dir="auto">${escapeHtml(origin.chat?.title ?? '')}</span></div>`
    : '';
}

function mediaHtml(core: Core, chat: Chat, { id, kind, files }: StoredMessage, album: boolean): string {
  const link = `href="https://t.me/${chat.username}/${id}${album ? '?single' : ''}"`;
  const grouped = album ? 'grouped_media_wrap ' : '';
  return files
    .map((key) => {
      const file = core.state.files.get(key);
      const address = `${core.url}/files/${key}`;
      const title = `<div class="tgme_widget_message_document_title" dir="auto">${escapeHtml(file?.name ?? kind)}</div>`;
      switch (kind) {
        case 'photo':
          return `<a class="tgme_widget_message_photo_wrap ${grouped}" ${link} style="background-image:url('${address}')"></a>`;
        case 'video':
        case 'animation':
          return `<a class="tgme_widget_message_video_player ${grouped}js-message_video_player" ${link}><video src="${address}" class="tgme_widget_message_video js-message_video"></video></a>`;
        case 'voice':
          return `<a class="tgme_widget_message_voice_player js-message_voice_player" ${link}></a>`;
        default:
          return `<a class="tgme_widget_message_document_wrap" ${link}>${title}</a>`;
      }
    })
    .join('');
}

function replyHtml(chat: Chat, body: Record<string, unknown>): string {
  const replied = body.reply_to_message as
    | { message_id: number; text?: string; caption?: string }
    | undefined;
  if (!replied) return '';
  const words = escapeHtml((replied.text ?? replied.caption ?? '').slice(0, 60));
  return `<a class="tgme_widget_message_reply user-color-default" href="https://t.me/${chat.username}/${replied.message_id}"><div class="tgme_widget_message_author accent_color"><span class="tgme_widget_message_author_name" dir="auto">${escapeHtml(chat.title)}</span></div><div class="tgme_widget_message_text js-message_reply_text" dir="auto">${words}</div></a>`;
}

function linkHtml(body: Record<string, unknown>, words: string, entities: Entity[]): string {
  const options = body.link_preview_options as { is_disabled?: boolean; url?: string } | undefined;
  const found = entities.find((entity) => entity.type === 'url' || entity.type === 'text_link');
  const covered = found ? (found.url ?? words.slice(found.offset, found.offset + found.length)) : '';
  const url = options?.url || covered;
  if (body.text === undefined || !/^https?:/i.test(url) || !URL.canParse(url) || options?.is_disabled)
    return '';
  const site = escapeHtml(new URL(url).hostname);
  return `<a class="tgme_widget_message_link_preview" href="${escapeHtml(url)}"><div class="link_preview_site_name accent_color" dir="auto">${site}</div></a>`;
}

function buttonsHtml(body: Record<string, unknown>): string {
  const markup = body.reply_markup as { inline_keyboard: { text: string; url?: string }[][] } | undefined;
  if (!markup) return '';
  const rows = markup.inline_keyboard.map((row) => {
    const cells = row.map(
      ({ text, url }) =>
        `<a class="tgme_widget_message_inline_button${url ? ' url_button' : ''}"${url ? ` href="${escapeHtml(url)}"` : ''}><span class="tgme_widget_message_inline_button_text" dir="auto">${escapeHtml(text)}</span></a>`,
    );
    return `<div class="tgme_widget_message_inline_row">${cells.join('')}</div>`;
  });
  return `<div class="tgme_widget_message_inline_keyboard">${rows.join('')}</div>`;
}

function pollHtml(body: Record<string, unknown>): string {
  const poll = body.poll as
    | { question: string; options: { text: string; voter_count: number }[]; total_voter_count: number }
    | undefined;
  if (!poll) return '';
  const rows = poll.options.map((option) => {
    const share =
      poll.total_voter_count === 0 ? 0 : Math.round((option.voter_count / poll.total_voter_count) * 100);
    return `<div class="tgme_widget_message_poll_option"><div class="tgme_widget_message_poll_option_percent">${share}%</div><div class="tgme_widget_message_poll_option_text">${escapeHtml(option.text)}</div></div>`;
  });
  return `<div class="tgme_widget_message_poll"><div class="tgme_widget_message_poll_question">${escapeHtml(poll.question)}</div><div class="tgme_widget_message_poll_type">Anonymous Poll</div>${rows.join('')}</div>`;
}

function footHtml(name: string, { at, body, views, reactions }: StoredMessage): string {
  const date = new Date(at).toISOString().replace(/\.\d+Z$/, '+00:00');
  const seen =
    views === undefined ? '' : `<span class="tgme_widget_message_views">${shortened(views)}</span>`;
  const edited = body.edit_date === undefined ? '' : 'edited  ';
  const given = Object.entries(reactions ?? {}).map(
    ([emoji, total]) =>
      `<span class="tgme_reaction"><i class="emoji"><b>${escapeHtml(emoji)}</b></i>${shortened(total)}</span>`,
  );
  const reacted =
    given.length > 0
      ? `<div class="tgme_widget_message_reactions js-message_reactions">${given.join('')}</div>`
      : '';
  return `${reacted}<div class="tgme_widget_message_footer compact js-message_footer"><div class="tgme_widget_message_info short js-message_info">${seen}<span class="copyonly"> views</span><span class="tgme_widget_message_meta">${edited}<a class="tgme_widget_message_date" href="https://t.me/${name}"><time datetime="${date}" class="time">${date.slice(11, 16)}</time></a></span></div></div>`;
}

/** `999`, `1.2K`, `3M`. */
function shortened(count: number): string {
  if (count < THOUSAND) return String(count);
  const [part, letter] =
    count < THOUSAND * THOUSAND ? [count / THOUSAND, 'K'] : [count / THOUSAND / THOUSAND, 'M'];
  return `${part.toFixed(1).replace(/\.0$/, '')}${letter}`;
}

const TAGS: Record<string, [string, string]> = {
  bold: ['<b>', '</b>'],
  italic: ['<i>', '</i>'],
  underline: ['<u>', '</u>'],
  strikethrough: ['<s>', '</s>'],
  code: ['<code>', '</code>'],
  pre: ['<pre>', '</pre>'],
  spoiler: ['<tg-spoiler>', '</tg-spoiler>'],
  blockquote: ['<blockquote>', '</blockquote>'],
  expandable_blockquote: ['<blockquote expandable>', '</blockquote>'],
};

function tagsOf({ type, url }: Entity, covered: string): [string, string] {
  const known = TAGS[type];
  if (known) return known;
  const address = addressOf(type, covered, url ?? '');
  if (!/^(https?:|tg:|mailto:|\?)/i.test(address)) return ['', ''];
  return [`<a href="${escapeHtml(address)}" target="_blank" rel="noopener">`, '</a>'];
}

function addressOf(type: string, covered: string, url: string): string {
  switch (type) {
    case 'text_link':
      return url;
    case 'url':
      return /^[a-z]+:/i.test(covered) ? covered : `http://${covered}`;
    case 'email':
      return `mailto:${covered}`;
    case 'hashtag':
    case 'cashtag':
      return `?q=${encodeURIComponent(covered)}`;
    case 'mention':
      return `https://t.me/${covered.slice(1)}`;
    default:
      return '';
  }
}

function plainHtml(words: string): string {
  return escapeHtml(words)
    .replaceAll('\n', '<br/>')
    .replace(/\p{Extended_Pictographic}\uFE0F?/gu, (emoji) => `<i class="emoji"><b>${emoji}</b></i>`);
}

function html(status: number, title: string, body: string): Reply {
  return {
    status,
    type: 'text/html; charset=utf-8',
    body: `<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head><body class="widget_frame_base tgme_webpreview"><main class="tgme_main">${body}</main></body></html>`,
    outcome: String(status),
    headers: HEADERS,
  };
}

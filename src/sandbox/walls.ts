import type { Core } from './core.ts';
import type { PublicCard, PublicMedia, PublicPlace, PublicPost } from './posts.ts';
import { publicPlaces, telegramPlace, vkPlace } from './posts.ts';
import { findChat, findCommunity } from './state.ts';

const SHOWN_POSTS = 100;

/** Sent with every page: nothing but own pictures and inline styles may load. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

const STYLE = `
:root { color-scheme: light dark; --page: #eef1f5; --card: #fff; --ink: #17202b; --dim: #6a7684; --line: #dfe4ea; --tg: #2a8fd0; --vk: #2f6bd8; }
@media (prefers-color-scheme: dark) { :root { --page: #10151b; --card: #1a212a; --ink: #e6ebf1; --dim: #8c98a6; --line: #2b3440; --tg: #5db4ea; --vk: #78a5ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 640px; margin: 0 auto; padding: 24px 16px 64px; }
body.wide main { max-width: 960px; }
a { color: var(--tone, var(--tg)); text-decoration: none; }
a:hover { text-decoration: underline; }
.telegram { --tone: var(--tg); } .vk { --tone: var(--vk); }
header { display: flex; gap: 14px; align-items: center; margin-bottom: 20px; }
.face { width: 52px; height: 52px; border-radius: 50%; flex: none; display: grid; place-items: center; color: #fff; font-size: 22px; font-weight: 600; background: var(--tone); }
.vk .face { border-radius: 14px; }
h1 { margin: 0; font-size: 21px; line-height: 1.25; overflow-wrap: anywhere; }
.dim { color: var(--dim); font-size: 14px; }
article { background: var(--card); border: 1px solid var(--line); border-radius: 14px; overflow: hidden; margin-bottom: 14px; }
article > .text { padding: 12px 16px; white-space: pre-wrap; overflow-wrap: anywhere; }
article footer { padding: 0 16px 11px; display: flex; flex-wrap: wrap; gap: 4px 14px; color: var(--dim); font-size: 13px; font-variant-numeric: tabular-nums; }
article > footer:first-child { padding-top: 11px; }
.grid { display: grid; gap: 2px; grid-template-columns: repeat(2, 1fr); }
.grid.one { grid-template-columns: 1fr; }
.grid img { display: block; width: 100%; height: 100%; max-height: 480px; object-fit: cover; background: var(--line); }
.grid:not(.one) img { aspect-ratio: 1; }
.grid:not(.one) img:last-child:nth-child(odd) { grid-column: span 2; aspect-ratio: 2; }
.file { margin: 12px 16px 0; padding: 8px 12px; border: 1px solid var(--line); border-radius: 10px; overflow-wrap: anywhere; }
.file b { display: block; font-weight: 600; } .file a { display: block; }
.poll { margin: 12px 16px 0; padding: 10px 12px; border: 1px solid var(--line); border-radius: 10px; overflow-wrap: anywhere; }
.poll div { display: flex; justify-content: space-between; gap: 12px; margin-top: 6px; padding: 4px 10px; border-radius: 8px; background: linear-gradient(var(--line) 0 0) 0 / var(--share, 0%) no-repeat var(--page); }
.comments b { font-weight: 600; }
.buttons { display: grid; gap: 6px; padding: 0 16px 12px; }
.buttons div { display: flex; gap: 6px; }
.buttons a, .buttons span { flex: 1; text-align: center; padding: 7px; border-radius: 9px; background: var(--page); }
.comments { border-top: 1px solid var(--line); padding: 10px 16px; font-size: 14px; white-space: pre-wrap; overflow-wrap: anywhere; }
.mark { color: var(--tone); font-weight: 600; }
.spoiler { background: var(--line); border-radius: 4px; }
blockquote { margin: 4px 0; padding: 2px 10px; border-left: 3px solid var(--tone); }
pre, code { font-family: ui-monospace, monospace; font-size: .92em; } pre { margin: 4px 0; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line); border-radius: 14px; overflow: hidden; }
th, td { text-align: left; padding: 10px 14px; border-bottom: 1px solid var(--line); } tr:last-child td { border-bottom: 0; }
th { color: var(--dim); font-size: 13px; font-weight: 500; } .number { text-align: right; font-variant-numeric: tabular-nums; }
.empty { text-align: center; color: var(--dim); padding: 48px 16px; }
@media (max-width: 600px) { th, td { padding: 9px 8px; } .narrow-off { display: none; } }
`;

/** The page for a path, or nothing when there is none. */
export function pageFor(core: Core, path: string): string | undefined {
  if (path === '/') return indexPage(core);
  const [, kind, raw] = /^\/([tc])\/([^/]+)$/.exec(path) ?? [];
  if (!raw) return undefined;
  const name = decoded(raw);
  if (kind === 't') {
    const chat = findChat(core.state, /^-?\d+$/.test(name) ? name : `@${name.replace(/^@/, '')}`);
    return chat && wallPage(telegramPlace(core, chat));
  }
  const community = findCommunity(core.state, name);
  return community && wallPage(vkPlace(core, community));
}

function decoded(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    return raw;
  }
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function page(title: string, tone: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="refresh" content="2"><title>${escapeHtml(title)}</title><link rel="icon" href="data:,"><style>${STYLE}</style></head><body class="${tone}"><main>${body}</main></body></html>`;
}

function indexPage(core: Core): string {
  const rows = publicPlaces(core).map((place) => {
    const last = place.posts[0];
    return `<tr class="${place.network}"><td>${networkTitle(place)}</td><td><a href="${place.path}">${escapeHtml(place.title)}</a></td><td class="narrow-off">${escapeHtml(address(place))}</td><td class="number narrow-off">${place.members}</td><td class="number">${place.posts.length}</td><td>${last ? time(last.at) : '–'}</td></tr>`;
  });
  const table =
    rows.length > 0
      ? `<table><thead><tr><th>Network</th><th>Wall</th><th class="narrow-off">Address</th><th class="number narrow-off">Members</th><th class="number">Posts</th><th>Last post</th></tr></thead><tbody>${rows.join('')}</tbody></table>`
      : '<p class="empty">No channels or communities yet.</p>';
  return page(
    'Sandbox networks',
    'wide telegram',
    `<header><div class="face" aria-hidden="true">S</div><div><h1>Sandbox networks</h1><div class="dim">Local stand-ins of Telegram and VK. Nothing here leaves this computer.</div></div></header>${table}`,
  );
}

function networkTitle(place: PublicPlace): string {
  return place.network === 'telegram' ? 'Telegram' : 'VK';
}

function address(place: PublicPlace): string {
  if (!place.name) return place.place;
  return place.network === 'telegram' ? `@${place.name}` : `vk.com/${place.name}`;
}

function wallPage(place: PublicPlace): string {
  // VK shows the pinned post above all others.
  const first = place.network === 'vk' ? place.posts.filter((post) => post.pinned) : [];
  const ordered = [...first, ...place.posts.filter((post) => !first.includes(post))];
  const posts = ordered.slice(0, SHOWN_POSTS).map(card).join('');
  const face = escapeHtml([...place.title][0]?.toUpperCase() ?? '?');
  const head = `<header><div class="face" aria-hidden="true">${face}</div><div><h1>${escapeHtml(place.title)}</h1><div class="dim">${networkTitle(place)} sandbox · ${escapeHtml(address(place))} · ${counted(place.members, 'member')} · ${counted(place.posts.length, 'post')} · <a href="/">all walls</a></div></div></header>`;
  return page(
    `${place.title} · ${networkTitle(place)}`,
    place.network,
    head + (posts || '<p class="empty">Nothing was published here yet.</p>'),
  );
}

function card(post: PublicPost): string {
  const pictures = post.media.filter((media) => media.kind === 'photo' && media.width > 0);
  const files = post.media.filter((media) => !pictures.includes(media));
  const grid =
    pictures.length > 0
      ? `<div class="grid${pictures.length === 1 ? ' one' : ''}">${pictures.map(picture).join('')}</div>`
      : '';
  const fileList = files.map(fileLine).join('');
  const linkList = post.cards.map(cardLine).join('') + poll(post);
  const words = post.text ? `<div class="text">${entitiesHtml(post)}</div>` : '';
  const comments = post.comments.map(
    (comment) =>
      `<div class="comments">${comment.author ? `<b>${escapeHtml(comment.author)}</b> ` : ''}${escapeHtml(comment.text)} <span class="dim">${time(comment.at)}</span></div>`,
  );
  const foot = `<footer><span>${time(post.at)}</span><span>#${escapeHtml(post.remote_ids.join(', #'))}</span>${post.edited ? '<span>edited</span>' : ''}${post.pinned ? '<span class="mark">pinned</span>' : ''}${post.marks.map((mark) => `<span class="mark">${escapeHtml(mark)}</span>`).join('')}${counters(post)}</footer>`;
  return `<article id="post-${escapeHtml(post.remote_id)}">${grid}${fileList}${linkList}${words || (grid || fileList || linkList ? '<div class="text"></div>' : '')}${buttons(post)}${foot}${comments.join('')}</article>`;
}

function picture(media: PublicMedia): string {
  return `<img src="${path(media)}" alt="${escapeHtml(media.name)}" width="${media.width}" height="${media.height}">`;
}

function fileLine(media: PublicMedia): string {
  return `<div class="file"><a href="${path(media)}">${escapeHtml(media.name || media.kind)}</a> <span class="dim">${escapeHtml(media.kind)}, ${media.size} bytes${media.note ? `, ${escapeHtml(media.note)}` : ''}</span></div>`;
}

function cardLine({ title, detail, url }: PublicCard): string {
  const inner = `<b>${escapeHtml(title)}</b><span class="dim">${escapeHtml(detail)}</span>`;
  return `<div class="file">${url ? anchor(url, inner) : inner}</div>`;
}

function poll({ poll }: PublicPost): string {
  if (!poll) return '';
  const votes = poll.answers.reduce((total, answer) => total + answer.votes, 0);
  const rows = poll.answers.map((answer) => {
    const share = votes === 0 ? 0 : Math.round((answer.votes / votes) * 100);
    return `<div style="--share: ${share}%"><span>${escapeHtml(answer.text)}</span><span class="dim">${answer.votes}</span></div>`;
  });
  const about = [counted(votes, 'vote'), ...poll.marks, ...(poll.closed ? ['closed'] : [])].join(', ');
  return `<div class="poll"><b>${escapeHtml(poll.question)}</b> <span class="dim">${escapeHtml(about)}</span>${rows.join('')}</div>`;
}

function path(media: PublicMedia): string {
  return `/files/${media.url.split('/').at(-1) ?? ''}`;
}

function buttons(post: PublicPost): string {
  if (post.buttons.length === 0) return '';
  const rows = post.buttons.map((row) => {
    const cells = row.map((button) =>
      button.url ? anchor(button.url, escapeHtml(button.text)) : `<span>${escapeHtml(button.text)}</span>`,
    );
    return `<div>${cells.join('')}</div>`;
  });
  return `<div class="buttons">${rows.join('')}</div>`;
}

function counters(post: PublicPost): string {
  if (!post.counters) return '';
  const { likes, comments, reposts, views } = post.counters;
  return `<span>${counted(likes, 'like')}</span><span>${counted(comments, 'comment')}</span><span>${counted(reposts, 'repost')}</span><span>${counted(views, 'view')}</span>`;
}

function counted(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}

function time(at: number): string {
  const iso = new Date(at).toISOString();
  return `<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 23)} UTC</time>`;
}

/** Only web and Telegram addresses become links: others could run in the page. */
function anchor(url: string, inner: string): string {
  return isSafe(url) ? `<a href="${escapeHtml(url)}" rel="noreferrer noopener">${inner}</a>` : inner;
}

function isSafe(url: string): boolean {
  return /^(https?:\/\/|tg:\/\/|mailto:)/i.test(url);
}

const TAGS: Record<string, [string, string]> = {
  cashtag: ['<span class="mark">', '</span>'],
  bot_command: ['<span class="mark">', '</span>'],
  text_mention: ['<span class="mark">', '</span>'],
  bold: ['<b>', '</b>'],
  italic: ['<i>', '</i>'],
  underline: ['<u>', '</u>'],
  strikethrough: ['<s>', '</s>'],
  code: ['<code>', '</code>'],
  pre: ['<pre>', '</pre>'],
  spoiler: ['<span class="spoiler">', '</span>'],
  blockquote: ['<blockquote>', '</blockquote>'],
  expandable_blockquote: ['<blockquote>', '</blockquote>'],
  hashtag: ['<span class="mark">', '</span>'],
  mention: ['<span class="mark">', '</span>'],
};

function entitiesHtml({ text, entities }: PublicPost): string {
  return nestedHtml(text, entities, escapeHtml, (entity, covered) => {
    const tag = TAGS[entity.type];
    if (tag) return tag;
    const url = entity.type === 'text_link' ? (entity.url ?? '') : entity.type === 'url' ? covered : '';
    return url && isSafe(url)
      ? [`<a href="${escapeHtml(url)}" rel="noreferrer noopener">`, '</a>']
      : ['', ''];
  });
}

/** Text with a pair of tags around every entity. Entities must be nested, the outer before the inner. */
export function nestedHtml<E extends { offset: number; length: number }>(
  text: string,
  entities: readonly E[],
  plain: (piece: string) => string,
  tagsOf: (entity: E, covered: string) => [string, string],
): string {
  const tagged = entities.map((entity) => {
    const end = entity.offset + entity.length;
    const [open, close] = tagsOf(entity, text.slice(entity.offset, end));
    return { start: entity.offset, end, open, close };
  });
  const cuts = new Set([0, text.length]);
  for (const { start, end } of tagged) cuts.add(start).add(end);
  const places = [...cuts].filter((at) => at <= text.length).sort((a, b) => a - b);
  let html = '';
  for (const [index, start] of places.entries()) {
    const end = places[index + 1];
    if (end === undefined) break;
    for (const one of tagged) if (one.start === start) html += one.open;
    html += plain(text.slice(start, end));
    for (const one of tagged.toReversed()) if (one.end === end) html += one.close;
  }
  return html;
}

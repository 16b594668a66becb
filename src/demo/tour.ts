import sharp from 'sharp';
import type { Sandbox } from '../sandbox/server.ts';

/** Who signs in to the demo. No secret: everything is made anew at each start and listens on this computer. */
export const login = { email: 'demo@example.com', password: 'harbour coffee demo' };

export interface Tour {
  key: string;
  communityIds: string[];
  /** The post of which nobody knows whether it went out, and its publication. */
  unconfirmed: { postId: string; publicationId: string };
}

interface Shown {
  id: string;
  publications: { id: string; state: string }[];
}

const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800" viewBox="0 0 1200 800">
  <defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="#f7c59f"/><stop offset="1" stop-color="#fbeee0"/></linearGradient></defs>
  <rect width="1200" height="800" fill="url(#sky)"/>
  <circle cx="880" cy="300" r="110" fill="#ffe9b8"/>
  <path d="M0 420h1200v380H0z" fill="#2f6f7e"/>
  <path d="M0 470q60-22 120 0t120 0 120 0 120 0 120 0 120 0 120 0 120 0 120 0 120 0" fill="none" stroke="#5f9aa6" stroke-width="8"/>
  <path d="M0 640h1200v160H0z" fill="#5b4134"/>
  <path d="M330 400h420v170a130 130 0 0 1-130 130H460a130 130 0 0 1-130-130z" fill="#fff"/>
  <path d="M750 440h50a75 75 0 0 1 0 150h-55" fill="none" stroke="#fff" stroke-width="38"/>
  <ellipse cx="540" cy="402" rx="210" ry="36" fill="#6b4226"/>
  <path d="M450 330c-50-60 50-90 0-160M540 330c-50-60 50-90 0-160M630 330c-50-60 50-90 0-160" fill="none" stroke="#fff" stroke-width="16" stroke-linecap="round" opacity=".75"/>
</svg>`;

/**
 * Fills an empty product with a small workspace, through the doors that everybody uses: the API of `url`, and the
 * networks behind it as their people do. Rejects with the API's own words.
 */
export async function prepareTour(url: string, sandbox: Sandbox): Promise<Tour> {
  const places = openPlaces(sandbox);
  const { cookie } = await call(url, 'POST', '/v1/auth/register', {
    body: { ...login, name: 'Demo', timezone: Intl.DateTimeFormat().resolvedOptions().timeZone },
  });
  const made = await call<{ key: string }>(url, 'POST', '/v1/api-keys', {
    cookie,
    body: { name: 'demo', scopes: ['*'] },
  });
  const { key } = made.answer;
  const post = async <T>(path: string, body: unknown) =>
    (await call<T>(url, 'POST', path, { key, body })).answer;
  const connected = await Promise.all(places.map((place) => post<{ id: string }>('/v1/communities', place)));
  const communityIds = connected.map(({ id }) => id);
  const [telegram, vk] = communityIds;

  // Otherwise the post whose answer is lost would be found on the public page, and nobody would be asked.
  await call(url, 'PATCH', `/v1/communities/${telegram}`, {
    key,
    body: { settings: { preview_page: false } },
  });

  const form = new FormData();
  form.set(
    'file',
    new File([await sharp(Buffer.from(picture)).png().toBuffer()], 'morning.png', { type: 'image/png' }),
  );
  form.set('alt', 'A cup of coffee on a pier at sunrise');
  const media = await post<{ id: string }>('/v1/media', form);

  const morning = await post<Shown>('/v1/posts', {
    text: 'Good morning from the harbour! From today we open at seven.',
    media_ids: [media.id],
    community_ids: communityIds,
    publish_now: true,
  });
  // The channel gets the message and the connection breaks before Telegram has answered.
  const cups = 'The first twenty cups on Saturday are on the house.';
  sandbox.fault({
    network: 'telegram',
    method: 'sendMessage',
    match: { text_contains: cups },
    action: { kind: 'drop_after' },
  });
  const menu = 'The new menu is here: https://example.com/menu';
  sandbox.fault({
    network: 'vk',
    method: 'wall.post',
    match: { text_contains: menu },
    action: { kind: 'vk_error', error_code: 222, error_msg: 'Hyperlinks are forbidden' },
  });
  const [, lost] = await settled(url, key, [
    morning,
    await post<Shown>('/v1/posts', { text: cups, community_ids: [telegram], publish_now: true }),
    await post<Shown>('/v1/posts', { text: menu, community_ids: [vk], publish_now: true }),
  ]);

  // These go out while the first ones are being looked at.
  await post('/v1/posts', {
    text: '**This week:** a new roast from *Huehuetenango*.\n\n> Chocolate, orange peel, a long finish.\n\nRead [how it is made](https://example.com/roast).',
    format: 'markdown',
    community_ids: communityIds,
    first_comment: { text: 'The first kilo is already gone.' },
    overrides: {
      telegram: {
        options: { pin: 'silent', buttons: [[{ text: 'Order a bag', url: 'https://example.com/shop' }]] },
      },
      vk: { options: { pin: true } },
    },
    publish_now: true,
  });
  await post('/v1/posts', {
    text: 'We are choosing the music for Saturday.',
    poll: { question: 'What shall we play?', options: ['Jazz', 'Soul', 'The sound of the sea'] },
    community_ids: communityIds,
    publish_now: true,
  });
  await post('/v1/posts', {
    text: 'Scheduled when the demo began, for one minute later.',
    community_ids: communityIds,
    scheduled_at: inMinutes(1),
  });
  await post('/v1/posts', {
    text: 'Scheduled when the demo began, for five minutes later.',
    community_ids: communityIds,
    scheduled_at: inMinutes(5),
  });
  await post('/v1/posts', {
    text: 'A draft: it waits until somebody gives it a time.',
    community_ids: communityIds,
  });

  const publication = lost?.publications[0];
  if (!lost || publication?.state !== 'unconfirmed') throw new Error('The demo could not lose an answer.');
  return { key, communityIds, unconfirmed: { postId: lost.id, publicationId: publication.id } };
}

/** What an analyst would have left behind: a report that is being made, one every Monday, and a question of their own. */
export async function prepareReports(url: string, key: string): Promise<void> {
  const common = { format: 'pdf', community_ids: [], language: 'en' };
  const post = (path: string, body: unknown) => call(url, 'POST', path, { key, body });
  await Promise.all([
    post('/v1/reports', { ...common, days: 30 }),
    post('/v1/report-schedules', { ...common, every: 'week' }),
    post('/v1/saved-queries', {
      name: 'Views and reactions by hour of the day',
      sql: `select toHour(toTimeZone(published_at, {zone:String})) as hour,
  count() as posts, round(median(views)) as views, round(median(reactions)) as reactions
from analyst.post_latest_v1
where community_id = {community:UUID}
group by hour
order by hour`,
    }),
  ]);
}

/** A channel and a community with people in them; answers what connecting each takes. */
function openPlaces(sandbox: Sandbox) {
  const bot = sandbox.addBot({ username: 'harbour_coffee_bot', first_name: 'Harbour Coffee' });
  sandbox.addChat({
    title: 'Harbour Coffee',
    username: 'harbour_coffee',
    description: 'Coffee on the pier',
    members: 1284,
    admins: [{ bot: bot.id }],
  });
  const community = sandbox.addCommunity({
    name: 'Harbour Coffee',
    screen_name: 'harbour_coffee',
    members: 3517,
  });
  const forCommunity = sandbox.addVkToken({ kind: 'community', group_id: community.id });
  const forUser = sandbox.addVkToken({ kind: 'user', admin_of: [community.id] });
  return [
    { network: 'telegram', external_id: '@harbour_coffee', credentials: { bot_token: bot.token } },
    {
      network: 'vk',
      external_id: 'harbour_coffee',
      credentials: { community_token: forCommunity.token, user_token: forUser.token },
    },
  ];
}

/** The posts once nothing of them is on its way any more. */
async function settled(url: string, key: string, posts: Shown[]): Promise<Shown[]> {
  const until = Date.now() + 15_000;
  const moving = new Set(['scheduled', 'sending', 'confirming']);
  for (;;) {
    const now = await Promise.all(
      posts.map(async ({ id }) => (await call<Shown>(url, 'GET', `/v1/posts/${id}`, { key })).answer),
    );
    if (!now.some(({ publications }) => publications.some(({ state }) => moving.has(state)))) return now;
    if (Date.now() > until) throw new Error('The first posts of the demo did not go out in time.');
    await Bun.sleep(50);
  }
}

async function call<T>(
  url: string,
  method: string,
  path: string,
  { body, key, cookie }: { body?: unknown; key?: string; cookie?: string },
): Promise<{ answer: T; cookie: string }> {
  const form = body instanceof FormData;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(cookie ? { cookie } : {}),
      ...(body && !form ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: form ? body : JSON.stringify(body) } : {}),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`The demo could not ${method} ${path}: ${answer.detail}`);
  return { answer, cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
}

function inMinutes(minutes: number): string {
  return new Date(Date.now() + minutes * 60_000).toISOString();
}

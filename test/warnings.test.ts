import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import sharp from 'sharp';
import { refreshDue } from '../src/communities/renewal.ts';
import { readCard } from '../src/text/card.ts';
import { firstLink } from '../src/text/link.ts';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

const clientId = 51_000_002;
const callback = 'http://localhost:3000/v1/oauth/vk/callback';

let p: Publishing;
let channel: Connected;
let group: Connected;
/** Paths that were asked for. */
let asked: string[] = [];
let pages: ReturnType<typeof Bun.serve>;

const head = (...tags: string[]) => `<html><head>${tags.join('')}</head><body>x</body></html>`;
const title = '<meta property="og:title" content="A title">';
const image = '<meta property="og:image" content="https://example.com/a.png">';

const answers: Record<string, () => Response | Promise<Response>> = {
  '/whole': () => html(head(title, image)),
  '/old': () => html(head('<title>Only this</title>')),
  '/bare': () => html('<p>words</p>'),
  '/narrow': () => html(head(title, image, '<meta property="og:image:width" content="300">')),
  '/wide': () => html(head(title, image, '<meta property="og:image:width" content="500">')),
  '/late-head': () => html(head(`<style>${' '.repeat(100_000)}</style>`, title, image) + ' '.repeat(900_000)),
  '/gone': () => html(head(title, image), 404),
  '/broken': () => html('', 503),
  '/picture': () => new Response('png', { headers: { 'content-type': 'image/png' } }),
  '/moved': () => new Response('', { status: 301, headers: { location: '/whole' } }),
  '/inward': () => new Response('', { status: 301, headers: { location: 'http://10.0.0.1/' } }),
  '/silent': () => new Promise<Response>(() => {}),
};

function html(body: string, status = 200): Response {
  return new Response(body, { status, headers: { 'content-type': 'text/html; charset=utf-8' } });
}

beforeAll(async () => {
  pages = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      asked.push(pathname);
      // What follows the name makes it an address that nobody has looked at yet.
      return (answers[`/${pathname.split('/')[1]}`] ?? (() => html('', 404)))();
    },
  });
  p = await openPublishing({
    outsideAllow: ['127.0.0.1/32'],
    clients: { vk: { id: String(clientId), secret: 'protectedKeyOfTheApp' } },
    durations: { linkLook: 700 },
  });
  channel = await p.telegram();
  group = await p.vk();
}, 30_000);
afterAll(async () => {
  await p.close();
  await pages.stop(true);
});
beforeEach(() => {
  asked = [];
});

let fresh = 0;
const at = (path: string) => {
  fresh += 1;
  return `http://127.0.0.1:${pages.port}${path}/${fresh}`;
};

type Warning = { path: string; code: string; message: string };

/** The warnings of each community, in the order that the body names them. */
async function warnings(body: object): Promise<Warning[][]> {
  const answer = await p.ask('POST', '/v1/posts/preview', body);
  expect([answer.status, answer.body.errors]).toEqual([200, undefined]);
  return answer.body.communities.map((one: { warnings: Warning[] }) => one.warnings);
}

async function codes(body: object): Promise<string[]> {
  return (await warnings(body)).flat().map(({ path, code }) => `${path} ${code}`);
}

const inChannel = (text: string, more: object = {}) => codes({ text, community_ids: [channel.id], ...more });
const inGroup = (text: string, more: object = {}) => codes({ text, community_ids: [group.id], ...more });
const hours = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString();

describe('a link', () => {
  test.each([
    ['/whole', [], []],
    ['/moved', [], []],
    ['/late-head', [], []],
    ['/picture', [], []],
    ['/wide', [], []],
    ['/old', [], ['/text link_no_image']],
    ['/narrow', [], ['/text link_small_image']],
    ['/bare', ['/text link_no_card'], ['/text link_no_card']],
    ['/gone', ['/text link_not_found'], ['/text link_not_found']],
    ['/broken', ['/text link_not_found'], ['/text link_not_found']],
    ['/silent', ['/text link_unreachable'], ['/text link_unreachable']],
    ['/inward', ['/text link_not_checked'], ['/text link_not_checked']],
  ])('to %s is told of where it will make no card', async (path, onTelegram, onVk) => {
    expect(await inChannel(`See ${at(path)}.`)).toEqual(onTelegram);
    expect(await inGroup(`See ${at(path)}.`)).toEqual(onVk);
  });

  test.each([
    ['http://127.0.0.2/', 'link_not_checked', /readers cannot open it either/],
    ['http://169.254.169.254/latest/meta-data/', 'link_not_checked', /readers cannot open it either/],
    ['http://93.184.216.34:5432/', 'link_not_checked', /443 and 80/],
    ['https://no-such-name.invalid/', 'link_unreachable', /no such name/],
  ])('to %s says so', async (url, code, words) => {
    const [[warning] = []] = await warnings({ text: url, community_ids: [channel.id] });
    expect(warning).toEqual({ path: '/text', code, message: expect.stringMatching(words) });
  });

  test('that nobody will show as a card is not looked at', async () => {
    const link = at('/gone');
    const picture = await uploaded(640, 480);
    const off = { overrides: { telegram: { options: { link_preview: { disabled: true } } } } };
    expect(await inChannel(`See ${link}`, off)).toEqual([]);
    expect(await inChannel(`See ${link}`, { media_ids: [picture] })).toEqual([]);
    expect(await inChannel(`\`${link}\``, { format: 'markdown' })).toEqual([]);
    expect(await inGroup(`See ${link}`, { media_ids: [picture] })).toEqual([]);
    expect(await inGroup('x', { parts: [{ text: link }] })).toEqual([]);
    expect(await inChannel('no link at all')).toEqual([]);
    expect(asked).toEqual([]);
  });

  test('is the first one, or the one that the options name', async () => {
    const [good, bad] = [at('/whole'), at('/gone')];
    expect(await inChannel(`${good} ${bad}`)).toEqual([]);
    expect(await inChannel(`${bad} ${good}`)).toEqual(['/text link_not_found']);
    expect(await inChannel(`[here](${bad}) ${good}`, { format: 'markdown' })).toEqual([
      '/text link_not_found',
    ]);
    const telegram = { options: { link_preview: { url: bad } } };
    expect(await inChannel(good, { overrides: { telegram } })).toEqual([
      '/overrides/telegram/options/link_preview/url link_not_found',
    ]);
    const vk = { options: { link: bad } };
    expect(await inGroup(good, { overrides: { vk } })).toEqual(['/overrides/vk/options/link link_not_found']);
    expect(await inGroup(`[here](${bad}) ${good}`, { format: 'markdown' })).toEqual(['/text link_not_found']);
  });

  test('of a further part, or of what differs in one community, is told where it stands', async () => {
    const bad = at('/gone');
    expect(await inChannel('x', { parts: [{ text: 'y' }, { text: bad }] })).toEqual([
      '/parts/1/text link_not_found',
    ]);
    const overrides = { [group.id]: { text: bad } };
    expect(await codes({ text: 'x', community_ids: [channel.id, group.id], overrides })).toEqual([
      `/overrides/${group.id}/text link_not_found`,
    ]);
  });

  test('is looked at once for all communities and for a while', async () => {
    const bad = at('/gone');
    const body = { text: bad, community_ids: [channel.id, group.id] };
    expect(await codes(body)).toEqual(['/text link_not_found', '/text link_not_found']);
    expect(await codes(body)).toHaveLength(2);
    await inChannel(bad);
    expect(asked).toHaveLength(1);
  });

  test('is one of three that are looked at for a preview, side by side', async () => {
    const links = Array.from({ length: 5 }, () => at('/silent'));
    const parts = links.slice(1).map((text) => ({ text }));
    const begun = performance.now();
    expect(await inChannel(links[0] ?? '', { parts })).toEqual([
      '/text link_unreachable',
      '/parts/0/text link_unreachable',
      '/parts/1/text link_unreachable',
    ]);
    expect(performance.now() - begun).toBeLessThan(2_000);
    expect(asked).toHaveLength(3);
  });

  test('that is bad hinders no post, and creating one looks at nothing', async () => {
    const body = { text: at('/gone'), community_ids: [channel.id], scheduled_at: hours(1) };
    const preview = await p.ask('POST', '/v1/posts/preview', body);
    expect([preview.body.ok, preview.body.communities[0].problems]).toEqual([true, []]);
    asked = [];
    const made = await p.ask('POST', '/v1/posts', { ...body, text: at('/silent') });
    expect([made.status, asked]).toEqual([201, []]);
  });
});

async function uploaded(width: number, height: number): Promise<string> {
  const bytes = await sharp({ create: { width, height, channels: 3, background: '#446688' } })
    .png()
    .toBuffer();
  const body = new FormData();
  body.set('file', new File([new Uint8Array(bytes)], 'picture.png', { type: 'image/png' }));
  const answer = await p.test.request('POST', '/v1/media', { key: p.key, body });
  expect(answer.status).toBe(201);
  return answer.body.id;
}

describe('an image', () => {
  test('that fills no phone is told of, by its place', async () => {
    const media_ids = [await uploaded(640, 480), await uploaded(900, 319), await uploaded(320, 320)];
    expect(await inChannel('x', { media_ids })).toEqual(['/media_ids/1 image_small']);
    expect(await inGroup('x', { parts: [{ text: 'y', media_ids: media_ids.slice(1) }] })).toContain(
      '/parts/0/media_ids/0 image_small',
    );
    const [[warning] = []] = await warnings({ media_ids, community_ids: [channel.id] });
    expect(warning?.message).toStartWith('Image 2 measures 900 × 319 pixels: Telegram will show it');
  });

  test('beside a link that VK shows as a card must be wide, and does for the page', async () => {
    const overrides = { vk: { options: { link: at('/old') } } };
    const [narrow, wide] = [await uploaded(499, 499), await uploaded(500, 400)];
    expect(await inGroup('x', { media_ids: [wide], overrides })).toEqual([]);
    expect(await inGroup('x', { media_ids: [wide, narrow], overrides })).toEqual([
      '/media_ids/1 card_image_small',
    ]);
    expect(await inGroup('x', { overrides })).toEqual(['/overrides/vk/options/link link_no_image']);
    expect(await inGroup('x', { media_ids: [narrow] })).toEqual([]);
  });
});

describe('a day of Moscow', () => {
  /** Noon there, so many days from now. */
  const noon = (days: number, minutes = 0) => {
    const day = new Date(Date.now() + 3 * 3_600_000 + days * 86_400_000).toISOString().slice(0, 10);
    return new Date(Date.parse(`${day}T12:00:00+03:00`) + minutes * 60_000).toISOString();
  };

  test('that has all the posts that VK takes is told of', async () => {
    const small = await p.vk({ settings: { posts_per_day: 2 } });
    const make = async (scheduled_at: string, parts: object[] = []) => {
      const body = { text: `${scheduled_at}`, community_ids: [small.id], scheduled_at, parts };
      const answer = await p.ask('POST', '/v1/posts', body);
      expect(answer.status).toBe(201);
      return answer.body.id as string;
    };
    const ask = (scheduled_at: string) =>
      codes({ text: 'one more', community_ids: [small.id, group.id, channel.id], scheduled_at });
    // The first and the last minute of that day, and their neighbours in the days beside it.
    await make(noon(3, -12 * 60), [{ text: 'a comment' }]);
    await make(noon(3, -12 * 60 - 1));
    expect(await ask(noon(3))).toEqual([]);
    const second = await make(noon(3, 12 * 60 - 1));
    await make(noon(3, 12 * 60));
    expect(await ask(noon(3))).toEqual(['/scheduled_at day_limit']);
    expect(await ask(noon(2))).toEqual([]);
    expect(await ask(noon(4))).toEqual([]);
    const [[warning] = []] = await warnings({ text: 'x', community_ids: [small.id], scheduled_at: noon(3) });
    const day = noon(3).slice(0, 10);
    expect(warning?.message).toStartWith(
      `VK takes 2 posts a day here, and ${day} (Europe/Moscow) has 2 already.`,
    );
    const local_time = `${day}T09:30`;
    expect(await codes({ text: 'x', community_ids: [small.id], local_time, timezone: 'Asia/Tokyo' })).toEqual(
      ['/local_time day_limit'],
    );
    expect(await codes({ text: 'x', community_ids: [small.id] })).toEqual([]);
    expect((await p.ask('POST', `/v1/posts/${second}/cancel`)).status).toBe(200);
    expect(await ask(noon(3))).toEqual([]);
  }, 20_000);
});

describe('access that renews itself', () => {
  /** A community of VK that lives by a sign-in. */
  async function signedIn(): Promise<{ id: string; grant: string }> {
    const { sandbox, owner } = p;
    const place = sandbox.addCommunity({ screen_name: 'signed', name: 'Signed' });
    const person = sandbox.vk.addPerson({ first_name: 'Vera', admin_of: [place.id] });
    sandbox.vk.addApp({
      client_id: clientId,
      client_secret: 'protectedKeyOfTheApp',
      name: 'Outpost',
      redirect_uris: [callback],
      scopes: ['wall', 'photos', 'docs', 'groups', 'stats', 'video'],
    });
    const { cookie } = owner;
    const way = await p.test.request('POST', '/v1/connections', {
      cookie,
      body: { network: 'vk', kind: 'user' },
    });
    const allowed = await fetch(`${way.body.authorize_url}&user=${person.id}`, { redirect: 'manual' });
    const back = new URL(allowed.headers.get('location') ?? '');
    expect((await p.test.request('GET', back.pathname + back.search, { cookie })).status).toBe(200);
    const body = { network: 'vk', connection_id: way.body.id, external_id: place.screen_name };
    const made = await p.test.request('POST', '/v1/communities', { cookie, body });
    expect(made.status).toBe(201);
    const [row] = await p.test.ctx.sql<{ grant_id: string }[]>`
      select grant_id from credentials where community_id = ${made.body.id}`;
    return { id: made.body.id, grant: row?.grant_id ?? '' };
  }

  test('is warned of only where its last renewal failed, and it ends before the post', async () => {
    const { sql } = p.test.ctx;
    const { id, grant } = await signedIn();
    const ask = (scheduled_at: string) => codes({ text: 'x', community_ids: [id, channel.id], scheduled_at });
    // VK's access lasts an hour.
    expect(await ask(hours(48))).toEqual([]);
    await sql`update access_grants set refresh_at = now() where id = ${grant}`;
    p.sandbox.fault({ network: 'vk', method: 'id.oauth2/auth', action: { kind: 'html_502' } });
    await refreshDue(p.test.ctx);
    expect(await ask(hours(0.5))).toEqual([]);
    expect(await ask(hours(48))).toEqual(['/community_ids token_ends']);
    const [[warning] = []] = await warnings({ text: 'x', community_ids: [id], scheduled_at: hours(48) });
    const [row] = await sql<{ ends: Date }[]>`
      select expires_at as ends from access_grants where id = ${grant}`;
    const when = row?.ends.toISOString().slice(0, 16).replace('T', ' ');
    expect(warning?.message).toStartWith(
      `The access to this community ends on ${when} UTC, before the post is due`,
    );
    expect(warning?.message).toEndWith('Connect the community again.');
    await sql`update access_grants set refresh_at = now() where id = ${grant}`;
    await refreshDue(p.test.ctx);
    expect(await ask(hours(48))).toEqual([]);
    await sql`update access_grants set dead = true where id = ${grant}`;
    expect(await ask(hours(48))).toEqual(['/community_ids token_ends']);
  }, 20_000);
});

describe('a page', () => {
  test.each([
    [head('<title> A &amp; B </title>'), 'A & B', null, null],
    [head('<title>old</title>', title, image), 'A title', 'https://example.com/a.png', null],
    ['<meta content="t" property=og:title><meta content=i property="OG:Image">', 't', 'i', null],
    [head(title, '<meta property="og:title" content="second">'), 'A title', null, null],
    [head('<meta name="twitter:title" content="t"><meta name="twitter:image" content="i">'), 't', 'i', null],
    [head('<link rel="image_src" href="/i.png">'), null, '/i.png', null],
    [
      head(image, '<meta property="og:image:width" content="1200">'),
      null,
      'https://example.com/a.png',
      1_200,
    ],
    [head(image, '<meta property="og:image:width" content="wide">'), null, 'https://example.com/a.png', null],
    [head('<meta property="og:title" content="  ">', '<title></title>'), null, null, null],
    [head('<!-- <title>no</title> -->', '<script>"<title>no</title>"</script>'), null, null, null],
    ['<body><svg><title>icon</title></svg></body>', null, null, null],
    ['<title>cut in the mid', 'cut in the mid', null, null],
    ['', null, null, null],
  ])('as %j tells its card', (source, title, image, imageWidth) => {
    expect(readCard(source)).toEqual({ title, image, imageWidth });
  });

  test('of any shape is read quickly', () => {
    const begun = performance.now();
    for (const piece of ['<', '<title>', '<svg>', '<meta property="og:title" ', '&amp;', '<!--']) {
      readCard(piece.repeat(512_000 / piece.length));
    }
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});

describe('the first link of a text', () => {
  const link = (offset: number, length: number, url: string) =>
    ({ type: 'text_link', offset, length, url }) as const;

  test.each([
    ['none', null],
    ['see https://a.example/b?c=d#e now', 'https://a.example/b?c=d#e'],
    ['HTTP://A.example', 'HTTP://A.example'],
    ['see https://a.example/b.', 'https://a.example/b'],
    ['(https://a.example/b), and', 'https://a.example/b'],
    ['(see https://a.example/b_(c))', 'https://a.example/b_(c)'],
    ['«https://a.example/b»!', 'https://a.example/b'],
    ['https://a.example/путь…', 'https://a.example/путь'],
    ['https:// https://[ https://a.example', 'https://a.example'],
    ['ftp://a.example mailto:a@b.example', null],
  ])('%j leads to %p', (text, url) => {
    expect(firstLink({ text, entities: [] })).toBe(url);
  });

  test('is the one that stands first, behind words or written out', () => {
    const text = 'here https://a.example';
    expect(firstLink({ text, entities: [link(0, 4, 'https://b.example/')] })).toBe('https://b.example/');
    expect(firstLink({ text, entities: [link(5, 17, 'https://b.example/')] })).toBe('https://b.example/');
    expect(firstLink({ text, entities: [link(0, 4, 'mailto:a@b.example')] })).toBe('https://a.example');
    expect(firstLink({ text, entities: [{ type: 'code', offset: 5, length: 17 }] })).toBeNull();
  });

  test('is found quickly in whatever text', () => {
    const begun = performance.now();
    for (const piece of ['https://', 'https://a)', 'https://a ', ')', 'http://[ ']) {
      firstLink({ text: `https://x${piece.repeat(100_000 / piece.length)}`, entities: [] });
    }
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});

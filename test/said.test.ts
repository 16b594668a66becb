import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Glob } from 'bun';
import { AppError, statusOf } from '../src/errors.ts';
import { documentKind, pictureKind, recordingKind } from '../src/media/sort.ts';
import { filesOf, fit } from '../src/networks/fit.ts';
import { type MediaKind, type Message, mediaKinds } from '../src/networks/message.ts';
import { capabilitiesFrom } from '../src/networks/telegram/capabilities.ts';
import { settingsOf } from '../src/networks/telegram/place.ts';
import { common as english } from '../web/i18n/en/common.ts';
import { common as russian } from '../web/i18n/ru/common.ts';
import { said as words } from '../web/i18n/ru/said.ts';
import { inWords, said, speak } from '../web/i18n/said.ts';
import { project } from './process.ts';
import { openPublishing, type Publishing } from './publishing.ts';
import { textsOf } from './texts.ts';

beforeAll(() => speak('ru', words));
afterAll(() => speak('en', null));

/** What people meet on the pages: the API itself, connecting, files, posts, series, slots, figures, SQL, reports. */
const rooms = [
  'acts',
  'analyst',
  'analytics',
  'auth',
  'communities',
  'http',
  'media',
  'networks',
  'posts',
  'publishing',
  'reports',
  'series',
];
const globs = [...rooms, 'slots', 'workspaces'].map((room) => `src/${room}/**/*.ts`);
const files = [...globs, 'src/{errors,page,timezone}.ts'].flatMap((glob) => [
  ...new Glob(glob).scanSync(project),
]);
/** Not of the dashboard: what an installation says of itself, pages of their own, reports with their own words. */
const elsewhere =
  /^src\/(http\/(document|web|problem)|analyst\/(functions|provision|queries)|reports\/(words|drawing|export|draw|make)|communities\/invitation|networks\/telegram\/session)/;
/** Calls and names whose texts are for the documentation, the log, the operator or nobody. */
const apart = new Set([
  ...[
    'v.description',
    'summary',
    'description',
    'tag',
    'externalIdHelp',
    'flag',
    'address',
    'figure',
    'title',
  ],
  ...[
    'Error',
    'StartError',
    'Unreadable',
    'log.info',
    'log.warn',
    'log.error',
    'ctx.log.info',
    'ctx.log.warn',
    'ctx.log.error',
  ],
  ...['act', 'wish', 'decision', 'titles', 'repeat', 'hkdfSync', 'tx.unsafe', 'refused', 'userScope'],
]);
/** Titles that the pages have words of their own for, pages that the server draws itself, names. */
const others = new Set([
  'Changing published posts',
  'Removing published posts',
  'Pinning posts',
  'Commenting as the community',
  'Finding out whether a post went out',
  'Hearing what happens there',
  'Outpost could not finish this. Begin again in a while.',
  'Median of the posts of the period, at an age of about 24 hours. Networks count differently; null: not told.',
  'Go back to Outpost and choose the community. You may close this page.',
  'Shown once.',
  'Sign in again',
  'nothing is kept',
  'wall photos video docs groups stats',
]);
const prose = /[a-z]{2,} [a-z]{2,}/i;
/** Statements for ClickHouse and parts of them, which no tag tells apart from texts. */
const statement =
  /\b(select|explain|having|group by|order by) |\bunion all\b|\b(argMaxMerge|isNotNull|count(If)?)\(|:(Array|UUID|Float64|DateTime64|UInt\d+)\b|\bas (last|latest|default)_|''/;
const hole = /\{\{\d+\}\}/g;
/** Of a Russian text: a value, one that is looked up, or the form that fits one. */
const anyHole = /\{\{\d+\}\}|\[\[\d+/g;

const source = await Promise.all(
  files
    .filter((file) => !elsewhere.test(file))
    .map(async (file) => ({ file, texts: textsOf(await Bun.file(join(project, file)).text()) })),
);

test('every text that the server has for people has Russian words', () => {
  const missing = source.flatMap(({ file, texts }) =>
    texts
      .filter(({ text, within }) => prose.test(text.replace(hole, '')) && !apart.has(within.at(-1) ?? ''))
      .filter(({ text }) => !statement.test(text))
      .filter(({ text }) => [text, `[[${text}]]`, `[[{{1}} ${text}]]`].every((key) => !words[key]))
      .filter(({ text }) => !others.has(text))
      .map(({ text, within }) => `${file} [${within.slice(-2).join(' ')}] ${text}`),
  );
  expect(source.length).toBeGreaterThan(120);
  expect(missing).toEqual([]);
  expect(Object.keys(words).length).toBeGreaterThan(600);
});

test('no words are kept for what nobody says any more, and none lose their values', async () => {
  const all = new Set<string>();
  let whole = '';
  for (const file of new Glob('src/**/*.ts').scanSync(project)) {
    const code = await Bun.file(join(project, file)).text();
    whole += code;
    for (const { text } of textsOf(code)) all.add(text);
  }
  // Some stand in SQL.
  const kept = Object.keys(words).filter((text) => !text.startsWith('[['));
  expect(kept.filter((text) => !all.has(text) && !whole.includes(`'${text}'`))).toEqual([]);
  // A value is put together in the source: its noun stands there, or its network.
  const values = Object.keys(words).filter((text) => text.startsWith('[['));
  const nouns = values.map((text) =>
    text
      .slice(2, -2)
      .replace(/\{\{1\}\} ?|^The /g, '')
      .trim(),
  );
  expect(nouns.filter((noun) => !new RegExp(`\\b${noun}\\b`, 'i').test(whole))).toEqual([]);
  expect(values.length).toBeGreaterThan(50);
  const invented = Object.entries(words).filter(([text, russian]) =>
    (russian.match(anyHole) ?? []).some((one) => !text.includes(`{{${one.match(/\d+/)?.[0]}}}`)),
  );
  expect(invented).toEqual([]);
});

test('every code of a refusal has words in both languages', () => {
  for (const code of Object.keys(statusOf) as (keyof typeof statusOf)[]) {
    expect([code, english.refusal[code]]).toEqual([code, expect.stringMatching(/^[A-Z].*\.$/)]);
    expect([code, russian.refusal[code]]).toEqual([code, expect.stringMatching(/^[А-ЯЁ].*\.$/)]);
  }
});

test('values stand in their places, numbers take their form, sentences follow each other', () => {
  expect(said('This is more than 365 days ahead, the farthest that can be planned.')).toBe(
    'Это дальше чем через 365 дней: так далеко планировать нельзя.',
  );
  expect(said('Telegram takes 1024 characters here, the text has 2000. Shorten it.')).toBe(
    'Telegram принимает здесь 1024 знака, в тексте 2000. Сократите его.',
  );
  expect(said('VK pins posts, not comments. There is no such post.')).toBe(
    'ВКонтакте закрепляет посты, а не комментарии. Такого поста нет.',
  );
  expect(said('Bad Request: chat not found')).toBeNull();
  expect(said('Telegram refused the request: «Bad Request».')).toBe(
    'Telegram отклонил запрос: «Bad Request».',
  );
});

/** What stays as it is in a Russian sentence. */
const names =
  /Telegram|Outpost|VK|JPEG|PNG|GIF|WebP|MP4|MP3|M4A|OGG|ZIP|Europe\/Moscow|t\.me\/s\/\S+|image\/\S+|text\/\S+|[a-z_]+\.(ru|com)/g;

function expectRussian(text: string): string {
  const russian = said(text);
  expect([text, russian, russian?.replace(names, '').match(/[a-z]+/gi) ?? null]).toEqual([
    text,
    expect.stringMatching(/[а-яё]/i),
    null,
  ]);
  return russian ?? '';
}

/** A message with so many files of a kind, each too large and of a type that nobody takes. */
function messageOf(kind: MediaKind, count: number): Message {
  const item = { kind, mime: 'image/x-odd', size: 90_000_000, width: 9_000, height: 100, duration: null };
  const rest = { sha256: '', name: null, alt: null, open: () => Promise.reject(new Error('not read')) };
  return {
    text: 'x'.repeat(200),
    entities: [],
    media: Array.from({ length: count }, (_, index) => ({ id: String(index), ...item, ...rest })),
    poll: { question: '', options: ['', 'x'.repeat(300)], anonymous: true, multiple: false, quiz: null },
    options: {},
    after: null,
  };
}

test('no value leaves English in a Russian sentence: files, counts, polls', () => {
  const told: string[] = [];
  for (const title of ['Telegram', 'VK']) {
    for (const kind of mediaKinds) {
      for (const most of [0, 1, 2, 5]) {
        const taken = { most, bytes: 50_000_000, mimes: ['image/jpeg'] };
        const files = filesOf(Object.fromEntries(mediaKinds.map((one) => [one, taken])));
        const poll = { question: 100, option: 100, least: 3, most: 10 };
        const rules = { title, text: 100, tooLong: 'Shorten it.', tooMany: 'Remove some.', files, poll };
        for (const count of [1, most + 1]) {
          for (const media of [1, 100]) {
            const { problems } = fit(messageOf(kind, count), { ...rules, media, sides: 1_000, ratio: 20 });
            for (const { message } of problems) told.push(expectRussian(message));
          }
        }
      }
    }
    const nothing = messageOf('image', 0);
    const none = {
      title,
      text: 9,
      tooLong: 'Shorten it.',
      tooMany: '',
      media: 1,
      sides: 1,
      ratio: 1,
      poll: null,
    };
    for (const { message } of fit(nothing, { ...none, files: filesOf({}) }).problems) expectRussian(message);
  }
  expect(told).toContain('Telegram не принимает здесь картинки. Уберите.');
  expect(told).toContain('ВКонтакте принимает здесь 5 картинок, в посте 6. Уберите лишние.');
  expect(told).toContain('ВКонтакте принимает здесь 1 голосовое сообщение, в посте 2. Уберите лишние.');
  expect(told.some((text) => text.startsWith('Картинка 2: размер 9000 × 100; '))).toBe(true);
  expect(told.some((text) => text.startsWith('Вариант 2: 300 знаков, ВКонтакте принимает 100.'))).toBe(true);
});

test('no value leaves English in a Russian sentence: uploads, rights, dates', () => {
  const refused: string[] = [];
  const refuse = (make: () => unknown) => {
    try {
      make();
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      refused.push(error.message, ...error.errors.map(({ message }) => message));
    }
  };
  for (const as of mediaKinds) {
    const video = { width: 640, height: 360 };
    refuse(() => recordingKind({ video, audio: 'mp4a', duration: 1 }, 'video/mp4', as));
    refuse(() => recordingKind({ video: null, audio: 'mp3', duration: 1 }, 'audio/mpeg', as));
    refuse(() => documentKind({ family: 'document', mime: 'text/plain', extension: 'txt' }, as));
    refuse(() => pictureKind(false, 'image/png', as));
  }
  expect(refused.length).toBeGreaterThan(10);
  for (const text of refused) expectRussian(text);

  const none = { text: true, image: false, video: false, animation: false, audio: false, voice: false };
  const rights = { ...none, document: false, poll: false, delete: false, pin: false };
  for (const type of ['channel', 'supergroup'] as const) {
    const found = {
      type,
      rights,
      username: null,
      protectContent: false,
      settings: settingsOf({}),
      admin: true,
    };
    const more = { linked: null, service: null, witness: null, session: null, sessions: false };
    const capabilities = capabilitiesFrom({ ...found, ...more });
    for (const name of ['images', 'video', 'documents', 'audio', 'polls'] as const) {
      const { detail, without, next_step } = capabilities[name];
      for (const text of [detail, without, next_step]) if (text) expectRussian(text);
    }
  }

  for (const word of ['went', 'goes']) {
    expectRussian(`The same text ${word} to this community on 2026-11-24.`);
  }
  const ends = (left: string) =>
    expectRussian(`The access ends in ${left}: give the community new credentials before.`);
  expect(ends('1 day')).toContain('через 1 день:');
  expect(ends('3 days')).toContain('через 3 дня:');
  expect(ends('0 days')).toContain('через 0 дней:');
  for (const posts of ['1 post', '50 posts']) {
    expectRussian(
      `VK takes ${posts} a day here, and 2026-11-24 (Europe/Moscow) has 50 already. Choose another day, or raise posts_per_day in the settings of the community if VK takes more.`,
    );
  }
  for (const kind of ['user', 'community']) expectRussian(`The ${kind} token of this community is missing.`);
  for (const kind of ['voice message', 'animation']) {
    expectRussian(`Telegram takes no ${kind} into an album. Post it by itself, or as a further part.`);
  }
  for (const field of ['photo', 'video', 'animation', 'audio', 'voice', 'document']) {
    expectRussian(
      `The bot may not send a file of this kind here (${field}). Make it an administrator of the group, or allow it in the group's permissions.`,
    );
  }
  expect(said('left out: the poll, 2 further parts, what differs by network (format=json holds it)')).toBe(
    'пропущено: опрос, 2 продолжения, отличия по сетям (есть в format=json)',
  );
  expect(said('a person looked: it is there; left out, since no address was given: pin, first comment')).toBe(
    'человек посмотрел: пост там; пропущено, так как адрес не указан: закрепление, первый комментарий',
  );
});

test('a name is never taken for a value', () => {
  expect(said('There is no connected community «images»: give its @name, title or id.')).toBe(
    'Подключённого сообщества «images» нет: укажите его @имя, название или номер.',
  );
  expect(said('images, VK: Image 2 is GIF; VK takes PNG. Remove some.')).toBe(
    'images, VK: Картинка 2: GIF; ВКонтакте принимает PNG. Уберите лишние.',
  );
  expect(said('Comments in the linked group “3 days” are turned off here.')).toBe(
    'Комментарии в группе «3 days» здесь выключены.',
  );
});

test('answers are put into words, but never what a person wrote', () => {
  const text = 'There is no such post.';
  const answer = {
    text,
    error: { message: text, next_step: null, code: 'not_found' },
    problems: [{ path: '/text', message: text }],
    messages: [{ request: { params: { message: text } } }],
    steps: [text, 'untold'],
  };
  expect(inWords(answer)).toEqual({
    text,
    error: { message: 'Такого поста нет.', next_step: null, code: 'not_found' },
    problems: [{ path: '/text', message: 'Такого поста нет.' }],
    messages: [{ request: { params: { message: text } } }],
    steps: ['Такого поста нет.', 'untold'],
  });
});

test('what a person meets most is told in Russian: signing in, connecting, the composer, files', async () => {
  await using it: Publishing = await openPublishing();
  const channel = await it.telegram();
  const group = await it.vk({ tokens: ['community'] });
  const refused: [string, string, unknown][] = [
    ['POST', '/v1/auth/login', { email: it.owner.email, password: 'not the password' }],
    ['POST', '/v1/auth/register', { email: 'nobody', password: 'short', name: '' }],
    ['POST', '/v1/auth/register', { email: it.owner.email, password: 'long enough a word', name: 'A' }],
    ['POST', '/v1/communities', { network: 'telegram', credentials: { bot_token: 'x' }, external_id: '@a' }],
    [
      'POST',
      '/v1/communities',
      { network: 'telegram', credentials: { bot_token: `1:${'a'.repeat(35)}` }, external_id: '@abc' },
    ],
    [
      'POST',
      '/v1/communities',
      { network: 'telegram', credentials: { bot_token: channel.tokens[0] }, external_id: '@nowhere_here' },
    ],
    [
      'POST',
      '/v1/communities',
      {
        network: 'telegram',
        credentials: { bot_token: channel.tokens[0] },
        external_id: String(channel.place),
      },
    ],
    [
      'POST',
      '/v1/communities',
      { network: 'vk', credentials: { community_token: 'vk1.a.wrong' }, external_id: '1' },
    ],
    ['POST', '/v1/communities', { network: 'vk', credentials: {}, external_id: '1' }],
    ['POST', '/v1/posts', { text: 'x'.repeat(5_000), community_ids: [channel.id], publish_now: true }],
    ['POST', '/v1/posts', { text: 'x'.repeat(20_000), community_ids: [group.id], publish_now: true }],
    ['POST', '/v1/posts', { community_ids: [channel.id], publish_now: true }],
    ['POST', '/v1/posts', { text: 'x', community_ids: [], publish_now: true }],
    ['POST', '/v1/posts', { text: 'x', community_ids: [channel.id], scheduled_at: '2020-01-01T00:00:00Z' }],
    ['POST', '/v1/posts', { text: 'x', community_ids: [channel.id], scheduled_at: '2090-01-01T00:00:00Z' }],
    ['POST', '/v1/posts', { text: 'x', media_ids: [channel.id], community_ids: [channel.id] }],
    [
      'POST',
      '/v1/posts',
      { text: 'x', media_ids: [await it.picture()], community_ids: [channel.id, channel.id] },
    ],
    ['POST', '/v1/posts', { text: 'x', wrong: 1, community_ids: 'all' }],
    ['POST', '/v1/series', { name: '', rrule: 'FREQ=MINUTELY', starts: 'now', posts: [] }],
    ['POST', '/v1/series/preview', { rrule: 'FREQ=DAILY;BYHOUR=99', starts: '2027-01-01T10:00' }],
    ['POST', '/v1/series/preview', { rrule: 'DAILY', starts: '2027-01-01T10:00' }],
    ['GET', `/v1/posts/${channel.id}`, undefined],
    ['DELETE', `/v1/communities/${it.owner.workspaceId}`, undefined],
    ['GET', '/v1/nothing', undefined],
    ...[
      'overview?days=none',
      'overview?days=9999',
      'compare?metric=all',
      'compare?days=8',
      ...['growth?grain=minute', 'top-posts?metric=all', 'best-times?days=8', 'trends?metric=all'].map(
        (rest) => `communities/${channel.id}/${rest}`,
      ),
      `communities/${channel.id}/trends?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z`,
      `communities/${channel.id}/trends?from=2001-01-01T00:00:00Z&to=2026-01-01T00:00:00Z`,
      `communities/${channel.id}/trends?grain=hour&from=2020-01-01T00:00:00Z&to=2024-01-01T00:00:00Z`,
      `communities/${it.owner.workspaceId}/growth`,
    ].map((path): [string, string, unknown] => ['GET', `/v1/analytics/${path}`, undefined]),
    ['POST', '/v1/saved-queries', { name: 'x', sql: 'x'.repeat(100_001) }],
    ['GET', `/v1/saved-queries/${channel.id}`, undefined],
  ];
  const untold: string[] = [];
  const told: string[] = [];
  const look = (at: string, text: string) => {
    const found = said(text);
    told.push(text);
    if (found === null || !/[а-яё]/i.test(found) || /[a-z]{3,} [a-z]{3,} [a-z]{2,}/.test(found)) {
      untold.push(`${at}: ${text} → ${found}`);
    }
  };
  for (const [method, path, body] of refused) {
    const answer = await it.ask(method, path, body);
    if (answer.status < 400) untold.push(`${path} ${JSON.stringify(body)} was not refused`);
    look(path, answer.body.detail);
    for (const { message } of answer.body.errors ?? []) look(path, message);
  }
  for (const query of [
    '',
    'drop table x',
    'select 1; select 2',
    'select 1 settings max_threads = 8',
    'select {a:Identifier}',
    'select {a:Nothing}',
    'select from where',
    'select (',
    "select a'b'",
    'select hostName()',
    'select * from outside.posts',
    'select * from analyst.nothing',
    'select * from nothing',
    'select * from url()',
    'select * from numbers(99999999999)',
    'select * from analyst.post_lift_v1(x = 1)',
    'select * from system.users',
    'show processlist',
    'describe nothing',
    'select 1 format Odd',
    `select ${'('.repeat(2_000)}1${')'.repeat(2_000)}`,
  ]) {
    const headers = { 'Content-Type': 'text/plain' };
    const answer = await it.test.request('POST', '/v1/analytics/sql', { key: it.key, body: query, headers });
    const [, text = ''] = /DB::Exception: (.*) \(\w+\) \(version/s.exec(String(answer.body)) ?? [];
    expect([query, answer.headers.get('Outpost-Refused-By')]).toEqual([query, 'outpost']);
    look(query, text);
  }
  const engine = await it.test.request('POST', '/v1/analytics/sql', {
    key: it.key,
    body: "select 1 + 'a'",
    headers: { 'Content-Type': 'text/plain' },
  });
  expect(engine.headers.get('Outpost-Refused-By')).toBe('clickhouse');
  for (const [name, bytes] of [
    ['a.txt', new Uint8Array()],
    ['a.html', new TextEncoder().encode('<html><script>alert(1)</script></html>')],
    ['a.png', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 1, 2, 3])],
  ] as const) {
    const form = new FormData();
    form.append('file', new File([bytes], name));
    const answer = await it.ask('POST', '/v1/media', form);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    look(name, answer.body.detail);
  }
  for (const { id } of [channel, group]) {
    const { body } = await it.ask('GET', `/v1/communities/${id}/rights`);
    for (const { detail, without, next_step } of body.rights) {
      for (const text of [detail, without, next_step]) if (text) look('rights', text);
    }
  }
  expect(untold).toEqual([]);
  expect(told.length).toBeGreaterThan(50);
}, 20_000);

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

let p: Publishing;
let news: Connected;
let shop: Connected;
beforeAll(async () => {
  p = await openPublishing();
  news = await p.telegram();
  shop = await p.vk();
}, 30_000);
afterAll(() => p.close());

const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

async function send(csv: string, query = ''): Promise<{ status: number; body: Record<string, never> }> {
  const answer = await p.test.request('POST', `/v1/posts/import${query}`, {
    key: p.key,
    body: csv,
    headers: { 'content-type': 'text/csv' },
  });
  return answer;
}

const count = async () => {
  const [row] = await p.test.ctx.sql<{ count: number }[]>`select count(*)::int as count from posts`;
  return row?.count ?? 0;
};

test('a plan from a spreadsheet is taken over, whatever it separates with', async () => {
  const before = await count();
  const csv = `\ufeffcommunities;text;local_time;timezone;telegram.silent;vk.signed
Channel 1;"First; with a semicolon";${day(2)} 10:00;Europe/Berlin;true;
vk:group2;"Two lines
of text";${day(3)}T09:30;Europe/Berlin;;true
`;
  const answer = await send(csv);
  expect([answer.status, answer.body.imported]).toEqual([200, 2]);
  expect(await count()).toBe(before + 2);
  const [first] = answer.body.rows as unknown as { post_id: string }[];
  const { body } = await p.ask('GET', `/v1/posts/${first?.post_id}`);
  expect([body.text, body.local_time, body.timezone, body.community_ids, body.overrides]).toEqual([
    'First; with a semicolon',
    `${day(2)}T10:00`,
    'Europe/Berlin',
    [news.id],
    { telegram: { options: { silent: true } } },
  ]);
});

test('a time that a spreadsheet made a date of is read with the day first', async () => {
  const [year, month, date] = day(4).split('-');
  const csv = `communities;text;local_time;timezone
Channel 1;at nine;${date}.${month}.${year} 9:05;Europe/Berlin
Channel 1;with seconds;${date}.${month}.${year} 18:30:00;Europe/Berlin
`;
  const answer = await send(csv);
  expect([answer.status, answer.body.imported]).toEqual([200, 2]);
  const rows = answer.body.rows as unknown as { post_id: string }[];
  const times = rows.map(async (row) => (await p.ask('GET', `/v1/posts/${row.post_id}`)).body.local_time);
  expect(await Promise.all(times)).toEqual([`${day(4)}T09:05`, `${day(4)}T18:30:00`]);
  const wrong = await send(`communities;text;local_time;timezone
Channel 1;no such day;31.02.${Number(year) + 1} 10:00;Europe/Berlin
`);
  const told = wrong.body.errors as unknown as { path: string }[];
  expect([wrong.status, told[0]?.path]).toEqual([422, '/rows/1/local_time']);
});

test('one wrong line keeps everything out, and every fault is told with its line', async () => {
  const before = await count();
  const csv = `communities,text,local_time,timezone,telegram.silent
Channel 1,good,${day(2)}T10:00,Europe/Berlin,
Nowhere,bad place,${day(2)}T10:00,Europe/Berlin,
Channel 1,${'x'.repeat(4_097)},${day(2)}T10:00,Europe/Berlin,
Channel 1,bad time,2020-01-01T10:00,Europe/Berlin,
Channel 1,bad option,${day(2)}T10:00,Europe/Berlin,perhaps
`;
  const answer = await send(csv);
  expect(answer.status).toBe(422);
  const told = answer.body.errors as unknown as { path: string }[];
  expect(told.map((fault) => fault.path)).toEqual([
    '/rows/2/communities',
    '/rows/3/text',
    '/rows/4/local_time',
    '/rows/5/overrides/telegram/options/silent',
  ]);
  expect(await count()).toBe(before);
});

test('a dry run reports on every line and keeps nothing', async () => {
  const before = await count();
  const csv = `communities,text,local_time,timezone
Channel 1,fine and new,${day(4)}T10:00,Europe/Berlin
Nowhere,bad place,${day(4)}T10:00,Europe/Berlin
`;
  const answer = await send(csv, '?dry_run=true');
  expect(answer.status).toBe(200);
  const rows = answer.body.rows as unknown as {
    errors: unknown[];
    post_id: null;
    scheduled_at: string | null;
  }[];
  expect(rows.map((row) => [row.errors.length, row.post_id])).toEqual([
    [0, null],
    [1, null],
  ]);
  expect(rows[0]?.scheduled_at?.slice(0, 10)).toBe(day(4));
  expect(await count()).toBe(before);
});

test.each([
  ['no header that is known', 'when,what\n1,2\n', /no column «when»/],
  ['no communities', 'text\nhello\n', /column communities is missing/],
  ['a quote that never ends', 'communities,text\nChannel 1,"open\n', /not readable CSV/],
  ['nothing below the header', 'communities,text\n', /no line below/],
])('%s is refused in plain words', async (_name, csv, words) => {
  const answer = await send(csv);
  expect(answer.status).toBe(422);
  expect(
    (answer.body.errors as unknown as { message: string }[]).map((fault) => fault.message).join(' '),
  ).toMatch(words);
});

test('an export is imported again with nothing lost that a line can hold', async () => {
  const made = await p.ask('POST', '/v1/posts', {
    text: '=SUM(A1) <b>bold</b>, "quoted"\nsecond line',
    entities: [{ type: 'italic', offset: 0, length: 8 }],
    community_ids: [news.id, shop.id],
    overrides: { telegram: { options: { buttons: [[{ text: 'Open', url: 'https://example.com/' }]] } } },
    first_comment: { text: 'first!' },
    local_time: `${day(5)}T12:00`,
    timezone: 'Europe/Moscow',
  });
  expect([made.status, made.body.errors]).toEqual([201, undefined]);
  const csv = await p.test.request('GET', `/v1/posts/export?from=${day(5)}T00:00:00Z`, { key: p.key });
  expect(csv.headers.get('content-type')).toMatch(/text\/csv/);
  const again = await send(csv.body);
  expect([again.status, again.body.errors, again.body.imported]).toEqual([200, undefined, 1]);
  const rows = again.body.rows as unknown as { post_id: string; warnings: string[] }[];
  const { body } = await p.ask('GET', `/v1/posts/${rows[0]?.post_id}`);
  const { text, entities, community_ids, overrides, first_comment, local_time, timezone } = made.body;
  expect(body).toMatchObject({
    text,
    entities,
    community_ids,
    overrides,
    first_comment,
    local_time,
    timezone,
  });
  expect(rows[0]?.warnings.length).toBeGreaterThan(0);
  expect(csv.body).not.toMatch(/(^|,)"?=/m);

  const json = await p.ask('GET', `/v1/posts/export?format=json&from=${day(5)}T00:00:00Z`);
  expect(json.body.posts.length).toBe(2);
  const third = await p.ask('POST', '/v1/posts/import', json.body);
  expect([third.status, third.body.imported]).toEqual([200, 2]);
});

test('posts that pretend to be judged already are refused as any other unknown field', async () => {
  const before = await count();
  for (const faults of [[], [null], [{ path: '', message: '' }]]) {
    const posts = [{ faults }, { text: 'a good one', community_ids: [news.id] }];
    const answer = await p.ask('POST', '/v1/posts/import', { posts });
    expect([answer.status, answer.body.errors]).toEqual([
      422,
      [{ path: '/rows/1/faults', message: 'This field is not known here.' }],
    ]);
  }
  expect(await count()).toBe(before);
});

test('an export holds what is still planned: nothing that was cancelled', async () => {
  const made = await p.ask('POST', '/v1/posts', {
    text: 'called off',
    community_ids: [news.id],
    local_time: `${day(9)}T12:00`,
    timezone: 'Europe/Moscow',
  });
  const csv = () => p.test.request('GET', `/v1/posts/export?from=${day(9)}T00:00:00Z`, { key: p.key });
  expect((await csv()).body).toContain('called off');
  await p.ask('POST', `/v1/posts/${made.body.id}/cancel`);
  expect((await csv()).body).not.toContain('called off');
});

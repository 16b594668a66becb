import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Uint8ArrayReader, Uint8ArrayWriter, ZipReader } from '@zip.js/zip.js';
import { parse } from 'csv-parse/sync';
import { extractText, getDocumentProxy } from 'unpdf';
import { AppError } from '../src/errors.ts';
import { sweepMedia } from '../src/media/jobs.ts';
import { scaleOf } from '../src/reports/drawing/scale.ts';
import { metricTables } from '../src/reports/export/metrics.ts';
import { exported } from '../src/reports/export/tables.ts';
import { makeReport, resumeLost, sweepReports } from '../src/reports/make.ts';
import { lastDays, lastMorning, nextMorning, periodBefore } from '../src/reports/period.ts';
import { reportDue } from '../src/reports/schedule.ts';
import type { Files } from '../src/stores/files.ts';
import { openPostgres } from '../src/stores/postgres.ts';
import { type Child, openRound, seed } from './faults/round.ts';
import { type Account, openTest, type Test } from './harness.ts';
import { type Connected, openPublishing, type Publishing } from './publishing.ts';

const hour = 3_600_000;
const day = 24 * hour;
const nobody = '00000000-0000-0000-0000-000000000000';

let p: Publishing;
let channel: Connected;
let group: Connected;
let stranger: Account;
/** Midnight of today in Moscow, where the workspace is. */
const midnight = Math.floor((Date.now() + 3 * hour) / day) * day - 3 * hour;
const title = 'Кофейня «Высота» ☕️';

beforeAll(async () => {
  p = await openPublishing();
  await p.start();
  stranger = await p.test.register();
  channel = await p.telegram();
  group = await p.vk();
  await p.ask('PATCH', `/v1/communities/${channel.id}`, { title });
  await p.ask('PATCH', `/v1/communities/${group.id}`, { title: '=HYPERLINK("http://example.com")' });
  await seedFigures();
}, 30_000);
afterAll(() => p.close());

/** Thirty days of members and of two posts a day for the channel; the group has nothing but members. */
async function seedFigures() {
  const { ch } = p.test.ctx;
  const of = (communityId: string, at: number, members: number) => ({
    ts: new Date(at),
    workspace_id: p.owner.workspaceId,
    community_id: communityId,
    network: 'telegram',
    ...{ members, reach: null, visitors: null, views: null, joins: null, leaves: null },
  });
  const days = Array.from({ length: 30 }, (_, index) => index + 1);
  await ch.insert('raw_community_metrics_v1', [
    ...days.map((ago) => of(channel.id, midnight - ago * day + 12 * hour, 2_000 - 10 * ago)),
    of(group.id, midnight - 12 * hour, 77),
  ]);
  const published = days.flatMap((ago) => [0, 1].map((n) => midnight - ago * day + (10 + 8 * n) * hour));
  await ch.insert(
    'raw_post_metrics_v1',
    published.flatMap((at, index) =>
      [1, 23, 25].map((age) => ({
        ts: new Date(at + age * hour),
        workspace_id: p.owner.workspaceId,
        community_id: channel.id,
        post_key: String(9_000 + index),
        publication_id: nobody,
        published_at: new Date(at),
        views: age * 10 + index,
        reactions: 3,
        ...{ reach: null, comments: null, shares: null, clicks: null },
      })),
    ),
  );
  await p.test.ctx.sql`
    insert into observed_posts (workspace_id, community_id, remote_id, posted_at, text)
    values (${p.owner.workspaceId}, ${channel.id}, '9059', ${new Date(published.at(-1) ?? 0)}, '=1+1 Скидки 🔥 до 40 %')`;
  const due = new Date(midnight - 5 * day);
  const event = (id: number, publication: string, name: string, lag: number) => ({
    event_id: id,
    ts: new Date(due.getTime() + lag),
    workspace_id: p.owner.workspaceId,
    community_id: channel.id,
    post_id: publication,
    publication_id: publication,
    network: 'telegram',
    from_state: 'scheduled',
    event: name,
    due_at: due,
    lag_ms: lag,
  });
  const [first, second, third] = [Bun.randomUUIDv7(), Bun.randomUUIDv7(), Bun.randomUUIDv7()];
  await ch.insert('publication_events_v1', [
    event(900_001, first, 'sending', 5),
    event(900_002, first, 'published', 250),
    event(900_003, second, 'sending', 5),
    event(900_004, second, 'published', 250),
    event(900_005, third, 'failed', 900),
  ]);
}

/** Waits until a job has ended. */
async function ended(jobId: string, of: Pick<Publishing, 'ask'> = p) {
  for (let n = 0; n < 600; n += 1) {
    const { body } = await of.ask('GET', `/v1/jobs/${jobId}`);
    if (body.state === 'completed' || body.state === 'failed') return body;
    await Bun.sleep(25);
  }
  throw new Error('the job did not end');
}

/** Asks for a report or an export and answers it as it is when it is made, with its file. */
async function made(path: string, body?: object) {
  const asked = await p.ask('POST', path, body);
  expect([path, asked.status, asked.body.errors]).toEqual([path, 202, undefined]);
  const job = await ended(asked.body.job.id);
  expect(job).toMatchObject({ state: 'completed', error: null, progress: 1 });
  const { body: report } = await p.ask('GET', job.result);
  return { report, file: await download(report.url) };
}

async function download(url: string) {
  const response = await p.test.app.fetch(new Request(url));
  return {
    status: response.status,
    headers: response.headers,
    bytes: new Uint8Array(await response.arrayBuffer()),
  };
}

async function unzip(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const entries = await new ZipReader(new Uint8ArrayReader(bytes)).getEntries();
  const files = new Map<string, Uint8Array>();
  for (const entry of entries) {
    if (!entry.directory)
      files.set(entry.filename, await entry.getData(new Uint8ArrayWriter(), { checkSignature: true }));
  }
  return files;
}
const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const rowsOf = (bytes: Uint8Array | undefined): Record<string, string>[] =>
  parse(textOf(bytes), { columns: true });

describe('a report', () => {
  test('as CSV is a table per question, with the numbers that the API tells', async () => {
    const { report, file } = await made('/v1/reports', { format: 'csv', days: 31 });
    expect(report).toMatchObject({
      format: 'csv',
      state: 'completed',
      title: 'Community report',
      size: file.bytes.length,
    });
    expect(file.headers.get('content-disposition')).toContain('.zip');
    const files = await unzip(file.bytes);
    expect([...files.keys()].sort()).toEqual([
      'README.txt',
      'best_times.csv',
      'days.csv',
      'delivery.csv',
      'hours_of_the_week.csv',
      'overview.csv',
      'top_posts.csv',
    ]);
    const overview = rowsOf(files.get('overview.csv'));
    expect(overview.find((row) => row.community_id === channel.id)).toMatchObject({
      community: title,
      network: 'telegram',
      members: '1990',
      members_before: '',
    });
    expect(overview[0]).toMatchObject({
      scope: 'all',
      members: '2067',
      posts: '60',
      reactions: '180',
      comments: '',
    });
    const days = rowsOf(files.get('days.csv')).filter((row) => row.community_id === channel.id);
    expect(days).toHaveLength(31);
    expect(days.at(-2)).toMatchObject({
      date: new Date(midnight - day + 3 * hour).toISOString().slice(0, 10),
      members: '1990',
      change: '10',
      joins: '',
      posts: '2',
      timezone: 'Europe/Moscow',
    });
    // What is taken for a formula is one no more; numbers stay numbers.
    expect(overview.map((row) => row.community)).toContain(`'=HYPERLINK("http://example.com")`);
    const top = rowsOf(files.get('top_posts.csv'));
    expect(top[0]).toMatchObject({ post_key: '9059', views: '309', reach: '', rank: '1' });
    const told = (await p.ask('GET', `/v1/analytics/communities/${channel.id}/best-times?days=90`)).body;
    expect(
      rowsOf(files.get('best_times.csv')).map(({ community_id, status, usable_posts, missing_posts }) => [
        community_id,
        status,
        usable_posts,
        missing_posts,
      ]),
    ).toContainEqual([channel.id, told.status, String(told.posts.usable), '0']);
    expect(rowsOf(files.get('best_times.csv'))).toContainEqual(
      expect.objectContaining({
        community_id: group.id,
        status: 'not_enough_data',
        missing_posts: '20',
        weekday: '',
      }),
    );
    expect(rowsOf(files.get('hours_of_the_week.csv'))).toHaveLength(told.slots.length);
    const delivery = rowsOf(files.get('delivery.csv'));
    const three = { publications: '3', published: '2', failed: '1', delays_of: '2', delay_p50_ms: '250' };
    expect(delivery.map(({ scope, network }) => [scope, network])).toEqual([
      ['all', ''],
      ['network', 'telegram'],
      ['community', 'vk'],
      ['community', 'telegram'],
    ]);
    for (const at of [0, 1, 3]) expect(delivery[at]).toMatchObject(three);
    expect(delivery[2]).toMatchObject({ publications: '0', delays_of: '0', delay_p50_ms: '' });
    expect(textOf(files.get('README.txt'))).toContain('Europe/Moscow');
  });

  test('as XLSX has dates that are dates, heads that stay, charts, and text that is no formula', async () => {
    const { file } = await made('/v1/reports', { format: 'xlsx', language: 'ru', days: 31 });
    const files = await unzip(file.bytes);
    const workbook = textOf(files.get('xl/workbook.xml'));
    const sheets = [...workbook.matchAll(/<sheet name="([^"]+)" sheetId="(\d+)"/g)].map(
      ([, name = '']) => name,
    );
    expect(sheets).toEqual([
      'Об отчёте',
      'Обзор',
      'По дням',
      'Графики',
      'Лучшие посты',
      'Лучшее время',
      'Часы недели',
      'Доставка',
    ]);
    const strings = [
      ...textOf(files.get('xl/sharedStrings.xml')).matchAll(/<si><t[^>]*>([^<]*)<\/t><\/si>/g),
    ].map(([, text = '']) => text);
    const days = textOf(files.get(`xl/worksheets/sheet${sheets.indexOf('По дням') + 1}.xml`));
    expect(days).toContain('state="frozen"');
    expect(days).toContain('<autoFilter');
    const cells = (row: number) =>
      [
        ...(new RegExp(`<row r="${row}"[^>]*>(.*?)</row>`).exec(days)?.[1] ?? '').matchAll(
          /<c r="([A-Z]+)\d+"([^>]*)>(?:<v>([^<]*)<\/v>)?/g,
        ),
      ].map(([, column, about = '', value = '']) => [
        column,
        about.includes('t="s"') ? strings[Number(value)] : Number(value),
      ]);
    const rows = Object.fromEntries(
      Array.from({ length: 62 }, (_, index) => [index + 2, Object.fromEntries(cells(index + 2))]),
    );
    const found = Object.values(rows).filter((row) => row.B === title);
    expect(found).toHaveLength(31);
    const yesterday = new Date(midnight - day + 3 * hour);
    const serial =
      Date.UTC(yesterday.getUTCFullYear(), yesterday.getUTCMonth(), yesterday.getUTCDate()) / day + 25_569;
    expect(found.at(-2)).toMatchObject({ A: 'Telegram', C: serial, D: 1_990, E: 10, K: 2 });
    expect(strings).toContain('=HYPERLINK(&quot;http://example.com&quot;)'.replaceAll('&quot;', '"'));
    const all = [...files.keys()];
    expect(all.filter((name) => /^xl\/charts\/chart\d+\.xml$/.test(name))).toHaveLength(3);
    expect(all.map((name) => textOf(files.get(name))).join('')).not.toContain('<f>');
  });

  test('as PDF can be read: in Russian, with its numbers, honest where little is known, without a box for an emoji', async () => {
    const { report, file } = await made('/v1/reports', {
      format: 'pdf',
      language: 'ru',
      title: 'Отчёт для клиента «Ёж» 🎃',
      days: 31,
    });
    expect(file.headers.get('content-disposition')).toStartWith('attachment;');
    expect(decodeURIComponent(file.headers.get('content-disposition') ?? '')).toContain(
      'Отчёт для клиента «Ёж»',
    );
    expect(file.headers.get('x-content-type-options')).toBe('nosniff');
    expect(report.title).toBe('Отчёт для клиента «Ёж» 🎃');
    const document = await getDocumentProxy(file.bytes);
    const { totalPages, text } = await extractText(document, { mergePages: false });
    expect(totalPages).toBeGreaterThanOrEqual(4);
    const whole = text.join('\n').replace(/[\u00a0\u202f]/g, ' ');
    for (const said of [
      'Отчёт для клиента «Ёж»',
      'Кофейня «Высота»',
      'Europe/Moscow',
      '2 067',
      'Участники на конец каждого дня',
      'Лучшее время',
      '=1+1 Скидки до 40 %',
      'половина за 0,3 с',
      'Вышло 2 из 3; ошибки: 1.',
      'За этот период через Outpost ничего не планировалось.',
      'Данных мало: есть 0 пригодных постов, для ответа не хватает ещё 20.',
      `Страница ${totalPages} из ${totalPages}`,
    ]) {
      expect(whole).toContain(said);
    }
    for (const odd of ['🎃', '☕', '\u0000', '\ufffd']) expect(whole).not.toContain(odd);
    const meta = await document.getMetadata();
    expect(meta.info).toMatchObject({ Title: 'Отчёт для клиента «Ёж» 🎃', Creator: 'Outpost' });
  });

  test('is about some communities and a period where it is asked so', async () => {
    const to = new Date(midnight - 10 * day).toISOString();
    const from = new Date(midnight - 17 * day).toISOString();
    const { report, file } = await made('/v1/reports', {
      format: 'csv',
      community_ids: [channel.id],
      from,
      to,
    });
    expect(report).toMatchObject({ from, to, community_ids: [channel.id] });
    const files = await unzip(file.bytes);
    const overview = rowsOf(files.get('overview.csv'));
    expect(new Set(overview.map((row) => row.community_id))).toEqual(new Set(['', channel.id]));
    expect(overview[0]).toMatchObject({
      members: '1890',
      members_before: '1820',
      members_change: '70',
      members_change_percent: '3.8',
      posts: '14',
      posts_before: '14',
      posts_change: '0',
    });
    expect(rowsOf(files.get('days.csv')).map((row) => row.date)).toHaveLength(7);
  });

  test('is refused with what is wrong', async () => {
    const past = new Date(Date.now() - day).toISOString();
    for (const [body, path] of [
      [{ format: 'docx' }, '/format'],
      [{ format: 'pdf', days: 0 }, '/days'],
      [{ format: 'pdf', days: 3, from: past }, ''],
      [{ format: 'pdf', from: new Date(Date.now() + day).toISOString() }, ''],
      [{ format: 'pdf', from: past, to: past }, ''],
      [{ format: 'pdf', from: '2020-01-01T00:00:00Z' }, ''],
      [{ format: 'pdf', from: '2026-02-31T00:00:00Z' }, '/from'],
      [{ format: 'pdf', language: 'de' }, '/language'],
      [{ format: 'pdf', timezone: '+03:00' }, '/timezone'],
      [{ format: 'pdf', title: ' \n ' }, '/title'],
      [{ format: 'pdf', community_ids: [channel.id, Bun.randomUUIDv7()] }, '/community_ids/1'],
    ] as const) {
      const { status, body: answer } = await p.ask('POST', '/v1/reports', body);
      expect([body, status, answer.errors?.[0].path.replace(/^\/$/, '')]).toEqual([body, 422, path]);
    }
  });

  test('opens by its signed address alone, and is gone with its file when it is deleted', async () => {
    const { report } = await made('/v1/reports', { format: 'csv' });
    const { pathname, search } = new URL(report.url);
    expect(pathname).toBe(`/reports/${report.id}/file`);
    const part = await p.test.app.fetch(new Request(report.url, { headers: { range: 'bytes=0-1' } }));
    expect([part.status, await part.text()]).toEqual([206, 'PK']);
    for (const path of [pathname, `${pathname}${search}x`, `/reports/${stranger.userId}/file${search}`]) {
      expect((await p.ask('GET', path)).status).toBe(404);
    }
    expect((await p.ask('DELETE', `/v1/reports/${report.id}`)).status).toBe(204);
    expect((await download(report.url)).status).toBe(404);
    expect((await p.ask('GET', `/v1/reports/${report.id}`)).status).toBe(404);
    expect(await p.test.ctx.files.exists(`${p.owner.workspaceId}/report-${report.id}.zip`)).toBe(false);
  });

  test('outlives the sweep of unused files, and goes when it is too old or its workspace is gone', async () => {
    const { ctx } = p.test;
    const { report } = await made('/v1/reports', { format: 'csv' });
    const key = `${p.owner.workspaceId}/report-${report.id}.zip`;
    const orphan = `${stranger.workspaceId}/report-${report.id}.zip`;
    await ctx.files.write(orphan, new Uint8Array([1]));
    // Everything that is stored now counts as old to this one.
    const old = {
      ...ctx,
      config: { ...ctx.config, durations: { ...ctx.config.durations, mediaStray: -1_000 } },
    };
    await sweepMedia(old);
    expect([await ctx.files.exists(key), await ctx.files.exists(orphan)]).toEqual([true, false]);
    expect(await sweepReports(ctx)).toBe(0);
    await ctx.sql`update reports set created_at = now() - interval '91 days' where id = ${report.id}`;
    expect(await sweepReports(ctx)).toBe(1);
    expect(await ctx.files.exists(key)).toBe(false);
  });
});

describe('a schedule', () => {
  let box: Test;
  let owner: Account;
  let community: string;

  // Nothing runs here by itself.
  beforeAll(async () => {
    box = await openTest({ registration: 'open' });
    owner = await box.register({ timezone: 'Asia/Tokyo' });
    community = Bun.randomUUIDv7();
    await box.ctx.sql`
      insert into communities (id, workspace_id, network, external_id, title, timezone, capabilities, details)
      values (${community}, ${owner.workspaceId}, 'telegram', '-100', 'Channel', 'Asia/Tokyo', '{}', '{}')`;
  });
  afterAll(() => box.close());

  const ask = (method: string, path: string, body?: object) =>
    box.request(method, path, { cookie: owner.cookie, ...(body ? { body } : {}) });
  const reportsOf = async (id: string) => (await ask('GET', `/v1/reports?schedule_id=${id}`)).body.data;
  /** The morning that the schedule waits for has come, or has long passed. */
  const passed = (id: string, days: number) =>
    box.ctx.sql`update report_schedules set next_at = now() - ${days} * interval '1 day' where id = ${id}`;

  test('waits for its morning, and is changed and ended as a person likes', async () => {
    const body = { every: 'week', format: 'pdf', community_ids: [community], language: 'ru' };
    const { status, body: made } = await ask('POST', '/v1/report-schedules', body);
    expect(status).toBe(201);
    expect(made).toMatchObject({ ...body, timezone: 'Asia/Tokyo', title: 'Еженедельный отчёт' });
    const next = new Date(made.next_at);
    // 08:00 in Tokyo on a Monday.
    expect([next.getUTCHours(), next.getUTCDay()]).toEqual([23, 0]);
    expect(next.getTime() - Date.now()).toBeWithin(0, 7 * day + 1);
    const changed = await ask('PATCH', `/v1/report-schedules/${made.id}`, {
      every: 'month',
      timezone: 'UTC',
    });
    expect(changed.body).toMatchObject({ ...body, every: 'month', timezone: 'UTC' });
    expect([
      new Date(changed.body.next_at).getUTCDate(),
      new Date(changed.body.next_at).getUTCHours(),
    ]).toEqual([1, 8]);
    expect((await ask('GET', `/v1/report-schedules/${made.id}`)).body).toEqual(changed.body);
    expect((await ask('GET', '/v1/report-schedules')).body.data).toEqual([changed.body]);
    for (const [wrong, path] of [
      [{ every: 'day' }, '/every'],
      [{ community_ids: [stranger.userId] }, '/community_ids/0'],
      [{ days: 3 }, '/days'],
    ] as const) {
      const refused = await ask('PATCH', `/v1/report-schedules/${made.id}`, wrong);
      expect([wrong, refused.status, refused.body.errors[0].path]).toEqual([wrong, 422, path]);
    }
    expect((await ask('DELETE', `/v1/report-schedules/${made.id}`)).status).toBe(204);
    expect((await ask('GET', `/v1/report-schedules/${made.id}`)).status).toBe(404);
  });

  test('reports a period once, whoever looks how often, also after an outage and a move to another zone', async () => {
    const { body: made } = await ask('POST', '/v1/report-schedules', { every: 'week', format: 'csv' });
    await reportDue(box.ctx);
    expect(await reportsOf(made.id)).toEqual([]);
    // Three mornings were missed.
    await passed(made.id, 20);
    await using other = (() => {
      const sql = openPostgres(box.address, 4);
      return { sql, [Symbol.asyncDispose]: () => sql.end() };
    })();
    await Promise.all(
      [1, 2, 3].flatMap(() => [reportDue(box.ctx), reportDue({ ...box.ctx, sql: other.sql })]),
    );
    const [report, ...more] = await reportsOf(made.id);
    expect(more).toEqual([]);
    expect(report).toMatchObject({ title: 'Weekly report', format: 'csv', state: 'pending', url: null });
    const [from, to] = [new Date(report.from), new Date(report.to)];
    // A week of Tokyo that is over: midnight there is at 15:00 UTC.
    expect([from.getUTCDay(), from.getUTCHours(), to.getTime() - from.getTime()]).toEqual([0, 15, 7 * day]);
    expect(Date.now() - to.getTime()).toBeWithin(0, 7 * day + 8 * hour + 1);
    const moved = (await ask('PATCH', `/v1/report-schedules/${made.id}`, { timezone: 'America/New_York' }))
      .body;
    await passed(made.id, 1);
    await reportDue(box.ctx);
    expect(await reportsOf(made.id)).toHaveLength(1);
    const after = (await ask('GET', `/v1/report-schedules/${made.id}`)).body;
    expect(after.next_at).toBe(moved.next_at);
    expect(new Date(after.next_at).getTime()).toBeGreaterThan(Date.now());
    // Ended, it leaves what it made.
    await ask('DELETE', `/v1/report-schedules/${made.id}`);
    expect((await ask('GET', `/v1/reports/${report.id}`)).body).toMatchObject({ schedule_id: null });
  });

  test('waits in a queue of its own length, and outlives the process that makes it', async () => {
    const waiting = async () => (await ask('POST', '/v1/reports', { format: 'csv' })).status;
    const statuses = [];
    for (let n = 0; n < 20; n += 1) statuses.push(await waiting());
    expect(statuses.filter((status) => status === 202).length).toBeWithin(18, 20);
    const refused = await ask('POST', '/v1/reports', { format: 'csv' });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
    // A process that ends calls nothing failed: what it had begun is made by the next one.
    const [{ id, job_id }] = (await ask('GET', '/v1/reports')).body.data;
    const stop = new AbortController();
    const files = {
      ...box.ctx.files,
      write: async () => {
        stop.abort();
        throw new Error('it is closed');
      },
    };
    await makeReport({ ...box.ctx, files }, job_id, stop.signal);
    expect((await ask('GET', `/v1/jobs/${job_id}`)).body).toMatchObject({ state: 'running', error: null });
    // As long as it may still be at work nobody else begins.
    await makeReport(box.ctx, job_id, new AbortController().signal);
    expect((await ask('GET', `/v1/jobs/${job_id}`)).body.state).toBe('running');
    // Those that wait for their turn are not lost, and are rung for again.
    await box.ctx.sql`update jobs set changed_at = now() - interval '4 minutes'`;
    expect(await resumeLost(box.ctx)).toBe(20);
    expect(await resumeLost(box.ctx)).toBe(0);
    await makeReport(box.ctx, job_id, new AbortController().signal);
    expect((await ask('GET', `/v1/reports/${id}`)).body).toMatchObject({ state: 'completed', error: null });
  });

  test.each([
    [
      'week',
      'Europe/Moscow',
      '2026-11-16T05:00:00Z',
      '2026-11-16',
      '2026-11-08T21:00:00Z',
      '2026-11-15T21:00:00Z',
      '2026-11-23T05:00:00Z',
    ],
    [
      'week',
      'Europe/Moscow',
      '2026-11-16T04:59:59Z',
      '2026-11-09',
      '2026-11-01T21:00:00Z',
      '2026-11-08T21:00:00Z',
      '2026-11-16T05:00:00Z',
    ],
    // The clocks go back on 25 October: that week has an hour more.
    [
      'week',
      'Europe/Berlin',
      '2026-10-28T12:00:00Z',
      '2026-10-26',
      '2026-10-18T22:00:00Z',
      '2026-10-25T23:00:00Z',
      '2026-11-02T07:00:00Z',
    ],
    [
      'month',
      'America/New_York',
      '2026-03-31T23:00:00Z',
      '2026-03-01',
      '2026-02-01T05:00:00Z',
      '2026-03-01T05:00:00Z',
      '2026-04-01T12:00:00Z',
    ],
    [
      'month',
      'UTC',
      '2027-01-01T08:00:00Z',
      '2027-01-01',
      '2026-12-01T00:00:00Z',
      '2027-01-01T00:00:00Z',
      '2027-02-01T08:00:00Z',
    ],
  ] as const)('every %s in %s at %s', (every, zone, now, date, from, to, next) => {
    const at = new Date(now);
    expect(lastMorning(every, zone, at).date).toBe(date);
    expect(periodBefore(every, zone, date)).toEqual({ from: new Date(from), to: new Date(to) });
    expect(nextMorning(every, zone, at, null).at).toEqual(new Date(next));
    expect(nextMorning(every, zone, at, date).at).toEqual(new Date(next));
  });

  test('thirty days are today and the 29 before it, also around a change of the clocks', () => {
    const now = new Date('2026-11-01T12:00:00Z');
    expect(lastDays(1, 'Europe/Berlin', now)).toEqual({ from: new Date('2026-10-31T23:00:00Z'), to: now });
    expect(lastDays(30, 'Europe/Berlin', now)).toEqual({ from: new Date('2026-10-02T22:00:00Z'), to: now });
  });

  test.each([
    [[12_345, 12_900], 4, false, [12_200, 12_400, 12_600, 12_800, 13_000]],
    [[0, 3], 4, true, [0, 1, 2, 3]],
    [[7], 4, false, [6, 7, 8]],
    [[0], 4, true, [0, 1]],
    [[], 4, true, [0, 1]],
    [[940_000], 4, true, [0, 500_000, 1_000_000]],
  ])('an axis around %p has round steps', (values, count, zero, ticks) => {
    expect(scaleOf(values, count, zero).ticks).toEqual(ticks);
  });
});

describe('an export', () => {
  /** Tables with rows of a workspace that are in no export: secrets, and what Outpost keeps for its own work. */
  const leftOut = [
    'access_grants',
    'connection_places',
    'connections',
    'credentials',
    'changes',
    'idempotency_keys',
    'jobs',
    'media_handles',
    'media_uploads',
    'metric_due',
    'metrics_outbox',
    'metrics_purges',
    'metrics_quarantine',
    'seen_places',
    'series_media',
    'staged_media',
  ];

  test('has every table, every file and every figure of its workspace, no secret, and nothing of another', async () => {
    const { ctx } = p.test;
    const mark = `mark-${crypto.randomUUID()}`;
    const theirs = `theirs-${crypto.randomUUID()}`;
    const media_ids = [await p.picture()];
    const post = (
      await p.ask('POST', '/v1/posts', {
        text: mark,
        community_ids: [group.id],
        media_ids,
        publish_now: true,
      })
    ).body;
    await p.reaches(post.id, 'published');
    await p.test.request('POST', '/v1/posts', { cookie: stranger.cookie, body: { text: theirs } });
    await ctx.ch.insert('raw_community_metrics_v1', [
      {
        ts: new Date(),
        workspace_id: stranger.workspaceId,
        community_id: Bun.randomUUIDv7(),
        network: theirs,
        ...{ members: 1, reach: null, visitors: null, views: null, joins: null, leaves: null },
      },
    ]);
    // More than a page, with the same time in several rows.
    await ctx.ch.insert(
      'raw_post_metrics_v1',
      Array.from({ length: 6_000 }, (_, index) => ({
        ts: new Date(midnight - 100 * day),
        workspace_id: p.owner.workspaceId,
        community_id: group.id,
        post_key: `bulk-${index}`,
        publication_id: nobody,
        published_at: new Date(midnight - 100 * day - (index % 7)),
        views: index,
        ...{ reach: null, reactions: null, comments: null, shares: null, clicks: null },
      })),
    );

    const { report, file } = await made('/v1/exports', {});
    expect(report).toMatchObject({ state: 'completed', size: file.bytes.length });
    const files = await unzip(file.bytes);
    const lines = (name: string) =>
      textOf(files.get(`${name}.jsonl`))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    for (const { file: name, table, workspace = 'workspace_id' } of exported) {
      const [row] = await ctx.sql.unsafe(
        `select count(*)::int as n from ${table} where ${workspace} = '${p.owner.workspaceId}'`,
      );
      expect([name, lines(name).length]).toEqual([name, row?.n]);
    }
    expect(lines('posts').find(({ id }) => id === post.id)).toMatchObject({
      text: mark,
      author_id: p.owner.userId,
    });
    expect(lines('publications')[0]).toMatchObject({ post_id: post.id, state: 'published' });
    expect(lines('publication_events').length).toBeGreaterThan(2);
    expect(lines('members')).toMatchObject([{ email: p.owner.email, role: 'owner' }]);
    expect(lines('api_keys')[0]).toMatchObject({ name: 'test', scopes: ['*'] });

    const [medium] = lines('media');
    const bytes = files.get(medium.file);
    expect(new Bun.CryptoHasher('sha256').update(bytes ?? '').digest('hex')).toBe(medium.sha256);

    // The tables of figures are found in the catalogue: those that are known to be there are in it.
    const figures = rowsOf(files.get('metrics/raw_post_metrics_v1.csv'));
    expect(figures).toHaveLength(6_000 + 180);
    expect(new Set(figures.map((row) => row.post_key)).size).toBe(6_060);
    expect(figures.find((row) => row.post_key === 'bulk-77')).toMatchObject({
      views: '77',
      reach: '',
      community_id: group.id,
    });
    expect(rowsOf(files.get('metrics/publication_events_v1.csv')).length).toBeGreaterThanOrEqual(5);
    const hours = rowsOf(files.get('metrics/community_per_hour_v1.csv'));
    expect(hours.find((row) => row.community_id === group.id && row.members !== '')).toMatchObject({
      members: '77',
    });
    const latest = rowsOf(files.get('metrics/post_latest_v1.csv'));
    expect(latest.find((row) => row.post_key === '9059')).toMatchObject({ views: '309', reactions: '3' });
    const readme = textOf(files.get('README.txt'));
    for (const name of files.keys()) {
      if (name.endsWith('.jsonl')) expect(readme).toContain(name);
    }

    // No secret in any form, nothing of a stranger.
    const whole = Buffer.concat([...files].flatMap(([name, content]) => [Buffer.from(name), content]));
    expect(whole.includes(mark)).toBe(true);
    const [hashes] = await ctx.sql`
      select (select string_agg(password_hash, ' ') from users) as passwords,
        (select string_agg(encode(digest, 'hex'), ' ') from api_keys) as digests,
        (select string_agg(encode(sealed, 'hex'), ' ') from credentials) as sealed,
        (select string_agg(encode(data_key, 'hex'), ' ') from workspaces) as keys`;
    const secrets = [
      p.key,
      p.owner.cookie.split('=')[1] ?? '',
      p.owner.password,
      ...[...channel.tokens, ...group.tokens].map((token) => token.split(':').at(-1) ?? token),
      ...Object.values(hashes ?? {}).flatMap((value) => String(value).split(' ')),
    ];
    expect(secrets.length).toBeGreaterThan(10);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(15);
      for (const form of [
        secret,
        Buffer.from(secret).toString('base64').replace(/=+$/, ''),
        Buffer.from(secret).toString('hex'),
      ]) {
        expect(whole.includes(form)).toBe(false);
      }
    }
    for (const foreign of [theirs, stranger.workspaceId, stranger.email, stranger.userId]) {
      expect(whole.includes(foreign)).toBe(false);
    }
  });

  /** Columns of what is told that are not: access, and what Outpost keeps for its own work. */
  const columnsLeftOut: Record<string, string[]> = {
    api_keys: ['digest', 'prefix'],
    communities: [
      'avatar_key',
      'collect_at',
      'collect_hours',
      'day_read',
      'details',
      'health_at',
      'history_at',
      'history_cursor',
      'history_from',
      'history_posts',
      'history_read_at',
    ],
    media: ['file_key'],
    observed_posts: ['reactions_at', 'thread'],
    posts: ['request_key', 'text_hash'],
    publication_acts: [
      'fence',
      'first_absent_at',
      'lease_owner',
      'lease_until',
      'look_ups',
      'next_try_at',
      'over_at',
      'request_key',
      'slot_at',
      'slot_key',
      'tries',
    ],
    publication_attempts: ['client_key', 'fence', 'over_at', 'request_hash', 'send_before'],
    publication_events: ['shipped'],
    publications: [
      'drift_check_at',
      'fence',
      'first_absent_at',
      'late_at',
      'lease_owner',
      'lease_until',
      'limited_tries',
      'look_ups',
      'next_try_at',
      'queued_for',
      'slot_at',
      'slot_key',
      'thread',
      'unsent_tries',
    ],
    reports: ['file_key', 'job_id', 'runs'],
    series: ['made_until', 'request_key'],
    workspaces: ['data_key', 'insights_day'],
  };

  test('knows every table and column of a workspace, as one that it tells or as one that it leaves out', async () => {
    const columns = await p.test.ctx.sql<{ table: string; column: string }[]>`
      select c.table_name as table, c.column_name as column from information_schema.columns c
      where c.table_schema = 'public' and (c.table_name = 'workspaces' or exists (
        select from information_schema.columns w
        where w.table_schema = 'public' and w.table_name = c.table_name and w.column_name = 'workspace_id'))`;
    const told = new Map(
      exported.map(({ table, columns }) => [table, new Set(columns.split(',').map((name) => name.trim()))]),
    );
    const unknown = columns
      .filter(({ table }) => !leftOut.includes(table))
      .filter(({ table, column }) => column !== 'workspace_id' && !told.get(table)?.has(column))
      .filter(({ table, column }) => !columnsLeftOut[table]?.includes(column));
    // Members are told by name, with the people.
    expect(unknown.filter(({ table }) => table !== 'members')).toEqual([]);
    const figures = await p.test.ctx.ch.query<{ known: string }>(
      `select distinct table as known from system.columns
       where database = currentDatabase() and name = 'workspace_id'
         and table in (select name from system.tables where database = currentDatabase() and engine like '%MergeTree')
       order by known`,
    );
    expect(figures.length).toBeGreaterThan(5);
    const all = (await metricTables(p.test.ctx)).map(({ name }) => name);
    expect(all).toEqual(figures.map(({ known }) => known));
  });

  test('is one while it is being made, is no report, and is for those alone who may everything', async () => {
    const asked = await Promise.all([p.ask('POST', '/v1/exports', {}), p.ask('POST', '/v1/exports', {})]);
    expect(new Set(asked.map(({ body }) => body.export.id)).size).toBe(1);
    const { job, export: one } = asked[0].body;
    expect((await ended(job.id)).result).toBe(`/v1/exports/${one.id}`);
    expect((await p.ask('GET', '/v1/exports')).body.data[0]).toMatchObject({
      id: one.id,
      state: 'completed',
    });
    const analyst = await p.test.apiKey(p.owner, ['analytics:read']);
    for (const [method, path, status] of [
      ['GET', `/v1/exports/${one.id}`, 403],
      ['GET', `/v1/reports/${one.id}`, 404],
      ['DELETE', `/v1/reports/${one.id}`, 404],
    ] as const) {
      expect([path, (await p.ask(method, path, undefined, { key: analyst })).status]).toEqual([path, status]);
    }
    expect((await p.ask('POST', '/v1/exports', {}, { key: analyst })).status).toBe(403);
    const reports = (await p.ask('GET', '/v1/reports?limit=100', undefined, { key: analyst })).body.data;
    expect(reports.map(({ id }: { id: string }) => id)).not.toContain(one.id);
    expect((await p.ask('DELETE', `/v1/exports/${one.id}`)).status).toBe(204);
    expect(await p.test.ctx.files.exists(`${p.owner.workspaceId}/export-${one.id}.zip`)).toBe(false);
  });

  /** The storage as it is while `act` runs, with another way to write streams. */
  async function storing(
    write: (really: Files['writeStream']) => Files['writeStream'],
    act: () => Promise<void>,
  ): Promise<void> {
    const { files } = p.test.ctx;
    const really = files.writeStream;
    files.writeStream = write(really);
    try {
      await act();
    } finally {
      files.writeStream = really;
    }
  }

  test('says so when it is deleted while it is made, and leaves no file', async () => {
    const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await storing(
      (really) => async (key, chunks) => {
        begun.resolve();
        await goOn.promise;
        return really(key, chunks);
      },
      async () => {
        const { job, export: one } = (await p.ask('POST', '/v1/exports', {})).body;
        await begun.promise;
        expect((await p.ask('DELETE', `/v1/exports/${one.id}`)).status).toBe(204);
        goOn.resolve();
        expect(await ended(job.id)).toMatchObject({
          state: 'failed',
          error: 'It was deleted while it was being made.',
        });
        expect(await p.test.ctx.files.exists(`${p.owner.workspaceId}/export-${one.id}.zip`)).toBe(false);
      },
    );
  });

  test('leaves nothing under its name when the storage fails, and says so', async () => {
    await storing(
      (really) => (key, chunks) =>
        really(
          key,
          (async function* () {
            for await (const chunk of chunks) {
              yield chunk;
              throw new AppError('unavailable', 'The storage is full: tell whoever runs this installation.');
            }
          })(),
        ),
      async () => {
        const { job, export: one } = (await p.ask('POST', '/v1/exports', {})).body;
        expect(await ended(job.id)).toMatchObject({
          state: 'failed',
          error: expect.stringContaining('storage is full'),
        });
        const { body } = await p.ask('GET', `/v1/exports/${one.id}`);
        expect(body).toMatchObject({ state: 'failed', url: null, size: null });
        expect(await p.test.ctx.files.exists(`${p.owner.workspaceId}/export-${one.id}.zip`)).toBe(false);
      },
    );
  });
});

test('a worker that is killed in the middle leaves no half file; the next one makes the whole', async () => {
  const round = await openRound();
  try {
    const durations = { reportLost: 300 };
    const first = await round.spawn({ durations });
    const { key } = await seed(round, first, { vkUserToken: false });
    const as = { authorization: `Bearer ${key}` };
    const ask = <T>(child: Child, method: string, path: string) => child.ask<T>(method, path, undefined, as);
    type Asked = { job: { id: string }; export: { id: string; url: string | null; state: string } };
    // Enough to be killed in.
    await round.sql()`
      insert into observed_posts (workspace_id, community_id, remote_id, posted_at, text)
      select workspace_id, id, 'x' || n, now(), repeat('text ', 20) from communities, generate_series(1, 20000) n
      where network = 'telegram'`;
    const media = join(round.dataDir, 'media');
    const written = () =>
      readdirSync(media, { recursive: true })
        .map(String)
        .filter((name) => name.includes('export-'));
    const { job, export: one } = await first.ask<Asked>('POST', '/v1/exports', {}, as);
    await round.until('the export is on its way', 10_000, () => written().length > 0);
    first.process.kill('SIGKILL');
    await first.process.exited;
    expect(written()).toEqual([expect.stringMatching(/\.part$/)]);
    await Bun.sleep(durations.reportLost);

    const second = await round.spawn({ durations });
    let told: Asked['export'] = one;
    await round.until('the export is made', 20_000, async () => {
      told = await ask(second, 'GET', `/v1/exports/${one.id}`);
      return told.state === 'completed';
    });
    // Its job is over a moment later.
    type Job = { state: string; error: unknown };
    let over: Job | null = null;
    await round.until('its job is over', 5_000, async () => {
      over = await ask<Job>(second, 'GET', `/v1/jobs/${job.id}`);
      return over.state === 'completed' || over.state === 'failed';
    });
    expect(over).toMatchObject({ state: 'completed', error: null });
    const { pathname, search } = new URL(told.url ?? '');
    const files = await unzip(
      new Uint8Array(await (await fetch(`${second.url}${pathname}${search}`)).arrayBuffer()),
    );
    expect(textOf(files.get('observed_posts.jsonl')).split('\n')).toHaveLength(20_001);
    expect([...files.keys()]).toContain('README.txt');
    second.process.kill('SIGTERM');
    await second.process.exited;
  } finally {
    await round.close();
  }
}, 60_000);

import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import type { Account } from '../harness.ts';
import { type Dashboard, expectAccessible, openDashboard, photograph } from './dashboard.ts';

let it: Dashboard;
let other: Account;
const day = 86_400_000;
/** Of the last ten days, the newest last. */
const members = [491, 492, 493, 494, 495, 496, 497, 498, 499, 500];

beforeAll(async () => {
  it = await openDashboard({ registration: 'open' });
  other = await it.test.register();
  const mine = await it.telegram();
  const theirs = await it.telegram({ as: other });
  await it.ask('PATCH', `/v1/communities/${mine.id}`, { title: 'Harbour' });
  await seed(it.owner.workspaceId, mine.id, 0, 'ours');
  await seed(other.workspaceId, theirs.id, 1_000_000, 'foreign');
  await it.start();
}, 60_000);
afterAll(() => it?.close());

/** Ten days of a community, and thirty posts, of which the last has the most views. */
async function seed(workspace_id: string, community_id: string, more: number, mark: string): Promise<void> {
  const noon = Math.floor(Date.now() / day) * day - day / 2;
  const own = { workspace_id, community_id };
  const { ch } = it.test.ctx;
  await ch.insert(
    'raw_community_metrics_v1',
    members.map((count, index) => ({
      ts: new Date(noon - (9 - index) * day),
      ...own,
      network: 'telegram',
      members: count + more,
      reach: null,
      visitors: null,
      views: 30,
      joins: 3,
      leaves: 2,
    })),
  );
  const published_at = new Date(noon - 2 * day);
  const nobody = '00000000-0000-0000-0000-000000000000';
  const posts = Array.from({ length: 30 }, (_, index) => ({
    post_key: `${mark}-${index}`,
    views: 100 + index + more,
  }));
  await ch.insert(
    'posts_v1',
    posts.map(({ post_key }) => ({
      ...own,
      post_key,
      publication_id: nobody,
      published_at,
      network: 'telegram',
      kind: 'text',
      length: 10,
      media: 0,
      hashtags: [],
      links: 0,
      source: 'elsewhere',
      seen_at: published_at,
    })),
  );
  await ch.insert(
    'raw_post_metrics_v1',
    posts.map(({ post_key, views }) => ({
      ts: new Date(published_at.getTime() + day),
      ...own,
      post_key,
      publication_id: nobody,
      published_at,
      views,
      reach: null,
      reactions: 1,
      comments: null,
      shares: 0,
      clicks: null,
    })),
  );
}

/** What clicking it saves. */
async function saved(page: Page, button: ReturnType<Page['getByRole']>) {
  const [file] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return { name: file.suggestedFilename(), bytes: await Bun.file(await file.path()).bytes() };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

test('a report is made, downloaded and deleted after a question', async () => {
  const { page, complaints } = await it.visit('/reports');
  await page.getByText('No reports yet').waitFor();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'New report' }).click();
  await page.getByLabel('Title').fill('Harbour in spring');
  await page.getByLabel('All that there are when it is made').uncheck();
  await page.getByRole('checkbox', { name: /Harbour/ }).check();
  await page.getByLabel('Period').selectOption('From day to day');
  await photograph(page, 'reports-new');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Make the report' }).click();
  const link = page.getByRole('link', { name: 'Download «Harbour in spring»' });
  await link.waitFor({ timeout: 20_000 });
  const [report] = (await it.ask('GET', '/v1/reports')).body.data;
  expect(report).toMatchObject({
    title: 'Harbour in spring',
    format: 'pdf',
    language: 'en',
    state: 'completed',
  });
  expect(report.community_ids).toHaveLength(1);
  // Thirty days of the calendar, of which today has only begun; clocks may have changed.
  const days = (Date.parse(report.to) - Date.parse(report.from)) / day;
  expect(days).toBeGreaterThan(28.9);
  expect(days).toBeLessThan(30.1);
  const file = await saved(page, link);
  expect(text(file.bytes.slice(0, 4))).toBe('%PDF');
  expect(file.name).toMatch(/^\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d Harbour in spring\.pdf$/);
  await photograph(page, 'reports');
  await expectAccessible(page);
  // One that was asked for elsewhere appears, and is there to be downloaded, without a reload.
  await it.ask('POST', '/v1/reports', { format: 'csv', days: 7, title: 'From elsewhere' });
  await page.getByRole('link', { name: 'Download «From elsewhere»' }).waitFor({ timeout: 20_000 });
  await page.getByRole('button', { name: 'Delete «From elsewhere»' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('From elsewhere').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Delete «Harbour in spring»' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No reports yet').waitFor();
  expect((await it.ask('GET', '/v1/reports')).body.data).toEqual([]);
  expect(complaints).toEqual([]);
}, 45_000);

test('a schedule is set, changed, ended and brought back, on a phone in Russian in the dark', async () => {
  const { page, complaints } = await it.visit('/reports', { language: 'ru-RU', dark: true, phone: true });
  const list = async () => (await it.ask('GET', '/v1/report-schedules')).body.data;
  await page.getByRole('button', { name: 'Новое расписание' }).click();
  await page.getByLabel('Excel (XLSX)').check();
  await photograph(page, 'reports-schedule-phone-dark');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Сохранить' }).click();
  await page.getByText('Расписание задано.', { exact: true }).waitFor();
  const [made] = await list();
  expect(made).toMatchObject({ every: 'week', format: 'xlsx', language: 'ru', community_ids: [] });
  await page.getByRole('button', { name: `Изменить «${made.title}»` }).click();
  await page.getByLabel('Как часто').selectOption('Первого числа, за прошлый месяц');
  await page.getByRole('button', { name: 'Сохранить' }).click();
  await page.getByText('Расписание изменено.', { exact: true }).waitFor();
  expect((await list())[0]).toMatchObject({ id: made.id, every: 'month', format: 'xlsx' });
  await photograph(page, 'reports-phone-dark');
  await expectAccessible(page);
  await page.getByRole('button', { name: `Снять «${made.title}»` }).click();
  await page.getByText('Расписаний пока нет.').waitFor();
  expect(await list()).toEqual([]);
  await page.getByRole('button', { name: 'Вернуть' }).click();
  await page.getByText('Первого числа, за прошлый месяц').waitFor();
  expect((await list())[0]).toMatchObject({ every: 'month', format: 'xlsx', language: 'ru' });
  expect(complaints).toEqual([]);
}, 45_000);

test('a ready query tells the numbers of this workspace alone, as a table, a chart and a CSV', async () => {
  const { page, complaints } = await it.visit('/sql');
  await page.getByText('Nothing has been run yet').waitFor();
  await page.getByRole('textbox', { name: 'Query' }).waitFor();
  await expectAccessible(page);
  await page.getByRole('main').getByRole('button', { name: 'Members at the end of each day' }).click();
  await expect(page.getByLabel('community', { exact: true }).inputValue()).resolves.toMatch(
    /^[0-9a-f-]{36}$/,
  );
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const table = page.getByRole('table');
  await table.waitFor();
  const cells = await table.locator('tbody tr').last().locator('td').allTextContents();
  expect(cells.slice(1)).toEqual(['500', '1']);
  await page.getByRole('status').filter({ hasText: '10 rows' }).waitFor();
  await photograph(page, 'sql-table');
  await expectAccessible(page);
  const file = await saved(page, page.getByRole('button', { name: 'Download CSV' }));
  const lines = text(file.bytes).trim().split('\n');
  expect(lines[0]).toBe('"day","members","change"');
  expect(lines.slice(1).map((line) => Number(line.split(',')[1]))).toEqual(members);
  await page.getByRole('button', { name: 'Chart' }).click();
  await page.getByRole('img', { name: 'Chart of members' }).locator('canvas').waitFor();
  await photograph(page, 'sql-line');
  await page.getByLabel('Kind').selectOption('Bars');
  await page.getByLabel('change').check();
  await page.getByRole('img', { name: 'Chart of members, change' }).locator('canvas').waitFor();
  await photograph(page, 'sql-bars');
  await expectAccessible(page);

  await write(
    page,
    'select max(members) as most, uniq(community_id) as n from analyst.community_snapshots_v1',
  );
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: 'Table' }).click();
  await page.getByRole('columnheader', { name: 'most' }).waitFor();
  expect(await table.locator('tbody td').allTextContents()).toEqual(['500', '1']);
  expect(await page.content()).not.toMatch(/foreign|1000500/);
  expect(complaints).toEqual([]);
}, 45_000);

test('an error is shown with its place; more rows than fit are cut, and the file has them; a long query is stopped', async () => {
  const { page, complaints } = await it.visit('/sql', { dark: true });
  await write(page, 'select post_key\nfrom analyst.posts_v1 where where 1');
  await page.keyboard.press('Control+Enter');
  const alert = page.getByRole('alert').filter({ hasText: 'The query failed' });
  await alert.getByText(/failed at word \d/).waitFor();
  expect(await page.locator('.cm-fault').textContent()).toBe('1');
  await photograph(page, 'sql-error-dark');
  await expectAccessible(page);
  await alert.getByRole('button', { name: /^Line 2, column \d+/ }).click();
  await page.keyboard.type('here ');
  await page.getByText('from analyst.posts_v1 where where here 1').waitFor();
  expect(await page.locator('.cm-fault').count()).toBe(0);
  await write(
    page,
    'select a.post_key as k, b.post_key, c.post_key from analyst.posts_v1 a, analyst.posts_v1 b, analyst.posts_v1 c limit 6000',
  );
  await page.keyboard.press('Control+Enter');
  await page.getByText('The first 5,000 rows are shown.').waitFor();
  expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe('5001');
  expect(await page.getByRole('row').count()).toBeLessThan(100);
  await photograph(page, 'sql-cut-dark');
  const file = await saved(page, page.getByRole('button', { name: 'Download CSV' }));
  expect(text(file.bytes).trim().split('\n')).toHaveLength(6_001);
  await write(
    page,
    `select sum(${'abcdefg'
      .split('')
      .map((one) => `${one}.length`)
      .join(' * ')}) as never from ${'abcdefg'
      .split('')
      .map((one) => `analyst.posts_v1 ${one}`)
      .join(', ')}`,
  );
  await page.keyboard.press('Control+Enter');
  await page.getByText(/^Running … /).waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText('The query was stopped.', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).waitFor();
  expect(await page.getByText('never', { exact: true }).count()).toBe(0);
  // The refused query.
  expect(complaints.filter((line) => !/status of 400/.test(line))).toEqual([]);
}, 45_000);

test('a query is saved, survives a reload, is renamed, deleted and brought back; names complete and are inserted', async () => {
  const { page, complaints } = await it.visit('/sql');
  await write(page, 'select count() as n from analyst.');
  await page.keyboard.type('posts');
  await page.getByRole('option', { name: /^posts_v1/ }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('How many posts');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('The query was saved.', { exact: true }).waitFor();
  await page.reload();
  await page.getByRole('tab', { name: 'Queries' }).click();
  await page.getByRole('button', { name: 'New' }).last().waitFor();
  await page.getByRole('button', { name: 'How many posts', exact: true }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByRole('columnheader', { name: 'n' }).waitFor();
  expect(await page.getByRole('table').locator('tbody td').allTextContents()).toEqual(['30']);
  await page.getByRole('button', { name: 'Rename «How many posts»' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Posts, all');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Delete «Posts, all»' }).click();
  await page.getByText('Queries that are saved here').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: 'Posts, all', exact: true }).waitFor();
  // What somebody else saves, renames and deletes is seen without a reload.
  const named = (name: string) => page.getByRole('button', { name, exact: true });
  const { id } = (await it.ask('POST', '/v1/saved-queries', { name: 'Theirs', sql: 'select 1' })).body;
  await named('Theirs').waitFor();
  await it.ask('PATCH', `/v1/saved-queries/${id}`, { name: 'Still theirs' });
  await named('Still theirs').waitFor();
  await it.ask('DELETE', `/v1/saved-queries/${id}`);
  await named('Still theirs').waitFor({ state: 'detached' });
  const [kept] = (await it.ask('GET', '/v1/saved-queries')).body.data;
  expect(kept).toMatchObject({ name: 'Posts, all', sql: 'select count() as n from analyst.posts_v1' });
  await page.getByRole('tab', { name: 'Views' }).click();
  await page.getByText('post_latest_v1', { exact: true }).click();
  await photograph(page, 'sql-schema');
  await expectAccessible(page);

  // Nothing of it is with the neighbours.
  const theirs = await it.visit('/sql', { as: other, language: 'ru-RU', phone: true });
  await theirs.page.getByText('Пока ничего не выполнялось').waitFor();
  await theirs.page.getByRole('tab', { name: 'Запросы' }).click();
  await theirs.page.getByText('Сохранённые запросы видны').waitFor();
  await photograph(theirs.page, 'sql-phone');
  await expectAccessible(theirs.page);
  expect(await theirs.page.content()).not.toContain('Posts, all');
  expect([...complaints, ...theirs.complaints]).toEqual([]);
}, 45_000);

test('the workspace is named, figures are kept shorter after a question, and everything is exported', async () => {
  const { page, complaints } = await it.visit('/settings');
  await page.getByLabel('Name of the workspace').fill('Lighthouse');
  await page.getByLabel('Single figures are kept for, days').fill('30');
  const form = page.locator('form').filter({ hasText: 'Name of the workspace' });
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Keep fewer' }).click();
  await page.getByText('Saved.', { exact: true }).waitFor();
  expect((await it.ask('GET', '/v1/workspace')).body).toMatchObject({
    name: 'Lighthouse',
    metrics_days: 30,
  });
  await page.getByRole('navigation').getByText('Lighthouse').waitFor();
  await page.getByLabel('With the files of the library').uncheck();
  await page.getByRole('button', { name: 'Export everything' }).click();
  const file = await saved(page, page.getByRole('link', { name: 'Download the export' }));
  expect(text(file.bytes.slice(0, 2))).toBe('PK');
  await photograph(page, 'settings-workspace');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Delete the export' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('The export was deleted.', { exact: true }).waitFor();
  expect((await it.ask('GET', '/v1/exports')).body.data).toEqual([]);
  expect(complaints).toEqual([]);
}, 45_000);

/** Puts a query in place of what is in the editor. */
async function write(page: Page, query: string): Promise<void> {
  const editor = page.getByRole('textbox', { name: 'Query' });
  await editor.click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText(query);
}

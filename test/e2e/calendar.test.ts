import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import type { Connected } from '../publishing.ts';
import { type Dashboard, expectAccessible, openDashboard, photograph } from './dashboard.ts';

let it: Dashboard;
let channel: Connected;
beforeAll(async () => {
  it = await openDashboard();
  channel = await it.telegram({ timezone: 'Europe/Moscow' });
}, 60_000);
afterAll(() => it?.close());

/** The 10th to the 20th of next month: far from today, and within one month. */
const next = new Date();
next.setUTCMonth(next.getUTCMonth() + 1, 10);
const dayOf = (offset: number) => new Date(next.getTime() + offset * 86_400_000).toISOString().slice(0, 10);

async function plan(text: string, offset: number, time = '10:00'): Promise<string> {
  const { status, body } = await it.ask('POST', '/v1/posts', {
    text,
    community_ids: [channel.id],
    local_time: `${dayOf(offset)}T${time}`,
    timezone: 'Europe/Moscow',
  });
  expect([status, body.errors]).toEqual([201, undefined]);
  return body.id;
}
const timeOf = async (id: string) => (await it.ask('GET', `/v1/posts/${id}`)).body.local_time;
async function comesTo(id: string, time: string): Promise<void> {
  for (let tries = 0; (await timeOf(id)) !== time && tries < 400; tries++) await Bun.sleep(50);
  expect(await timeOf(id)).toBe(time);
}
const cell = (page: Page, offset: number) =>
  page.getByRole('listitem').filter({
    has: page.getByRole('link', {
      name: new RegExp(`\\b${Number(dayOf(offset).slice(8))}\\b.*${dayOf(offset).slice(0, 4)}`),
    }),
  });

async function drag(page: Page, from: { x: number; y: number }, to: { x: number; y: number }) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 10, from.y + 10, { steps: 3 });
  await page.mouse.move(to.x, to.y, { steps: 12 });
  await page.mouse.up();
}
const middle = async (locator: ReturnType<Page['locator']>) => {
  const box = await locator.boundingBox();
  if (!box) throw new Error('not on the page');
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
};

test('a post is dragged to another day, keeps its time, and comes back by undo', async () => {
  const id = await plan('Drag me along', 0);
  const { page, complaints } = await it.visit(`/?view=month&day=${dayOf(0)}`);
  const chip = page.getByRole('button', { name: /Drag me along/ });
  await chip.waitFor();
  await drag(page, await middle(chip), await middle(cell(page, 2)));
  await page.getByText(/^Moved to \w+, .+, \d+:\d\d/).waitFor();
  expect(await timeOf(id)).toBe(`${dayOf(2)}T10:00:00`);
  await photograph(page, 'calendar-month');
  await page.getByRole('button', { name: 'Undo' }).click();
  await comesTo(id, `${dayOf(0)}T10:00:00`);
  await expectAccessible(page);
  expect(complaints).toEqual([]);
}, 30_000);

test('in the week a post gets another hour; the keyboard moves it by a day and by an hour, and stays on it', async () => {
  const id = await plan('By the hour', 3, '12:00');
  const { page, complaints } = await it.visit(`/?view=week&day=${dayOf(3)}`, { dark: true });
  const chip = page.getByRole('button', { name: /By the hour/ });
  await chip.waitFor();
  const from = await middle(chip);
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 10, from.y + 10, { steps: 3 });
  await page.mouse.move(from.x, from.y + 112, { steps: 12 });
  // Where it would go out is said before it is put down.
  await page.getByText(/^\w+, .+, 2:00 PM$/).waitFor();
  await page.mouse.up();
  await page.getByText(/^Moved to \w+, .+, \d+:\d\d/).waitFor();
  expect(await timeOf(id)).toBe(`${dayOf(3)}T14:00:00`);
  await chip.focus();
  await page.keyboard.press('Alt+ArrowRight');
  await comesTo(id, `${dayOf(4)}T14:00:00`);
  // Whoever moved it is still on it, and can go on.
  const focused = page.locator('[data-post]:focus', { hasText: 'By the hour' });
  await focused.waitFor();
  await page.keyboard.press('Alt+ArrowUp');
  await comesTo(id, `${dayOf(4)}T13:00:00`);
  await focused.waitFor();
  await photograph(page, 'calendar-week-dark');
  await expectAccessible(page);
  expect(complaints).toEqual([]);
}, 30_000);

test('dragged with Alt a post is copied, and the copy goes again by undo', async () => {
  const id = await plan('Twice the fun', 1);
  const { page, complaints, context } = await it.visit(`/?view=month&day=${dayOf(1)}`);
  const chip = page.getByRole('button', { name: /Twice the fun/ });
  await chip.waitFor();
  const from = await middle(chip);
  const to = await middle(cell(page, 2));
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x + 10, from.y + 10, { steps: 3 });
  // It is decided where it is put down, not where it was taken up.
  await page.keyboard.down('Alt');
  await page.mouse.move(to.x, to.y, { steps: 12 });
  await page.mouse.up();
  await page.keyboard.up('Alt');
  await page.getByText('The post was copied.', { exact: true }).waitFor();
  await cell(page, 2)
    .getByRole('button', { name: /Twice the fun/ })
    .waitFor();
  expect(await timeOf(id)).toBe(`${dayOf(1)}T10:00`);
  const copies = async () => (await it.ask('GET', '/v1/posts?q=Twice')).body.data.length;
  expect(await copies()).toBe(2);
  await page.getByRole('button', { name: 'Undo' }).click();
  for (let tries = 0; (await copies()) !== 1 && tries < 400; tries++) await Bun.sleep(50);
  expect(await copies()).toBe(1);
  expect(complaints).toEqual([]);
  await context.close();
}, 30_000);

test('over a change of the clocks a post keeps its time of day, and the day before a post cannot go to yesterday', async () => {
  // The last Sunday of March, the next one: at two o'clock Berlin's clocks go to three.
  const lastSunday = (year: number) => {
    const day = new Date(Date.UTC(year, 2, 31));
    day.setUTCDate(31 - day.getUTCDay());
    return day;
  };
  const year = new Date().getUTCFullYear();
  const isAhead = lastSunday(year).getTime() > Date.now() + 3 * 86_400_000;
  const change = lastSunday(isAhead ? year : year + 1);
  const sunday = change.toISOString().slice(0, 10);
  const before = new Date(change.getTime() - 86_400_000).toISOString().slice(0, 10);
  const berlin = await it.telegram({ timezone: 'Europe/Berlin' });
  const { body } = await it.ask('POST', '/v1/posts', {
    text: 'Into the summer',
    community_ids: [berlin.id],
    local_time: `${before}T02:30`,
    timezone: 'Europe/Berlin',
  });
  const { page, context } = await it.visit(
    `/?view=week&day=${sunday}&zone=${encodeURIComponent('Europe/Berlin')}`,
  );
  const chip = page.getByRole('button', { name: /Into the summer/ });
  await chip.press('Alt+ArrowRight');
  // 02:30 is not there on that day; it is the same moment, an hour later on the clock.
  await comesTo(body.id, `${sunday}T03:30:00`);
  await page.getByText(/^Moved to \w+, .+, \d+:\d\d/).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await comesTo(body.id, `${before}T02:30:00`);
  const at = async () => (await it.ask('GET', `/v1/posts/${body.id}`)).body.scheduled_at;
  expect(await at()).toBe(`${before}T01:30:00.000Z`);
  await it.ask('PATCH', `/v1/posts/${body.id}`, {
    local_time: `${before}T10:00`,
    timezone: 'Europe/Berlin',
  });
  await chip.filter({ hasText: '10:00' }).waitFor();
  await chip.press('Alt+ArrowRight');
  await comesTo(body.id, `${sunday}T10:00:00`);
  // A day of 23 hours lies between them.
  expect(await at()).toBe(`${sunday}T08:00:00.000Z`);
  await context.close();

  const soon = new Date(Date.now() + 3_600_000).toISOString();
  const near = (
    await it.ask('POST', '/v1/posts', { text: 'Very soon', community_ids: [channel.id], scheduled_at: soon })
  ).body;
  const visit = await it.visit(`/?view=week&day=${soon.slice(0, 10)}&zone=UTC`);
  await visit.page.getByRole('button', { name: /Very soon/ }).press('Alt+ArrowLeft');
  await visit.page.getByText('This time is in the past.', { exact: true }).waitFor();
  expect((await it.ask('GET', `/v1/posts/${near.id}`)).body.scheduled_at).toBe(near.scheduled_at);
  await visit.context.close();
}, 30_000);

test('on a phone posts are chosen by a finger; what is shown stands in the address and comes back', async () => {
  await plan('Under a finger', 6);
  await plan('Not this one', 6, '11:00');
  const { page, context, complaints } = await it.visit(`/?view=month&day=${dayOf(6)}`, { phone: true });
  // A day with posts opens as a list: by the hour there is no room for them.
  await page
    .getByRole('button', { name: new RegExp(`${dayOf(6).slice(0, 4)}, \\d+ posts?$`) })
    .first()
    .waitFor();
  await page.goto(`${it.url}/app?view=list&day=${dayOf(6)}&community=${channel.id}&state=scheduled`);
  await page.getByRole('button', { name: '2 filters' }).waitFor();
  await page.getByRole('button', { name: 'Select' }).tap();
  await page.getByText('Choose posts', { exact: true }).waitFor();
  await page.getByRole('button', { name: /Under a finger/ }).tap();
  await page.getByText('1 chosen').waitFor();
  await photograph(page, 'calendar-choose-phone');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Delete' }).tap();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).tap();
  await page.getByText('The post was deleted.', { exact: true }).waitFor();
  expect(await page.getByRole('button', { name: /Under a finger/ }).count()).toBe(0);
  await page.getByRole('button', { name: /Not this one/ }).tap();
  await page.waitForURL(/\/posts\//);
  await page.goBack();
  await page.getByRole('button', { name: '2 filters' }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
}, 30_000);

test('what was exported can be imported, and an hour of the day is where a post for it begins', async () => {
  await plan('Out and in again', 10);
  const { page, context, complaints } = await it.visit(`/?view=day&day=${dayOf(10)}`);
  await page.getByRole('button', { name: /Out and in again/ }).waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export' }).click(),
  ]);
  const csv = await Bun.file(await download.path()).text();
  expect(csv).toContain('Out and in again');
  await page.getByRole('button', { name: 'Import' }).click();
  await page.locator('input[type=file]').setInputFiles({
    name: 'plan.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(csv.replaceAll('Out and in again', 'In once more')),
  });
  await page.getByText('Time (Europe/Moscow)').waitFor();
  await page.getByRole('button', { name: 'Import 1 post' }).click();
  await page.getByRole('button', { name: /In once more/ }).waitFor();
  await page.mouse.move(640, 700);
  await page.locator('a[href*="T14"]').click();
  await page.waitForURL(new RegExp(`/posts/new\\?at=${dayOf(10)}T14%3A00&zone=Europe%2FMoscow`));
  await page.locator('.ProseMirror-focused').waitFor();
  await page.keyboard.type('And back to that day');
  const target = page.getByRole('group', { name: 'Where it goes' }).getByRole('checkbox').first();
  await target.setChecked(true, { force: true });
  await page.getByRole('button', { name: 'Schedule', exact: true }).click();
  await page.waitForURL((url) => url.pathname === '/app/' && url.searchParams.get('day') === dayOf(10));
  await page.getByRole('button', { name: /And back to that day/ }).waitFor();
  // The menu leads to the view that somebody chose last.
  await page.goto(`${it.url}/app`);
  await page.getByText('Week', { exact: true }).click();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Posts' }).click();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Calendar' }).click();
  await page.getByRole('radio', { name: 'Week', checked: true }).waitFor({ state: 'attached' });
  expect(complaints).toEqual([]);
  await context.close();
}, 30_000);

test('what the server refuses goes back to its place, and says why', async () => {
  const id = await plan('Stubborn', 5);
  const { page } = await it.visit(`/?view=month&day=${dayOf(5)}`);
  const chip = page.getByRole('button', { name: /Stubborn/ });
  await chip.waitFor();
  // Published behind the page's back: it cannot be moved any more.
  await page.route('**/v1/calendar*', (route) => route.abort());
  await it.ask('POST', `/v1/posts/${id}/cancel`);
  await it.ask('DELETE', `/v1/posts/${id}`);
  await drag(page, await middle(chip), await middle(cell(page, 6)));
  await page.getByText('There is no such post.', { exact: true }).waitFor();
  await cell(page, 5)
    .getByRole('button', { name: /Stubborn/ })
    .waitFor();
}, 30_000);

test('of several that are moved one is refused: the others are moved, and come back by undo', async () => {
  const first = await plan('Stays behind', 3, '08:00');
  const second = await plan('Goes along', 3, '09:00');
  const { page, context } = await it.visit(`/?view=list&day=${dayOf(3)}`);
  for (const name of [/Goes along/, /Stays behind/]) await page.getByRole('button', { name }).press(' ');
  await page.getByText('2 chosen').waitFor();
  await page.route('**/v1/calendar*', (route) => route.abort());
  await it.ask('POST', `/v1/posts/${first}/cancel`);
  await it.ask('DELETE', `/v1/posts/${first}`);
  await page.getByRole('button', { name: 'A day later' }).click();
  await page.getByText('1 post was left as it is: There is no such post.', { exact: true }).waitFor();
  await page.getByText(/^Moved to /).waitFor();
  expect(await timeOf(second)).toBe(`${dayOf(4)}T09:00:00`);
  await page.getByRole('button', { name: 'Undo' }).click();
  await comesTo(second, `${dayOf(3)}T09:00:00`);
  await context.close();
}, 30_000);

test('several are chosen and become drafts; a filter hides the others', async () => {
  await plan('First of two', 7);
  await plan('Second of two', 8);
  await plan('Not of the pair', 9);
  const { page, complaints } = await it.visit(`/?view=list&day=${dayOf(7)}`, {
    phone: true,
    language: 'ru-RU',
  });
  await page.getByRole('button', { name: /First of two/ }).press(' ');
  await page.getByRole('button', { name: /Second of two/ }).press(' ');
  await page.getByText('Выбрано 2 поста').waitFor();
  // Or all that is planned and shown, with one press.
  await page.getByRole('button', { name: /^Выбрать все запланированные: \d+$/ }).click();
  await page.getByText('Выбрано 2 поста').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Снять выбор' }).click();
  await page.getByRole('button', { name: /First of two/ }).press(' ');
  await page.getByRole('button', { name: /Second of two/ }).press(' ');
  await page.getByText('Выбрано 2 поста').waitFor();
  await photograph(page, 'calendar-list-phone');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'В черновики' }).click();
  await page.getByText('2 поста снова в черновиках.', { exact: true }).waitFor();
  expect(await page.getByRole('button', { name: /of two/ }).count()).toBe(0);
  await page.getByRole('button', { name: 'Фильтр' }).click();
  await page.getByLabel('Опубликован', { exact: true }).check();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await page.getByText('Здесь ничего не запланировано').waitFor();
  expect(complaints).toEqual([]);
}, 30_000);

test('a plan that Excel wrote in Russian is read, its faults first, and taken back by undo', async () => {
  const { page, complaints } = await it.visit(`/?view=month&day=${dayOf(9)}`, { language: 'ru-RU' });
  const [year, month, date] = dayOf(9).split('-');
  const lines = [
    'communities;text;local_time;timezone',
    `Channel 1;Чай;${date}.${month}.${year} 9:30;Europe/Moscow`,
    `Нигде;Кофе;${date}.${month}.${year} 10:30;Europe/Moscow`,
  ];
  // Windows-1251: a Cyrillic letter is one byte there.
  const bytes = (text: string) =>
    Buffer.from(
      [...text].map((letter) => letter.charCodeAt(0)).map((code) => (code < 128 ? code : code - 0x350)),
    );
  const file = (text: string) => ({ name: 'план.csv', mimeType: 'text/csv', buffer: bytes(text) });
  await page.getByRole('button', { name: 'Импорт' }).click();
  await page.getByRole('button', { name: 'Скачать образец' }).waitFor();
  await page.locator('input[type=file]').setInputFiles(file(lines.join('\r\n')));
  const rows = page.getByRole('dialog').locator('tbody tr');
  // The line that it is in the spreadsheet, with the header as the first.
  await rows.first().getByText('«Нигде»').waitFor();
  expect(await rows.first().locator('td').first().textContent()).toBe('3');
  await page.locator('input[type=file]').setInputFiles(file(lines.slice(0, 2).join('\r\n')));
  await page.getByRole('button', { name: 'Импортировать 1 пост' }).click();
  const chip = page.getByRole('button', { name: /Чай/ });
  await chip.filter({ hasText: '9:30' }).waitFor();
  await page.getByRole('button', { name: 'Вернуть' }).click();
  await chip.waitFor({ state: 'detached' });
  expect((await it.ask('GET', `/v1/posts?q=${encodeURIComponent('Чай')}`)).body.data).toEqual([]);
  expect(complaints).toEqual([]);
}, 30_000);

test('a plan is imported after its faults were shown', async () => {
  const { page, complaints } = await it.visit(`/?view=month&day=${dayOf(9)}`);
  const file = (lines: string[]) => ({
    name: 'plan.json',
    mimeType: 'application/json',
    buffer: Buffer.from(
      JSON.stringify(
        lines.map((text) => ({ text, community_ids: [channel.id], scheduled_at: `${dayOf(9)}T09:00:00Z` })),
      ),
    ),
  });
  await page.getByRole('button', { name: 'Import' }).click();
  await page.getByLabel('Choose a CSV or JSON file').setInputFiles(file(['Imported one', 'x'.repeat(5_000)]));
  await page.getByText('1 line has faults').waitFor();
  await photograph(page, 'calendar-import');
  await expectAccessible(page);
  await page.locator('input[type=file]').setInputFiles(file(['Imported one', 'Imported two']));
  await page.getByRole('button', { name: 'Import 2 posts' }).click();
  await page.getByRole('button', { name: /Imported two/ }).waitFor();
  expect(complaints).toEqual([]);
}, 30_000);

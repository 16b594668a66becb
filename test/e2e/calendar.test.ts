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
  for (let tries = 0; (await timeOf(id)) !== time && tries < 60; tries++) await Bun.sleep(50);
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
  await page.getByText('The post was moved.', { exact: true }).waitFor();
  expect(await timeOf(id)).toBe(`${dayOf(2)}T10:00:00`);
  await photograph(page, 'calendar-month');
  await page.getByRole('button', { name: 'Undo' }).click();
  await comesTo(id, `${dayOf(0)}T10:00:00`);
  await expectAccessible(page);
  expect(complaints).toEqual([]);
}, 30_000);

test('in the week a post gets another hour; the keyboard moves it by a day', async () => {
  const id = await plan('By the hour', 3, '12:00');
  const { page, complaints } = await it.visit(`/?view=week&day=${dayOf(3)}`, { dark: true });
  const chip = page.getByRole('button', { name: /By the hour/ });
  await chip.waitFor();
  const from = await middle(chip);
  await drag(page, from, { x: from.x, y: from.y + 112 });
  await page.getByText('The post was moved.', { exact: true }).waitFor();
  expect(await timeOf(id)).toBe(`${dayOf(3)}T14:00:00`);
  await chip.press('Alt+ArrowRight');
  await comesTo(id, `${dayOf(4)}T14:00:00`);
  await photograph(page, 'calendar-week-dark');
  await expectAccessible(page);
  expect(complaints).toEqual([]);
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

test('several are chosen and become drafts; a filter hides the others', async () => {
  await plan('First of two', 7);
  await plan('Second of two', 8);
  const { page, complaints } = await it.visit(`/?view=list&day=${dayOf(7)}`, {
    phone: true,
    language: 'ru-RU',
  });
  await page.getByRole('button', { name: /First of two/ }).press(' ');
  await page.getByRole('button', { name: /Second of two/ }).press(' ');
  await page.getByText('Выбрано 2').waitFor();
  await photograph(page, 'calendar-list-phone');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'В черновики' }).click();
  await page.getByText('2 поста снова черновики.', { exact: true }).waitFor();
  expect(await page.getByRole('button', { name: /of two/ }).count()).toBe(0);
  await page.getByRole('button', { name: 'Фильтр' }).click();
  await page.getByLabel('Опубликован', { exact: true }).check();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await page.getByText('Здесь ничего не запланировано').waitFor();
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

import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Connected } from '../publishing.ts';
import { type Dashboard, expectAccessible, openDashboard, photograph } from './dashboard.ts';

let it: Dashboard;
let channel: Connected;
beforeAll(async () => {
  it = await openDashboard();
  channel = await it.telegram();
  await it.start();
}, 60_000);
afterAll(() => it?.close());

const soon = () => new Date(Date.now() + 3_600_000).toISOString();
async function post(body: object): Promise<string> {
  const answer = await it.ask('POST', '/v1/posts', { community_ids: [channel.id], ...body });
  expect([answer.status, answer.body.errors]).toEqual([201, undefined]);
  return answer.body.id;
}

test('a lost answer waits in «needs attention»: «not there, send again» sends it once more', async () => {
  it.sandbox.fault({ network: 'telegram', method: 'sendMessage', action: { kind: 'drop_after' } });
  const id = await post({ text: 'Where am I?', publish_now: true });
  await it.reaches(id, 'unconfirmed');
  const { page, complaints } = await it.visit('/');
  const menu = page.getByRole('navigation', { name: 'Main' });
  await menu.getByRole('link', { name: 'Needs attention 1' }).click();
  const card = page.getByRole('article', { name: /Channel/ });
  await card.getByText('Nobody knows whether it went out').waitFor();
  await card.getByRole('button', { name: /What happened/ }).click();
  await card.getByText('Send: no answer').waitFor();
  await photograph(page, 'attention');
  await expectAccessible(page);
  await card.getByRole('button', { name: 'Not there, send again' }).click();
  await expectAccessible(page);
  await page.getByRole('alertdialog').getByRole('button', { name: 'Not there, send again' }).click();
  await it.reaches(id, 'published');
  await page.getByText(/^It is sent again: Channel/).waitFor();
  await page.getByText('Nothing waits for you').waitFor();
  expect(complaints).toEqual([]);
}, 30_000);

test('what a network refused says what to do, and is mended and sent from there', async () => {
  const description = 'Bad Request: message is too long';
  it.sandbox.fault({
    network: 'telegram',
    method: 'sendMessage',
    action: { kind: 'telegram_error', error_code: 400, description },
  });
  const id = await post({ text: 'Too many words', publish_now: true });
  await it.reaches(id, 'failed');
  const { page, complaints } = await it.visit('/attention', { phone: true });
  const card = page.getByRole('article', { name: /Channel/ });
  await card.getByText('Telegram says that the text is too long.').waitFor();
  await card.getByText('Shorten the text. · 400').waitFor();
  await photograph(page, 'attention-failed-phone');
  // Dismissed, it waits for nobody; and that can be taken back.
  await card.getByRole('button', { name: 'Dismiss' }).click();
  await page.getByText('Nothing waits for you').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await card.getByRole('button', { name: 'Try again' }).waitFor();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.locator('.ProseMirror-focused').waitFor();
  await page.keyboard.press('Control+a');
  await page.keyboard.type('Few words');
  // Its time is over, so it is to go out now.
  expect(await page.getByRole('radio', { name: 'Now', exact: true }).isChecked()).toBe(true);
  // The page scrolls in its frame; the frame stays.
  expect(await page.evaluate(() => [scrollY, document.documentElement.scrollHeight - innerHeight])).toEqual([
    0, 0,
  ]);
  await page.getByRole('button', { name: 'Publish now' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Publish now' }).click();
  await it.reaches(id, 'published');
  expect(it.sandbox.posts().flatMap(({ posts }) => posts.map(({ text }) => text))).toContain('Few words');
  expect(complaints).toEqual([]);
}, 30_000);

test('a post shows what became of it, and goes out, is cancelled or deleted from there', async () => {
  const id = await post({ text: 'Now, please', scheduled_at: soon() });
  const { page, complaints } = await it.visit(`/posts/${id}`, { language: 'ru-RU', dark: true });
  await page.getByRole('button', { name: 'Опубликовать сейчас' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Опубликовать сейчас' }).click();
  await it.reaches(id, 'published');
  await page.getByRole('button', { name: 'Закрепить' }).waitFor();
  await photograph(page, 'post-dark');
  await expectAccessible(page);
  // What is gone from the network is not called published, and its address is not offered any more.
  await page.getByRole('button', { name: 'Удалить в сети' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Удалить в сети' }).click();
  const card = page.getByRole('article', { name: /Channel/ });
  await card.getByText('Удалён в сети', { exact: true }).waitFor();
  expect(await card.getByRole('link', { name: 'Открыть' }).count()).toBe(0);
  expect(await page.getByText('Опубликован', { exact: true }).count()).toBe(0);
  const other = await post({ text: 'Never mind', scheduled_at: soon() });
  await page.goto(`${it.url}/app/posts/${other}`);
  await page.getByRole('button', { name: 'Снять с плана' }).first().click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Снять с плана' }).click();
  await page.getByText('Пост не выйдет.', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Удалить' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Удалить' }).click();
  await page.waitForURL(/\/app\/posts$/);
  expect((await it.ask('GET', `/v1/posts/${other}`)).status).toBe(404);
  expect(complaints).toEqual([]);
}, 30_000);

test('posts that wait for a community that was cut off are one thing to decide: connect it again', async () => {
  const cut = await it.telegram();
  for (const text of ['Waiting one', 'Waiting two'])
    await post({ text, community_ids: [cut.id], scheduled_at: soon() });
  expect((await it.ask('DELETE', `/v1/communities/${cut.id}`)).status).toBe(204);
  const { page, complaints } = await it.visit('/attention');
  await page.getByText('2 posts wait.', { exact: false }).waitFor();
  expect(await page.getByRole('link', { name: /Waiting/ }).count()).toBe(0);
  await page.getByRole('button', { name: 'Show 2 posts' }).click();
  await page.getByRole('link', { name: 'Waiting one' }).waitFor();
  await photograph(page, 'attention-cut-off');
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Connect again' }).click();
  await page.getByLabel('Token of the bot').fill(cut.tokens[0] ?? '');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Connect again' }).click();
  await page.getByText('The community is connected again.', { exact: true }).waitFor();
  await page.goto(`${it.url}/app/attention`);
  await page.getByText('Nothing waits for you').waitFor();
  expect(complaints).toEqual([]);
}, 30_000);

test('posts are found by their words and their state, also by Ctrl-K', async () => {
  await post({ text: 'A needle in a haystack', community_ids: [] });
  const { page, complaints } = await it.visit('/posts', { phone: true });
  await page.getByLabel('Search in the text').fill('needle');
  await page.getByRole('link', { name: /needle/ }).waitFor();
  await page.getByRole('link', { name: /Now, please/ }).waitFor({ state: 'detached' });
  await page.getByLabel('State').selectOption('published');
  await page.getByText('No posts here').waitFor();
  await photograph(page, 'posts-phone');
  await expectAccessible(page);
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').fill('haystack');
  await page.getByRole('option', { name: /needle/ }).waitFor();
  await expectAccessible(page);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/app\/posts\/[0-9a-f-]+$/);
  expect(complaints).toEqual([]);
}, 30_000);

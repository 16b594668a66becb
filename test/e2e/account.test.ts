import { afterAll, beforeAll, expect, test } from 'bun:test';
import { openTest } from '../harness.ts';
import { freePort } from '../process.ts';
import { type Dashboard, expectAccessible, openDashboard, photograph } from './dashboard.ts';

let it: Dashboard;
beforeAll(async () => {
  it = await openDashboard();
}, 60_000);
afterAll(() => it?.close());

test('a new person makes an account and is inside; a wrong password says so', async () => {
  const { page, complaints } = await it.visit('/communities', { as: null });
  await page.waitForURL(/\/app\/login\?next=/);
  await photograph(page, 'login');
  await expectAccessible(page);
  await page.getByLabel('E-mail').fill(it.owner.email);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: /\S/ }).first().waitFor();
  await page.getByRole('link', { name: 'No account yet?' }).click();
  await page.getByLabel('Your name').fill('Nina');
  await page.getByLabel('E-mail').fill('nina@example.com');
  await page.getByLabel('Password').fill('a long enough password');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('button', { name: 'Account' }).waitFor();
  await expectAccessible(page);
  // The 401 that leads to the door, and the refused password.
  expect(complaints.filter((text) => !/status of 401/.test(text))).toEqual([]);
}, 30_000);

test('the language and the theme are chosen in the menu and stay', async () => {
  const { page, complaints } = await it.visit('/');
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('menuitemradio', { name: 'Русский' }).click();
  await page.getByRole('button', { name: 'Новый пост' }).waitFor();
  await page.getByRole('button', { name: 'Аккаунт' }).click();
  await page.getByRole('menuitemradio', { name: 'Тёмная' }).click();
  await page.reload();
  await page.getByRole('button', { name: 'Новый пост' }).waitFor();
  expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
  expect(complaints).toEqual([]);
}, 30_000);

test('on a fresh installation whoever comes is led to registering', async () => {
  const port = freePort();
  await using fresh = await openTest({ port, publicUrl: `http://localhost:${port}` });
  const server = Bun.serve({ hostname: 'localhost', port, fetch: (request) => fresh.app.fetch(request) });
  const page = await it.browser.newPage();
  await page.goto(`http://localhost:${port}/`);
  await page.waitForURL(/\/app\/register$/);
  await page.getByText('The first account of an installation').waitFor();
  await page.close();
  await server.stop(true);
}, 30_000);

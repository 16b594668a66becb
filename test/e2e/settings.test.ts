import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Locator, Page } from 'playwright-core';
import { type Dashboard, expectAccessible, openDashboard, photograph } from './dashboard.ts';

let it: Dashboard;
beforeAll(async () => {
  it = await openDashboard();
}, 60_000);
afterAll(() => it?.close());

test('a key is made, shown once, works, and is revoked after a question', async () => {
  const { page, complaints } = await it.visit('/settings');
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByLabel('Name', { exact: true }).last().fill('My script');
  await page.getByLabel('Everything').uncheck();
  await page.getByLabel(/^posts:read/).check();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Make the key' }).click();
  const shown = page.getByRole('dialog', { name: 'Your new key' });
  const key = (await shown.locator('code').textContent()) ?? '';
  expect(key).toMatch(/^sk_main_\w{32}$/);
  const use = () => it.test.request('GET', '/v1/posts', { key });
  expect((await use()).status).toBe(200);
  expect((await it.test.request('GET', '/v1/communities', { key })).status).toBe(403);
  await photograph(page, 'settings-key');
  await page.keyboard.press('Escape');
  await shown.waitFor({ state: 'detached' });
  expect(await page.content()).not.toContain(key);
  const row = page.getByRole('listitem').filter({ hasText: 'My script' });
  await row.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).click();
  await row.waitFor({ state: 'detached' });
  expect((await use()).status).toBe(401);
  expect(complaints).toEqual([]);
}, 30_000);

test('the profile is changed; the page is fine in Russian, dark and narrow', async () => {
  const { page, complaints } = await it.visit('/settings', { language: 'ru-RU', dark: true, phone: true });
  await page.getByLabel('Имя', { exact: true }).fill('Нина');
  await page.getByLabel('Часовой пояс').first().selectOption('Asia/Omsk');
  const save = page.getByRole('button', { name: 'Сохранить' }).first();
  await save.press('Enter');
  await page.getByText('Сохранено.', { exact: true }).waitFor();
  await expectKept(page, save);
  const { body } = await it.ask('GET', '/v1/me');
  expect([body.user.name, body.user.timezone]).toEqual(['Нина', 'Asia/Omsk']);
  const name = async () => (await it.ask('GET', '/v1/me')).body.user.name;
  await page.getByRole('button', { name: 'Вернуть' }).click();
  for (let tries = 0; (await name()) === 'Нина' && tries < 400; tries++) await Bun.sleep(50);
  expect(await name()).not.toBe('Нина');
  // The form shows again what is kept.
  await page.waitForFunction(
    () => ![...document.querySelectorAll('input')].some(({ value }) => value === 'Нина'),
  );
  await photograph(page, 'settings-phone-dark');
  await expectAccessible(page);
  expect(complaints).toEqual([]);
}, 30_000);

test('who saves a form with the keyboard stays where he was in it', async () => {
  const { id } = await it.telegram();
  const { page, complaints, context } = await it.visit('/settings');
  const workspace = page.locator('form').filter({ hasText: 'Name of the workspace' });
  const named = workspace.getByLabel('Name of the workspace');
  await named.fill('By keyboard');
  await named.press('Enter');
  await page.getByText('Saved.', { exact: true }).waitFor();
  await expectKept(page, workspace.getByRole('button', { name: 'Save' }), named);
  await page.goto(`${it.url}/app/communities/${id}`);
  const basics = page.locator('form').filter({ hasText: 'Time zone' });
  await basics.getByLabel('Name', { exact: true }).fill('Renamed');
  const save = basics.getByRole('button', { name: 'Save' });
  await save.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Renamed' }).waitFor();
  await expectKept(page, save);
  // Changed elsewhere: what nobody touched here follows.
  await it.ask('PATCH', `/v1/communities/${id}`, { title: 'Renamed elsewhere' });
  await page.getByRole('heading', { level: 1, name: 'Renamed elsewhere' }).waitFor();
  expect(await basics.getByLabel('Name', { exact: true }).inputValue()).toBe('Renamed elsewhere');
  expect(complaints).toEqual([]);
  await context.close();
}, 30_000);

/** What was entered is saved, so that there is nothing to save; the focus is still there. */
async function expectKept(page: Page, save: Locator, focused = save): Promise<void> {
  await save.and(page.locator('[aria-disabled=true]:not([aria-busy])')).waitFor();
  expect(await focused.evaluate((element) => element === document.activeElement)).toBe(true);
}

test('the password is changed, and other browsers are signed out', async () => {
  const person = await it.test.register();
  const { page, complaints } = await it.visit('/settings', { as: person });
  const other = await it.visit('/settings', { as: person });
  await page.getByLabel('Your password').fill('not this one');
  await page.getByLabel('New password').fill('the second one');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('This is not your password.').waitFor();
  // The browser tells of every refusal.
  expect(complaints.splice(0)).toEqual([expect.stringContaining('422')]);
  await page.getByLabel('Your password').fill(person.password);
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('The password was changed.', { exact: true }).waitFor();
  await other.page.reload();
  await other.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await other.page.getByLabel('E-mail').fill(person.email);
  await other.page.getByLabel('Password').fill('the second one');
  await other.page.getByRole('button', { name: 'Sign in' }).click();
  await other.page.getByRole('navigation', { name: 'Main' }).waitFor();
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Sign out everywhere else' }).click();
  await page.getByText('1 session was ended.', { exact: true }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  await expectAccessible(page);
  await other.context.close();
  expect(complaints).toEqual([]);
}, 30_000);

test('a file is uploaded, described and deleted in the library', async () => {
  const { page, complaints } = await it.visit('/media');
  await page.getByText('No files yet').waitFor();
  await page.locator('input[type=file]').setInputFiles({
    name: 'harbour.png',
    mimeType: 'image/png',
    buffer: await picture(),
  });
  // Not the buttons of its upload, which name it, too.
  const tile = page.getByRole('button', { name: /^(harbour|A quiet harbour)/ });
  await tile.click();
  await page.getByLabel('Description').fill('A quiet harbour');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The description was saved.', { exact: true }).waitFor();
  const [file] = (await it.ask('GET', '/v1/media')).body.data;
  expect([file.name, file.alt]).toEqual(['harbour.png', 'A quiet harbour']);
  await photograph(page, 'media');
  await expectAccessible(page);
  // It is found by its description from anywhere, and opens.
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder('Posts, communities, files').fill('QUIET');
  const found = page.getByRole('option', { name: 'harbour.png · A quiet harbour' });
  await found.waitFor();
  await expectAccessible(page);
  await found.click();
  await page.getByRole('dialog', { name: 'harbour.png' }).waitFor();
  await page.keyboard.press('Escape');
  await page.waitForURL(/\/app\/media$/);
  await page.locator('input[type=file]').setInputFiles({
    name: 'page.png',
    mimeType: 'image/png',
    buffer: Buffer.from('<script>alert(1)</script>'),
  });
  await page.getByRole('button', { name: 'Try page.png again' }).waitFor();
  await tile.click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
  await tile.waitFor({ state: 'detached' });
  // What was no picture is refused.
  expect(complaints.filter((text) => !/status of 4(15|22)/.test(text))).toEqual([]);
}, 30_000);

async function picture(): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  return sharp({ create: { width: 320, height: 240, channels: 3, background: '#2277aa' } })
    .png()
    .toBuffer();
}

import { afterAll, beforeAll, expect, test } from 'bun:test';
import sharp from 'sharp';
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

test('installed as an app it opens without the server, says so, and is back by itself', async () => {
  const { page, complaints } = await it.visit('/');
  const manifest = await (await fetch(`${it.url}/manifest.webmanifest`)).json();
  expect(manifest).toMatchObject({ name: 'Outpost', start_url: '/app', display: 'standalone' });
  for (const { src, sizes, type } of manifest.icons) {
    const icon = await fetch(`${it.url}${src}`);
    expect([icon.status, icon.headers.get('content-type')]).toEqual([200, type]);
    if (sizes !== 'any') {
      const { width, height } = await sharp(await icon.bytes()).metadata();
      expect(`${width}x${height}`).toBe(sizes);
    }
  }
  // Once it is ready it has every page, also those that nobody has opened.
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await it.down();
  await page.goto(`${it.url}/app/settings`);
  await page.getByText('The server cannot be reached.').waitFor();
  await photograph(page, 'app-without-server');
  await expectAccessible(page);
  it.up();
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  expect(complaints.filter((text) => !/ERR_(CONNECTION|EMPTY|INCOMPLETE|NETWORK)/.test(text))).toEqual([]);
}, 40_000);

test('a page whose part does not come leaves the others, and another try brings it', async () => {
  // As without TLS, where there is no worker that keeps them.
  const context = await it.browser.newContext({ locale: 'en-US', serviceWorkers: 'block' });
  const [name = '', value = ''] = it.owner.cookie.split('=');
  await context.addCookies([{ name, value, url: it.url }]);
  const page = await context.newPage();
  await page.goto(`${it.url}/app/communities`);
  await page.getByRole('heading', { name: 'Communities' }).waitFor();
  // Nothing at all answers: it is no new version.
  await context.route(/\/assets\/|\/v1\/installation/, (route) => route.abort());
  await page.getByRole('link', { name: 'SQL console' }).click();
  await page.getByText('This page could not be loaded.').waitFor();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Communities' }).click();
  await page.getByRole('heading', { name: 'Communities' }).waitFor();
  // The server answers, and has no such part any more: it has another version.
  await context.unroute(/\/assets\/|\/v1\/installation/);
  let isNew = false;
  // From the first request of the page that is loaded anew: its parts come before it is read to the end.
  page.on('request', (request) => {
    isNew ||= request.isNavigationRequest();
  });
  await context.route(/\/assets\/part-/, (route) =>
    isNew ? route.continue() : route.fulfill({ status: 404 }),
  );
  await page.evaluate(() => Object.assign(window, { same: true }));
  await page.getByRole('link', { name: 'Reports' }).click();
  await page.getByRole('heading', { name: 'Reports', exact: true }).waitFor();
  expect(await page.evaluate(() => 'same' in window)).toBe(false);
  await context.close();
}, 40_000);

test('a part of a page that does not come fails in its own place; another try fetches it, and what was written stays', async () => {
  const context = await it.browser.newContext({ locale: 'en-US', serviceWorkers: 'block' });
  const [name = '', value = ''] = it.owner.cookie.split('=');
  await context.addCookies([{ name, value, url: it.url }]);
  const page = await context.newPage();
  let tries = 0;
  /** The part that has this in it is not to be had until the answer is called. */
  const withhold = async (sign: string) => {
    const parts = /\/assets\/part-/;
    tries = 0;
    await context.route(parts, async (route) => {
      const answer = await route.fetch();
      if (!(await answer.text()).includes(sign)) return route.fulfill({ response: answer });
      tries += 1;
      await route.abort();
    });
    return () => context.unroute(parts);
  };
  const missing = 'This part of the page could not be loaded.';
  const again = page.getByRole('button', { name: 'Try again' });
  const anew = page.getByRole('button', { name: 'Load the page anew' });

  let release = await withhold('cm-content');
  await page.goto(`${it.url}/app/sql`);
  await page.getByRole('alert').filter({ hasText: missing }).waitFor();
  // The rest of the page is as it was.
  await page.getByText('posts_v1', { exact: true }).waitFor();
  await photograph(page, 'part-missing');
  await expectAccessible(page);
  await release();
  await again.click();
  await page.getByRole('textbox', { name: 'Query' }).waitFor();

  await page.getByRole('button', { name: 'New post' }).click();
  const text = page.getByRole('textbox', { name: 'Text', exact: true });
  await text.click();
  await page.keyboard.insertText('Not to be lost');
  release = await withhold('library.title');
  await page.getByRole('button', { name: 'From the library' }).click();
  await page.getByRole('dialog', { name: missing }).waitFor();
  expect([tries, await anew.count()]).toEqual([1, 0]);
  await again.click();
  await anew.waitFor();
  expect(tries).toBe(2);
  await release();
  await again.click();
  await page.getByRole('dialog', { name: 'From the library' }).waitFor();
  await page.keyboard.press('Escape');
  expect(await text.textContent()).toBe('Not to be lost');
  await context.close();
}, 40_000);

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

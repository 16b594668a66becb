import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { findBrowser } from '../browser.ts';
import { freePort, processesOf, project, type Running, run, temporaryFolder, until } from '../process.ts';

const command = [process.execPath, 'src/demo/main.ts'];
const artefacts = join(project, 'test', 'artefacts');
const folder = temporaryFolder();
const profile = mkdtempSync(join(tmpdir(), 'outpost-browser-'));
const env = { DATA_DIR: folder.path, PORT: String(freePort()) };
const url = `http://localhost:${env.PORT}`;

let demo: Running;
let browser: BrowserContext;
/** What went wrong in pages: errors, refused requests, breaches of the Content-Security-Policy. */
let complaints: string[] = [];

beforeAll(async () => {
  const executablePath = findBrowser();
  if (!executablePath) throw new Error('No browser is installed here: install Chromium or Google Chrome.');
  mkdirSync(artefacts, { recursive: true });
  demo = run(command, env);
  [browser] = await Promise.all([
    chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    }),
    demo.saying(/Ctrl-C stops/),
  ]);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await demo?.[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
  rmSync(profile, { recursive: true, force: true });
}, 30_000);
afterEach(async () => {
  for (const page of browser.pages().slice(1)) await page.close();
});

/** `still`: walls load themselves anew every two seconds; a page that is looked at closely must not. */
async function open(address: string, { still = false } = {}): Promise<Page> {
  const page = await browser.newPage();
  if (still) {
    await page.route(address, async (route) => {
      const response = await route.fetch();
      const body = (await response.text()).replace('http-equiv="refresh"', '');
      await route.fulfill({ response, body });
    });
  }
  complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`));
  await page.goto(address);
  return page;
}

/** The page as a person sees it, in both colour schemes, on a phone and on a wide screen. */
async function photograph(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [size, width, height] of [
      ['phone', 390, 844],
      ['wide', 1280, 900],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: join(artefacts, `${name}-${size}-${colorScheme}.png`) });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(over, `${name} is wider than a ${size} screen`).toBeLessThanOrEqual(0);
    }
  }
}

const printed = (name: string) => new RegExp(`^  ${name} +(\\S.*)$`, 'm').exec(demo.out())?.[1] ?? '';

test('the first address leads to the door, where the account stands ready, and through it into the dashboard', async () => {
  const page = await open(url);
  await page.waitForURL(`${url}/app/login`);
  await page.getByLabel('Password').waitFor();
  await photograph(page, 'home');
  expect(
    `${await page.getByLabel('E-mail').inputValue()}, password: ${await page.getByLabel('Password').inputValue()}`,
  ).toBe(printed('Account'));
  await page.getByRole('button', { name: 'Sign in' }).click();
  // What the tour made is there.
  await page
    .getByRole('button', { name: /Good morning from the harbour.*Published/ })
    .first()
    .waitFor();
  // Nobody was signed in at first.
  expect(complaints.filter((text) => !/status of 401/.test(text))).toEqual([]);
}, 30_000);

test('there are figures to look at from the first minute, and they are said to be made up', async () => {
  const asked = async (path: string) => {
    const answer = await fetch(`${url}/v1${path}`, {
      headers: { Authorization: `Bearer ${printed('API key')}` },
    });
    expect([path, answer.status]).toEqual([path, 200]);
    return answer.json();
  };
  const { all } = await asked('/analytics/overview?days=30');
  for (const figure of ['members', 'posts', 'views', 'reactions', 'comments', 'shares'])
    expect([figure, all[figure].value > 0, all[figure].previous > 0]).toEqual([figure, true, true]);
  const { data } = await asked('/communities');
  const { id } = data.find(({ network }: { network: string }) => network === 'telegram');
  const { best } = await asked(`/analytics/communities/${id}/best-times`);
  expect(best).toMatchObject({ weekday: 'thu', hour: 18, reliable: true });
  // What a network in a community of this size gets, and what changed, is reckoned behind the start.
  await until('it is set beside others', async () => {
    const { percentiles } = await asked(`/analytics/communities/${id}/benchmark`);
    return percentiles?.views_per_1000 != null;
  });
  await until('it was told what changed', async () => (await asked('/insights')).data.length >= 3, 40_000);
  await until('the report is there', async () => (await asked('/reports')).data[0]?.state === 'completed');

  const page = await open(`${url}/app/analytics/${id}?tab=posts`);
  await page.getByText('half a year of figures is made up').waitFor();
  await page
    .getByText(/% over the posts before it/)
    .first()
    .waitFor();
  await photograph(page, 'demo-top-posts');
  expect(complaints).toEqual([]);
}, 60_000);

test('a picture that the demo published is seen on both walls', async () => {
  for (const wall of ['Telegram wall', 'VK wall']) {
    const page = await open(printed(wall), { still: true });
    const post = page.locator('article', { hasText: 'Good morning from the harbour!' });
    await post.waitFor();
    const shown = await post
      .locator('img')
      .evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth);
    expect(shown).toBe(1200);
    await photograph(page, wall.split(' ')[0]?.toLowerCase() ?? '');
    expect(complaints).toEqual([]);
  }
}, 30_000);

test('the dashboard leads to the walls of the demo, not to networks where nothing was published', async () => {
  const page = await open(`${url}/app/attention`);
  const look = page.getByRole('link', { name: 'Look there: Harbour Coffee' });
  expect(await look.getAttribute('href')).toBe(printed('Telegram wall'));
  await page.goto(`${url}/app/posts?status=published`);
  await page.getByRole('link', { name: /Good morning from the harbour/ }).click();
  await page.getByRole('link', { name: 'Open', exact: true }).nth(1).waitFor();
  for (const link of await page.getByRole('link', { name: 'Open', exact: true }).all()) {
    const address = (await link.getAttribute('href')) ?? '';
    const wall = await open(address, { still: true });
    await wall.locator('article:target', { hasText: 'Good morning from the harbour!' }).waitFor();
  }
}, 30_000);

test('the first printed command publishes on both walls', async () => {
  const [line = ''] = demo.out().match(/^curl .*publish_now.*$/m) ?? [];
  const { stdout } = Bun.spawnSync(['sh', '-c', `${line} --silent --fail-with-body`]);
  expect(JSON.parse(stdout.toString())).toMatchObject({ publications: [{}, {}] });
  for (const wall of ['Telegram wall', 'VK wall']) {
    const page = await open(printed(wall));
    await page.locator('article', { hasText: 'Hello from the terminal' }).waitFor();
  }
}, 30_000);

test('the demo shows a publication of every kind, and the printed commands settle the unconfirmed one', async () => {
  const [list = ''] = demo.out().match(/^curl '.*\/v1\/posts' .*$/m) ?? [];
  const posts = JSON.parse(Bun.spawnSync(['sh', '-c', `${list} -s`]).stdout.toString()).data;
  const states = posts.flatMap((post: { status: string; publications: { state: string }[] }) =>
    post.publications.length > 0 ? post.publications.map(({ state }) => state) : [post.status],
  );
  // What goes out behind the tour may still be on its way.
  for (const state of ['draft', 'failed', 'published', 'scheduled', 'unconfirmed'])
    expect(states).toContain(state);

  const [look = ''] = demo.out().match(/^curl .*\/publications -H .*$/m) ?? [];
  const seen = JSON.parse(Bun.spawnSync(['sh', '-c', `${look} -s`]).stdout.toString());
  expect(seen.data[0]).toMatchObject({ state: 'unconfirmed', actions: ['confirm', 'absent', 'discard'] });

  const [confirm = ''] = demo.out().match(/^curl -X POST .*\/confirm .*$/m) ?? [];
  const confirmed = JSON.parse(Bun.spawnSync(['sh', '-c', `${confirm} -s`]).stdout.toString());
  expect(confirmed).toMatchObject({ state: 'published' });
}, 30_000);

test('the reference shows every operation and tries one with an API key', async () => {
  const page = await open(`${url}/docs`);
  const document = await (await fetch(`${url}/openapi.json`)).json();
  const operations = Object.values<object>(document.paths).flatMap((path) => Object.keys(path));
  await page.locator('.opblock').first().waitFor();
  expect(await page.locator('.opblock').count()).toBe(operations.length);
  await photograph(page, 'docs');

  await page.click('.btn.authorize');
  await page.screenshot({ path: join(artefacts, 'docs-authorize.png') });
  await page
    .locator('.auth-container', { hasText: 'API key' })
    .locator('input')
    .first()
    .fill(printed('API key'));
  await page.locator('.auth-container', { hasText: 'API key' }).locator('button.authorize').click();
  await page.click('.btn-done');
  const me = page.locator('.opblock', { has: page.locator('[data-path="/v1/me"]') }).first();
  await me.locator('.opblock-summary-control').click();
  await me.locator('.try-out__btn').click();
  await me.locator('.execute').click();
  const answer = me.locator('.live-responses-table .response');
  await answer.first().waitFor();
  expect(await answer.first().textContent()).toContain('demo@example.com');
  expect(await answer.locator('.response-col_status').first().textContent()).toContain('200');
  await page.screenshot({ path: join(artefacts, 'docs-tried.png'), fullPage: false });
  expect(complaints).toEqual([]);
}, 60_000);

test('a demo that is running keeps its folder and its port', async () => {
  await using second = run(command, { ...env, PORT: String(freePort()) });
  expect(await second.child.exited).toBe(1);
  await until('it said why', () => second.err() !== '');
  expect(second.err().trim()).toStartWith(`The data folder ${join(folder.path, 'demo')} is in use`);

  using elsewhere = temporaryFolder();
  await using third = run(command, { ...env, DATA_DIR: elsewhere.path });
  expect(await third.child.exited).toBe(1);
  await until('it said why', () => third.err() !== '');
  expect(third.err().trim()).toStartWith(`Port ${env.PORT} is taken`);
  expect(existsSync(join(elsewhere.path, 'demo'))).toBe(false);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
}, 30_000);

test('a demo that was killed leaves no network behind, and the next is fresh', async () => {
  using place = temporaryFolder();
  const again = { DATA_DIR: place.path, PORT: String(freePort()) };
  const killed = run(command, again);
  const [, wall = ''] = await killed.saying(/VK wall +(\S+)/);
  killed.child.kill('SIGKILL');
  await killed.child.exited;
  expect(await fetch(wall).then(String, () => 'gone')).toBe('gone');

  await using next = run(command, again);
  await next.saying(/Ctrl-C stops/);
  next.child.kill('SIGTERM');
  expect(await next.child.exited).toBe(0);
  expect(processesOf(place.path)).toEqual([]);
  expect(existsSync(join(place.path, 'demo'))).toBe(false);
}, 60_000);

test('a folder that the demo did not make stays as it is', async () => {
  using place = temporaryFolder();
  const theirs = join(place.path, 'demo', 'letter.txt');
  await Bun.write(theirs, 'mine');
  await using started = run(command, { DATA_DIR: place.path, PORT: String(freePort()) });
  expect(await started.child.exited).toBe(1);
  await until('it said why', () => started.err() !== '');
  expect(started.err()).toContain('was not made by the demo');
  expect(await Bun.file(theirs).text()).toBe('mine');
}, 30_000);

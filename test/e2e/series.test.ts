import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import type { Connected } from '../publishing.ts';
import { type Dashboard, expectAccessible, openDashboard, photograph } from './dashboard.ts';

let it: Dashboard;
let channel: Connected;
beforeAll(async () => {
  it = await openDashboard();
  channel = await it.telegram({ timezone: 'Europe/Moscow' });
  await it.start();
}, 60_000);
afterAll(() => it?.close());

const idIn = (page: Page) => /series\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? '';
const seriesOf = async (page: Page) => (await it.ask('GET', `/v1/series/${idIn(page)}`)).body;
const wall = (of: string) =>
  it.sandbox
    .posts()
    .flatMap(({ posts }) => posts)
    .filter((post) => post.text.includes(of));
const onSeries = (page: Page) => page.waitForURL(/\/app\/series\/[0-9a-f-]{36}$/);

const undo = (page: Page, of: string) =>
  page.getByRole('listitem').filter({ hasText: of }).getByRole('button', { name: 'Undo' }).click();

/** The first day of so many months later, as the fields take it. */
function far(months: number): string {
  const date = new Date();
  date.setUTCMonth(date.getUTCMonth() + months, 1);
  return date.toISOString().slice(0, 10);
}

async function eventually(found: () => Promise<unknown>, wanted: unknown): Promise<void> {
  const end = Date.now() + 20_000;
  while ((await found()) !== wanted && Date.now() < end) await Bun.sleep(50);
  expect(await found()).toBe(wanted);
}

/** Holds what the page sends until the answer is called. */
async function hold(page: Page, path: RegExp, method = 'POST') {
  const gate = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  await page.route(path, async (route) => {
    if (route.request().method() === method) {
      held.resolve();
      await gate.promise;
    }
    await route.continue();
  });
  return { held: held.promise, release: gate.resolve };
}

test('a series is made in the browser, an occurrence goes out, it is paused and goes on again by undo', async () => {
  const { page, complaints } = await it.visit('/');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Series' }).click();
  await page.getByText('Nothing repeats yet').waitFor();
  await photograph(page, 'series-empty');
  await page.getByRole('button', { name: 'New series' }).click();
  await page.getByRole('button', { name: 'Start the series' }).click();
  await page.getByText('Give the series a name.').waitFor();
  await page.getByLabel('Name', { exact: true }).fill('Coffee of the week');
  for (const day of await page.getByRole('group', { name: 'On these days' }).getByRole('checkbox').all()) {
    const wanted = /Monday|Thursday/.test((await day.locator('..').textContent()) ?? '');
    if ((await day.isChecked()) !== wanted) await day.locator('..').click();
  }
  await page.getByLabel('Time', { exact: true }).fill('10:00');
  await page.getByText('Every Monday and Thursday at 10:00 AM', { exact: true }).waitFor();
  await page.getByText('… and so on · Europe/Moscow').waitFor();
  await page
    .getByText(/^Mon, /)
    .first()
    .waitFor();
  await page.getByLabel('Name', { exact: true }).focus();
  await photograph(page, 'series-form');
  await page.getByRole('textbox', { name: 'Text', exact: true }).fill('Ethiopia this week');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Start the series' }).click();
  await onSeries(page);
  const made = await seriesOf(page);
  expect(made).toMatchObject({
    rrule: 'FREQ=WEEKLY;BYDAY=MO,TH',
    timezone: 'Europe/Moscow',
    state: 'active',
  });
  expect(made.posts).toMatchObject([{ text: 'Ethiopia this week', community_ids: [channel.id] }]);
  const dates = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Next dates' }) });
  await dates.waitFor();
  await photograph(page, 'series-one');
  await expectAccessible(page);

  await dates.getByRole('link').first().click();
  await page.getByRole('button', { name: 'Publish now' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Publish now' }).click();
  await it.reaches(made.next[0].post_id, 'published');
  expect(wall('Ethiopia this week').length).toBe(1);
  await page.getByRole('link', { name: 'Of a series' }).click();
  await onSeries(page);

  await page.getByText(/Sent already/).waitFor();
  await dates
    .getByRole('button', { name: /^Leave out/ })
    .first()
    .click();
  await page.getByText('This date is left out.', { exact: true }).waitFor();
  await undo(page, 'This date is left out.');
  await eventually(
    async () => (await seriesOf(page)).next.some((one: { state: string }) => one.state === 'skipped'),
    false,
  );

  await page.goto(`${it.url}/app/series`);
  await page.getByRole('button', { name: 'Pause «Coffee of the week»' }).click();
  await page.getByText('Paused', { exact: true }).waitFor();
  await page
    .getByText('«Coffee of the week» is paused. Its planned posts are taken away.', { exact: true })
    .waitFor();
  const { id } = made;
  const planned = async () => (await it.ask('GET', '/v1/posts?status=scheduled&limit=100')).body.data.length;
  expect([(await it.ask('GET', `/v1/series/${id}`)).body.state, await planned()]).toEqual(['paused', 0]);
  await undo(page, 'is paused');
  await eventually(async () => (await it.ask('GET', `/v1/series/${id}`)).body.state, 'active');
  expect(await planned()).toBeGreaterThan(10);
  await page.getByText('On', { exact: true }).waitFor();
  await photograph(page, 'series-list');
  await expectAccessible(page);
  expect(complaints).toEqual([]);
}, 60_000);

test('on a phone in Russian a draft becomes a monthly series and stays where it was changed; it is deleted after a question', async () => {
  const draft = await it.ask('POST', '/v1/posts', { text: 'Итоги месяца', community_ids: [channel.id] });
  const { page, complaints } = await it.visit(`/posts/${draft.body.id}/edit`, {
    language: 'ru-RU',
    phone: true,
    dark: true,
  });
  await page.getByRole('button', { name: 'Повторять…' }).click();
  await page.getByText('Этот черновик станет серией.').waitFor();
  expect(await page.getByLabel('Название').inputValue()).toBe('Итоги месяца');
  await page.getByText('Своё правило').click();
  await page.getByLabel('Правило (RRULE из iCalendar)').fill('FREQ=MINUTELY');
  await page.getByText('Серия выходит не чаще раза в час').first().waitFor();
  await page.getByText('Ежемесячно').click();
  await page.getByText('По дню недели').click();
  await page.getByLabel('Какой по счёту в месяце').selectOption('-1');
  await page.getByLabel('День недели').selectOption('fri');
  await page.getByLabel('Время').fill('18:30');
  await page.getByText('В последнюю пятницу каждого месяца в 18:30', { exact: true }).waitFor();
  await photograph(page, 'series-form-phone');
  await expectAccessible(page);
  await it.ask('PATCH', `/v1/posts/${draft.body.id}`, { text: 'Дописано в другой вкладке' });
  await page.getByRole('button', { name: 'Запустить серию' }).click();
  await onSeries(page);
  await page.getByText(/^Серия «Итоги месяца» запущена. Черновик тем временем изменили/).waitFor();
  expect((await seriesOf(page)).rrule).toBe('FREQ=MONTHLY;BYDAY=-1FR');
  const { body: stays } = await it.ask('GET', `/v1/posts/${draft.body.id}`);
  expect([stays.text, stays.status]).toEqual(['Дописано в другой вкладке', 'draft']);
  await photograph(page, 'series-one-phone');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Удалить' }).click();
  await page.getByRole('alertdialog').getByText('Удалить серию «Итоги месяца»?').waitFor();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Удалить' }).click();
  await page.waitForURL(/\/app\/series$/);
  await page.getByRole('link', { name: 'Coffee of the week' }).waitFor();
  expect(await page.getByRole('link', { name: 'Итоги месяца' }).count()).toBe(0);
  await photograph(page, 'series-list-phone');
  await expectAccessible(page);
  // The rule that was refused, and the draft that stays.
  expect(complaints.filter((one) => !/422|409/.test(one))).toEqual([]);
}, 60_000);

test('posts take turns; the clocks, a rule that is refused and a text that is too long are told in their place', async () => {
  const { body } = await it.ask('POST', '/v1/series', {
    name: 'Evergreen',
    rrule: 'FREQ=DAILY;COUNT=400',
    starts: `${far(1)}T02:30`,
    // Its clocks skip 2:30 in March and show it twice in October: one of both is never a year away.
    timezone: 'Europe/Berlin',
    posts: [{ text: 'The first', community_ids: [channel.id] }],
  });
  const { page, complaints } = await it.visit(`/series/${body.id}`);
  await page.getByText('Every day at 2:30 AM, 400 times').waitFor();
  await page.getByRole('button', { name: 'Edit' }).click();
  const { rrule, starts, timezone } = body;
  const { moved } = (await it.ask('POST', '/v1/series/preview', { rrule, starts, timezone })).body;
  await page
    .getByText(
      moved.occurrence.includes('-03-')
        ? /^On .+ the clocks skip 2:30 AM: the post goes out at 3:30 AM\.$/
        : /^On .+ the time 2:30 AM comes twice: the post goes out the first time\.$/,
    )
    .waitFor();
  await page.getByText('Own rule').click();
  const own = page.getByLabel('Rule (RRULE of iCalendar)');
  await own.fill('FREQ=MINUTELY');
  await page.getByText('A series fires once an hour at most').first().waitFor();
  await own.fill('FREQ=DAILY;BYHOUR=9,18');
  await page.getByText('By its own rule').waitFor();
  await page.getByRole('button', { name: 'Another post in turn' }).click();
  const text = page.getByRole('textbox', { name: 'Text', exact: true });
  await text.fill('x'.repeat(4_200));
  await page.getByLabel('Days before the same one comes again').fill('1');
  await page.getByText(/^Telegram takes 4096 characters/).waitFor();
  await photograph(page, 'series-turns');
  await expectAccessible(page);
  await page.getByText('Post 1', { exact: true }).click();
  await page.getByText('The first', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  // Leads to the post that it is about.
  await page
    .getByText(/^Telegram takes 4096 characters/)
    .first()
    .waitFor();
  await text.fill('The second');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await onSeries(page);
  await page.getByText('They take turns: the one that has waited longest goes next.').waitFor();
  const saved = await seriesOf(page);
  expect(
    saved.posts.map((post: { id: string; text: string }) => [post.id === body.posts[0].id, post.text]),
  ).toEqual([
    [true, 'The first'],
    [false, 'The second'],
  ]);
  expect([saved.rrule, saved.min_distance_days]).toEqual(['FREQ=DAILY;BYHOUR=9,18', 1]);
  expect(complaints.filter((one) => !one.includes('422'))).toEqual([]);
}, 60_000);

test('what is repeated right after an edit has the edited text; nothing is lost, made twice or saved over what is newer', async () => {
  const draft = await it.ask('POST', '/v1/posts', { text: 'Before the edit', community_ids: [channel.id] });
  const { page, complaints } = await it.visit(`/posts/${draft.body.id}`);
  const text = page.getByRole('textbox', { name: 'Text', exact: true });
  const name = page.getByLabel('Name', { exact: true });
  const kept = () =>
    page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('outpost.series.')).length);
  // The page has seen the post as it was.
  await page.getByText('Before the edit', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await page.getByRole('button', { name: 'Repeat …' }).waitFor();
  // What the server does not have yet is not repeated.
  await page.route(/\/v1\/posts\/[0-9a-f-]{36}$/, (route) =>
    route.request().method() === 'PATCH' ? route.abort() : route.continue(),
  );
  await text.fill('After the edit');
  await page.getByRole('button', { name: 'Repeat …' }).click();
  await page
    .getByText('Not everything you wrote is saved yet. Repeat it once it is.', { exact: true })
    .waitFor();
  expect(page.url()).toEndWith('/edit');
  await page.unroute(/\/v1\/posts\/[0-9a-f-]{36}$/);
  await page.getByRole('button', { name: 'Repeat …' }).click();
  await page.getByText('This draft becomes a series.').waitFor();
  expect(await text.textContent()).toBe('After the edit');

  // It is kept here, and the draft is changed elsewhere.
  await name.fill('Kept by the browser');
  await it.ask('PATCH', `/v1/posts/${draft.body.id}`, { text: 'Changed elsewhere' });
  await page.reload();
  await page.getByText('the draft has been changed since').waitFor();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Go on with mine' }).click();
  await page.getByText('This is what you wrote here before and did not save.').waitFor();
  expect([await name.inputValue(), await text.textContent()]).toEqual([
    'Kept by the browser',
    'After the edit',
  ]);
  await page.reload();
  await page.getByRole('button', { name: 'Show it as it is now' }).click();
  await page.getByText('This draft becomes a series.').waitFor();
  expect(await text.textContent()).toBe('Changed elsewhere');

  // The answer is lost, and the page is loaded anew.
  await name.fill('Made once');
  await page.route(
    /\/v1\/series$/,
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    { times: 1 },
  );
  await page.getByRole('button', { name: 'Start the series' }).click();
  await page.getByText('The server cannot be reached.').waitFor();
  await page.reload();
  await page.getByText('You started this series here, and no answer came.').waitFor();

  // The form is left before the answer comes.
  const making = await hold(page, /\/v1\/series$/);
  await page.getByRole('button', { name: 'Start the series' }).click();
  await making.held;
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForURL(/\/app\/series$/);
  making.release();
  await page.getByText('«Made once» has started.', { exact: true }).waitFor();
  expect(await kept()).toBe(0);
  expect((await it.ask('GET', `/v1/posts/${draft.body.id}`)).status).toBe(404);
  await page.getByRole('link', { name: 'Made once' }).click();
  await onSeries(page);
  const made = await seriesOf(page);
  expect(made.posts.map((post: { text: string }) => post.text)).toEqual(['Changed elsewhere']);
  const { body: all } = await it.ask('GET', '/v1/series');
  expect(all.data.filter((one: { name: string }) => one.name === 'Made once').length).toBe(1);

  // It is paused while its change is not saved, and the page is left before the answer comes.
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await name.fill('Renamed');
  await page.getByRole('button', { name: 'Cancel' }).click();
  const pausing = await hold(page, /\/pause$/);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await pausing.held;
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Posts' }).click();
  await page.waitForURL(/\/app\/posts/);
  pausing.release();
  await undo(page, '«Made once» is paused.');
  await eventually(async () => (await it.ask('GET', `/v1/series/${made.id}`)).body.state, 'active');
  await page.goto(`${it.url}/app/series/${made.id}/edit`);
  await page.getByText('the series has been changed or paused since').waitFor();
  await photograph(page, 'series-stale');
  await page.getByRole('button', { name: 'Go on with mine' }).click();
  expect(await name.inputValue()).toBe('Renamed');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await onSeries(page);
  await page.getByRole('heading', { name: 'Renamed' }).waitFor();
  expect(await kept()).toBe(0);

  // A colleague is faster, twice.
  const path = `/v1/series/${made.id}`;
  const save = page.getByRole('button', { name: 'Save', exact: true });
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await name.fill('Mine');
  await it.ask('PATCH', path, { name: 'Of a colleague' });
  await save.click();
  await page.getByText('Nothing of yours was saved over it.').waitFor();
  expect([await save.isDisabled(), (await it.ask('GET', path)).body.name]).toEqual([true, 'Of a colleague']);
  await photograph(page, 'series-conflict');
  await page.getByRole('button', { name: 'Show it as it is now' }).click();
  await eventually(() => name.inputValue(), 'Of a colleague');
  await name.fill('Mine after all');
  await it.ask('PATCH', path, { name: 'Of another colleague' });
  await save.click();
  await page.getByRole('button', { name: 'Go on with mine' }).click();
  await save.click();
  await page.getByRole('heading', { name: 'Mine after all' }).waitFor();

  // It is deleted, and the page is left before the answer comes: nobody is led away from where they went.
  const deleting = await hold(page, /\/v1\/series\/[0-9a-f-]{36}$/, 'DELETE');
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
  await deleting.held;
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Media' }).click();
  await page.waitForURL(/\/app\/media/);
  deleting.release();
  await page.getByText('«Mine after all» was deleted.', { exact: true }).waitFor();
  expect(page.url()).toContain('/app/media');
  // The save that did not reach the server, the answer that was lost, and what the colleague was faster with.
  expect(complaints.filter((one) => !/ERR_FAILED|409/.test(one))).toEqual([]);
}, 60_000);

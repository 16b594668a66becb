import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { until } from '../process.ts';
import type { Connected } from '../publishing.ts';
import { type Dashboard, expectAccessible, openDashboard, photograph, type Visit } from './dashboard.ts';

let it: Dashboard;
/** One browser for all: what it has loaded once is there at once. */
let desk: Visit;
let channel: Connected;
let group: Connected;
type Picture = { name: string; mimeType: string; buffer: Buffer };
const files: Picture[] = [];
beforeAll(async () => {
  it = await openDashboard();
  channel = await it.telegram({ timezone: 'Europe/Moscow' });
  group = await it.vk({ timezone: 'America/New_York' });
  for (const [name, background] of Object.entries({ red: '#aa3322', green: '#226633', blue: '#223366' })) {
    const picture = sharp({ create: { width: 640, height: 480, channels: 3, background } });
    files.push({ name: `${name}.png`, mimeType: 'image/png', buffer: await picture.png().toBuffer() });
  }
  // Before anybody asks: what is known of its hours is kept for a while.
  await plantEvening();
  await it.start();
  desk = await it.visit('/posts/new');
}, 60_000);
afterAll(() => it?.close());

const text = (page: Page) => page.getByRole('textbox', { name: 'Text', exact: true });
/** The focus starts in the text. */
const ready = (page: Page) => page.locator('.ProseMirror-focused').waitFor();
/** Without the pause after which it happens by itself. */
async function saved(page: Page): Promise<void> {
  await page.keyboard.press('Control+s');
  await page.getByRole('status').getByText('Saved', { exact: true }).waitFor();
}
/** At an address under /app, with the focus in the text. */
async function open(path: string): Promise<Page> {
  desk.complaints.length = 0;
  const address = `${it.url}/app${path}`;
  // The first test finds its page open.
  if (desk.page.url() !== address) await desk.page.goto(address);
  await ready(desk.page);
  return desk.page;
}
const idIn = (page: Page) => /posts\/([^/]+)/.exec(page.url())?.[1] ?? '';
const postOf = async (page: Page) => (await it.ask('GET', `/v1/posts/${idIn(page)}`)).body;
const wall = (network: string, of: string) =>
  it.sandbox
    .posts()
    .filter((place) => place.network === network)
    .flatMap(({ posts }) => posts)
    .filter((post) => post.text.includes(of));

/** Measures and colour of the pictures under a post, from their bytes. */
function picturesOf(post: ReturnType<typeof wall>[number] | undefined): Promise<string[]> {
  return Promise.all(
    (post?.media ?? []).map(async ({ url }) => {
      const picture = sharp(await (await fetch(url)).arrayBuffer());
      const { width, height } = await picture.metadata();
      const { channels } = await picture.stats();
      const means = channels.slice(0, 3).map(({ mean }) => mean);
      const colour = ['red', 'green', 'blue'][means.indexOf(Math.max(...means))];
      return `${width} × ${height} ${colour}`;
    }),
  );
}

async function choose(page: Page, ...networks: string[]): Promise<void> {
  for (const box of await page.getByRole('group', { name: 'Where it goes' }).getByRole('checkbox').all()) {
    const label = box.locator('..');
    const wanted = networks.includes((await label.getByRole('img').getAttribute('aria-label')) ?? '');
    if ((await box.isChecked()) !== wanted) await label.click();
  }
}

/** A day of next month, as the fields take it. */
function far(day: number): string {
  const date = new Date();
  date.setUTCMonth(date.getUTCMonth() + 1, day);
  return date.toISOString().slice(0, 10);
}

/** The next second Sunday of March. */
function skipped(): string {
  const now = new Date();
  for (let year = now.getUTCFullYear(); ; year++) {
    const first = new Date(Date.UTC(year, 2, 8));
    const day = new Date(Date.UTC(year, 2, 8 + ((7 - first.getUTCDay()) % 7)));
    if (day > now) return day.toISOString().slice(0, 10);
  }
}

/** Twelve weeks with posts at 9, 14 and 19 in Moscow; on one weekday, which is near, the last of them did far better. */
async function plantEvening(): Promise<void> {
  const hour = 3_600_000;
  const day = 24 * hour;
  // Moscow is three hours ahead all year.
  const midnight = Math.floor((Date.now() + 3 * hour) / day) * day - 3 * hour;
  const rows = [...Array(84).keys()].flatMap((ago) =>
    [9, 14, 19].flatMap((local, index) => {
      const at = midnight - (ago + 2) * day + local * hour;
      // Four days before now is three days from now.
      const good = local === 19 && (ago + 2) % 7 === 4 ? 2.5 : 1;
      const n = 3 * ago + index;
      const views = 1_000 * good * Math.exp(0.8 * (((n * 37) % 101) / 101 - 0.5));
      return [19, 29].map((age) => ({
        ts: new Date(at + age * hour),
        workspace_id: it.owner.workspaceId,
        community_id: channel.id,
        post_key: `n${n}`,
        publication_id: '00000000-0000-0000-0000-000000000000',
        published_at: new Date(at),
        views: Math.round(views * (age === 19 ? 0.9 : 1.1)),
      }));
    }),
  );
  await it.test.ctx.ch.insert('raw_post_metrics_v1', rows);
}

/** Lets go of files over the page, or pastes them. */
async function give(page: Page, how: 'drop' | 'paste', file: Picture): Promise<void> {
  const { name, mimeType, buffer } = file;
  await text(page).evaluate(
    (element, { way, base64, ...given }) => {
      const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], given.name, { type: given.mimeType }));
      const common = { bubbles: true, cancelable: true };
      element.dispatchEvent(
        way === 'drop'
          ? new DragEvent('drop', { ...common, dataTransfer: data })
          : new ClipboardEvent('paste', { ...common, clipboardData: data }),
      );
    },
    { way: how, name, mimeType, base64: buffer.toString('base64') },
  );
}

test('a text with formatting and a picture is published now, once, and each network has its own', async () => {
  const page = await open('/posts/new');
  await page.keyboard.type('Good ');
  await page.keyboard.press('Control+b');
  await page.keyboard.type('morning');
  await page.keyboard.press('Control+b');
  await page.keyboard.insertText(' from the pier, read ');
  await page.keyboard.press('Control+k');
  await page.getByLabel('Address').fill('example.com/news');
  await page.keyboard.press('Enter');
  await page.getByText('https://example.com/news').first().waitFor();
  await choose(page, 'Telegram', 'VK');
  await page.getByLabel('Choose files').setInputFiles(files.slice(0, 1));
  await page
    .getByRole('listitem')
    .filter({ has: page.getByRole('button', { name: 'Move file 1 red.png', exact: true }) })
    .waitFor();

  // VK says the same in its own words; the others stay as they are.
  await page.keyboard.press('Alt+2');
  const vk = page.getByRole('tab', { name: 'VK' });
  await page.keyboard.press((await vk.getAttribute('aria-selected')) === 'true' ? 'Alt+2' : 'Alt+3');
  await page.getByText('Same as All. Write here to make it different.').waitFor();
  await text(page).click();
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('From the pier for VK');
  await page.getByText('The text differs from All.').waitFor();
  const preview = page.getByRole('region', { name: 'Preview' });
  await preview.getByRole('region', { name: 'VK' }).getByText('From the pier for VK').waitFor();
  await page.keyboard.press('Alt+1');
  await preview.getByRole('region', { name: 'Telegram' }).locator('strong', { hasText: 'morning' }).waitFor();
  await preview.getByRole('img').first().waitFor();
  await photograph(page, 'composer');
  await expectAccessible(page);

  await page.getByText('Now', { exact: true }).click();
  await page.keyboard.press('Control+Enter');
  await page.getByRole('alertdialog').getByRole('button', { name: 'Publish now' }).click();
  await page.waitForURL(/posts\/[0-9a-f-]{36}$/);
  const publications = await it.reaches(idIn(page), 'published');
  expect(publications).toHaveLength(2);
  const [there, ...more] = wall('telegram', 'from the pier');
  expect(more).toEqual([]);
  expect(there?.text).toBe('Good morning from the pier, read https://example.com/news');
  expect(there?.entities).toContainEqual({ type: 'bold', offset: 5, length: 7 });
  const atVk = wall('vk', 'the pier');
  expect(atVk.map((post) => post.text)).toEqual(['From the pier for VK']);
  // The picture itself is there, and whoever opens the walls sees its red.
  expect(await picturesOf(there)).toEqual(['640 × 480 red']);
  expect(await picturesOf(atVk[0])).toEqual(['640 × 480 red']);

  // What is public changes only when it is said so, and then at the network.
  await page.goto(`${it.url}/app/posts/${idIn(page)}/edit`);
  await ready(page);
  await page.keyboard.type('and come');
  await page.getByText('Kept in this browser', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Update at the networks' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Update at the networks' }).click();
  await until('the wall has it', () => wall('telegram', 'from the pier')[0]?.text.endsWith('and come'));
  expect(desk.complaints).toEqual([]);
}, 60_000);

test('what is typed is saved: a poll, buttons and their options come back after a reload', async () => {
  const page = await open('/posts/new');
  await choose(page, 'Telegram');
  await page.keyboard.press('Tab');
  await text(page).click();
  await page.keyboard.insertText('Help us to choose');
  await page.getByRole('button', { name: 'Poll', exact: true }).click();
  await page.getByLabel('Question').fill('Which roast?');
  await page.getByLabel('Answer 1', { exact: true }).fill('Light');
  await page.getByLabel('Answer 2', { exact: true }).fill('Dark');
  await page.getByRole('button', { name: 'Buttons', exact: true }).click();
  await page.getByLabel('Text of button 1').fill('Menu');
  await page.getByLabel('Address of button 1').fill('example.com/menu');
  await page.getByText('More options').click();
  await page.getByLabel('Without a sound').check();
  // By itself, a second after the last key.
  await page.getByRole('status').getByText('Saved', { exact: true }).waitFor();
  await page.waitForURL(/posts\/[^/]+\/edit$/);
  // One draft was made of all of that.
  const { data } = (await it.ask('GET', '/v1/posts?q=Help+us')).body;
  expect(data).toHaveLength(1);
  await page.reload();
  await page.getByText('Help us to choose').first().waitFor();
  expect(await page.getByLabel('Question').inputValue()).toBe('Which roast?');
  expect(await page.getByLabel('Address of button 1').inputValue()).toBe('https://example.com/menu');
  const preview = page.getByRole('region', { name: 'Telegram' });
  await preview.getByText('Anonymous poll').waitFor();
  await preview.getByText('Menu').waitFor();
  expect(await postOf(page)).toMatchObject({
    status: 'draft',
    text: 'Help us to choose',
    poll: { question: 'Which roast?', options: ['Light', 'Dark'] },
    overrides: {
      telegram: {
        options: { silent: true, buttons: [[{ text: 'Menu', url: 'https://example.com/menu' }]] },
      },
    },
  });

  await page.getByRole('button', { name: 'Delete the draft' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('The draft was deleted.', { exact: true }).waitFor();
  expect((await it.ask('GET', '/v1/posts?q=Help+us')).body.data).toEqual([]);
  expect(desk.complaints).toEqual([]);
}, 60_000);

test('too long a text shows beside the field and in the count, and does not go out', async () => {
  await desk.page.emulateMedia({ colorScheme: 'dark' });
  const page = await open('/posts/new');
  await choose(page, 'Telegram', 'VK');
  await text(page).click();
  // What is pasted keeps the formatting that we know, and the words of the rest.
  await text(page).evaluate((element) => {
    const data = new DataTransfer();
    data.setData(
      'text/html',
      `<b style="font-weight:normal"><h1>Head</h1><p><span style="font-weight:700">bold</span> <a href="javascript:alert(1)">bad</a> <span style="color:red">red</span></p></b>`,
    );
    data.setData('text/plain', 'Head');
    element.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
    );
  });
  await saved(page);
  expect(await postOf(page)).toMatchObject({
    text: 'Head\nbold bad red',
    entities: [{ type: 'bold', offset: 5, length: 4 }],
  });
  await page.keyboard.press('Control+a');
  await page.keyboard.insertText('x'.repeat(4_100));
  const problem = page
    .locator('#composer')
    .getByText('Telegram takes 4096 characters here, the text has 4100.');
  await problem.first().waitFor();
  await page.getByText('4,100 / 4,096').waitFor();
  expect(await text(page).getAttribute('aria-invalid')).toBe('true');
  await expectAccessible(page);
  await photograph(page, 'composer-too-long-dark');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: '1 problem' }).waitFor();
  expect((await postOf(page)).status).toBe('draft');
  await desk.page.emulateMedia({ colorScheme: 'light' });
  expect(desk.complaints).toEqual([]);
}, 60_000);

test('files are put in order with the keys, described, cropped and put back', async () => {
  const page = await open(`/posts/new?community=${channel.id}`);
  const [red, green, blue] = files as [Picture, Picture, Picture];
  const script = { name: 'script.html', mimeType: 'text/html', buffer: Buffer.from('<script>1</script>') };
  await page.getByLabel('Choose files').setInputFiles([script, red]);
  await page.getByRole('button', { name: 'Try script.html again' }).waitFor();
  await page.getByRole('button', { name: 'Give up script.html' }).click();
  await give(page, 'paste', green);
  await page.getByRole('button', { name: 'Move file 2 green.png', exact: true }).waitFor();
  await give(page, 'drop', blue);
  const names = async () =>
    (await page.getByRole('button', { name: /^Move file/ }).all()).reduce<Promise<string[]>>(
      async (all, one) => [...(await all), ((await one.getAttribute('aria-label')) ?? '').slice(12, -4)],
      Promise.resolve([]),
    );
  await until('all are there', async () => (await names()).length === 3);
  expect(await names()).toEqual(['red', 'green', 'blue']);
  await page.getByRole('button', { name: 'Move file 1 red.png', exact: true }).focus();
  await page.keyboard.press('Space');
  await page.getByText('Picked up, place 1 of 3.').waitFor({ state: 'attached' });
  await page.keyboard.press('ArrowRight');
  await page.getByText('Place 2 of 3.').waitFor({ state: 'attached' });
  await page.keyboard.press('Space');
  await until('it is put down', async () => (await names()).join() === 'green,red,blue');
  await page.getByRole('button', { name: 'Later: file 1 green.png' }).click();
  expect(await names()).toEqual(['red', 'green', 'blue']);
  // What is put back does not take away what came since.
  await page.getByRole('button', { name: 'Remove file 2 green.png' }).click();
  await page.getByRole('button', { name: 'Remove file 2 blue.png' }).click();
  const notices = page.getByRole('region', { name: 'Notices' }).getByRole('button', { name: 'Undo' });
  await notices.first().click();
  await until('the first is back', async () => (await names()).join() === 'red,green');
  await notices.first().click();
  await until('the other is, too', async () => (await names()).length === 3);

  await page.getByRole('button', { name: 'Describe file 1 red.png' }).click();
  await page.getByLabel('Description').fill('A red sail');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('button', { name: 'Change the description of file 1 red.png' }).waitFor();
  await saved(page);
  const [before] = (await postOf(page)).media_ids;
  await page.getByRole('button', { name: 'Crop file 1 red.png' }).click();
  await page.getByRole('dialog').locator('img').waitFor();
  await page.getByText('1:1', { exact: true }).click();
  await expectAccessible(page);
  await photograph(page, 'composer-crop');
  await page.getByRole('button', { name: 'Crop', exact: true }).click();
  await page.getByText('The picture was cropped.', { exact: true }).waitFor();
  await saved(page);
  await until('the post has another picture', async () => {
    const { media_ids } = await postOf(page);
    return media_ids.length === 3 && media_ids[0] !== before;
  });
  const [cropped] = (await postOf(page)).media_ids;
  const { body } = await it.ask('GET', `/v1/media/${cropped}`);
  expect(body).toMatchObject({ width: 480, height: 480, alt: 'A red sail' });

  await page.getByRole('button', { name: 'From the library' }).click();
  await page.getByRole('button', { name: 'A red sail' }).click();
  await page.getByRole('button', { name: 'Take 1 file' }).click();
  await until('it is there', async () => (await names()).length === 4);
  await saved(page);
  expect((await postOf(page)).media_ids).toEqual([
    cropped,
    ...(await postOf(page)).media_ids.slice(1, 3),
    before,
  ]);
  // The file that was refused.
  expect(desk.complaints.filter((line) => !/status of 422/.test(line))).toEqual([]);
}, 60_000);

test('a time is chosen on a clock that is named; a past one is refused; the plan can be taken back', async () => {
  const slot = { weekday: 'wed', time: '09:15' };
  await it.ask('PUT', `/v1/communities/${channel.id}/slots`, { weekly: [slot] });
  const page = await open(`/posts/new?at=${far(5)}T18:00&community=${channel.id}`);
  await page.keyboard.insertText('Planned with care');
  await page.getByText('on the clock of Europe/Moscow').waitFor();
  expect(await page.getByLabel('Time', { exact: true }).inputValue()).toBe('18:00');
  await page.getByLabel('Day', { exact: true }).fill('2020-01-01');
  await page.getByRole('alert').getByText('This time is in the past.').waitFor();
  await page.keyboard.press('Control+Enter');
  expect(await page.getByLabel('Day', { exact: true }).getAttribute('aria-invalid')).toBe('true');
  // Two communities with two zones: it is said which one counts, and what the other clock shows.
  await choose(page, 'Telegram', 'VK');
  await page.getByLabel('Day', { exact: true }).fill(far(5));
  await page.getByLabel('Time zone').selectOption('America/New_York');
  await page.getByText(/Elsewhere: .*Europe\/Moscow$/).waitFor();
  // The clocks there skip an hour in March: it is said what becomes of a time within it.
  await page.getByLabel('Day', { exact: true }).fill(skipped());
  await page.getByLabel('Time', { exact: true }).fill('02:30');
  await page
    .getByText(/02:30 does not exist on that day in America\/New_York.*goes out at 3:30\sAM/)
    .waitFor();
  await choose(page, 'Telegram');
  await page
    .getByRole('button', { name: /^Wed.*weekly slot/ })
    .first()
    .click();
  expect(await page.getByLabel('Time', { exact: true }).inputValue()).toBe('09:15');
  await page.getByRole('button', { name: 'Schedule', exact: true }).click();
  await page.waitForURL(/posts\/[0-9a-f-]{36}$/);
  expect(await postOf(page)).toMatchObject({ status: 'scheduled', timezone: 'Europe/Moscow' });
  expect((await postOf(page)).local_time).toEndWith('T09:15');
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.waitForURL(/[0-9a-f-]{36}\/edit$/);
  expect((await postOf(page)).status).toBe('draft');
  expect(desk.complaints).toEqual([]);
}, 60_000);

test('what is planned changes only by «Save changes», and never over somebody else’s change', async () => {
  const { body: post } = await it.ask('POST', '/v1/posts', {
    text: 'As planned',
    community_ids: [channel.id],
    local_time: `${far(8)}T12:00`,
    timezone: 'Europe/Moscow',
  });
  const page = await open(`/posts/${post.id}/edit`);
  await page.keyboard.insertText(', or not');
  await page.getByText('Kept in this browser', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Discard my changes' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Discard my changes' }).click();
  await page.getByText('Kept in this browser', { exact: true }).waitFor({ state: 'detached' });
  await ready(page);
  await page.keyboard.insertText(', and better');
  await page.getByText('Kept in this browser', { exact: true }).waitFor();
  await page.reload();
  await page.getByText('As planned, and better').first().waitFor();
  expect((await postOf(page)).text).toBe('As planned');
  await page.getByRole('button', { name: 'Save changes' }).click();
  await page.waitForURL(/posts\/[0-9a-f-]{36}$/);
  expect(await postOf(page)).toMatchObject({ text: 'As planned, and better', status: 'scheduled' });

  await open(`/posts/${post.id}/edit`);
  await page.keyboard.insertText(', mine');
  await page.getByText('Kept in this browser', { exact: true }).waitFor();
  await it.ask('PATCH', `/v1/posts/${post.id}`, { text: 'Theirs' });
  await page.getByRole('button', { name: 'Save changes' }).click();
  await page.getByText(/changed or published elsewhere/).waitFor();
  expect((await postOf(page)).text).toBe('Theirs');
  await page.getByRole('button', { name: 'Keep mine as a new post' }).click();
  await page.waitForURL(/posts\/(new\?kept=|[^/]+\/edit$)/);
  await page.getByText('As planned, and better, mine').first().waitFor();
  await saved(page);
  expect(idIn(page)).not.toBe(post.id);
  expect(await postOf(page)).toMatchObject({ text: 'As planned, and better, mine', status: 'draft' });
  expect(desk.complaints.filter((line) => !/status of 409/.test(line))).toEqual([]);
}, 60_000);

test('the best time is offered with its evidence, chosen, and the post says why', async () => {
  await it.ask('PUT', `/v1/communities/${channel.id}/slots`, { weekly: [] });
  const page = await open(`/posts/new?community=${channel.id}`);
  await page.keyboard.insertText('For the evening');
  const offered = page.getByRole('button', { name: /7:00\sPM.*\+\d+ % \(\+\d+ % to \+\d+ %, \d+ posts\)/ });
  await offered.click();
  expect(await page.getByLabel('Time', { exact: true }).inputValue()).toBe('19:00');
  const day = await page.getByLabel('Day', { exact: true }).inputValue();
  await page.getByText('Best time', { exact: true }).click();
  await page.getByText(/This hour does reliably better: \+\d+ % over the average post\./).waitFor();
  await photograph(page, 'composer-best-time');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Schedule', exact: true }).click();
  await page.waitForURL(/posts\/[0-9a-f-]{36}$/);
  const { local_time, time_choice } = await postOf(page);
  expect(local_time).toStartWith(`${day}T19:00`);
  expect(time_choice).toMatchObject({ by: 'best', source: 'best_hour' });
  expect(desk.complaints).toEqual([]);
}, 60_000);

test('neither a lost connection nor a server that stops nor a closed tab loses a word; on a phone, in Russian', async () => {
  const { page, context, complaints } = await it.visit(`/posts/new?community=${group.id}`, {
    language: 'ru-RU',
    phone: true,
  });
  await page.getByRole('textbox', { name: 'Текст', exact: true }).waitFor();
  await ready(page);
  await page.getByText('/ 15\u00a0895').waitFor();
  await context.setOffline(true);
  await page.keyboard.type('Пишу в ');
  await page.keyboard.press('Control+b');
  await page.keyboard.type('поезде');
  await page.getByText(/Не сохранено: нет связи/).waitFor();
  await context.setOffline(false);
  await page.getByRole('status').getByText('Сохранено', { exact: true }).waitFor();
  await page.waitForURL(/[0-9a-f-]{36}\/edit$/);
  expect((await postOf(page)).text).toBe('Пишу в поезде');
  await page.getByText(/ВКонтакте показывает простой текст/).waitFor();
  await expectAccessible(page);
  await photograph(page, 'composer-phone-ru');
  await page.getByText('Предпросмотр', { exact: true }).first().click();
  await page.getByRole('region', { name: 'VK' }).getByText('Пишу в поезде').waitFor();
  await photograph(page, 'composer-phone-preview-ru');

  // Begun from a day of the calendar, which is not the address that it is looked for at.
  await page.goto(`${it.url}/app/posts/new?community=${group.id}&at=${far(3)}T10:00`);
  await ready(page);
  await it.down();
  await page.keyboard.insertText('Последние слова');
  await page.getByText(/Не сохранено: нет связи/).waitFor();
  await page.close();
  it.up();
  const again = await context.newPage();
  await again.goto(`${it.url}/app/posts/new`);
  await again.getByText(/Восстановлен ваш несохранённый текст/).waitFor();
  await again.waitForURL(/[0-9a-f-]{36}\/edit$/);
  expect((await postOf(again)).text).toBe('Последние слова');
  const { data } = (await it.ask('GET', '/v1/posts?q=Последние')).body;
  expect(data).toHaveLength(1);
  expect(
    complaints.filter((line) => !/ERR_(INTERNET_DISCONNECTED|CONNECTION|EMPTY|INCOMPLETE)/.test(line)),
  ).toEqual([]);
}, 60_000);

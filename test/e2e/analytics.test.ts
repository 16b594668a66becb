import { afterAll, beforeAll, expect, test } from 'bun:test';
import { Temporal } from 'temporal-polyfill';
import { spansOf } from '../../web/analytics/span.ts';
import type { Connected } from '../publishing.ts';
import { type Dashboard, expectAccessible, openDashboard, photograph } from './dashboard.ts';
import { plantFigures } from './figures.ts';

let it: Dashboard;
let channel: Connected;
let group: Connected;
let flown: string;
beforeAll(async () => {
  it = await openDashboard();
  channel = await it.telegram({ timezone: 'Europe/Moscow' });
  group = await it.vk({ timezone: 'Asia/Yekaterinburg' });
  flown = await plantFigures(it, channel, group);
}, 60_000);
afterAll(() => it?.close());

async function told(path: string) {
  const answer = await it.ask('GET', `/v1${path}`);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.body;
}
test('a period and the one before it have as many days, weeks or months, whatever the clocks do', () => {
  // The clocks go back on 25 October.
  const now = Temporal.ZonedDateTime.from('2026-10-28T15:00[Europe/Berlin]');
  expect(spansOf(7, 'day', 'Europe/Berlin', now)).toEqual({
    current: { from: '2026-10-21T22:00:00Z', to: '2026-10-28T23:00:00Z' },
    previous: { from: '2026-10-14T22:00:00Z', to: '2026-10-21T22:00:00Z' },
  });
  expect(spansOf(30, 'week', 'Europe/Berlin', now)).toEqual({
    current: { from: '2026-09-27T22:00:00Z', to: '2026-11-01T23:00:00Z' },
    previous: { from: '2026-08-23T22:00:00Z', to: '2026-09-27T22:00:00Z' },
  });
  expect(spansOf(90, 'month', 'Europe/Berlin', now).current).toEqual({
    from: '2026-07-31T22:00:00Z',
    to: '2026-10-31T23:00:00Z',
  });
});

const english = new Intl.NumberFormat('en');

test('the overview shows what the API tells, leads to each community, and takes dismissed insights back', async () => {
  const { page, complaints } = await it.visit('/analytics');
  const { all } = await told('/analytics/overview?days=30');
  const tile = (name: string) => page.locator('dl > div', { hasText: name }).locator('dd');
  for (const [name, metric] of [
    ['Members', 'members'],
    ['Posts', 'posts'],
    ['Views', 'views'],
    ['Comments', 'comments'],
  ] as const) {
    const { value, change } = all[metric];
    await tile(name).getByText(english.format(value), { exact: true }).waitFor();
    expect(await tile(name).textContent()).toContain(`+${english.format(change)}`);
  }
  const rows = page.getByRole('row');
  expect(await rows.nth(1).textContent()).toContain('Channel');
  // Telegram does not tell reactions: that is not zero.
  await rows.nth(1).getByText('Not known').first().waitFor();
  expect(await tile('Comments').textContent()).toContain('known of 1 of 2');
  await page.getByRole('button', { name: 'Members', exact: true }).click();
  expect(await rows.nth(1).textContent()).toContain('Group');
  await photograph(page, 'analytics');
  await expectAccessible(page);

  const insights = page.locator('section', { hasText: 'What changed' });
  await insights.getByText('Nine of ten of the other posts').waitFor();
  await insights.getByText('VK: 4 of 5 posts failed or are unconfirmed').waitFor();
  const { data } = await told('/insights');
  const growth = insights.getByRole('listitem').filter({ hasText: /^\+66 members/ });
  await growth.getByRole('button', { name: /^Dismiss/ }).click();
  await growth.waitFor({ state: 'detached' });
  await page.getByText('It is not shown any more.', { exact: true }).waitFor();
  expect((await told('/insights')).data).toHaveLength(data.length - 1);
  await page.getByRole('button', { name: 'Undo' }).click();
  await growth.waitFor();
  expect((await told('/insights')).data).toEqual(data);

  await page.getByText('90 days', { exact: true }).click();
  await page.waitForURL(/days=90/);
  const longer = await told('/analytics/overview?days=90');
  await tile('Views').getByText(english.format(longer.all.views.value), { exact: true }).waitFor();
  await page
    .getByRole('row')
    .getByRole('link', { name: /Channel/ })
    .click();
  await page.waitForURL(new RegExp(`/app/analytics/${channel.id}\\?days=90`));
  await page.getByRole('heading', { level: 1, name: /Channel/ }).waitFor();
  expect(complaints).toEqual([]);
}, 30_000);

test('a community has its growth and trends as charts and as tables, on its own clock', async () => {
  const { page, complaints } = await it.visit(`/analytics/${channel.id}`, {
    language: 'ru-RU',
    dark: true,
    timezone: 'America/New_York',
  });
  await page.locator('canvas').first().waitFor();
  await photograph(page, 'analytics-growth-dark');
  await expectAccessible(page);
  const growth = await told(`/analytics/communities/${channel.id}/growth?days=30`);
  await page.getByRole('button', { name: 'Показать таблицей' }).click();
  const cells = async () =>
    page.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.textContent));
  const russian = new Intl.NumberFormat('ru');
  const day = new Intl.DateTimeFormat('ru', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'Europe/Moscow',
  });
  expect(await cells()).toEqual(
    growth.data.map(
      ({ at, members }: { at: string; members: number | null }) =>
        `${day.format(new Date(at))}${members === null ? '—' : russian.format(members)}`,
    ),
  );
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Динамика' }).click();
  await page.getByLabel('Показатель').selectOption('posts');
  await page.getByText('Недели', { exact: true }).click();
  await page.getByText('90 дней', { exact: true }).click();
  await page.waitForURL(/metric=posts/);
  await page.getByRole('button', { name: 'Показать таблицей' }).click();
  // Three a day, and the period before beside it.
  await page.getByRole('cell', { name: '21', exact: true }).first().waitFor();
  await page.getByRole('columnheader', { name: 'Предыдущий период' }).waitFor();
  await photograph(page, 'analytics-trends-dark');
  await expectAccessible(page);
  await page.getByLabel('Показатель').selectOption('comments');
  await page.getByText('За этот период об этом ничего не известно').waitFor();
  expect(await page.locator('canvas').count()).toBe(0);
  await page.getByRole('link', { name: 'Лучшие посты' }).click();
  await page.getByText('The winter menu is here').waitFor();
  expect(await page.getByRole('link', { name: 'Открыть пост' }).first().getAttribute('href')).toBe(
    `/app/posts/${flown}`,
  );
  await expectAccessible(page);

  // The console refuses in the language of the page; what the engine says is quoted.
  await page.getByRole('link', { name: 'SQL-консоль' }).click();
  const editor = page.getByRole('textbox', { name: 'Запрос' });
  const ask = async (query: string) => {
    await editor.click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(query);
    await page.getByRole('button', { name: 'Выполнить' }).press('Enter');
  };
  const refusal = page.getByRole('alert').filter({ hasText: 'Запрос не выполнен' });
  await ask('select hostName()');
  await refusal.getByText('Функции hostName здесь нет.', { exact: true }).waitFor();
  await ask("select 1 + 'a'");
  await refusal.getByText('ClickHouse пишет:').waitFor();
  expect(await refusal.locator('[lang=en]').textContent()).toMatch(/^Illegal types/);
  const run = page.getByRole('button', { name: 'Выполнить' });
  expect(await run.evaluate((element) => element === document.activeElement)).toBe(true);
  await photograph(page, 'sql-refused-dark');
  await expectAccessible(page);
  expect(complaints.filter((text) => !/status of 400/.test(text))).toEqual([]);
}, 30_000);

test('best times say how sure they are, hour by hour, and lead to a post planned then', async () => {
  const { page, complaints } = await it.visit(`/analytics/${channel.id}?tab=times&learnt=180`);
  const { best, slots } = await told(`/analytics/communities/${channel.id}/best-times?days=180`);
  expect(best).toMatchObject({ weekday: 'thu', hour: 19, reliable: true });
  const percent = (value: number) =>
    new Intl.NumberFormat('en', {
      style: 'percent',
      maximumFractionDigits: 1,
      signDisplay: 'exceptZero',
    }).format(value / 100);
  const sure = `${percent(best.lift_percent)} (${percent(best.from_percent)} … ${percent(best.to_percent)}), n = ${best.posts}`;
  await page.getByRole('heading', { name: `Thursday 19:00 is reliably better: ${sure}` }).waitFor();
  const hours = page.getByRole('table').getByRole('button');
  expect(await hours.count()).toBe(slots.length);
  await photograph(page, 'analytics-best-times');
  await expectAccessible(page);
  // The arrow keys go from hour to hour; only one of them is in the order of the Tab key.
  await page.getByRole('button', { name: /^Thursday 19:00: reliable/ }).focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowUp');
  const wednesday = slots.find(
    (one: { weekday: string; hour: number }) => one.weekday === 'wed' && one.hour === 14,
  );
  const detail = page.locator('section', { hasText: 'Weekday and hour' });
  await detail.getByText('Wednesday 14:00', { exact: true }).waitFor();
  await detail
    .getByText(`${percent(wednesday.from_percent)} … ${percent(wednesday.to_percent)}`, { exact: true })
    .waitFor();
  expect(await page.locator('table button[tabindex="0"]').count()).toBe(1);
  // What the pointer is over is told in the same place, and forgotten when it leaves.
  await page.getByRole('button', { name: /^Monday 09:00/ }).hover();
  await detail.getByText('Monday 09:00', { exact: true }).waitFor();
  await detail.getByText('worse than usual', { exact: true }).waitFor();
  await page.getByRole('heading', { level: 1 }).hover();
  await detail.getByText('Wednesday 14:00', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Plan a post then: Thursday 19:00' }).first().click();
  await page.waitForURL(/\/app\/posts\/new\?/);
  const asked = new URL(page.url()).searchParams;
  expect([asked.get('community'), asked.get('zone')]).toEqual([channel.id, 'Europe/Moscow']);
  const at = asked.get('at') ?? '';
  expect([new Date(`${at}Z`).getUTCDay(), at.slice(11)]).toEqual([4, '19:00']);
  expect(Date.parse(`${at}+03:00`)).toBeGreaterThan(Date.now());

  await page.goto(`${it.url}/app/analytics/${channel.id}?tab=content&learnt=180`);
  await page.getByText(/^Kind: image/).waitFor();
  await photograph(page, 'analytics-content');
  await expectAccessible(page);
  await page.goto(`${it.url}/app/analytics/${group.id}?tab=times`);
  const { posts } = await told(`/analytics/communities/${group.id}/best-times`);
  await page.getByText(`Not enough data: ${posts.missing} more posts`).waitFor();
  await page.getByRole('link', { name: 'Benchmark' }).click();
  await page.getByText('Fewer than ten other workspaces').waitFor();
  await page.goto(`${it.url}/app/analytics/${channel.id}?tab=benchmark`);
  const { percentiles } = await told(`/analytics/communities/${channel.id}/benchmark`);
  await page.getByText(`more than ${percentiles.growth_percent} % of the others`).first().waitFor();
  await photograph(page, 'analytics-benchmark');
  await expectAccessible(page);
  expect(complaints).toEqual([]);
}, 30_000);

test('communities and periods stand beside each other, and deliveries are told in words, on a phone too', async () => {
  const { page, complaints } = await it.visit('/analytics/compare', { phone: true });
  const { data } = await told('/analytics/compare?days=30');
  const bars = page.getByRole('listitem').filter({ hasText: 'Channel' });
  const shown = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  await bars.getByText(shown.format(data[0].views_per_1000.value), { exact: true }).waitFor();
  await bars.getByText(`The period before: ${shown.format(data[0].views_per_1000.previous)}`).waitFor();
  await page.locator('canvas').waitFor();
  await photograph(page, 'analytics-compare-phone');
  await expectAccessible(page);
  await page.getByRole('checkbox', { name: /Draw Group/ }).uncheck();
  await page.getByText('Choose two to six communities').waitFor();
  await page.getByRole('checkbox', { name: /Draw Group/ }).check();
  await page.getByLabel('Figure').selectOption('members');
  await page.getByRole('heading', { name: 'Members since the first day, in %' }).waitFor();

  await page.getByRole('link', { name: 'Delivery' }).click();
  const { all } = await told('/analytics/delivery?days=30');
  await page
    .getByText(`95 of 100 posts were out within ${all.delay_ms.p95 / 1_000} sec of their time`)
    .waitFor();
  await page.locator('canvas').waitFor();
  await photograph(page, 'analytics-delivery-phone');
  await expectAccessible(page);
  await page.goto(`${it.url}/app/analytics/${channel.id}?tab=times`);
  // The hours of interest are in sight.
  await page.getByRole('button', { name: /^Thursday 19:00: reliable/ }).waitFor();
  const inSight = page.getByRole('button', { name: /^Thursday 19:00: reliable/ });
  await expectInside(page.viewportSize()?.width ?? 0, await inSight.boundingBox());
  await photograph(page, 'analytics-best-times-phone');
  expect(complaints).toEqual([]);
}, 30_000);

function expectInside(width: number, box: { x: number; width: number } | null): void {
  expect([box !== null, (box?.x ?? -1) >= 0, (box?.x ?? 0) + (box?.width ?? 0) <= width]).toEqual([
    true,
    true,
    true,
  ]);
}

test('what is not there yet is said, and the figures are read when somebody asks', async () => {
  const newcomer = await it.test.register();
  const other = await it.visit('/analytics', { as: newcomer, language: 'ru-RU', dark: true });
  await other.page.getByText('Пока нечего измерять').waitFor();
  await expectAccessible(other.page);
  const { id } = await it.telegram({ as: newcomer });
  await other.page.reload();
  await other.page.getByText('Показателей пока нет').waitFor();
  await photograph(other.page, 'analytics-empty-dark');
  await expectAccessible(other.page);
  await other.page.goto(`${it.url}/app/analytics/${id}`);
  await other.page.getByText('За этот период подписчиков не считали').waitFor();
  await other.page.getByRole('link', { name: 'Лучшее время' }).click();
  await other.page.getByText('Недостаточно данных: нужно ещё 20 постов').waitFor();
  await expectAccessible(other.page);
  // Somebody else's community is not there.
  await other.page.goto(`${it.url}/app/analytics/${channel.id}`);
  await other.page.getByRole('alert').first().waitFor();
  expect(other.complaints.filter((text) => !/status of 404/.test(text))).toEqual([]);

  await it.start();
  // Read because of somebody else, it appears here by itself.
  const listening = other.page.waitForResponse(/\/v1\/events\/stream/);
  await other.page.goto(`${it.url}/app/analytics/${id}`);
  await other.page.getByText('За этот период подписчиков не считали').waitFor();
  await listening;
  await it.test.request('POST', `/v1/communities/${id}/refresh-analytics`, { cookie: newcomer.cookie });
  await other.page.locator('canvas').waitFor({ timeout: 10_000 });

  const { page, complaints } = await it.visit(`/analytics/${channel.id}`, { dark: true });
  await page.getByRole('button', { name: 'Read the figures now' }).click();
  await page.getByText('The figures are up to date.', { exact: true }).waitFor({ timeout: 15_000 });
  expect(complaints).toEqual([]);
}, 30_000);

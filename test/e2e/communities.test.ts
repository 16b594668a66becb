import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type Dashboard, expectAccessible, openDashboard, photograph } from './dashboard.ts';

let it: Dashboard;
beforeAll(async () => {
  it = await openDashboard();
}, 60_000);
afterAll(() => it?.close());

test('a Telegram channel is connected in three steps, its rights are told, and a wrong token says so', async () => {
  const bot = it.sandbox.addBot();
  const chat = it.sandbox.addChat({ title: 'Harbour news', admins: [{ bot: bot.id }] });
  const { page, complaints } = await it.visit('/communities');
  await page.getByText('No community is connected yet').waitFor();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Connect a community' }).click();
  await expectAccessible(page);
  await page.getByRole('button', { name: /Telegram/ }).click();
  await page.getByLabel('Token of the bot').fill('123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA');
  await page.getByLabel('Channel or group', { exact: true }).fill(String(chat.id));
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: /token/i }).first().waitFor();
  await photograph(page, 'connect-refused');
  await expectAccessible(page);
  await page.getByLabel('Token of the bot').fill(bot.token);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('heading', { name: 'Harbour news is connected' }).waitFor();
  await page.getByText('Finding out whether a post went out').waitFor();
  await photograph(page, 'connected');
  await expectAccessible(page);
  expect(await page.content()).not.toContain(bot.token);

  // Another of another network; the first post then goes to both.
  const group = it.sandbox.addCommunity({ name: 'Harbour club', screen_name: 'harbour_club' });
  const { token } = it.sandbox.addVkToken({ kind: 'community', group_id: group.id });
  await page.getByRole('button', { name: 'Connect another' }).click();
  await page.getByRole('button', { name: /^VK/ }).click();
  await page.getByLabel('Token of the community').fill(token);
  await page.getByLabel('Community', { exact: true }).fill('https://vk.com/harbour_club');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('heading', { name: 'Harbour club is connected' }).waitFor();
  // What is missing stands first, with the way to it.
  await page
    .getByText('Add a user token of an administrator with the rights wall and photos.')
    .first()
    .waitFor();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Write the first post' }).click();
  for (const name of [/Harbour news/, /Harbour club/])
    await page.getByRole('checkbox', { name, checked: true }).waitFor({ state: 'attached' });
  // The refusal of the wrong token.
  expect(complaints.filter((text) => !/status of 422/.test(text))).toEqual([]);
}, 30_000);

test('a community has its slots, settings and rights, and is disconnected after a question', async () => {
  const group = await it.vk({ timezone: 'Asia/Yekaterinburg' });
  const { page, complaints } = await it.visit(`/communities/${group.id}`, { language: 'ru-RU', dark: true });
  await page.getByRole('heading', { name: 'Что может это подключение' }).waitFor();
  await page.getByLabel('День', { exact: true }).selectOption('fri');
  await page.getByLabel('Время', { exact: true }).fill('18:30');
  await page.getByRole('button', { name: 'Добавить' }).click();
  await page.getByText('Расписание сохранено.', { exact: true }).waitFor();
  const slots = async () => (await it.ask('GET', `/v1/communities/${group.id}/slots`)).body.weekly;
  expect(await slots()).toEqual([{ weekday: 'fri', time: '18:30' }]);
  await page.getByLabel('Фото как документы').check();
  await page.getByRole('button', { name: 'Сохранить' }).last().click();
  await page.getByText('Сохранено.', { exact: true }).waitFor();
  const { settings } = (await it.ask('GET', `/v1/communities/${group.id}`)).body;
  expect(settings.photos_as_documents).toBe(true);
  const kept = async () => (await it.ask('GET', `/v1/communities/${group.id}`)).body.settings;
  await page.getByRole('button', { name: 'Вернуть' }).last().click();
  for (let tries = 0; (await kept()).photos_as_documents && tries < 400; tries++) await Bun.sleep(50);
  expect((await kept()).photos_as_documents).toBe(false);
  // New tokens destroy the old ones: that is asked first.
  await page.getByLabel('Ключ сообщества').fill('vk1.a.0000000000000000000000');
  await page.getByRole('button', { name: 'Заменить токены' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Отмена' }).click();
  await photograph(page, 'community-dark');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Отключить' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Отключить' }).click();
  await page.waitForURL(/\/app\/communities$/);
  await page.getByText(/Отключено/).waitFor();
  await photograph(page, 'communities-dark');
  expect(complaints).toEqual([]);
}, 30_000);

test('by invitation the channels of a person appear by themselves', async () => {
  const bot = it.sandbox.addBot();
  const { page, complaints } = await it.visit('/communities/new', { phone: true });
  await page.getByRole('button', { name: /Telegram/ }).click();
  await page.getByText('Let Outpost find my channels').click();
  await page.getByLabel('Token of the bot').fill(bot.token);
  await page.getByRole('button', { name: 'Get the links' }).click();
  const prove = page.getByRole('link', { name: 'Prove that it is you' });
  await prove.waitFor();
  expect(await prove.getAttribute('href')).toMatch(/^https:\/\/t\.me\/.+\?start=/);
  await page.getByText('Waiting for you there').waitFor();
  await photograph(page, 'invitation-phone');
  await expectAccessible(page);
  expect(complaints).toEqual([]);
}, 30_000);

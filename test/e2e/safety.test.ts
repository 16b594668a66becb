import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import type { Account } from '../harness.ts';
import { type Dashboard, openDashboard } from './dashboard.ts';
import { payloads } from './payloads.ts';

let it: Dashboard;
/** Lists show a hundred at most: each person has half of the texts. */
let people: { account: Account; texts: readonly string[]; community: string; post: string }[] = [];

beforeAll(async () => {
  it = await openDashboard();
  const pixel = new Uint8Array(
    await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  );
  const half = payloads.length / 2;
  people = await Promise.all(
    [payloads.slice(0, half), payloads.slice(half)].map(async (texts) => {
      const account = await it.test.register({ name: texts[0]?.slice(0, 100) ?? '', timezone: 'UTC' });
      const by = { cookie: account.cookie };
      const ids = texts.map(() => Bun.randomUUIDv7());
      await it.test.ctx.sql`
        insert into communities (id, workspace_id, network, external_id, title, handle, timezone, capabilities, details,
          status_reason, settings)
        select id::uuid, ${account.workspaceId}, 'telegram', '-100' || n, title, title, 'UTC', '{}', '{}', title, '{}'
        from unnest(${ids}::text[], ${texts as string[]}::text[]) with ordinality as t(id, title, n)`;
      const posts = await inTens(texts, async (text, index) => {
        const made = await it.test.request('POST', '/v1/posts', { ...by, body: { text } });
        await it.test.request('POST', '/v1/api-keys', {
          ...by,
          body: { name: text.slice(0, 100), scopes: ['*'] },
        });
        if (index % 4 === 0) {
          const form = new FormData();
          form.set('alt', text);
          form.set('file', new File([pixel], `${text}.png`, { type: 'image/png' }));
          await it.test.request('POST', '/v1/media', { ...by, body: form });
        }
        return made.body.id as string;
      });
      // A plan that no worker runs here: the calendar shows it.
      await it.test.ctx.sql`
        update posts set scheduled_at = now() + n * interval '5 minutes'
        from unnest(${posts}::uuid[]) with ordinality as t(post, n) where id = post`;
      const [post = ''] = posts;
      return { account, texts, community: ids[0] ?? '', post };
    }),
  );
}, 120_000);
afterAll(() => it?.close());

/** The answers for all items, ten at a time. */
async function inTens<Item, Answer>(
  items: readonly Item[],
  act: (item: Item, index: number) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let at = 0; at < items.length; at += 10) {
    answers.push(...(await Promise.all(items.slice(at, at + 10).map((item, n) => act(item, at + n)))));
  }
  return answers;
}

/** To another page of the dashboard, as a link within it leads there. */
async function go(page: Page, path: string): Promise<void> {
  await page.evaluate(
    (to) => {
      history.pushState(null, '', to);
      return new Promise((resolve) => requestAnimationFrame(resolve));
    },
    `/app${path.replace(/^\/(?=\?|$)/, '')}`,
  );
}

/** Resolves once everything that the page asks for is there and drawn; the stream of changes stays open. */
async function settled(page: Page, open: ReadonlySet<unknown>): Promise<void> {
  for (let quiet = 0; quiet < 3; ) {
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 20))));
    quiet = open.size === 0 ? quiet + 1 : 0;
  }
}

test('two hundred texts that try to become script stay texts on every page', async () => {
  expect(new Set(payloads).size).toBe(200);
  const look = async ({ account, texts, community, post }: (typeof people)[number]) => {
    const { page, context, complaints } = await it.visit('/', { as: account, timezone: 'UTC' });
    const hits: string[] = [];
    await context.exposeFunction('hit', (by: unknown) => hits.push(String(by)));
    page.on('dialog', async (dialog) => {
      hits.push(dialog.message());
      await dialog.dismiss();
    });
    const open = new Set<unknown>();
    await page.locator('main h1').waitFor();
    page.on('request', (request) => {
      if (!request.url().includes('/v1/events/stream')) open.add(request);
    });
    for (const over of ['requestfinished', 'requestfailed'] as const)
      page.on(over as 'requestfinished', (request) => open.delete(request));
    for (const path of [
      '/?view=list',
      '/?view=day',
      '/posts',
      `/posts/${post}`,
      `/posts/${post}/edit`,
      '/attention',
      '/communities',
      `/communities/${community}`,
      '/analytics',
      `/analytics/${community}`,
      '/media',
      '/settings',
      '/reports',
      '/sql',
    ]) {
      await go(page, path);
      await page.locator('main h1').waitFor();
      await settled(page, open);
    }
    // They are there, and as they were written.
    await go(page, '/communities');
    await page
      .getByText(texts[10] ?? '', { exact: true })
      .first()
      .waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('hit');
    await page.getByRole('option').first().waitFor();
    await settled(page, open);
    expect(hits).toEqual([]);
    // A breach of the policy would stand here, and so would a script that was tried.
    expect(complaints.filter((text) => !/status of 4\d\d/.test(text))).toEqual([]);
    await context.close();
  };
  await Promise.all(people.map(look));
}, 90_000);

test('the page lets no inline script run, even if one got in', async () => {
  const { page, complaints } = await it.visit('/');
  const ran = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    return 'ran' in window;
  });
  expect(ran).toBe(false);
  expect(complaints.join()).toContain('Content Security Policy');
  const policy = (await fetch(`${it.url}/app`)).headers.get('content-security-policy') ?? '';
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toMatch(/unsafe-(inline|eval)/);
}, 30_000);
